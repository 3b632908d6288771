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

static size_t correction_place(const struct coverage *coverage, usec_t start) {
	size_t count = coverage->correction_count;
	/* Nearly always the latest bucket. */
	if (count == 0 || coverage->corrections[count - 1].start < start) {
		return count;
	}
	return ARRAY_PLACE(coverage->corrections, count, start, start);
}

/* Those of the bucket that begins then; NULL if there are none. */
static struct correction *correction_of(const struct coverage *coverage, usec_t start) {
	size_t at = correction_place(coverage, start);
	return at < coverage->correction_count && coverage->corrections[at].start == start ? &coverage->corrections[at] : NULL;
}

static uint64_t bit_of(int revision) {
	return revision < 64 ? UINT64_C(1) << revision : 0;
}

/* Makes those of a bucket that has had none. */
static struct correction *add_corrections(struct coverage *coverage, const struct log_entry *entry, struct position at) {
	size_t place = correction_place(coverage, entry->start);
	if (array_reserve(&coverage->corrections, &coverage->correction_size, coverage->correction_count + 1,
	                  sizeof(*coverage->corrections)) < 0) {
		return NULL;
	}
	struct correction *made = &coverage->corrections[place];
	memmove(made + 1, made, (coverage->correction_count - place) * sizeof(*made));
	*made = (struct correction){.start = entry->start, .end = entry->end, .at = at};
	coverage->correction_count++;
	return made;
}

static int result(int r, enum covering covering) {
	return r < 0 ? r : (int)covering;
}

static int add_first(struct coverage *coverage, const struct log_entry *entry, struct stretch *stretch) {
	size_t at = coverage_find(coverage, entry->start);
	struct correction *correction = correction_of(coverage, entry->start);

	if (correction && correction->orphan) {
		correction->orphan = false;
		if (at < coverage->len && coverage->list[at].start <= entry->start) {
			return COVERING_STALE;
		}
	}
	if (at < coverage->len && coverage->list[at].start > entry->start) {
		return result(put_before(coverage, at, stretch), COVERING_EARLIER);
	}
	if (at < coverage->len && entry->status == RECORD_GAP && coverage->list[at].status != RECORD_GAP) {
		bool reaches_beyond = entry->end > coverage->list[coverage->len - 1].end;
		return result(reaches_beyond ? append(coverage, stretch) : 0, COVERING_OVERLAP);
	}
	/* After a change of its time zone a device goes on with a whole bucket that may begin before. */
	if (at < coverage->len && entry->end <= coverage->list[coverage->len - 1].end) {
		return COVERING_DOUBLE;
	}
	bool behind = at == coverage->len && at > 0 && coverage->list[at - 1].end < entry->start;
	return result(append(coverage, stretch), behind ? COVERING_BEHIND : COVERING_NEXT);
}

/* What has no first record; what was before the first one of all is not missed. */
static int add_orphan(struct coverage *coverage, size_t at, struct stretch *stretch) {
	int r = 0;
	if (at == coverage->len && at > 0) {
		r = append(coverage, stretch);
	} else if (at < coverage->len && at > 0) {
		r = put_before(coverage, at, stretch);
	}
	return result(r, COVERING_ORPHAN);
}

static int add_correction(struct coverage *coverage, const struct log_entry *entry, struct stretch *stretch) {
	size_t at = coverage_find(coverage, entry->start);
	bool covered = at < coverage->len && coverage->list[at].start <= entry->start;
	struct correction *found = correction_of(coverage, entry->start);
	int before = found ? found->revision : 0;
	bool doubled = found && (found->revisions & bit_of(entry->revision) || entry->revision == before);

	found = found ? found : add_corrections(coverage, entry, stretch->at);
	if (!found) {
		return -ENOMEM;
	}
	found->revisions |= bit_of(entry->revision);
	if (doubled || entry->revision < before) {
		return doubled ? COVERING_DOUBLE : COVERING_STALE;
	}
	found->revision = entry->revision;
	if (!covered) {
		found->orphan = true;
		return add_orphan(coverage, at, stretch);
	}
	/* In the place of a gap, or of what a clock that was ahead has left, revisions need not count up by one. */
	bool skips = entry->has_previous && entry->revision > before + 1 && !found->orphan &&
	             coverage->list[at].status != RECORD_GAP;
	return result(correct(coverage, stretch), skips ? COVERING_SKIP : COVERING_REVISION);
}

int coverage_add(struct coverage *coverage, const struct log_entry *entry, struct position at) {
	struct stretch stretch = {.start = entry->start, .end = entry->end, .status = entry->status, .at = at};

	if (coverage_go_on(coverage, entry)) {
		return COVERING_NEXT;
	}
	return entry->revision == 0 ? add_first(coverage, entry, &stretch) : add_correction(coverage, entry, &stretch);
}

void coverage_done(struct coverage *coverage) {
	free(coverage->list);
	free(coverage->corrections);
	*coverage = (struct coverage){0};
}
