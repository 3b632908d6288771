// SPDX-License-Identifier: ISC

/*
 * The durable replacement of a whole file.
 *
 * Stands apart from file.h because it is made of its calls: over the
 * simulation's faulty disk it is this very code that runs.
 */

#ifndef BASE_REPLACE_H
#define BASE_REPLACE_H

#include "base/file.h"

/**
 * Puts the data at DIRECTORY/NAME.  A crash at any point leaves the old file or
 * the new one, whole, and perhaps DIRECTORY/.NAME.tmp, which the next call
 * replaces.  One process at a time may do this to a name.
 *
 * Returns 0 when the new file is there for good; else -errno, and then it is
 * the old one, or (if only the directory could not be synced) the new one.
 */
__attribute__((warn_unused_result, nonnull(1, 2, 3)))
int file_replace(const char *directory, const char *name, const void *data, size_t len, mode_t mode);

#endif
