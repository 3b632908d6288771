// SPDX-License-Identifier: ISC

#include "schedule/recheck.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* Regular requests for each recheck, */
	PRICE = 8,
	/* and so many rechecks can be saved up. */
	SAVED = 4,
	/* What follows an answer may be so many times as long as what was in doubt: a device's turns are far between. */
	GROWTH = 8,
	/* Runs with no more than so many recorded buckets between them share a request. */
	NEAR = 360,
	/* So many buckets at most are added at either end for the sake of one that has a count. */
	FRAME_MOST = 4,
	/* Runs of all devices, 32 bytes each; and what a device has at least and at most. */
	RUNS_ALL = 1 << 20,
	RUNS_LEAST = 16,
	RUNS_MOST = 512,
	FIRST_SIZE = 4,
};

/* Whatever else is asked for, a device may have a recheck after this. */
#define ASK_EVERY (8 * USEC_PER_HOUR)

/* After a failure. */
#define FAILED_WAIT (15 * USEC_PER_MIN)

void recheck_init(struct recheck *recheck, size_t max) {
	*recheck = (struct recheck){.max = (uint16_t)max, .next = USEC_INFINITY};
}

void recheck_done(struct recheck *recheck) {
	if (recheck) {
		free(recheck->runs);
		recheck->runs = NULL;
		recheck->len = recheck->size = 0;
	}
}

size_t recheck_room(size_t devices) {
	size_t room = devices > 0 ? RUNS_ALL / devices : RUNS_MOST;
	return room < RUNS_LEAST ? RUNS_LEAST : room < RUNS_MOST ? room : RUNS_MOST;
}

/* When the run is due; USEC_INFINITY: no distance is left. */
static usec_t due_at(const struct settings *settings, const struct recheck_run *run) {
	usec_t after = run->stage < RECHECKS_MAX ? settings->recheck.after[run->stage] : 0;
	return after > 0 ? run->recorded + after : USEC_INFINITY;
}

static void find_next(struct recheck *recheck, const struct settings *settings) {
	recheck->next = USEC_INFINITY;
	for (uint16_t i = 0; i < recheck->len; i++) {
		usec_t due = due_at(settings, &recheck->runs[i]);
		recheck->next = due < recheck->next ? due : recheck->next;
	}
}

static void remove_at(struct recheck *recheck, uint16_t at) {
	recheck->len--;
	memmove(recheck->runs + at, recheck->runs + at + 1,
	        (size_t)(recheck->len - at) * sizeof(*recheck->runs));
}

static bool grow(struct recheck *recheck) {
	size_t size = recheck->size ? 2 * (size_t)recheck->size : FIRST_SIZE;
	size = size < recheck->max ? size : recheck->max;
	struct recheck_run *grown = reallocarray(recheck->runs, size, sizeof(*grown));
	if (!grown) {
		return false;
	}
	recheck->runs = grown;
	recheck->size = (uint16_t)size;
	return true;
}

/* The place of the first run that starts then or later. */
static uint16_t place_of(const struct recheck *recheck, usec_t start) {
	return (uint16_t)ARRAY_PLACE(recheck->runs, recheck->len, start, start);
}

/* The oldest run makes room for a newer one.  Without memory the new one is forgotten. */
static void insert(struct recheck *recheck, const struct recheck_run *run) {
	if (recheck->len == recheck->size && recheck->len < recheck->max && !grow(recheck)) {
		return;
	}
	uint16_t at = place_of(recheck, run->start);
	if (recheck->len == recheck->max) {
		recheck->crowded = true;
		if (at == 0) {
			return;
		}
		remove_at(recheck, 0);
		at--;
	}
	memmove(recheck->runs + at + 1, recheck->runs + at,
	        (size_t)(recheck->len - at) * sizeof(*recheck->runs));
	recheck->runs[at] = *run;
	recheck->len++;
}

/*
 * Runs side by side become one if that asks for none of their buckets much later than it
 * is due: a quarter of the distance.
 */
static bool can_join(const struct settings *settings, const struct recheck_run *run,
                     const struct recheck_run *next) {
	if (run->end != next->start || run->revision != next->revision || run->stage != next->stage ||
	    run->gap || next->gap || settings->bucket.interval == INTERVAL_NONE) {
		return false;
	}
	usec_t slack = due_at(settings, run) == USEC_INFINITY ? 0 : settings->recheck.after[run->stage] / 4;
	return run->recorded == next->recorded || next->end - run->start <= slack;
}

/* The run at that place with the one behind it, if there is one. */
static bool join(struct recheck *recheck, const struct settings *settings, uint16_t at) {
	if (at + 1 >= recheck->len || !can_join(settings, &recheck->runs[at], &recheck->runs[at + 1])) {
		return false;
	}
	struct recheck_run *run = &recheck->runs[at];
	const struct recheck_run *next = run + 1;
	run->recorded = next->recorded > run->recorded ? next->recorded : run->recorded;
	run->end = next->end;
	remove_at(recheck, (uint16_t)(at + 1));
	return true;
}

/* Cuts the run that lies across that time in two. */
static void cut(struct recheck *recheck, usec_t time) {
	uint16_t at = place_of(recheck, time);
	if (at == 0 || recheck->runs[at - 1].end <= time) {
		return;
	}
	struct recheck_run second = recheck->runs[at - 1];
	recheck->runs[at - 1].end = time;
	second.start = time;
	insert(recheck, &second);
}

void recheck_forget(struct recheck *recheck, const struct settings *settings, usec_t start, usec_t end) {
	uint16_t at = place_of(recheck, start);
	bool before = at > 0 && recheck->runs[at - 1].end > start;
	if (!before && (at == recheck->len || recheck->runs[at].start >= end)) {
		return;
	}
	cut(recheck, start);
	cut(recheck, end);
	at = place_of(recheck, start);
	while (at < recheck->len && recheck->runs[at].start < end) {
		remove_at(recheck, at);
	}
	find_next(recheck, settings);
}

void recheck_add(struct recheck *recheck, const struct settings *settings, const struct recheck_run *bucket) {
	if (due_at(settings, bucket) == USEC_INFINITY || bucket->start < bucket->recorded - settings->backfill) {
		return;
	}
	while (recheck->len > 0 && recheck->runs[0].end <= bucket->end - settings->backfill) {
		remove_at(recheck, 0);
	}
	insert(recheck, bucket);
	uint16_t at = place_of(recheck, bucket->start);
	(void)join(recheck, settings, at);
	if (at > 0) {
		(void)join(recheck, settings, (uint16_t)(at - 1));
	}
	find_next(recheck, settings);
}

/*
 * Whether the run is whole buckets as time is cut now.  Without an interval it is one bucket; the
 * first one of a device may begin anywhere, but ends at an edge like all others.
 */
static bool is_cut_so(const struct grid *grid, const struct recheck_run *run) {
	if (grid->interval == INTERVAL_NONE) {
		return grid_next(grid, run->start) == run->end;
	}
	return grid_floor(grid, run->start) == run->start && grid_floor(grid, run->end) == run->end;
}

void recheck_restore(struct recheck *recheck, const struct settings *settings, const struct recheck_run *run) {
	if (due_at(settings, run) != USEC_INFINITY && is_cut_so(&settings->bucket, run)) {
		insert(recheck, run);
		find_next(recheck, settings);
	}
}

void recheck_take_over(struct recheck *recheck, struct recheck *from, const struct settings *settings) {
	recheck->limit = from->limit;
	recheck->alone = from->alone;
	recheck->credit = from->credit;
	recheck->asked = from->asked;
	recheck->wait_until = from->wait_until;
	for (uint16_t i = 0; i < from->len; i++) {
		recheck_restore(recheck, settings, &from->runs[i]);
	}
	recheck_done(from);
}

const struct recheck_run *recheck_find(const struct recheck *recheck, usec_t start, usec_t end) {
	uint16_t at = place_of(recheck, start + 1);
	const struct recheck_run *run = at > 0 ? &recheck->runs[at - 1] : NULL;
	return run && end <= run->end ? run : NULL;
}

static usec_t own_due(const struct recheck *recheck, usec_t wall, usec_t now) {
	if (recheck->next == USEC_INFINITY) {
		return USEC_INFINITY;
	}
	usec_t due = now + (recheck->next - wall);
	due = due > recheck->wait_until ? due : recheck->wait_until;
	if (recheck->credit >= PRICE || recheck->asked == 0) {
		return due;
	}
	usec_t turn = recheck->asked + ASK_EVERY;
	return due > turn ? due : turn;
}

usec_t recheck_due(const struct recheck *recheck, usec_t wall, usec_t now) {
	usec_t own = own_due(recheck, wall, now);
	usec_t ordered = recheck->ordered ? ordered_due(recheck->ordered, now) : USEC_INFINITY;
	return own < ordered ? own : ordered;
}

bool recheck_is_ordered(const struct recheck *recheck, usec_t wall, usec_t now) {
	return recheck->ordered && own_due(recheck, wall, now) > now && ordered_due(recheck->ordered, now) <= now;
}

void recheck_tidy(struct recheck *recheck, const struct settings *settings, usec_t wall) {
	for (uint16_t i = 0; i < recheck->len;) {
		struct recheck_run *run = &recheck->runs[i];
		run->recorded = run->recorded > wall ? wall : run->recorded;
		if (run->end <= wall - settings->backfill || due_at(settings, run) == USEC_INFINITY) {
			remove_at(recheck, i);
		} else {
			i++;
		}
	}
	find_next(recheck, settings);
}

/* So far, but for that many buckets at most. */
static void walk(struct span *span, const struct grid *grid, usec_t until, int limit) {
	while (span->end < until && span->buckets < limit) {
		span->end = grid_next(grid, span->end);
		span->buckets++;
	}
}

/* The range goes on to the run's end, or as far as it may.  Returns false if nothing of the run is in it. */
static bool extend(struct span *span, const struct grid *grid, const struct recheck_run *run, int limit) {
	struct span longer = *span;
	int near = span->buckets + NEAR;
	walk(&longer, grid, run->start, near < limit ? near : limit);
	if (longer.end != run->start || longer.buckets == limit) {
		return false;
	}
	walk(&longer, grid, run->end, limit);
	*span = longer;
	return true;
}

static int limit_of(const struct recheck *recheck, const struct settings *settings, int limit) {
	if (recheck->limit > 0 && recheck->limit < limit) {
		limit = recheck->limit;
	}
	if (recheck->alone > 0 && recheck->alone < limit) {
		limit = recheck->alone;
	}
	return settings->bucket.interval == INTERVAL_NONE || limit < 1 ? 1 : limit;
}

/* The run that is due for the longest time, the oldest of several: where some are due all the time, others have their turn. */
static uint16_t longest_due(const struct recheck *recheck, const struct settings *settings) {
	uint16_t found = 0;
	for (uint16_t i = 1; i < recheck->len; i++) {
		if (due_at(settings, &recheck->runs[i]) < due_at(settings, &recheck->runs[found])) {
			found = i;
		}
	}
	return found;
}

bool recheck_span(struct recheck *recheck, const struct settings *settings, usec_t wall, int limit,
                  struct span *ret) {
	const struct grid *grid = &settings->bucket;
	struct span span = {0};
	recheck_tidy(recheck, settings, wall);
	limit = limit_of(recheck, settings, limit);
	for (uint16_t i = longest_due(recheck, settings); i < recheck->len;) {
		const struct recheck_run *run = &recheck->runs[i];
		if (due_at(settings, run) > wall) {
			i++;
			continue;
		}
		if (!is_cut_so(grid, run)) {
			remove_at(recheck, i); /* the rules of its zone have changed */
			continue;
		}
		if (span.buckets == 0) {
			span.start = span.end = run->start;
		}
		if (!extend(&span, grid, run, limit)) {
			break;
		}
		i++;
	}
	find_next(recheck, settings);
	span.fresh = span.end;
	if (span.buckets > 0) {
		*ret = span;
	}
	return span.buckets > 0;
}

/* From the time on, back or forth, to the far edge of the first bucket that has a count, and how many that takes; 0: too many. */
static int seek_count(const struct recheck *recheck, const struct grid *grid, bool forth, usec_t *time) {
	usec_t edge = *time;
	for (int i = 1; i <= FRAME_MOST; i++) {
		usec_t next = forth ? grid_next(grid, edge) : grid_floor(grid, edge - 1);
		if (!recheck_find(recheck, forth ? edge : next, forth ? next : edge)) {
			*time = next;
			return i;
		}
		edge = next;
	}
	return 0;
}

void recheck_frame(const struct recheck *recheck, const struct settings *settings, usec_t cursor, int limit,
                   struct span *span) {
	const struct grid *grid = &settings->bucket;
	usec_t start = span->start, end = span->end;
	limit = limit_of(recheck, settings, limit);
	if (span->buckets == 1 || recheck->alone > 0) {
		return; /* it is believed, or there was none before */
	}
	int before = seek_count(recheck, grid, false, &start);
	if (before > 0 && span->buckets + before <= limit) {
		span->start = start;
		span->buckets += before;
	}
	int behind = seek_count(recheck, grid, true, &end);
	if (behind > 0 && span->buckets + behind <= limit && end <= cursor) {
		span->end = span->fresh = end;
		span->buckets += behind;
	}
}

bool recheck_ordered_span(const struct recheck *recheck, const struct settings *settings, int limit, struct span *ret) {
	return recheck->ordered && ordered_span(recheck->ordered, limit_of(recheck, settings, limit), ret);
}

void recheck_ordered_sent(struct recheck *recheck) {
	recheck->alone = 0;
}

void recheck_sent(struct recheck *recheck, usec_t now) {
	recheck->credit = recheck->credit >= PRICE ? (uint8_t)(recheck->credit - PRICE) : 0;
	recheck->asked = now;
	recheck->alone = 0;
}

void recheck_earn(struct recheck *recheck) {
	if (recheck->credit < PRICE * SAVED) {
		recheck->credit++;
	}
}

/* Behind all distances that have passed, and behind one in any case. */
static void advance(struct recheck_run *run, const struct settings *settings, usec_t wall) {
	do {
		run->stage++;
	} while (due_at(settings, run) <= wall);
}

static void pass(struct recheck *recheck, const struct settings *settings, usec_t start, usec_t end,
                 usec_t wall) {
	cut(recheck, start);
	cut(recheck, end);
	for (uint16_t i = place_of(recheck, start); i < recheck->len && recheck->runs[i].start < end; i++) {
		if (due_at(settings, &recheck->runs[i]) <= wall) {
			advance(&recheck->runs[i], settings, wall);
		}
	}
	for (uint16_t i = 0; i < recheck->len;) {
		if (due_at(settings, &recheck->runs[i]) == USEC_INFINITY) {
			remove_at(recheck, i);
		} else if (!join(recheck, settings, i)) {
			i++;
		}
	}
	find_next(recheck, settings);
}

void recheck_doubted(struct recheck *recheck, int missing) {
	recheck->alone = (uint16_t)missing;
}

void recheck_answered(struct recheck *recheck, const struct settings *settings, usec_t start, usec_t end,
                      usec_t wall) {
	recheck->limit = recheck->limit > UINT16_MAX / GROWTH ? 0 : (uint16_t)(GROWTH * recheck->limit);
	if (recheck->ordered) {
		ordered_answered(recheck->ordered, start, end);
	}
	pass(recheck, settings, start, end, wall);
}

void recheck_unanswered(struct recheck *recheck, usec_t now) {
	recheck->wait_until = now + FAILED_WAIT;
	if (recheck->ordered) {
		ordered_unanswered(recheck->ordered, now);
	}
}

void recheck_failed(struct recheck *recheck, const struct settings *settings, const struct span *span,
                    usec_t wall, usec_t now) {
	recheck->wait_until = now + FAILED_WAIT;
	if (recheck->ordered) {
		ordered_failed(recheck->ordered, span, now);
	}
	if (span->buckets > 1) {
		recheck->limit = (uint16_t)(span->buckets / 2);
	} else {
		pass(recheck, settings, span->start, span->end, wall);
	}
}
