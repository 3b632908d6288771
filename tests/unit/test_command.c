// SPDX-License-Identifier: ISC

/*
 * daemon/command.h and daemon/loop.c: the program below main(), from its first line in the
 * journal to its exit code.
 */

#include "rig.h"

#include "daemon/command.h"

#include <sysexits.h>

#define SECOND USEC_PER_SEC
#define MINUTE USEC_PER_MIN

#define HOURS  "{ uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; account = \"acme\"; interval = \"HOURLY\"; }"

/* What happens at which second of a run, in order; by the end of the table the daemon is told to stop. */
struct event {
	int at;
	int signal;                      /* 0: none */
	void (*act)(void);               /* NULL: nothing */
	const char *said;                /* by then, since the last event; NULL: anything */
};

static const struct event *events;
static usec_t begin;
static struct rig_answer answer;  /* to everything */
static bool silent;               /* nothing is answered */

static bool is_over(const struct event *event) {
	return !event || (event->signal == 0 && !event->act);
}

/* While the loop waits: one event at a time, and the network. */
static void meanwhile(void) {
	if (!is_over(events) && rig.now >= begin + events->at * SECOND) {
		if (events->said) {
			rig_expect_said(events->said);
		}
		if (events->act) {
			events->act();
		}
		if (events->signal) {
			expect_int(0, kill(getpid(), events->signal));
		}
		events++;
	}
	rig.wake_at = is_over(events) ? 0 : begin + events->at * SECOND;
	while (rig.open_len > 0 && !silent) {
		rig_answer(0, &answer);
	}
}

static int run(enum action action) {
	begin = rig.now;
	rig.meanwhile = meanwhile;
	return command_run(&(struct options){.action = action, .config = rig_path("main.conf")});
}

static void set_up_answers(void) {
	answer = (struct rig_answer){.status = 200, .count = 1};
	silent = false;
	events = NULL;
}

/* Standard output of an action. */
static const char *printed_by(enum action action, int expected) {
	int before = dup(STDOUT_FILENO);
	int fd = open(rig_path("stdout"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	expect_true(before >= 0 && fd >= 0);
	(void)fflush(stdout);
	expect_true(dup2(fd, STDOUT_FILENO) >= 0);
	int code = run(action);
	(void)fflush(stdout);
	expect_true(dup2(before, STDOUT_FILENO) >= 0);
	(void)close(before);
	(void)close(fd);
	expect_int(expected, code, "exit code");
	return rig_get("stdout");
}

static void once_records_what_is_due_and_says_so(void **state) {
	(void)state;
	set_up_answers();
	rig_configure(RIG_ACCOUNT, "", HOURS, "");
	expect_int(EX_OK, run(ACTION_ONCE), "exit code");
	rig_expect_said("<6>occupancyd *: 1 device of 1 account, log in */log/occupancy.ndjson\n"
	                "<6>1 record written to */log/occupancy.ndjson\n");
	expect_int(1, rig.sent, "requests");
	expect_int(1, strstr(rig_get("state/checkpoint"), "occupancyd") != NULL || rig_get("state/checkpoint")[0] != '(',
	           "a checkpoint");

	/* A minute later nothing is due. */
	rig_pass(MINUTE);
	expect_int(EX_OK, run(ACTION_ONCE), "exit code");
	rig_expect_said("<6>occupancyd *\n<6>nothing was due: no request was made\n<6>0 records written to *\n");
	expect_int(1, rig.sent, "requests");

	rig_pass(3 * USEC_PER_HOUR);
	expect_int(EX_OK, run(ACTION_ONCE), "exit code");
	rig_expect_said("<6>occupancyd *\n<6>3 records written to *\n");

	rig_pass(USEC_PER_HOUR);
	answer = (struct rig_answer){.status = 200, .body = "garbage"};
	expect_int(EX_UNAVAILABLE, run(ACTION_ONCE), "exit code");
	rig_expect_said("<6>occupancyd *\n<4>lobby: poll failed: * (attempt 3): *\n<6>0 records written to *\n"
	                "<3>not all that is due could be recorded: the next run continues from there\n");

	rig_configure(RIG_ACCOUNT, "", HOURS ", " RIG_FOYER, "");
	set_up_answers();
	expect_int(EX_OK, run(ACTION_ONCE), "exit code");
	rig_expect_said("<6>occupancyd *: 2 devices of 1 account, *\n<6>2 records written to *\n");
	expect_int(0, rig.endpoints, "endpoints");
}

/* With a signal it ends in time, and without the rest. */
static void once_that_is_stopped_is_not_done(void **state) {
	(void)state;
	static const struct event table[] = {{0, SIGTERM, NULL, NULL}, {0, 0, NULL, NULL}};
	set_up_answers();
	silent = true;
	events = table;
	rig_configure(RIG_ACCOUNT, "", HOURS, "");
	expect_int(EX_UNAVAILABLE, run(ACTION_ONCE), "exit code");
	expect_between(3 * SECOND, 5 * SECOND, rig.now - begin, "how long it takes");
	rig_expect_said("<6>occupancyd *\n<6>0 records written to *\n<3>not all that is due could be recorded: *\n");
}

static void what_cannot_start_says_why(void **state) {
	(void)state;
	static const struct {
		const char *devices, *more;
		enum action action;
		bool no_key;
		int code;
		const char *said;
	} rows[] = {
		{HOURS, "nonsense = 1;", ACTION_RUN, false, EX_CONFIG, "<3>*/main.conf:*: nonsense: *\n"},
		{HOURS, "nonsense = 1; more = 2;", ACTION_CHECK, false, EX_CONFIG, "<3>*/main.conf:*: nonsense: *\n<3>*: more: *\n"},
		{"", "", ACTION_ONCE, false, EX_CONFIG, "<3>*/main.conf*device*\n"},
		{HOURS, "", ACTION_ONCE, true, EX_CONFIG, "<3>account acme: */key cannot be opened: *\n"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		set_up_answers();
		rig_configure(RIG_ACCOUNT, "", rows[row].devices, rows[row].more);
		if (rows[row].no_key) {
			expect_int(0, remove(rig_path("key")));
		}
		expect_int(rows[row].code, run(rows[row].action), "row %zu: exit code", row);
		rig_expect_said(rows[row].said);
		expect_int(0, rig.sent, "row %zu: requests", row);
		expect_int(0, rig.endpoints, "row %zu: endpoints", row);
	}
	(void)remove(rig_path("main.conf"));
	expect_int(EX_CONFIG, run(ACTION_RUN), "exit code without a file");
	rig_expect_said("<3>*/main.conf: *\n");
}

static void check_tells_cost_and_keys(void **state) {
	(void)state;
	set_up_answers();
	rig_configure(RIG_ACCOUNT, "", RIG_LOBBY, "");
	const char *printed = printed_by(ACTION_CHECK, EX_OK);
	expect_int(1, strstr(printed, "acme") != NULL, "%s", printed);
	rig_expect_said("");
	expect_int(0, rig.endpoints, "endpoints");

	expect_int(0, remove(rig_path("key")));
	(void)printed_by(ACTION_CHECK, EX_CONFIG);
	rig_expect_said("<3>*/main.conf:1: account acme: */key cannot be opened: *\n");
	rig_put("key", "the-first-key");

	/* More than its rate allows. */
	rig_configure("base_url = \"http://127.0.0.1:1\"; name = \"acme\"; rate = \"1/h\"; burst = 1;", "window = \"1m\";",
	              RIG_LOBBY, "");
	printed = printed_by(ACTION_CHECK, EX_CONFIG);
	expect_int(1, strstr(printed, "acme") != NULL, "%s", printed);
	rig_expect_said("");
	/* A start goes on with that, and says it. */
	(void)run(ACTION_ONCE);
	rig_expect_said("<4>*acme*1/h*\n<6>occupancyd *");
	rig.sent = 0;

	rig_configure(RIG_ACCOUNT, "", "", "");
	(void)printed_by(ACTION_CHECK, EX_CONFIG);
	rig_expect_said("<3>*device*\n");
	expect_int(0, rig.sent, "requests");
}

/* A credential's file beside the configuration that others may read. */
static void an_open_source_of_a_credential_is_told(void **state) {
	(void)state;
	static const struct {
		mode_t mode;
		bool told;
	} rows[] = {{0600, false}, {0400, false}, {0640, true}, {0604, true}, {0610, true}, {0601, true}, {0777, true}};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		set_up_answers();
		(void)unlink(rig_path("api-key"));
		rig_put("api-key", "the-key");
		expect_int(0, chmod(rig_path("api-key"), rows[row].mode));
		rig_configure(RIG_ACCOUNT, "", RIG_LOBBY, "");
		char text[8192], *at;
		(void)snprintf(text, sizeof(text), "%s", rig_get("main.conf"));
		expect_not_null(at = strstr(text, "key_file = "));
		char rest[8192];
		(void)snprintf(rest, sizeof(rest), "%s", strchr(at, ';'));
		(void)snprintf(at, sizeof(text) - (size_t)(at - text), "key_file = \"api-key\"%s", rest);
		rig_put("main.conf", text);

		/* Seen from here the credential cannot be checked, which is no mistake. */
		(void)printed_by(ACTION_CHECK, EX_OK);
		const char *said = rig_said();
		char pattern[256];
		(void)snprintf(pattern, sizeof(pattern), "<4>*/api-key is accessible to other users (mode %03o): run chmod go= */api-key\n*",
		               (unsigned)rows[row].mode);
		expect_int(rows[row].told ? 0 : FNM_NOMATCH, fnmatch(pattern, said, 0), "row %zu: %s", row, said);
		expect_int(1, strstr(said, "not checked: ") != NULL, "row %zu: %s", row, said);
		expect_int(1, strncmp(strstr(said, "not checked") ? "<5>" : "", "<5>", 3) == 0, "row %zu", row);
	}
}

static void print_config_prints_what_is_in_force(void **state) {
	(void)state;
	set_up_answers();
	rig_configure(RIG_ACCOUNT, "", RIG_LOBBY, "");
	const char *printed = printed_by(ACTION_PRINT_CONFIG, EX_OK);
	expect_int(1, strstr(printed, "\"lobby\"") != NULL && strstr(printed, "max_points = 1440") != NULL, "%s", printed);
	rig_expect_said("");

	/* A full disk. */
	int before = dup(STDOUT_FILENO), full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	expect_true(before >= 0 && full >= 0);
	(void)fflush(stdout);
	expect_true(dup2(full, STDOUT_FILENO) >= 0);
	int code = run(ACTION_PRINT_CONFIG);
	clearerr(stdout);
	expect_true(dup2(before, STDOUT_FILENO) >= 0);
	(void)close(before);
	(void)close(full);
	expect_int(EX_IOERR, code, "exit code");
	rig_expect_said("<3>standard output cannot be written: No space left on device\n");
}

/* The life of a daemon */

static void break_configuration(void) {
	rig_configure(RIG_ACCOUNT, "", RIG_LOBBY, "nonsense = 1;");
}

static void add_foyer(void) {
	rig_configure(RIG_ACCOUNT, "", RIG_LOBBY ", " RIG_FOYER, "");
}

static void remove_devices(void) {
	rig_configure(RIG_ACCOUNT, "", "", "");
}

static char status_at[8][512];
static int statuses;

static void look_at_status(void) {
	(void)snprintf(status_at[statuses++], sizeof(status_at[0]), "%.500s", rig.status);
}

static void a_reload_is_taken_whole_or_not_at_all(void **state) {
	(void)state;
	static const struct event table[] = {
		{10, 0, look_at_status, "<6>occupancyd *: 1 device of 1 account, *\n"},
		{20, SIGHUP, break_configuration, ""},
		{30, 0, look_at_status,
		 "<3>*/main.conf:*: nonsense: *\n<3>*/main.conf: not reloaded: the old configuration stays in force\n"},
		{40, SIGHUP, remove_devices, ""},
		{50, 0, look_at_status, "<5>*/main.conf: reloaded: 0 devices\n<3>*/main.conf:*: devices: there is none: *\n"},
		{60, SIGHUP, add_foyer, ""},
		{70, 0, look_at_status, "<5>*/main.conf: reloaded: 2 devices\n"},
		{400, SIGTERM, NULL, ""},
		{0, 0, NULL, NULL},
	};
	set_up_answers();
	statuses = 0;
	events = table;
	rig_configure(RIG_ACCOUNT, "", RIG_LOBBY, "");
	expect_int(EX_OK, run(ACTION_RUN), "exit code");
	rig_expect_said("");
	expect_int(1, rig.stoppings, "times that it says it stops");
	expect_int(3, rig.reloadings, "times that it says it reloads");
	expect_int(4, rig.readies, "times that it says it is ready");
	expect_int(1, strstr(status_at[0], "1 device ok") != NULL && !strstr(status_at[0], "reload"), "%s", status_at[0]);
	expect_int(1, strstr(status_at[1], "not reloaded: see the journal") != NULL, "%s", status_at[1]);
	expect_int(1, strstr(status_at[2], "has no device: add devices and reload") != NULL, "%s", status_at[2]);
	expect_int(1, strstr(status_at[3], "2 devices ok") != NULL && !strstr(status_at[3], "reload"), "%s", status_at[3]);
	expect_int(1, strstr(rig_get("log/occupancy.ndjson"), "\"name\":\"foyer\"") != NULL, "the new device's records");
}

static void without_devices_it_waits_for_some(void **state) {
	(void)state;
	static const struct event table[] = {
		{10, 0, look_at_status, "<3>*device*\n<6>occupancyd *: 0 devices of 1 account, *\n"},
		{20, SIGHUP, add_foyer, ""},
		{30, 0, look_at_status, "<5>*/main.conf: reloaded: 2 devices\n"},
		{40, SIGINT, NULL, ""},
		{0, 0, NULL, NULL},
	};
	set_up_answers();
	statuses = 0;
	events = table;
	rig_configure(RIG_ACCOUNT, "", "", "");
	expect_int(EX_OK, run(ACTION_RUN), "exit code");
	expect_int(1, strstr(status_at[0], "has no device: add devices and reload") != NULL, "%s", status_at[0]);
	expect_int(1, strstr(status_at[1], "2 devices ok") != NULL, "%s", status_at[1]);
}

static void a_signal_rotates_the_log(void **state) {
	(void)state;
	static const struct event table[] = {
		{10, SIGUSR1, NULL, "<6>occupancyd *\n"},
		{20, SIGTERM, NULL, "<6>*/log/occupancy.ndjson: rotated\n"},
		{0, 0, NULL, NULL},
	};
	set_up_answers();
	events = table;
	rig_configure(RIG_ACCOUNT, "", RIG_LOBBY, "");
	expect_int(EX_OK, run(ACTION_RUN), "exit code");
	expect_text("", rig_get("log/occupancy.ndjson"), "the new file");
}

/* A request on its way has four seconds; who asks twice does not want to wait. */
static void a_stop_waits_for_what_is_on_its_way(void **state) {
	(void)state;
	static const struct event once[] = {{10, SIGTERM, NULL, NULL}, {0, 0, NULL, NULL}};
	static const struct event twice[] = {{10, SIGTERM, NULL, NULL}, {11, SIGTERM, NULL, NULL}, {0, 0, NULL, NULL}};
	static const struct {
		const struct event *events;
		bool silent;
		usec_t low, high;
	} rows[] = {
		{once, false, 10 * SECOND, 10 * SECOND},
		{once, true, 14 * SECOND, 14 * SECOND},
		{twice, true, 11 * SECOND, 11 * SECOND},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		set_up_answers();
		events = rows[row].events;
		silent = rows[row].silent;
		rig_configure(RIG_ACCOUNT, "", RIG_LOBBY, "");
		expect_int(EX_OK, run(ACTION_RUN), "row %zu: exit code", row);
		expect_between(rows[row].low, rows[row].high, rig.now - begin, "row %zu: end", row);
		rig.open_len = 0;
		rig_pass(USEC_PER_HOUR);
	}
}

static void the_watchdog_hears_of_it_twice_in_its_time(void **state) {
	(void)state;
	static const struct event table[] = {{600, SIGTERM, NULL, NULL}, {0, 0, NULL, NULL}};
	set_up_answers();
	events = table;
	rig.watchdog_interval = 20 * SECOND;
	rig_configure(RIG_ACCOUNT, "", HOURS, "");
	expect_int(EX_OK, run(ACTION_RUN), "exit code");
	expect_between(60, 62, rig.watchdogs, "pings in ten minutes");

	rig.watchdogs = 0;
	rig.watchdog_interval = 0;
	events = table;
	expect_int(EX_OK, run(ACTION_RUN), "exit code");
	expect_int(0, rig.watchdogs, "pings without a watchdog");
}

/* However often the loop turns, systemd hears what it has not heard yet. */
static void a_status_is_sent_where_something_has_changed(void **state) {
	(void)state;
	static const struct event table[] = {{600, SIGTERM, NULL, NULL}, {0, 0, NULL, NULL}};
	set_up_answers();
	events = table;
	rig.watchdog_interval = 2 * SECOND;
	rig_configure(RIG_ACCOUNT, "", HOURS, "");
	expect_int(EX_OK, run(ACTION_RUN), "exit code");
	expect_true(rig.watchdogs >= 600, "turns");
	expect_between(1, 4, rig.statuses, "statuses");
}

static bool socket_seen;

static void look_for_socket(void) {
	struct stat st;
	socket_seen = stat(rig_path("status"), &st) == 0 && S_ISSOCK(st.st_mode);
}

/* A daemon has one where there is a place for it, and goes on without; a single run has none. */
static void a_daemon_has_a_status_socket(void **state) {
	(void)state;
	static const struct event table[] = {{5, 0, look_for_socket, NULL}, {10, SIGTERM, NULL, NULL}, {0, 0, NULL, NULL}};
	static const struct {
		const char *directory; /* NULL: that of the test; "": none is named */
		enum action action;
		bool there;
		const char *said;
	} rows[] = {
		{NULL, ACTION_RUN, true, "<6>occupancyd *: 1 device of 1 account, *\n"},
		{"", ACTION_RUN, false, "<6>occupancyd *: 1 device of 1 account, *\n"},
		{NULL, ACTION_ONCE, false, "<6>occupancyd *\n<6>* written to *\n"},
		{"/nonexistent", ACTION_RUN, false, "<4>*: there will be no status socket until a restart\n<6>occupancyd *\n"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		const char *directory = rows[row].directory ? rows[row].directory : rig_directory;
		expect_int(0, directory[0] ? setenv("RUNTIME_DIRECTORY", directory, 1) : unsetenv("RUNTIME_DIRECTORY"));
		set_up_answers();
		events = rows[row].action == ACTION_RUN ? table : NULL;
		socket_seen = false;
		rig_configure(RIG_ACCOUNT, "", HOURS, "");
		expect_int(EX_OK, run(rows[row].action), "row %zu: exit code", row);
		expect_int(rows[row].there, socket_seen, "row %zu: a socket", row);
		const char *said = rig_said();
		expect_int(0, fnmatch(rows[row].said, said, 0), "row %zu: %s", row, said);
		look_for_socket();
		expect_false(socket_seen, "row %zu: it goes with the daemon", row);
		rig_pass(MINUTE);
	}
	expect_int(0, unsetenv("RUNTIME_DIRECTORY"));
}

static void remove_checkpoint(void) {
	expect_int(0, remove(rig_path("state/checkpoint")));
}

static bool seen;

static void look_for_checkpoint(void) {
	seen = access(rig_path("state/checkpoint"), F_OK) == 0;
}

/* Each minute, if anything has changed, so that a start after a crash reads back little of the log. */
static void a_checkpoint_is_written_each_minute(void **state) {
	(void)state;
	static const struct event table[] = {
		{61, 0, remove_checkpoint, NULL}, {125, 0, look_for_checkpoint, NULL}, {305, SIGTERM, NULL, NULL}, {0, 0, NULL, NULL},
	};
	static const struct event soon[] = {{1, SIGTERM, NULL, NULL}, {0, 0, NULL, NULL}};
	set_up_answers();
	events = table;
	seen = false;
	rig_configure(RIG_ACCOUNT, "window = \"1m\";", RIG_LOBBY, "");
	expect_int(EX_OK, run(ACTION_RUN), "exit code");
	expect_int(true, seen, "a new checkpoint a minute later");

	/* The next start takes it, and has nothing to say of the log. */
	(void)rig_said();
	events = soon;
	expect_int(EX_OK, run(ACTION_RUN), "exit code");
	rig_expect_said("<6>occupancyd *\n");
}

static void fill_disk(void) {
	fault_arm(FAULT_ERROR, ENOSPC, 1, INT_MAX / 2);
}

static void make_room(void) {
	fault_disarm();
}

/* A full disk is two lines, however much fails on it; when it is well, all is written at once. */
static void a_full_disk_is_told_when_it_begins_and_ends(void **state) {
	(void)state;
	static const struct event table[] = {
		{100, 0, fill_disk, "<6>occupancyd *\n"},
		{400, 0, make_room, "<3>*No space left on device*\n"},
		{430, 0, remove_checkpoint, "<5>*: written again after *\n"},
		{520, 0, look_for_checkpoint, ""},
		{530, SIGTERM, NULL, ""},
		{0, 0, NULL, NULL},
	};
	set_up_answers();
	events = table;
	seen = false;
	rig_configure(RIG_ACCOUNT, "window = \"1m\"; lookback = \"0s\";", RIG_LOBBY, "");
	expect_int(EX_OK, run(ACTION_RUN), "exit code");
	expect_int(true, seen, "a checkpoint");
	int lines = 0;
	for (const char *line = rig_get("log/occupancy.ndjson"); *line; line = strchr(line, '\n') + 1) {
		lines++;
	}
	expect_between(9, 10, lines, "a record for each minute until the end");
}

static usec_t saved_at, written_at;

/* Notes when the log goes on, and when the next checkpoint is there; by the second. */
static void watch_the_disk(void) {
	const char *log = rig_get("log/occupancy.ndjson");
	if (!written_at && strstr(log, "\"time\":\"2026-11-23T08:03:00Z\"")) {
		written_at = rig.now;
	}
	if (!saved_at && access(rig_path("state/checkpoint"), F_OK) == 0) {
		saved_at = rig.now;
	}
}

static void make_room_without_a_checkpoint(void) {
	fault_disarm();
	remove_checkpoint();
}

/* Not only when its minute is over. */
static void a_checkpoint_is_written_as_soon_as_the_log_is_well(void **state) {
	(void)state;
	struct event table[70] = {{100, 0, fill_disk, NULL}, {400, 0, make_room_without_a_checkpoint, NULL}};
	for (int i = 2; i < 68; i++) {
		table[i] = (struct event){399 + i, 0, watch_the_disk, NULL};
	}
	table[68] = (struct event){470, SIGTERM, NULL, NULL};
	set_up_answers();
	events = table;
	saved_at = written_at = 0;
	rig_configure(RIG_ACCOUNT, "window = \"1m\"; lookback = \"0s\";", RIG_LOBBY, "");
	expect_int(EX_OK, run(ACTION_RUN), "exit code");
	expect_int(true, written_at > 0, "the log goes on");
	expect_between(written_at, written_at + 2 * SECOND, saved_at, "a checkpoint");
}

static void a_disk_that_fails_at_the_end_is_an_error(void **state) {
	(void)state;
	static const struct event table[] = {{100, SIGTERM, fill_disk, NULL}, {0, 0, NULL, NULL}};
	set_up_answers();
	events = table;
	rig_configure(RIG_ACCOUNT, "window = \"1m\"; lookback = \"0s\";", RIG_LOBBY, "");
	int code = run(ACTION_RUN);
	fault_disarm();
	expect_int(EX_IOERR, code, "exit code");
	rig_expect_said("<6>occupancyd *\n<3>*No space left on device*\n");

	/* And with once, which has written nothing. */
	static const struct event full[] = {{0, 0, fill_disk, NULL}, {0, 0, NULL, NULL}};
	events = full;
	rig_pass(MINUTE);
	code = run(ACTION_ONCE);
	fault_disarm();
	expect_int(EX_IOERR, code, "exit code with once");
	rig_expect_said("<6>*/log: 1 record found beyond the last checkpoint\n"
	                "<6>occupancyd *\n<3>*No space left on device*\n<6>0 records written to *\n");
}

/* Minutes of the lobby, and these settings of the log. */
static void configure_log(const char *settings) {
	rig_configure(RIG_ACCOUNT, "window = \"1m\"; lookback = \"0s\";", RIG_LOBBY, "");
	char text[8192], rest[8192], *at;
	(void)snprintf(text, sizeof(text), "%s", rig_get("main.conf"));
	expect_not_null(at = strstr(text, "log = { "));
	(void)snprintf(rest, sizeof(rest), "%s", at + strlen("log = { "));
	(void)snprintf(at, sizeof(text) - (size_t)(at - text), "log = { %s %s", settings, rest);
	rig_put("main.conf", text);
}

static void the_clock_rotates_and_idle_time_compresses(void **state) {
	(void)state;
	static const struct event table[] = {{3700, SIGTERM, NULL, NULL}, {0, 0, NULL, NULL}};
	set_up_answers();
	events = table;
	configure_log("rotate_every = \"hour\"; compress = true;");
	expect_int(EX_OK, run(ACTION_RUN), "exit code");
	struct stat st;
	expect_int(0, stat(rig_path("log/occupancy-20261123T090000Z.ndjson.gz"), &st), "the rotated file, compressed");
	expect_int(-1, stat(rig_path("log/occupancy-20261123T090000Z.ndjson"), &st), "and not plain");
	const char *log = rig_get("log/occupancy.ndjson");
	expect_int(0, fnmatch("{\"time\":\"2026-11-23T08:59:00Z\",*\n{\"time\":\"2026-11-23T09:00:00Z\",*\n", log, 0), "the new file: %s", log);
}

/* A file for each rotation is what people have asked for. */
static void the_first_file_that_is_removed_is_told(void **state) {
	(void)state;
	static const struct event table[] = {{4 * 3600, SIGTERM, NULL, NULL}, {0, 0, NULL, NULL}};
	set_up_answers();
	events = table;
	configure_log("rotate_every = \"hour\"; keep = 1;");
	expect_int(EX_OK, run(ACTION_RUN), "exit code");
	rig_expect_said("<6>occupancyd *\n<5>*/log: occupancy-20261123T090000Z.ndjson.gz removed, by log.keep; later "
	                "removals of single files are not logged\n");
	struct stat st;
	expect_int(-1, stat(rig_path("log/occupancy-20261123T100000Z.ndjson.gz"), &st), "the second has gone, too");
	expect_int(0, stat(rig_path("log/occupancy-20261123T110000Z.ndjson.gz"), &st), "the third is kept");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(once_records_what_is_due_and_says_so),
		TEST(once_that_is_stopped_is_not_done),
		TEST(what_cannot_start_says_why),
		TEST(check_tells_cost_and_keys),
		TEST(an_open_source_of_a_credential_is_told),
		TEST(print_config_prints_what_is_in_force),
		TEST(a_reload_is_taken_whole_or_not_at_all),
		TEST(without_devices_it_waits_for_some),
		TEST(a_signal_rotates_the_log),
		TEST(a_stop_waits_for_what_is_on_its_way),
		TEST(the_watchdog_hears_of_it_twice_in_its_time),
		TEST(a_daemon_has_a_status_socket),
		TEST(a_status_is_sent_where_something_has_changed),
		TEST(a_checkpoint_is_written_each_minute),
		TEST(a_full_disk_is_told_when_it_begins_and_ends),
		TEST(a_checkpoint_is_written_as_soon_as_the_log_is_well),
		TEST(a_disk_that_fails_at_the_end_is_an_error),
		TEST(the_clock_rotates_and_idle_time_compresses),
		TEST(the_first_file_that_is_removed_is_told),
	};
	return cmocka_run_group_tests_name("command", tests, NULL, zones_done);
}
