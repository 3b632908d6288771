// SPDX-License-Identifier: ISC

/*
 * The directory in which the daemon looks for orders, and the daemon that is told of them.
 *
 * The directory belongs to the service's user, who may not be trusted with what root does: nothing in it
 * is followed or overwritten.
 */

#ifndef TOOL_SPOOL_H
#define TOOL_SPOOL_H

#include "base/buf.h"
#include "base/error.h"

#include <sys/types.h>

/**
 * Opens the spool of the state directory, and makes it if there is none, for the user that the state
 * directory belongs to.
 *
 * Returns a descriptor of the directory for close(), or -errno and a sentence: -EPERM if we are
 * neither root nor that user.
 */
__attribute__((warn_unused_result, nonnull))
int spool_open(const char *state_directory, struct error *err);

/** Puts a file there that the daemon can read and remove: whole, or not at all.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull))
int spool_put(int spool, const char *name, const struct buf *data, struct error *err);

/** Takes it back. */
__attribute__((nonnull))
void spool_remove(int spool, const char *name);

/**
 * Tells the daemon that holds the state directory's lock to reload.
 *
 * Returns its process id; 0 if no daemon holds it; or -errno if it is not known, or cannot be told.
 */
__attribute__((warn_unused_result, nonnull))
pid_t spool_tell(const char *state_directory);

#endif
