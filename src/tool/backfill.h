// SPDX-License-Identifier: ISC

/*
 * occupancyctl backfill: has the daemon ask again for what has been recorded.
 */

#ifndef TOOL_BACKFILL_H
#define TOOL_BACKFILL_H

struct tool;

/** What --help says. */
extern const char backfill_help[];

/** Runs the command, with the arguments behind its name.  Returns the exit code. */
__attribute__((nonnull))
int backfill_run(struct tool *tool, int argc, char *argv[]);

#endif
