// SPDX-License-Identifier: ISC

#include "calendar/posix_tz.h"

#include "base/utc.h"

#include <ctype.h>
#include <errno.h>

enum { SECONDS_PER_DAY = 86400 };

/* Parsing.  Each reader moves *at past what it has read. */

static bool read_number(const char **at, int least, int most, int *ret) {
	int number = 0;
	if (!isdigit((unsigned char)**at)) {
		return false;
	}
	for (; isdigit((unsigned char)**at); ++*at) {
		number = number * 10 + (**at - '0');
		if (number > most) {
			return false;
		}
	}
	*ret = number;
	return number >= least;
}

static bool read_char(const char **at, char c) {
	if (**at != c) {
		return false;
	}
	++*at;
	return true;
}

/* "MST" or "<-03>" */
static bool skip_name(const char **at) {
	if (read_char(at, '<')) {
		while (isalnum((unsigned char)**at) || **at == '+' || **at == '-') {
			++*at;
		}
		return read_char(at, '>');
	}
	const char *begin = *at;
	while (isalpha((unsigned char)**at)) {
		++*at;
	}
	return *at - begin >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(const char **at, int most_hours, int32_t *ret) {
	int hours, minutes = 0, seconds = 0;
	bool negative = read_char(at, '-');
	if (!negative) {
		(void)read_char(at, '+');
	}
	if (!read_number(at, 0, most_hours, &hours)) {
		return false;
	}
	if (read_char(at, ':') && (!read_number(at, 0, 59, &minutes) ||
	                           (read_char(at, ':') && !read_number(at, 0, 59, &seconds)))) {
		return false;
	}
	int32_t time = hours * 3600 + minutes * 60 + seconds;
	*ret = negative ? -time : time;
	return true;
}

static bool read_date(const char **at, struct posix_tz_date *ret) {
	*ret = (struct posix_tz_date){.time_s = 2 * 3600};
	bool read;
	if (read_char(at, 'M')) {
		ret->kind = DATE_WEEKDAY;
		read = read_number(at, 1, 12, &ret->month) && read_char(at, '.') &&
		       read_number(at, 1, 5, &ret->week) && read_char(at, '.') &&
		       read_number(at, 0, 6, &ret->day);
	} else if (read_char(at, 'J')) {
		ret->kind = DATE_JULIAN;
		read = read_number(at, 1, 365, &ret->day);
	} else {
		ret->kind = DATE_DAY_OF_YEAR;
		read = read_number(at, 0, 365, &ret->day);
	}
	/* RFC 8536 widens POSIX's hours to a week either way. */
	return read && (!read_char(at, '/') || read_time(at, 167, &ret->time_s));
}

int posix_tz_parse(const char *text, struct posix_tz *ret) {
	struct posix_tz tz = {0};
	const char *at = text;
	int32_t west;

	/* POSIX counts offsets westwards. */
	if (!skip_name(&at) || !read_time(&at, 24, &west)) {
		return -EINVAL;
	}
	tz.standard_s = -west;
	if (*at != '\0') {
		tz.has_summer = true;
		tz.summer_s = tz.standard_s + 3600;
		if (!skip_name(&at)) {
			return -EINVAL;
		}
		if (*at != ',') {
			if (!read_time(&at, 24, &west)) {
				return -EINVAL;
			}
			tz.summer_s = -west;
		}
		if (!read_char(&at, ',') || !read_date(&at, &tz.summer_begins) || !read_char(&at, ',') ||
		    !read_date(&at, &tz.summer_ends) || *at != '\0') {
			return -EINVAL;
		}
	}
	*ret = tz;
	return 0;
}

/* Looking up */

static bool is_leap(int64_t year) {
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The day from 1970-01-01 that a date means in a year. */
static int64_t day_of(const struct posix_tz_date *date, int64_t year) {
	int64_t new_year = utc_days(year, 1, 1);
	if (date->kind == DATE_DAY_OF_YEAR) {
		return new_year + date->day;
	}
	if (date->kind == DATE_JULIAN) {
		return new_year + date->day - 1 + (is_leap(year) && date->day >= 60);
	}

	int64_t first = utc_days(year, date->month, 1);
	int64_t next = date->month == 12 ? utc_days(year + 1, 1, 1) : utc_days(year, date->month + 1, 1);
	/* 1970-01-01 was a Thursday. */
	int64_t weekday = ((first + 4) % 7 + 7) % 7;
	int64_t day = first + (date->day - weekday + 7) % 7 + (date->week - 1) * 7;
	return day < next ? day : day - 7;
}

static usec_t change_at(const struct posix_tz_date *date, int64_t year, int32_t offset_before_s) {
	int64_t second = day_of(date, year) * SECONDS_PER_DAY + date->time_s - offset_before_s;
	return second * USEC_PER_SEC;
}

/*
 * The last change at or before the instant and the first after it, out of those
 * of a few years.  A change may lie a week outside of its year, so the
 * neighbours are looked at too.  Of two changes at one instant (summer all year:
 * each end is a beginning) the period between them has no length, and the
 * offset of the one that begins summer stands.
 */
void posix_tz_period_at(const struct posix_tz *tz, usec_t instant, struct zone_period *ret) {
	*ret = (struct zone_period){INT64_MIN, USEC_INFINITY, tz->standard_s};
	if (!tz->has_summer) {
		return;
	}

	struct civil civil;
	utc_split(instant, &civil);
	for (int64_t year = civil.year - 2; year <= civil.year + 2; year++) {
		const struct {
			usec_t at;
			int32_t offset_s;
		} changes[] = {
			{change_at(&tz->summer_ends, year, tz->summer_s), tz->standard_s},
			{change_at(&tz->summer_begins, year, tz->standard_s), tz->summer_s},
		};
		for (int i = 0; i < 2; i++) {
			if (changes[i].at <= instant && changes[i].at >= ret->start) {
				ret->start = changes[i].at;
				ret->offset_s = changes[i].offset_s;
			} else if (changes[i].at > instant && changes[i].at < ret->end) {
				ret->end = changes[i].at;
			}
		}
	}
}
