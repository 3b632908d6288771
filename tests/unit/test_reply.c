// SPDX-License-Identifier: ISC

/* daemon/reply.c and daemon/commit.c: what an answer means for a device, its account and the log. */

#include "rig.h"

#define SECOND USEC_PER_SEC
#define MINUTE USEC_PER_MIN
#define HOUR   USEC_PER_HOUR

/* One device with hours, so that nothing follows the bucket that is asked for, or with minutes. */
static void start_with(const char *interval, const char *settings) {
	char device[1024];
	(void)snprintf(device, sizeof(device),
	               "{ uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; account = \"acme\"; interval = \"%s\"; %s }",
	               interval, settings);
	rig_configure(RIG_ACCOUNT, "", device, "");
	rig_start(false);
	rig_expect_said("");
}

/* Expects the log to hold these lines; a * stands for anything. */
static void expect_lines(const char *pattern) {
	const char *log = rig_get("log/occupancy.ndjson");
	if (fnmatch(pattern, log, 0) != 0) {
		fail_msg("expected in the log:\n%sgot:\n%s", pattern, log);
	}
}

/* Answers the open request, and expects the next one after that wait. */
static void expect_next(const struct rig_answer *answer, usec_t low, usec_t high, const char *what) {
	rig_answer(0, answer);
	(void)rig_turn();
	expect_between(low, high, rig_until_asked(), "%s: the wait for the next request", what);
}

static void a_good_answer_is_recorded_and_the_next_window_awaited(void **state) {
	(void)state;
	start_with("MINUTELY", "window = \"5m\";");
	expect_int(1, rig_open(), "requests");
	expect_time(at("2026-11-23T07:59:00Z"), rig_request(0)->start, "start");
	expect_time(at("2026-11-23T08:00:00Z"), rig_request(0)->end, "end");
	expect_text("the-first-key", rig_request(0)->key, "key");
	expect_int(30 * SECOND, rig_request(0)->timeout, "timeout");

	rig_ok(3);
	usec_t wait = rig_turn();
	expect_between(5 * MINUTE, 5 * MINUTE + 30 * SECOND, wait, "until the window is over");
	expect_lines("{\"time\":\"2026-11-23T07:59:00Z\",\"name\":\"lobby\",\"count\":3,\"status\":\"ok\",*\n");
	struct status status = rig_status_now();
	expect_int(1, status.records, "records");
	expect_int(0, status.revisions, "revisions");
	expect_int(0, status.gaps, "gaps");
	expect_int(1, status.requests, "requests");
	expect_int(1, status.replies_ok, "good replies");
	expect_int(0, status.replies_failed, "bad replies");
	expect_int(0, status.failing, "failing");
	expect_int(0, status.backlog, "backlog");
	expect_time(at("2026-11-23T08:00:00Z"), status.last_record, "last record");

	rig_pass(wait - 1);
	(void)rig_turn();
	expect_int(0, rig_open(), "requests before the window is over");
	rig_pass(1);
	(void)rig_turn();
	expect_int(1, rig_open(), "requests after it");
	expect_time(at("2026-11-23T07:59:00Z"), rig_request(0)->start, "start, with the look-back");
	expect_time(at("2026-11-23T08:05:00Z"), rig_request(0)->end, "end");
	rig_expect_said("");
	rig_end();
}

/* The third failure is told, with its sentence; so is the recovery, with what was caught up. */
static void a_device_that_fails_is_told_at_the_third_time(void **state) {
	(void)state;
	start_with("HOURLY", "window = \"1h\";");
	const struct rig_answer garbage = {.status = 200, .body = "<html>"};

	for (int i = 1; i <= 9; i++) {
		usec_t ceiling = i < 7 ? (usec_t)(1 << (i - 1)) * SECOND : 60 * SECOND;
		expect_next(&garbage, 0, ceiling, "garbage");
		rig_expect_said(i == 3 ? "<4>lobby: poll failed: * (attempt 3): next try in *\n" : "");
		struct status status = rig_status_now();
		expect_int(i, status.replies_failed, "failures");
		expect_int(i >= 3, status.failing, "devices that are told as failing after %d", i);
		expect_int(1, status.backlog, "the bucket stays");
		if (i >= 3) {
			expect_text("lobby", status.named[0].name, "named");
			expect_int(at(RIG_BEGIN), status.named[0].since, "since");
		}
	}
	rig_pass(10 * MINUTE);
	rig_ok(1);
	(void)rig_turn();
	rig_expect_said("<5>lobby: recovered after 1? min*: 1 bucket caught up, 0 to go\n");
	expect_int(0, rig_status_now().failing, "failing");
	rig_end();
}

/* Each as often in a row; the first wait that is not a quick one is the last of them. */
static void each_status_has_its_waits(void **state) {
	(void)state;
	static const struct {
		long status;
		const char *body;
		struct {
			usec_t low, high;
		} waits[8];
		bool told_at_once;
	} rows[] = {
		{400, "{\"msg\":\"no\"}",
		 {{5 * MINUTE, 5 * MINUTE + 30 * SECOND}, {10 * MINUTE, 11 * MINUTE}, {20 * MINUTE, 22 * MINUTE}},
		 true},
		{404, "", {{5 * MINUTE, 5 * MINUTE + 30 * SECOND}, {10 * MINUTE, 11 * MINUTE}}, true},
		{500, "oops",
		 {{0, SECOND}, {0, 2 * SECOND}, {0, 4 * SECOND}, {MINUTE, MINUTE + 6 * SECOND}, {2 * MINUTE, 2 * MINUTE + 12 * SECOND},
		  {4 * MINUTE, 4 * MINUTE + 24 * SECOND}, {8 * MINUTE, 8 * MINUTE + 48 * SECOND}, {15 * MINUTE, 16 * MINUTE + 30 * SECOND}},
		 false},
		{200, "{}x", {{0, SECOND}, {0, 2 * SECOND}, {0, 4 * SECOND}, {0, 8 * SECOND}}, false},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		start_with("HOURLY", "window = \"1h\";");
		const struct rig_answer answer = {.status = rows[row].status, .body = rows[row].body};
		for (size_t i = 0; i < 8 && rows[row].waits[i].high > 0; i++) {
			char what[64];
			(void)snprintf(what, sizeof(what), "row %zu: %ld, time %zu", row, answer.status, i + 1);
			expect_next(&answer, rows[row].waits[i].low, rows[row].waits[i].high, what);
			bool told = rows[row].told_at_once ? i == 0 : i == 2;
			rig_expect_said(told ? "<4>lobby: poll failed: *: next try *\n" : "");
		}
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

static void a_rate_limit_holds_the_account_as_long_as_it_says(void **state) {
	(void)state;
	start_with("HOURLY", "window = \"1h\";");
	expect_next(&(struct rig_answer){.status = 429, .body = "calm", .retry_after = "7"}, 7 * SECOND, 8 * SECOND,
	            "429");
	rig_expect_said("<5>acme: rate limited (*calm*): all its devices wait for [78] s\n");
	struct status status = rig_status_now();
	expect_int(1, fnmatch("acme: rate limited (*calm*)", status.lanes, 0) == 0, "%s", status.lanes);
	expect_int(1, status.waiting, "waiting devices");
	expect_int(0, status.failing, "failing devices");

	/* Again is no news, and takes as long as that says. */
	expect_next(&(struct rig_answer){.status = 503, .body = "", .retry_after = "100"}, 100 * SECOND, 101 * SECOND,
	            "503");
	rig_expect_said("");
	rig_ok(1);
	(void)rig_turn();
	rig_expect_said("<6>acme: no longer rate limited, after 10[789] s\n");
	expect_text("", rig_status_now().lanes, "lanes");
	rig_end();
}

static void a_refused_key_is_told_and_its_file_watched(void **state) {
	(void)state;
	start_with("HOURLY", "window = \"1h\";");
	expect_next(&(struct rig_answer){.status = 401, .body = "no"}, MINUTE, MINUTE + 6 * SECOND, "401");
	rig_expect_said("<3>acme: key refused (*): its 1 device waits; put a valid key of this region into */key, "
	                "which is read as soon as it changes; next try in 1 min*\n");
	expect_int(1, fnmatch("acme: key refused (*)", rig_status_now().lanes, 0) == 0, "%s", rig_status_now().lanes);
	expect_next(&(struct rig_answer){.status = 403, .body = "no"}, 2 * MINUTE, 2 * MINUTE + 12 * SECOND, "403");
	rig_expect_said("");
	expect_text("the-first-key", rig_request(0)->key, "key");

	/* Another key is tried within two seconds. */
	rig_status(401, "no");
	(void)rig_turn();
	rig_put("key", "the-second-key\n");
	expect_between(0, 2 * SECOND, rig_until_asked(), "until the new key is tried");
	expect_text("the-second-key", rig_request(0)->key, "key");
	rig_expect_said("<5>acme: key or certificate files have changed: trying what is new\n");
	rig_ok(1);
	(void)rig_turn();
	rig_expect_said("<5>acme: key accepted after 3 min*\n");
	expect_text("", rig_status_now().lanes, "lanes");
	expect_int(0, rig_status_now().waiting, "waiting");
	rig_end();
}

/* The one device lacks a permission: the key is good for the other. */
static void a_device_that_is_refused_alone_does_not_hold_up_its_account(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, "window = \"5m\";", RIG_LOBBY ", " RIG_FOYER, "");
	rig_start(false);
	expect_int(2, rig_open(), "requests");
	size_t lobby = strcmp(rig_request(0)->uuid, RIG_UUID_A) == 0 ? 0 : 1;

	/* The other one is answered first: so the key is good. */
	rig_answer(1 - lobby, &(struct rig_answer){.status = 200, .count = 1});
	(void)rig_turn();
	rig_expect_said("");
	rig_status(403, "no");
	(void)rig_turn();
	rig_expect_said("<3>acme: key refused (*): its 2 devices wait; *\n");
	expect_between(MINUTE, MINUTE + 6 * SECOND, rig_until_asked(), "the probe");
	expect_text(RIG_UUID_A, rig_request(0)->uuid, "who probes: the one that waited");
	rig_status(403, "no");
	(void)rig_turn();
	rig_expect_said("");

	/* In the end the other is asked, and answered. */
	for (int i = 0; i < 10; i++) {
		(void)rig_until_asked();
		if (strcmp(rig_request(0)->uuid, RIG_UUID_B) == 0) {
			break;
		}
		rig_status(403, "no");
		(void)rig_turn();
	}
	rig_ok(1);
	(void)rig_turn();
	rig_expect_said("<5>acme: key accepted after *\n");
	(void)rig_until_asked();
	while (strcmp(rig_request(0)->uuid, RIG_UUID_A) != 0) {
		rig_ok(1);
		(void)rig_turn();
		(void)rig_until_asked();
	}
	rig_status(403, "no");
	(void)rig_turn();
	rig_expect_said("<4>lobby: poll failed: *: next try in 5 min*\n");
	expect_text("", rig_status_now().lanes, "lanes");
	expect_int(1, rig_status_now().failing, "failing");
	rig_end();
}

static void an_account_that_cannot_be_reached_is_told_once(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, "window = \"5m\"; ", RIG_LOBBY ", " RIG_FOYER, "");
	rig_start(false);
	int failures = 0;
	while (failures < 100) {
		(void)rig_until_asked();
		rig_unreachable();
		failures++;
		(void)rig_turn();
		if (strstr(rig.journal, "cannot be reached") && rig.journal_len > 0) {
			break;
		}
	}
	expect_between(5, 20, failures, "failures until the account is down");
	expect_int(failures, rig.renewals, "connections that are not used again");
	const char *said = rig_said();
	expect_int(1, strstr(said, "<4>acme: cannot be reached (could not connect): its 2 devices wait, "
	                           "one request at a time tries\n") != NULL, "%s", said);
	expect_int(1, fnmatch("acme: cannot be reached (could not connect)", rig_status_now().lanes, 0) == 0, "%s",
	           rig_status_now().lanes);
	while (rig_open() > 0) {
		rig_unreachable();
		(void)rig_turn();
	}
	(void)rig_until_asked();
	expect_int(1, rig_open(), "requests at a time");
	rig_unreachable();
	(void)rig_turn();
	rig_expect_said("");
	(void)rig_until_asked();
	rig_ok(1);
	(void)rig_turn();
	said = rig_said();
	expect_int(1, strstr(said, "<5>acme: reached again after ") != NULL, "%s", said);
	expect_text("", rig_status_now().lanes, "lanes");
	rig_end();
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_good_answer_is_recorded_and_the_next_window_awaited, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_device_that_fails_is_told_at_the_third_time, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(each_status_has_its_waits, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_rate_limit_holds_the_account_as_long_as_it_says, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_refused_key_is_told_and_its_file_watched, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_device_that_is_refused_alone_does_not_hold_up_its_account, rig_setup,
		                                rig_teardown),
		cmocka_unit_test_setup_teardown(an_account_that_cannot_be_reached_is_told_once, rig_setup, rig_teardown),
	};
	return cmocka_run_group_tests_name("reply", tests, NULL, zones_done);
}
