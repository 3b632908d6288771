// SPDX-License-Identifier: ISC

/*
 * Files that others write: the configuration, keys, time zones.  What the daemon itself writes is
 * for base/file.h.
 */

#ifndef BASE_INPUT_H
#define BASE_INPUT_H

#include <stddef.h>
#include <stdint.h>

/**
 * Opens what is there, to read it; a symbolic link is followed.  A FIFO does not keep the caller
 * waiting: whether it is a regular file is for fstat() to say.
 *
 * Returns the descriptor, for close(), or -errno.
 */
__attribute__((warn_unused_result, nonnull))
int input_open(const char *path);

/**
 * Reads up to len bytes from where the descriptor stands; fewer only at the end of the file.
 * Returns their number or -errno.
 */
__attribute__((warn_unused_result, nonnull))
int64_t input_read(int fd, void *data, size_t len);

#endif
