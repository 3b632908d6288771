// SPDX-License-Identifier: ISC

/* schedule/skew.h: our clock against the server's. */

#include "fixture.h"

#include "schedule/skew.h"

#define S USEC_PER_SEC
#define SERVER (INT64_C(1795420800) * S) /* 2026-11-23T08:00:00Z */
#define YEAR (366 * USEC_PER_DAY)

/* Our clock is ahead by that much; the request takes so long; the Date is of the middle. */
static void reply(struct skew *skew, usec_t ahead, usec_t sent, usec_t took) {
	usec_t stamped = sent + took / 2;
	skew_observe(skew, sent + ahead, sent + took + ahead, stamped - stamped % S);
}

/* Replies that would each have our clock off by so much, one after the other. */
static void replies(struct skew *skew, usec_t ahead, int count) {
	for (int i = 0; i < count; i++) {
		reply(skew, ahead, SERVER + i * 7 * S + i * 13579, 1000);
	}
}

static void expect_about(usec_t expected, usec_t offset, const char *what) {
	expect_between(expected - S, expected + S, offset, "%s", what);
}

static void nothing_is_known_before_the_first_reply(void **state) {
	(void)state;
	struct skew skew = {0};
	skew_step(&skew, USEC_PER_HOUR);
	expect_int(0, skew_ahead(&skew), "ahead");
	expect_int(0, skew_offset(&skew), "offset");
	expect_int(false, skew_is_confirmed(&skew), "confirmed");
	expect_int(false, skew_is_dated(&skew), "dated");
}

static void a_reply_that_agrees_confirms_the_clock_at_once(void **state) {
	(void)state;
	static const usec_t aheads[] = {0, S, 2 * S, -S, -2 * S};
	for (size_t i = 0; i < COUNT_OF(aheads); i++) {
		struct skew skew = {0};
		for (int n = 0; n < 100; n++) {
			reply(&skew, aheads[i], SERVER + n * 7 * S + n * 13579, (n % 5) * S);
			expect_int(0, skew_ahead(&skew), "row %zu, reply %d: ahead", i, n);
			expect_int(0, skew_offset(&skew), "row %zu, reply %d: offset", i, n);
			expect_int(true, skew_is_confirmed(&skew), "row %zu, reply %d: confirmed", i, n);
			expect_int(true, skew_is_dated(&skew), "row %zu, reply %d: dated", i, n);
		}
	}
}

/* Never further off than it is, and soon by no less than the quickest reply can tell. */
static void a_clock_that_is_off_is_known_after_three_replies(void **state) {
	(void)state;
	static const usec_t aheads[] = {15 * S,  USEC_PER_MIN,  USEC_PER_HOUR,  20 * YEAR,
	                                -15 * S, -USEC_PER_MIN, -USEC_PER_HOUR, -20 * YEAR};
	for (size_t i = 0; i < COUNT_OF(aheads); i++) {
		struct skew skew = {0};
		usec_t least = aheads[i] < 0 ? aheads[i] : 0, most = aheads[i] < 0 ? 0 : aheads[i];
		for (int n = 0; n < 100; n++) {
			reply(&skew, aheads[i], SERVER + n * 7 * S + n * 13579, (n % 5) * S / 2 + 1000);
			expect_int(n >= 2, skew_is_confirmed(&skew), "row %zu, reply %d: confirmed", i, n);
			expect_between(least, most, skew_offset(&skew), "row %zu, reply %d: offset", i, n);
			expect_between(0, most, skew_ahead(&skew), "row %zu, reply %d: ahead", i, n);
		}
		expect_between(aheads[i] - S, aheads[i] + S, skew_offset(&skew), "row %zu, in the end", i);
	}
}

/* That is no clock that was set wrong: it is corrected, and nothing waits for more replies. */
static void a_few_seconds_are_known_at_once(void **state) {
	(void)state;
	static const usec_t aheads[] = {5 * S, 9 * S, -5 * S, -9 * S};
	for (size_t i = 0; i < COUNT_OF(aheads); i++) {
		struct skew skew = {0};
		reply(&skew, aheads[i], SERVER, 1000);
		expect_int(true, skew_is_confirmed(&skew), "row %zu: confirmed", i);
		expect_between(aheads[i] - S, aheads[i] + S, skew_offset(&skew), "row %zu: offset", i);
	}
}

static void one_odd_date_among_right_ones_changes_nothing(void **state) {
	(void)state;
	static const usec_t odd[] = {26 * YEAR, -26 * YEAR, USEC_PER_HOUR, -10 * USEC_PER_DAY, 30 * S};
	for (size_t i = 0; i < COUNT_OF(odd); i++) {
		for (int place = 1; place < SKEW_SEEN; place++) {
			struct skew skew = {0};
			replies(&skew, 0, place);
			replies(&skew, odd[i], 1);
			expect_int(0, skew_offset(&skew), "row %zu, place %d: offset", i, place);
			expect_int(0, skew_ahead(&skew), "row %zu, place %d: ahead", i, place);
			expect_int(true, skew_is_confirmed(&skew), "row %zu, place %d: confirmed", i, place);
		}
	}
}

/* It is not believed, and buckets wait as if it were true, until others say otherwise. */
static void an_odd_date_at_first_is_outvoted_by_the_next_reply(void **state) {
	(void)state;
	struct skew skew = {0};
	replies(&skew, 26 * YEAR, 1);
	expect_int(false, skew_is_confirmed(&skew), "confirmed by the odd one");
	expect_about(26 * YEAR, skew_ahead(&skew), "distrusted by");
	replies(&skew, 0, 1);
	expect_int(true, skew_is_confirmed(&skew), "confirmed by the right one");
	expect_int(0, skew_ahead(&skew), "distrusted by");
}

/* Where replies contradict each other, buckets wait for the earliest time that any gives. */
static void in_doubt_the_earliest_time_counts(void **state) {
	(void)state;
	struct skew skew = {0};
	replies(&skew, USEC_PER_HOUR, 1);
	replies(&skew, USEC_PER_DAY, 1);
	replies(&skew, -USEC_PER_DAY, 1);
	expect_int(false, skew_is_confirmed(&skew), "confirmed");
	expect_about(USEC_PER_DAY, skew_ahead(&skew), "distrusted by");
}

static void a_server_that_is_set_is_believed_after_a_few_replies(void **state) {
	(void)state;
	struct skew skew = {0};
	replies(&skew, 0, SKEW_SEEN);
	replies(&skew, USEC_PER_HOUR, 2);
	expect_int(0, skew_offset(&skew), "after two");
	expect_int(true, skew_is_confirmed(&skew), "after two");
	replies(&skew, USEC_PER_HOUR, 2);
	expect_int(true, skew_is_confirmed(&skew), "after four");
	expect_about(USEC_PER_HOUR, skew_offset(&skew), "after four");

	/* The way back is shorter, for our own clock agrees. */
	replies(&skew, 0, 2);
	expect_int(true, skew_is_confirmed(&skew), "and two more");
	expect_int(0, skew_offset(&skew), "and two more");
}

/* As many votes for each: what it was is not known, and buckets wait for the earlier. */
static void a_draw_confirms_nothing(void **state) {
	(void)state;
	struct skew skew = {0};
	replies(&skew, 0, 1);
	replies(&skew, USEC_PER_HOUR, 3);
	expect_int(false, skew_is_confirmed(&skew), "confirmed");
	expect_about(USEC_PER_HOUR, skew_ahead(&skew), "distrusted by");
	replies(&skew, USEC_PER_HOUR, 1);
	expect_int(true, skew_is_confirmed(&skew), "and one more");
}

static void a_step_is_followed_before_the_next_reply(void **state) {
	(void)state;
	struct skew skew = {0};
	reply(&skew, 0, SERVER, 1000);
	skew_step(&skew, 20 * YEAR);
	expect_about(20 * YEAR, skew_ahead(&skew), "set forward");
	skew_step(&skew, -20 * YEAR);
	expect_int(0, skew_ahead(&skew), "and back");
	skew_step(&skew, -USEC_PER_HOUR);
	expect_int(0, skew_ahead(&skew), "too far back");
	skew_step(&skew, USEC_PER_HOUR);
	expect_int(0, skew_ahead(&skew), "and right again");
	expect_int(true, skew_is_confirmed(&skew), "confirmed");
}

/* With more than one reply it is known for certain where a step has led to. */
static void a_confirmed_clock_stays_so_over_a_step(void **state) {
	(void)state;
	struct skew skew = {0};
	replies(&skew, 0, 3);
	skew_step(&skew, -8 * YEAR);
	expect_int(true, skew_is_confirmed(&skew), "confirmed");
	expect_about(-8 * YEAR, skew_offset(&skew), "offset");
	/* And with as many as are kept. */
	skew = (struct skew){0};
	replies(&skew, 0, SKEW_SEEN);
	skew_step(&skew, USEC_PER_HOUR + 1);
	expect_int(SKEW_SEEN, skew.len, "replies");
	expect_about(USEC_PER_HOUR, skew_offset(&skew), "offset of as many as are kept");
}

static void what_drifts_away_is_learned_anew(void **state) {
	(void)state;
	struct skew skew = {0};
	reply(&skew, USEC_PER_MIN, SERVER, 1000);
	for (usec_t ahead = USEC_PER_MIN; ahead >= 0; ahead -= S / 10) {
		reply(&skew, ahead, SERVER + USEC_PER_DAY, 1000);
		expect_between(0, ahead > 2 * S ? ahead + S / 2 : S / 2, skew_ahead(&skew), "at %" PRId64, ahead);
	}
	expect_int(0, skew_ahead(&skew), "in the end");
}

static void a_reply_without_a_date_confirms_where_none_has_one(void **state) {
	(void)state;
	struct skew skew = {0};
	skew_undated(&skew);
	expect_int(true, skew_is_confirmed(&skew), "confirmed");
	expect_int(false, skew_is_dated(&skew), "dated");
	expect_int(0, skew_ahead(&skew), "ahead");

	replies(&skew, USEC_PER_HOUR, 1);
	expect_int(false, skew_is_confirmed(&skew), "once it has one");
	expect_int(false, skew.undated, "it has said what time it is");
	skew_undated(&skew);
	expect_int(false, skew_is_confirmed(&skew), "and then none");
	expect_int(false, skew.undated, "it has said so all the same");
	replies(&skew, USEC_PER_HOUR, 2);
	expect_int(true, skew_is_dated(&skew), "dated");
}

/* A reply that has our clock ahead by something between these; negative: behind. */
static void see(struct skew *skew, usec_t low, usec_t high) {
	skew_observe(skew, SERVER + low + S, SERVER + high, SERVER);
}

/* All that agree narrow down what it is, wherever they stand, and no other does. */
static void what_is_common_to_those_that_agree_counts(void **state) {
	(void)state;
	struct skew skew = {0};
	see(&skew, 59 * S + 900, 60 * S + 100);
	see(&skew, USEC_PER_HOUR - S, USEC_PER_HOUR);
	see(&skew, 59 * S, 61 * S);
	see(&skew, 59 * S, 61 * S);
	expect_int(true, skew_is_confirmed(&skew), "ahead: confirmed");
	expect_time(59 * S + 900, skew_offset(&skew), "ahead");

	skew = (struct skew){0};
	see(&skew, -60 * S - 100, -59 * S - 900);
	see(&skew, -USEC_PER_HOUR - S, -USEC_PER_HOUR);
	see(&skew, -61 * S, -59 * S);
	see(&skew, -61 * S, -59 * S);
	expect_int(true, skew_is_confirmed(&skew), "behind: confirmed");
	expect_time(-59 * S - 900, skew_offset(&skew), "behind");

	/* A single instant is enough, */
	skew = (struct skew){0};
	see(&skew, 59 * S, 60 * S);
	see(&skew, 60 * S, 61 * S);
	see(&skew, 59 * S, 61 * S);
	expect_time(60 * S, skew_offset(&skew), "an instant");
	/* and without one they count as the newest does. */
	skew = (struct skew){0};
	see(&skew, 58 * S, 59 * S);
	see(&skew, 60 * S, 61 * S);
	see(&skew, 59 * S, 62 * S);
	expect_int(true, skew_is_confirmed(&skew), "nothing in common: confirmed");
	expect_time(59 * S, skew_offset(&skew), "nothing in common");
}

/* What settling and the network blur anyway is not counted; and so far off, our clock still has its vote. */
static void two_seconds_are_none_and_ten_are_no_doubt(void **state) {
	(void)state;
	static const struct {
		usec_t low, high, offset;
		bool confirmed;
	} rows[] = {
		{2 * S, 3 * S, 0, true},
		{2 * S + 1, 3 * S, 2 * S + 1, true},
		{-3 * S, -2 * S, 0, true},
		{-3 * S, -2 * S - 1, -2 * S - 1, true},
		{10 * S, 11 * S, 10 * S, true},
		{10 * S + 1, 11 * S, 10 * S + 1, false},
		{-11 * S, -10 * S, -10 * S, true},
		{-11 * S, -10 * S - 1, -10 * S - 1, false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct skew skew = {0};
		see(&skew, rows[i].low, rows[i].high);
		expect_time(rows[i].offset, skew_offset(&skew), "row %zu: offset", i);
		expect_int(rows[i].confirmed, skew_is_confirmed(&skew), "row %zu: confirmed", i);
	}
}

/* Replies agree that are two seconds apart, and not a microsecond more, whichever comes first. */
static void what_is_two_seconds_apart_agrees(void **state) {
	(void)state;
	for (int far = 0; far < 2; far++) {
		for (int place = 0; place < 3; place++) {
			struct skew skew = {0};
			for (int i = 0; i < 3; i++) {
				usec_t base = USEC_PER_HOUR + (i == place ? 3 * S + far : 0);
				see(&skew, base, base + S);
			}
			expect_int(far == 0, skew_is_confirmed(&skew), "place %d, too far %d", place, far);
		}
	}
	/* Of two that agree both have the votes, and the newest stands. */
	struct skew forward = {0}, back = {0};
	for (int i = 0; i < 3; i++) {
		usec_t early = USEC_PER_HOUR, late = USEC_PER_HOUR + 3 * S;
		see(&forward, i < 1 ? early : late, (i < 1 ? early : late) + S);
		see(&back, i < 1 ? late : early, (i < 1 ? late : early) + S);
	}
	expect_time(USEC_PER_HOUR + 3 * S, skew_offset(&forward), "the newest are late");
	expect_time(USEC_PER_HOUR, skew_offset(&back), "the newest are early");
}

/* Two replies that our clock agrees with stand against each other: the one with more votes wins. */
static void what_has_more_votes_than_any_that_contradicts_it_is_believed(void **state) {
	(void)state;
	struct skew skew = {0};
	see(&skew, -4 * S, -2 * S);
	see(&skew, 2 * S, 4 * S);
	expect_int(false, skew_is_confirmed(&skew), "a draw");
	see(&skew, 5 * S, 6 * S);
	expect_int(true, skew_is_confirmed(&skew), "three");
	expect_time(5 * S, skew_offset(&skew), "what it is");
}

/* Of a structure that was used before nothing counts but what its length covers. */
static void what_lies_behind_the_last_reply_does_not_count(void **state) {
	(void)state;
	static const usec_t aheads[] = {0, 9 * S, USEC_PER_HOUR, -USEC_PER_HOUR};
	static const struct skew_bounds left[] = {{0, 0}, {YEAR, YEAR}, {USEC_PER_HOUR, USEC_PER_HOUR}};
	for (size_t i = 0; i < COUNT_OF(aheads) * COUNT_OF(left); i++) {
		struct skew clean = {0}, used = {0};
		for (int n = 0; n < SKEW_SEEN; n++) {
			used.seen[n] = left[i % COUNT_OF(left)];
		}
		for (int n = 1; n <= SKEW_SEEN + 2; n++) {
			/* A second kind of reply, so that there is something to decide. */
			usec_t ahead = n % 3 == 2 ? -YEAR : aheads[i / COUNT_OF(left)];
			see(&clean, ahead - S, ahead + S);
			see(&used, ahead - S, ahead + S);
			expect_int(skew_is_confirmed(&clean), skew_is_confirmed(&used), "row %zu, reply %d: confirmed", i, n);
			expect_time(skew_offset(&clean), skew_offset(&used), "row %zu, reply %d: offset", i, n);
			expect_time(skew_ahead(&clean), skew_ahead(&used), "row %zu, reply %d: ahead", i, n);
		}
	}
}

/* A single one that would have our clock less far ahead than it is makes nothing be over. */
static void what_is_over_is_not_believed_of_one_reply(void **state) {
	(void)state;
	struct skew skew = {0};
	expect_int(false, skew_is_witnessed(&skew), "no reply");
	replies(&skew, USEC_PER_HOUR, 1);
	expect_int(false, skew_is_witnessed(&skew), "one that contradicts");
	replies(&skew, USEC_PER_DAY, 1);
	expect_int(false, skew_is_witnessed(&skew), "two");
	replies(&skew, -USEC_PER_DAY, 1);
	expect_int(false, skew_is_confirmed(&skew), "three that differ confirm nothing");
	expect_int(true, skew_is_witnessed(&skew), "but the earliest of them counts");
	expect_about(USEC_PER_DAY, skew_ahead(&skew), "ahead");

	skew = (struct skew){0};
	replies(&skew, 0, 1);
	expect_int(true, skew_is_witnessed(&skew), "one that agrees with our clock");
	skew = (struct skew){0};
	skew_undated(&skew);
	expect_int(true, skew_is_witnessed(&skew), "one without a Date");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_before_the_first_reply),
		cmocka_unit_test(a_reply_that_agrees_confirms_the_clock_at_once),
		cmocka_unit_test(a_clock_that_is_off_is_known_after_three_replies),
		cmocka_unit_test(a_few_seconds_are_known_at_once),
		cmocka_unit_test(one_odd_date_among_right_ones_changes_nothing),
		cmocka_unit_test(an_odd_date_at_first_is_outvoted_by_the_next_reply),
		cmocka_unit_test(in_doubt_the_earliest_time_counts),
		cmocka_unit_test(a_server_that_is_set_is_believed_after_a_few_replies),
		cmocka_unit_test(a_draw_confirms_nothing),
		cmocka_unit_test(a_step_is_followed_before_the_next_reply),
		cmocka_unit_test(a_confirmed_clock_stays_so_over_a_step),
		cmocka_unit_test(what_drifts_away_is_learned_anew),
		cmocka_unit_test(what_is_over_is_not_believed_of_one_reply),
		cmocka_unit_test(a_reply_without_a_date_confirms_where_none_has_one),
		cmocka_unit_test(what_is_common_to_those_that_agree_counts),
		cmocka_unit_test(two_seconds_are_none_and_ten_are_no_doubt),
		cmocka_unit_test(what_is_two_seconds_apart_agrees),
		cmocka_unit_test(what_has_more_votes_than_any_that_contradicts_it_is_believed),
		cmocka_unit_test(what_lies_behind_the_last_reply_does_not_count),
	};
	return cmocka_run_group_tests_name("skew", tests, NULL, NULL);
}
