// SPDX-License-Identifier: ISC

#include "tool/period.h"

#include "base/scan.h"
#include "base/text.h"
#include "base/utc.h"
#include "base/word.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Clocks */

static usec_t offset_at(const struct zone *zone, usec_t instant) {
	struct zone_period part;
	zone_period_at(zone, instant, &part);
	return part.offset_s * USEC_PER_SEC;
}

usec_t local_instant(const struct zone *zone, usec_t local) {
	/* No offset is a day, and none changes twice within two. */
	usec_t before = offset_at(zone, local - USEC_PER_DAY), after = offset_at(zone, local + USEC_PER_DAY);
	struct zone_period part;

	if (offset_at(zone, local - before) == before) {
		return local - before;
	}
	if (offset_at(zone, local - after) == after) {
		return local - after;
	}
	/* The clock was put forward over it. */
	zone_period_at(zone, local - after, &part);
	return part.end;
}

/* Dates, as days since 1970 */

static int64_t monday_of(int64_t day) {
	return day - utc_weekday(day);
}

static int64_t month_start(int64_t year, int month) {
	/* A month outside of the year is one of another year. */
	int64_t months = year * 12 + month - 1;
	return utc_days(months / 12, (int)(months % 12) + 1, 1);
}

static void span_of(enum period_unit unit, int back, int64_t day, int64_t *ret_from, int64_t *ret_to) {
	struct civil civil;
	utc_split(day * USEC_PER_DAY, &civil);

	switch (unit) {
	case PERIOD_DAY:
		*ret_from = day - back;
		*ret_to = *ret_from + 1;
		break;
	case PERIOD_WEEK:
		*ret_from = monday_of(day) - 7 * (int64_t)back;
		*ret_to = *ret_from + 7;
		break;
	case PERIOD_MONTH:
		*ret_from = month_start(civil.year, civil.month - back);
		*ret_to = month_start(civil.year, civil.month - back + 1);
		break;
	default:
		*ret_from = utc_days(civil.year - back, 1, 1);
		*ret_to = utc_days(civil.year - back + 1, 1, 1);
		break;
	}
}

static usec_t moment_in(const struct moment *moment, const struct zone *zone, usec_t otherwise) {
	if (!moment->is_set) {
		return otherwise;
	}
	return moment->local ? local_instant(zone, moment->time) : moment->time;
}

void period_in(const struct period *period, const struct zone *zone, usec_t now, usec_t *ret_from, usec_t *ret_to) {
	usec_t from = INT64_MIN, to = INT64_MAX;

	if (period->unit != PERIOD_NONE) {
		int64_t first, behind;
		usec_t local = now + offset_at(zone, now);
		span_of(period->unit, period->back, utc_date(local), &first, &behind);
		from = local_instant(zone, first * USEC_PER_DAY);
		to = local_instant(zone, behind * USEC_PER_DAY);
	}
	*ret_from = moment_in(&period->from, zone, from);
	*ret_to = moment_in(&period->to, zone, to);
}

/* Reading */

static const struct {
	const char *name;
	enum period_unit unit;
	int back;
} words[] = {
	{"today", PERIOD_DAY, 0},        {"yesterday", PERIOD_DAY, 1},
	{"this week", PERIOD_WEEK, 0},   {"last week", PERIOD_WEEK, 1},
	{"this month", PERIOD_MONTH, 0}, {"last month", PERIOD_MONTH, 1},
	{"this year", PERIOD_YEAR, 0},   {"last year", PERIOD_YEAR, 1},
};

static void set_days(struct period *period, int64_t from, int64_t to) {
	period->from = (struct moment){true, true, from * USEC_PER_DAY};
	period->to = (struct moment){true, true, to * USEC_PER_DAY};
}

/* The Monday of a week: the first week of a year is the one with its 4th of January. */
static bool week_start(int year, int week, int64_t *ret) {
	*ret = monday_of(utc_days(year, 1, 4)) + 7 * (int64_t)(week - 1);
	return week >= 1 && week <= 53 && *ret < monday_of(utc_days(year + 1, 1, 4));
}

static bool is_date(int year, int month, int day) {
	return month >= 1 && month <= 12 && day >= 1 && utc_days(year, month, day) < month_start(year, month + 1);
}

/* "2026", "2026-10", "2026-W47", "2026-11-03" */
static bool take_calendar(struct scan *in, struct period *period) {
	int year, month, day, week;
	int64_t monday;

	if (!scan_digits(in, 4, &year)) {
		return false;
	}
	if (in->at == in->end) {
		set_days(period, utc_days(year, 1, 1), utc_days(year + 1, 1, 1));
		return true;
	}
	if (scan_text(in, "-W")) {
		if (!scan_digits(in, 2, &week) || !week_start(year, week, &monday)) {
			return false;
		}
		set_days(period, monday, monday + 7);
		return in->at == in->end;
	}
	if (!scan_char(in, '-') || !scan_digits(in, 2, &month) || !is_date(year, month, 1)) {
		return false;
	}
	if (in->at == in->end) {
		set_days(period, month_start(year, month), month_start(year, month + 1));
		return true;
	}
	if (!scan_char(in, '-') || !scan_digits(in, 2, &day) || !is_date(year, month, day)) {
		return false;
	}
	set_days(period, utc_days(year, month, day), utc_days(year, month, day) + 1);
	return in->at == in->end;
}

/* What words it may have been meant for, of which it is a part, or which are the nearest: "last week" or "last month".  Returns how many. */
static size_t find_meant(const char *text, char *ret, size_t size) {
	const char *nearest = NULL;
	unsigned best = WORD_FAR;
	size_t count = 0, len = 0;

	for (size_t i = 0; text[0] && i < sizeof(words) / sizeof(words[0]); i++) {
		nearest = word_is_nearer(text, words[i].name, &best) ? words[i].name : nearest;
		if (strcasestr(words[i].name, text) && len < size) {
			len += (size_t)snprintf(ret + len, size - len, "%s\"%s\"", count++ > 0 ? " or " : "", words[i].name);
		}
	}
	if (count == 0 && nearest) {
		(void)snprintf(ret, size, "\"%s\"", nearest);
		count = 1;
	}
	return count;
}

int period_parse(const char *text, struct period *ret, struct error *err) {
	struct period period = {0};
	struct scan in = {text, text + strlen(text)};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i].name) == 0) {
			*ret = (struct period){.unit = words[i].unit, .back = words[i].back};
			return 0;
		}
	}
	if (!take_calendar(&in, &period)) {
		char shown[64], meant[128];
		if (find_meant(text, meant, sizeof(meant)) > 0) {
			return error_set(err, EINVAL, "\"%s\" is not a period: did you mean %s?",
			                 text_escape(shown, sizeof(shown), text, strlen(text)), meant);
		}
		return error_set(err, EINVAL,
		                 "\"%s\" is not a period: expected today, yesterday, \"last week\", \"this month\", 2026, 2026-10, "
		                 "2026-W47 or 2026-11-03",
		                 text_escape(shown, sizeof(shown), text, strlen(text)));
	}
	*ret = period;
	return 0;
}

/* "...Z", "...+01:00": a time has a colon and two digits in its end in any case. */
static bool has_zone(const char *text, size_t len) {
	return strchr("Zz", text[len - 1]) || strchr("+-", text[len - strlen("+01:00")]);
}

int moment_parse(const char *text, struct moment *ret, struct error *err) {
	struct period day = {0};
	struct scan in = {text, text + strlen(text)};
	size_t len = strlen(text);
	usec_t time;

	if (len == strlen("2026-11-03") && take_calendar(&in, &day)) {
		*ret = day.from;
		return 0;
	}
	if (utc_parse(text, false, &time) == 0) {
		*ret = (struct moment){true, false, time};
		return 0;
	}
	/* Without seconds, or without a zone: then it is the room's clock. */
	if (utc_parse(text, true, &time) == 0) {
		*ret = (struct moment){true, !has_zone(text, len), time};
		return 0;
	}
	char shown[64];
	return error_set(err, EINVAL,
	                 "\"%s\" is not a time: expected 2026-11-03, 2026-11-03T08:00 by the room's clock, or 2026-11-03T08:00:00Z",
	                 text_escape(shown, sizeof(shown), text, len));
}
