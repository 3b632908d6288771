// SPDX-License-Identifier: ISC

/*
 * Rooms side by side: a row for each time at which a bucket of any of them begins.
 */

#ifndef TOOL_WIDE_H
#define TOOL_WIDE_H

#include "base/buf.h"
#include "tool/form.h"

struct column;

struct wide {
	bool by_date;            /* a row is a date that the clocks show, each at its time; else an instant */
	bool one_clock;          /* all rooms' clocks show the same */
	const struct zone *zone; /* of the first room */
	usec_t instant;          /* unless by_date */
	usec_t local;            /* by_date: the date's midnight, as if it stood in UTC */
	struct column *columns;
	size_t count;
};

/** Begins with the rows of all subjects, which must outlive it.  Returns 0 or -ENOMEM; call wide_done() in any case. */
__attribute__((warn_unused_result, nonnull))
int wide_begin(struct wide *wide, const struct job *job);

/** Goes on to the next time.  Returns false behind the last. */
__attribute__((nonnull))
bool wide_next(struct wide *wide);

/** What a room has then; NULL if nothing begins there. */
__attribute__((nonnull))
const struct row *wide_cell(const struct wide *wide, size_t room);

void wide_done(struct wide *wide);

/** Appends the room's name, and what tells it from others of that name. */
__attribute__((nonnull))
void wide_title(const struct job *job, size_t room, struct buf *out);

#endif
