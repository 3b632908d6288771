// SPDX-License-Identifier: ISC

#include "tool/rows.h"

#include <errno.h>
#include <string.h>

int coarse_parse(const char *text, struct coarse *ret, struct error *err) {
	usec_t length = 0;
	struct error ignored;
	bool is_length = units_parse_duration(text, &length, &ignored) == 0;

	if (strcmp(text, "1mo") == 0) {
		ret->interval = INTERVAL_MONTHLY;
	} else if (is_length && length == USEC_PER_WEEK) {
		ret->interval = INTERVAL_WEEKLY;
	} else if (is_length && length == USEC_PER_DAY) {
		ret->interval = INTERVAL_DAILY;
	} else if (is_length && length >= USEC_PER_MIN && length % USEC_PER_MIN == 0 && USEC_PER_DAY % length == 0) {
		ret->interval = INTERVAL_NONE;
	} else {
		return error_set(err, EINVAL, "\"%s\" is not an interval: expected minutes or hours that divide a day, such as 15m, 1h "
		                 "or 6h, or 1d, 1w or 1mo", text);
	}
	ret->length = length;
	return 0;
}

static usec_t coarse_length(const struct coarse *coarse) {
	return coarse->interval == INTERVAL_NONE ? coarse->length : interval_length(coarse->interval);
}

bool coarse_fits(const struct coarse *coarse, const struct room *room) {
	return coarse_length(coarse) >= (room->interval == INTERVAL_NONE ? room->length : interval_length(room->interval));
}

static void go_on(struct rows *rows) {
	rows->is_left = walk_next(&rows->walk, &rows->next);
}

void rows_begin(struct rows *rows, const struct room *room, const struct series *series, const struct coarse *coarse,
                usec_t from, usec_t to) {
	*rows = (struct rows){.room = room, .grid = room->grid, .is_coarse = coarse != NULL};
	if (coarse) {
		rows->coarse = *coarse;
		rows->grid = (struct grid){room->zone, coarse->interval, coarse->length, 1};
	}
	walk_begin(&rows->walk, series, &room->coverage, from, to);
	go_on(rows);
}

/* A bucket as it was recorded, or as much of a run as a bucket of the room's is. */
static void take_bucket(struct rows *rows, struct row *ret) {
	struct stride *next = &rows->next;

	*ret = (struct row){.start = next->start, .end = next->end, .count = next->count};
	if (next->count >= 0) {
		ret->known = next->end - next->start;
	} else if (next->count != SERIES_NONE) {
		usec_t edge = grid_next(&rows->grid, next->start);
		if (edge < next->end) {
			ret->end = next->start = edge;
			return;
		}
	}
	go_on(rows);
}

/* What the buckets of a row make. */
struct sum {
	double weighted; /* counts by seconds */
	int64_t max, last;
	usec_t known;
};

static void add(struct sum *sum, int64_t count, usec_t length) {
	if (count >= 0) {
		sum->weighted += (double)count * ((double)length / (double)USEC_PER_SEC);
		sum->max = count > sum->max ? count : sum->max;
		sum->last = count;
		sum->known += length;
	}
}

static void make_row(const struct rows *rows, const struct sum *sum, struct row *ret) {
	ret->known = sum->known;
	if (sum->known == 0) {
		ret->count = SERIES_NONE;
		return;
	}
	ret->count = rows->coarse.with == COARSE_LAST ? sum->last : sum->max;
	if (rows->coarse.with == COARSE_MEAN) {
		double mean = sum->weighted / ((double)sum->known / (double)USEC_PER_SEC);
		if (mean < 1e9) {
			int64_t millionths = (int64_t)(mean * 1e6 + 0.5);
			ret->count = millionths / 1000000;
			ret->millionths = (uint32_t)(millionths % 1000000);
		} else {
			ret->count = mean < (double)sum->max ? (int64_t)mean : sum->max;
		}
	}
}

/* All that lies in one interval of the grid; what reaches beyond it, as far as it lies in it. */
static void take_interval(struct rows *rows, struct row *ret) {
	struct sum sum = {.max = 0};

	*ret = (struct row){.start = grid_floor(&rows->grid, rows->next.start), .end = grid_next(&rows->grid, rows->next.start)};
	while (rows->is_left && rows->next.start < ret->end) {
		struct stride *next = &rows->next;
		if (next->end > ret->end) {
			add(&sum, next->count, ret->end - next->start);
			next->start = ret->end;
			break;
		}
		add(&sum, next->count, next->end - next->start);
		go_on(rows);
	}
	make_row(rows, &sum, ret);
}

bool rows_next(struct rows *rows, struct row *ret) {
	if (!rows->is_left) {
		return false;
	}
	if (rows->is_coarse) {
		take_interval(rows, ret);
	} else {
		take_bucket(rows, ret);
	}
	return true;
}

const char *row_status(const struct row *row) {
	static const char *const why[] = {[-SERIES_NONE] = "no_data", [-SERIES_GAP] = "gap", [-SERIES_MISSING] = "missing"};
	return row->count >= 0 ? "ok" : why[-row->count];
}
