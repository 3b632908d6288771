// SPDX-License-Identifier: ISC

/*
 * The one user of json-c.
 */

#include "response/parse.h"

#include "base/array.h"
#include "base/text.h"
#include "base/utc.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

enum {
	/* The documented answer is three deep; what is far deeper is an attack. */
	DEPTH_MAX = 32,
	/* Twenty times the most that is asked for at once. */
	POINTS_MAX = 200000,
	/* A point makes about fifty: as much as 40,000 of them. */
	WEIGHT_MAX = 2000000,
	/* The most that json-c takes for each, in bytes, which is for a name in a large map: 233 were seen. */
	VALUE_SIZE = 256,
	TEXT_MAX = 64 << 20,
};

void points_init(struct points *points) {
	*points = (struct points){0};
	buf_init(&points->text, TEXT_MAX);
}

void points_done(struct points *points) {
	if (points) {
		free(points->list);
		buf_done(&points->text);
		points_init(points);
	}
}

const char *points_text(const struct points *points, size_t offset) {
	return offset > 0 ? points->text.data + offset : NULL;
}

static void points_clear(struct points *points) {
	points->len = 0;
	points->dropped = 0;
	points->lost = 0;
	points->odd_stamp[0] = '\0';
	points->odd_map = false;
	points->more = false;
	points->has_warning = false;
	buf_clear(&points->text);
	buf_putc(&points->text, '\0'); /* so that no text has offset 0 */
}

static int points_reserve(struct points *points, size_t count) {
	if (count > POINTS_MAX) {
		return -EFBIG;
	}
	return array_reserve(&points->list, &points->size, count, sizeof(*points->list));
}

/* Keeps a text, with its NUL.  Returns its offset. */
static size_t keep(struct points *points, const char *text, size_t len) {
	size_t offset = points->text.len;
	buf_append(&points->text, text, len);
	buf_putc(&points->text, '\0');
	return offset;
}

/* Where the first of those bytes is, from i on; len: nowhere. */
static size_t skip(const char *text, size_t i, size_t len, const bool wanted[static 256]) {
	while (i < len && !wanted[(unsigned char)text[i]]) {
		i++;
	}
	return i;
}

/* The characters that json-c escapes by a letter, and the letters. */
static void put_escape(struct buf *out, unsigned char c) {
	static const char hex[] = "0123456789abcdef";
	static const char letters[256] = {['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['\b'] = 'b',
	                                  ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
	char escape[] = {'\\', letters[c] ? letters[c] : 'u', '0', '0', hex[c >> 4], hex[c & 0xf]};
	buf_append(out, escape, letters[c] ? 2 : sizeof(escape));
}

static void put_string(struct buf *out, const char *text, size_t len) {
	static const bool escaped[256] = {[0x00 ... 0x1f] = true, ['"'] = true, ['\\'] = true, ['/'] = true};
	buf_putc(out, '"');
	for (size_t i = 0;; i++) {
		size_t start = i;
		i = skip(text, i, len, escaped);
		buf_append(out, text + start, i - start);
		if (i == len) {
			break;
		}
		put_escape(out, (unsigned char)text[i]);
	}
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

/*
 * Compact JSON, as json-c makes it (no deeper than DEPTH_MAX): it would build a
 * text of its own for each value, and every point has several.
 */
static void put_value(struct buf *out, json_object *value) {
	char before;
	switch (json_object_get_type(value)) {
	case json_type_object:
		before = '{';
		json_object_object_foreach(value, name, member) {
			buf_putc(out, before);
			put_string(out, name, strlen(name));
			buf_putc(out, ':');
			put_value(out, member);
			before = ',';
		}
		buf_puts(out, before == '{' ? "{}" : "}");
		break;
	case json_type_array:
		before = '[';
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			buf_putc(out, before);
			put_value(out, json_object_array_get_idx(value, i));
			before = ',';
		}
		buf_puts(out, before == '[' ? "[]" : "]");
		break;
	case json_type_string:
		put_string(out, json_object_get_string(value), (size_t)json_object_get_string_len(value));
		break;
	case json_type_int:
		put_int(out, value);
		break;
	default:
		put_other(out, value);
	}
}

/* A map; what is no object is none. */
static size_t keep_json(struct points *points, json_object *value) {
	if (!json_object_is_type(value, json_type_object)) {
		return 0;
	}
	size_t offset = points->text.len;
	put_value(&points->text, value);
	buf_putc(&points->text, '\0');
	return offset;
}

static size_t keep_string(struct points *points, json_object *value) {
	if (!json_object_is_type(value, json_type_string)) {
		return 0;
	}
	const char *text = json_object_get_string(value);
	/* A NUL inside would cut it: such a date is not worth keeping. */
	size_t len = (size_t)json_object_get_string_len(value);
	return strlen(text) == len ? keep(points, text, len) : 0;
}

/* "3" and "3.0", but not "0x3", " 3", "inf" or "". */
static bool number_in_text(json_object *value, double *ret) {
	const char *text = json_object_get_string(value);
	size_t len = (size_t)json_object_get_string_len(value);
	char *end;

	if (len == 0 || strspn(text, "0123456789+-.eE") != len) {
		return false;
	}
	*ret = strtod(text, &end);
	return *end == '\0';
}

/* 3, 3.0 and "3" are whole numbers; 3.5, 1e400, "x" and true are not. */
static bool whole_number(json_object *value, int64_t *ret) {
	double number;

	switch (json_object_get_type(value)) {
	case json_type_int:
		*ret = json_object_get_int64(value);
		/* json-c gives the nearest it has for what is beyond its range. */
		return *ret != INT64_MIN && (*ret < 0 || json_object_get_uint64(value) <= INT64_MAX);
	case json_type_double:
		number = json_object_get_double(value);
		break;
	case json_type_string:
		if (!number_in_text(value, &number)) {
			return false;
		}
		break;
	default:
		return false;
	}

	/* Beyond 2^53 a double no longer tells one integer from the next.  NaN is not within. */
	if (!(number >= -9007199254740992.0 && number <= 9007199254740992.0)) {
		return false;
	}
	int64_t whole = (int64_t)number;
	if ((double)whole != number) {
		return false;
	}
	*ret = whole;
	return true;
}

/*
 * One count out of the map: the configured one, and no other; else, nulls aside, the only
 * one, or what is left beside "eventCount".  Which one does not depend on their values:
 * a series must not jump from one key to another.  What is there and is no number of
 * people is ambiguous, for it says something, which the record keeps.
 */
static enum count_kind choose_count(json_object *map, const char *count_key, int64_t *ret) {
	int values = 0, others = 0;
	json_object *configured = NULL, *any = NULL, *other = NULL;

	if (!json_object_is_type(map, json_type_object)) {
		return COUNT_NONE;
	}
	json_object_object_foreach(map, key, value) {
		if (!value) {
			continue;
		}
		values++;
		any = value;
		if (strcmp(key, "eventCount") != 0) {
			others++;
			other = value;
		}
		if (count_key && strcmp(key, count_key) == 0) {
			configured = value;
		}
	}

	if (values == 0) {
		return COUNT_NONE;
	}
	json_object *chosen = count_key ? configured : values == 1 ? any : others == 1 ? other : NULL;
	int64_t count;
	if (!chosen || !whole_number(chosen, &count) || count < 0) {
		return COUNT_AMBIGUOUS;
	}
	*ret = count;
	return COUNT_ONE;
}

/** The members of a point that are read; NULL: absent or null. */
struct members {
	json_object *timestamp_ms, *date_utc, *date_local;
	json_object *event_counts, *approximate_timestamps_ms, *reporting_devices;
};

static struct members find_members(json_object *object) {
	struct members members = {0};
	const struct {
		const char *name;
		json_object **value;
	} wanted[] = {
		{"timestampMs", &members.timestamp_ms},
		{"dateUtc", &members.date_utc},
		{"dateLocal", &members.date_local},
		{"eventCountMap", &members.event_counts},
		{"approximateTimestampMsMap", &members.approximate_timestamps_ms},
		{"reportingDevicesMap", &members.reporting_devices},
	};
	json_object_object_foreach(object, name, value) {
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
			/* The first character tells nearly all of them apart. */
			if (name[0] == wanted[i].name[0] && strcmp(name, wanted[i].name) == 0) {
				*wanted[i].value = value;
				break;
			}
		}
	}
	return members;
}

/* The point's identity.  A point without a time is of no use. */
static bool point_time(const struct members *members, struct point *point) {
	int64_t ms;
	if (whole_number(members->timestamp_ms, &ms) && ms > INT64_MIN / 1000 && ms < INT64_MAX / 1000) {
		point->has_timestamp = true;
		point->timestamp_ms = ms;
		point->time = ms * USEC_PER_MSEC;
		return true;
	}
	return json_object_is_type(members->date_utc, json_type_string) &&
	       utc_parse(json_object_get_string(members->date_utc), true, &point->time) == 0;
}

/* What stands where milliseconds should is kept to be shown: the first one of an answer. */
static void note_odd_stamp(struct points *points, json_object *stamp) {
	const char *text = json_object_to_json_string_ext(stamp, JSON_C_TO_STRING_PLAIN);
	if (points->odd_stamp[0] == '\0') {
		text = text ? text : "?";
		text_escape(points->odd_stamp, sizeof(points->odd_stamp), text, strlen(text));
	}
}

/* In the place of counts, and neither a map nor nothing: as some write an empty map, [] is nothing. */
static bool is_odd_map(json_object *map) {
	return map && !json_object_is_type(map, json_type_object) &&
	       !(json_object_is_type(map, json_type_array) && json_object_array_length(map) == 0);
}

static void read_point(struct points *points, json_object *object, const char *count_key) {
	struct point point = {0};
	struct members members = {0};
	bool is_object = json_object_is_type(object, json_type_object);
	if (is_object) {
		members = find_members(object);
	}
	bool timed = point_time(&members, &point);
	points->odd_map |= is_odd_map(members.event_counts);
	if (members.timestamp_ms && !point.has_timestamp) {
		note_odd_stamp(points, members.timestamp_ms);
	}
	point.kind = choose_count(members.event_counts, count_key, &point.count);
	if (!timed) {
		points->dropped++;
		points->lost += point.kind != COUNT_NONE || (object && !is_object);
		return;
	}

	point.event_counts = keep_json(points, members.event_counts);
	point.approximate_timestamps_ms = keep_json(points, members.approximate_timestamps_ms);
	point.reporting_devices = keep_json(points, members.reporting_devices);
	point.date_local = keep_string(points, members.date_local);
	point.date_utc = keep_string(points, members.date_utc);
	points->list[points->len++] = point;
}

static int read_list(struct points *points, json_object *list, const char *count_key,
                     struct error *err) {
	size_t count = json_object_array_length(list);
	int r = points_reserve(points, count);
	if (r == -EFBIG) {
		return error_set(err, EBADMSG, "the answer holds %zu points, more than %d", count,
		                 POINTS_MAX);
	}
	if (r < 0) {
		return error_set(err, ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		read_point(points, json_object_array_get_idx(list, i), count_key);
	}
	if (points->odd_map) {
		return error_set(err, EBADMSG, "an eventCountMap is not an object");
	}
	return buf_error(&points->text) ? error_set(err, ENOMEM, "out of memory") : 0;
}

/** What is to be known of a body before json-c builds a tree of it. */
struct survey {
	size_t lax;    /* where it holds what JSON does not know; its length: nowhere */
	size_t weight; /* of the tree it makes, in values; an object or array counts eight */
};

/* Ends the survey there. */
static size_t stop_at(struct survey *survey, size_t i, size_t len) {
	survey->lax = i;
	return len;
}

/* The word at i, or what there is of it before the end.  Returns where it ends. */
static size_t pass_word(struct survey *survey, const char *body, size_t i, size_t len) {
	static const char *const words[] = {"null", "true", "false"};
	for (size_t n = 0; n < sizeof(words) / sizeof(words[0]); n++) {
		size_t there = strlen(words[n]) < len - i ? strlen(words[n]) : len - i;
		if (body[i] == words[n][0] && memcmp(body + i, words[n], there) == 0) {
			return i + there;
		}
	}
	return stop_at(survey, i, len);
}

/* The digits from i on: one at least, unless the body ends there. */
static size_t pass_digits(struct survey *survey, const char *body, size_t i, size_t len) {
	static const bool others[256] = {[0 ... '0' - 1] = true, ['9' + 1 ... 255] = true};
	size_t end = skip(body, i, len, others);
	return end == i && i < len ? stop_at(survey, i, len) : end;
}

/* The number at i: neither 007 nor 1. nor 1e. */
static size_t pass_number(struct survey *survey, const char *body, size_t i, size_t len) {
	i += body[i] == '-';
	size_t end = pass_digits(survey, body, i, len);
	if (end > i + 1 && body[i] == '0') {
		return stop_at(survey, i, len);
	}
	if (end < len && body[end] == '.') {
		end = pass_digits(survey, body, end + 1, len);
	}
	if (end < len && (body[end] | 0x20) == 'e') {
		end++;
		end += end < len && (body[end] == '+' || body[end] == '-');
		end = pass_digits(survey, body, end, len);
	}
	return end;
}

/* The string whose opening quote stands before i, as far as it is UTF-8. */
static size_t pass_string(struct survey *survey, const char *body, size_t i, size_t len) {
	/* The bytes to look at; the rest is most of it. */
	static const bool telling[256] = {['\0'] = true, ['"'] = true, ['\\'] = true, [0x80 ... 0xff] = true};
	while ((i = skip(body, i, len, telling)) < len && body[i] != '"') {
		uint32_t point;
		size_t used = 2; /* a backslash and what it escapes */
		if (body[i] != '\\') {
			used = body[i] ? text_decode(body + i, len - i, &point) : 0;
		}
		if (used == 0) {
			return stop_at(survey, i, len);
		}
		i += used;
	}
	return i + 1;
}

/* A comma, which something follows. */
static size_t pass_comma(struct survey *survey, const char *body, size_t i, size_t len) {
	static const bool solid[256] = {[0 ... 8] = true, [11 ... 12] = true, [14 ... 31] = true, [33 ... 255] = true};
	i = skip(body, i + 1, len, solid);
	return i < len && (body[i] == ']' || body[i] == '}') ? stop_at(survey, i, len) : i;
}

/*
 * Whether each piece of a body is one that JSON has (RFC 8259).  json-c would
 * also read comments, NaN, 1. and single quotes, which would get into the log as
 * they came; and what its strict mode refuses is not the same in each of its
 * versions: one refuses all that is not ASCII.  The order of the pieces it
 * knows.  Control characters inside of strings are let through: they do no harm.
 *
 * And eight megabytes of "{},{}," would take two gigabytes.
 */
static struct survey survey_body(const char *body, size_t len) {
	/* White space, and what ends or divides, need no look. */
	static const bool telling[256] = {[0 ... 8] = true, [11 ... 12] = true, [14 ... 31] = true, [33 ... '9'] = true,
	                                  [';' ... '\\'] = true, ['^' ... '|'] = true, ['~' ... 255] = true};
	struct survey survey = {.lax = len};
	for (size_t i = 0; (i = skip(body, i, len, telling)) < len;) {
		char byte = body[i];
		if (byte == '"') {
			i = pass_string(&survey, body, i + 1, len);
		} else if (byte == ',') {
			survey.weight++;
			i = pass_comma(&survey, body, i, len);
		} else if (byte == '{' || byte == '[') {
			survey.weight += 8;
			i++;
		} else if (byte == '-' || isdigit((unsigned char)byte)) {
			i = pass_number(&survey, body, i, len);
		} else {
			i = pass_word(&survey, body, i, len);
		}
	}
	return survey;
}

static int refuse_at(struct error *err, size_t i) {
	return error_set(err, EBADMSG, "the answer is not JSON: unexpected character at byte %zu", i);
}

/* A byte order mark, which nobody should send, says nothing (RFC 8259, 8.1). */
static void skip_mark(const char **body, size_t *len) {
	static const char mark[] = "\xef\xbb\xbf";
	size_t mark_len = strlen(mark);
	if (*len >= mark_len && memcmp(*body, mark, mark_len) == 0) {
		*body += mark_len;
		*len -= mark_len;
	}
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

static int read_json(const char *body, size_t len, json_object **ret_root, struct error *err) {
	struct survey survey = survey_body(body, len);
	if (survey.lax < len) {
		return refuse_at(err, survey.lax);
	}
	if (survey.weight > WEIGHT_MAX) {
		return error_set(err, EBADMSG, "the answer holds more values than any useful one");
	}
	struct json_tokener *tokener = has_room(survey.weight, len) ? json_tokener_new_ex(DEPTH_MAX) : NULL;
	if (!tokener) {
		return error_set(err, ENOMEM, "out of memory");
	}
	json_object *root = json_tokener_parse_ex(tokener, body, (int)len);
	enum json_tokener_error why = json_tokener_get_error(tokener);
	size_t end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);

	int r;
	if (why == json_tokener_continue) {
		r = error_set(err, EBADMSG, "the answer is cut off JSON (%zu bytes)", len);
	} else if (is_lack_of_memory(why)) {
		r = error_set(err, ENOMEM, "out of memory");
	} else if (why != json_tokener_success) {
		r = error_set(err, EBADMSG, "the answer is not JSON: %s at byte %zu", json_tokener_error_desc(why), end);
	} else if (end < len) {
		r = refuse_at(err, end);
	} else if (!json_object_is_type(root, json_type_object)) {
		r = error_set(err, EBADMSG, "the answer is JSON, but no object");
	} else {
		*ret_root = root;
		return 0;
	}
	json_object_put(root);
	return r;
}

static bool is_text(json_object *value) {
	return json_object_is_type(value, json_type_string) && json_object_get_string_len(value) > 0;
}

/* The first of the fields that may hold a message and holds a string with something in it, or an object that does. */
static json_object *find_message(json_object *root) {
	static const char *const fields[] = {"errorMsg", "message", "msg", "error", "status", "detail"};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		json_object *value = json_object_object_get(root, fields[i]);
		if (json_object_is_type(value, json_type_object)) {
			value = find_message(value);
		}
		if (is_text(value)) {
			return value;
		}
	}
	return NULL;
}

static void escape_string(json_object *value, char ret_message[static MESSAGE_SIZE]) {
	text_escape(ret_message, MESSAGE_SIZE, json_object_get_string(value),
	            (size_t)json_object_get_string_len(value));
}

/* Whether a member of that name says so: not with false, 0, null, "" or an empty list, or those in a string. */
static bool is_set(json_object *value) {
	static const char *const unset[] = {"false", "0", "null", "no"};
	switch (json_object_get_type(value)) {
	case json_type_null:
		return false;
	case json_type_object:
		return json_object_object_length(value) > 0;
	case json_type_array:
		return json_object_array_length(value) > 0;
	case json_type_string:
		for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++) {
			if (strcasecmp(json_object_get_string(value), unset[i]) == 0) {
				return false;
			}
		}
		return is_text(value);
	default:
		return json_object_get_boolean(value);
	}
}

static bool has_points(json_object *root) {
	json_object *list = json_object_object_get(root, "timeSeriesDataPoints");
	return json_object_is_type(list, json_type_array) && json_object_array_length(list) > 0;
}

/* A message without points is an error too, whatever the flag says. */
static bool says_error(json_object *root) {
	return is_set(json_object_object_get(root, "error")) ||
	       (!has_points(root) && is_text(json_object_object_get(root, "errorMsg")));
}

static int read_root(struct points *points, json_object *root, const char *count_key,
                     struct error *err) {
	char message[MESSAGE_SIZE];
	json_object *value;

	if (says_error(root)) {
		value = find_message(root);
		if (!value) {
			return error_set(err, EREMOTEIO, "the server says error:true and no more");
		}
		escape_string(value, message);
		return error_set(err, EREMOTEIO, "the server says: %s", message);
	}

	/* With points, an error's message is no more than a warning. */
	value = json_object_object_get(root, "warningMsg");
	value = is_text(value) ? value : json_object_object_get(root, "errorMsg");
	if (is_text(value)) {
		points->has_warning = true;
		escape_string(value, points->warning);
	}

	points->more = is_set(json_object_object_get(root, "nextPageToken"));

	if (!json_object_object_get_ex(root, "timeSeriesDataPoints", &value)) {
		return error_set(err, EBADMSG, "the answer has no timeSeriesDataPoints");
	}
	if (!value) {
		return 0;
	}
	if (!json_object_is_type(value, json_type_array)) {
		return error_set(err, EBADMSG, "timeSeriesDataPoints is not an array");
	}
	return read_list(points, value, count_key, err);
}

int parse_points(struct points *points, const char *body, size_t len, const char *count_key,
                 struct error *err) {
	points_clear(points);
	skip_mark(&body, &len);
	json_object *root;
	int r = read_json(body, len, &root, err);
	if (r == 0) {
		r = read_root(points, root, count_key, err);
		json_object_put(root);
	}
	return r;
}

void parse_message(const char *body, size_t len, char ret_message[static MESSAGE_SIZE]) {
	skip_mark(&body, &len);
	json_object *root = NULL;
	json_object *value = read_json(body, len, &root, NULL) == 0 ? find_message(root) : NULL;
	if (value) {
		escape_string(value, ret_message);
	} else {
		text_escape(ret_message, MESSAGE_SIZE, body, len);
	}
	json_object_put(root);
}
