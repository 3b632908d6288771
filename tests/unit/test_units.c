// SPDX-License-Identifier: ISC

#include "fixture.h"

#include "base/units.h"

#include <errno.h>

typedef int parser(const char *text, int64_t *ret, struct error *err);

static void check_value(parser *parse, const char *text, int64_t expected) {
	int64_t got = -1;
	struct error err = {""};
	int r = parse(text, &got, &err);
	if (r != 0 || got != expected) {
		fail_msg("\"%s\": expected %" PRId64 ", got %" PRId64 " (%d: %s)", text, expected, got, r, err.text);
	}
}

static void check_refusal(parser *parse, const char *text, int expected, const char *sentence) {
	int64_t got = -1;
	struct error err = {""};
	int r = parse(text, &got, &err);
	if (r != expected || strcmp(err.text, sentence) != 0) {
		fail_msg("\"%s\": expected %d: %s\ngot %d: %s", text, expected, sentence, r, err.text);
	}
	if (got != -1) {
		fail_msg("\"%s\": expected the output untouched, got %" PRId64, text, got);
	}
	expect_int(expected, parse(text, &got, NULL));
}

static void durations_are_sums_of_numbers_with_units(void **state) {
	static const struct {
		const char *text;
		usec_t expected;
	} rows[] = {
		{"0", 0},
		{"0s", 0},
		{"1us", 1},
		{"500ms", 500 * USEC_PER_MSEC},
		{"90s", 90 * USEC_PER_SEC},
		{"15m", 15 * USEC_PER_MIN},
		{"1h", USEC_PER_HOUR},
		{"1h30m", 90 * USEC_PER_MIN},
		{"7d", 7 * USEC_PER_DAY},
		{"2w", 14 * USEC_PER_DAY},
		{"1w1d1h1m1s1ms1us", 8 * USEC_PER_DAY + USEC_PER_HOUR + USEC_PER_MIN + USEC_PER_SEC + 1001},
		{"007s", 7 * USEC_PER_SEC},
		{"106751991d", 106751991 * USEC_PER_DAY},
		{"9223372036854775807us", INT64_MAX},
		{"9223372036854s775807us", INT64_MAX},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_value(units_parse_duration, rows[i].text, rows[i].expected);
	}
}

#define NO_DURATION " is not a duration: write a number and a unit, as in \"90s\", \"15m\", \"1h30m\" or \"7d\""
#define BAD_UNIT    " has a unit other than us, ms, s, m, h, d and w: write \"90s\", \"15m\", \"1h30m\" or \"7d\""
#define FRACTION    " has a fraction: write it in a smaller unit, \"90m\" or \"1h30m\""
#define LONG_TIME   " is too large: write at most \"106751991d\""

static void wrong_durations_are_told_what_would_be_right(void **state) {
	static const struct {
		const char *text;
		int expected;
		const char *sentence;
	} rows[] = {
		{"", -EINVAL, "\"\"" NO_DURATION},
		{"s", -EINVAL, "\"s\"" NO_DURATION},
		{"-5s", -EINVAL, "\"-5s\"" NO_DURATION},
		{"+5s", -EINVAL, "\"+5s\"" NO_DURATION},
		{" 5s", -EINVAL, "\" 5s\"" NO_DURATION},
		{"5s ", -EINVAL, "\"5s \"" NO_DURATION},
		{"1h 30m", -EINVAL, "\"1h 30m\"" NO_DURATION},
		{"90", -EINVAL, "\"90\" has no unit: write \"90s\", \"15m\", \"1h\" or \"7d\""},
		{"00", -EINVAL, "\"00\" has no unit: write \"00s\", \"15m\", \"1h\" or \"7d\""},
		{"1h30", -EINVAL, "\"1h30\" has no unit at its end: write \"1h30m\" or \"90s\""},
		{"1.5h", -EINVAL, "\"1.5h\"" FRACTION},
		{"1,5h", -EINVAL, "\"1,5h\"" FRACTION},
		{"5x", -EINVAL, "\"5x\"" BAD_UNIT},
		{"5 s", -EINVAL, "\"5 s\"" BAD_UNIT},
		{"5S", -EINVAL, "\"5S\"" BAD_UNIT},
		{"5min", -EINVAL, "\"5min\"" NO_DURATION},
		{"5\x01", -EINVAL, "\"5\\x01\"" BAD_UNIT},
		{"9223372036854775808us", -ERANGE, "\"9223372036854775808us\"" LONG_TIME},
		{"106751992d", -ERANGE, "\"106751992d\"" LONG_TIME},
		{"106751991d1d", -ERANGE, "\"106751991d1d\"" LONG_TIME},
		{"99999999999999999999", -ERANGE, "\"99999999999999999999\"" LONG_TIME},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_refusal(units_parse_duration, rows[i].text, rows[i].expected, rows[i].sentence);
	}
}

static void check_duration(usec_t duration, int exact, const char *expected) {
	char got[DURATION_STRING_SIZE];
	units_format_duration(got, duration, exact);
	expect_text(expected, got, "%" PRId64 " us", duration);
}

static void exact_durations_have_at_most_two_units(void **state) {
	static const struct {
		usec_t duration;
		const char *expected;
	} rows[] = {
		{0, "0s"},
		{1, "1us"},
		{1001, "1ms1us"},
		{500 * USEC_PER_MSEC, "500ms"},
		{USEC_PER_SEC, "1s"},
		{90 * USEC_PER_SEC, "1m30s"},
		{15 * USEC_PER_MIN, "15m"},
		{90 * USEC_PER_MIN, "1h30m"},
		{USEC_PER_DAY, "1d"},
		{7 * USEC_PER_DAY, "7d"},
		{USEC_PER_DAY + 30 * USEC_PER_MIN, "1d30m"},
		{USEC_PER_DAY + USEC_PER_HOUR + USEC_PER_MIN, "25h1m"},
		{3661 * USEC_PER_SEC + 500 * USEC_PER_MSEC, "3661s500ms"},
		{INT64_MAX, "9223372036854775ms807us"},
		{-90 * USEC_PER_MIN, "-1h30m"},
		{INT64_MIN, "-9223372036854775ms808us"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_duration(rows[i].duration, 1, rows[i].expected);
	}
}

static void exact_durations_read_back_the_same(void **state) {
	(void)state;
	struct rng rng;
	seed_of_run(&rng);

	for (int i = 0; i < 20000; i++) {
		/* All sizes are as likely; half of them are round. */
		usec_t duration = rng_below(&rng, INT64_MAX) >> rng_below(&rng, 63);
		if (rng_below(&rng, 2) == 0) {
			duration -= duration % USEC_PER_MIN;
		}
		char text[DURATION_STRING_SIZE];
		units_format_duration(text, duration, 1);
		check_value(units_parse_duration, text, duration);
	}
}

static void durations_for_people_are_rounded_to_one_unit(void **state) {
	static const struct {
		usec_t duration;
		const char *expected;
	} rows[] = {
		{0, "0 s"},
		{1, "1 us"},
		{999, "1 ms"},
		{350 * USEC_PER_MSEC, "350 ms"},
		{999 * USEC_PER_MSEC, "1 s"},
		{1400 * USEC_PER_MSEC, "1 s"},
		{1500 * USEC_PER_MSEC, "2 s"},
		{3 * USEC_PER_SEC, "3 s"},
		{53 * USEC_PER_SEC, "53 s"},
		{60 * USEC_PER_SEC, "1 min"},
		{65 * USEC_PER_SEC, "1 min"},
		{90 * USEC_PER_SEC, "90 s"},
		{14 * USEC_PER_MIN + 20 * USEC_PER_SEC, "14 min"},
		{90 * USEC_PER_MIN, "90 min"},
		{2 * USEC_PER_HOUR, "2 h"},
		{36 * USEC_PER_HOUR, "36 h"},
		{4 * USEC_PER_DAY, "4 d"},
		{INT64_MAX, "106751991 d"},
		{-3 * USEC_PER_SEC, "-3 s"},
		{INT64_MIN, "-106751991 d"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_duration(rows[i].duration, 0, rows[i].expected);
	}
}

static void sizes_have_binary_units(void **state) {
	static const struct {
		const char *text;
		int64_t expected;
	} rows[] = {
		{"0", 0},
		{"1000", 1000},
		{"1000B", 1000},
		{"1KiB", 1024},
		{"64MiB", 64 * 1024 * 1024},
		{"2GiB", (int64_t)2 << 30},
		{"3TiB", (int64_t)3 << 40},
		{"8388607TiB", (int64_t)8388607 << 40},
		{"9223372036854775807", INT64_MAX},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_value(units_parse_size, rows[i].text, rows[i].expected);
	}
}

#define NO_SIZE    " is not a size: write a number and a unit, as in \"64MiB\" or \"2GiB\""
#define SIZE_UNIT  " has no known unit: write B, KiB, MiB, GiB or TiB, as in \"64MiB\""
#define LARGE_SIZE " is too large: write at most \"8388607TiB\""

static void wrong_sizes_are_told_what_would_be_right(void **state) {
	static const struct {
		const char *text;
		int expected;
		const char *sentence;
	} rows[] = {
		{"", -EINVAL, "\"\"" NO_SIZE},
		{"MiB", -EINVAL, "\"MiB\"" NO_SIZE},
		{"-1", -EINVAL, "\"-1\"" NO_SIZE},
		{"64MB", -EINVAL, "\"64MB\"" SIZE_UNIT},
		{"64M", -EINVAL, "\"64M\"" SIZE_UNIT},
		{"64mib", -EINVAL, "\"64mib\"" SIZE_UNIT},
		{"1.5GiB", -EINVAL, "\"1.5GiB\"" SIZE_UNIT},
		{"64 MiB", -EINVAL, "\"64 MiB\"" SIZE_UNIT},
		{"64MiB ", -EINVAL, "\"64MiB \"" SIZE_UNIT},
		{"8388608TiB", -ERANGE, "\"8388608TiB\"" LARGE_SIZE},
		{"9223372036854775808", -ERANGE, "\"9223372036854775808\"" LARGE_SIZE},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_refusal(units_parse_size, rows[i].text, rows[i].expected, rows[i].sentence);
	}
}

static void sizes_are_written_as_they_read_back(void **state) {
	static const struct {
		int64_t bytes;
		const char *expected;
	} rows[] = {
		{0, "0B"},
		{1, "1B"},
		{1000, "1000B"},
		{1024, "1KiB"},
		{1536, "1536B"},
		{(int64_t)64 << 20, "64MiB"},
		{(int64_t)2 << 30, "2GiB"},
		{(int64_t)1 << 50, "1024TiB"},
		{INT64_MAX, "9223372036854775807B"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char got[DURATION_STRING_SIZE];
		units_format_size(got, rows[i].bytes);
		expect_text(rows[i].expected, got, "%" PRId64, rows[i].bytes);
		check_value(units_parse_size, got, rows[i].bytes);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_sums_of_numbers_with_units),
		cmocka_unit_test(wrong_durations_are_told_what_would_be_right),
		cmocka_unit_test(exact_durations_have_at_most_two_units),
		cmocka_unit_test(exact_durations_read_back_the_same),
		cmocka_unit_test(durations_for_people_are_rounded_to_one_unit),
		cmocka_unit_test(sizes_have_binary_units),
		cmocka_unit_test(wrong_sizes_are_told_what_would_be_right),
		cmocka_unit_test(sizes_are_written_as_they_read_back),
	};
	return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
