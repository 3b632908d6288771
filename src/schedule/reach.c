// SPDX-License-Identifier: ISC

#include "schedule/reach.h"

enum {
	/* Good answers until a size that has failed is tried again. */
	HOLD = 16,
	/* So many bad buckets in a row can be skipped. */
	LEAP_MAX = 8,
	/* What follows must have been answered so often, and the bucket failed after each. */
	PROOFS = 4,
};

void reach_init(struct reach *reach, int most) {
	*reach = (struct reach){.limit = most};
}

bool reach_halve(struct reach *reach, int buckets) {
	if (buckets <= 1) {
		return false;
	}
	reach->refused = buckets;
	reach->streak = 0;
	reach->limit = buckets / 2;
	return true;
}

void reach_narrow(struct reach *reach, int buckets, int works) {
	reach->refused = buckets;
	reach->streak = 0;
	reach->limit = works;
}

void reach_worked(struct reach *reach, int most, bool behind) {
	int next = !behind || reach->limit > most / 2 ? most : 2 * reach->limit;
	if (reach->refused > 0 && next >= reach->refused) {
		if (++reach->streak < HOLD) {
			next = reach->limit;
		} else {
			reach->refused = 0;
			reach->streak = 0;
			next = next > 2 * reach->limit ? 2 * reach->limit : next;
		}
	}
	*reach = (struct reach){.limit = next, .refused = reach->refused, .streak = reach->streak};
}

void reach_failed_alone(struct reach *reach, bool patient) {
	reach->refused = 0; /* it was the bucket, not how many there were */
	if (reach->leap > 0) {
		reach->leapt = reach->leap % LEAP_MAX;
		reach->leap = 0;
		reach->proofs = 0;
		return;
	}
	if (reach->alone < UINT16_MAX) {
		reach->alone++;
	}
	if (reach->proofs > 0 || !patient) {
		reach->leap = (uint8_t)(reach->leapt + 1);
	}
}

bool reach_leapt(struct reach *reach) {
	if (reach->proofs == PROOFS) {
		return true;
	}
	reach->proofs++;
	reach->leap = 0;
	return false;
}

void reach_gave_up(struct reach *reach) {
	reach->leapt = reach->leap > 1 ? (uint8_t)(reach->leap - 2) : 0;
	reach->leap = 0;
	reach->proofs = 0;
}
