// SPDX-License-Identifier: ISC

/* base/index.h: finds what was entered, and nothing else, however the hashes fall. */

#include "fixture.h"

#include "base/index.h"

enum { ITEMS = 1000 };

static bool is_same(const void *items, size_t position, const void *key) {
	return ((const int *)items)[position] == *(const int *)key;
}

/* Many items of one hash; hashes that agree in their low bits; hashes that tell all apart. */
static uint64_t hash_of(int kind, int item) {
	return kind == 0 ? 7 : kind == 1 ? (uint64_t)item << 20 : (uint64_t)item * UINT64_C(0x9e3779b97f4a7c15);
}

static void each_item_is_found_where_it_is(void **state) {
	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		struct index index = {0};
		int items[ITEMS];
		size_t at;

		for (int i = 0; i < ITEMS; i++) {
			items[i] = 3 * i;
			expect_int(0, index_add(&index, hash_of(kind, items[i]), is_same, items, &items[i], (size_t)i, &at), "add");
		}
		for (int i = 0; i < ITEMS; i++) {
			at = SIZE_MAX;
			expect_int(true, index_find(&index, hash_of(kind, items[i]), is_same, items, &items[i], &at), "find");
			expect_int(i, at, "its place");
			int other = items[i] + 1;
			expect_int(false, index_find(&index, hash_of(kind, other), is_same, items, &other, &at), "another");
		}
		index_done(&index);
	}
}

static void what_is_there_is_not_entered_again(void **state) {
	(void)state;
	struct index index = {0};
	static const int items[] = {5, 6, 5};
	size_t at = SIZE_MAX;

	expect_int(0, index_add(&index, 1, is_same, items, &items[0], 0, &at), "the first");
	expect_int(0, index_add(&index, 1, is_same, items, &items[1], 1, &at), "another");
	expect_int(1, index_add(&index, 1, is_same, items, &items[2], 2, &at), "the first again");
	expect_int(0, at, "its place");
	index_done(&index);
	expect_int(false, index_find(&index, 1, is_same, items, &items[0], &at), "when all is gone");
	index_done(NULL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_item_is_found_where_it_is),
		cmocka_unit_test(what_is_there_is_not_entered_again),
	};
	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
