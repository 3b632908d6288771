// SPDX-License-Identifier: ISC

/*
 * Looking at the journal as a whole: who is there, who owns what, how far the chains have got; and whether it can be
 * reached.
 */

#ifndef DAEMON_LOOK_H
#define DAEMON_LOOK_H

#include "journal/journal.h"

#include <stdbool.h>

struct poller;

/** Looks, where that is due. */
__attribute__((nonnull))
void look_turn(struct poller *poller);

/** What was seen. */
__attribute__((nonnull))
void look_taken(struct poller *poller, const struct journal_reply *reply);

/**
 * Whether something was done, or refused.  Else it is noted that the journal cannot be reached; or, if it was to be
 * written, that it takes nothing, until it takes something again.
 */
__attribute__((nonnull))
bool look_answered(struct poller *poller, const struct journal_reply *reply);

#endif
