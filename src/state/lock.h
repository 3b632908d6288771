// SPDX-License-Identifier: ISC

/*
 * One daemon per state directory.
 */

#ifndef STATE_LOCK_H
#define STATE_LOCK_H

#include "base/error.h"

/**
 * Takes the lock DIRECTORY/lock and writes our process id into it.
 *
 * Returns a descriptor that holds the lock until it is closed or the process
 * ends; -EBUSY if another process has it (the sentence names its id); -EPERM if we
 * are root and the directory is another user's; or -errno.
 */
__attribute__((warn_unused_result, nonnull(1)))
int lock_take(const char *directory, struct error *err);

/** Lets go.  A negative descriptor is nothing. */
void lock_release(int lock);

#endif
