// SPDX-License-Identifier: ISC

#include "base/utc.h"

#include "base/scan.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	DAYS_PER_ERA = 146097,   /* 400 years: after them everything repeats */
	DAYS_BEFORE_1970 = 719468, /* from 0000-03-01 */
	DAYS_TO_1970 = 719528,
	SEC_PER_MIN = 60,
};

static int64_t floor_div(int64_t number, int64_t by) {
	return number / by - (number % by < 0);
}

/*
 * Howard Hinnant's days_from_civil: the year is taken to begin in March, so
 * that the leap day is its last and the months before it have a fixed rhythm.
 */
int64_t utc_days(int64_t year, int month, int day) {
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = floor_div(y, 400);
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_1970;
}

/* The reverse. */
static void split_days(int64_t days, struct civil *ret) {
	int64_t since = days + DAYS_BEFORE_1970;
	int64_t era = floor_div(since, DAYS_PER_ERA);
	int64_t day_of_era = since - era * DAYS_PER_ERA;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t march_month = (5 * day_of_year + 2) / 153;

	ret->day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
	ret->month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
	ret->year = year_of_era + era * 400 + (ret->month <= 2);
}

int64_t utc_date(usec_t local) {
	return floor_div(local, USEC_PER_DAY);
}

int utc_weekday(int64_t date) {
	/* 1970-01-01 was a Thursday. */
	return (int)((date % 7 + 3 + 7) % 7);
}

void utc_split(usec_t instant, struct civil *ret) {
	int64_t days = utc_date(instant);
	/* Counted from the remainder: days * USEC_PER_DAY can fall below usec_t. */
	usec_t rest = instant % USEC_PER_DAY;
	if (rest < 0) {
		rest += USEC_PER_DAY;
	}

	split_days(days, ret);
	ret->hour = (int)(rest / USEC_PER_HOUR);
	ret->minute = (int)(rest / USEC_PER_MIN % 60);
	ret->second = (int)(rest / USEC_PER_SEC % 60);
	ret->usec = (int)(rest % USEC_PER_SEC);
}

usec_t utc_join(const struct civil *civil) {
	return utc_days(civil->year, civil->month, civil->day) * USEC_PER_DAY + civil->hour * USEC_PER_HOUR +
	       civil->minute * USEC_PER_MIN + civil->second * USEC_PER_SEC + civil->usec;
}

/* By hand, because every record has several times in it.  Each returns where it ended. */

static char *put_number(char *at, int64_t number, int digits) {
	for (int i = digits; i-- > 0; number /= 10) {
		at[i] = (char)('0' + number % 10);
	}
	return at + digits;
}

static char *put_two(char *at, char before, int number) {
	at[0] = before;
	at[1] = (char)('0' + number / 10);
	at[2] = (char)('0' + number % 10);
	return at + 3;
}

/* Four digits, or as many as it has. */
static char *put_year(char *at, int64_t year) {
	int64_t magnitude = year < 0 ? -year : year;
	int digits = 4;
	for (int64_t rest = magnitude / 10000; rest > 0; rest /= 10) {
		digits++;
	}
	if (year < 0) {
		*at++ = '-';
	}
	return put_number(at, magnitude, digits);
}

static char *put_fields(char *at, usec_t instant) {
	struct civil civil;
	utc_split(instant, &civil);

	at = put_year(at, civil.year);
	at = put_two(at, '-', civil.month);
	at = put_two(at, '-', civil.day);
	at = put_two(at, 'T', civil.hour);
	at = put_two(at, ':', civil.minute);
	at = put_two(at, ':', civil.second);
	if (civil.usec >= USEC_PER_MSEC) {
		*at++ = '.';
		at = put_number(at, civil.usec / 1000, 3);
	}
	return at;
}

const char *utc_format(char buf[static UTC_STRING_SIZE], usec_t instant) {
	char *end = put_fields(buf, instant);
	end[0] = 'Z';
	end[1] = '\0';
	return buf;
}

const char *utc_format_offset(char buf[static UTC_STRING_SIZE], usec_t instant, int32_t offset_s) {
	/*
	 * RFC 3339 has no seconds in an offset.  Local mean times had: they are
	 * shown with the whole minutes, so that the text is the same instant.
	 */
	int32_t offset_min = offset_s / SEC_PER_MIN;
	usec_t local;
	if (__builtin_add_overflow(instant, offset_min * USEC_PER_MIN, &local)) {
		local = offset_s < 0 ? INT64_MIN : INT64_MAX;
	}

	char *end = put_fields(buf, local);
	end = put_two(end, offset_min < 0 ? '-' : '+', abs(offset_min) / 60);
	end = put_two(end, ':', abs(offset_min) % 60);
	*end = '\0';
	return buf;
}

static bool take_date(struct scan *in, struct civil *civil) {
	int year;
	if (!scan_digits(in, 4, &year) || !scan_char(in, '-') || !scan_digits(in, 2, &civil->month) ||
	    !scan_char(in, '-') || !scan_digits(in, 2, &civil->day)) {
		return false;
	}
	civil->year = year;
	if (civil->month < 1 || civil->month > 12 || civil->day < 1) {
		return false;
	}

	int64_t first = utc_days(year, civil->month, 1);
	int64_t next = civil->month == 12 ? utc_days(year + 1, 1, 1) : utc_days(year, civil->month + 1, 1);
	return civil->day <= next - first;
}

/* Digits beyond the microsecond are read and dropped. */
static bool take_fraction(struct scan *in, int *ret_usec) {
	int usec = 0;
	int scale = (int)USEC_PER_SEC / 10;

	if (!scan_is_digit(scan_peek(in))) {
		return false;
	}
	for (; scan_is_digit(scan_peek(in)); in->at++) {
		usec += (*in->at - '0') * scale;
		scale /= 10;
	}
	*ret_usec = usec;
	return true;
}

static bool take_seconds(struct scan *in, struct civil *civil) {
	return scan_digits(in, 2, &civil->second) &&
	       (!scan_char(in, '.') || take_fraction(in, &civil->usec));
}

static bool take_time(struct scan *in, bool lenient, struct civil *civil) {
	if (!scan_digits(in, 2, &civil->hour) || !scan_char(in, ':') ||
	    !scan_digits(in, 2, &civil->minute)) {
		return false;
	}
	if (scan_char(in, ':') ? !take_seconds(in, civil) : !lenient) {
		return false;
	}
	return civil->hour < 24 && civil->minute < 60 && civil->second <= 60;
}

static bool take_zone(struct scan *in, bool lenient, usec_t *ret_offset) {
	int hours, minutes;
	char sign = scan_peek(in);

	*ret_offset = 0;
	if (sign == '\0') {
		return lenient;
	}
	in->at++;
	if (sign == 'Z' || sign == 'z') {
		return true;
	}
	if ((sign != '+' && sign != '-') || !scan_digits(in, 2, &hours) || !scan_char(in, ':') ||
	    !scan_digits(in, 2, &minutes) || hours > 23 || minutes > 59) {
		return false;
	}

	usec_t offset = hours * USEC_PER_HOUR + minutes * USEC_PER_MIN;
	*ret_offset = sign == '-' ? -offset : offset;
	return true;
}

/* What has a year of four digits in UTC, too, so that it can be written again. */
#define FIRST (-INT64_C(62167219200) * USEC_PER_SEC)
#define LAST  (INT64_C(253402300800) * USEC_PER_SEC - 1)

int utc_parse(const char *text, bool lenient, usec_t *ret_instant) {
	struct scan in = {text, text + strlen(text)};
	struct civil civil = {0};
	usec_t offset;

	if (!take_date(&in, &civil) ||
	    !(scan_char(&in, 'T') || scan_char(&in, 't') || scan_char(&in, ' ')) ||
	    !take_time(&in, lenient, &civil) || !take_zone(&in, lenient, &offset) || in.at < in.end) {
		return -EINVAL;
	}

	usec_t instant = utc_join(&civil) - offset;
	if (instant < FIRST || instant > LAST) {
		return -EINVAL;
	}
	/* A leap second is read as the second after it; it can only be the last of a day in UTC. */
	if (civil.second == 60 && (instant - civil.usec) % USEC_PER_DAY != 0) {
		return -EINVAL;
	}
	*ret_instant = instant;
	return 0;
}

/* utc_days() for the years from 0 to 9999, with what is in a table. */
static int64_t days_of(unsigned year, unsigned month, unsigned day) {
	static const short before[13] = {0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	/* Leap days are counted from the year before, until this one's has come. */
	unsigned leaps = year - (month <= 2);
	return (int64_t)year * 365 + leaps / 4 - leaps / 100 + leaps / 400 + before[month] + day - DAYS_TO_1970;
}

static unsigned days_in(unsigned year, unsigned month) {
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return month == 2 ? 28U + leap : 30 + ((month + (month > 7)) & 1);
}

/*
 * Eight bytes at a time.  What is left of the text when the form, with a zero for each digit, has been
 * taken away: the digits' values, and zeros elsewhere; *bad is not zero if there is anything else.  For
 * that a number is added that carries into the eighth bit from 10 on, and from 1 on.
 */
static uint64_t take_form(const char *text, size_t len, const char *form, uint64_t carry, uint64_t *bad) {
	uint64_t left = 0, zeros = 0;
	memcpy(&left, text, len);
	memcpy(&zeros, form, len);
	left = le64toh(left ^ zeros);
	*bad |= ((left + carry) | left) & 0x8080808080808080;
	return left;
}

/* Of each digit and the next one the number, in the first one's byte. */
static uint64_t pair(uint64_t digits) {
	return digits * 10 + (digits >> 8);
}

static unsigned byte(uint64_t bytes, int at) {
	return (unsigned)(bytes >> (8 * at)) & 0xff;
}

int utc_parse_plain(const char text[static UTC_PLAIN], usec_t *ret_instant) {
	uint64_t bad = 0;
	uint64_t date = pair(take_form(text, 8, "0000-00-", 0x7f76767f76767676, &bad));
	uint64_t time = pair(take_form(text + 8, 8, "00T00:00", 0x76767f76767f7676, &bad));
	uint64_t rest = pair(take_form(text + 16, 4, ":00Z", 0x000000007f76767f, &bad));
	unsigned year = byte(date, 0) * 100 + byte(date, 2), month = byte(date, 5), day = byte(time, 0);
	unsigned hour = byte(time, 3), minute = byte(time, 6), second = byte(rest, 1);

	if (bad || year < 1 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 ||
	    (day > 28 && day > days_in(year, month))) {
		return -EINVAL;
	}
	*ret_instant = days_of(year, month, day) * USEC_PER_DAY + hour * USEC_PER_HOUR + minute * USEC_PER_MIN +
	               second * USEC_PER_SEC;
	return 0;
}
