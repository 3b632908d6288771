// SPDX-License-Identifier: ISC

/* daemon/answer.h: what an answer says of the buckets that were asked for. */

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

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_and_holes_are_found),
	};
	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
