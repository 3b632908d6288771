// SPDX-License-Identifier: ISC

/*
 * How many members of etcd a cluster can do without, for people.
 */

#ifndef CONFIG_QUORUM_H
#define CONFIG_QUORUM_H

#include "base/buf.h"
#include "config/cluster.h"

/**
 * Says what the cluster is, in a line of out; and in a line of notes what a number of endpoints does not buy, if it is
 * one or even.  Each endpoint is taken for a member.
 */
__attribute__((nonnull))
void quorum_tell(const struct cluster_settings *cluster, struct buf *out, struct buf *notes);

#endif
