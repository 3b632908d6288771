// SPDX-License-Identifier: ISC

/*
 * A record as one line of JSON: occupancy-log(5).
 */

#ifndef SINK_NDJSON_H
#define SINK_NDJSON_H

#include "base/buf.h"
#include "response/record.h"

/**
 * Appends the record and a newline.  What is not valid UTF-8 becomes U+FFFD, a
 * byte at a time; control characters, and those of the C1 set, are escaped.
 */
__attribute__((nonnull))
void ndjson_format(const struct record *record, struct buf *out);

#endif
