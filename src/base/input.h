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
 * Reads up to len bytes from that offset; fewer only at the end of the file.
 * Returns their number or -errno: -ESPIPE of a FIFO or a socket.
 */
__attribute__((warn_unused_result, nonnull))
int64_t input_read(int fd, void *data, size_t len, int64_t offset);

#endif
