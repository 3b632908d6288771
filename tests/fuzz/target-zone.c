// SPDX-License-Identifier: ISC

/*
 * A TZif file.  In a zone that is accepted, periods follow each other without a hole, and
 * the edges of every interval ascend, whatever the offsets do.
 */

#include "fuzz.h"

#include "calendar/interval.h"

#include <errno.h>
#include <string.h>

#define YEAR (365 * USEC_PER_DAY)

static void check_period(const struct zone *zone, usec_t instant) {
	struct zone_period period, next;
	zone_period_at(zone, instant, &period);
	must(period.start <= instant && instant < period.end, "not in its period");
	/* RFC 8536, 3.2 and 3.3.1: -25:59:59 to 26:59:59. */
	must(period.offset_s > -26 * 3600 && period.offset_s < 27 * 3600, "offset %d", period.offset_s);
	if (period.end < USEC_INFINITY) {
		zone_period_at(zone, period.end, &next);
		must(next.start == period.end && next.end > next.start, "a hole between periods");
	}
}

static void check_edges(const struct zone *zone, usec_t instant) {
	for (enum interval interval = 0; interval < INTERVAL_COUNT; interval++) {
		struct grid grid = {zone, interval, interval == INTERVAL_NONE ? 6 * USEC_PER_HOUR : 0, 1};
		usec_t floor = grid_floor(&grid, instant);
		usec_t next = grid_next(&grid, instant);
		must(floor <= instant && instant < next, "%s: the instant is not between its edges", interval_name(interval));
		must(grid_floor(&grid, next) == next, "%s: an edge that is none", interval_name(interval));
		must(grid_next(&grid, floor) == next, "%s: edges between neighbours", interval_name(interval));
	}
}

void fuzz_one(const uint8_t *data, size_t len) {
	struct zone *zone;
	struct error err = {{0}};
	int r = zone_parse("Fuzz/Zone", data, len, &zone, &err);
	must(r == 0 || r == -EINVAL, "%d", r);
	if (r < 0) {
		fuzz_must_be_line(err.text, strlen(err.text), "");
		return;
	}
	/* Before, among and behind what a file's transitions usually are; and around the first few of this one. */
	static const usec_t instants[] = {-100 * YEAR, -YEAR, 0, 30 * YEAR, 56 * YEAR, 57 * YEAR + USEC_PER_HOUR,
	                                  68 * YEAR, 130 * YEAR};
	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		check_period(zone, instants[i]);
		check_edges(zone, instants[i]);
	}
	struct zone_period period;
	zone_period_at(zone, 0, &period);
	for (int i = 0; i < 16 && period.end < 200 * YEAR; i++) {
		check_edges(zone, period.end);
		check_edges(zone, period.end - 1);
		zone_period_at(zone, period.end, &period);
	}
	zone_free(zone);
}
