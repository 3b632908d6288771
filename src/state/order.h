// SPDX-License-Identifier: ISC

/*
 * Orders: which recorded time of which devices is to be asked for again.
 *
 * Somebody who may write into the state directory puts them there, one file each, in
 * its directory "spool"; the daemon reads them, and removes what has been done.  A file is
 * text: a line that says what it is, then one line for each device,
 *
 *	occupancyd-backfill 1
 *	AAAAAAAAAAAAAAAAAAAAAA.v0 QUARTERHOURLY 2026-11-03T07:00:00Z 2026-11-04T07:00:00Z
 *
 * with its uuid, its interval, and the time from the first to before the second.
 */

#ifndef STATE_ORDER_H
#define STATE_ORDER_H

#include "base/buf.h"
#include "base/error.h"
#include "base/units.h"
#include "calendar/interval.h"

#define ORDER_DIRECTORY "spool"
#define ORDER_SUFFIX ".order"

/* Bytes of a file, lines of it after the first, and buckets that they ask for: more is more than one order. */
enum { ORDER_BYTES = 256 * 1024, ORDER_LINES = 1000, ORDER_BUCKETS = 1 << 18 };

struct order_line {
	char uuid[64];
	enum interval interval;
	usec_t from, to;
};

/** The first line. */
__attribute__((nonnull))
void order_put_header(struct buf *out);

__attribute__((nonnull))
void order_put(struct buf *out, const struct order_line *line);

/**
 * Reads a file's bytes, whatever they are.
 *
 * Returns 0 and lines for free(); or -EBADMSG or -ENOMEM with a sentence, and then *ret_len is the number
 * of the line that it is about, from 1 on.
 */
__attribute__((warn_unused_result, nonnull))
int order_parse(const char *data, size_t len, struct order_line **ret_lines, size_t *ret_len, struct error *err);

#endif
