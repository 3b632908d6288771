// SPDX-License-Identifier: ISC

/*
 * A token bucket: burst tokens at most, a new one every gap.
 *
 * Pure; times are on the monotonic clock.  Kept as the one instant at which the
 * bucket would be full again, so it needs no timer and loses no fractions.
 */

#ifndef SCHEDULE_RATE_H
#define SCHEDULE_RATE_H

#include "base/units.h"

struct rate {
	usec_t gap;
	int burst;
	usec_t full_at;
};

/** A full bucket.  gap > 0, burst > 0. */
__attribute__((nonnull))
void rate_init(struct rate *rate, usec_t gap, int burst);

/** When there is a token: now or earlier, or the instant it comes. */
__attribute__((nonnull))
usec_t rate_ready_at(const struct rate *rate);

/** When there will be all tokens: now or earlier, or that instant. */
__attribute__((nonnull))
usec_t rate_full_at(const struct rate *rate);

/** Takes a token.  Call it at rate_ready_at() or later. */
__attribute__((nonnull))
void rate_take(struct rate *rate, usec_t now);

/** Leaves one token at most: the server says that its bucket is empty, so ours is wrong. */
__attribute__((nonnull))
void rate_drain(struct rate *rate, usec_t now);

/** Leaves none: how many there are is not known. */
__attribute__((nonnull))
void rate_empty(struct rate *rate, usec_t now);

/**
 * Goes on, after rate_init(), with the tokens of another bucket, of whatever rate and size:
 * none are gained, unless that one was full; then so is this.
 */
__attribute__((nonnull))
void rate_take_over(struct rate *rate, const struct rate *from, usec_t now);

#endif
