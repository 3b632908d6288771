// SPDX-License-Identifier: ISC

/*
 * The one user of json-c.
 */

#include "base/json.h"

#include "base/survey.h"
#include "base/text.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

enum {
	/* The API's answer is three deep; what is far deeper is an attack. */
	DEPTH_MAX = 32,
	/* A point makes about fifty: as much as 40,000 of them. */
	WEIGHT_MAX = 2000000,
	/* The most that json-c takes for each, in bytes, which is for a name in a large map: 233 were seen. */
	VALUE_SIZE = 256,
};

static int refuse_at(struct error *err, size_t i) {
	return error_set(err, EBADMSG, "is not JSON: unexpected character at byte %zu", i);
}

/* Newer versions of json-c tell it, by a code that older ones do not know. */
static bool is_lack_of_memory(enum json_tokener_error why) {
	return strcmp(json_tokener_error_desc(why), "out of memory") == 0;
}

/*
 * Whether there is memory for the tree.  json-c itself is no judge of that: in want of it version 0.16
 * speaks of unexpected characters, leaves out members without a word, or crashes.  Not with malloc, which
 * keeps more for itself once something large has been freed.
 */
static bool has_room(size_t weight, size_t len) {
	size_t size = weight * VALUE_SIZE + 2 * len + 1;
	void *trial = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return trial != MAP_FAILED && munmap(trial, size) == 0;
}

int json_read(const char *text, size_t len, struct json_object **ret_value, struct error *err) {
	struct survey survey = survey_json(text, len);
	if (survey.lax < len) {
		return refuse_at(err, survey.lax);
	}
	if (survey.weight > WEIGHT_MAX || len > INT_MAX) {
		return error_set(err, EBADMSG, "holds too many values");
	}
	struct json_tokener *tokener = has_room(survey.weight, len) ? json_tokener_new_ex(DEPTH_MAX) : NULL;
	if (!tokener) {
		return error_set(err, ENOMEM, "out of memory");
	}
	json_object *value = json_tokener_parse_ex(tokener, text, (int)len);
	enum json_tokener_error why = json_tokener_get_error(tokener);
	size_t end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);

	int r;
	if (why == json_tokener_continue) {
		r = error_set(err, EBADMSG, "is cut off JSON (%zu bytes)", len);
	} else if (is_lack_of_memory(why)) {
		r = error_set(err, ENOMEM, "out of memory");
	} else if (why != json_tokener_success) {
		r = error_set(err, EBADMSG, "is not JSON: %s at byte %zu", json_tokener_error_desc(why), end);
	} else if (end < len) {
		r = refuse_at(err, end);
	} else {
		*ret_value = value;
		return 0;
	}
	json_object_put(value);
	return r;
}

void json_free(struct json_object *value) {
	json_object_put(value);
}

/* They are in json-c's order: a table would cost more than all else that is done with most values. */
_Static_assert((int)JSON_NULL == json_type_null && (int)JSON_BOOL == json_type_boolean &&
               (int)JSON_DOUBLE == json_type_double && (int)JSON_INT == json_type_int &&
               (int)JSON_OBJECT == json_type_object && (int)JSON_ARRAY == json_type_array &&
               (int)JSON_STRING == json_type_string, "kinds are json-c's types");

enum json_kind json_kind(struct json_object *value) {
	return (enum json_kind)json_object_get_type(value);
}

size_t json_count(struct json_object *value) {
	switch (json_object_get_type(value)) {
	case json_type_object:
		return (size_t)json_object_object_length(value);
	case json_type_array:
		return json_object_array_length(value);
	default:
		return 0;
	}
}

struct json_object *json_element(struct json_object *array, size_t at) {
	return json_object_is_type(array, json_type_array) ? json_object_array_get_idx(array, at) : NULL;
}

struct json_object *json_member(struct json_object *object, const char *name) {
	return json_object_object_get(object, name);
}

bool json_has(struct json_object *object, const char *name) {
	return json_object_object_get_ex(object, name, NULL);
}

bool json_next(struct json_object *object, struct json_member *member) {
	const struct lh_entry *entry = member->entry;
	if (entry) {
		entry = lh_entry_next(entry);
	} else {
		const struct lh_table *table = json_object_get_object(object);
		entry = table ? lh_table_head(table) : NULL;
	}
	if (!entry) {
		return false;
	}
	member->name = lh_entry_k(entry);
	member->value = lh_entry_v(entry);
	member->entry = entry;
	return true;
}

void json_members(struct json_object *object, const char *const names[], size_t count, struct json_object *ret[]) {
	memset(ret, 0, count * sizeof(*ret));
	if (!json_object_is_type(object, json_type_object)) {
		return;
	}
	json_object_object_foreach(object, name, value) {
		for (size_t i = 0; i < count; i++) {
			/* The first character tells nearly all of them apart. */
			if (name[0] == names[i][0] && strcmp(name, names[i]) == 0) {
				ret[i] = value;
				break;
			}
		}
	}
}

const char *json_string(struct json_object *value, size_t *ret_len) {
	if (!json_object_is_type(value, json_type_string)) {
		return NULL;
	}
	*ret_len = (size_t)json_object_get_string_len(value);
	return json_object_get_string(value);
}

bool json_int(struct json_object *value, int64_t *ret) {
	if (!json_object_is_type(value, json_type_int)) {
		return false;
	}
	/* json-c gives the nearest it has for what is beyond its range. */
	int64_t n = json_object_get_int64(value);
	if (n == INT64_MIN || (n == INT64_MAX && json_object_get_uint64(value) > INT64_MAX)) {
		return false;
	}
	*ret = n;
	return true;
}

double json_double(struct json_object *value) {
	return json_object_get_double(value);
}

/* Writing */

/* One character that does not stand for itself.  Returns the bytes used. */
static size_t put_special(struct buf *out, const char *text, size_t len) {
	static const char hex[] = "0123456789abcdef";
	static const char letters[256] = {['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['\b'] = 'b',
	                                  ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
	uint32_t point = 0;
	size_t used = text_decode(text, len, &point);

	if (used == 0) {
		buf_puts(out, "\\ufffd");
		return 1;
	}
	if (point < sizeof(letters) && letters[point]) {
		buf_putc(out, '\\');
		buf_putc(out, letters[point]);
	} else if (text_is_unprintable(point)) {
		const char escape[] = {'\\', 'u', hex[point >> 12 & 0xf], hex[point >> 8 & 0xf],
		                       hex[point >> 4 & 0xf], hex[point & 0xf]};
		buf_append(out, escape, sizeof(escape));
	} else {
		buf_append(out, text, used);
	}
	return used;
}

void json_put_string(struct buf *out, const char *text) {
	static const bool special[256] = {[0x00 ... 0x1f] = true, ['"'] = true, ['\\'] = true, [0x7f ... 0xff] = true};
	if (text) {
		buf_putc(out, '"');
		text_put(out, text, strlen(text), special, put_special);
		buf_putc(out, '"');
	} else {
		buf_puts(out, "null");
	}
}

/* White space, or inside of a string: JSON has control characters nowhere else. */
static size_t put_harmless(struct buf *out, const char *text, size_t len) {
	if ((unsigned char)text[0] < 0x20) {
		buf_putc(out, ' ');
		return 1;
	}
	return put_special(out, text, len);
}

void json_put_text(struct buf *out, const char *json) {
	static const bool special[256] = {[0x00 ... 0x1f] = true, [0x7f ... 0xff] = true};
	if (json) {
		text_put(out, json, strlen(json), special, put_harmless);
	} else {
		buf_puts(out, "null");
	}
}

/* What json-c escapes. */
static void put_inner_string(struct buf *out, const char *text, size_t len) {
	static const bool special[256] = {[0x00 ... 0x1f] = true, ['"'] = true, ['\\'] = true, ['/'] = true};
	buf_putc(out, '"');
	text_put(out, text, len, special, put_special);
	buf_putc(out, '"');
}

/* What is rare, or has its own text: a double reads as it came. */
static void put_other(struct buf *out, json_object *value) {
	const char *text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
	if (!text) {
		out->error = -ENOMEM;
		return;
	}
	buf_puts(out, text);
}

static void put_int(struct buf *out, json_object *value) {
	int64_t n = json_object_get_int64(value);
	/* This or more. */
	if (n == INT64_MAX) {
		put_other(out, value);
	} else {
		buf_put_int(out, n);
	}
}

/* As json-c does (no deeper than DEPTH_MAX): it would build a text of its own for each value, and every point has several. */
void json_put_value(struct buf *out, json_object *value) {
	char before;
	switch (json_object_get_type(value)) {
	case json_type_object:
		before = '{';
		json_object_object_foreach(value, name, member) {
			buf_putc(out, before);
			put_inner_string(out, name, strlen(name));
			buf_putc(out, ':');
			json_put_value(out, member);
			before = ',';
		}
		buf_puts(out, before == '{' ? "{}" : "}");
		break;
	case json_type_array:
		before = '[';
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			buf_putc(out, before);
			json_put_value(out, json_object_array_get_idx(value, i));
			before = ',';
		}
		buf_puts(out, before == '[' ? "[]" : "]");
		break;
	case json_type_string:
		put_inner_string(out, json_object_get_string(value), (size_t)json_object_get_string_len(value));
		break;
	case json_type_int:
		put_int(out, value);
		break;
	default:
		put_other(out, value);
	}
}
