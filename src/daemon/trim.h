// SPDX-License-Identifier: ISC

/*
 * Old entries are removed from the journal by the owner of the account.
 *
 * They are kept for nodes that are away, for as long as `retention` says, or until there are more than
 * `retention_bytes` of them.  What is younger than that is never taken from a node that is there.
 */

#ifndef DAEMON_TRIM_H
#define DAEMON_TRIM_H

#include "daemon/chain.h"

/** How many of the newest entries always stay. */
uint64_t trim_tail(void);

/** Looks from time to time whether there is something to remove. */
__attribute__((nonnull))
void trim_turn(struct poller *poller, struct chain *chain);

/** The entry that was asked for, which tells the age of those before it. */
__attribute__((nonnull))
void trim_read(struct poller *poller, struct chain *chain, const struct journal_reply *reply);

/** What became of the removal. */
__attribute__((nonnull))
void trim_removed(struct poller *poller, struct chain *chain, const struct journal_reply *reply);

/** An entry of that many bytes has been committed or applied. */
__attribute__((nonnull))
void trim_weigh(struct trim *trim, size_t bytes);

#endif
