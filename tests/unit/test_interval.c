// SPDX-License-Identifier: ISC

#include "fixture.h"
#include "zones.h"

#include "base/utc.h"
#include "calendar/interval.h"

#include <errno.h>

/* 1970 and 2100, for random instants. */
#define RANDOM_SPAN (130 * (usec_t)365 * USEC_PER_DAY)

static struct zone *load(const char *name) {
	struct zone *zone;
	struct error err = {""};
	if (zone_load(name, &zone, &err) != 0) {
		fail_msg("expected %s to load, got: %s", name, err.text);
	}
	return zone;
}

static const char *show(char buf[static UTC_STRING_SIZE], const struct zone *zone, usec_t at) {
	struct zone_period period;
	zone_period_at(zone, at, &period);
	return utc_format_offset(buf, at, period.offset_s);
}

/*
 * Expectations by hand: neighbouring edges, as the zone's clock shows them.
 * Days that have been, so that no parliament can change them.
 */

enum { MOST_EDGES = 12 };

struct row {
	const char *zone;
	enum interval interval;
	int minutes; /* NONE: the length */
	int week_start;
	const char *edges[MOST_EDGES];
};

static void check_row(const struct row *row) {
	struct zone *zone = load(row->zone);
	const struct grid grid = {zone, row->interval, row->minutes * USEC_PER_MIN, row->week_start};

	for (size_t i = 0; i + 1 < MOST_EDGES && row->edges[i + 1]; i++) {
		const usec_t edge = at(row->edges[i]);
		const usec_t next = at(row->edges[i + 1]);
		const usec_t inside[] = {edge, edge + 1, edge + (next - edge) / 3, edge + (next - edge) / 2, next - 1};
		for (size_t j = 0; j < COUNT_OF(inside); j++) {
			usec_t low = grid_floor(&grid, inside[j]);
			usec_t high = grid_next(&grid, inside[j]);
			if (low != edge || high != next) {
				char at[UTC_STRING_SIZE], a[UTC_STRING_SIZE], b[UTC_STRING_SIZE];
				fail_msg("%s %s at %s: expected %s to %s, got %s to %s", row->zone,
				         interval_name(row->interval), show(at, zone, inside[j]), row->edges[i],
				         row->edges[i + 1], show(a, zone, low), show(b, zone, high));
			}
		}
	}
	zone_free(zone);
}

static void check_rows(const struct row *rows, size_t count) {
	for (size_t i = 0; i < count; i++) {
		check_row(&rows[i]);
	}
}

static void plain_days_are_cut_by_the_local_clock(void **state) {
	static const struct row rows[] = {
		{"UTC", INTERVAL_MINUTELY, 0, 0, {"2026-11-23T08:15:00Z", "2026-11-23T08:16:00Z", "2026-11-23T08:17:00Z"}},
		{"UTC", INTERVAL_QUARTERHOURLY, 0, 0, {"2026-11-23T23:45:00Z", "2026-11-24T00:00:00Z", "2026-11-24T00:15:00Z"}},
		{"UTC", INTERVAL_DAILY, 0, 0, {"1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"}},
		/* Half-hour and quarter-hour zones: the hour begins when the wall clock says so. */
		{"Asia/Kolkata", INTERVAL_HOURLY, 0, 0, {"2026-11-23T13:00:00+05:30", "2026-11-23T14:00:00+05:30"}},
		{"Asia/Kathmandu", INTERVAL_HOURLY, 0, 0, {"2026-11-23T13:00:00+05:45", "2026-11-23T14:00:00+05:45"}},
		{"Asia/Kathmandu", INTERVAL_DAILY, 0, 0, {"2026-11-23T00:00:00+05:45", "2026-11-24T00:00:00+05:45"}},
		{"Asia/Kolkata", INTERVAL_DAILY, 0, 0, {"2026-11-22T18:30:00Z", "2026-11-23T18:30:00Z"}},
		{"America/Denver", INTERVAL_NONE, 120, 0, {"2026-11-23T22:00:00-07:00", "2026-11-24T00:00:00-07:00", "2026-11-24T02:00:00-07:00"}},
		{"America/Denver", INTERVAL_NONE, 5, 0, {"2026-11-23T23:55:00-07:00", "2026-11-24T00:00:00-07:00", "2026-11-24T00:05:00-07:00"}},
		{"America/Denver", INTERVAL_NONE, 1440, 0, {"2026-11-23T00:00:00-07:00", "2026-11-24T00:00:00-07:00"}},
	};
	(void)state;
	check_rows(rows, COUNT_OF(rows));
}

static void weeks_and_months_begin_with_their_first_day(void **state) {
	static const struct row rows[] = {
		/* 2026-11-23 is a Monday. */
		{"UTC", INTERVAL_WEEKLY, 0, 1, {"2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"}},
		{"UTC", INTERVAL_WEEKLY, 0, 0, {"2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"}},
		{"UTC", INTERVAL_WEEKLY, 0, 6, {"2026-11-21T00:00:00Z", "2026-11-28T00:00:00Z"}},
		{"UTC", INTERVAL_WEEKLY, 0, 4, {"1969-12-25T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-08T00:00:00Z"}},
		/* Over the change to standard time on 2026-11-01. */
		{"America/Denver", INTERVAL_WEEKLY, 0, 1, {"2026-10-26T00:00:00-06:00", "2026-11-02T00:00:00-07:00", "2026-11-09T00:00:00-07:00"}},
		{"America/Denver", INTERVAL_MONTHLY, 0, 0, {"2026-10-01T00:00:00-06:00", "2026-11-01T00:00:00-06:00", "2026-12-01T00:00:00-07:00", "2027-01-01T00:00:00-07:00"}},
		{"UTC", INTERVAL_MONTHLY, 0, 0, {"2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z", "2024-04-01T00:00:00Z"}},
		{"UTC", INTERVAL_MONTHLY, 0, 0, {"1969-11-01T00:00:00Z", "1969-12-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-02-01T00:00:00Z"}},
		{"Asia/Kathmandu", INTERVAL_MONTHLY, 0, 0, {"2026-10-31T18:15:00Z", "2026-11-30T18:15:00Z"}},
	};
	(void)state;
	check_rows(rows, COUNT_OF(rows));
}

static void in_spring_an_hour_is_missing(void **state) {
	static const struct row rows[] = {
		/* 02:00 becomes 03:00 on 2026-03-08. */
		{"America/Denver", INTERVAL_MINUTELY, 0, 0, {"2026-03-08T01:59:00-07:00", "2026-03-08T03:00:00-06:00", "2026-03-08T03:01:00-06:00"}},
		{"America/Denver", INTERVAL_HOURLY, 0, 0, {"2026-03-08T00:00:00-07:00", "2026-03-08T01:00:00-07:00", "2026-03-08T03:00:00-06:00", "2026-03-08T04:00:00-06:00"}},
		{"America/Denver", INTERVAL_DAILY, 0, 0, {"2026-03-08T00:00:00-07:00", "2026-03-09T00:00:00-06:00", "2026-03-10T00:00:00-06:00"}},
		{"America/Denver", INTERVAL_NONE, 120, 0, {"2026-03-08T00:00:00-07:00", "2026-03-08T04:00:00-06:00", "2026-03-08T06:00:00-06:00"}},
		{"Europe/Berlin", INTERVAL_HOURLY, 0, 0, {"2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"}},
		{"Europe/Berlin", INTERVAL_QUARTERHOURLY, 0, 0, {"2026-03-29T01:45:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T03:15:00+02:00"}},
		{"Europe/Berlin", INTERVAL_MONTHLY, 0, 0, {"2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00"}},
	};
	(void)state;
	check_rows(rows, COUNT_OF(rows));
}

static void in_autumn_an_hour_is_shown_twice(void **state) {
	static const struct row rows[] = {
		/* 02:00 becomes 01:00 on 2026-11-01. */
		{"America/Denver", INTERVAL_MINUTELY, 0, 0, {"2026-11-01T01:59:00-06:00", "2026-11-01T01:00:00-07:00", "2026-11-01T01:01:00-07:00"}},
		{"America/Denver", INTERVAL_HOURLY, 0, 0, {"2026-11-01T00:00:00-06:00", "2026-11-01T01:00:00-06:00", "2026-11-01T01:00:00-07:00", "2026-11-01T02:00:00-07:00"}},
		{"America/Denver", INTERVAL_DAILY, 0, 0, {"2026-11-01T00:00:00-06:00", "2026-11-02T00:00:00-07:00"}},
		{"America/Denver", INTERVAL_NONE, 120, 0, {"2026-11-01T00:00:00-06:00", "2026-11-01T02:00:00-07:00", "2026-11-01T04:00:00-07:00"}},
		{"Europe/Berlin", INTERVAL_HOURLY, 0, 0, {"2026-10-25T01:00:00+02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"}},
		{"Europe/Berlin", INTERVAL_QUARTERHOURLY, 0, 0, {"2026-10-25T02:45:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:15:00+01:00"}},
		{"Europe/Berlin", INTERVAL_WEEKLY, 0, 1, {"2026-10-19T00:00:00+02:00", "2026-10-26T00:00:00+01:00"}},
	};
	(void)state;
	check_rows(rows, COUNT_OF(rows));
}

static void half_hour_change_makes_hours_of_ninety_minutes(void **state) {
	static const struct row rows[] = {
		/* 02:00 becomes 02:30 on 2026-10-04. */
		{"Australia/Lord_Howe", INTERVAL_HOURLY, 0, 0, {"2026-10-04T00:00:00+10:30", "2026-10-04T01:00:00+10:30", "2026-10-04T03:00:00+11:00", "2026-10-04T04:00:00+11:00"}},
		{"Australia/Lord_Howe", INTERVAL_QUARTERHOURLY, 0, 0, {"2026-10-04T01:45:00+10:30", "2026-10-04T02:30:00+11:00", "2026-10-04T02:45:00+11:00"}},
		{"Australia/Lord_Howe", INTERVAL_DAILY, 0, 0, {"2026-10-04T00:00:00+10:30", "2026-10-05T00:00:00+11:00"}},
		/* 02:00 becomes 01:30 on 2026-04-05. */
		{"Australia/Lord_Howe", INTERVAL_HOURLY, 0, 0, {"2026-04-05T00:00:00+11:00", "2026-04-05T01:00:00+11:00", "2026-04-05T02:00:00+10:30", "2026-04-05T03:00:00+10:30"}},
		{"Australia/Lord_Howe", INTERVAL_QUARTERHOURLY, 0, 0, {"2026-04-05T01:45:00+11:00", "2026-04-05T01:30:00+10:30", "2026-04-05T01:45:00+10:30", "2026-04-05T02:00:00+10:30"}},
		{"Australia/Lord_Howe", INTERVAL_DAILY, 0, 0, {"2026-04-05T00:00:00+11:00", "2026-04-06T00:00:00+10:30"}},
	};
	(void)state;
	check_rows(rows, COUNT_OF(rows));
}

static void change_of_the_zone_itself_moves_the_edges(void **state) {
	static const struct row rows[] = {
		/* Nepal's clock went from +05:30 to +05:45 at midnight: 00:00 became 00:15. */
		{"Asia/Kathmandu", INTERVAL_HOURLY, 0, 0, {"1985-12-31T23:00:00+05:30", "1986-01-01T01:00:00+05:45", "1986-01-01T02:00:00+05:45"}},
		{"Asia/Kathmandu", INTERVAL_QUARTERHOURLY, 0, 0, {"1985-12-31T23:45:00+05:30", "1986-01-01T00:15:00+05:45", "1986-01-01T00:30:00+05:45"}},
		{"Asia/Kathmandu", INTERVAL_DAILY, 0, 0, {"1985-12-31T00:00:00+05:30", "1986-01-01T00:15:00+05:45", "1986-01-02T00:00:00+05:45"}},
		{"Asia/Kathmandu", INTERVAL_MONTHLY, 0, 0, {"1985-12-01T00:00:00+05:30", "1986-01-01T00:15:00+05:45", "1986-02-01T00:00:00+05:45"}},
	};
	(void)state;
	check_rows(rows, COUNT_OF(rows));
}

static void date_that_does_not_exist_has_no_bucket(void **state) {
	static const struct row rows[] = {
		/* Samoa went over the date line: there was no 2011-12-30. */
		{"Pacific/Apia", INTERVAL_DAILY, 0, 0, {"2011-12-28T00:00:00-10:00", "2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"}},
		{"Pacific/Apia", INTERVAL_HOURLY, 0, 0, {"2011-12-29T22:00:00-10:00", "2011-12-29T23:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T01:00:00+14:00"}},
		/* Were Friday the first day of the week, this one would begin on Saturday. */
		{"Pacific/Apia", INTERVAL_WEEKLY, 0, 5, {"2011-12-23T00:00:00-10:00", "2011-12-31T00:00:00+14:00", "2012-01-06T00:00:00+14:00"}},
		{"Pacific/Kwajalein", INTERVAL_DAILY, 0, 0, {"1993-08-20T00:00:00-12:00", "1993-08-22T00:00:00+12:00"}},
	};
	(void)state;
	check_rows(rows, COUNT_OF(rows));
}

static void where_midnight_does_not_exist_the_date_begins_with_its_first_instant(void **state) {
	static const struct row rows[] = {
		/* 00:00 becomes 01:00. */
		{"Asia/Beirut", INTERVAL_DAILY, 0, 0, {"2021-03-27T00:00:00+02:00", "2021-03-28T01:00:00+03:00", "2021-03-29T00:00:00+03:00"}},
		{"Asia/Beirut", INTERVAL_HOURLY, 0, 0, {"2021-03-27T23:00:00+02:00", "2021-03-28T01:00:00+03:00"}},
		{"America/Santiago", INTERVAL_DAILY, 0, 0, {"2021-09-04T00:00:00-04:00", "2021-09-05T01:00:00-03:00", "2021-09-06T00:00:00-03:00"}},
		{"America/Havana", INTERVAL_DAILY, 0, 0, {"2021-03-13T00:00:00-05:00", "2021-03-14T01:00:00-04:00", "2021-03-15T00:00:00-04:00"}},
		{"America/Havana", INTERVAL_WEEKLY, 0, 0, {"2021-03-07T00:00:00-05:00", "2021-03-14T01:00:00-04:00", "2021-03-21T00:00:00-04:00"}},
		/* A window of half a day has no edge at a midnight that is not shown. */
		{"America/Havana", INTERVAL_NONE, 720, 0, {"2021-03-13T12:00:00-05:00", "2021-03-14T12:00:00-04:00"}},
		/* 00:01 becomes 01:01: there was a midnight. */
		{"America/St_Johns", INTERVAL_DAILY, 0, 0, {"2010-03-14T00:00:00-03:30", "2010-03-15T00:00:00-02:30"}},
	};
	(void)state;
	check_rows(rows, COUNT_OF(rows));
}

static void midnight_shown_twice_begins_one_date(void **state) {
	static const struct row rows[] = {
		/* 01:00 becomes 00:00. */
		{"America/Havana", INTERVAL_DAILY, 0, 0, {"2021-11-06T00:00:00-04:00", "2021-11-07T00:00:00-04:00", "2021-11-08T00:00:00-05:00"}},
		{"America/Havana", INTERVAL_MONTHLY, 0, 0, {"2021-10-01T00:00:00-04:00", "2021-11-01T00:00:00-04:00", "2021-12-01T00:00:00-05:00"}},
		{"America/Havana", INTERVAL_HOURLY, 0, 0, {"2021-11-07T00:00:00-04:00", "2021-11-07T00:00:00-05:00", "2021-11-07T01:00:00-05:00"}},
		/* 00:01 becomes 23:01 of the day before: what follows belongs to the new date. */
		{"America/St_Johns", INTERVAL_DAILY, 0, 0, {"2010-11-06T00:00:00-02:30", "2010-11-07T00:00:00-02:30", "2010-11-08T00:00:00-03:30"}},
		{"America/St_Johns", INTERVAL_MINUTELY, 0, 0, {"2010-11-06T23:59:00-02:30", "2010-11-07T00:00:00-02:30", "2010-11-06T23:01:00-03:30", "2010-11-06T23:02:00-03:30"}},
		{"America/St_Johns", INTERVAL_WEEKLY, 0, 0, {"2010-10-31T00:00:00-02:30", "2010-11-07T00:00:00-02:30", "2010-11-14T00:00:00-03:30"}},
		/* 00:00 becomes 23:00 of the day before: the date begins an hour later, once. */
		{"America/Santiago", INTERVAL_DAILY, 0, 0, {"2021-04-03T00:00:00-03:00", "2021-04-04T00:00:00-04:00"}},
		{"America/Santiago", INTERVAL_HOURLY, 0, 0, {"2021-04-03T23:00:00-03:00", "2021-04-03T23:00:00-04:00", "2021-04-04T00:00:00-04:00"}},
	};
	(void)state;
	check_rows(rows, COUNT_OF(rows));
}

/* All grids of a zone that the other tests try. */
static const struct {
	enum interval interval;
	int minutes;
	int week_start;
} kinds[] = {
	{INTERVAL_MINUTELY, 0, 0}, {INTERVAL_QUARTERHOURLY, 0, 0}, {INTERVAL_HOURLY, 0, 0},
	{INTERVAL_DAILY, 0, 0},    {INTERVAL_WEEKLY, 0, 0},        {INTERVAL_WEEKLY, 0, 1},
	{INTERVAL_WEEKLY, 0, 5},   {INTERVAL_MONTHLY, 0, 0},       {INTERVAL_NONE, 1, 0},
	{INTERVAL_NONE, 5, 0},     {INTERVAL_NONE, 120, 0},        {INTERVAL_NONE, 720, 0},
	{INTERVAL_NONE, 1440, 0},
};

static struct grid grid_of(const struct zone *zone, size_t kind) {
	return (struct grid){zone, kinds[kind].interval, kinds[kind].minutes * USEC_PER_MIN, kinds[kind].week_start};
}

static void check_promises(const struct grid *grid, usec_t at) {
	usec_t low = grid_floor(grid, at);
	usec_t high = grid_next(grid, at);
	bool around = low <= at && at < high;
	bool idempotent = grid_floor(grid, low) == low && grid_floor(grid, high) == high;
	bool neighbours = grid_next(grid, low) == high && grid_floor(grid, high - 1) == low;

	if (!around || !idempotent || !neighbours) {
		fail_msg("%s %s at %" PRId64 ": expected a bucket around it, floors that stay and neighbours, got "
		         "%" PRId64 " to %" PRId64, zone_name(grid->zone), interval_name(grid->interval), at, low, high);
	}
}

static void floor_and_next_agree_at_random_instants_in_every_zone(void **state) {
	(void)state;
	struct rng rng;
	seed_of_run(&rng);
	int rounds = zones_slow() ? 2 : 60;

	for (size_t i = 0; i < zones_count; i++) {
		struct zone *zone = load(zones_names[i]);
		for (int j = 0; j < rounds; j++) {
			usec_t at = rng_below(&rng, RANDOM_SPAN);
			if (rng_below(&rng, 2) == 0) {
				/* Near a change, where it is difficult. */
				struct zone_period period;
				zone_period_at(zone, at, &period);
				if (period.end < RANDOM_SPAN) {
					at = period.end + rng_below(&rng, 2 * USEC_PER_DAY) - USEC_PER_DAY;
				}
			}
			for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
				const struct grid grid = grid_of(zone, kind);
				check_promises(&grid, at);
				check_promises(&grid, at - at % USEC_PER_MIN);
			}
		}
		zone_free(zone);
	}
}

/*
 * A second opinion: the C library's clock, read minute by minute.  An edge is
 * where it shows a multiple, or a date, week or month later than any before.
 */

static int64_t unit_number(size_t kind, const struct tm *tm) {
	int64_t days = utc_days(tm->tm_year + (int64_t)1900, tm->tm_mon + 1, tm->tm_mday);
	if (kinds[kind].interval == INTERVAL_MONTHLY) {
		return (int64_t)tm->tm_year * 12 + tm->tm_mon;
	}
	if (kinds[kind].interval == INTERVAL_WEEKLY) {
		return (days - tm->tm_wday + 7 - (tm->tm_wday < kinds[kind].week_start ? 7 : 0)) / 7;
	}
	return days;
}

static int clock_minutes(size_t kind) {
	static const int minutes[INTERVAL_COUNT] = {
		[INTERVAL_MINUTELY] = 1, [INTERVAL_QUARTERHOURLY] = 15, [INTERVAL_HOURLY] = 60};
	int length = kinds[kind].interval == INTERVAL_NONE ? kinds[kind].minutes : minutes[kinds[kind].interval];
	return length < 1440 ? length : 0;
}

static bool is_edge(size_t kind, const struct tm *tm, int64_t *latest) {
	int length = clock_minutes(kind);
	if (length > 0) {
		return tm->tm_sec == 0 && (tm->tm_hour * 60 + tm->tm_min) % length == 0;
	}
	int64_t number = unit_number(kind, tm);
	bool later = number > *latest;
	*latest = later ? number : *latest;
	return later;
}

/* Walks [start, end) minute by minute; the zone's offsets must be whole minutes there. */
static void compare_minutes(const struct zone *zone, int64_t start_s, int64_t end_s) {
	struct grid grids[COUNT_OF(kinds)];
	usec_t expected[COUNT_OF(kinds)];
	int64_t latest[COUNT_OF(kinds)];
	struct tm tm = zones_local(start_s - 60);

	for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
		grids[kind] = grid_of(zone, kind);
		latest[kind] = unit_number(kind, &tm);
		expected[kind] = grid_next(&grids[kind], start_s * USEC_PER_SEC - 1);
	}
	for (int64_t at_s = start_s; at_s < end_s; at_s += 60) {
		tm = zones_local(at_s);
		for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
			bool ours = expected[kind] == at_s * USEC_PER_SEC;
			bool theirs = is_edge(kind, &tm, &latest[kind]);
			if (ours != theirs) {
				char text[UTC_STRING_SIZE];
				fail_msg("%s %s (%d min) at %s: expected %s edge, got %s", zone_name(zone),
				         interval_name(kinds[kind].interval), kinds[kind].minutes,
				         show(text, zone, at_s * USEC_PER_SEC), theirs ? "an" : "no", ours ? "one" : "none");
			}
			if (ours) {
				expected[kind] = grid_next(&grids[kind], expected[kind]);
			}
		}
	}
}

static void compare_around(const struct zone *zone, usec_t change) {
	int64_t change_s = change / USEC_PER_SEC;
	struct zone_period before, after;

	zone_period_at(zone, change - 1, &before);
	zone_period_at(zone, change, &after);
	if (before.offset_s % 60 == 0 && after.offset_s % 60 == 0) {
		compare_minutes(zone, change_s - change_s % 60 - 36 * 3600, change_s + 36 * 3600);
	}
}

static void edges_are_where_the_c_library_s_clock_shows_them(void **state) {
	(void)state;
	struct rng rng;
	seed_of_run(&rng);

	for (size_t i = 0; i < zones_count; i++) {
		if (zones_alias[i] || (zones_slow() && i % 50 != 0)) {
			continue;
		}
		struct zone *zone = load(zones_names[i]);
		zones_use(":", zones_names[i]);
		for (int j = 0; j < 3; j++) {
			struct zone_period period;
			zone_period_at(zone, rng_below(&rng, RANDOM_SPAN), &period);
			if (period.start > 0) {
				compare_around(zone, period.start);
			} else if (period.end < RANDOM_SPAN) {
				compare_around(zone, period.end);
			}
		}
		zone_free(zone);
	}
}

static void edges_of_difficult_days_are_those_of_the_c_library_too(void **state) {
	static const struct {
		const char *zone, *day;
	} rows[] = {
		{"America/Denver", "2026-03-08T12:00:00Z"},      {"America/Denver", "2026-11-01T12:00:00Z"},
		{"Europe/Berlin", "2026-03-29T12:00:00Z"},       {"Europe/Berlin", "2060-10-31T12:00:00Z"},
		{"Australia/Lord_Howe", "2026-04-04T12:00:00Z"}, {"Australia/Lord_Howe", "2026-10-03T12:00:00Z"},
		{"Australia/Lord_Howe", "2060-04-03T12:00:00Z"}, {"Asia/Kathmandu", "1985-12-31T18:30:00Z"},
		{"Pacific/Apia", "2011-12-30T10:00:00Z"},        {"Pacific/Kwajalein", "1993-08-21T12:00:00Z"},
		{"America/Havana", "2026-03-08T12:00:00Z"},      {"America/Havana", "2026-11-01T12:00:00Z"},
		{"America/St_Johns", "2010-03-14T12:00:00Z"},    {"America/St_Johns", "2010-11-07T02:30:00Z"},
		{"America/Santiago", "2026-04-05T03:00:00Z"},    {"America/Santiago", "2026-09-06T04:00:00Z"},
		{"Africa/Casablanca", "2087-04-20T12:00:00Z"},   {"Africa/Casablanca", "2026-03-22T02:00:00Z"},
		{"Asia/Pyongyang", "2015-08-14T15:00:00Z"},      {"America/Caracas", "2016-05-01T07:00:00Z"},
		{"Asia/Kolkata", "2026-11-23T00:00:00Z"},        {"UTC", "2026-11-23T00:00:00Z"},
		{"Antarctica/Troll", "2026-03-29T01:00:00Z"},    {"Africa/Cairo", "2026-04-24T00:00:00Z"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct zone *zone = load(rows[i].zone);
		int64_t middle_s = at(rows[i].day) / USEC_PER_SEC;
		zones_use(":", rows[i].zone);
		compare_minutes(zone, middle_s - (zones_slow() ? 1 : 20) * 86400, middle_s + (zones_slow() ? 1 : 20) * 86400);
		zone_free(zone);
	}
}

static void ends_of_time_are_not_cut(void **state) {
	static const char *const names[] = {"UTC", "America/Denver", "Pacific/Apia", "Africa/Casablanca"};
	static const usec_t far[] = {INT64_MIN, INT64_MIN + 1, INT64_MIN / 2, INT64_MIN / 2 - 1, INT64_MAX / 2,
	                             INT64_MAX / 2 + 1, INT64_MAX - 1, INT64_MAX};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct zone *zone = load(names[i]);
		for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
			const struct grid grid = grid_of(zone, kind);
			for (size_t j = 0; j < COUNT_OF(far); j++) {
				usec_t low = grid_floor(&grid, far[j]);
				usec_t high = grid_next(&grid, far[j]);
				expect_true(low <= far[j]);
				expect_true(far[j] < high || high == USEC_INFINITY);
			}
			expect_true(grid_floor(&grid, INT64_MIN) == INT64_MIN);
			expect_true(grid_next(&grid, USEC_INFINITY) == USEC_INFINITY);
		}
		zone_free(zone);
	}
}

static void names_read_back(void **state) {
	static const struct {
		enum interval interval;
		const char *name;
		usec_t length;
	} rows[] = {
		{INTERVAL_NONE, "NONE", 0},
		{INTERVAL_MINUTELY, "MINUTELY", USEC_PER_MIN},
		{INTERVAL_QUARTERHOURLY, "QUARTERHOURLY", 15 * USEC_PER_MIN},
		{INTERVAL_HOURLY, "HOURLY", USEC_PER_HOUR},
		{INTERVAL_DAILY, "DAILY", USEC_PER_DAY},
		{INTERVAL_WEEKLY, "WEEKLY", USEC_PER_WEEK},
		{INTERVAL_MONTHLY, "MONTHLY", 30 * USEC_PER_DAY},
	};
	(void)state;
	expect_int(INTERVAL_COUNT, COUNT_OF(rows));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum interval got = INTERVAL_COUNT;
		expect_text(rows[i].name, interval_name(rows[i].interval));
		expect_int(0, interval_parse(rows[i].name, strlen(rows[i].name), &got));
		expect_int(rows[i].interval, got);
		expect_int(rows[i].length, interval_length(rows[i].interval));
	}
}

static void other_names_are_refused(void **state) {
	static const char *const rows[] = {"", "minutely", "MINUTE", "HOURLY ", "HOURLY2", "YEARLY"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum interval got = INTERVAL_COUNT;
		if (interval_parse(rows[i], strlen(rows[i]), &got) != -EINVAL || got != INTERVAL_COUNT) {
			fail_msg("\"%s\": expected a refusal, got %s", rows[i], interval_name(got));
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_days_are_cut_by_the_local_clock),
		cmocka_unit_test(weeks_and_months_begin_with_their_first_day),
		cmocka_unit_test(in_spring_an_hour_is_missing),
		cmocka_unit_test(in_autumn_an_hour_is_shown_twice),
		cmocka_unit_test(half_hour_change_makes_hours_of_ninety_minutes),
		cmocka_unit_test(change_of_the_zone_itself_moves_the_edges),
		cmocka_unit_test(date_that_does_not_exist_has_no_bucket),
		cmocka_unit_test(where_midnight_does_not_exist_the_date_begins_with_its_first_instant),
		cmocka_unit_test(midnight_shown_twice_begins_one_date),
		cmocka_unit_test(floor_and_next_agree_at_random_instants_in_every_zone),
		cmocka_unit_test(edges_are_where_the_c_library_s_clock_shows_them),
		cmocka_unit_test(edges_of_difficult_days_are_those_of_the_c_library_too),
		cmocka_unit_test(ends_of_time_are_not_cut),
		cmocka_unit_test(names_read_back),
		cmocka_unit_test(other_names_are_refused),
	};
	return cmocka_run_group_tests_name("interval", tests, zones_setup, zones_teardown);
}
