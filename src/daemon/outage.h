// SPDX-License-Identifier: ISC

/*
 * While the log cannot be written polling pauses, and the disk is tried again.
 */

#ifndef DAEMON_OUTAGE_H
#define DAEMON_OUTAGE_H

#include "daemon/poller.h"

/** What is known of the disk.  All zero: it works. */
struct outage {
	usec_t retry_at;   /* monotonic */
	bool probed;       /* with success: only a commit can tell more */
	unsigned failures; /* in a row */
	char reason[512];
};

/** Writing the log has failed. */
__attribute__((nonnull))
void outage_failed(struct poller *poller, int r, const struct error *err);

/** The log was written. */
__attribute__((nonnull))
void outage_over(struct poller *poller);

/**
 * Whether requests must wait for the disk.  After it failed it is tried without any
 * request, with a file that is removed again; then one request at a time is sent, until
 * what it brings is written.
 */
__attribute__((nonnull, warn_unused_result))
bool outage_pauses(struct poller *poller);

/** Why the log cannot be written; NULL while it can, or may. */
__attribute__((nonnull))
const char *outage_reason(const struct poller *poller);

#endif
