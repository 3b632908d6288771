// SPDX-License-Identifier: ISC

/*
 * Why a log begins where it does: whether there was more of it, and what has removed that.
 */

#ifndef TOOL_BEGINNING_H
#define TOOL_BEGINNING_H

#include "tool/tool.h"

/** What is known of files that are not there any more. */
enum beginning_was {
	BEGINNING_FIRST,   /* nothing says that there were any */
	BEGINNING_PERHAPS, /* there may have been: no more would be kept, and settings or a checkpoint that cannot be read leave it open */
	BEGINNING_MORE,    /* there were: the daemon was recording earlier, or something is corrected that is not there */
};

struct beginning {
	enum beginning_was was;
	usec_t first;        /* where the first record begins */
	usec_t since;        /* when the daemon began to record, by its checkpoint; INT64_MIN: unknown */
	const char *setting; /* what has removed the files: "keep", "keep_bytes" or "keep_age"; NULL: none of these */
};

/**
 * Finds out about the rooms that were selected, if the time that was asked about begins before their records.
 *
 * The checkpoint and the settings count for the log of the configuration alone, and a setting where what is left
 * is what it leaves.  It depends on nothing that cannot be read.
 */
__attribute__((nonnull))
void beginning_find(struct beginning *ret, const struct tool *tool, const struct log_files *files, const struct rooms *rooms);

/** Prints a line, unless nothing says that there was more: "begins 25 Aug 2026; earlier files were removed by keep". */
__attribute__((nonnull))
void beginning_tell(const struct beginning *beginning);

/** Appends the member "earlier" to an object in JSON, likewise. */
__attribute__((nonnull))
void beginning_put(const struct beginning *beginning, struct buf *out);

#endif
