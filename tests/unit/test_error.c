// SPDX-License-Identifier: ISC

#include "fixture.h"

#include "base/error.h"

#include <errno.h>

static void set_writes_the_sentence_and_gives_the_code(void **state) {
	(void)state;
	struct error err = {"old"};
	expect_int(-EINVAL, error_set(&err, EINVAL, "%s: line %d is too long", "a.conf", 7));
	expect_text("a.conf: line 7 is too long", err.text);
}

static void errno_adds_what_the_system_says(void **state) {
	(void)state;
	struct error err = {""};
	expect_int(-ENOENT, error_errno(&err, ENOENT, "cannot open %s", "/x"));
	expect_text("cannot open /x: No such file or directory", err.text);
	expect_int(-99999, error_errno(&err, 99999, "odd"));
	expect_text("odd: Unknown error 99999", err.text);
}

static void prefix_puts_the_subject_first(void **state) {
	(void)state;
	struct error err = {""};
	(void)error_set(&err, EIO, "disk on fire");
	error_prefix(&err, "%s log", "lobby");
	expect_text("lobby log: disk on fire", err.text);
	error_prefix(&err, "daemon");
	expect_text("daemon: lobby log: disk on fire", err.text);
}

static void nobody_need_listen(void **state) {
	(void)state;
	expect_int(-EINVAL, error_set(NULL, EINVAL, "%d", 1));
	expect_int(-EIO, error_errno(NULL, EIO, "%d", 1));
	error_prefix(NULL, "%d", 1);
}

static void arguments_may_hold_percent_signs(void **state) {
	(void)state;
	struct error err = {""};
	(void)error_set(&err, EINVAL, "%s", "100%s%n");
	error_prefix(&err, "%s", "%d");
	expect_text("%d: 100%s%n", err.text);
}

static void long_sentences_are_cut(void **state) {
	(void)state;
	char text[2000];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';

	struct error err = {""};
	(void)error_set(&err, EINVAL, "%s", text);
	expect_int(sizeof(err.text) - 1, strlen(err.text));
	(void)error_errno(&err, EIO, "%s", text);
	expect_int(sizeof(err.text) - 1, strlen(err.text));
}

static void long_subject_leaves_room_for_the_sentence(void **state) {
	(void)state;
	char subject[2000];
	memset(subject, 'x', sizeof(subject) - 1);
	subject[sizeof(subject) - 1] = '\0';

	struct error err = {""};
	(void)error_set(&err, EINVAL, "too long");
	error_prefix(&err, "%s", subject);
	expect_int(sizeof(err.text) / 2 + strlen(": too long"), strlen(err.text));
	expect_text(": too long", err.text + sizeof(err.text) / 2);

	(void)error_set(&err, EINVAL, "%s", subject);
	error_prefix(&err, "%s", subject);
	expect_int(sizeof(err.text) - 1, strlen(err.text));
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
