// SPDX-License-Identifier: ISC

#include "discovery.h"

#include "count.h"
#include "json.h"

#include <string.h>

static void add_text(struct json_object *object, const char *name, const char *value) {
	json_object_object_add(object, name, json_object_new_string(value));
}

static void add_bare_uuid(struct json_object *object, const char *name, const char *uuid) {
	json_object_object_add(object, name, json_object_new_string_len(uuid, BARE_UUID_LENGTH));
}

static const char *facet_of(const struct device *device) {
	const char *facet = device->uuid + BARE_UUID_LENGTH;

	return *facet ? facet + 1 : "v0";
}

/* A location has a name only; its UUID is made from it. */
static void add_location_uuid(struct json_object *object, const char *name, const char *location) {
	static const char characters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	uint64_t hash = hash_of(location, strlen(location));
	char uuid[BARE_UUID_LENGTH + 1];

	for (size_t i = 0; i < BARE_UUID_LENGTH; i++) {
		uuid[i] = characters[hash % 64];
		hash = hash * 6364136223846793005 + 1442695040888963407;
		hash ^= hash >> 29;
	}
	uuid[BARE_UUID_LENGTH] = '\0';
	add_text(object, name, uuid);
}

static void print_list(const char *name, struct json_object *list, struct text *out) {
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "error", json_object_new_boolean(false));
	json_object_object_add(object, "errorMsg", NULL);
	json_object_object_add(object, "warningMsg", NULL);
	json_object_object_add(object, name, list);
	text_add(out, json_print(object));
	json_object_put(object);
}

static struct json_object *camera_make(const struct device *device) {
	struct json_object *camera = json_object_new_object();
	struct json_object *facets = json_object_new_object();

	add_text(facets, facet_of(device), device->name);
	add_bare_uuid(camera, "uuid", device->uuid);
	add_text(camera, "deviceUuid", device->uuid);
	add_text(camera, "name", device->name);
	add_bare_uuid(camera, "serialNumber", device->uuid);
	add_location_uuid(camera, "locationUuid", device->location);
	json_object_object_add(camera, "facetNameMap", facets);
	json_object_object_add(camera, "deleted", json_object_new_boolean(false));
	json_object_object_add(camera, "pending", json_object_new_boolean(false));
	return camera;
}

void discovery_cameras(const struct devices *devices, struct text *out) {
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < devices->count; i++) {
		if (devices->all[i].occupancy) {
			json_object_array_add(list, camera_make(&devices->all[i]));
		}
	}
	print_list("cameras", list, out);
}

static bool is_same_camera(const struct device *a, const struct device *b) {
	return strncmp(a->uuid, b->uuid, BARE_UUID_LENGTH) == 0;
}

static bool is_same_location(const struct device *a, const struct device *b) {
	return strcmp(a->location, b->location) == 0;
}

/* Is the device the first of its kind in the list? */
static bool is_first(const struct devices *devices, size_t index,
                     bool (*same)(const struct device *, const struct device *)) {
	for (size_t i = 0; i < index; i++) {
		if (same(&devices->all[i], &devices->all[index])) {
			return false;
		}
	}
	return true;
}

static struct json_object *facets_of(const struct devices *devices, const struct device *camera) {
	struct json_object *facets = json_object_new_array();

	for (size_t i = 0; i < devices->count; i++) {
		const struct device *device = &devices->all[i];

		if (is_same_camera(device, camera)) {
			json_object_array_add(facets, json_object_new_string(facet_of(device)));
		}
	}
	return facets;
}

void discovery_states(const struct devices *devices, struct text *out) {
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < devices->count; i++) {
		const struct device *device = &devices->all[i];

		if (!is_first(devices, i, is_same_camera)) {
			continue;
		}

		struct json_object *state = json_object_new_object();

		add_bare_uuid(state, "uuid", device->uuid);
		add_text(state, "name", device->name);
		add_location_uuid(state, "locationUuid", device->location);
		json_object_object_add(state, "supportedFacets", facets_of(devices, device));
		add_text(state, "connectionStatus", "GREEN");
		add_text(state, "healthStatus", "GREEN");
		json_object_array_add(list, state);
	}
	print_list("cameraStates", list, out);
}

void discovery_locations(const struct devices *devices, struct text *out) {
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < devices->count; i++) {
		const struct device *device = &devices->all[i];

		if (!is_first(devices, i, is_same_location)) {
			continue;
		}

		struct json_object *location = json_object_new_object();

		add_location_uuid(location, "uuid", device->location);
		add_text(location, "name", device->location);
		add_text(location, "tz", device->zone);
		json_object_array_add(list, location);
	}
	print_list("locations", list, out);
}
