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

void format_read_time(const char *text, usec_t *ret) {
	if (!text || utc_parse(text, false, ret) < 0) {
		*ret = USEC_INFINITY;
	}
}

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
static bool is_uuid(const struct slice *field) {
	static const bool fits[256] = {
		['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
		['-'] = true, ['_'] = true, ['.'] = true,
	};
	bool all_fit = field->len > 0;
	for (size_t i = 0; i < field->len; i++) {
		all_fit &= fits[(unsigned char)field->text[i]];
	}
	return all_fit;
}

static bool make_time(const struct slice *field, usec_t *ret) {
	char text[UTC_STRING_SIZE];
	if (field->text && field->len == UTC_PLAIN && utc_parse_plain(field->text, ret) == 0) {
		return true;
	}
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

/* What stands behind a time: "-07:00". */
static int32_t offset_of(const struct slice *field) {
	enum { LEN = 6 };
	if (!field->text || field->len < LEN) {
		return OFFSET_UNKNOWN;
	}
	const char *text = field->text + field->len - LEN;
	if ((text[0] != '+' && text[0] != '-') || !isdigit((unsigned char)text[1]) || !isdigit((unsigned char)text[2]) ||
	    text[3] != ':' || !isdigit((unsigned char)text[4]) || !isdigit((unsigned char)text[5])) {
		return OFFSET_UNKNOWN;
	}
	if (text[4] > '5' || (text[1] - '0') * 10 + text[2] - '0' > 18) {
		return OFFSET_UNKNOWN;
	}
	int32_t offset = (((text[1] - '0') * 10 + text[2] - '0') * 60 + (text[4] - '0') * 10 + text[5] - '0') * 60;
	return text[0] == '-' ? -offset : offset;
}

int log_entry_make(const struct slice fields[static FIELD_COUNT_OF], struct log_entry *ret) {
	int64_t revision, previous;

	ret->count = 0;
	if (!make_time(&fields[FIELD_TIME], &ret->start) || !make_time(&fields[FIELD_END], &ret->end) ||
	    ret->end <= ret->start || !copy(ret->uuid, sizeof(ret->uuid), &fields[FIELD_DEVICE]) ||
	    !is_uuid(&fields[FIELD_DEVICE]) || !fields[FIELD_INTERVAL].text ||
	    interval_parse(fields[FIELD_INTERVAL].text, fields[FIELD_INTERVAL].len, &ret->interval) < 0 ||
	    !fields[FIELD_STATUS].text ||
	    record_status_parse(fields[FIELD_STATUS].text, fields[FIELD_STATUS].len, &ret->status) < 0 ||
	    !make_int(&fields[FIELD_REVISION], &revision) || revision < 0 || revision > UINT16_MAX ||
	    (ret->status == RECORD_OK && !make_int(&fields[FIELD_COUNT], &ret->count))) {
		return -EBADMSG;
	}
	ret->revision = (int)revision;
	ret->has_previous = revision > 0 && make_int(&fields[FIELD_PREVIOUS], &previous);
	ret->name = fields[FIELD_NAME];
	ret->offset_s = offset_of(&fields[FIELD_LOCAL_TIME]);
	return 0;
}
