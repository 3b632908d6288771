// SPDX-License-Identifier: ISC

/* schedule/backoff.h: how long to wait after a failure. */

#include "fixture.h"

#include "schedule/backoff.h"

#include <limits.h>

#define SECOND USEC_PER_SEC

static void the_ceiling_doubles_up_to_the_cap(void **state) {
	(void)state;
	static const struct {
		usec_t base, cap;
		unsigned failures;
		usec_t expected;
	} rows[] = {
		{SECOND, 60 * SECOND, 1, SECOND},
		{SECOND, 60 * SECOND, 2, 2 * SECOND},
		{SECOND, 60 * SECOND, 3, 4 * SECOND},
		{SECOND, 60 * SECOND, 6, 32 * SECOND},
		{SECOND, 60 * SECOND, 7, 60 * SECOND},
		{SECOND, 60 * SECOND, 8, 60 * SECOND},
		{SECOND, 60 * SECOND, 1000, 60 * SECOND},
		{SECOND, 60 * SECOND, UINT_MAX, 60 * SECOND},
		{SECOND, 64 * SECOND, 7, 64 * SECOND},
		{SECOND, 63 * SECOND, 7, 63 * SECOND},
		{60 * SECOND, 60 * SECOND, 5, 60 * SECOND},
		{USEC_PER_MIN, 15 * USEC_PER_MIN, 4, 8 * USEC_PER_MIN},
		{USEC_PER_MIN, 15 * USEC_PER_MIN, 5, 15 * USEC_PER_MIN},
		{1, 5, 3, 4},
		{1, 5, 4, 5},
		{1, 3, 2, 2},
		{1, INT64_MAX, UINT_MAX, INT64_MAX},
		{INT64_MAX / 2, INT64_MAX, 3, INT64_MAX},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		expect_int(rows[row].expected,
		           backoff_ceiling(rows[row].base, rows[row].cap, rows[row].failures), "row %zu", row);
	}
}

static void full_jitter_is_anything_up_to_the_ceiling(void **state) {
	(void)state;
	struct rng rng;
	uint64_t seed = seed_of_run(&rng);
	enum { ROLLS = 20000 };

	for (unsigned failures = 1; failures <= 10; failures++) {
		usec_t ceiling = backoff_ceiling(SECOND, 60 * SECOND, failures);
		int tenths[10] = {0};
		for (int i = 0; i < ROLLS; i++) {
			usec_t wait = backoff_full_jitter(SECOND, 60 * SECOND, failures, &rng);
			expect_between(0, ceiling, wait, "seed %#" PRIx64 ": failure %u", seed, failures);
			tenths[wait * 10 / (ceiling + 1)]++;
		}
		/* Each as likely: twelve standard deviations around a tenth of the rolls. */
		for (int i = 0; i < 10; i++) {
			expect_between(ROLLS / 10 - 500, ROLLS / 10 + 500, tenths[i],
			               "seed %#" PRIx64 ": failure %u: waits in tenth %d", seed, failures, i);
		}
	}
}

static void full_jitter_reaches_both_ends(void **state) {
	(void)state;
	struct rng rng;
	uint64_t seed = seed_of_run(&rng);
	bool seen[4] = {false};
	for (int i = 0; i < 1000; i++) {
		usec_t wait = backoff_full_jitter(3, 3, 1, &rng);
		expect_between(0, 3, wait, "seed %#" PRIx64, seed);
		seen[wait] = true;
	}
	for (int i = 0; i < 4; i++) {
		expect_int(true, seen[i], "seed %#" PRIx64 ": a wait of %d us came", seed, i);
	}
}

static void at_least_is_the_ceiling_and_up_to_a_tenth_more(void **state) {
	(void)state;
	struct rng rng;
	uint64_t seed = seed_of_run(&rng);
	for (unsigned failures = 1; failures <= 8; failures++) {
		usec_t ceiling = backoff_ceiling(USEC_PER_MIN, 15 * USEC_PER_MIN, failures);
		usec_t least = INT64_MAX, most = 0;
		for (int i = 0; i < 2000; i++) {
			usec_t wait = backoff_at_least(USEC_PER_MIN, 15 * USEC_PER_MIN, failures, &rng);
			expect_between(ceiling, ceiling + ceiling / 10, wait, "seed %#" PRIx64 ": failure %u", seed,
			               failures);
			least = wait < least ? wait : least;
			most = wait > most ? wait : most;
		}
		expect_between(ceiling / 20, ceiling / 10, most - least,
		               "seed %#" PRIx64 ": failure %u: the dice matter", seed, failures);
	}
}

static void at_least_reaches_both_ends_of_its_tenth(void **state) {
	(void)state;
	struct rng rng;
	uint64_t seed = seed_of_run(&rng);
	bool seen[3] = {false};
	for (int i = 0; i < 1000; i++) {
		usec_t wait = backoff_at_least(29, 29, 1, &rng);
		expect_between(29, 31, wait, "seed %#" PRIx64, seed);
		seen[wait - 29] = true;
	}
	for (int i = 0; i < 3; i++) {
		expect_int(true, seen[i], "seed %#" PRIx64 ": a wait of %d us came", seed, 29 + i);
	}
	for (int i = 0; i < 10; i++) {
		expect_int(9, backoff_at_least(9, 9, 1, &rng), "less than ten have no tenth");
	}
	/* A tenth of ten, not of nine or eleven. */
	bool more = false;
	for (int i = 0; i < 1000; i++) {
		more = more || backoff_at_least(10, 10, 1, &rng) == 11;
	}
	expect_int(true, more, "seed %#" PRIx64 ": a wait of 11 us came", seed);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ceiling_doubles_up_to_the_cap),
		cmocka_unit_test(full_jitter_is_anything_up_to_the_ceiling),
		cmocka_unit_test(full_jitter_reaches_both_ends),
		cmocka_unit_test(at_least_reaches_both_ends_of_its_tenth),
		cmocka_unit_test(at_least_is_the_ceiling_and_up_to_a_tenth_more),
	};
	return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
