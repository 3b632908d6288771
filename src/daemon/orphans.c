// SPDX-License-Identifier: ISC

#include "daemon/orphans.h"

#include "base/rng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_FOR (INT64_C(2) * 366 * USEC_PER_DAY)

enum { FIRST_SIZE = 16 };

void orphans_done(struct orphans *orphans) {
	if (orphans) {
		for (size_t i = 0; i < orphans->len; i++) {
			free(orphans->list[i].uuid);
		}
		free(orphans->list);
		free(orphans->slots);
		*orphans = (struct orphans){0};
	}
}

static bool is_identity(const struct orphan *orphan, const char *uuid, enum interval interval) {
	return orphan->interval == interval && orphan->uuid && strcmp(orphan->uuid, uuid) == 0;
}

/* Where the orphan stands in the list, or where it would be entered: a slot with 0. */
static size_t *find_slot(const struct orphans *orphans, const char *uuid, enum interval interval) {
	size_t mask = 2 * orphans->size - 1;
	size_t at = (size_t)(rng_hash(uuid, strlen(uuid)) + (uint64_t)interval) & mask;
	while (orphans->slots[at] > 0 &&
	       !is_identity(&orphans->list[orphans->slots[at] - 1], uuid, interval)) {
		at = (at + 1) & mask;
	}
	return &orphans->slots[at];
}

static struct orphan *find(const struct orphans *orphans, const char *uuid, enum interval interval) {
	size_t at = orphans->size > 0 ? *find_slot(orphans, uuid, interval) : 0;
	return at > 0 ? &orphans->list[at - 1] : NULL;
}

/* A power of two, with room for as many again. */
static size_t wanted_size(const struct orphans *orphans) {
	size_t left = 0, size = FIRST_SIZE;
	for (size_t i = 0; i < orphans->len; i++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is a list where there is a length */
		left += orphans->list[i].uuid != NULL;
	}
	while (size < 2 * left) {
		size *= 2;
	}
	return size;
}

/* Room for one more; those that were adopted are left behind. */
static int reserve(struct orphans *orphans) {
	if (orphans->len < orphans->size) {
		return 0;
	}
	struct orphans grown = {.size = wanted_size(orphans)};
	grown.list = calloc(grown.size, sizeof(*grown.list));
	grown.slots = calloc(2 * grown.size, sizeof(*grown.slots));
	if (!grown.list || !grown.slots) {
		free(grown.list);
		free(grown.slots);
		return -ENOMEM;
	}
	for (size_t i = 0; i < orphans->len; i++) {
		const struct orphan *orphan = &orphans->list[i];
		if (orphan->uuid) {
			grown.list[grown.len++] = *orphan;
			*find_slot(&grown, orphan->uuid, orphan->interval) = grown.len;
		}
	}
	free(orphans->list);
	free(orphans->slots);
	*orphans = grown;
	return 0;
}

int orphans_add(struct orphans *orphans, const char *uuid, enum interval interval,
                const struct orphan *position) {
	struct orphan *known = find(orphans, uuid, interval);
	if (known) {
		known->cursor = position->cursor > known->cursor ? position->cursor : known->cursor;
		known->taken = position->taken > known->taken ? position->taken : known->taken;
		known->top = position->top > known->top ? position->top : known->top;
		return 0;
	}

	char *copy = strdup(uuid);
	if (!copy || reserve(orphans) < 0) {
		free(copy);
		return -ENOMEM;
	}
	struct orphan *orphan = &orphans->list[orphans->len++];
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is room for one more */
	*orphan = *position;
	orphan->uuid = copy;
	orphan->interval = interval;
	*find_slot(orphans, uuid, interval) = orphans->len;
	return 0;
}

const struct orphan *orphans_find(const struct orphans *orphans, const char *uuid, enum interval interval) {
	return find(orphans, uuid, interval);
}

/* The slot stays taken, or those behind it would not be found. */
static void forget(struct orphan *orphan) {
	free(orphan->uuid);
	orphan->uuid = NULL;
}

void orphans_expire(struct orphans *orphans, usec_t now) {
	for (size_t i = 0; i < orphans->len; i++) {
		if (orphans->list[i].uuid && orphans->list[i].cursor < now - KEPT_FOR) {
			forget(&orphans->list[i]);
		}
	}
}

void orphans_adopt(struct orphans *orphans, struct poll *poll) {
	struct orphan *orphan = find(orphans, poll->device->uuid, poll->device->settings->bucket.interval);
	if (orphan) {
		poll->cursor = orphan->cursor;
		poll->since = orphan->since;
		poll->taken = orphan->taken;
		poll->top = orphan->top;
		poll->again = orphan->again;
		poll->begun = poll->unproven = true;
		forget(orphan);
	}
}
