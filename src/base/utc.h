// SPDX-License-Identifier: ISC

/*
 * The proleptic Gregorian calendar in UTC, and RFC 3339 text.
 *
 * Pure arithmetic, without the C library's calendar and so without TZ.
 */

#ifndef BASE_UTC_H
#define BASE_UTC_H

#include "base/units.h"

#include <stdbool.h>

/** Large enough for every string that utc_format() and utc_format_offset() write. */
#define UTC_STRING_SIZE 48

struct civil {
	int64_t year;
	int month;  /* 1..12 */
	int day;    /* 1..31 */
	int hour, minute, second;
	int usec;
};

/** Days from 1970-01-01 to that date. */
int64_t utc_days(int64_t year, int month, int day);

/** The date that a clock shows, as days since 1970-01-01; local: what it shows, as if it stood in UTC. */
int64_t utc_date(usec_t local);

/** The weekday of a date: 0 is Monday. */
int utc_weekday(int64_t date);

/** Splits an instant.  Floors, so it is right before 1970 too. */
__attribute__((nonnull))
void utc_split(usec_t instant, struct civil *ret);

/** The instant of those fields.  Fields are not normalised nor checked. */
__attribute__((nonnull))
usec_t utc_join(const struct civil *civil);

/** Writes "2026-11-23T08:15:00Z"; milliseconds appear if there are any. */
__attribute__((nonnull))
const char *utc_format(char buf[static UTC_STRING_SIZE], usec_t instant);

/**
 * Writes the instant as a clock with that offset (seconds east of UTC) shows
 * it: "2026-11-23T01:15:00-07:00".
 */
__attribute__((nonnull))
const char *utc_format_offset(char buf[static UTC_STRING_SIZE], usec_t instant, int32_t offset_s);

enum { UTC_PLAIN = 20 };

/**
 * Parses "2026-11-23T08:15:00Z", the form without a fraction that utc_format() writes, of UTC_PLAIN
 * bytes and with no NUL behind: a fast way beside utc_parse(), which agrees.
 *
 * Returns 0, or -EINVAL if it is of another form or no time.
 */
__attribute__((warn_unused_result, nonnull))
int utc_parse_plain(const char text[static UTC_PLAIN], usec_t *ret_instant);

/**
 * Parses RFC 3339: date, "T" (or "t" or a space), time with optional fraction,
 * "Z" or an offset.  Without a zone or without seconds it is -EINVAL, unless lenient is
 * set: then it is UTC, and a whole minute.
 *
 * Returns 0, or -EINVAL: for times outside the years 0 to 9999 in UTC, too.
 */
__attribute__((warn_unused_result, nonnull))
int utc_parse(const char *text, bool lenient, usec_t *ret_instant);

#endif
