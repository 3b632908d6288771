// SPDX-License-Identifier: ISC

#include "dice.h"

static uint64_t scramble(uint64_t z) {
	z = (z ^ (z >> 32)) * 0xd6e8feb86659fd93u;
	z = (z ^ (z >> 32)) * 0xd6e8feb86659fd93u;
	return z ^ (z >> 32);
}

uint64_t dice_mix(uint64_t a, uint64_t b) {
	return scramble(scramble(a + 0x632be59bd9b4e019u) ^ (b * 0x9e3779b97f4a7c15u));
}

struct dice dice_of(uint64_t seed, uint64_t subject) {
	return (struct dice){dice_mix(seed, subject)};
}

uint64_t dice_next(struct dice *dice) {
	dice->state += 0x9e3779b97f4a7c15u;
	return scramble(dice->state);
}

int64_t dice_below(struct dice *dice, int64_t limit) {
	return limit < 1 ? 0 : (int64_t)(dice_next(dice) % (uint64_t)limit);
}

int64_t dice_between(struct dice *dice, int64_t low, int64_t high) {
	return low + dice_below(dice, high - low + 1);
}

bool dice_permille(struct dice *dice, int permille) {
	return dice_below(dice, 1000) < permille;
}
