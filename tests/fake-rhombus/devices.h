// SPDX-License-Identifier: ISC

/*
 * devices: what is known of single devices: their zone, name and location.
 *
 * The file is a JSON array of objects: uuid (needed), and optionally name, zone, location,
 * occupancy (false: no occupancy region is defined, so the counts are zero and nobody reports).
 */

#ifndef FAKE_RHOMBUS_DEVICES_H
#define FAKE_RHOMBUS_DEVICES_H

#include "json.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	BARE_UUID_LENGTH = 22,
	UUID_MAX = BARE_UUID_LENGTH + 4, /* with a facet: ".v51" */
};

struct device {
	const char *uuid;
	const char *name;
	const char *zone;
	const char *location;
	bool occupancy;
};

struct devices {
	struct device *all;
	size_t count;
	struct device other;        /* stands for every device that the file does not name */
	struct json_object *source; /* owns the strings */
};

/** Does it match ^[A-Za-z0-9_-]{22}(\.[va][0-9]{1,2})?$ ? */
bool uuid_is_valid(const char *uuid);

/** Starts with no device; `zone` is the one of devices that have none. */
void devices_init(struct devices *devices, const char *zone);
void devices_done(struct devices *devices);

int devices_read(struct devices *devices, const char *path, struct why *why)
	__attribute__((warn_unused_result));

/** The device of exactly that UUID, else of the same UUID without regard to facets, else NULL. */
const struct device *devices_find(const struct devices *devices, const char *uuid);

#endif
