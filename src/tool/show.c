// SPDX-License-Identifier: ISC

#include "tool/show.h"

#include "base/utc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdbool.h>

const char *show_range(char out[static SHOW_RANGE_SIZE], usec_t start, usec_t end) {
	struct civil from, to;
	utc_split(start, &from);
	utc_split(end, &to);

	int len = snprintf(out, SHOW_RANGE_SIZE, "%04" PRId64 "-%02d-%02d %02d:%02d", from.year, from.month, from.day,
	                   from.hour, from.minute);
	bool one_day = from.year == to.year && from.month == to.month && from.day == to.day;
	if (one_day) {
		(void)snprintf(out + len, SHOW_RANGE_SIZE - (size_t)len, "-%02d:%02dZ", to.hour, to.minute);
	} else {
		(void)snprintf(out + len, SHOW_RANGE_SIZE - (size_t)len, "Z to %04" PRId64 "-%02d-%02d %02d:%02dZ", to.year,
		               to.month, to.day, to.hour, to.minute);
	}
	return out;
}

const char *show_month(int month) {
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	return months[month - 1];
}

const char *show_date(char out[static SHOW_DATE_SIZE], usec_t instant) {
	struct civil civil;
	utc_split(instant, &civil);
	(void)snprintf(out, SHOW_DATE_SIZE, "%d %s %" PRId64, civil.day, show_month(civil.month), civil.year);
	return out;
}

const char *show_bytes(char out[static SHOW_BYTES_SIZE], int64_t bytes) {
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
	double size = (double)bytes;
	int unit = 0;
	while (size >= 999.5 && unit < 5) {
		size /= 1000;
		unit++;
	}
	(void)snprintf(out, SHOW_BYTES_SIZE, "%.*f %s", unit > 0 && size < 9.95, size, units[unit]);
	return out;
}

struct span_unit {
	usec_t length;
	const char *word, *letter;
};

/* In the two largest units of which there is any, cut. */
static const char *put_span(char out[static SHOW_SPAN_SIZE], usec_t span, bool brief) {
	static const struct span_unit units[] = {
		{USEC_PER_DAY, "d", "d"}, {USEC_PER_HOUR, "h", "h"}, {USEC_PER_MIN, "min", "m"}, {USEC_PER_SEC, "s", "s"}};
	const size_t count = sizeof(units) / sizeof(units[0]);
	size_t at = 0;
	int len;
	span = span < 0 ? 0 : span;
	while (at + 1 < count && span < units[at].length) {
		at++;
	}
	const struct span_unit *first = &units[at], *next = at + 1 < count ? &units[at + 1] : NULL;
	int64_t more = next ? span % first->length / next->length : 0;
	/* Seconds beside minutes are of no interest. */
	more = next && next->length == USEC_PER_SEC ? 0 : more;
	len = snprintf(out, SHOW_SPAN_SIZE, "%" PRId64 "%s%s", span / first->length, brief ? "" : " ",
	               brief ? first->letter : first->word);
	if (next && more > 0) {
		(void)snprintf(out + len, SHOW_SPAN_SIZE - (size_t)len, "%s%" PRId64 "%s%s", brief ? "" : " ", more,
		               brief ? "" : " ", brief ? next->letter : next->word);
	}
	return out;
}

const char *show_span(char out[static SHOW_SPAN_SIZE], usec_t span) {
	return put_span(out, span, false);
}

const char *show_age(char out[static SHOW_SPAN_SIZE], usec_t age) {
	return put_span(out, age, true);
}

size_t show_width(const char *text) {
	size_t width = 0;
	for (; *text; text++) {
		width += ((unsigned char)*text & 0xc0) != 0x80; /* not the rest of a character in UTF-8 */
	}
	return width;
}

void show_padded(struct buf *out, const char *text, size_t width, bool right) {
	size_t own = show_width(text);
	if (!right) {
		buf_puts(out, text);
	}
	for (; own < width; own++) {
		buf_putc(out, ' ');
	}
	if (right) {
		buf_puts(out, text);
	}
}
