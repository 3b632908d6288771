// SPDX-License-Identifier: ISC

/*
 * POSIX TZ strings: "MST7MDT,M3.2.0,M11.1.0", the rule at the end of a TZif file.
 */

#ifndef CALENDAR_POSIX_TZ_H
#define CALENDAR_POSIX_TZ_H

#include "calendar/zone.h"

#include <stdbool.h>

/** When, in a year, a clock is changed. */
struct posix_tz_date {
	enum {
		DATE_JULIAN,      /* Jn: day 1..365, February 29 is never counted */
		DATE_DAY_OF_YEAR, /* n: day 0..365 */
		DATE_WEEKDAY,     /* Mm.w.d: weekday d of week w (5: the last) of month m */
	} kind;
	int month, week, day;
	int32_t time_s; /* of the wall clock, seconds from midnight; may lie on another day */
};

struct posix_tz {
	int32_t standard_s, summer_s; /* seconds east of UTC */
	bool has_summer;
	struct posix_tz_date summer_begins, summer_ends;
};

/** Returns 0 or -EINVAL. */
__attribute__((warn_unused_result, nonnull))
int posix_tz_parse(const char *text, struct posix_tz *ret);

/** The period that contains the instant, as if the rule had always been in force. */
__attribute__((nonnull))
void posix_tz_period_at(const struct posix_tz *tz, usec_t instant, struct zone_period *ret);

#endif
