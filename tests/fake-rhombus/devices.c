// SPDX-License-Identifier: ISC

#include "devices.h"

#include "calendar.h"

#include <stdlib.h>
#include <string.h>

static const char uuid_characters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

bool uuid_is_valid(const char *uuid) {
	if (strspn(uuid, uuid_characters) != BARE_UUID_LENGTH) {
		return false;
	}

	const char *facet = uuid + BARE_UUID_LENGTH;

	if (*facet == '\0') {
		return true;
	}
	if (facet[0] != '.' || (facet[1] != 'v' && facet[1] != 'a')) {
		return false;
	}

	size_t digits = strspn(facet + 2, "0123456789");

	return digits >= 1 && digits <= 2 && facet[2 + digits] == '\0';
}

void devices_init(struct devices *devices, const char *zone) {
	*devices = (struct devices){
		.other = {.uuid = "",
	                  .name = "",
	                  .zone = zone,
	                  .location = "Headquarters",
	                  .occupancy = true},
	};
}

void devices_done(struct devices *devices) {
	free(devices->all);
	json_object_put(devices->source);
	*devices = (struct devices){0};
}

/* Puts one member of a device's object where it belongs. */
static int member_read(struct device *device, const char *name, struct json_object *value,
                       struct why *why) {
	const struct {
		const char *name;
		const char **place;
	} texts[] = {
		{"uuid", &device->uuid},
		{"name", &device->name},
		{"zone", &device->zone},
		{"location", &device->location},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(name, texts[i].name) != 0) {
			continue;
		}
		if (!json_object_is_type(value, json_type_string)) {
			return why_set(why, "%s wants a string", name);
		}
		*texts[i].place = json_object_get_string(value);
		return 0;
	}
	if (strcmp(name, "occupancy") != 0) {
		return why_set(why, "%s is none of uuid, name, zone, location, occupancy", name);
	}
	if (!json_object_is_type(value, json_type_boolean)) {
		return why_set(why, "occupancy wants true or false");
	}
	device->occupancy = json_object_get_boolean(value);
	return 0;
}

static int device_read(struct device *device, struct json_object *object, struct why *why) {
	int r = 0;

	if (!json_object_is_type(object, json_type_object)) {
		return why_set(why, "a device wants to be an object");
	}
	json_object_object_foreach(object, name, value) {
		r = member_read(device, name, value, why);
		if (r < 0) {
			return r;
		}
	}
	if (!uuid_is_valid(device->uuid)) {
		return why_set(why, "a device's uuid is missing or not valid: '%s'", device->uuid);
	}
	if (!zone_exists(device->zone)) {
		return why_set(why, "%s: there is no time zone '%s'", device->uuid, device->zone);
	}
	if (device->name[0] == '\0') {
		device->name = device->uuid;
	}
	return 0;
}

int devices_read(struct devices *devices, const char *path, struct why *why) {
	struct json_object *array = json_read_file(path, why);

	if (!array) {
		return -1;
	}
	devices->source = array;
	if (!json_object_is_type(array, json_type_array)) {
		return why_set(why, "%s: is not an array", path);
	}
	devices->count = json_object_array_length(array);
	devices->all = memory_resize(NULL, devices->count, sizeof(*devices->all));
	for (size_t i = 0; i < devices->count; i++) {
		struct why what;

		devices->all[i] = devices->other;
		if (device_read(&devices->all[i], json_object_array_get_idx(array, i), &what) < 0) {
			return why_set(why, "%s: device %zu: %.300s", path, i, what.text);
		}
	}
	return 0;
}

const struct device *devices_find(const struct devices *devices, const char *uuid) {
	const struct device *kin = NULL;

	for (size_t i = 0; i < devices->count; i++) {
		const struct device *device = &devices->all[i];

		if (strcmp(device->uuid, uuid) == 0) {
			return device;
		}
		if (!kin && strncmp(device->uuid, uuid, BARE_UUID_LENGTH) == 0) {
			kin = device;
		}
	}
	return kin;
}
