// SPDX-License-Identifier: ISC

#include "daemon/options.h"

#include "base/log.h"

#include <getopt.h>
#include <stdio.h>

#define DEFAULT_CONFIG "/etc/occupancyd/occupancyd.conf"

void options_help(void) {
	(void)fputs("Usage: occupancyd [-c FILE] [--check | --once | --print-config]\n"
	            "       occupancyd --version | --help\n"
	            "\n"
	            "Polls Rhombus's cloud for room occupancy counts and appends every closed\n"
	            "interval exactly once to rotating log files.\n"
	            "\n"
	            "  -c, --config FILE   read FILE instead of " DEFAULT_CONFIG "\n"
	            "      --check         check the configuration, say what it will cost, and exit\n"
	            "      --once          record all that is due, then exit\n"
	            "      --print-config  print the effective configuration, without secrets, and exit\n"
	            "      --version       print the version and exit\n"
	            "  -h, --help          print this and exit\n"
	            "\n"
	            "Signals: HUP reloads the configuration, USR1 rotates the log, TERM ends.\n"
	            "Manuals: occupancyd(8), occupancyd.conf(5), occupancy-log(5).\n",
	            stdout);
}

struct options options_parse(int argc, char *argv[]) {
	enum { OPTION_ACTION = 256 };
	static const struct option names[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, OPTION_ACTION + ACTION_CHECK},
		{"once", no_argument, NULL, OPTION_ACTION + ACTION_ONCE},
		{"print-config", no_argument, NULL, OPTION_ACTION + ACTION_PRINT_CONFIG},
		{"version", no_argument, NULL, OPTION_ACTION + ACTION_VERSION},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct options options = {.action = ACTION_RUN, .config = DEFAULT_CONFIG};
	int letter;

	while ((letter = getopt_long(argc, argv, "c:h", names, NULL)) != -1) {
		if (letter == 'c') {
			options.config = optarg;
			continue;
		}
		if (letter == '?') {
			options.action = ACTION_USAGE;
			return options;
		}
		enum action action = letter == 'h' ? ACTION_HELP : (enum action)(letter - OPTION_ACTION);
		if (action == ACTION_HELP || action == ACTION_VERSION) {
			options.action = action;
			return options;
		}
		if (options.action != ACTION_RUN && options.action != action) {
			log_err("--check, --once and --print-config cannot be combined");
			options.action = ACTION_USAGE;
			return options;
		}
		options.action = action;
	}
	if (optind < argc) {
		log_err("unexpected argument \"%s\": see occupancyd --help", argv[optind]);
		options.action = ACTION_USAGE;
	}
	return options;
}
