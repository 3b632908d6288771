// SPDX-License-Identifier: ISC

/*
 * The pictures of a report: static SVG and tables, which say what they show.
 */

#ifndef TOOL_CHARTS_H
#define TOOL_CHARTS_H

#include "tool/html.h"
#include "tool/summary.h"

/** The peak of each day as bars, with axes; days of a weekend are pale, a mark below says that counts are missing. */
__attribute__((nonnull))
void chart_days(struct output *output, const struct daily *daily, int64_t peak);

/** The same, small and without axes.  capacity: 0 for no line. */
__attribute__((nonnull))
void chart_spark(struct output *output, const struct daily *daily, int64_t peak, int64_t capacity);

/** The days without all counts, of the days [first, last) since 1970. */
__attribute__((nonnull))
void chart_holes(struct output *output, const struct daily *daily, int64_t first, int64_t last);

/** People by day and hour: the means of all rooms of a site, added up, as a table. */
__attribute__((nonnull))
void chart_heat(struct output *output, const struct summary *summary, const struct crowd *crowd);

/** The week of one room, small. */
__attribute__((nonnull))
void chart_week(struct output *output, const struct figures *figures);

/** How full a room is how often, in working hours. */
__attribute__((nonnull))
void chart_full(struct output *output, const struct use *use);

#endif
