// SPDX-License-Identifier: ISC

/* request/unpack.h: gzip in all its forms, cut into pieces anywhere. */

#include "fixture.h"

#include "request/unpack.h"

#include <errno.h>
#include <zlib.h>

enum { ROOM = 1 << 20 };

/* Appends a member that holds the text. */
static void put_member(struct buf *out, const char *text, size_t len) {
	static unsigned char packed[ROOM];
	z_stream stream = {0};
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = (unsigned char *)text;
	stream.avail_in = (unsigned)len;
	stream.next_out = packed;
	stream.avail_out = sizeof(packed);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	buf_append(out, packed, stream.total_out);
	(void)deflateEnd(&stream);
}

/* Feeds it in pieces of that size.  Returns the first failure. */
static int feed(struct unpack *unpack, const struct buf *packed, size_t piece, struct buf *out) {
	int r = 0;
	for (size_t at = 0; r == 0 && at < packed->len; at += piece) {
		size_t left = packed->len - at;
		r = unpack_feed(unpack, packed->data + at, left < piece ? left : piece, out);
	}
	return r;
}

/* "a" a member "alpha ", "b" one "beta ", "e" one of nothing, "0" a zero, "x" a stray byte, "<" the last byte cut off. */
static void pack(struct buf *out, const char *form) {
	for (; *form; form++) {
		switch (*form) {
		case 'a':
			put_member(out, "alpha ", 6);
			break;
		case 'b':
			put_member(out, "beta ", 5);
			break;
		case 'e':
			put_member(out, "", 0);
			break;
		case '0':
			buf_append(out, "", 1);
			break;
		case '<':
			buf_truncate(out, out->len - 1);
			break;
		default:
			buf_putc(out, *form);
		}
	}
}

static void every_form_in_pieces_of_every_size(void **state) {
	(void)state;
	static const struct {
		const char *form, *text;
		int expected;
		bool whole;
	} rows[] = {
		{"", "", 0, true},
		{"a", "alpha ", 0, true},
		{"e", "", 0, true},
		{"ab", "alpha beta ", 0, true},
		{"aebea", "alpha beta alpha ", 0, true},
		{"a0", "alpha ", 0, true},
		{"ab000000000", "alpha beta ", 0, true},
		{"a<", "alpha ", 0, false},
		{"ab<", "alpha beta ", 0, false},
		{"e<<<<<<<<<<", "", 0, false},
		{"0a", "", -EBADMSG, false},
		{"x", "", -EBADMSG, false},
		{"hello", "", -EBADMSG, false},
		{"ax", "alpha ", -EBADMSG, false},
		{"a0b", "alpha ", -EBADMSG, false},
		{"a00x", "alpha ", -EBADMSG, false},
	};
	struct unpack *unpack = unpack_new();
	assert_non_null(unpack);
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct buf packed, out;
		buf_init(&packed, ROOM);
		buf_init(&out, ROOM);
		pack(&packed, rows[row].form);
		for (size_t piece = 1; piece <= packed.len + 1; piece++) {
			unpack_clear(unpack);
			buf_clear(&out);
			int r = feed(unpack, &packed, piece, &out);
			/* A bad first byte is told once the header is there. */
			bool early = rows[row].expected < 0 && r == 0 && !unpack_is_whole(unpack);
			if (!early) {
				expect_int(rows[row].expected, r, "%s in pieces of %zu", rows[row].form, piece);
			}
			expect_text(rows[row].text, buf_text(&out), "%s in pieces of %zu", rows[row].form, piece);
			if (r == 0) {
				expect_int(rows[row].whole, unpack_is_whole(unpack), "%s is whole", rows[row].form);
			}
		}
		buf_done(&packed);
		buf_done(&out);
	}
	unpack_free(unpack);
	unpack_free(NULL);
}

static void a_flipped_bit_is_damage_or_told_by_the_checksum(void **state) {
	(void)state;
	struct unpack *unpack = unpack_new();
	struct buf packed, out;
	assert_non_null(unpack);
	buf_init(&packed, ROOM);
	buf_init(&out, ROOM);
	pack(&packed, "ab");
	/* Behind the header, of which zlib leaves the time and the system alone. */
	for (size_t bit = 10 * 8; bit < packed.len * 8; bit++) {
		packed.data[bit / 8] ^= (char)(1 << bit % 8);
		unpack_clear(unpack);
		buf_clear(&out);
		int r = feed(unpack, &packed, packed.len, &out);
		bool same = r == 0 && unpack_is_whole(unpack) && strcmp(buf_text(&out), "alpha beta ") != 0;
		expect_int(false, same, "bit %zu: other text is taken for good", bit);
		packed.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	buf_done(&packed);
	buf_done(&out);
	unpack_free(unpack);
}

static void what_is_large_comes_whole_and_stops_at_the_cap(void **state) {
	(void)state;
	enum { LARGE = 300000 };
	static const struct {
		size_t max;
		int expected;
	} rows[] = {{2 * LARGE, 0}, {2 * LARGE - 1, -EFBIG}, {100, -EFBIG}};
	char *text = malloc(LARGE);
	struct unpack *unpack = unpack_new();
	assert_true(text && unpack);
	memset(text, 'g', LARGE);
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct buf packed, out;
		buf_init(&packed, ROOM);
		buf_init(&out, rows[row].max);
		put_member(&packed, text, LARGE);
		put_member(&packed, text, LARGE);
		unpack_clear(unpack);
		expect_int(rows[row].expected, feed(unpack, &packed, packed.len, &out), "at most %zu", rows[row].max);
		if (rows[row].expected == 0) {
			expect_int(2 * LARGE, out.len, "length");
			expect_int(2 * LARGE, strspn(buf_text(&out), "g"), "of what was packed");
		}
		buf_done(&packed);
		buf_done(&out);
	}
	unpack_free(unpack);
	free(text);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_in_pieces_of_every_size),
		cmocka_unit_test(a_flipped_bit_is_damage_or_told_by_the_checksum),
		cmocka_unit_test(what_is_large_comes_whole_and_stops_at_the_cap),
	};
	return cmocka_run_group_tests_name("unpack", tests, NULL, NULL);
}
