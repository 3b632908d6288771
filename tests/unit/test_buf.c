// SPDX-License-Identifier: ISC

#include "fixture.h"

#include "base/buf.h"

#include <errno.h>

static void check_text(const struct buf *buf, const char *expected, int error) {
	expect_text(expected, buf_text(buf));
	expect_int(strlen(expected), buf->len);
	expect_int(error, buf_error(buf));
}

static void new_buffer_is_empty_and_allocates_nothing(void **state) {
	(void)state;
	struct buf buf;
	buf_init(&buf, 100);
	check_text(&buf, "", 0);
	expect_null(buf.data);
	buf_done(&buf);
	buf_done(NULL);
}

static void what_is_appended_stands_in_order(void **state) {
	(void)state;
	struct buf buf;
	buf_init(&buf, 100);
	buf_puts(&buf, "lobby");
	buf_putc(&buf, ':');
	buf_append(&buf, " 7 people", 2);
	buf_printf(&buf, ", %s %d%%", "full to", 50);
	buf_puts(&buf, "");
	check_text(&buf, "lobby: 7, full to 50%", 0);
	buf_done(&buf);
}

static void nul_bytes_are_bytes(void **state) {
	(void)state;
	struct buf buf;
	buf_init(&buf, 100);
	buf_append(&buf, "a\0b", 3);
	buf_putc(&buf, '\0');
	expect_int(4, buf.len);
	expect_bytes("a\0b\0", buf.data, 5);
	buf_done(&buf);
}

static void it_fills_to_its_largest_size_and_not_beyond(void **state) {
	(void)state;
	struct buf buf;
	buf_init(&buf, 5);
	buf_puts(&buf, "12345");
	check_text(&buf, "12345", 0);
	buf_putc(&buf, '6');
	check_text(&buf, "12345", -EFBIG);
	buf_done(&buf);

	buf_init(&buf, 5);
	buf_printf(&buf, "%d", 123456);
	check_text(&buf, "", -EFBIG);
	buf_done(&buf);

	buf_init(&buf, 0);
	buf_puts(&buf, "");
	check_text(&buf, "", 0);
	buf_putc(&buf, 'a');
	check_text(&buf, "", -EFBIG);
	buf_done(&buf);
}

static void first_error_sticks_and_nothing_follows_it(void **state) {
	(void)state;
	struct buf buf;
	buf_init(&buf, 5);
	buf_puts(&buf, "123");
	buf_puts(&buf, "456");
	buf_puts(&buf, "7");
	buf_putc(&buf, '8');
	buf_printf(&buf, "%d", 9);
	check_text(&buf, "123", -EFBIG);
	buf_done(&buf);
}

static void clearing_forgets_the_error_and_keeps_the_memory(void **state) {
	(void)state;
	struct buf buf;
	buf_init(&buf, 5);
	buf_puts(&buf, "12345");
	buf_putc(&buf, '6');
	const char *memory = buf.data;
	buf_clear(&buf);
	check_text(&buf, "", 0);
	expect_same(memory, buf.data);
	buf_puts(&buf, "abc");
	check_text(&buf, "abc", 0);
	buf_done(&buf);

	buf_init(&buf, 5);
	buf_clear(&buf);
	check_text(&buf, "", 0);
	buf_done(&buf);
}

static void truncating_cuts_back_and_forgets_the_error(void **state) {
	(void)state;
	struct buf buf;
	buf_init(&buf, 5);
	buf_puts(&buf, "12345");
	buf_putc(&buf, '6');
	buf_truncate(&buf, 2);
	check_text(&buf, "12", 0);
	buf_puts(&buf, "ab");
	check_text(&buf, "12ab", 0);
	buf_truncate(&buf, 4);
	check_text(&buf, "12ab", 0);
	buf_done(&buf);
}

static void done_leaves_an_empty_usable_buffer(void **state) {
	(void)state;
	struct buf buf;
	buf_init(&buf, 5);
	buf_puts(&buf, "12345");
	buf_done(&buf);
	check_text(&buf, "", 0);
	expect_null(buf.data);
	buf_puts(&buf, "abcde");
	check_text(&buf, "abcde", 0);
	buf_putc(&buf, 'f');
	expect_int(-EFBIG, buf_error(&buf));
	buf_done(&buf);
}

/* Byte by byte and in pieces of all sizes, over every growth of the memory. */
static void growing_keeps_what_is_there(void **state) {
	(void)state;
	enum { LARGEST = 5000 };
	static char expected[LARGEST + 1];
	for (size_t i = 0; i < LARGEST; i++) {
		expected[i] = (char)('a' + i % 26);
	}

	for (size_t piece = 1; piece < 1000; piece += 37) {
		struct buf buf;
		buf_init(&buf, LARGEST);
		for (size_t at = 0; at < LARGEST; at += piece) {
			size_t len = LARGEST - at < piece ? LARGEST - at : piece;
			if (at % 2 == 0) {
				buf_append(&buf, expected + at, len);
			} else {
				buf_printf(&buf, "%.*s", (int)len, expected + at);
			}
			expect_int('\0', buf.data[buf.len]);
			expect_true(buf.size <= LARGEST + 1);
		}
		check_text(&buf, expected, 0);
		buf_done(&buf);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_buffer_is_empty_and_allocates_nothing),
		cmocka_unit_test(what_is_appended_stands_in_order),
		cmocka_unit_test(nul_bytes_are_bytes),
		cmocka_unit_test(it_fills_to_its_largest_size_and_not_beyond),
		cmocka_unit_test(first_error_sticks_and_nothing_follows_it),
		cmocka_unit_test(clearing_forgets_the_error_and_keeps_the_memory),
		cmocka_unit_test(truncating_cuts_back_and_forgets_the_error),
		cmocka_unit_test(done_leaves_an_empty_usable_buffer),
		cmocka_unit_test(growing_keeps_what_is_there),
	};
	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
