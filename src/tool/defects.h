// SPDX-License-Identifier: ISC

/*
 * What is wrong with a log: which room, what time, what, and where it was found.
 */

#ifndef TOOL_DEFECTS_H
#define TOOL_DEFECTS_H

#include "tool/chains.h"
#include "tool/files.h"
#include "tool/rooms.h"

enum defect_kind {
	DEFECT_MISSING,
	DEFECT_DOUBLED,
	DEFECT_DISORDER,
	DEFECT_OVERLAP,
	DEFECT_UNREADABLE,
	DEFECT_UNFOUNDED,
	DEFECT_SKIPPED,
	DEFECT_SHAPE,
	DEFECT_LOCAL,
	DEFECT_HOLE,
	DEFECT_ASTRAY,
	DEFECT_DIFFERENT,
	DEFECT_KINDS,
};

struct defect {
	enum defect_kind kind;
	size_t room;        /* NO_ROOM: of none */
	usec_t start, end;
	uint64_t count;     /* 0: it was not asked about */
	const char *reason; /* DEFECT_UNREADABLE */
	size_t chain;       /* DEFECT_HOLE, DEFECT_ASTRAY: whose entry, */
	uint64_t entry;     /* which one, or the first that is missing, */
	uint64_t behind;    /* and behind which it stands */
	struct position at;
};

enum { NO_ROOM = SIZE_MAX };

/** All zero: none. */
struct defects {
	struct defect *list;
	size_t len, size;
	uint64_t bad[DEFECT_KINDS]; /* the sums of their counts, by kind: for the caller to add up */
};

/** Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int defects_add(struct defects *defects, const struct defect *defect);

__attribute__((nonnull))
uint64_t defects_sum(const struct defects *defects);

/**
 * A piece of a line for a terminal: of names and reasons that stand in the log, and of the names of files,
 * nothing acts on it.
 */
enum { DEFECTS_SHOWN = 1024 };
__attribute__((nonnull))
const char *defects_plain(char out[static DEFECTS_SHOWN], const char *text);

/** What defects are found in. */
struct defects_place {
	const struct rooms *rooms;
	const struct chains *chains;
	const struct log_files *files;
};

/** Prints a line for each that was asked about: the first hundred. */
__attribute__((nonnull))
void defects_tell(const struct defects *defects, const struct defects_place *place);

/** Prints the sums: "Not complete: 3 missing, 1 doubled." */
__attribute__((nonnull))
void defects_tell_sum(const struct defects *defects);

/** Appends all that were asked about, as the items of a list in JSON. */
__attribute__((nonnull))
void defects_put(const struct defects *defects, const struct defects_place *place, struct buf *out);

/** What says which room it is, and where something was found: members of an object in JSON. */
__attribute__((nonnull))
void defects_put_room(const struct room *room, struct buf *out);
__attribute__((nonnull))
void defects_put_place(const struct log_files *files, struct position at, struct buf *out);

void defects_done(struct defects *defects);

#endif
