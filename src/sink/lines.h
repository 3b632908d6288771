// SPDX-License-Identifier: ISC

/*
 * The lines of a file of the log, compressed or not, one after the other.
 */

#ifndef SINK_LINES_H
#define SINK_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** No record is longer: it is made of a body of 8 MiB at most, in which bytes may become six. */
#define LINES_LONGEST ((size_t)64 << 20)

/** A line and the newline behind it. */
struct line {
	const char *text; /* NULL if it is longer than any record; valid until the next one is read */
	size_t len;
	int64_t at;       /* its offset in what was not compressed */
	bool whole;       /* it ends in its newline: false only for the last one of a file */
};

struct lines;

/** Another way to unpack compressed files than by zlib, block by block. */
struct lines_unpacker {
	/** Begins to read a file, and is done with the one before.  Returns 0 or -errno. */
	int (*open)(void *user, const char *path);

	/**
	 * Returns how many bytes there are at *ret, behind those that were given before and, within a member of gzip's,
	 * in memory too; 0 at the end of the file; -EBADMSG if it is damaged from there on; -EAGAIN if the next
	 * call will take away what was given; other -errno.
	 */
	int64_t (*next)(void *user, const char **ret);
};

/** Makes a reader for one file after the other.  Returns NULL if there is no memory. */
struct lines *lines_new(void);

void lines_free(struct lines *lines);

/** From the next lines_open() on.  lines_seek() does without.  user and what it gives must outlive the reader. */
__attribute__((nonnull))
void lines_set_unpacker(struct lines *lines, const struct lines_unpacker *unpacker, void *user);

/** Begins to read a file, and is done with the one before.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull))
int lines_open(struct lines *lines, const char *path);

/**
 * Moves on, from the beginning of the file, to an offset in what was not compressed, if the bytes before
 * it, as many as there are up to tail_len, have that hash (rng_hash()).
 *
 * Returns 0; -ENODATA if they have not, or if the file ends before; -EBADMSG if it is damaged before; other
 * -errno.
 */
__attribute__((warn_unused_result, nonnull))
int lines_seek(struct lines *lines, int64_t offset, size_t tail_len, uint64_t tail);

/** What has been read already, and not been given away: a part of a line, or any number of them. */
__attribute__((nonnull))
struct line lines_ahead(const struct lines *lines);

/** As if lines_next() had given so much of that, which ends with a newline. */
__attribute__((nonnull))
void lines_pass(struct lines *lines, size_t len);

/**
 * Reads the next line.  Returns 1; 0 at the end of the file; -EBADMSG if the compressed file is damaged from
 * there on; other -errno.
 */
__attribute__((warn_unused_result, nonnull))
int lines_next(struct lines *lines, struct line *ret);

#endif
