// SPDX-License-Identifier: ISC

/*
 * What a report says, before it is written in any form.
 */

#ifndef TOOL_SUMMARY_H
#define TOOL_SUMMARY_H

#include "tool/crowd.h"

struct summary_room {
	const struct subject *subject;
	int64_t capacity; /* 0: unknown */
	struct figures figures;
};

/** All zero: empty. */
struct summary {
	struct subjects subjects;
	struct hours hours;
	const char *hours_text;
	struct summary_room *rooms; /* in the order of the subjects: by site and name */
	size_t count;
	struct crowd *sites;        /* in that order, too */
	size_t site_count;
	uint64_t counted, expected, no_data, in_gaps, missing; /* buckets, of all */
	usec_t begin, end;          /* of the first and last day that a room has anything of, by its own clock as if in UTC; begin > end: none */
};

/** Reads the log and works everything out, with hours and subjects.wants_reasons as they are set.  Returns 0 or an exit code, and has said what is wrong. */
__attribute__((warn_unused_result, nonnull))
int summary_make(struct summary *summary, struct tool *tool);

/** What is to be called out, by fixed rules. */
enum finding {
	FINDING_NONE,
	FINDING_SMALL,  /* over its capacity for more than 2 % of the working time in which it is used */
	FINDING_LARGE,  /* for eight or more, and 95 % of its use in working time is by three quarters of them or fewer */
	FINDING_EMPTY,  /* used in less than 12 % of working time, and not mostly outside it */
	FINDING_OTHER,  /* more than half of the time used is outside working time */
	FINDING_NEVER,  /* no count above 0 */
	FINDINGS,
};

__attribute__((nonnull))
enum finding summary_finding(const struct summary_room *room);

/**
 * People at a site by day of the week, Monday first, and hour: the means of all rooms that have a count then, added up; NAN
 * where none has.
 */
__attribute__((nonnull))
void summary_week(const struct summary *summary, const struct crowd *crowd, double ret[7][24]);

void summary_done(struct summary *summary);

#endif
