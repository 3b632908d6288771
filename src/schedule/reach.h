// SPDX-License-Identifier: ISC

/*
 * How much a device asks for at once, and what it skips.  Pure.
 *
 * No limit of Rhombus is published, so it is found out: a request that fails by itself
 * is made again with half as many buckets, down to one.  What works is remembered and
 * grown again slowly.
 *
 * A bucket that fails alone must not hold up all that come after it.  After a while
 * the request leaps over it.  If what follows is answered, the bucket is asked for
 * again; and if that has gone so several times in a row, it becomes a gap.
 */

#ifndef SCHEDULE_REACH_H
#define SCHEDULE_REACH_H

#include <stdbool.h>
#include <stdint.h>

struct reach {
	int limit;       /* most buckets in the next request */
	int refused;     /* as many, or more, have failed; 0: none have */
	uint16_t streak; /* good answers since then */
	uint16_t alone;  /* times in a row that a single bucket has failed */
	uint8_t leap;    /* buckets that the next request skips; 0: none */
	uint8_t leapt;   /* that were skipped in the last try that failed */
	uint8_t proofs;  /* how often what follows has been answered, and the bucket then failed again */
};

/** Nothing has failed yet. */
__attribute__((nonnull))
void reach_init(struct reach *reach, int most);

/** A request of so many buckets has failed by itself.  Returns false if it cannot be less. */
__attribute__((nonnull))
bool reach_halve(struct reach *reach, int buckets);

/** An answer to a request of so many buckets was cut off: that covers so many. */
__attribute__((nonnull))
void reach_narrow(struct reach *reach, int buckets, int works);

/**
 * A request was answered.  most: what the configuration allows; behind: more is
 * waiting.  In the steady state a request is small, and a limit would only cut its
 * look-back.
 */
__attribute__((nonnull))
void reach_worked(struct reach *reach, int most, bool behind);

/**
 * A single bucket has failed by itself, or the one behind a leap has.  patient: not for long
 * enough yet.  The next try leaps, further each time, and every other one does not.
 */
__attribute__((nonnull))
void reach_failed_alone(struct reach *reach, bool patient);

/** The first of the buckets that were skipped has been given up. */
__attribute__((nonnull))
void reach_gave_up(struct reach *reach);

/**
 * What follows a leap was answered.  Returns true if the first of the buckets that it skipped
 * may be given up now; else it is to be asked for again.
 */
__attribute__((nonnull, warn_unused_result))
bool reach_leapt(struct reach *reach);

#endif
