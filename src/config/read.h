// SPDX-License-Identifier: ISC

/*
 * Reads the main file and the conf.d fragments beside it, finds every mistake in one go, and
 * gives either a whole configuration or none.
 */

#ifndef CONFIG_READ_H
#define CONFIG_READ_H

#include "config/config.h"
#include "config/problems.h"

/**
 * Reads FILE and conf.d/NAME.conf beside it, in name order.
 *
 * Returns 0 and a configuration to be given to config_free(), or -EINVAL with
 * at least one problem, or -ENOMEM.  It may be one without devices: see
 * config_check_devices().
 */
__attribute__((warn_unused_result, nonnull))
int config_load(const char *file, struct config **ret_config, struct config_problems *problems);

/** Returns 0, or -EINVAL with FILE:LINE and a sentence if no device is configured yet. */
__attribute__((warn_unused_result, nonnull(1, 2)))
int config_check_devices(const struct config *config, const char *file, struct error *err);

#endif
