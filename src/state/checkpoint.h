// SPDX-License-Identifier: ISC

/*
 * The checkpoint: cursors, look-back memory and log position, saved so that a
 * start need not read all logs.  It is never ahead of synced log data.
 *
 * A text file, one line per device, with a version in front and a checksum
 * behind; replaced as a whole and durably, so that a crash leaves the old one
 * or the new one.
 */

#ifndef STATE_CHECKPOINT_H
#define STATE_CHECKPOINT_H

#include "schedule/poll.h"
#include "sink/replay.h"

/** One poll's saved state.  Pointers are valid only during the call that passes it. */
struct checkpoint_entry {
	const char *uuid;
	enum interval interval;
	usec_t cursor;
	usec_t since; /* wall clock when the device was first polled */
	const struct remembered *memory; /* ascending by start */
	size_t memory_len;
	uint16_t top; /* as in struct poll */
	usec_t taken;
	const struct recheck_run *runs; /* ascending, without overlap */
	size_t runs_len;
	uint16_t again; /* as in struct poll */
	const char *home; /* as in struct poll; at most 64 bytes */
};

/** How far an account's chain in a cluster's journal is in the log. */
struct checkpoint_account {
	const char *name;      /* as the configuration has it; at most 64 bytes */
	uint64_t entry, lines; /* all entries up to that one, and so many lines of the next */
};

struct checkpoint_writer;

/**
 * Starts a checkpoint in memory; of what is in no log, the position is all zero.
 * Returns 0 and a writer for checkpoint_finish() or checkpoint_text(), or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int checkpoint_begin(const struct sink_position *position, struct checkpoint_writer **ret_writer);

/** Before all polls.  Errors show at the finish. */
__attribute__((nonnull))
void checkpoint_add_account(struct checkpoint_writer *writer, const struct checkpoint_account *account);

/** Errors show at the finish. */
__attribute__((nonnull))
void checkpoint_add(struct checkpoint_writer *writer, const struct checkpoint_entry *entry);

/** Writes DIRECTORY/checkpoint durably and releases the writer, whatever happens.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull(1, 2)))
int checkpoint_finish(struct checkpoint_writer *writer, const char *directory, struct error *err);

/**
 * Appends the text of the checkpoint, for checkpoint_parse(), and releases the writer, whatever happens.
 * Returns 0; -EINVAL if it would not verify; -EFBIG or -ENOMEM.  On failure the buffer is as it was.
 */
__attribute__((warn_unused_result, nonnull))
int checkpoint_text(struct checkpoint_writer *writer, struct buf *out);

/** Who is told what a checkpoint holds: first of accounts, then of polls.  NULL: nobody.  Pointers are valid during the call. */
struct checkpoint_visitor {
	void (*entry)(const struct checkpoint_entry *entry, void *user);
	void (*account)(const struct checkpoint_account *account, void *user);
	void *user;
};

/**
 * Verifies DIRECTORY/checkpoint as a whole, then visits what it holds.
 *
 * Returns 0; -ENOENT if there is none; -EBADMSG if it does not verify (nothing
 * was visited then); other -errno.
 */
__attribute__((warn_unused_result, nonnull(1, 2, 3)))
int checkpoint_read(const char *directory, const struct checkpoint_visitor *visitor,
                    struct sink_position *ret_position, struct error *err);

/**
 * The same from the bytes of a checkpoint.  Whatever the bytes are, it reads no
 * others.  Returns 0, -EBADMSG or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull(3, 4)))
int checkpoint_parse(const char *data, size_t len, const struct checkpoint_visitor *visitor,
                     struct sink_position *ret_position, struct error *err);

/** Renames a checkpoint that does not verify to checkpoint.damaged-TIME.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull(1)))
int checkpoint_set_aside(const char *directory, usec_t now, struct error *err);

#endif
