// SPDX-License-Identifier: ISC

/* base/base64.h: what is written is read back; what would not be written is refused. */

#include "fixture.h"

#include "base/base64.h"

#include <errno.h>

static void the_vectors_of_the_standard(void **state) {
	(void)state;
	static const struct {
		const char *bytes, *text;
	} rows[] = {
		{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "+//+"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct buf text, bytes;
		buf_init(&text, BUF_ANY);
		buf_init(&bytes, BUF_ANY);
		base64_put(&text, rows[row].bytes, strlen(rows[row].bytes));
		expect_text(rows[row].text, buf_text(&text), "row %zu", row);
		expect_int(0, base64_take(rows[row].text, strlen(rows[row].text), &bytes), "row %zu", row);
		expect_text(rows[row].bytes, buf_text(&bytes), "row %zu", row);
		buf_done(&text);
		buf_done(&bytes);
	}
}

static void every_byte_comes_back_at_every_place(void **state) {
	(void)state;
	unsigned char in[259];
	for (size_t i = 0; i < sizeof(in); i++) {
		in[i] = (unsigned char)(i * 7);
	}
	for (size_t len = 0; len <= sizeof(in); len++) {
		struct buf text, bytes;
		buf_init(&text, BUF_ANY);
		buf_init(&bytes, BUF_ANY);
		buf_puts(&bytes, "before ");
		base64_put(&text, in, len);
		expect_int((len + 2) / 3 * 4, text.len, "length of the text of %zu bytes", len);
		expect_int(0, base64_take(buf_text(&text), text.len, &bytes), "%zu bytes", len);
		expect_int(7 + len, bytes.len, "length of %zu bytes", len);
		expect_bytes("before ", bytes.data, 7, "%zu bytes", len);
		expect_bytes(in, bytes.data + 7, len, "%zu bytes", len);
		buf_done(&text);
		buf_done(&bytes);
	}
}

static void what_is_no_such_text_is_refused(void **state) {
	(void)state;
	static const char *const texts[] = {
		"Z", "Zg", "Zg=", "Zm9", "====", "Z===", "Zg==Zg==", "Zm8=Zm9v", "Zm9v\n", "Zm 9", "Zm9-", "Zm9_", "Z=g=",
		"=Zg=", "Zg=a", "Zm\xc3\xa4",
		"Zh==", "Zm9=", /* bits behind the last byte */
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct buf bytes;
		buf_init(&bytes, BUF_ANY);
		expect_int(-EBADMSG, base64_take(texts[i], strlen(texts[i]), &bytes), "\"%s\"", texts[i]);
		buf_done(&bytes);
	}
	struct buf bytes;
	buf_init(&bytes, BUF_ANY);
	expect_int(-EBADMSG, base64_take("Zm9\0", 4, &bytes), "a NUL");
	buf_done(&bytes);
}

static void a_buffer_has_its_largest_size(void **state) {
	(void)state;
	struct buf bytes;
	buf_init(&bytes, 5);
	expect_int(-EFBIG, base64_take("Zm9vYmFy", 8, &bytes));
	buf_done(&bytes);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_standard),
		cmocka_unit_test(every_byte_comes_back_at_every_place),
		cmocka_unit_test(what_is_no_such_text_is_refused),
		cmocka_unit_test(a_buffer_has_its_largest_size),
	};
	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
