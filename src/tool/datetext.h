// SPDX-License-Identifier: ISC

/*
 * Dates and times as a report has them: "Tue 13 Oct 2026 12:30".
 */

#ifndef TOOL_DATETEXT_H
#define TOOL_DATETEXT_H

#include "tool/rooms.h"

enum { DATETEXT_SIZE = 80 };

/** "Tue 13 Oct 2026 12:30", by the clock of the room. */
__attribute__((nonnull, returns_nonnull))
const char *datetext_time(char out[static DATETEXT_SIZE], const struct room *room, usec_t instant);

#endif
