// SPDX-License-Identifier: ISC

/* daemon/reload.c and daemon/poller.c: what a start reads back, and what a new configuration keeps. */

#include "rig.h"

#include "memory.h"

#include <unistd.h>

#define SECOND USEC_PER_SEC
#define MINUTE USEC_PER_MIN
#define HOUR   USEC_PER_HOUR

static void reload(void) {
	struct error err = {{0}};
	expect_int(0, reload_config(rig_poller, rig_config(), &err), "reload: %s", err.text);
}

static void save(void) {
	struct error err = {{0}};
	expect_int(0, recovery_save(rig_poller, &err), "save: %s", err.text);
}

/* The next request, and that it begins there: minutes after 08:00 UTC. */
static void expect_start(int64_t minutes, const char *what) {
	(void)rig_until_asked();
	expect_time(at(RIG_BEGIN) + minutes * MINUTE, rig_request(0)->start, "%s: start", what);
}

#define DEFAULTS "window = \"5m\"; lookback = \"0s\";"

static void a_device_that_stays_goes_on_where_it_was(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	rig_ok(1);
	(void)rig_turn();
	rig_pass(3 * MINUTE);

	/* A request on its way is abandoned, and asked again; a new device begins. */
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_FOYER ", " RIG_LOBBY, "");
	reload();
	(void)rig_turn();
	rig_expect_said("");
	expect_int(2, rig_open(), "requests");
	for (size_t i = 0; i < 2; i++) {
		bool lobby = strcmp(rig_request(i)->uuid, RIG_UUID_A) == 0;
		expect_time(at(RIG_BEGIN) + (lobby ? 0 : 2) * MINUTE, rig_request(i)->start, "%s: start", lobby ? "lobby" : "foyer");
		expect_time(at(RIG_BEGIN) + 3 * MINUTE, rig_request(i)->end, "end");
	}
	reload();
	expect_int(0, rig_open(), "requests are abandoned");
	(void)rig_turn();
	expect_int(2, rig_open(), "and made again");
	expect_int(1, rig.endpoints, "endpoints");
	rig_end();
}

static void a_device_that_comes_back_goes_on_where_it_was(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY ", " RIG_FOYER, "");
	rig_start(false);
	rig_ok(1);
	rig_ok(1);
	(void)rig_turn();

	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_FOYER, "");
	reload();
	rig_pass(2 * HOUR);
	(void)rig_turn();
	expect_int(1, rig_open(), "requests");
	expect_text(RIG_UUID_B, rig_request(0)->uuid, "who asks");
	rig_ok(1);
	(void)rig_turn();

	/* Over a restart, too. */
	save();
	rig_end();
	rig_start(false);
	rig_expect_said("");
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_FOYER ", " RIG_LOBBY, "");
	reload();
	(void)rig_turn();
	expect_int(1, rig_open(), "requests");
	expect_text(RIG_UUID_A, rig_request(0)->uuid, "who asks");
	expect_start(0, "lobby");
	expect_time(at(RIG_BEGIN) + 2 * HOUR, rig_request(0)->end, "end");
	rig_end();
}

/* The clock is set, and the reload comes before the daemon has looked at it again. */
static void a_device_that_is_new_just_after_a_step_begins_now(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	rig_ok(1);
	(void)rig_turn();
	rig.wall += 2 * HOUR;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_FOYER, "");
	reload();
	rig_expect_said("<5>the clock was set forward by 2 h\n");
	rig_pass(3 * MINUTE);
	expect_between(0, 5 * MINUTE, rig_until_asked(), "wait");
	expect_text(RIG_UUID_B, rig_request(0)->uuid, "who asks");
	expect_between(at(RIG_BEGIN), at(RIG_BEGIN) + 2 * HOUR + 3 * MINUTE, rig_request(0)->start, "start");
	rig_end();
}

/* The daemon goes on with what is in force. */
static void a_reload_without_memory_changes_nothing(void **state) {
	(void)state;
	if (!memory_is_ours()) {
		skip();
	}
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	rig_ok(1);
	(void)rig_turn();
	(void)rig_said();
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_FOYER, "");
	int at_call = 1;
	for (int r = -1; r < 0; at_call++) {
		struct error err = {{0}};
		struct config *config = rig_config();
		memory_arm(at_call);
		r = reload_config(rig_poller, config, &err);
		(void)memory_disarm();
		if (r < 0) {
			expect_int(-ENOMEM, r, "call %d: %s", at_call, err.text);
			expect_int(1, strstr(err.text, "emory") != NULL, "call %d: %s", at_call, err.text);
			config_free(config);
		}
		expect_text(r < 0 ? "lobby" : "foyer", poller_config(rig_poller)->devices[0].name, "call %d: in force", at_call);
		expect_int(1, rig.endpoints, "call %d: endpoints", at_call);
	}
	/* Accounts, devices, endpoint, lanes, flights, roster: behind them nothing but an old position is lost. */
	expect_int(6, at_call - 2, "calls that must not fail");
	rig_expect_said("");
	rig_end();
}

/* What people were told is told as over, and counted as failing, though the configuration is a new one. */
static void a_failing_device_is_still_failing(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	rig_status(400, "no");
	(void)rig_turn();
	rig_expect_said("<4>lobby: poll failed: *\n");
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_FOYER ", " RIG_LOBBY, "");
	reload();
	struct status status = rig_status_now();
	expect_int(1, status.failing, "failing");
	expect_text("lobby", status.named[0].name, "named");
	expect_int(1, strstr(status.named[0].reason, "no") != NULL, "%s", status.named[0].reason);
	expect_int(2, status.devices, "devices");
	rig_pass(MINUTE);
	(void)rig_turn();
	while (rig_open() > 0) {
		rig_ok(1);
	}
	(void)rig_turn();
	rig_expect_said("<5>lobby: recovered after 1 min: 2 buckets caught up, 0 to go\n");
	expect_int(0, rig_status_now().failing, "failing");
	rig_end();
}

static void a_failing_device_that_is_taken_out_fails_no_more(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	rig_status(400, "no");
	(void)rig_turn();
	expect_int(1, rig_status_now().failing, "failing");
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_FOYER, "");
	reload();
	expect_int(0, rig_status_now().failing, "failing");
	(void)rig_said();
	rig_end();
}

/* Whatever its name is now: an account is known by its name, or by its server and key. */
static void what_the_server_asked_for_outlasts_a_reload(void **state) {
	(void)state;
	static const struct {
		const char *account;
		const char *device;
		bool waits;
	} rows[] = {
		{RIG_ACCOUNT, RIG_LOBBY, true},
		{"base_url = \"http://127.0.0.1:1\"; name = \"other\"; rate = \"100/s\"; burst = 100;",
		 "{ uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; account = \"other\"; }", true},
		{"base_url = \"http://127.0.0.1:2\"; name = \"acme\"; rate = \"100/s\"; burst = 100;", RIG_LOBBY, false},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
		rig_start(false);
		rig_answer(0, &(struct rig_answer){.status = 429, .body = "", .retry_after = "100"});
		(void)rig_turn();
		rig_expect_said("<5>acme: rate limited *\n");
		rig_configure(rows[row].account, DEFAULTS, rows[row].device, "");
		reload();
		usec_t wait = rig_until_asked();
		expect_between(rows[row].waits ? 100 * SECOND : 0, rows[row].waits ? 101 * SECOND : 0, wait, "row %zu: wait", row);
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

static void put_two_accounts(const char *first, const char *second) {
	char text[4096];
	(void)snprintf(text, sizeof(text),
	               "accounts = ( { name = \"%s\"; base_url = \"http://127.0.0.1:1\"; key_file = \"%s\"; },\n"
	               "             { name = \"%s\"; base_url = \"http://127.0.0.1:1\"; key_file = \"%s\"; } );\n"
	               "defaults = { interval = \"MINUTELY\"; timezone = \"UTC\"; settle = \"0s\"; window = \"5m\"; };\n"
	               "devices = ( { uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; account = \"a\"; },\n"
	               "            { uuid = \"" RIG_UUID_B "\"; name = \"foyer\"; account = \"b\"; } );\n"
	               "log = { directory = \"%s\"; };\nstate = { directory = \"%s\"; };\n",
	               first, rig_path("key"), second, rig_path("key"), rig_path("log"), rig_path("state"));
	rig_put("main.conf", text);
}

/* With one server and one key it is the name that tells two accounts apart, in whatever order. */
static void of_two_accounts_the_one_that_waited_waits_on(void **state) {
	(void)state;
	for (int swapped = 0; swapped < 2; swapped++) {
		put_two_accounts("a", "b");
		rig_start(false);
		expect_int(2, rig_open(), "requests");
		size_t foyer = strcmp(rig_request(0)->uuid, RIG_UUID_B) == 0 ? 0 : 1;
		rig_answer(foyer, &(struct rig_answer){.status = 429, .body = "", .retry_after = "100"});
		(void)rig_turn();
		rig_expect_said("<5>b: rate limited *\n");
		put_two_accounts(swapped ? "b" : "a", swapped ? "a" : "b");
		reload();
		(void)rig_turn();
		expect_int(1, rig_open(), "%d: requests", swapped);
		expect_text(RIG_UUID_A, rig_request(0)->uuid, "%d: who may ask", swapped);
		expect_int(1, strncmp(rig_status_now().lanes, "b: rate limited", 15) == 0, "%d: %s", swapped, rig_status_now().lanes);
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* One that is new has nothing to do with another of the same server. */
static void an_account_with_another_key_waits_for_nobody(void **state) {
	(void)state;
	char account[1024];
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	rig_answer(0, &(struct rig_answer){.status = 429, .body = "", .retry_after = "100"});
	(void)rig_turn();
	rig_expect_said("<5>acme: rate limited *\n");
	rig_put("another-key", "another-key");
	(void)snprintf(account, sizeof(account), "name = \"fresh\"; base_url = \"http://127.0.0.1:1\"; key_file = \"%s\"; }, { "
	               "name = \"renamed\"; base_url = \"http://127.0.0.1:1\";", rig_path("another-key"));
	rig_configure(account, DEFAULTS,
	              "{ uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; account = \"renamed\"; }, "
	              "{ uuid = \"" RIG_UUID_B "\"; name = \"foyer\"; account = \"fresh\"; }", "");
	reload();
	(void)rig_turn();
	expect_int(1, rig_open(), "requests");
	expect_text("another-key", rig_request(0)->key, "who may ask");
	const char *lanes = rig_status_now().lanes;
	expect_int(1, strncmp(lanes, "renamed: rate limited", 21) == 0, "%s", lanes);
	rig_end();
}

static void an_account_without_a_key_waits_for_it(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	expect_int(0, remove(rig_path("key")));
	rig_start(false);
	rig_expect_said("<3>acme: no usable key: */key cannot be opened: *: its devices are not polled\n");
	expect_int(0, rig_open(), "requests");
	expect_int(1, strncmp(rig_status_now().lanes, "acme: no usable key", 19) == 0, "%s", rig_status_now().lanes);
	expect_int(1, rig_status_now().waiting, "waiting");
	expect_int(1, rig_status_now().backlog, "backlog");
	rig_put("key", "a-key");
	expect_between(0, 2 * SECOND, rig_until_asked(), "until the key that came is tried");
	expect_text("a-key", rig_request(0)->key, "key");
	rig_ok(1);
	(void)rig_turn();
	rig_expect_said("<5>acme: key or certificate files have changed: *\n<5>acme: key accepted after *\n");

	/* The same at a reload. */
	expect_int(0, remove(rig_path("key")));
	reload();
	rig_expect_said("<3>acme: no usable key: */key cannot be opened: *: its devices are not polled\n");
	expect_int(0, rig.endpoints, "endpoints");
	rig_end();
}

static void what_only_a_restart_applies_is_told(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	char text[8192], *at;
	(void)snprintf(text, sizeof(text), "%s", rig_get("main.conf"));
	expect_not_null(at = strstr(text, "/state\";"));
	memcpy(at, "/stat2", strlen("/stat2"));
	expect_int(0, mkdir(rig_path("stat2"), 0700));
	rig_put("main.conf", text);
	reload();
	rig_expect_said("<4>*state*directory*\n");
	save();
	expect_int(0, access(rig_path("state/checkpoint"), F_OK), "the checkpoint is where it was");
	expect_int(-1, access(rig_path("stat2/checkpoint"), F_OK), "and not where a restart would put it");
	rig_end();
}

/* Starts */

static void a_start_goes_on_from_checkpoint_and_log(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, "window = \"5m\"; lookback = \"3m\"; backfill_from = \"2026-11-23T07:50:00Z\";", RIG_LOBBY, "");
	rig_start(false);
	rig_ok(4);
	(void)rig_turn();
	save();
	rig_pass(6 * MINUTE);
	(void)rig_turn();
	rig_answer(0, &(struct rig_answer){.status = 200, .count = 4});
	(void)rig_turn();
	rig_end();

	/* Nothing was saved since: what the log holds is taken, and told. */
	rig_pass(5 * MINUTE);
	rig_start(false);
	rig_expect_said("<6>*/log: [56] records found beyond the last checkpoint\n");
	expect_start(3, "with its look-back");
	expect_time(at(RIG_BEGIN) + 11 * MINUTE, rig_request(0)->end, "end");
	rig_answer(0, &(struct rig_answer){.status = 200, .count = 4});
	(void)rig_turn();
	expect_int(0, rig_revisions(), "what is remembered is the same");
	rig_pass(5 * MINUTE);
	(void)rig_turn();
	rig_ok(5);
	(void)rig_turn();
	expect_int(3, rig_revisions(), "and corrected where it differs");
	rig_end();
}

static void a_checkpoint_that_is_gone_or_damaged_is_rebuilt(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS "backfill_from = \"2026-11-23T07:50:00Z\";", RIG_LOBBY, "");
	rig_start(false);
	rig_ok(4);
	(void)rig_turn();
	save();
	rig_end();
	rig_expect_said("");

	expect_int(0, remove(rig_path("state/checkpoint")));
	rig_start(false);
	rig_expect_said("<4>*/state/checkpoint: missing: rebuilt from the log: 10 records in */log\n");
	expect_int(0, rig_open(), "requests");
	save();
	rig_end();

	rig_put("state/checkpoint", "garbage\n");
	rig_start(false);
	rig_expect_said("<4>*checkpoint*: set aside, and rebuilt from the log: 10 records in */log\n");
	expect_int(0, rig_open(), "requests");
	rig_end();
}

/* Of the log only what is of that device and begins in [from, to), minutes after eight. */
static void cut_log(const char *uuid, int from, int to) {
	char log[32768], kept[32768] = "";
	size_t len = 0;
	(void)snprintf(log, sizeof(log), "%s", rig_get("log/occupancy.ndjson"));
	for (const char *line = log, *end; (end = strchr(line, '\n')); line = end + 1) {
		usec_t time;
		char start[32];
		(void)snprintf(start, sizeof(start), "%.20s", line + strlen("{\"time\":\""));
		expect_int(0, utc_parse(start, false, &time), "%s", start);
		size_t size = (size_t)(end + 1 - line);
		if (memmem(line, size, uuid, strlen(uuid)) && time >= at(RIG_BEGIN) + from * MINUTE && time < at(RIG_BEGIN) + to * MINUTE) {
			memcpy(kept + len, line, size);
			len += size;
		}
	}
	kept[len] = '\0';
	expect_int(0, remove(rig_path("log/occupancy.ndjson")));
	rig_put("log/occupancy.ndjson", kept);
}

/* Restored from a backup: what it lacks is asked for again. */
static void a_log_that_is_older_is_gone_on_from(void **state) {
	(void)state;
	static const struct {
		const char *what, *kept;
		int from, to;    /* minutes after eight that the log holds of it */
		int rest, other; /* where it goes on, and where the other one does */
	} rows[] = {
		{"it goes back to before the other one was polled", RIG_UUID_A, -10, -5, -5, -10},
		{"and the other way round", RIG_UUID_B, -10, -5, -5, -10},
		{"retention has removed what there was of the other one", RIG_UUID_A, 2, 5, 5, 2},
		{"the same of the first", RIG_UUID_B, 2, 5, 5, 2},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char said[128];
		rig_configure(RIG_ACCOUNT, DEFAULTS "backfill_from = \"2026-11-23T07:50:00Z\";", RIG_LOBBY ", " RIG_FOYER, "");
		rig_start(false);
		for (int i = 0; i < 3; i++) {
			while (rig_open() > 0) {
				rig_ok(4);
			}
			(void)rig_turn();
			rig_pass(6 * MINUTE);
			(void)rig_turn();
		}
		while (rig_open() > 0) {
			rig_ok(4);
		}
		(void)rig_turn();
		save();
		rig_end();
		(void)rig_said();
		cut_log(rows[row].kept, rows[row].from, rows[row].to);
		rig_start(false);
		(void)snprintf(said, sizeof(said), "<4>*/log: the log is older than the checkpoint *: %d records read; *\n",
		               rows[row].to - rows[row].from);
		rig_expect_said(said);
		expect_int(2, rig_open(), "%s: requests", rows[row].what);
		for (size_t i = 0; i < 2; i++) {
			bool kept = strcmp(rig_request(i)->uuid, rows[row].kept) == 0;
			expect_time(at(RIG_BEGIN) + (kept ? rows[row].rest : rows[row].other) * MINUTE, rig_request(i)->start,
			            "%s: %s: start", rows[row].what, kept ? "what is there" : "the other one");
		}

		rig_end();
		(void)rig_said();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* Where a device begins is not known before the time is: the next start is as good as this one. */
static void a_device_that_has_not_begun_is_not_kept(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	save();
	expect_int(0, strstr(rig_get("state/checkpoint"), RIG_UUID_A) != NULL, "%s", rig_get("state/checkpoint"));
	rig_ok(4);
	(void)rig_turn();
	save();
	expect_int(1, strstr(rig_get("state/checkpoint"), RIG_UUID_A) != NULL, "%s", rig_get("state/checkpoint"));
	rig_end();
}

/* systemd hears of it each 65536 records that are read back. */
static void a_start_that_reads_much_takes_its_time(void **state) {
	(void)state;
	for (int records = (1 << 16) - 1; records <= (1 << 16) + 1; records++) {
		rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
		FILE *file = fopen(rig_path("log/occupancy.ndjson"), "w");
		expect_not_null(file);
		for (int i = 0; i < records; i++) {
			(void)fprintf(file, "{\"time\":\"2026-11-23T07:59:00Z\",\"name\":\"x\",\"count\":1,\"status\":\"ok\","
			                    "\"interval\":\"MINUTELY\",\"device\":\"" RIG_UUID_A "\",\"revision\":0,"
			                    "\"end\":\"2026-11-23T08:00:00Z\",\"polled_at\":\"2026-11-23T08:00:00Z\"}\n");
		}
		expect_int(0, fclose(file));
		size_t before = rig.extensions;
		usec_t extended = rig.extended;
		rig_start(false);
		expect_int(records >= 1 << 16, rig.extensions - before, "%d records", records);
		expect_true(records < 1 << 16 || rig.extended - extended >= 30 * SECOND, "by so much that more can be read");
		rig_end();
	}
}

/* What is there and cannot be read, or be put aside, is for people to look at: nothing is recorded before. */
static void a_checkpoint_that_cannot_be_read_stops_the_start(void **state) {
	(void)state;
	static const struct {
		const char *what;
		int fault; /* the call that fails */
		const char *said;
	} rows[] = {
		{"a file that cannot be opened", 1, "*/state/checkpoint: cannot be read: Input/output error"},
		{"a file that cannot be read", 2, "*/state/checkpoint: cannot be read: Input/output error"},
		{"damage that cannot be put aside", 4, "*/state/checkpoint*: Input/output error"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct error err = {{0}};
		rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
		rig_put("state/checkpoint", "garbage\n");
		struct config *config = rig_config();
		expect_int(0, http_new(&rig_http, &err));
		expect_int(0, sink_open(&config->log, rig.wall, &rig_sink, &err));
		expect_int(0, poller_new(config, rig_http, rig_sink, false, &rig_poller, &err));
		fault_arm(FAULT_ERROR, EIO, rows[row].fault, 1);
		expect_int(-EIO, recovery_restore(rig_poller, &err), "%s: %s", rows[row].what, err.text);
		fault_disarm();
		expect_int(0, fnmatch(rows[row].said, err.text, 0), "%s: %s", rows[row].what, err.text);
		rig_expect_said("");
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

static void lines_of_others_are_told(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_put("log/occupancy.ndjson", "hello\n");
	rig_start(false);
	rig_expect_said("<4>*/log/occupancy.ndjson: byte 0: not a record of occupancyd; 1 such line in the log, left as they are\n");
	rig_ok(1);
	(void)rig_turn();
	rig_end();

	char log[4096];
	(void)snprintf(log, sizeof(log), "%shello\n", rig_get("log/occupancy.ndjson"));
	rig_put("log/occupancy.ndjson", log);
	rig_start(false);
	rig_expect_said("<4>*/state/checkpoint: missing: rebuilt from the log: 1 record in */log\n"
	                "<4>*/log/occupancy.ndjson: byte 0: not a record of occupancyd; 2 such lines in the log, left as they are\n");
	rig_end();
}

/* Only what has changed is written again. */
static void a_checkpoint_is_written_if_there_is_something_new(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	save();
	expect_int(0, access(rig_path("state/checkpoint"), F_OK), "the first says where devices begin");
	expect_int(0, remove(rig_path("state/checkpoint")));
	save();
	expect_int(-1, access(rig_path("state/checkpoint"), F_OK), "nothing new");
	rig_ok(1);
	(void)rig_turn();
	save();
	expect_int(0, access(rig_path("state/checkpoint"), F_OK), "a record");

	/* A write that fails is tried again. */
	(void)rig_until_asked();
	rig_ok(1);
	(void)rig_turn();
	struct error err = {{0}};
	fault_arm(FAULT_ERROR, ENOSPC, 1, 1000);
	expect_int(-ENOSPC, recovery_save(rig_poller, &err), "%s", err.text);
	fault_disarm();
	expect_int(0, remove(rig_path("state/checkpoint")));
	save();
	expect_int(0, access(rig_path("state/checkpoint"), F_OK), "after a failure");
	rig_end();
}

static void a_drained_poller_asks_for_nothing_more(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY ", " RIG_FOYER, "");
	rig_start(false);
	expect_int(2, rig_open(), "requests");
	expect_int(false, poller_idle(rig_poller), "idle");
	poller_drain(rig_poller);
	rig_ok(1);
	expect_int(USEC_INFINITY, rig_turn(), "it waits for the reply");
	expect_int(false, poller_idle(rig_poller), "idle");
	rig_ok(1);
	(void)rig_turn();
	expect_int(true, poller_idle(rig_poller), "idle");
	rig_pass(HOUR);
	expect_int(USEC_INFINITY, rig_turn(), "nothing is due");
	expect_int(0, rig_open(), "requests");
	expect_int(2, rig_status_now().records, "records");
	rig_end();
}

static void a_clock_that_is_set_is_told_and_followed(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	rig_ok(1);
	usec_t wait = rig_turn();
	expect_between(5 * MINUTE, 6 * MINUTE, wait, "until the window is over");

	rig.wall += SECOND - 1;
	expect_int(wait, rig_turn(), "less than a second is no step");
	rig_expect_said("");
	rig.wall += 1 + 2 * MINUTE;
	expect_int(wait - 2 * MINUTE - SECOND, rig_turn(), "a step forward");
	rig_expect_said("<5>the clock was set forward by 2 min\n");
	rig.wall -= 3 * MINUTE;
	expect_int(wait + MINUTE - SECOND, rig_turn(), "a step back");
	rig_expect_said("<5>the clock was set back by 3 min\n");
	rig_end();
}

static void a_request_that_cannot_be_sent_is_tried_again(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig.fail_posts = 3;
	rig_start(false);
	expect_int(0, rig_open(), "requests");
	for (int i = 2; i <= 3; i++) {
		rig_expect_said("");
		expect_int(SECOND, rig_turn(), "the wait");
		rig_pass(SECOND);
		(void)rig_turn();
	}
	rig_expect_said("<4>lobby: poll failed: no room for a request (attempt 3): next try in 1 s\n");
	expect_int(0, rig_status_now().requests, "requests");
	expect_int(SECOND, rig_until_asked(), "the wait");
	rig_ok(1);
	(void)rig_turn();
	rig_expect_said("<5>lobby: recovered after *\n");
	rig_end();
}

static void accounts_in_trouble_are_named_three_at_most(void **state) {
	(void)state;
	static const char *const expected[] = {
		"",
		"a: no usable key: *",
		"a: no usable key: *; b: no usable key: *",
		"a: no usable key: *; b: no usable key: *; c: no usable key: *",
		"a: no usable key: *; b: no usable key: *; c: no usable key: *; and 1 more",
		"a: no usable key: *; b: no usable key: *; c: no usable key: *; and 2 more",
	};
	for (int count = 1; count <= 5; count++) {
		char text[8192];
		int len = snprintf(text, sizeof(text), "accounts = (");
		for (int i = 0; i < count; i++) {
			len += snprintf(text + len, sizeof(text) - (size_t)len, "%s { name = \"%c\"; key_file = \"/nowhere/key\"; }",
			                i > 0 ? "," : "", 'a' + i);
		}
		(void)snprintf(text + len, sizeof(text) - (size_t)len,
		               " );\ndevices = ( { uuid = \"" RIG_UUID_A "\"; name = \"d\"; account = \"a\"; } );\n"
		               "log = { directory = \"%s\"; };\nstate = { directory = \"%s\"; };\n", rig_path("log"), rig_path("state"));
		rig_put("main.conf", text);
		rig_start(false);
		(void)rig_said();
		const char *lanes = rig_status_now().lanes;
		expect_int(0, fnmatch(expected[count], lanes, 0), "%d accounts: %s", count, lanes);
		int named = 0;
		for (const char *at = lanes; (at = strstr(at, ": no usable key: ")); at++) {
			named++;
		}
		expect_int(count < 3 ? count : 3, named, "%d accounts: %s", count, lanes);
		expect_int(1, rig_status_now().waiting, "waiting devices");
		rig_end();
	}
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_device_that_stays_goes_on_where_it_was),
		TEST(a_device_that_comes_back_goes_on_where_it_was),
		TEST(a_device_that_is_new_just_after_a_step_begins_now),
		TEST(a_reload_without_memory_changes_nothing),
		TEST(a_failing_device_is_still_failing),
		TEST(a_failing_device_that_is_taken_out_fails_no_more),
		TEST(what_the_server_asked_for_outlasts_a_reload),
		TEST(of_two_accounts_the_one_that_waited_waits_on),
		TEST(an_account_with_another_key_waits_for_nobody),
		TEST(an_account_without_a_key_waits_for_it),
		TEST(what_only_a_restart_applies_is_told),
		TEST(a_start_goes_on_from_checkpoint_and_log),
		TEST(a_checkpoint_that_is_gone_or_damaged_is_rebuilt),
		TEST(a_log_that_is_older_is_gone_on_from),
		TEST(a_device_that_has_not_begun_is_not_kept),
		TEST(a_start_that_reads_much_takes_its_time),
		TEST(a_checkpoint_that_cannot_be_read_stops_the_start),
		TEST(lines_of_others_are_told),
		TEST(a_checkpoint_is_written_if_there_is_something_new),
		TEST(a_drained_poller_asks_for_nothing_more),
		TEST(a_clock_that_is_set_is_told_and_followed),
		TEST(a_request_that_cannot_be_sent_is_tried_again),
		TEST(accounts_in_trouble_are_named_three_at_most),
	};
	return cmocka_run_group_tests_name("reload", tests, NULL, zones_done);
}
