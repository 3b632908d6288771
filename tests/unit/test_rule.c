// SPDX-License-Identifier: ISC

#include "fixture.h"
#include "zones.h"

#include "base/utc.h"
#include "calendar/rule.h"

#include <errno.h>

static int64_t seconds(const char *text) {
	usec_t instant = 0;
	expect_int(0, utc_parse(text, false, &instant));
	return instant / USEC_PER_SEC;
}

static struct rule_period period_of(const char *text, int64_t at_s) {
	struct rule rule;
	struct rule_period period;

	if (rule_parse(text, strlen(text), &rule) != 0) {
		fail_msg("\"%s\": expected a rule, got a refusal", text);
	}
	rule_period_at(&rule, at_s, &period);
	return period;
}

static void fixed_rules_hold_for_ever(void **state) {
	static const struct {
		const char *text;
		int32_t offset_s;
	} rows[] = {
		{"UTC0", 0},
		{"EST5", -5 * 3600},
		{"IST-5:30", 19800},
		{"<+0545>-5:45", 20700},
		{"<-03>+3", -10800},
		{"<-00>0", 0},
		{"LMT-0:53:28", 3208},
		{"AAA24:59:59", -89999},
		/* Daylight saving time all the year round, as RFC 8536 writes it. */
		{"EST5EDT,0/0,J365/25", -4 * 3600},
		{"XXX3EDT4,0/0,J365/23", -4 * 3600},
		/* It changes nothing. */
		{"AAA3BBB3,M3.2.0,M11.1.0", -3 * 3600},
	};
	static const int64_t instants[] = {-9000000000000, -1, 0, 1795421700, 9000000000000};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t j = 0; j < COUNT_OF(instants); j++) {
			struct rule_period got = period_of(rows[i].text, instants[j]);
			if (got.offset_s != rows[i].offset_s || got.start_s != INT64_MIN || got.end_s != INT64_MAX) {
				fail_msg("\"%s\": expected %d for ever, got %d from %" PRId64 " to %" PRId64, rows[i].text,
				         (int)rows[i].offset_s, (int)got.offset_s, got.start_s, got.end_s);
			}
		}
	}
}

/* By hand: each period begins and ends there, with that offset. */
static void changes_come_when_the_rule_says(void **state) {
	static const struct {
		const char *text, *start, *end;
		int32_t offset_s;
	} rows[] = {
		/* Second Sunday of March, first of November, at 2 o'clock. */
		{"MST7MDT,M3.2.0,M11.1.0", "2040-03-11T09:00:00Z", "2040-11-04T08:00:00Z", -6 * 3600},
		{"MST7MDT,M3.2.0,M11.1.0", "2040-11-04T08:00:00Z", "2041-03-10T09:00:00Z", -7 * 3600},
		{"CET-1CEST,M3.5.0,M10.5.0/3", "2040-03-25T01:00:00Z", "2040-10-28T01:00:00Z", 7200},
		/* Before midnight, so a day before the Sunday. */
		{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2040-03-25T01:00:00Z", "2040-10-28T01:00:00Z", -3600},
		/* The Friday after the fourth Thursday. */
		{"IST-2IDT,M3.4.4/26,M10.5.0", "2040-03-23T00:00:00Z", "2040-10-27T23:00:00Z", 10800},
		/* South of the equator, by half an hour. */
		{"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2040-10-06T15:30:00Z", "2041-04-06T15:00:00Z", 39600},
		{"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2041-04-06T15:00:00Z", "2041-10-05T15:30:00Z", 37800},
		/* Winter is the exception in Ireland: the clock goes back for it. */
		{"IST-1GMT0,M10.5.0,M3.5.0/1", "2040-10-28T01:00:00Z", "2041-03-31T01:00:00Z", 0},
		/* J60 is always the first of March; 59 counts the leap day. */
		{"AAA0BBB,J60/0,J300/0", "2040-03-01T00:00:00Z", "2040-10-26T23:00:00Z", 3600},
		{"AAA0BBB,J60/0,J300/0", "2041-03-01T00:00:00Z", "2041-10-26T23:00:00Z", 3600},
		{"AAA0BBB,J59/0,J300/0", "2040-02-28T00:00:00Z", "2040-10-26T23:00:00Z", 3600},
		{"AAA0BBB,59/0,299/0", "2040-02-29T00:00:00Z", "2040-10-25T23:00:00Z", 3600},
		{"AAA0BBB,59/0,299/0", "2041-03-01T00:00:00Z", "2041-10-26T23:00:00Z", 3600},
		{"AAA0BBB,59/0,299/0", "2100-03-01T00:00:00Z", "2100-10-26T23:00:00Z", 3600},
		/* A week less an hour before and after; the first change is in the year before. */
		{"AAA0BBB,J1/-167,J340/167", "2039-12-25T01:00:00Z", "2040-12-12T22:00:00Z", 3600},
		{"AAA0BBB,J8/-167,J180/167:59:59", "2040-01-01T01:00:00Z", "2040-07-05T22:59:59Z", 3600},
		/* Far away. */
		{"CET-1CEST,M3.5.0,M10.5.0/3", "9999-03-28T01:00:00Z", "9999-10-31T01:00:00Z", 7200},
		{"CET-1CEST,M3.5.0,M10.5.0/3", "0000-03-26T01:00:00Z", "0000-10-29T01:00:00Z", 7200},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const int64_t start = seconds(rows[i].start);
		const int64_t end = seconds(rows[i].end);
		const int64_t instants[] = {start, start + 1, start + (end - start) / 2, end - 1};
		for (size_t j = 0; j < COUNT_OF(instants); j++) {
			struct rule_period got = period_of(rows[i].text, instants[j]);
			if (got.start_s != start || got.end_s != end || got.offset_s != rows[i].offset_s) {
				char a[UTC_STRING_SIZE], b[UTC_STRING_SIZE];
				fail_msg("\"%s\": expected %s to %s, %d s, got %s to %s, %d s", rows[i].text, rows[i].start,
				         rows[i].end, (int)rows[i].offset_s, utc_format(a, got.start_s * USEC_PER_SEC),
				         utc_format(b, got.end_s * USEC_PER_SEC), (int)got.offset_s);
			}
		}
	}
}

static void what_is_no_rule_is_refused(void **state) {
	static const char *const rows[] = {
		"", "0", "EST", "ES5", "<+3>3", "<+03", "<+03>", ":America/Denver", "E5T5", "EST5 ", " EST5", "EST+", "EST25",
		"EST5:60", "EST5:00:60", "EST5:", "EST5:00:", "EST--5",
		/* No dates, or not two of them. */
		"EST5EDT", "EST5EDT4", "EST5EDT,", "EST5EDT,M3.2.0", "EST5EDT,M3.2.0,", "EST5EDT,M3.2.0,M11.1.0,",
		"EST5EDT,M3.2.0,M11.1.0 ", "EST5,M3.2.0,M11.1.0", "EST5ED,M3.2.0,M11.1.0",
		/* No such dates. */
		"EST5EDT,M0.2.0,M11.1.0", "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.0.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0",
		"EST5EDT,M3.2.7,M11.1.0", "EST5EDT,M3.2,M11.1.0", "EST5EDT,M3,M11.1.0", "EST5EDT,J0,J300", "EST5EDT,J366,J300",
		"EST5EDT,366,300", "EST5EDT,-1,300", "EST5EDT,J,J300", "EST5EDT,X60,J300",
		/* No such times. */
		"EST5EDT,M3.2.0/168,M11.1.0", "EST5EDT,M3.2.0/-168,M11.1.0", "EST5EDT,M3.2.0/,M11.1.0", "EST5EDT,M3.2.0/2:60,M11.1.0",
		"EST5EDT,M3.2.0/99999999999999999999,M11.1.0",
		/* Changes that meet or overtake each other. */
		"EST5EDT,J100,J100/3", "EST5EDT,M3.2.0/2,M3.2.0/3", "AAA0BBB,J1/-167,J365/168",
		"AAA0BBB,J1/-167,J360/167:59:59", "EST5EDT,J70/2,M3.2.0/2", "EST5EDT,0/0,365/25",
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct rule rule = {.offset_s = -77};
		int r = rule_parse(rows[i], strlen(rows[i]), &rule);
		if (r != -EINVAL || rule.offset_s != -77) {
			fail_msg("\"%s\": expected a refusal and nothing touched, got %d and %d", rows[i], r, (int)rule.offset_s);
		}
	}
}

static void only_len_bytes_are_read(void **state) {
	(void)state;
	struct rule rule;
	expect_int(0, rule_parse("EST5EDT,broken", 4, &rule));
	expect_int(-5 * 3600, rule.offset_s);
	expect_int(0, rule_parse("EST55", 4, &rule));
	expect_int(-EINVAL, rule_parse("EST5\0", 5, &rule));
}

/* One of the three ways to write a day in that month. */
static void random_day(struct rng *rng, int month, char *out, size_t size) {
	int day = 30 * (month - 1) + 1 + (int)rng_below(rng, 28);
	switch (rng_below(rng, 3)) {
	case 0:
		(void)snprintf(out, size, "J%d", day);
		break;
	case 1:
		(void)snprintf(out, size, "%d", day);
		break;
	default:
		(void)snprintf(out, size, "M%d.%d.%d", month, (int)rng_below(rng, 5) + 1, (int)rng_below(rng, 7));
		break;
	}
}

/* ",day/time": far enough from the new year that the C library, too, is right. */
static void random_change(struct rng *rng, int month, char *out, size_t size) {
	char day[48];
	random_day(rng, month, day, sizeof(day));
	if (rng_below(rng, 4) == 0) {
		(void)snprintf(out, size, ",%s", day);
	} else {
		(void)snprintf(out, size, ",%s/%s%d:%02d", day, rng_below(rng, 2) == 0 ? "-" : "", (int)rng_below(rng, 168),
		               (int)rng_below(rng, 60));
	}
}

static void random_rule(struct rng *rng, char *out, size_t size) {
	char spring[96], autumn[96], offset_text[32] = "";
	int offset = (int)rng_below(rng, 21) - 10;

	random_change(rng, 2 + (int)rng_below(rng, 4), spring, sizeof(spring));
	random_change(rng, 7 + (int)rng_below(rng, 5), autumn, sizeof(autumn));
	if (rng_below(rng, 2) == 0) {
		(void)snprintf(offset_text, sizeof(offset_text), "%d:30", offset < 0 ? offset - 1 : offset + 1);
	}
	bool south = rng_below(rng, 2) == 0;
	(void)snprintf(out, size, "AAA%d<+BB>%s%s%s", offset, offset_text, south ? autumn : spring, south ? spring : autumn);
}

static void random_rules_agree_with_the_c_library(void **state) {
	(void)state;
	struct rng rng;
	seed_of_run(&rng);
	int rules = zones_slow() ? 10 : 300;

	for (int i = 0; i < rules; i++) {
		char text[256];
		random_rule(&rng, text, sizeof(text));
		zones_use("", text);

		int64_t at_s = rng_below(&rng, 4000000000);
		for (int change = 0; change < 20; change++) {
			struct rule_period period = period_of(text, at_s);
			const int64_t probes[] = {period.start_s, at_s, period.end_s - 1};
			for (size_t j = 0; j < COUNT_OF(probes); j++) {
				expect_int(zones_offset(probes[j]), period.offset_s, "\"%s\" at %" PRId64,
				           text, probes[j]);
			}
			/* The end is one: there the C library's clock changes too. */
			if (zones_offset(period.end_s) == period.offset_s) {
				fail_msg("\"%s\" at %" PRId64 ": expected no change, got one", text, period.end_s);
			}
			at_s = period.end_s;
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_rules_hold_for_ever),
		cmocka_unit_test(changes_come_when_the_rule_says),
		cmocka_unit_test(what_is_no_rule_is_refused),
		cmocka_unit_test(only_len_bytes_are_read),
		cmocka_unit_test(random_rules_agree_with_the_c_library),
	};
	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
