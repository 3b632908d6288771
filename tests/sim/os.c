// SPDX-License-Identifier: ISC

/*
 * The doubles of base/clock.h, base/log.h, status/notify.h and daemon/signals.h,
 * and of the kernel's random numbers and process ids.
 */

#include "base/clock.h"
#include "base/log.h"
#include "daemon/signals.h"
#include "disk.h"
#include "ledger.h"
#include "os.h"
#include "setup.h"
#include "status/notify.h"
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

struct os *os;

/* Clocks: each look takes a moment. */

usec_t clock_realtime(void) {
	world->now++;
	return world_wall();
}

usec_t clock_boottime(void) {
	world->now++;
	return world_monotonic();
}

/* CLOCK_MONOTONIC, which the daemon must not go by; for a planted fault. */
usec_t clock_awake(void);
usec_t clock_awake(void) {
	return clock_boottime() - node->asleep;
}

/* The journal */

void log_init(void) {
}

static const char clock_set[] = "the clock was set ";

/* Steps that cancel each other out within a turn are not seen; one that never was must not be. */
static void hear_of_step(const char *line) {
	if (node->wall_offset == os->offset_told) {
		world_violation("journal: expected nothing about the clock, which has not been set, but the "
		                "daemon says: %s", line);
	}
	os->offset_told = node->wall_offset;
}

static void hear(enum log_level level, const char *line) {
	world_note("journal <%d> %s", (int)level, line);
	os->levels[level]++;
	(void)snprintf(os->last_line, sizeof(os->last_line), "%.500s", line);
	int number;
	if (sscanf(line, "occupancyd.conf:%d:", &number) == 1 && level <= LOG_LEVEL_ERR) {
		os->config_errors++;
	}
	if (strncmp(line, clock_set, sizeof(clock_set) - 1) == 0) {
		hear_of_step(line);
	}
	if (strstr(line, ": reloaded:")) {
		world->figures.reloads++;
		os->reloaded = true;
	}
	if (level == LOG_LEVEL_CRIT) {
		world_violation("journal: expected nothing critical, but the daemon says: %s", line);
	}
	if (strstr(line, "another node of the cluster is called")) {
		world_violation("journal: expected nothing about names, for each node has its own, but the daemon says: %s", line);
	}
}

void log_line(enum log_level level, const char *format, ...) {
	char line[2048];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	hear(level, line);
}

void log_lines(enum log_level level, const char *text) {
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		log_line(level, "%.*s", (int)(end - text), text);
	}
}

/* systemd */

/* A reader of CSV knows the columns from the first moment on, if the disk has had room for them. */
static void check_heading(void) {
	const struct inode *log = disk_look_up(&disk->log.now, "occupancy.csv");
	if (!node->ready && log && log->size == 0 && !node->disk_troubled) {
		world_violation("lines: expected occupancy.csv to have its header when the daemon is ready, but it is empty");
	}
}

void notify_ready(void) {
	if (os->reloading) {
		bool expected = !os->reloading_broken;
		if (os->reloaded != expected && !(expected && node->disk_troubled)) {
			world_violation("reload: expected %s, but the daemon %s; it says: %s",
			                expected ? "the new configuration" : "the old one to stay",
			                os->reloaded ? "has taken it" : "has not", os->last_line);
		}
		os->outdated = !os->reloaded;
		if (!expected && os->config_errors < 2) {
			world_violation("reload: expected two mistakes or more as FILE:LINE in the journal, but "
			                "there are %d", os->config_errors);
		}
	}
	ledger_configured(node->version);
	os->reloading = false;
	check_heading();
	node->ready = true;
	world_note("READY");
}

void notify_reloading(void) {
	os->reloading = true;
	os->reloading_broken = node->broken;
	os->reloaded = false;
	os->config_errors = 0;
	ledger_configured(node->version);
}

bool notify_flush(void) {
	return true;
}

void notify_stopping(void) {
	world_note("STOPPING");
}

void notify_extend_timeout(usec_t by) {
	world_note("EXTEND_TIMEOUT_USEC %lld", (long long)by);
}

void notify_status(const char *text) {
	(void)snprintf(os->status, sizeof(os->status), "%s", text);
	/* A node that follows an account tells of its backlog only when something else changes. */
	bool caught_up = nodes->cluster || strstr(text, "; backlog 0;");
	bool healthy = caught_up && !strstr(text, "failing") && !strstr(text, "wait") &&
	               !strstr(text, "cannot") && text[0] >= '0' && text[0] <= '9';
	os->unwell_since = healthy ? 0 : os->unwell_since ? os->unwell_since : world->now;
	world_note("STATUS %s", text);
}

void notify_watchdog(void) {
	os->watchdog = world->now;
}

usec_t notify_watchdog_interval(void) {
	return 0;
}

/* Signals */

int signals_open(struct error *err) {
	(void)err;
	return 3;
}

void signals_read(int fd, struct signals *ret_signals) {
	(void)fd;
	*ret_signals = (struct signals){
		.stop = node->sig_stop,
		.reload = node->sig_reload,
		.rotate = node->sig_rotate,
	};
	world->figures.signals += (uint64_t)(node->sig_stop + node->sig_reload + node->sig_rotate);
	node->sig_stop = node->sig_reload = node->sig_rotate = false;
}

void signals_close(int fd) {
	(void)fd;
}

/* The kernel */

/* Libraries ask before the simulation begins. */
ssize_t getrandom(void *buf, size_t len, unsigned flags) {
	if (!world) {
		return syscall(SYS_getrandom, buf, len, flags);
	}
	for (size_t i = 0; i < len; i++) {
		((unsigned char *)buf)[i] = (unsigned char)dice_next(&world->os);
	}
	return (ssize_t)len;
}

pid_t getpid(void) {
	return world ? 1000 + world_life() : (pid_t)syscall(SYS_getpid);
}
