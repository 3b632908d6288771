// SPDX-License-Identifier: ISC

#include "daemon/roster.h"

#include "config/identity.h"

#include <errno.h>
#include <string.h>

static bool is_same(const void *polls, size_t position, const void *key) {
	const struct device *device = ((const struct poll *)polls)[position].device;
	const struct identity *identity = key;
	return device->settings->bucket.interval == identity->interval && strcmp(device->uuid, identity->uuid) == 0;
}

int roster_init(struct roster *roster, struct poll *polls, size_t count) {
	*roster = (struct roster){.polls = polls};

	for (size_t i = 0; i < count; i++) {
		const struct device *device = polls[i].device;
		struct identity identity = {device->uuid, device->settings->bucket.interval};
		size_t twin;
		if (index_add(&roster->index, identity_hash(&identity), is_same, polls, &identity, i, &twin) < 0) {
			roster_done(roster);
			return -ENOMEM;
		}
	}
	return 0;
}

void roster_done(struct roster *roster) {
	if (roster) {
		index_done(&roster->index);
	}
}

struct poll *roster_find(const struct roster *roster, const char *uuid, enum interval interval) {
	struct identity identity = {uuid, interval};
	size_t at;
	bool found = index_find(&roster->index, identity_hash(&identity), is_same, roster->polls, &identity, &at);
	return found ? &roster->polls[at] : NULL;
}
