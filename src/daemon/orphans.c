// SPDX-License-Identifier: ISC

#include "daemon/orphans.h"

#include "base/array.h"
#include "config/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_FOR (INT64_C(2) * 366 * USEC_PER_DAY)

enum { ROOM = 16 };

void orphans_done(struct orphans *orphans) {
	if (orphans) {
		for (size_t i = 0; i < orphans->len; i++) {
			free(orphans->list[i].uuid);
		}
		free(orphans->list);
		index_done(&orphans->index);
		*orphans = (struct orphans){0};
	}
}

static bool is_same(const void *list, size_t position, const void *key) {
	const struct orphan *orphan = &((const struct orphan *)list)[position];
	const struct identity *identity = key;
	return orphan->interval == identity->interval && orphan->uuid && strcmp(orphan->uuid, identity->uuid) == 0;
}

static struct orphan *find(const struct orphans *orphans, const char *uuid, enum interval interval) {
	struct identity identity = {uuid, interval};
	size_t at;
	bool found = index_find(&orphans->index, identity_hash(&identity), is_same, orphans->list, &identity, &at);
	return found ? &orphans->list[at] : NULL;
}

/* There is room for it, and it is not in the list. */
static int enter(struct orphans *orphans, const struct orphan *orphan) {
	struct identity identity = {orphan->uuid, orphan->interval};
	size_t twin;
	int r = index_add(&orphans->index, identity_hash(&identity), is_same, orphans->list, &identity, orphans->len, &twin);
	if (r == 0) {
		orphans->list[orphans->len++] = *orphan;
	}
	return r;
}

/* Room for one more.  Those that were adopted are left behind, for the index cannot forget. */
static int reserve(struct orphans *orphans) {
	if (orphans->len < orphans->size) {
		return 0;
	}
	size_t left = 0;
	for (size_t i = 0; i < orphans->len; i++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is a list where there is a length */
		left += orphans->list[i].uuid != NULL;
	}
	struct orphans fresh = {0};
	int r = array_reserve(&fresh.list, &fresh.size, 2 * left + ROOM, sizeof(*fresh.list));
	for (size_t i = 0; r == 0 && i < orphans->len; i++) {
		if (orphans->list[i].uuid) {
			r = enter(&fresh, &orphans->list[i]);
		}
	}
	struct orphans *old = r == 0 ? orphans : &fresh;
	free(old->list);
	index_done(&old->index);
	if (r == 0) {
		*orphans = fresh;
	}
	return r;
}

int orphans_add(struct orphans *orphans, const char *uuid, enum interval interval,
                const struct orphan *position) {
	struct orphan *known = find(orphans, uuid, interval);
	if (known) {
		known->cursor = position->cursor > known->cursor ? position->cursor : known->cursor;
		known->taken = position->taken > known->taken ? position->taken : known->taken;
		known->top = position->top > known->top ? position->top : known->top;
		known->home = position->home ? position->home : known->home;
		return 0;
	}

	struct orphan orphan = *position;
	orphan.uuid = strdup(uuid);
	orphan.interval = interval;
	if (!orphan.uuid || reserve(orphans) < 0 || enter(orphans, &orphan) < 0) {
		free(orphan.uuid);
		return -ENOMEM;
	}
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
		poll->home = orphan->home;
		poll->begun = poll->unproven = true;
		forget(orphan);
	}
}
