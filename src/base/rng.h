// SPDX-License-Identifier: ISC

/*
 * Dice for jitter, and a stable hash for spreading.  Not for secrets.
 */

#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

/** Equal seeds give equal dice. */
__attribute__((nonnull))
void rng_init(struct rng *rng, uint64_t seed);

/** A seed from the kernel; from the wall clock if it gives none. */
uint64_t rng_random_seed(void);

/** A number from 0 to limit - 1; 0 for a limit of 0 or less. */
__attribute__((nonnull))
int64_t rng_below(struct rng *rng, int64_t limit);

/** The same for the same bytes on every machine and in every version. */
uint64_t rng_hash(const void *data, size_t len);

#endif
