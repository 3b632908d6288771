// SPDX-License-Identifier: ISC

#include "daemon/roster.h"

#include "base/rng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t slot_of(const struct roster *roster, const char *uuid, enum interval interval) {
	return (size_t)(rng_hash(uuid, strlen(uuid)) + (uint64_t)interval) & roster->mask;
}

static bool is_identity(const struct poll *poll, const char *uuid, enum interval interval) {
	return poll->device->settings->bucket.interval == interval &&
	       strcmp(poll->device->uuid, uuid) == 0;
}

int roster_init(struct roster *roster, struct poll *polls, size_t count) {
	size_t size = 2;
	while (size < 2 * count) {
		size *= 2;
	}
	roster->slots = calloc(size, sizeof(*roster->slots));
	if (!roster->slots) {
		return -ENOMEM;
	}
	roster->mask = size - 1;

	for (size_t i = 0; i < count; i++) {
		const struct device *device = polls[i].device;
		size_t at = slot_of(roster, device->uuid, device->settings->bucket.interval);
		while (roster->slots[at]) {
			at = (at + 1) & roster->mask;
		}
		roster->slots[at] = &polls[i];
	}
	return 0;
}

void roster_done(struct roster *roster) {
	if (roster) {
		free(roster->slots);
		roster->slots = NULL;
	}
}

struct poll *roster_find(const struct roster *roster, const char *uuid, enum interval interval) {
	size_t at = slot_of(roster, uuid, interval);
	while (roster->slots[at] && !is_identity(roster->slots[at], uuid, interval)) {
		at = (at + 1) & roster->mask;
	}
	return roster->slots[at];
}
