// SPDX-License-Identifier: ISC

#include "sink/format.h"

#include "base/utc.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

const struct log_codec *log_codec_of(enum log_format format) {
	return &log_codecs[format];
}

const struct log_codec *log_codec_of_suffix(const char *text) {
	for (const struct log_codec *codec = log_codecs; codec->extension && text[0] == '.'; codec++) {
		size_t len = strlen(codec->extension);
		if (strncmp(text + 1, codec->extension, len) == 0 && !isalnum((unsigned char)text[1 + len])) {
			return codec;
		}
	}
	return NULL;
}

/* Behind the first dot: "ndjson", "csv.gz", and what other programs make of them: "ndjson-20261123". */
const struct log_codec *log_codec_of_name(const char *name) {
	const char *dot = strchr(name, '.');
	return dot ? log_codec_of_suffix(dot) : NULL;
}

void format_utc(struct buf *out, usec_t instant) {
	char text[UTC_STRING_SIZE];
	buf_puts(out, utc_format(text, instant));
}

void format_local(struct buf *out, usec_t instant, const struct zone *zone) {
	char text[UTC_STRING_SIZE];
	struct zone_period period;

	zone_period_at(zone, instant, &period);
	buf_puts(out, utc_format_offset(text, instant, period.offset_s));
}

/* Reading back */

/* As a string of its own; false if it is missing, or too long for any that was written. */
static bool copy(char *out, size_t size, const struct slice *field) {
	if (!field->text || field->len >= size) {
		return false;
	}
	memcpy(out, field->text, field->len);
	out[field->len] = '\0';
	return true;
}

/* Nothing else is in a UUID with its facet; and a checkpoint would not take it. */
static bool is_uuid(const char *text) {
	for (const char *at = text; *at; at++) {
		if (!isalnum((unsigned char)*at) && !strchr("-_.", *at)) {
			return false;
		}
	}
	return text[0] != '\0';
}

static bool make_time(const struct slice *field, usec_t *ret) {
	char text[UTC_STRING_SIZE];
	return copy(text, sizeof(text), field) && utc_parse(text, false, ret) == 0;
}

static bool make_int(const struct slice *field, int64_t *ret) {
	bool negative = field->len > 0 && field->text[0] == '-';
	int64_t n = 0;

	for (size_t i = negative; i < field->len; i++) {
		int digit = field->text[i] - '0';
		if (digit < 0 || digit > 9 || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_sub_overflow(n, digit, &n)) {
			return false;
		}
	}
	/* Summed up below zero, where there is one number more. */
	if (field->len <= negative || (!negative && n == INT64_MIN)) {
		return false;
	}
	*ret = negative ? n : -n;
	return true;
}

int log_entry_make(const struct slice fields[static FIELD_COUNT_OF], struct log_entry *ret) {
	char status[16], interval[16];
	struct log_entry entry = {0};
	int64_t revision;

	if (!make_time(&fields[FIELD_TIME], &entry.start) || !make_time(&fields[FIELD_END], &entry.end) ||
	    entry.end <= entry.start || !copy(entry.uuid, sizeof(entry.uuid), &fields[FIELD_DEVICE]) ||
	    !is_uuid(entry.uuid) || !copy(interval, sizeof(interval), &fields[FIELD_INTERVAL]) ||
	    interval_parse(interval, &entry.interval) < 0 ||
	    !copy(status, sizeof(status), &fields[FIELD_STATUS]) ||
	    record_status_parse(status, &entry.status) < 0 ||
	    !make_int(&fields[FIELD_REVISION], &revision) || revision < 0 || revision > UINT16_MAX ||
	    (entry.status == RECORD_OK && !make_int(&fields[FIELD_COUNT], &entry.count))) {
		return -EBADMSG;
	}
	entry.revision = (int)revision;
	*ret = entry;
	return 0;
}
