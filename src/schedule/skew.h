// SPDX-License-Identifier: ISC

/*
 * How far this machine's clock is ahead of a server's, by the Date of its replies.
 *
 * A bucket is over when it is over for the server that counts.  By a clock that runs
 * ahead it would be asked for before it has happened, and recorded without a count.
 *
 * Pure.  A Date is cut to the second, and made at some time between request and
 * reply: so it gives two bounds, and each reply narrows them.
 */

#ifndef SCHEDULE_SKEW_H
#define SCHEDULE_SKEW_H

#include "base/units.h"

#include <stdbool.h>

struct skew {
	bool known;
	usec_t low, high; /* our clock less the server's lies between these */
};

/** A reply whose Date is `date`.  sent and received are of our clock, as it goes now. */
__attribute__((nonnull))
void skew_observe(struct skew *skew, usec_t sent, usec_t received, usec_t date);

/** Our clock was set forward by that much; back, if it is negative. */
__attribute__((nonnull))
void skew_step(struct skew *skew, usec_t step);

/** So much our clock is ahead for certain; 0 if it is not, or by no more than two seconds. */
__attribute__((nonnull))
usec_t skew_ahead(const struct skew *skew);

#endif
