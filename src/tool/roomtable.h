// SPDX-License-Identifier: ISC

/*
 * Rooms and how they are, as a table for a terminal.
 */

#ifndef TOOL_ROOMTABLE_H
#define TOOL_ROOMTABLE_H

#include "tool/judge.h"

/**
 * Appends the table of those that are not well, or of all; nothing if that is none.  Names and
 * reasons are made harmless.  Times are by the rooms' own clocks.  Whether there was memory is
 * for buf_error() to say.
 */
__attribute__((nonnull))
void roomtable_put(const struct live *live, const struct judgement *judgement, bool all, bool colour, struct buf *out);

#endif
