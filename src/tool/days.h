// SPDX-License-Identifier: ISC

/*
 * What a log has of each day: the buckets that begin on a date, of all rooms, each by its own clock.
 */

#ifndef TOOL_DAYS_H
#define TOOL_DAYS_H

#include "tool/rooms.h"

/** Beside the statuses of records. */
enum { DAYS_MISSING = RECORD_GAP + 1, DAYS_KINDS };

/** All zero: none yet. */
struct days {
	struct day *list; /* ascending */
	size_t len, size;
};

/** Counts the buckets of [start, end), of one kind: each for the day on which it begins.  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int days_add(struct days *days, const struct room *room, usec_t start, usec_t end, int kind);

/** Prints a line for each day. */
__attribute__((nonnull))
void days_tell(const struct days *days);

void days_done(struct days *days);

#endif
