// SPDX-License-Identifier: ISC

/*
 * How far this machine's clock is from a server's, by the Date of its replies.
 *
 * A bucket is over when it is over for the server that counts.  By a clock that runs
 * ahead it would be asked for before it has happened, and recorded without a count.
 *
 * No single reply decides what the time is.  The last few are kept, and those that agree
 * with each other outvote the others; our own clock has a vote as well.  A reply that
 * agrees with our clock, to ten seconds, confirms it at once, for these are two sources that
 * do not know of each other; a clock that is off is known for that when three replies agree on it.
 *
 * Pure.  A Date is cut to the second, and made at some time between request and reply:
 * so each gives two bounds.
 */

#ifndef SCHEDULE_SKEW_H
#define SCHEDULE_SKEW_H

#include "base/units.h"

#include <stdbool.h>
#include <stdint.h>

/** Replies that are kept. */
enum { SKEW_SEEN = 5 };

/** Our clock less the server's lies between these. */
struct skew_bounds {
	usec_t low, high;
};

struct skew {
	struct skew_bounds seen[SKEW_SEEN]; /* the newest last */
	uint8_t len;
	bool undated; /* the server answers, and has never said what time it is */

	/* What follows from these. */
	bool confirmed;
	usec_t offset, ahead;
};

/** A good reply whose Date is `date`.  sent and received are of our clock, as it goes now. */
__attribute__((nonnull))
void skew_observe(struct skew *skew, usec_t sent, usec_t received, usec_t date);

/** A good reply without a Date: if none ever had one, our clock counts as it is. */
__attribute__((nonnull))
void skew_undated(struct skew *skew);

/** Our clock was set forward by that much; back, if it is negative. */
__attribute__((nonnull))
void skew_step(struct skew *skew, usec_t step);

/** Whether it is known what time it is: our clock less skew_offset(). */
__attribute__((nonnull))
bool skew_is_confirmed(const struct skew *skew);

/**
 * Whether enough replies have come to record anything by skew_ahead(): it is confirmed, or as many
 * have dated the clock as it takes to outvote a single one that is wrong.
 */
__attribute__((nonnull))
bool skew_is_witnessed(const struct skew *skew);

/** Whether it is confirmed by a server's Date, rather than by replies that have none. */
__attribute__((nonnull))
bool skew_is_dated(const struct skew *skew);

/**
 * So much our clock is ahead, or behind if it is negative; 0 if that is no more than two
 * seconds.  While nothing is confirmed it is what most replies say, or the newest.
 */
__attribute__((nonnull))
usec_t skew_offset(const struct skew *skew);

/**
 * By so much our clock must be distrusted where a bucket may not be over: what it is ahead;
 * or while nothing is confirmed, what it is ahead by that of the replies which would have it
 * furthest ahead.  Never negative: where our clock is late, buckets wait for it.
 */
__attribute__((nonnull))
usec_t skew_ahead(const struct skew *skew);

#endif
