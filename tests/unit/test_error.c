// SPDX-License-Identifier: ISC

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void set_writes_the_sentence_and_gives_the_code(void **state) {
	(void)state;
	struct error err = {"old"};
	assert_int_equal(error_set(&err, EINVAL, "%s: line %d is too long", "a.conf", 7), -EINVAL);
	assert_string_equal(err.text, "a.conf: line 7 is too long");
}

static void errno_adds_what_the_system_says(void **state) {
	(void)state;
	struct error err = {""};
	assert_int_equal(error_errno(&err, ENOENT, "cannot open %s", "/x"), -ENOENT);
	assert_string_equal(err.text, "cannot open /x: No such file or directory");
	assert_int_equal(error_errno(&err, 99999, "odd"), -99999);
	assert_string_equal(err.text, "odd: Unknown error 99999");
}

static void prefix_puts_the_subject_first(void **state) {
	(void)state;
	struct error err = {""};
	(void)error_set(&err, EIO, "disk on fire");
	error_prefix(&err, "%s log", "lobby");
	assert_string_equal(err.text, "lobby log: disk on fire");
	error_prefix(&err, "daemon");
	assert_string_equal(err.text, "daemon: lobby log: disk on fire");
}

static void nobody_need_listen(void **state) {
	(void)state;
	assert_int_equal(error_set(NULL, EINVAL, "%d", 1), -EINVAL);
	assert_int_equal(error_errno(NULL, EIO, "%d", 1), -EIO);
	error_prefix(NULL, "%d", 1);
}

static void arguments_may_hold_percent_signs(void **state) {
	(void)state;
	struct error err = {""};
	(void)error_set(&err, EINVAL, "%s", "100%s%n");
	error_prefix(&err, "%s", "%d");
	assert_string_equal(err.text, "%d: 100%s%n");
}

static void long_sentences_are_cut(void **state) {
	(void)state;
	char text[2000];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';

	struct error err = {""};
	(void)error_set(&err, EINVAL, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	(void)error_errno(&err, EIO, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void long_subject_leaves_room_for_the_sentence(void **state) {
	(void)state;
	char subject[2000];
	memset(subject, 'x', sizeof(subject) - 1);
	subject[sizeof(subject) - 1] = '\0';

	struct error err = {""};
	(void)error_set(&err, EINVAL, "too long");
	error_prefix(&err, "%s", subject);
	assert_int_equal(strlen(err.text), sizeof(err.text) / 2 + strlen(": too long"));
	assert_string_equal(err.text + sizeof(err.text) / 2, ": too long");

	(void)error_set(&err, EINVAL, "%s", subject);
	error_prefix(&err, "%s", subject);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_writes_the_sentence_and_gives_the_code),
		cmocka_unit_test(errno_adds_what_the_system_says),
		cmocka_unit_test(prefix_puts_the_subject_first),
		cmocka_unit_test(nobody_need_listen),
		cmocka_unit_test(arguments_may_hold_percent_signs),
		cmocka_unit_test(long_sentences_are_cut),
		cmocka_unit_test(long_subject_leaves_room_for_the_sentence),
	};
	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
