// SPDX-License-Identifier: ISC

/*
 * One account's ownership: each step, and what is believed when.
 */

#include "fixture.h"

#include "schedule/tenure.h"

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
	expect_true(look(&t, 1, position, 0, false, t0));
	expect_int(TENURE_CLAIM, turn(&t, place(t0 + 3 * USEC_PER_SEC)));
	tenure_sent(&t, TENURE_CLAIM, 2);
	tenure_claimed(&t, 7, 2);
	expect_int(TENURE_READING, t.state);
	expect_int(TENURE_REST, turn(&t, place(t0))); /* the head has not been seen since */
	expect_true(look(&t, 2, position, 7, true, t0));
	(void)turn(&t, place(t0));
	return t;
}

static void a_free_account_is_claimed_after_a_grace(void **state) {
	(void)state;
	struct tenure t;
	tenure_init(&t, 5);
	expect_int(TENURE_REST, turn(&t, place(t0))); /* nothing is known */
	expect_true(look(&t, 1, 5, 0, false, t0));
	expect_int(TENURE_REST, turn(&t, place(t0 + 2999999)));
	expect_int(TENURE_CLAIM, turn(&t, place(t0 + 3000000)));
	struct tenure_place preferred = place(t0);
	preferred.preferred = true;
	expect_int(TENURE_CLAIM, turn(&t, preferred));
	preferred.may_claim = false;
	expect_int(TENURE_REST, turn(&t, preferred));
	preferred.may_claim = preferred.leave = true;
	expect_int(TENURE_REST, turn(&t, preferred));
}

static void an_account_that_is_owned_is_left_alone(void **state) {
	(void)state;
	struct tenure t;
	tenure_init(&t, 5);
	expect_true(look(&t, 1, 5, 0, false, t0));
	expect_true(look(&t, 2, 5, 9, false, t0 + USEC_PER_SEC));
	expect_int(TENURE_REST, turn(&t, place(t0 + USEC_PER_HOUR)));
	/* The grace begins anew. */
	expect_true(look(&t, 3, 5, 0, false, t0 + USEC_PER_HOUR));
	expect_int(TENURE_REST, turn(&t, place(t0 + USEC_PER_HOUR)));
}

static void what_is_behind_is_read_before_anything_is_claimed(void **state) {
	(void)state;
	struct tenure t;
	tenure_init(&t, 5);
	expect_true(look(&t, 1, 6, 0, false, t0));
	expect_int(TENURE_READ, turn(&t, place(t0 + USEC_PER_MIN)));
	tenure_sent(&t, TENURE_READ, 2);
	expect_int(TENURE_REST, turn(&t, place(t0 + USEC_PER_MIN)));
	tenure_read(&t);
	tenure_applied(&t, 6);
	expect_int(TENURE_CLAIM, turn(&t, place(t0 + USEC_PER_MIN)));
}

static void an_owner_reads_to_the_head_before_it_asks(void **state) {
	(void)state;
	struct tenure t;
	tenure_init(&t, 5);
	expect_true(look(&t, 1, 5, 0, false, t0));
	tenure_sent(&t, TENURE_CLAIM, 2);
	tenure_claimed(&t, 8, 2);
	/* A look from before the claim tells nothing. */
	expect_true(look(&t, 1, 5, 0, false, t0));
	expect_int(TENURE_READING, t.state);
	expect_int(TENURE_REST, turn(&t, place(t0)));
	expect_int(TENURE_READING, t.state);
	expect_true(look(&t, 2, 7, 8, true, t0));
	expect_int(TENURE_READ, turn(&t, place(t0)));
	tenure_sent(&t, TENURE_READ, 3);
	tenure_read(&t);
	tenure_applied(&t, 7);
	expect_false(tenure_records(&t));
	expect_int(TENURE_REST, turn(&t, place(t0)));
	expect_int(TENURE_OWNING, t.state);
	expect_true(tenure_records(&t));
}

static void a_chain_is_begun_by_its_first_owner(void **state) {
	(void)state;
	struct tenure t;
	tenure_init(&t, 0);
	expect_true(look(&t, 1, 0, 0, false, t0));
	tenure_sent(&t, TENURE_CLAIM, 2);
	tenure_claimed(&t, 8, 2);
	expect_true(look(&t, 2, 0, 8, true, t0));
	expect_int(TENURE_BEGIN, turn(&t, place(t0)));
	tenure_committing(&t, 3);
	expect_int(TENURE_REST, turn(&t, place(t0)));
	tenure_committed(&t, 3);
	tenure_applied(&t, 1);
	(void)turn(&t, place(t0));
	expect_int(TENURE_OWNING, t.state);
	expect_int(1, t.head);
}

static void after_a_commit_that_failed_it_reads_on(void **state) {
	(void)state;
	struct tenure t = owner(5);
	expect_int(TENURE_OWNING, t.state);
	tenure_committing(&t, 3);
	/* What is seen meanwhile may be from before it, or after. */
	expect_true(look(&t, 2, 4, 7, true, t0));
	tenure_upset(&t, 4);
	expect_int(TENURE_READING, t.state);
	expect_false(tenure_records(&t));
	expect_true(look(&t, 3, 5, 7, true, t0));
	expect_int(TENURE_REST, turn(&t, place(t0)));
	expect_int(TENURE_READING, t.state);
	expect_true(look(&t, 4, 6, 7, true, t0));
	expect_int(TENURE_READ, turn(&t, place(t0)));
}

static void a_lost_lease_ends_the_tenure(void **state) {
	(void)state;
	struct tenure t = owner(5);
	uint64_t ours = t.ours;
	tenure_lost(&t, 9);
	expect_int(TENURE_FOLLOWING, t.state);
	expect_int(0, t.epoch);
	/* A look from before that does not bring it back. */
	expect_true(look(&t, 8, 5, 7, true, t0));
	expect_int(TENURE_FOLLOWING, t.state);
	/* By the next one it may have been taken again: that is another tenure. */
	expect_true(look(&t, 9, 5, 12, true, t0));
	expect_int(TENURE_READING, t.state);
	expect_true(t.ours != ours);
}

static void another_owner_is_believed(void **state) {
	(void)state;
	struct tenure t = owner(5);
	expect_true(look(&t, 3, 6, 8, false, t0));
	expect_int(TENURE_FOLLOWING, t.state);
	expect_int(TENURE_READ, turn(&t, place(t0)));
}

static void it_leaves_when_all_is_recorded(void **state) {
	(void)state;
	struct tenure t = owner(5);
	struct tenure_place leaving = place(t0);
	leaving.leave = true;
	leaving.idle = false;
	expect_int(TENURE_REST, turn(&t, leaving));
	expect_int(TENURE_DRAINING, t.state);
	expect_true(tenure_records(&t));
	leaving.idle = true;
	expect_int(TENURE_RELEASE, turn(&t, leaving));
	tenure_sent(&t, TENURE_RELEASE, 3);
	expect_false(tenure_records(&t));
	tenure_released(&t, false, 3);
	expect_int(TENURE_RELEASE, turn(&t, leaving));
	tenure_sent(&t, TENURE_RELEASE, 4);
	tenure_released(&t, true, 4);
	expect_int(TENURE_FOLLOWING, t.state);
	expect_int(0, t.epoch);
}

static void a_head_behind_the_log_is_told(void **state) {
	(void)state;
	struct tenure t;
	tenure_init(&t, 5);
	expect_false(look(&t, 1, 4, 0, false, t0));
	expect_false(look(&t, 2, 0, 0, false, t0));
	tenure_halt(&t);
	expect_int(TENURE_REST, turn(&t, place(t0 + USEC_PER_HOUR)));
}

static void a_halted_owner_lets_go(void **state) {
	(void)state;
	struct tenure t = owner(5);
	tenure_halt(&t);
	expect_false(tenure_records(&t));
	expect_int(TENURE_RELEASE, turn(&t, place(t0)));
	tenure_sent(&t, TENURE_RELEASE, 3);
	tenure_released(&t, true, 3);
	expect_int(TENURE_HALTED, t.state);
	expect_int(TENURE_REST, turn(&t, place(t0)));
	/* A commit that was on its way does not end it. */
	tenure_upset(&t, 4);
	expect_int(TENURE_HALTED, t.state);
	expect_true(look(&t, 4, 9, 0, false, t0));
	expect_int(TENURE_HALTED, t.state);
}

static void a_claim_that_was_lost_is_found_again(void **state) {
	(void)state;
	struct tenure t;
	tenure_init(&t, 5);
	expect_true(look(&t, 1, 5, 0, false, t0));
	tenure_sent(&t, TENURE_CLAIM, 2);
	tenure_claimed(&t, 0, 3);
	expect_int(TENURE_REST, turn(&t, place(t0 + USEC_PER_MIN)));
	expect_true(look(&t, 3, 5, 11, true, t0));
	expect_int(TENURE_READING, t.state);
	expect_int(11, t.epoch);
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
