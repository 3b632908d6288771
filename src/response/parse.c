// SPDX-License-Identifier: ISC

#include "response/parse.h"

#include "base/array.h"
#include "base/json.h"
#include "base/text.h"
#include "base/utc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	/* Twenty times the most that is asked for at once. */
	POINTS_MAX = 200000,
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

/* A map; what is no object is none. */
static size_t keep_json(struct points *points, struct json_object *value) {
	if (json_kind(value) != JSON_OBJECT) {
		return 0;
	}
	size_t offset = points->text.len;
	json_put_value(&points->text, value);
	buf_putc(&points->text, '\0');
	return offset;
}

static size_t keep_string(struct points *points, struct json_object *value) {
	size_t len;
	const char *text = json_string(value, &len);
	/* A NUL inside would cut it: such a date is not worth keeping. */
	return text && strlen(text) == len ? keep(points, text, len) : 0;
}

/* "3" and "3.0", but not "0x3", " 3", "inf" or "". */
static bool number_in_text(struct json_object *value, double *ret) {
	size_t len;
	const char *text = json_string(value, &len);
	char *end;

	if (len == 0 || strspn(text, "0123456789+-.eE") != len) {
		return false;
	}
	*ret = strtod(text, &end);
	return *end == '\0';
}

/* 3.0 and "3". */
static bool whole_otherwise(struct json_object *value, int64_t *ret) {
	double number;

	switch (json_kind(value)) {
	case JSON_DOUBLE:
		number = json_double(value);
		break;
	case JSON_STRING:
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

/* 3, as nearly all are, 3.0 and "3" are whole numbers; 3.5, 1e400, "x" and true are not. */
static bool whole_number(struct json_object *value, int64_t *ret) {
	return json_int(value, ret) || whole_otherwise(value, ret);
}

/*
 * One count out of the map: the configured one, and no other; else, nulls aside, the only
 * one, or what is left beside "eventCount".  Which one does not depend on their values:
 * a series must not jump from one key to another.  What is there and is no number of
 * people is ambiguous, for it says something, which the record keeps.
 */
static enum count_kind choose_count(struct json_object *map, const char *count_key, int64_t *ret) {
	int values = 0, others = 0;
	struct json_object *configured = NULL, *any = NULL, *other = NULL;

	/* What is not an object has no members. */
	for (struct json_member member = {0}; json_next(map, &member);) {
		if (!member.value) {
			continue;
		}
		values++;
		any = member.value;
		if (strcmp(member.name, "eventCount") != 0) {
			others++;
			other = member.value;
		}
		if (count_key && strcmp(member.name, count_key) == 0) {
			configured = member.value;
		}
	}

	if (values == 0) {
		return COUNT_NONE;
	}
	struct json_object *chosen = count_key ? configured : values == 1 ? any : others == 1 ? other : NULL;
	int64_t count;
	if (!chosen || !whole_number(chosen, &count) || count < 0) {
		return COUNT_AMBIGUOUS;
	}
	*ret = count;
	return COUNT_ONE;
}

/* The members of a point that are read. */
enum {
	TIMESTAMP_MS, DATE_UTC, DATE_LOCAL,
	EVENT_COUNTS, APPROXIMATE_TIMESTAMPS_MS, REPORTING_DEVICES,
	MEMBERS,
};

static const char *const member_names[MEMBERS] = {
	[TIMESTAMP_MS] = "timestampMs",
	[DATE_UTC] = "dateUtc",
	[DATE_LOCAL] = "dateLocal",
	[EVENT_COUNTS] = "eventCountMap",
	[APPROXIMATE_TIMESTAMPS_MS] = "approximateTimestampMsMap",
	[REPORTING_DEVICES] = "reportingDevicesMap",
};

/* The point's identity.  A point without a time is of no use. */
static bool point_time(struct json_object *const members[static MEMBERS], struct point *point) {
	int64_t ms;
	if (whole_number(members[TIMESTAMP_MS], &ms) && ms > INT64_MIN / 1000 && ms < INT64_MAX / 1000) {
		point->has_timestamp = true;
		point->timestamp_ms = ms;
		point->time = ms * USEC_PER_MSEC;
		return true;
	}
	size_t len;
	const char *date = json_string(members[DATE_UTC], &len);
	return date && utc_parse(date, true, &point->time) == 0;
}

/* What stands where milliseconds should is kept to be shown: the first one of an answer. */
static void note_odd_stamp(struct points *points, struct json_object *stamp) {
	if (points->odd_stamp[0] == '\0') {
		struct buf text;
		buf_init(&text, TEXT_MAX);
		json_put_value(&text, stamp);
		const char *shown = buf_error(&text) < 0 ? "?" : buf_text(&text);
		text_escape(points->odd_stamp, sizeof(points->odd_stamp), shown, strlen(shown));
		buf_done(&text);
	}
}

/* In the place of counts, and neither a map nor nothing: as some write an empty map, [] is nothing. */
static bool is_odd_map(struct json_object *map) {
	enum json_kind kind = json_kind(map);
	return kind != JSON_NULL && kind != JSON_OBJECT && !(kind == JSON_ARRAY && json_count(map) == 0);
}

static void read_point(struct points *points, struct json_object *object, const char *count_key) {
	struct point point = {0};
	struct json_object *members[MEMBERS];
	json_members(object, member_names, MEMBERS, members);
	bool timed = point_time(members, &point);
	points->odd_map |= is_odd_map(members[EVENT_COUNTS]);
	if (members[TIMESTAMP_MS] && !point.has_timestamp) {
		note_odd_stamp(points, members[TIMESTAMP_MS]);
	}
	point.kind = choose_count(members[EVENT_COUNTS], count_key, &point.count);
	if (!timed) {
		points->dropped++;
		points->lost += point.kind != COUNT_NONE || (object && json_kind(object) != JSON_OBJECT);
		return;
	}

	point.event_counts = keep_json(points, members[EVENT_COUNTS]);
	point.approximate_timestamps_ms = keep_json(points, members[APPROXIMATE_TIMESTAMPS_MS]);
	point.reporting_devices = keep_json(points, members[REPORTING_DEVICES]);
	point.date_local = keep_string(points, members[DATE_LOCAL]);
	point.date_utc = keep_string(points, members[DATE_UTC]);
	points->list[points->len++] = point;
}

static int read_list(struct points *points, struct json_object *list, const char *count_key,
                     struct error *err) {
	size_t count = json_count(list);
	int r = points_reserve(points, count);
	if (r == -EFBIG) {
		return error_set(err, EBADMSG, "the answer holds %zu points, more than %d", count,
		                 POINTS_MAX);
	}
	if (r < 0) {
		return error_set(err, ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		read_point(points, json_element(list, i), count_key);
	}
	if (points->odd_map) {
		return error_set(err, EBADMSG, "an eventCountMap is not an object");
	}
	return buf_error(&points->text) ? error_set(err, ENOMEM, "out of memory") : 0;
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

static int read_object(const char *body, size_t len, struct json_object **ret_root, struct error *err) {
	struct error why = {{0}};
	struct json_object *root;
	int r = json_read(body, len, &root, &why);
	if (r == -ENOMEM) {
		return error_set(err, ENOMEM, "%s", why.text);
	}
	if (r < 0) {
		return error_set(err, EBADMSG, "the answer %s", why.text);
	}
	if (json_kind(root) != JSON_OBJECT) {
		json_free(root);
		return error_set(err, EBADMSG, "the answer is JSON, but not an object");
	}
	*ret_root = root;
	return 0;
}

static bool is_text(struct json_object *value) {
	size_t len;
	return json_string(value, &len) && len > 0;
}

/* The first of the fields that may hold a message and holds a string with something in it, or an object that does. */
static struct json_object *find_message(struct json_object *root) {
	static const char *const fields[] = {"errorMsg", "message", "msg", "error", "status", "detail"};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct json_object *value = json_member(root, fields[i]);
		if (json_kind(value) == JSON_OBJECT) {
			value = find_message(value);
		}
		if (is_text(value)) {
			return value;
		}
	}
	return NULL;
}

static void escape_string(struct json_object *value, char ret_message[static MESSAGE_SIZE]) {
	size_t len;
	const char *text = json_string(value, &len);
	text_escape(ret_message, MESSAGE_SIZE, text, len);
}

/* Whether a member of that name says so: not with false, 0, null, "" or an empty list, or those in a string. */
static bool is_set(struct json_object *value) {
	static const char *const unset[] = {"false", "0", "null", "no"};
	size_t len;
	const char *text = json_string(value, &len);
	for (size_t i = 0; text && i < sizeof(unset) / sizeof(unset[0]); i++) {
		if (strcasecmp(text, unset[i]) == 0) {
			return false;
		}
	}
	return is_text(value) || json_count(value) > 0 || (!text && json_double(value) != 0);
}

static bool has_elements(struct json_object *root, const char *name) {
	struct json_object *list = json_member(root, name);
	return json_kind(list) == JSON_ARRAY && json_count(list) > 0;
}

/* Of an answer that is to have a list.  A message without elements is an error too, whatever the flag says. */
static int check_error(struct json_object *root, const char *name, struct error *err) {
	char message[MESSAGE_SIZE];

	if (!is_set(json_member(root, "error")) &&
	    (has_elements(root, name) || !is_text(json_member(root, "errorMsg")))) {
		return 0;
	}
	struct json_object *value = find_message(root);
	if (!value) {
		return error_set(err, EREMOTEIO, "the server says error:true without a message");
	}
	escape_string(value, message);
	return error_set(err, EREMOTEIO, "the server says: %s", message);
}

/* null is an empty one. */
static int check_list(struct json_object *root, const char *name, struct error *err) {
	struct json_object *list = json_member(root, name);
	if (!json_has(root, name)) {
		return error_set(err, EBADMSG, "the answer has no %s", name);
	}
	return list && json_kind(list) != JSON_ARRAY ? error_set(err, EBADMSG, "%s is not an array", name) : 0;
}

static bool has_more(struct json_object *root) {
	return is_set(json_member(root, "nextPageToken"));
}

static int read_root(struct points *points, struct json_object *root, const char *count_key,
                     struct error *err) {
	static const char name[] = "timeSeriesDataPoints";
	int r = check_error(root, name, err);
	if (r < 0) {
		return r;
	}

	/* With points, an error's message is no more than a warning. */
	struct json_object *value = json_member(root, "warningMsg");
	value = is_text(value) ? value : json_member(root, "errorMsg");
	if (is_text(value)) {
		points->has_warning = true;
		escape_string(value, points->warning);
	}

	points->more = has_more(root);

	r = check_list(root, name, err);
	value = json_member(root, name);
	return r < 0 || !value ? r : read_list(points, value, count_key, err);
}

int parse_points(struct points *points, const char *body, size_t len, const char *count_key,
                 struct error *err) {
	points_clear(points);
	skip_mark(&body, &len);
	struct json_object *root;
	int r = read_object(body, len, &root, err);
	if (r == 0) {
		r = read_root(points, root, count_key, err);
		json_free(root);
	}
	return r;
}

int parse_list(const char *body, size_t len, const char *name, struct json_object **ret_root, struct error *err) {
	skip_mark(&body, &len);
	struct json_object *root;
	int r = read_object(body, len, &root, err);
	if (r < 0) {
		return r;
	}
	r = check_error(root, name, err);
	r = r == 0 ? check_list(root, name, err) : r;
	if (r == 0 && has_more(root)) {
		r = error_set(err, EBADMSG, "the answer is a part: its nextPageToken says that there is more");
	}
	if (r < 0) {
		json_free(root);
		return r;
	}
	*ret_root = root;
	return 0;
}

void parse_message(const char *body, size_t len, char ret_message[static MESSAGE_SIZE]) {
	skip_mark(&body, &len);
	struct json_object *root = NULL;
	struct json_object *value = read_object(body, len, &root, NULL) == 0 ? find_message(root) : NULL;
	if (value) {
		escape_string(value, ret_message);
	} else {
		text_escape(ret_message, MESSAGE_SIZE, body, len);
	}
	json_free(root);
}
