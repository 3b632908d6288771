// SPDX-License-Identifier: ISC

/* schedule/rate.h: burst tokens at most, one more every gap. */

#include "fixture.h"

#include "schedule/rate.h"

enum { TAKES = 2000 };

/* Takes as many as are there at once, at most limit. */
static int take_all(struct rate *rate, usec_t now, int limit) {
	int taken = 0;
	while (taken < limit && rate_ready_at(rate) <= now) {
		rate_take(rate, now);
		taken++;
	}
	return taken;
}

static void a_full_bucket_gives_a_burst_and_then_one_every_gap(void **state) {
	(void)state;
	static const struct {
		usec_t gap;
		int burst;
		usec_t start;
	} rows[] = {
		{USEC_PER_SEC, 10, 0},
		{USEC_PER_SEC, 1, 5},
		{3600 * USEC_PER_MSEC, 10, 77 * USEC_PER_DAY},
		{100 * USEC_PER_MSEC, 100, USEC_PER_HOUR},
		{1, 10000, USEC_PER_SEC},
		{USEC_PER_HOUR, 3, USEC_PER_WEEK},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct rate rate;
		usec_t now = rows[row].start;
		rate_init(&rate, rows[row].gap, rows[row].burst);
		expect_int(rows[row].burst, take_all(&rate, now, 20000), "row %zu: burst", row);
		for (int i = 1; i <= 5; i++) {
			expect_int(now + rows[row].gap, rate_ready_at(&rate), "row %zu: token %d comes", row, i);
			expect_int(0, take_all(&rate, now + rows[row].gap - 1, 1), "row %zu: just before", row);
			now += rows[row].gap;
			expect_int(1, take_all(&rate, now, 20000), "row %zu: then there is one", row);
		}
	}
}

static void idle_time_fills_the_bucket_and_never_more(void **state) {
	(void)state;
	static const struct {
		usec_t idle;
		int tokens;
	} rows[] = {
		{0, 0},
		{USEC_PER_SEC - 1, 0},
		{USEC_PER_SEC, 1},
		{2 * USEC_PER_SEC + 999999, 2},
		{4 * USEC_PER_SEC, 4},
		{5 * USEC_PER_SEC, 5},
		{6 * USEC_PER_SEC, 5},
		{USEC_PER_WEEK, 5},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct rate rate;
		rate_init(&rate, USEC_PER_SEC, 5);
		expect_int(5, take_all(&rate, USEC_PER_HOUR, 100), "row %zu: burst", row);
		expect_int(rows[row].tokens, take_all(&rate, USEC_PER_HOUR + rows[row].idle, 100),
		           "row %zu: tokens after %" PRId64 " us", row, rows[row].idle);
	}
}

/* An eager taker, now and then idle: whatever window is looked at, it holds burst + rate at most. */
static void no_window_holds_more_than_burst_and_rate(void **state) {
	(void)state;
	struct rng rng;
	uint64_t seed = seed_of_run(&rng);
	static usec_t taken[TAKES];

	for (int round = 0; round < 20; round++) {
		struct rate rate;
		usec_t gap = 1 + rng_below(&rng, 3 * USEC_PER_SEC), now = rng_below(&rng, USEC_PER_DAY);
		int burst = 1 + (int)rng_below(&rng, 30);
		rate_init(&rate, gap, burst);

		for (size_t i = 0; i < TAKES; i++) {
			usec_t ready = rate_ready_at(&rate);
			now = ready > now ? ready : now;
			if (rng_below(&rng, 10) == 0) {
				now += rng_below(&rng, 2 * burst * gap);
			}
			rate_take(&rate, now);
			taken[i] = now;
			/* The window that ends here and begins with an earlier take. */
			for (size_t back = 1; back <= i && back <= 100; back++) {
				int64_t most = burst + (now - taken[i - back]) / gap;
				expect_between(0, most, back + 1,
				               "seed %#" PRIx64 ": gap %" PRId64 ", burst %d: takes within %" PRId64 " us",
				               seed, gap, burst, now - taken[i - back]);
			}
		}
	}
}

/* Never slower than promised, either. */
static void an_eager_taker_gets_the_whole_rate(void **state) {
	(void)state;
	struct rate rate;
	usec_t now = 42;
	int taken = 0;
	rate_init(&rate, 7, 10);
	for (; now < 42 + 7000; now++) {
		taken += take_all(&rate, now, 1000);
	}
	expect_int(10 + 999, taken, "tokens in a thousand gaps");
}

static void draining_leaves_one_token_at_most(void **state) {
	(void)state;
	static const struct {
		int burst, taken, left;
	} rows[] = {{10, 0, 1}, {10, 5, 1}, {10, 9, 1}, {10, 10, 0}, {1, 0, 1}, {1, 1, 0}, {2, 0, 1}};

	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct rate rate;
		usec_t now = USEC_PER_DAY;
		rate_init(&rate, USEC_PER_SEC, rows[row].burst);
		expect_int(rows[row].taken, take_all(&rate, now, rows[row].taken), "row %zu: taken", row);
		usec_t before = rate_ready_at(&rate);
		rate_drain(&rate, now);
		expect_int(rows[row].left, take_all(&rate, now, 100), "row %zu: tokens left", row);
		if (rows[row].left == 0) {
			expect_int(before, rate_ready_at(&rate), "row %zu: the next is no later", row);
		} else {
			expect_int(now + USEC_PER_SEC, rate_ready_at(&rate), "row %zu: the next", row);
		}
	}
}

static void a_drained_bucket_fills_again(void **state) {
	(void)state;
	struct rate rate;
	rate_init(&rate, USEC_PER_SEC, 4);
	rate_drain(&rate, 0);
	expect_int(4, take_all(&rate, 3 * USEC_PER_SEC, 100), "tokens after three gaps");
}

/* Whatever rate and size the next bucket has, no token is won by the change. */
static void tokens_are_not_won_by_a_change(void **state) {
	(void)state;
	static const struct {
		usec_t gap, next_gap;
		int burst, taken, next_burst;
		int left;
	} rows[] = {
		{USEC_PER_SEC, 10 * USEC_PER_SEC, 10, 10, 10, 0},
		{10 * USEC_PER_SEC, USEC_PER_SEC, 10, 10, 10, 0},
		{USEC_PER_SEC, USEC_PER_SEC, 10, 4, 10, 6},
		{USEC_PER_SEC, 7 * USEC_PER_SEC, 10, 4, 10, 6},
		{USEC_PER_SEC, USEC_PER_SEC, 10, 4, 3, 3},
		{USEC_PER_SEC, USEC_PER_SEC, 3, 2, 100, 1},
		{USEC_PER_SEC, USEC_PER_SEC, 3, 3, 100, 0},
		{USEC_PER_SEC, USEC_PER_SEC, 3, 0, 5, 5},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct rate before, after;
		usec_t now = USEC_PER_DAY;
		rate_init(&before, rows[row].gap, rows[row].burst);
		expect_int(rows[row].taken, take_all(&before, now, rows[row].taken), "row %zu: taken", row);
		rate_init(&after, rows[row].next_gap, rows[row].next_burst);
		rate_take_over(&after, &before, now);
		expect_int(rows[row].left, take_all(&after, now, 1000), "row %zu: left", row);
		expect_time(now + rows[row].next_gap, rate_ready_at(&after), "row %zu: the next", row);
	}
}

static void it_is_known_when_all_tokens_are_there(void **state) {
	(void)state;
	struct rate rate;
	rate_init(&rate, 10, 3);
	expect_between(INT64_MIN, 0, rate_full_at(&rate), "a full bucket");
	rate_take(&rate, 1000);
	rate_take(&rate, 1000);
	expect_int(1020, rate_full_at(&rate), "two tokens are missing");
}

/* A part of a token that is missing is a whole one, to the microsecond. */
static void a_part_of_a_token_is_missing_as_a_whole(void **state) {
	(void)state;
	static const struct {
		usec_t full_at; /* relative to now */
		int next_burst, left;
	} rows[] = {
		{-1, 10, 10}, {0, 10, 10}, {1, 10, 4}, {99, 10, 4}, {100, 10, 4}, {101, 10, 3}, {500, 10, 0}, {501, 10, 0},
		{1, 4, 4}, {1, 3, 3}, {101, 4, 3}, {301, 4, 1}, {401, 4, 0},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct rate before, after;
		usec_t now = USEC_PER_DAY;
		rate_init(&before, 100, 5);
		before.full_at = now + rows[row].full_at;
		rate_init(&after, 100, rows[row].next_burst);
		rate_take_over(&after, &before, now);
		expect_int(rows[row].left, take_all(&after, now, 1000), "row %zu: left", row);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_known_when_all_tokens_are_there),
		cmocka_unit_test(a_full_bucket_gives_a_burst_and_then_one_every_gap),
		cmocka_unit_test(idle_time_fills_the_bucket_and_never_more),
		cmocka_unit_test(no_window_holds_more_than_burst_and_rate),
		cmocka_unit_test(an_eager_taker_gets_the_whole_rate),
		cmocka_unit_test(draining_leaves_one_token_at_most),
		cmocka_unit_test(a_part_of_a_token_is_missing_as_a_whole),
		cmocka_unit_test(tokens_are_not_won_by_a_change),
		cmocka_unit_test(a_drained_bucket_fills_again),
	};
	return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
