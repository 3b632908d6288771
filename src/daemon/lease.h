// SPDX-License-Identifier: ISC

/*
 * The lease of this node: how long it may ask for what it owns, and what the others see of it.
 *
 * Nothing is asked any more when two thirds of it have passed since the last renewal that succeeded was sent:
 * by then no other node can own the account, however fast its clock is, and what is on its way has time to end.
 */

#ifndef DAEMON_LEASE_H
#define DAEMON_LEASE_H

#include "journal/journal.h"

struct member;
struct poller;

/** Until when this node may ask, monotonic; 0: it may not. */
__attribute__((nonnull))
usec_t lease_deadline(const struct member *member);

/** Gets a lease, renews it, and announces this node, where that is due. */
__attribute__((nonnull))
void lease_turn(struct poller *poller);

/** It has ended, or may have: nothing is owned any more. */
__attribute__((nonnull))
void lease_lose(struct member *member);

/** What became of it. */
__attribute__((nonnull))
void lease_granted(struct poller *poller, const struct journal_reply *reply);
__attribute__((nonnull))
void lease_renewed(struct poller *poller, const struct journal_reply *reply);
__attribute__((nonnull))
void lease_announced(struct poller *poller, const struct journal_reply *reply);

#endif
