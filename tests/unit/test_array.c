// SPDX-License-Identifier: ISC

/* base/array.h: room that grows. */

#include "fixture.h"

#include "base/array.h"

#include <errno.h>

static void what_is_in_it_stays(void **state) {
	(void)state;
	int *list = NULL;
	size_t size = 0;

	for (int i = 0; i < 1000; i++) {
		expect_int(0, array_reserve(&list, &size, (size_t)i + 1, sizeof(*list)), "room for %d", i + 1);
		expect_true(size > (size_t)i);
		list[i] = i;
	}
	for (int i = 0; i < 1000; i++) {
		expect_int(i, list[i], "element");
	}
	free(list);
}

static void it_grows_by_as_much_as_it_has(void **state) {
	(void)state;
	char *list = NULL;
	size_t size = 0;

	expect_int(0, array_reserve(&list, &size, 10, 1), "the first");
	expect_int(10, size, "as many as were asked for");
	const char *before = list;
	expect_int(0, array_reserve(&list, &size, 10, 1), "what is there");
	expect_same(list, before);
	expect_int(0, array_reserve(&list, &size, 11, 1), "one more");
	expect_int(20, size, "twice as many");
	expect_int(0, array_reserve(&list, &size, 100, 1), "many more");
	expect_int(100, size, "as many as were asked for");
	free(list);
}

static void nothing_changes_without_memory(void **state) {
	(void)state;
	char *list = NULL;
	size_t size = 0;

	expect_int(0, array_reserve(&list, &size, 10, 1), "the first");
	const char *before = list;
	expect_int(-ENOMEM, array_reserve(&list, &size, SIZE_MAX / 2, 16), "more bytes than can be counted");
	expect_int(10, size, "size");
	expect_same(list, before);
	free(list);
}

/* Each value, and those between, before and behind them, in lists of each length. */
static void a_place_is_that_of_the_first_that_is_not_less(void **state) {
	(void)state;
	struct {
		char other;
		int64_t value;
	} list[9];
	for (size_t i = 0; i < COUNT_OF(list); i++) {
		list[i].value = 10 * (int64_t)(i + 1);
	}
	for (size_t count = 0; count <= COUNT_OF(list); count++) {
		for (int64_t least = 0; least <= 100; least++) {
			size_t expected = least <= 10 ? 0 : (size_t)(least - 1) / 10;
			expected = expected < count ? expected : count;
			expect_int(expected, ARRAY_PLACE(list, count, value, least), "%" PRId64 " of %zu", least, count);
		}
		expect_int(0, ARRAY_PLACE(list, count, value, INT64_MIN), "the least of %zu", count);
		expect_int(count, ARRAY_PLACE(list, count, value, INT64_MAX), "the most of %zu", count);
	}
	list[1].value = list[2].value = 20;
	expect_int(1, ARRAY_PLACE(list, COUNT_OF(list), value, 20), "the first of equals");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_in_it_stays),
		cmocka_unit_test(it_grows_by_as_much_as_it_has),
		cmocka_unit_test(nothing_changes_without_memory),
		cmocka_unit_test(a_place_is_that_of_the_first_that_is_not_less),
	};
	return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}
