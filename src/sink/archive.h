// SPDX-License-Identifier: ISC

/*
 * The rotated files of a log directory:
 *
 *	occupancy-20261123T000000Z.ndjson
 *	occupancy-20261123T000000Z.ndjson.gz
 *
 * The time is that of the rotation, in UTC.  Sorted by name is sorted by time.
 * All other names in the directory are ignored.
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
