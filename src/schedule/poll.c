// SPDX-License-Identifier: ISC

#include "schedule/poll.h"

#include "base/array.h"
#include "base/rng.h"
#include "schedule/span.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * The shortest back-off that can be configured has a cap of 1 s, which full
 * jitter makes half a second: two requests a second.  Ten mean that there is no back-off.
 */
enum { FLOOD_LIMIT = 600 };

uint32_t bucket_seconds(usec_t start, usec_t end) {
	usec_t length;
	if (__builtin_sub_overflow(end, start, &length) || length / USEC_PER_SEC > UINT32_MAX) {
		return UINT32_MAX;
	}
	return length < 0 ? 0 : (uint32_t)(length / USEC_PER_SEC);
}

void poll_init(struct poll *poll, const struct device *device, usec_t cursor, usec_t now) {
	int lookback = span_lookback_buckets(device->settings);
	*poll = (struct poll){
		.device = device,
		.cursor = cursor,
		.since = now,
		.memory_max = (uint16_t)(lookback > 0 ? lookback : 1),
		.taken = 0, /* nothing was recorded */
		.gap_from = USEC_INFINITY,
		.quiet_since = USEC_INFINITY,
	};
	reach_init(&poll->reach, device->settings->max_points);
	recheck_init(&poll->recheck, recheck_room(1));
}

void poll_done(struct poll *poll) {
	if (poll) {
		free(poll->memory);
		free(poll->reason);
		recheck_done(&poll->recheck);
		poll->memory = NULL;
		poll->reason = NULL;
		poll->memory_len = 0;
	}
}

/* Whether buckets that were cut for one are buckets for the other. */
static bool is_cut_alike(const struct grid *a, const struct grid *b) {
	return strcmp(zone_name(a->zone), zone_name(b->zone)) == 0 && a->week_start == b->week_start &&
	       a->length == b->length;
}

void poll_take_over(struct poll *poll, struct poll *from) {
	poll->cursor = from->cursor;
	poll->begun = from->begun;
	poll->unproven = from->unproven;
	poll->again = from->again;
	poll->top = from->top;
	poll->taken = from->taken;
	poll->since = from->since;
	poll->home = from->home;
	poll->failures = from->failures;
	poll->told = from->told;
	poll->failing_since = from->failing_since;
	poll->reason = from->reason;
	poll->quiet_since = from->quiet_since;
	poll->quiet_over = from->quiet_over;

	/* The look-back may have become shorter: the newest are worth keeping. */
	uint16_t keep = from->memory_len < poll->memory_max ? from->memory_len : poll->memory_max;
	poll->memory = from->memory;
	poll->memory_len = keep;
	if (keep > 0) {
		memmove(poll->memory, poll->memory + (from->memory_len - keep),
		        keep * sizeof(*poll->memory));
	}
	if (poll->memory_max > from->memory_max) {
		struct remembered *grown =
			reallocarray(poll->memory, poll->memory_max, sizeof(*grown));
		if (grown) {
			poll->memory = grown;
		} else {
			poll->memory_max = from->memory_max;
		}
	}

	if (is_cut_alike(&poll->device->settings->bucket, &from->device->settings->bucket)) {
		recheck_take_over(&poll->recheck, &from->recheck, poll->device->settings);
	}

	from->memory = NULL;
	from->memory_len = 0;
	from->reason = NULL;
}

/* The place of the first remembered bucket at or after start. */
static uint16_t memory_find(const struct poll *poll, usec_t start) {
	return (uint16_t)ARRAY_PLACE(poll->memory, poll->memory_len, start, start);
}

static int remember(struct poll *poll, const struct remembered *what) {
	if (!poll->memory) {
		poll->memory = calloc(poll->memory_max, sizeof(*poll->memory));
		if (!poll->memory) {
			return -ENOMEM;
		}
	}

	uint16_t at = memory_find(poll, what->start);
	if (at < poll->memory_len && poll->memory[at].start == what->start) {
		if (poll->memory[at].revision <= what->revision) {
			poll->memory[at] = *what;
		}
		return 0;
	}
	if (poll->memory_len == poll->memory_max) {
		if (at == 0) {
			return 0; /* older than all that there is room for */
		}
		memmove(poll->memory, poll->memory + 1,
		        (size_t)(poll->memory_len - 1) * sizeof(*poll->memory));
		poll->memory_len--;
		at--;
	}
	memmove(poll->memory + at + 1, poll->memory + at,
	        (size_t)(poll->memory_len - at) * sizeof(*poll->memory));
	poll->memory[at] = *what;
	poll->memory_len++;
	return 0;
}

/* Whatever starts before the end of a gap, or with a bucket that was recorded, has been recorded. */
static void take_identity(struct poll *poll, const struct remembered *what, usec_t end) {
	usec_t taken = what->status == RECORD_GAP ? end : what->start + 1;
	poll->taken = taken > poll->taken ? taken : poll->taken;
	poll->top = what->revision > poll->top ? what->revision : poll->top;
}

int poll_apply(struct poll *poll, const struct remembered *what, usec_t end) {
	take_identity(poll, what, end);
	if (end > poll->cursor) {
		poll->cursor = end;
		poll->flood_count = 0;
		poll->again = end < poll->taken ? poll->again : 0;
	}
	poll->begun = true;
	return what->status == RECORD_GAP ? 0 : remember(poll, what);
}

int poll_resume(struct poll *poll, const struct remembered *what, usec_t end) {
	if (!poll->begun) {
		poll->cursor = end;
	} else if (what->revision > 0 && what->start >= poll->gap_from && poll->cursor == poll->taken &&
	           end < poll->cursor) {
		poll_rewind(poll, end, poll->taken, what->revision);
	}
	if (what->status == RECORD_GAP) {
		poll->gap_from = what->start;
	}
	poll->unproven = true;
	return poll_apply(poll, what, end);
}

static bool is_one_bucket(const struct grid *grid, usec_t start, usec_t end) {
	return (grid->interval == INTERVAL_NONE || grid_floor(grid, start) == start) &&
	       grid_next(grid, start) == end;
}

void poll_watch(struct poll *poll, const struct remembered *what, usec_t end, usec_t recorded) {
	const struct settings *settings = poll->device->settings;
	bool gap = what->status == RECORD_GAP;

	if (poll->recheck.ordered) {
		ordered_learn(poll->recheck.ordered, what, end);
	}
	recheck_forget(&poll->recheck, settings, what->start, end);
	/* A record of the log may be of a time that was cut otherwise. */
	if ((gap || what->status == RECORD_NO_DATA) && is_one_bucket(&settings->bucket, what->start, end)) {
		recheck_add(&poll->recheck, settings, &(struct recheck_run){
			.start = what->start,
			.end = end,
			.recorded = recorded,
			.revision = what->revision,
			.gap = gap,
		});
	}
}

void poll_forget(struct poll *poll) {
	size_t room = poll->recheck.max;
	recheck_done(&poll->recheck);
	recheck_init(&poll->recheck, room);
	poll->begun = false;
	poll->memory_len = 0;
	poll->top = poll->again = 0;
	poll->taken = 0;
	poll->gap_from = USEC_INFINITY;
}

void poll_rewind(struct poll *poll, usec_t cursor, usec_t taken, uint16_t again) {
	poll->cursor = cursor;
	poll->taken = taken;
	poll->again = again;
	poll->memory_len = memory_find(poll, cursor);
	recheck_forget(&poll->recheck, poll->device->settings, cursor, USEC_INFINITY);
	if (poll->recheck.ordered) {
		ordered_cut(poll->recheck.ordered, cursor);
	}
	poll->flood_count = 0;
}

const struct remembered *poll_recall(const struct poll *poll, usec_t start) {
	uint16_t at = memory_find(poll, start);
	return at < poll->memory_len && poll->memory[at].start == start ? &poll->memory[at] : NULL;
}

int poll_first_revision(const struct poll *poll, usec_t start) {
	if (start >= poll->taken) {
		return 0;
	}
	return poll->again > 0 && start >= poll->cursor ? poll->again : poll->top + 1;
}

bool poll_in_doubt(const struct poll *poll) {
	return poll->doubt.missing > 0 && poll->doubt.from == poll->cursor && poll->reach.leap == 0;
}

usec_t poll_spread(const struct device *device) {
	usec_t window = device->settings->window;
	usec_t range = (window < USEC_PER_MIN ? window : USEC_PER_MIN) / 2;
	return (usec_t)(rng_hash(device->uuid, strlen(device->uuid)) % (uint64_t)range);
}

bool poll_flood_guard(struct poll *poll, usec_t monotonic) {
	if (monotonic - poll->flood_minute >= USEC_PER_MIN) {
		poll->flood_minute = monotonic;
		poll->flood_count = 0;
	}
	if (poll->flood_count <= FLOOD_LIMIT) {
		poll->flood_count++;
	}
	return poll->flood_count <= FLOOD_LIMIT;
}
