// SPDX-License-Identifier: ISC

/* tool/figures.h: what a room's counts come to. */

#include "room.h"

#include "tool/figures.h"

#include <math.h>

static struct room room;
static struct series series;
static struct figures figures;

static int forget(void **state) {
	(void)state;
	coverage_done(&room.coverage);
	series_done(&series);
	figures_done(&figures);
	return 0;
}

static void put(usec_t start, usec_t end, enum record_status status, int64_t count) {
	room_put(&room.coverage, &series, &(struct log_entry){
		.interval = room.interval, .start = start, .end = end, .status = status, .count = count});
}

static void make(int64_t capacity) {
	struct hours hours;
	struct error err;
	expect_int(0, hours_parse("Mon-Fri 8:30-18", &hours, &err));
	expect_int(0, figures_make(&figures, &room, &series, &hours, capacity, INT64_MIN, INT64_MAX));
}

static void nothing_is_no_figure(void **state) {
	(void)state;
	room_make(&room, INTERVAL_HOURLY, "UTC");
	make(8);
	expect_int(-1, figures.peak);
	expect_true(isnan(use_mean(&figures.all)) && isnan(use_when_used(&figures.all)) && isnan(use_frequency(&figures.all)));
	expect_true(isnan(use_utilisation(&figures.all, 8)) && isnan(figures_completeness(&figures)) && isnan(figures_weekday(&figures, 0)));
}

/* Some processors have more digits in their registers than a double has. */
static bool is_near(double a, double b) {
	return fabs(a - b) < 1e-12;
}

static void time_without_a_count_is_left_out(void **state) {
	usec_t monday = at("2026-11-02T00:00:00Z");
	(void)state;
	room_make(&room, INTERVAL_HOURLY, "UTC");
	put(monday + 8 * USEC_PER_HOUR, monday + 9 * USEC_PER_HOUR, RECORD_OK, 4);
	put(monday + 9 * USEC_PER_HOUR, monday + 10 * USEC_PER_HOUR, RECORD_OK, 0);
	put(monday + 10 * USEC_PER_HOUR, monday + 11 * USEC_PER_HOUR, RECORD_NO_DATA, -1);
	put(monday + 11 * USEC_PER_HOUR, monday + 14 * USEC_PER_HOUR, RECORD_GAP, -1);
	put(monday + 15 * USEC_PER_HOUR, monday + 16 * USEC_PER_HOUR, RECORD_OK, 10);
	make(8);
	expect_int(10, figures.peak);
	expect_time(monday + 15 * USEC_PER_HOUR, figures.peak_at);
	/* Half of the first hour is working time. */
	expect_int(150 * USEC_PER_MIN, figures.working.known);
	expect_int(90 * USEC_PER_MIN, figures.working.used);
	expect_true(is_near(use_mean(&figures.working), 12 / 2.5) && is_near(use_when_used(&figures.working), 8));
	expect_true(is_near(use_frequency(&figures.working), 0.6) && is_near(use_utilisation(&figures.working, 8), 0.6));
	expect_true(isnan(use_utilisation(&figures.working, 0)));
	expect_int(3, figures.counted);
	expect_int(8, figures.expected);
	expect_int(1, figures.no_data);
	expect_int(3, figures.in_gaps);
	expect_int(1, figures.missing);
	expect_int(USEC_PER_HOUR, figures.working.full[FULL_EMPTY]);
	expect_int(30 * USEC_PER_MIN, figures.working.full[FULL_HALF]);
	expect_int(USEC_PER_HOUR, figures.working.full[FULL_OVER]);
	expect_int(1, (int64_t)figures.daily.len);
	expect_int(10, figures.daily.peak[0]);
	expect_true(figures.daily.is_partial[0]);
}

static void hours_are_those_of_the_clock(void **state) {
	/* The night in which two o'clock comes twice. */
	usec_t sunday = at("2026-10-24T22:00:00Z");
	(void)state;
	room_make(&room, INTERVAL_DAILY, "Europe/Berlin");
	put(sunday, sunday + 25 * USEC_PER_HOUR, RECORD_OK, 3);
	make(0);
	expect_int(2 * USEC_PER_HOUR, figures.week_known[6][2]);
	expect_int(USEC_PER_HOUR, figures.week_known[6][3]);
	expect_int(USEC_PER_HOUR, figures.week_known[6][23]);
	expect_int(0, figures.week_known[0][0]);
	expect_int(0, figures.working.known);
	expect_true(is_near(figures_weekday(&figures, 6), 3));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_is_no_figure, forget),
		cmocka_unit_test_teardown(time_without_a_count_is_left_out, forget),
		cmocka_unit_test_teardown(hours_are_those_of_the_clock, forget),
	};
	return cmocka_run_group_tests(tests, NULL, zones_done);
}
