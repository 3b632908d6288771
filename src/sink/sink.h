// SPDX-License-Identifier: ISC

/*
 * The log: whole lines, durable before anybody is told of them.
 *
 * Records are added to a batch in memory; sink_commit() appends the batch and
 * syncs it, or undoes what it did.  When it returns 0 the batch is on the disk;
 * when it returns an error the file holds nothing of it.
 *
 * The current file is always DIRECTORY/occupancy.ndjson (or .csv).  Rotation
 * renames it; see rotate.h.
 */

#ifndef SINK_SINK_H
#define SINK_SINK_H

#include "response/record.h"

struct sink;

/** How far the log has been written and synced. */
struct sink_position {
	uint64_t inode; /* of the current file */
	int64_t size;
};

/**
 * Opens the log, creating the file if need be; a torn last line (without its
 * newline) is cut off.  Finishes a rotation that was interrupted.
 *
 * Returns 0 and a sink to be given to sink_close(), or -errno.
 */
__attribute__((warn_unused_result, nonnull(1, 3)))
int sink_open(const struct log_settings *settings, usec_t now, struct sink **ret_sink, struct error *err);

/** What is in the batch is dropped. */
void sink_close(struct sink *sink);

/** Formats a record into the batch.  Errors show at the commit. */
__attribute__((nonnull))
void sink_add(struct sink *sink, const struct record *record);

/** Bytes waiting for the commit. */
__attribute__((nonnull))
size_t sink_pending(const struct sink *sink);

/**
 * Appends the batch and syncs it; rotates before, if the size or the clock says
 * so.  A file that was moved away or removed by others is opened anew first.
 * The batch is empty afterwards, whatever happened.
 *
 * Returns 0, or -errno and a sentence that names the file.
 */
__attribute__((warn_unused_result, nonnull(1)))
int sink_commit(struct sink *sink, usec_t now, struct error *err);

/** Rotates now, unless the current file is empty.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull(1)))
int sink_rotate(struct sink *sink, usec_t now, struct error *err);

/**
 * Goes on with what can wait: compressing and trimming rotated files, one
 * slice of a few milliseconds at a time.
 *
 * Returns 1 if there is more to do, 0 if all is done, or -errno if some of it
 * failed: the same again until the next rotation, after which it is tried again.
 */
__attribute__((warn_unused_result, nonnull(1)))
int sink_work(struct sink *sink, struct error *err);

/** The wall-clock time of the next rotation by the clock; USEC_INFINITY if none. */
__attribute__((nonnull))
usec_t sink_rotation_due(const struct sink *sink);

/** Takes over new settings (not the directory); a changed format starts a new file.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull(1, 2)))
int sink_reconfigure(struct sink *sink, const struct log_settings *settings, usec_t now, struct error *err);

__attribute__((nonnull))
struct sink_position sink_position(const struct sink *sink);

/** The path of the current file. */
__attribute__((nonnull))
const char *sink_path(const struct sink *sink);

#endif
