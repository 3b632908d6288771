// SPDX-License-Identifier: ISC

/*
 * occupancyctl: what stands in the logs of occupancyd, for people.
 */

#include "base/clock.h"
#include "base/word.h"
#include "tool/backfill.h"
#include "tool/discover.h"
#include "tool/export.h"
#include "tool/metrics.h"
#include "tool/report.h"
#include "tool/status.h"
#include "tool/tool.h"
#include "tool/verify.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command {
	const char *name, *summary;
	unsigned takes; /* of the options that commands share */
	const char *help;
	int (*run)(struct tool *tool, int argc, char *argv[]);
} commands[] = {
	{"backfill", "asks again for what has been recorded", TOOL_ALL, backfill_help, backfill_run},
	{"discover", "which cameras count people, as devices for the configuration", TOOL_JSON, discover_help,
	 discover_run},
	{"export", "the counts, for spreadsheets and other programs", TOOL_ALL, export_help, export_run},
	{"metrics", "how the daemon is doing, for Prometheus", TOOL_ROOMS, metrics_help, metrics_run},
	{"report", "how the rooms are used", TOOL_ALL, report_help, report_run},
	{"status", "how the daemon is doing, and each room", TOOL_ROOMS | TOOL_JSON, status_help, status_run},
	{"verify", "is every bucket in the log once?", TOOL_ALL, verify_help, verify_run},
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int help(void) {
	puts("Usage: occupancyctl COMMAND [OPTION]... [PATH]...\n\nCommands:");
	for (size_t i = 0; i < COMMANDS; i++) {
		printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	}
	puts("\nPATH is a directory or a file of the log; without one, the log of the configuration.\n"
	     "Manual: occupancyctl(1).");
	return 0;
}

static const struct command *find(const char *name) {
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

static int unknown(const char *name) {
	const char *nearest = NULL;
	unsigned best = WORD_FAR;
	for (size_t i = 0; i < COMMANDS; i++) {
		nearest = word_is_nearer(name, commands[i].name, &best) ? commands[i].name : nearest;
	}
	tool_error("there is no command \"%s\"%s%s%s", name, nearest ? ": did you mean " : ": see occupancyctl --help",
	           nearest ? nearest : "", nearest ? "?" : "");
	return EX_USAGE;
}

/* What was printed has arrived, or it is said that it has not. */
static int finish(int r) {
	bool failed = ferror(stdout) != 0;
	int why = fflush(stdout) == 0 ? 0 : errno;
	if (failed || why != 0) {
		tool_error("the output cannot be written: %s", strerror(why != 0 ? why : EIO));
		return EX_IOERR;
	}
	return r;
}

int main(int argc, char *argv[]) {
	/* A pipe that nobody reads any more is an error as any other. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		(void)fputs("Usage: occupancyctl COMMAND [OPTION]... [PATH]...: see occupancyctl --help\n", stderr);
		return EX_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		return finish(help());
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("occupancyctl " OCCUPANCYD_VERSION);
		return finish(0);
	}
	const struct command *command = find(argv[1]);
	if (!command) {
		return unknown(argv[1]);
	}
	struct tool tool = {
		.takes = command->takes, .command = command->name, .help = command->help, .config_file = TOOL_CONFIG,
		.now = clock_realtime()};
	int r = command->run(&tool, argc - 1, argv + 1);
	tool_done(&tool);
	return finish(r == TOOL_HELPED ? 0 : r);
}
