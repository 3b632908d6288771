// SPDX-License-Identifier: ISC

#include "sink/echo.h"

#include "base/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Sixteen bytes at a time, by whatever the processor has for that. */
typedef unsigned char vector __attribute__((vector_size(16)));

enum {
	VECTOR = sizeof(vector),
	COUNT_DIGITS = 9, /* no sum of them overflows */
	LOCAL = sizeof("0000-00-00T00:00:00") - 1,
};

/* Added to what is left of a byte when the expected one is taken away: the high bit says that too much is. */
enum { CARRY_IF_OTHER = 0x7f, CARRY_IF_NO_DIGIT = 0x76 };

#define TIME_FORM "0000-00-00T00:00:00Z"

/* Learning */

/* A time, whatever it is. */
static void put_time_form(struct buf *form, struct buf *carries, size_t len) {
	for (size_t i = 0; i < len; i++) {
		buf_putc(carries, TIME_FORM[i] == '0' ? CARRY_IF_NO_DIGIT : CARRY_IF_OTHER);
	}
	buf_append(form, TIME_FORM, len);
}

static void put_same(struct buf *form, struct buf *carries, const char *text, size_t len) {
	buf_append(form, text, len);
	for (size_t i = 0; i < len; i++) {
		buf_putc(carries, CARRY_IF_OTHER);
	}
}

static void put_text(struct buf *form, struct buf *carries, const char *text) {
	put_same(form, carries, text, strlen(text));
}

static void put_offset(struct buf *form, struct buf *carries, int32_t offset_s) {
	unsigned minutes = (unsigned)abs(offset_s) / 60, hours = minutes / 60;
	minutes %= 60;
	const char text[] = {offset_s < 0 ? '-' : '+', (char)('0' + hours / 10), (char)('0' + hours % 10), ':',
	                     (char)('0' + minutes / 10), (char)('0' + minutes % 10), '"', '\0'};
	put_text(form, carries, text);
}

/* What the line would begin with, had it been written here.  Returns where the count is left out. */
static size_t put_form(struct buf *form, struct buf *carries, const struct log_entry *entry) {
	put_text(form, carries, "{\"time\":\"");
	put_time_form(form, carries, UTC_PLAIN);
	put_text(form, carries, "\",\"name\":\"");
	put_same(form, carries, entry->name.text, entry->name.len);
	put_text(form, carries, "\",\"count\":");
	size_t count_at = form->len;
	put_text(form, carries, entry->status == RECORD_OK ? ",\"status\":\"" : "null,\"status\":\"");
	put_text(form, carries, record_status_name(entry->status));
	put_text(form, carries, "\",\"interval\":\"");
	put_text(form, carries, interval_name(entry->interval));
	put_text(form, carries, "\",\"device\":\"");
	put_text(form, carries, entry->uuid);
	put_text(form, carries, "\",\"revision\":0,\"end\":\"");
	put_time_form(form, carries, UTC_PLAIN);
	put_text(form, carries, "\",\"local_time\":\"");
	put_time_form(form, carries, LOCAL);
	put_offset(form, carries, entry->offset_s);
	return count_at;
}

int echo_learn(struct echo *echo, const char *line, const struct log_entry *entry) {
	struct buf form, carries;
	int r = 0;

	echo->len = 0;
	if (line[0] != '{' || !entry->name.text || entry->revision > 0 || entry->status == RECORD_GAP ||
	    entry->offset_s == OFFSET_UNKNOWN) {
		return 0;
	}
	buf_init(&form, BUF_ANY);
	buf_init(&carries, BUF_ANY);
	echo->count_at = put_form(&form, &carries, entry);
	size_t len = form.len;
	if (buf_error(&form) == 0 && buf_error(&carries) == 0) {
		buf_append(&form, carries.data, carries.len);
	}
	unsigned char *grown = buf_error(&form) == 0 && form.len == 2 * len ? realloc(echo->form, form.len) : NULL;
	if (grown) {
		memcpy(grown, form.data, form.len);
		echo->form = grown;
		echo->len = len;
		echo->entry = *entry;
	} else {
		r = -ENOMEM;
	}
	buf_done(&form);
	buf_done(&carries);
	return r;
}

void echo_done(struct echo *echo) {
	free(echo->form);
	*echo = (struct echo){.len = 0};
}

/* Hearing */

/* The high bit of each byte that is not what it should be. */
static inline vector differences(const char *text, const unsigned char *form, const unsigned char *carry) {
	vector bytes, expected, carries;
	memcpy(&bytes, text, VECTOR);
	memcpy(&expected, form, VECTOR);
	memcpy(&carries, carry, VECTOR);
	bytes ^= expected;
	return bytes | (bytes + carries);
}

/* A stretch of the form, which is longer than a vector; the last one overlaps the one before. */
static inline vector differ(const char *text, const struct echo *echo, size_t from, size_t to) {
	const unsigned char *form = echo->form, *carry = echo->form + echo->len;
	size_t at = from;
	vector all = {0};

	text -= from;
	for (; at + VECTOR < to; at += VECTOR) {
		all |= differences(text + at, form + at, carry + at);
	}
	at = to - VECTOR;
	return all | differences(text + at, form + at, carry + at);
}

static inline bool any(vector bytes) {
	uint64_t halves[2];
	memcpy(halves, &bytes, sizeof(halves));
	return ((halves[0] | halves[1]) & 0x8080808080808080) != 0;
}

static inline bool is_same_time(const char *a, const char *b) {
	uint64_t left[3] = {0}, right[3] = {0};
	memcpy(left, a, UTC_PLAIN);
	memcpy(right, b, UTC_PLAIN);
	return ((left[0] ^ right[0]) | (left[1] ^ right[1]) | (left[2] ^ right[2])) == 0;
}

static inline bool hear_time(struct heard_time *heard, const char *text, usec_t *ret) {
	if (!is_same_time(heard->text, text)) {
		if (utc_parse_plain(text, &heard->time) < 0) {
			heard->text[0] = '\0';
			return false;
		}
		memcpy(heard->text, text, UTC_PLAIN);
	}
	*ret = heard->time;
	return true;
}

/* Digits.  Returns how many. */
static inline size_t hear_count(const char *text, int64_t *ret) {
	unsigned count = 0;
	size_t len = 0;
	for (; len < COUNT_DIGITS && scan_is_digit(text[len]); len++) {
		count = count * 10 + (unsigned)(text[len] - '0');
	}
	*ret = count;
	return len;
}

bool echo_hear(struct echo *echo, struct heard_times *times, const char *line, size_t len) {
	enum {
		TIME_AT = sizeof("{\"time\":\"") - 1,
		NAME_AT = TIME_AT + UTC_PLAIN + sizeof("\",\"name\":\"") - 1,
		END_BEHIND = UTC_PLAIN + sizeof("\",\"local_time\":\"") - 1 + LOCAL + sizeof("+00:00\"") - 1,
	};
	struct log_entry *entry = &echo->entry;
	int64_t count = 0;
	size_t digits = 0;
	usec_t start, end;

	/* The form and its count, and a byte more for what ends that. */
	if (echo->len == 0 || len < echo->len + COUNT_DIGITS + 1) {
		return false;
	}
	vector different = differ(line, echo, 0, echo->count_at);
	if (entry->status == RECORD_OK) {
		digits = hear_count(line + echo->count_at, &count);
		if (digits == 0) {
			return false;
		}
	}
	different |= differ(line + echo->count_at + digits, echo, echo->count_at, echo->len);
	if (any(different) || line[len - 2] != '}' || !hear_time(&times->start, line + TIME_AT, &start) ||
	    !hear_time(&times->end, line + echo->len + digits - END_BEHIND, &end) || end <= start) {
		return false;
	}
	entry->start = start;
	entry->end = end;
	entry->count = count;
	entry->name.text = line + NAME_AT;
	return true;
}
