// SPDX-License-Identifier: ISC

/*
 * Asking for the time, one request at a time, where nothing else asks and hardly anything may be
 * due: so that the end of the trouble is noticed.
 */

#ifndef DAEMON_PROBE_H
#define DAEMON_PROBE_H

#include "daemon/access.h"
#include "daemon/poller.h"

/** Something has been learnt: sets when the next probe is due, if one is wanted. */
__attribute__((nonnull))
void probe_plan(const struct poller *poller, struct access *access);

/** Calls up a poll to ask for the time, if nothing else asks and it is wanted. */
__attribute__((nonnull))
void probe_turn(struct poller *poller, struct access *access);

/** When probe_turn() wants to be called; USEC_INFINITY while there is no need. */
__attribute__((nonnull))
usec_t probe_next(const struct poller *poller, const struct access *access);

/** With once: whether that will not be known in this run. */
__attribute__((nonnull))
bool probe_is_hopeless(const struct poller *poller, const struct access *access);

#endif
