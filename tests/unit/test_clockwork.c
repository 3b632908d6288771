// SPDX-License-Identifier: ISC

/* daemon/clockwork.c: what the Dates of replies do, and steps of our own clock. */

#include "rig.h"

#include "daemon/poller-private.h"

#include <dirent.h>
#include <time.h>

#define SECOND USEC_PER_SEC
#define MINUTE USEC_PER_MIN
#define HOUR   USEC_PER_HOUR

#define DEFAULTS "window = \"1m\"; lookback = \"0s\";"

/* What a server says whose clock is ours less that.  Valid until the next call. */
static const char *date_of(usec_t ahead) {
	static char date[64];
	time_t server = (time_t)((rig.wall - ahead) / SECOND);
	struct tm tm;
	(void)gmtime_r(&server, &tm);
	(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return date;
}

/* The open requests are answered; the server's clock is ours less that. */
static void answer_with_clock(usec_t ahead) {
	const char *date = date_of(ahead);
	while (rig_open() > 0) {
		rig_answer(0, &(struct rig_answer){.status = 200, .count = 1, .date = date});
	}
	(void)rig_turn();
}

/* So many replies, as they are asked for. */
static void rounds(int count, usec_t ahead) {
	for (int i = 0; i < count; i++) {
		(void)rig_until_asked();
		answer_with_clock(ahead);
	}
}

/* One that waits for its turn will bring a Date as well. */
static void no_probe_is_made_where_a_device_waits_for_its_turn(void **state) {
	(void)state;
	rig_configure("base_url = \"http://127.0.0.1:1\"; name = \"acme\"; rate = \"1/m\"; burst = 1;", DEFAULTS,
	              RIG_LOBBY ", " RIG_FOYER, "");
	rig_start(false);
	expect_int(1, rig_open(), "requests");
	char first[64];
	(void)snprintf(first, sizeof(first), "%s", rig_request(0)->uuid);
	answer_with_clock(HOUR);
	const struct access *access = &rig_poller->roll.accesses[0];
	expect_int(1, access->lane.live.len + access->lane.backlog.len, "devices that wait for their turn");
	for (int i = 0; i < 59; i++) {
		rig_pass(SECOND);
		(void)rig_turn();
	}
	expect_int(0, access->clock.probes, "probes");
	expect_between(0, 2 * SECOND, rig_until_asked(), "until its turn");
	expect_int(1, strcmp(first, rig_request(0)->uuid) != 0, "the other one");
	rig_end();
}

static bool is_ahead_told(void) {
	return strstr(rig_status_now().lanes, "clock is ahead of the server's") != NULL;
}

static void a_clock_that_is_ahead_is_told_and_waited_for(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	usec_t time = -7;
	expect_int(false, clock_confirmed_time(rig_poller, &time), "true time before any reply");
	expect_int(-7, time, "the output is untouched");

	/* An hour: what was asked for is not over there. */
	answer_with_clock(HOUR);
	rig_expect_said("<5>acme: a reply's Date is 1 h off this machine's clock: asking again before acting on "
	                "either\n");
	expect_int(1, strstr(rig_status_now().lanes, "this machine's clock and the server's disagree") != NULL, "%s",
	           rig_status_now().lanes);
	expect_text("", rig_get("log/occupancy.ndjson"), "records");
	expect_int(false, clock_confirmed_time(rig_poller, &time), "true time after one reply");

	/* Two more ask for the time alone, and then it is known. */
	expect_between(0, 1 * SECOND, rig_until_asked(), "the second asks soon");
	answer_with_clock(HOUR);
	rig_expect_said("");
	expect_between(SECOND, 2 * SECOND, rig_until_asked(), "the third asks soon");
	answer_with_clock(HOUR);
	rig_expect_said("<4>acme: this machine's clock is ahead of the server's by 1 h: buckets wait until they are over by "
	                "the server's; set the clock\n");
	expect_int(true, is_ahead_told(), "%s", rig_status_now().lanes);
	expect_int(true, clock_confirmed_time(rig_poller, &time), "true time");
	expect_between(rig.wall - HOUR - SECOND, rig.wall - HOUR + SECOND, time, "true time");
	rig_end();
}

static void ten_seconds_are_told_and_less_is_not(void **state) {
	(void)state;
	static const struct {
		usec_t ahead;
		bool told;
	} rows[] = {{0, false}, {-HOUR, false}, {3 * SECOND, false}, {9 * SECOND, false}, {12 * SECOND, true}, {MINUTE, true}};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
		rig_start(false);
		rounds(3, rows[row].ahead);
		const char *said = rig_said();
		expect_int(rows[row].told, strstr(said, "is ahead of the server's") != NULL, "row %zu: %s", row, said);
		expect_int(rows[row].told, is_ahead_told(), "row %zu: %s", row, rig_status_now().lanes);
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* What is known of the server's clock moves with a step of ours; so do the buckets that wait. */
static void a_step_to_the_right_time_ends_it(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	rounds(3, 0);
	rig_expect_said("");
	usec_t time = 0;
	expect_int(true, clock_confirmed_time(rig_poller, &time), "true time");
	expect_time(rig.wall, time, "true time");

	rig.wall += HOUR;
	(void)rig_turn();
	rig_expect_said("<5>the clock was set forward by 1 h\n<4>acme: this machine's clock is ahead of the server's by *\n");
	expect_int(true, clock_confirmed_time(rig_poller, &time), "true time after a step");
	expect_between(rig.wall - HOUR - 2 * SECOND, rig.wall - HOUR + 2 * SECOND, time, "true time after a step");
	rig_pass(10 * SECOND);
	(void)rig_turn();
	expect_int(0, rig_open(), "requests: nothing is over by the server's clock");

	rig.wall -= HOUR;
	(void)rig_turn();
	rig_expect_said("<5>the clock was set back by 1 h\n<5>acme: this machine's clock agrees with the server's again\n");
	expect_int(false, is_ahead_told(), "%s", rig_status_now().lanes);
	rig_end();
}

/* One odd reply among right ones moves nothing. */
static void one_odd_date_is_outvoted(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	rounds(3, 0);
	(void)rig_until_asked();
	rig_answer(0, &(struct rig_answer){.status = 200, .count = 1, .date = "Sat, 01 Jan 2000 00:00:00 GMT"});
	(void)rig_turn();
	rig_expect_said("");
	usec_t time = 0;
	expect_int(true, clock_confirmed_time(rig_poller, &time), "true time");
	expect_time(rig.wall, time, "true time");
	expect_between(0, 2 * MINUTE, rig_until_asked(), "polling goes on");
	rig_end();
}

/* The line of a record in the log; the count is null, and the reason given, in a gap. */
static void put_line(char *log, size_t size, const char *start, const char *end, const char *count, const char *status) {
	size_t len = strlen(log);
	(void)snprintf(log + len, size - len,
	               "{\"time\":\"%s\",\"name\":\"lobby\",\"count\":%s,\"status\":\"%s\",\"interval\":\"MINUTELY\","
	               "\"device\":\"" RIG_UUID_A "\",\"revision\":0,\"end\":\"%s\",\"polled_at\":\"%s\"}\n",
	               start, count, status, end, end);
}

/* Our clock is ten days ahead, and the first Date is wrong, too: by it half of that would be over. */
static void an_odd_date_at_first_makes_nothing_be_over(void **state) {
	(void)state;
	char log[1024] = "";
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	put_line(log, sizeof(log), "2026-11-23T07:54:00Z", "2026-11-23T07:55:00Z", "3", "ok");
	rig_put("log/occupancy.ndjson", log);
	rig_start(false);
	rig.wall += 10 * USEC_PER_DAY;
	(void)rig_turn();
	rounds(1, 5 * USEC_PER_DAY);
	expect_text(log, rig_get("log/occupancy.ndjson"), "nothing is recorded by the first Date");
	rounds(2, 10 * USEC_PER_DAY);
	(void)rig_until_asked();
	answer_with_clock(10 * USEC_PER_DAY);
	const char *now = rig_get("log/occupancy.ndjson");
	expect_int(1, strstr(now, "{\"time\":\"2026-11-23T07:59:00Z\"") != NULL, "%s", now);
	expect_int(1, strstr(now, "{\"time\":\"2026-11-23T08:0") == NULL, "%s", now);
	rig_expect_said("*");
	rig_end();
}

/*
 * Of several servers one that dates its replies says what time it is, and of these the one that is
 * nearest to our clock; if none does, nobody contradicts it.
 */
static void the_best_server_says_what_time_it_is(void **state) {
	(void)state;
	enum { NO_DATE = 1 }; /* in place of an offset, which is whole minutes */
	static const struct {
		usec_t ahead[2], expected;
	} rows[] = {
		{{-MINUTE, NO_DATE}, -MINUTE}, {{NO_DATE, -MINUTE}, -MINUTE}, {{-MINUTE, -HOUR}, -MINUTE}, {{-HOUR, -MINUTE}, -MINUTE},
		{{-MINUTE, HOUR}, -MINUTE},    {{HOUR, MINUTE}, MINUTE},      {{NO_DATE, NO_DATE}, 0},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char text[4096];
		(void)snprintf(text, sizeof(text),
		               "accounts = ( { name = \"a\"; base_url = \"http://127.0.0.1:1\"; key_file = \"%s\"; },\n"
		               "             { name = \"b\"; base_url = \"http://127.0.0.1:2\"; key_file = \"%s\"; } );\n"
		               "defaults = { interval = \"MINUTELY\"; timezone = \"UTC\"; settle = \"0s\"; window = \"1m\"; };\n"
		               "devices = ( { uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; account = \"a\"; },\n"
		               "            { uuid = \"" RIG_UUID_B "\"; name = \"foyer\"; account = \"b\"; } );\n"
		               "log = { directory = \"%s\"; };\nstate = { directory = \"%s\"; };\n",
		               rig_path("key"), rig_path("key"), rig_path("log"), rig_path("state"));
		rig_put("main.conf", text);
		rig_start(false);
		for (int round = 0; round < 10; round++) {
			while (rig_open() > 0) {
				usec_t ahead = rows[row].ahead[strcmp(rig_request(0)->uuid, RIG_UUID_B) == 0];
				rig_answer(0, &(struct rig_answer){.status = 200, .count = 1,
				                                   .date = ahead == NO_DATE ? NULL : date_of(ahead)});
			}
			(void)rig_turn();
			(void)rig_until_asked();
		}
		usec_t time = 0;
		expect_int(true, clock_confirmed_time(rig_poller, &time), "row %zu: true time", row);
		expect_between(rig.wall - rows[row].expected - 2 * SECOND, rig.wall - rows[row].expected + 2 * SECOND, time,
		               "row %zu: true time", row);
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* A device that has not begun is not in the checkpoint; with the first answer that agrees it is. */
static void a_device_begins_when_the_time_is_confirmed(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	(void)rig_until_asked();
	rig_unreachable();
	(void)rig_turn();
	struct error err = {{0}};
	expect_int(0, recovery_save(rig_poller, &err), "%s", err.text);
	expect_int(1, strstr(rig_get("state/checkpoint"), RIG_UUID_A) == NULL, "not begun");
	rounds(1, 0);
	expect_int(0, recovery_save(rig_poller, &err), "%s", err.text);
	expect_int(1, strstr(rig_get("state/checkpoint"), RIG_UUID_A) != NULL, "begun");
	rig_expect_said("*");
	rig_end();
}

/* The log ends with a gap until 2046: refused, said, and its minutes are recorded with revision 1. */
/* It would begin anew at the next start, were it not saved before its first record is. */
static void a_beginning_is_saved_though_nothing_is_recorded(void **state) {
	(void)state;
	struct error err = {{0}};
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	expect_int(0, recovery_save(rig_poller, &err), "%s", err.text);
	expect_int(1, strstr(rig_get("state/checkpoint"), UUID_A) == NULL, "it has not begun");
	expect_int(0, rename(rig_path("log"), rig_path("elsewhere")), "rename");
	answer_with_clock(0);
	expect_int(0, rig_status_now().records, "records");
	expect_int(0, recovery_save(rig_poller, &err), "%s", err.text);
	expect_int(1, strstr(rig_get("state/checkpoint"), UUID_A) != NULL, "it has begun");
	rig_end();
}

static void a_gap_until_2046_is_mended(void **state) {
	(void)state;
	char log[2048] = "";
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	put_line(log, sizeof(log), "2026-11-23T07:54:00Z", "2026-11-23T07:55:00Z", "3", "ok");
	put_line(log, sizeof(log), "2026-11-23T07:55:00Z", "2046-11-23T08:00:00Z", "null", "gap");
	rig_put("log/occupancy.ndjson", log);
	rig_start(false);
	(void)rig_said();
	expect_int(1, strstr(rig_status_now().lanes, "the log is ahead of this machine's clock") != NULL, "%s",
	           rig_status_now().lanes);
	rounds(2, 0);
	rig_expect_said("<4>lobby: its log or checkpoint reaches to 2046-11-23T08:00:00Z, which has not come yet: continues from "
	                "2026-11-23T07:55:00Z\n*");
	const char *now = rig_get("log/occupancy.ndjson");
	expect_int(1, strstr(now, "{\"time\":\"2026-11-23T07:55:00Z\",\"name\":\"lobby\",\"count\":1,\"status\":\"ok\","
	                          "\"interval\":\"MINUTELY\",\"device\":\"" RIG_UUID_A "\",\"revision\":1,") != NULL, "%s", now);
	expect_int(1, strstr(now, "{\"time\":\"2026-11-23T07:59:00Z\"") != NULL, "%s", now);
	rig_end();
}

/* Whether the log was rotated to a name that begins so. */
static bool is_rotated_to(const char *begin) {
	bool found = false;
	DIR *dir = opendir(rig_path("log"));
	expect_not_null(dir);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		found = found || strncmp(entry->d_name, begin, strlen(begin)) == 0;
	}
	(void)closedir(dir);
	return found;
}

/*
 * The log ends with a gap until 2046, and is full.  The reply that confirms the time brings a record
 * that is written before the log is read again: the file is named after that time.  Where the server
 * sends no Date the log is as good a witness as the clock, and the name is that of its end.
 */
static void a_full_log_that_is_ahead_is_named_by_the_confirmed_time(void **state) {
	(void)state;
	static const struct {
		bool dated;
		const char *name;
	} rows[] = {{true, "occupancy-20261123T080000Z."}, {false, "occupancy-20461123T080000Z."}};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char log[2048] = "";
		rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY ", " RIG_FOYER, "");
		put_line(log, sizeof(log), "2026-11-23T07:54:00Z", "2026-11-23T07:55:00Z", "3", "ok");
		memcpy(strstr(log, RIG_UUID_A), RIG_UUID_B, strlen(RIG_UUID_B));
		put_line(log, sizeof(log), "2026-11-23T07:55:00Z", "2046-11-23T08:00:00Z", "null", "gap");
		rig_put("log/occupancy.ndjson", log);
		rig_start(false);
		struct log_settings settings = poller_config(rig_poller)->log;
		settings.rotate_size = 1;
		settings.compress = false;
		struct error err = {{0}};
		expect_int(0, sink_reconfigure(rig_sink, &settings, USEC_UNKNOWN, &err), "%s", err.text);
		/* The foyer's reply comes first, and its minutes are over by any clock. */
		size_t foyer = 0;
		while (strcmp(rig_request(foyer)->uuid, RIG_UUID_B) != 0) {
			foyer++;
		}
		rig_answer(foyer, &(struct rig_answer){.status = 200, .count = 1, .date = rows[row].dated ? date_of(0) : NULL});
		(void)rig_turn();
		expect_int(true, is_rotated_to(rows[row].name), "row %zu: rotated to %s", row, rows[row].name);
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* Somebody has been counted in a time that has not come: the clock is wrong, and not the log. */
static void counts_are_believed_rather_than_the_clock(void **state) {
	(void)state;
	char log[2048] = "";
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	put_line(log, sizeof(log), "2027-02-01T07:54:00Z", "2027-02-01T07:55:00Z", "3", "ok");
	rig_put("log/occupancy.ndjson", log);
	rig_start(false);
	(void)rig_said();
	rounds(1, 0);
	rig_expect_said("<4>acme: the log holds counts of a time that has not come yet: *");
	expect_text(log, rig_get("log/occupancy.ndjson"), "the log");
	usec_t time;
	expect_int(false, clock_confirmed_time(rig_poller, &time), "true time");
	expect_int(1, strstr(rig_status_now().lanes, "behind the log") != NULL, "%s", rig_status_now().lanes);

	/* Set right, it is confirmed at once, and nothing is taken back. */
	rig.wall += 71 * USEC_PER_DAY;
	rounds(3, 0);
	expect_int(true, clock_confirmed_time(rig_poller, &time), "true time when it is right");
	expect_int(1, strstr(rig_get("log/occupancy.ndjson"), "\"revision\":1") == NULL, "no revision");
	rig_end();
}

/* Each reply says something else: asked again after one second, two, four, and at last every five minutes. */
static void while_replies_disagree_it_asks_more_and_more_seldom(void **state) {
	(void)state;
	static const int waits[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300};
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY ", " RIG_FOYER, "");
	rig_start(false);
	answer_with_clock(USEC_PER_DAY);
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		usec_t waited = rig_until_asked();
		expect_int(1, rig_open(), "probe %zu: at a time", i);
		/* The first one is planned before the first reply has been dealt with. */
		expect_between(i == 0 ? 0 : waits[i - 1] * SECOND, waits[i] * SECOND + SECOND, waited, "probe %zu: wait", i);
		/* While it is on its way there is no other. */
		rig_pass(10 * MINUTE);
		(void)rig_turn();
		expect_int(1, rig_open(), "probe %zu: alone", i);
		answer_with_clock((usec_t)(i + 2) * USEC_PER_DAY);
	}
	rig_end();
}

/* With once there is an end to it, which is said once. */
static void once_asks_six_times_what_time_it_is(void **state) {
	(void)state;
	int asked = 0;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(true);
	for (int i = 0; i < 1000; i++) {
		if (rig_open() > 0) {
			asked++;
			answer_with_clock(asked * USEC_PER_DAY);
		}
		(void)rig_turn();
		rig_pass(SECOND);
	}
	expect_int(7, asked, "the first request and six for the time");
	const char *said = rig_said(), *first = strstr(said, "could not find out what time it is");
	expect_int(true, first != NULL, "told: %s", said);
	expect_int(true, first && !strstr(first + 1, "what time it is could"), "told once: %s", said);
	rig_end();
}

/* A device that waits for its window does so: nobody has said anything against the clock. */
static void without_any_doubt_there_is_no_probe(void **state) {
	(void)state;
	char log[2048] = "";
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	put_line(log, sizeof(log), "2026-11-23T07:59:00Z", "2026-11-23T08:00:00Z", "3", "ok");
	rig_put("log/occupancy.ndjson", log);
	rig_start(false);
	expect_int(true, !strstr(rig_status_now().lanes, "clock"), "%s", rig_status_now().lanes);
	expect_between(MINUTE, 2 * MINUTE, rig_until_asked(), "the next window");
	rig_end();
}

/* The Date is that of the moment when it was sent, and the reply is slow. */
static void a_slow_reply_shows_no_clock_that_is_off(void **state) {
	(void)state;
	char date[64];
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	(void)rig_until_asked();
	time_t server = (time_t)(rig.wall / SECOND);
	struct tm tm;
	(void)gmtime_r(&server, &tm);
	(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	rig_pass(25 * SECOND);
	rig_answer(0, &(struct rig_answer){.status = 200, .count = 1, .date = date});
	(void)rig_turn();
	rig_expect_said("");
	usec_t time = 0;
	expect_int(true, clock_confirmed_time(rig_poller, &time), "true time");
	expect_time(rig.wall, time, "true time");
	rig_end();
}

/* Nothing is recorded yet: what was the last minute is so no more. */
static void a_device_begins_later_if_the_clock_is_set_before(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	(void)rig_until_asked();
	rig_unreachable();
	(void)rig_turn();
	(void)report_changed(rig_poller);
	rig.wall += HOUR;
	(void)rig_turn();
	expect_int(true, report_changed(rig_poller), "the figures have changed");
	(void)rig_until_asked();
	expect_time(at("2026-11-23T08:59:00Z"), rig_request(0)->start, "asked for");
	rig_end();
}

/* Devices that wait by the wrong time do so no longer than that is believed. */
static void a_server_that_is_set_right_is_followed_by_all(void **state) {
	(void)state;
	bool asked[2] = {false, false};
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY ", " RIG_FOYER, "");
	rig_start(false);
	rounds(5, HOUR);
	expect_int(true, is_ahead_told(), "%s", rig_status_now().lanes);
	for (int i = 0; i < 10 && is_ahead_told(); i++) {
		rounds(1, 0);
	}
	expect_int(false, is_ahead_told(), "%s", rig_status_now().lanes);
	for (usec_t end = rig.wall + 3 * MINUTE; rig.wall < end;) {
		(void)rig_until_asked();
		while (rig_open() > 0 && rig.wall < end) {
			asked[strcmp(rig_request(0)->uuid, RIG_UUID_B) == 0] = true;
			rig_ok(1);
		}
		(void)rig_turn();
	}
	expect_int(true, asked[0] && asked[1], "both are asked for: %d, %d", asked[0], asked[1]);
	rig_end();
}

/* An offset that stays as it is says nothing new; one that changes does. */
static void a_dispute_lasts_as_long_as_the_clock_says_the_same(void **state) {
	(void)state;
	char log[2048] = "";
	usec_t time;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	put_line(log, sizeof(log), "2027-02-01T07:54:00Z", "2027-02-01T07:55:00Z", "3", "ok");
	rig_put("log/occupancy.ndjson", log);
	rig_start(false);
	(void)rig_said();
	rounds(3, -HOUR);
	rig_expect_said("*<4>acme: the log holds counts of a time that has not come yet: *");
	for (int i = 0; i < 3; i++) {
		rounds(1, -HOUR);
		rig_expect_said("");
		expect_int(false, clock_confirmed_time(rig_poller, &time), "true time");
	}
	expect_text(log, rig_get("log/occupancy.ndjson"), "the log");
	/* Half a year later, by the server, it is not in the future any more. */
	for (int i = 0; i < 8; i++) {
		rounds(1, -180 * USEC_PER_DAY);
	}
	expect_int(true, clock_confirmed_time(rig_poller, &time), "true time by a server that knows better");
	rig_end();
}

/* Less than ten seconds are not told; but what was told is so until the clock is right. */
static void a_clock_that_was_told_is_off_until_it_is_right(void **state) {
	(void)state;
	static const struct {
		usec_t ahead;
		const char *told;
	} rows[] = {{HOUR, "this machine's clock is ahead of the server's"}, {-HOUR, "this machine's clock is behind the server's"}};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		usec_t ahead = rows[row].ahead, left = ahead > 0 ? 6 * SECOND : -6 * SECOND;
		rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
		rig_start(false);
		rounds(3, ahead);
		const char *said = rig_said();
		expect_int(true, strstr(said, rows[row].told) != NULL, "row %zu: %s", row, said);
		expect_int(true, strstr(rig_status_now().lanes, rows[row].told) != NULL, "%s", rig_status_now().lanes);

		rig.wall -= ahead - left;
		(void)rig_turn();
		expect_int(true, strstr(rig_status_now().lanes, rows[row].told) != NULL, "row %zu: six seconds: %s", row,
		           rig_status_now().lanes);
		rig_expect_said("<5>the clock was set *\n");
		rig.wall -= left;
		(void)rig_turn();
		expect_int(true, !strstr(rig_status_now().lanes, "clock"), "row %zu: right: %s", row, rig_status_now().lanes);
		rig_expect_said("<5>the clock was set *\n<5>acme: this machine's clock agrees with the server's again\n");
		/* And six seconds are nothing to be told then. */
		rig.wall += left;
		(void)rig_turn();
		expect_int(true, !strstr(rig_status_now().lanes, "clock"), "row %zu: %s", row, rig_status_now().lanes);
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* With once, turns until it is finished.  Returns what was said. */
static const char *run_once_unreachable(int dated, usec_t ahead) {
	size_t incomplete = 0;
	rig_start(true);
	for (int i = 0; i < 4000 && !once_finished(rig_poller, &incomplete); i++) {
		while (rig_open() > 0) {
			if (dated-- > 0) {
				rig_answer(0, &(struct rig_answer){.status = 200, .count = 1, .date = date_of(ahead)});
			} else {
				rig_unreachable();
			}
		}
		(void)rig_turn();
		rig_pass(SECOND);
	}
	expect_int(true, once_finished(rig_poller, &incomplete), "it comes to an end");
	return rig_said();
}

/* With once, what is in question and stays so is told, whoever has put it in question: a reply, or the log. */
static void once_tells_what_no_reply_has_settled(void **state) {
	(void)state;
	char log[1024] = "";
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	const char *said = run_once_unreachable(1, USEC_PER_DAY);
	expect_int(true, strstr(said, "could not find out what time it is") != NULL, "one odd reply: %s", said);
	rig_end();

	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	put_line(log, sizeof(log), "2026-11-23T07:55:00Z", "2046-11-23T08:00:00Z", "null", "gap");
	rig_put("log/occupancy.ndjson", log);
	said = run_once_unreachable(0, 0);
	expect_int(true, strstr(said, "could not find out what time it is") != NULL, "the log alone: %s", said);
	rig_end();
}

/* A device that waits after a failure is not asked for the time before that is over; others are. */
static void the_time_is_asked_of_devices_that_do_not_back_off(void **state) {
	(void)state;
	int asked[2] = {0, 0};
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY ", " RIG_FOYER, "");
	rig_start(false);
	(void)rig_until_asked();
	for (int i = 0; i < 3 && rig_open() > 0; i++) {
		bool lobby = strcmp(rig_request(0)->uuid, RIG_UUID_A) == 0;
		rig_answer(0, &(struct rig_answer){.status = lobby ? 404 : 200, .count = 1, .date = date_of(USEC_PER_DAY),
		                                   .body = lobby ? "{}" : NULL});
		(void)rig_turn();
	}
	for (usec_t end = rig.wall + 4 * MINUTE; rig.wall < end; rig_pass(SECOND)) {
		(void)rig_turn();
		while (rig_open() > 0) {
			asked[strcmp(rig_request(0)->uuid, RIG_UUID_B) == 0]++;
			rig_answer(0, &(struct rig_answer){.status = 200, .count = 1,
			                                   .date = date_of((asked[0] + asked[1] + 2) * USEC_PER_DAY)});
		}
	}
	expect_int(0, asked[0], "requests for the one that waits");
	expect_between(4, 100, asked[1], "requests for the other");
	rig_end();
}

/* Whatever comes instead of the time, the device is asked again. */
static void a_request_for_the_time_that_fails_is_made_again(void **state) {
	(void)state;
	static const struct rig_answer rows[] = {
		{.status = 500, .body = "no"},
		{.status = 404, .body = "no"},
		{.status = 200, .body = "garbage"},
		{.result = HTTP_TOO_LARGE, .status = 200, .body = "", .error = "large"},
		{.result = HTTP_SLOW, .body = "", .error = "slow"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
		rig_start(false);
		rounds(4, 2 * HOUR);
		expect_int(true, is_ahead_told(), "%s", rig_status_now().lanes);
		for (int i = 0; i < 3; i++) {
			expect_between(0, 21 * MINUTE, rig_until_asked(), "row %zu: request %d", row, i);
			rig_answer(0, &rows[row]);
			(void)rig_turn();
		}
		(void)rig_said();
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* If it is the only one, the time waits with it. */
static void nobody_is_asked_for_the_time_while_all_back_off(void **state) {
	(void)state;
	int asked = 0;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	rounds(3, HOUR);
	expect_int(true, is_ahead_told(), "%s", rig_status_now().lanes);
	for (usec_t end = rig.wall + HOUR; rig.wall < end; rig_pass(SECOND)) {
		usec_t wait = rig_turn();
		expect_int(true, wait > 0 || rig_open() > 0, "it waits for something");
		for (; rig_open() > 0; asked++) {
			rig_answer(0, &(struct rig_answer){.status = 404, .body = "{}", .date = date_of(HOUR)});
		}
	}
	expect_between(2, 30, asked, "requests in an hour");
	rig_end();
}

/* While our clock is off the time is asked for every five minutes: of one device at a time, and of each in its turn. */
static void the_time_is_asked_for_of_one_device_at_a_time(void **state) {
	(void)state;
	char last[64] = "";
	rig_configure(RIG_ACCOUNT, "window = \"12h\"; lookback = \"0s\";", RIG_LOBBY ", " RIG_FOYER, "");
	rig_start(false);
	for (int i = 0; i < 10 && (rig_open() > 0 || rig_turn() < HOUR); i++) {
		rounds(1, 0);
	}
	expect_between(HOUR, 12 * HOUR, rig_turn(), "nothing is due for hours");
	rig.wall += HOUR;
	(void)rig_turn();
	for (int i = 0; i < 3 && !is_ahead_told(); i++) {
		rounds(1, HOUR);
	}
	expect_int(true, is_ahead_told(), "%s", rig_status_now().lanes);
	for (int i = 0; i < 4; i++) {
		expect_between(5 * MINUTE, 5 * MINUTE + SECOND, rig_until_asked(), "probe %d", i);
		expect_int(1, rig_open(), "probe %d: requests", i);
		expect_int(true, strcmp(rig_request(0)->uuid, last) != 0, "probe %d: of another device", i);
		(void)snprintf(last, sizeof(last), "%s", rig_request(0)->uuid);
		rig_pass(7 * MINUTE);
		expect_between(SECOND, USEC_INFINITY, rig_turn(), "probe %d: nothing to do meanwhile", i);
		expect_int(1, rig_open(), "probe %d: no other while it is on its way", i);
		answer_with_clock(HOUR);
	}
	rig_end();
}

/*
 * A log that ends ten seconds ahead of the clock may well be right, and is left alone; one that is
 * further ahead is in question at once, and mended when a reply agrees with the clock.
 */
static void a_log_that_is_ahead_by_more_than_ten_seconds_is_mended(void **state) {
	(void)state;
	static const struct {
		int seconds;
		bool ahead;
	} rows[] = {{-60, false}, {0, false}, {9, false}, {10, false}, {11, true}};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char log[1024] = "";
		rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY ", " RIG_FOYER, "");
		put_line(log, sizeof(log), "2026-11-23T08:00:00Z", "2026-11-23T08:01:00Z", "0", "ok");
		rig_put("log/occupancy.ndjson", log);
		rig.wall = at("2026-11-23T08:01:00Z") - rows[row].seconds * SECOND;
		rig_start(false);
		(void)rig_said();
		const char *lanes = rig_status_now().lanes;
		expect_int(rows[row].ahead, strstr(lanes, "the log is ahead of this machine's clock") != NULL, "row %zu: %s", row, lanes);
		expect_int(true, rig_open() > 0, "row %zu: it asks", row);
		answer_with_clock(0);
		const char *said = rig_said();
		expect_int(rows[row].ahead, strstr(said, "lobby: its log or checkpoint reaches to") != NULL, "row %zu: %s", row, said);
		expect_int(true, !strstr(rig_status_now().lanes, "clock"), "row %zu: %s", row, rig_status_now().lanes);
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* Nothing else is due for a year: the device of which the log is ahead is asked for the time itself, and at once. */
static void a_log_that_is_ahead_is_asked_about_at_once(void **state) {
	(void)state;
	char log[1024] = "";
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	put_line(log, sizeof(log), "2026-11-23T07:55:00Z", "2027-11-23T08:00:00Z", "null", "gap");
	rig_put("log/occupancy.ndjson", log);
	rig_start(false);
	expect_int(1, rig_open(), "requests at the start");
	rig_end();
}

/* What the one server's devices are waiting for does not concern those of the other. */
static void a_log_that_is_ahead_holds_up_its_own_account_alone(void **state) {
	(void)state;
	char text[4096], log[1024] = "";
	(void)snprintf(text, sizeof(text),
	               "accounts = ( { name = \"a\"; base_url = \"http://127.0.0.1:1\"; key_file = \"%s\"; },\n"
	               "             { name = \"b\"; base_url = \"http://127.0.0.1:2\"; key_file = \"%s\"; } );\n"
	               "defaults = { interval = \"MINUTELY\"; timezone = \"UTC\"; settle = \"0s\"; window = \"1m\"; };\n"
	               "devices = ( { uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; account = \"a\"; },\n"
	               "            { uuid = \"" RIG_UUID_B "\"; name = \"foyer\"; account = \"b\"; } );\n"
	               "log = { directory = \"%s\"; };\nstate = { directory = \"%s\"; };\n",
	               rig_path("key"), rig_path("key"), rig_path("log"), rig_path("state"));
	rig_put("main.conf", text);
	put_line(log, sizeof(log), "2026-11-23T07:55:00Z", "2046-11-23T08:00:00Z", "null", "gap");
	rig_put("log/occupancy.ndjson", log);
	rig_start(false);
	/* The lobby's log is ahead, and its server does not answer; the foyer's does. */
	for (int i = 0; i < 20; i++) {
		(void)rig_until_asked();
		while (rig_open() > 0) {
			if (strcmp(rig_request(0)->uuid, RIG_UUID_A) == 0) {
				rig_unreachable();
			} else {
				rig_answer(0, &(struct rig_answer){.status = 200, .count = 1, .date = date_of(0)});
			}
		}
		(void)rig_turn();
	}
	struct error err = {{0}};
	usec_t time;
	expect_int(0, recovery_save(rig_poller, &err), "%s", err.text);
	expect_int(true, strstr(rig_get("state/checkpoint"), RIG_UUID_B) != NULL, "the foyer has begun");
	expect_int(true, clock_confirmed_time(rig_poller, &time), "true time by the foyer's server");
	expect_int(true, strstr(rig_status_now().lanes, "the log is ahead of this machine's clock") != NULL, "%s",
	           rig_status_now().lanes);
	rig_end();
}

/* By a clock that the log disputes no device begins; by the right one it does. */
static void no_device_begins_while_the_log_disputes_the_clock(void **state) {
	(void)state;
	char log[1024] = "";
	struct error err = {{0}};
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY ", " RIG_FOYER, "");
	put_line(log, sizeof(log), "2027-02-01T07:54:00Z", "2027-02-01T07:55:00Z", "3", "ok");
	rig_put("log/occupancy.ndjson", log);
	rig_start(false);
	rounds(3, 0);
	expect_int(0, recovery_save(rig_poller, &err), "%s", err.text);
	expect_int(true, !strstr(rig_get("state/checkpoint"), RIG_UUID_B), "the foyer has not begun");
	rig.wall += 71 * USEC_PER_DAY;
	rounds(3, 0);
	expect_int(0, recovery_save(rig_poller, &err), "%s", err.text);
	expect_int(true, strstr(rig_get("state/checkpoint"), RIG_UUID_B) != NULL, "it has");
	expect_int(true, !strstr(rig_get("log/occupancy.ndjson"), "{\"time\":\"2026"), "when it would have by the right clock");
	rig_end();
}

/* It is over when the time of the last count has come, give or take ten seconds. */
static void a_dispute_is_over_when_its_time_has_come(void **state) {
	(void)state;
	for (int early = 0; early < 2; early++) {
		char log[1024] = "";
		usec_t time;
		rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
		put_line(log, sizeof(log), "2026-11-23T08:09:00Z", "2026-11-23T08:10:00Z", "3", "ok");
		rig_put("log/occupancy.ndjson", log);
		rig_start(false);
		rounds(1, 0);
		expect_int(true, strstr(rig_status_now().lanes, "behind the log") != NULL, "%s", rig_status_now().lanes);
		rounds(1, 0);
		(void)rig_until_asked();
		rig_pass(at("2026-11-23T08:09:50Z") - early * SECOND - rig.wall);
		answer_with_clock(0);
		expect_int(!early, clock_confirmed_time(rig_poller, &time), "%d seconds too early: true time", early);
		expect_int(early, strstr(rig_status_now().lanes, "behind the log") != NULL, "%s", rig_status_now().lanes);
		expect_text(log, rig_get("log/occupancy.ndjson"), "the log");
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* The clocks may drift apart by less than a second; that is no step, which is told. */
static void a_second_is_a_step(void **state) {
	(void)state;
	static const struct {
		usec_t step;
		const char *said;
	} rows[] = {
		{SECOND - 1, ""},
		{-SECOND + 1, ""},
		{SECOND, "<5>the clock was set forward by 1 s\n"},
		{-SECOND, "<5>the clock was set back by 1 s\n"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
		rig_start(false);
		rounds(3, 0);
		rig.wall += rows[row].step;
		(void)rig_turn();
		rig_expect_said(rows[row].said);
		(void)rig_turn();
		rig_expect_said("");
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* What is over when a run with once begins is what it records; by the clock as it is set meanwhile. */
static void once_ends_where_it_began_by_the_clock_that_is_set(void **state) {
	(void)state;
	char log[1024] = "";
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	put_line(log, sizeof(log), "2026-11-23T07:54:00Z", "2026-11-23T07:55:00Z", "3", "ok");
	rig_put("log/occupancy.ndjson", log);
	size_t incomplete = 0;
	rig_start(true);
	(void)rig_until_asked();
	rig_unreachable();
	(void)rig_turn();
	rig.wall += 20 * MINUTE;
	for (int i = 0; i < 600 && !once_finished(rig_poller, &incomplete); i++) {
		(void)rig_turn();
		answer_with_clock(0);
		rig_pass(SECOND);
	}
	expect_int(true, once_finished(rig_poller, &incomplete), "it comes to an end");
	expect_int(0, incomplete, "devices that are not complete");
	const char *now = rig_get("log/occupancy.ndjson");
	expect_int(true, strstr(now, "{\"time\":\"2026-11-23T08:19:00Z\"") != NULL, "the last minute: %s", now);
	expect_int(true, !strstr(now, "{\"time\":\"2026-11-23T08:20:00Z\""), "and no other: %s", now);
	rig_end();
}

/* Set to what the one reply has said, the clock is confirmed by it, and devices begin. */
static void devices_begin_with_the_step_that_settles_it(void **state) {
	(void)state;
	struct error err = {{0}};
	usec_t time;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	rounds(1, HOUR);
	expect_int(false, clock_confirmed_time(rig_poller, &time), "true time after one reply");
	rig.wall -= HOUR;
	(void)rig_turn();
	expect_int(true, clock_confirmed_time(rig_poller, &time), "true time after the step");
	expect_int(0, recovery_save(rig_poller, &err), "%s", err.text);
	expect_int(true, strstr(rig_get("state/checkpoint"), RIG_UUID_A) != NULL, "begun");
	rig_end();
}

/* So many devices of one account, a letter each. */
static const char *devices(int count) {
	static char text[2048];
	text[0] = '\0';
	for (int i = 0; i < count; i++) {
		size_t len = strlen(text);
		(void)snprintf(text + len, sizeof(text) - len, "%s{ uuid = \"%cAAAAAAAAAAAAAAAAAAAAA.v0\"; name = \"room-%c\"; account = \"acme\"; }",
		               i > 0 ? ", " : "", 'A' + i, 'a' + i);
	}
	return text;
}

/* How many of those are asked for within that time, while the server's clock is ours less that. */
static int asked_within(usec_t time, usec_t ahead) {
	bool asked[26] = {false};
	int count = 0;
	for (usec_t end = rig.now + time; rig.now < end; rig_pass(SECOND)) {
		(void)rig_turn();
		while (rig_open() > 0) {
			bool *one = &asked[rig_request(0)->uuid[0] - 'A'];
			count += !*one;
			*one = true;
			rig_answer(0, &(struct rig_answer){.status = 200, .count = 1, .date = date_of(ahead)});
			(void)rig_turn();
		}
	}
	return count;
}

/* Devices that wait for the time, or by a wrong one, go on when it is known, and not minutes later. */
static void all_devices_follow_at_once(void **state) {
	(void)state;
	enum { DEVICES = 12 };
	usec_t time;

	/* They begin when it is confirmed. */
	rig_configure(RIG_ACCOUNT " max_in_flight = 1;", DEFAULTS, devices(DEVICES), "");
	rig_start(false);
	(void)rig_until_asked();
	for (int i = 1; i <= 4; i++) {
		rounds(1, i * USEC_PER_DAY);
	}
	for (int i = 0; i < 20 && !clock_confirmed_time(rig_poller, &time); i++) {
		rounds(1, HOUR);
	}
	expect_int(DEVICES, asked_within(70 * SECOND, HOUR), "devices that have been confirmed");

	/* And follow the server that is set back, and forward again. */
	(void)asked_within(10 * MINUTE, 3 * HOUR);
	expect_int(true, is_ahead_told(), "%s", rig_status_now().lanes);
	for (int i = 0; i < 60 && (is_ahead_told() || !clock_confirmed_time(rig_poller, &time)); i++) {
		rounds(1, 0);
	}
	expect_int(DEVICES, asked_within(3 * MINUTE, 0), "devices that wait no longer");
	rig_end();
}

/* Three replies of which each says something else: who has begun goes on by our clock, and at once. */
static void devices_that_have_begun_go_on_after_three_replies(void **state) {
	(void)state;
	enum { DEVICES = 8 };
	rig_configure(RIG_ACCOUNT " max_in_flight = 1;", DEFAULTS, devices(DEVICES), "");
	rig_start(false);
	for (int i = 0; i < 20 && (rig_open() > 0 || rig_turn() < 10 * SECOND); i++) {
		rounds(1, 0);
	}
	struct error err = {{0}};
	expect_int(0, recovery_save(rig_poller, &err), "%s", err.text);
	rig_end();
	rig_pass(10 * MINUTE);

	(void)rig_said();
	rig_start(false);
	for (int i = 1; i <= 3; i++) {
		(void)rig_until_asked();
		rig_answer(0, &(struct rig_answer){.status = 200, .count = 1, .date = date_of(-i * USEC_PER_DAY)});
		(void)rig_turn();
	}
	usec_t time;
	expect_int(false, clock_confirmed_time(rig_poller, &time), "nobody knows the time");
	/* But for those three, which may have been recorded. */
	expect_between(DEVICES - 3, DEVICES, asked_within(3 * SECOND, -4 * USEC_PER_DAY), "devices");
	rig_end();
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_clock_that_is_ahead_is_told_and_waited_for),
		TEST(no_probe_is_made_where_a_device_waits_for_its_turn),
		TEST(ten_seconds_are_told_and_less_is_not),
		TEST(a_step_to_the_right_time_ends_it),
		TEST(one_odd_date_is_outvoted),
		TEST(an_odd_date_at_first_makes_nothing_be_over),
		TEST(the_best_server_says_what_time_it_is),
		TEST(a_device_begins_when_the_time_is_confirmed),
		TEST(a_beginning_is_saved_though_nothing_is_recorded),
		TEST(a_gap_until_2046_is_mended),
		TEST(a_full_log_that_is_ahead_is_named_by_the_confirmed_time),
		TEST(counts_are_believed_rather_than_the_clock),
		TEST(while_replies_disagree_it_asks_more_and_more_seldom),
		TEST(once_asks_six_times_what_time_it_is),
		TEST(without_any_doubt_there_is_no_probe),
		TEST(a_slow_reply_shows_no_clock_that_is_off),
		TEST(a_device_begins_later_if_the_clock_is_set_before),
		TEST(a_server_that_is_set_right_is_followed_by_all),
		TEST(a_dispute_lasts_as_long_as_the_clock_says_the_same),
		TEST(a_clock_that_was_told_is_off_until_it_is_right),
		TEST(once_tells_what_no_reply_has_settled),
		TEST(the_time_is_asked_of_devices_that_do_not_back_off),
		TEST(a_request_for_the_time_that_fails_is_made_again),
		TEST(nobody_is_asked_for_the_time_while_all_back_off),
		TEST(the_time_is_asked_for_of_one_device_at_a_time),
		TEST(a_log_that_is_ahead_by_more_than_ten_seconds_is_mended),
		TEST(a_log_that_is_ahead_is_asked_about_at_once),
		TEST(a_log_that_is_ahead_holds_up_its_own_account_alone),
		TEST(no_device_begins_while_the_log_disputes_the_clock),
		TEST(a_dispute_is_over_when_its_time_has_come),
		TEST(a_second_is_a_step),
		TEST(once_ends_where_it_began_by_the_clock_that_is_set),
		TEST(devices_begin_with_the_step_that_settles_it),
		TEST(all_devices_follow_at_once),
		TEST(devices_that_have_begun_go_on_after_three_replies),
	};
	return cmocka_run_group_tests_name("clockwork", tests, NULL, zones_done);
}
