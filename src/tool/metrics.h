// SPDX-License-Identifier: ISC

/*
 * occupancyctl metrics: how the daemon is doing, for Prometheus.
 */

#ifndef TOOL_METRICS_H
#define TOOL_METRICS_H

#include "tool/tool.h"

extern const char metrics_help[];

/** The command.  Returns an exit code. */
__attribute__((nonnull))
int metrics_run(struct tool *tool, int argc, char *argv[]);

#endif
