// SPDX-License-Identifier: ISC

/*
 * The counts of a room over time, each as its latest revision has it.
 *
 * A bucket takes a byte: a year of quarter hours of fifty rooms is 1.8 MB.  Time stands in slots of
 * a quarter of an hour, or less if the buckets are shorter.  1,024 slots are a chunk, which takes two bytes
 * for each once a count in it is above 252.  What does not fit, such as a count above 65,532 or a bucket
 * that begins between two slots, is kept apart, as exactly.  Gaps, and what is missing, are not here: the
 * coverage of the room has them.
 */

#ifndef TOOL_SERIES_H
#define TOOL_SERIES_H

#include "tool/coverage.h"

struct chunk;

/** In place of a count. */
enum {
	SERIES_NONE = -1,    /* the bucket has no count, or an ambiguous one */
	SERIES_GAP = -2,     /* a gap, or a piece of one: a run of buckets */
	SERIES_MISSING = -3, /* nothing stands in the log: a run of buckets */
};

/** A bucket, or a run of buckets without a count. */
struct stride {
	usec_t start, end;
	int64_t count;
};

/** All zero: an empty one. */
struct series {
	usec_t slot;
	struct chunk *chunks; /* ascending */
	size_t chunk_count, chunk_size;
	size_t last, last_slot; /* where the latest bucket ends */
	usec_t last_end;
	struct stride *odd;   /* what does not fit, ascending */
	size_t odd_count, odd_size;
};

/**
 * Takes a record in, in the place of an earlier one of the same bucket.  Gaps, and what is
 * COVERING_DOUBLE to those before it, it leaves alone.  Returns 0 or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int series_put(struct series *series, const struct log_entry *entry, enum covering covering);

void series_done(struct series *series);

/** A walk over what a room has in [from, to): its buckets, its gaps and what is missing, by their beginnings. */
struct walk {
	const struct series *series;
	const struct coverage *coverage;
	usec_t from, to;
	size_t chunk, slot, odd, stretch;
	struct stride bucket, other, run; /* those that come next, start USEC_INFINITY behind the last */
};

/**
 * Begins one.  A bucket that begins before from is not in it; a run that does is cut.  Time before the
 * first and behind the last record of the room is not missing.  Both must outlive the walk, unchanged.
 */
__attribute__((nonnull))
void walk_begin(struct walk *walk, const struct series *series, const struct coverage *coverage, usec_t from, usec_t to);

/** The next one.  Returns false behind the last. */
__attribute__((nonnull))
bool walk_next(struct walk *walk, struct stride *ret);

/** The series of all rooms of a log, by the room's place among them.  All zero: none. */
struct all_series {
	struct series *list;
	size_t len, size;
};

/** series_put() for the room at that place, whose series is made if there is none. */
__attribute__((warn_unused_result, nonnull))
int all_series_put(struct all_series *all, size_t room, const struct log_entry *entry, enum covering covering);

/** The series of a room: an empty one if it has no count. */
__attribute__((nonnull, returns_nonnull))
const struct series *all_series_of(const struct all_series *all, size_t room);

void all_series_done(struct all_series *all);

#endif
