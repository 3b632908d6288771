// SPDX-License-Identifier: ISC

#include "tool/coverage.h"

#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t coverage_find(const struct coverage *coverage, usec_t instant) {
	size_t low = 0, high = coverage->len;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (coverage->list[middle].end > instant) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low;
}

static int insert(struct coverage *coverage, size_t at, const struct stretch *stretch) {
	int r = array_reserve(&coverage->list, &coverage->size, coverage->len + 1, sizeof(*coverage->list));
	if (r == 0) {
		memmove(&coverage->list[at + 1], &coverage->list[at], (coverage->len - at) * sizeof(*coverage->list));
		coverage->list[at] = *stretch;
		coverage->len++;
	}
	return r;
}

/* Behind all others, from where they end. */
static int append(struct coverage *coverage, struct stretch *stretch) {
	if (coverage->len > 0) {
		struct stretch *last = &coverage->list[coverage->len - 1];
		stretch->start = stretch->start < last->end ? last->end : stretch->start;
		if (last->end == stretch->start && last->status == stretch->status && stretch->status != RECORD_GAP) {
			last->end = stretch->end;
			return 0;
		}
	}
	return insert(coverage, coverage->len, stretch);
}

/* What of it is before the stretch at that place, which it reaches into at most. */
static int put_before(struct coverage *coverage, size_t at, struct stretch *stretch) {
	if (stretch->end > coverage->list[at].start) {
		stretch->end = coverage->list[at].start;
	}
	return insert(coverage, at, stretch);
}

/* Gives a piece of the stretch at that place another status.  Returns the place behind, or -ENOMEM. */
static int64_t replace(struct coverage *coverage, size_t at, const struct stretch *by) {
	struct stretch whole = coverage->list[at];
	struct stretch middle = *by, right = whole;

	middle.start = by->start > whole.start ? by->start : whole.start;
	middle.end = by->end < whole.end ? by->end : whole.end;
	right.start = middle.end;
	coverage->list[at].end = middle.start;
	if (middle.start == whole.start) {
		coverage->list[at] = middle;
	} else if (insert(coverage, ++at, &middle) < 0) {
		return -1;
	}
	if (right.start < right.end && insert(coverage, at + 1, &right) < 0) {
		return -1;
	}
	return (int64_t)at + 1;
}

/* Nothing takes the place of what was recorded there but another answer. */
static int correct(struct coverage *coverage, struct stretch *stretch) {
	size_t at = coverage_find(coverage, stretch->start);

	while (at < coverage->len && coverage->list[at].start < stretch->end) {
		if (coverage->list[at].status == stretch->status || stretch->status == RECORD_GAP) {
			at++;
			continue;
		}
		int64_t next = replace(coverage, at, stretch);
		if (next < 0) {
			return -ENOMEM;
		}
		at = (size_t)next;
	}
	return stretch->end > coverage->list[coverage->len - 1].end ? append(coverage, stretch) : 0;
}

/* Returns 1; 0 if the bucket has that revision or a later one already; -ENOMEM. */
static int note_revision(struct coverage *coverage, const struct log_entry *entry) {
	size_t at = coverage->correction_count;
	while (at > 0 && coverage->corrections[at - 1].start >= entry->start) {
		at--;
	}
	struct correction *found = &coverage->corrections[at];
	if (at < coverage->correction_count && found->start == entry->start) {
		bool later = entry->revision > found->revision;
		found->revision = later ? entry->revision : found->revision;
		return later;
	}
	int r = array_reserve(&coverage->corrections, &coverage->correction_size, coverage->correction_count + 1,
	                      sizeof(*coverage->corrections));
	if (r < 0) {
		return r;
	}
	found = &coverage->corrections[at];
	memmove(found + 1, found, (coverage->correction_count - at) * sizeof(*found));
	*found = (struct correction){entry->start, entry->revision};
	coverage->correction_count++;
	return 1;
}

static int result(int r, enum covering covering) {
	return r < 0 ? r : (int)covering;
}

static int add_first(struct coverage *coverage, const struct log_entry *entry, struct stretch *stretch) {
	size_t at = coverage_find(coverage, entry->start);

	if (at < coverage->len && coverage->list[at].start > entry->start) {
		return result(put_before(coverage, at, stretch), COVERING_EARLIER);
	}
	/* After a change of its time zone a device goes on with a whole bucket that may begin before. */
	if (at < coverage->len && entry->end <= coverage->list[coverage->len - 1].end) {
		return COVERING_DOUBLE;
	}
	bool behind = at == coverage->len && at > 0 && coverage->list[at - 1].end < entry->start;
	return result(append(coverage, stretch), behind ? COVERING_BEHIND : COVERING_NEXT);
}

static int add_correction(struct coverage *coverage, const struct log_entry *entry, struct stretch *stretch) {
	size_t at = coverage_find(coverage, entry->start);
	int r = note_revision(coverage, entry);

	if (r <= 0) {
		return r < 0 ? r : COVERING_DOUBLE;
	}
	if (at == coverage->len) {
		return result(append(coverage, stretch), COVERING_ORPHAN);
	}
	if (coverage->list[at].start > entry->start) {
		/* What was before the first record of the log is not missed. */
		return at == 0 ? COVERING_ORPHAN : result(put_before(coverage, at, stretch), COVERING_ORPHAN);
	}
	return result(correct(coverage, stretch), COVERING_REVISION);
}

int coverage_add(struct coverage *coverage, const struct log_entry *entry, struct position at) {
	struct stretch stretch = {.start = entry->start, .end = entry->end, .status = entry->status, .at = at};

	/* Nearly always. */
	if (coverage->len > 0 && entry->revision == 0 && entry->status != RECORD_GAP) {
		struct stretch *last = &coverage->list[coverage->len - 1];
		if (last->end == entry->start && last->status == entry->status) {
			last->end = entry->end;
			return COVERING_NEXT;
		}
	}
	return entry->revision == 0 ? add_first(coverage, entry, &stretch) : add_correction(coverage, entry, &stretch);
}

void coverage_done(struct coverage *coverage) {
	free(coverage->list);
	free(coverage->corrections);
	*coverage = (struct coverage){0};
}
