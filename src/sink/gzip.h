// SPDX-License-Identifier: ISC

/*
 * Compressing a file in small slices, and reading a compressed one: the one user
 * of zlib.
 */

#ifndef SINK_GZIP_H
#define SINK_GZIP_H

#include "base/file.h"

struct gzip;

/**
 * Begins to compress one file into another, which must not exist.
 *
 * Returns 0 and what gzip_free() releases, or -errno.
 */
__attribute__((warn_unused_result, nonnull))
int gzip_new(const char *from, const char *to, struct gzip **ret);

/**
 * Does a slice of a few milliseconds.
 *
 * Returns 1 if there is more to do, 0 if the new file is complete and synced,
 * or -errno, and then only gzip_free() is left to do.
 */
__attribute__((warn_unused_result, nonnull))
int gzip_step(struct gzip *gzip);

/** Closes both files.  An incomplete one stays. */
void gzip_free(struct gzip *gzip);

/**
 * Whether a compressed file ends as one of that many bytes does.
 *
 * Returns 1 or 0, or -errno.
 */
__attribute__((warn_unused_result, nonnull))
int gzip_matches(const char *path, int64_t size);

struct gunzip;

/** Opens a compressed file.  Returns 0 and what gunzip_free() releases, or -errno. */
__attribute__((warn_unused_result, nonnull))
int gunzip_new(const char *path, struct gunzip **ret);

/** Goes on, before anything has been read, from that place of the compressed file, where a member begins. */
__attribute__((nonnull))
void gunzip_skip(struct gunzip *gunzip, int64_t offset);

/**
 * Reads on, up to len bytes of what was compressed, one of gzip's members behind the other;
 * fewer only at the end, or before what is damaged.  Returns their number; -EBADMSG if it is
 * damaged from here on; other -errno.
 */
__attribute__((warn_unused_result, nonnull))
int64_t gunzip_read(struct gunzip *gunzip, void *data, size_t len);

void gunzip_free(struct gunzip *gunzip);

#endif
