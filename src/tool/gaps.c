// SPDX-License-Identifier: ISC

#include "tool/gaps.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

static int compare_reasons(const char *a, const char *b) {
	return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static int compare_pieces(const void *a, const void *b) {
	const struct gap_piece *left = a, *right = b;
	if (left->start != right->start) {
		return left->start < right->start ? -1 : 1;
	}
	if (left->end != right->end) {
		return left->end < right->end ? -1 : 1;
	}
	int order = compare_reasons(left->reason, right->reason);
	return order != 0 ? order : (left->room > right->room) - (left->room < right->room);
}

/* By the time that is lost, of all rooms; list: the pieces. */
static int compare_groups(const void *a, const void *b, void *list) {
	const struct gap_group *left = a, *right = b;
	const struct gap_piece *pieces = list;
	double x = (double)(pieces[left->at].end - pieces[left->at].start) * (double)left->count;
	double y = (double)(pieces[right->at].end - pieces[right->at].start) * (double)right->count;
	return x != y ? (x < y) - (x > y) : (left->at > right->at) - (left->at < right->at);
}

static int add(struct gaps *gaps, const struct subject *subject, usec_t start, usec_t end, const char *reason, size_t room) {
	start = start > subject->from ? start : subject->from;
	end = end < subject->to ? end : subject->to;
	if (start >= end) {
		return 0;
	}
	struct gap_piece *last = gaps->len > 0 ? &gaps->list[gaps->len - 1] : NULL;
	/* What goes on for the same reason is one, though several records say so. */
	if (last && last->room == room && last->end == start && compare_reasons(last->reason, reason) == 0) {
		last->end = end;
		return 0;
	}
	int r = array_reserve(&gaps->list, &gaps->size, gaps->len + 1, sizeof(*gaps->list));
	if (r == 0) {
		gaps->list[gaps->len++] = (struct gap_piece){start, end, reason, room};
	}
	return r;
}

static int add_room(struct gaps *gaps, const struct summary *summary, size_t room) {
	const struct subject *subject = summary->rooms[room].subject;
	const struct coverage *coverage = &subject->room->coverage;
	int r = 0;
	for (size_t i = 0; r == 0 && i < coverage->len; i++) {
		const struct stretch *stretch = &coverage->list[i];
		if (i > 0 && stretch[-1].end < stretch->start) {
			r = add(gaps, subject, stretch[-1].end, stretch->start, NULL, room);
		}
		if (r == 0 && stretch->status == RECORD_GAP) {
			r = add(gaps, subject, stretch->start, stretch->end, reasons_at(&summary->subjects.reasons, stretch->at), room);
		}
	}
	return r;
}

static int make_groups(struct gaps *gaps) {
	for (size_t i = 0, end; i < gaps->len; i = end) {
		const struct gap_piece *first = &gaps->list[i];
		for (end = i + 1; end < gaps->len && gaps->list[end].start == first->start && gaps->list[end].end == first->end &&
		                  compare_reasons(gaps->list[end].reason, first->reason) == 0;
		     end++) {
			/* the same */
		}
		int r = array_reserve(&gaps->groups, &gaps->group_size, gaps->group_count + 1, sizeof(*gaps->groups));
		if (r < 0) {
			return r;
		}
		gaps->groups[gaps->group_count++] = (struct gap_group){i, end - i};
	}
	return 0;
}

int gaps_find(struct gaps *gaps, const struct summary *summary) {
	int r = 0;
	*gaps = (struct gaps){0};
	for (size_t room = 0; r == 0 && room < summary->count; room++) {
		r = add_room(gaps, summary, room);
	}
	if (r < 0 || gaps->len == 0) {
		return r;
	}
	qsort(gaps->list, gaps->len, sizeof(*gaps->list), compare_pieces);
	r = make_groups(gaps);
	if (r == 0) {
		qsort_r(gaps->groups, gaps->group_count, sizeof(*gaps->groups), compare_groups, gaps->list);
	}
	return r;
}

void gaps_done(struct gaps *gaps) {
	free(gaps->list);
	free(gaps->groups);
	*gaps = (struct gaps){0};
}
