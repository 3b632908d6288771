// SPDX-License-Identifier: ISC

/*
 * The first entry of a chain: what the node that began it knew of the account's devices.
 */

#ifndef DAEMON_SNAPSHOT_H
#define DAEMON_SNAPSHOT_H

#include "base/buf.h"
#include "daemon/chain.h"

/** Puts what is known of the account's devices behind what is in the buffer.  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int snapshot_make(const struct poller *poller, const struct chain *chain, struct buf *out);

/** It is in the journal: what this node knows of the account's devices is of that chain. */
__attribute__((nonnull))
void snapshot_own(struct poller *poller, const struct chain *chain);

/**
 * Takes it over.  A node that knows something of the account already takes only what it could have made itself:
 * else the chain is halted.  Returns 0 or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int snapshot_take(struct poller *poller, struct chain *chain, const char *text, size_t len);

#endif
