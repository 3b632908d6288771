// SPDX-License-Identifier: ISC

/*
 * Times and sizes as people read them, and columns of text.
 */

#ifndef TOOL_SHOW_H
#define TOOL_SHOW_H

#include "base/buf.h"
#include "base/units.h"

#include <stdbool.h>

enum { SHOW_SPAN_SIZE = 32, SHOW_RANGE_SIZE = 96, SHOW_DATE_SIZE = 32, SHOW_BYTES_SIZE = 32 };

/** "2026-03-11 14:15-15:00Z"; with the date of the end if that is another. */
__attribute__((nonnull))
const char *show_range(char out[static SHOW_RANGE_SIZE], usec_t start, usec_t end);

/** "Nov"; month: from 1. */
__attribute__((returns_nonnull))
const char *show_month(int month);

/** "23 Nov 2025", in UTC. */
__attribute__((nonnull))
const char *show_date(char out[static SHOW_DATE_SIZE], usec_t instant);

/** "2 h 4 min": in its two largest units, without what is 0. */
__attribute__((nonnull))
const char *show_span(char out[static SHOW_SPAN_SIZE], usec_t span);

/** The same, short and in one or two: "34m", "1h5m". */
__attribute__((nonnull))
const char *show_age(char out[static SHOW_SPAN_SIZE], usec_t age);

/** How many columns of a terminal the text takes, if each of its characters takes one. */
__attribute__((nonnull))
size_t show_width(const char *text);

/** Appends the text, and blanks so that it takes so many columns; right: they are before it. */
__attribute__((nonnull))
void show_padded(struct buf *out, const char *text, size_t width, bool right);

/** "987 MB", in powers of a thousand. */
__attribute__((nonnull))
const char *show_bytes(char out[static SHOW_BYTES_SIZE], int64_t bytes);

#endif
