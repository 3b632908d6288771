// SPDX-License-Identifier: ISC

#include "schedule/skew.h"

/* What settling and the network blur anyway. */
#define TOLERANCE (2 * USEC_PER_SEC)

void skew_observe(struct skew *skew, usec_t sent, usec_t received, usec_t date) {
	usec_t low = sent - date - USEC_PER_SEC;
	usec_t high = received - date;

	if (!skew->known || low > skew->high || high < skew->low) {
		/* The first one; or the clocks have drifted, and what was known has become wrong. */
		*skew = (struct skew){.known = true, .low = low, .high = high};
		return;
	}
	skew->low = low > skew->low ? low : skew->low;
	skew->high = high < skew->high ? high : skew->high;
}

void skew_step(struct skew *skew, usec_t step) {
	skew->low += step;
	skew->high += step;
}

usec_t skew_ahead(const struct skew *skew) {
	return skew->known && skew->low > TOLERANCE ? skew->low : 0;
}
