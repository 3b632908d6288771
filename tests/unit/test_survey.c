// SPDX-License-Identifier: ISC

/* base/survey.h: where a text stops being JSON, and what a tree of it would weigh. */

#include "fixture.h"

#include "base/survey.h"

/* lax -1: nowhere. */
static void what_json_does_not_know_is_found_where_it_stands(void **state) {
	(void)state;
	static const struct {
		const char *text;
		int64_t lax;
		size_t weight;
	} rows[] = {
		{"", -1, 0},
		{" \t\r\n", -1, 0},
		{"null", -1, 0},
		{"[]", -1, 8},
		{"{\"a\":[1,2],\"b\":{}}", -1, 26},
		{"\"\\\"[{,\\\\\"", -1, 0},
		{"\"a\tb\001c\"", -1, 0},
		/* The order of the pieces is for others to check. */
		{"]1:\"\"2}", -1, 0},
		/* Cut off in a word, a number, a string, an escape, a character. */
		{"[tru", -1, 8},
		{"[-", -1, 8},
		{"[1.", -1, 8},
		{"[1e+", -1, 8},
		{"[\"abc", -1, 8},
		{"[\"abc\\", -1, 8},
		{"[\"\xc3", 2, 8},
		/* Words. */
		{"[1,tRue]", 3, 9},
		{"NULL", 0, 0},
		{"'a'", 0, 0},
		{"/* */1", 0, 0},
		{"[1]//", 3, 8},
		{"\xef\xbb\xbf" "1", 0, 0},
		/* Numbers: the place is that of the part that is wrong. */
		{"007", 0, 0},
		{"[-007]", 2, 8},
		{"0", -1, 0},
		{"-0.0e-0", -1, 0},
		{"1.x", 2, 0},
		{"1ex", 2, 0},
		{"-x", 1, 0},
		{"+1", 0, 0},
		{".5", 0, 0},
		/* Commas, with something behind them. */
		{"[1,]", 3, 9},
		{"[1, \t\r\n]", 7, 9},
		{"{\"a\":1,}", 7, 9},
		{"[1,,", -1, 10},
		/* Strings that are not UTF-8. */
		{"\"a\xff\"", 2, 0},
		{"\"\xed\xa0\x80\"", 1, 0},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		size_t len = strlen(rows[row].text);
		struct survey survey = survey_json(rows[row].text, len);
		expect_int(rows[row].lax < 0 ? (int64_t)len : rows[row].lax, survey.lax, "%s: lax", rows[row].text);
		expect_int(rows[row].weight, survey.weight, "%s: weight", rows[row].text);
	}
}

static void a_nul_is_no_end(void **state) {
	(void)state;
	static const char text[] = "[\"a\0\"]";
	expect_int(3, survey_json(text, sizeof(text) - 1).lax, "inside of a string");
	expect_int(6, survey_json("[\"a\"] \0", 7).lax, "behind the value");
}

/* Nothing behind the end is looked at: a copy of just that size lets the sanitizers see it. */
static void every_beginning_of_a_text_is_as_good_as_the_text(void **state) {
	(void)state;
	static const char text[] = "{\"a\\u0031\":[null,true,false,-12.5e+10,0,\"caf\xc3\xa9\"],\"b\":{}}";
	for (size_t len = 0; len <= strlen(text); len++) {
		char *copy = malloc(len ? len : 1);
		expect_not_null(copy);
		memcpy(copy, text, len);
		struct survey survey = survey_json(copy, len);
		bool in_character = len > 0 && text[len - 1] == '\xc3';
		expect_int(in_character ? len - 1 : len, survey.lax, "%zu bytes", len);
		free(copy);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_json_does_not_know_is_found_where_it_stands),
		cmocka_unit_test(a_nul_is_no_end),
		cmocka_unit_test(every_beginning_of_a_text_is_as_good_as_the_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
