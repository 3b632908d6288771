// SPDX-License-Identifier: ISC

/*
 * The files of a log, in the order in which their records were written.
 */

#ifndef TOOL_FILES_H
#define TOOL_FILES_H

#include "base/error.h"
#include "base/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_file {
	char *path;
	const char *name; /* in path, without its directory */
	int64_t bytes;    /* on the disk */
	usec_t order;     /* when it was rotated, or when its first record was written */
	bool current;     /* the daemon may be writing to it */
	bool rotated;     /* by the daemon, which has named it */
};

struct log_files {
	struct log_file *list;
	size_t len, size;
	int64_t bytes;
};

/**
 * Adds the files of a log directory, or a single file of a log: compressed or not, in either format,
 * rotated by the daemon, or renamed by others as logrotate does.  Of two that are the same but for the
 * compression, the one that is not compressed.
 *
 * Returns 0, or -errno and a sentence.
 */
__attribute__((warn_unused_result, nonnull))
int files_add(struct log_files *files, const char *path, struct error *err);

/** Puts them in order. */
__attribute__((nonnull))
void files_sort(struct log_files *files);

void files_done(struct log_files *files);

#endif
