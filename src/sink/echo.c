// SPDX-License-Identifier: ISC

#include "sink/echo.h"

#include "base/scan.h"
#include "sink/ndjson.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Sixteen bytes at a time, by whatever the processor has for that. */
typedef unsigned char vector __attribute__((vector_size(16)));

enum {
	VECTOR = (int)sizeof(vector),
	COUNT = 8, /* bytes that are looked at */
	LOCAL = sizeof("0000-00-00T00:00:00") - 1,
};

#define TIME_FORM  "0000-00-00T00:00:00Z"
#define TIME_BEFORE "{\"time\":\""
#define NAME_BEFORE "\",\"name\":\""
#define LOCAL_BEFORE "\",\"local_time\":\""

enum {
	TIME_AT = sizeof(TIME_BEFORE) - 1,
	NAME_AT = TIME_AT + UTC_PLAIN + sizeof(NAME_BEFORE) - 1,
	TIMES_AT_FRONT = 2 * VECTOR, /* no digit of the time is behind that */
	/* From the end's time on. */
	LOCAL_AT = UTC_PLAIN + sizeof(LOCAL_BEFORE) - 1,
	TIMES_BEHIND = LOCAL_AT + LOCAL + sizeof("+00:00\"") - 1,
};

/*
 * Added to what is left of a byte when the expected one is taken away: the high bit says that too much is.  Where the form
 * has a digit of a time, another digit may stand.
 */
#define OTHER 0x7f
#define DIGIT 0x76
#define DATE_AND_TIME                                                                                            \
	DIGIT, DIGIT, DIGIT, DIGIT, OTHER, DIGIT, DIGIT, OTHER, DIGIT, DIGIT, OTHER, DIGIT, DIGIT, OTHER, DIGIT, DIGIT, \
	OTHER, DIGIT, DIGIT, OTHER

static const unsigned char front_carries[TIMES_AT_FRONT] = {
	[0 ... TIME_AT - 1] = OTHER,
	[TIME_AT] = DATE_AND_TIME,
	[TIME_AT + UTC_PLAIN ... TIMES_AT_FRONT - 1] = OTHER,
};
static const unsigned char behind_carries[TIMES_BEHIND] = {
	DATE_AND_TIME,
	[UTC_PLAIN ... LOCAL_AT - 1] = OTHER,
	[LOCAL_AT] = DATE_AND_TIME,
	[LOCAL_AT + UTC_PLAIN ... TIMES_BEHIND - 1] = OTHER,
};

/* Learning */

static void put_offset(struct buf *form, int32_t offset_s) {
	unsigned minutes = (unsigned)abs(offset_s) / 60, hours = minutes / 60;
	minutes %= 60;
	buf_putc(form, offset_s < 0 ? '-' : '+');
	buf_putc(form, (char)('0' + hours / 10));
	buf_putc(form, (char)('0' + hours % 10));
	buf_putc(form, ':');
	buf_putc(form, (char)('0' + minutes / 10));
	buf_putc(form, (char)('0' + minutes % 10));
	buf_putc(form, '"');
}

/* What the line would begin with, had it been written here.  Returns where the count is left out. */
static size_t put_form(struct buf *form, const struct log_entry *entry) {
	buf_puts(form, TIME_BEFORE TIME_FORM NAME_BEFORE);
	buf_append(form, entry->name.text, entry->name.len);
	buf_puts(form, "\",\"count\":");
	size_t count_at = form->len;
	buf_puts(form, entry->status == RECORD_OK ? ",\"status\":\"" : "null,\"status\":\"");
	buf_puts(form, record_status_name(entry->status));
	buf_puts(form, "\",\"interval\":\"");
	buf_puts(form, interval_name(entry->interval));
	buf_puts(form, "\",\"device\":\"");
	buf_puts(form, entry->uuid);
	buf_puts(form, "\",\"revision\":0,\"end\":\"" TIME_FORM LOCAL_BEFORE);
	buf_append(form, TIME_FORM, LOCAL);
	put_offset(form, entry->offset_s);
	return count_at;
}

int echo_learn(struct echo *echo, const char *line, const struct log_entry *entry) {
	struct buf form;

	echo->len = 0;
	if (line[0] != '{' || !entry->name.text || entry->revision > 0 || entry->status == RECORD_GAP ||
	    entry->offset_s == OFFSET_UNKNOWN) {
		return 0;
	}
	buf_init(&form, BUF_ANY);
	echo->count_at = put_form(&form, entry);
	char *grown = buf_error(&form) == 0 ? realloc(echo->form, form.len) : NULL;
	if (grown) {
		memcpy(grown, form.data, form.len);
		echo->form = grown;
		echo->len = form.len;
		echo->entry = *entry;
	}
	buf_done(&form);
	return grown ? 0 : -ENOMEM;
}

void echo_done(struct echo *echo) {
	free(echo->form);
	*echo = (struct echo){.len = 0};
}

/* Hearing */

/* A macro, for a function that returns a vector is another one on i386 with SSE than without. */
#define LOAD(bytes) \
	({ \
		vector loaded; \
		memcpy(&loaded, (bytes), VECTOR); \
		loaded; \
	})

/* Ors together what differs of a stretch that is longer than a vector; the last one overlaps the one before. */
static inline void differ(vector *all, const char *text, const char *form, size_t len) {
	*all |= (LOAD(text + len - VECTOR) ^ LOAD(form + len - VECTOR)) | (LOAD(text) ^ LOAD(form));
	for (size_t at = VECTOR; at + VECTOR < len; at += VECTOR) {
		*all |= LOAD(text + at) ^ LOAD(form + at);
	}
}

/* The same with times in it: the high bits say what differs too much. */
static inline void differ_by_carry(vector *all, const char *text, const char *form, const unsigned char *carries, size_t len) {
	vector left = LOAD(text + len - VECTOR) ^ LOAD(form + len - VECTOR);
	*all |= left | (left + LOAD(carries + len - VECTOR));
	for (size_t at = 0; at + VECTOR < len; at += VECTOR) {
		left = LOAD(text + at) ^ LOAD(form + at);
		*all |= left | (left + LOAD(carries + at));
	}
}

static inline bool any(const vector *bytes, const vector *high_bits) {
	uint64_t halves[4];
	memcpy(halves, bytes, VECTOR);
	memcpy(halves + 2, high_bits, VECTOR);
	return (halves[0] | halves[1] | ((halves[2] | halves[3]) & 0x8080808080808080)) != 0;
}

static inline uint64_t eight(const char *at) {
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

static inline bool is_same_time(const char *a, const char *b) {
	enum { LAST = UTC_PLAIN - 8 };
	return ((eight(a) ^ eight(b)) | (eight(a + 8) ^ eight(b + 8)) | (eight(a + LAST) ^ eight(b + LAST))) == 0;
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

/*
 * Up to six digits; 7: there may be more.  Returns how many.  Without a branch, for how many there are is hard to foretell.
 */
static inline size_t hear_count(const char *text, int64_t *ret) {
	uint64_t digits = le64toh(eight(text)) ^ 0x3030303030303030;
	uint64_t others = (digits | ((digits & 0x7f7f7f7f7f7f7f7f) + 0x7676767676767676)) & 0x8080808080808080;
	unsigned len = (unsigned)__builtin_ctzll(others | UINT64_C(1) << 63) / 8;

	/* The digits behind as many zeros as there are others; then of two, four and eight the number. */
	digits = digits << 8 << (56 - 8 * len);
	digits = (digits * 10 + (digits >> 8)) & 0x00ff00ff00ff00ff;
	digits = (digits * 100 + (digits >> 16)) & 0x0000ffff0000ffff;
	*ret = (int64_t)((digits * 10000 + (digits >> 32)) & 0xffffffff);
	return len;
}

/* The whole line, which ends as a record does; 0 if it does not. */
static inline size_t whole_line(const char *text, size_t from, size_t len) {
	const char *newline = memchr(text + from, '\n', len - from);
	return newline && newline[-1] == '}' ? (size_t)(newline - text) + 1 : 0;
}

size_t echo_hear(struct echo *echo, struct heard_times *times, const char *text, size_t len) {
	struct log_entry *entry = &echo->entry;
	int64_t count = 0;
	size_t digits = 0;

	if (echo->len == 0 || len < echo->len + COUNT) {
		return 0;
	}
	if (entry->status == RECORD_OK) {
		digits = hear_count(text + echo->count_at, &count);
		if (digits == 0 || digits == COUNT - 1) {
			return 0;
		}
	}
	const char *status = text + echo->count_at + digits, *behind = text + echo->len + digits - TIMES_BEHIND;
	size_t status_len = echo->len - echo->count_at - TIMES_BEHIND;
	vector bytes = {0}, high_bits = {0};
	differ(&bytes, text + TIMES_AT_FRONT, echo->form + TIMES_AT_FRONT, echo->count_at - TIMES_AT_FRONT);
	differ(&bytes, status, echo->form + echo->count_at, status_len);
	differ_by_carry(&high_bits, text, echo->form, front_carries, TIMES_AT_FRONT);
	differ_by_carry(&high_bits, behind, echo->form + echo->len - TIMES_BEHIND, behind_carries, TIMES_BEHIND);
	usec_t start, end;
	if (any(&bytes, &high_bits) || !hear_time(&times->start, text + TIME_AT, &start) ||
	    !hear_time(&times->end, behind, &end) || end <= start) {
		return 0;
	}
	entry->start = start;
	entry->end = end;
	entry->count = count;
	entry->name.text = text + NAME_AT;
	entry->entry = 0;
	entry->account = (struct slice){0};
	size_t line_len = whole_line(text, echo->len + digits, len);
	if (line_len > 0 && scan_is_digit(text[line_len - 3])) {
		ndjson_find_entry(text, line_len, text + echo->len + digits, entry);
	}
	return line_len;
}
