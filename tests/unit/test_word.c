// SPDX-License-Identifier: ISC

#include "fixture.h"

#include "base/word.h"

#define LETTERS_32 "abcdefghijklmnopqrstuvwxyzabcdef"

static void slips_are_counted_and_have_a_limit(void **state) {
	static const struct {
		const char *written, *word;
		unsigned distance; /* WORD_FAR: not near */
	} rows[] = {
		{"interval", "interval", 0},
		{"INTERVAL", "interval", 0},
		{"intervall", "interval", 1},
		{"nterval", "interval", 1},
		{"intervla", "interval", 1},
		{"inturval", "interval", 1},
		{"inturvall", "interval", 2},
		{"intval", "interval", 2},
		{"interval__", "interval", 2},
		{"inturvalls", "interval", WORD_FAR},
		{"inval", "interval", WORD_FAR},
		{"interval___", "interval", WORD_FAR},
		{"cass", "case", 1},
		{"cases", "case", 1},
		{"cas", "case", 1},
		{"csaes", "case", WORD_FAR},
		{"casess", "case", WORD_FAR},
		{"", "a", 1},
		{"", "ab", WORD_FAR},
		{"Los Angeles", "Los_Angeles", 1},
		{LETTERS_32, LETTERS_32, 0},
		{LETTERS_32 "g", LETTERS_32 "g", WORD_FAR},
		{LETTERS_32 "g", LETTERS_32, WORD_FAR},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		unsigned best = WORD_FAR;
		bool near = word_is_nearer(rows[i].written, rows[i].word, &best);
		if (near != (rows[i].distance != WORD_FAR) || best != rows[i].distance) {
			fail_msg("\"%s\" for \"%s\": expected %u, got %u", rows[i].written, rows[i].word, rows[i].distance,
			         best);
		}
	}
}

static void only_what_is_nearer_than_the_best_so_far_becomes_the_best(void **state) {
	(void)state;
	unsigned best = WORD_FAR;
	expect_true(word_is_nearer("settel", "settles", &best));
	expect_int(2, best);
	expect_true(word_is_nearer("settel", "settle", &best));
	expect_int(1, best);
	expect_false(word_is_nearer("settel", "settee", &best));
	expect_false(word_is_nearer("settel", "settles", &best));
	expect_int(1, best);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slips_are_counted_and_have_a_limit),
		cmocka_unit_test(only_what_is_nearer_than_the_best_so_far_becomes_the_best),
	};
	return cmocka_run_group_tests_name("word", tests, NULL, NULL);
}
