// SPDX-License-Identifier: ISC

/*
 * occupancyctl export: the latest count of every bucket, for other programs.
 */

#ifndef TOOL_EXPORT_H
#define TOOL_EXPORT_H

#include "tool/tool.h"

/** What --help says. */
extern const char export_help[];

/** Runs the command, with the arguments behind its name.  Returns the exit code. */
__attribute__((nonnull))
int export_run(struct tool *tool, int argc, char *argv[]);

#endif
