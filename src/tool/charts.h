// SPDX-License-Identifier: ISC

/*
 * The pictures of a report: static SVG and tables, which say what they show.
 */

#ifndef TOOL_CHARTS_H
#define TOOL_CHARTS_H

#include "tool/html.h"
#include "tool/summary.h"

/** The peak of each day as bars, up to most; days of a weekend are pale, those without all counts are marked.  capacity: 0 for no line. */
__attribute__((nonnull))
void chart_days(struct output *output, const struct daily *daily, const char *class, int64_t most, int64_t capacity);

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
