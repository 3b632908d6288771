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

const char *show_date(char out[static SHOW_DATE_SIZE], usec_t instant) {
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct civil civil;
	utc_split(instant, &civil);
	(void)snprintf(out, SHOW_DATE_SIZE, "%d %s %" PRId64, civil.day, months[civil.month - 1], civil.year);
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
