// SPDX-License-Identifier: ISC

/*
 * Answers to what was asked for again: buckets that were recorded without a count.
 */

#ifndef DAEMON_RECHECKS_H
#define DAEMON_RECHECKS_H

struct landing;

/**
 * Nobody waits for it: whatever goes wrong, the device is as well as before, and the range has
 * its next turn.  A server that says "wait" is obeyed.
 */
__attribute__((nonnull))
void rechecks_take(const struct landing *l);

#endif
