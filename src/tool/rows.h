// SPDX-License-Identifier: ISC

/*
 * What a room's buckets are as rows of a table: each as it was recorded, or many made into one of a coarser
 * interval by the room's clock.
 */

#ifndef TOOL_ROWS_H
#define TOOL_ROWS_H

#include "tool/rooms.h"
#include "tool/series.h"

/** What a coarser row has of its counts. */
enum coarse_with {
	COARSE_MEAN, /* weighted by time */
	COARSE_MAX,
	COARSE_LAST, /* the latest that there is */
};

/** The coarser interval, as a grid without its zone.  Weeks begin on Monday. */
struct coarse {
	enum interval interval;
	usec_t length; /* INTERVAL_NONE */
	enum coarse_with with;
};

/**
 * Reads "15m", "1h", "1d", "1w" or "1mo": what divides a day, a day, a week, a month.
 * Returns 0, or -EINVAL and a sentence.
 */
__attribute__((warn_unused_result, nonnull))
int coarse_parse(const char *text, struct coarse *ret, struct error *err);

/** Whether none of the room's buckets is longer than that. */
__attribute__((nonnull))
bool coarse_fits(const struct coarse *coarse, const struct room *room);

struct row {
	usec_t start, end;
	int64_t count;      /* or SERIES_NONE, SERIES_GAP, SERIES_MISSING; of a coarser row none but SERIES_NONE */
	uint32_t millionths; /* of a mean, beyond count */
	usec_t known;       /* how much of the time has a count */
};

struct rows {
	const struct room *room;
	struct walk walk;
	struct stride next;   /* what is not yet in a row; is_left says whether there is something */
	bool is_left;
	bool is_coarse;
	struct coarse coarse;
	struct grid grid;     /* by which runs are cut, or by which rows are */
};

/**
 * Begins the rows of [from, to).  coarse: NULL for the buckets as they are.  The first row of a coarser
 * interval may begin before from, and the last one may end behind to: then they are of a part of their time.
 */
__attribute__((nonnull(1, 2, 3)))
void rows_begin(struct rows *rows, const struct room *room, const struct series *series, const struct coarse *coarse,
                usec_t from, usec_t to);

/** Of a row that is not coarser: "ok", or the reason why it has no count. */
__attribute__((nonnull, returns_nonnull))
const char *row_status(const struct row *row);

/** The next one, by time.  Returns false behind the last. */
__attribute__((nonnull))
bool rows_next(struct rows *rows, struct row *ret);

#endif
