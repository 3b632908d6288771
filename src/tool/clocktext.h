// SPDX-License-Identifier: ISC

/*
 * Times as they are written by the million, mostly one after the other.
 */

#ifndef TOOL_CLOCKTEXT_H
#define TOOL_CLOCKTEXT_H

#include "calendar/zone.h"

enum { CLOCKTEXT_LEN = 19, CLOCKTEXT_OFFSET_LEN = 6 };

/** Remembers the day, and the offset of a clock.  Begin with clocktext_init(). */
struct clocktext {
	const struct zone *zone;
	usec_t day;                /* what was written last is of that day by the clock */
	struct zone_period period; /* of the instant */
	char digits[CLOCKTEXT_LEN], offset[CLOCKTEXT_OFFSET_LEN];
};

/** separator: what stands between date and time.  zone: NULL for UTC; must outlive it. */
__attribute__((nonnull(1)))
void clocktext_init(struct clocktext *text, const struct zone *zone, char separator);

/** What the zone's clock shows at the instant, as an instant that UTC's clock shows. */
__attribute__((nonnull))
usec_t clocktext_local(struct clocktext *text, usec_t instant);

/** Writes CLOCKTEXT_LEN bytes, "2026-11-23T08:15:00", as the clock shows it.  Returns what is behind them. */
__attribute__((nonnull, returns_nonnull))
char *clocktext_put(struct clocktext *text, char *to, usec_t instant);

/** The same, with CLOCKTEXT_OFFSET_LEN bytes of offset behind it: "-07:00". */
__attribute__((nonnull, returns_nonnull))
char *clocktext_put_offset(struct clocktext *text, char *to, usec_t instant);

#endif
