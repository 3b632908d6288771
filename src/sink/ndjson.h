// SPDX-License-Identifier: ISC

/*
 * A record as one line of JSON: occupancy-log(5).
 */

#ifndef SINK_NDJSON_H
#define SINK_NDJSON_H

#include "base/buf.h"
#include "response/record.h"

struct log_about;
struct log_entry;

/**
 * Appends the record and a newline.  What is not valid UTF-8 becomes U+FFFD, a
 * byte at a time; what is text_is_unprintable() is escaped.
 */
__attribute__((nonnull))
void ndjson_format(const struct record *record, struct buf *out);

/**
 * Reads such a line back: any JSON object, with the members in any order, whose
 * strings of interest hold no escapes.  Returns 0 or -EBADMSG.
 */
__attribute__((warn_unused_result, nonnull))
int ndjson_parse(const char *line, size_t len, struct log_entry *ret);

/** What such a line says of its device.  Returns 0 or -EBADMSG. */
__attribute__((warn_unused_result, nonnull))
int ndjson_describe(const char *line, size_t len, struct log_about *ret);

#endif
