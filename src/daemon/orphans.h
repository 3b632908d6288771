// SPDX-License-Identifier: ISC

/*
 * Devices that were polled once and are not in the configuration now.
 *
 * Their cursors are kept, and saved, so that a device that is put back goes on
 * where its log ends: nothing twice, and a gap record for what has become too
 * old meanwhile.
 */

#ifndef DAEMON_ORPHANS_H
#define DAEMON_ORPHANS_H

#include "base/index.h"
#include "schedule/poll.h"

struct orphan {
	char *uuid; /* NULL: it was adopted */
	enum interval interval;
	usec_t cursor, since, taken; /* as in struct poll */
	uint16_t top, again;
	const char *home; /* likewise */
};

struct orphans {
	struct orphan *list;
	size_t len, size;
	struct index index; /* by identity */
};

void orphans_done(struct orphans *orphans);

/**
 * Keeps the position of a device (its identity apart); of one that is kept already, the
 * later cursor, and the higher revision.  Returns 0 or -ENOMEM.
 */
__attribute__((nonnull))
int orphans_add(struct orphans *orphans, const char *uuid, enum interval interval,
                const struct orphan *position);

/** The position that is kept for an identity; NULL if there is none. */
__attribute__((nonnull))
const struct orphan *orphans_find(const struct orphans *orphans, const char *uuid, enum interval interval);

/**
 * Forgets those whose log ends longer ago than Rhombus keeps its data (two years).  now is
 * a time that is confirmed.
 */
__attribute__((nonnull))
void orphans_expire(struct orphans *orphans, usec_t now);

/** Gives the position back to a poll of that identity, if there is one; it is unproven. */
__attribute__((nonnull))
void orphans_adopt(struct orphans *orphans, struct poll *poll);

#endif
