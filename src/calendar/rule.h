// SPDX-License-Identifier: ISC

/*
 * POSIX TZ rules: "CET-1CEST,M3.5.0,M10.5.0/3".
 *
 * What a TZif file says, in its last line, about all the time after its last
 * transition.  RFC 8536's extension is known: hours of a change from -167 to
 * 167.  Every answer is arithmetic on one year, whichever year it is.
 */

#ifndef CALENDAR_RULE_H
#define CALENDAR_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A day of every year, as POSIX writes it. */
enum rule_day {
	RULE_DAY_JULIAN,  /* "J60": 1..365, February 29 is never counted */
	RULE_DAY_OF_YEAR, /* "60": 0..365, February 29 is counted */
	RULE_DAY_MONTH,   /* "M3.5.0": month 3, the last (5) Sunday (0) */
};

struct rule_change {
	enum rule_day kind;
	int month, week, day;
	int32_t time_s;            /* of the clock before the change, from that day's midnight */
	int32_t before_s, after_s; /* seconds east of UTC */
};

struct rule {
	bool fixed; /* there are no changes, only offset_s */
	int32_t offset_s;
	struct rule_change change[2]; /* as they follow each other in every year */
};

/** As struct zone_period, in seconds: [start, end); INT64_MIN and INT64_MAX if fixed. */
struct rule_period {
	int64_t start_s, end_s;
	int32_t offset_s;
};

/**
 * Parses a rule that is len bytes long.  Refused is also what POSIX leaves
 * open: daylight saving time without its dates, or dates that overlap.
 *
 * Returns 0 or -EINVAL.
 */
__attribute__((warn_unused_result, nonnull))
int rule_parse(const char *text, size_t len, struct rule *ret);

/** The period that contains the instant, which is within 300,000 years of 1970. */
__attribute__((nonnull))
void rule_period_at(const struct rule *rule, int64_t instant_s, struct rule_period *ret);

#endif
