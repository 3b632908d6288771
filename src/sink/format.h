// SPDX-License-Identifier: ISC

/*
 * The formats of the log, and the pieces that all of them are made of.
 *
 * A record is one line in each format: nothing a record holds can break it.
 */

#ifndef SINK_FORMAT_H
#define SINK_FORMAT_H

#include "base/buf.h"
#include "response/record.h"

struct log_writer {
	const char *extension; /* of the file's name, without the dot */
	const char *header;    /* the first line of every file; "" for none */
	void (*format)(const struct record *record, struct buf *out);
};

/** The writer of that format. */
__attribute__((returns_nonnull))
const struct log_writer *log_writer_of(enum log_format format);

/** Decimal digits. */
__attribute__((nonnull))
void format_int(struct buf *out, int64_t n);

/** RFC 3339 in UTC. */
__attribute__((nonnull))
void format_utc(struct buf *out, usec_t instant);

/** RFC 3339 as the wall clock in that zone shows it. */
__attribute__((nonnull))
void format_local(struct buf *out, usec_t instant, const struct zone *zone);

#endif
