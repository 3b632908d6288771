// SPDX-License-Identifier: ISC

/*
 * Reading the log back: at a start, what it holds beyond the last checkpoint.
 *
 * Rotated files in the order of their names, compressed or not, in either format,
 * then the current one.  Rereading a known record is harmless; reading too few would
 * double records.
 */

#ifndef SINK_REPLAY_H
#define SINK_REPLAY_H

#include "sink/archive.h"
#include "sink/format.h"

/**
 * How far the log has been written and synced.  It is found again by what stands
 * before it in the file, however that is called by now.
 */
struct sink_position {
	usec_t newest;  /* the latest time that a rotated file was named after; 0: none */
	uint64_t inode; /* of the current file */
	int64_t size;   /* of the whole lines in it */
	uint64_t tail;  /* hash of the last bytes of them */
};

typedef void log_visit(const struct log_entry *entry, void *user);

/** What somebody who remembers up to a position says of a record. */
enum replay_age {
	REPLAY_UNKNOWN, /* nothing */
	REPLAY_KNOWN,   /* it was there when the position was taken */
	REPLAY_NEW,     /* it was not */
};

/** Whether the log goes on from the position. */
enum replay_place {
	REPLAY_FOUND, /* or there was none */
	REPLAY_LOST,  /* no file holds it: others have taken that one away */
	REPLAY_OLDER, /* the whole log is from before it: all of it has been read */
};

/** What was read. */
struct replay {
	log_visit *visit;

	/*
	 * For a position: how old a record is; and that all which was learnt is to be forgotten,
	 * with what the position came with, for the log is older and is read anew from its beginning.
	 */
	enum replay_age (*age_of)(const struct log_entry *entry, void *user);
	void (*forget)(void *user);
	void *user;

	enum replay_place place;

	size_t files, records;
	size_t odd;                 /* lines that are not records */
	char odd_file[ARCHIVE_NAME_SIZE]; /* where the first of them is, and at which byte */
	int64_t odd_at;
	size_t damaged;             /* compressed files that could not be read to their end */
	char damaged_file[ARCHIVE_NAME_SIZE];
};

/** The hash for a position: of the bytes before size in an open file.  Returns 0; -ENODATA if it is shorter; other -errno. */
__attribute__((warn_unused_result, nonnull))
int replay_tail(int fd, int64_t size, uint64_t *ret_tail);

/**
 * The end of the bucket of the last record in an open file.  Returns 0; -ENODATA if its last
 * line is not a record or is too long; other -errno.
 */
__attribute__((warn_unused_result, nonnull))
int replay_last_end(int fd, int64_t size, const struct log_codec *codec, usec_t *ret_end);

/**
 * Visits the records in DIRECTORY/CURRENT and in the rotated files beside it, from a
 * position on; from NULL: all.
 *
 * If what stands before the position is found in no file, others have taken that file
 * away, which is their right, or the log is an older one: it was restored, or lay elsewhere
 * for a while.  It is older if a file that would be from after the position begins with a record
 * from before it; or if no file is from after it, and of the rotated ones the latest that the
 * position knows of is missing while earlier ones are there.
 *
 * *ret_zeros is the offset of the first line of the current file that holds a NUL,
 * or -1: it and all behind it is what a crash made of an append that was never
 * synced, and is not visited.
 *
 * Returns 0, or -errno and a sentence that names the file that cannot be read.
 */
__attribute__((warn_unused_result, nonnull(1, 2, 4, 5)))
int replay_run(const char *directory, const char *current, const struct sink_position *from,
               struct replay *replay, int64_t *ret_zeros, struct error *err);

#endif
