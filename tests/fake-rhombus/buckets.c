// SPDX-License-Identifier: ISC

#include "buckets.h"

#include "calendar.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Which period of a calendar a day belongs to: edges are where this number grows. */
typedef int64_t period_of_day(int64_t day);

static int64_t period_day(int64_t day) {
	return day;
}

static int64_t period_week(int64_t day) {
	return floor_div(day + 3, 7); /* 1970-01-01 was a Thursday: weeks start on Monday */
}

static int64_t period_month(int64_t day) {
	struct date date = date_of_day(day);

	return date.year * 12 + date.month;
}

/*
 * `lead_s` is how long before the start of a range the walk begins, so that it passes an edge
 * before the start however the clock was changed.
 */
static const struct cut {
	const char *word;
	int64_t step_s;
	period_of_day *period;
	int64_t lead_s;
} cuts[] = {
	[INTERVAL_NONE] = {"", 0, NULL, 0},
	[INTERVAL_MINUTELY] = {"MINUTELY", 60, NULL, HOUR_S},
	[INTERVAL_QUARTERHOURLY] = {"QUARTERHOURLY", 900, NULL, 3 * HOUR_S},
	[INTERVAL_HOURLY] = {"HOURLY", 3600, NULL, 6 * HOUR_S},
	[INTERVAL_DAILY] = {"DAILY", 0, period_day, 3 * DAY_S},
	[INTERVAL_WEEKLY] = {"WEEKLY", 0, period_week, 10 * DAY_S},
	[INTERVAL_MONTHLY] = {"MONTHLY", 0, period_month, 40 * DAY_S},
};

bool interval_read(const char *word, enum interval *ret_interval) {
	for (int i = INTERVAL_MINUTELY; i <= INTERVAL_MONTHLY; i++) {
		if (strcmp(word, cuts[i].word) == 0) {
			*ret_interval = (enum interval)i;
			return true;
		}
	}
	return false;
}

/* A walk over steady stretches of the local clock, from before the start to past the end. */
struct walk {
	const struct cut *cut;
	int64_t start_ms, end_ms;
	int64_t latest_period; /* the latest one seen: a clock set back does not begin it again */
	bool done;
	int error;
	struct edges *edges;
};

static void walk_edge(struct walk *walk, int64_t at_s, int offset_s) {
	struct edges *edges = walk->edges;

	if (at_s * 1000 <= walk->start_ms) {
		edges->count = 0; /* of the edges up to the start, only the last counts */
	}
	if (edges->count > BUCKETS_MAX) {
		walk->error = -E2BIG;
		walk->done = true;
		return;
	}
	if (edges->count == edges->room) {
		edges->room = edges->room ? edges->room * 2 : 64;
		edges->all = memory_resize(edges->all, edges->room, sizeof(*edges->all));
	}
	edges->all[edges->count++] = (struct edge){.at_s = at_s, .offset_s = offset_s};
	walk->done = at_s * 1000 >= walk->end_ms;
}

static int64_t round_up_local(int64_t at_s, int offset_s, int64_t step_s) {
	return at_s + floor_mod(-(at_s + offset_s), step_s);
}

static void walk_steps(struct walk *walk, int64_t from_s, int64_t until_s, int offset_s) {
	int64_t step_s = walk->cut->step_s;

	for (int64_t at_s = round_up_local(from_s, offset_s, step_s); at_s < until_s && !walk->done;
	     at_s += step_s) {
		walk_edge(walk, at_s, offset_s);
	}
}

/* Looks at the first instant of the stretch and at each midnight in it. */
static void walk_days(struct walk *walk, int64_t from_s, int64_t until_s, int offset_s) {
	int64_t at_s = from_s;

	while (at_s < until_s && !walk->done) {
		int64_t period = walk->cut->period(floor_div(at_s + offset_s, DAY_S));

		if (period > walk->latest_period) {
			walk->latest_period = period;
			walk_edge(walk, at_s, offset_s);
		}
		at_s = round_up_local(at_s + 1, offset_s, DAY_S);
	}
}

static int64_t period_at(const struct cut *cut, const char *zone, int64_t at_s) {
	return cut->period ? cut->period(floor_div(at_s + zone_offset_s(zone, at_s), DAY_S)) : 0;
}

int edges_cut(enum interval interval, const char *zone, int64_t start_ms, int64_t end_ms,
              struct edges *ret_edges) {
	const struct cut *cut = &cuts[interval];
	int64_t at_s = floor_div(start_ms, 1000) - cut->lead_s;
	struct edges edges = {0};
	struct walk walk = {
		.cut = cut,
		.start_ms = start_ms,
		.end_ms = end_ms,
		.latest_period = period_at(cut, zone, at_s),
		.edges = &edges,
	};

	while (!walk.done) {
		int offset_s;
		int64_t until_s = zone_stretch(zone, at_s, &offset_s);

		if (cut->period) {
			walk_days(&walk, at_s, until_s, offset_s);
		} else {
			walk_steps(&walk, at_s, until_s, offset_s);
		}
		at_s = until_s;
	}
	if (walk.error) {
		edges_done(&edges);
		return walk.error;
	}
	*ret_edges = edges;
	return 0;
}

void edges_done(struct edges *edges) {
	free(edges->all);
	*edges = (struct edges){0};
}
