// SPDX-License-Identifier: ISC

/*
 * What becomes of a log file that is full, or of yesterday.
 *
 * The steps are: sync, rename, open the new file, sync the directory (these
 * four at once, the first and the last two by logfile.h), then in the idle time
 * trim and compress.  Each step can fail and be done again, and what is to be
 * done is read off the directory, not remembered: so a crash between any two
 * steps is nothing but a later start with the next one.
 */

#ifndef SINK_ROTATE_H
#define SINK_ROTATE_H

#include "config/config.h"
#include "sink/archive.h"

struct gzip;

enum rotate_phase {
	ROTATE_IDLE,
	ROTATE_SWEEP,    /* remove what an interrupted compression left */
	ROTATE_PICK,     /* remove what is too many or too old; then find the oldest file to be compressed */
	ROTATE_COMPRESS, /* a slice of it */
	ROTATE_TRIM,     /* remove what is more than is to be kept, bytes included */
};

/** What has been removed. */
struct rotate_removed {
	int files; /* a file and its compressed form are one */
	char first[ARCHIVE_NAME_SIZE], last[ARCHIVE_NAME_SIZE];
	const char *setting; /* by which the last one had to go: "keep" and so on */
};

struct rotate {
	char *directory;
	struct log_settings settings; /* what to compress and to keep */
	usec_t now;                   /* the confirmed time, as last told, or USEC_UNKNOWN */
	usec_t newest;                /* no later name has been given */
	usec_t released;              /* no later file is removed: see rotate_release() */
	usec_t expiry;                /* when the oldest file gets too old */
	enum rotate_phase phase;
	struct rotate_removed removed;
	struct gzip *gzip;
	char job[ARCHIVE_NAME_SIZE];  /* what is being compressed, or was last */
	int failure;                  /* the first one of this round of work, or when idle of the last */
	struct error reason;
};

/** Begins a round of work.  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int rotate_init(struct rotate *rotate, const struct log_settings *settings, usec_t now);

void rotate_done(struct rotate *rotate);

/** Takes over new settings, but for the directory, and begins a round of work. */
__attribute__((nonnull))
void rotate_configure(struct rotate *rotate, const struct log_settings *settings);

/** Begins a round of work. */
__attribute__((nonnull))
void rotate_begin(struct rotate *rotate);

/**
 * Tells it the time: files get too old without any rotation.  As long as it is USEC_UNKNOWN
 * no file is removed for its age.
 */
__attribute__((nonnull))
void rotate_tick(struct rotate *rotate, usec_t now);

/**
 * Gives a synced file the name of a rotated one: of that second, or of the
 * first one after all names there are, so that names sort by age whatever the
 * clock does.  Begins a round of work.  The caller opens the next file and
 * syncs the directory.
 *
 * Returns 0 or -errno.
 */
__attribute__((warn_unused_result, nonnull(1, 2, 3)))
int rotate_rename(struct rotate *rotate, const char *path, const char *extension, usec_t time,
                  struct error *err);

/**
 * Looks at the names there are.  newest: the latest name that was given before this
 * start, as far as is known.  Returns 0 or -errno.
 */
__attribute__((warn_unused_result, nonnull(1)))
int rotate_resume(struct rotate *rotate, usec_t newest, struct error *err);

/**
 * Lets files be removed that are named after that time or an earlier one: a
 * checkpoint is past them.  What a start would have to read back stays.
 */
__attribute__((nonnull))
void rotate_release(struct rotate *rotate, usec_t newest);

/** Whether a round of work is over that removed something; if so, what, once. */
__attribute__((nonnull))
bool rotate_removed(struct rotate *rotate, struct rotate_removed *ret);

/**
 * Does a slice of the work that can wait.
 *
 * Returns 1 if there is more to do.  At the end of a round, and from then on until
 * the next one begins, it does nothing and returns 0, or -errno if something failed
 * in that round; all else has been done then, and what failed comes up again in the
 * next round.
 */
__attribute__((warn_unused_result, nonnull(1)))
int rotate_work(struct rotate *rotate, struct error *err);

#endif
