// SPDX-License-Identifier: ISC

/*
 * How many people are at a site at once: the counts of all its rooms for the same time, added up.
 */

#ifndef TOOL_CROWD_H
#define TOOL_CROWD_H

#include "tool/figures.h"
#include "tool/subjects.h"

struct crowd {
	const struct subject *rooms; /* of one site */
	size_t count;
	int64_t peak;      /* the highest sum, never the sum of peaks; -1: no count */
	usec_t peak_at;    /* when it was first reached */
	bool is_partial;   /* a room has no count then, so that there may have been more */
	struct daily daily; /* by the clock of the first room */
};

/** Works it out for count rooms, which must outlive it.  Give the result to crowd_done().  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int crowd_make(struct crowd *crowd, const struct subject *rooms, size_t count);

void crowd_done(struct crowd *crowd);

#endif
