// SPDX-License-Identifier: ISC

#include "fixture.h"

#include "base/rng.h"

/* SplitMix64's published test vector for the seed 1234567, modulo a billion and seven. */
static void dice_are_splitmix64(void **state) {
	static const int64_t expected[] = {905571620, 776630657, 475927382, 971418966, 595764613};
	(void)state;
	struct rng rng;
	rng_init(&rng, 1234567);
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		int64_t got = rng_below(&rng, 1000000007);
		expect_int(expected[i], got, "throw %zu", i);
	}
}

static void equal_seeds_give_equal_dice_and_others_others(void **state) {
	(void)state;
	struct rng a, b, c;
	int same = 0;

	rng_init(&a, 42);
	rng_init(&b, 42);
	rng_init(&c, 43);
	for (int i = 0; i < 1000; i++) {
		int64_t number = rng_below(&a, INT64_MAX);
		expect_true(number == rng_below(&b, INT64_MAX));
		same += number == rng_below(&c, INT64_MAX);
	}
	expect_int(0, same);
}

static void numbers_are_below_the_limit(void **state) {
	static const int64_t limits[] = {1, 2, 3, 60, 1000000, INT64_MAX};
	(void)state;
	struct rng rng;
	seed_of_run(&rng);
	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		for (int j = 0; j < 10000; j++) {
			int64_t got = rng_below(&rng, limits[i]);
			if (got < 0 || got >= limits[i]) {
				fail_msg("expected 0 to %" PRId64 " - 1, got %" PRId64, limits[i], got);
			}
		}
	}
}

static void no_limit_gives_zero(void **state) {
	(void)state;
	struct rng rng = {7};
	expect_int(0, rng_below(&rng, 0));
	expect_int(0, rng_below(&rng, -5));
	expect_int(0, rng_below(&rng, INT64_MIN));
}

/* 60,000 throws of a die: 10,000 each, and six standard deviations (548) off is no accident. */
static void every_side_of_the_die_comes_up(void **state) {
	int count[6] = {0};
	(void)state;
	struct rng rng;
	seed_of_run(&rng);
	for (int i = 0; i < 60000; i++) {
		count[rng_below(&rng, 6)]++;
	}
	for (size_t i = 0; i < COUNT_OF(count); i++) {
		if (count[i] < 9452 || count[i] > 10548) {
			fail_msg("side %zu: expected about 10000, got %d", i, count[i]);
		}
	}
}

static void seeds_of_the_kernel_differ(void **state) {
	(void)state;
	expect_true(rng_random_seed() != rng_random_seed());
}

/* Devices keep their place in time only as long as these never change. */
static void hashes_are_the_same_for_ever(void **state) {
	static const struct {
		const char *data;
		size_t len;
		uint64_t expected;
	} rows[] = {
		{"", 0, 0xf52a15e9a9b5e89b},
		{"a", 1, 0x02c0bdbf481420f8},
		{"foobar", 6, 0x404da9e3b74078c2},
		{"AAAAAAAAAAAAAAAAAAAAAA.v0", 25, 0x3ee313e85497f30d},
		{"\0\0", 2, 0x7bc210046bd616cc},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t got = rng_hash(rows[i].data, rows[i].len);
		expect_int(rows[i].expected, got, "\"%s\"", rows[i].data);
	}
}

/* 3,000 names over 30 slots: 100 each, and six standard deviations (59) off is no accident. */
static void hashes_of_like_names_spread(void **state) {
	int count[30] = {0};
	(void)state;
	for (int i = 0; i < 3000; i++) {
		char name[48];
		(void)snprintf(name, sizeof(name), "AAAAAAAAAAAAAAAAAA%04d.v0", i);
		count[rng_hash(name, strlen(name)) % 30]++;
	}
	for (size_t i = 0; i < COUNT_OF(count); i++) {
		if (count[i] < 41 || count[i] > 159) {
			fail_msg("slot %zu: expected about 100, got %d", i, count[i]);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dice_are_splitmix64),
		cmocka_unit_test(equal_seeds_give_equal_dice_and_others_others),
		cmocka_unit_test(numbers_are_below_the_limit),
		cmocka_unit_test(no_limit_gives_zero),
		cmocka_unit_test(every_side_of_the_die_comes_up),
		cmocka_unit_test(seeds_of_the_kernel_differ),
		cmocka_unit_test(hashes_are_the_same_for_ever),
		cmocka_unit_test(hashes_of_like_names_spread),
	};
	return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
