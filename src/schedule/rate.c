// SPDX-License-Identifier: ISC

#include "schedule/rate.h"

void rate_init(struct rate *rate, usec_t gap, int burst) {
	*rate = (struct rate){.gap = gap, .burst = burst, .full_at = INT64_MIN};
}

usec_t rate_ready_at(const struct rate *rate) {
	usec_t reach = rate->gap * (rate->burst - 1);
	return rate->full_at < INT64_MIN + reach ? INT64_MIN : rate->full_at - reach;
}

usec_t rate_full_at(const struct rate *rate) {
	return rate->full_at;
}

void rate_take(struct rate *rate, usec_t now) {
	rate->full_at = (rate->full_at > now ? rate->full_at : now) + rate->gap;
}

void rate_drain(struct rate *rate, usec_t now) {
	usec_t empty = now + rate->gap * (rate->burst - 1);
	if (rate->full_at < empty) {
		rate->full_at = empty;
	}
}

void rate_empty(struct rate *rate, usec_t now) {
	rate->full_at = now + rate->gap * rate->burst;
}

void rate_take_over(struct rate *rate, const struct rate *from, usec_t now) {
	if (from->full_at <= now) {
		return; /* it was full, and so is this one */
	}
	/* A part of a token that is missing counts as a whole one. */
	int64_t missing = (from->full_at - now + from->gap - 1) / from->gap;
	int64_t left = from->burst - missing;
	rate->full_at = left < rate->burst ? now + (rate->burst - left) * rate->gap : INT64_MIN;
}
