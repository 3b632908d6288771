// SPDX-License-Identifier: ISC

#include "fixture.h"

#include "base/text.h"

#include <stdbool.h>

/* A text with its length, so that it may contain NUL. */
#define BYTES(text) (text), sizeof(text) - 1

static void check_escape(const char *in, size_t in_len, size_t size, const char *expected) {
	char out[256];
	memset(out, '#', sizeof(out));
	expect_true(size < sizeof(out));

	const char *got = text_escape(out, size, in, in_len);
	expect_same(out, got);
	if (strcmp(got, expected) != 0) {
		fail_msg("\"%.*s\" in %zu bytes: expected \"%s\", got \"%s\"", (int)in_len, in, size, expected, got);
	}
	expect_int('#', out[size]);
}

static void harmless_text_goes_through(void **state) {
	static const char *const rows[] = {
		"", "lobby", "a b", "100% \\ \"quoted\" <tag>", "caf\xc3\xa9", "\xe4\xbc\x9a\xe8\xae\xae\xe5\xae\xa4",
		"\xf0\x9f\x8f\xa2", "\xc2\xa0", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80",
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_escape(rows[i], strlen(rows[i]), 200, rows[i]);
	}
}

static void what_could_forge_a_line_is_spelt_out(void **state) {
	static const struct {
		const char *in;
		size_t in_len;
		const char *expected;
	} rows[] = {
		{BYTES("a\x1b[31mb"), "a\\x1b[31mb"},
		{BYTES("a\0b"), "a\\x00b"},
		{BYTES("a\x7f"), "a\\x7f"},
		{BYTES("\b\a"), "\\x08\\x07"},
		{BYTES("\xc2\x85"), "\\xc2\\x85"},             /* C1: next line */
		{BYTES("\xc2\x9b"), "\\xc2\\x9b"},             /* C1: control sequence */
		{BYTES("\xd8\x9c"), "\\xd8\\x9c"},             /* Arabic letter mark */
		{BYTES("\xe2\x80\xae" "evil"), "\\xe2\\x80\\xaeevil"}, /* right-to-left override */
		{BYTES("\xe2\x81\xa6"), "\\xe2\\x81\\xa6"},    /* left-to-right isolate */
		{BYTES("\xe2\x80\xa8"), "\\xe2\\x80\\xa8"},    /* line separator */
		{BYTES("\xef\xbb\xbf"), "\\xef\\xbb\\xbf"},    /* byte order mark */
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_escape(rows[i].in, rows[i].in_len, 200, rows[i].expected);
	}
}

static void bytes_that_are_no_utf_8_are_spelt_out(void **state) {
	static const struct {
		const char *in;
		const char *expected;
	} rows[] = {
		{"\x80", "\\x80"},
		{"\xff", "\\xff"},
		{"\xc3", "\\xc3"},
		{"\xc3(", "\\xc3("},
		{"\xe4\xbc", "\\xe4\\xbc"},
		{"\xc0\xaf", "\\xc0\\xaf"},                  /* overlong slash */
		{"\xc1\xbf", "\\xc1\\xbf"},
		{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
		{"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},         /* surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond U+10FFFF */
		{"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
		{"\xc3\xc3\xa9", "\\xc3\xc3\xa9"},           /* goes on with the next byte */
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_escape(rows[i].in, strlen(rows[i].in), 200, rows[i].expected);
	}
}

static void runs_of_white_space_are_one_blank(void **state) {
	(void)state;
	check_escape(BYTES("a \t\r\n\v\f b"), 200, "a b");
	check_escape(BYTES("\n"), 200, " ");
	check_escape(BYTES("a\n\nb\n"), 200, "a b ");
}

static void only_in_len_bytes_are_read(void **state) {
	(void)state;
	check_escape("abcdef", 3, 200, "abc");
	check_escape("caf\xc3\xa9", 4, 200, "caf\\xc3");
	check_escape("a  b", 2, 200, "a ");
	check_escape("x", 0, 200, "");
}

static void what_does_not_fit_ends_in_an_ellipsis(void **state) {
	static const struct {
		const char *in;
		size_t size;
		const char *expected;
	} rows[] = {
		{"abcdefgh", 9, "abcdefgh"},
		{"abcdefgh", 8, "abcd..."},
		{"abcdefgh", 5, "a..."},
		{"abcdefgh", 4, "..."},
		{"abcdefgh", 3, ".."},
		{"abcdefgh", 1, ""},
		{"abc", 4, "abc"},
		{"ab\x01""cdef", 9, "ab..."},            /* "ab\x01cdef" needs 11 */
		{"ab\x01""cdef", 10, "ab\\x01..."},
		{"ab\xe4\xbc\x9a""cd", 8, "ab\xe4\xbc\x9a""cd"},
		{"ab\xe4\xbc\x9a""cd", 7, "ab..."},      /* a character is never cut */
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_escape(rows[i].in, strlen(rows[i].in), rows[i].size, rows[i].expected);
	}
}

static void no_room_is_left_alone(void **state) {
	(void)state;
	char out[] = "####";
	expect_same(out, text_escape(out, 0, "abc", 3));
	expect_text("####", out);
}

/* UTF-8 by the table of RFC 3629, as a second opinion. */
static size_t sequence_len(const unsigned char *s) {
	if (s[0] < 0x80) {
		return 1;
	}
	size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
	if (s[0] < 0xc2 || s[0] > 0xf4 || s[1] < low || s[1] > high) {
		return 0;
	}
	for (size_t i = 2; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	return len;
}

static void whatever_comes_in_clean_bounded_utf_8_goes_out(void **state) {
	static const unsigned char likely[] = {0xc2, 0xe2, 0xed, 0xf0, 0xf4, 0x80, 0x81, 0xa0, 0x9f, ' ', '\n', 0, 'a'};
	(void)state;
	struct rng rng;
	seed_of_run(&rng);

	for (int i = 0; i < 50000; i++) {
		char in[64], out[64];
		size_t in_len = (size_t)rng_below(&rng, sizeof(in));
		size_t size = (size_t)rng_below(&rng, sizeof(out)) + 1;
		for (size_t j = 0; j < in_len; j++) {
			in[j] = (char)(rng_below(&rng, 2) == 0 ? likely[rng_below(&rng, sizeof(likely))]
			                                       : rng_below(&rng, 256));
		}
		text_escape(out, size, in, in_len);

		size_t len = strlen(out);
		expect_true(len < size);
		for (size_t at = 0; at < len;) {
			const unsigned char *s = (const unsigned char *)out + at;
			size_t used = sequence_len(s);
			bool control = s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
			if (used == 0 || control) {
				fail_msg("expected clean UTF-8, got byte 0x%02x at %zu of \"%s\"", s[0], at, out);
			}
			at += used;
		}
	}
}

/* What is special is taken in twos. */
static size_t put_pair(struct buf *out, const char *text, size_t len) {
	buf_putc(out, '<');
	buf_append(out, text, len < 2 ? len : 2);
	buf_putc(out, '>');
	return len < 2 ? len : 2;
}

static void special_bytes_are_put_by_others(void **state) {
	static const bool special[256] = {['\0'] = true, ['#'] = true, [0xff] = true};
	static const struct {
		const char *text;
		size_t len, first;
		const char *expected;
	} rows[] = {
		{BYTES(""), 0, ""},
		{BYTES("abc"), 3, "abc"},
		{BYTES("#"), 0, "<#>"},
		{BYTES("a#bc##d#"), 1, "a<#b>c<##>d<#>"},
		{BYTES("\xff\xff\xfe"), 0, "<\xff\xff>\xfe"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buf out;
		buf_init(&out, 100);
		text_put(&out, rows[i].text, rows[i].len, special, put_pair);
		expect_text(rows[i].expected, buf_text(&out));
		expect_int(rows[i].first, text_find(rows[i].text, 0, rows[i].len, special));
		expect_int(rows[i].len, text_find(rows[i].text, rows[i].len, rows[i].len, special));
		buf_done(&out);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(harmless_text_goes_through),
		cmocka_unit_test(what_could_forge_a_line_is_spelt_out),
		cmocka_unit_test(bytes_that_are_no_utf_8_are_spelt_out),
		cmocka_unit_test(runs_of_white_space_are_one_blank),
		cmocka_unit_test(only_in_len_bytes_are_read),
		cmocka_unit_test(what_does_not_fit_ends_in_an_ellipsis),
		cmocka_unit_test(no_room_is_left_alone),
		cmocka_unit_test(special_bytes_are_put_by_others),
		cmocka_unit_test(whatever_comes_in_clean_bounded_utf_8_goes_out),
	};
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
