// SPDX-License-Identifier: ISC

/* response/record.h: from points to records. */

#include "fixture.h"

#include "response/record.h"

#include <errno.h>

#define T0        at("2026-11-23T08:00:00Z")
#define POLLED_AT at("2026-11-23T08:30:00Z")

static usec_t minute(int number) {
	return T0 + number * USEC_PER_MIN;
}

/* A device, its poll with the cursor at minute 0, and what a reply is turned into. */
struct fixture {
	struct settings settings;
	struct device device;
	struct poll poll;
	struct point list[32];
	struct points points;
	struct fit fit;
	struct records records;
};

static int setup(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f) {
		return -1;
	}
	f->settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * USEC_PER_MIN);
	f->settings.lookback = 10 * USEC_PER_MIN;
	f->device = device_of(&f->settings);
	poll_init(&f->poll, &f->device, T0, T0);
	f->points.list = f->list;
	fit_init(&f->fit);
	records_init(&f->records);
	*state = f;
	return 0;
}

static int teardown(void **state) {
	struct fixture *f = *state;
	records_done(&f->records);
	fit_done(&f->fit);
	poll_done(&f->poll);
	free(f);
	return 0;
}

static void add(struct fixture *f, usec_t time, enum count_kind kind, int64_t count) {
	f->list[f->points.len++] = (struct point){
		.time = time,
		.has_timestamp = true,
		.timestamp_ms = time / USEC_PER_MSEC,
		.kind = kind,
		.count = kind == COUNT_ONE ? count : 0,
	};
}

static void make_span(struct fixture *f, const struct span *span) {
	static const struct habit habit;
	struct error err = {{0}};
	expect_int(0, fit_points(&f->fit, &f->settings, &habit, span, &f->points, &err), "fit_points: %s", err.text);
	expect_int(0, records_make(&f->records, &f->poll, span, &f->fit, &f->points, POLLED_AT), "records_make");
}

/* Minutes from..to, of which the poll's cursor tells what is fresh. */
static void make(struct fixture *f, int from, int to) {
	struct span span = {
		.start = minute(from),
		.fresh = f->poll.cursor,
		.end = minute(to),
		.buckets = to - from,
		.fresh_buckets = (int)((minute(to) - f->poll.cursor) / USEC_PER_MIN),
	};
	make_span(f, &span);
}

/* Tells the poll that the minute was recorded. */
static void recorded(struct fixture *f, int number, enum record_status status, int64_t count,
                     uint16_t revision) {
	struct remembered what = {minute(number), count, 60, revision, (uint8_t)status};
	expect_int(0, poll_apply(&f->poll, &what, minute(number + 1)), "poll_apply");
}

static const struct record *expect_record(const struct fixture *f, size_t place, int number,
                                          enum record_status status, int64_t count, int revision) {
	expect_int(true, place < f->records.len, "there is a record %zu", place);
	const struct record *record = &f->records.list[place];
	expect_time(minute(number), record->start, "record %zu: start", place);
	expect_time(minute(number + 1), record->end, "record %zu: end", place);
	expect_text(record_status_name(status), record_status_name(record->status), "record %zu: status", place);
	expect_int(count, record->count, "record %zu: count", place);
	expect_int(revision, record->revision, "record %zu: revision", place);
	expect_int(1, record->device == &f->device, "record %zu: device", place);
	expect_time(POLLED_AT, record->polled_at, "record %zu: polled_at", place);
	return record;
}

static void status_names_are_those_of_the_log(void **state) {
	(void)state;
	static const struct {
		enum record_status status;
		const char *name;
	} rows[] = {
		{RECORD_OK, "ok"},
		{RECORD_NO_DATA, "no_data"},
		{RECORD_AMBIGUOUS, "ambiguous"},
		{RECORD_GAP, "gap"},
	};
	static const char *const others[] = {"", "OK", "ok ", "gaps", "no data"};

	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		enum record_status status = (enum record_status)99;
		expect_text(rows[row].name, record_status_name(rows[row].status), "row %zu", row);
		expect_int(0, record_status_parse(rows[row].name, strlen(rows[row].name), &status), "row %zu", row);
		expect_int(rows[row].status, status, "row %zu", row);
	}
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		enum record_status status = (enum record_status)99;
		expect_int(-EINVAL, record_status_parse(others[i], strlen(others[i]), &status), "\"%s\"", others[i]);
		expect_int(99, status, "\"%s\": the output is untouched", others[i]);
	}
}

static void each_fresh_bucket_becomes_a_record(void **state) {
	struct fixture *f = *state;
	add(f, minute(0), COUNT_ONE, 5);
	add(f, minute(1), COUNT_NONE, 0);
	add(f, minute(3), COUNT_AMBIGUOUS, 0);
	make(f, 0, 4);
	expect_int(4, f->records.len, "records");
	expect_record(f, 0, 0, RECORD_OK, 5, 0);
	expect_record(f, 1, 1, RECORD_NO_DATA, 0, 0);
	expect_record(f, 2, 2, RECORD_NO_DATA, 0, 0);
	const struct record *last = expect_record(f, 3, 3, RECORD_AMBIGUOUS, 0, 0);
	expect_int(false, last->has_previous, "has_previous");
	expect_int(0, f->fit.outside, "outside");
	/* Only a bucket with a point has what the point held. */
	expect_int(true, f->records.list[1].has_timestamp, "a point without a count keeps its timestamp");
	expect_int(minute(1) / 1000, f->records.list[1].timestamp_ms, "timestamp_ms");
	expect_int(false, f->records.list[2].has_timestamp, "without a point there is no timestamp");
}

static void an_empty_answer_is_no_data_for_every_bucket(void **state) {
	struct fixture *f = *state;
	make(f, 0, 3);
	expect_int(3, f->records.len, "records");
	for (int i = 0; i < 3; i++) {
		expect_record(f, (size_t)i, i, RECORD_NO_DATA, 0, 0);
	}
}

/* Half-open: a bucket has its start, and not its end. */
static void a_point_belongs_to_the_bucket_that_holds_its_time(void **state) {
	struct fixture *f = *state;
	static const struct {
		int64_t offset; /* from minute 0, in us */
		int bucket;     /* -1: outside of minutes 0..3 */
	} rows[] = {
		{0, 0},
		{1, 0},
		{60 * 1000000 - 1, 0},
		{60 * 1000000, 1},
		{150 * 1000000, 2},
		{240 * 1000000 - 1, 3},
		{-1, -1},
		{240 * 1000000 + 1, -1},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		f->points.len = 0;
		add(f, T0 + rows[row].offset, COUNT_ONE, 9);
		make(f, 0, 4);
		expect_int(4, f->records.len, "row %zu: records", row);
		for (int i = 0; i < 4; i++) {
			expect_int(i == rows[row].bucket ? RECORD_OK : RECORD_NO_DATA, f->records.list[i].status,
			           "row %zu: bucket %d", row, i);
		}
		expect_int(rows[row].bucket < 0, f->fit.outside, "row %zu: outside", row);
	}
}

static void unsorted_points_find_their_buckets(void **state) {
	struct fixture *f = *state;
	static const int order[] = {3, 0, 4, 1, 2};
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		add(f, minute(order[i]), COUNT_ONE, order[i] * 10);
	}
	make(f, 0, 5);
	expect_int(5, f->records.len, "records");
	for (int i = 0; i < 5; i++) {
		expect_record(f, (size_t)i, i, RECORD_OK, i * 10, 0);
	}
}

static void of_duplicates_the_last_stands(void **state) {
	struct fixture *f = *state;
	add(f, minute(0), COUNT_ONE, 1);
	add(f, minute(1), COUNT_ONE, 2);
	add(f, minute(0), COUNT_ONE, 3);
	add(f, minute(1), COUNT_NONE, 0);
	make(f, 0, 2);
	expect_int(2, f->records.len, "records");
	expect_record(f, 0, 0, RECORD_OK, 3, 0);
	expect_record(f, 1, 1, RECORD_NO_DATA, 0, 0);
	expect_int(0, f->fit.outside, "outside");
}

static void lookback_records_only_what_has_changed(void **state) {
	struct fixture *f = *state;
	static const struct {
		enum record_status before;
		int64_t count;
		enum count_kind now;
		int64_t now_count;
		bool changed;
		enum record_status expected;
		bool has_previous;
	} rows[] = {
		{RECORD_OK, 5, COUNT_ONE, 5, false, RECORD_OK, false},
		{RECORD_OK, 0, COUNT_ONE, 0, false, RECORD_OK, false},
		{RECORD_NO_DATA, 0, COUNT_NONE, 0, false, RECORD_NO_DATA, false},
		{RECORD_AMBIGUOUS, 0, COUNT_AMBIGUOUS, 0, false, RECORD_AMBIGUOUS, false},
		{RECORD_OK, 5, COUNT_ONE, 6, true, RECORD_OK, true},
		{RECORD_OK, 5, COUNT_ONE, 0, true, RECORD_OK, true},
		{RECORD_OK, 5, COUNT_NONE, 0, false, RECORD_NO_DATA, false},
		{RECORD_OK, 0, COUNT_NONE, 0, false, RECORD_NO_DATA, false},
		{RECORD_AMBIGUOUS, 0, COUNT_NONE, 0, false, RECORD_NO_DATA, false},
		{RECORD_OK, 5, COUNT_AMBIGUOUS, 0, true, RECORD_AMBIGUOUS, true},
		{RECORD_NO_DATA, 0, COUNT_ONE, 7, true, RECORD_OK, false},
		{RECORD_NO_DATA, 0, COUNT_ONE, 0, true, RECORD_OK, false},
		{RECORD_AMBIGUOUS, 0, COUNT_ONE, 7, true, RECORD_OK, false},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		recorded(f, 0, rows[row].before, rows[row].count, 3);
		f->points.len = 0;
		add(f, minute(0), rows[row].now, rows[row].now_count);
		add(f, minute(1), COUNT_ONE, 1);
		make(f, 0, 2);
		expect_int(rows[row].changed ? 2 : 1, f->records.len, "row %zu: records", row);
		if (rows[row].changed) {
			const struct record *record =
				expect_record(f, 0, 0, rows[row].expected, rows[row].now_count, 4);
			expect_int(rows[row].has_previous, record->has_previous, "row %zu: has_previous", row);
			if (rows[row].has_previous) {
				expect_int(rows[row].count, record->previous, "row %zu: previous", row);
			}
		}
		expect_record(f, f->records.len - 1, 1, RECORD_OK, 1, 0);
	}
}

/* An answer without points, for a while: the log keeps what was counted. */
static void a_vanished_point_takes_nothing_back(void **state) {
	struct fixture *f = *state;
	recorded(f, 0, RECORD_OK, 5, 0);
	recorded(f, 1, RECORD_NO_DATA, 0, 0);
	recorded(f, 2, RECORD_AMBIGUOUS, 0, 0);
	make(f, 0, 3);
	expect_int(0, f->records.len, "records");
}

/* What an answer may have left out it does not say: no minute is empty for that, least of all one that is a gap. */
static void of_what_may_be_left_out_nothing_is_said(void **state) {
	static const struct habit habit;
	struct fixture *f = *state;
	struct error err = {{0}};
	f->settings.recheck = (struct rechecks){{USEC_PER_HOUR}};
	for (int i = 0; i < 5; i++) {
		enum record_status status = i % 2 == 0 ? RECORD_GAP : RECORD_OK;
		recorded(f, i, status, status == RECORD_OK ? 5 : 0, 0);
		const struct remembered what = {minute(i), 0, 60, 0, (uint8_t)status};
		poll_watch(&f->poll, &what, minute(i + 1), minute(i + 1));
	}
	struct span span = {minute(0), minute(5), minute(6), 6, 1};
	add(f, minute(1), COUNT_ONE, 15);
	add(f, minute(4), COUNT_NONE, 0);
	expect_int(0, fit_points(&f->fit, &f->settings, &habit, &span, &f->points, &err), "fit_points: %s", err.text);
	expect_int(0, f->fit.sure_from, "at first it says all: from");
	expect_int(6, f->fit.sure_until, "at first it says all: until");
	f->fit.sure_from = 1;
	f->fit.sure_until = 3;
	expect_int(0, records_make(&f->records, &f->poll, &span, &f->fit, &f->points, POLLED_AT), "records_make");
	expect_int(3, f->records.len, "records");
	expect_record(f, 0, 1, RECORD_OK, 15, 1);
	expect_record(f, 1, 2, RECORD_NO_DATA, 0, 1);
	expect_record(f, 2, 4, RECORD_NO_DATA, 0, 1);
	f->fit.sure_from = 0;
	f->fit.sure_until = 6;
	expect_int(0, records_make(&f->records, &f->poll, &span, &f->fit, &f->points, POLLED_AT), "records_make");
	expect_int(5, f->records.len, "records, if it says all");
	expect_record(f, 0, 0, RECORD_NO_DATA, 0, 1);
	expect_record(f, 4, 5, RECORD_NO_DATA, 0, 0);
}

/* In the log, but longer ago than is remembered, or part of a gap: nothing can be said. */
static void a_recorded_bucket_that_is_not_remembered_is_left_alone(void **state) {
	struct fixture *f = *state;
	struct remembered gap = {.start = minute(0), .status = RECORD_GAP};
	expect_int(0, poll_apply(&f->poll, &gap, minute(2)), "poll_apply");
	recorded(f, 2, RECORD_OK, 2, 0);
	for (int i = 0; i < 4; i++) {
		add(f, minute(i), COUNT_ONE, i);
	}
	make(f, 0, 4);
	expect_int(1, f->records.len, "records");
	expect_record(f, 0, 3, RECORD_OK, 3, 0);
}

static void revisions_count_up_answer_by_answer(void **state) {
	struct fixture *f = *state;
	for (int i = 0; i < 5; i++) {
		f->points.len = 0;
		add(f, minute(0), COUNT_ONE, 100 + i);
		make(f, 0, 1);
		expect_int(1, f->records.len, "answer %d: records", i);
		const struct record *record = expect_record(f, 0, 0, RECORD_OK, 100 + i, i);
		expect_int(i > 0, record->has_previous, "answer %d: has_previous", i);
		expect_int(i > 0 ? 99 + i : 0, record->previous, "answer %d: previous", i);
		recorded(f, 0, record->status, record->count, (uint16_t)record->revision);
		make(f, 0, 1);
		expect_int(0, f->records.len, "answer %d again: records", i);
	}
}

static void none_takes_its_only_count_from_start_to_end(void **state) {
	struct fixture *f = *state;
	static const struct {
		int minute;
		enum record_status expected;
	} rows[] = {{0, RECORD_OK}, {7, RECORD_OK}, {15, RECORD_OK}, {16, RECORD_NO_DATA}, {-1, RECORD_NO_DATA}};
	f->settings = settings_of(INTERVAL_NONE, "UTC", 15 * USEC_PER_MIN);
	struct span span = {.start = T0, .fresh = T0, .end = minute(15), .buckets = 1, .fresh_buckets = 1};

	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		f->points.len = 0;
		add(f, minute(rows[row].minute), COUNT_ONE, 9);
		make_span(f, &span);
		expect_int(1, f->records.len, "row %zu: records", row);
		expect_int(rows[row].expected, f->records.list[0].status, "row %zu: status", row);
		expect_int(rows[row].expected != RECORD_OK, f->fit.outside, "row %zu: outside", row);
		expect_time(minute(15), f->records.list[0].end, "row %zu: end", row);
	}
}

/* Of two points one is the next window's: the end is exclusive as ever. */
static void none_does_not_prefer_the_end_over_a_point_inside(void **state) {
	struct fixture *f = *state;
	f->settings = settings_of(INTERVAL_NONE, "UTC", 15 * USEC_PER_MIN);
	struct span span = {.start = T0, .fresh = T0, .end = minute(15), .buckets = 1, .fresh_buckets = 1};
	add(f, minute(0), COUNT_ONE, 4);
	add(f, minute(15), COUNT_ONE, 9);
	make_span(f, &span);
	expect_int(4, f->records.list[0].count, "count");
	expect_int(1, f->fit.outside, "outside");
}

static void days_of_25_and_23_hours_are_one_record_each(void **state) {
	struct fixture *f = *state;
	static const struct {
		const char *start, *point, *end;
	} rows[] = {
		{"2026-11-01T06:00:00Z", "2026-11-02T06:59:59Z", "2026-11-02T07:00:00Z"},
		{"2026-03-08T07:00:00Z", "2026-03-09T05:59:59Z", "2026-03-09T06:00:00Z"},
	};
	f->settings = settings_of(INTERVAL_DAILY, "America/Denver", USEC_PER_DAY);
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		usec_t start = at(rows[row].start), end = at(rows[row].end);
		struct span span = {.start = start, .fresh = start, .end = end, .buckets = 1, .fresh_buckets = 1};
		f->poll.cursor = start;
		f->points.len = 0;
		add(f, at(rows[row].point), COUNT_ONE, 9);
		make_span(f, &span);
		expect_int(1, f->records.len, "row %zu: records", row);
		expect_time(start, f->records.list[0].start, "row %zu: start", row);
		expect_time(end, f->records.list[0].end, "row %zu: end", row);
		expect_int(9, f->records.list[0].count, "row %zu: count", row);
	}
}

/* Beyond the look-back only buckets without a count are known, and what comes for them is a revision. */
static void what_comes_late_is_a_revision(void **state) {
	struct fixture *f = *state;
	f->settings.recheck = (struct rechecks){{USEC_PER_HOUR}};
	f->settings.lookback = 0;
	poll_done(&f->poll);
	poll_init(&f->poll, &f->device, T0, T0);
	static const enum record_status statuses[] = {
		RECORD_OK, RECORD_NO_DATA, RECORD_GAP, RECORD_NO_DATA, RECORD_GAP, RECORD_AMBIGUOUS, RECORD_OK,
	};
	for (int i = 0; i < (int)COUNT_OF(statuses); i++) {
		recorded(f, i, statuses[i], statuses[i] == RECORD_OK ? 7 : 0, i == 3 ? 2 : 0);
		const struct remembered what = {minute(i), 0, 60, i == 3 ? 2 : 0, (uint8_t)statuses[i]};
		poll_watch(&f->poll, &what, minute(i + 1), minute(i + 1));
	}
	/* All answer with a count now, but for the first gap and the last no_data. */
	for (int i = 0; i < 6; i++) {
		if (i != 2 && i != 3) {
			add(f, minute(i), COUNT_ONE, 40 + i);
		}
	}
	make(f, 0, 6);
	expect_int(3, f->records.len, "records");
	expect_record(f, 0, 1, RECORD_OK, 41, 1);
	expect_record(f, 1, 2, RECORD_NO_DATA, 0, 1); /* no gap any more: it was answered */
	expect_record(f, 2, 4, RECORD_OK, 44, 1);
	for (size_t i = 0; i < f->records.len; i++) {
		expect_int(false, f->records.list[i].has_previous, "record %zu: a count before", i);
	}
	/* The other answers, and what was recorded is asked for no more. */
	add(f, minute(3), COUNT_AMBIGUOUS, 0);
	make(f, 0, 6);
	expect_record(f, 2, 3, RECORD_AMBIGUOUS, 0, 3);
	const struct remembered late = {minute(1), 41, 60, 1, RECORD_OK};
	poll_watch(&f->poll, &late, minute(2), minute(100));
	make(f, 0, 3);
	expect_int(1, f->records.len, "records but that one");
}

/* Recorded with 24 hours; by the new zone's clock the same day has 25, and so the same start. */
static void a_bucket_that_became_longer_is_a_revision(void **state) {
	struct fixture *f = *state;
	usec_t start = at("2026-11-01T06:00:00Z"), end = at("2026-11-02T07:00:00Z");
	struct span span = {.start = start, .fresh = start, .end = end, .buckets = 1, .fresh_buckets = 1};
	struct remembered before = {start, 9, 24 * 3600, 0, RECORD_OK};
	f->settings = settings_of(INTERVAL_DAILY, "America/Denver", USEC_PER_DAY);
	f->poll.cursor = start;
	expect_int(0, poll_apply(&f->poll, &before, end - USEC_PER_HOUR), "poll_apply");
	add(f, start, COUNT_ONE, 9);
	make_span(f, &span);
	expect_int(1, f->records.len, "records");
	expect_int(1, f->records.list[0].revision, "revision");
	expect_int(9, f->records.list[0].previous, "previous");
	expect_time(end, f->records.list[0].end, "end");
}

/* Denver's day of 23 hours and Phoenix's of 24 start together; nothing but the last record is remembered. */
static void without_lookback_too_a_bucket_cut_anew_is_a_revision(void **state) {
	struct fixture *f = *state;
	usec_t start = at("2026-03-08T07:00:00Z"), cut = at("2026-03-09T06:00:00Z");
	usec_t end = at("2026-03-09T07:00:00Z");
	static const enum record_status statuses[] = {RECORD_OK, RECORD_GAP};
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		struct remembered before = {start, 9, 23 * 3600, 0, (uint8_t)statuses[i]};
		struct span span = {.start = start, .fresh = start, .end = end, .buckets = 1, .fresh_buckets = 1};
		f->settings = settings_of(INTERVAL_DAILY, "America/Phoenix", USEC_PER_DAY);
		f->settings.lookback = 0;
		poll_done(&f->poll);
		poll_init(&f->poll, &f->device, start, start);
		expect_int(0, poll_apply(&f->poll, &before, cut), "poll_apply");
		expect_time(start, span_fresh(&f->settings, f->poll.cursor), "where the next record begins");
		f->points.len = 0;
		add(f, start, COUNT_ONE, 9);
		make_span(f, &span);
		expect_int(1, f->records.len, "row %zu: records", i);
		expect_int(1, f->records.list[0].revision, "row %zu: revision", i);
		expect_int(statuses[i] == RECORD_OK, f->records.list[0].has_previous, "row %zu: a count before", i);
	}
}

/* Lord Howe puts its clock back by half an hour: its hour from 14:00 to 15:30 is not UTC's from 14:00. */
static void a_recorded_bucket_of_another_length_is_left_alone(void **state) {
	struct fixture *f = *state;
	usec_t start = at("2026-04-04T14:00:00Z");
	struct remembered before = {start, 9, 90 * 60, 0, RECORD_OK};
	struct span span = {
		.start = start,
		.fresh = start + USEC_PER_HOUR,
		.end = start + 2 * USEC_PER_HOUR,
		.buckets = 2,
		.fresh_buckets = 1,
	};
	f->settings = settings_of(INTERVAL_HOURLY, "UTC", USEC_PER_HOUR);
	f->poll.cursor = start;
	expect_int(0, poll_apply(&f->poll, &before, start + 90 * USEC_PER_MIN), "poll_apply");
	add(f, start, COUNT_ONE, 4);
	add(f, start + USEC_PER_HOUR, COUNT_ONE, 5);
	make_span(f, &span);
	expect_int(1, f->records.len, "records");
	expect_time(start + USEC_PER_HOUR, f->records.list[0].start, "start");
	expect_int(0, f->records.list[0].revision, "revision");
}

static void all_that_a_point_holds_is_kept(void **state) {
	struct fixture *f = *state;
	static const char body[] =
		"{\"warningMsg\":\"partial\",\"timeSeriesDataPoints\":[{\"timestampMs\":1795420800000,"
		"\"eventCountMap\":{\"a\":1,\"b\":2},\"approximateTimestampMsMap\":{\"a\":5},"
		"\"reportingDevicesMap\":{\"a\":[\"x\"]},\"dateLocal\":\"l\",\"dateUtc\":\"u\"}]}";
	struct points points;
	struct error err;
	struct span span = {.start = T0, .fresh = T0, .end = minute(2), .buckets = 2, .fresh_buckets = 2};
	points_init(&points);
	expect_int(0, parse_points(&points, body, strlen(body), NULL, &err), "parse_points");
	f->points = points;
	make_span(f, &span);

	const struct record *record = expect_record(f, 0, 0, RECORD_AMBIGUOUS, 0, 0);
	expect_text("{\"a\":1,\"b\":2}", record->event_counts, "event_counts");
	expect_text("{\"a\":5}", record->approximate_timestamps_ms, "approximate_timestamps_ms");
	expect_text("{\"a\":[\"x\"]}", record->reporting_devices, "reporting_devices");
	expect_text("l", record->date_local, "date_local");
	expect_text("u", record->date_utc, "date_utc");
	expect_int(1795420800000, record->timestamp_ms, "timestamp_ms");
	expect_text("partial", record->warning, "warning");
	expect_text(NULL, record->reason, "reason");
	/* A bucket without a point has nothing of a point. */
	record = expect_record(f, 1, 1, RECORD_NO_DATA, 0, 0);
	expect_text(NULL, record->event_counts, "event_counts");
	expect_text("partial", record->warning, "warning");
	points_done(&points);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(status_names_are_those_of_the_log),
		TEST(each_fresh_bucket_becomes_a_record),
		TEST(an_empty_answer_is_no_data_for_every_bucket),
		TEST(a_point_belongs_to_the_bucket_that_holds_its_time),
		TEST(unsorted_points_find_their_buckets),
		TEST(of_duplicates_the_last_stands),
		TEST(lookback_records_only_what_has_changed),
		TEST(a_vanished_point_takes_nothing_back),
		TEST(what_comes_late_is_a_revision),
		TEST(a_bucket_that_became_longer_is_a_revision),
		TEST(without_lookback_too_a_bucket_cut_anew_is_a_revision),
		TEST(a_recorded_bucket_of_another_length_is_left_alone),
		TEST(of_what_may_be_left_out_nothing_is_said),
		TEST(a_recorded_bucket_that_is_not_remembered_is_left_alone),
		TEST(revisions_count_up_answer_by_answer),
		TEST(none_takes_its_only_count_from_start_to_end),
		TEST(none_does_not_prefer_the_end_over_a_point_inside),
		TEST(days_of_25_and_23_hours_are_one_record_each),
		TEST(all_that_a_point_holds_is_kept),
	};
	return cmocka_run_group_tests_name("record", tests, NULL, zones_done);
}
