// SPDX-License-Identifier: ISC

/*
 * The time zone database, which may be updated while the daemon runs.
 *
 * The zones in use are those that were read with the configuration, until a reload
 * or a start reads them again.  Once an hour they are compared with the database.
 * When it has changed, the journal says so once: that a reload would change
 * something, or that the next start would fail because a zone is gone.
 */

#ifndef DAEMON_ZONEWATCH_H
#define DAEMON_ZONEWATCH_H

#include "config/config.h"

#include <stddef.h>

/** All zero when a configuration has been read. */
struct zonewatch {
	int64_t hour;   /* of UTC, of the last look */
	size_t changed; /* zones with other rules than those in use */
	size_t gone;    /* zones that could not be loaded now */
};

/**
 * Looks, if another hour has begun since the last look, and tells what is new.  Returns
 * whether that is something else than what was found the last time.
 */
__attribute__((nonnull))
bool zonewatch_turn(struct zonewatch *watch, const struct config *config, usec_t wall);

/** What is wrong with the configuration, for the STATUS line; NULL if nothing is. */
__attribute__((nonnull))
const char *zonewatch_trouble(const struct zonewatch *watch);

#endif
