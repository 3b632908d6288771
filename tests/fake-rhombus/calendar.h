// SPDX-License-Identifier: ISC

/*
 * calendar: days, dates and time zones.
 *
 * Zones are the C library's: TZ is set and localtime_r asked, which is allowed here because the
 * program has one thread. It is meant to be another road than the daemon's own reader of the
 * time zone database, so that the two check each other.
 */

#ifndef FAKE_RHOMBUS_CALENDAR_H
#define FAKE_RHOMBUS_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

enum { HOUR_S = 3600, DAY_S = 86400 };

struct date {
	int64_t year;
	int month;
	int day;
};

/** Rounds towards minus infinity, as calendars need it. The divisor is positive. */
int64_t floor_div(int64_t a, int64_t b);
int64_t floor_mod(int64_t a, int64_t b);

/** The proleptic Gregorian date of a day counted from 1970-01-01. */
struct date date_of_day(int64_t day);

/** Is it a name of the installed time zone database ("America/Denver", "EST", "GMT+0")? */
bool zone_exists(const char *name);

/** How far the zone's clock is ahead of UTC at that instant, in seconds. */
int zone_offset_s(const char *name, int64_t at_s);

/**
 * The offset at `from_s`, and the instant up to which it certainly stays: the next change or
 * a day later, whichever is first. Walking from stretch to stretch meets every change.
 */
int64_t zone_stretch(const char *name, int64_t from_s, int *ret_offset_s);

#endif
