// SPDX-License-Identifier: ISC

/* request/unpack.h: gzip in all its forms, cut into pieces anywhere. */

#include "fixture.h"

#include "request/unpack.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <zlib.h>

enum { ROOM = 1 << 20 };

/* What zlib says instead, when memory is short; 0: it does its work. */
static struct {
	int init, inflate;
} zlib_says;

int inflateInit2_(z_streamp stream, int bits, const char *version, int size) {
	int (*really)(z_streamp, int, const char *, int) =
		(int (*)(z_streamp, int, const char *, int))dlsym(RTLD_NEXT, "inflateInit2_");
	return zlib_says.init ? zlib_says.init : really(stream, bits, version, size);
}

int inflate(z_streamp stream, int flush) {
	int (*really)(z_streamp, int) = (int (*)(z_streamp, int))dlsym(RTLD_NEXT, "inflate");
	return zlib_says.inflate ? zlib_says.inflate : really(stream, flush);
}

/* zlib's names for what stands around packed data. */
enum { GZIP = 15 + 16, ZLIB = 15, RAW = -15 };

/* Appends a member that holds the text. */
static void put_packed(struct buf *out, const char *text, size_t len, int container) {
	static unsigned char packed[ROOM];
	z_stream stream = {0};
	expect_int(Z_OK, deflateInit2(&stream, 9, Z_DEFLATED, container, 8, Z_DEFAULT_STRATEGY));
	stream.next_in = (unsigned char *)text;
	stream.avail_in = (unsigned)len;
	stream.next_out = packed;
	stream.avail_out = sizeof(packed);
	expect_int(Z_STREAM_END, deflate(&stream, Z_FINISH));
	buf_append(out, packed, stream.total_out);
	(void)deflateEnd(&stream);
}

static void put_member(struct buf *out, const char *text, size_t len) {
	put_packed(out, text, len, GZIP);
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
	expect_not_null(unpack);
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
	expect_not_null(unpack);
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
	expect_true(text && unpack);
	memset(text, 'g', LARGE);
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct buf packed, out;
		buf_init(&packed, ROOM);
		buf_init(&out, rows[row].max);
		put_member(&packed, text, LARGE);
		put_member(&packed, text, LARGE);
		unpack_clear(unpack);
		for (size_t piece = 1; rows[row].expected == 0 && piece < packed.len; piece += 61) {
			expect_int(0, feed(unpack, &packed, piece, &out), "in pieces of %zu", piece);
			expect_int(2 * LARGE, out.len, "length in pieces of %zu", piece);
			expect_int(true, unpack_is_whole(unpack), "in pieces of %zu: it is whole", piece);
			unpack_clear(unpack);
			buf_clear(&out);
		}
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

/* Of the three forms in which zlib packs, HTTP's gzip is one. */
static void what_is_packed_otherwise_is_refused(void **state) {
	(void)state;
	static const struct {
		int container, expected;
	} rows[] = {{GZIP, 0}, {ZLIB, -EBADMSG}, {RAW, -EBADMSG}};
	struct unpack *unpack = unpack_new();
	expect_not_null(unpack);
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct buf packed, out;
		buf_init(&packed, ROOM);
		buf_init(&out, ROOM);
		put_packed(&packed, "alpha ", 6, rows[row].container);
		unpack_clear(unpack);
		expect_int(rows[row].expected, feed(unpack, &packed, packed.len, &out), "row %zu", row);
		buf_done(&packed);
		buf_done(&out);
	}
	unpack_free(unpack);
}

/* A packer may refer back by up to 32 KiB, across what was fed before. */
static void what_repeats_from_far_back_is_unpacked(void **state) {
	(void)state;
	enum { DISTANCE = 32000 };
	char *text = malloc(2 * DISTANCE);
	struct unpack *unpack = unpack_new();
	struct buf packed, out;
	struct rng rng;
	expect_true(text && unpack);
	rng_init(&rng, 7);
	for (size_t i = 0; i < DISTANCE; i++) {
		text[i] = text[i + DISTANCE] = (char)('a' + rng_below(&rng, 26));
	}
	buf_init(&packed, ROOM);
	put_member(&packed, text, 2 * DISTANCE);
	expect_between(1, 3 * DISTANCE / 4, (int64_t)packed.len, "the second half is a reference to the first");
	for (size_t piece = 1000; piece <= packed.len + 1000; piece += 7000) {
		buf_init(&out, ROOM);
		unpack_clear(unpack);
		expect_int(0, feed(unpack, &packed, piece, &out), "in pieces of %zu", piece);
		expect_int(true, unpack_is_whole(unpack), "in pieces of %zu: it is whole", piece);
		expect_int(2 * DISTANCE, (int64_t)out.len, "in pieces of %zu: length", piece);
		expect_int(0, memcmp(text, out.data, 2 * DISTANCE), "in pieces of %zu: text", piece);
		buf_done(&out);
	}
	buf_done(&packed);
	unpack_free(unpack);
	free(text);
}

/* That memory is short is not the server's fault, and is said as that. */
static void short_memory_is_told_as_such(void **state) {
	(void)state;
	struct buf packed, out;
	zlib_says.init = Z_MEM_ERROR;
	struct unpack *unpack = unpack_new();
	zlib_says.init = 0;
	expect_null(unpack);

	unpack = unpack_new();
	expect_not_null(unpack);
	buf_init(&packed, ROOM);
	buf_init(&out, ROOM);
	put_member(&packed, "alpha ", 6);
	zlib_says.inflate = Z_MEM_ERROR;
	int r = feed(unpack, &packed, packed.len, &out);
	zlib_says.inflate = 0;
	expect_int(-ENOMEM, r, "zlib has no memory");
	unpack_clear(unpack);
	expect_int(0, feed(unpack, &packed, packed.len, &out), "it has some again");
	expect_text("alpha ", buf_text(&out), "it has some again");
	buf_done(&packed);
	buf_done(&out);
	unpack_free(unpack);
}

/* zlib counts in unsigned: a longer piece is not taken for a short one. */
static void a_piece_is_as_long_as_zlib_can_count(void **state) {
	(void)state;
	struct unpack *unpack = unpack_new();
	struct buf out;
	expect_not_null(unpack);
	buf_init(&out, ROOM);
	/* Of what is no gzip it reads the beginning alone. */
	expect_int(-EBADMSG, unpack_feed(unpack, "xxxxxxxxxxx", UINT_MAX, &out), "as long as it may be");
#if SIZE_MAX > UINT_MAX
	unpack_clear(unpack);
	expect_int(-EFBIG, unpack_feed(unpack, "xxxxxxxxxxx", (size_t)UINT_MAX + 1, &out), "longer by one");
#endif
	buf_done(&out);
	unpack_free(unpack);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_in_pieces_of_every_size),
		cmocka_unit_test(a_flipped_bit_is_damage_or_told_by_the_checksum),
		cmocka_unit_test(what_is_large_comes_whole_and_stops_at_the_cap),
		cmocka_unit_test(what_is_packed_otherwise_is_refused),
		cmocka_unit_test(what_repeats_from_far_back_is_unpacked),
		cmocka_unit_test(short_memory_is_told_as_such),
		cmocka_unit_test(a_piece_is_as_long_as_zlib_can_count),
	};
	return cmocka_run_group_tests_name("unpack", tests, NULL, NULL);
}
