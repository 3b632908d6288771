// SPDX-License-Identifier: ISC

#include "rule.h"

#include "buckets.h"
#include "calendar.h"
#include "json.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const field_names[FIELDS] = {
	[FIELD_TIMESTAMP] = "timestampMs",
	[FIELD_EVENT_COUNT] = "eventCountMap",
	[FIELD_APPROXIMATE] = "approximateTimestampMsMap",
	[FIELD_REPORTING] = "reportingDevicesMap",
	[FIELD_DATE_LOCAL] = "dateLocal",
	[FIELD_DATE_UTC] = "dateUtc",
	[FIELD_ERROR] = "error",
	[FIELD_ERROR_MSG] = "errorMsg",
	[FIELD_WARNING_MSG] = "warningMsg",
	[FIELD_POINTS] = "timeSeriesDataPoints",
};

const struct rule rule_plain = {
	.from_ms = INT64_MIN,
	.to_ms = INT64_MAX,
	.for_ms = INT64_MAX,
	.max_span_ms = INT64_MAX,
	.holds_ms = INT64_MIN,
	.times = INT64_MAX,
	.cut = -1,
	.gzip_members = 1,
	.cap = -1,
	.points_from_ms = INT64_MIN,
	.points_to_ms = INT64_MAX,
	.count_key = "\"people\"",
	.event_count_key = -1,
};

/* One key of the rule language: how its value is read, and into which member. */
struct rule_key {
	const char *name;
	enum purpose purpose;
	bool (*read)(const struct rule_key *key, struct json_object *value, void *member);
	size_t at;
	const char *wants;
	int64_t min, max;  /* of integers */
	const char *alone; /* of texts and integers: what plain `true` stands for */
};

/* The readers: each returns false if the value does not fit. */

static bool read_text(const struct rule_key *key, struct json_object *value, void *member) {
	const char **text = member;

	if (key->alone && json_object_is_type(value, json_type_boolean)) {
		*text = json_object_get_boolean(value) ? key->alone : NULL;
		return true;
	}
	if (!json_object_is_type(value, json_type_string)) {
		return false;
	}
	*text = json_object_get_string(value);
	return strlen(*text) == (size_t)json_object_get_string_len(value);
}

static bool read_line(const struct rule_key *key, struct json_object *value, void *member) {
	return json_object_is_type(value, json_type_string) && read_text(key, value, member) &&
	       !strpbrk(json_object_get_string(value), "\r\n");
}

static bool read_line_or_int(const struct rule_key *key, struct json_object *value, void *member) {
	if (json_object_is_type(value, json_type_int)) {
		*(const char **)member = json_object_get_string(value);
		return true;
	}
	return read_line(key, value, member);
}

static bool read_int(const struct rule_key *key, struct json_object *value, void *member) {
	int64_t *number = member;

	if (key->alone && json_object_is_type(value, json_type_boolean)) {
		if (json_object_get_boolean(value)) {
			*number = strtoll(key->alone, NULL, 10);
		}
		return true;
	}
	if (!json_object_is_type(value, json_type_int)) {
		return false;
	}
	*number = json_object_get_int64(value);
	return *number >= key->min && *number <= key->max;
}

static bool read_flag(const struct rule_key *key, struct json_object *value, void *member) {
	(void)key;
	*(bool *)member = json_object_get_boolean(value);
	return json_object_is_type(value, json_type_boolean);
}

static bool read_json(const struct rule_key *key, struct json_object *value, void *member) {
	(void)key;
	*(const char **)member = value ? json_print(value) : "null";
	return true;
}

static bool read_json_text(const struct rule_key *key, struct json_object *value, void *member) {
	return json_object_is_type(value, json_type_string) && read_json(key, value, member);
}

/* MHD counts the bytes itself; a wrong count is what `cut` is for.  null leaves a header out. */
static bool header_is_usable(const char *name, struct json_object *value) {
	return name[0] != '\0' && !strpbrk(name, " \t\r\n:") &&
	       strcasecmp(name, "Content-Length") != 0 &&
	       strcasecmp(name, "Transfer-Encoding") != 0 &&
	       (!value || (json_object_is_type(value, json_type_string) &&
	                   !strpbrk(json_object_get_string(value), "\r\n")));
}

static bool read_headers(const struct rule_key *key, struct json_object *value, void *member) {
	(void)key;
	if (!json_object_is_type(value, json_type_object)) {
		return false;
	}
	json_object_object_foreach(value, name, text) {
		if (!header_is_usable(name, text)) {
			return false;
		}
	}
	*(struct json_object **)member = value;
	return true;
}

static bool field_find(const char *name, uint32_t *ret_bit) {
	for (unsigned i = 0; i < FIELDS; i++) {
		if (strcmp(name, field_names[i]) == 0) {
			*ret_bit = UINT32_C(1) << i;
			return true;
		}
	}
	return false;
}

static bool is_word(struct json_object *value, const char *word) {
	return json_object_is_type(value, json_type_string) &&
	       strcmp(json_object_get_string(value), word) == 0;
}

static bool read_fields(const struct rule_key *key, struct json_object *value, void *member) {
	uint32_t *fields = member;

	(void)key;
	*fields = 0;
	if (is_word(value, "all")) {
		*fields = (UINT32_C(1) << POINT_FIELDS) - 1;
		return true;
	}
	if (!json_object_is_type(value, json_type_array)) {
		return false;
	}
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		struct json_object *name = json_object_array_get_idx(value, i);
		uint32_t bit;

		if (!json_object_is_type(name, json_type_string) ||
		    !field_find(json_object_get_string(name), &bit)) {
			return false;
		}
		*fields |= bit;
	}
	return true;
}

static bool read_numbers(const struct rule_key *key, struct json_object *value, void *member) {
	enum numbers *numbers = member;

	(void)key;
	*numbers = is_word(value, "float") ? NUMBERS_FLOAT : NUMBERS_STRING;
	return is_word(value, "float") || is_word(value, "string");
}

static bool read_stamps(const struct rule_key *key, struct json_object *value, void *member) {
	static const char *const words[] = {
		[STAMPS_START] = "start", [STAMPS_MIDDLE] = "middle", [STAMPS_END] = "end",
		[STAMPS_SECONDS] = "seconds", [STAMPS_MICROSECONDS] = "microseconds", [STAMPS_TEXT] = "text",
	};

	(void)key;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (is_word(value, words[i])) {
			*(enum stamps *)member = (enum stamps)i;
			return true;
		}
	}
	return false;
}

static bool read_interval(const struct rule_key *key, struct json_object *value, void *member) {
	enum interval interval;

	return read_text(key, value, member) && interval_read(*(const char **)member, &interval);
}

static bool read_zone(const struct rule_key *key, struct json_object *value, void *member) {
	return read_text(key, value, member) && zone_exists(*(const char **)member);
}

static bool read_reset(const struct rule_key *key, struct json_object *value, void *member) {
	enum reset *reset = member;

	(void)key;
	if (is_word(value, "close")) {
		*reset = RESET_CLOSE;
		return true;
	}
	*reset = json_object_get_boolean(value) ? RESET_ABORT : RESET_NO;
	return json_object_is_type(value, json_type_boolean);
}

static bool read_gzip(const struct rule_key *key, struct json_object *value, void *member) {
	enum gzip *gzip = member;

	(void)key;
	if (is_word(value, "force")) {
		*gzip = GZIP_FORCED;
		return true;
	}
	*gzip = json_object_get_boolean(value) ? GZIP_IF_ACCEPTED : GZIP_NEVER;
	return json_object_is_type(value, json_type_boolean);
}

static const char default_html[] = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>"
				   "<body><h1>Please sign in to this network</h1></body></html>\n";

/* What stands in many rows: a sentence for whoever wrote the value wrong, and the range. */
#define AT(member) offsetof(struct rule, member)
#define TIME .wants = "an integer of milliseconds", .min = INT64_MIN, .max = INT64_MAX
#define LENGTH .wants = "milliseconds, 0 to 10^12", .min = 0, .max = 1000000000000
#define TEXT .wants = "a string"
#define LINE .wants = "a string on one line"
#define FLAG .wants = "true or false"
#define FIELD_LIST .wants = "\"all\" or a list of field names"

static const struct rule_key rule_keys[] = {
	/* Which requests. */
	{"device", PURPOSE_MATCH, read_text, AT(device), TEXT},
	{"key", PURPOSE_MATCH, read_text, AT(key), TEXT},
	{"path", PURPOSE_MATCH, read_text, AT(path), TEXT},
	{"interval", PURPOSE_MATCH, read_text, AT(interval), TEXT},
	{"from_ms", PURPOSE_MATCH, read_int, AT(from_ms), TIME},
	{"to_ms", PURPOSE_MATCH, read_int, AT(to_ms), TIME},
	{"after_ms", PURPOSE_MATCH, read_int, AT(after_ms), LENGTH},
	{"for_ms", PURPOSE_MATCH, read_int, AT(for_ms), LENGTH},
	{"min_span_ms", PURPOSE_MATCH, read_int, AT(min_span_ms), LENGTH},
	{"max_span_ms", PURPOSE_MATCH, read_int, AT(max_span_ms), LENGTH},
	{"holds_ms", PURPOSE_MATCH, read_int, AT(holds_ms), TIME},
	{"skip", PURPOSE_MATCH, read_int, AT(skip),
	 .wants = "an integer from 0", .min = 0, .max = INT64_MAX},
	{"times", PURPOSE_MATCH, read_int, AT(times),
	 .wants = "an integer from 1", .min = 1, .max = INT64_MAX},

	/* In the place of the real reply. */
	{"status", PURPOSE_REPLY, read_int, AT(status),
	 .wants = "an integer from 200 to 999", .min = 200, .max = 999},
	{"body", PURPOSE_REPLY, read_text, AT(body), TEXT},
	{"html", PURPOSE_REPLY, read_text, AT(html),
	 .wants = "a string, true or false", .alone = default_html},
	{"redirect", PURPOSE_REPLY, read_line, AT(redirect), LINE},
	{"garbage", PURPOSE_REPLY, read_int, AT(garbage),
	 .wants = "a number of bytes up to 16 Mi, true or false", .min = 1, .max = 16 << 20,
	 .alone = "512"},
	{"nested", PURPOSE_REPLY, read_int, AT(nested),
	 .wants = "a depth from 1 to 10 million", .min = 1, .max = 10000000},
	{"hang", PURPOSE_REPLY, read_flag, AT(hang), FLAG},
	{"reset", PURPOSE_REPLY, read_reset, AT(reset), .wants = "true, false or \"close\""},

	/* To any reply. */
	{"headers", PURPOSE_REPLY, read_headers, AT(headers),
	 .wants = "an object of strings on one line or null, without Content-Length, Transfer-Encoding"},
	{"content_type", PURPOSE_REPLY, read_line, AT(content_type), LINE},
	{"retry_after", PURPOSE_REPLY, read_line_or_int, AT(retry_after),
	 .wants = "an integer, or a string on one line"},
	{"delay_ms", PURPOSE_REPLY, read_int, AT(delay_ms), LENGTH},
	{"trickle_ms", PURPOSE_REPLY, read_int, AT(trickle_ms), LENGTH},
	{"cut", PURPOSE_REPLY, read_int, AT(cut),
	 .wants = "a number of bytes", .min = 0, .max = INT64_MAX},
	{"oversize_bytes", PURPOSE_REPLY, read_int, AT(oversize_bytes),
	 .wants = "a number of bytes up to 512 Mi", .min = 0, .max = 512 << 20},
	{"gzip", PURPOSE_REPLY, read_gzip, AT(gzip), .wants = "true, false or \"force\""},
	{"gzip_members", PURPOSE_REPLY, read_int, AT(gzip_members),
	 .wants = "a number from 1 to 1000", .min = 1, .max = 1000},
	{"gzip_padding", PURPOSE_REPLY, read_int, AT(gzip_padding),
	 .wants = "a number of bytes up to 1 Mi", .min = 0, .max = 1 << 20},
	{"byte_order_mark", PURPOSE_REPLY, read_flag, AT(byte_order_mark), FLAG},

	/* To a report. */
	{"error_true", PURPOSE_REPORT, read_text, AT(error_true),
	 .wants = "a message, true or false", .alone = "Unable to process request"},
	{"warning", PURPOSE_REPORT, read_text, AT(warning), TEXT},
	{"null_fields", PURPOSE_REPORT, read_fields, AT(null_fields), FIELD_LIST},
	{"omit_fields", PURPOSE_REPORT, read_fields, AT(omit_fields), FIELD_LIST},
	{"empty", PURPOSE_REPORT, read_flag, AT(empty), FLAG},
	{"null_array", PURPOSE_REPORT, read_flag, AT(null_array), FLAG},
	{"shuffle", PURPOSE_REPORT, read_flag, AT(shuffle), FLAG},
	{"duplicate", PURPOSE_REPORT, read_flag, AT(duplicate), FLAG},
	{"extra_points", PURPOSE_REPORT, read_flag, AT(extra_points), FLAG},
	{"report_interval", PURPOSE_REPORT, read_interval, AT(report_interval), .wants = "an interval"},
	{"report_zone", PURPOSE_REPORT, read_zone, AT(report_zone), .wants = "a time zone"},
	{"stamps", PURPOSE_REPORT, read_stamps, AT(stamps),
	 .wants = "\"start\", \"middle\", \"end\", \"seconds\", \"microseconds\" or \"text\""},
	{"sparse", PURPOSE_REPORT, read_int, AT(sparse),
	 .wants = "an integer from 0 to 1000", .min = 0, .max = 1000},
	{"cap", PURPOSE_REPORT, read_int, AT(cap),
	 .wants = "an integer from 0", .min = 0, .max = INT32_MAX},
	{"cap_newest", PURPOSE_REPORT, read_flag, AT(cap_newest), FLAG},
	{"cap_warning", PURPOSE_REPORT, read_text, AT(cap_warning), TEXT},
	{"cap_token", PURPOSE_REPORT, read_text, AT(cap_token), TEXT},

	/* To its points. */
	{"points_from_ms", PURPOSE_MATCH, read_int, AT(points_from_ms), TIME},
	{"points_to_ms", PURPOSE_MATCH, read_int, AT(points_to_ms), TIME},
	{"omit_points", PURPOSE_REPORT, read_flag, AT(omit_points), FLAG},
	{"no_timestamp", PURPOSE_REPORT, read_flag, AT(no_timestamp), FLAG},
	{"numbers", PURPOSE_REPORT, read_numbers, AT(numbers),
	 .wants = "\"float\" or \"string\""},
	{"count_map", PURPOSE_REPORT, read_json, AT(count_map), .wants = "any JSON value"},
	{"count_key", PURPOSE_REPORT, read_json_text, AT(count_key), TEXT},
	{"event_count_key", PURPOSE_REPORT, read_int, AT(event_count_key),
	 .wants = "an integer from 0, true or false", .min = 0, .max = INT32_MAX, .alone = "7"},
	{"delta", PURPOSE_REPORT, read_int, AT(delta),
	 .wants = "an integer of 32 bits", .min = INT32_MIN, .max = INT32_MAX},
};

static const struct rule_key *rule_key_find(const char *name) {
	for (size_t i = 0; i < sizeof(rule_keys) / sizeof(rule_keys[0]); i++) {
		if (strcmp(rule_keys[i].name, name) == 0) {
			return &rule_keys[i];
		}
	}
	return NULL;
}

int rule_read(struct rule *rule, struct json_object *source, struct why *why) {
	*rule = rule_plain;
	if (!json_object_is_type(source, json_type_object)) {
		return why_set(why, "wants to be an object");
	}
	json_object_object_foreach(source, name, value) {
		const struct rule_key *key = rule_key_find(name);

		if (!key) {
			return why_set(why, "%.100s: no such key", name);
		}
		if (!key->read(key, value, (char *)rule + key->at)) {
			return why_set(why, "%s: wants %s", name, key->wants);
		}
		rule->purposes |= key->purpose;
	}
	rule->source = json_object_get(source);
	return 0;
}

void rule_done(struct rule *rule) {
	json_object_put(rule->source);
	rule->source = NULL;
}

bool rule_is_for_reports(const struct rule *rule) {
	return (rule->purposes & (PURPOSE_REPLY | PURPOSE_REPORT)) == PURPOSE_REPORT;
}
