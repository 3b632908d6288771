// SPDX-License-Identifier: ISC

/*
 * For tests of what is made of rooms: a room and its counts, as reading a log has them.
 */

#ifndef TESTS_UNIT_ROOM_H
#define TESTS_UNIT_ROOM_H

#include "fixture.h"

#include "tool/rooms.h"
#include "tool/series.h"

/** A room without a record.  Buckets that have no interval are of ten minutes. */
__attribute__((unused))
static void room_make(struct room *room, enum interval interval, const char *zone) {
	*room = (struct room){.interval = interval};
	/* Only the tests' zones are constant. */
	memcpy(&room->zone, &(const struct zone *){zone_of(zone)}, sizeof(room->zone));
	room->length = interval == INTERVAL_NONE ? 10 * USEC_PER_MIN : interval_length(interval);
	room->grid = (struct grid){room->zone, interval, room->length, 1};
}

/** A record has been read. */
__attribute__((unused))
static void room_put(struct coverage *coverage, struct series *series, const struct log_entry *entry) {
	int covering = coverage_add(coverage, entry, (struct position){0, 1});
	expect_true(covering >= 0);
	expect_int(0, series_put(series, entry, (enum covering)covering));
}

#endif
