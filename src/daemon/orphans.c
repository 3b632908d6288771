// SPDX-License-Identifier: ISC

#include "daemon/orphans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_FOR (2 * 366 * USEC_PER_DAY)

void orphans_done(struct orphans *orphans) {
	if (orphans) {
		for (size_t i = 0; i < orphans->len; i++) {
			free(orphans->list[i].uuid);
		}
		free(orphans->list);
		*orphans = (struct orphans){0};
	}
}

int orphans_add(struct orphans *orphans, const char *uuid, enum interval interval, usec_t cursor,
                usec_t since, usec_t now) {
	if (cursor < now - KEPT_FOR) {
		return 0;
	}
	if (orphans->len == orphans->size) {
		size_t size = orphans->size ? 2 * orphans->size : 16;
		struct orphan *list = reallocarray(orphans->list, size, sizeof(*list));
		if (!list) {
			return -ENOMEM;
		}
		orphans->list = list;
		orphans->size = size;
	}
	char *copy = strdup(uuid);
	if (!copy) {
		return -ENOMEM;
	}
	orphans->list[orphans->len++] = (struct orphan){
		.uuid = copy,
		.interval = interval,
		.cursor = cursor,
		.since = since,
	};
	return 0;
}

void orphans_adopt(struct orphans *orphans, struct poll *poll) {
	for (size_t i = 0; i < orphans->len; i++) {
		struct orphan *orphan = &orphans->list[i];
		if (orphan->interval == poll->device->settings->bucket.interval &&
		    strcmp(orphan->uuid, poll->device->uuid) == 0) {
			poll->cursor = orphan->cursor;
			poll->since = orphan->since;
			free(orphan->uuid);
			*orphan = orphans->list[--orphans->len];
			return;
		}
	}
}
