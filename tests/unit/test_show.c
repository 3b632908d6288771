// SPDX-License-Identifier: ISC

/* tool/show.h: times, sizes and columns as people read them. */

#include "fixture.h"

#include "tool/show.h"

#define SECOND USEC_PER_SEC
#define MINUTE USEC_PER_MIN
#define HOUR   USEC_PER_HOUR
#define DAY    USEC_PER_DAY

static void spans_have_their_two_largest_units(void **state) {
	static const struct {
		usec_t span;
		const char *text, *brief;
	} rows[] = {
		{0, "0 s", "0s"},
		{-5 * SECOND, "0 s", "0s"},
		{59 * SECOND, "59 s", "59s"},
		{MINUTE + 59 * SECOND, "1 min", "1m"},
		{34 * MINUTE, "34 min", "34m"},
		{2 * HOUR + 4 * MINUTE + 5 * SECOND, "2 h 4 min", "2h4m"},
		{HOUR, "1 h", "1h"},
		{3 * DAY + HOUR + 59 * MINUTE, "3 d 1 h", "3d1h"},
		{400 * DAY, "400 d", "400d"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[SHOW_SPAN_SIZE];
		expect_text(rows[i].text, show_span(text, rows[i].span), "row %zu", i);
		expect_text(rows[i].brief, show_age(text, rows[i].span), "row %zu, brief", i);
	}
}

static void columns_count_characters(void **state) {
	(void)state;
	struct buf out;
	buf_init(&out, 1000);
	expect_int(5, show_width("Caf\xc3\xa9!"), "width");
	show_padded(&out, "\xc3\xa9", 3, false);
	buf_putc(&out, '|');
	show_padded(&out, "42", 4, true);
	buf_putc(&out, '|');
	show_padded(&out, "longer", 2, true);
	expect_text("\xc3\xa9  |  42|longer", buf_text(&out));
	buf_done(&out);
}

static void sizes_are_in_powers_of_a_thousand(void **state) {
	static const struct {
		int64_t bytes;
		const char *text;
	} rows[] = {{0, "0 B"}, {999, "999 B"}, {1000, "1.0 kB"}, {9949, "9.9 kB"}, {987000000, "987 MB"}};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[SHOW_BYTES_SIZE];
		expect_text(rows[i].text, show_bytes(text, rows[i].bytes), "row %zu", i);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_have_their_two_largest_units),
		cmocka_unit_test(columns_count_characters),
		cmocka_unit_test(sizes_are_in_powers_of_a_thousand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
