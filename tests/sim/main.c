// SPDX-License-Identifier: ISC

/*
 * The simulation of occupancyd: the real program on a fake clock, a fake network
 * and a faulty disk, by seed.  README.md says what it models.
 *
 * - campaign  many seeds, and shrinking one        runner   a seed, life by life
 * - plan      what will happen, from the seed      people   makes it happen
 * - setup     the configuration's versions         edges    an independent calendar
 * - truth     what the counts really are           server   what is answered; body as text
 * - network   double of request/http.h             rules    what may be asked when
 * - disk      files, and what survives             file     double of base/file.h
 * - os        doubles of clock, journal, systemd   names    of rotated files
 * - ledger    devices as they go                   lines    the log read back; record-text
 * - audit     the log against the truth            world    time, digest, violations
 * - price     what --check says that it costs
 */

#include "campaign.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(FILE *file) {
	fputs("usage: sim [--seeds N] [--first SEED] [--jobs N] [--twice] [--stop-at-first] [--tap]\n"
	      "       [--patience SECONDS] [--logs DIRECTORY] [--nodes N] [--cluster]\n"
	      "       sim --seed SEED [--trace] [--shrink] [--events N,N,...] [--minutes N]\n"
	      "       --without KIND,...   of crashes, steps, disk, network, people\n",
	      file);
	return file == stderr ? 2 : 0;
}

static bool read_kinds(const char *text, unsigned *kinds) {
	char copy[256];
	(void)snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok(copy, ","); word; word = strtok(NULL, ",")) {
		size_t i = 0;
		while (i < PLAN_KINDS && strcmp(plan_kinds[i], word) != 0) {
			i++;
		}
		if (i == PLAN_KINDS) {
			return false;
		}
		*kinds &= ~(1u << i);
	}
	return true;
}

static void read_events(const char *text, struct run *run) {
	char copy[512];
	(void)snprintf(copy, sizeof(copy), "%s", text);
	run->only_some = true;
	for (char *word = strtok(copy, ","); word; word = strtok(NULL, ",")) {
		char *end;
		long number = strtol(word, &end, 10);
		if (*end == '\0' && number >= 0 && number < EVENTS_MAX) {
			run->wanted[number] = true;
		}
	}
}

enum {
	OPTION_SEEDS = 256,
	OPTION_FIRST,
	OPTION_JOBS,
	OPTION_TWICE,
	OPTION_STOP,
	OPTION_TAP,
	OPTION_SEED,
	OPTION_TRACE,
	OPTION_SHRINK,
	OPTION_EVENTS,
	OPTION_MINUTES,
	OPTION_WITHOUT,
	OPTION_PATIENCE,
	OPTION_LOGS,
	OPTION_NODES,
	OPTION_CLUSTER,
};

/* Seconds of the processor's time: a life takes a few at most, with sanitizers some more. */
enum { PATIENCE = 120 };

static const struct option words[] = {
	{"seeds", required_argument, NULL, OPTION_SEEDS},
	{"first", required_argument, NULL, OPTION_FIRST},
	{"jobs", required_argument, NULL, OPTION_JOBS},
	{"twice", no_argument, NULL, OPTION_TWICE},
	{"stop-at-first", no_argument, NULL, OPTION_STOP},
	{"tap", no_argument, NULL, OPTION_TAP},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"trace", no_argument, NULL, OPTION_TRACE},
	{"shrink", no_argument, NULL, OPTION_SHRINK},
	{"events", required_argument, NULL, OPTION_EVENTS},
	{"minutes", required_argument, NULL, OPTION_MINUTES},
	{"without", required_argument, NULL, OPTION_WITHOUT},
	{"patience", required_argument, NULL, OPTION_PATIENCE},
	{"logs", required_argument, NULL, OPTION_LOGS},
	{"nodes", required_argument, NULL, OPTION_NODES},
	{"cluster", no_argument, NULL, OPTION_CLUSTER},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* Returns -1 to go on, else an exit code. */
static int read_option(int option, struct campaign *campaign, bool *shrink) {
	static char logs[PATH_MAX];
	switch (option) {
	case OPTION_SEEDS:
		campaign->seeds = strtoull(optarg, NULL, 10);
		return -1;
	case OPTION_SEED:
		campaign->seeds = 1;
		campaign->jobs = 1;
		__attribute__((fallthrough));
	case OPTION_FIRST:
		campaign->first = campaign->run.seed = strtoull(optarg, NULL, 10);
		return -1;
	case OPTION_JOBS:
		campaign->jobs = atoi(optarg);
		return campaign->jobs > 0 ? -1 : usage(stderr);
	case OPTION_TWICE:
		campaign->twice = true;
		return -1;
	case OPTION_STOP:
		campaign->stop_at_first = true;
		return -1;
	case OPTION_TAP:
		campaign->tap = true;
		return -1;
	case OPTION_TRACE:
		campaign->run.trace = true;
		return -1;
	case OPTION_SHRINK:
		*shrink = true;
		return -1;
	case OPTION_EVENTS:
		read_events(optarg, &campaign->run);
		return -1;
	case OPTION_MINUTES:
		campaign->run.minutes = strtoll(optarg, NULL, 10);
		return campaign->run.minutes > 0 ? -1 : usage(stderr);
	case OPTION_WITHOUT:
		return read_kinds(optarg, &campaign->run.kinds) ? -1 : usage(stderr);
	case OPTION_PATIENCE:
		campaign->run.patience_s = atoi(optarg);
		return campaign->run.patience_s > 0 ? -1 : usage(stderr);
	case OPTION_LOGS:
		campaign->run.logs = realpath(optarg, logs);
		return campaign->run.logs ? -1 : usage(stderr);
	case OPTION_NODES:
		campaign->run.nodes = atoi(optarg);
		return campaign->run.nodes > 0 && campaign->run.nodes <= NODES_MAX ? -1 : usage(stderr);
	case OPTION_CLUSTER:
		campaign->run.cluster = true;
		return -1;
	case 'h':
		return usage(stdout);
	default:
		return usage(stderr);
	}
}

int main(int argc, char *argv[]) {
	struct campaign campaign = {.run = {.kinds = PLAN_ALL, .patience_s = PATIENCE}, .first = 1, .seeds = 100, .jobs = 2};
	bool shrink = false;
	int option;

	while ((option = getopt_long(argc, argv, "h", words, NULL)) != -1) {
		int code = read_option(option, &campaign, &shrink);
		if (code >= 0) {
			return code;
		}
	}
	uint64_t failed = shrink ? campaign_shrink(&campaign.run) : campaign_run(&campaign);
	return failed ? 1 : 0;
}
