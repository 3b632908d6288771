// SPDX-License-Identifier: ISC

#include "sink/format.h"

#include "base/utc.h"
#include "sink/csv.h"
#include "sink/ndjson.h"

static const struct log_writer writers[] = {
	[LOG_FORMAT_NDJSON] = {"ndjson", "", ndjson_format},
	[LOG_FORMAT_CSV] = {"csv", CSV_HEADER, csv_format},
};

const struct log_writer *log_writer_of(enum log_format format) {
	return &writers[format];
}

/* No printf here nor in the formats: a backlog is written as fast as it is read. */
void format_int(struct buf *out, int64_t n) {
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (n < 0) {
		digits[--at] = '-';
	}
	buf_append(out, digits + at, sizeof(digits) - at);
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

size_t format_utf8_len(const char *text, size_t len) {
	/* By the first byte: how long, and what the second byte may be (RFC 3629). */
	static const struct {
		unsigned char first, last;
		unsigned char len;
		unsigned char second_first, second_last;
	} forms[] = {
		{0x00, 0x7f, 1, 0x00, 0x00}, {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
		{0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
		{0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
	};
	const unsigned char *bytes = (const unsigned char *)text;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (bytes[0] < forms[i].first || bytes[0] > forms[i].last) {
			continue;
		}
		size_t n = forms[i].len;
		if (n > len || (n > 1 && (bytes[1] < forms[i].second_first ||
		                          bytes[1] > forms[i].second_last))) {
			return 0;
		}
		for (size_t k = 2; k < n; k++) {
			if ((bytes[k] & 0xc0) != 0x80) {
				return 0;
			}
		}
		return n;
	}
	return 0;
}

bool format_is_control(const char *text, size_t char_len) {
	unsigned char first = (unsigned char)text[0];

	if (char_len == 1) {
		return first < 0x20 || first == 0x7f;
	}
	return char_len == 2 && first == 0xc2 && (unsigned char)text[1] < 0xa0;
}
