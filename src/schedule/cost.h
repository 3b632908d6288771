// SPDX-License-Identifier: ISC

/*
 * What a configuration costs in requests, once all is caught up.  Catching up,
 * repeating, and asking again for what had no data come on top, out of what the rate
 * leaves.
 *
 * It is counted rather than computed: some windows of each device are gone through with
 * the functions by which the poller decides when to ask, and for what (span.h).
 */

#ifndef SCHEDULE_COST_H
#define SCHEDULE_COST_H

#include "base/buf.h"
#include "config/config.h"

struct cost {
	double per_second; /* requests */
	bool looks_back;   /* some of them have room for the look-back, or it is off */
};

/** What a device with these settings costs.  A few windows are gone through, however long they are. */
__attribute__((nonnull))
struct cost cost_of(const struct settings *settings);

/**
 * Says what the configuration will cost, in out a line per account: requests per second
 * needed, of what its rate allows; and in warnings a line per account with devices whose
 * look-back never has room in a request.
 *
 * Returns 0; -ERANGE if an account needs more than it may, and its line names the window
 * that would fit; or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int cost_tell(const struct config *config, struct buf *out, struct buf *warnings);

#endif
