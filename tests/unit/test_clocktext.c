// SPDX-License-Identifier: ISC

/* tool/clocktext.h: times as utc_format() and utc_format_offset() write them, whatever was written before. */

#include "fixture.h"

#include "tool/clocktext.h"

static void compare(struct clocktext *text, const struct zone *zone, usec_t instant) {
	char out[CLOCKTEXT_LEN + CLOCKTEXT_OFFSET_LEN + 1], wanted[UTC_STRING_SIZE];
	struct zone_period period = {0};
	if (zone) {
		zone_period_at(zone, instant, &period);
	}
	char *end = clocktext_put_offset(text, out, instant);
	*end = '\0';
	expect_int(CLOCKTEXT_LEN + CLOCKTEXT_OFFSET_LEN, end - out, "length");
	(void)utc_format_offset(wanted, instant, period.offset_s);
	expect_text(wanted, out, "%" PRId64, instant);
	expect_time(instant + period.offset_s * USEC_PER_SEC, clocktext_local(text, instant), "what the clock shows");
}

static void times_are_what_the_clock_shows(void **state) {
	static const char *const names[] = {"America/Denver", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "UTC"};
	struct rng rng;
	(void)seed_of_run(&rng);
	(void)state;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct zone *zone = zone_of(names[i]);
		struct clocktext text, utc;
		clocktext_init(&text, zone, 'T');
		clocktext_init(&utc, NULL, 'T');
		usec_t when = 0;
		for (int n = 0; n < 20000; n++) {
			/* Mostly a step further, now and then anywhere. */
			when = rng_below(&rng, 50) == 0 ? (rng_below(&rng, 9000000000) - 2000000000) * USEC_PER_SEC
			                              : when + rng_below(&rng, 7200) * USEC_PER_SEC;
			if (when > 0) {
				compare(&text, zone, when);
			}
			compare(&utc, NULL, when);
		}
	}
}

static void the_separator_is_what_was_asked_for(void **state) {
	struct clocktext text;
	char out[CLOCKTEXT_LEN + 1] = {0};
	(void)state;
	clocktext_init(&text, NULL, ' ');
	(void)clocktext_put(&text, out, 1795420800 * USEC_PER_SEC);
	expect_text("2026-11-23 08:00:00", out, "a blank");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_what_the_clock_shows),
		cmocka_unit_test(the_separator_is_what_was_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, zones_done);
}
