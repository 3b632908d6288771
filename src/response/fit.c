// SPDX-License-Identifier: ISC

#include "response/fit.h"

#include "base/utc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Stamps may be off by so much: milliseconds are cut, or the last one of a bucket is meant. */
#define BLUR (1 * USEC_PER_SEC)

/* All zones' clocks differ from each other by a multiple of this. */
#define ZONE_STEP (15 * USEC_PER_MIN)

/* And by this at most, a day's length aside. */
#define ZONES_APART (14 * USEC_PER_HOUR)

/* Stamps so far away from the span begin nothing. */
#define FAR (3660 * USEC_PER_DAY)

/* Points that begin longer intervals by chance do so once in as many answers. */
enum { UNLIKELY = 1000 };

void fit_init(struct fit *fit) {
	*fit = (struct fit){0};
}

void fit_done(struct fit *fit) {
	if (fit) {
		free(fit->edges);
		free(fit->chosen);
		fit_init(fit);
	}
}

static int fit_reserve(struct fit *fit, size_t buckets) {
	if (buckets <= fit->room) {
		return 0;
	}
	usec_t *edges = reallocarray(fit->edges, buckets + 1, sizeof(*edges));
	fit->edges = edges ? edges : fit->edges;
	size_t *chosen = reallocarray(fit->chosen, buckets, sizeof(*chosen));
	fit->chosen = chosen ? chosen : fit->chosen;
	if (!edges || !chosen) {
		return -ENOMEM;
	}
	fit->room = buckets;
	/* cppcheck-suppress memleak ; they are in *fit */
	return 0;
}

/** An answer at hand. */
struct answer {
	struct fit *fit;
	const struct settings *settings;
	const struct points *points;
	struct error *err;
	bool by_end;      /* buckets are stamped with their ends */
	bool on_start;    /* a stamp is the span's first edge, */
	bool on_end;      /* and one its last */
	bool near;        /* a point outside lies in the bucket before the span or in the one after it */
	size_t stray;     /* a point outside that does not; FIT_NONE: there is none */
};

static usec_t stamp_of(const struct answer *a, size_t point) {
	return a->points->list[point].time;
}

static usec_t first_edge(const struct answer *a) {
	return a->fit->edges[0];
}

static usec_t last_edge(const struct answer *a) {
	return a->fit->edges[a->fit->buckets];
}

/* The sentence of an answer that does not fit. */
static int misfit(const struct answer *a, usec_t stamp, usec_t expected, const char *what) {
	char shown[UTC_STRING_SIZE], edge[UTC_STRING_SIZE];
	return error_set(a->err, EBADMSG, "timestampMs %lld (%s) %s: expected %lld (%s)",
	                 (long long)(stamp / USEC_PER_MSEC), utc_format(shown, stamp), what,
	                 (long long)(expected / USEC_PER_MSEC), utc_format(edge, expected));
}

/* The bucket that holds the stamp; `buckets` if none does. */
static size_t find_bucket(const struct answer *a, usec_t stamp) {
	const usec_t *edges = a->fit->edges;
	size_t low = 0, high = a->fit->buckets;
	usec_t instant = a->by_end ? stamp - 1 : stamp;

	if (instant < edges[0] || instant >= edges[high]) {
		return high;
	}
	while (high - low > 1) {
		size_t middle = (low + high) / 2;
		if (edges[middle] <= instant) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
}

static bool is_single(const struct answer *a) {
	return a->settings->bucket.interval == INTERVAL_NONE;
}

static void note_outside(struct answer *a, size_t point) {
	const struct grid *grid = &a->settings->bucket;
	usec_t stamp = stamp_of(a, point);
	usec_t before = grid_floor(grid, first_edge(a) - 1), after = grid_next(grid, last_edge(a));

	a->fit->outside++;
	if (stamp >= before && stamp <= after) {
		a->near = true;
	} else {
		a->stray = point;
	}
}

/* Which point stands for which bucket. */
static int choose_points(struct answer *a) {
	struct fit *fit = a->fit;
	for (size_t i = 0; i < fit->buckets; i++) {
		fit->chosen[i] = FIT_NONE;
	}
	for (size_t i = 0; i < a->points->len; i++) {
		usec_t stamp = stamp_of(a, i);
		size_t bucket = find_bucket(a, stamp);
		a->on_start |= stamp == first_edge(a);
		a->on_end |= stamp == last_edge(a);
		/* One count for the whole range may be stamped with the range's end, or its start. */
		if (bucket == fit->buckets && is_single(a) && a->points->len == 1 &&
		    (stamp == first_edge(a) || stamp == last_edge(a))) {
			bucket = 0;
		}
		if (bucket == fit->buckets) {
			note_outside(a, i);
			continue;
		}
		size_t other = fit->chosen[bucket];
		if (other != FIT_NONE && stamp_of(a, other) != stamp) {
			return misfit(a, stamp > stamp_of(a, other) ? stamp : stamp_of(a, other), fit->edges[bucket],
			              "is the second stamp in its interval, which has one");
		}
		fit->chosen[bucket] = i;
	}
	return 0;
}

static void count_buckets(struct fit *fit) {
	fit->points = 0;
	for (size_t i = 0; i < fit->buckets; i++) {
		if (fit->chosen[i] != FIT_NONE) {
			fit->first = fit->points == 0 ? i : fit->first;
			fit->points++;
		}
	}
}

/* The first bucket without a point; there must be one. */
static usec_t first_missing(const struct fit *fit) {
	size_t i = 0;
	while (fit->chosen[i] != FIT_NONE) {
		i++;
	}
	return fit->edges[i];
}

/* Points that cannot be placed: those of no time at all, where a bucket waits for one, */
static int check_times(const struct answer *a) {
	const struct points *points = a->points;
	const struct fit *fit = a->fit;
	char edge[UTC_STRING_SIZE];

	if (points->odd_stamp[0]) {
		return error_set(a->err, EBADMSG, "timestampMs %s is not a number of milliseconds: expected a number such as %lld (%s)",
		                 points->odd_stamp, (long long)(first_edge(a) / USEC_PER_MSEC),
		                 utc_format(edge, first_edge(a)));
	}
	if (points->lost > 0 && fit->points < fit->buckets) {
		usec_t missing = first_missing(fit);
		return error_set(a->err, EBADMSG, "%zu point%s with a count and without a time: expected timestampMs %lld (%s)",
		                 points->lost, points->lost == 1 ? "" : "s", (long long)(missing / USEC_PER_MSEC),
		                 utc_format(edge, missing));
	}
	/* and those from far away, where there are no others. */
	if (fit->points == 0 && !a->near && a->stray != FIT_NONE) {
		return misfit(a, stamp_of(a, a->stray), first_edge(a), "is in no interval that was asked for");
	}
	return 0;
}

/** Where the chosen stamps lie in their buckets. */
struct places {
	usec_t least_from, most_from; /* from the start, */
	usec_t least_to, most_to;     /* to the end */
	bool centred;                 /* all in the middle */
	bool stepped;                 /* all whole steps of zones from the start, and not on it */
	size_t odd;                   /* a bucket whose stamp lies elsewhere than the first one's */
};

static bool is_near(usec_t a, usec_t b) {
	return a - b <= BLUR && b - a <= BLUR;
}

static struct places find_places(const struct answer *a) {
	const struct fit *fit = a->fit;
	struct places p = {INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN, .centred = true, .stepped = true};
	usec_t first_from = fit->points == 0 ? 0 : stamp_of(a, fit->chosen[fit->first]) - fit->edges[fit->first];

	for (size_t i = fit->points > 0 ? fit->first : fit->buckets; i < fit->buckets; i++) {
		if (fit->chosen[i] == FIT_NONE) {
			continue;
		}
		usec_t from = stamp_of(a, fit->chosen[i]) - fit->edges[i];
		usec_t to = fit->edges[i + 1] - stamp_of(a, fit->chosen[i]);
		p.least_from = from < p.least_from ? from : p.least_from;
		p.most_from = from > p.most_from ? from : p.most_from;
		p.least_to = to < p.least_to ? to : p.least_to;
		p.most_to = to > p.most_to ? to : p.most_to;
		p.centred = p.centred && is_near(from, to);
		p.stepped = p.stepped && from > 0 && to > 0 && from % ZONE_STEP == 0;
		p.odd = is_near(from, first_from) ? p.odd : i;
	}
	return p;
}

/*
 * A stamp of the wrong end: the far edge of the range bears one and the near edge none.  A
 * server that also gives the bucket behind the range gives the first one, too.  Once a wrong
 * one is seen, an answer that leaves the last bucket out must show the contrary.
 */
static int check_end(const struct answer *a, const struct places *p) {
	struct fit *fit = a->fit;
	bool near = a->by_end ? a->on_end : a->on_start, far = a->by_end ? a->on_start : a->on_end;
	bool on_edges = fit->points == 0 || (a->by_end ? p->most_to : p->most_from) == 0;
	if (is_single(a) || near) {
		fit->habit.wrong_end = false;
		return 0;
	}
	if (!on_edges || !(far || (fit->habit.wrong_end && fit->points > 0))) {
		return 0;
	}
	fit->habit.wrong_end = true;
	usec_t stamp = stamp_of(a, fit->points > 0 ? fit->chosen[fit->first] : 0);
	if (a->by_end) {
		return misfit(a, far ? first_edge(a) : stamp, last_edge(a),
		              "is the start of an interval that was asked for, and none is the end of the last one; if the server stamps "
		              "intervals with their starts, set stamp = \"start\"");
	}
	return misfit(a, far ? last_edge(a) : stamp, first_edge(a),
	              "is the end of an interval that was asked for, and none is the start of the first one; if the server stamps "
	              "intervals with their ends, set stamp = \"end\"");
}

/* Where the edges of other zones' hours, days, weeks and months lie in ours. */
static bool is_other_zone(const struct answer *a, const struct places *p) {
	bool close = p->most_from <= ZONES_APART || p->most_to <= ZONES_APART;
	if (!p->stepped || p->centred) {
		return false;
	}
	switch (a->settings->bucket.interval) {
	case INTERVAL_HOURLY:
	case INTERVAL_DAILY:
		return true;
	case INTERVAL_WEEKLY:
	case INTERVAL_MONTHLY:
		return close;
	default:
		return false;
	}
}

static int check_places(struct answer *a) {
	const struct fit *fit = a->fit;
	struct places p = find_places(a);
	int r = check_end(a, &p);
	if (r < 0 || fit->points == 0 || is_single(a)) {
		return r;
	}
	usec_t stamp = stamp_of(a, fit->chosen[fit->first]);
	usec_t edge = a->by_end ? fit->edges[fit->first + 1] : fit->edges[fit->first];
	if (is_other_zone(a, &p)) {
		char what[256];
		(void)snprintf(what, sizeof(what), "is not an edge in %.128s: the server cuts time in another zone, or at another hour or day",
		               zone_name(a->settings->bucket.zone));
		return misfit(a, stamp, edge, what);
	}
	if (p.most_from - p.least_from > BLUR && p.most_to - p.least_to > BLUR && !p.centred) {
		return misfit(a, stamp_of(a, fit->chosen[p.odd]),
		              fit->edges[p.odd] + (stamp - fit->edges[fit->first]),
		              "has another place in its interval than the others");
	}
	return 0;
}

/* Longer intervals */

static bool is_edge(const struct answer *a, enum interval interval, usec_t stamp) {
	struct grid grid = a->settings->bucket;
	grid.interval = interval;
	return grid_floor(&grid, stamp) == stamp;
}

/** The stamps, inside and outside, that begin intervals of a longer kind. */
struct coarse {
	size_t count;
	usec_t first, last;
};

/* Whether all that there is begins longer intervals; equal stamps count once. */
static bool find_coarse(const struct answer *a, enum interval interval, struct coarse *ret) {
	*ret = (struct coarse){0, INT64_MAX, INT64_MIN};
	usec_t before = INT64_MIN;
	for (size_t i = 0; i < a->points->len; i++) {
		usec_t stamp = stamp_of(a, i);
		if (stamp < first_edge(a) - FAR || stamp > last_edge(a) + FAR || !is_edge(a, interval, stamp)) {
			return false;
		}
		ret->count += stamp != before;
		ret->first = stamp < ret->first ? stamp : ret->first;
		ret->last = stamp > ret->last ? stamp : ret->last;
		before = stamp;
	}
	return true;
}

/* Whether every longer interval between the first and the last has its point. */
static bool is_complete(const struct answer *a, enum interval interval, const struct coarse *coarse) {
	struct grid grid = a->settings->bucket;
	size_t edges = 1;
	grid.interval = interval;
	for (usec_t edge = coarse->first; edge < coarse->last; edge = grid_next(&grid, edge)) {
		if (++edges > coarse->count) {
			return false;
		}
	}
	return edges == coarse->count;
}

/* So many points by chance: each of the short ones is as likely. */
static bool is_chance(enum interval longer, enum interval own, size_t count) {
	usec_t ratio = interval_length(longer) / interval_length(own), odds = 1;
	for (size_t i = 0; i < count && odds < UNLIKELY; i++) {
		odds *= ratio;
	}
	return odds < UNLIKELY;
}

static enum interval find_longer(const struct answer *a) {
	enum interval own = a->settings->bucket.interval;
	for (int longer = INTERVAL_MONTHLY; own != INTERVAL_NONE && a->points->len > 1 && longer > (int)own; longer--) {
		struct coarse coarse;
		if (find_coarse(a, (enum interval)longer, &coarse) && coarse.count > 1 &&
		    !is_chance((enum interval)longer, own, coarse.count) &&
		    is_complete(a, (enum interval)longer, &coarse)) {
			return (enum interval)longer;
		}
	}
	return INTERVAL_NONE;
}

/*
 * Hours where minutes were asked for have one stamp in a bucket at most, all at its start.  Once that
 * is seen, an answer with fewer points must show the contrary.
 */
static int check_interval(struct answer *a) {
	struct habit *habit = &a->fit->habit;
	struct coarse coarse;
	if (habit->longer == INTERVAL_NONE) {
		habit->longer = (uint8_t)find_longer(a);
	} else if (a->fit->points > 0 && !find_coarse(a, (enum interval)habit->longer, &coarse)) {
		habit->longer = INTERVAL_NONE;
	}
	if (habit->longer == INTERVAL_NONE || a->points->len == 0) {
		return 0;
	}
	char what[96];
	usec_t stamp = stamp_of(a, a->points->len - 1);
	(void)snprintf(what, sizeof(what), "and all others begin intervals of %s, not %s",
	               interval_name((enum interval)habit->longer),
	               interval_name(a->settings->bucket.interval));
	return misfit(a, stamp, grid_next(&a->settings->bucket, stamp), what);
}

static int check_all(struct answer *a) {
	int r = choose_points(a);
	if (r < 0) {
		return r;
	}
	count_buckets(a->fit);
	if ((r = check_times(a)) == 0 && (r = check_interval(a)) == 0) {
		r = check_places(a);
	}
	return r;
}

int fit_points(struct fit *fit, const struct settings *settings, const struct habit *habit,
               const struct span *span, const struct points *points, struct error *err) {
	struct answer a = {
		.fit = fit,
		.settings = settings,
		.points = points,
		.err = err,
		.by_end = settings->stamp == STAMP_END,
		.stray = FIT_NONE,
	};
	fit->habit = *habit;
	fit->outside = 0;
	if (fit_reserve(fit, (size_t)span->buckets) < 0) {
		return error_set(err, ENOMEM, "out of memory");
	}
	fit->buckets = fit->sure_until = (size_t)span->buckets;
	fit->sure_from = 0;
	fit->edges[0] = span->start;
	for (size_t i = 0; i < fit->buckets; i++) {
		fit->edges[i + 1] = grid_next(&settings->bucket, fit->edges[i]);
	}
	int r = check_all(&a);
	if (r < 0) {
		fit->habit.misfit = true;
	} else if (fit->points > 0) {
		fit->habit.misfit = false;
	}
	return r;
}
