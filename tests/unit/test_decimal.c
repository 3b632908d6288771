// SPDX-License-Identifier: ISC

/* tool/decimal.h: numbers with a point or a comma, and no more digits than they have. */

#include "fixture.h"

#include "tool/decimal.h"

static const char *text_of(char out[static DECIMAL_SIZE], const char *end) {
	out[end - out] = '\0';
	return out;
}

static void numbers_have_as_many_decimals_as_they_need(void **state) {
	static const struct {
		int64_t count;
		uint32_t millionths;
		const char *text;
	} rows[] = {
		{0, 0, "0"},
		{7, 0, "7"},
		{10, 0, "10"},
		{1234567890123, 0, "1234567890123"},
		{INT64_MAX, 0, "9223372036854775807"},
		{INT64_MAX, 999999, "9223372036854775807.999999"},
		{0, 500000, "0.5"},
		{3, 333333, "3.333333"},
		{3, 1, "3.000001"},
		{3, 100, "3.0001"},
		{12, 990000, "12.99"},
	};
	char out[DECIMAL_SIZE];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		expect_text(rows[i].text, text_of(out, decimal_put(out, rows[i].count, rows[i].millionths, '.')), "row %zu", i);
	}
	expect_text("3,25", text_of(out, decimal_put(out, 3, 250000, ',')), "a comma");
}

static void a_share_is_all_or_nothing_only_if_it_is(void **state) {
	static const struct {
		usec_t part, whole;
		const char *text;
	} rows[] = {
		{0, 100, "0"},
		{100, 100, "1"},
		{25, 100, "0.25"},
		{1, 3, "0.3333"},
		{2, 3, "0.6667"},
		{1, 1000000, "0.0001"},
		{999999, 1000000, "0.9999"},
		{31 * USEC_PER_DAY - 1, 31 * USEC_PER_DAY, "0.9999"},
		{120, 100, "1"},
		{0, 0, "0"},
	};
	char out[DECIMAL_SIZE];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		expect_text(rows[i].text, text_of(out, decimal_put_share(out, rows[i].part, rows[i].whole, '.')), "row %zu", i);
	}
	expect_text("0,5", text_of(out, decimal_put_share(out, 1, 2, ',')), "a comma");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_as_many_decimals_as_they_need),
		cmocka_unit_test(a_share_is_all_or_nothing_only_if_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
