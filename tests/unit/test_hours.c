// SPDX-License-Identifier: ISC

/* tool/hours.h: working hours as they are written. */

#include "fixture.h"

#include "tool/hours.h"

#include <errno.h>

static void days_and_times_are_read(void **state) {
	struct hours hours;
	struct error err;
	(void)state;

	expect_int(0, hours_parse("Mon-Thu 7:30-17, fri 8-13,Sun 0-24", &hours, &err));
	for (int day = 0; day < 4; day++) {
		expect_int(450 * USEC_PER_MIN, hours.from[day]);
		expect_int(17 * USEC_PER_HOUR, hours.to[day]);
	}
	expect_int(13 * USEC_PER_HOUR, hours.to[4]);
	expect_int(0, hours.to[5]);
	expect_int(USEC_PER_DAY, hours.to[6]);

	expect_int(0, hours_parse("Sat-Mon 10-12", &hours, &err));
	expect_int(12 * USEC_PER_HOUR, hours.to[0]);
	expect_int(0, hours.to[1]);
	expect_int(12 * USEC_PER_HOUR, hours.to[6]);
}

static void what_is_none_is_refused(void **state) {
	static const char *const bad[] = {"",        "Mon",          "Mon 8",        "Mon 8-8",     "Mon 9-8",      "Mon 8-24:01", "Mon 8:60-9",
	                                  "Mon-8-9", "Mon 8-18 Tue", "Mon 8-18,",    "Mox 8-18",    "Mon 008-18",   "8-18",        "Mon 8-18x"};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct hours hours = {.from = {1}};
		struct error err;
		expect_int(-EINVAL, hours_parse(bad[i], &hours, &err));
		expect_int(1, hours.from[0]);
	}
}

static void they_begin_and_end(void **state) {
	struct hours hours;
	struct error err;
	(void)state;

	expect_int(0, hours_parse("Tue 8-18", &hours, &err));
	expect_false(hours_hold(&hours, 1, 8 * USEC_PER_HOUR - 1));
	expect_true(hours_hold(&hours, 1, 8 * USEC_PER_HOUR));
	expect_true(hours_hold(&hours, 1, 18 * USEC_PER_HOUR - 1));
	expect_false(hours_hold(&hours, 1, 18 * USEC_PER_HOUR));
	expect_false(hours_hold(&hours, 0, 12 * USEC_PER_HOUR));
	expect_int(8 * USEC_PER_HOUR, hours_next(&hours, 1, 0));
	expect_int(18 * USEC_PER_HOUR, hours_next(&hours, 1, 8 * USEC_PER_HOUR));
	expect_int(USEC_PER_DAY, hours_next(&hours, 1, 18 * USEC_PER_HOUR));
	expect_int(USEC_PER_DAY, hours_next(&hours, 2, 0));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_and_times_are_read),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(they_begin_and_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
