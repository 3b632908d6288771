// SPDX-License-Identifier: ISC

/*
 * The block `cluster`, as it is read.
 */

#ifndef CONFIG_MEMBERSHIP_H
#define CONFIG_MEMBERSHIP_H

#include "config/reader.h"

/** Reads the block, or the word in its place, after all accounts; node NULL: there is none, and this node is alone. */
__attribute__((nonnull(1)))
void membership_read(struct reader *reader, const struct config_setting_t *node);

#endif
