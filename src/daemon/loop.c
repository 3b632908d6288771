// SPDX-License-Identifier: ISC

#include "daemon/loop.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/read.h"
#include "daemon/backfill.h"
#include "daemon/clockwork.h"
#include "daemon/command.h"
#include "daemon/once.h"
#include "daemon/recovery.h"
#include "daemon/reload.h"
#include "daemon/report.h"
#include "daemon/signals.h"
#include "daemon/zonewatch.h"
#include "status/notify.h"

#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

/* Whatever happens, the clocks are looked at again after this. */
#define LONGEST_WAIT (60 * USEC_PER_SEC)

/* The STATUS line follows what happens, but no faster than people read. */
#define STATUS_EVERY (1 * USEC_PER_SEC)

/* What could not be sent to systemd is sent again after this. */
#define NOTIFY_RETRY (1 * USEC_PER_SEC)

#define CHECKPOINT_EVERY (60 * USEC_PER_SEC)

/* After compressing or trimming has failed. */
#define UPKEEP_RETRY (60 * USEC_PER_SEC)

/* Within the 5 s that a stop may take, with time left for the checkpoint. */
#define DRAIN_TIME (4 * USEC_PER_SEC)

/** What is due when besides polls; monotonic. */
struct timers {
	usec_t status, checkpoint, watchdog, drain;
	usec_t watchdog_every;
	unsigned generation; /* of the log's current file, when a checkpoint was last tried */
	usec_t upkeep;       /* when compressing and trimming is tried again; USEC_INFINITY: it is well */
	bool log_failed;     /* as of the last turn */
	bool status_waits;
	bool not_reloaded; /* the files on the disk are not what is in force */
	bool recorded;     /* with once: all that was due */
	const char *elsewhere; /* but for this account, which another node of a cluster asks for */
	usec_t let_go;     /* and then others of a cluster are given so long to learn that they may ask */
	bool trimmed;      /* it has been reported that rotated files are removed */
	struct zonewatch zones;
};

static bool is_due(usec_t *timer, usec_t now, usec_t every) {
	if (now < *timer) {
		return false;
	}
	*timer = now + every;
	return true;
}

static void note(const struct loop *loop, enum storage_use use, int r, const char *path,
                 const struct error *err) {
	storage_note(poller_storage(loop->poller), use, r, path, err, clock_boottime());
}

static int save(const struct loop *loop, struct timers *timers) {
	struct error err = {{0}};
	/* If others have moved the log's file, what stands in it is behind this checkpoint. */
	(void)sink_follow(loop->sink, NULL);
	int r = recovery_save(loop->poller, &err);
	note(loop, STORAGE_CHECKPOINT, r, "checkpoint", &err);
	timers->checkpoint = clock_boottime() + CHECKPOINT_EVERY;
	timers->generation = sink_generation(loop->sink);
	return r;
}

/* A checkpoint tells where in which file a start goes on: another file wants another one. */
static bool save_is_due(const struct loop *loop, const struct timers *timers, usec_t now) {
	return now >= timers->checkpoint || sink_generation(loop->sink) != timers->generation;
}

/* The cursor goes back to the line's start, where log_line() begins. */
static void show_progress(const char *text) {
	if (isatty(STDERR_FILENO)) {
		(void)dprintf(STDERR_FILENO, "\033[K%s\r", text);
	}
}

static const char *config_trouble(const struct loop *loop, const struct timers *timers) {
	if (timers->not_reloaded) {
		return "not reloaded: see the journal";
	}
	if (poller_config(loop->poller)->device_count == 0) {
		return "has no device: add devices and reload";
	}
	return zonewatch_trouble(&timers->zones);
}

static void tell_status(const struct loop *loop, struct timers *timers, usec_t now) {
	timers->status_waits = report_changed(loop->poller) || timers->status_waits;
	if (!timers->status_waits || !is_due(&timers->status, now, STATUS_EVERY)) {
		return;
	}
	timers->status_waits = false;

	struct status status;
	struct buf text;
	report_status(loop->poller, &status);
	status.config = config_trouble(loop, timers);
	buf_init(&text, 4000);
	status_text(&status, &text);
	notify_status(buf_text(&text));
	if (loop->once) {
		show_progress(buf_text(&text));
	}
	buf_done(&text);
}

/* What the log's files go by. */
static usec_t true_time(const struct loop *loop) {
	usec_t now;
	return clock_confirmed_time(loop->poller, &now) ? now : USEC_UNKNOWN;
}

static int rotate(const struct loop *loop) {
	struct error err = {{0}};
	usec_t now;
	bool known = clock_naming_time(loop->poller, &now);
	int r = sink_rotate(loop->sink, known ? now : USEC_UNKNOWN, &err);
	note(loop, STORAGE_ROTATION, r, sink_path(loop->sink), &err);
	return r;
}

/* One file for each rotation is usual: only the first is reported. More at once are reported each time. */
static void tell_removed(const struct loop *loop, struct timers *timers) {
	struct rotate_removed removed;
	const char *directory = poller_config(loop->poller)->log.directory;
	if (!sink_removed(loop->sink, &removed)) {
		return;
	}
	if (removed.files > 1) {
		log_notice("%s: %d rotated files removed, from %s to %s, by log.%s", directory, removed.files,
		           removed.first, removed.last, removed.setting);
	} else if (!timers->trimmed) {
		log_notice("%s: %s removed, by log.%s; later removals of single files are not logged", directory,
		           removed.first, removed.setting);
	}
	timers->trimmed = true;
}

/* Compressing and trimming: a slice, or after a failure a new round from time to time. */
static bool do_upkeep(const struct loop *loop, struct timers *timers) {
	struct error err = {{0}};
	usec_t now = clock_boottime();
	if (now >= timers->upkeep) {
		timers->upkeep = USEC_INFINITY;
		sink_begin_work(loop->sink);
	}
	int r = sink_work(loop->sink, &err);
	if (r <= 0) {
		note(loop, STORAGE_UPKEEP, r, sink_path(loop->sink), &err);
		tell_removed(loop, timers);
	}
	if (r < 0 && timers->upkeep == USEC_INFINITY) {
		timers->upkeep = now + UPKEEP_RETRY;
	}
	return r > 0;
}

/* Where the log can be written again, all else that failed is tried at once. */
static void watch_disk(const struct loop *loop, struct timers *timers) {
	const struct storage *storage = poller_storage(loop->poller);
	bool fails = storage_fails(storage, STORAGE_LOG);
	if (timers->log_failed && !fails) {
		timers->checkpoint = 0;
		timers->upkeep = timers->upkeep == USEC_INFINITY ? USEC_INFINITY : 0;
		if (storage_fails(storage, STORAGE_ROTATION)) {
			(void)rotate(loop);
		}
	}
	timers->log_failed = fails;
}

/* Rotation by the clock, and the compressing and trimming that follow it.  Returns whether there is more. */
static bool tend_log(const struct loop *loop, struct timers *timers) {
	usec_t now = true_time(loop);
	watch_disk(loop, timers);
	sink_tick(loop->sink, now);
	if (now != USEC_UNKNOWN && now >= sink_rotation_due(loop->sink)) {
		(void)rotate(loop);
	}
	return do_upkeep(loop, timers);
}

/* What a start would take, a reload takes: without a device, too, it waits for one. */
static void reload(const struct loop *loop, struct timers *timers) {
	struct config *config;
	struct error err = {{0}};

	notify_reloading();
	int r = command_read_config(loop->config_file, &config);
	if (r < 0) {
		log_err("%s: not reloaded: the old configuration stays in force", loop->config_file);
	} else if ((r = reload_config(loop->poller, config, &err)) < 0) {
		log_err("%s: not reloaded: %s: the old configuration stays in force",
		        loop->config_file, err.text);
		config_free(config);
	} else {
		log_notice("%s: reloaded: %zu device%s", loop->config_file, config->device_count,
		           config->device_count == 1 ? "" : "s");
		if (config_check_devices(config, loop->config_file, &err) < 0) {
			log_err("%s", err.text);
		}
		command_warn_of_cost(config);
		timers->zones = (struct zonewatch){0};
		if (loop->socket) {
			socket_drop(loop->socket);
		}
	}
	backfill_look(loop->poller);
	timers->not_reloaded = r < 0;
	timers->status_waits = true;
	notify_ready();
}

static void rotate_on_signal(const struct loop *loop, struct timers *timers) {
	(void)sink_follow(loop->sink, NULL);
	if (sink_is_empty(loop->sink)) {
		log_info("%s: not rotated: there is no record in it", sink_path(loop->sink));
	} else if (rotate(loop) == 0) {
		log_info("%s: rotated", sink_path(loop->sink));
	}
	(void)save(loop, timers);
}

static void begin_stop(const struct loop *loop, struct timers *timers) {
	if (timers->drain != USEC_INFINITY) {
		timers->drain = 0; /* asked twice: at once */
		return;
	}
	notify_stopping();
	poller_drain(loop->poller);
	timers->drain = clock_boottime() + DRAIN_TIME;
}

static void handle_signals(const struct loop *loop, struct timers *timers) {
	struct signals signals;
	signals_read(loop->signals, &signals);
	if (signals.stop) {
		begin_stop(loop, timers);
	}
	if (signals.rotate) {
		rotate_on_signal(loop, timers);
	}
	if (signals.reload && timers->drain == USEC_INFINITY && !loop->once) {
		(void)save(loop, timers);
		reload(loop, timers);
		(void)save(loop, timers);
	}
}

static void tell_clients(const struct loop *loop, const struct timers *timers) {
	if (loop->socket) {
		loop->overview->config = config_trouble(loop, timers);
		socket_turn(loop->socket, clock_boottime());
	}
}

/* An update of the time zone database is reported, because only a reload can use it. */
static void watch_zones(const struct loop *loop, struct timers *timers, usec_t wall) {
	const struct config *config = poller_config(loop->poller);
	timers->status_waits = zonewatch_turn(&timers->zones, config, wall) || timers->status_waits;
}

static usec_t rotation_due(const struct loop *loop, usec_t now) {
	usec_t due = sink_rotation_due(loop->sink), when = true_time(loop);
	return due == USEC_INFINITY || when == USEC_UNKNOWN ? USEC_INFINITY : now + (due - when);
}

static usec_t earliest(const struct loop *loop, const struct timers *timers, usec_t next, usec_t now) {
	const usec_t others[] = {
		timers->recorded ? timers->let_go : USEC_INFINITY,
		now + (notify_flush() ? LONGEST_WAIT : NOTIFY_RETRY),
		rotation_due(loop, now),
		timers->drain,
		timers->checkpoint,
		timers->upkeep,
		timers->status_waits ? timers->status : USEC_INFINITY,
		timers->watchdog_every > 0 ? timers->watchdog : USEC_INFINITY,
		loop->socket ? socket_next(loop->socket) : USEC_INFINITY,
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		next = others[i] < next ? others[i] : next;
	}
	/* What is overdue may be so since the beginning of time, from which nothing can be subtracted. */
	return next > now ? next : now;
}

/*
 * With once all is recorded.  The upkeep comes first, for the next run may be as short, and
 * before that the checkpoint, which lets files go.
 */
static bool is_kept_up(const struct loop *loop, struct timers *timers, bool busy) {
	if (!timers->recorded) {
		timers->recorded = true;
		timers->elsewhere = once_elsewhere(loop->poller);
		(void)save(loop, timers);
		poller_drain(loop->poller);
		timers->let_go = clock_boottime() + DRAIN_TIME;
		return false;
	}
	return !busy && (poller_ended(loop->poller) || clock_boottime() >= timers->let_go);
}

/* Whether it is over; busy: there is more to compress or to trim. */
static bool is_over(const struct loop *loop, struct timers *timers, bool busy, size_t *incomplete) {
	if (loop->once && once_finished(loop->poller, incomplete)) {
		return timers->drain != USEC_INFINITY || is_kept_up(loop, timers, busy);
	}
	*incomplete = loop->once; /* ended by a signal, it has not recorded all */
	return timers->drain != USEC_INFINITY &&
	       (poller_ended(loop->poller) || clock_boottime() >= timers->drain);
}

static int finish(const struct loop *loop, struct timers *timers, size_t incomplete) {
	int saved = save(loop, timers);
	if (!loop->once) {
		return saved < 0 ? EX_IOERR : EX_OK;
	}

	struct status status;
	report_status(loop->poller, &status);
	if (status.requests == 0) {
		log_info("nothing was due: no request was made");
	}
	log_info("%llu record%s written to %s", (unsigned long long)status.records,
	         status.records == 1 ? "" : "s", sink_path(loop->sink));
	if (status.disk) {
		return EX_IOERR;
	}
	if (timers->elsewhere) {
		log_notice("%s: another node of the cluster asks for it: nothing was recorded here", timers->elsewhere);
		return EX_TEMPFAIL;
	}
	if (incomplete > 0) {
		log_err("not all that is due could be recorded: the next run continues from there");
		return EX_UNAVAILABLE;
	}
	return saved < 0 ? EX_IOERR : EX_OK;
}

int loop_run(const struct loop *loop) {
	struct timers timers = {
		.drain = USEC_INFINITY,
		.upkeep = USEC_INFINITY,
		.watchdog_every = notify_watchdog_interval() / 2,
		.status_waits = true,
	};
	size_t incomplete = 0;

	poller_start(loop->poller);
	backfill_look(loop->poller);
	(void)save(loop, &timers);
	notify_ready();
	for (;;) {
		usec_t next = poller_turn(loop->poller);
		usec_t now = clock_boottime();
		usec_t wall = clock_realtime();
		bool busy = tend_log(loop, &timers);
		if (save_is_due(loop, &timers, now)) {
			(void)save(loop, &timers);
		}
		watch_zones(loop, &timers, wall);
		tell_status(loop, &timers, now);
		if (timers.watchdog_every > 0 && is_due(&timers.watchdog, now, timers.watchdog_every)) {
			notify_watchdog();
		}
		if (is_over(loop, &timers, busy, &incomplete)) {
			return finish(loop, &timers, incomplete);
		}

		struct error err = {{0}};
		bool ending = timers.recorded && poller_ended(loop->poller);
		usec_t wait = busy || ending ? 0 : earliest(loop, &timers, next, now) - clock_boottime();
		int wake = loop->socket ? socket_fd(loop->socket) : loop->signals;
		if (http_wait(loop->http, wake, wait, &err) < 0) {
			log_crit("%s", err.text);
			return EX_SOFTWARE;
		}
		handle_signals(loop, &timers);
		tell_clients(loop, &timers);
	}
}
