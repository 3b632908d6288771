// SPDX-License-Identifier: ISC

/*
 * The current file of the log.
 *
 * It holds whole lines only.  What is appended is appended and synced as a
 * whole or cut off again.  Room for it is set aside before, so that on a full disk
 * nothing is written that a reader would see vanish.  Others may rename, remove or truncate the file at any
 * time: that is noticed before and after each append.
 */

#ifndef SINK_LOGFILE_H
#define SINK_LOGFILE_H

#include "base/file.h"

struct logfile {
	char *directory, *path;
	const char *header;     /* what a new file begins with; "" for nothing */
	int fd;
	uint64_t device, inode; /* which file it is */
	int64_t size;           /* of the whole lines in it, synced */
	int64_t heading;        /* how much of that is the header; 0: it does not begin with it */
	usec_t written;         /* when the last append was; at the opening, when the file says so */
	int64_t stray;          /* bytes at the end that must go before anything else happens */
	bool cut_unsynced;      /* some went, and a crash could bring them back */
	int64_t reserved;       /* up to here the disk has room for certain */
	bool unreservable;      /* no room can be set aside on this file system */
	unsigned generation;    /* one more with every file that is opened at the path */
};

/** No file.  Allocates nothing. */
__attribute__((nonnull))
void logfile_init(struct logfile *file);

/**
 * Opens or creates DIRECTORY/NAME, cuts off a torn last line, and syncs what is
 * there and the directory.  An empty file gets the header, if the disk has room for
 * it; else the first append brings it.  The header must outlive the file.
 *
 * Returns 0, or -errno with the file as after logfile_init().
 */
__attribute__((warn_unused_result, nonnull(1, 2, 3, 4)))
int logfile_open(struct logfile *file, const char *directory, const char *name, const char *header,
                 struct error *err);

void logfile_close(struct logfile *file);

/** Whether it holds no line but the header. */
__attribute__((nonnull))
bool logfile_is_empty(const struct logfile *file);

/**
 * Makes sure that the file is the one at its path: if that was moved away or
 * removed, the path is opened anew.  Undoes what an earlier append could not.
 *
 * Returns 0, or -errno; then call it again later.
 */
__attribute__((warn_unused_result, nonnull(1)))
int logfile_follow(struct logfile *file, struct error *err);

/** Cuts the file back to that many bytes, which end a line, and syncs it; of 0, it begins anew.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull(1)))
int logfile_cut(struct logfile *file, int64_t size, struct error *err);

/**
 * Appends whole lines and syncs them, with the header in front if the file is
 * empty.  Includes logfile_follow().  now may be USEC_UNKNOWN.
 *
 * Returns 0, or -errno and then nothing of it is in the file (if even that
 * cannot be achieved, nothing else will be done until it is).
 */
__attribute__((warn_unused_result, nonnull(1, 2)))
int logfile_append(struct logfile *file, const void *data, size_t len, usec_t now, struct error *err);

#endif
