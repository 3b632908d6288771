// SPDX-License-Identifier: ISC

#include "fixture.h"

#include "base/utc.h"

#include <errno.h>
#include <time.h>

/* 2026-11-23T08:15:00Z */
#define SAMPLE (1795421700 * USEC_PER_SEC)

static void days_are_counted_from_1970(void **state) {
	static const struct {
		int64_t year;
		int month, day;
		int64_t expected;
	} rows[] = {
		{1970, 1, 1, 0},     {1969, 12, 31, -1},  {1970, 12, 31, 364}, {1972, 2, 29, 789},
		{1972, 3, 1, 790},   {2000, 2, 29, 11016}, {2000, 3, 1, 11017}, {1900, 3, 1, -25508},
		{1900, 2, 28, -25509}, {2100, 3, 1, 47541}, {0, 3, 1, -719468},  {0, 2, 29, -719469},
		{-1, 12, 31, -719529}, {1, 1, 1, -719162},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t got = utc_days(rows[i].year, rows[i].month, rows[i].day);
		expect_int(rows[i].expected, got, "%" PRId64 "-%02d-%02d", rows[i].year, rows[i].month,
		           rows[i].day);
	}
}

/* gmtime_r knows nothing of us, and reaches as far as usec_t. */
static void dates_and_weekdays_are_those_of_the_calendar(void **state) {
	(void)state;
	static const struct {
		const char *instant;
		int64_t date;
		int weekday; /* 0: Monday */
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0, 3},   {"1970-01-01T23:59:59Z", 0, 3},  {"1969-12-31T23:59:59Z", -1, 2},
		{"1969-12-29T00:00:00Z", -3, 0},  {"1969-12-28T12:00:00Z", -4, 6}, {"2026-11-23T08:15:00Z", 20780, 0},
		{"2026-11-29T23:00:00Z", 20786, 6}, {"1900-01-01T00:00:00Z", -25567, 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		expect_int(rows[i].date, utc_date(at(rows[i].instant)), "%s: date", rows[i].instant);
		expect_int(rows[i].weekday, utc_weekday(rows[i].date), "%s: weekday", rows[i].instant);
	}
}

static void instants_split_as_the_c_library_splits_them(void **state) {
	(void)state;
	struct rng rng;
	seed_of_run(&rng);

	for (int i = 0; i < 200000; i++) {
		usec_t instant = rng_below(&rng, INT64_MAX) >> rng_below(&rng, 30);
		if (rng_below(&rng, 2) == 0) {
			instant = -instant;
		}
		usec_t usec = instant % USEC_PER_SEC;
		if (usec < 0) {
			usec += USEC_PER_SEC;
		}

		time_t seconds = (time_t)((instant - usec) / USEC_PER_SEC);
		struct civil got;
		struct tm want;
		expect_not_null(gmtime_r(&seconds, &want));
		utc_split(instant, &got);
		if (got.year != want.tm_year + (int64_t)1900 || got.month != want.tm_mon + 1 || got.day != want.tm_mday ||
		    got.hour != want.tm_hour || got.minute != want.tm_min || got.second != want.tm_sec ||
		    got.usec != usec) {
			fail_msg("%" PRId64 ": expected %d-%02d-%02d %02d:%02d:%02d, got "
			         "%" PRId64 "-%02d-%02d %02d:%02d:%02d, %d us",
			         instant, want.tm_year + 1900, want.tm_mon + 1, want.tm_mday, want.tm_hour,
			         want.tm_min, want.tm_sec, got.year, got.month, got.day, got.hour,
			         got.minute, got.second, got.usec);
		}
		expect_int(instant, utc_join(&got), "of %" PRId64, instant);
	}
}

static void instants_are_written_as_rfc_3339(void **state) {
	static const struct {
		usec_t instant;
		const char *expected;
	} rows[] = {
		{0, "1970-01-01T00:00:00Z"},
		{SAMPLE, "2026-11-23T08:15:00Z"},
		{SAMPLE + 250 * USEC_PER_MSEC, "2026-11-23T08:15:00.250Z"},
		{SAMPLE + 7 * USEC_PER_MSEC + 999, "2026-11-23T08:15:00.007Z"},
		{SAMPLE + 999, "2026-11-23T08:15:00Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
		{-USEC_PER_SEC, "1969-12-31T23:59:59Z"},
		{-62135596800 * USEC_PER_SEC, "0001-01-01T00:00:00Z"},
		{INT64_MAX, "294247-01-10T04:00:54.775Z"},
		{INT64_MIN, "-290308-12-21T19:59:05.224Z"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char got[UTC_STRING_SIZE];
		expect_same(got, utc_format(got, rows[i].instant));
		expect_text(rows[i].expected, got, "%" PRId64, rows[i].instant);
	}
}

static void an_offset_shows_the_clock_and_the_same_instant(void **state) {
	static const struct {
		usec_t instant;
		int32_t offset_s;
		const char *expected;
	} rows[] = {
		{SAMPLE, 0, "2026-11-23T08:15:00+00:00"},
		{SAMPLE, -7 * 3600, "2026-11-23T01:15:00-07:00"},
		{SAMPLE, 5 * 3600 + 1800, "2026-11-23T13:45:00+05:30"},
		{SAMPLE, 5 * 3600 + 2700, "2026-11-23T14:00:00+05:45"},
		{SAMPLE, 14 * 3600, "2026-11-23T22:15:00+14:00"},
		{SAMPLE, -1800, "2026-11-23T07:45:00-00:30"},
		{SAMPLE + 5 * USEC_PER_MSEC, 3600, "2026-11-23T09:15:00.005+01:00"},
		/* Local mean time: RFC 3339 has no seconds there, but the instant stays right. */
		{SAMPLE, 3208, "2026-11-23T09:08:00+00:53"},
		{SAMPLE, -3208, "2026-11-23T07:22:00-00:53"},
		{SAMPLE, -59, "2026-11-23T08:15:00+00:00"},
		{INT64_MAX, 3600, "294247-01-10T04:00:54.775+01:00"},
		{INT64_MIN, -3600, "-290308-12-21T19:59:05.224-01:00"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char got[UTC_STRING_SIZE];
		utc_format_offset(got, rows[i].instant, rows[i].offset_s);
		expect_text(rows[i].expected, got, "%" PRId64 " at %d s", rows[i].instant,
		            (int)rows[i].offset_s);
	}
}

static void no_instant_and_offset_outgrow_the_buffer(void **state) {
	static const usec_t instants[] = {INT64_MIN, -1, 0, INT64_MAX};
	static const int32_t offsets[] = {INT32_MIN, -1, 0, INT32_MAX};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(instants); i++) {
		for (size_t j = 0; j < COUNT_OF(offsets); j++) {
			char got[UTC_STRING_SIZE];
			utc_format_offset(got, instants[i], offsets[j]);
			/* The last two digits are there: nothing was cut. */
			expect_int(':', got[strlen(got) - 3]);
		}
	}
}

static void rfc_3339_is_read(void **state) {
	static const struct {
		const char *text;
		usec_t expected;
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-11-23T08:15:00Z", SAMPLE},
		{"2026-11-23t08:15:00z", SAMPLE},
		{"2026-11-23 08:15:00Z", SAMPLE},
		{"2026-11-23T01:15:00-07:00", SAMPLE},
		{"2026-11-23T13:45:00+05:30", SAMPLE},
		{"2026-11-24T07:14:00+22:59", SAMPLE},
		{"2026-11-23T08:15:00-00:00", SAMPLE},
		{"2026-11-23T08:15:00.5Z", SAMPLE + 500 * USEC_PER_MSEC},
		{"2026-11-23T08:15:00.000001Z", SAMPLE + 1},
		{"2026-11-23T08:15:00.0000019999999Z", SAMPLE + 1},
		{"1969-12-31T23:59:59.999999Z", -1},
		{"2024-02-29T00:00:00Z", 1709164800 * USEC_PER_SEC},
		{"0000-01-01T00:00:00Z", -62167219200 * USEC_PER_SEC},
		{"0000-01-01T01:00:00+01:00", -62167219200 * USEC_PER_SEC},
		{"9999-12-31T23:59:59Z", 253402300799 * USEC_PER_SEC},
		{"9999-12-31T22:59:59.999999-01:00", 253402300800 * USEC_PER_SEC - 1},
		/* A leap second is the next one. */
		{"2016-12-31T23:59:60Z", 1483228800 * USEC_PER_SEC},
		{"2016-12-31T16:59:60.25-07:00", 1483228800 * USEC_PER_SEC + 250 * USEC_PER_MSEC},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		usec_t got = -7;
		int r = utc_parse(rows[i].text, false, &got);
		if (r != 0 || got != rows[i].expected) {
			fail_msg("%s: expected %" PRId64 ", got %" PRId64 " (%d)", rows[i].text, rows[i].expected, got, r);
		}
	}
}

static void without_seconds_it_is_a_whole_minute_only_if_asked_for(void **state) {
	(void)state;
	usec_t got = -7;
	expect_int(-EINVAL, utc_parse("2026-11-23T08:15Z", false, &got));
	expect_int(-7, got);
	expect_int(0, utc_parse("2026-11-23 08:15", true, &got));
	expect_int(SAMPLE, got);
	got = -7;
	expect_int(0, utc_parse("2026-11-23T01:15-07:00", true, &got));
	expect_int(SAMPLE, got);
	expect_int(-EINVAL, utc_parse("2026-11-23 08:15:", true, &got));
	expect_int(-EINVAL, utc_parse("2026-11-23 08:15.5", true, &got));
}

static void without_a_zone_it_is_utc_only_if_asked_for(void **state) {
	(void)state;
	usec_t got = -7;
	expect_int(-EINVAL, utc_parse("2026-11-23T08:15:00", false, &got));
	expect_int(-7, got);
	expect_int(0, utc_parse("2026-11-23T08:15:00", true, &got));
	expect_int(SAMPLE, got);
	expect_int(0, utc_parse("2026-11-23T01:15:00.5-07:00", true, &got));
	expect_int(SAMPLE + USEC_PER_SEC / 2, got);
}

static void what_is_not_rfc_3339_is_refused(void **state) {
	static const char *const rows[] = {
		"",
		/* Of no year of four digits in UTC. */
		"0000-01-01T00:00:00+00:01",
		"9999-12-31T23:59:60Z",
		"9999-12-31T23:00:00-01:00",
		"2026",
		"2026-11-23",
		"2026-11-23T",
		"2026-11-23T08:15Z",
		"2026-11-23T08:15:00.Z",
		"2026-11-23T08:15:00 Z",
		"2026-11-23T08:15:00Z ",
		" 2026-11-23T08:15:00Z",
		"2026-11-23_08:15:00Z",
		"2026-11-23T08:15:00+07",
		"2026-11-23T08:15:00+0700",
		"2026-11-23T08:15:00+24:00",
		"2026-11-23T08:15:00+07:60",
		"2026-11-23T08:15:00+07:00Z",
		"2026-00-23T08:15:00Z",
		"2026-13-23T08:15:00Z",
		"2026-11-00T08:15:00Z",
		"2026-11-31T08:15:00Z",
		"2026-02-29T08:15:00Z",
		"2100-02-29T08:15:00Z",
		"2026-11-23T24:00:00Z",
		"2026-11-23T08:60:00Z",
		"2026-11-23T08:15:61Z",
		"2026-11-23T08:15:60Z",
		"2016-12-31T23:59:60-07:00",
		"26-11-23T08:15:00Z",
		"02026-11-23T08:15:00Z",
		"2026-1-23T08:15:00Z",
		"+026-11-23T08:15:00Z",
		"2026-11-23T08:15:00\302\26101:00",
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		usec_t got = -7;
		int r = utc_parse(rows[i], false, &got);
		if (r != -EINVAL || got != -7) {
			fail_msg("\"%s\": expected %d, got %d and %" PRId64, rows[i], -EINVAL, r, got);
		}
	}
}

static void what_is_written_reads_back_to_the_millisecond(void **state) {
	(void)state;
	struct rng rng;
	seed_of_run(&rng);

	for (int i = 0; i < 50000; i++) {
		/* The years 1 to 9998, so that no offset leaves four digits. */
		usec_t instant = (-62135596800 + rng_below(&rng, 315500000000)) * USEC_PER_SEC +
		                 rng_below(&rng, 1000) * USEC_PER_MSEC;
		char text[UTC_STRING_SIZE];
		usec_t got = 0;

		utc_format_offset(text, instant, (int32_t)(rng_below(&rng, 26 * 3600) - 13 * 3600));
		int r = utc_parse(text, false, &got);
		if (r != 0 || got != instant) {
			fail_msg("%s: expected %" PRId64 ", got %" PRId64 " (%d)", text, instant, got, r);
		}
	}
}

/* The short way reads what the long one reads, or nothing: any day, and a form that is spoilt at random. */
static void the_plain_form_is_read_as_all_others_are(void **state) {
	enum { SPOILT = 300000 };
	struct rng rng;
	uint64_t seed = seed_of_run(&rng);
	char text[UTC_STRING_SIZE];
	usec_t plain, slow;
	(void)state;

	for (int64_t day = utc_days(1, 1, 1); day <= utc_days(9999, 12, 31); day++) {
		usec_t instant = day * USEC_PER_DAY + rng_below(&rng, 86400) * USEC_PER_SEC;
		(void)utc_format(text, instant);
		expect_int(0, utc_parse_plain(text, &plain), "%s (seed %#" PRIx64 ")", text, seed);
		expect_time(instant, plain, "%s", text);
	}
	for (int i = 0; i < SPOILT; i++) {
		(void)strcpy(text, i % 2 ? "2024-02-29T23:59:59Z" : "2100-12-31T00:00:00Z");
		for (int j = 0; j < 2; j++) {
			text[rng_below(&rng, UTC_PLAIN)] = "0123456789-:TZ \xff/"[rng_below(&rng, 17)];
		}
		if (utc_parse_plain(text, &plain) == 0) {
			expect_int(0, utc_parse(text, false, &slow), "%s", text);
			expect_time(slow, plain, "%s", text);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_are_counted_from_1970),
		cmocka_unit_test(dates_and_weekdays_are_those_of_the_calendar),
		cmocka_unit_test(the_plain_form_is_read_as_all_others_are),
		cmocka_unit_test(instants_split_as_the_c_library_splits_them),
		cmocka_unit_test(instants_are_written_as_rfc_3339),
		cmocka_unit_test(an_offset_shows_the_clock_and_the_same_instant),
		cmocka_unit_test(no_instant_and_offset_outgrow_the_buffer),
		cmocka_unit_test(rfc_3339_is_read),
		cmocka_unit_test(without_seconds_it_is_a_whole_minute_only_if_asked_for),
		cmocka_unit_test(without_a_zone_it_is_utc_only_if_asked_for),
		cmocka_unit_test(what_is_not_rfc_3339_is_refused),
		cmocka_unit_test(what_is_written_reads_back_to_the_millisecond),
	};
	return cmocka_run_group_tests_name("utc", tests, NULL, NULL);
}
