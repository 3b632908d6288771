// SPDX-License-Identifier: ISC

/*
 * Why there are gaps, as their lines in the log say it.
 */

#ifndef TOOL_REASONS_H
#define TOOL_REASONS_H

#include "tool/tool.h"

/** In the order of the log.  All zero: none yet. */
struct reasons {
	struct reason *list;
	size_t len, size;
};

/** Keeps what the line of a gap says.  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int reasons_add(struct reasons *reasons, const struct seen *seen);

/** What the record there says; "" if it says nothing. */
__attribute__((nonnull, returns_nonnull))
const char *reasons_at(const struct reasons *reasons, struct position at);

void reasons_done(struct reasons *reasons);

#endif
