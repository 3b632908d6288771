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

#include "base/error.h"
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
	size_t done, refused; /* orders, since the start */
	struct error reason; /* of the last one that was refused */
};

struct backfill_count {
	size_t waiting, running; /* orders */
	size_t buckets;          /* that are still to be answered, of those that are running */
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

/** What there is now. */
__attribute__((nonnull))
struct backfill_count backfill_count(const struct backfill *backfill);

void backfill_done(struct backfill *backfill);

#endif
