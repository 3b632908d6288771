// SPDX-License-Identifier: ISC

/*
 * The counts of rooms as a page of HTML takes them along: a byte a bucket, compressed.
 *
 * Of each room there is an element that no browser runs:
 *
 *	<script type="application/x-occupancy" id="counts-N" data-runs="..." data-clock="..." data-seats="N">...</script>
 *
 * N: its place in the report, from 0.  data-runs: runs of buckets that follow one another and are equally long,
 * separated by ";", each "START LENGTH COUNT": milliseconds since 1970, milliseconds, and how many they are.
 * data-clock: from when on its clock was how far ahead of UTC, "START SECONDS", likewise; the first holds before
 * it, too.  data-seats: 0 if it is not known.
 *
 * The text is base64 of a zlib stream, with a byte for each bucket of the runs: a count of 0 to 250; or 251, and
 * then the count follows in bytes of seven bits each, the low ones first, all but the last with 128 added; or 252:
 * Rhombus had no data; 253: it is in a recorded gap; 254: nothing stands in the log.  A gap or what is
 * missing is cut into as many buckets as go into it if it is a multiple of those before it, and not of
 * more than 4,096; else it is one.
 */

#ifndef TOOL_PACKED_H
#define TOOL_PACKED_H

#include "tool/output.h"
#include "tool/summary.h"

/** Writes those elements.  What cannot be written output_close() says. */
__attribute__((nonnull))
void packed_write(struct output *output, const struct summary *summary);

#endif
