// SPDX-License-Identifier: ISC

/*
 * Numbers as they are written by the million, with a point or a comma.
 */

#ifndef TOOL_DECIMAL_H
#define TOOL_DECIMAL_H

#include "base/units.h"

/** The longest of them, and a byte more. */
enum { DECIMAL_SIZE = 32 };

/** Writes "12", or "12.5" with as few decimals as there are.  count: at least 0.  Returns what is behind it. */
__attribute__((nonnull, returns_nonnull))
char *decimal_put(char *to, int64_t count, uint32_t millionths, char point);

/** Writes what part of the whole that is, "0" to "1", in ten thousandths. */
__attribute__((nonnull, returns_nonnull))
char *decimal_put_share(char *to, usec_t part, usec_t whole, char point);

#endif
