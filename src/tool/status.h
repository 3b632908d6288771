// SPDX-License-Identifier: ISC

/*
 * occupancyctl status: how the daemon is doing, and each room.
 */

#ifndef TOOL_STATUS_H
#define TOOL_STATUS_H

#include "tool/judge.h"
#include "tool/tool.h"

extern const char status_help[];

/** The command.  Returns an exit code: 0 well, 1 something is wrong, 2 it is serious, 3 not known. */
__attribute__((nonnull))
int status_run(struct tool *tool, int argc, char *argv[]);

/** Appends the daemon's own document with the rooms that were selected, and the level. */
__attribute__((nonnull))
void status_put_json(const struct live *live, const struct judgement *judgement, struct buf *out);

#endif
