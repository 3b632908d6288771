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
