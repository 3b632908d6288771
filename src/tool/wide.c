// SPDX-License-Identifier: ISC

#include "tool/wide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct column {
	struct rows rows;
	struct row row;
	usec_t key;  /* of the row, USEC_INFINITY behind the last */
	bool is_now; /* the row is of the present time */
};

static usec_t local_of(const struct zone *zone, usec_t instant) {
	struct zone_period period;
	zone_period_at(zone, instant, &period);
	return instant + period.offset_s * USEC_PER_SEC;
}

/* The date on which it begins. */
static usec_t date_of(const struct zone *zone, usec_t instant) {
	usec_t local = local_of(zone, instant), past = local % USEC_PER_DAY;
	return local - (past < 0 ? past + USEC_PER_DAY : past);
}

static void load(const struct wide *wide, struct column *column) {
	column->is_now = false;
	column->key = USEC_INFINITY;
	if (rows_next(&column->rows, &column->row)) {
		column->key = wide->by_date ? date_of(column->rows.room->zone, column->row.start) : column->row.start;
	}
}

static bool is_of_dates(const struct job *job, size_t room) {
	enum interval interval = job->coarse ? job->coarse->interval : job->subjects[room].room->interval;
	return interval_length(interval) >= USEC_PER_DAY;
}

static usec_t last_of(const struct room *room) {
	return room->coverage.len > 0 ? room->coverage.list[room->coverage.len - 1].end - 1 : room->first;
}

/* At the beginnings and ends of their logs: what lies between may be seen late, where there was a gap. */
static bool show_the_same(const struct room *a, const struct room *b) {
	return local_of(a->zone, b->first) == local_of(b->zone, b->first) &&
	       local_of(a->zone, last_of(b)) == local_of(b->zone, last_of(b));
}

int wide_begin(struct wide *wide, const struct job *job) {
	*wide = (struct wide){.by_date = true, .one_clock = true, .count = job->count};
	wide->columns = calloc(job->count, sizeof(*wide->columns));
	if (!wide->columns) {
		return -ENOMEM;
	}
	const struct room *longest = job->subjects[0].room;
	for (size_t i = 0; i < job->count; i++) {
		const struct room *room = job->subjects[i].room;
		longest = last_of(room) - room->first > last_of(longest) - longest->first ? room : longest;
		wide->by_date = wide->by_date && is_of_dates(job, i);
	}
	wide->zone = longest->zone;
	for (size_t i = 0; i < job->count; i++) {
		const struct subject *subject = &job->subjects[i];
		wide->one_clock = wide->one_clock && show_the_same(longest, subject->room);
		rows_begin(&wide->columns[i].rows, subject->room, subject->series, job->coarse, subject->from, subject->to);
		load(wide, &wide->columns[i]);
	}
	return 0;
}

bool wide_next(struct wide *wide) {
	usec_t next = USEC_INFINITY;

	for (size_t i = 0; i < wide->count; i++) {
		struct column *column = &wide->columns[i];
		if (column->is_now) {
			load(wide, column);
		}
		next = column->key < next ? column->key : next;
	}
	wide->instant = wide->local = next;
	for (size_t i = 0; next < USEC_INFINITY && i < wide->count; i++) {
		wide->columns[i].is_now = wide->columns[i].key == next;
	}
	return next < USEC_INFINITY;
}

const struct row *wide_cell(const struct wide *wide, size_t room) {
	return wide->columns[room].is_now ? &wide->columns[room].row : NULL;
}

void wide_done(struct wide *wide) {
	free(wide->columns);
	*wide = (struct wide){0};
}

/* Titles */

enum likeness { DIFFERENT, SAME_NAME, SAME_SITE };

static enum likeness likeness_of(const struct subject *a, const struct subject *b) {
	return strcmp(a->name, b->name) != 0 ? DIFFERENT : strcmp(a->site, b->site) != 0 ? SAME_NAME : SAME_SITE;
}

void wide_title(const struct job *job, size_t room, struct buf *out) {
	const struct subject *subject = &job->subjects[room];
	enum likeness most = DIFFERENT;

	for (size_t i = 0; i < job->count; i++) {
		enum likeness likeness = i == room ? DIFFERENT : likeness_of(subject, &job->subjects[i]);
		most = likeness > most ? likeness : most;
	}
	buf_puts(out, subject->name);
	if (most == SAME_NAME) {
		buf_printf(out, " (%s)", subject->site);
	} else if (most == SAME_SITE) {
		buf_printf(out, " (%s, %s)", subject->room->uuid, interval_name(subject->room->interval));
	}
}
