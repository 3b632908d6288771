// SPDX-License-Identifier: ISC

#include "report.h"

#include "calendar.h"
#include "count.h"
#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WRONG_COUNT = 9999 }; /* stands in points that a reader must drop */

struct point {
	int64_t start_ms;
	int64_t end_ms;
	int64_t count;
	int offset_s;
};

struct points {
	struct point *all;
	size_t count;
	bool cut; /* there were more */
};

/* Collecting: one point for each bucket that has begun. */

static struct point point_make(const struct report *report, int64_t start_ms, int64_t end_ms,
                               int offset_s) {
	int64_t count = published_count(report->query->device, start_ms);

	if (report->now_ms < end_ms + report->settle_ms) {
		count /= 2;
	}
	if (!report->device->occupancy) {
		count = 0;
	}
	return (struct point){start_ms, end_ms, count, offset_s};
}

static struct points points_of_range(const struct report *report) {
	const struct query *query = report->query;
	int offset_s = zone_offset_s(report->device->zone, query->start_ms / 1000);
	struct points points = {.all = memory_resize(NULL, 1, sizeof(struct point)), .count = 1};

	points.all[0] = point_make(report, query->start_ms, query->end_ms, offset_s);
	return points;
}

static struct points points_of_edges(const struct report *report, const struct edges *edges) {
	struct points points = {
		.all = memory_resize(NULL, edges->count, sizeof(struct point)),
	};

	for (size_t i = 0; i + 1 < edges->count; i++) {
		const struct edge *edge = &edges->all[i];

		points.all[points.count++] = point_make(report, edge[0].at_s * 1000,
		                                        edge[1].at_s * 1000, edge->offset_s);
	}
	return points;
}

static int points_collect(const struct report *report, struct points *ret_points) {
	const struct query *query = report->query;
	int64_t end_ms = query->end_ms <= report->now_ms ? query->end_ms : report->now_ms + 1;
	struct edges edges;

	*ret_points = (struct points){0};
	if (query->start_ms >= end_ms) {
		return 0;
	}

	const struct rule *rule = report->rule;
	enum interval interval = query->interval;
	const char *zone = rule->report_zone ? rule->report_zone : report->device->zone;

	if (rule->report_interval && !interval_read(rule->report_interval, &interval)) {
		return -EINVAL;
	}
	if (interval == INTERVAL_NONE) {
		*ret_points = points_of_range(report);
		return 0;
	}

	int r = edges_cut(interval, zone, query->start_ms, end_ms, &edges);

	if (r < 0) {
		return r;
	}
	*ret_points = points_of_edges(report, &edges);
	edges_done(&edges);
	return 0;
}

/* Bending: what a rule does to the list. */

static bool rule_reaches(const struct rule *rule, const struct point *point) {
	return point->start_ms >= rule->points_from_ms && point->start_ms < rule->points_to_ms;
}

static void points_omit(struct points *points, const struct rule *rule) {
	size_t kept = 0;

	for (size_t i = 0; i < points->count; i++) {
		if (!rule_reaches(rule, &points->all[i])) {
			points->all[kept++] = points->all[i];
		}
	}
	points->count = kept;
}

static void points_revise(struct points *points, const struct rule *rule) {
	for (size_t i = 0; i < points->count; i++) {
		struct point *point = &points->all[i];

		if (rule_reaches(rule, point)) {
			point->count += rule->delta;
		}
		if (point->count < 0) {
			point->count = 0;
		}
	}
}

static void points_duplicate(struct points *points) {
	size_t count = points->count;

	points->all = memory_resize(points->all, count * 2, sizeof(struct point));
	for (size_t i = count; i-- > 0;) {
		points->all[2 * i + 1] = points->all[i];
		points->all[2 * i] = points->all[i];
		points->all[2 * i].count = WRONG_COUNT;
	}
	points->count = count * 2;
}

/* One a bucket before the range, one stamped exactly at its end. */
static void points_surround(struct points *points, const struct query *query) {
	struct point sample = {query->start_ms, query->end_ms, WRONG_COUNT, 0};

	if (points->count > 0) {
		sample = points->all[0];
		sample.count = WRONG_COUNT;
	}

	struct point before = sample, after = sample;
	int64_t length_ms = sample.end_ms - sample.start_ms;

	before.start_ms -= length_ms;
	before.end_ms -= length_ms;
	after.start_ms = query->end_ms;
	after.end_ms = query->end_ms + length_ms;

	struct point *all = memory_resize(NULL, points->count + 2, sizeof(struct point));

	all[0] = before;
	for (size_t i = 0; i < points->count; i++) {
		all[i + 1] = points->all[i];
	}
	all[points->count + 1] = after;
	free(points->all);
	*points = (struct points){.all = all, .count = points->count + 2};
}

/* Fisher and Yates, with the dice of each point, so that the same request gives the same order. */
static void points_shuffle(struct points *points, const char *uuid) {
	for (size_t i = points->count; i-- > 1;) {
		size_t other = bucket_hash(uuid, points->all[i].start_ms) % i;
		struct point point = points->all[i];

		points->all[i] = points->all[other];
		points->all[other] = point;
	}
}

/* Always the same ones, whatever range they are asked for in. */
static void points_thin(struct points *points, const struct report *report) {
	size_t kept = 0;

	for (size_t i = 0; i < points->count; i++) {
		uint64_t dice = bucket_hash(report->query->device, points->all[i].start_ms) / 7 % 1000;

		if (dice >= (uint64_t)report->rule->sparse) {
			points->all[kept++] = points->all[i];
		}
	}
	points->count = kept;
}

static void points_cut(struct points *points, const struct rule *rule) {
	size_t cap = (size_t)rule->cap;

	points->cut = points->count > cap;
	if (!points->cut) {
		return;
	}
	if (rule->cap_newest) {
		memmove(points->all, points->all + (points->count - cap), cap * sizeof(*points->all));
	}
	points->count = cap;
}

static void points_bend(struct points *points, const struct report *report) {
	const struct rule *rule = report->rule;

	if (rule->empty) {
		points->count = 0;
	}
	if (rule->omit_points) {
		points_omit(points, rule);
	}
	if (rule->sparse > 0) {
		points_thin(points, report);
	}
	if (rule->cap >= 0) {
		points_cut(points, rule);
	}
	if (rule->delta != 0) {
		points_revise(points, rule);
	}
	if (rule->extra_points) {
		points_surround(points, report->query);
	}
	if (rule->shuffle) {
		points_shuffle(points, report->query->device);
	}
	if (rule->duplicate) {
		points_duplicate(points);
	}
}

/* Writing: a table of fields, each of which a rule can null or omit. */

static void count_write(struct text *out, int64_t count, enum numbers numbers) {
	if (numbers == NUMBERS_STRING) {
		text_add(out, "\"");
	}
	text_add_int(out, count);
	if (numbers == NUMBERS_STRING) {
		text_add(out, "\"");
	}
	if (numbers == NUMBERS_FLOAT) {
		text_add(out, ".0");
	}
}

static void key_write(struct text *out, const struct rule *rule) {
	text_add(out, "{");
	text_add(out, rule->count_key);
	text_add(out, ":");
}

static void write_timestamp(struct text *out, const struct point *point,
                            const struct report *report, const struct rule *rule) {
	(void)report;
	switch (rule->stamps) {
	case STAMPS_START:
		text_add_int(out, point->start_ms);
		break;
	case STAMPS_MIDDLE:
		text_add_int(out, point->start_ms + (point->end_ms - point->start_ms) / 2);
		break;
	case STAMPS_END:
		text_add_int(out, point->end_ms);
		break;
	case STAMPS_SECONDS:
		text_add_int(out, point->start_ms / 1000);
		break;
	case STAMPS_MICROSECONDS:
		text_add_int(out, point->start_ms * 1000);
		break;
	case STAMPS_TEXT:
		text_add(out, "\"");
		text_add_date(out, floor_div(point->start_ms, 1000));
		text_add(out, "Z\"");
		break;
	}
}

static void write_event_count(struct text *out, const struct point *point,
                              const struct report *report, const struct rule *rule) {
	(void)report;
	if (rule->count_map) {
		text_add(out, rule->count_map);
		return;
	}
	key_write(out, rule);
	count_write(out, point->count, rule->numbers);
	if (rule->event_count_key >= 0) {
		text_add(out, ",\"eventCount\":");
		count_write(out, rule->event_count_key, rule->numbers);
	}
	text_add(out, "}");
}

static void write_approximate(struct text *out, const struct point *point,
                              const struct report *report, const struct rule *rule) {
	uint64_t dice = bucket_hash(report->query->device, point->start_ms);
	uint64_t length_ms = (uint64_t)(point->end_ms - point->start_ms);

	if (!report->device->occupancy) {
		text_add(out, "{}");
		return;
	}
	key_write(out, rule);
	text_add_int(out, point->start_ms + (int64_t)(dice % length_ms));
	text_add(out, "}");
}

static void write_reporting(struct text *out, const struct point *point,
                            const struct report *report, const struct rule *rule) {
	(void)point;
	if (!report->device->occupancy) {
		text_add(out, "{}");
		return;
	}
	key_write(out, rule);
	text_add(out, "[\"");
	text_add_bytes(out, report->query->device, BARE_UUID_LENGTH);
	text_add(out, "\"]}");
}

static void date_write(struct text *out, int64_t clock_s) {
	text_add(out, "\"");
	text_add_date(out, clock_s);
	text_add(out, "\"");
}

static void write_date_local(struct text *out, const struct point *point,
                             const struct report *report, const struct rule *rule) {
	(void)report;
	(void)rule;
	date_write(out, floor_div(point->start_ms, 1000) + point->offset_s);
}

static void write_date_utc(struct text *out, const struct point *point, const struct report *report,
                           const struct rule *rule) {
	(void)report;
	(void)rule;
	date_write(out, floor_div(point->start_ms, 1000));
}

typedef void write_field(struct text *out, const struct point *point, const struct report *report,
                         const struct rule *rule);

static write_field *const field_writers[POINT_FIELDS] = {
	[FIELD_TIMESTAMP] = write_timestamp,     [FIELD_EVENT_COUNT] = write_event_count,
	[FIELD_APPROXIMATE] = write_approximate, [FIELD_REPORTING] = write_reporting,
	[FIELD_DATE_LOCAL] = write_date_local,   [FIELD_DATE_UTC] = write_date_utc,
};

static bool has_field(uint32_t fields, unsigned field) {
	return fields >> field & 1;
}

/*
 * Begins a member, with a comma unless it is the first, and writes null if the rule says so.
 * True if the value is still to be written.
 */
static bool member_begin(struct text *out, const struct rule *rule, unsigned field) {
	if (has_field(rule->omit_fields, field)) {
		return false;
	}
	text_add(out, out->bytes[out->length - 1] == '{' ? "\"" : ",\"");
	text_add(out, field_names[field]);
	text_add(out, "\":");
	if (has_field(rule->null_fields, field)) {
		text_add(out, "null");
		return false;
	}
	return true;
}

static void point_write(struct text *out, const struct point *point, const struct report *report) {
	const struct rule *rule = rule_reaches(report->rule, point) ? report->rule : &rule_plain;

	text_add(out, "{");
	for (unsigned field = 0; field < POINT_FIELDS; field++) {
		if (field == FIELD_TIMESTAMP && rule->no_timestamp) {
			continue;
		}
		if (member_begin(out, rule, field)) {
			field_writers[field](out, point, report, rule);
		}
	}
	text_add(out, "}");
}

static void points_write(struct text *out, const struct points *points,
                         const struct report *report) {
	if (report->rule->null_array || report->rule->error_true) {
		text_add(out, "null");
		return;
	}
	text_add(out, "[");
	for (size_t i = 0; i < points->count; i++) {
		if (i > 0) {
			text_add(out, ",");
		}
		point_write(out, &points->all[i], report);
	}
	text_add(out, "]");
}

static void message_write(struct text *out, const char *message) {
	struct json_object *string = message ? json_object_new_string(message) : NULL;

	text_add(out, string ? json_print(string) : "null");
	json_object_put(string);
}

static void envelope_write(struct text *out, const struct points *points,
                           const struct report *report) {
	const struct rule *rule = report->rule;

	text_add(out, "{");
	if (member_begin(out, rule, FIELD_ERROR)) {
		text_add(out, rule->error_true ? "true" : "false");
	}
	if (member_begin(out, rule, FIELD_ERROR_MSG)) {
		message_write(out, rule->error_true);
	}
	if (member_begin(out, rule, FIELD_WARNING_MSG)) {
		message_write(out, points->cut && rule->cap_warning ? rule->cap_warning : rule->warning);
	}
	if (member_begin(out, rule, FIELD_POINTS)) {
		points_write(out, points, report);
	}
	/* Not in the published schema; other services of its kind page so. */
	if (points->cut && rule->cap_token) {
		text_add(out, ",\"nextPageToken\":");
		message_write(out, rule->cap_token);
	}
	text_add(out, "}");
}

int report_write(const struct report *report, struct text *out, size_t *ret_points) {
	struct points points;
	int r = points_collect(report, &points);

	if (r < 0) {
		return r;
	}
	points_bend(&points, report);
	envelope_write(out, &points, report);
	*ret_points = report->rule->null_array || report->rule->error_true ? 0 : points.count;
	free(points.all);
	return 0;
}
