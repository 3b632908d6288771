// SPDX-License-Identifier: ISC

#include "calendar/interval.h"

#include "base/utc.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * "Local" is what the clock shows, as the microseconds that UTC would have when
 * it shows the same.  Within a period, local = instant + offset.
 *
 * The edges are two different kinds of sets, each defined by a property of the
 * single instant and walked candidate by candidate.  So floor and next can
 * never disagree, whatever a zone does.
 */

/* Instants beyond are not cut: this leaves room to add to any that are. */
#define FAR (INT64_MAX / 2)

/* No clock is further from UTC: zone_parse() refuses it. */
#define MAX_OFFSET (27 * USEC_PER_HOUR)

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
	return (unsigned)interval < INTERVAL_COUNT ? intervals[interval].name : "?";
}

int interval_parse(const char *name, size_t len, enum interval *ret) {
	for (size_t i = 0; i < INTERVAL_COUNT; i++) {
		if (len == strlen(intervals[i].name) && memcmp(name, intervals[i].name, len) == 0) {
			*ret = (enum interval)i;
			return 0;
		}
	}
	return -EINVAL;
}

usec_t interval_length(enum interval interval) {
	return (unsigned)interval < INTERVAL_COUNT ? intervals[interval].length : 0;
}

static usec_t floor_to(usec_t local, usec_t length) {
	usec_t past = local % length;
	return local - (past < 0 ? past + length : past);
}

/* A period with its offset in the unit of everything else here. */
struct period {
	usec_t start, end, offset;
};

static struct period period_at(const struct zone *zone, usec_t instant) {
	struct zone_period period;
	zone_period_at(zone, instant, &period);
	return (struct period){period.start, period.end, period.offset_s * USEC_PER_SEC};
}

/*
 * Parts of a day: an edge is an instant at which local is a multiple of the
 * length.  (A day is one, so it does not matter which midnight is counted from.)
 */

static usec_t floor_clock(const struct zone *zone, usec_t length, usec_t instant) {
	for (;;) {
		struct period period = period_at(zone, instant);
		usec_t edge = floor_to(instant + period.offset, length) - period.offset;
		if (edge >= period.start) {
			return edge;
		}
		instant = period.start - 1;
	}
}

static usec_t next_clock(const struct zone *zone, usec_t length, usec_t instant) {
	struct period period = period_at(zone, instant);
	usec_t edge = floor_to(instant + period.offset, length) + length - period.offset;

	while (edge >= period.end) {
		/* The first instant of the next period may itself be an edge. */
		instant = period.end;
		period = period_at(zone, instant);
		edge = floor_to(instant - 1 + period.offset, length) + length - period.offset;
	}
	return edge;
}

/*
 * Whole dates: an edge is the first instant ever at which the clock shows a
 * date of that day, week or month.  This can be a midnight, or the instant that
 * the clock is changed; and a midnight is no edge if the clock was put back and
 * shows it for the second time.
 */

/* A day, week or month: [start, end), local. */
struct unit {
	usec_t start, end;
};

static struct unit month_at(usec_t local) {
	struct civil civil;
	utc_split(local, &civil);

	int64_t next_year = civil.month == 12 ? civil.year + 1 : civil.year;
	int next_month = civil.month == 12 ? 1 : civil.month + 1;
	return (struct unit){
		.start = utc_days(civil.year, civil.month, 1) * USEC_PER_DAY,
		.end = utc_days(next_year, next_month, 1) * USEC_PER_DAY,
	};
}

static struct unit week_at(usec_t local, int week_start) {
	/* 1970-01-01 was a Thursday: so far from it to the first day of a week. */
	usec_t first = (week_start - 4) * USEC_PER_DAY;
	usec_t start = floor_to(local - first, USEC_PER_WEEK) + first;
	return (struct unit){start, start + USEC_PER_WEEK};
}

static struct unit day_at(usec_t local) {
	usec_t start = floor_to(local, USEC_PER_DAY);
	return (struct unit){start, start + USEC_PER_DAY};
}

static struct unit unit_at(const struct grid *grid, usec_t local) {
	switch (grid->interval) {
	case INTERVAL_MONTHLY:
		return month_at(local);
	case INTERVAL_WEEKLY:
		return week_at(local, grid->week_start);
	default:
		return day_at(local);
	}
}

/* Whether the clock showed any of the unit before the period.  Nearly always the first line says no. */
static bool shown_before(const struct zone *zone, struct period period, struct unit unit) {
	while (period.start > unit.start - MAX_OFFSET) {
		period = period_at(zone, period.start - 1);
		bool ends_after = period.end + period.offset > unit.start;
		bool starts_before = period.start == INT64_MIN || period.start + period.offset < unit.end;
		if (ends_after && starts_before) {
			return true;
		}
	}
	return false;
}

static usec_t floor_date(const struct grid *grid, usec_t instant) {
	for (;;) {
		struct period period = period_at(grid->zone, instant);
		struct unit unit = unit_at(grid, instant + period.offset);
		usec_t edge = unit.start - period.offset;
		if (edge < period.start) {
			edge = period.start;
		}
		if (!shown_before(grid->zone, period, unit)) {
			return edge;
		}
		instant = edge - 1;
	}
}

static usec_t next_date(const struct grid *grid, usec_t instant) {
	struct period period = period_at(grid->zone, instant);
	usec_t edge = unit_at(grid, instant + period.offset).end - period.offset;

	for (;;) {
		if (edge >= period.end) {
			edge = period.end;
			period = period_at(grid->zone, edge);
		}
		struct unit unit = unit_at(grid, edge + period.offset);
		if (!shown_before(grid->zone, period, unit)) {
			return edge;
		}
		edge = unit.end - period.offset;
	}
}

/* The length of a part of a day, or 0 if the grid is one of whole dates. */
static usec_t clock_length(const struct grid *grid) {
	usec_t length = grid->interval == INTERVAL_NONE ? grid->length : interval_length(grid->interval);
	return length > 0 && length < USEC_PER_DAY ? length : 0;
}

usec_t grid_floor(const struct grid *grid, usec_t instant) {
	if (instant < -FAR) {
		return INT64_MIN;
	}
	if (instant > FAR) {
		instant = FAR;
	}

	usec_t length = clock_length(grid);
	return length > 0 ? floor_clock(grid->zone, length, instant) : floor_date(grid, instant);
}

usec_t grid_next(const struct grid *grid, usec_t instant) {
	if (instant > FAR) {
		return USEC_INFINITY;
	}
	if (instant < -FAR) {
		instant = -FAR;
	}

	usec_t length = clock_length(grid);
	return length > 0 ? next_clock(grid->zone, length, instant) : next_date(grid, instant);
}
