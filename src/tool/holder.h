// SPDX-License-Identifier: ISC

/*
 * The daemon of a state directory, by the lock that it holds there (state/lock.h).
 */

#ifndef TOOL_HOLDER_H
#define TOOL_HOLDER_H

#include <sys/types.h>

/**
 * Who holds DIRECTORY/lock.  The lock is left alone, so a daemon that starts meanwhile is not in the way of this.
 *
 * Returns the process id; 0 if nobody that can be seen from here does; or -errno.
 */
__attribute__((warn_unused_result, nonnull))
pid_t holder_of(const char *directory);

#endif
