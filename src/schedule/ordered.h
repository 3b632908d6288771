// SPDX-License-Identifier: ISC

/*
 * Recorded buckets of a device that an administrator has ordered to be asked for again, whatever
 * they were recorded as and however old they are.  Pure.
 *
 * What the log holds of them is learnt from its records, and from those that are made meanwhile.
 * What it does not hold is left alone: it was recorded and removed, or never was.  So is what
 * stands before a hole in the device's first records: a file is missing, in which it may have
 * been corrected.
 */

#ifndef SCHEDULE_ORDERED_H
#define SCHEDULE_ORDERED_H

#include "schedule/span.h"

#include <stddef.h>
#include <stdint.h>

struct remembered;

struct ordered_bucket {
	usec_t start, end;
	int64_t count;     /* as in struct remembered, as are these two: */
	uint16_t revision;
	uint8_t status;    /* ORDERED_ABSENT: it is not in the log */
	bool open;         /* it has still to be answered */
};

enum { ORDERED_ABSENT = UINT8_MAX };

struct extent {
	usec_t from, to;
};

/** All zero: nothing. */
struct ordered {
	struct ordered_bucket *list; /* side by side */
	size_t len;
	size_t first;      /* open one; len: there is none */
	size_t open;       /* how many are */
	usec_t wait_until; /* monotonic: after a failure, nothing before that */
	unsigned failed;   /* how often the first open bucket has failed alone */
	struct extent *held; /* while the log is read: what first records cover; ascending, apart */
	size_t held_len, held_size;
	size_t revised;    /* records that were made of them, */
	size_t left;       /* and buckets that were given up */
};

/**
 * The buckets that start in [from, to) and end at the cursor or before it, max at most.
 *
 * Returns 0, -ENOMEM, or -E2BIG if there are more.  To be given to ordered_done().
 */
__attribute__((warn_unused_result, nonnull))
int ordered_init(struct ordered *ordered, const struct settings *settings, usec_t from, usec_t to, usec_t cursor,
                 size_t max);

void ordered_done(struct ordered *ordered);

/**
 * A record of the device, of whatever time: records come in the order in which they stand in a file of
 * the log.  If memory is short, what stands before them counts as not in the log.
 */
__attribute__((nonnull))
void ordered_learn(struct ordered *ordered, const struct remembered *what, usec_t end);

/**
 * All that the log holds has been learnt, up to the cursor: what is there is open now, but for what
 * stands before a hole.
 */
__attribute__((nonnull))
void ordered_begin(struct ordered *ordered, usec_t cursor);

/** What is known of a bucket; NULL if it is not one of them, or not in the log. */
__attribute__((nonnull, warn_unused_result))
const struct ordered_bucket *ordered_find(const struct ordered *ordered, usec_t start, usec_t end);

/** When the next of them may be asked for; monotonic; USEC_INFINITY: none is open. */
__attribute__((nonnull, warn_unused_result))
usec_t ordered_due(const struct ordered *ordered, usec_t now);

/** What to ask for: the first that are open, limit at most.  Returns false if none is. */
__attribute__((nonnull, warn_unused_result))
bool ordered_span(const struct ordered *ordered, int limit, struct span *ret);

/** The range was answered, and what changed has been recorded. */
__attribute__((nonnull))
void ordered_answered(struct ordered *ordered, usec_t start, usec_t end);

/** Nobody has answered, or not about the range: it is asked for again after a while. */
__attribute__((nonnull))
void ordered_unanswered(struct ordered *ordered, usec_t now);

/** The range was not answered.  A bucket that has failed alone several times is given up. */
__attribute__((nonnull))
void ordered_failed(struct ordered *ordered, const struct span *span, usec_t now);

/** The log ends there for the device: what lies behind is recorded without an order. */
__attribute__((nonnull))
void ordered_cut(struct ordered *ordered, usec_t cursor);

#endif
