// SPDX-License-Identifier: ISC

/*
 * Time zones: what a clock on the wall shows at an instant.
 *
 * Reads the system's tz database (TZif, RFC 8536, with the POSIX TZ footer that
 * covers the time after the last transition).  The C library's own zone
 * functions are not used: they know one zone per process, set through the
 * environment.
 *
 * A zone is immutable and may be shared.
 */

#ifndef CALENDAR_ZONE_H
#define CALENDAR_ZONE_H

#include "base/units.h"

#include <stdbool.h>
#include <stddef.h>

struct zone;

/** A stretch of time over which the offset does not change: [start, end). */
struct zone_period {
	usec_t start;     /* INT64_MIN before the first transition */
	usec_t end;       /* USEC_INFINITY after the last */
	int32_t offset_s; /* seconds east of UTC */
};

/**
 * Loads a zone by its IANA name ("Europe/Berlin", "UTC") from /usr/share/zoneinfo.
 *
 * Returns 0 and a zone to be given to zone_free(); -ENOENT if there is no such
 * zone or the name could leave the directory, with what was probably meant;
 * -EINVAL if the file is damaged; other -errno from reading.
 */
__attribute__((warn_unused_result, nonnull(1, 2)))
int zone_load(const char *name, struct zone **ret_zone, struct error *err);

/**
 * Whether the file that the zone was loaded from is still there as it was: then a
 * load would give the same.  A cheap look; false says nothing about the rules.
 */
__attribute__((nonnull))
bool zone_is_untouched(const struct zone *zone);

/** A zone as zone_load() gives it, from the bytes of a TZif file. */
__attribute__((warn_unused_result, nonnull(1, 2, 4)))
int zone_parse(const char *name, const void *data, size_t len, struct zone **ret_zone, struct error *err);

/** From that instant on the clock was so many seconds east of UTC. */
struct zone_offset {
	usec_t from;
	int32_t offset_s;
};

/**
 * A zone as somebody saw it: the offsets, ascending by time, at least one; the first holds before it, too,
 * and the last for ever.  Returns NULL if there is no memory.
 */
__attribute__((warn_unused_result, nonnull))
struct zone *zone_of_offsets(const struct zone_offset *offsets, size_t count);

/** The IANA name of the system's zone, from /etc/localtime or /etc/timezone; "UTC" if neither says. */
__attribute__((nonnull))
const char *zone_system_name(char *buf, size_t size);

void zone_free(struct zone *zone);

__attribute__((nonnull))
const char *zone_name(const struct zone *zone);

/** The period that contains the instant. */
__attribute__((nonnull))
void zone_period_at(const struct zone *zone, usec_t instant, struct zone_period *ret);

/** Whether clocks in both show the same at every instant in [from, to). */
__attribute__((nonnull))
bool zone_agrees(const struct zone *a, const struct zone *b, usec_t from, usec_t to);

#endif
