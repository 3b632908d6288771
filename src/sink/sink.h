// SPDX-License-Identifier: ISC

/*
 * The log: whole lines, durable before they count as written.
 *
 * Records are added to a batch in memory; sink_commit() appends the batch and
 * syncs it, or undoes what it did.  When it returns 0 the batch is on the disk;
 * when it returns an error the file holds nothing of it.
 *
 * The current file is always DIRECTORY/occupancy.ndjson (or .csv).  Rotation
 * renames it; see rotate.h.
 *
 * "now" is the time that a server has confirmed, or USEC_UNKNOWN while none has: then no
 * file is rotated by the clock or removed for its age, and one that is rotated for another
 * reason is named by what stands in it.
 */

#ifndef SINK_SINK_H
#define SINK_SINK_H

#include "response/record.h"
#include "sink/replay.h"
#include "sink/rotate.h"

struct sink;

/**
 * Opens the log, creating the file if need be; a torn last line (without its
 * newline) is cut off.
 *
 * Returns 0 and a sink to be given to sink_close(), or -errno.
 */
__attribute__((warn_unused_result, nonnull(1, 3)))
int sink_open(const struct log_settings *settings, usec_t now, struct sink **ret_sink, struct error *err);

/**
 * Takes up where the last process ended: rotates the file of another format away,
 * and reads back what the log holds beyond the position (NULL: all of it), which
 * replay->visit is told of.  Call it once, before anything is added.
 *
 * Returns 0 or -errno.
 */
__attribute__((warn_unused_result, nonnull(1, 4)))
int sink_recover(struct sink *sink, const struct sink_position *from, usec_t now,
                 struct replay *replay, struct error *err);

/** Reads all of the log once more, between commits.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull(1, 2)))
int sink_reread(const struct sink *sink, struct replay *replay, struct error *err);

/** What is in the batch is dropped. */
void sink_close(struct sink *sink);

/** Formats a record into the batch.  Errors show at the commit. */
__attribute__((nonnull))
void sink_add(struct sink *sink, const struct record *record);

/** Empties the batch. */
__attribute__((nonnull))
void sink_drop(struct sink *sink);

/**
 * Puts a line of a journal's entry into the batch, as log_journal_codec's format() has written it, with the entry's
 * number.  log_settings.entries must be set.  Errors show at the commit.
 */
__attribute__((nonnull))
void sink_carry(struct sink *sink, const char *line, size_t len, uint64_t entry);

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

/** Tells it the time. */
__attribute__((nonnull))
void sink_tick(struct sink *sink, usec_t now);

/** Rotates now, unless the current file is empty.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull(1)))
int sink_rotate(struct sink *sink, usec_t now, struct error *err);

/**
 * Opens the log's file anew if others have moved it away or removed it; a commit does
 * so too, and fails if that fails.  Returns 0 or -errno.
 */
__attribute__((nonnull(1)))
int sink_follow(struct sink *sink, struct error *err);

/**
 * After a commit that failed: whether the disk takes anything, tried with a file of
 * 64 KiB beside the log that is removed again.  Returns 0 or -errno.
 */
__attribute__((warn_unused_result, nonnull(1)))
int sink_probe(struct sink *sink, struct error *err);

/**
 * Goes on with what can wait: compressing and trimming rotated files, one
 * slice of a few milliseconds at a time.
 *
 * Returns 1 if there is more to do, 0 if all is done, or -errno if some of it
 * failed: the same again until it begins anew, after a rotation or on request.
 */
__attribute__((warn_unused_result, nonnull(1)))
int sink_work(struct sink *sink, struct error *err);

/** Whether a round of that work is over that removed rotated files; if so, which, once. */
__attribute__((nonnull))
bool sink_removed(struct sink *sink, struct rotate_removed *ret);

/** Whether there is no record in the current file, which is not rotated then. */
__attribute__((nonnull))
bool sink_is_empty(const struct sink *sink);

/** Begins a round of that work. */
__attribute__((nonnull))
void sink_begin_work(struct sink *sink);

/** The time of the next rotation by the clock; USEC_INFINITY if none. */
__attribute__((nonnull))
usec_t sink_rotation_due(const struct sink *sink);

/** Takes over new settings (not the directory); a changed format starts a new file.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull(1, 2)))
int sink_reconfigure(struct sink *sink, const struct log_settings *settings, usec_t now, struct error *err);

/** How far the log has been written and synced. */
__attribute__((nonnull))
struct sink_position sink_position(const struct sink *sink);

/**
 * One more whenever another file has become the current one: by rotation, or because
 * others moved it.  A checkpoint is wanted then.
 */
__attribute__((nonnull))
unsigned sink_generation(const struct sink *sink);

/** A checkpoint with that position is durable: what lies before it may be removed. */
__attribute__((nonnull))
void sink_checkpointed(struct sink *sink, const struct sink_position *position);

/** The path of the current file. */
__attribute__((nonnull))
const char *sink_path(const struct sink *sink);

#endif
