// SPDX-License-Identifier: ISC

/*
 * What the command line asks for, from the configuration to the exit code.
 */

#ifndef DAEMON_COMMAND_H
#define DAEMON_COMMAND_H

#include "config/config.h"
#include "daemon/options.h"

/**
 * Reads the configuration, then checks it, prints it, or runs by it.  Says what
 * is wrong.  Returns an exit code of sysexits.h.
 */
__attribute__((warn_unused_result, nonnull))
int command_run(const struct options *options);

/** config_load(), with all that is wrong told.  Returns 0, -EINVAL or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int command_read_config(const char *file, struct config **ret_config);

/** Warns if an account needs more requests than its rate allows, and names the window that would fit. */
__attribute__((nonnull))
void command_warn_of_cost(const struct config *config);

#endif
