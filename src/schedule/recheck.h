// SPDX-License-Identifier: ISC

/*
 * Which recorded buckets of a device are asked for again long afterwards: those without a
 * count, for a camera may come back and deliver late.  Pure.
 *
 * A bucket that was recorded as no_data, or as a gap of its own, is asked for again at the
 * distances that are configured, many of them in one request.  Buckets that were recorded
 * alike and lie side by side are one run, so that a building that is closed for a week
 * costs no more than a few runs; and there is a largest number of runs.
 *
 * A device's rechecks must not cost much, whatever it answers: one for so many regular
 * requests, or in so many hours.
 */

#ifndef SCHEDULE_RECHECK_H
#define SCHEDULE_RECHECK_H

#include "schedule/ordered.h"
#include "schedule/span.h"

#include <stdint.h>

/** Buckets side by side that are asked for again together. */
struct recheck_run {
	usec_t start, end;
	usec_t recorded; /* wall clock: when the last of them was */
	uint16_t revision;
	uint8_t stage; /* how many of the distances are behind it */
	bool gap;      /* a bucket that was given up; else what was recorded as no_data */
};

struct recheck {
	struct recheck_run *runs; /* ascending, without overlap */
	uint16_t len, size, max;
	uint16_t limit;   /* most buckets in a request; 0: as many as may be */
	uint16_t alone;   /* most in the next one, whose first buckets the last answer has left out; 0: no matter */
	uint8_t credit;   /* regular requests since the last recheck, up to a few rechecks' worth */
	bool crowded;     /* runs were forgotten, for want of room, since this was last looked at */
	usec_t asked;     /* monotonic: the last recheck; 0: none yet */
	usec_t wait_until; /* monotonic: after a failure, nothing before that */
	usec_t next;      /* wall clock: when the first run is due; USEC_INFINITY: none */
	struct ordered *ordered; /* what has been ordered besides; somebody else's; NULL: nothing */
};

/** Nothing to ask for.  max: so many runs at most. */
__attribute__((nonnull))
void recheck_init(struct recheck *recheck, size_t max);

void recheck_done(struct recheck *recheck);

/** How many runs a device may have where there are so many devices. */
size_t recheck_room(size_t devices);

/** Moves all from one to another, whose max stays. */
__attribute__((nonnull))
void recheck_take_over(struct recheck *recheck, struct recheck *from, const struct settings *settings);

/** What lies in that time has another record, or is to be forgotten. */
__attribute__((nonnull))
void recheck_forget(struct recheck *recheck, const struct settings *settings, usec_t start, usec_t end);

/**
 * A bucket was recorded without a count, at the time `recorded` in it.  What is older than
 * backfill, or than the last distance, is not taken.  If there is no room the oldest run
 * goes.  Without memory the bucket is forgotten.
 */
__attribute__((nonnull))
void recheck_add(struct recheck *recheck, const struct settings *settings, const struct recheck_run *bucket);

/** Puts back a run that was saved.  Runs come in their order. */
__attribute__((nonnull))
void recheck_restore(struct recheck *recheck, const struct settings *settings, const struct recheck_run *run);

/** The run that holds the bucket; NULL if none does. */
__attribute__((nonnull, warn_unused_result))
const struct recheck_run *recheck_find(const struct recheck *recheck, usec_t start, usec_t end);

/**
 * When the device may ask for what is due first by the wall clock; monotonic, and not later
 * than now if it may now; USEC_INFINITY: there is nothing.
 */
__attribute__((nonnull, warn_unused_result))
usec_t recheck_due(const struct recheck *recheck, usec_t wall, usec_t now);

/** Forgets what is too old; and what the wall clock recorded while it was ahead counts from now on. */
__attribute__((nonnull))
void recheck_tidy(struct recheck *recheck, const struct settings *settings, usec_t wall);

/**
 * What to ask for: the run that is due for the longest time, and those near it behind, in one
 * range of limit buckets at most.  Forgets what is too old, or cut otherwise than time is now.
 * Returns false if that leaves nothing.
 */
__attribute__((nonnull, warn_unused_result))
bool recheck_span(struct recheck *recheck, const struct settings *settings, usec_t wall, int limit,
                  struct span *ret);

/**
 * Lets the range begin and end with a bucket that has a count, as far as is known, where one is near
 * and within limit: an answer that holds both has left out nothing but what is empty.  cursor: where the
 * log ends.
 */
__attribute__((nonnull))
void recheck_frame(const struct recheck *recheck, const struct settings *settings, usec_t cursor, int limit,
                   struct span *span);

/** Whether nothing of its own is due for the device, but something that has been ordered. */
__attribute__((nonnull, warn_unused_result))
bool recheck_is_ordered(const struct recheck *recheck, usec_t wall, usec_t now);

/** What has been ordered to be asked for again: limit buckets at most.  Returns false if that is nothing. */
__attribute__((nonnull, warn_unused_result))
bool recheck_ordered_span(const struct recheck *recheck, const struct settings *settings, int limit, struct span *ret);

/** What has been ordered is asked for: that is not one of the device's own rechecks, and costs none. */
__attribute__((nonnull))
void recheck_ordered_sent(struct recheck *recheck);

/** A recheck is sent. */
__attribute__((nonnull))
void recheck_sent(struct recheck *recheck, usec_t now);

/** A regular request was answered. */
__attribute__((nonnull))
void recheck_earn(struct recheck *recheck);

/**
 * An answer has left out so many buckets at the beginning of what was asked for, and it is not
 * believed that they are empty: they are asked for by themselves next.  0: it has left out none there.
 */
__attribute__((nonnull))
void recheck_doubted(struct recheck *recheck, int missing);

/** The range was answered, and what changed has been recorded: the rest waits for the next distance. */
__attribute__((nonnull))
void recheck_answered(struct recheck *recheck, const struct settings *settings, usec_t start, usec_t end,
                      usec_t wall);

/** Nobody has answered, or not about the range: it is asked for again after a while. */
__attribute__((nonnull))
void recheck_unanswered(struct recheck *recheck, usec_t now);

/**
 * The range was not answered: a bucket alone waits for its next distance, of several half as many
 * are asked for after a while.
 */
__attribute__((nonnull))
void recheck_failed(struct recheck *recheck, const struct settings *settings, const struct span *span,
                    usec_t wall, usec_t now);

#endif
