// SPDX-License-Identifier: ISC

#include "schedule/ordered.h"

#include "base/array.h"
#include "schedule/poll.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* After a failure; and a bucket that fails alone so often is given up. */
#define FAILED_WAIT (1 * USEC_PER_MIN)
enum { TRIES = 3 };

int ordered_init(struct ordered *ordered, const struct settings *settings, usec_t from, usec_t to, usec_t cursor,
                 size_t max) {
	const struct grid *grid = &settings->bucket;
	size_t size = 0;
	usec_t start = grid_floor(grid, from);

	*ordered = (struct ordered){0};
	start = start < from ? grid_next(grid, start) : start;
	while (start < to) {
		usec_t end = grid_next(grid, start);
		if (end > cursor) {
			break;
		}
		int r = ordered->len == max ? -E2BIG
		                            : array_reserve(&ordered->list, &size, ordered->len + 1, sizeof(*ordered->list));
		if (r < 0) {
			ordered_done(ordered);
			return r;
		}
		ordered->list[ordered->len++] = (struct ordered_bucket){.start = start, .end = end, .status = ORDERED_ABSENT};
		start = end;
	}
	ordered->first = ordered->len;
	return 0;
}

void ordered_done(struct ordered *ordered) {
	if (ordered) {
		free(ordered->list);
		free(ordered->held);
		*ordered = (struct ordered){0};
	}
}

/* The place of the first bucket that starts then or later. */
static size_t place_of(const struct ordered *ordered, usec_t start) {
	return ARRAY_PLACE(ordered->list, ordered->len, start, start);
}

/* What the log holds */

/* Puts a range in front of the one at that place.  Without memory it is not held. */
static void insert(struct ordered *ordered, size_t at, usec_t from, usec_t to) {
	if (array_reserve(&ordered->held, &ordered->held_size, ordered->held_len + 1, sizeof(*ordered->held)) == 0) {
		struct extent *extent = ordered->held + at;
		memmove(extent + 1, extent, (ordered->held_len++ - at) * sizeof(*extent));
		*extent = (struct extent){from, to};
	}
}

/* The one at that place, and those behind it that it reaches now, become one. */
static void widen(struct ordered *ordered, size_t at, usec_t from, usec_t to) {
	struct extent *extent = ordered->held + at;
	size_t next = at + 1;
	extent->from = from < extent->from ? from : extent->from;
	extent->to = to > extent->to ? to : extent->to;
	for (; next < ordered->held_len && ordered->held[next].from <= extent->to; next++) {
		extent->to = ordered->held[next].to > extent->to ? ordered->held[next].to : extent->to;
	}
	memmove(extent + 1, ordered->held + next, (ordered->held_len - next) * sizeof(*extent));
	ordered->held_len -= next - at - 1;
}

/*
 * First records of a device stand side by side.  A correction says nothing of that; a first record
 * that has a revision, for the zone changed, begins before what it follows ends.
 */
static void hold(struct ordered *ordered, const struct remembered *what, usec_t end) {
	size_t at = ARRAY_PLACE(ordered->held, ordered->held_len, to, what->start);
	const struct extent *next = at < ordered->held_len ? &ordered->held[at] : NULL;
	bool follows = next && next->from <= what->start && what->start < next->to && next->to < end;
	if (what->revision > 0 && what->status != RECORD_GAP && !follows) {
		return;
	}
	if (!next || end < next->from) {
		insert(ordered, at, what->start, end);
	} else {
		widen(ordered, at, what->start, end);
	}
}

/* From when on no file is missing. */
static usec_t whole_since(const struct ordered *ordered, usec_t cursor) {
	const struct extent *last = ordered->held_len > 0 ? &ordered->held[ordered->held_len - 1] : NULL;
	return last && last->to >= cursor ? last->from : USEC_INFINITY;
}

/* A gap is what its buckets were, unless they have records of their own. */
static void learn_gap(struct ordered *ordered, const struct remembered *what, usec_t end) {
	for (size_t i = place_of(ordered, what->start); i < ordered->len && ordered->list[i].end <= end; i++) {
		struct ordered_bucket *bucket = &ordered->list[i];
		if (bucket->status == ORDERED_ABSENT) {
			bucket->status = RECORD_GAP;
		}
		if (bucket->start == what->start && bucket->revision < what->revision) {
			bucket->revision = what->revision;
		}
	}
}

void ordered_learn(struct ordered *ordered, const struct remembered *what, usec_t end) {
	if (ordered->open == 0) {
		hold(ordered, what, end);
	}
	if (what->status == RECORD_GAP) {
		learn_gap(ordered, what, end);
		return;
	}
	size_t at = place_of(ordered, what->start);
	if (at == ordered->len || ordered->list[at].start != what->start) {
		return;
	}
	struct ordered_bucket *bucket = &ordered->list[at];
	bool newest = bucket->status == ORDERED_ABSENT || bucket->status == RECORD_GAP || what->revision >= bucket->revision;
	if (newest) {
		/* One that was cut otherwise has the same start, but is another bucket. */
		bucket->status = bucket->end == end ? what->status : ORDERED_ABSENT;
		bucket->count = what->count;
	}
	if (what->revision > bucket->revision) {
		bucket->revision = what->revision;
	}
	ordered->revised += ordered->open > 0;
}

void ordered_begin(struct ordered *ordered, usec_t cursor) {
	usec_t since = whole_since(ordered, cursor);
	ordered->open = 0;
	ordered->first = ordered->len;
	for (size_t i = ordered->len; i-- > 0;) {
		struct ordered_bucket *bucket = &ordered->list[i];
		bucket->status = bucket->start < since ? ORDERED_ABSENT : bucket->status;
		bucket->open = bucket->status != ORDERED_ABSENT;
		ordered->open += bucket->open;
		ordered->first = bucket->open ? i : ordered->first;
	}
}

const struct ordered_bucket *ordered_find(const struct ordered *ordered, usec_t start, usec_t end) {
	size_t at = place_of(ordered, start);
	const struct ordered_bucket *bucket = at < ordered->len ? &ordered->list[at] : NULL;
	bool known = bucket && bucket->start == start && bucket->end == end && bucket->status != ORDERED_ABSENT;
	return known ? bucket : NULL;
}

usec_t ordered_due(const struct ordered *ordered, usec_t now) {
	if (ordered->open == 0) {
		return USEC_INFINITY;
	}
	return ordered->wait_until > now ? ordered->wait_until : now;
}

bool ordered_span(const struct ordered *ordered, int limit, struct span *ret) {
	if (ordered->open == 0) {
		return false;
	}
	size_t at = ordered->first;
	struct span span = {.start = ordered->list[at].start};
	for (; at < ordered->len && ordered->list[at].open && (span.buckets == 0 || span.buckets < limit); at++) {
		span.end = ordered->list[at].end;
		span.buckets++;
	}
	span.fresh = span.end;
	*ret = span;
	return true;
}

static void close_range(struct ordered *ordered, usec_t start, usec_t end) {
	size_t was = ordered->first;
	for (size_t i = place_of(ordered, start); i < ordered->len && ordered->list[i].end <= end; i++) {
		ordered->open -= ordered->list[i].open;
		ordered->list[i].open = false;
	}
	while (ordered->first < ordered->len && !ordered->list[ordered->first].open) {
		ordered->first++;
	}
	ordered->failed = ordered->first == was ? ordered->failed : 0;
}

void ordered_answered(struct ordered *ordered, usec_t start, usec_t end) {
	close_range(ordered, start, end);
}

void ordered_unanswered(struct ordered *ordered, usec_t now) {
	ordered->wait_until = now + FAILED_WAIT;
}

void ordered_failed(struct ordered *ordered, const struct span *span, usec_t now) {
	size_t open = ordered->open;
	ordered->wait_until = now + FAILED_WAIT;
	bool alone = span->buckets == 1 && open > 0 && span->start == ordered->list[ordered->first].start;
	if (alone && ++ordered->failed >= TRIES) {
		close_range(ordered, span->start, span->end);
		ordered->left += open - ordered->open;
	}
}

void ordered_cut(struct ordered *ordered, usec_t cursor) {
	for (size_t i = ordered->len; i-- > 0 && ordered->list[i].end > cursor;) {
		close_range(ordered, ordered->list[i].start, ordered->list[i].end);
	}
}
