// SPDX-License-Identifier: ISC

#include "edges.h"

#include "../fake-rhombus/buckets.h"
#include "arena.h"

#include <stdio.h>
#include <stdlib.h>

enum { ZONES = 16, GRIDS = 8 };

extern const char *const setup_zones[];

/** One grid's edges, found when it is first wanted. */
struct row {
	usec_t *edges;
	size_t len;
};

static struct rows {
	usec_t from, until;
	struct row rows[ZONES][GRIDS];
} *rows;

/** Of times that nobody had in mind: a clock that is wrong by years asks for them.  The last window that was wanted. */
static struct far {
	struct row row;
	usec_t from, until;
} far[ZONES][GRIDS];

void edges_init(usec_t from, usec_t until) {
	rows = arena_new(sizeof(*rows));
	rows->from = from;
	rows->until = until;
}

static void cut(struct edges *edges, int zone, int granularity, usec_t from, usec_t until) {
	if (edges_cut((enum interval)granularity, setup_zones[zone], from / USEC_PER_MSEC,
	              until / USEC_PER_MSEC, edges) < 0) {
		fprintf(stderr, "sim: too many edges\n");
		exit(2);
	}
}

static void fill(struct row *row, int zone, int granularity) {
	struct edges edges;
	cut(&edges, zone, granularity, rows->from, rows->until);
	row->edges = arena_new(edges.count * sizeof(*row->edges));
	row->len = edges.count;
	for (size_t i = 0; i < edges.count; i++) {
		row->edges[i] = edges.all[i].at_s * USEC_PER_SEC;
	}
	edges_done(&edges);
}

/* The place of the last edge at or before that time. */
static size_t place(const struct row *row, usec_t time) {
	size_t low = 0, high = row->len;
	while (high - low > 1) {
		size_t middle = (low + high) / 2;
		if (row->edges[middle] <= time) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
}

/* Some before that time, and more after it, as requests go forward. */
static const struct row *far_row(int zone, int granularity, usec_t time) {
	static const usec_t lengths[GRIDS] = {
		USEC_PER_MIN, USEC_PER_MIN, 15 * USEC_PER_MIN, USEC_PER_HOUR, USEC_PER_DAY,
		7 * USEC_PER_DAY, 31 * USEC_PER_DAY, 31 * USEC_PER_DAY,
	};
	struct far *window = &far[zone][granularity];
	if (!window->row.edges || time < window->from || time >= window->until) {
		struct edges edges;
		usec_t from = time - 100 * lengths[granularity] - 3 * USEC_PER_DAY;
		cut(&edges, zone, granularity, from, time + 3000 * lengths[granularity]);
		window->row.edges = reallocarray(window->row.edges, edges.count, sizeof(*window->row.edges));
		if (!window->row.edges) {
			abort();
		}
		window->row.len = edges.count;
		for (size_t i = 0; i < edges.count; i++) {
			window->row.edges[i] = edges.all[i].at_s * USEC_PER_SEC;
		}
		/* The first edge and the last two may not be all that was asked for. */
		window->from = window->row.edges[2];
		window->until = window->row.edges[edges.count - 3];
		edges_done(&edges);
	}
	return &window->row;
}

static const struct row *row_of(int zone, int granularity, usec_t time) {
	if (time < rows->from || time >= rows->until) {
		return far_row(zone, granularity, time);
	}
	struct row *row = &rows->rows[zone][granularity];
	if (!row->edges) {
		fill(row, zone, granularity);
	}
	return row;
}

usec_t edges_floor(int zone, int granularity, usec_t time) {
	const struct row *row = row_of(zone, granularity, time);
	return row->edges[place(row, time)];
}

usec_t edges_next(int zone, int granularity, usec_t time) {
	const struct row *row = row_of(zone, granularity, time);
	size_t at = place(row, time) + 1;
	return at < row->len ? row->edges[at] : USEC_INFINITY;
}
