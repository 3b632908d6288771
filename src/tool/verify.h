// SPDX-License-Identifier: ISC

/*
 * occupancyctl verify: is every bucket in the log once, or a gap that says why not?
 */

#ifndef TOOL_VERIFY_H
#define TOOL_VERIFY_H

#include "tool/tool.h"

/** What --help says. */
extern const char verify_help[];

/** Runs the command, with the arguments behind its name.  Returns the exit code. */
__attribute__((nonnull))
int verify_run(struct tool *tool, int argc, char *argv[]);

#endif
