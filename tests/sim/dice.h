// SPDX-License-Identifier: ISC

/* Dice of a seed.  Each part of the world has its own, so that one does not disturb the others. */

#ifndef SIM_DICE_H
#define SIM_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

/** The dice of that subject in that seed. */
struct dice dice_of(uint64_t seed, uint64_t subject);

uint64_t dice_next(struct dice *dice);

/** From 0 to limit - 1; 0 for a limit below 1. */
int64_t dice_below(struct dice *dice, int64_t limit);

/** From low to high, both included. */
int64_t dice_between(struct dice *dice, int64_t low, int64_t high);

/** True in so many of a thousand throws. */
bool dice_permille(struct dice *dice, int permille);

/** Mixes two numbers into one: a pure function. */
uint64_t dice_mix(uint64_t a, uint64_t b);

/** One of the members of an array. */
#define DICE_CHOOSE(dice, array) \
	((array)[dice_below((dice), (int64_t)(sizeof(array) / sizeof((array)[0])))])

#endif
