// SPDX-License-Identifier: ISC

/* response/fit.h: whether an answer's stamps fit what was asked. */

#include "fixture.h"
#include "memory.h"

#include "response/fit.h"

#include <errno.h>

/* A range, and an answer to it. */
struct fixture {
	struct settings settings;
	struct span span;
	struct habit habit;
	struct point list[2000];
	struct points points;
	struct fit fit;
	struct error err;
};

static int setup(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f) {
		return -1;
	}
	f->points.list = f->list;
	fit_init(&f->fit);
	*state = f;
	return 0;
}

static int teardown(void **state) {
	struct fixture *f = *state;
	fit_done(&f->fit);
	fit_done(NULL);
	free(f);
	return 0;
}

/* So many buckets from there on are asked for, and nothing is answered yet. */
static void ask(struct fixture *f, enum interval interval, const char *zone, const char *start, int buckets) {
	enum stamp stamp = f->settings.stamp;
	f->settings = settings_of(interval, zone, interval == INTERVAL_NONE ? USEC_PER_HOUR : 0);
	f->settings.stamp = stamp;
	f->span = (struct span){.start = at(start), .fresh = at(start), .buckets = buckets, .fresh_buckets = buckets};
	f->span.end = f->span.start;
	for (int i = 0; i < buckets; i++) {
		f->span.end = grid_next(&f->settings.bucket, f->span.end);
	}
	f->points.len = 0;
	f->points.lost = 0;
	f->points.odd_stamp[0] = '\0';
}

static usec_t edge(const struct fixture *f, int number) {
	usec_t instant = f->span.start;
	for (int i = 0; i < number; i++) {
		instant = grid_next(&f->settings.bucket, instant);
	}
	return instant;
}

static void answer(struct fixture *f, usec_t stamp) {
	f->list[f->points.len++] = (struct point){
		.time = stamp, .has_timestamp = true, .timestamp_ms = stamp / USEC_PER_MSEC, .kind = COUNT_ONE, .count = 7,
	};
}

static int judge(struct fixture *f) {
	f->err.text[0] = '\0';
	int r = fit_points(&f->fit, &f->settings, &f->habit, &f->span, &f->points, &f->err);
	f->habit = f->fit.habit;
	return r;
}

static void expect_fit(struct fixture *f, const char *what) {
	expect_int(0, judge(f), "%s: %s", what, f->err.text);
	expect_int(false, f->habit.misfit && f->fit.points > 0, "%s: misfit", what);
}

/* The sentence has the stamp, the edge that was expected, and the words. */
static void expect_misfit(struct fixture *f, const char *what, usec_t stamp, usec_t expected, const char *words) {
	char text[64];
	expect_int(-EBADMSG, judge(f), "%s", what);
	expect_int(true, f->habit.misfit, "%s: misfit", what);
	(void)snprintf(text, sizeof(text), "timestampMs %" PRId64 " (", stamp / USEC_PER_MSEC);
	expect_int(true, strstr(f->err.text, text) != NULL, "%s: \"%s\" in: %s", what, text, f->err.text);
	(void)snprintf(text, sizeof(text), ": expected %" PRId64 " (", expected / USEC_PER_MSEC);
	expect_int(true, strstr(f->err.text, text) != NULL, "%s: \"%s\" in: %s", what, text, f->err.text);
	expect_int(true, strstr(f->err.text, words) != NULL, "%s: \"%s\" in: %s", what, words, f->err.text);
}

/* Ranges with all kinds of buckets, and changes of the clock in some. */
static const struct range {
	enum interval interval;
	const char *zone, *start;
	int buckets;
} ranges[] = {
	{INTERVAL_MINUTELY, "America/Denver", "2026-11-23T08:15:00Z", 1},
	{INTERVAL_MINUTELY, "America/Denver", "2026-11-23T08:15:00Z", 90},
	{INTERVAL_QUARTERHOURLY, "Asia/Kathmandu", "2026-11-23T08:15:00Z", 40},
	{INTERVAL_HOURLY, "Asia/Kolkata", "2026-11-23T08:30:00Z", 50},
	{INTERVAL_HOURLY, "America/Denver", "2026-11-01T05:00:00Z", 12},
	{INTERVAL_HOURLY, "Australia/Lord_Howe", "2026-04-04T10:00:00Z", 12},
	{INTERVAL_HOURLY, "Australia/Lord_Howe", "2026-10-03T11:30:00Z", 12},
	{INTERVAL_DAILY, "America/Denver", "2026-11-23T07:00:00Z", 1},
	{INTERVAL_DAILY, "America/Denver", "2026-03-05T07:00:00Z", 9},
	{INTERVAL_DAILY, "America/Denver", "2026-10-28T06:00:00Z", 9},
	{INTERVAL_WEEKLY, "Europe/Berlin", "2026-10-11T22:00:00Z", 5},
	{INTERVAL_MONTHLY, "America/Denver", "2026-01-01T07:00:00Z", 12},
};

/* One part of a hundred more, from the start of the bucket to just before its end. */
static void buckets_may_be_stamped_anywhere_but_at_their_ends(void **state) {
	struct fixture *f = *state;
	static const char *const places[] = {"the start", "a millisecond behind it", "the middle", "the last millisecond"};
	for (size_t row = 0; row < COUNT_OF(ranges); row++) {
		for (size_t place = 0; place < COUNT_OF(places); place++) {
			f->habit = (struct habit){0};
			ask(f, ranges[row].interval, ranges[row].zone, ranges[row].start, ranges[row].buckets);
			for (int i = 0; i < ranges[row].buckets; i++) {
				usec_t start = edge(f, i), end = edge(f, i + 1);
				const usec_t stamps[] = {start, start + 1000, start + (end - start) / 2, end - 1000};
				answer(f, stamps[place]);
			}
			expect_fit(f, places[place]);
			expect_int(ranges[row].buckets, f->fit.points, "row %zu: points", row);
			expect_int(0, f->fit.outside, "row %zu: outside", row);
			for (int i = 0; i < ranges[row].buckets; i++) {
				expect_int(i, f->fit.chosen[i], "row %zu, %s: bucket %d", row, places[place], i);
			}
		}
	}
}

static void stamps_of_the_end_fail_until_they_are_configured(void **state) {
	struct fixture *f = *state;
	for (size_t row = 0; row < COUNT_OF(ranges); row++) {
		f->settings.stamp = STAMP_START;
		f->habit = (struct habit){0};
		ask(f, ranges[row].interval, ranges[row].zone, ranges[row].start, ranges[row].buckets);
		for (int i = 0; i < ranges[row].buckets; i++) {
			answer(f, edge(f, i + 1));
		}
		expect_misfit(f, ranges[row].zone, f->span.end, f->span.start, "set stamp = \"end\"");

		f->settings.stamp = STAMP_END;
		f->habit = (struct habit){0};
		expect_fit(f, ranges[row].zone);
		expect_int(ranges[row].buckets, f->fit.points, "row %zu: points", row);
		for (int i = 0; i < ranges[row].buckets; i++) {
			expect_int(i, f->fit.chosen[i], "row %zu: bucket %d", row, i);
		}

		/* And the reverse. */
		f->points.len = 0;
		f->habit = (struct habit){0};
		for (int i = 0; i < ranges[row].buckets; i++) {
			answer(f, edge(f, i));
		}
		expect_misfit(f, ranges[row].zone, f->span.start, f->span.end, "set stamp = \"start\"");
	}
}

/* A server that gives the bucket behind the range as well. */
static void a_point_on_the_end_is_dropped_if_there_is_one_on_the_start(void **state) {
	struct fixture *f = *state;
	ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:15:00Z", 5);
	answer(f, edge(f, 5));
	answer(f, edge(f, 3));
	expect_misfit(f, "sparse", edge(f, 5), edge(f, 0), "stamp = \"end\"");
	answer(f, edge(f, 0));
	expect_fit(f, "with one on the start");
	expect_int(2, f->fit.points, "points");
	expect_int(1, f->fit.outside, "outside");
}

/* Another server, or the same after a change: what its stamps were before shows nothing. */
static void ends_are_seen_after_starts(void **state) {
	struct fixture *f = *state;
	ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:15:00Z", 3);
	for (int i = 0; i < 3; i++) {
		answer(f, edge(f, i));
	}
	expect_fit(f, "starts");
	f->points.len = 0;
	for (int i = 0; i < 3; i++) {
		answer(f, edge(f, i + 1));
	}
	expect_misfit(f, "ends", edge(f, 3), edge(f, 0), "stamp = \"end\"");
}

/* The last bucket is empty and left out: what is left looks like starts. */
static void once_ends_are_seen_a_start_must_be_shown(void **state) {
	struct fixture *f = *state;
	ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:15:00Z", 4);
	answer(f, edge(f, 2));
	expect_fit(f, "nothing is known");
	answer(f, edge(f, 4));
	expect_misfit(f, "an end", edge(f, 4), edge(f, 0), "stamp = \"end\"");
	f->points.len = 1;
	expect_misfit(f, "it may be one", edge(f, 2), edge(f, 0), "stamp = \"end\"");
	f->points.len = 0;
	expect_fit(f, "empty");
	answer(f, edge(f, 2));
	expect_misfit(f, "it may still be one", edge(f, 2), edge(f, 0), "stamp = \"end\"");
	answer(f, edge(f, 0));
	expect_fit(f, "a start");
	f->points.len = 1;
	expect_fit(f, "from then on");
}

static void points_outside_are_counted(void **state) {
	struct fixture *f = *state;
	ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:15:00Z", 3);
	answer(f, edge(f, 0) - USEC_PER_MIN);
	expect_fit(f, "the bucket before");
	expect_int(0, f->fit.points, "points");
	expect_int(1, f->fit.outside, "outside");
	answer(f, edge(f, 0));
	answer(f, edge(f, 2));
	answer(f, edge(f, 3));
	answer(f, edge(f, 3) + 7 * USEC_PER_MIN + 1);
	answer(f, INT64_MAX);
	expect_fit(f, "some beside others");
	expect_int(2, f->fit.points, "points");
	expect_int(0, f->fit.first, "first");
	expect_int(4, f->fit.outside, "outside");
}

static void stamps_in_other_units_are_in_no_interval(void **state) {
	struct fixture *f = *state;
	static const struct {
		int64_t multiply, divide;
	} units[] = {{1, 1000}, {1000, 1}, {1, 60000}};
	for (size_t row = 0; row < COUNT_OF(units); row++) {
		for (int buckets = 1; buckets < 100; buckets += 33) {
			ask(f, INTERVAL_MINUTELY, "America/Denver", "2026-11-23T08:15:00Z", buckets);
			usec_t first = edge(f, 0) * units[row].multiply / units[row].divide, last = first;
			for (int i = 0; i < buckets; i++) {
				last = edge(f, i) * units[row].multiply / units[row].divide;
				answer(f, last);
			}
			expect_misfit(f, "a unit", last, edge(f, 0), "in no interval that was asked for");
		}
	}
}

static void text_is_no_stamp(void **state) {
	struct fixture *f = *state;
	ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:15:00Z", 2);
	answer(f, edge(f, 0));
	answer(f, edge(f, 1));
	(void)snprintf(f->points.odd_stamp, sizeof(f->points.odd_stamp), "\"2026-11-23T08:15:00Z\"");
	expect_int(-EBADMSG, judge(f), "text");
	expect_text("timestampMs \"2026-11-23T08:15:00Z\" is not a number of milliseconds: "
	            "expected a number such as 1795421700000 (2026-11-23T08:15:00Z)",
	            f->err.text, "text");
}

/* A count that cannot be placed may belong to any bucket that waits for one. */
static void a_count_without_a_time_fails_where_one_is_missing(void **state) {
	struct fixture *f = *state;
	ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:15:00Z", 2);
	f->points.lost = 1;
	answer(f, edge(f, 0));
	expect_int(-EBADMSG, judge(f), "one is missing");
	expect_text("1 point with a count and without a time: expected timestampMs 1795421760000 (2026-11-23T08:16:00Z)",
	            f->err.text, "one is missing");
	answer(f, edge(f, 1));
	expect_fit(f, "none is missing");
}

static void of_equal_stamps_the_last_stands_and_others_fail(void **state) {
	struct fixture *f = *state;
	ask(f, INTERVAL_HOURLY, "UTC", "2026-11-23T08:00:00Z", 2);
	answer(f, edge(f, 0));
	answer(f, edge(f, 1));
	answer(f, edge(f, 0));
	expect_fit(f, "equal stamps");
	expect_int(2, f->fit.chosen[0], "the last one");
	answer(f, edge(f, 1) + 15 * USEC_PER_MIN);
	expect_misfit(f, "quarters of an hour", edge(f, 1) + 15 * USEC_PER_MIN, edge(f, 1), "second stamp");

	/* A single count is one. */
	ask(f, INTERVAL_NONE, "UTC", "2026-11-23T08:00:00Z", 1);
	answer(f, edge(f, 0));
	answer(f, edge(f, 0) + USEC_PER_MIN);
	expect_misfit(f, "a series", edge(f, 0) + USEC_PER_MIN, edge(f, 0), "second stamp");
}

static void stamps_have_one_place(void **state) {
	struct fixture *f = *state;
	ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:15:00Z", 4);
	answer(f, edge(f, 0) + 20 * USEC_PER_SEC);
	answer(f, edge(f, 1) + 20 * USEC_PER_SEC);
	answer(f, edge(f, 3) + 21 * USEC_PER_SEC);
	expect_fit(f, "a blur of a second");
	answer(f, edge(f, 2) + 40 * USEC_PER_SEC);
	expect_misfit(f, "elsewhere", edge(f, 2) + 40 * USEC_PER_SEC, edge(f, 2) + 20 * USEC_PER_SEC, "another place");

	/* 15:00 by the local clock: 15, 14, or 16 hours from the start. */
	ask(f, INTERVAL_DAILY, "America/Denver", "2026-03-07T07:00:00Z", 3);
	answer(f, edge(f, 1) - 9 * USEC_PER_HOUR + USEC_PER_MIN);
	answer(f, edge(f, 2) - 9 * USEC_PER_HOUR + USEC_PER_MIN);
	answer(f, edge(f, 3) - 9 * USEC_PER_HOUR + USEC_PER_MIN);
	expect_fit(f, "so long before the end");
}

static void time_that_is_cut_in_another_zone_fails(void **state) {
	struct fixture *f = *state;
	static const struct {
		enum interval interval;
		const char *zone, *start, *first;
		usec_t length;
	} rows[] = {
		/* Days of UTC, and of New York. */
		{INTERVAL_DAILY, "America/Denver", "2026-11-23T07:00:00Z", "2026-11-24T00:00:00Z", USEC_PER_DAY},
		{INTERVAL_DAILY, "America/Denver", "2026-11-23T07:00:00Z", "2026-11-24T05:00:00Z", USEC_PER_DAY},
		{INTERVAL_DAILY, "Asia/Kolkata", "2026-11-22T18:30:00Z", "2026-11-23T00:00:00Z", USEC_PER_DAY},
		/* Hours of UTC. */
		{INTERVAL_HOURLY, "Asia/Kathmandu", "2026-11-23T08:15:00Z", "2026-11-23T09:00:00Z", USEC_PER_HOUR},
		/* Weeks of UTC. */
		{INTERVAL_WEEKLY, "America/Denver", "2026-11-23T07:00:00Z", "2026-11-30T00:00:00Z", USEC_PER_WEEK},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		for (int buckets = 1; buckets <= 3; buckets++) {
			ask(f, rows[row].interval, rows[row].zone, rows[row].start, buckets);
			for (int i = 0; i < buckets; i++) {
				answer(f, at(rows[row].first) + i * rows[row].length);
			}
			expect_misfit(f, rows[row].zone, at(rows[row].first), f->span.start, "is not an edge in ");
			expect_int(true, strstr(f->err.text, rows[row].zone) != NULL, "%s: %s", rows[row].zone, f->err.text);
		}
	}
}

/* Hours where minutes were asked for: one stamp in a bucket at most, all at the start. */
static void longer_intervals_than_asked_for_fail(void **state) {
	struct fixture *f = *state;
	static const struct {
		enum interval own, longer;
		int buckets, every, misfits_from;
	} rows[] = {
		{INTERVAL_MINUTELY, INTERVAL_QUARTERHOURLY, 120, 15, 3},
		{INTERVAL_MINUTELY, INTERVAL_HOURLY, 1440, 60, 2},
		{INTERVAL_QUARTERHOURLY, INTERVAL_HOURLY, 48, 4, 5},
		{INTERVAL_HOURLY, INTERVAL_DAILY, 240, 24, 3},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		for (int points = 1; points < 7; points++) {
			f->habit = (struct habit){0};
			ask(f, rows[row].own, "UTC", "2026-11-23T00:00:00Z", rows[row].buckets);
			for (int i = 0; i < points; i++) {
				answer(f, edge(f, i * rows[row].every));
			}
			if (points < rows[row].misfits_from) {
				expect_fit(f, "it may be chance");
				continue;
			}
			usec_t last = edge(f, (points - 1) * rows[row].every);
			expect_misfit(f, interval_name(rows[row].longer), last, grid_next(&f->settings.bucket, last),
			              interval_name(rows[row].longer));

			/* Nor is a smaller range believed then, */
			ask(f, rows[row].own, "UTC", "2026-11-23T00:00:00Z", 1);
			answer(f, edge(f, 0));
			expect_misfit(f, "a single bucket", edge(f, 0), edge(f, 1), interval_name(rows[row].longer));
			/* until a point is elsewhere. */
			ask(f, rows[row].own, "UTC", "2026-11-23T00:00:00Z", 3);
			answer(f, edge(f, 0));
			answer(f, edge(f, 1));
			expect_fit(f, "one elsewhere");
			expect_int(INTERVAL_NONE, f->habit.longer, "the habit");
		}
	}
}

/* The hour that holds the range, stamped with its start, and the next one. */
static void an_hour_before_the_range_counts_as_one(void **state) {
	struct fixture *f = *state;
	ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:50:00Z", 15);
	answer(f, at("2026-11-23T08:00:00Z"));
	answer(f, at("2026-11-23T09:00:00Z"));
	expect_misfit(f, "two hours", at("2026-11-23T09:00:00Z"), at("2026-11-23T09:01:00Z"), "HOURLY");
	ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:30:00Z", 15);
	answer(f, at("2026-11-23T08:00:00Z"));
	f->habit = (struct habit){0};
	expect_misfit(f, "one hour", at("2026-11-23T08:00:00Z"), at("2026-11-23T08:30:00Z"), "in no interval");
}

/* People come on the hour, but not each hour and not only then. */
static void sparse_answers_fit(void **state) {
	struct fixture *f = *state;
	static const int places[][4] = {{0, 60, 180, -1}, {60, 120, 121, -1}, {0, 59, 60, -1}, {7, -1}, {1439, -1}, {-1}};
	for (size_t row = 0; row < COUNT_OF(places); row++) {
		f->habit = (struct habit){0};
		ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T00:00:00Z", 1440);
		for (int i = 0; places[row][i] >= 0; i++) {
			answer(f, edge(f, places[row][i]));
		}
		expect_fit(f, "sparse");
		expect_int(f->points.len, f->fit.points, "row %zu", row);
	}
}

/* The bucket behind the range may begin and end in the answer; what is further away is of another range. */
static void a_point_beside_the_range_is_no_stray(void **state) {
	(void)state;
	struct fixture *f = *state;
	static const struct {
		usec_t from_start, from_end; /* one of them */
		bool near;
	} rows[] = {{-USEC_PER_MIN, 0, true}, {-USEC_PER_MIN - 1000, 0, false},
	            {0, USEC_PER_MIN, true}, {0, USEC_PER_MIN + 1000, false}};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		f->habit = (struct habit){0};
		ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:15:00Z", 3);
		usec_t stamp = (rows[row].from_start ? edge(f, 0) : edge(f, 3)) + rows[row].from_start + rows[row].from_end;
		answer(f, stamp);
		if (rows[row].near) {
			expect_fit(f, "beside the range");
			expect_int(0, f->fit.points, "row %zu: points", row);
			expect_int(1, f->fit.outside, "row %zu: outside", row);
		} else {
			expect_misfit(f, "far from the range", stamp, edge(f, 0), "in no interval");
		}
	}
}

/* Which stamp is shown, and which edge was expected, where not the first point or edge is meant. */
static void the_stamp_that_is_shown_is_of_the_range(void **state) {
	(void)state;
	struct fixture *f = *state;
	/* One beside the range shows that it was understood, whatever else there is. */
	ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:15:00Z", 3);
	answer(f, edge(f, 0) - USEC_PER_MIN);
	answer(f, edge(f, 3) + 10 * USEC_PER_MIN);
	expect_fit(f, "one beside it and one far away");
	expect_int(2, f->fit.outside, "outside");

	ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:15:00Z", 4);
	answer(f, edge(f, 4));
	expect_misfit(f, "an end", edge(f, 4), edge(f, 0), "stamp = \"end\"");
	f->points.len = 0;
	answer(f, edge(f, 0) - 30 * USEC_PER_MIN);
	answer(f, edge(f, 2));
	expect_misfit(f, "it may be one, behind one of another range", edge(f, 2), edge(f, 0), "stamp = \"end\"");

	f->habit = (struct habit){0};
	f->settings.stamp = STAMP_END;
	ask(f, INTERVAL_DAILY, "America/Denver", "2026-11-23T07:00:00Z", 2);
	f->settings.stamp = STAMP_END;
	answer(f, at("2026-11-24T00:00:00Z"));
	answer(f, at("2026-11-25T00:00:00Z"));
	expect_misfit(f, "days of UTC, by their ends", at("2026-11-24T00:00:00Z"), edge(f, 1), "is not an edge in ");
	f->settings.stamp = STAMP_START;
}

/* It stands for the whole range, wherever it is stamped; but not for another one. */
static void a_single_count_may_be_stamped_with_either_end(void **state) {
	(void)state;
	struct fixture *f = *state;
	for (int by_end = 0; by_end < 2; by_end++) {
		for (int place = 0; place < 4; place++) {
			f->habit = (struct habit){0};
			f->settings.stamp = by_end ? STAMP_END : STAMP_START;
			ask(f, INTERVAL_NONE, "UTC", "2026-11-23T08:00:00Z", 1);
			const usec_t stamps[] = {edge(f, 0), edge(f, 1), edge(f, 0) - USEC_PER_SEC, edge(f, 1) + USEC_PER_SEC};
			f->settings.stamp = by_end ? STAMP_END : STAMP_START;
			answer(f, stamps[place]);
			expect_fit(f, "a single count");
			expect_int(place < 2, f->fit.points, "place %d, by the end %d: points", place, by_end);
			expect_int(place >= 2, f->fit.outside, "place %d, by the end %d: outside", place, by_end);
		}
	}
	f->settings.stamp = STAMP_START;
}

static void a_stamp_of_one_character_is_none(void **state) {
	(void)state;
	struct fixture *f = *state;
	ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:15:00Z", 2);
	answer(f, edge(f, 0));
	(void)snprintf(f->points.odd_stamp, sizeof(f->points.odd_stamp), "?");
	expect_int(-EBADMSG, judge(f), "one character");
	expect_int(1, strstr(f->err.text, "timestampMs ? is not a number") != NULL, "%s", f->err.text);
}

/* The stamp that is shown is the one that is elsewhere, and not one that is as good as the first. */
static void a_blur_of_a_second_is_not_elsewhere(void **state) {
	(void)state;
	struct fixture *f = *state;
	for (int sign = -1; sign <= 1; sign += 2) {
		f->habit = (struct habit){0};
		ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:15:00Z", 3);
		answer(f, edge(f, 0) + 20 * USEC_PER_SEC);
		answer(f, edge(f, 1) + 40 * USEC_PER_SEC);
		answer(f, edge(f, 2) + (20 + sign) * USEC_PER_SEC);
		expect_misfit(f, "elsewhere", edge(f, 1) + 40 * USEC_PER_SEC, edge(f, 1) + 20 * USEC_PER_SEC, "another place");
	}
}

/* What has been said of a server stays until an answer with a point shows the contrary; one is enough. */
static void an_empty_answer_shows_nothing_and_one_point_does(void **state) {
	(void)state;
	struct fixture *f = *state;
	ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T00:00:00Z", 1440);
	for (int i = 0; i < 5; i++) {
		answer(f, edge(f, i * 60));
	}
	expect_misfit(f, "hours", edge(f, 240), edge(f, 241), "HOURLY");
	f->points.len = 0;
	expect_int(0, judge(f), "nothing");
	expect_int(true, f->habit.misfit, "nothing: misfit");
	expect_int(INTERVAL_HOURLY, f->habit.longer, "nothing: the habit");
	answer(f, edge(f, 7));
	expect_fit(f, "one elsewhere");
	expect_int(INTERVAL_NONE, f->habit.longer, "one elsewhere: the habit");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* It is said, and nothing of it is left to the next answer. */
static void without_memory_nothing_is_said_of_an_answer(void **state) {
	struct fixture *f = *state;
	int at_call = 1;
	for (bool hit = true; hit; at_call++) {
		fit_done(&f->fit);
		ask(f, INTERVAL_MINUTELY, "UTC", "2026-11-23T08:00:00Z", 5);
		for (int i = 0; i < 5; i++) {
			answer(f, edge(f, i));
		}
		memory_arm(at_call);
		int r = judge(f);
		hit = memory_disarm();
		expect_int(hit ? -ENOMEM : 0, r, "call %d", at_call);
		expect_int(0, judge(f), "call %d: and again: %s", at_call, f->err.text);
	}
	expect_int(4, at_call, "calls");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(buckets_may_be_stamped_anywhere_but_at_their_ends),
		TEST(stamps_of_the_end_fail_until_they_are_configured),
		TEST(a_point_on_the_end_is_dropped_if_there_is_one_on_the_start),
		TEST(ends_are_seen_after_starts),
		TEST(once_ends_are_seen_a_start_must_be_shown),
		TEST(points_outside_are_counted),
		TEST(stamps_in_other_units_are_in_no_interval),
		TEST(text_is_no_stamp),
		TEST(a_count_without_a_time_fails_where_one_is_missing),
		TEST(of_equal_stamps_the_last_stands_and_others_fail),
		TEST(stamps_have_one_place),
		TEST(time_that_is_cut_in_another_zone_fails),
		TEST(longer_intervals_than_asked_for_fail),
		TEST(an_hour_before_the_range_counts_as_one),
		TEST(sparse_answers_fit),
		TEST(a_point_beside_the_range_is_no_stray),
		TEST(the_stamp_that_is_shown_is_of_the_range),
		TEST(a_single_count_may_be_stamped_with_either_end),
		TEST(a_stamp_of_one_character_is_none),
		TEST(a_blur_of_a_second_is_not_elsewhere),
		TEST(an_empty_answer_shows_nothing_and_one_point_does),
		TEST(without_memory_nothing_is_said_of_an_answer),
	};
	return cmocka_run_group_tests_name("fit", tests, NULL, zones_done);
}
