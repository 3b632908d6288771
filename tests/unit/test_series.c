// SPDX-License-Identifier: ISC

/* tool/series.h: the counts of a room, by their latest revisions. */

#include "room.h"

#include "tool/series.h"

#define MONDAY (1795420800 * USEC_PER_SEC) /* 2026-11-23T08:00:00Z */

static struct coverage coverage;
static struct series series;

static int forget(void **state) {
	(void)state;
	coverage_done(&coverage);
	series_done(&series);
	return 0;
}

static void put(enum interval interval, usec_t start, usec_t end, enum record_status status, int64_t count, int revision) {
	room_put(&coverage, &series, &(struct log_entry){
		.interval = interval, .start = start, .end = end, .status = status, .count = count, .revision = revision});
}

/* "15-30:4 30-60:gap", in minutes since the Monday of the tests. */
static const char *shown(usec_t from, usec_t to) {
	static char out[1024];
	struct walk walk;
	struct stride stride;
	size_t len = 0;

	out[0] = '\0';
	walk_begin(&walk, &series, &coverage, from, to);
	while (walk_next(&walk, &stride) && len < sizeof(out) - 64) {
		const char *word = stride.count == SERIES_NONE ? "none" : stride.count == SERIES_GAP ? "gap" : "missing";
		char number[32];
		(void)snprintf(number, sizeof(number), "%" PRId64, stride.count);
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%g-%g:%s", len > 0 ? " " : "",
		                        (double)(stride.start - MONDAY) / (double)USEC_PER_MIN,
		                        (double)(stride.end - MONDAY) / (double)USEC_PER_MIN, stride.count < 0 ? word : number);
	}
	return out;
}

static void quarter(int at, enum record_status status, int64_t count, int revision) {
	usec_t start = MONDAY + at * USEC_PER_MIN;
	put(INTERVAL_QUARTERHOURLY, start, start + 15 * USEC_PER_MIN, status, count, revision);
}

static void a_bucket_has_its_latest_count(void **state) {
	(void)state;
	quarter(0, RECORD_OK, 3, 0);
	quarter(15, RECORD_OK, 0, 0);
	quarter(30, RECORD_NO_DATA, 0, 0);
	quarter(45, RECORD_AMBIGUOUS, 0, 0);
	expect_text("0-15:3 15-30:0 30-45:none 45-60:none", shown(INT64_MIN, INT64_MAX), "first");
	quarter(30, RECORD_OK, 7, 1);
	quarter(0, RECORD_OK, 4, 2);
	quarter(0, RECORD_OK, 5, 1);
	quarter(0, RECORD_OK, 6, 0);
	expect_text("0-15:4 15-30:0 30-45:7 45-60:none", shown(INT64_MIN, INT64_MAX), "corrected");
	quarter(15, RECORD_OK, 1000, 1);
	expect_text("0-15:4 15-30:1000 30-45:7 45-60:none", shown(INT64_MIN, INT64_MAX), "a count of two bytes");
	quarter(15, RECORD_OK, 1000000, 2);
	expect_text("0-15:4 15-30:1000000 30-45:7 45-60:none", shown(INT64_MIN, INT64_MAX), "a count of more");
	quarter(15, RECORD_OK, INT64_MAX, 3);
	expect_text("0-15:4 15-30:9223372036854775807 30-45:7 45-60:none", shown(INT64_MIN, INT64_MAX), "the greatest count");
	quarter(15, RECORD_OK, 2, 4);
	expect_text("0-15:4 15-30:2 30-45:7 45-60:none", shown(INT64_MIN, INT64_MAX), "a small one again");
}

static void the_edges_of_what_fits_are_kept(void **state) {
	static const int64_t counts[] = {251, 252, 253, 254, 255, 256, 65531, 65532, 65533, 65534, 65535, 65536, INT32_MAX};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		char expected[64];
		quarter(0, RECORD_OK, counts[i], (int)i);
		(void)snprintf(expected, sizeof(expected), "0-15:%" PRId64, counts[i]);
		expect_text(expected, shown(INT64_MIN, INT64_MAX), "count %" PRId64, counts[i]);
	}
}

static void gaps_and_what_is_missing_are_runs(void **state) {
	(void)state;
	quarter(0, RECORD_OK, 3, 0);
	put(INTERVAL_QUARTERHOURLY, MONDAY + 15 * USEC_PER_MIN, MONDAY + 75 * USEC_PER_MIN, RECORD_GAP, 0, 0);
	quarter(90, RECORD_OK, 4, 0);
	expect_text("0-15:3 15-75:gap 75-90:missing 90-105:4", shown(INT64_MIN, INT64_MAX), "all");
	quarter(45, RECORD_OK, 5, 1);
	expect_text("0-15:3 15-45:gap 45-60:5 60-75:gap 75-90:missing 90-105:4", shown(INT64_MIN, INT64_MAX), "filled");
	expect_text("30-45:gap 45-60:5 60-75:gap 75-80:missing",
	            shown(MONDAY + 30 * USEC_PER_MIN, MONDAY + 80 * USEC_PER_MIN), "cut");
	expect_text("80-90:missing", shown(MONDAY + 80 * USEC_PER_MIN, MONDAY + 90 * USEC_PER_MIN), "within what is missing");
	expect_text("90-105:4", shown(MONDAY + 90 * USEC_PER_MIN, MONDAY + 500 * USEC_PER_MIN), "the end");
	expect_text("", shown(MONDAY + 91 * USEC_PER_MIN, MONDAY + 500 * USEC_PER_MIN), "within the last bucket");
	expect_text("", shown(MONDAY - 500 * USEC_PER_MIN, MONDAY), "before the first");
}

static void buckets_of_any_length_keep_their_ends(void **state) {
	(void)state;
	/* An hour that a clock's change makes longer, a day, and a month over the end of a chunk. */
	put(INTERVAL_HOURLY, MONDAY, MONDAY + USEC_PER_HOUR, RECORD_OK, 1, 0);
	put(INTERVAL_HOURLY, MONDAY + USEC_PER_HOUR, MONDAY + 150 * USEC_PER_MIN, RECORD_OK, 2, 0);
	put(INTERVAL_HOURLY, MONDAY + 150 * USEC_PER_MIN, MONDAY + 210 * USEC_PER_MIN, RECORD_NO_DATA, 0, 0);
	expect_text("0-60:1 60-150:2 150-210:none", shown(INT64_MIN, INT64_MAX), "hours");
	expect_text("60-150:2", shown(MONDAY + 15 * USEC_PER_MIN, MONDAY + USEC_PER_HOUR * 2), "from within the first");
	(void)forget(state);
	put(INTERVAL_MONTHLY, MONDAY, MONDAY + 31 * USEC_PER_DAY, RECORD_OK, 300, 0);
	put(INTERVAL_MONTHLY, MONDAY + 31 * USEC_PER_DAY, MONDAY + 61 * USEC_PER_DAY, RECORD_OK, 4, 0);
	expect_text("0-44640:300 44640-87840:4", shown(INT64_MIN, INT64_MAX), "months");
	expect_text("44640-87840:4", shown(MONDAY + USEC_PER_DAY, INT64_MAX), "from within the first month");
}

static void what_does_not_fit_is_kept_as_exactly(void **state) {
	(void)state;
	put(INTERVAL_NONE, MONDAY, MONDAY + 10 * USEC_PER_MIN, RECORD_OK, 1, 0);
	put(INTERVAL_NONE, MONDAY + 10 * USEC_PER_MIN, MONDAY + 15 * USEC_PER_MIN, RECORD_OK, 2, 0);
	put(INTERVAL_NONE, MONDAY + 15 * USEC_PER_MIN, MONDAY + 18 * USEC_PER_MIN, RECORD_OK, 3, 0);
	put(INTERVAL_NONE, MONDAY + 18 * USEC_PER_MIN, MONDAY + 18 * USEC_PER_MIN + 30 * USEC_PER_SEC, RECORD_OK, 4, 0);
	put(INTERVAL_NONE, MONDAY + 18 * USEC_PER_MIN + 30 * USEC_PER_SEC, MONDAY + 30 * USEC_PER_MIN, RECORD_NO_DATA, 0, 0);
	put(INTERVAL_NONE, MONDAY + 30 * USEC_PER_MIN, MONDAY + 40 * USEC_PER_MIN, RECORD_OK, 6, 0);
	expect_text("0-10:1 10-15:2 15-18:3 18-18.5:4 18.5-30:none 30-40:6", shown(INT64_MIN, INT64_MAX), "all");
	expect_text("18-18.5:4 18.5-30:none", shown(MONDAY + 16 * USEC_PER_MIN, MONDAY + 30 * USEC_PER_MIN), "some");
	put(INTERVAL_NONE, MONDAY + 18 * USEC_PER_MIN, MONDAY + 18 * USEC_PER_MIN + 30 * USEC_PER_SEC, RECORD_OK, 5, 1);
	expect_text("18-18.5:5", shown(MONDAY + 18 * USEC_PER_MIN, MONDAY + 18 * USEC_PER_MIN + 1), "corrected");
}

/* After a change of its zone a device goes on with a whole bucket, which begins before the end of the log. */
static void a_bucket_that_begins_within_the_last_one_cuts_it(void **state) {
	(void)state;
	put(INTERVAL_HOURLY, MONDAY, MONDAY + USEC_PER_HOUR, RECORD_OK, 1, 0);
	put(INTERVAL_HOURLY, MONDAY + 30 * USEC_PER_MIN, MONDAY + 90 * USEC_PER_MIN, RECORD_OK, 2, 0);
	put(INTERVAL_HOURLY, MONDAY + 90 * USEC_PER_MIN, MONDAY + 150 * USEC_PER_MIN, RECORD_OK, 3, 0);
	expect_text("0-30:1 30-90:2 90-150:3", shown(INT64_MIN, INT64_MAX), "hours");
}

static void rooms_that_have_no_count_are_empty(void **state) {
	struct all_series all = {0};
	struct log_entry entry = {.interval = INTERVAL_MINUTELY, .start = MONDAY, .end = MONDAY + USEC_PER_MIN, .count = 9};
	struct walk walk;
	struct stride stride;
	(void)state;

	expect_int(0, all_series_put(&all, 3, &entry, COVERING_NEXT));
	for (size_t room = 0; room < 6; room++) {
		walk_begin(&walk, all_series_of(&all, room), &coverage, INT64_MIN, INT64_MAX);
		expect_int(room == 3, walk_next(&walk, &stride), "room %zu", room);
	}
	expect_int(9, stride.count, "its count");
	all_series_done(&all);
}

/* Beside a plain array, with records at random. */

enum { BUCKETS = 4000, NOT_YET = -9 };

struct model {
	enum interval interval;
	usec_t length, begin;
	int64_t counts[BUCKETS]; /* or as in SERIES_..., or NOT_YET */
	int revisions[BUCKETS];
	int first, end;          /* of what the log has */
};

static usec_t model_start(const struct model *model, int at) {
	return model->begin + at * model->length;
}

static void model_put(struct model *model, struct rng *rng) {
	bool behind = rng_below(rng, 8) > 0;
	int last = model->end > 0 ? model->end : (int)rng_below(rng, 100);
	int at = behind || model->end == 0 ? last + (rng_below(rng, 30) == 0 ? (int)rng_below(rng, 300) : 0)
	                                   : model->first + (int)rng_below(rng, model->end - model->first);
	int length = rng_below(rng, 20) == 0 ? 1 + (int)rng_below(rng, 40) : 1;
	bool gap = length > 1 && at >= model->end, known = at < model->end && model->counts[at] != NOT_YET;
	static const int64_t tops[] = {10, 10, 10, 300, 70000};
	int64_t count = rng_below(rng, 9) == 0 ? SERIES_NONE : rng_below(rng, tops[rng_below(rng, COUNT_OF(tops))]);

	length = gap ? length : 1;
	if (at + length > BUCKETS) {
		return;
	}
	put(model->interval, model_start(model, at), model_start(model, at + length),
	    gap ? RECORD_GAP : count < 0 ? RECORD_NO_DATA : RECORD_OK, count < 0 || gap ? 0 : count,
	    known ? ++model->revisions[at] : 0);
	model->first = model->end == 0 ? at : model->first;
	for (int i = at; i < at + length; i++) {
		model->counts[i] = gap ? SERIES_GAP : count;
	}
	model->end = at + length > model->end ? at + length : model->end;
}

static void compare(const struct model *model, int from, int to, uint64_t seed) {
	struct walk walk;
	struct stride stride;
	int at = from > model->first ? from : model->first;

	walk_begin(&walk, &series, &coverage, model_start(model, from), model_start(model, to));
	while (walk_next(&walk, &stride)) {
		expect_time(model_start(model, at), stride.start, "bucket %d of seed %#" PRIx64, at, seed);
		for (; model_start(model, at) < stride.end; at++) {
			int64_t expected = model->counts[at] == NOT_YET ? SERIES_MISSING : model->counts[at];
			expect_int(expected, stride.count, "bucket %d of seed %#" PRIx64, at, seed);
		}
		expect_time(model_start(model, at), stride.end, "end of bucket %d of seed %#" PRIx64, at - 1, seed);
	}
	expect_int(to < model->end ? (to > model->first ? to : model->first) : (from < model->end ? model->end : from), at,
	           "the end of seed %#" PRIx64, seed);
}

static void it_agrees_with_an_array_of_buckets(void **state) {
	static const struct {
		enum interval interval;
		usec_t length;
	} kinds[] = {
		{INTERVAL_MINUTELY, USEC_PER_MIN},
		{INTERVAL_QUARTERHOURLY, 15 * USEC_PER_MIN},
		{INTERVAL_HOURLY, USEC_PER_HOUR},
		{INTERVAL_NONE, 10 * USEC_PER_MIN},
		{INTERVAL_DAILY, USEC_PER_DAY},
	};
	enum { ROUNDS = 100, RECORDS = 2500 };
	struct model *model = calloc(1, sizeof(*model));
	struct rng rng;
	uint64_t seed = seed_of_run(&rng);
	expect_not_null(model);

	for (int round = 0; round < ROUNDS; round++) {
		int64_t kind = rng_below(&rng, COUNT_OF(kinds));
		*model = (struct model){.interval = kinds[kind].interval, .length = kinds[kind].length};
		model->begin = rng_below(&rng, 3) * MONDAY - 500 * model->length * rng_below(&rng, 2);
		model->begin -= model->begin % model->length;
		for (int i = 0; i < BUCKETS; i++) {
			model->counts[i] = NOT_YET;
		}
		for (int i = 0; i < RECORDS; i++) {
			model_put(model, &rng);
		}
		compare(model, 0, BUCKETS, seed);
		for (int i = 0; i < 20; i++) {
			int from = (int)rng_below(&rng, model->end);
			compare(model, from, from + (int)rng_below(&rng, (BUCKETS - from)), seed);
		}
		(void)forget(state);
	}
	free(model);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_bucket_has_its_latest_count, forget),
		cmocka_unit_test_teardown(the_edges_of_what_fits_are_kept, forget),
		cmocka_unit_test_teardown(gaps_and_what_is_missing_are_runs, forget),
		cmocka_unit_test_teardown(buckets_of_any_length_keep_their_ends, forget),
		cmocka_unit_test_teardown(what_does_not_fit_is_kept_as_exactly, forget),
		cmocka_unit_test_teardown(a_bucket_that_begins_within_the_last_one_cuts_it, forget),
		cmocka_unit_test_teardown(rooms_that_have_no_count_are_empty, forget),
		cmocka_unit_test_teardown(it_agrees_with_an_array_of_buckets, forget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
