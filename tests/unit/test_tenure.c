// SPDX-License-Identifier: ISC

/*
 * One account's ownership: each step, and what is believed when.
 */

#include "schedule/tenure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const usec_t t0 = 100 * USEC_PER_SEC;

static struct tenure_place place(usec_t now) {
	return (struct tenure_place){.now = now, .may_claim = true, .idle = true};
}

static bool look(struct tenure *t, uint64_t serial, uint64_t head, uint64_t epoch, bool mine, usec_t now) {
	return tenure_look(t, &(struct tenure_view){.serial = serial, .head = head, .epoch = epoch, .mine = mine}, now);
}

static enum tenure_wish turn(struct tenure *t, struct tenure_place p) {
	return tenure_turn(t, &p);
}

/* One that owns an account whose chain has got to the position. */
static struct tenure owner(uint64_t position) {
	struct tenure t;
	tenure_init(&t, position);
	assert_true(look(&t, 1, position, 0, false, t0));
	assert_int_equal(turn(&t, place(t0 + 3 * USEC_PER_SEC)), TENURE_CLAIM);
	tenure_sent(&t, TENURE_CLAIM, 2);
	tenure_claimed(&t, 7, 2);
	assert_int_equal(t.state, TENURE_READING);
	assert_int_equal(turn(&t, place(t0)), TENURE_REST); /* the head has not been seen since */
	assert_true(look(&t, 2, position, 7, true, t0));
	(void)turn(&t, place(t0));
	return t;
}

static void a_free_account_is_claimed_after_a_grace(void **state) {
	(void)state;
	struct tenure t;
	tenure_init(&t, 5);
	assert_int_equal(turn(&t, place(t0)), TENURE_REST); /* nothing is known */
	assert_true(look(&t, 1, 5, 0, false, t0));
	assert_int_equal(turn(&t, place(t0 + 2999999)), TENURE_REST);
	assert_int_equal(turn(&t, place(t0 + 3000000)), TENURE_CLAIM);
	struct tenure_place preferred = place(t0);
	preferred.preferred = true;
	assert_int_equal(turn(&t, preferred), TENURE_CLAIM);
	preferred.may_claim = false;
	assert_int_equal(turn(&t, preferred), TENURE_REST);
	preferred.may_claim = preferred.leave = true;
	assert_int_equal(turn(&t, preferred), TENURE_REST);
}

static void an_account_that_is_owned_is_left_alone(void **state) {
	(void)state;
	struct tenure t;
	tenure_init(&t, 5);
	assert_true(look(&t, 1, 5, 0, false, t0));
	assert_true(look(&t, 2, 5, 9, false, t0 + USEC_PER_SEC));
	assert_int_equal(turn(&t, place(t0 + USEC_PER_HOUR)), TENURE_REST);
	/* The grace begins anew. */
	assert_true(look(&t, 3, 5, 0, false, t0 + USEC_PER_HOUR));
	assert_int_equal(turn(&t, place(t0 + USEC_PER_HOUR)), TENURE_REST);
}

static void what_is_behind_is_read_before_anything_is_claimed(void **state) {
	(void)state;
	struct tenure t;
	tenure_init(&t, 5);
	assert_true(look(&t, 1, 6, 0, false, t0));
	assert_int_equal(turn(&t, place(t0 + USEC_PER_MIN)), TENURE_READ);
	tenure_sent(&t, TENURE_READ, 2);
	assert_int_equal(turn(&t, place(t0 + USEC_PER_MIN)), TENURE_REST);
	tenure_read(&t);
	tenure_applied(&t, 6);
	assert_int_equal(turn(&t, place(t0 + USEC_PER_MIN)), TENURE_CLAIM);
}

static void an_owner_reads_to_the_head_before_it_asks(void **state) {
	(void)state;
	struct tenure t;
	tenure_init(&t, 5);
	assert_true(look(&t, 1, 5, 0, false, t0));
	tenure_sent(&t, TENURE_CLAIM, 2);
	tenure_claimed(&t, 8, 2);
	/* A look from before the claim tells nothing. */
	assert_true(look(&t, 1, 5, 0, false, t0));
	assert_int_equal(t.state, TENURE_READING);
	assert_int_equal(turn(&t, place(t0)), TENURE_REST);
	assert_int_equal(t.state, TENURE_READING);
	assert_true(look(&t, 2, 7, 8, true, t0));
	assert_int_equal(turn(&t, place(t0)), TENURE_READ);
	tenure_sent(&t, TENURE_READ, 3);
	tenure_read(&t);
	tenure_applied(&t, 7);
	assert_false(tenure_records(&t));
	assert_int_equal(turn(&t, place(t0)), TENURE_REST);
	assert_int_equal(t.state, TENURE_OWNING);
	assert_true(tenure_records(&t));
}

static void a_chain_is_begun_by_its_first_owner(void **state) {
	(void)state;
	struct tenure t;
	tenure_init(&t, 0);
	assert_true(look(&t, 1, 0, 0, false, t0));
	tenure_sent(&t, TENURE_CLAIM, 2);
	tenure_claimed(&t, 8, 2);
	assert_true(look(&t, 2, 0, 8, true, t0));
	assert_int_equal(turn(&t, place(t0)), TENURE_BEGIN);
	tenure_committing(&t, 3);
	assert_int_equal(turn(&t, place(t0)), TENURE_REST);
	tenure_committed(&t, 3);
	tenure_applied(&t, 1);
	(void)turn(&t, place(t0));
	assert_int_equal(t.state, TENURE_OWNING);
	assert_int_equal(t.head, 1);
}

static void after_a_commit_that_failed_it_reads_on(void **state) {
	(void)state;
	struct tenure t = owner(5);
	assert_int_equal(t.state, TENURE_OWNING);
	tenure_committing(&t, 3);
	/* What is seen meanwhile may be from before it, or after. */
	assert_true(look(&t, 2, 4, 7, true, t0));
	tenure_upset(&t, 4);
	assert_int_equal(t.state, TENURE_READING);
	assert_false(tenure_records(&t));
	assert_true(look(&t, 3, 5, 7, true, t0));
	assert_int_equal(turn(&t, place(t0)), TENURE_REST);
	assert_int_equal(t.state, TENURE_READING);
	assert_true(look(&t, 4, 6, 7, true, t0));
	assert_int_equal(turn(&t, place(t0)), TENURE_READ);
}

static void a_lost_lease_ends_the_tenure(void **state) {
	(void)state;
	struct tenure t = owner(5);
	uint64_t ours = t.ours;
	tenure_lost(&t, 9);
	assert_int_equal(t.state, TENURE_FOLLOWING);
	assert_int_equal(t.epoch, 0);
	/* A look from before that does not bring it back. */
	assert_true(look(&t, 8, 5, 7, true, t0));
	assert_int_equal(t.state, TENURE_FOLLOWING);
	/* By the next one it may have been taken again: that is another tenure. */
	assert_true(look(&t, 9, 5, 12, true, t0));
	assert_int_equal(t.state, TENURE_READING);
	assert_int_not_equal(t.ours, ours);
}

static void another_owner_is_believed(void **state) {
	(void)state;
	struct tenure t = owner(5);
	assert_true(look(&t, 3, 6, 8, false, t0));
	assert_int_equal(t.state, TENURE_FOLLOWING);
	assert_int_equal(turn(&t, place(t0)), TENURE_READ);
}

static void it_leaves_when_all_is_recorded(void **state) {
	(void)state;
	struct tenure t = owner(5);
	struct tenure_place leaving = place(t0);
	leaving.leave = true;
	leaving.idle = false;
	assert_int_equal(turn(&t, leaving), TENURE_REST);
	assert_int_equal(t.state, TENURE_DRAINING);
	assert_true(tenure_records(&t));
	leaving.idle = true;
	assert_int_equal(turn(&t, leaving), TENURE_RELEASE);
	tenure_sent(&t, TENURE_RELEASE, 3);
	assert_false(tenure_records(&t));
	tenure_released(&t, false, 3);
	assert_int_equal(turn(&t, leaving), TENURE_RELEASE);
	tenure_sent(&t, TENURE_RELEASE, 4);
	tenure_released(&t, true, 4);
	assert_int_equal(t.state, TENURE_FOLLOWING);
	assert_int_equal(t.epoch, 0);
}

static void a_head_behind_the_log_is_told(void **state) {
	(void)state;
	struct tenure t;
	tenure_init(&t, 5);
	assert_false(look(&t, 1, 4, 0, false, t0));
	assert_false(look(&t, 2, 0, 0, false, t0));
	tenure_halt(&t);
	assert_int_equal(turn(&t, place(t0 + USEC_PER_HOUR)), TENURE_REST);
}

static void a_halted_owner_lets_go(void **state) {
	(void)state;
	struct tenure t = owner(5);
	tenure_halt(&t);
	assert_false(tenure_records(&t));
	assert_int_equal(turn(&t, place(t0)), TENURE_RELEASE);
	tenure_sent(&t, TENURE_RELEASE, 3);
	tenure_released(&t, true, 3);
	assert_int_equal(t.state, TENURE_HALTED);
	assert_int_equal(turn(&t, place(t0)), TENURE_REST);
	/* A commit that was on its way does not end it. */
	tenure_upset(&t, 4);
	assert_int_equal(t.state, TENURE_HALTED);
	assert_true(look(&t, 4, 9, 0, false, t0));
	assert_int_equal(t.state, TENURE_HALTED);
}

static void a_claim_that_was_lost_is_found_again(void **state) {
	(void)state;
	struct tenure t;
	tenure_init(&t, 5);
	assert_true(look(&t, 1, 5, 0, false, t0));
	tenure_sent(&t, TENURE_CLAIM, 2);
	tenure_claimed(&t, 0, 3);
	assert_int_equal(turn(&t, place(t0 + USEC_PER_MIN)), TENURE_REST);
	assert_true(look(&t, 3, 5, 11, true, t0));
	assert_int_equal(t.state, TENURE_READING);
	assert_int_equal(t.epoch, 11);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_free_account_is_claimed_after_a_grace),
		cmocka_unit_test(an_account_that_is_owned_is_left_alone),
		cmocka_unit_test(what_is_behind_is_read_before_anything_is_claimed),
		cmocka_unit_test(an_owner_reads_to_the_head_before_it_asks),
		cmocka_unit_test(a_chain_is_begun_by_its_first_owner),
		cmocka_unit_test(after_a_commit_that_failed_it_reads_on),
		cmocka_unit_test(a_lost_lease_ends_the_tenure),
		cmocka_unit_test(another_owner_is_believed),
		cmocka_unit_test(it_leaves_when_all_is_recorded),
		cmocka_unit_test(a_head_behind_the_log_is_told),
		cmocka_unit_test(a_halted_owner_lets_go),
		cmocka_unit_test(a_claim_that_was_lost_is_found_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
