// SPDX-License-Identifier: ISC

/* daemon/mend.c: a log that ends in a time that has not come. */

#include "rig.h"

#include <time.h>

#define SECOND USEC_PER_SEC
#define MINUTE USEC_PER_MIN

#define DEFAULTS "window = \"1m\"; lookback = \"0s\";"

/** A record in the log. */
struct line {
	const char *start, *end, *status;
	int count, revision;
	const char *uuid; /* NULL: of the lobby */
};

static void write_file(const char *name, const struct line *lines, size_t count) {
	char log[8192] = "";
	size_t len = 0;
	for (size_t i = 0; i < count && lines[i].start; i++) {
		const struct line *line = &lines[i];
		char number[16] = "null";
		if (strcmp(line->status, "ok") == 0) {
			(void)snprintf(number, sizeof(number), "%d", line->count);
		}
		len += (size_t)snprintf(log + len, sizeof(log) - len,
		                        "{\"time\":\"%s\",\"name\":\"x\",\"count\":%s,\"status\":\"%s\",\"interval\":\"MINUTELY\","
		                        "\"device\":\"%s\",\"revision\":%d,\"end\":\"%s\",\"polled_at\":\"%s\"}\n",
		                        line->start, number, line->status, line->uuid ? line->uuid : RIG_UUID_A,
		                        line->revision, line->end, line->end);
		expect_true(len < sizeof(log));
	}
	rig_put(name, log);
}

static void write_log(const struct line *lines, size_t count) {
	write_file("log/occupancy.ndjson", lines, count);
}

/* A reply of a server whose clock is right, or that does not say. */
static void answer_one(size_t i, long status, int64_t count, bool dated) {
	char date[64];
	time_t now = (time_t)(rig.wall / SECOND);
	struct tm tm;
	(void)gmtime_r(&now, &tm);
	(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	rig_answer(i, &(struct rig_answer){.status = status, .count = count, .date = dated ? date : NULL});
}

static void answer_all(bool dated) {
	while (rig_open() > 0) {
		answer_one(0, 200, 1, dated);
	}
	(void)rig_turn();
}

/* Polls until then. */
static void run_until(usec_t until, bool dated) {
	while (rig.wall < until) {
		(void)rig_until_asked();
		answer_all(dated);
	}
}

/* The last record that begins then has that revision; -1: there is none of the lobby. */
static void expect_revision(const char *start, int revision, const char *what) {
	char begin[128];
	int found = -1;
	(void)snprintf(begin, sizeof(begin), "{\"time\":\"%s\",\"name\":\"lobby\"", start);
	for (const char *at = rig_get("log/occupancy.ndjson"); (at = strstr(at, begin)); at++) {
		found = atoi(strstr(at, "\"revision\":") + strlen("\"revision\":"));
	}
	expect_int(revision, found, "%s: revision of %s", what, start);
}

static void again_from_the_beginning(void) {
	rig_end();
	expect_int(0, rig_teardown(NULL), "teardown");
	expect_int(0, rig_setup(NULL), "setup");
}

static void what_the_log_holds_says_where_it_goes_on(void **state) {
	(void)state;
	static const struct {
		const char *what;
		struct line log[3];
		const char *reaches, *from;
		struct {
			const char *start;
			int revision;
		} then[3];
	} rows[] = {
		{"behind the last real record, wherever it stands",
		 {{"2026-11-23T07:54:00Z", "2026-11-23T07:55:00Z", "ok", 3, 0, NULL},
		  {"2026-11-23T07:55:00Z", "2046-11-23T08:00:00Z", "gap", 0, 0, NULL},
		  {"2026-11-23T07:50:00Z", "2026-11-23T07:51:00Z", "ok", 3, 1, NULL}},
		 "2046-11-23T08:00:00Z", "2026-11-23T07:55:00Z",
		 {{"2026-11-23T07:54:00Z", -1}, {"2026-11-23T07:55:00Z", 1}, {"2026-11-23T07:59:00Z", 1}}},
		{"where the gap begins, if there is no real one",
		 {{"2026-11-23T07:50:00Z", "2046-11-23T08:00:00Z", "gap", 0, 0, NULL}},
		 "2046-11-23T08:00:00Z", "2026-11-23T07:50:00Z",
		 {{"2026-11-23T07:49:00Z", -1}, {"2026-11-23T07:50:00Z", 1}, {"2026-11-23T07:59:00Z", 1}}},
		{"now, if all lies in the time to come",
		 {{"2030-11-23T07:50:00Z", "2046-11-23T08:00:00Z", "gap", 0, 0, NULL}},
		 "2046-11-23T08:00:00Z", "2026-11-23T07:59:00Z",
		 {{"2026-11-23T07:58:00Z", -1}, {"2026-11-23T07:59:00Z", 1}, {"2026-11-23T08:00:00Z", 1}}},
		{"where the first of two begins, until the last ends, behind all revisions",
		 {{"2026-11-23T07:50:00Z", "2026-11-23T08:02:00Z", "gap", 0, 3, NULL},
		  {"2026-11-23T07:45:00Z", "2026-11-23T08:01:00Z", "gap", 0, 1, NULL}},
		 "2026-11-23T08:02:00Z", "2026-11-23T07:45:00Z",
		 {{"2026-11-23T07:45:00Z", 4}, {"2026-11-23T08:01:00Z", 4}, {"2026-11-23T08:02:00Z", 0}}},
		{"and the other way round",
		 {{"2026-11-23T07:45:00Z", "2026-11-23T08:01:00Z", "gap", 0, 1, NULL},
		  {"2026-11-23T07:50:00Z", "2026-11-23T08:02:00Z", "gap", 0, 3, NULL}},
		 "2026-11-23T08:02:00Z", "2026-11-23T07:45:00Z",
		 {{"2026-11-23T07:45:00Z", 4}, {"2026-11-23T08:01:00Z", 4}, {"2026-11-23T08:02:00Z", 0}}},
		{"what others have recorded does not count",
		 {{"2026-11-23T07:50:00Z", "2046-11-23T08:00:00Z", "gap", 0, 0, NULL},
		  {"2026-11-23T07:57:00Z", "2026-11-23T07:58:00Z", "ok", 3, 0, "ZZZZZZZZZZZZZZZZZZZZZZ.v0"},
		  {"2046-11-23T07:57:00Z", "2046-11-23T07:58:00Z", "ok", 3, 7, "ZZZZZZZZZZZZZZZZZZZZZZ.v0"}},
		 "2046-11-23T08:00:00Z", "2026-11-23T07:50:00Z",
		 {{"2026-11-23T07:49:00Z", -1}, {"2026-11-23T07:50:00Z", 1}, {"2026-11-23T07:59:00Z", 1}}},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char said[512];
		rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
		write_log(rows[row].log, COUNT_OF(rows[row].log));
		rig_start(false);
		(void)rig_said();
		(void)report_changed(rig_poller);
		answer_all(true);
		(void)snprintf(said, sizeof(said),
		               "<4>lobby: its log or checkpoint reaches to %s, which has not come yet: continues from %s\n",
		               rows[row].reaches, rows[row].from);
		expect_text(said, rig_said(), "%s", rows[row].what);
		expect_int(true, report_changed(rig_poller), "%s: the figures have changed", rows[row].what);
		run_until(at("2026-11-23T08:04:00Z"), true);
		for (size_t i = 0; i < COUNT_OF(rows[row].then); i++) {
			expect_revision(rows[row].then[i].start, rows[row].then[i].revision, rows[row].what);
		}
		again_from_the_beginning();
	}
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	rig_end();
}

/* Ten seconds before eight: by the slack that a clock has, eight o'clock has come. */
static void what_speaks_for_the_log_stops_the_clock(void **state) {
	(void)state;
	static const struct {
		const char *what;
		struct line line;
		bool dated, disputed;
		const char *from; /* if it does not */
	} rows[] = {
		{"somebody tomorrow", {"2026-11-24T08:00:00Z", "2026-11-24T08:01:00Z", "ok", 1, 0, NULL}, true, true, NULL},
		{"nobody tomorrow", {"2026-11-24T08:00:00Z", "2026-11-24T08:01:00Z", "ok", 0, 0, NULL}, true, false, "07:58"},
		{"no count tomorrow", {"2026-11-24T08:00:00Z", "2026-11-24T08:01:00Z", "no_data", 0, 0, NULL}, true, false, "07:58"},
		{"a gap from tomorrow on", {"2026-11-24T08:00:00Z", "2026-11-25T08:00:00Z", "gap", 0, 0, NULL}, true, false, "07:58"},
		{"somebody since yesterday", {"2026-11-22T08:00:00Z", "2026-11-25T08:00:00Z", "ok", 5, 0, NULL}, true, false, "22T08:00"},
		{"somebody from now on", {"2026-11-23T08:00:00Z", "2026-11-23T08:01:00Z", "ok", 5, 0, NULL}, true, false, "07:58"},
		{"somebody in a minute", {"2026-11-23T08:01:00Z", "2026-11-23T08:02:00Z", "ok", 5, 0, NULL}, true, true, NULL},
		{"no Date, and an answer", {"2026-11-24T08:00:00Z", "2026-11-24T08:01:00Z", "no_data", 0, 0, NULL}, false, true, NULL},
		{"no Date, and a gap", {"2026-11-24T08:00:00Z", "2026-11-25T08:00:00Z", "gap", 0, 0, NULL}, false, false, "07:58"},
		{"up to now", {"2026-11-23T07:59:00Z", "2026-11-23T08:00:00Z", "ok", 5, 0, NULL}, true, false, "08:00"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		/* Without the gap the last row would have nothing to mend. */
		struct line log[] = {{"2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z", "gap", 0, 0, NULL}, rows[row].line};
		rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
		write_log(log, COUNT_OF(log));
		rig.wall -= 10 * SECOND;
		rig_start(false);
		(void)rig_said();
		answer_all(rows[row].dated);
		const char *said = rig_said();
		expect_int(rows[row].disputed, strstr(said, "<4>acme: the log holds counts of a time") != NULL, "%s: %s",
		           rows[row].what, said);
		expect_int(!rows[row].disputed, strstr(said, "has not come yet: continues") != NULL, "%s: %s", rows[row].what, said);
		if (rows[row].from) {
			const char *from = strstr(said, "continues from ");
			expect_int(1, from && strstr(from, rows[row].from) != NULL, "%s: continues from %s: %s", rows[row].what,
			           rows[row].from, said);
		}
		usec_t time;
		expect_int(!rows[row].disputed, clock_confirmed_time(rig_poller, &time), "%s: true time", rows[row].what);
		again_from_the_beginning();
	}
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	rig_end();
}

/* Whom one account's device has counted, another account's server cannot take back by a clock that is late. */
static void what_another_account_has_counted_stops_the_clock(void **state) {
	(void)state;
	static const struct line log[] = {
		{"2026-11-23T07:50:00Z", "2026-11-24T09:00:00Z", "gap", 0, 0, NULL},
		{"2026-11-24T08:00:00Z", "2026-11-24T08:01:00Z", "ok", 5, 0, RIG_UUID_B},
	};
	char text[4096];
	(void)snprintf(text, sizeof(text),
	               "accounts = ( { name = \"a\"; base_url = \"http://127.0.0.1:1\"; key_file = \"%s\"; },\n"
	               "             { name = \"b\"; base_url = \"http://127.0.0.1:2\"; key_file = \"%s\"; } );\n"
	               "defaults = { interval = \"MINUTELY\"; timezone = \"UTC\"; settle = \"0s\"; " DEFAULTS " };\n"
	               "devices = ( { uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; account = \"a\"; },\n"
	               "            { uuid = \"" RIG_UUID_B "\"; name = \"foyer\"; account = \"b\"; } );\n"
	               "log = { directory = \"%s\"; };\nstate = { directory = \"%s\"; };\n",
	               rig_path("key"), rig_path("key"), rig_path("log"), rig_path("state"));
	rig_put("main.conf", text);
	write_log(log, COUNT_OF(log));
	rig_start(false);
	(void)rig_said();
	answer_all(true);
	const char *said = rig_said();
	expect_int(1, strstr(said, "<4>a: the log holds counts of a time") != NULL, "the lobby's account: %s", said);
	expect_int(0, strstr(said, "goes on from") != NULL, "nothing goes back: %s", said);
	rig_end();
}

/* What has a proper end is left alone, beside one that has not. */
static void only_what_is_ahead_goes_back(void **state) {
	(void)state;
	static const struct line log[] = {
		{"2026-11-23T07:57:00Z", "2026-11-23T07:58:00Z", "ok", 3, 0, NULL},
		{"2026-11-23T07:50:00Z", "2046-11-23T08:00:00Z", "gap", 0, 0, RIG_UUID_B},
	};
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY ", " RIG_FOYER, "");
	write_log(log, COUNT_OF(log));
	rig_start(false);
	(void)rig_said();
	run_until(at("2026-11-23T08:03:00Z"), true);
	rig_expect_said("<4>foyer: its log or checkpoint reaches to 2046-11-23T08:00:00Z, which has not come yet: continues from "
	                "2026-11-23T07:50:00Z\n*");
	expect_revision("2026-11-23T07:58:00Z", 0, "the lobby");
	expect_revision("2026-11-23T08:01:00Z", 0, "the lobby");
	rig_end();
}

/* Ten devices are named, and how many more there are. */
static void ten_devices_are_named(void **state) {
	(void)state;
	for (int count = 9; count <= 12; count++) {
		char devices[4096] = "", log[8192] = "", more[64] = "";
		size_t len = 0, log_len = 0;
		for (int i = 0; i < count; i++) {
			len += (size_t)snprintf(devices + len, sizeof(devices) - len,
			                        "%s{ uuid = \"%022d\"; name = \"room %d\"; account = \"acme\"; }", i > 0 ? ", " : "", i, i);
			log_len += (size_t)snprintf(log + log_len, sizeof(log) - log_len,
			                            "{\"time\":\"2026-11-23T07:55:00Z\",\"name\":\"x\",\"count\":null,\"status\":\"gap\","
			                            "\"interval\":\"MINUTELY\",\"device\":\"%022d\",\"revision\":0,"
			                            "\"end\":\"2046-11-23T08:00:00Z\",\"polled_at\":\"2026-11-23T08:00:00Z\"}\n", i);
		}
		rig_configure(RIG_ACCOUNT, DEFAULTS, devices, "");
		rig_put("log/occupancy.ndjson", log);
		rig_start(false);
		(void)rig_said();
		answer_all(true);
		const char *said = rig_said();
		int named = 0;
		for (const char *at = said; (at = strstr(at, "has not come yet: continues from")); at++) {
			named++;
		}
		expect_int(count < 10 ? count : 10, named, "%d devices: %s", count, said);
		(void)snprintf(more, sizeof(more), "<4>the same applies to %d more device%s\n", count - 10,
		               count == 11 ? "" : "s");
		expect_int(count > 10, strstr(said, "the same applies") != NULL, "%d devices: %s", count, said);
		expect_int(count > 10, strstr(said, more) != NULL, "%d devices: %s", count, said);
		again_from_the_beginning();
	}
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	rig_end();
}

static const struct line gap[] = {{"2026-11-23T07:55:00Z", "2046-11-23T08:00:00Z", "gap", 0, 0, NULL}};

/* The log cannot be read: it is tried again after five minutes, and not each time that somebody looks. */
static void what_cannot_be_read_is_tried_again(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	write_log(gap, 1);
	rig_start(false);
	(void)rig_said();
	expect_int(0, rename(rig_path("log"), rig_path("elsewhere")), "rename");
	answer_all(true);
	rig_expect_said("<3>the log cannot be read again to mend what is ahead of the clock: *\n*");
	usec_t failed = rig.now, time;
	expect_int(false, clock_confirmed_time(rig_poller, &time), "true time");
	expect_int(0, rename(rig_path("elsewhere"), rig_path("log")), "rename");
	rig_pass(failed + 5 * MINUTE - 1 - rig.now);
	(void)rig_turn();
	expect_int(1, strstr(rig_said(), "continues from") == NULL, "too early");
	rig_pass(1);
	(void)rig_turn();
	expect_int(1, strstr(rig_said(), "continues from 2026-11-23T07:55:00Z") != NULL, "in time");
	expect_int(true, clock_confirmed_time(rig_poller, &time), "true time");
	rig_end();
}

/* Before anything else is recorded the checkpoint says that it went back; and nothing is read without need. */
static void it_is_kept_at_once_and_the_log_left_alone_after_that(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	write_log(gap, 1);
	rig_start(false);
	(void)rig_said();
	expect_text("(none)", rig_get("state/checkpoint"), "before");
	answer_all(true);
	expect_int(1, strstr(rig_get("state/checkpoint"), RIG_UUID_A) != NULL, "a checkpoint");
	rig_expect_said("*");
	expect_int(0, remove(rig_path("state/checkpoint")), "remove");
	struct error err = {{0}};
	expect_int(0, recovery_save(rig_poller, &err), "%s", err.text);
	expect_text("(none)", rig_get("state/checkpoint"), "nothing is new");

	/* As good as unreadable. */
	expect_int(0, rename(rig_path("log"), rig_path("elsewhere")), "rename");
	for (int i = 0; i < 10; i++) {
		rig_pass(1);
		(void)rig_turn();
	}
	expect_int(1, strstr(rig_said(), "cannot be read again") == NULL, "nothing is read");
	expect_int(0, rename(rig_path("elsewhere"), rig_path("log")), "rename");
	rig_end();
}

/* Also where the last checkpoint holds all that has been recorded. */
static void a_checkpoint_that_is_ahead_is_replaced_at_once(void **state) {
	(void)state;
	struct error err = {{0}};
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	write_log(gap, 1);
	rig_start(false);
	expect_int(0, recovery_save(rig_poller, &err), "%s", err.text);
	char before[4096];
	(void)snprintf(before, sizeof(before), "%s", rig_get("state/checkpoint"));
	answer_all(true);
	expect_int(1, strstr(rig_said(), "continues from") != NULL, "mended");
	expect_int(1, strcmp(rig_get("state/checkpoint"), before) != 0, "the checkpoint has changed");
	rig_end();
}

/* Nothing could be kept: it is tried again with all else. */
static void a_checkpoint_that_fails_is_written_later(void **state) {
	(void)state;
	struct error err = {{0}};
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	write_log(gap, 1);
	rig_start(false);
	expect_int(0, rename(rig_path("state"), rig_path("elsewhere")), "rename");
	answer_all(true);
	expect_int(1, strstr(rig_said(), "continues from") != NULL, "mended all the same");
	expect_int(0, rename(rig_path("elsewhere"), rig_path("state")), "rename");
	expect_int(0, recovery_save(rig_poller, &err), "%s", err.text);
	expect_int(1, strstr(rig_get("state/checkpoint"), RIG_UUID_A) != NULL, "a checkpoint");
	rig_end();
}

/* systemd hears of it each 65536 records. */
static void a_long_log_takes_its_time(void **state) {
	(void)state;
	enum { LINES = (1 << 16) + 1 };
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	FILE *file = fopen(rig_path("log/occupancy.ndjson"), "w");
	expect_not_null(file);
	for (int i = 0; i < LINES; i++) {
		(void)fprintf(file, "{\"time\":\"2026-11-23T07:5%d:00Z\",\"name\":\"x\",\"count\":null,\"status\":\"gap\","
		                    "\"interval\":\"MINUTELY\",\"device\":\"" RIG_UUID_A "\",\"revision\":0,"
		                    "\"end\":\"2046-11-23T08:00:00Z\",\"polled_at\":\"2026-11-23T08:00:00Z\"}\n", i == 0);
	}
	expect_int(0, fclose(file));
	rig_start(false);
	size_t before = rig.watchdogs;
	answer_all(true);
	expect_int(1, strstr(rig_said(), "continues from") != NULL, "mended");
	expect_int(1, rig.watchdogs - before, "pings");
	rig_end();
}

#define WEEKLY_LOBBY(zone) "{ uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; account = \"acme\"; interval = \"WEEKLY\"; " \
                           "window = \"7d\"; backfill_from = \"1d\"; timezone = \"" zone "\"; }"

/* The lobby is not answered, the foyer is. */
static void answer_foyer(bool dated) {
	while (rig_open() > 0) {
		bool foyer = strcmp(rig_request(0)->uuid, RIG_UUID_B) == 0;
		answer_one(0, foyer ? 200 : 503, 0, dated);
	}
	(void)rig_turn();
}

static void end_life(void) {
	struct error err = {{0}};
	expect_int(0, recovery_save(rig_poller, &err), "%s", err.text);
	rig_end();
	(void)rig_said();
}

/* The lobby begins next Monday, which is no mistake; of another zone's weeks it is the one before. */
static void a_device_may_begin_in_a_time_that_has_not_come(void **state) {
	(void)state;
	rig.wall = at("2026-11-25T08:00:00Z");
	rig_configure(RIG_ACCOUNT, DEFAULTS, WEEKLY_LOBBY("UTC") ", " RIG_FOYER, "");
	rig_start(false);
	answer_foyer(true);
	end_life();

	/* There is nothing to ask about the clock. */
	rig_configure(RIG_ACCOUNT, DEFAULTS, WEEKLY_LOBBY("UTC"), "");
	rig_start(false);
	(void)rig_turn();
	expect_int(0, rig_open(), "requests by the lobby alone");
	end_life();

	/* As good as unreadable: nothing need be looked up. */
	for (int life = 0; life < 2; life++) {
		rig_configure(RIG_ACCOUNT, DEFAULTS,
		              life == 0 ? WEEKLY_LOBBY("UTC") ", " RIG_FOYER : WEEKLY_LOBBY("Asia/Kolkata") ", " RIG_FOYER, "");
		rig_pass(MINUTE);
		rig_start(false);
		expect_int(0, rename(rig_path("log"), rig_path("elsewhere")), "rename");
		answer_foyer(true);
		expect_int(1, strstr(rig_said(), "has not come yet") == NULL, "life %d: nothing is ahead", life);
		expect_int(0, rename(rig_path("elsewhere"), rig_path("log")), "rename");
		usec_t time;
		expect_int(true, clock_confirmed_time(rig_poller, &time), "life %d: true time", life);
		end_life();
	}

	rig.wall = at("2026-12-07T00:00:00Z");
	rig_start(false);
	answer_all(true);
	expect_revision("2026-11-29T18:30:00Z", 0, "the first week");
	rig_end();
}

/* It has a record, so it is none that has not begun, whatever backfill_from says. */
static void a_gap_up_to_a_beginning_is_mended(void **state) {
	(void)state;
	static const struct line ahead[] = {{"2026-11-23T07:55:00Z", "2026-12-01T00:00:00Z", "gap", 0, 0, NULL}};
	rig_configure(RIG_ACCOUNT, DEFAULTS " backfill_from = \"2026-12-24T00:00:00Z\";", RIG_LOBBY, "");
	write_log(ahead, 1);
	rig_start(false);
	answer_all(true);
	expect_int(1, strstr(rig_said(), "continues from 2026-11-23T07:55:00Z") != NULL, "mended");
	rig_end();
}

/* In its first life the clock was twenty years ahead, and nobody said so. */
static void a_device_without_a_record_begins_anew(void **state) {
	(void)state;
	rig.wall = at("2046-11-25T08:00:00Z");
	rig_configure(RIG_ACCOUNT, DEFAULTS, WEEKLY_LOBBY("UTC") ", " RIG_FOYER, "");
	rig_start(false);
	answer_foyer(false);
	end_life();

	rig.wall = at("2026-11-25T08:00:00Z");
	rig_start(false);
	answer_foyer(true);
	expect_int(1, strstr(rig_said(), "<4>lobby: its log or checkpoint reaches to 2046-11-26T00:00:00Z, which has not "
	                                 "come yet: continues from 2026-11-30T00:00:00Z\n") != NULL, "mended");
	end_life();

	/* Where it begins has changed, and nothing was recorded before that. */
	rig_configure(RIG_ACCOUNT, DEFAULTS, WEEKLY_LOBBY("Asia/Kolkata") ", " RIG_FOYER, "");
	rig.wall = at("2026-12-07T00:00:00Z");
	rig_start(false);
	answer_all(true);
	expect_revision("2026-11-29T18:30:00Z", 0, "the first week");
	rig_end();
}

/* A gap of twenty years stands in a file that others took: what it holds was recorded nevertheless. */
static void what_others_took_has_been_recorded(void **state) {
	(void)state;
	static const struct line ahead[] = {
		{"2026-11-23T07:57:00Z", "2026-11-23T07:58:00Z", "ok", 3, 2, NULL},
		{"2026-11-23T07:58:00Z", "2026-11-23T08:01:00Z", "gap", 0, 0, NULL},
		{"2026-11-23T08:01:00Z", "2046-11-23T08:00:00Z", "gap", 0, 0, NULL},
	};
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	for (size_t kept = 0; kept < COUNT_OF(ahead); kept++) {
		write_file("log/occupancy-20261123T075800Z.ndjson", ahead, kept);
		write_log(ahead + kept, COUNT_OF(ahead) - kept);
		rig_start(false);
		end_life();
		expect_int(0, unlink(rig_path("log/occupancy.ndjson")), "unlink");
		rig_start(false);
		answer_all(true);
		run_until(at("2026-11-23T08:03:00Z"), true);
		expect_revision("2026-11-23T07:59:00Z", 3, "the minute before");
		expect_revision("2026-11-23T08:00:00Z", 3, "a minute");
		expect_revision("2026-11-23T08:02:00Z", 3, "a later one");
		again_from_the_beginning();
		rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	}
	rig_start(false);
	rig_end();
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_the_log_holds_says_where_it_goes_on),
		TEST(what_speaks_for_the_log_stops_the_clock),
		TEST(what_another_account_has_counted_stops_the_clock),
		TEST(only_what_is_ahead_goes_back),
		TEST(ten_devices_are_named),
		TEST(what_cannot_be_read_is_tried_again),
		TEST(it_is_kept_at_once_and_the_log_left_alone_after_that),
		TEST(a_checkpoint_that_is_ahead_is_replaced_at_once),
		TEST(a_checkpoint_that_fails_is_written_later),
		TEST(a_long_log_takes_its_time),
		TEST(a_device_may_begin_in_a_time_that_has_not_come),
		TEST(a_gap_up_to_a_beginning_is_mended),
		TEST(a_device_without_a_record_begins_anew),
		TEST(what_others_took_has_been_recorded),
	};
	return cmocka_run_group_tests_name("mend", tests, NULL, zones_done);
}
