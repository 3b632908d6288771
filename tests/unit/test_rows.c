// SPDX-License-Identifier: ISC

/* tool/rows.h: buckets as rows, as they are or made into longer ones by the room's clock. */

#include "room.h"

#include "tool/rows.h"

#include <errno.h>

static struct room room;
static struct series series;

static int forget(void **state) {
	(void)state;
	coverage_done(&room.coverage);
	series_done(&series);
	return 0;
}

static void put(usec_t start, usec_t end, enum record_status status, int64_t count) {
	room_put(&room.coverage, &series, &(struct log_entry){
		.interval = room.interval, .start = start, .end = end, .status = status, .count = count});
}

/* One bucket after the other, each with the count, up to the end. */
static void fill(usec_t start, usec_t end, int64_t count) {
	for (usec_t next; start < end; start = next) {
		next = grid_next(&room.grid, start);
		put(start, next, RECORD_OK, count);
	}
}

/* "08:00+2h=3.5/0.75": what the clock shows at the beginning, how long it is, the count, what is known of it. */
static const char *shown(const char *every, enum coarse_with with, usec_t from, usec_t to) {
	static char out[4096];
	struct coarse coarse = {.with = with};
	struct rows rows;
	struct row row;
	struct error err;
	size_t len = 0;

	if (every) {
		expect_int(0, coarse_parse(every, &coarse, &err));
	}
	out[0] = '\0';
	rows_begin(&rows, &room, &series, every ? &coarse : NULL, from, to);
	while (rows_next(&rows, &row) && len < sizeof(out) - 128) {
		char text[UTC_STRING_SIZE];
		struct zone_period period;
		zone_period_at(room.zone, row.start, &period);
		(void)utc_format_offset(text, row.start, period.offset_s);
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%.5s+%gh", len > 0 ? " " : "", text + 11,
		                        (double)(row.end - row.start) / (double)USEC_PER_HOUR);
		if (row.count >= 0) {
			len += (size_t)snprintf(out + len, sizeof(out) - len, "=%g", (double)row.count + row.millionths / 1e6);
		} else {
			static const char *const words[] = {[-SERIES_NONE] = "none", [-SERIES_GAP] = "gap", [-SERIES_MISSING] = "missing"};
			len += (size_t)snprintf(out + len, sizeof(out) - len, "=%s", words[-row.count]);
		}
		if (every) {
			len += (size_t)snprintf(out + len, sizeof(out) - len, "/%g", (double)row.known / (double)(row.end - row.start));
		}
	}
	return out;
}

static const char *all(const char *every, enum coarse_with with) {
	return shown(every, with, INT64_MIN, INT64_MAX);
}

static void intervals_are_what_can_cut_a_calendar(void **state) {
	static const struct {
		const char *text;
		enum interval interval;
		usec_t length;
	} good[] = {
		{"1m", INTERVAL_NONE, USEC_PER_MIN},   {"15m", INTERVAL_NONE, 15 * USEC_PER_MIN},
		{"1h", INTERVAL_NONE, USEC_PER_HOUR},  {"90m", INTERVAL_NONE, 90 * USEC_PER_MIN},
		{"12h", INTERVAL_NONE, 12 * USEC_PER_HOUR}, {"1d", INTERVAL_DAILY, USEC_PER_DAY},
		{"24h", INTERVAL_DAILY, USEC_PER_DAY}, {"1w", INTERVAL_WEEKLY, USEC_PER_WEEK},
		{"7d", INTERVAL_WEEKLY, USEC_PER_WEEK}, {"1mo", INTERVAL_MONTHLY, 0},
	};
	static const char *const bad[] = {"", "0", "7m", "30s", "61s", "5h", "2d", "2w", "1y", "hour", "-1h", "1 h", "1500ms"};
	struct coarse coarse = {.with = COARSE_MAX};
	struct error err;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		expect_int(0, coarse_parse(good[i].text, &coarse, &err), "%s", good[i].text);
		expect_int(good[i].interval, coarse.interval, "%s", good[i].text);
		if (good[i].interval == INTERVAL_NONE) {
			expect_int(good[i].length, coarse.length, "%s", good[i].text);
		}
		expect_int(COARSE_MAX, coarse.with, "%s: what it has stays", good[i].text);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		expect_int(-EINVAL, coarse_parse(bad[i], &coarse, &err), "\"%s\"", bad[i]);
		expect_part("is not an interval: expected minutes or hours", err.text, "\"%s\"", bad[i]);
	}
}

static void no_bucket_is_made_shorter(void **state) {
	static const struct {
		const char *every;
		enum interval interval;
		bool fits;
	} rows[] = {
		{"15m", INTERVAL_QUARTERHOURLY, true}, {"10m", INTERVAL_QUARTERHOURLY, false}, {"10m", INTERVAL_NONE, true},
		{"5m", INTERVAL_NONE, false},          {"1h", INTERVAL_HOURLY, true},          {"30m", INTERVAL_HOURLY, false},
		{"1d", INTERVAL_DAILY, true},          {"12h", INTERVAL_DAILY, false},         {"1w", INTERVAL_WEEKLY, true},
		{"1d", INTERVAL_WEEKLY, false},        {"1mo", INTERVAL_MONTHLY, true},        {"1w", INTERVAL_MONTHLY, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct coarse coarse;
		struct error err;
		room_make(&room, rows[i].interval, "UTC");
		expect_int(0, coarse_parse(rows[i].every, &coarse, &err));
		expect_int(rows[i].fits, coarse_fits(&coarse, &room), "row %zu", i);
	}
}

static void a_run_is_as_many_rows_as_it_is_buckets(void **state) {
	(void)state;
	room_make(&room, INTERVAL_HOURLY, "Europe/Berlin");
	usec_t start = at("2026-10-24T23:00:00Z");
	put(start, start + USEC_PER_HOUR, RECORD_OK, 3);
	/* The clock shows the hour from two to three twice. */
	put(start + USEC_PER_HOUR, start + 4 * USEC_PER_HOUR, RECORD_GAP, 0);
	put(start + 6 * USEC_PER_HOUR, start + 7 * USEC_PER_HOUR, RECORD_NO_DATA, 0);
	expect_text("01:00+1h=3 02:00+1h=gap 02:00+1h=gap 03:00+1h=gap 04:00+1h=missing 05:00+1h=missing 06:00+1h=none",
	            all(NULL, 0), "hours");
	expect_text("02:00+1h=gap 03:00+0.5h=gap", shown(NULL, 0, start + 2 * USEC_PER_HOUR, start + 210 * USEC_PER_MIN), "cut");
}

static void longer_intervals_have_what_is_known(void **state) {
	(void)state;
	room_make(&room, INTERVAL_QUARTERHOURLY, "UTC");
	usec_t start = at("2026-11-23T08:15:00Z"), quarter = 15 * USEC_PER_MIN;
	static const int counts[] = {5, 1, SERIES_NONE, 2, 9, 4, 1, SERIES_NONE, SERIES_NONE, SERIES_NONE, SERIES_NONE, 0};
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		put(start + (usec_t)i * quarter, start + (usec_t)(i + 1) * quarter, counts[i] < 0 ? RECORD_NO_DATA : RECORD_OK,
		    counts[i] < 0 ? 0 : counts[i]);
	}
	expect_text("08:00+1h=3/0.5 09:00+1h=4/1 10:00+1h=none/0 11:00+1h=0/0.25", all("1h", COARSE_MEAN), "mean");
	expect_text("08:00+1h=5/0.5 09:00+1h=9/1 10:00+1h=none/0 11:00+1h=0/0.25", all("1h", COARSE_MAX), "max");
	expect_text("08:00+1h=1/0.5 09:00+1h=1/1 10:00+1h=none/0 11:00+1h=0/0.25", all("1h", COARSE_LAST), "last");
	expect_text("09:00+1h=5/0.75", shown("1h", COARSE_MEAN, at("2026-11-23T09:00:00Z"), at("2026-11-23T09:45:00Z")), "a part");
	expect_text("00:00+24h=3.14286/0.0729167", all("1d", COARSE_MEAN), "a day");
}

static void a_mean_is_weighted_by_time(void **state) {
	(void)state;
	/* Of an hour and a half, where the clock is put back by half an hour, and an hour. */
	room_make(&room, INTERVAL_HOURLY, "Australia/Lord_Howe");
	usec_t start = at("2026-04-04T14:00:00Z");
	usec_t second = grid_next(&room.grid, start), third = grid_next(&room.grid, second);
	expect_int(90, (second - start) / USEC_PER_MIN, "the long hour");
	put(start, second, RECORD_OK, 10);
	put(second, third, RECORD_OK, 5);
	expect_text("00:00+6.5h=8/0.384615", all("6h", COARSE_MEAN), "six hours");
}

static void days_are_as_long_as_the_clock_has_them(void **state) {
	(void)state;
	room_make(&room, INTERVAL_QUARTERHOURLY, "America/Denver");
	fill(at("2026-03-07T07:00:00Z"), at("2026-03-10T06:00:00Z"), 2);
	expect_text("00:00+24h=2/1 00:00+23h=2/1 00:00+24h=2/1", all("1d", COARSE_MEAN), "spring");
	(void)forget(state);
	fill(at("2026-10-31T06:00:00Z"), at("2026-11-03T07:00:00Z"), 2);
	expect_text("00:00+24h=2/1 00:00+25h=2/1 00:00+24h=2/1", all("1d", COARSE_MEAN), "autumn");
	expect_text("00:00+7h=2/1 06:00+6h=2/1", shown("6h", COARSE_MEAN, at("2026-11-01T06:00:00Z"), at("2026-11-01T19:00:00Z")),
	            "quarters of it");
}

static void weeks_begin_on_monday(void **state) {
	(void)state;
	room_make(&room, INTERVAL_DAILY, "UTC");
	fill(at("2026-10-30T00:00:00Z"), at("2026-11-10T00:00:00Z"), 1);
	struct coarse coarse = {.with = COARSE_MEAN};
	struct error err;
	struct rows rows;
	struct row row;
	expect_int(0, coarse_parse("1w", &coarse, &err));
	rows_begin(&rows, &room, &series, &coarse, INT64_MIN, INT64_MAX);
	expect_true(rows_next(&rows, &row));
	expect_time(at("2026-10-26T00:00:00Z"), row.start, "the first week");
	expect_true(rows_next(&rows, &row));
	expect_time(at("2026-11-02T00:00:00Z"), row.start, "the second");
	expect_int(0, coarse_parse("1mo", &coarse, &err));
	rows_begin(&rows, &room, &series, &coarse, INT64_MIN, INT64_MAX);
	expect_true(rows_next(&rows, &row));
	expect_time(at("2026-10-01T00:00:00Z"), row.start, "the first month");
	expect_time(at("2026-11-01T00:00:00Z"), row.end, "its end");
	expect_int(2 * USEC_PER_DAY, row.known, "what is known of it");
}

static void what_reaches_over_an_edge_counts_on_both_sides(void **state) {
	(void)state;
	/* Ten minutes do not divide a quarter of an hour. */
	room_make(&room, INTERVAL_NONE, "UTC");
	usec_t start = at("2026-11-23T08:00:00Z");
	for (int i = 0; i < 3; i++) {
		put(start + i * 10 * USEC_PER_MIN, start + (i + 1) * 10 * USEC_PER_MIN, RECORD_OK, 3 * (i + 1));
	}
	expect_text("08:00+0.25h=4/1 08:15+0.25h=8/1", all("15m", COARSE_MEAN), "mean");
	expect_text("08:00+0.25h=6/1 08:15+0.25h=9/1", all("15m", COARSE_MAX), "max");
}

static void great_counts_keep_what_a_double_can(void **state) {
	(void)state;
	room_make(&room, INTERVAL_QUARTERHOURLY, "UTC");
	usec_t start = at("2026-11-23T08:00:00Z");
	put(start, start + 15 * USEC_PER_MIN, RECORD_OK, INT64_MAX);
	struct coarse coarse = {.with = COARSE_MEAN};
	struct error err;
	struct rows rows;
	struct row row;
	expect_int(0, coarse_parse("1h", &coarse, &err));
	for (int with = COARSE_MEAN; with <= COARSE_LAST; with++) {
		coarse.with = (enum coarse_with)with;
		rows_begin(&rows, &room, &series, &coarse, INT64_MIN, INT64_MAX);
		expect_true(rows_next(&rows, &row));
		expect_int(INT64_MAX, row.count, "with %d", with);
		expect_int(0, row.millionths, "with %d", with);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intervals_are_what_can_cut_a_calendar),
		cmocka_unit_test(no_bucket_is_made_shorter),
		cmocka_unit_test_teardown(a_run_is_as_many_rows_as_it_is_buckets, forget),
		cmocka_unit_test_teardown(longer_intervals_have_what_is_known, forget),
		cmocka_unit_test_teardown(a_mean_is_weighted_by_time, forget),
		cmocka_unit_test_teardown(days_are_as_long_as_the_clock_has_them, forget),
		cmocka_unit_test_teardown(weeks_begin_on_monday, forget),
		cmocka_unit_test_teardown(what_reaches_over_an_edge_counts_on_both_sides, forget),
		cmocka_unit_test_teardown(great_counts_keep_what_a_double_can, forget),
	};
	return cmocka_run_group_tests(tests, NULL, zones_done);
}
