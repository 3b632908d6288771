// SPDX-License-Identifier: ISC

/*
 * The disk, as the log and the checkpoint see it.
 *
 * All that sink/ and state/ do to files goes through here and nothing else
 * does, so that the simulation can put a faulty disk in its place.
 *
 * Results are 0 or -errno unless said otherwise; no call is left half done
 * because of a signal.  Descriptors are closed on exec.  Only regular files are
 * wanted: the last component of a path that is opened is never followed if it is a
 * symbolic link (-FILE_NOT_REGULAR), and a pipe in its place does not block.
 */

#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum file_access {
	FILE_READ,
	FILE_APPEND, /* read anywhere, write at the end; created if missing */
	FILE_CREATE, /* write; -EEXIST if there is such a file */
};

struct file_info {
	uint64_t device, inode; /* the file's identity, as long as it exists */
	int64_t size;
	usec_t mtime;
	bool regular;
};

/** The code for what is not a regular file: a symbolic link, directory, FIFO, device or socket. */
#define FILE_NOT_REGULAR EMEDIUMTYPE

/** Returns a descriptor of a regular file, or -errno.  The mode, less the umask, is for a file that is created. */
__attribute__((warn_unused_result, nonnull))
int file_open(const char *path, enum file_access access, mode_t mode);

/** Does nothing if fd < 0.  What matters was synced before: there is nothing to report. */
void file_close(int fd);

/** Writes all of it.  On failure some of it may have been written: *ret_written bytes (may be NULL). */
__attribute__((warn_unused_result, nonnull(2)))
int file_write(int fd, const void *data, size_t len, size_t *ret_written);

/**
 * Reads up to len bytes from that offset; fewer only at the end of the file.
 * Returns their number or -errno.
 */
__attribute__((warn_unused_result, nonnull))
int64_t file_read(int fd, void *data, size_t len, int64_t offset);

/** The data, and the size, reach the disk. */
__attribute__((warn_unused_result))
int file_sync(int fd);

/** The data and everything about the file reach the disk. */
__attribute__((warn_unused_result))
int file_sync_all(int fd);

__attribute__((warn_unused_result))
int file_truncate(int fd, int64_t size);

/**
 * Sets room on the disk aside for the bytes from one offset to another, without changing the
 * file's size: writing them will not fail for want of room.
 *
 * Returns 0; -ENOSPC or -EDQUOT if there is not so much room, and then some of it may be set
 * aside; -ENOTSUP if the file system cannot do it; other -errno.
 */
__attribute__((warn_unused_result))
int file_reserve(int fd, int64_t from, int64_t to);

/** Gives back what room is set aside beyond the file's size.  Its times stay.  Returns 0 or -errno. */
int file_unreserve(int fd);

/** Of what stands at the path itself, symbolic link or not. */
__attribute__((warn_unused_result, nonnull))
int file_stat(const char *path, struct file_info *ret);

__attribute__((warn_unused_result, nonnull))
int file_stat_open(int fd, struct file_info *ret);

/** Takes the place of what stood at the new path. */
__attribute__((warn_unused_result, nonnull))
int file_rename(const char *from, const char *to);

/** The same, but -EEXIST if something stands at the new path. */
__attribute__((warn_unused_result, nonnull))
int file_rename_new(const char *from, const char *to);

__attribute__((nonnull))
int file_remove(const char *path);

typedef void file_visit(const char *name, void *user);

/** Visits every name in the directory but "." and "..", in no order. */
__attribute__((warn_unused_result, nonnull(1, 2)))
int file_list(const char *directory, file_visit *visit, void *user);

/**
 * What was created, renamed and removed in the directory reaches the disk.  0 as well if
 * this file system cannot sync a directory.
 */
__attribute__((warn_unused_result, nonnull))
int file_sync_directory(const char *directory);

/** Takes the file's lock for this descriptor, or returns -EWOULDBLOCK at once. */
__attribute__((warn_unused_result))
int file_lock(int fd);

/**
 * Locks a directory as such, without a file in it.  Returns a descriptor for file_close()
 * that holds the lock; -EWOULDBLOCK at once if another has it; -ENOTSUP if this file system
 * cannot (some network file systems); other -errno.
 */
__attribute__((warn_unused_result, nonnull))
int file_lock_directory(const char *directory);

#endif
