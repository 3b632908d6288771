// SPDX-License-Identifier: ISC

/*
 * The figures of a room: pure arithmetic on its counts.
 *
 * A count is a level, which holds for the time of its bucket.  So means are weighted by time, and
 * nothing is ever added up over time.  Time without a count is left out, not taken for empty.  A bucket
 * is of the period in which it begins.
 */

#ifndef TOOL_FIGURES_H
#define TOOL_FIGURES_H

#include "tool/hours.h"
#include "tool/rooms.h"
#include "tool/series.h"

/** How full it is, of its capacity: empty, up to a quarter, half, three quarters, all of it, more. */
enum { FULL_EMPTY, FULL_QUARTER, FULL_HALF, FULL_MOST, FULL_ALL, FULL_OVER, FULLNESSES };

/** Of the time with counts, or of a part of it. */
struct use {
	double people;           /* counts by seconds */
	usec_t known, used;      /* with a count; with one above 0 */
	usec_t full[FULLNESSES]; /* if the capacity is known */
};

/** The highest count of each date by the room's clock, -1 if there is none.  All zero: of no date. */
struct daily {
	int64_t first;           /* days since 1970 */
	int64_t *peak;
	bool *is_partial;        /* counts are missing, so that there may have been more */
	size_t len, size;
};

/** Takes a count, or what stands in its place, of a date in.  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int daily_take(struct daily *daily, int64_t date, int64_t count);

/** The mean of the peaks of the days of the week that are that one (0: Monday); NAN if there is none. */
__attribute__((nonnull))
double daily_mean(const struct daily *daily, int weekday);

void daily_done(struct daily *daily);

struct figures {
	int64_t peak;            /* -1: no count */
	usec_t peak_at;          /* the beginning of the first such bucket */
	struct use all, working; /* at any time; within working hours */
	double week[7][24];      /* by day, Monday first, and hour of its clock: counts by seconds */
	usec_t week_known[7][24];
	uint64_t counted, expected; /* buckets with a count; all, from its first record to its last */
	uint64_t no_data, in_gaps, missing;
	struct daily daily;
};

/** Works them out for [from, to).  capacity: 0 if it is unknown.  Give the result to figures_done().  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int figures_make(struct figures *figures, const struct room *room, const struct series *series, const struct hours *hours,
                 int64_t capacity, usec_t from, usec_t to);

void figures_done(struct figures *figures);

/** Each is NAN if there is nothing that it could be of. */

/** The mean of the counts. */
__attribute__((nonnull))
double use_mean(const struct use *use);

/** The mean of the counts above 0. */
__attribute__((nonnull))
double use_when_used(const struct use *use);

/** What part of the time has a count above 0. */
__attribute__((nonnull))
double use_frequency(const struct use *use);

/** The mean of the counts, of the capacity. */
__attribute__((nonnull))
double use_utilisation(const struct use *use, int64_t capacity);

/** The mean of the counts of an hour of a day of the week. */
__attribute__((nonnull))
double figures_hour(const struct figures *figures, int day, int hour);

/** The mean of the counts of a day of the week. */
__attribute__((nonnull))
double figures_weekday(const struct figures *figures, int day);

__attribute__((nonnull))
double figures_completeness(const struct figures *figures);

#endif
