// SPDX-License-Identifier: ISC

/* daemon/answer.h and daemon/landing.h: what an answer says of the buckets that were asked for; how long to wait. */

#include "fixture.h"

#include "daemon/landing.h"

/* x: a point; .: none.  What is recorded already stands before the bar. */
static const struct row {
	const char *buckets;
	int points, first, last, solid, hole;
} rows[] = {
	{"|xxxxx", 5, 0, 4, 5, 5},
	{"xx|xxx", 5, 0, 4, 5, 5},
	{"|.....", 0, 0, 0, 0, 0},
	{"..|...", 0, 0, 0, 0, 2},
	{"|x....", 1, 0, 0, 1, 1},
	{"|....x", 1, 4, 4, 5, 0},
	{"|..xxx", 3, 2, 4, 5, 0},
	{"..|xxx", 3, 2, 4, 5, 5},
	{"|xx.xx", 4, 0, 4, 2, 2},
	{"xx|.xx", 4, 0, 4, 2, 2},
	{"x.|xxx", 4, 0, 4, 1, 5},
	{".x.|xx.x", 4, 1, 6, 2, 5},
	{"..xxx|x.x.", 5, 2, 7, 6, 6},
};

static void ends_and_holes_are_found(void **state) {
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t chosen[16], buckets = 0, fresh = 0;
		for (const char *at = rows[i].buckets; *at; at++) {
			if (*at == '|') {
				fresh = buckets;
			} else {
				chosen[buckets++] = *at == 'x' ? 7 : FIT_NONE;
			}
		}
		struct answer answer = {.fit = {.chosen = chosen}};
		struct landing l = {.answer = &answer};
		struct span span = {.buckets = (int)buckets, .fresh_buckets = (int)(buckets - fresh)};
		for (int flags = 0; flags < 4; flags++) {
			answer.points.has_warning = flags & 1;
			answer.points.more = flags & 2;
			struct said said = answer_said(&l, &span);
			expect_int(buckets, said.buckets, "%s: buckets", rows[i].buckets);
			expect_int(fresh, said.fresh, "%s: the first fresh one", rows[i].buckets);
			expect_int(rows[i].points, said.points, "%s: buckets with a point", rows[i].buckets);
			expect_int(rows[i].first, said.first, "%s: the first of them", rows[i].buckets);
			expect_int(rows[i].last, said.last, "%s: the last of them", rows[i].buckets);
			expect_int(rows[i].solid, said.solid, "%s: the end of the first run", rows[i].buckets);
			expect_int(rows[i].hole, said.hole, "%s: the first fresh one without", rows[i].buckets);
			expect_int(flags & 1, said.warned, "%s: warned", rows[i].buckets);
			expect_int((flags & 2) != 0, said.more, "%s: more", rows[i].buckets);
		}
	}
}

/* Any wait up to the ceiling of the next failure, and not only up to that of the last one. */
static void waits_fill_their_range(void **state) {
	(void)state;
	static const struct {
		uint16_t failures;
		usec_t ceiling;
	} steps[] = {{0, 10}, {1, 20}, {2, 40}, {3, 80}, {4, 100}, {5, 100}};
	struct config config = {.retry = {.base = 10 * USEC_PER_SEC, .cap = 100 * USEC_PER_SEC}};
	struct poller poller = {.roll = {.config = &config}};
	struct poll poll = {0};
	struct landing l = {.poller = &poller, .poll = &poll};
	rng_init(&poller.rng, 1);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		usec_t least = USEC_INFINITY, most = 0;
		poll.failures = steps[i].failures;
		for (int draw = 0; draw < 1000; draw++) {
			usec_t wait = landing_backoff(&l);
			least = wait < least ? wait : least;
			most = wait > most ? wait : most;
		}
		usec_t ceiling = steps[i].ceiling * USEC_PER_SEC;
		expect_between(0, ceiling / 20, least, "after %d: the shortest", steps[i].failures);
		expect_between(ceiling - ceiling / 20, ceiling, most, "after %d: the longest", steps[i].failures);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_and_holes_are_found),
		cmocka_unit_test(waits_fill_their_range),
	};
	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
