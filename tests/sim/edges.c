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

void edges_init(usec_t from, usec_t until) {
	rows = arena_new(sizeof(*rows));
	rows->from = from;
	rows->until = until;
}

static void fill(struct row *row, int zone, int granularity) {
	struct edges edges;
	if (edges_cut((enum interval)granularity, setup_zones[zone], rows->from / USEC_PER_MSEC,
	              rows->until / USEC_PER_MSEC, &edges) < 0) {
		fprintf(stderr, "sim: too many edges\n");
		exit(2);
	}
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

static const struct row *row_of(int zone, int granularity) {
	struct row *row = &rows->rows[zone][granularity];
	if (!row->edges) {
		fill(row, zone, granularity);
	}
	return row;
}

usec_t edges_floor(int zone, int granularity, usec_t time) {
	const struct row *row = row_of(zone, granularity);
	return row->edges[place(row, time)];
}

usec_t edges_next(int zone, int granularity, usec_t time) {
	const struct row *row = row_of(zone, granularity);
	size_t at = place(row, time) + 1;
	return at < row->len ? row->edges[at] : USEC_INFINITY;
}
