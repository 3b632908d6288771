// SPDX-License-Identifier: ISC

/* daemon/clockwork.c: what the Dates of replies do, and steps of our own clock. */

#include "rig.h"

#include <time.h>

#define SECOND USEC_PER_SEC
#define MINUTE USEC_PER_MIN
#define HOUR   USEC_PER_HOUR

#define DEFAULTS "window = \"1m\"; lookback = \"0s\";"

/* The open requests are answered; the server's clock is ours less that. */
static void answer_with_clock(usec_t ahead) {
	char date[64];
	time_t server = (time_t)((rig.wall - ahead) / SECOND);
	struct tm tm;
	(void)gmtime_r(&server, &tm);
	(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
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

static bool is_ahead_told(void) {
	return strstr(rig_status_now().lanes, "clock is ahead of the server's") != NULL;
}

static void a_clock_that_is_ahead_is_told_and_waited_for(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_LOBBY, "");
	rig_start(false);
	usec_t time = -7;
	expect_int(false, poller_true_time(rig_poller, &time), "true time before any reply");
	expect_int(-7, time, "the output is untouched");

	/* An hour: what was asked for is not over there. */
	answer_with_clock(HOUR);
	rig_expect_said("<5>acme: a reply's Date is 1 h off this machine's clock: asking again before anything is done by "
	                "either\n");
	expect_int(1, strstr(rig_status_now().lanes, "this machine's clock and the server's disagree") != NULL, "%s",
	           rig_status_now().lanes);
	expect_text("", rig_get("log/occupancy.ndjson"), "records");
	expect_int(false, poller_true_time(rig_poller, &time), "true time after one reply");

	/* Two more ask for the time alone, and then it is known. */
	expect_between(0, 1 * SECOND, rig_until_asked(), "the second asks soon");
	answer_with_clock(HOUR);
	rig_expect_said("");
	expect_between(SECOND, 2 * SECOND, rig_until_asked(), "the third asks soon");
	answer_with_clock(HOUR);
	rig_expect_said("<4>acme: this machine's clock is ahead of the server's by 1 h: buckets wait until they are over by "
	                "the server's; set the clock\n");
	expect_int(true, is_ahead_told(), "%s", rig_status_now().lanes);
	expect_int(true, poller_true_time(rig_poller, &time), "true time");
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
	expect_int(true, poller_true_time(rig_poller, &time), "true time");
	expect_time(rig.wall, time, "true time");

	rig.wall += HOUR;
	(void)rig_turn();
	rig_expect_said("<5>the clock was set forward by 1 h\n<4>acme: this machine's clock is ahead of the server's by *\n");
	expect_int(true, poller_true_time(rig_poller, &time), "true time after a step");
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
	expect_int(true, poller_true_time(rig_poller, &time), "true time");
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

/* Of a server that dates its replies and one that does not, the first says what time it is. */
static void a_server_with_dates_knows_the_time(void **state) {
	(void)state;
	for (int dated = 0; dated < 2; dated++) {
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
		/* Our clock is a minute late by the one, and the other does not say. */
		for (int round = 0; round < 10; round++) {
			while (rig_open() > 0) {
				bool says = (strcmp(rig_request(0)->uuid, RIG_UUID_A) == 0) == (dated == 0);
				char date[64];
				time_t server = (time_t)((rig.wall + MINUTE) / SECOND);
				struct tm tm;
				(void)gmtime_r(&server, &tm);
				(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
				rig_answer(0, &(struct rig_answer){.status = 200, .count = 1, .date = says ? date : NULL});
			}
			(void)rig_turn();
			(void)rig_until_asked();
		}
		usec_t time = 0;
		expect_int(true, poller_true_time(rig_poller, &time), "%d: true time", dated);
		expect_between(rig.wall + MINUTE - 2 * SECOND, rig.wall + MINUTE + SECOND, time, "%d: true time", dated);
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
	expect_int(0, poller_save(rig_poller, &err), "%s", err.text);
	expect_int(1, strstr(rig_get("state/checkpoint"), RIG_UUID_A) == NULL, "not begun");
	rounds(1, 0);
	expect_int(0, poller_save(rig_poller, &err), "%s", err.text);
	expect_int(1, strstr(rig_get("state/checkpoint"), RIG_UUID_A) != NULL, "begun");
	rig_expect_said("*");
	rig_end();
}

/* The log ends with a gap until 2046: refused, said, and its minutes are recorded with revision 1. */
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
	rig_expect_said("<4>lobby: its log or checkpoint reaches to 2046-11-23T08:00:00Z, which has not come yet: goes on from "
	                "2026-11-23T07:55:00Z\n*");
	const char *now = rig_get("log/occupancy.ndjson");
	expect_int(1, strstr(now, "{\"time\":\"2026-11-23T07:55:00Z\",\"name\":\"lobby\",\"count\":1,\"status\":\"ok\","
	                          "\"interval\":\"MINUTELY\",\"device\":\"" RIG_UUID_A "\",\"revision\":1,") != NULL, "%s", now);
	expect_int(1, strstr(now, "{\"time\":\"2026-11-23T07:59:00Z\"") != NULL, "%s", now);
	rig_end();
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
	expect_int(false, poller_true_time(rig_poller, &time), "true time");
	expect_int(1, strstr(rig_status_now().lanes, "behind the log") != NULL, "%s", rig_status_now().lanes);

	/* Set right, it is confirmed at once, and nothing is taken back. */
	rig.wall += 71 * USEC_PER_DAY;
	rounds(3, 0);
	expect_int(true, poller_true_time(rig_poller, &time), "true time when it is right");
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
	const char *said = rig_said(), *first = strstr(said, "what time it is could not be found out");
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
	expect_int(true, poller_true_time(rig_poller, &time), "true time");
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
	(void)poller_changed(rig_poller);
	rig.wall += HOUR;
	(void)rig_turn();
	expect_int(true, poller_changed(rig_poller), "the figures have changed");
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
		expect_int(false, poller_true_time(rig_poller, &time), "true time");
	}
	expect_text(log, rig_get("log/occupancy.ndjson"), "the log");
	/* Half a year later, by the server, it is not in the future any more. */
	for (int i = 0; i < 8; i++) {
		rounds(1, -180 * USEC_PER_DAY);
	}
	expect_int(true, poller_true_time(rig_poller, &time), "true time by a server that knows better");
	rig_end();
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_clock_that_is_ahead_is_told_and_waited_for),
		TEST(ten_seconds_are_told_and_less_is_not),
		TEST(a_step_to_the_right_time_ends_it),
		TEST(one_odd_date_is_outvoted),
		TEST(an_odd_date_at_first_makes_nothing_be_over),
		TEST(a_server_with_dates_knows_the_time),
		TEST(a_device_begins_when_the_time_is_confirmed),
		TEST(a_gap_until_2046_is_mended),
		TEST(counts_are_believed_rather_than_the_clock),
		TEST(while_replies_disagree_it_asks_more_and_more_seldom),
		TEST(once_asks_six_times_what_time_it_is),
		TEST(without_any_doubt_there_is_no_probe),
		TEST(a_slow_reply_shows_no_clock_that_is_off),
		TEST(a_device_begins_later_if_the_clock_is_set_before),
		TEST(a_server_that_is_set_right_is_followed_by_all),
		TEST(a_dispute_lasts_as_long_as_the_clock_says_the_same),
	};
	return cmocka_run_group_tests_name("clockwork", tests, NULL, zones_done);
}
