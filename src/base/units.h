// SPDX-License-Identifier: ISC

/*
 * Time and size: the units this program counts in, and the strings people
 * write them as.
 *
 * All times inside are microseconds in a signed 64-bit usec_t, whether an
 * instant (since 1970-01-01T00:00:00Z) or a duration.  Milliseconds exist only
 * where the Rhombus API says so, and then the name says _ms.
 */

#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef int64_t usec_t;

#define USEC_PER_MSEC ((usec_t)1000)
#define USEC_PER_SEC  ((usec_t)1000000)
#define USEC_PER_MIN  (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)
#define USEC_PER_DAY  (24 * USEC_PER_HOUR)
#define USEC_PER_WEEK (7 * USEC_PER_DAY)

/** Never.  Later than every instant. */
#define USEC_INFINITY INT64_MAX

/** In place of the time, where nobody has confirmed what the clock says. */
#define USEC_UNKNOWN INT64_MIN

/** Large enough for every string that units_format_duration() writes. */
#define DURATION_STRING_SIZE 32

/**
 * Parses a duration: a sequence of numbers with a unit each ("90s", "1h30m",
 * "7d").  Units: us, ms, s, m, h, d (24 h), w (7 d).  A bare "0" is allowed,
 * any other bare number is not.
 *
 * Returns 0, -EINVAL if it is not a duration, -ERANGE if it exceeds usec_t.
 */
__attribute__((warn_unused_result, nonnull(1, 2)))
int units_parse_duration(const char *text, usec_t *ret_duration, struct error *err);

/**
 * Writes a duration in at most two units, as units_parse_duration() reads it
 * when exact is set ("1h30m", "90s" becomes "1m30s"), else rounded for people
 * ("14 min", "3 s", "2 h", "4 d").
 */
__attribute__((nonnull))
const char *units_format_duration(char buf[static DURATION_STRING_SIZE], usec_t duration, int exact);

/**
 * Parses a size in bytes: a number with an optional unit B, KiB, MiB, GiB, TiB.
 *
 * Returns 0, -EINVAL if it is not a size, -ERANGE if it exceeds int64_t.
 */
__attribute__((warn_unused_result, nonnull(1, 2)))
int units_parse_size(const char *text, int64_t *ret_bytes, struct error *err);

/** Writes a size so that units_parse_size() reads the same ("64MiB", "1000B"). */
__attribute__((nonnull))
const char *units_format_size(char buf[static DURATION_STRING_SIZE], int64_t bytes);

#endif
