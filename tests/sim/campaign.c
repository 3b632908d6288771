// SPDX-License-Identifier: ISC

#include "campaign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** Shared by all jobs. */
struct progress {
	uint64_t next, done, failed, first_failed;
	struct figures sum;
};

static void *share(size_t size) {
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("sim: no shared memory");
		exit(2);
	}
	return memory;
}

/* Figures are nothing but counters, so that they can be added as an array. */
static void add_figures(struct figures *sum, const struct figures *one) {
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)one;
	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++) {
		__atomic_add_fetch(&to[i], from[i], __ATOMIC_RELAXED);
	}
}

static void put_command(char *text, size_t size, const struct run *run) {
	size_t len = (size_t)snprintf(text, size, "sim --seed %" PRIu64, run->seed);
	const char *before = " --without ";

	for (size_t i = 0; i < PLAN_KINDS; i++) {
		if (!(run->kinds & 1u << i)) {
			len += (size_t)snprintf(text + len, size - len, "%s%s", before, plan_kinds[i]);
			before = ",";
		}
	}
	before = " --events ";
	for (int i = 0; run->only_some && i < EVENTS_MAX; i++) {
		if (run->wanted[i]) {
			len += (size_t)snprintf(text + len, size - len, "%s%d", before, i);
			before = ",";
		}
	}
	if (run->only_some && before[0] != ',') {
		len += (size_t)snprintf(text + len, size - len, "%snone", before);
	}
	if (run->minutes > 0) {
		(void)snprintf(text + len, size - len, " --minutes %" PRId64, run->minutes);
	}
}

static void tell_failure(const struct run *run, const struct outcome *outcome) {
	char command[1024];
	put_command(command, sizeof(command), run);
	printf("seed %" PRIu64 " fails: %s\n  replay: %s --trace\n", run->seed, outcome->violation, command);
	fflush(stdout);
}

/* One seed, once or twice.  Returns whether all is well. */
static bool run_one(const struct campaign *campaign, uint64_t seed, struct outcome *outcome) {
	struct run run = campaign->run;
	run.seed = seed;
	runner_run(&run, outcome);
	if (campaign->twice && !outcome->violation[0]) {
		uint64_t digest = outcome->digest;
		runner_run(&run, outcome);
		if (outcome->digest != digest) {
			(void)snprintf(outcome->violation, sizeof(outcome->violation),
			               "replay: expected the digest %016" PRIx64 " again, but it is %016" PRIx64,
			               digest, outcome->digest);
		}
	}
	if (outcome->violation[0]) {
		tell_failure(&run, outcome);
	}
	return !outcome->violation[0];
}

static void work(const struct campaign *campaign, struct progress *progress) {
	struct outcome *outcome = share(sizeof(*outcome));
	uint64_t number;
	while ((number = __atomic_fetch_add(&progress->next, 1, __ATOMIC_RELAXED)) < campaign->seeds) {
		bool well = run_one(campaign, campaign->first + number, outcome);
		add_figures(&progress->sum, &outcome->figures);
		uint64_t done = __atomic_add_fetch(&progress->done, 1, __ATOMIC_RELAXED);
		if (!well) {
			__atomic_add_fetch(&progress->failed, 1, __ATOMIC_RELAXED);
			if (campaign->stop_at_first) {
				__atomic_store_n(&progress->next, campaign->seeds, __ATOMIC_RELAXED);
			}
		}
		if (done % 1000 == 0 && !campaign->tap) {
			printf("%" PRIu64 " seeds\n", done);
			fflush(stdout);
		}
	}
}

static void tell(const struct campaign *campaign, const struct progress *progress, double seconds) {
	const struct figures *sum = &progress->sum;
	const char *mark = campaign->tap ? "# " : "";
	printf("%s%" PRIu64 " seeds, %" PRIu64 " failed; %.1f days simulated in %.1f s\n", mark,
	       progress->done, progress->failed, (double)sum->simulated_s / 86400, seconds);
	printf("%s%" PRIu64 " lives: %" PRIu64 " stops, %" PRIu64 " crashes, %" PRIu64 " kills, %" PRIu64
	       " exits; %" PRIu64 " reloads\n",
	       mark, sum->lives, sum->stops, sum->crashes, sum->kills, sum->exits, sum->reloads);
	printf("%s%" PRIu64 " requests; %" PRIu64 " records: %" PRIu64 " revisions, %" PRIu64
	       " gaps; %" PRIu64 " rotations, %" PRIu64 " restorations\n",
	       mark, sum->requests, sum->records, sum->revisions, sum->gaps, sum->rotations,
	       sum->restorations);
	printf("%s%" PRIu64 " disk operations, %" PRIu64 " disk faults; %" PRIu64 " waits\n", mark,
	       sum->disk_operations, sum->disk_faults, sum->waits);
	if (campaign->tap) {
		printf("%s 1 - %" PRIu64 " seeds%s\n", progress->failed ? "not ok" : "ok", progress->done,
		       campaign->twice ? " replay byte for byte" : "");
	}
	fflush(stdout);
}

static double now(void) {
	struct timespec time = {0};
	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

uint64_t campaign_run(const struct campaign *campaign) {
	struct progress *progress = share(sizeof(*progress));
	double began = now();

	fflush(NULL);
	for (int i = 0; i < campaign->jobs; i++) {
		pid_t child = fork();
		if (child < 0) {
			perror("sim: fork");
			exit(2);
		}
		if (child == 0) {
			work(campaign, progress);
			fflush(NULL);
			_exit(0);
		}
	}
	while (wait(NULL) > 0 || errno == EINTR) {
	}
	tell(campaign, progress, now() - began);
	return progress->failed + (progress->done == 0);
}

/* Shrinking */

static bool fails(const struct run *run, struct outcome *outcome) {
	runner_run(run, outcome);
	return outcome->violation[0];
}

/* Leaves events out until no one of them can go any more. */
static void drop_events(struct run *run, struct outcome *outcome, int events) {
	for (int i = 0; !run->only_some && i < events; i++) {
		run->wanted[i] = true;
	}
	run->only_some = true;
	for (bool shrunk = true; shrunk;) {
		shrunk = false;
		for (int i = events; i-- > 0;) {
			if (run->wanted[i]) {
				run->wanted[i] = false;
				shrunk = fails(run, outcome) || shrunk;
				run->wanted[i] = !outcome->violation[0];
			}
		}
	}
}

/* Ends the faults earlier, as long as it still fails: by halves, then by what is between. */
static void shorten(struct run *run, struct outcome *outcome, int64_t minutes) {
	int64_t enough = minutes, too_short = 0;
	while (enough - too_short > 1) {
		run->minutes = (enough + too_short) / 2;
		if (fails(run, outcome)) {
			enough = run->minutes;
		} else {
			too_short = run->minutes;
		}
	}
	run->minutes = enough;
}

uint64_t campaign_shrink(const struct run *original) {
	struct outcome *outcome = share(sizeof(*outcome));
	struct run run = *original;

	if (!fails(&run, outcome)) {
		printf("seed %" PRIu64 " does not fail\n", run.seed);
		return 0;
	}
	drop_events(&run, outcome, outcome->events);
	(void)fails(&run, outcome);
	shorten(&run, outcome, outcome->minutes);
	(void)fails(&run, outcome);
	tell_failure(&run, outcome);
	return 1;
}
