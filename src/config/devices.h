// SPDX-License-Identifier: ISC

/*
 * `defaults`, and the members of devices, as they are read.
 */

#ifndef CONFIG_DEVICES_H
#define CONFIG_DEVICES_H

#include "config/reader.h"

/** Reads `defaults`, of which node may be NULL. */
__attribute__((nonnull(1)))
void devices_read_defaults(struct reader *reader, const struct config_setting_t *node);

/** Reads a node of the list `devices`, after `defaults` and all accounts. */
__attribute__((nonnull))
void devices_read(struct reader *reader, const struct source *source, const struct config_setting_t *node, long at);

#endif
