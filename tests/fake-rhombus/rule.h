// SPDX-License-Identifier: ISC

/*
 * rule: one fault: which requests it meets, and what it does to their replies.
 *
 * README.md holds the table of all keys. A rule is read from a JSON object; a key that is not
 * known, or a value that does not fit, makes the whole rule an error.
 */

#ifndef FAKE_RHOMBUS_RULE_H
#define FAKE_RHOMBUS_RULE_H

#include "text.h"

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/** The fields of a report and of its points, as bits of null_fields and omit_fields. */
enum field {
	FIELD_TIMESTAMP,
	FIELD_EVENT_COUNT,
	FIELD_APPROXIMATE,
	FIELD_REPORTING,
	FIELD_DATE_LOCAL,
	FIELD_DATE_UTC,
	POINT_FIELDS,
	FIELD_ERROR = POINT_FIELDS,
	FIELD_ERROR_MSG,
	FIELD_WARNING_MSG,
	FIELD_POINTS,
	FIELDS,
};

/** "timestampMs" and so on, by field. */
extern const char *const field_names[FIELDS];

enum numbers { NUMBERS_PLAIN, NUMBERS_FLOAT, NUMBERS_STRING };
enum stamps { STAMPS_START, STAMPS_MIDDLE, STAMPS_END, STAMPS_SECONDS, STAMPS_MICROSECONDS, STAMPS_TEXT };
enum reset { RESET_NO, RESET_ABORT, RESET_CLOSE };
enum gzip { GZIP_AS_ALWAYS, GZIP_NEVER, GZIP_IF_ACCEPTED, GZIP_FORCED };

/** Strings belong to `source`; those that are not given are NULL. */
struct rule {
	struct json_object *source;
	uint32_t purposes; /* bits of enum purpose */

	/* Which requests it meets. */
	const char *device, *key, *path, *interval;
	int64_t from_ms, to_ms;
	int64_t after_ms, for_ms;
	int64_t min_span_ms, max_span_ms;
	int64_t holds_ms; /* INT64_MIN: not asked */
	int64_t skip, times;

	/* Replies that take the place of the real one. */
	int64_t status; /* 0: the one that fits */
	const char *body, *html, *redirect;
	int64_t garbage, nested;
	bool hang;
	enum reset reset;

	/* What happens to any reply. */
	struct json_object *headers;
	const char *content_type, *retry_after;
	int64_t delay_ms, trickle_ms;
	int64_t cut; /* -1: whole */
	int64_t oversize_bytes;
	enum gzip gzip;
	bool byte_order_mark;
	int64_t gzip_members, gzip_padding;

	/* What happens to a report. */
	const char *error_true, *warning;
	uint32_t null_fields, omit_fields;
	bool empty, null_array;
	bool shuffle, duplicate, extra_points;
	const char *report_interval, *report_zone; /* what it is of, in the place of what was asked */
	int64_t sparse;                            /* permille of points that are left out */
	int64_t cap;                               /* points at most; -1: all */
	const char *cap_warning, *cap_token;       /* what is said when there are more */
	bool cap_newest;
	enum stamps stamps;

	/* What happens to those of its points that start in [points_from_ms, points_to_ms). */
	int64_t points_from_ms, points_to_ms;
	bool omit_points, no_timestamp;
	enum numbers numbers;
	const char *count_map, *count_key; /* as JSON */
	int64_t event_count_key;           /* -1: none */
	int64_t delta;

	/* Its history. */
	int64_t installed_us;
	int64_t matched; /* requests that fit */
	int64_t hits;    /* requests it was applied to */
};

/** What the keys of a rule are for. */
enum purpose {
	PURPOSE_MATCH = 1,  /* choose requests */
	PURPOSE_REPLY = 2,  /* change any reply */
	PURPOSE_REPORT = 4, /* change a report */
};

/** The rule that changes nothing. */
extern const struct rule rule_plain;

/** Reads one rule, which holds a reference on `source` until rule_done. */
int rule_read(struct rule *rule, struct json_object *source, struct why *why)
	__attribute__((warn_unused_result));

void rule_done(struct rule *rule);

/** Does it only change reports? Then it leaves all other requests alone, and uncounted. */
bool rule_is_for_reports(const struct rule *rule);

#endif
