// SPDX-License-Identifier: ISC

/*
 * occupancyctl report: how the rooms are used.
 */

#ifndef TOOL_REPORT_H
#define TOOL_REPORT_H

#include "tool/tool.h"

/** What --help says. */
extern const char report_help[];

/** Runs the command, with the arguments behind its name.  Returns the exit code. */
__attribute__((nonnull))
int report_run(struct tool *tool, int argc, char *argv[]);

#endif
