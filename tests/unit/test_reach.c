// SPDX-License-Identifier: ISC

/* schedule/reach.h: how much is asked for at once, and what is skipped. */

#include "fixture.h"

#include "schedule/reach.h"

enum { MOST = 1440 };

/* Asks a server that refuses more than `cap` buckets until `count` are had.  Returns the requests it took. */
static int requests_for(struct reach *reach, int cap, int count) {
	int requests = 0;
	while (count > 0) {
		int asked = reach->limit < count ? reach->limit : count;
		requests++;
		expect_true(requests < 100000);
		if (asked > cap) {
			expect_true(reach_halve(reach, asked));
		} else {
			count -= asked;
			reach_worked(reach, MOST, count > 0);
		}
	}
	return requests;
}

static void half_as_much_until_it_works(void **state) {
	(void)state;
	static const int caps[] = {1, 2, 3, 10, 100, 719, 720, 1000, 1439, 1440};
	for (size_t i = 0; i < COUNT_OF(caps); i++) {
		struct reach reach;
		reach_init(&reach, MOST);
		(void)requests_for(&reach, caps[i], MOST);
		/* It may be about to try what has failed once more. */
		expect_between(caps[i] / 2, 2 * caps[i], reach.limit, "limit of a server that takes %d", caps[i]);
	}
	struct reach reach;
	reach_init(&reach, MOST);
	expect_int(false, reach_halve(&reach, 1), "one bucket cannot be less");
	expect_int(MOST, reach.limit, "limit");
}

/* A week of minutes: what works is remembered, and what does not is tried again only seldom. */
static void what_works_is_remembered(void **state) {
	(void)state;
	struct reach reach;
	reach_init(&reach, MOST);
	int fewest = 10080 / 720;
	expect_between(fewest, fewest + 3, requests_for(&reach, 1000, 10080), "requests");
	expect_int(720, reach.limit, "limit");
	(void)requests_for(&reach, MOST, 30 * 720);
	expect_int(MOST, reach.limit, "limit once the server takes more");
}

static void what_never_failed_grows_at_once(void **state) {
	(void)state;
	struct reach reach;
	reach_init(&reach, MOST);
	expect_true(reach_halve(&reach, 2));
	reach_failed_alone(&reach, true);
	reach_worked(&reach, MOST, true);
	expect_int(2, reach.limit, "it was the bucket, not their number");
	for (int limit = 4; limit < MOST; limit *= 2) {
		reach_worked(&reach, MOST, true);
		expect_int(limit, reach.limit, "limit");
	}
	reach_worked(&reach, MOST, true);
	expect_int(MOST, reach.limit, "limit in the end");
}

static void the_steady_state_has_no_limit_but_one_that_failed(void **state) {
	(void)state;
	struct reach reach;
	reach_init(&reach, MOST);
	reach.limit = 5;
	reach_worked(&reach, MOST, false);
	expect_int(MOST, reach.limit, "limit");
	expect_true(reach_halve(&reach, 20));
	reach_worked(&reach, MOST, false);
	expect_int(10, reach.limit, "limit after 20 have failed");
}

/* Bad buckets from the cursor on; the others are answered.  Returns the rounds until the first is given up. */
static int rounds_until_given_up(struct reach *reach, int bad) {
	for (int rounds = 1; rounds < 1000; rounds++) {
		bool answered = reach->leap >= bad;
		if (!answered) {
			reach_failed_alone(reach, false);
		} else if (reach_leapt(reach)) {
			return rounds;
		}
	}
	return -1;
}

static void a_bucket_is_given_up_when_what_follows_was_answered_again_and_again(void **state) {
	(void)state;
	struct reach reach;
	reach_init(&reach, MOST);
	expect_int(10, rounds_until_given_up(&reach, 1), "tries: itself and the next in turn, five times");
	expect_int(1, reach.leap, "leap");
	reach_worked(&reach, MOST, true);
	expect_int(0, reach.leap, "leap afterwards");
	expect_int(0, reach.proofs, "proofs afterwards");
}

static void several_in_a_row_are_given_up_one_by_one(void **state) {
	(void)state;
	struct reach reach;
	reach_init(&reach, MOST);
	for (int bad = 5; bad > 0; bad--) {
		expect_between(1, 40, rounds_until_given_up(&reach, bad), "%d in a row", bad);
		expect_int(bad, reach.leap, "%d in a row: leap", bad);
		reach_gave_up(&reach);
		expect_int(0, reach.leap, "%d in a row: leap over the next one", bad);
	}
	expect_between(1, 20, rounds_until_given_up(&reach, 1), "the next one");
}

static void nothing_is_given_up_while_nothing_is_answered(void **state) {
	(void)state;
	struct reach reach;
	reach_init(&reach, MOST);
	expect_int(-1, rounds_until_given_up(&reach, 100), "a device that always fails");
	expect_between(0, 8, reach.leap, "leap");
}

static void a_leap_that_fails_proves_nothing(void **state) {
	(void)state;
	struct reach reach;
	reach_init(&reach, MOST);
	for (int i = 0; i < 3; i++) {
		reach_failed_alone(&reach, false);
		expect_int(1, reach.leap, "leap");
		expect_false(reach_leapt(&reach));
	}
	reach_failed_alone(&reach, false);
	reach_failed_alone(&reach, false); /* the leap */
	expect_int(0, reach.proofs, "proofs");
}

/* What has failed is tried again after as many good answers, and never more than is configured. */
static void growing_again_ends_at_what_is_configured(void **state) {
	(void)state;
	static const struct {
		int limit, most, grown;
	} rows[] = {{10, 15, 15}, {10, 20, 20}, {10, 21, 20}, {10, 100, 20}, {1, 2, 2}, {3, 3, 3}};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct reach reach;
		reach_init(&reach, rows[row].most);
		reach.limit = rows[row].limit;
		reach.refused = rows[row].limit + 1 < rows[row].most ? rows[row].limit + 1 : rows[row].most;
		for (int i = 1; i < 16; i++) {
			reach_worked(&reach, rows[row].most, true);
			expect_int(rows[row].limit, reach.limit, "row %zu: after %d good answers", row, i);
		}
		reach_worked(&reach, rows[row].most, true);
		expect_int(rows[row].grown, reach.limit, "row %zu: after 16", row);
		expect_int(0, reach.refused, "row %zu: what failed is forgotten", row);
		expect_int(0, reach.streak, "row %zu: streak", row);
	}
}

/* Once what follows has been answered, the bucket is the one to blame, however short the time. */
static void an_answer_behind_it_ends_patience(void **state) {
	(void)state;
	struct reach reach;
	reach_init(&reach, MOST);
	reach_failed_alone(&reach, false);
	expect_int(1, reach.leap, "leap");
	expect_false(reach_leapt(&reach));
	expect_int(1, reach.proofs, "proofs");
	expect_int(0, reach.leap, "leap after an answer");
	reach_failed_alone(&reach, true);
	expect_int(1, reach.leap, "leap, patient as it is");
}

static void patience_comes_first(void **state) {
	(void)state;
	struct reach reach;
	reach_init(&reach, MOST);
	for (int i = 0; i < 10; i++) {
		reach_failed_alone(&reach, true);
		expect_int(0, reach.leap, "leap");
		expect_int(i + 1, reach.alone, "alone");
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_as_much_until_it_works),
		cmocka_unit_test(what_works_is_remembered),
		cmocka_unit_test(what_never_failed_grows_at_once),
		cmocka_unit_test(the_steady_state_has_no_limit_but_one_that_failed),
		cmocka_unit_test(a_bucket_is_given_up_when_what_follows_was_answered_again_and_again),
		cmocka_unit_test(several_in_a_row_are_given_up_one_by_one),
		cmocka_unit_test(nothing_is_given_up_while_nothing_is_answered),
		cmocka_unit_test(a_leap_that_fails_proves_nothing),
		cmocka_unit_test(growing_again_ends_at_what_is_configured),
		cmocka_unit_test(an_answer_behind_it_ends_patience),
		cmocka_unit_test(patience_comes_first),
	};
	return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
