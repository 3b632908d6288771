// SPDX-License-Identifier: ISC

/* fixture.h: what each expectation says when it is not met, and that the test then fails. */

#include "fixture.h"

#include <sys/wait.h>
#include <unistd.h>

/* A test that fails, and what it then says. */
struct broken {
	CMUnitTestFunction test;
	const char *said;
};

static void wrong_int(void **state) {
	(void)state;
	int answer = 41;
	expect_int(42, answer);
}

static void wrong_int_of_a_row(void **state) {
	(void)state;
	expect_int(42, 41, "row %d", 7);
}

static void wrong_time(void **state) {
	(void)state;
	expect_time(USEC_PER_SEC, 0, "the epoch");
}

static void wrong_text(void **state) {
	(void)state;
	expect_text("a", "b", "letters");
}

static void no_text(void **state) {
	(void)state;
	expect_text("a", NULL, "letters");
}

static void other_text(void **state) {
	(void)state;
	expect_part("needle", "hay", "stack");
}

static void too_low(void **state) {
	(void)state;
	expect_between(2, 3, 1, "low");
}

static void too_high(void **state) {
	(void)state;
	expect_between(2, 3, 4, "high");
}

static void not_true(void **state) {
	(void)state;
	bool rain = false;
	expect_true(rain);
}

static void not_false(void **state) {
	(void)state;
	bool rain = true;
	expect_false(rain, "day %d", 2);
}

static void other_object(void **state) {
	(void)state;
	int one = 1, other = 2;
	expect_same(&one, &other, "objects");
}

static void not_null(void **state) {
	(void)state;
	int one = 1;
	int *pointer = &one;
	expect_null(pointer);
}

static void null(void **state) {
	(void)state;
	int *pointer = NULL;
	expect_not_null(pointer);
}

static void wrong_byte(void **state) {
	(void)state;
	expect_bytes("abc", "abd", 3, "letters");
}

static const struct broken broken[] = {
	{wrong_int, "answer: expected 42, got 41\n"},
	{wrong_int_of_a_row, "row 7: expected 42, got 41\n"},
	{wrong_time, "the epoch: expected 1970-01-01T00:00:01Z (1000000), got 1970-01-01T00:00:00Z (0)\n"},
	{wrong_text, "letters:\nexpected \"a\"\ngot      \"b\"\n"},
	{no_text, "letters:\nexpected \"a\"\ngot      \"(null)\"\n"},
	{other_text, "stack:\nexpected a text with \"needle\"\ngot \"hay\"\n"},
	{too_low, "low: expected 2 .. 3, got 1\n"},
	{too_high, "high: expected 2 .. 3, got 4\n"},
	{not_true, "rain: expected true, got false\n"},
	{not_false, "day 2: expected false, got true\n"},
	{other_object, "objects: expected the pointer "},
	{not_null, "pointer: expected the pointer "},
	{null, "pointer: expected anything but NULL\n"},
	{wrong_byte, "letters: expected 0x63 at byte 2 of 3, got 0x64\n"},
};

/* Runs it in a process of its own; what it prints goes into said.  Returns its exit status. */
static int run_apart(CMUnitTestFunction test, char *said, size_t size) {
	const struct CMUnitTest tests[] = {{.name = "apart", .test_func = test}};
	int ends[2], status = -1;
	expect_int(0, pipe(ends));
	(void)fflush(stdout);
	pid_t child = fork();
	expect_true(child >= 0);
	if (child == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)dup2(ends[1], STDERR_FILENO);
		(void)close(ends[1]);
		(void)setenv("CMOCKA_MESSAGE_OUTPUT", "STDOUT", 1);
		int failed = cmocka_run_group_tests(tests, NULL, NULL);
		(void)fflush(NULL);
		_exit(failed);
	}
	(void)close(ends[1]);
	size_t len = 0;
	for (ssize_t n; len < size - 1 && (n = read(ends[0], said + len, size - 1 - len)) > 0;) {
		len += (size_t)n;
	}
	said[len] = '\0';
	(void)close(ends[0]);
	expect_int(child, waitpid(child, &status, 0));
	return status;
}

static void each_expectation_fails_and_says_why(void **state) {
	(void)state;
	for (size_t i = 0; i < COUNT_OF(broken); i++) {
		char said[8192];
		int status = run_apart(broken[i].test, said, sizeof(said));
		expect_true(WIFEXITED(status), "row %zu", i);
		expect_int(1, WEXITSTATUS(status), "row %zu: tests that failed", i);
		expect_part(broken[i].said, said, "row %zu", i);
		expect_part("test_fixture.c:", said, "row %zu: where it is", i);
	}
}

static void met(void **state) {
	(void)state;
	expect_int(INT64_MIN, INT64_MIN);
	expect_time(0, 0);
	expect_text("a", "a");
	expect_text(NULL, NULL);
	expect_part("", "a");
	expect_between(2, 3, 2);
	expect_between(2, 3, 3);
	expect_true(1 + 1 == 2);
	expect_false(1 + 1 == 3);
	expect_same(met, met);
	expect_null(NULL);
	expect_not_null(met);
	expect_bytes("abc", "abd", 2);
}

static void what_is_met_fails_nothing(void **state) {
	(void)state;
	char said[8192];
	expect_int(0, run_apart(met, said, sizeof(said)), "%s", said);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_expectation_fails_and_says_why),
		cmocka_unit_test(what_is_met_fails_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
