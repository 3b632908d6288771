// SPDX-License-Identifier: ISC

#include "base/rng.h"

#include "base/clock.h"

#include <sys/random.h>

/* SplitMix64 (Steele, Lea, Flood 2014): small, full period, good enough for jitter. */
static uint64_t mix(uint64_t z) {
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void rng_init(struct rng *rng, uint64_t seed) {
	rng->state = seed;
}

uint64_t rng_random_seed(void) {
	uint64_t seed;
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
		seed = (uint64_t)clock_realtime();
	}
	return seed;
}

int64_t rng_below(struct rng *rng, int64_t limit) {
	if (limit <= 0) {
		return 0;
	}
	rng->state += 0x9e3779b97f4a7c15u;
	/* The bias of the remainder is below limit / 2^64: nothing, for jitter. */
	return (int64_t)(mix(rng->state) % (uint64_t)limit);
}

uint64_t rng_hash(const void *data, size_t len) {
	/* FNV-1a, then mixed, so that the low bits are good too. */
	const unsigned char *bytes = data;
	uint64_t hash = 0xcbf29ce484222325u;
	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	}
	return mix(hash);
}
