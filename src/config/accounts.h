// SPDX-License-Identifier: ISC

/*
 * The members of accounts, as they are read.
 */

#ifndef CONFIG_ACCOUNTS_H
#define CONFIG_ACCOUNTS_H

#include "config/reader.h"

/** Reads a node of the list `accounts`. */
__attribute__((nonnull))
void accounts_read(struct reader *reader, const struct source *source, const struct config_setting_t *node, long at);

/** Looks an account up by its name; NULL if there is none. */
__attribute__((nonnull))
const struct account *accounts_find(const struct reader *reader, const char *name);

#endif
