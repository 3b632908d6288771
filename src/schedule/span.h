// SPDX-License-Identifier: ISC

/*
 * What a device asks for next, and when.  Pure; times are on the wall clock.
 */

#ifndef SCHEDULE_SPAN_H
#define SCHEDULE_SPAN_H

#include "config/config.h"

/** Whole buckets: [start, fresh) is look-back, [fresh, end) is not recorded yet. */
struct span {
	usec_t start, fresh, end;
	int buckets;       /* in all */
	int fresh_buckets; /* of them in [fresh, end) */
};

/** Buckets that the look-back reaches over, as far as a request has room.  0 for NONE, which has one count per request. */
__attribute__((nonnull))
int span_lookback_buckets(const struct settings *settings);

/** The end of the last bucket that is closed and settled. */
__attribute__((nonnull))
usec_t span_closed(const struct settings *settings, usec_t now);

/**
 * Where the next record begins: at the cursor; or, where that lies inside a bucket,
 * as after a change of the zone, at that bucket's start, so that no time is left
 * out.  A single count can begin anywhere, so NONE does not go back.
 */
__attribute__((nonnull))
usec_t span_fresh(const struct settings *settings, usec_t cursor);

/** Where a device without a log begins: backfill_from, or the last closed bucket. */
__attribute__((nonnull))
usec_t span_first_cursor(const struct settings *settings, usec_t now);

/**
 * The oldest buckets from the cursor on, limit at most; and if there is room left,
 * the look-back before them, as far as buckets are remembered (from oldest on;
 * USEC_INFINITY: none is).
 *
 * Returns false if nothing is closed and settled.
 */
__attribute__((nonnull, warn_unused_result))
bool span_next(const struct settings *settings, usec_t cursor, usec_t oldest, int limit, usec_t now,
               struct span *ret);

/**
 * Leaves out the buckets that are not closed and settled by that time, which is known
 * better now than when the span was made.  Returns false if no fresh one is left.
 */
__attribute__((nonnull, warn_unused_result))
bool span_cut(const struct settings *settings, usec_t now, struct span *span);

/** When the window after the cursor is due: its end + settle + spread. */
__attribute__((nonnull))
usec_t span_due(const struct settings *settings, usec_t cursor, usec_t spread);

/** The edge so many buckets behind the one at which the next record begins. */
__attribute__((nonnull))
usec_t span_after(const struct settings *settings, usec_t cursor, int buckets);

/** Whether more than one window is waiting behind the cursor. */
__attribute__((nonnull))
bool span_is_backlog(const struct settings *settings, usec_t cursor, usec_t now);

/** About how many buckets are closed, settled and unrecorded: exact for those of even length. */
__attribute__((nonnull))
int64_t span_backlog(const struct settings *settings, usec_t cursor, usec_t now);

/**
 * The buckets that have become too old: [floor(cursor), the result) is a gap if
 * the result lies behind the cursor.  A bucket is given up `backfill` after its
 * end, or after the device was first polled (since), whichever is later.
 */
__attribute__((nonnull))
usec_t span_gap_end(const struct settings *settings, usec_t cursor, usec_t since, usec_t now);

#endif
