// SPDX-License-Identifier: ISC

/*
 * The command line.
 */

#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

enum action {
	ACTION_RUN,
	ACTION_ONCE,
	ACTION_CHECK,
	ACTION_PRINT_CONFIG,
	ACTION_VERSION,
	ACTION_HELP,
	ACTION_USAGE, /* the command line is wrong, and that has been said */
};

struct options {
	enum action action;
	const char *config; /* path of the configuration file */
};

__attribute__((nonnull))
struct options options_parse(int argc, char *argv[]);

/** The text of --help, on standard output. */
void options_help(void);

#endif
