// SPDX-License-Identifier: ISC

#include "tool/series.h"

#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* No clock differs from others by less, so that all buckets of this length and more begin with a slot. */
#define LONGEST_SLOT (15 * USEC_PER_MIN)

/* No interval is shorter. */
#define SHORTEST_SLOT USEC_PER_MIN

enum { SLOTS = 1024 };

/* What a slot holds. */
enum { CODE_EMPTY, CODE_CONTINUED, CODE_NONE, CODE_ZERO };

enum { NARROW = UINT8_MAX - CODE_ZERO, WIDE = UINT16_MAX - CODE_ZERO };

struct chunk {
	usec_t base;
	uint8_t *narrow; /* one of the two */
	uint16_t *wide;
};

static unsigned code_at(const struct chunk *chunk, size_t slot) {
	return chunk->narrow ? chunk->narrow[slot] : chunk->wide[slot];
}

static int widen(struct chunk *chunk) {
	uint16_t *wide = calloc(SLOTS, sizeof(*wide));
	if (!wide) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < SLOTS; i++) {
		wide[i] = chunk->narrow[i];
	}
	free(chunk->narrow);
	*chunk = (struct chunk){.base = chunk->base, .wide = wide};
	return 0;
}

static int set_code(struct chunk *chunk, size_t slot, unsigned code) {
	if (chunk->narrow && code > UINT8_MAX) {
		int r = widen(chunk);
		if (r < 0) {
			return r;
		}
	}
	if (chunk->narrow) {
		chunk->narrow[slot] = (uint8_t)code;
	} else {
		chunk->wide[slot] = (uint16_t)code;
	}
	return 0;
}

static usec_t chunk_length(const struct series *series) {
	return SLOTS * series->slot;
}

/* The first chunk that ends after the instant. */
static size_t find_chunk(const struct series *series, usec_t instant) {
	size_t low = 0, high = series->chunk_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (series->chunks[middle].base + chunk_length(series) > instant) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low;
}

static bool has_chunk(const struct series *series, size_t at, usec_t instant) {
	return at < series->chunk_count && series->chunks[at].base <= instant;
}

/* Makes the one that the instant lies in. */
static int add_chunk(struct series *series, size_t at, usec_t instant) {
	usec_t past = instant % chunk_length(series);
	struct chunk chunk = {.base = instant - (past < 0 ? past + chunk_length(series) : past)};

	int r = array_reserve(&series->chunks, &series->chunk_size, series->chunk_count + 1, sizeof(*series->chunks));
	chunk.narrow = r == 0 ? calloc(SLOTS, 1) : NULL;
	if (!chunk.narrow) {
		return -ENOMEM;
	}
	memmove(&series->chunks[at + 1], &series->chunks[at], (series->chunk_count - at) * sizeof(*series->chunks));
	series->chunks[at] = chunk;
	series->chunk_count++;
	return 0;
}

/* Writes a slot, which is the next one or anywhere. */
static int write_slot(struct series *series, usec_t instant, unsigned code) {
	if (instant != series->last_end || series->last >= series->chunk_count || series->last_slot >= SLOTS) {
		series->last = find_chunk(series, instant);
		if (!has_chunk(series, series->last, instant)) {
			int r = add_chunk(series, series->last, instant);
			if (r < 0) {
				return r;
			}
		}
		series->last_slot = (size_t)((instant - series->chunks[series->last].base) / series->slot);
	}
	int r = set_code(&series->chunks[series->last], series->last_slot, code);
	series->last_slot++;
	series->last_end = instant + series->slot;
	return r;
}

/* What is left of a longer bucket, of which the slots before the instant have become another. */
static void clear_rest(struct series *series, usec_t instant) {
	for (size_t at = find_chunk(series, instant); has_chunk(series, at, instant); instant += series->slot) {
		struct chunk *chunk = &series->chunks[at];
		size_t slot = (size_t)((instant - chunk->base) / series->slot);
		if (code_at(chunk, slot) != CODE_CONTINUED) {
			return;
		}
		(void)set_code(chunk, slot, CODE_EMPTY);
		at += slot + 1 == SLOTS;
	}
}

static bool is_slot(const struct series *series, usec_t instant) {
	return instant == series->last_end || instant % series->slot == 0;
}

static void clear_bucket(struct series *series, usec_t start) {
	size_t at = find_chunk(series, start);
	if (is_slot(series, start) && has_chunk(series, at, start)) {
		struct chunk *chunk = &series->chunks[at];
		(void)set_code(chunk, (size_t)((start - chunk->base) / series->slot), CODE_EMPTY);
		clear_rest(series, start + series->slot);
	}
}

static int put_slots(struct series *series, const struct stride *bucket) {
	unsigned code = bucket->count < 0 ? CODE_NONE : (unsigned)bucket->count + CODE_ZERO;
	int r = write_slot(series, bucket->start, code);

	for (usec_t at = bucket->start + series->slot; r == 0 && at < bucket->end; at += series->slot) {
		r = write_slot(series, at, CODE_CONTINUED);
	}
	if (r == 0 && (series->last_slot == SLOTS || code_at(&series->chunks[series->last], series->last_slot) == CODE_CONTINUED)) {
		clear_rest(series, bucket->end);
	}
	return r;
}

/* The first that begins at or after the instant. */
static size_t find_odd(const struct series *series, usec_t instant) {
	return ARRAY_PLACE(series->odd, series->odd_count, start, instant);
}

static void remove_odd(struct series *series, usec_t start) {
	size_t at = find_odd(series, start);
	if (at < series->odd_count && series->odd[at].start == start) {
		series->odd_count--;
		memmove(&series->odd[at], &series->odd[at + 1], (series->odd_count - at) * sizeof(*series->odd));
	}
}

static int put_odd(struct series *series, const struct stride *bucket) {
	size_t at = find_odd(series, bucket->start);
	int r = array_reserve(&series->odd, &series->odd_size, series->odd_count + 1, sizeof(*series->odd));
	if (r == 0) {
		memmove(&series->odd[at + 1], &series->odd[at], (series->odd_count - at) * sizeof(*series->odd));
		series->odd[at] = *bucket;
		series->odd_count++;
	}
	return r;
}

static usec_t slot_of(const struct log_entry *entry) {
	usec_t a = LONGEST_SLOT, b = interval_length(entry->interval);
	b = b > 0 ? b : entry->end - entry->start;
	while (b > 0) {
		usec_t rest = a % b;
		a = b;
		b = rest;
	}
	return a > SHORTEST_SLOT ? a : SHORTEST_SLOT;
}

static bool fits(const struct series *series, const struct stride *bucket) {
	return is_slot(series, bucket->start) && bucket->count <= WIDE &&
	       (bucket->end == bucket->start + series->slot ||
	        (bucket->end - bucket->start <= 4 * chunk_length(series) &&
	         (bucket->end - bucket->start) % series->slot == 0));
}

int series_put(struct series *series, const struct log_entry *entry, enum covering covering) {
	struct stride bucket = {entry->start, entry->end, entry->status == RECORD_OK && entry->count >= 0 ? entry->count : SERIES_NONE};

	if (entry->status == RECORD_GAP || covering == COVERING_DOUBLE || covering == COVERING_STALE) {
		return 0;
	}
	if (series->slot == 0) {
		series->slot = slot_of(entry);
		series->last_end = USEC_INFINITY;
	}
	if (series->odd_count > 0) {
		remove_odd(series, bucket.start);
	}
	if (fits(series, &bucket)) {
		return put_slots(series, &bucket);
	}
	clear_bucket(series, bucket.start);
	return put_odd(series, &bucket);
}

void series_done(struct series *series) {
	for (size_t i = 0; i < series->chunk_count; i++) {
		free(series->chunks[i].narrow);
		free(series->chunks[i].wide);
	}
	free(series->chunks);
	free(series->odd);
	*series = (struct series){0};
}

/* Walking */

/* The next slot, over the chunks.  Returns false behind the last one. */
static bool next_slot(const struct series *series, size_t *chunk, size_t *slot) {
	if (++*slot == SLOTS) {
		*slot = 0;
		++*chunk;
	}
	return *chunk < series->chunk_count;
}

static usec_t slot_start(const struct series *series, size_t chunk, size_t slot) {
	return series->chunks[chunk].base + (usec_t)slot * series->slot;
}

/* Goes on to the next bucket in the slots. */
static void load_bucket(struct walk *walk) {
	const struct series *series = walk->series;
	unsigned code = CODE_EMPTY;

	walk->bucket.start = USEC_INFINITY;
	while (walk->chunk < series->chunk_count) {
		code = code_at(&series->chunks[walk->chunk], walk->slot);
		if (code >= CODE_NONE) {
			break;
		}
		(void)next_slot(series, &walk->chunk, &walk->slot);
	}
	if (walk->chunk == series->chunk_count) {
		return;
	}
	walk->bucket.start = slot_start(series, walk->chunk, walk->slot);
	walk->bucket.count = code == CODE_NONE ? SERIES_NONE : (int64_t)code - CODE_ZERO;
	walk->bucket.end = walk->bucket.start + series->slot;
	while (next_slot(series, &walk->chunk, &walk->slot) &&
	       code_at(&series->chunks[walk->chunk], walk->slot) == CODE_CONTINUED &&
	       slot_start(series, walk->chunk, walk->slot) == walk->bucket.end) {
		walk->bucket.end += series->slot;
	}
}

static void load_other(struct walk *walk) {
	walk->other.start = USEC_INFINITY;
	if (walk->odd < walk->series->odd_count) {
		walk->other = walk->series->odd[walk->odd++];
	}
}

/* Goes on to the next gap or hole.  walk->run.end says up to where the coverage has been looked at. */
static void load_run(struct walk *walk) {
	const struct coverage *coverage = walk->coverage;

	for (walk->run.start = USEC_INFINITY; walk->stretch < coverage->len; walk->stretch++) {
		const struct stretch *stretch = &coverage->list[walk->stretch];
		struct stride run = {stretch->start, stretch->end, SERIES_GAP};
		if (walk->run.end < stretch->start && walk->stretch > 0) {
			run = (struct stride){stretch[-1].end, stretch->start, SERIES_MISSING};
		} else if (stretch->status != RECORD_GAP) {
			walk->run.end = stretch->end;
			continue;
		}
		walk->stretch += run.count == SERIES_GAP;
		walk->run = run;
		walk->run.start = run.start > walk->from ? run.start : walk->from;
		return;
	}
}

void walk_begin(struct walk *walk, const struct series *series, const struct coverage *coverage, usec_t from, usec_t to) {
	*walk = (struct walk){.series = series, .coverage = coverage, .from = from, .to = to};
	walk->chunk = find_chunk(series, from);
	if (has_chunk(series, walk->chunk, from)) {
		walk->slot = (size_t)((from - series->chunks[walk->chunk].base + series->slot - 1) / series->slot);
		walk->chunk += walk->slot == SLOTS;
		walk->slot %= SLOTS;
	}
	walk->odd = find_odd(series, from);
	walk->stretch = coverage_find(coverage, from);
	walk->run.end = walk->stretch > 0 ? from : INT64_MIN;
	load_bucket(walk);
	load_other(walk);
	load_run(walk);
}

bool walk_next(struct walk *walk, struct stride *ret) {
	struct stride *first = &walk->bucket;
	first = walk->other.start < first->start ? &walk->other : first;
	first = walk->run.start < first->start ? &walk->run : first;

	if (first->start >= walk->to) {
		return false;
	}
	*ret = *first;
	if (first == &walk->bucket) {
		load_bucket(walk);
	} else if (first == &walk->other) {
		load_other(walk);
	} else {
		ret->end = ret->end < walk->to ? ret->end : walk->to;
		load_run(walk);
	}
	return true;
}

/* All rooms */

int all_series_put(struct all_series *all, size_t room, const struct log_entry *entry, enum covering covering) {
	if (room >= all->len) {
		int r = array_reserve(&all->list, &all->size, room + 1, sizeof(*all->list));
		if (r < 0) {
			return r;
		}
		memset(&all->list[all->len], 0, (room + 1 - all->len) * sizeof(*all->list));
		all->len = room + 1;
	}
	return series_put(&all->list[room], entry, covering);
}

const struct series *all_series_of(const struct all_series *all, size_t room) {
	static const struct series none = {0};
	return room < all->len ? &all->list[room] : &none;
}

void all_series_done(struct all_series *all) {
	for (size_t i = 0; i < all->len; i++) {
		series_done(&all->list[i]);
	}
	free(all->list);
	*all = (struct all_series){0};
}
