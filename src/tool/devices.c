// SPDX-License-Identifier: ISC

#include "tool/devices.h"

#include "base/rng.h"
#include "config/identity.h"

#include <errno.h>
#include <string.h>

static bool has_uuid(const void *devices, size_t position, const void *key) {
	return strcmp(((const struct device *)devices)[position].uuid, key) == 0;
}

static bool has_identity(const void *devices, size_t position, const void *key) {
	const struct device *device = &((const struct device *)devices)[position];
	const struct identity *identity = key;
	return device->settings->bucket.interval == identity->interval && strcmp(device->uuid, identity->uuid) == 0;
}

static uint64_t hash_of(const char *uuid) {
	return rng_hash(uuid, strlen(uuid));
}

int devices_init(struct devices *devices, const struct config *config) {
	*devices = (struct devices){.config = config};
	for (size_t i = 0; config && i < config->device_count; i++) {
		const struct device *device = &config->devices[i];
		struct identity identity = {device->uuid, device->settings->bucket.interval};
		size_t twin;
		if (index_add(&devices->by_identity, identity_hash(&identity), has_identity, config->devices, &identity, i,
		              &twin) < 0 ||
		    index_add(&devices->by_uuid, hash_of(device->uuid), has_uuid, config->devices, device->uuid, i, &twin) < 0) {
			devices_done(devices);
			return -ENOMEM;
		}
	}
	return 0;
}

const struct device *devices_find(const struct devices *devices, const char *uuid, enum interval interval) {
	struct identity identity = {uuid, interval};
	size_t at;
	return devices->config && index_find(&devices->by_identity, identity_hash(&identity), has_identity,
	                                     devices->config->devices, &identity, &at)
	               ? &devices->config->devices[at]
	               : NULL;
}

const struct device *devices_find_uuid(const struct devices *devices, const char *uuid) {
	size_t at;
	return devices->config && index_find(&devices->by_uuid, hash_of(uuid), has_uuid, devices->config->devices, uuid, &at)
	               ? &devices->config->devices[at]
	               : NULL;
}

void devices_done(struct devices *devices) {
	index_done(&devices->by_identity);
	index_done(&devices->by_uuid);
}
