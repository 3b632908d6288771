// SPDX-License-Identifier: ISC

/*
 * A device's health: its failures in a row, what is reported of them, and when it is well
 * again.
 */

#ifndef DAEMON_HEALTH_H
#define DAEMON_HEALTH_H

#include "daemon/commit.h"
#include "daemon/poller.h"
#include "schedule/poll.h"

/**
 * Counts a failure of a poll, and reports the right one, or this one at once.  wait: until the next
 * try; 0: it is made at once, for fewer buckets.
 */
__attribute__((nonnull))
void health_count(struct poller *poller, struct poll *poll, const char *reason, bool tell_now, usec_t wait);

/** The same, and files it for its next try, or with once may end it. */
__attribute__((nonnull))
void health_failed(struct poller *poller, struct poll *poll, const char *reason, bool tell_now, usec_t wait);

/** The poll's reply is on the disk: all is well with it.  caught_up: buckets that were recorded. */
__attribute__((nonnull))
void health_recovered(struct poller *poller, struct poll *poll, int64_t caught_up);

/** What failed is no matter of this node any more. */
__attribute__((nonnull))
void health_forget(struct poller *poller, struct poll *poll);

/** One warning for a device that has never counted anybody, after a day of such records. */
__attribute__((nonnull))
void health_watch_silence(struct poll *poll, const struct pending *pending);

#endif
