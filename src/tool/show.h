// SPDX-License-Identifier: ISC

/*
 * Times and sizes as people read them.
 */

#ifndef TOOL_SHOW_H
#define TOOL_SHOW_H

#include "base/units.h"

enum { SHOW_RANGE_SIZE = 96, SHOW_DATE_SIZE = 32, SHOW_BYTES_SIZE = 32 };

/** "2026-03-11 14:15-15:00Z"; with the date of the end if that is another. */
__attribute__((nonnull))
const char *show_range(char out[static SHOW_RANGE_SIZE], usec_t start, usec_t end);

/** "23 Nov 2025", in UTC. */
__attribute__((nonnull))
const char *show_date(char out[static SHOW_DATE_SIZE], usec_t instant);

/** "987 MB", in powers of a thousand. */
__attribute__((nonnull))
const char *show_bytes(char out[static SHOW_BYTES_SIZE], int64_t bytes);

#endif
