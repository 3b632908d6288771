// SPDX-License-Identifier: ISC

/*
 * A screen that is drawn again and again until the user has seen enough.
 */

#ifndef TOOL_WATCH_H
#define TOOL_WATCH_H

#include "base/buf.h"
#include "base/units.h"

/** Appends lines of text, which may hold colours; returns 0, or an exit code that ends it. */
typedef int watch_draw(void *user, struct buf *out);

/**
 * Draws every so often, on a screen of its own, as much as the terminal has room for.  Ends on q, Ctrl-C,
 * or a signal, and then the terminal is as before.  Returns 0; what draw has returned; or an exit code, if
 * standard input or output is not a terminal, and it has been said.
 */
__attribute__((nonnull(1)))
int watch_run(watch_draw *draw, void *user, usec_t every);

#endif
