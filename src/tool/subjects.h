// SPDX-License-Identifier: ISC

/*
 * The rooms that were selected, with all their counts: what commands that show counts begin with.
 */

#ifndef TOOL_SUBJECTS_H
#define TOOL_SUBJECTS_H

#include "tool/reasons.h"
#include "tool/series.h"
#include "tool/tool.h"

/** A room that was selected. */
struct subject {
	const struct room *room;
	const struct series *series;
	usec_t from, to;
	char *name, *site; /* valid UTF-8, without anything unprintable */
};

/** All zero: none. */
struct subjects {
	struct log_files files;
	struct rooms rooms;
	struct all_series series;
	struct reasons reasons;  /* of the gaps, if they are wanted */
	bool wants_reasons;      /* to be set before subjects_read() */
	uint64_t odd;            /* lines that cannot be read */
	struct position odd_at;  /* the first of them */
	struct subject *list;    /* by site and name, "Room 2" before "Room 10" */
	size_t count;
};

/**
 * Reads the log, and selects.  Says which lines cannot be read; it is an error, which is said, too, if nothing
 * is left.  Returns 0 or an exit code.
 */
__attribute__((warn_unused_result, nonnull))
int subjects_read(struct subjects *subjects, struct tool *tool);

/** A copy that is fit for every form: what is unprintable becomes a blank, what is not UTF-8 U+FFFD.  NULL if there is no memory. */
__attribute__((warn_unused_result, nonnull))
char *subjects_plain(const char *text);

/** Whether the file, which need not exist, is not one of the log, to be written over.  Returns 0; or EX_USAGE, and it has been said. */
__attribute__((warn_unused_result, nonnull(1)))
int subjects_check_path(const struct subjects *subjects, const char *path);

/** Says what could not be written, err or what r stands for.  r: -errno.  Returns the exit code. */
__attribute__((nonnull))
int subjects_fail(int r, const struct error *err);

void subjects_done(struct subjects *subjects);

#endif
