// SPDX-License-Identifier: ISC

#include "calendar/rule.h"

#include "base/scan.h"
#include "base/utc.h"

#include <errno.h>

enum {
	SEC_PER_HOUR = 3600,
	SEC_PER_DAY = 86400,
	SEC_PER_YEAR = 31556952,    /* the mean of the Gregorian calendar */
	MAX_OFFSET_HOURS = 24,      /* of standard and daylight time */
	MAX_CHANGE_HOURS = 167,     /* a week, less an hour */
	DEFAULT_CHANGE_S = 2 * SEC_PER_HOUR,
	YEARS_PER_CYCLE = 400,      /* then dates and weekdays repeat */
};

static bool is_letter(char c) {
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "EST" or "<+0330>": three characters or more.  Nobody asks for the name. */
static bool take_name(struct scan *in) {
	bool quoted = scan_char(in, '<');
	int len = 0;

	for (char c; c = scan_peek(in), is_letter(c) || (quoted && (scan_is_digit(c) || c == '+' || c == '-')); in->at++) {
		len++;
	}
	return len >= 3 && (!quoted || scan_char(in, '>'));
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct scan *in, int max_hours, int32_t *ret_s) {
	int hours, minutes = 0, seconds = 0;
	bool minus = scan_char(in, '-');

	if (!minus) {
		(void)scan_char(in, '+');
	}
	if (!scan_number(in, 0, max_hours, &hours)) {
		return false;
	}
	if (scan_char(in, ':')) {
		if (!scan_number(in, 0, 59, &minutes)) {
			return false;
		}
		if (scan_char(in, ':') && !scan_number(in, 0, 59, &seconds)) {
			return false;
		}
	}

	int32_t time_s = hours * SEC_PER_HOUR + minutes * 60 + seconds;
	*ret_s = minus ? -time_s : time_s;
	return true;
}

/* POSIX counts offsets west of Greenwich; we count them east. */
static bool take_offset(struct scan *in, int32_t *ret_s) {
	int32_t west_s;
	if (!take_time(in, MAX_OFFSET_HOURS, &west_s)) {
		return false;
	}
	*ret_s = -west_s;
	return true;
}

static bool take_day(struct scan *in, struct rule_change *change) {
	if (scan_char(in, 'J')) {
		change->kind = RULE_DAY_JULIAN;
		return scan_number(in, 1, 365, &change->day);
	}
	if (scan_char(in, 'M')) {
		change->kind = RULE_DAY_MONTH;
		return scan_number(in, 1, 12, &change->month) && scan_char(in, '.') &&
		       scan_number(in, 1, 5, &change->week) && scan_char(in, '.') &&
		       scan_number(in, 0, 6, &change->day);
	}
	change->kind = RULE_DAY_OF_YEAR;
	return scan_number(in, 0, 365, &change->day);
}

/* ",date[/time]" */
static bool take_change(struct scan *in, struct rule_change *change) {
	change->time_s = DEFAULT_CHANGE_S;
	if (!scan_char(in, ',') || !take_day(in, change)) {
		return false;
	}
	return !scan_char(in, '/') || take_time(in, MAX_CHANGE_HOURS, &change->time_s);
}

/* The date of the change in that year, in days since 1970-01-01. */
static int64_t change_day(const struct rule_change *change, int64_t year) {
	int64_t new_year = utc_days(year, 1, 1);

	if (change->kind == RULE_DAY_OF_YEAR) {
		return new_year + change->day;
	}
	if (change->kind == RULE_DAY_JULIAN) {
		bool leap = utc_days(year, 3, 1) - new_year == 60;
		return new_year + change->day - 1 + (leap && change->day >= 60);
	}

	int64_t first = utc_days(year, change->month, 1);
	int64_t next = change->month == 12 ? utc_days(year + 1, 1, 1) : utc_days(year, change->month + 1, 1);
	int64_t weekday = (utc_weekday(first) + 1) % 7; /* 0 is Sunday */
	int64_t day = first + (change->day - weekday + 7) % 7 + INT64_C(7) * (change->week - 1);
	return day < next ? day : day - 7; /* there is no fifth: the last is meant */
}

/* All changes of all years in one row: two a year, number 0 is the first of year 0. */
static int64_t change_at(const struct rule *rule, int64_t number) {
	const struct rule_change *change = &rule->change[number & 1];
	int64_t year = (number - (number & 1)) / 2;

	return change_day(change, year) * SEC_PER_DAY + change->time_s - change->before_s;
}

/*
 * The two changes must follow each other strictly in every year; only then can
 * a period be found by its number.  There is one exception that tz data may
 * have: daylight saving time all year is written as ending when it begins.
 */
static int check_changes(struct rule *rule) {
	bool all_year = true;

	for (int64_t year = 0; year < YEARS_PER_CYCLE; year++) {
		int64_t first = change_at(rule, 2 * year);
		int64_t second = change_at(rule, 2 * year + 1);
		int64_t next = change_at(rule, 2 * year + 2);

		if (first >= second || second > next || (second == next && !all_year)) {
			return -EINVAL;
		}
		if (second < next) {
			if (year > 0 && all_year) {
				return -EINVAL;
			}
			all_year = false;
		}
	}
	if (all_year) {
		rule->fixed = true;
		rule->offset_s = rule->change[0].after_s;
	}
	return 0;
}

static int parse_changes(struct scan *in, struct rule *rule) {
	int32_t standard_s = rule->offset_s;
	int32_t daylight_s = standard_s + SEC_PER_HOUR;
	struct rule_change begin = {0}, end = {0};

	if (!take_name(in)) {
		return -EINVAL;
	}
	if (scan_peek(in) != ',' && !take_offset(in, &daylight_s)) {
		return -EINVAL;
	}
	if (!take_change(in, &begin) || !take_change(in, &end) || in->at != in->end) {
		return -EINVAL;
	}
	if (daylight_s == standard_s) {
		return 0;
	}

	begin.before_s = end.after_s = standard_s;
	begin.after_s = end.before_s = daylight_s;
	rule->fixed = false;
	rule->change[0] = begin;
	rule->change[1] = end;
	if (change_at(rule, 0) > change_at(rule, 1)) {
		/* South of the equator the year begins in daylight saving time. */
		rule->change[0] = end;
		rule->change[1] = begin;
	}
	return check_changes(rule);
}

int rule_parse(const char *text, size_t len, struct rule *ret) {
	struct scan in = {.at = text, .end = text + len};
	struct rule rule = {.fixed = true};

	if (!take_name(&in) || !take_offset(&in, &rule.offset_s)) {
		return -EINVAL;
	}
	if (in.at != in.end) {
		int r = parse_changes(&in, &rule);
		if (r < 0) {
			return r;
		}
	}

	*ret = rule;
	return 0;
}

void rule_period_at(const struct rule *rule, int64_t instant_s, struct rule_period *ret) {
	if (rule->fixed) {
		*ret = (struct rule_period){INT64_MIN, INT64_MAX, rule->offset_s};
		return;
	}

	/* A guess by the mean year; a change is at most days from its year, so it is few steps off. */
	int64_t number = 2 * (instant_s / SEC_PER_YEAR + 1970);
	int64_t start = change_at(rule, number);
	while (start > instant_s) {
		start = change_at(rule, --number);
	}
	int64_t end = change_at(rule, number + 1);
	while (end <= instant_s) {
		start = end;
		end = change_at(rule, ++number + 1);
	}
	*ret = (struct rule_period){start, end, rule->change[number & 1].after_s};
}
