// SPDX-License-Identifier: ISC

/*
 * occupancyctl discover: which cameras count people, and is that what is configured?
 */

#ifndef TOOL_DISCOVER_H
#define TOOL_DISCOVER_H

#include "tool/tool.h"

/** What --help says. */
extern const char discover_help[];

/** Runs the command, with the arguments behind its name.  Returns the exit code. */
__attribute__((nonnull))
int discover_run(struct tool *tool, int argc, char *argv[]);

#endif
