// SPDX-License-Identifier: ISC

/*
 * How the poller is doing, for STATUS.
 */

#ifndef DAEMON_REPORT_H
#define DAEMON_REPORT_H

#include "base/buf.h"
#include "daemon/poller.h"
#include "schedule/poll.h"
#include "status/status.h"

/** The figures, and what their texts are kept in. */
struct report {
	struct status status;
	struct buf lanes;
};

/** Whether the figures may have changed since the last call. */
__attribute__((nonnull))
bool report_changed(struct poller *poller);

/** Whether the next buckets of a device were to be asked for, by this node or another one, more than a minute ago. */
__attribute__((nonnull, warn_unused_result))
bool report_is_late(const struct poller *poller, const struct poll *poll);

/** About how many buckets of a device are closed, settled and unrecorded, though it is time for them. */
__attribute__((nonnull))
int64_t report_backlog(const struct poller *poller, const struct poll *poll);

/** Fills in the figures.  Looks at every device: not for every turn. */
__attribute__((nonnull))
void report_status(struct poller *poller, struct status *ret_status);

#endif
