// SPDX-License-Identifier: ISC

/* base/scan.h: what is taken, and what is left. */

#include "fixture.h"

#include "base/scan.h"

/* What is left. */
static const char *rest(const struct scan *in) {
	return in->at;
}

static struct scan of(const char *text) {
	return (struct scan){text, text + strlen(text)};
}

static void characters_and_words_are_taken_from_the_front(void **state) {
	(void)state;
	struct scan in = of("ab:cd");

	expect_int('a', scan_peek(&in), "peek");
	expect_int(false, scan_char(&in, 'b'), "another character");
	expect_text("ab:cd", rest(&in), "nothing is taken");
	expect_int(true, scan_char(&in, 'a'), "the character");
	expect_int(false, scan_text(&in, "b;"), "other words");
	expect_int(false, scan_text(&in, "b:cde"), "longer than what is left");
	expect_text("b:cd", rest(&in), "nothing is taken");
	expect_int(true, scan_text(&in, "b:cd"), "the words");
	expect_int('\0', scan_peek(&in), "the end");
	expect_int(false, scan_char(&in, '\0'), "the end is no character");
	expect_int(true, scan_text(&in, ""), "nothing");
}

static void the_end_is_where_it_is_said_to_be(void **state) {
	(void)state;
	static const char text[] = "1234";
	struct scan in = {text, text + 2};
	uint64_t number;

	expect_int(true, scan_unsigned(&in, UINT64_MAX, &number), "taken");
	expect_int(12, number, "up to the end");
}

static void digits_are_counted(void **state) {
	(void)state;
	static const struct {
		const char *text;
		int digits;
		bool taken;
		int number;
		const char *rest;
	} rows[] = {
		{"0512", 2, true, 5, "12"}, {"05", 2, true, 5, ""}, {"5", 2, false, 0, NULL}, {"5x", 2, false, 0, NULL},
		{"-5", 2, false, 0, NULL},  {"", 1, false, 0, NULL}, {"999999999", 9, true, 999999999, ""},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct scan in = of(rows[row].text);
		int number = -1;
		expect_int(rows[row].taken, scan_digits(&in, rows[row].digits, &number), "%s", rows[row].text);
		expect_int(rows[row].taken ? rows[row].number : -1, number, "%s: number", rows[row].text);
		if (rows[row].rest) {
			expect_text(rows[row].rest, rest(&in), "%s: rest", rows[row].text);
		}
	}
}

static void a_number_lies_between_its_bounds(void **state) {
	(void)state;
	static const struct {
		const char *text;
		int min, max;
		bool taken;
	} rows[] = {
		{"0", 0, 6, true},     {"6", 0, 6, true},  {"7", 0, 6, false},   {"8", 0, 6, false},  {"06", 0, 6, true},
		{"12", 1, 12, true},   {"0", 1, 12, false}, {"13", 1, 12, false}, {"120", 1, 12, false}, {"", 0, 6, false},
		{"x", 0, 6, false},    {"2147483647", 0, INT32_MAX, true}, {"2147483648", 0, INT32_MAX, false},
		{"99999999999999999999", 0, INT32_MAX, false},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct scan in = of(rows[row].text);
		int number;
		expect_int(rows[row].taken, scan_number(&in, rows[row].min, rows[row].max, &number), "%s from %d to %d",
		           rows[row].text, rows[row].min, rows[row].max);
	}
}

static void numbers_are_as_a_program_writes_them(void **state) {
	(void)state;
	static const struct {
		const char *text;
		uint64_t max;
		bool taken;
		uint64_t number;
	} rows[] = {
		{"0", UINT64_MAX, true, 0},
		{"10 ", UINT64_MAX, true, 10},
		{"01", UINT64_MAX, false, 0},
		{"00", UINT64_MAX, false, 0},
		{"", UINT64_MAX, false, 0},
		{"-1", UINT64_MAX, false, 0},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 0},
		{"65535", UINT16_MAX, true, UINT16_MAX},
		{"65536", UINT16_MAX, false, 0},
		{"8", 6, false, 0},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct scan in = of(rows[row].text);
		uint64_t number = 0;
		expect_int(rows[row].taken, scan_unsigned(&in, rows[row].max, &number), "%s", rows[row].text);
		expect_true(number == rows[row].number);
	}
}

static void a_sign_stands_before_what_is_negative(void **state) {
	(void)state;
	static const struct {
		const char *text;
		bool taken;
		int64_t number;
	} rows[] = {
		{"0", true, 0},
		{"-0", false, 0},
		{"-1", true, -1},
		{"-01", false, 0},
		{"--1", false, 0},
		{"+1", false, 0},
		{"9223372036854775807", true, INT64_MAX},
		{"9223372036854775808", false, 0},
		{"-9223372036854775808", true, INT64_MIN},
		{"-9223372036854775809", false, 0},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct scan in = of(rows[row].text);
		int64_t number = 0;
		expect_int(rows[row].taken, scan_signed(&in, &number), "%s", rows[row].text);
		expect_true(number == rows[row].number);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_and_words_are_taken_from_the_front),
		cmocka_unit_test(the_end_is_where_it_is_said_to_be),
		cmocka_unit_test(digits_are_counted),
		cmocka_unit_test(a_number_lies_between_its_bounds),
		cmocka_unit_test(numbers_are_as_a_program_writes_them),
		cmocka_unit_test(a_sign_stands_before_what_is_negative),
	};
	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
