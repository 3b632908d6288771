// SPDX-License-Identifier: ISC

#include "schedule/backoff.h"

usec_t backoff_ceiling(usec_t base, usec_t cap, unsigned failures) {
	usec_t wait = base;
	while (failures > 1 && wait < cap) {
		wait = wait > cap / 2 ? cap : wait * 2;
		failures--;
	}
	return wait < cap ? wait : cap;
}

usec_t backoff_full_jitter(usec_t base, usec_t cap, unsigned failures, struct rng *rng) {
	return rng_below(rng, backoff_ceiling(base, cap, failures) + 1);
}

usec_t backoff_at_least(usec_t base, usec_t cap, unsigned failures, struct rng *rng) {
	usec_t wait = backoff_ceiling(base, cap, failures);
	return wait + rng_below(rng, wait / 10 + 1);
}
