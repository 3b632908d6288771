// SPDX-License-Identifier: ISC

#include "json.h"

#include <errno.h>
#include <json-c/json_tokener.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32, FILE_MAX = 64 << 20, CLIENT_TEXT_MAX = 200 };

static struct json_object *parse(const char *bytes, size_t length, int flags) {
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);

	if (!tokener) {
		return NULL;
	}
	json_tokener_set_flags(tokener, flags);

	struct json_object *value = json_tokener_parse_ex(tokener, bytes, (int)length);
	bool whole = json_tokener_get_error(tokener) == json_tokener_success;

	json_tokener_free(tokener);
	if (whole) {
		return value;
	}
	json_object_put(value);
	return NULL;
}

/*
 * Strictness is asked of a copy in ASCII: json-c 0.18 takes no other character in strict mode.  Where
 * strings hold others, the copy is as good JSON as the original; elsewhere it is as bad.
 */
static bool is_strict(const char *bytes, size_t length) {
	char *copy = malloc(length);

	if (!copy) {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		copy[i] = (unsigned char)bytes[i] < 0x80 ? bytes[i] : 'x';
	}

	struct json_object *value = parse(copy, length, JSON_TOKENER_STRICT);

	free(copy);
	json_object_put(value);
	return value;
}

struct json_object *json_read(const char *bytes, size_t length) {
	if (length == 0 || length > FILE_MAX || !is_strict(bytes, length)) {
		return NULL;
	}
	return parse(bytes, length, JSON_TOKENER_VALIDATE_UTF8);
}

static int file_read(const char *path, struct text *content, struct why *why) {
	FILE *file = fopen(path, "re");

	if (!file) {
		return why_set(why, "%s: %s", path, strerror(errno));
	}
	while (!feof(file) && !ferror(file) && content->length < FILE_MAX) {
		char piece[65536];

		text_add_bytes(content, piece, fread(piece, 1, sizeof(piece), file));
	}

	int failed = ferror(file);

	fclose(file);
	return failed ? why_set(why, "%s: cannot be read", path) : 0;
}

struct json_object *json_read_file(const char *path, struct why *why) {
	struct text content = {0};
	struct json_object *value = NULL;

	if (file_read(path, &content, why) == 0) {
		value = json_read(content.bytes, content.length);
		if (!value) {
			why_set(why, "%s: is not JSON", path);
		}
	}
	text_done(&content);
	return value;
}

const char *json_member_text(struct json_object *object, const char *name) {
	struct json_object *member = NULL;

	if (!json_object_object_get_ex(object, name, &member) ||
	    !json_object_is_type(member, json_type_string)) {
		return NULL;
	}
	return json_object_get_string(member);
}

const char *json_print(struct json_object *object) {
	return json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
	                                                      JSON_C_TO_STRING_NOSLASHESCAPE);
}

void json_add_client_text(struct json_object *object, const char *name, const char *value) {
	char clean[CLIENT_TEXT_MAX + 1];
	size_t length = 0;

	if (!value) {
		json_object_object_add(object, name, NULL);
		return;
	}
	for (; length < CLIENT_TEXT_MAX && value[length]; length++) {
		clean[length] = value[length] >= ' ' && value[length] <= '~' ? value[length] : '?';
	}
	clean[length] = '\0';
	json_object_object_add(object, name, json_object_new_string(clean));
}
