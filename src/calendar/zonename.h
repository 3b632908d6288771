// SPDX-License-Identifier: ISC

/*
 * Names of time zones: which can be one, and what was probably meant by one that
 * the tz database lacks.
 *
 * Some systems install the database without its old names (Debian puts US/Pacific,
 * EST and others into a package of their own), but with tzdata.zi, which lists them
 * all and says what they stand for.  No name is ever taken for another: what is found
 * here goes into a message.
 */

#ifndef CALENDAR_ZONENAME_H
#define CALENDAR_ZONENAME_H

#include "base/error.h"

#include <stdbool.h>

/** With the final NUL. */
enum { ZONENAME_SIZE = 64 };

/** Whether it can be a name in the database, and so part of a path below its directory. */
__attribute__((nonnull))
bool zonename_is_valid(const char *name);

/**
 * Says that the database in the directory has no zone of that name, and what would be
 * right: of an old name the one in use and the package that brings the old one; of a
 * slip the nearest name; else what such a name looks like.  Returns -ENOENT.
 */
__attribute__((warn_unused_result, nonnull(1, 2)))
int zonename_refuse(const char *directory, const char *name, struct error *err);

#endif
