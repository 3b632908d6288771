// SPDX-License-Identifier: ISC

/* tool/coverage.h: which time of a room is in the log, and what a record is to those before it. */

#include "fixture.h"

#include "tool/coverage.h"

static struct coverage coverage;

static int forget(void **state) {
	(void)state;
	coverage_done(&coverage);
	return 0;
}

/* Minutes of an hour: letters are statuses, "." is time that is left out. */
static const char *shown(int minutes) {
	static char out[128];
	static const char letters[] = {[RECORD_OK] = 'o', [RECORD_NO_DATA] = 'n', [RECORD_AMBIGUOUS] = 'a', [RECORD_GAP] = 'g'};
	memset(out, '.', (size_t)minutes);
	out[minutes] = '\0';
	for (size_t i = 0; i < coverage.len; i++) {
		const struct stretch *stretch = &coverage.list[i];
		if (i > 0 && stretch->start < stretch[-1].end) {
			fail_msg("stretch %zu begins before the one before it ends", i);
		}
		for (usec_t at = stretch->start; at < stretch->end; at += USEC_PER_MIN) {
			out[at / USEC_PER_MIN] = letters[stretch->status];
		}
	}
	return out;
}

static enum covering add(int start, int end, enum record_status status, int revision) {
	static uint64_t line;
	struct log_entry entry = {
		.start = start * USEC_PER_MIN, .end = end * USEC_PER_MIN, .status = status, .revision = revision};
	int r = coverage_add(&coverage, &entry, (struct position){0, ++line});
	expect_true(r >= 0);
	return (enum covering)r;
}

static void a_row_of_buckets_is_one_stretch(void **state) {
	(void)state;
	for (int i = 0; i < 30; i++) {
		expect_int(COVERING_NEXT, add(i, i + 1, RECORD_OK, 0), "bucket %d", i);
	}
	expect_int(1, coverage.len, "stretches");
	expect_text("oooooooooooooooooooooooooooooo", shown(30), "thirty minutes");
}

static void what_a_record_is_to_those_before_it(void **state) {
	static const struct {
		const char *title;
		int start, end;
		enum record_status status;
		int revision;
		enum covering covering;
		const char *shown;
	} steps[] = {
		{"the first", 2, 3, RECORD_OK, 0, COVERING_NEXT, "..o......."},
		{"the next one", 3, 4, RECORD_NO_DATA, 0, COVERING_NEXT, "..on......"},
		{"the same once more", 3, 4, RECORD_NO_DATA, 0, COVERING_DOUBLE, "..on......"},
		{"one that leaves two out", 6, 7, RECORD_OK, 0, COVERING_BEHIND, "..on..o..."},
		{"one of them", 5, 6, RECORD_OK, 0, COVERING_EARLIER, "..on.oo..."},
		{"a count that comes later", 3, 4, RECORD_OK, 1, COVERING_REVISION, "..oo.oo..."},
		{"that correction once more", 3, 4, RECORD_OK, 1, COVERING_DOUBLE, "..oo.oo..."},
		{"a later correction", 3, 4, RECORD_OK, 3, COVERING_REVISION, "..oo.oo..."},
		{"an earlier one behind it", 3, 4, RECORD_NO_DATA, 2, COVERING_STALE, "..oo.oo..."},
		{"that one once more", 3, 4, RECORD_NO_DATA, 2, COVERING_DOUBLE, "..oo.oo..."},
		{"a gap of three", 7, 10, RECORD_GAP, 0, COVERING_NEXT, "..oo.ooggg"},
		{"the middle of the gap", 8, 9, RECORD_OK, 1, COVERING_REVISION, "..oo.oogog"},
		{"a correction of what is left out", 4, 5, RECORD_OK, 1, COVERING_ORPHAN, "..ooooogog"},
		{"what it corrects", 4, 5, RECORD_NO_DATA, 0, COVERING_STALE, "..ooooogog"},
		{"that once more", 4, 5, RECORD_NO_DATA, 0, COVERING_DOUBLE, "..ooooogog"},
		{"a gap over two counts", 5, 7, RECORD_GAP, 0, COVERING_OVERLAP, "..ooooogog"},
		{"a gap over a gap", 7, 8, RECORD_GAP, 0, COVERING_DOUBLE, "..ooooogog"},
		{"a correction before the beginning", 0, 1, RECORD_OK, 1, COVERING_ORPHAN, "..ooooogog"},
		{"a gap that is recorded over a count takes nothing", 5, 6, RECORD_GAP, 1, COVERING_REVISION, "..ooooogog"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		expect_int(steps[i].covering, add(steps[i].start, steps[i].end, steps[i].status, steps[i].revision), "%s",
		           steps[i].title);
		expect_text(steps[i].shown, shown(10), "%s", steps[i].title);
	}
}

/* What a log begins with may correct what is in files that have been removed. */
static void corrections_before_the_first_record_cover_nothing(void **state) {
	(void)state;
	expect_int(COVERING_ORPHAN, add(1, 2, RECORD_OK, 1), "of a bucket from before");
	expect_int(0, coverage.len, "stretches");
	expect_int(COVERING_NEXT, add(4, 5, RECORD_OK, 0), "the first record");
	expect_int(COVERING_ORPHAN, add(2, 3, RECORD_OK, 2), "of another bucket from before");
	expect_text("....o", shown(5), "five minutes");
	expect_true(coverage.corrections[0].orphan && coverage.corrections[1].orphan, "both are known");
}

static enum covering revise(int start, int revision, bool has_previous) {
	struct log_entry entry = {.start = start * USEC_PER_MIN, .end = (start + 1) * USEC_PER_MIN, .status = RECORD_OK,
	                          .revision = revision, .has_previous = has_previous};
	return (enum covering)coverage_add(&coverage, &entry, (struct position){0, 1});
}

static void a_revision_that_is_left_out_is_noticed_where_a_count_is_corrected(void **state) {
	(void)state;
	(void)add(0, 1, RECORD_OK, 0);
	(void)add(1, 2, RECORD_OK, 0);
	(void)add(2, 5, RECORD_GAP, 0);
	expect_int(COVERING_SKIP, revise(0, 2, true), "from 0 to 2");
	expect_int(COVERING_REVISION, revise(0, 3, true), "from 2 to 3");
	expect_int(COVERING_REVISION, revise(1, 2, false), "of no count, as a server that is late makes it");
	expect_int(COVERING_REVISION, revise(3, 4, false), "in a gap");
	expect_int(COVERING_REVISION, revise(3, 5, true), "of that");
	expect_int(COVERING_SKIP, revise(3, 7, true), "from 5 to 7");
}

/* After a change of its zone a device goes on with a whole bucket, which begins before the end of the log. */
static void a_bucket_that_begins_within_the_last_one_is_not_doubled(void **state) {
	(void)state;
	(void)add(0, 15, RECORD_OK, 0);
	expect_int(COVERING_NEXT, add(10, 25, RECORD_OK, 0), "the bucket");
	expect_int(COVERING_NEXT, add(25, 40, RECORD_OK, 0), "the one behind it");
	expect_int(1, coverage.len, "stretches");
}

static void the_pieces_of_a_gap_stand_where_it_stood(void **state) {
	(void)state;
	(void)add(0, 1, RECORD_OK, 0);
	(void)add(1, 6, RECORD_GAP, 0);
	uint64_t line = coverage.list[1].at.line;
	(void)add(3, 4, RECORD_OK, 1);
	expect_text("oggogg", shown(6), "the gap");
	expect_int(4, coverage.len, "stretches");
	expect_int(line, coverage.list[1].at.line, "the line of the first piece");
	expect_int(line, coverage.list[3].at.line, "the line of the second piece");
	expect_int(line + 1, coverage.list[2].at.line, "the line of what fills it");
}

/* Beside a plain array of minutes, with records at random. */
static void it_agrees_with_an_array_of_minutes(void **state) {
	enum { MINUTES = 40, ROUNDS = 3000, RECORDS = 60 };
	struct rng rng;
	uint64_t seed = seed_of_run(&rng);
	(void)state;

	for (int round = 0; round < ROUNDS; round++) {
		char model[MINUTES + 1];
		int first = -1, last = 0; /* the end of the last record */
		memset(model, '.', MINUTES);
		model[MINUTES] = '\0';
		for (int i = 0; i < RECORDS; i++) {
			int start = (int)rng_below(&rng, 3) ? last : (int)rng_below(&rng, MINUTES);
			int end = start + 1, revision = rng_below(&rng, 4) == 0 ? i + 1 : 0;
			enum record_status status = (enum record_status)rng_below(&rng, 3);
			if (start >= MINUTES) {
				break;
			}
			bool covered = model[start] != '.';
			(void)add(start, end, status, revision);
			/* A correction of what came before the beginning stays out, and no first record replaces another. */
			if (covered ? revision > 0 : (first >= 0 && start >= first) || revision == 0) {
				model[start] = "ona"[status];
				first = first < 0 || start < first ? start : first;
				last = end > last ? end : last;
			}
		}
		if (strcmp(model, shown(MINUTES)) != 0) {
			fail_msg("round %d of seed %#" PRIx64 ":\n%s\n%s", round, seed, model, shown(MINUTES));
		}
		coverage_done(&coverage);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_row_of_buckets_is_one_stretch, forget),
		cmocka_unit_test_teardown(what_a_record_is_to_those_before_it, forget),
		cmocka_unit_test_teardown(corrections_before_the_first_record_cover_nothing, forget),
		cmocka_unit_test_teardown(a_revision_that_is_left_out_is_noticed_where_a_count_is_corrected, forget),
		cmocka_unit_test_teardown(a_bucket_that_begins_within_the_last_one_is_not_doubled, forget),
		cmocka_unit_test_teardown(the_pieces_of_a_gap_stand_where_it_stood, forget),
		cmocka_unit_test_teardown(it_agrees_with_an_array_of_minutes, forget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
