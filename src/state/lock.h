// SPDX-License-Identifier: ISC

/*
 * One daemon per state directory, and per log directory.
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

/**
 * Locks the log directory itself, so that two daemons with different state directories do
 * not write to one log.  Writes nothing there.
 *
 * Returns 0, and in ret_lock a descriptor for lock_release(), or -1 where it cannot be locked:
 * the file system cannot lock a directory, or there is none that may be opened; or -EBUSY with a
 * sentence if another has the lock.
 */
__attribute__((warn_unused_result, nonnull(1, 2)))
int lock_take_log(const char *directory, int *ret_lock, struct error *err);

/** Lets go.  Does nothing if lock < 0. */
void lock_release(int lock);

#endif
