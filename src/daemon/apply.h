// SPDX-License-Identifier: ISC

/*
 * From entries of the journal to the log, and then to the polls.
 */

#ifndef DAEMON_APPLY_H
#define DAEMON_APPLY_H

#include "daemon/chain.h"

/** Appends the lines of an entry, without the first `skip` of them, to what the sink has been given. */
__attribute__((nonnull))
void apply_lines(struct poller *poller, const char *text, size_t len, uint64_t skip, uint64_t entry);

/**
 * Entries that follow each other, from the one behind the chain's position on, or from one that is there already: they go to
 * the log, which is synced, and their records to the polls; the chain's position moves.  An entry that cannot be believed halts the
 * chain.
 *
 * Returns 0; -errno if the log cannot be written, which the outage has been told of, or if there is no memory: the
 * position tells how far it came.
 */
__attribute__((nonnull))
int apply_entries(struct poller *poller, struct chain *chain, const struct journal_entry *entries, size_t count);

#endif
