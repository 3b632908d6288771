// SPDX-License-Identifier: ISC

/* schedule/span.h: what a device asks for next, and when. */

#include "fixture.h"

#include "schedule/span.h"

#define DENVER  "America/Denver"
#define KOLKATA "Asia/Kolkata"
#define HOUR    USEC_PER_HOUR
#define MINUTE  USEC_PER_MIN

static void lookback_is_whole_buckets_and_leaves_room_for_a_new_one(void **state) {
	(void)state;
	static const struct {
		enum interval interval;
		usec_t lookback;
		int max_points, expected;
	} rows[] = {
		{INTERVAL_MINUTELY, 0, 1440, 0},
		{INTERVAL_MINUTELY, 10 * MINUTE, 1440, 10},
		{INTERVAL_MINUTELY, 10 * MINUTE + 1, 1440, 11},
		{INTERVAL_MINUTELY, 1, 1440, 1},
		{INTERVAL_MINUTELY, USEC_PER_DAY, 1440, 1439},
		{INTERVAL_MINUTELY, 10 * MINUTE, 5, 4},
		{INTERVAL_MINUTELY, 10 * MINUTE, 1, 0},
		{INTERVAL_QUARTERHOURLY, HOUR, 1440, 4},
		{INTERVAL_HOURLY, 10 * MINUTE, 1440, 1},
		{INTERVAL_DAILY, 2 * USEC_PER_DAY, 1440, 2},
		{INTERVAL_WEEKLY, USEC_PER_WEEK, 1440, 1},
		{INTERVAL_MONTHLY, 31 * USEC_PER_DAY, 1440, 2},
		{INTERVAL_NONE, HOUR, 1440, 0},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct settings settings = settings_of(rows[row].interval, "UTC", 15 * MINUTE);
		settings.lookback = rows[row].lookback;
		settings.max_points = rows[row].max_points;
		expect_int(rows[row].expected, span_lookback_buckets(&settings), "row %zu", row);
	}
}

/* Settle is 90 s in every row. */
static void closed_is_the_last_end_that_has_settled(void **state) {
	(void)state;
	static const struct {
		enum interval interval;
		const char *zone, *now, *expected;
	} rows[] = {
		{INTERVAL_MINUTELY, "UTC", "2026-11-23T08:09:30Z", "2026-11-23T08:08:00Z"},
		{INTERVAL_MINUTELY, "UTC", "2026-11-23T08:09:29.999Z", "2026-11-23T08:07:00Z"},
		{INTERVAL_QUARTERHOURLY, "UTC", "2026-11-23T08:16:30Z", "2026-11-23T08:15:00Z"},
		{INTERVAL_QUARTERHOURLY, "UTC", "2026-11-23T08:16:29Z", "2026-11-23T08:00:00Z"},
		{INTERVAL_HOURLY, KOLKATA, "2026-11-23T08:31:30Z", "2026-11-23T08:30:00Z"},
		{INTERVAL_HOURLY, KOLKATA, "2026-11-23T08:31:29Z", "2026-11-23T07:30:00Z"},
		{INTERVAL_DAILY, DENVER, "2026-11-23T07:01:30Z", "2026-11-23T07:00:00Z"},
		{INTERVAL_DAILY, DENVER, "2026-11-23T07:01:29Z", "2026-11-22T07:00:00Z"},
		{INTERVAL_DAILY, DENVER, "2026-11-02T07:01:29Z", "2026-11-01T06:00:00Z"},
		{INTERVAL_WEEKLY, DENVER, "2026-11-23T07:01:30Z", "2026-11-23T07:00:00Z"},
		{INTERVAL_WEEKLY, DENVER, "2026-11-23T07:01:29Z", "2026-11-16T07:00:00Z"},
		{INTERVAL_MONTHLY, DENVER, "2026-12-01T07:01:30Z", "2026-12-01T07:00:00Z"},
		{INTERVAL_MONTHLY, DENVER, "2026-12-01T07:01:29Z", "2026-11-01T06:00:00Z"},
		{INTERVAL_NONE, "UTC", "2026-11-23T10:01:30Z", "2026-11-23T10:00:00Z"},
		{INTERVAL_NONE, "UTC", "2026-11-23T10:01:29Z", "2026-11-23T08:00:00Z"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct settings settings = settings_of(rows[row].interval, rows[row].zone, 2 * HOUR);
		settings.settle = 90 * USEC_PER_SEC;
		expect_time(at(rows[row].expected), span_closed(&settings, at(rows[row].now)), "row %zu", row);
	}
}

static void the_first_cursor_is_the_start_of_the_last_closed_bucket(void **state) {
	(void)state;
	static const struct {
		enum interval interval;
		const char *zone, *now, *expected;
	} rows[] = {
		{INTERVAL_MINUTELY, "UTC", "2026-11-23T08:09:30Z", "2026-11-23T08:07:00Z"},
		{INTERVAL_QUARTERHOURLY, "UTC", "2026-11-23T08:16:30Z", "2026-11-23T08:00:00Z"},
		{INTERVAL_HOURLY, KOLKATA, "2026-11-23T08:31:30Z", "2026-11-23T07:30:00Z"},
		/* The day with 25 hours, and the one with 23. */
		{INTERVAL_DAILY, DENVER, "2026-11-02T12:00:00Z", "2026-11-01T06:00:00Z"},
		{INTERVAL_DAILY, DENVER, "2026-03-09T12:00:00Z", "2026-03-08T07:00:00Z"},
		{INTERVAL_WEEKLY, DENVER, "2026-11-25T00:00:00Z", "2026-11-16T07:00:00Z"},
		{INTERVAL_MONTHLY, DENVER, "2026-11-25T00:00:00Z", "2026-10-01T06:00:00Z"},
		{INTERVAL_NONE, "UTC", "2026-11-23T10:01:30Z", "2026-11-23T08:00:00Z"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct settings settings = settings_of(rows[row].interval, rows[row].zone, 2 * HOUR);
		settings.settle = 90 * USEC_PER_SEC;
		usec_t cursor = span_first_cursor(&settings, at(rows[row].now));
		expect_time(at(rows[row].expected), cursor, "row %zu", row);
		expect_time(span_closed(&settings, at(rows[row].now)), grid_next(&settings.bucket, cursor),
		            "row %zu: one bucket is closed behind it", row);
	}
}

static void backfill_from_begins_at_the_first_whole_bucket(void **state) {
	(void)state;
	static const struct {
		enum interval interval;
		const char *from; /* NULL: ago */
		usec_t ago;
		const char *expected;
	} rows[] = {
		{INTERVAL_MINUTELY, "2026-11-20T00:00:00Z", -1, "2026-11-20T00:00:00Z"},
		{INTERVAL_MINUTELY, "2026-11-20T00:00:00.001Z", -1, "2026-11-20T00:01:00Z"},
		{INTERVAL_HOURLY, "2026-11-20T00:30:00Z", -1, "2026-11-20T01:00:00Z"},
		{INTERVAL_DAILY, "2026-11-20T07:00:00Z", -1, "2026-11-20T07:00:00Z"},
		{INTERVAL_DAILY, "2026-11-20T00:00:00Z", -1, "2026-11-20T07:00:00Z"},
		{INTERVAL_MONTHLY, "2026-10-15T00:00:00Z", -1, "2026-11-01T06:00:00Z"},
		{INTERVAL_MINUTELY, "2026-12-24T00:00:00Z", -1, "2026-12-24T00:00:00Z"},
		{INTERVAL_MINUTELY, NULL, 6 * HOUR, "2026-11-23T06:00:00Z"},
		{INTERVAL_QUARTERHOURLY, NULL, 6 * HOUR + MINUTE, "2026-11-23T06:00:00Z"},
		{INTERVAL_DAILY, NULL, 2 * USEC_PER_DAY, "2026-11-22T07:00:00Z"},
		{INTERVAL_MINUTELY, NULL, 0, "2026-11-23T12:00:00Z"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct settings settings = settings_of(rows[row].interval, DENVER, 15 * MINUTE);
		settings.since.from = rows[row].from ? at(rows[row].from) : INT64_MIN;
		settings.since.ago = rows[row].ago;
		expect_time(at(rows[row].expected), span_first_cursor(&settings, at("2026-11-23T12:00:00Z")),
		            "row %zu", row);
	}
}

/* A longer window: what is left of it is one count, with a start that no record has yet. */
static void a_single_count_begins_at_the_cursor(void **state) {
	(void)state;
	struct settings settings = settings_of(INTERVAL_NONE, "UTC", 60 * MINUTE);
	struct span span;
	settings.bucket.length = 60 * MINUTE;
	expect_int(1, span_next(&settings, at("2026-11-23T10:15:00Z"), USEC_INFINITY, 1440,
	                        at("2026-11-23T12:05:00Z"), &span), "there is something to ask for");
	expect_time(at("2026-11-23T10:15:00Z"), span.start, "start");
	expect_time(at("2026-11-23T11:00:00Z"), span.end, "end");
	expect_int(1, span.buckets, "buckets");
}

/* A look-back of four minutes; "" for an oldest of USEC_INFINITY. */
static void a_span_is_whole_buckets_from_the_cursor_on(void **state) {
	(void)state;
	static const struct {
		const char *cursor, *oldest;
		int limit;
		const char *now, *start, *fresh, *end; /* start NULL: there is nothing to ask for */
		int buckets, fresh_buckets;
	} rows[] = {
		/* Nothing is closed, or nothing more than is recorded. */
		{"2026-11-23T08:00:00Z", "", 1440, "2026-11-23T08:00:59Z", NULL, "", "", 0, 0},
		{"2026-11-23T08:00:00Z", "", 1440, "2026-11-23T07:00:00Z", NULL, "", "", 0, 0},
		/* Without memory: no look-back. */
		{"2026-11-23T08:00:00Z", "", 1440, "2026-11-23T08:01:00Z", "2026-11-23T08:00:00Z",
		 "2026-11-23T08:00:00Z", "2026-11-23T08:01:00Z", 1, 1},
		{"2026-11-23T08:00:00Z", "", 1440, "2026-11-23T08:05:59Z", "2026-11-23T08:00:00Z",
		 "2026-11-23T08:00:00Z", "2026-11-23T08:05:00Z", 5, 5},
		/* With it: as far as it reaches, or as far as the look-back does. */
		{"2026-11-23T08:00:00Z", "2026-11-23T07:59:00Z", 1440, "2026-11-23T08:05:00Z",
		 "2026-11-23T07:59:00Z", "2026-11-23T08:00:00Z", "2026-11-23T08:05:00Z", 6, 5},
		{"2026-11-23T08:00:00Z", "2026-11-23T07:30:00Z", 1440, "2026-11-23T08:05:00Z",
		 "2026-11-23T07:56:00Z", "2026-11-23T08:00:00Z", "2026-11-23T08:05:00Z", 9, 5},
		/* Limits: what is new comes first, and the look-back takes the room that is left. */
		{"2026-11-23T08:00:00Z", "", 3, "2026-11-23T09:00:00Z", "2026-11-23T08:00:00Z",
		 "2026-11-23T08:00:00Z", "2026-11-23T08:03:00Z", 3, 3},
		{"2026-11-23T08:00:00Z", "2026-11-23T07:00:00Z", 10, "2026-11-23T09:00:00Z",
		 "2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z", "2026-11-23T08:10:00Z", 10, 10},
		{"2026-11-23T08:00:00Z", "2026-11-23T07:00:00Z", 10, "2026-11-23T08:08:00Z",
		 "2026-11-23T07:58:00Z", "2026-11-23T08:00:00Z", "2026-11-23T08:08:00Z", 10, 8},
		{"2026-11-23T08:00:00Z", "2026-11-23T07:00:00Z", 1, "2026-11-23T09:00:00Z",
		 "2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z", "2026-11-23T08:01:00Z", 1, 1},
		{"2026-11-23T08:00:00Z", "2026-11-23T07:00:00Z", 0, "2026-11-23T09:00:00Z",
		 "2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z", "2026-11-23T08:01:00Z", 1, 1},
		/* A cursor inside a bucket leaves no time out. */
		{"2026-11-23T08:00:30Z", "", 1440, "2026-11-23T08:02:00Z", "2026-11-23T08:00:00Z",
		 "2026-11-23T08:00:00Z", "2026-11-23T08:02:00Z", 2, 2},
	};
	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * MINUTE);
	settings.lookback = 4 * MINUTE;

	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct span span = {.start = -7, .buckets = -7};
		usec_t oldest = rows[row].oldest[0] ? at(rows[row].oldest) : USEC_INFINITY;
		bool any = span_next(&settings, at(rows[row].cursor), oldest, rows[row].limit,
		                     at(rows[row].now), &span);
		expect_int(rows[row].start != NULL, any, "row %zu: there is something to ask for", row);
		if (!any) {
			expect_int(-7, span.start, "row %zu: the output is untouched", row);
			continue;
		}
		expect_time(at(rows[row].start), span.start, "row %zu: start", row);
		expect_time(at(rows[row].fresh), span.fresh, "row %zu: fresh", row);
		expect_time(at(rows[row].end), span.end, "row %zu: end", row);
		expect_int(rows[row].buckets, span.buckets, "row %zu: buckets", row);
		expect_int(rows[row].fresh_buckets, span.fresh_buckets, "row %zu: fresh buckets", row);
	}
}

static void none_asks_for_one_window_at_a_time(void **state) {
	(void)state;
	struct settings settings = settings_of(INTERVAL_NONE, "UTC", 2 * HOUR);
	struct span span;
	settings.lookback = 4 * HOUR;
	expect_int(true, span_next(&settings, at("2026-11-23T08:00:00Z"), at("2026-11-23T02:00:00Z"), 1440,
	                           at("2026-11-23T20:00:00Z"), &span), "there is something");
	expect_time(at("2026-11-23T08:00:00Z"), span.start, "start: there is no look-back");
	expect_time(at("2026-11-23T10:00:00Z"), span.end, "end");
	expect_int(1, span.buckets, "buckets");
}

static void days_of_23_and_25_hours_are_one_bucket(void **state) {
	(void)state;
	static const struct {
		const char *cursor, *end;
		usec_t length;
	} rows[] = {
		{"2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z", 23 * HOUR},
		{"2026-11-01T06:00:00Z", "2026-11-02T07:00:00Z", 25 * HOUR},
		{"2026-11-02T07:00:00Z", "2026-11-03T07:00:00Z", 24 * HOUR},
	};
	struct settings settings = settings_of(INTERVAL_DAILY, DENVER, USEC_PER_DAY);
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct span span;
		usec_t end = at(rows[row].end);
		expect_int(false, span_next(&settings, at(rows[row].cursor), USEC_INFINITY, 10, end - 1, &span),
		           "row %zu: not yet closed", row);
		expect_int(true, span_next(&settings, at(rows[row].cursor), USEC_INFINITY, 10, end, &span),
		           "row %zu: closed", row);
		expect_time(end, span.end, "row %zu: end", row);
		expect_int(rows[row].length, span.end - span.start, "row %zu: length", row);
		expect_int(1, span.buckets, "row %zu: buckets", row);
	}
}

static void a_lost_week_of_minutes_is_seven_requests(void **state) {
	(void)state;
	struct settings settings = settings_of(INTERVAL_MINUTELY, DENVER, 5 * MINUTE);
	usec_t now = at("2026-11-23T08:00:00Z"), cursor = now - USEC_PER_WEEK;
	struct span span;
	int requests = 0;
	while (requests < 100 && span_next(&settings, cursor, USEC_INFINITY, settings.max_points, now, &span)) {
		requests++;
		cursor = span.end;
	}
	expect_int(7, requests, "requests");
	expect_time(now, cursor, "cursor at the end");
}

/* Whatever the interval, zone, look-back, limit and cursor: whole buckets, none left out, none twice. */
static void spans_that_follow_each_other_cover_everything_once(void **state) {
	(void)state;
	static const char *const zones[] = {"UTC", DENVER, KOLKATA, "Australia/Lord_Howe"};
	struct rng rng;
	uint64_t seed = seed_of_run(&rng);

	for (int round = 0; round < 300; round++) {
		enum interval interval = (enum interval)rng_below(&rng, INTERVAL_COUNT);
		struct settings settings = settings_of(interval, zones[rng_below(&rng, 4)], 30 * MINUTE);
		settings.lookback = rng_below(&rng, 3 * HOUR);
		settings.settle = rng_below(&rng, HOUR);
		settings.max_points = 1 + (int)rng_below(&rng, 200);
		usec_t reach = interval <= INTERVAL_QUARTERHOURLY ? 2 * USEC_PER_DAY : 90 * USEC_PER_DAY;
		usec_t now = at("2026-11-02T08:00:00Z") + rng_below(&rng, 10 * USEC_PER_DAY);
		usec_t cursor = now - rng_below(&rng, reach), expected = grid_floor(&settings.bucket, cursor);
		usec_t oldest = USEC_INFINITY;
		struct span span;
		int limit = settings.max_points;
		cursor = interval == INTERVAL_NONE ? expected : cursor; /* it does not go back to an edge */

		while (span_next(&settings, cursor, oldest, limit, now, &span)) {
			expect_time(expected, span.fresh, "seed %#" PRIx64 ": round %d: fresh", seed, round);
			expect_between(1, limit, span.buckets, "seed %#" PRIx64 ": round %d: buckets", seed, round);
			expect_between(1, span.buckets, span.fresh_buckets,
			               "seed %#" PRIx64 ": round %d: fresh buckets", seed, round);
			usec_t edge = span.start;
			for (int i = 0; i < span.buckets; i++) {
				expect_time(grid_floor(&settings.bucket, edge), edge,
				            "seed %#" PRIx64 ": round %d: edge %d", seed, round, i);
				edge = grid_next(&settings.bucket, edge);
				if (i == span.buckets - span.fresh_buckets - 1) {
					expect_time(span.fresh, edge, "seed %#" PRIx64 ": round %d: look-back ends",
					            seed, round);
				}
			}
			expect_time(edge, span.end, "seed %#" PRIx64 ": round %d: end", seed, round);
			expect_between(span.fresh + 1, now - settings.settle, span.end,
			               "seed %#" PRIx64 ": round %d: settled", seed, round);
			oldest = oldest == USEC_INFINITY ? span.fresh : oldest;
			cursor = expected = span.end;
			limit = 1 + (int)rng_below(&rng, settings.max_points);
		}
		expect_time(span_closed(&settings, now), expected > span_closed(&settings, now)
		                                                 ? span_closed(&settings, now)
		                                                 : expected,
		            "seed %#" PRIx64 ": round %d: all that is closed was asked for", seed, round);
	}
}

/* Settle is 90 s and the spread 7 s in every row. */
static void a_window_is_due_at_its_end_and_settle_and_spread(void **state) {
	(void)state;
	static const struct {
		enum interval interval;
		const char *zone;
		usec_t window;
		const char *cursor, *window_end;
	} rows[] = {
		{INTERVAL_MINUTELY, "UTC", MINUTE, "2026-11-23T08:05:00Z", "2026-11-23T08:06:00Z"},
		{INTERVAL_MINUTELY, "UTC", 5 * MINUTE, "2026-11-23T08:05:00Z", "2026-11-23T08:10:00Z"},
		{INTERVAL_MINUTELY, "UTC", 5 * MINUTE, "2026-11-23T08:07:00Z", "2026-11-23T08:10:00Z"},
		{INTERVAL_QUARTERHOURLY, DENVER, 15 * MINUTE, "2026-11-23T08:15:00Z", "2026-11-23T08:30:00Z"},
		{INTERVAL_QUARTERHOURLY, DENVER, HOUR, "2026-11-23T08:15:00Z", "2026-11-23T09:00:00Z"},
		{INTERVAL_HOURLY, DENVER, 2 * HOUR, "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z"},
		{INTERVAL_HOURLY, KOLKATA, HOUR, "2026-11-23T08:30:00Z", "2026-11-23T09:30:00Z"},
		/* From 02:00 to 03:00 on 8 March there is no local time. */
		{INTERVAL_MINUTELY, DENVER, 5 * MINUTE, "2026-03-08T08:55:00Z", "2026-03-08T09:00:00Z"},
		{INTERVAL_HOURLY, DENVER, 4 * HOUR, "2026-03-08T07:00:00Z", "2026-03-08T10:00:00Z"},
		{INTERVAL_DAILY, DENVER, USEC_PER_DAY, "2026-11-01T06:00:00Z", "2026-11-02T07:00:00Z"},
		{INTERVAL_DAILY, DENVER, USEC_PER_DAY, "2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z"},
		{INTERVAL_WEEKLY, DENVER, USEC_PER_WEEK, "2026-10-26T06:00:00Z", "2026-11-02T07:00:00Z"},
		{INTERVAL_MONTHLY, DENVER, 30 * USEC_PER_DAY, "2026-11-01T06:00:00Z", "2026-12-01T07:00:00Z"},
		{INTERVAL_NONE, "UTC", 15 * MINUTE, "2026-11-23T08:15:00Z", "2026-11-23T08:30:00Z"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct settings settings = settings_of(rows[row].interval, rows[row].zone, rows[row].window);
		settings.settle = 90 * USEC_PER_SEC;
		usec_t cursor = at(rows[row].cursor), end = at(rows[row].window_end), due;
		due = span_due(&settings, cursor, 7 * USEC_PER_SEC);
		expect_time(end + 97 * USEC_PER_SEC, due, "row %zu: due", row);
		/* When it is due, the whole window can be had, and it is no backlog. */
		expect_int(false, span_closed(&settings, due) < end, "row %zu: the window is closed", row);
		expect_int(false, span_is_backlog(&settings, cursor, due), "row %zu: backlog when due", row);
	}
}

static void more_than_one_window_is_a_backlog(void **state) {
	(void)state;
	static const struct {
		enum interval interval;
		usec_t window;
		const char *cursor, *now;
		bool expected;
	} rows[] = {
		{INTERVAL_MINUTELY, 5 * MINUTE, "2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z", false},
		{INTERVAL_MINUTELY, 5 * MINUTE, "2026-11-23T08:00:00Z", "2026-11-23T08:05:00Z", false},
		{INTERVAL_MINUTELY, 5 * MINUTE, "2026-11-23T08:00:00Z", "2026-11-23T08:05:59Z", false},
		{INTERVAL_MINUTELY, 5 * MINUTE, "2026-11-23T08:00:00Z", "2026-11-23T08:10:00Z", true},
		{INTERVAL_MINUTELY, 5 * MINUTE, "2026-11-23T09:00:00Z", "2026-11-23T08:10:00Z", false},
		{INTERVAL_HOURLY, HOUR, "2026-11-23T08:00:00Z", "2026-11-23T09:59:59Z", false},
		{INTERVAL_HOURLY, HOUR, "2026-11-23T08:00:00Z", "2026-11-23T10:00:00Z", true},
		{INTERVAL_DAILY, USEC_PER_DAY, "2026-11-21T07:00:00Z", "2026-11-23T06:59:59Z", false},
		{INTERVAL_DAILY, USEC_PER_DAY, "2026-11-21T07:00:00Z", "2026-11-23T07:00:00Z", true},
		{INTERVAL_NONE, 15 * MINUTE, "2026-11-23T08:00:00Z", "2026-11-23T08:29:59Z", false},
		{INTERVAL_NONE, 15 * MINUTE, "2026-11-23T08:00:00Z", "2026-11-23T08:30:00Z", true},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct settings settings = settings_of(rows[row].interval, DENVER, rows[row].window);
		expect_int(rows[row].expected,
		           span_is_backlog(&settings, at(rows[row].cursor), at(rows[row].now)), "row %zu", row);
	}
}

static void the_backlog_is_counted_in_buckets(void **state) {
	(void)state;
	static const struct {
		enum interval interval;
		const char *cursor;
		int expected;
	} rows[] = {
		{INTERVAL_MINUTELY, "2026-11-23T08:00:00Z", 480},
		{INTERVAL_MINUTELY, "2026-11-23T15:59:00Z", 1},
		{INTERVAL_MINUTELY, "2026-11-23T16:00:00Z", 0},
		{INTERVAL_MINUTELY, "2026-11-23T17:00:00Z", 0},
		{INTERVAL_QUARTERHOURLY, "2026-11-23T08:00:00Z", 32},
		{INTERVAL_HOURLY, "2026-11-22T16:00:00Z", 24},
		{INTERVAL_DAILY, "2026-11-20T07:00:00Z", 3},
		{INTERVAL_WEEKLY, "2026-11-09T07:00:00Z", 2},
		{INTERVAL_NONE, "2026-11-23T08:00:00Z", 16},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct settings settings = settings_of(rows[row].interval, DENVER, 30 * MINUTE);
		settings.settle = 90 * USEC_PER_SEC;
		expect_int(rows[row].expected,
		           span_backlog(&settings, at(rows[row].cursor), at("2026-11-23T16:01:30Z")), "row %zu",
		           row);
	}
}

/* Back-fill is an hour; "-" where nothing is given up. */
static void a_bucket_is_given_up_after_the_backfill_limit(void **state) {
	(void)state;
	static const struct {
		const char *cursor, *since, *now, *expected;
	} rows[] = {
		{"2026-11-23T08:00:00Z", "2026-11-01T00:00:00Z", "2026-11-23T08:30:00Z", "-"},
		{"2026-11-23T08:00:00Z", "2026-11-01T00:00:00Z", "2026-11-23T09:00:59.999Z", "-"},
		{"2026-11-23T08:00:00Z", "2026-11-01T00:00:00Z", "2026-11-23T09:01:00Z", "2026-11-23T08:01:00Z"},
		{"2026-11-23T08:00:00Z", "2026-11-01T00:00:00Z", "2026-11-23T12:00:30Z", "2026-11-23T11:00:00Z"},
		/* A device that asks for the past is given its time first. */
		{"2026-11-01T08:00:00Z", "2026-11-23T08:30:00Z", "2026-11-23T09:29:59.999Z", "-"},
		{"2026-11-01T08:00:00Z", "2026-11-23T08:30:00Z", "2026-11-23T09:30:00Z", "2026-11-23T08:30:00Z"},
		{"2026-11-23T08:29:00Z", "2026-11-23T08:30:00Z", "2026-11-23T09:29:59.999Z", "-"},
		/* A cursor inside a bucket, or ahead. */
		{"2026-11-23T08:00:30Z", "2026-11-01T00:00:00Z", "2026-11-23T09:00:59Z", "-"},
		{"2026-11-23T08:00:30Z", "2026-11-01T00:00:00Z", "2026-11-23T09:01:00Z", "2026-11-23T08:01:00Z"},
		{"2026-11-25T00:00:00Z", "2026-11-01T00:00:00Z", "2026-11-23T09:01:00Z", "-"},
	};
	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * MINUTE);
	settings.backfill = HOUR;

	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		usec_t cursor = at(rows[row].cursor), end;
		end = span_gap_end(&settings, cursor, at(rows[row].since), at(rows[row].now));
		if (rows[row].expected[0] == '-') {
			expect_int(false, end > cursor, "row %zu: something is given up", row);
		} else {
			expect_time(at(rows[row].expected), end, "row %zu", row);
		}
	}
}

static void a_gap_of_days_ends_at_a_local_midnight(void **state) {
	(void)state;
	struct settings settings = settings_of(INTERVAL_DAILY, DENVER, USEC_PER_DAY);
	usec_t cursor = at("2026-10-30T06:00:00Z");
	settings.backfill = USEC_PER_WEEK;
	expect_time(at("2026-11-01T06:00:00Z"), span_gap_end(&settings, cursor, 0, at("2026-11-09T06:59:59Z")),
	            "before the long day is a week old");
	expect_time(at("2026-11-02T07:00:00Z"), span_gap_end(&settings, cursor, 0, at("2026-11-09T07:00:00Z")),
	            "after");
}

static void what_turns_out_not_to_be_over_is_cut_off(void **state) {
	(void)state;
	static const struct {
		const char *now, *end; /* "-": nothing fresh is left */
		int buckets, fresh;
	} rows[] = {
		{"2026-11-23T08:10:00Z", "2026-11-23T08:10:00Z", 15, 10},
		{"2026-11-24T00:00:00Z", "2026-11-23T08:10:00Z", 15, 10},
		{"2026-11-23T08:09:59.999Z", "2026-11-23T08:09:00Z", 14, 9},
		{"2026-11-23T08:01:00Z", "2026-11-23T08:01:00Z", 6, 1},
		{"2026-11-23T08:00:59.999Z", "-", 0, 0},
		{"2026-11-23T07:58:00Z", "-", 0, 0},
		{"2020-01-01T00:00:00Z", "-", 0, 0},
	};
	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * MINUTE);
	settings.settle = 0;
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct span span = {
			.start = at("2026-11-23T07:55:00Z"),
			.fresh = at("2026-11-23T08:00:00Z"),
			.end = at("2026-11-23T08:10:00Z"),
			.buckets = 15,
			.fresh_buckets = 10,
		};
		bool left = span_cut(&settings, at(rows[row].now), &span);
		expect_int(rows[row].end[0] != '-', left, "row %zu: left", row);
		if (left) {
			expect_time(at(rows[row].end), span.end, "row %zu: end", row);
			expect_int(rows[row].buckets, span.buckets, "row %zu: buckets", row);
			expect_int(rows[row].fresh, span.fresh_buckets, "row %zu: fresh", row);
		}
	}

	struct settings single = settings_of(INTERVAL_NONE, "UTC", HOUR);
	single.settle = 0;
	struct span span = {at("2026-11-23T08:00:00Z"), at("2026-11-23T08:00:00Z"), at("2026-11-23T09:00:00Z"), 1, 1};
	expect_int(false, span_cut(&single, at("2026-11-23T08:59:59Z"), &span), "a single count before its end");
	expect_int(true, span_cut(&single, at("2026-11-23T09:00:00Z"), &span), "a single count at its end");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookback_is_whole_buckets_and_leaves_room_for_a_new_one),
		cmocka_unit_test(closed_is_the_last_end_that_has_settled),
		cmocka_unit_test(the_first_cursor_is_the_start_of_the_last_closed_bucket),
		cmocka_unit_test(backfill_from_begins_at_the_first_whole_bucket),
		cmocka_unit_test(a_single_count_begins_at_the_cursor),
		cmocka_unit_test(a_span_is_whole_buckets_from_the_cursor_on),
		cmocka_unit_test(none_asks_for_one_window_at_a_time),
		cmocka_unit_test(days_of_23_and_25_hours_are_one_bucket),
		cmocka_unit_test(a_lost_week_of_minutes_is_seven_requests),
		cmocka_unit_test(spans_that_follow_each_other_cover_everything_once),
		cmocka_unit_test(a_window_is_due_at_its_end_and_settle_and_spread),
		cmocka_unit_test(more_than_one_window_is_a_backlog),
		cmocka_unit_test(the_backlog_is_counted_in_buckets),
		cmocka_unit_test(a_bucket_is_given_up_after_the_backfill_limit),
		cmocka_unit_test(what_turns_out_not_to_be_over_is_cut_off),
		cmocka_unit_test(a_gap_of_days_ends_at_a_local_midnight),
	};
	return cmocka_run_group_tests_name("span", tests, NULL, zones_done);
}
