// SPDX-License-Identifier: ISC

/*
 * Where the service gets its credentials from, for a program that is not the service.
 */

#ifndef CONFIG_CREDENTIAL_H
#define CONFIG_CREDENTIAL_H

#include "base/error.h"

#include <limits.h>
#include <stdbool.h>

/**
 * The name by which secret_read() gets what the service would get, which runs with that main file.  A path
 * stays as it is, and so does each name where $CREDENTIALS_DIRECTORY is set.  Else it is the first that is there of
 *
 *   - the file that LoadCredential= names in the unit or its drop-ins, or where there is no
 *     such line the file of that name beside the main file;
 *   - what systemd has given to the service that runs now.
 *
 * root: where the file system begins, "" but for tests.  Returns 0; or -ENXIO and a sentence if there is no such
 * file, or -ENAMETOOLONG.
 */
__attribute__((warn_unused_result, nonnull(1, 2, 3, 4)))
int credential_find(const char *root, const char *main_file, const char *name, char ret_name[static PATH_MAX],
                    struct error *err);

#endif
