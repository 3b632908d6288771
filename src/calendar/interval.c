// SPDX-License-Identifier: ISC

#include "calendar/interval.h"

#include "base/utc.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const struct {
	const char *name;
	usec_t length;
} intervals[INTERVAL_COUNT] = {
	[INTERVAL_NONE] = {"NONE", 0},
	[INTERVAL_MINUTELY] = {"MINUTELY", USEC_PER_MIN},
	[INTERVAL_QUARTERHOURLY] = {"QUARTERHOURLY", 15 * USEC_PER_MIN},
	[INTERVAL_HOURLY] = {"HOURLY", USEC_PER_HOUR},
	[INTERVAL_DAILY] = {"DAILY", USEC_PER_DAY},
	[INTERVAL_WEEKLY] = {"WEEKLY", USEC_PER_WEEK},
	[INTERVAL_MONTHLY] = {"MONTHLY", 30 * USEC_PER_DAY},
};

const char *interval_name(enum interval interval) {
	return intervals[interval].name;
}

int interval_parse(const char *name, enum interval *ret) {
	for (int i = 0; i < INTERVAL_COUNT; i++) {
		if (strcmp(name, intervals[i].name) == 0) {
			*ret = (enum interval)i;
			return 0;
		}
	}
	return -EINVAL;
}

usec_t interval_length(enum interval interval) {
	return intervals[interval].length;
}

static int64_t floor_mod(int64_t a, int64_t b) {
	int64_t rest = a % b;
	return rest < 0 ? rest + b : rest;
}

/* What the wall clock shows, as if it were UTC. */
static usec_t local_of(usec_t instant, const struct zone_period *period) {
	return instant + period->offset_s * USEC_PER_SEC;
}

/*
 * Steps: edges wherever the clock shows a multiple of a length.
 */

static usec_t step_floor(const struct zone *zone, usec_t length, usec_t instant) {
	struct zone_period period;
	for (;;) {
		zone_period_at(zone, instant, &period);
		usec_t edge = instant - floor_mod(local_of(instant, &period), length);
		if (edge >= period.start || period.start == INT64_MIN) {
			return edge;
		}
		/* The clock was changed since that edge: what it showed before counts. */
		instant = period.start - 1;
	}
}

static usec_t step_next(const struct zone *zone, usec_t length, usec_t instant) {
	struct zone_period period;
	zone_period_at(zone, instant, &period);
	for (;;) {
		usec_t edge = instant + length - floor_mod(local_of(instant, &period), length);
		if (edge < period.end) {
			return edge;
		}
		/* The clock is changed before that edge, perhaps to one. */
		instant = period.end;
		zone_period_at(zone, instant, &period);
		if (floor_mod(local_of(instant, &period), length) == 0) {
			return instant;
		}
	}
}

/*
 * Dates: edges where a day begins.  A date is a number of days from 1970-01-01.
 */

/*
 * The first instant at which the clock shows that date or a later one.  It lies
 * within the day around the date's midnight in UTC, for no zone is further from
 * UTC than 26 h.
 */
static usec_t date_begins(const struct zone *zone, int64_t date) {
	usec_t midnight = date * USEC_PER_DAY;
	usec_t at = midnight - 26 * USEC_PER_HOUR;
	for (;;) {
		struct zone_period period;
		zone_period_at(zone, at, &period);
		usec_t edge = midnight - period.offset_s * USEC_PER_SEC;
		if (edge <= at) {
			return at;
		}
		if (edge < period.end) {
			return edge;
		}
		at = period.end;
	}
}

/* The first of the days that this date is grouped with: itself, its week's, its month's. */
static int64_t group_first(const struct grid *grid, int64_t date) {
	if (grid->interval == INTERVAL_WEEKLY) {
		/* 1970-01-01 was a Thursday. */
		return date - floor_mod(date + 4 - grid->week_start, 7);
	}
	if (grid->interval == INTERVAL_MONTHLY) {
		struct civil civil;
		utc_split(date * USEC_PER_DAY, &civil);
		return date - (civil.day - 1);
	}
	return date;
}

/* A day of the group after the one that begins with this date. */
static int64_t group_next(const struct grid *grid, int64_t first) {
	static const int64_t reach[INTERVAL_COUNT] = {
		[INTERVAL_NONE] = 1, [INTERVAL_DAILY] = 1, [INTERVAL_WEEKLY] = 7, [INTERVAL_MONTHLY] = 31,
	};
	return group_first(grid, first + reach[grid->interval]);
}

static usec_t date_floor(const struct grid *grid, usec_t instant) {
	struct zone_period period;
	zone_period_at(grid->zone, instant, &period);
	usec_t local = local_of(instant, &period);
	int64_t date = (local - floor_mod(local, USEC_PER_DAY)) / USEC_PER_DAY;

	/* A clock set back over midnight shows yesterday's date again: today goes on. */
	if (date_begins(grid->zone, date + 1) <= instant) {
		date++;
	}
	return date_begins(grid->zone, group_first(grid, date));
}

static usec_t date_next(const struct grid *grid, usec_t instant) {
	struct zone_period period;
	zone_period_at(grid->zone, instant, &period);
	usec_t local = local_of(instant, &period);
	int64_t date = (local - floor_mod(local, USEC_PER_DAY)) / USEC_PER_DAY;

	/* Dates that do not exist begin where the one after them does: no empty bucket. */
	int64_t first = group_first(grid, date);
	usec_t edge;
	do {
		first = group_next(grid, first);
		edge = date_begins(grid->zone, first);
	} while (edge <= instant);
	return edge;
}

static bool is_dated(const struct grid *grid) {
	return grid->interval >= INTERVAL_DAILY ||
	       (grid->interval == INTERVAL_NONE && grid->length == USEC_PER_DAY);
}

static usec_t step_length(const struct grid *grid) {
	return grid->interval == INTERVAL_NONE ? grid->length : intervals[grid->interval].length;
}

usec_t grid_floor(const struct grid *grid, usec_t instant) {
	return is_dated(grid) ? date_floor(grid, instant)
	                      : step_floor(grid->zone, step_length(grid), instant);
}

usec_t grid_next(const struct grid *grid, usec_t instant) {
	return is_dated(grid) ? date_next(grid, instant)
	                      : step_next(grid->zone, step_length(grid), instant);
}
