// SPDX-License-Identifier: ISC

/* tool/period.h: pieces of time as people name them. */

#include "fixture.h"

#include "tool/period.h"

#include <errno.h>

/* A Thursday, noon in Denver. */
#define NOW "2026-11-26T19:00:00Z"

static void periods_are_cut_by_the_clock_of_the_zone(void **state) {
	static const struct {
		const char *text, *zone, *now, *from, *to;
	} rows[] = {
		{"today", "America/Denver", NOW, "2026-11-26T07:00:00Z", "2026-11-27T07:00:00Z"},
		{"today", "UTC", NOW, "2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z"},
		{"today", "Pacific/Auckland", NOW, "2026-11-26T11:00:00Z", "2026-11-27T11:00:00Z"},
		{"yesterday", "America/Denver", NOW, "2026-11-25T07:00:00Z", "2026-11-26T07:00:00Z"},
		{"this week", "UTC", NOW, "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"},
		{"last week", "UTC", NOW, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"last week", "UTC", "2026-11-23T00:00:00Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"last week", "UTC", "2026-11-22T23:59:59Z", "2026-11-09T00:00:00Z", "2026-11-16T00:00:00Z"},
		{"this month", "America/Denver", NOW, "2026-11-01T06:00:00Z", "2026-12-01T07:00:00Z"},
		{"last month", "America/Denver", NOW, "2026-10-01T06:00:00Z", "2026-11-01T06:00:00Z"},
		{"last month", "UTC", "2026-01-31T12:00:00Z", "2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z"},
		{"last year", "UTC", NOW, "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
		{"2026", "UTC", NOW, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"2026-02", "UTC", NOW, "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"2026-12", "UTC", NOW, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"2026-W47", "UTC", NOW, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"2026-W01", "UTC", NOW, "2025-12-29T00:00:00Z", "2026-01-05T00:00:00Z"},
		{"2026-W53", "UTC", NOW, "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"},
		/* The days on which the clock changes have 23 and 25 hours. */
		{"2026-03-08", "America/Denver", NOW, "2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z"},
		{"2026-11-01", "America/Denver", NOW, "2026-11-01T06:00:00Z", "2026-11-02T07:00:00Z"},
		/* A midnight that no clock shows: the day begins at one. */
		{"2018-11-04", "America/Sao_Paulo", NOW, "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
		{"1965-07-01", "UTC", NOW, "1965-07-01T00:00:00Z", "1965-07-02T00:00:00Z"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct period period;
		struct error err = {{0}};
		usec_t from, to;
		expect_int(0, period_parse(rows[i].text, &period, &err), "%s: %s", rows[i].text, err.text);
		period_in(&period, zone_of(rows[i].zone), at(rows[i].now), &from, &to);
		expect_time(at(rows[i].from), from, "%s in %s: begins", rows[i].text, rows[i].zone);
		expect_time(at(rows[i].to), to, "%s in %s: ends", rows[i].text, rows[i].zone);
	}
}

static void what_is_no_period_is_refused(void **state) {
	static const struct {
		const char *text, *said;
	} rows[] = {
		{"", "expected today"}, {"tomorrow", "expected today"}, {"2026-13", "expected today"}, {"2026-00", "expected today"},
		{"2026-02-30", "expected today"}, {"2026-W00", "expected today"}, {"2026-W54", "expected today"},
		{"2025-W53", "expected today"}, {"2026-1", "expected today"}, {"2026-11-03T", "expected today"}, {"26", "expected today"},
		{"2026-", "expected today"}, {"2026-11-3", "expected today"}, {"\033[2J", "expected today"},
		/* What it may have been meant for. */
		{"last week ", "did you mean \"last week\"?"},
		{"Yesterday", "did you mean \"yesterday\"?"},
		{"tody", "did you mean \"today\"?"},
		{"month", "did you mean \"this month\" or \"last month\"?"},
		{"last", "did you mean \"last week\" or \"last month\" or \"last year\"?"},
		{"s", "did you mean \"yesterday\" or \"this week\" or \"last week\" or \"this month\" or \"last month\" or "
		      "\"this year\" or \"last year\"?"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct period period;
		struct error err = {{0}};
		expect_int(-EINVAL, period_parse(rows[i].text, &period, &err), "\"%s\"", rows[i].text);
		expect_part(rows[i].said, err.text);
	}
}

static void moments_are_instants_or_what_a_clock_shows(void **state) {
	static const struct {
		const char *text, *in_denver;
	} rows[] = {
		{"2026-11-03", "2026-11-03T07:00:00Z"},
		{"2026-11-03T08:00", "2026-11-03T15:00:00Z"},
		{"2026-11-03 08:00:30", "2026-11-03T15:00:30Z"},
		{"2026-11-03T08:00:00Z", "2026-11-03T08:00:00Z"},
		{"2026-11-03T08:00Z", "2026-11-03T08:00:00Z"},
		{"2026-11-03T08:00:00+01:00", "2026-11-03T07:00:00Z"},
		/* Shown twice, and never. */
		{"2026-11-01T01:30", "2026-11-01T07:30:00Z"},
		{"2026-03-08T02:30", "2026-03-08T09:00:00Z"},
		{"tomorrow", NULL},
		{"2026-11-31", NULL},
		{"2026-11-03T25:00", NULL},
		{"", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct period period = {0};
		struct error err = {{0}};
		usec_t from, to;
		int r = moment_parse(rows[i].text, &period.from, &err);
		expect_int(rows[i].in_denver ? 0 : -EINVAL, r, "%s: %s", rows[i].text, err.text);
		if (r == 0) {
			period_in(&period, zone_of("America/Denver"), at(NOW), &from, &to);
			expect_time(at(rows[i].in_denver), from, "%s", rows[i].text);
			expect_time(INT64_MAX, to, "%s: no end", rows[i].text);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(periods_are_cut_by_the_clock_of_the_zone),
		cmocka_unit_test(what_is_no_period_is_refused),
		cmocka_unit_test(moments_are_instants_or_what_a_clock_shows),
	};
	return cmocka_run_group_tests(tests, NULL, zones_done);
}
