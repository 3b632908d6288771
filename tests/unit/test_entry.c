// SPDX-License-Identifier: ISC

/* journal/entry.h: what is packed comes back; what is anything else is refused, and nothing of it is shown. */

#include "fixture.h"

#include "journal/entry.h"
#include "journal/journal.h"

#include <dlfcn.h>
#include <errno.h>
#include <zlib.h>

/* What zlib says instead, when memory is short; 0: it does its work. */
static struct {
	int deflate_init, deflate, inflate_init, inflate;
} zlib_says;

int deflateInit2_(z_streamp stream, int level, int method, int bits, int memory, int strategy, const char *version,
                  int size) {
	int (*really)(z_streamp, int, int, int, int, int, const char *, int) =
		(int (*)(z_streamp, int, int, int, int, int, const char *, int))dlsym(RTLD_NEXT, "deflateInit2_");
	return zlib_says.deflate_init ? zlib_says.deflate_init
	                              : really(stream, level, method, bits, memory, strategy, version, size);
}

int inflateInit2_(z_streamp stream, int bits, const char *version, int size) {
	int (*really)(z_streamp, int, const char *, int) =
		(int (*)(z_streamp, int, const char *, int))dlsym(RTLD_NEXT, "inflateInit2_");
	return zlib_says.inflate_init ? zlib_says.inflate_init : really(stream, bits, version, size);
}

int deflate(z_streamp stream, int flush) {
	int (*really)(z_streamp, int) = (int (*)(z_streamp, int))dlsym(RTLD_NEXT, "deflate");
	return zlib_says.deflate ? zlib_says.deflate : really(stream, flush);
}

int inflate(z_streamp stream, int flush) {
	int (*really)(z_streamp, int) = (int (*)(z_streamp, int))dlsym(RTLD_NEXT, "inflate");
	return zlib_says.inflate ? zlib_says.inflate : really(stream, flush);
}

/* The module itself, for its checksum. */
#include "../../src/journal/entry.c"

#define LINE "{\"device\":\"lobby\",\"start\":\"2026-11-23T08:15:00Z\",\"count\":17,\"status\":\"ok\"}\n"

enum { POSITION = 8812 };

static struct buf pack(const char *text, size_t len) {
	struct buf packed;
	buf_init(&packed, BUF_ANY);
	expect_int(0, entry_pack("acme", POSITION, ENTRY_LINES, text, len, &packed));
	return packed;
}

/* Gives an entry that was changed the checksum of its bytes, by packing's own function. */
static void seal(struct buf *packed) {
	uint64_t sum = checksum("acme", POSITION, (const unsigned char *)packed->data, packed->len);
	put_number((unsigned char *)packed->data + AT_CHECKSUM, sum, 8);
}

/* Refused, with a sentence, and the buffer as it was. */
static int unpack_refused(const char *account, uint64_t position, const void *data, size_t len, const char *what) {
	struct error err = {{0}};
	struct buf text;
	enum entry_kind kind = (enum entry_kind)77;
	buf_init(&text, BUF_ANY);
	buf_puts(&text, "before");
	/* On the heap, so that one byte too many is noticed. */
	void *copy = malloc(len > 0 ? len : 1);
	expect_not_null(copy);
	memcpy(copy, data, len);
	int r = entry_unpack(account, position, copy, len, &kind, &text, &err);
	free(copy);
	expect_true(r < 0, "%s: is refused", what);
	expect_true(err.text[0] != '\0', "%s: there is a sentence", what);
	expect_text("before", buf_text(&text), "%s: the buffer", what);
	expect_int(0, buf_error(&text), "%s: the buffer's error", what);
	expect_int(77, kind, "%s: kind", what);
	buf_done(&text);
	return r;
}

static void what_is_packed_comes_back(void **state) {
	(void)state;
	static const size_t sizes[] = {0, 1, 100, 16 << 10, (16 << 10) + 1, 1 << 20};
	static const enum entry_kind kinds[] = {ENTRY_LINES, ENTRY_SNAPSHOT};
	char *in = malloc(1 << 20);
	expect_not_null(in);
	for (size_t i = 0; i < 1 << 20; i++) {
		in[i] = (char)(i * i / 64);
	}
	for (size_t i = 0; i < COUNT_OF(sizes) * COUNT_OF(kinds); i++) {
		size_t len = sizes[i / 2];
		enum entry_kind kind = (enum entry_kind)77;
		struct error err = {{0}};
		struct buf packed, text;
		buf_init(&packed, BUF_ANY);
		buf_init(&text, BUF_ANY);
		buf_puts(&packed, "before");
		buf_puts(&text, "before");
		expect_int(0, entry_pack("acme", UINT64_MAX - i, kinds[i % 2], in, len, &packed), "%zu bytes", len);
		expect_int(0, entry_unpack("acme", UINT64_MAX - i, packed.data + 6, packed.len - 6, &kind, &text, &err),
		           "%zu bytes: %s", len, err.text);
		expect_int(kinds[i % 2], kind, "%zu bytes: kind", len);
		expect_int(6 + len, text.len, "%zu bytes: length", len);
		expect_bytes("before", text.data, 6);
		expect_bytes(in, text.data + 6, len, "%zu bytes", len);
		buf_done(&packed);
		buf_done(&text);
	}
	free(in);
}

/* Entries outlive programs: these bytes are those of version 1 for ever. */
static void version_1_reads_as_ever(void **state) {
	(void)state;
	static const unsigned char stored[] = {
		0x01, 0x00, 0x4b, 0x00, 0x00, 0x00, 0xa8, 0xcb, 0x2f, 0xd0, 0x86, 0x13, 0x0f, 0x4f, 0xab, 0x56,
		0x4a, 0x49, 0x2d, 0xcb, 0x4c, 0x4e, 0x55, 0xb2, 0x52, 0xca, 0xc9, 0x4f, 0x4a, 0xaa, 0x54, 0xd2,
		0x51, 0x2a, 0x2e, 0x49, 0x2c, 0x2a, 0x01, 0xf2, 0x8d, 0x0c, 0x8c, 0xcc, 0x74, 0x0d, 0x0d, 0x75,
		0x8d, 0x8c, 0x43, 0x0c, 0x2c, 0xac, 0x0c, 0x4d, 0xad, 0x0c, 0x0c, 0xa2, 0x80, 0xd2, 0xc9, 0xf9,
		0xa5, 0x79, 0x40, 0x69, 0x43, 0x73, 0xb0, 0xca, 0x92, 0xd2, 0x62, 0xa0, 0xd2, 0xfc, 0x6c, 0xa5,
		0x5a, 0x2e, 0x00,
	};
	struct buf packed = pack(LINE, strlen(LINE)), text;
	enum entry_kind kind;
	struct error err = {{0}};
	buf_init(&text, BUF_ANY);
	expect_int(0, entry_unpack("acme", POSITION, stored, sizeof(stored), &kind, &text, &err), "%s", err.text);
	expect_text(LINE, buf_text(&text));
	/* How zlib packs it may change, and then the checksum; version, kind and length do not. */
	expect_bytes(stored, packed.data, 6);
	buf_done(&packed);
	buf_done(&text);
}

static void another_account_or_position_is_refused(void **state) {
	(void)state;
	struct buf packed = pack(LINE, strlen(LINE));
	static const struct {
		const char *account;
		uint64_t position;
	} rows[] = {{"acme2", POSITION}, {"", POSITION}, {"Acme", POSITION}, {"acme", POSITION + 1}, {"acme", 0},
	            {"acme", POSITION + (1ull << 32)}};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		expect_int(-EBADMSG, unpack_refused(rows[row].account, rows[row].position, packed.data, packed.len, "another"),
		           "row %zu", row);
	}
	buf_done(&packed);
}

static void damage_of_each_bit_is_noticed(void **state) {
	(void)state;
	struct buf packed = pack(LINE, strlen(LINE));
	for (size_t i = 0; i < packed.len * 8; i++) {
		char what[32];
		(void)snprintf(what, sizeof(what), "bit %zu", i);
		packed.data[i / 8] = (char)(packed.data[i / 8] ^ 1 << i % 8);
		int r = unpack_refused("acme", POSITION, packed.data, packed.len, what);
		expect_int(i < 8 ? -EPROTO : -EBADMSG, r, "%s", what);
		packed.data[i / 8] = (char)(packed.data[i / 8] ^ 1 << i % 8);
	}
	buf_done(&packed);
}

static void what_is_too_short_or_too_long_is_refused(void **state) {
	(void)state;
	struct buf packed = pack(LINE, strlen(LINE));
	for (size_t len = 0; len < packed.len; len++) {
		expect_int(-EBADMSG, unpack_refused("acme", POSITION, packed.data, len, "cut off"), "%zu bytes", len);
	}
	buf_putc(&packed, '\0');
	expect_int(-EBADMSG, unpack_refused("acme", POSITION, packed.data, packed.len, "one byte more"));
	buf_done(&packed);
}

/* As a newer program might have written it: all is right but what this one does not know. */
static void what_is_newer_is_told_from_what_is_damaged(void **state) {
	(void)state;
	struct buf packed;
	buf_init(&packed, BUF_ANY);
	expect_int(0, entry_pack("acme", POSITION, (enum entry_kind)2, LINE, strlen(LINE), &packed));
	expect_int(-EPROTO, unpack_refused("acme", POSITION, packed.data, packed.len, "a kind"));
	packed.data[0] = 2;
	expect_int(-EPROTO, unpack_refused("acme", POSITION, packed.data, packed.len, "a version"));
	expect_int(-EPROTO, unpack_refused("acme", POSITION, "\x02", 1, "a version alone"));
	buf_done(&packed);
}

/* The checksum is right: whoever wrote it wrote this. */
static void what_is_not_as_its_head_says_is_refused(void **state) {
	(void)state;
	static const struct {
		size_t at;
		int to;
		const char *what;
	} rows[] = {{2, 1, "a length that is too small"}, {3, 1, "one that is too large"}, {14, 0xff, "not deflated"},
	            {14, 0x00, "another block"}};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct buf packed = pack(LINE, strlen(LINE));
		seal(&packed);
		packed.data[rows[row].at] = (char)rows[row].to;
		seal(&packed);
		expect_int(-EBADMSG, unpack_refused("acme", POSITION, packed.data, packed.len, rows[row].what));
		buf_done(&packed);
	}
	struct buf packed = pack(LINE, strlen(LINE));
	buf_putc(&packed, 'x');
	seal(&packed);
	expect_int(-EBADMSG, unpack_refused("acme", POSITION, packed.data, packed.len, "more behind it"));
	packed.len -= 3;
	seal(&packed);
	expect_int(-EBADMSG, unpack_refused("acme", POSITION, packed.data, packed.len, "an end that is missing"));
	packed.len = HEAD;
	seal(&packed);
	expect_int(-EBADMSG, unpack_refused("acme", POSITION, packed.data, packed.len, "nothing but the head"));
	buf_done(&packed);
}

static void a_text_has_a_largest_size(void **state) {
	(void)state;
	enum entry_kind kind;
	struct error err = {{0}};
	struct buf packed, text;
	char *blanks = malloc(ENTRY_TEXT_MAX + 1);
	expect_not_null(blanks);
	memset(blanks, ' ', ENTRY_TEXT_MAX + 1);
	buf_init(&packed, BUF_ANY);
	buf_init(&text, BUF_ANY);
	buf_puts(&packed, "before");
	expect_int(-EMSGSIZE, entry_pack("acme", 1, ENTRY_LINES, blanks, ENTRY_TEXT_MAX + 1, &packed));
	expect_text("before", buf_text(&packed));
	buf_clear(&packed);
	expect_int(0, entry_pack("acme", 1, ENTRY_LINES, blanks, ENTRY_TEXT_MAX, &packed));
	expect_int(0, entry_unpack("acme", 1, packed.data, packed.len, &kind, &text, &err), "%s", err.text);
	expect_int(ENTRY_TEXT_MAX, text.len);
	buf_done(&packed);
	buf_done(&text);
	free(blanks);
}

static void an_entry_has_a_largest_size(void **state) {
	(void)state;
	struct rng rng;
	size_t len = 2 << 20;
	char *noise = malloc(len);
	struct buf packed;
	expect_not_null(noise);
	rng_init(&rng, 1);
	for (size_t i = 0; i < len; i++) {
		noise[i] = (char)rng_below(&rng, 256);
	}
	buf_init(&packed, BUF_ANY);
	buf_puts(&packed, "before");
	expect_int(-EMSGSIZE, entry_pack("acme", 1, ENTRY_LINES, noise, len, &packed));
	expect_text("before", buf_text(&packed));
	expect_int(0, buf_error(&packed));
	expect_int(0, entry_pack("acme", 1, ENTRY_LINES, noise, JOURNAL_ENTRY_MAX - 1000, &packed));
	expect_between(JOURNAL_ENTRY_MAX - 1000, JOURNAL_ENTRY_MAX, packed.len - 6);
	free(noise);
	buf_done(&packed);
}

/* Deflated it is a thousandth: what says that it is small, and is not, is let go of early. */
static void a_bomb_is_refused(void **state) {
	(void)state;
	static const size_t sizes[] = {1 << 20, (ENTRY_TEXT_MAX)};
	char *blanks = malloc(ENTRY_TEXT_MAX);
	expect_not_null(blanks);
	memset(blanks, ' ', ENTRY_TEXT_MAX);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct buf packed = pack(blanks, sizes[i]);
		memcpy(packed.data + 2, "\x10\0\0\0", 4);
		seal(&packed);
		expect_int(-EBADMSG, unpack_refused("acme", POSITION, packed.data, packed.len, "longer than it says"));
		memcpy(packed.data + 2, "\xff\xff\xff\xff", 4);
		seal(&packed);
		expect_int(-EBADMSG, unpack_refused("acme", POSITION, packed.data, packed.len, "longer than any"));
		buf_done(&packed);
	}
	free(blanks);
}

static void lack_of_memory_is_told_from_damage(void **state) {
	(void)state;
	struct buf packed = pack(LINE, strlen(LINE)), text;
	enum entry_kind kind;
	struct error err = {{0}};
	zlib_says.inflate_init = Z_MEM_ERROR;
	expect_int(-ENOMEM, unpack_refused("acme", POSITION, packed.data, packed.len, "no memory at the beginning"));
	zlib_says.inflate_init = 0;
	zlib_says.inflate = Z_MEM_ERROR;
	expect_int(-ENOMEM, unpack_refused("acme", POSITION, packed.data, packed.len, "no memory"));
	zlib_says.inflate = 0;
	buf_init(&text, 10);
	expect_int(-ENOMEM, entry_unpack("acme", POSITION, packed.data, packed.len, &kind, &text, &err));
	expect_int(0, text.len, "what is in a small buffer");

	zlib_says.deflate_init = Z_MEM_ERROR;
	expect_int(-ENOMEM, entry_pack("acme", 1, ENTRY_LINES, LINE, strlen(LINE), &text));
	zlib_says.deflate_init = 0;
	zlib_says.deflate = Z_STREAM_ERROR;
	expect_int(-ENOMEM, entry_pack("acme", 1, ENTRY_LINES, LINE, strlen(LINE), &text));
	zlib_says.deflate = 0;
	expect_int(0, text.len, "what is in a small buffer");
	buf_done(&text);
	buf_done(&packed);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_packed_comes_back),
		cmocka_unit_test(version_1_reads_as_ever),
		cmocka_unit_test(another_account_or_position_is_refused),
		cmocka_unit_test(damage_of_each_bit_is_noticed),
		cmocka_unit_test(what_is_too_short_or_too_long_is_refused),
		cmocka_unit_test(what_is_newer_is_told_from_what_is_damaged),
		cmocka_unit_test(what_is_not_as_its_head_says_is_refused),
		cmocka_unit_test(a_text_has_a_largest_size),
		cmocka_unit_test(an_entry_has_a_largest_size),
		cmocka_unit_test(a_bomb_is_refused),
		cmocka_unit_test(lack_of_memory_is_told_from_damage),
	};
	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
