// SPDX-License-Identifier: ISC

/*
 * What the log holds of one device and interval: which time is covered, by what.
 *
 * Buckets that follow one another with the same status are one stretch, so that a year of minutes
 * is as small as a day if nothing went wrong in it.
 */

#ifndef TOOL_COVERAGE_H
#define TOOL_COVERAGE_H

#include "sink/format.h"

/** Where a record stands. */
struct position {
	uint32_t file;
	uint64_t line; /* from 1 */
};

struct stretch {
	usec_t start, end;
	enum record_status status;
	struct position at;   /* of its first record; the pieces of a gap that was filled in part have one */
};

/** Ascending; all zero is an empty one. */
struct coverage {
	struct stretch *list;
	size_t len, size;
	struct correction *corrections; /* ascending */
	size_t correction_count, correction_size;
};

/** The corrections of a bucket. */
struct correction {
	usec_t start, end;
	int revision;       /* the latest */
	uint64_t revisions; /* a bit for each up to 63 */
	bool orphan;        /* there is no record that it corrects, as far as is known */
	struct position at; /* of the first that came */
};

/** What a record is to those before it. */
enum covering {
	COVERING_NEXT,     /* it goes on from the last one, or begins the log of the device */
	COVERING_BEHIND,   /* it comes after the last one, and leaves time out between them */
	COVERING_EARLIER,  /* it fills time that was left out */
	COVERING_REVISION, /* it corrects a record, or fills a part of a gap */
	COVERING_SKIP,     /* likewise, but what it corrects, as it says itself, is not the record that is there */
	COVERING_ORPHAN,   /* it corrects a record that is not there */
	COVERING_STALE,    /* a later revision of it is there already */
	COVERING_DOUBLE,   /* its identity is there already */
	COVERING_OVERLAP,  /* a gap that begins before what is recorded ends */
};

/** Takes a record in.  Returns what it is, or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int coverage_add(struct coverage *coverage, const struct log_entry *entry, struct position at);

/** Takes it in if it goes on from the latest one with the same status, as nearly all do, and is a first record and no gap. */
__attribute__((warn_unused_result, nonnull))
static inline bool coverage_go_on(struct coverage *coverage, const struct log_entry *entry) {
	struct stretch *last = coverage->len > 0 ? &coverage->list[coverage->len - 1] : NULL;
	if (!last || last->end != entry->start || last->status != entry->status || entry->revision > 0 ||
	    entry->status == RECORD_GAP) {
		return false;
	}
	last->end = entry->end;
	return true;
}

/** The place of the first stretch that ends after the instant. */
__attribute__((nonnull))
size_t coverage_find(const struct coverage *coverage, usec_t instant);

void coverage_done(struct coverage *coverage);

#endif
