// SPDX-License-Identifier: ISC

/* schedule/queue.h: the heap against a sorted array. */

#include "fixture.h"

#include "schedule/queue.h"

enum { POLLS = 200 };

static int by_key(const void *a, const void *b) {
	usec_t left = *(const usec_t *)a, right = *(const usec_t *)b;
	return (left > right) - (left < right);
}

static void an_empty_queue_gives_nothing(void **state) {
	(void)state;
	struct queue queue;
	queue_init(&queue);
	expect_int(1, queue_top(&queue) == NULL, "top");
	expect_int(1, queue_pop(&queue) == NULL, "pop");
	queue_reorder(&queue);
	queue_done(&queue);
	queue_done(NULL);
}

static void top_stays_and_pop_takes(void **state) {
	(void)state;
	struct queue queue;
	struct poll polls[3] = {{.key = 30}, {.key = 10}, {.key = 20}};
	queue_init(&queue);
	expect_int(0, queue_reserve(&queue, 3), "reserve");
	for (size_t i = 0; i < 3; i++) {
		queue_push(&queue, &polls[i]);
	}
	static const usec_t order[] = {10, 20, 30};
	for (size_t i = 0; i < 3; i++) {
		expect_int(order[i], queue_top(&queue)->key, "top %zu", i);
		expect_int(order[i], queue_top(&queue)->key, "top %zu again", i);
		expect_int(order[i], queue_pop(&queue)->key, "pop %zu", i);
	}
	expect_int(1, queue_pop(&queue) == NULL, "pop when empty");
	queue_done(&queue);
}

/* Pushes, pops, and changes of keys in place, by dice; keys may be equal. */
static void any_mix_of_calls_gives_the_smallest_key(void **state) {
	(void)state;
	static const int64_t ranges[] = {1, 3, 1000, INT64_MAX};
	struct rng rng;
	uint64_t seed = seed_of_run(&rng);

	for (int round = 0; round < 200; round++) {
		struct queue queue;
		struct poll polls[POLLS] = {{0}};
		usec_t sorted[POLLS];
		size_t pushed = 0, len = 0;
		int64_t range = ranges[rng_below(&rng, (int64_t)COUNT_OF(ranges))];
		queue_init(&queue);
		expect_int(0, queue_reserve(&queue, POLLS), "reserve");

		while (pushed < POLLS || len > 0) {
			int64_t dice = rng_below(&rng, 20);
			if (dice < 11 && pushed < POLLS) {
				polls[pushed].key = rng_below(&rng, range);
				sorted[len++] = polls[pushed].key;
				queue_push(&queue, &polls[pushed++]);
			} else if (dice == 19) {
				for (size_t i = 0; i < queue.len; i++) {
					queue.heap[i]->key = rng_below(&rng, range);
					sorted[i] = queue.heap[i]->key;
				}
				queue_reorder(&queue);
			} else if (dice == 18 && len > 0) {
				/* Taken out of the middle, it is missed by the oracle too. */
				usec_t key = queue_remove(&queue, (size_t)rng_below(&rng, (int64_t)len))->key;
				size_t at = 0;
				while (sorted[at] != key) {
					at++;
				}
				sorted[at] = sorted[--len];
			} else if (len > 0) {
				qsort(sorted, len, sizeof(sorted[0]), by_key);
				expect_int(sorted[0], queue_top(&queue)->key, "seed %#" PRIx64 ": top of %zu", seed,
				           len);
				expect_int(sorted[0], queue_pop(&queue)->key, "seed %#" PRIx64 ": pop of %zu", seed,
				           len);
				memmove(sorted, sorted + 1, --len * sizeof(sorted[0]));
			}
			expect_int(len, queue.len, "seed %#" PRIx64 ": length", seed);
		}
		queue_done(&queue);
	}
}

static void polls_with_equal_keys_all_leave_once(void **state) {
	(void)state;
	struct queue queue;
	struct poll polls[POLLS] = {{0}};
	bool left[POLLS] = {false};
	queue_init(&queue);
	expect_int(0, queue_reserve(&queue, POLLS), "reserve");
	for (size_t i = 0; i < POLLS; i++) {
		polls[i].key = 7;
		queue_push(&queue, &polls[i]);
	}
	for (size_t i = 0; i < POLLS; i++) {
		size_t which = (size_t)(queue_pop(&queue) - polls);
		expect_int(false, left[which], "poll %zu left before", which);
		left[which] = true;
	}
	expect_int(1, queue_pop(&queue) == NULL, "pop when all have left");
	queue_done(&queue);
}

static void the_extremes_of_time_are_keys_like_others(void **state) {
	(void)state;
	static const usec_t keys[] = {USEC_INFINITY, 0, INT64_MIN, -1, 1};
	static const usec_t order[] = {INT64_MIN, -1, 0, 1, USEC_INFINITY};
	struct queue queue;
	struct poll polls[COUNT_OF(keys)] = {{0}};
	queue_init(&queue);
	expect_int(0, queue_reserve(&queue, COUNT_OF(keys)), "reserve");
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		polls[i].key = keys[i];
		queue_push(&queue, &polls[i]);
	}
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		expect_int(order[i], queue_pop(&queue)->key, "pop %zu", i);
	}
	queue_done(&queue);
}

static void reserving_keeps_what_is_filed(void **state) {
	(void)state;
	struct queue queue;
	struct poll polls[POLLS] = {{0}};
	queue_init(&queue);
	for (size_t i = 0; i < POLLS; i++) {
		expect_int(0, queue_reserve(&queue, i + 1), "reserve %zu", i + 1);
		polls[i].key = (usec_t)(POLLS - i);
		queue_push(&queue, &polls[i]);
	}
	expect_int(0, queue_reserve(&queue, 1), "reserve less than there is");
	for (usec_t i = 1; i <= POLLS; i++) {
		expect_int(i, queue_pop(&queue)->key, "pop");
	}
	queue_done(&queue);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_queue_gives_nothing),
		cmocka_unit_test(top_stays_and_pop_takes),
		cmocka_unit_test(any_mix_of_calls_gives_the_smallest_key),
		cmocka_unit_test(polls_with_equal_keys_all_leave_once),
		cmocka_unit_test(the_extremes_of_time_are_keys_like_others),
		cmocka_unit_test(reserving_keeps_what_is_filed),
	};
	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
