// SPDX-License-Identifier: ISC

#include "query.h"

#include "devices.h"
#include "json.h"

#include <string.h>

/* The end of the year 9999. No time is beyond it on either side of 1970, so spans are small. */
static const int64_t time_max_ms = 253402300799999;

static bool time_read(struct json_object *value, int64_t *ret_ms) {
	if (!json_object_is_type(value, json_type_int)) {
		return false;
	}
	*ret_ms = json_object_get_int64(value);
	return *ret_ms >= -time_max_ms && *ret_ms <= time_max_ms;
}

static bool word_read(struct query *query, struct json_object *value) {
	query->word =
		json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
	return query->word && interval_read(query->word, &query->interval);
}

static bool device_read(struct query *query, struct json_object *value) {
	query->device =
		json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
	return query->device && uuid_is_valid(query->device) &&
	       strlen(query->device) == (size_t)json_object_get_string_len(value);
}

static bool range_is_valid(const struct query *query) {
	return query->has_range && query->start_ms >= 0 && query->start_ms < query->end_ms;
}

bool query_read(struct query *query, const struct text *body) {
	bool start = false, end = false, device = false, interval = true, known = true;

	*query = (struct query){.source = json_read(body->bytes, body->length)};
	if (!json_object_is_type(query->source, json_type_object)) {
		return false;
	}
	json_object_object_foreach(query->source, name, value) {
		if (strcmp(name, "deviceUuid") == 0) {
			device = device_read(query, value);
		} else if (strcmp(name, "startTimeMs") == 0) {
			start = time_read(value, &query->start_ms);
		} else if (strcmp(name, "endTimeMs") == 0) {
			end = time_read(value, &query->end_ms);
		} else if (strcmp(name, "interval") == 0) {
			interval = word_read(query, value);
		} else {
			known = false;
		}
	}
	query->has_range = start && end;
	return device && interval && known && range_is_valid(query);
}

void query_done(struct query *query) {
	json_object_put(query->source);
	*query = (struct query){0};
}
