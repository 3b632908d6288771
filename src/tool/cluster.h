// SPDX-License-Identifier: ISC

/*
 * How the cluster is, as the node that was asked sees it.  Of a daemon that is alone there is nothing to say.
 */

#ifndef TOOL_CLUSTER_H
#define TOOL_CLUSTER_H

#include "base/buf.h"
#include "tool/judge.h"
#include "tool/live.h"

#include <stdbool.h>

/** How bad it is.  critical: how long it may be out of reach, or an account without an owner, before it is that. */
__attribute__((nonnull, warn_unused_result))
enum level cluster_level(const struct live *live, usec_t critical);

/** Appends what is wrong, each with that before and behind it. */
__attribute__((nonnull))
void cluster_troubles(const struct live *live, struct buf *out, const char *before, const char *behind);

/** Appends the nodes and the accounts, a line for each; all: even of many accounts those with which all is well. */
__attribute__((nonnull))
void cluster_put(const struct live *live, bool all, struct buf *out);

#endif
