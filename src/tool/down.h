// SPDX-License-Identifier: ISC

/*
 * A daemon that does not answer: since when, by what it has left behind.
 */

#ifndef TOOL_DOWN_H
#define TOOL_DOWN_H

#include "base/buf.h"
#include "tool/tool.h"

struct down {
	usec_t checkpoint; /* when it was written last; INT64_MIN: there is none, or it cannot be seen */
	usec_t record;     /* when the log was, likewise */
	int64_t pid;       /* of a daemon that holds the state all the same; 0: there is none */
};

/** Looks for it, in the directories of the configuration, or in those that are usual. */
__attribute__((nonnull))
void down_look(const struct tool *tool, struct down *ret);

/** The latest of these; INT64_MIN if nothing is known. */
__attribute__((nonnull))
usec_t down_since(const struct down *down);

/** Appends a sentence, without a full stop or newline.  why: what became of asking it. */
__attribute__((nonnull))
void down_say(const struct down *down, const char *why, usec_t now, struct buf *out);

#endif
