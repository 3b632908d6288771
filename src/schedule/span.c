// SPDX-License-Identifier: ISC

#include "schedule/span.h"

/* A single count per request is all that NONE gives. */
static bool is_single(const struct settings *settings) {
	return settings->bucket.interval == INTERVAL_NONE;
}

/* Buckets up to a day are gathered into windows; longer ones are windows themselves. */
static struct grid window_grid(const struct settings *settings) {
	struct grid grid = settings->bucket;
	switch (grid.interval) {
	case INTERVAL_MINUTELY:
	case INTERVAL_QUARTERHOURLY:
	case INTERVAL_HOURLY:
		grid.interval = INTERVAL_NONE;
		grid.length = settings->window;
		break;
	default:
		break;
	}
	return grid;
}

int span_lookback_buckets(const struct settings *settings) {
	if (is_single(settings) || settings->lookback == 0) {
		return 0;
	}
	usec_t length = interval_length(settings->bucket.interval);
	int64_t buckets = (settings->lookback + length - 1) / length;

	/* A request is for what is new in the first place. */
	int64_t most = settings->max_points - 1;
	return (int)(buckets < most ? buckets : most);
}

usec_t span_closed(const struct settings *settings, usec_t now) {
	return grid_floor(&settings->bucket, now - settings->settle);
}

usec_t span_first_cursor(const struct settings *settings, usec_t now) {
	usec_t last = grid_floor(&settings->bucket, span_closed(settings, now) - 1);
	usec_t from = last;

	if (settings->since.from != INT64_MIN) {
		from = settings->since.from;
	} else if (settings->since.ago >= 0) {
		from = now - settings->since.ago;
	}
	/* A bucket that begins before backfill_from is not wanted whole, so not at all. */
	return grid_floor(&settings->bucket, from) == from ? from : grid_next(&settings->bucket, from);
}

usec_t span_fresh(const struct settings *settings, usec_t cursor) {
	return is_single(settings) ? cursor : grid_floor(&settings->bucket, cursor);
}

usec_t span_after(const struct settings *settings, usec_t cursor, int buckets) {
	usec_t edge = span_fresh(settings, cursor);
	for (; buckets > 0; buckets--) {
		edge = grid_next(&settings->bucket, edge);
	}
	return edge;
}

bool span_next(const struct settings *settings, usec_t cursor, usec_t oldest, int limit, usec_t now,
               struct span *ret) {
	const struct grid *grid = &settings->bucket;
	struct span span = {.fresh = span_fresh(settings, cursor)};
	usec_t closed = span_closed(settings, now);

	if (span.fresh >= closed) {
		return false;
	}

	if (is_single(settings) || limit < 1) {
		limit = 1;
	}
	span.end = span.fresh;
	while (span.end < closed && span.fresh_buckets < limit) {
		span.end = grid_next(grid, span.end);
		span.fresh_buckets++;
	}

	/* The look-back takes what room is left, so that a backlog takes the fewest requests. */
	span.start = span.fresh;
	span.buckets = span.fresh_buckets;
	int back = span_lookback_buckets(settings);
	while (back-- > 0 && span.buckets < limit && span.start > oldest) {
		span.start = grid_floor(grid, span.start - 1);
		span.buckets++;
	}
	*ret = span;
	return true;
}

bool span_cut(const struct settings *settings, usec_t now, struct span *span) {
	usec_t closed = span_closed(settings, now);
	if (closed >= span->end) {
		return true;
	}
	/* A single count is one of the whole span. */
	if (is_single(settings) || closed <= span->fresh) {
		return false;
	}
	span->end = span->start;
	span->buckets = span->fresh_buckets = 0;
	while (span->end < closed) {
		span->fresh_buckets += span->end >= span->fresh;
		span->buckets++;
		span->end = grid_next(&settings->bucket, span->end);
	}
	return true;
}

usec_t span_due(const struct settings *settings, usec_t cursor, usec_t spread) {
	struct grid window = window_grid(settings);
	return grid_next(&window, cursor) + settings->settle + spread;
}

bool span_is_backlog(const struct settings *settings, usec_t cursor, usec_t now) {
	struct grid window = window_grid(settings);
	return grid_next(&window, cursor) < span_closed(settings, now);
}

int64_t span_backlog(const struct settings *settings, usec_t cursor, usec_t now) {
	usec_t closed = span_closed(settings, now);
	usec_t length = is_single(settings) ? settings->bucket.length
	                                    : interval_length(settings->bucket.interval);
	return closed > cursor ? (closed - cursor + length - 1) / length : 0;
}

usec_t span_gap_end(const struct settings *settings, usec_t cursor, usec_t since, usec_t now) {
	if (now - settings->backfill < since) {
		return cursor;
	}
	usec_t end = grid_floor(&settings->bucket, now - settings->backfill);
	return end > cursor ? end : cursor;
}
