// SPDX-License-Identifier: ISC

#include "keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REDACT_MIN = 8 };

static const struct scheme {
	const char *name;
	bool partner;
	bool certificate;
} schemes[] = {
	{"api-token", false, false},
	{"partner-api-token", true, false},
	{"api", false, true},
	{"partner-api", true, true},
};

static const struct scheme *scheme_find(const char *name) {
	for (size_t i = 0; name && i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strcmp(schemes[i].name, name) == 0) {
			return &schemes[i];
		}
	}
	return NULL;
}

static void key_done(struct key *key) {
	free(key->secret);
	free(key->org);
	free(key->scheme);
	free(key->id);
}

void keys_done(struct keys *keys) {
	for (size_t i = 0; i < keys->count; i++) {
		key_done(&keys->all[i]);
	}
	free(keys->all);
	*keys = (struct keys){0};
}

static struct key *key_by_id(const struct keys *keys, const char *id) {
	for (size_t i = 0; i < keys->count; i++) {
		if (strcmp(keys->all[i].id, id) == 0) {
			return &keys->all[i];
		}
	}
	return NULL;
}

/* The parts of a key before they are its own; NULL stands for the default. */
struct key_parts {
	const char *secret, *org, *scheme, *id;
};

static int parts_check(const struct key_parts *parts, struct why *why) {
	if (!parts->secret || parts->secret[0] == '\0') {
		return why_set(why, "a key is empty");
	}
	if (parts->scheme && !scheme_find(parts->scheme)) {
		return why_set(why, "a key's scheme is none of api-token, partner-api-token, "
		                    "api, partner-api");
	}
	return 0;
}

static void keys_put(struct keys *keys, const struct key_parts *parts) {
	char default_id[32];

	snprintf(default_id, sizeof(default_id), "key%zu", ++keys->ever);

	struct key key = {
		.secret = string_copy(parts->secret),
		.org = string_copy(parts->org ? parts->org : "org1"),
		.scheme = string_copy(parts->scheme ? parts->scheme : "api-token"),
		.id = string_copy(parts->id ? parts->id : default_id),
	};
	struct key *old = key_by_id(keys, key.id);

	if (old) {
		key_done(old);
		*old = key;
		return;
	}
	keys->all = memory_resize(keys->all, keys->count + 1, sizeof(*keys->all));
	keys->all[keys->count++] = key;
}

static int part_read(struct key_parts *parts, const char *part, struct why *why) {
	if (strncmp(part, "org=", 4) == 0) {
		parts->org = part + 4;
	} else if (strncmp(part, "scheme=", 7) == 0) {
		parts->scheme = part + 7;
	} else if (strncmp(part, "id=", 3) == 0) {
		parts->id = part + 3;
	} else {
		return why_set(why, "behind a key stands something that is not "
		                    "org=ORG, scheme=S or id=NAME");
	}
	return 0;
}

int keys_add_option(struct keys *keys, const char *option, struct why *why) {
	char *copy = string_copy(option);
	char *rest = copy;
	struct key_parts parts = {.secret = strsep(&rest, ",")};
	int r = 0;

	while (r == 0 && rest) {
		r = part_read(&parts, strsep(&rest, ","), why);
	}
	if (r == 0) {
		r = parts_check(&parts, why);
	}
	if (r == 0) {
		keys_put(keys, &parts);
	}
	explicit_bzero(copy, strlen(option));
	free(copy);
	return r;
}

static int object_read(struct json_object *object, struct key_parts *ret_parts, struct why *why) {
	if (!json_object_is_type(object, json_type_object)) {
		return why_set(why, "a key wants to be an object");
	}
	*ret_parts = (struct key_parts){
		.secret = json_member_text(object, "key"),
		.org = json_member_text(object, "org"),
		.scheme = json_member_text(object, "scheme"),
		.id = json_member_text(object, "id"),
	};
	return parts_check(ret_parts, why);
}

static int array_check(struct json_object *array, struct why *why) {
	struct key_parts parts = {0};
	int r = 0;

	if (!json_object_is_type(array, json_type_array)) {
		return why_set(why, "keys want to be an array of objects");
	}
	for (size_t i = 0; r == 0 && i < json_object_array_length(array); i++) {
		r = object_read(json_object_array_get_idx(array, i), &parts, why);
	}
	return r;
}

int keys_add_array(struct keys *keys, struct json_object *array, struct why *why) {
	int r = array_check(array, why);

	for (size_t i = 0; r == 0 && i < json_object_array_length(array); i++) {
		struct key_parts parts = {0};

		r = object_read(json_object_array_get_idx(array, i), &parts, why);
		if (r == 0) {
			keys_put(keys, &parts);
		}
	}
	return r;
}

static bool array_has_id(struct json_object *array, const char *id) {
	for (size_t i = 0; array && i < json_object_array_length(array); i++) {
		const char *added = json_member_text(json_object_array_get_idx(array, i), "id");

		if (added && strcmp(added, id) == 0) {
			return true;
		}
	}
	return false;
}

static int ids_check(const struct keys *keys, struct json_object *ids, struct json_object *added,
                     struct why *why) {
	if (!ids) {
		return 0;
	}
	if (!json_object_is_type(ids, json_type_array)) {
		return why_set(why, "revoke and invalid_text want arrays of ids");
	}
	for (size_t i = 0; i < json_object_array_length(ids); i++) {
		const char *id = json_object_get_string(json_object_array_get_idx(ids, i));

		if (!id || (!key_by_id(keys, id) && !array_has_id(added, id))) {
			return why_set(why, "no key has the id %s", id ? id : "null");
		}
	}
	return 0;
}

static void ids_mark(struct keys *keys, struct json_object *ids, enum key_state state) {
	for (size_t i = 0; ids && i < json_object_array_length(ids); i++) {
		const char *id = json_object_get_string(json_object_array_get_idx(ids, i));

		key_by_id(keys, id)->state = state;
	}
}

int keys_change(struct keys *keys, struct json_object *change, struct why *why) {
	struct json_object *add = NULL, *revoke = NULL, *invalid_text = NULL;
	int r = 0;

	if (!json_object_is_type(change, json_type_object)) {
		return why_set(why, "a change of keys wants to be an object");
	}
	json_object_object_foreach(change, name, value) {
		if (strcmp(name, "add") == 0) {
			add = value;
		} else if (strcmp(name, "revoke") == 0) {
			revoke = value;
		} else if (strcmp(name, "invalid_text") == 0) {
			invalid_text = value;
		} else {
			return why_set(why, "%s: is none of add, revoke, invalid_text", name);
		}
	}
	if (add) {
		r = array_check(add, why);
	}
	if (r == 0) {
		r = ids_check(keys, revoke, add, why);
	}
	if (r == 0) {
		r = ids_check(keys, invalid_text, add, why);
	}
	if (r == 0 && add) {
		r = keys_add_array(keys, add, why);
	}
	if (r == 0) {
		ids_mark(keys, revoke, KEY_REVOKED);
		ids_mark(keys, invalid_text, KEY_INVALID_TEXT);
	}
	return r;
}

/* Of the entries with this secret, the one for the organisation asked for; else the first. */
static const struct key *key_find(const struct keys *keys, const struct credential *credential) {
	const struct key *first = NULL;

	for (size_t i = 0; credential->secret && i < keys->count; i++) {
		const struct key *key = &keys->all[i];

		if (strcmp(key->secret, credential->secret) != 0) {
			continue;
		}
		if (credential->org && strcmp(key->org, credential->org) == 0) {
			return key;
		}
		if (!first) {
			first = key;
		}
	}
	return first;
}

enum verdict keys_judge(const struct keys *keys, const struct credential *credential,
                        const struct key **ret_key) {
	const struct scheme *scheme = scheme_find(credential->scheme);
	const struct key *key = key_find(keys, credential);

	*ret_key = key;
	if (!scheme || !key) {
		return VERDICT_UNKNOWN;
	}
	if (key->state == KEY_INVALID_TEXT) {
		return VERDICT_INVALID_TEXT;
	}
	if (key->state == KEY_REVOKED || strcmp(key->scheme, scheme->name) != 0) {
		return VERDICT_DENIED;
	}
	if (scheme->certificate && !credential->certificate) {
		return VERDICT_UNKNOWN;
	}
	if (scheme->partner && !credential->org) {
		return VERDICT_UNKNOWN;
	}
	if (scheme->partner && strcmp(key->org, credential->org) != 0) {
		return VERDICT_DENIED;
	}
	return VERDICT_GOOD;
}

const char *key_name(const struct key *key, const struct credential *credential) {
	if (key) {
		return key->id;
	}
	return credential->secret ? "unknown" : "none";
}

static void redact_one(const struct key *key, struct text *text) {
	size_t length = strlen(key->secret);
	const char *rest = text->bytes;
	const char *hit = strstr(rest, key->secret);
	struct text clean = {0};

	if (!hit) {
		return;
	}
	for (; hit; hit = strstr(rest, key->secret)) {
		text_add_bytes(&clean, rest, (size_t)(hit - rest));
		text_addf(&clean, "<key:%s>", key->id);
		rest = hit + length;
	}
	text_add(&clean, rest);
	text_done(text);
	*text = clean;
}

void keys_redact(const struct keys *keys, struct text *text) {
	for (size_t i = 0; i < keys->count; i++) {
		if (strlen(keys->all[i].secret) >= REDACT_MIN) {
			redact_one(&keys->all[i], text);
		}
	}
}
