// SPDX-License-Identifier: ISC

/* Dice for tests: new ones in every run, the same again with TEST_SEED=number. */

#ifndef TESTS_UNIT_SEED_H
#define TESTS_UNIT_SEED_H

#include "base/rng.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static inline struct rng seed_dice(const char *test) {
	const char *wanted = getenv("TEST_SEED");
	uint64_t seed = wanted ? strtoull(wanted, NULL, 10) : rng_random_seed();
	struct rng rng;

	printf("# %s: TEST_SEED=%" PRIu64 "\n", test, seed);
	rng_init(&rng, seed);
	return rng;
}

#endif
