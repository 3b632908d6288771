// SPDX-License-Identifier: ISC

#include "runner.h"

#include "agree.h"
#include "arena.h"
#include "audit.h"
#include "backup.h"
#include "daemon/command.h"
#include "disk.h"
#include "edges.h"
#include "ledger.h"
#include "lines.h"
#include "mail.h"
#include "names.h"
#include "os.h"
#include "people.h"
#include "rules.h"
#include "store.h"
#include "treaty.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
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

/* The real files: each machine's configuration, and the keys. */

static void go_home(void) {
	char path[sizeof(directory) + 8];
	(void)snprintf(path, sizeof(path), "%s/%s", directory, node->name);
	if (chdir(path) < 0) {
		perror("sim: no directory for the configuration");
		exit(2);
	}
}

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
	for (int i = nodes->count; i-- > 0;) {
		(void)node_enter(&nodes->all[i]);
		if (mkdir(node->name, 0700) < 0) {
			perror("sim: no directory for the configuration");
			exit(2);
		}
	}
	for (int i = nodes->count; i-- > 0;) {
		(void)node_enter(&nodes->all[i]);
		go_home();
		setup_write(false);
	}
	for (int i = 0; i < SETUP_ACCOUNTS; i++) {
		setup_new_key(i);
	}
}

static void remove_directory(void) {
	static const char *const names[] = {"a/occupancyd.conf", "b/occupancyd.conf", "c/occupancyd.conf", "a/new.conf",
	                                    "a/new.key", "credentials/key0", "credentials/key1"};
	static const char *const directories[] = {"a", "b", "c", "credentials"};
	int home = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)unlinkat(home, names[i], 0);
	}
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		(void)unlinkat(home, directories[i], AT_REMOVEDIR);
	}
	(void)close(home);
	(void)rmdir(directory);
}

static void make_machines(void) {
	for (int i = nodes->count; i-- > 0;) {
		node = &nodes->all[i];
		disk_init();
		backup_init();
		names_init();
		if (nodes->cluster && i + 1 < nodes->count) {
			node->ledger = nodes->all[i + 1].ledger;
		} else {
			ledger_init();
		}
		node->os = arena_new(sizeof(*node->os));
		(void)node_enter(node);
	}
}

/* One machine's clock is off as the plan says, the others' each as they are. */
static void set_clocks(uint64_t seed) {
	struct dice dice = dice_of(seed, 15);
	for (int i = nodes->count; i-- > 0;) {
		(void)node_enter(&nodes->all[i]);
		usec_t offset = i == 0                                 ? plan->offset
		                : plan->offset == 0 && !plan->steps    ? 0
		                                                       : dice_between(&dice, -5, 5) * USEC_PER_SEC;
		if (offset != 0) {
			world_step(offset);
		}
	}
}

static void make_world(const struct run *run) {
	arena_map();
	world_init(run->seed);
	nodes_init(run->nodes > 0 ? run->nodes : !run->cluster ? 1 : run->seed % 4 == 3 ? 2 : 3, run->cluster);
	make_machines();
	rules_init();
	if (run->cluster) {
		store_init();
		mail_init(run->seed);
		treaty_init();
		nodes_agenda(mail_next, mail_fire);
	}
	plan_init(run->seed, run->kinds);
	if (run->only_some) {
		plan_keep_only(run->wanted);
	}
	if (run->minutes > 0) {
		plan_shorten(run->minutes);
	}
	set_clocks(run->seed);
	edges_init(plan->begin - 45 * USEC_PER_DAY, plan->end + 15 * USEC_PER_DAY);
}

/* Lives */

static void begin_life(void) {
	people_before_start();
	node->life++;
	node->life_began = world->now;
	node->unclean_until = node->stop_asked == USEC_INFINITY ? world->now : node->unclean_until;
	node->ready = false;
	node->stop_asked = USEC_INFINITY;
	node->doom = DOOM_NONE;
	node->off = 0;
	node->sig_stop = node->sig_reload = node->sig_rotate = false;
	node->disk_troubled = false;
	node->moves = 0;
	os->reloading = os->outdated = false;
	os->offset_told = node->wall_offset;
	node->alive = true;
	world->figures.lives++;
	world_note("life %d begins", node->life);
}

static void live(const struct run *run) {
	in_life = true;
	(void)alarm(BLOCKED_SECONDS);
	if (nodes->count > 1) {
		node_begin();
		begin_life();
	}
	(void)setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = run->patience_s}, NULL);
	fflush(NULL);
	go_home();
	exit(command_run(&(struct options){.action = ACTION_RUN, .config = "occupancyd.conf"}));
}

/* A code of its own would be a sanitizer's. */
static bool is_disks_fault(int code) {
	return node->disk_troubled && code == EX_IOERR;
}

/* The daemon has ended by itself, or because it was told to.  Returns whether the run is over. */
static bool end_by_itself(int code) {
	world_note("the daemon ends with %d", code);
	disk_close_all();
	if (node->stop_asked != USEC_INFINITY) {
		world->figures.stops++;
		if (code != EX_OK && !is_disks_fault(code)) {
			world_violation("stop: expected exit code 0, but it is %d: %s", code, os->last_line);
		}
		/* A machine that is paused does nothing about it. */
		usec_t asked = node->stop_asked > node->paused_until ? node->stop_asked : node->paused_until;
		if (world->now - asked > STOP_TIME) {
			world_violation("stop: expected it to take 5 s at most, but it took %lld us",
			                (long long)(world->now - asked));
		}
		node->exits_in_a_row = 0;
		return world->now >= plan->end;
	}
	world->figures.exits++;
	if (!is_disks_fault(code)) {
		world_violation("exit: expected the daemon to run on, but it ended with %d: %s", code,
		                os->last_line);
	}
	if (node->life > LIVES_MAX) {
		world_violation("exit: expected fewer than %d lives", LIVES_MAX);
	}
	node->exits_in_a_row = node->ready ? 0 : node->exits_in_a_row + 1;
	node->off = node->exits_in_a_row < 5 ? 5 * USEC_PER_SEC : node->exits_in_a_row < 15 ? USEC_PER_MIN : 10 * USEC_PER_MIN;
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

/* The next life of the machine at hand, after it was off.  Those of one machine are alone, so that what comes before can be. */
static void fork_life(const struct run *run) {
	if (nodes->count == 1) {
		node_begin();
		begin_life();
	}
	fflush(NULL);
	pid_t child = fork();
	if (child < 0) {
		perror("sim: fork");
		exit(2);
	}
	if (child == 0) {
		live(run);
	}
	node->process = child;
}

static struct node *node_of(pid_t process) {
	for (int i = 0; i < nodes->count; i++) {
		if (nodes->all[i].process == process) {
			return &nodes->all[i];
		}
	}
	return NULL;
}

/* A life, of whichever machine, has ended. */
static void follow_life(const struct run *run, int status) {
	node->alive = false;
	node->process = 0;
	node->over = end_life(status);
	ledger_settle();
	if (!node->over && !world->violation[0]) {
		usec_t off = node->off;
		node->wake = world->now + (off > USEC_PER_SEC ? off : USEC_PER_SEC);
		fork_life(run);
	}
}

/* Those that wait for a turn that does not come. */
static void end_lives(void) {
	for (int i = 0; i < nodes->count; i++) {
		if (nodes->all[i].process > 0) {
			(void)kill(nodes->all[i].process, SIGKILL);
			(void)waitpid(nodes->all[i].process, NULL, 0);
		}
	}
}

static void run_lives(const struct run *run) {
	int status;
	for (int i = 0; i < nodes->count; i++) {
		(void)node_enter(&nodes->all[i]);
		node->wake = world->now;
		fork_life(run);
	}
	if (nodes->count > 1) {
		node_pass();
	}
	for (;;) {
		pid_t ended = waitpid(-1, &status, 0);
		if (ended < 0 && errno == EINTR) {
			continue;
		}
		struct node *of = ended > 0 ? node_of(ended) : NULL;
		if (!of) {
			break;
		}
		(void)node_enter(of);
		follow_life(run, status);
		if (world->violation[0]) {
			break;
		}
		if (nodes->count > 1) {
			node_pass();
		}
	}
	end_lives();
}

static void audit(void) {
	if (nodes->cluster) {
		treaty_end();
		agree();
	}
	for (int i = 0; i < nodes->count && !world->violation[0]; i++) {
		(void)node_enter(&nodes->all[i]);
		if (nodes->astray) {
			break; /* that node was started again, which the manual forbids, after others had gone on from an older state */
		}
		audit_log();
		/* A node whose log is ahead of a store that was put back has halted, until somebody decides. */
		if (!world->violation[0] && !(nodes->cluster && store->generation > 0)) {
			audit_end();
		}
	}
}

static void save_logs(const struct run *run) {
	char path[512];
	for (int i = 0; i < nodes->count; i++) {
		(void)node_enter(&nodes->all[i]);
		(void)snprintf(path, sizeof(path), "%s/%llu%s%s", run->logs, (unsigned long long)run->seed,
		               nodes->count > 1 ? "-" : "", nodes->count > 1 ? node->name : "");
		lines_save(path);
	}
}

/* One process of several runs at a time: that one is woken on another processor costs more than what it does. */
static void stay_on_one_processor(void) {
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void run_seed(const struct run *run, struct outcome *outcome) {
	tracing = run->trace;
	make_world(run);
	if (nodes->count > 1) {
		stay_on_one_processor();
	}
	make_directory();
	if (tracing) {
		plan_print();
	}
	run_lives(run);
	audit();
	remove_directory();
	if (run->logs && !world->violation[0]) {
		save_logs(run);
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
