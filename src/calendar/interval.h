// SPDX-License-Identifier: ISC

/*
 * Buckets: how time is cut.
 *
 * A grid is an unending row of edges; a bucket is what lies between two
 * neighbours, [edge, next edge).
 *
 * MINUTELY, QUARTERHOURLY, HOURLY and NONE: an edge is every instant at which
 * the zone's clock shows a multiple of the length since midnight (after a
 * change of the clock, the time it has been changed to).  So an hour that is
 * shown twice has two edges, and one that a half-hour change cuts in two has
 * one and a half hours.
 *
 * DAILY: the first instant of each date that exists.  WEEKLY: of the first day
 * of each week that exists.  MONTHLY: of each month.  NONE with a length of a day is cut
 * like DAILY.
 */

#ifndef CALENDAR_INTERVAL_H
#define CALENDAR_INTERVAL_H

#include "calendar/zone.h"

/** The names are those of the API; NONE asks for one count over the window. */
enum interval {
	INTERVAL_NONE,
	INTERVAL_MINUTELY,
	INTERVAL_QUARTERHOURLY,
	INTERVAL_HOURLY,
	INTERVAL_DAILY,
	INTERVAL_WEEKLY,
	INTERVAL_MONTHLY,
	INTERVAL_COUNT,
};

struct grid {
	const struct zone *zone;
	enum interval interval;
	usec_t length;  /* NONE only: divides a day; whole minutes */
	int week_start; /* WEEKLY only: 0 Sunday .. 6 Saturday */
};

/** "MINUTELY", ..., "NONE". */
const char *interval_name(enum interval interval);

/** The reverse, exact spelling; the name need not end in a NUL.  Returns 0 or -EINVAL. */
__attribute__((warn_unused_result, nonnull))
int interval_parse(const char *name, size_t len, enum interval *ret);

/** The usual length of a bucket (a month counts 30 days); 0 for NONE. */
usec_t interval_length(enum interval interval);

/** The last edge at or before the instant. */
__attribute__((nonnull))
usec_t grid_floor(const struct grid *grid, usec_t instant);

/** The first edge after the instant. */
__attribute__((nonnull))
usec_t grid_next(const struct grid *grid, usec_t instant);

#endif
