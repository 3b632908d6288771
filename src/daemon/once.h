// SPDX-License-Identifier: ISC

/*
 * `--once`: each device records what is due and stops.
 */

#ifndef DAEMON_ONCE_H
#define DAEMON_ONCE_H

#include "daemon/poller.h"
#include "schedule/poll.h"

/** With once: how far it is. */
struct once {
	bool wanted;
	usec_t wall; /* what is due is due by this time */
	size_t finished, incomplete;
};

/** With once: ends a finished poll. */
__attribute__((nonnull))
void once_stop(struct poller *poller, struct poll *poll, bool complete);

/** With once: whether every device is through; and how many did not record all. */
__attribute__((nonnull))
bool once_finished(const struct poller *poller, size_t *ret_incomplete);

/** With once, in a cluster: an account that another node asks for; NULL: there is none. */
__attribute__((nonnull, warn_unused_result))
const char *once_elsewhere(const struct poller *poller);

#endif
