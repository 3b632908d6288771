// SPDX-License-Identifier: ISC

#include "runner.h"

#include "arena.h"
#include "audit.h"
#include "backup.h"
#include "daemon/command.h"
#include "disk.h"
#include "edges.h"
#include "ledger.h"
#include "lines.h"
#include "names.h"
#include "os.h"
#include "people.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	/* A life that blocks ends after so much real time; one that spins, by its run's patience. */
	BLOCKED_SECONDS = 1800,
	LIVES_MAX = 3000,
};

/* A stop may take so long, and a little for the simulation's own slow disk. */
#define STOP_TIME (5 * USEC_PER_SEC + 500 * USEC_PER_MSEC)

static char directory[256];

/* The real files: configuration and keys. */

static void make_directory(void) {
	const char *parent = getenv("TMPDIR");
	(void)snprintf(directory, sizeof(directory), "%s/occupancyd-sim-XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(directory) || chdir(directory) < 0 || mkdir("credentials", 0700) < 0) {
		perror("sim: no directory for the configuration");
		exit(2);
	}
	char credentials[300];
	(void)snprintf(credentials, sizeof(credentials), "%s/credentials", directory);
	(void)setenv("CREDENTIALS_DIRECTORY", credentials, 1);
	setup_write(false);
	for (int i = 0; i < SETUP_ACCOUNTS; i++) {
		setup_new_key(i);
	}
}

static void remove_directory(void) {
	static const char *const names[] = {"occupancyd.conf", "new.conf", "new.key", "credentials/key0",
	                                    "credentials/key1"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)unlink(names[i]);
	}
	(void)rmdir("credentials");
	(void)rmdir(directory);
}

static void make_world(const struct run *run) {
	arena_map();
	world_init(run->seed);
	disk_init();
	backup_init();
	names_init();
	ledger_init();
	os = arena_new(sizeof(*os));
	plan_init(run->seed, run->kinds);
	if (run->only_some) {
		plan_keep_only(run->wanted);
	}
	if (run->minutes > 0) {
		plan_shorten(run->minutes);
	}
	if (plan->offset != 0) {
		world_step(plan->offset);
	}
	edges_init(plan->begin - 45 * USEC_PER_DAY, plan->end + 15 * USEC_PER_DAY);
}

/* Lives */

static void live(const struct run *run) {
	in_life = true;
	(void)setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = run->patience_s}, NULL);
	(void)alarm(BLOCKED_SECONDS);
	exit(command_run(&(struct options){.action = ACTION_RUN, .config = "occupancyd.conf"}));
}

static void begin_life(void) {
	people_before_start();
	world->life++;
	world->life_began = world->now;
	world->unclean_until = world->stop_asked == USEC_INFINITY ? world->now : world->unclean_until;
	world->ready = false;
	world->stop_asked = USEC_INFINITY;
	world->doom = DOOM_NONE;
	world->off = 0;
	world->sig_stop = world->sig_reload = world->sig_rotate = false;
	world->disk_troubled = false;
	os->reloading = os->outdated = false;
	os->offset_told = world->wall_offset;
	world->figures.lives++;
	world_note("life %d begins", world->life);
}

/* A code of its own would be a sanitizer's. */
static bool is_disks_fault(int code) {
	return world->disk_troubled && code == EX_IOERR;
}

/* The daemon has ended by itself, or because it was told to.  Returns whether the run is over. */
static bool end_by_itself(int code) {
	static int in_a_row;
	world_note("the daemon ends with %d", code);
	disk_close_all();
	if (world->stop_asked != USEC_INFINITY) {
		world->figures.stops++;
		if (code != EX_OK && !is_disks_fault(code)) {
			world_violation("stop: expected exit code 0, but it is %d: %s", code, os->last_line);
		}
		if (world->now - world->stop_asked > STOP_TIME) {
			world_violation("stop: expected it to take 5 s at most, but it took %lld us",
			                (long long)(world->now - world->stop_asked));
		}
		in_a_row = 0;
		return world->now >= plan->end;
	}
	world->figures.exits++;
	if (!is_disks_fault(code)) {
		world_violation("exit: expected the daemon to run on, but it ended with %d: %s", code,
		                os->last_line);
	}
	if (world->life > LIVES_MAX) {
		world_violation("exit: expected fewer than %d lives", LIVES_MAX);
	}
	in_a_row = world->ready ? 0 : in_a_row + 1;
	world->off = in_a_row < 5 ? 5 * USEC_PER_SEC : in_a_row < 15 ? USEC_PER_MIN : 10 * USEC_PER_MIN;
	return false;
}

static bool end_life(int status) {
	if (WIFSIGNALED(status)) {
		world_violation("exit: expected no signal, but %s ended the daemon: %s",
		                strsignal(WTERMSIG(status)), os->last_line);
		return true;
	}
	switch (WEXITSTATUS(status)) {
	case EXIT_VIOLATION:
		return true;
	case EXIT_KILLED:
		world->figures.kills++;
		disk_close_all();
		return false;
	case EXIT_CRASHED:
		world->figures.crashes++;
		disk_crash();
		names_after_crash();
		return false;
	default:
		return end_by_itself(WEXITSTATUS(status));
	}
}

static bool one_life(const struct run *run) {
	int status;
	begin_life();
	fflush(NULL);
	pid_t child = fork();
	if (child < 0) {
		perror("sim: fork");
		exit(2);
	}
	if (child == 0) {
		live(run);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	bool over = end_life(status);
	ledger_settle();
	if (!over && !world->violation[0]) {
		usec_t off = world->off;
		world_advance(off > USEC_PER_SEC ? off : USEC_PER_SEC);
	}
	return over;
}

static void run_seed(const struct run *run, struct outcome *outcome) {
	tracing = run->trace;
	make_world(run);
	make_directory();
	if (tracing) {
		plan_print();
	}
	while (!world->violation[0] && !one_life(run)) {
	}
	if (!world->violation[0]) {
		audit_log();
	}
	if (!world->violation[0]) {
		audit_end();
	}
	remove_directory();
	if (run->logs && !world->violation[0]) {
		char path[512];
		(void)snprintf(path, sizeof(path), "%s/%llu", run->logs, (unsigned long long)run->seed);
		lines_save(path);
	}
	world->figures.simulated_s = (uint64_t)((world->now - world->begin) / USEC_PER_SEC);
	outcome->figures = world->figures;
	outcome->digest = world->digest;
	outcome->events = plan->len;
	outcome->minutes = plan_minutes();
	memcpy(outcome->violation, world->violation, sizeof(outcome->violation));
}

void runner_run(const struct run *run, struct outcome *outcome) {
	int status;
	(void)snprintf(outcome->violation, sizeof(outcome->violation), "the simulation itself has ended early");
	fflush(NULL);
	pid_t child = fork();
	if (child < 0) {
		perror("sim: fork");
		exit(2);
	}
	if (child == 0) {
		run_seed(run, outcome);
		fflush(NULL);
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
}
