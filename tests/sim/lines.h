// SPDX-License-Identifier: ISC

/*
 * The log as those who read it see it: every line of every file that is left, that
 * outsiders took, and that retention removed, in the order they were written.
 */

#ifndef SIM_LINES_H
#define SIM_LINES_H

#include "base/units.h"
#include "disk.h"

#include <stdbool.h>
#include <stdint.h>

enum line_status { LINE_OK, LINE_NO_DATA, LINE_AMBIGUOUS, LINE_GAP };

/** One record as it stands in the log. */
struct line {
	char uuid[64];
	int granularity;
	int version; /* of the configuration that it was written by */
	usec_t start, end, polled_at;
	int64_t revision;
	enum line_status status;
	bool has_count, has_previous;
	int64_t count, previous;
	bool has_reason;
	bool haunted; /* a gap that a clock which was ahead has left */
	bool skipped; /* a gap of one bucket that failed by itself */
	char account[16];
	int64_t entry; /* of the journal, that it came with; 0: none */
	const char *file; /* NULL: it is in an entry of the journal */
	int number; /* in the file */
	const char *text; /* all of it, with its newline, */
	size_t len;
	bool csv;         /* as */
};

typedef void line_visit(const struct line *line);

/** Visits all lines.  What is no record, or no whole file, is a violation. */
void lines_visit(line_visit *visit);

/**
 * Writes all files to real directories: "log" has what is in the log directory, under its own names; "all" has
 * what lines_visit() reads, in its order, under names of rotated files, which say nothing else; and
 * a file "whole" is there if "log" lacks nothing but what is older than all that it has.  A file
 * "unordered" is there if others renamed files while the daemon's clock stepped.  Ends the process if that fails.
 */
void lines_save(const char *directory);

/** Whether the files of a listing hold a record of that identity. */
bool lines_mention(const struct listing *listing, const char *uuid, int granularity);

#endif
