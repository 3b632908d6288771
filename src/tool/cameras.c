// SPDX-License-Identifier: ISC

#include "tool/cameras.h"

#include "base/array.h"
#include "base/rng.h"
#include "base/text.h"
#include "calendar/zone.h"
#include "config/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	UUID_LEN = 22,          /* without a facet */
	UUID_SIZE = UUID_LEN + 8,
	TEXT_SIZE = 128 + 1,    /* of names and sites: what their keys allow */
	PLACES_DEEP = 8,        /* locations within locations */
	REASONS_MAX = 100,      /* for so many zones it is looked up what was probably meant */
};

/* A location. */
struct location {
	const char *uuid, *name, *timezone, *no_zone;
};

int cameras_init(struct cameras *cameras) {
	*cameras = (struct cameras){.memory = config_memory_new()};
	return cameras->memory ? 0 : -ENOMEM;
}

void cameras_done(struct cameras *cameras) {
	free(cameras->list);
	free(cameras->differing);
	free(cameras->places);
	index_done(&cameras->by_uuid);
	index_done(&cameras->by_camera);
	index_done(&cameras->by_name);
	index_done(&cameras->by_place);
	config_memory_free(cameras->memory);
	*cameras = (struct cameras){0};
}

/* Texts */

static size_t without_blanks(const char **text, size_t len) {
	for (; len > 0 && **text == ' '; len--) {
		(*text)++;
	}
	while (len > 0 && (*text)[len - 1] == ' ') {
		len--;
	}
	return len;
}

/* Fit to be a value in the configuration: printable, not too long, no blank at its ends.  *ret is NULL for nothing. */
static int keep_text(struct cameras *cameras, const char *text, size_t len, const char **ret) {
	char shown[TEXT_SIZE], kept[TEXT_SIZE];
	const char *from = text_escape(shown, sizeof(shown), text, len);
	len = without_blanks(&from, strlen(from));
	(void)snprintf(kept, sizeof(kept), "%.*s", (int)len, from);
	*ret = len > 0 ? memory_text(cameras->memory, kept) : NULL;
	return *ret || len == 0 ? 0 : -ENOMEM;
}

/* The same of a member that is a string; of others nothing. */
static int keep_member(struct cameras *cameras, struct json_object *object, const char *name, const char **ret) {
	size_t len;
	const char *text = json_string(json_member(object, name), &len);
	*ret = NULL;
	return text ? keep_text(cameras, text, len, ret) : 0;
}

static bool is_true(struct json_object *object, const char *name) {
	struct json_object *value = json_member(object, name);
	return json_kind(value) == JSON_BOOL && json_double(value) != 0;
}

static bool is_uuid(struct cameras *cameras, const char *text) {
	const struct scalar scalar = {.kind = SCALAR_STRING, .text = text};
	struct device_draft draft;
	struct error err;
	return value_read(KEY_UUID, &scalar, cameras->memory, &draft, &err) == 0;
}

/* A UUID, with its facet or without; false if it is none. */
static bool read_uuid(struct cameras *cameras, struct json_object *value, char ret_uuid[static UUID_SIZE]) {
	size_t len;
	const char *text = json_string(value, &len);
	if (!text || len >= UUID_SIZE || strlen(text) != len || !is_uuid(cameras, text)) {
		return false;
	}
	memcpy(ret_uuid, text, len + 1);
	return true;
}

const char *camera_facet(const char *uuid) {
	const char *point = strchr(uuid, '.');
	return point ? point + 1 : "v0";
}

/* Finding them.  Keys are texts; a UUID without a facet is that of v0. */

static uint64_t hash(const char *text, size_t len) {
	return rng_hash(text, len);
}

static uint64_t hash_of_uuid(const char *uuid) {
	return hash(uuid, UUID_LEN) + hash(camera_facet(uuid), strlen(camera_facet(uuid)));
}

static bool same_camera(const void *items, size_t position, const void *key) {
	return strncmp(((const struct camera *)items + position)->uuid, key, UUID_LEN) == 0;
}

static bool same_uuid(const void *items, size_t position, const void *key) {
	const char *uuid = ((const struct camera *)items + position)->uuid;
	return strncmp(uuid, key, UUID_LEN) == 0 && strcmp(camera_facet(uuid), camera_facet(key)) == 0;
}

static bool same_name(const void *items, size_t position, const void *key) {
	return strcmp(((const char *const *)items)[position], key) == 0;
}

static bool same_place(const void *items, size_t position, const void *key) {
	return strcmp(((const struct location *)items + position)->uuid, key) == 0;
}

/* Locations */

/* A name of a zone is looked up here once; what this machine does not know is remembered with the reason. */
static int check_zone(struct cameras *cameras, struct location *place) {
	const struct zone *zone;
	struct error err = {{0}};
	char shown[sizeof(err.text)];

	if (place->timezone && cameras->unknown >= REASONS_MAX) {
		place->no_zone = "it is not looked up, since too many others are not known";
		return 0;
	}
	int r = place->timezone ? memory_zone(cameras->memory, place->timezone, &zone, &err) : 0;
	if (r == 0 || r == -ENOMEM) {
		return r;
	}
	cameras->unknown++;
	text_escape(shown, sizeof(shown), err.text, strlen(err.text));
	place->no_zone = memory_text(cameras->memory, shown);
	return place->no_zone ? 0 : -ENOMEM;
}

static int add_place(struct cameras *cameras, const struct location *place) {
	size_t found;
	if (array_reserve(&cameras->places, &cameras->place_size, cameras->place_len + 1, sizeof(*place)) < 0) {
		return -ENOMEM;
	}
	cameras->places[cameras->place_len] = *place;
	int r = index_add(&cameras->by_place, hash(place->uuid, strlen(place->uuid)), same_place, cameras->places, place->uuid,
	                  cameras->place_len, &found);
	cameras->place_len += r == 0;
	return r < 0 ? r : 0;
}

static int not_an_object(const char *what, struct error *err) {
	return error_set(err, EBADMSG, "an element of %s is not an object", what);
}

/* What a location within another one does not say is as there. */
static int take_places(struct cameras *cameras, struct json_object *list, const struct location *within, int deep,
                       struct error *err) {
	struct json_object *object;
	int r = 0;
	for (size_t i = 0; r == 0 && deep < PLACES_DEEP && i < json_count(list); i++) {
		object = json_element(list, i);
		struct location place = {0};
		if (object && json_kind(object) != JSON_OBJECT) {
			return not_an_object("locations", err);
		}
		r = keep_member(cameras, object, "uuid", &place.uuid);
		r = r == 0 ? keep_member(cameras, object, "name", &place.name) : r;
		r = r == 0 ? keep_member(cameras, object, "tz", &place.timezone) : r;
		r = r == 0 ? check_zone(cameras, &place) : r;
		if (within && !place.name) {
			place.name = within->name;
		}
		if (within && !place.timezone) {
			place.timezone = within->timezone;
			place.no_zone = within->no_zone;
		}
		if (r == 0 && place.uuid) {
			r = add_place(cameras, &place);
		}
		if (r == 0) {
			r = take_places(cameras, json_member(object, "subLocations"), &place, deep + 1, err);
		}
	}
	return r;
}

int cameras_take_places(struct cameras *cameras, struct json_object *list, struct error *err) {
	return take_places(cameras, list, NULL, 0, err);
}

static const struct location *find_place(const struct cameras *cameras, const char *uuid) {
	size_t found;
	return uuid && index_find(&cameras->by_place, hash(uuid, strlen(uuid)), same_place, cameras->places, uuid, &found)
	               ? &cameras->places[found]
	               : NULL;
}

/* Cameras */

/* One that is there already is passed over. */
static int add_camera(struct cameras *cameras, const struct camera *camera) {
	size_t found;
	if (array_reserve(&cameras->list, &cameras->size, cameras->len + 1, sizeof(*camera)) < 0) {
		return -ENOMEM;
	}
	cameras->list[cameras->len] = *camera;
	int r = index_add(&cameras->by_uuid, hash_of_uuid(camera->uuid), same_uuid, cameras->list, camera->uuid, cameras->len,
	                  &found);
	if (r == 0) {
		r = index_add(&cameras->by_camera, hash(camera->uuid, UUID_LEN), same_camera, cameras->list, camera->uuid,
		              cameras->len, &found);
		cameras->len++;
	}
	return r < 0 ? r : 0;
}

/* What both kinds of answers say of a camera, and of a facet of it: its own name is the better one. */
static int take_camera(struct cameras *cameras, struct json_object *object, struct camera camera, const char *uuid) {
	camera.uuid = memory_text(cameras->memory, uuid);
	camera.pending = is_true(object, "pending");
	const char *point = strchr(uuid, '.'), *location;
	if (!camera.uuid) {
		return -ENOMEM;
	}
	int r = keep_member(cameras, json_member(object, "facetNameMap"), point ? point + 1 : "v0", &camera.name);
	if (r == 0 && !camera.name) {
		r = keep_member(cameras, object, "name", &camera.name);
	}
	if (r == 0) {
		r = keep_member(cameras, object, "locationUuid", &location);
	}
	if (r < 0) {
		return r;
	}
	camera.name = camera.name ? camera.name : camera.uuid;
	const struct location *place = find_place(cameras, location);
	if (place) {
		camera.site = place->name;
		camera.timezone = place->timezone;
		camera.no_zone = place->no_zone;
	}
	return add_camera(cameras, &camera);
}

/* Takes one element of a list.  Returns 0, -EBADMSG or -ENOMEM. */
typedef int take_element(struct cameras *cameras, struct json_object *object, const struct account *account);

static int take_list(struct cameras *cameras, struct json_object *list, const struct account *account, const char *what,
                     take_element *take, struct error *err) {
	int r = 0;
	for (size_t i = 0; r == 0 && i < json_count(list); i++) {
		struct json_object *object = json_element(list, i);
		if (object && json_kind(object) != JSON_OBJECT) {
			return not_an_object(what, err);
		}
		if (is_true(object, "deleted") || is_true(object, "mummified")) {
			cameras->deleted++;
		} else if (object) {
			r = take(cameras, object, account);
		}
	}
	return r;
}

static int take_enabled(struct cameras *cameras, struct json_object *object, const struct account *account) {
	char uuid[UUID_SIZE];
	if (!read_uuid(cameras, json_member(object, "deviceUuid"), uuid) &&
	    !read_uuid(cameras, json_member(object, "uuid"), uuid)) {
		cameras->odd++;
		return 0;
	}
	return take_camera(cameras, object, (struct camera){.account = account, .counts = true}, uuid);
}

int cameras_take_enabled(struct cameras *cameras, struct json_object *list, const struct account *account,
                         struct error *err) {
	return take_list(cameras, list, account, "cameras", take_enabled, err);
}

/* Whether it is the name of a facet that sees: "v" and a number. */
static bool sees(const char *facet, size_t len) {
	size_t digits = len > 1 ? strspn(facet + 1, "0123456789") : 0;
	return len <= 3 && facet[0] == 'v' && digits > 0 && digits == len - 1;
}

static int take_state(struct cameras *cameras, struct json_object *object, const struct account *account) {
	struct json_object *facets = json_member(object, "supportedFacets");
	const struct camera camera = {.account = account};
	char bare[UUID_SIZE], uuid[2 * UUID_SIZE];
	bool seeing = false;
	int r = 0;

	if (!read_uuid(cameras, json_member(object, "uuid"), bare)) {
		cameras->odd++;
		return 0;
	}
	bare[UUID_LEN] = '\0';
	for (size_t i = 0; r == 0 && i < json_count(facets); i++) {
		size_t len = 0;
		const char *facet = json_string(json_element(facets, i), &len);
		if (facet && sees(facet, len)) {
			(void)snprintf(uuid, sizeof(uuid), "%s.%.*s", bare, (int)len, facet);
			r = take_camera(cameras, object, camera, uuid);
			seeing = true;
		}
	}
	return r == 0 && !seeing ? take_camera(cameras, object, camera, bare) : r;
}

int cameras_take_states(struct cameras *cameras, struct json_object *list, const struct account *account,
                        struct error *err) {
	cameras->all = true;
	return take_list(cameras, list, account, "cameraStates", take_state, err);
}

/* Names */

/* What was used so far. */
struct names {
	struct cameras *cameras;
	const char **list;
	size_t len;
};

/* 1 if it is taken. */
static int add_name(struct names *names, const char *name) {
	size_t found;
	names->list[names->len] = name;
	int r = index_add(&names->cameras->by_name, hash(name, strlen(name)), same_name, names->list, name, names->len, &found);
	names->len += r == 0;
	return r;
}

/* The name, with something behind it by which it differs from others.  1 if it does not. */
static int try_name(struct names *names, struct camera *camera, const char *more) {
	char shown[TEXT_SIZE], longer[2 * TEXT_SIZE];
	size_t room = TEXT_SIZE - 1 - strlen(more);
	(void)text_escape(shown, room, camera->name, strlen(camera->name));
	(void)snprintf(longer, sizeof(longer), "%s %s", shown, more);
	const char *kept = memory_text(names->cameras->memory, longer);
	int r = kept ? add_name(names, kept) : -ENOMEM;
	if (r == 0) {
		camera->name = kept;
	}
	return r;
}

/* As it is, or with the facet, or with the UUID, or, if somebody has even foreseen that, with a number. */
static int give_name(struct names *names, struct camera *camera) {
	char number[24];
	int r = add_name(names, camera->name);
	if (r == 1) {
		r = try_name(names, camera, camera_facet(camera->uuid));
	}
	if (r == 1) {
		r = try_name(names, camera, camera->uuid);
	}
	for (unsigned i = 2; r == 1; i++) {
		(void)snprintf(number, sizeof(number), "%u", i);
		r = try_name(names, camera, number);
	}
	return r;
}

static int give_names(struct cameras *cameras, const struct config *config) {
	struct names names = {.cameras = cameras};
	names.list = calloc(cameras->len + config->device_count + 1, sizeof(*names.list));
	int r = names.list ? 0 : -ENOMEM;
	for (size_t i = 0; r >= 0 && i < config->device_count; i++) {
		r = add_name(&names, config->devices[i].name); /* at two intervals it is there twice */
	}
	for (size_t i = 0; r >= 0 && i < cameras->len; i++) {
		struct camera *camera = &cameras->list[i];
		if (!camera->device) {
			r = give_name(&names, camera);
		}
	}
	index_done(&cameras->by_name);
	free(names.list);
	return r < 0 ? r : 0;
}

/* Comparing */

static int note(struct cameras *cameras, const struct differing *differing) {
	if (array_reserve(&cameras->differing, &cameras->differing_size, cameras->differing_len + 1,
	                  sizeof(*cameras->differing)) < 0) {
		return -ENOMEM;
	}
	cameras->differing[cameras->differing_len++] = *differing;
	return 0;
}

/* Two names of which clocks show the same from now on are one zone. */
static bool is_other_zone(const struct cameras *cameras, const struct camera *camera, const struct device *device, usec_t now) {
	const struct zone *configured = device->settings->bucket.zone, *zone;
	struct error err;
	if (!camera->timezone || strcmp(camera->timezone, zone_name(configured)) == 0) {
		return false;
	}
	return camera->no_zone || memory_zone(cameras->memory, camera->timezone, &zone, &err) < 0 ||
	       !zone_agrees(configured, zone, now, now + 3650 * USEC_PER_DAY);
}

static int compare(struct cameras *cameras, const struct comparison *with, const struct device *device) {
	struct differing differing = {.what = DIFFERENCE_GONE, .device = device, .uuid = device->uuid, .name = device->name};
	size_t at;
	bool found = index_find(&cameras->by_uuid, hash_of_uuid(device->uuid), same_uuid, cameras->list, device->uuid, &at);
	if (!found) {
		/* Of one without a facet it has not been said which ones it has. */
		found = index_find(&cameras->by_camera, hash(device->uuid, UUID_LEN), same_camera, cameras->list, device->uuid, &at) &&
		        !strchr(cameras->list[at].uuid, '.');
	}
	if (!found) {
		return note(cameras, &differing);
	}
	struct camera *camera = &cameras->list[at];
	int r = 0;
	camera->device = camera->device ? camera->device : device;
	if (is_other_zone(cameras, camera, device, with->now)) {
		differing.what = DIFFERENCE_ZONE;
		differing.configured = zone_name(device->settings->bucket.zone);
		differing.discovered = camera->timezone;
		r = note(cameras, &differing);
	}
	if (r == 0 && device->site && camera->site && strcmp(device->site, camera->site) != 0) {
		differing.what = DIFFERENCE_SITE;
		differing.configured = device->site;
		differing.discovered = camera->site;
		r = note(cameras, &differing);
	}
	return r;
}

int cameras_compare(struct cameras *cameras, const struct comparison *comparison) {
	const struct config *config = comparison->config;
	int r = 0;
	for (size_t i = 0; r == 0 && i < config->device_count; i++) {
		const struct device *device = &config->devices[i];
		if (!comparison->account || device->account == comparison->account) {
			r = compare(cameras, comparison, device);
		}
	}
	r = r == 0 ? give_names(cameras, config) : r;
	for (size_t i = 0; r == 0 && i < cameras->len; i++) {
		const struct camera *camera = &cameras->list[i];
		if (!camera->device && camera->counts) {
			r = note(cameras, &(struct differing){.what = DIFFERENCE_NEW, .uuid = camera->uuid, .name = camera->name});
		}
	}
	return r;
}
