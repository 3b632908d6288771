// SPDX-License-Identifier: ISC

/* schedule/ordered.h: what an administrator has ordered to be asked for again. */

#include "fixture.h"

#include "schedule/ordered.h"
#include "schedule/poll.h"

#include <errno.h>

#define T0  at("2026-11-23T08:00:00Z")
#define MIN USEC_PER_MIN
#define NOW (1000 * USEC_PER_HOUR) /* monotonic */

static usec_t minute(int number) {
	return T0 + number * MIN;
}

/* Of minutes from..to, where the log ends with that one. */
static struct ordered ordered_minutes(int from, int to, int cursor) {
	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * MIN);
	struct ordered ordered;
	expect_int(0, ordered_init(&ordered, &settings, minute(from), minute(to), minute(cursor), 1000));
	return ordered;
}

static void learn(struct ordered *ordered, int from, int to, enum record_status status, int count, int revision) {
	ordered_learn(ordered, &(struct remembered){
		.start = minute(from),
		.count = count,
		.revision = (uint16_t)revision,
		.status = (uint8_t)status,
	}, minute(to));
}

static void expect_span(const struct ordered *ordered, int limit, int from, int to) {
	struct span span = {0};
	expect_true(ordered_span(ordered, limit, &span));
	expect_time(minute(from), span.start, "start");
	expect_time(minute(to), span.end, "end");
	expect_time(minute(to), span.fresh, "nothing is fresh");
	expect_int(to - from, span.buckets);
	expect_int(0, span.fresh_buckets);
}

static void expect_known(const struct ordered *ordered, int number, enum record_status status, int count, int revision) {
	const struct ordered_bucket *bucket = ordered_find(ordered, minute(number), minute(number + 1));
	expect_not_null(bucket, "minute %d", number);
	expect_int(status, bucket->status, "minute %d", number);
	expect_int(count, bucket->count, "minute %d", number);
	expect_int(revision, bucket->revision, "minute %d", number);
}

static void only_what_the_log_holds_is_asked_for(void **state) {
	(void)state;
	struct ordered ordered = ordered_minutes(0, 10, 8);
	expect_int(8, ordered.len, "not beyond the log's end");
	for (int i = 2; i < 6; i++) {
		learn(&ordered, i, i + 1, RECORD_OK, i, 0);
	}
	learn(&ordered, 6, 8, RECORD_OK, 1, 0); /* cut otherwise */
	learn(&ordered, 7, 8, RECORD_NO_DATA, 0, 0);
	ordered_begin(&ordered, minute(8));
	expect_int(5, ordered.open);
	expect_null(ordered_find(&ordered, minute(1), minute(2)));
	expect_null(ordered_find(&ordered, minute(2), minute(4)), "another end");
	expect_known(&ordered, 3, RECORD_OK, 3, 0);

	/* Not over what is not there; and no more than may be. */
	expect_span(&ordered, 3, 2, 5);
	expect_span(&ordered, 100, 2, 6);
	ordered_answered(&ordered, minute(2), minute(6));
	expect_span(&ordered, 100, 7, 8);
	expect_time(NOW, ordered_due(&ordered, NOW));
	ordered_answered(&ordered, minute(7), minute(8));
	expect_time(USEC_INFINITY, ordered_due(&ordered, NOW));
	expect_false(ordered_span(&ordered, 100, &(struct span){0}));
	ordered_done(&ordered);
}

static void the_latest_record_is_what_a_bucket_was_recorded_as(void **state) {
	(void)state;
	struct ordered ordered = ordered_minutes(0, 10, 10);
	learn(&ordered, -5, 6, RECORD_GAP, 0, 0);
	learn(&ordered, 6, 9, RECORD_GAP, 0, 2);
	learn(&ordered, 3, 4, RECORD_NO_DATA, 0, 1);
	learn(&ordered, 4, 5, RECORD_OK, 7, 1);
	learn(&ordered, 4, 5, RECORD_OK, 9, 2);
	learn(&ordered, 4, 5, RECORD_OK, 7, 1); /* read once more */
	learn(&ordered, 8, 9, RECORD_GAP, 0, 2);
	learn(&ordered, 8, 9, RECORD_OK, 6, 1); /* a gap is less than any other record */
	learn(&ordered, 9, 10, RECORD_OK, 5, 0);
	/* Half a bucket is not known by what it is part of; and another cut has the revision all the same. */
	learn(&ordered, 9, 11, RECORD_OK, 5, 3);
	ordered_begin(&ordered, minute(10));
	expect_int(9, ordered.open);
	expect_known(&ordered, 0, RECORD_GAP, 0, 0);
	expect_known(&ordered, 3, RECORD_NO_DATA, 0, 1);
	expect_known(&ordered, 4, RECORD_OK, 9, 2);
	expect_known(&ordered, 6, RECORD_GAP, 0, 2);
	expect_known(&ordered, 7, RECORD_GAP, 0, 0);
	expect_known(&ordered, 8, RECORD_OK, 6, 2);
	expect_null(ordered_find(&ordered, minute(9), minute(10)));

	/* What is recorded meanwhile. */
	learn(&ordered, 7, 8, RECORD_OK, 4, 1);
	expect_known(&ordered, 7, RECORD_OK, 4, 1);
	expect_int(1, ordered.revised);
	ordered_done(&ordered);
}

/* Of minutes 0..20: records from..to of an order that looks at all of them. */
static void read_file(struct ordered *ordered, int from, int to) {
	for (int i = from; i < to; i++) {
		learn(ordered, i, i + 1, RECORD_OK, i, 0);
	}
}

static void expect_open(struct ordered *ordered, int cursor, int from, int to, const char *why) {
	ordered_begin(ordered, minute(cursor));
	expect_int(to - from, ordered->open, "%s", why);
	if (from < to) {
		expect_span(ordered, 100, from, to);
	}
	ordered_done(ordered);
}

/* In a file that is not there, a bucket of the one before may have been corrected. */
static void what_stands_before_a_missing_file_is_left_alone(void **state) {
	(void)state;
	struct ordered ordered = ordered_minutes(0, 20, 20);
	read_file(&ordered, 0, 8);
	read_file(&ordered, 12, 20);
	expect_open(&ordered, 20, 12, 20, "a file in the middle");

	ordered = ordered_minutes(0, 20, 20);
	read_file(&ordered, 0, 12);
	expect_open(&ordered, 20, 0, 0, "the last one");

	ordered = ordered_minutes(0, 20, 20);
	expect_open(&ordered, 20, 0, 0, "all of them");

	/* Files that others have renamed come in any order. */
	ordered = ordered_minutes(0, 20, 20);
	read_file(&ordered, 12, 15);
	read_file(&ordered, 4, 8);
	read_file(&ordered, 0, 2);
	read_file(&ordered, 8, 12);
	read_file(&ordered, 2, 4);
	read_file(&ordered, 15, 20);
	expect_open(&ordered, 20, 0, 20, "none");

	ordered = ordered_minutes(0, 20, 20);
	read_file(&ordered, 12, 15);
	read_file(&ordered, 4, 8);
	read_file(&ordered, 9, 12);
	read_file(&ordered, 15, 20);
	read_file(&ordered, 0, 4);
	expect_open(&ordered, 20, 9, 20, "one bucket");
}

static void corrections_do_not_close_a_hole(void **state) {
	(void)state;
	struct ordered ordered = ordered_minutes(0, 20, 20);
	read_file(&ordered, 0, 8);
	for (int i = 8; i < 12; i++) {
		learn(&ordered, i, i + 1, RECORD_OK, 1, 1);
	}
	read_file(&ordered, 12, 20);
	expect_open(&ordered, 20, 12, 20, "corrected");

	ordered = ordered_minutes(0, 20, 20);
	read_file(&ordered, 0, 8);
	learn(&ordered, 8, 12, RECORD_GAP, 0, 3);
	read_file(&ordered, 12, 20);
	expect_open(&ordered, 20, 0, 20, "a gap");

	/* After a change of the zone the first record begins before the last one ends, with a revision. */
	ordered = ordered_minutes(0, 20, 20);
	read_file(&ordered, 0, 8);
	learn(&ordered, 7, 12, RECORD_OK, 1, 1);
	read_file(&ordered, 12, 20);
	ordered_begin(&ordered, minute(20));
	expect_int(15, ordered.open, "but for what was cut otherwise");
	ordered_done(&ordered);
}

static void what_is_answered_in_the_middle_leaves_the_rest(void **state) {
	(void)state;
	struct ordered ordered = ordered_minutes(0, 10, 10);
	learn(&ordered, 0, 10, RECORD_GAP, 0, 0);
	ordered_begin(&ordered, minute(10));
	ordered_answered(&ordered, minute(3), minute(6));
	expect_int(7, ordered.open);
	expect_span(&ordered, 100, 0, 3);
	ordered_answered(&ordered, minute(-100), minute(3));
	expect_span(&ordered, 100, 6, 10);
	/* The cursor has gone back. */
	ordered_cut(&ordered, minute(8));
	expect_span(&ordered, 100, 6, 8);
	ordered_cut(&ordered, minute(0));
	expect_int(0, ordered.open);
	ordered_done(&ordered);
}

static void a_bucket_that_fails_alone_three_times_is_given_up(void **state) {
	(void)state;
	struct ordered ordered = ordered_minutes(0, 4, 4);
	learn(&ordered, 0, 4, RECORD_GAP, 0, 0);
	ordered_begin(&ordered, minute(4));
	struct span all = {.start = minute(0), .end = minute(4), .buckets = 4};
	struct span first = {.start = minute(0), .end = minute(1), .buckets = 1};
	for (int i = 0; i < 5; i++) {
		ordered_failed(&ordered, &all, NOW);
	}
	expect_time(NOW + MIN, ordered_due(&ordered, NOW));
	expect_time(NOW + MIN, ordered_due(&ordered, NOW + MIN), "and then");
	ordered_failed(&ordered, &first, NOW);
	ordered_failed(&ordered, &first, NOW);
	expect_int(4, ordered.open);
	ordered_failed(&ordered, &first, NOW);
	expect_int(3, ordered.open);
	expect_int(1, ordered.left);
	expect_span(&ordered, 1, 1, 2);
	/* The next one has as many tries. */
	struct span second = {.start = minute(1), .end = minute(2), .buckets = 1};
	ordered_failed(&ordered, &second, NOW);
	ordered_failed(&ordered, &second, NOW);
	expect_int(3, ordered.open);
	/* What is answered behind it leaves it as many as it has had. */
	ordered_answered(&ordered, minute(3), minute(4));
	ordered_failed(&ordered, &second, NOW);
	expect_int(1, ordered.open);
	expect_int(2, ordered.left);
	expect_span(&ordered, 100, 2, 3);
	ordered_unanswered(&ordered, NOW + 5 * MIN);
	expect_time(NOW + 6 * MIN, ordered_due(&ordered, NOW));
	ordered_done(&ordered);
}

/* So many and no more; and nothing that is over only after the cursor. */
static void the_number_of_buckets_has_a_bound(void **state) {
	(void)state;
	static const struct {
		usec_t from, to, cursor; /* seconds */
		size_t max;
		int expected;
	} rows[] = {
		{0, 600, 600, 10, 10}, {0, 600, 600, 9, -E2BIG}, {0, 600, 540, 9, 9}, {0, 600, 541, 10, 9}, {0, 600, 539, 10, 8},
		{0, 601, 1000, 11, 11}, {1, 600, 600, 10, 9}, {59, 600, 600, 10, 9}, {60, 61, 600, 10, 1}, {61, 119, 600, 10, 0},
		{0, 600, 60, 0, -E2BIG}, {0, 600, 59, 0, 0}, {0, 600, 0, 10, 0}, {0, 600, -600, 10, 0}, {0, 0, 600, 10, 0},
	};
	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * MIN);
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct ordered ordered;
		int r = ordered_init(&ordered, &settings, T0 + rows[row].from * USEC_PER_SEC, T0 + rows[row].to * USEC_PER_SEC,
		                     T0 + rows[row].cursor * USEC_PER_SEC, rows[row].max);
		expect_int(rows[row].expected, r < 0 ? r : (int)ordered.len, "row %zu", row);
		expect_int(ordered.len, ordered.first, "row %zu: none is open yet", row);
		expect_int(0, ordered.open, "row %zu: none is open yet", row);
		ordered_done(&ordered);
	}
	ordered_done(NULL);
}

static void buckets_are_cut_as_the_clock_is(void **state) {
	(void)state;
	struct settings settings = settings_of(INTERVAL_DAILY, "America/Denver", 86400 * USEC_PER_SEC);
	struct ordered ordered;
	/* Over the end of summer time: a day of 25 hours.  Days that have begun before do not count. */
	expect_int(0, ordered_init(&ordered, &settings, at("2026-10-30T06:00:01Z"), at("2026-11-03T00:00:00Z"),
	                           at("2026-11-02T07:00:00Z"), 1000));
	expect_int(2, ordered.len);
	expect_time(at("2026-10-31T06:00:00Z"), ordered.list[0].start);
	expect_time(at("2026-11-01T06:00:00Z"), ordered.list[1].start);
	expect_time(at("2026-11-02T07:00:00Z"), ordered.list[1].end);
	ordered_done(&ordered);
	expect_int(-E2BIG, ordered_init(&ordered, &settings, at("2026-10-30T06:00:00Z"), at("2026-11-03T00:00:00Z"),
	                                at("2026-11-02T07:00:00Z"), 2));
	expect_null(ordered.list);
	expect_int(0, ordered_init(&ordered, &settings, at("2026-12-01T00:00:00Z"), at("2026-12-03T00:00:00Z"),
	                           at("2026-11-02T07:00:00Z"), 2));
	expect_int(0, ordered.len, "to come");
	ordered_begin(&ordered, at("2026-11-02T07:00:00Z"));
	expect_time(USEC_INFINITY, ordered_due(&ordered, NOW));
	ordered_done(&ordered);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_the_log_holds_is_asked_for),
		cmocka_unit_test(the_latest_record_is_what_a_bucket_was_recorded_as),
		cmocka_unit_test(what_stands_before_a_missing_file_is_left_alone),
		cmocka_unit_test(corrections_do_not_close_a_hole),
		cmocka_unit_test(what_is_answered_in_the_middle_leaves_the_rest),
		cmocka_unit_test(a_bucket_that_fails_alone_three_times_is_given_up),
		cmocka_unit_test(the_number_of_buckets_has_a_bound),
		cmocka_unit_test(buckets_are_cut_as_the_clock_is),
	};
	return cmocka_run_group_tests_name("ordered", tests, NULL, zones_done);
}
