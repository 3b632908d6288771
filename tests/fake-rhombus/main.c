// SPDX-License-Identifier: ISC

/*
 * fake-rhombus: a stand-in for Rhombus's occupancy service.
 *
 *   options   the command line
 *   world     keys, devices, fault rules, token buckets, journal: all that is known
 *   server    HTTP: listener (the socket), exchange (one request and its reply)
 *   service   request -> answer: the contract
 *             keys orgs query   who asks, how often, for what
 *             faults            rule (the language), effects (what a rule does to any reply)
 *             report            buckets (where time is cut), calendar (zones), count (numbers)
 *             discovery         cameras and locations
 *             control           the /_fake/ endpoints
 *             journal tally     what happened
 *
 * It shares no code with the daemon that it tests.
 */

#include "options.h"
#include "server.h"
#include "world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int signals_block(void) {
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	return sigprocmask(SIG_BLOCK, &signals, NULL);
}

/* A parent that was gone before the request is seen by its process number. */
static void die_with_parent(pid_t parent) {
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent) {
		exit(EXIT_SUCCESS);
	}
}

/* Renamed into place, so that whoever waits for the file finds it whole. */
static int port_write(const char *path, int port, struct why *why) {
	struct text temporary = {0};
	int r = 0;

	text_addf(&temporary, "%s.new", path);

	FILE *file = fopen(temporary.bytes, "we");

	if (!file || fprintf(file, "%d\n", port) < 0) {
		r = why_set(why, "%s: cannot be written", temporary.bytes);
	}
	if (file && fclose(file) != 0) {
		r = why_set(why, "%s: cannot be written", temporary.bytes);
	}
	if (r == 0 && rename(temporary.bytes, path) < 0) {
		r = why_set(why, "%s: cannot be put in place", path);
	}
	text_done(&temporary);
	return r;
}

static int announce(const struct server *server, const char *port_file, struct why *why) {
	printf("listening on %s\n", server_url(server));
	if (fflush(stdout) != 0) {
		return why_set(why, "stdout cannot be written");
	}
	return port_file ? port_write(port_file, server_port(server), why) : 0;
}

static int serve(struct world *world, const struct options *options, struct why *why) {
	struct server *server = server_new(world, options->listen, options->port, why);

	if (!server) {
		return -1;
	}

	int r = announce(server, options->port_file, why);

	if (r == 0) {
		r = server_run(server, why);
	}
	server_free(server);
	return r;
}

static int run(const struct options *options, struct why *why) {
	static struct world world;
	int r = world_init(&world, options, why);

	if (r == 0) {
		r = serve(&world, options, why);
	}
	world_done(&world);
	return r;
}

int main(int argc, char **argv) {
	pid_t parent = getppid();
	struct options options;
	struct why why = {.text = ""};
	int r = options_read(&options, argc, argv, &why);

	if (r == 0 && options.help) {
		fputs(options_help, stdout);
		options_done(&options);
		return EXIT_SUCCESS;
	}
	if (r == 0 && options.die_with_parent) {
		die_with_parent(parent);
	}
	if (r == 0) {
		r = signals_block();
	}
	if (r == 0) {
		r = run(&options, &why);
	}
	options_done(&options);
	if (r < 0) {
		fprintf(stderr, "fake-rhombus: %s\n", why.text);
	}
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
