// SPDX-License-Identifier: ISC

/* schedule/skew.h: our clock against the server's. */

#include "fixture.h"

#include "schedule/skew.h"

#define S USEC_PER_SEC
#define SERVER (INT64_C(1795420800) * S) /* 2026-11-23T08:00:00Z */

/* Our clock is ahead by that much; the request takes so long; the Date is of the middle. */
static void reply(struct skew *skew, usec_t ahead, usec_t sent, usec_t took) {
	usec_t stamped = sent + took / 2;
	skew_observe(skew, sent + ahead, sent + took + ahead, stamped - stamped % S);
}

static void nothing_is_known_before_the_first_reply(void **state) {
	(void)state;
	struct skew skew = {0};
	expect_int(0, skew_ahead(&skew), "ahead");
	skew_step(&skew, USEC_PER_HOUR);
	expect_int(0, skew_ahead(&skew), "after a step");
}

static void a_clock_that_agrees_or_is_late_is_not_ahead(void **state) {
	(void)state;
	static const usec_t aheads[] = {0, S, 2 * S, -S, -USEC_PER_HOUR, -20 * 366 * USEC_PER_DAY};
	for (size_t i = 0; i < COUNT_OF(aheads); i++) {
		struct skew skew = {0};
		for (int n = 0; n < 100; n++) {
			reply(&skew, aheads[i], SERVER + n * 7 * S + n * 13579, (n % 5) * S);
			expect_int(0, skew_ahead(&skew), "row %zu, reply %d", i, n);
		}
	}
}

/* Never more than it is, and soon no less than the quickest reply can tell. */
static void a_clock_that_is_ahead_is_never_thought_further_ahead(void **state) {
	(void)state;
	static const usec_t aheads[] = {5 * S, USEC_PER_MIN, USEC_PER_HOUR, 20 * 366 * USEC_PER_DAY};
	for (size_t i = 0; i < COUNT_OF(aheads); i++) {
		struct skew skew = {0};
		for (int n = 0; n < 100; n++) {
			reply(&skew, aheads[i], SERVER + n * 7 * S + n * 13579, (n % 5) * S + 1000);
			expect_between(0, aheads[i], skew_ahead(&skew), "row %zu, reply %d", i, n);
		}
		expect_between(aheads[i] - S, aheads[i], skew_ahead(&skew), "row %zu, in the end", i);
	}
}

static void a_step_is_followed_before_the_next_reply(void **state) {
	(void)state;
	struct skew skew = {0};
	reply(&skew, 0, SERVER, 1000);
	skew_step(&skew, USEC_PER_HOUR);
	expect_between(USEC_PER_HOUR - 2 * S, USEC_PER_HOUR, skew_ahead(&skew), "set forward");
	skew_step(&skew, -USEC_PER_HOUR);
	expect_int(0, skew_ahead(&skew), "and back");
	skew_step(&skew, -USEC_PER_HOUR);
	expect_int(0, skew_ahead(&skew), "too far back");
	skew_step(&skew, USEC_PER_HOUR);
	expect_int(0, skew_ahead(&skew), "and right again");
}

static void what_drifts_away_is_learned_anew(void **state) {
	(void)state;
	struct skew skew = {0};
	reply(&skew, USEC_PER_MIN, SERVER, 1000);
	for (usec_t ahead = USEC_PER_MIN; ahead >= 0; ahead -= S / 10) {
		reply(&skew, ahead, SERVER + USEC_PER_DAY, 1000);
		expect_between(0, ahead > 2 * S ? ahead : 0, skew_ahead(&skew), "at %" PRId64, ahead);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_before_the_first_reply),
		cmocka_unit_test(a_clock_that_agrees_or_is_late_is_not_ahead),
		cmocka_unit_test(a_clock_that_is_ahead_is_never_thought_further_ahead),
		cmocka_unit_test(a_step_is_followed_before_the_next_reply),
		cmocka_unit_test(what_drifts_away_is_learned_anew),
	};
	return cmocka_run_group_tests_name("skew", tests, NULL, NULL);
}
