// SPDX-License-Identifier: ISC

/*
 * The names of the log's files.  Rotated ones are called
 *
 *	occupancy-20261123T000000Z.ndjson
 *	occupancy-20261123T000000Z.ndjson.gz
 *
 * The time is that of the rotation, in UTC.  Sorted by name is sorted by time.  Others may have
 * given them, or the current file, another name, as logrotate does.
 */

#ifndef SINK_ARCHIVE_H
#define SINK_ARCHIVE_H

#include "base/units.h"

#include <stdbool.h>
#include <stddef.h>

enum { ARCHIVE_NAME_SIZE = 64 };

struct archive_file {
	char name[ARCHIVE_NAME_SIZE];
	usec_t time;
	bool compressed;
};

/** Ascending by name. */
struct archive {
	struct archive_file *files;
	size_t len, size;
	int error; /* while scanning */
};

/** Writes the name of a file rotated at that time, which is cut to the second. */
__attribute__((nonnull))
const char *archive_name(char buf[static ARCHIVE_NAME_SIZE], usec_t time, const char *extension);

/** Whether it is the name of a rotated file; if so, what it says. */
__attribute__((nonnull))
bool archive_parse(const char *name, struct archive_file *ret);

/** Whether it is the name of the current file, in any format: "occupancy.ndjson". */
__attribute__((nonnull))
bool archive_is_current(const char *name);

/**
 * Whether it is the name of a file of the log: a current or a rotated one, or one that others have
 * renamed: "occupancy.ndjson.1", "occupancy.ndjson-20261126.gz", "occupancy-20261126.ndjson" and the
 * like.  All other names in the directory are ignored.
 */
__attribute__((nonnull))
bool archive_is_log(const char *name);

/** Finds the rotated files.  Returns 0 and what archive_done() releases, or -errno. */
__attribute__((warn_unused_result, nonnull))
int archive_scan(const char *directory, struct archive *ret);

void archive_done(struct archive *archive);

/** The file in which NAME.gz is made: ".NAME.gz.tmp". */
__attribute__((nonnull))
const char *archive_temporary(char buf[static ARCHIVE_NAME_SIZE], const char *name);

/** The file with which the disk is tried. */
#define ARCHIVE_PROBE ".occupancy.probe"

/** Removes that, and the files in which a crash interrupted a compression.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull))
int archive_sweep(const char *directory);

#endif
