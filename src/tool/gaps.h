// SPDX-License-Identifier: ISC

/*
 * The gaps of a report, and what is missing without a record: the same in several rooms is one.
 */

#ifndef TOOL_GAPS_H
#define TOOL_GAPS_H

#include "tool/summary.h"

struct gap_piece {
	usec_t start, end;
	const char *reason; /* NULL: nothing stands in the log */
	size_t room;        /* of the summary */
};

/** Pieces of the same time and reason in a row: list[at] to list[at + count - 1]. */
struct gap_group {
	size_t at, count;
};

/** Give it to gaps_done(). */
struct gaps {
	struct gap_piece *list;
	size_t len, size;
	struct gap_group *groups; /* the longest first, by all their rooms */
	size_t group_count, group_size;
};

/** Finds them.  The summary must outlive the result.  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int gaps_find(struct gaps *gaps, const struct summary *summary);

void gaps_done(struct gaps *gaps);

#endif
