// SPDX-License-Identifier: ISC

/* daemon/options.h: the command line. */

#include "fixture.h"

#include "daemon/options.h"

#include <getopt.h>
#include <unistd.h>

#define DEFAULT "/etc/occupancyd/occupancyd.conf"

enum { ARGS_MAX = 6 };

/* What is said goes to said[]; "" where nothing was. */
static struct options parse(const char *const args[ARGS_MAX], char *said, size_t size) {
	char copies[ARGS_MAX + 1][64] = {"occupancyd"};
	char *argv[ARGS_MAX + 2] = {copies[0]};
	int argc = 1, fds[2];
	for (; argc <= ARGS_MAX && args[argc - 1]; argc++) {
		(void)snprintf(copies[argc], sizeof(copies[argc]), "%s", args[argc - 1]);
		argv[argc] = copies[argc];
	}

	static char kept[64];
	int before = dup(STDERR_FILENO);
	expect_int(0, pipe(fds));
	expect_true(before >= 0 && dup2(fds[1], STDERR_FILENO) >= 0);
	optind = 0; /* getopt begins anew */
	struct options options = options_parse(argc, argv);
	(void)fflush(stderr);
	expect_true(dup2(before, STDERR_FILENO) >= 0);
	(void)close(before);
	(void)close(fds[1]);
	ssize_t len = read(fds[0], said, size - 1);
	(void)close(fds[0]);
	said[len > 0 ? len : 0] = '\0';

	/* The copies end here. */
	(void)snprintf(kept, sizeof(kept), "%s", options.config);
	options.config = kept;
	return options;
}

static void command_lines_mean_what_the_manual_says(void **state) {
	(void)state;
	static const struct {
		const char *args[ARGS_MAX];
		enum action action;
		const char *config;
	} rows[] = {
		{{NULL}, ACTION_RUN, DEFAULT},
		{{"-c", "/tmp/a.conf"}, ACTION_RUN, "/tmp/a.conf"},
		{{"-c/tmp/a.conf"}, ACTION_RUN, "/tmp/a.conf"},
		{{"--config", "/tmp/a.conf"}, ACTION_RUN, "/tmp/a.conf"},
		{{"--config=/tmp/a.conf"}, ACTION_RUN, "/tmp/a.conf"},
		{{"-c", "a", "-c", "b"}, ACTION_RUN, "b"},
		{{"--check"}, ACTION_CHECK, DEFAULT},
		{{"--once"}, ACTION_ONCE, DEFAULT},
		{{"--print-config"}, ACTION_PRINT_CONFIG, DEFAULT},
		{{"--check", "-c", "a"}, ACTION_CHECK, "a"},
		{{"-c", "a", "--once"}, ACTION_ONCE, "a"},
		{{"--check", "--check"}, ACTION_CHECK, DEFAULT},
		{{"--version"}, ACTION_VERSION, DEFAULT},
		{{"--help"}, ACTION_HELP, DEFAULT},
		{{"-h"}, ACTION_HELP, DEFAULT},
		{{"--check", "--help"}, ACTION_HELP, DEFAULT},
		{{"--"}, ACTION_RUN, DEFAULT},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char said[1024];
		struct options options = parse(rows[row].args, said, sizeof(said));
		expect_int(rows[row].action, options.action, "row %zu: action", row);
		expect_text(rows[row].config, options.config, "row %zu: config", row);
		expect_text("", said, "row %zu: nothing is said", row);
	}
}

static void wrong_command_lines_are_refused_aloud(void **state) {
	(void)state;
	static const struct {
		const char *args[ARGS_MAX];
		const char *named; /* what the message must name */
	} rows[] = {
		{{"--unknown"}, "--unknown"},
		{{"-x"}, "x"},
		{{"-c"}, "c"},
		{{"--config"}, "--config"},
		{{"--check=yes"}, "--check"},
		{{"extra"}, "extra"},
		{{"--check", "extra"}, "extra"},
		{{"--", "--check"}, "--check"},
		{{"--check", "--once"}, "--once"},
		{{"--once", "--print-config"}, "--print-config"},
		{{"--print-config", "--check"}, "--check"},
		{{"--unknown", "--check"}, "--unknown"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char said[1024];
		struct options options = parse(rows[row].args, said, sizeof(said));
		expect_int(ACTION_USAGE, options.action, "row %zu: action", row);
		expect_int(1, strstr(said, rows[row].named) != NULL, "row %zu: \"%s\" is named in \"%s\"", row,
		           rows[row].named, said);
	}
}

/* Every option of the table stands in --help. */
static void help_names_every_option_on_standard_output(void **state) {
	(void)state;
	static const char *const names[] = {"-c", "--config", "--check", "--once", "--print-config",
	                                    "--version", "-h", "--help", DEFAULT};
	char text[4096];
	int fds[2], before = dup(STDOUT_FILENO);
	expect_int(0, pipe(fds));
	(void)fflush(stdout);
	expect_true(before >= 0 && dup2(fds[1], STDOUT_FILENO) >= 0);
	options_help();
	(void)fflush(stdout);
	expect_true(dup2(before, STDOUT_FILENO) >= 0);
	(void)close(before);
	(void)close(fds[1]);
	ssize_t len = read(fds[0], text, sizeof(text) - 1);
	(void)close(fds[0]);
	text[len > 0 ? len : 0] = '\0';
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		expect_int(1, strstr(text, names[i]) != NULL, "%s stands in --help", names[i]);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_lines_mean_what_the_manual_says),
		cmocka_unit_test(wrong_command_lines_are_refused_aloud),
		cmocka_unit_test(help_names_every_option_on_standard_output),
	};
	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
