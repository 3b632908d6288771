// SPDX-License-Identifier: ISC

#include "calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

int64_t floor_div(int64_t a, int64_t b) {
	return a / b - (a % b < 0);
}

int64_t floor_mod(int64_t a, int64_t b) {
	return a - floor_div(a, b) * b;
}

/* Years are counted from March, so that the leap day is the last day of its year. */
struct date date_of_day(int64_t day) {
	int64_t shifted = day + 719468;
	int64_t era = floor_div(shifted, 146097);
	int64_t of_era = shifted - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	return (struct date){
		.year = year + era * 400 + (month >= 10),
		.month = (int)(month < 10 ? month + 3 : month - 9),
		.day = (int)(of_year - (153 * month + 2) / 5 + 1),
	};
}

bool zone_exists(const char *name) {
	const char *directory = getenv("TZDIR");
	char path[512];
	struct stat st;

	if (name[0] == '\0' || name[0] == '/' || strstr(name, "..")) {
		return false;
	}
	int length = snprintf(path, sizeof(path), "%s/%s",
	                      directory ? directory : "/usr/share/zoneinfo", name);
	return length > 0 && (size_t)length < sizeof(path) && stat(path, &st) == 0 &&
	       S_ISREG(st.st_mode);
}

/* Reading a zone takes tens of microseconds, so it is done only when the zone changes. */
static void zone_use(const char *name) {
	static char current[512];

	if (strcmp(current, name) == 0) {
		return;
	}
	snprintf(current, sizeof(current), "%s", name);
	setenv("TZ", name, 1);
	tzset();
}

int zone_offset_s(const char *name, int64_t at_s) {
	time_t at = at_s;
	struct tm local;

	zone_use(name);
	if (!localtime_r(&at, &local)) {
		return 0;
	}
	return (int)local.tm_gmtoff;
}

/* The first instant in (before, after] that has another offset than `before` has. */
static int64_t offset_change(const char *name, int64_t before, int64_t after, int offset_s) {
	while (after - before > 1) {
		int64_t middle = before + (after - before) / 2;

		if (zone_offset_s(name, middle) == offset_s) {
			before = middle;
		} else {
			after = middle;
		}
	}
	return after;
}

/* No zone has changed and changed back within an hour, so hourly looks miss nothing. */
int64_t zone_stretch(const char *name, int64_t from_s, int *ret_offset_s) {
	int offset_s = zone_offset_s(name, from_s);
	int64_t at_s = from_s;

	*ret_offset_s = offset_s;
	while (at_s < from_s + DAY_S) {
		if (zone_offset_s(name, at_s + HOUR_S) != offset_s) {
			return offset_change(name, at_s, at_s + HOUR_S, offset_s);
		}
		at_s += HOUR_S;
	}
	return at_s;
}
