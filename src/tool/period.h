// SPDX-License-Identifier: ISC

/*
 * Pieces of time as people name them: "last week", "2026-10", "2026-W47".  They are cut by the clock
 * of each room.
 */

#ifndef TOOL_PERIOD_H
#define TOOL_PERIOD_H

#include "base/error.h"
#include "calendar/zone.h"

/** An instant, or a time that a clock shows. */
struct moment {
	bool is_set;
	bool local;  /* time is what the clock shows, as if it stood in UTC */
	usec_t time;
};

enum period_unit { PERIOD_NONE, PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_YEAR };

/** All zero: all of time. */
struct period {
	enum period_unit unit; /* if set, the present one, or so many before it */
	int back;
	struct moment from, to;
};

/**
 * Reads "today", "yesterday", "this week", "last month", "last year", "2026", "2026-10", "2026-W47" or
 * "2026-11-03".  Weeks begin on Monday (ISO 8601).  Returns 0, or -EINVAL and a sentence.
 */
__attribute__((warn_unused_result, nonnull))
int period_parse(const char *text, struct period *ret, struct error *err);

/**
 * Reads an instant in RFC 3339, or a date, or a date and a time by the room's clock: "2026-11-03T08:00".
 * Returns 0, or -EINVAL and a sentence.
 */
__attribute__((warn_unused_result, nonnull))
int moment_parse(const char *text, struct moment *ret, struct error *err);

/** When it is by the clock of a zone: [*ret_from, *ret_to).  now: the present, for the periods that begin with it. */
__attribute__((nonnull))
void period_in(const struct period *period, const struct zone *zone, usec_t now, usec_t *ret_from, usec_t *ret_to);

/** The instant at which a clock in the zone shows a time; of two the first; if there is none, the next one that there is. */
__attribute__((nonnull))
usec_t local_instant(const struct zone *zone, usec_t local);

#endif
