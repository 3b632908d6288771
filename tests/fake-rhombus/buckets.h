// SPDX-License-Identifier: ISC

/*
 * buckets: where a range of time is cut.
 *
 * Minutes, quarters and hours are cut at every instant at which the local clock shows a
 * multiple of 1, 15 or 60 minutes (the clock after a change, at the instant of a change): an
 * hour that comes twice gives two edges. Days, weeks and months are cut at the first instant
 * of each local date, each Monday, each first of a month.
 */

#ifndef FAKE_RHOMBUS_BUCKETS_H
#define FAKE_RHOMBUS_BUCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum interval {
	INTERVAL_NONE,
	INTERVAL_MINUTELY,
	INTERVAL_QUARTERHOURLY,
	INTERVAL_HOURLY,
	INTERVAL_DAILY,
	INTERVAL_WEEKLY,
	INTERVAL_MONTHLY,
};

/** The largest number of buckets that one request can have. */
enum { BUCKETS_MAX = 200000 };

struct edge {
	int64_t at_s;
	int offset_s; /* of the local clock, from here on */
};

/** `count` edges bound `count - 1` buckets. */
struct edges {
	struct edge *all;
	size_t count;
	size_t room;
};

/** "MINUTELY" and so on; false for any other word. */
bool interval_read(const char *word, enum interval *ret_interval);

/**
 * The edges of all buckets that overlap [start_ms, end_ms): the first at or before the start,
 * the last at or after the end. Not for INTERVAL_NONE. -E2BIG beyond BUCKETS_MAX.
 * The caller frees with edges_done.
 */
int edges_cut(enum interval interval, const char *zone, int64_t start_ms, int64_t end_ms,
              struct edges *ret_edges) __attribute__((warn_unused_result));

void edges_done(struct edges *edges);

#endif
