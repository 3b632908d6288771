// SPDX-License-Identifier: ISC

/*
 * Working hours: "Mon-Fri 8-18", by the clock of whoever works.
 */

#ifndef TOOL_HOURS_H
#define TOOL_HOURS_H

#include "base/error.h"
#include "base/units.h"

#include <stdbool.h>

/** Of each day of the week, Monday first: from and to, since midnight; equal where nobody works. */
struct hours {
	usec_t from[7], to[7];
};

#define HOURS_USUAL "Mon-Fri 8-18"

/** "Mon" to "Sun". */
extern const char *const hours_days[7];

/**
 * Reads days and times: "Mon-Fri 8-18", "Mon-Thu 7:30-17, Fri 7:30-13", "Sat-Sun 0-24".
 * Returns 0, or -EINVAL and a sentence.
 */
__attribute__((warn_unused_result, nonnull))
int hours_parse(const char *text, struct hours *ret, struct error *err);

/** Whether that time since the midnight of that day (0: Monday) is within them. */
__attribute__((nonnull))
bool hours_hold(const struct hours *hours, int day, usec_t time);

/** When they begin or end next on that day; 24 hours if they do not. */
__attribute__((nonnull))
usec_t hours_next(const struct hours *hours, int day, usec_t time);

#endif
