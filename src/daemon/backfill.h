// SPDX-License-Identifier: ISC

/*
 * Orders to ask again for what has been recorded: occupancyctl backfill.
 *
 * An order is a file in the spool (state/order.h).  It is read at a start and at a reload; when the
 * time is confirmed the log is read once, for what it holds of those buckets; then the polls ask for
 * them where nothing else is to be done, as they do for rechecks.  The file goes when all of it
 * has been answered: after a crash, the order is carried out once more, and what the log holds by then
 * is not written again.
 */

#ifndef DAEMON_BACKFILL_H
#define DAEMON_BACKFILL_H

#include "base/units.h"

#include <stdbool.h>
#include <stddef.h>

struct poller;
struct order;

/** All zero: no order. */
struct backfill {
	struct order *orders;
	size_t len, size;
	usec_t look_at;    /* monotonic: when orders that wait are looked at again */
	bool removes_fail; /* it has been reported that a file could not be removed */
};

/** Looks for new orders, and for those that were taken back: at a start, and after a reload. */
__attribute__((nonnull))
void backfill_look(struct poller *poller);

/** Begins orders that can be begun, and ends what has been done. */
__attribute__((nonnull))
void backfill_turn(struct poller *poller);

/** The polls are about to be replaced: what is under way goes on with the new ones. */
__attribute__((nonnull))
void backfill_detach(struct poller *poller);

/** Buckets that are still to be answered, of orders that are under way; and how many orders wait for their turn. */
__attribute__((nonnull))
void backfill_count(const struct backfill *backfill, size_t *ret_buckets, size_t *ret_waiting);

void backfill_done(struct backfill *backfill);

#endif
