// SPDX-License-Identifier: ISC

/*
 * The configuration as a file, and what a reload does not apply.
 */

#ifndef CONFIG_PRINT_H
#define CONFIG_PRINT_H

#include "base/buf.h"
#include "config/config.h"

/**
 * Appends the effective configuration, all defaults filled in, as a file that
 * config_load() accepts.  It names key files, never a key.
 */
__attribute__((nonnull))
void config_print(const struct config *config, struct buf *out);

/** Appends a line for each setting that differs and that only a restart applies. */
__attribute__((nonnull))
void config_restarts(const struct config *before, const struct config *after, struct buf *out);

#endif
