// SPDX-License-Identifier: ISC

#include "response/record.h"

#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
	[RECORD_OK] = "ok",
	[RECORD_NO_DATA] = "no_data",
	[RECORD_AMBIGUOUS] = "ambiguous",
	[RECORD_GAP] = "gap",
};

enum { NAME_COUNT = sizeof(names) / sizeof(names[0]) };

const char *record_status_name(enum record_status status) {
	return names[status];
}

int record_status_parse(const char *name, size_t len, enum record_status *ret) {
	for (int i = 0; i < NAME_COUNT; i++) {
		if (len == strlen(names[i]) && memcmp(name, names[i], len) == 0) {
			*ret = (enum record_status)i;
			return 0;
		}
	}
	return -EINVAL;
}

void records_init(struct records *records) {
	*records = (struct records){0};
}

void records_done(struct records *records) {
	if (records) {
		free(records->list);
		records_init(records);
	}
}

static int records_reserve(struct records *records, size_t count) {
	return array_reserve(&records->list, &records->size, count, sizeof(*records->list));
}

static void record_fill(struct record *record, const struct points *points, size_t chosen) {
	static const enum record_status statuses[] = {
		[COUNT_NONE] = RECORD_NO_DATA,
		[COUNT_ONE] = RECORD_OK,
		[COUNT_AMBIGUOUS] = RECORD_AMBIGUOUS,
	};

	record->warning = points->has_warning ? points->warning : NULL;
	record->status = RECORD_NO_DATA;
	if (chosen == FIT_NONE) {
		return;
	}
	const struct point *point = &points->list[chosen];
	record->status = statuses[point->kind];
	record->count = point->kind == COUNT_ONE ? point->count : 0;
	record->event_counts = points_text(points, point->event_counts);
	record->approximate_timestamps_ms = points_text(points, point->approximate_timestamps_ms);
	record->reporting_devices = points_text(points, point->reporting_devices);
	record->date_local = points_text(points, point->date_local);
	record->date_utc = points_text(points, point->date_utc);
	record->has_timestamp = point->has_timestamp;
	record->timestamp_ms = point->timestamp_ms;
}

/* The same of what has been ordered to be asked for again, which has been read in the log. */
static const struct remembered *recall_ordered(const struct poll *poll, const struct record *record,
                                               struct remembered *scratch) {
	const struct ordered *ordered = poll->recheck.ordered;
	const struct ordered_bucket *bucket = ordered ? ordered_find(ordered, record->start, record->end) : NULL;
	if (!bucket) {
		return NULL;
	}
	*scratch = (struct remembered){
		.start = record->start,
		.count = bucket->count,
		.length_s = bucket_seconds(record->start, record->end),
		.revision = bucket->revision,
		.status = bucket->status,
	};
	return scratch;
}

/* What the bucket was recorded as, as far as that is known. */
static const struct remembered *recall(const struct poll *poll, const struct record *record,
                                       struct remembered *scratch) {
	const struct remembered *before = poll_recall(poll, record->start);
	const struct recheck_run *run = before ? NULL : recheck_find(&poll->recheck, record->start, record->end);
	if (!run) {
		return before ? before : recall_ordered(poll, record, scratch);
	}
	*scratch = (struct remembered){
		.start = record->start,
		.length_s = bucket_seconds(record->start, record->end),
		.revision = run->revision,
		.status = run->gap ? RECORD_GAP : RECORD_NO_DATA,
	};
	return scratch;
}

/* Whether the record says something new; if so it gets its revision. */
static bool record_revise(struct record *record, const struct poll *poll) {
	struct remembered scratch;
	const struct remembered *before = recall(poll, record, &scratch);
	bool fresh = record->end > poll->cursor;
	if (!before) {
		record->revision = fresh ? poll_first_revision(poll, record->start) : 0;
		return fresh;
	}
	/*
	 * After a change of the zone a bucket may start where one was recorded and end elsewhere.
	 * If it is longer than the log reaches, it says something new, and replaces the other; if
	 * not, its time is in the log already, cut otherwise.
	 */
	bool same = before->length_s == bucket_seconds(record->start, record->end);
	bool differs = before->status != record->status || before->count != record->count;
	/* A server that answers with nothing for a while takes back nothing that it has counted. */
	bool counted = before->status == RECORD_OK || before->status == RECORD_AMBIGUOUS;
	bool vanished = counted && record->status == RECORD_NO_DATA;
	if (!fresh && !(same && differs && !vanished)) {
		return false;
	}
	record->revision = before->revision + 1;
	record->has_previous = before->status == RECORD_OK;
	record->previous = before->count;
	return true;
}

int records_make(struct records *records, const struct poll *poll, const struct span *span,
                 const struct fit *fit, const struct points *points, usec_t polled_at) {
	size_t buckets = (size_t)span->buckets;

	records->len = 0;
	if (records_reserve(records, buckets) < 0) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < buckets; i++) {
		bool sure = i >= fit->sure_from && i < fit->sure_until;
		if (!sure && fit->chosen[i] == FIT_NONE) {
			continue; /* the answer does not speak of it */
		}
		struct record record = {
			.start = fit->edges[i],
			.end = fit->edges[i + 1],
			.device = poll->device,
			.polled_at = polled_at,
		};
		record_fill(&record, points, fit->chosen[i]);
		if (record_revise(&record, poll)) {
			records->list[records->len++] = record;
		}
	}
	return 0;
}
