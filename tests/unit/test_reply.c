// SPDX-License-Identifier: ISC

/* daemon/reply.c and daemon/commit.c: what an answer means for a device, its account and the log. */

#include "rig.h"

#include "daemon/poller-private.h"

#define SECOND USEC_PER_SEC
#define MINUTE USEC_PER_MIN
#define HOUR   USEC_PER_HOUR

#define HOURLY_LOBBY "{ uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; account = \"acme\"; interval = \"HOURLY\"; }"
#define HOURLY_FOYER "{ uuid = \"" RIG_UUID_B "\"; name = \"foyer\"; account = \"acme\"; interval = \"HOURLY\"; }"

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
	expect_int(1, status.requests, "requests");
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

/* Of so many waits the longest is more than half of the ceiling, which doubles each time, and the shortest is less. */
static void waits_are_spread_up_to_their_ceiling(void **state) {
	(void)state;
	enum { TRIES = 48, FAILURES = 4 };
	static const struct rig_answer rows[] = {
		{.status = 503, .body = ""}, {.status = 500, .body = ""}, {.status = 200, .body = "{}x"},
		{.result = HTTP_UNREACHABLE, .body = "", .error = "no route"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		usec_t longest[FAILURES] = {0}, shortest[FAILURES] = {HOUR, HOUR, HOUR, HOUR};
		int failures = rows[row].status == 500 ? 3 : FAILURES;
		for (int i = 0; i < TRIES; i++) {
			start_with("HOURLY", "window = \"1h\";");
			for (int j = 0; j < failures; j++) {
				rig_answer(0, &rows[row]);
				(void)rig_turn();
				usec_t wait = rig_until_asked();
				longest[j] = wait > longest[j] ? wait : longest[j];
				shortest[j] = wait < shortest[j] ? wait : shortest[j];
			}
			rig_end();
			expect_int(0, rig_teardown(NULL), "teardown");
			expect_int(0, rig_setup(NULL), "setup");
		}
		for (int j = 0; j < failures; j++) {
			usec_t ceiling = SECOND << j;
			expect_between(ceiling / 2, ceiling, longest[j], "row %zu, failure %d: the longest", row, j + 1);
			expect_between(0, ceiling / 2, shortest[j], "row %zu, failure %d: the shortest", row, j + 1);
		}
	}
}

static void a_rate_limit_holds_the_account_as_long_as_it_says(void **state) {
	(void)state;
	start_with("HOURLY", "window = \"1h\";");
	expect_next(&(struct rig_answer){.status = 429, .body = "calm", .retry_after = "7"}, 7 * SECOND, 8 * SECOND,
	            "429");
	rig_expect_said("<5>acme: rate limited (*calm*): its devices will not be polled for [78] s\n");
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

/* What was on the way when the server said so does not end it, and is no news. */
static void an_answer_that_was_on_its_way_does_not_end_a_rate_limit(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, "window = \"5m\";", RIG_LOBBY ", " RIG_FOYER, "");
	rig_start(false);
	expect_int(2, rig_open(), "requests");
	rig_answer(0, &(struct rig_answer){.status = 429, .body = "", .retry_after = "120"});
	(void)rig_turn();
	rig_expect_said("<5>acme: rate limited (*): its devices will not be polled for 2 min*\n");
	rig_ok(3);
	(void)rig_turn();
	rig_expect_said("");
	expect_between(2 * MINUTE, 2 * MINUTE + SECOND, rig_until_asked(), "until the next request");
	rig_ok(3);
	(void)rig_turn();
	rig_expect_said("<6>acme: no longer rate limited, after 2 min*\n");
	rig_end();
}

static void a_refused_key_is_told_and_its_file_watched(void **state) {
	(void)state;
	start_with("HOURLY", "window = \"1h\";");
	expect_next(&(struct rig_answer){.status = 401, .body = "no"}, MINUTE, MINUTE + 6 * SECOND, "401");
	rig_expect_said("<3>acme: key refused (*): its 1 device is not polled; put a valid key of this region into */key, "
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

/*
 * Whether a device that is refused again is refused alone, once the other one was answered
 * that: then the key is good, and it lacks a permission.
 */
static void expect_refused_alone(const struct rig_answer *other, bool alone, bool let_in, const char *what) {
	rig_configure(RIG_ACCOUNT, "window = \"5m\"; lookback = \"0s\";", RIG_LOBBY ", " RIG_FOYER, "");
	rig_start(false);
	expect_int(2, rig_open(), "%s: requests", what);
	size_t foyer = strcmp(rig_request(0)->uuid, RIG_UUID_B) == 0 ? 0 : 1;
	rig_answer(foyer, &(struct rig_answer){.status = 200, .count = 1});
	rig_status(403, "no");
	(void)rig_turn();
	rig_expect_said("<3>acme: key refused (*): its 2 devices are not polled; *\n");

	/* In the end the other is asked. */
	rig_pass(6 * MINUTE);
	(void)rig_until_asked();
	for (int i = 0; i < 10 && strcmp(rig_request(0)->uuid, RIG_UUID_B) != 0; i++) {
		rig_status(403, "no");
		(void)rig_turn();
		(void)rig_until_asked();
	}
	rig_expect_said("");
	rig_answer(0, other);
	(void)rig_turn();
	const char *said = rig_said();
	expect_int(1, strstr(said, "<5>acme: key accepted after ") != NULL, "%s: %s", what, said);
	(void)rig_until_asked();
	while (strcmp(rig_request(0)->uuid, RIG_UUID_A) != 0) {
		rig_answer(0, other);
		(void)rig_turn();
		(void)rig_until_asked();
	}
	(void)rig_said();
	rig_status(403, "no");
	(void)rig_turn();
	said = rig_said();
	expect_int(alone, strstr(said, "<4>lobby: poll failed: ") != NULL, "%s: told of the device: %s", what, said);
	expect_int(!alone, strstr(said, "<3>acme: key refused ") != NULL, "%s: told of the account: %s", what, said);
	expect_int(alone, rig_status_now().lanes[0] == '\0', "%s: %s", what, rig_status_now().lanes);
	if (alone) {
		expect_int(1, strstr(said, "next try in 5 min") != NULL, "%s: %s", what, said);
		/* Another key may let it in, unless this one has done so since. */
		for (usec_t end = rig.now + 20 * MINUTE; let_in && rig.now < end;) {
			(void)rig_until_asked();
			rig_ok(1);
			(void)rig_turn();
		}
		/* That the other one is answered says nothing of this one. */
		for (bool answered = let_in; !answered;) {
			(void)rig_until_asked();
			answered = strcmp(rig_request(0)->uuid, RIG_UUID_B) == 0;
			if (answered) {
				rig_ok(1);
			} else {
				rig_status(403, "no");
			}
			(void)rig_turn();
		}
		said = rig_said();
		expect_int(let_in, strstr(said, "<5>lobby: recovered after ") != NULL, "%s: %s", what, said);
		rig_put("key", "a-better-key");
		rig_pass(2 * SECOND);
		(void)rig_turn();
		rig_expect_said(let_in ? "" : "<5>acme: key or certificate files have changed: trying what is new\n");
	}
	rig_end();
}

static void a_device_that_is_refused_alone_does_not_hold_up_its_account(void **state) {
	(void)state;
	static const struct {
		struct rig_answer answer;
		bool alone, let_in;
		const char *what;
	} rows[] = {
		{{.status = 200, .count = 1}, true, false, "a good answer"},
		{{.status = 200, .count = 1}, true, true, "a good answer, and later another"},
		{{.status = 400, .body = "no"}, true, false, "a rejected request"},
		{{.result = HTTP_TOO_LARGE, .status = 200, .body = "", .error = "large"}, true, false, "a large answer"},
		{{.status = 200, .body = "garbage"}, false, false, "garbage, which anything on the way may send"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		expect_refused_alone(&rows[row].answer, rows[row].alone, rows[row].let_in, rows[row].what);
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* A server in trouble does not say that the key is good now. */
static void a_server_error_does_not_end_a_refusal(void **state) {
	(void)state;
	start_with("HOURLY", "window = \"1h\";");
	rig_status(401, "no");
	(void)rig_turn();
	(void)rig_until_asked();
	(void)rig_said();
	rig_status(500, "oops");
	(void)rig_turn();
	rig_expect_said("");
	expect_int(1, strlen(rig_status_now().lanes) > 0, "the account waits");
	expect_between(2 * MINUTE, 2 * MINUTE + 12 * SECOND, rig_until_asked(), "the wait");
	rig_end();
}

/* Where the key comes from decides where a better one goes. */
static void a_refused_key_is_told_with_its_place(void **state) {
	(void)state;
	static const struct {
		const char *directory; /* $CREDENTIALS_DIRECTORY */
		const char *said;
	} rows[] = {
		{"occupancyd.service", "* put a valid key of this region into the file behind LoadCredential=api-key and restart the service; *"},
		{"secrets", "* put a valid key of this region into the secret api-key and create the container again; *"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char path[PATH_MAX], text[8192], rest[8192], name[64], *at;
		(void)snprintf(path, sizeof(path), "%s", rig_path(rows[row].directory));
		expect_int(0, mkdir(path, 0700));
		(void)snprintf(name, sizeof(name), "%s/api-key", rows[row].directory);
		rig_put(name, "the-key");
		expect_int(0, setenv("CREDENTIALS_DIRECTORY", path, 1));
		rig_configure(RIG_ACCOUNT, "", RIG_LOBBY, "");
		(void)snprintf(text, sizeof(text), "%s", rig_get("main.conf"));
		expect_not_null(at = strstr(text, "key_file = "));
		(void)snprintf(rest, sizeof(rest), "%s", strchr(at, ';'));
		(void)snprintf(at, sizeof(text) - (size_t)(at - text), "key_file = \"api-key\"%s", rest);
		rig_put("main.conf", text);
		rig_start(false);
		rig_status(401, "no");
		(void)rig_turn();
		rig_expect_said(rows[row].said);
		rig_end();
		(void)unsetenv("CREDENTIALS_DIRECTORY");
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* Files are looked at while others may help: not after a 400 of an account without a certificate. */
static void other_files_are_tried_where_they_may_help(void **state) {
	(void)state;
	static const struct {
		struct rig_answer answer;
		bool certificate;
		usec_t low, high;
	} rows[] = {
		{{.status = 400, .body = ""}, false, 5 * MINUTE, 6 * MINUTE},
		{{.status = 400, .body = ""}, true, 0, 2 * SECOND},
		{{.status = 401, .body = ""}, false, 0, 2 * SECOND},
		{{.status = 429, .body = "", .retry_after = "100"}, false, 100 * SECOND, 101 * SECOND},
	};
	static const char pem[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char account[1024];
		rig_put("cert", pem);
		(void)snprintf(account, sizeof(account), RIG_ACCOUNT " scheme = \"api\"; client_cert = \"%s\"; client_key = \"%s\";",
		               rig_path("cert"), rig_path("cert"));
		rig_configure(rows[row].certificate ? account : RIG_ACCOUNT, "",
		              "{ uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; interval = \"HOURLY\"; }", "");
		rig_start(false);
		rig_answer(0, &rows[row].answer);
		(void)rig_turn();
		rig_put("key", "the-second-key");
		expect_between(rows[row].low, rows[row].high, rig_until_asked(), "row %zu: the wait", row);
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
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
	expect_int(1, strstr(said, "<4>acme: cannot be reached (could not connect): its 2 devices are not polled, "
	                           "one request at a time probes it\n") != NULL, "%s", said);
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

/* Of an hour of minutes that are asked for at once, and refused as too much, half is asked for, and so on. */
static void too_much_is_asked_for_in_halves(void **state) {
	(void)state;
	static const struct rig_answer rows[] = {
		{.result = HTTP_TOO_LARGE, .status = 200, .body = "", .error = "more than 8 MiB"},
		{.status = 200, .body = "[1,"},
		{.status = 500, .body = "oops"},
		{.status = 422, .body = "too many points"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		start_with("MINUTELY", "window = \"5m\"; backfill_from = \"2026-11-23T07:00:00Z\";");
		static const int64_t minutes[] = {60, 30, 15, 7, 3, 1};
		for (size_t i = 0; i < COUNT_OF(minutes); i++) {
			expect_int(minutes[i], (rig_request(0)->end - rig_request(0)->start) / MINUTE, "row %zu: minutes", row);
			expect_time(at("2026-11-23T07:00:00Z"), rig_request(0)->start, "row %zu: start", row);
			rig_answer(0, &rows[row]);
			(void)rig_turn();
			rig_expect_said(i == 2 ? "<4>lobby: poll failed: * (attempt 3): next try at once, for fewer buckets\n" : "");
			if (i + 1 < COUNT_OF(minutes)) {
				expect_int(1, rig_open(), "row %zu: requests at once, step %zu", row, i);
			}
		}
		expect_int(0, rig_open(), "row %zu: a single bucket waits", row);
		expect_int(1, rig_status_now().failing, "row %zu: failing", row);

		(void)rig_until_asked();
		rig_ok(1);
		(void)rig_turn();
		rig_expect_said("<5>lobby: recovered after *: 1 bucket caught up, [56][0-9] to go\n");
		expect_int(0, rig_until_asked(), "row %zu: the wait for the next", row);
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* A reply that is late may be in time for less, and no device is to blame. */
static void what_is_slow_is_asked_for_in_halves(void **state) {
	(void)state;
	start_with("MINUTELY", "window = \"5m\"; backfill_from = \"2026-11-23T07:00:00Z\";");
	rig_answer(0, &(struct rig_answer){.result = HTTP_SLOW, .body = "", .error = "no reply in 30 s"});
	(void)rig_turn();
	expect_between(0, SECOND, rig_until_asked(), "the wait");
	expect_int(30, (rig_request(0)->end - rig_request(0)->start) / MINUTE, "minutes");
	rig_unreachable();
	(void)rig_turn();
	expect_between(0, 2 * SECOND, rig_until_asked(), "the wait");
	expect_int(30, (rig_request(0)->end - rig_request(0)->start) / MINUTE, "minutes: it was not for their number");
	rig_expect_said("");
	rig_end();
}

/* Answers whatever is asked for a time, but for requests with one of those minutes in it. */
static void serve_but(usec_t bad, usec_t until, const struct rig_answer *failure, usec_t time) {
	for (usec_t end = rig.now + time; rig.now < end;) {
		usec_t wait = rig_turn();
		if (rig_open() > 0) {
			bool fails = rig_request(0)->start < until && bad < rig_request(0)->end;
			rig_answer(0, fails ? failure : &(struct rig_answer){.status = 200, .count = 2});
		} else {
			rig_pass(wait < end - rig.now ? wait : end - rig.now);
		}
	}
}

static void a_minute_that_fails_alone_becomes_a_gap(void **state) {
	(void)state;
	start_with("MINUTELY", "window = \"5m\"; backfill_from = \"2026-11-23T07:50:00Z\"; lookback = \"0s\";");
	const struct rig_answer failure = {.status = 500, .body = "this one"};
	serve_but(at("2026-11-23T07:54:00Z"), at("2026-11-23T07:55:00Z"), &failure, 12 * MINUTE);

	const char *said = rig_said();
	expect_int(1, strstr(said, "<4>lobby: gap from 2026-11-23T07:54:00Z to 2026-11-23T07:55:00Z: failed alone while "
	                           "later buckets were answered: HTTP 500") != NULL, "%s", said);
	const char *log = rig_get("log/occupancy.ndjson");
	int lines = 0;
	for (const char *line = log; *line; line = strchr(line, '\n') + 1) {
		lines++;
	}
	expect_int(1, strstr(log, "{\"time\":\"2026-11-23T07:54:00Z\",\"name\":\"lobby\",\"count\":null,\"status\":\"gap\",") != NULL,
	           "the gap stands in the log");
	expect_between(20, 22, lines, "a line for each minute until now");
	expect_int(1, rig_gaps(), "gaps");
	expect_int(0, rig_status_now().failing, "failing");
	expect_int(lines, rig_status_now().records, "records");
	rig_end();
}

/* Points that do not fit, and behind them none at all: that shows of no minute that it alone is at fault. */
static void an_empty_answer_is_no_proof_where_answers_do_not_fit(void **state) {
	(void)state;
	static const struct rig_answer misfit = {
		.status = 200, .body = "{\"timeSeriesDataPoints\":[{\"timestampMs\":946684800000,\"eventCountMap\":{\"human\":1}}]}"};
	static const struct rig_answer empty = {.status = 200, .body = "{\"timeSeriesDataPoints\":[]}"};
	const usec_t bad = at("2026-11-23T07:54:00Z");
	for (int full = 0; full < 2; full++) {
		start_with("MINUTELY", "window = \"1m\"; backfill_from = \"2026-11-23T07:50:00Z\"; lookback = \"0s\"; recheck = [];");
		for (usec_t end = rig.now + 15 * MINUTE; rig.now < end;) {
			usec_t wait = rig_turn();
			if (rig_open() == 0) {
				rig_pass(wait < end - rig.now ? wait : end - rig.now);
				continue;
			}
			if (rig_request(0)->start <= bad && rig_request(0)->end > bad) {
				rig_answer(0, &misfit);
			} else if (rig_request(0)->start < bad || full) {
				rig_ok(1);
			} else {
				rig_answer(0, &empty);
			}
		}
		expect_int(full, rig_gaps(), "gaps");
		rig_end();
		(void)rig_said();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* The answer that shows it is recorded with the gap: nothing behind the bad minute is asked for twice. */
static void what_follows_a_minute_that_fails_alone_is_asked_for_once(void **state) {
	(void)state;
	start_with("HOURLY", "window = \"1h\"; backfill_from = \"2026-11-23T06:00:00Z\"; lookback = \"0s\"; max_points = 1;");
	const struct rig_answer failure = {.status = 500, .body = "this one"};
	int proofs = 0;
	for (usec_t end = rig.now + 20 * MINUTE; rig.now < end && rig_lines_with("") < 2;) {
		usec_t wait = rig_turn();
		if (rig_open() > 0) {
			bool fails = rig_request(0)->start == at("2026-11-23T06:00:00Z");
			proofs += !fails;
			rig_answer(0, fails ? &failure : &(struct rig_answer){.status = 200, .count = 2});
		} else {
			rig_pass(wait < end - rig.now ? wait : end - rig.now);
		}
	}
	expect_int(2, rig_lines_with(""), "records");
	expect_int(1, rig_gaps(), "gaps");
	expect_int(5, proofs, "requests for what follows, one after each of five failures");
	expect_int(0, rig_status_now().backlog, "backlog");
	rig_end();
}

/* What fails is over with the next answer, and not with what is given up before it. */
static void two_minutes_that_fail_alone_are_told_before_it_is_over(void **state) {
	(void)state;
	start_with("MINUTELY", "window = \"5m\"; backfill_from = \"2026-11-23T07:50:00Z\"; lookback = \"0s\";");
	const struct rig_answer failure = {.status = 500, .body = "this one"};
	serve_but(at("2026-11-23T07:54:00Z"), at("2026-11-23T07:56:00Z"), &failure, HOUR);
	const char *said = rig_said();
	const char *over = strstr(said, "<5>lobby: recovered after ");
	const char *last = strstr(said, "<4>lobby: gap from 2026-11-23T07:55:00Z to 2026-11-23T07:56:00Z: failed alone ");
	expect_int(true, strstr(said, "<4>lobby: gap from 2026-11-23T07:54:00Z to 2026-11-23T07:55:00Z: failed alone ") < last, "%s", said);
	expect_int(true, last && over > last, "%s", said);
	rig_end();
}

/* One bucket that is over behind it is enough to know that it fails alone. */
static void an_hour_that_fails_alone_becomes_a_gap_with_the_next(void **state) {
	(void)state;
	start_with("HOURLY", "window = \"1h\"; backfill_from = \"2026-11-23T07:00:00Z\"; lookback = \"0s\";");
	const struct rig_answer failure = {.status = 422, .body = "this one"};
	serve_but(at("2026-11-23T08:00:00Z"), at("2026-11-23T09:00:00Z"), &failure, 2 * HOUR + 30 * MINUTE);
	expect_lines("*\"time\":\"2026-11-23T07:00:00Z\",*\"status\":\"ok\",*\n"
	             "{\"time\":\"2026-11-23T08:00:00Z\",*\"status\":\"gap\",*\n"
	             "{\"time\":\"2026-11-23T09:00:00Z\",*\"status\":\"ok\",*\n");
	expect_int(3, rig_status_now().records, "records");
	rig_end();
}

/* Back-fill is 80 minutes; after the first answer, which confirms the clock, nobody does for three hours. */
static void what_is_too_old_becomes_a_gap_with_its_reason(void **state) {
	(void)state;
	start_with("MINUTELY", "window = \"5m\"; backfill = \"80m\"; lookback = \"0s\";");
	(void)rig_until_asked();
	rig_ok(5);
	(void)rig_turn();
	for (usec_t end = rig.now + 3 * HOUR; rig.now < end;) {
		usec_t wait = rig_turn();
		if (rig_open() > 0) {
			rig_unreachable();
		} else {
			rig_pass(wait < end - rig.now ? wait : end - rig.now);
		}
	}
	(void)rig_said();
	(void)rig_until_asked();
	rig_ok(5);
	(void)rig_turn();
	const char *said = rig_said();
	expect_int(1, fnmatch("*<4>lobby: gap from 2026-11-23T08:00:00Z to 2026-11-23T09:4?:00Z: no answer within 1h20m: "
	                      "could not connect*", said, 0) == 0, "%s", said);
	expect_lines("*{\"time\":\"2026-11-23T08:00:00Z\",\"name\":\"lobby\",\"count\":null,\"status\":\"gap\",*"
	             "\"reason\":\"no answer within 1h20m: could not connect*");
	expect_int(1, rig_gaps(), "gaps");
	rig_end();
}

/* Two minutes that fail, side by side: each is a gap of its own, and the others are whole. */
static void minutes_that_fail_side_by_side_become_gaps_one_by_one(void **state) {
	(void)state;
	start_with("MINUTELY", "window = \"5m\"; backfill_from = \"2026-11-23T07:50:00Z\"; lookback = \"0s\";");
	const struct rig_answer failure = {.status = 400, .body = "these two"};
	serve_but(at("2026-11-23T07:54:00Z"), at("2026-11-23T07:56:00Z"), &failure, 4 * HOUR);
	const char *log = rig_get("log/occupancy.ndjson");
	expect_int(1, strstr(log, "{\"time\":\"2026-11-23T07:54:00Z\",\"name\":\"lobby\",\"count\":null,\"status\":\"gap\",") != NULL,
	           "the first gap");
	expect_int(1, strstr(log, "{\"time\":\"2026-11-23T07:55:00Z\",\"name\":\"lobby\",\"count\":null,\"status\":\"gap\",") != NULL,
	           "the second gap");
	expect_int(2, rig_gaps(), "gaps");
	expect_int(0, rig_status_now().failing, "failing");
	rig_end();
}

/* The account's trouble is the reason of a gap, where the device has none of its own. */
static void a_gap_of_an_account_has_its_reason(void **state) {
	(void)state;
	start_with("MINUTELY", "window = \"5m\"; backfill = \"80m\"; lookback = \"0s\"; max_points = 10;");
	(void)rig_until_asked();
	rig_ok(5);
	(void)rig_turn();
	for (usec_t end = rig.now + 3 * HOUR; rig.now < end;) {
		usec_t wait = rig_turn();
		if (rig_open() > 0) {
			rig_status(401, "no");
		} else {
			rig_pass(wait < end - rig.now ? wait : end - rig.now);
		}
	}
	(void)rig_until_asked();
	rig_ok(5);
	(void)rig_turn();
	const char *said = rig_said();
	expect_int(0, fnmatch("*<4>lobby: gap from 2026-11-23T08:00:00Z to 2026-11-23T09:*: no answer within 1h20m: key refused (*", said, 0),
	           "%s", said);
	struct error err = {{0}};
	expect_int(0, recovery_save(rig_poller, &err), "%s", err.text);
	rig_end();

	/* Nobody has asked for three hours; the first answer confirms the clock. */
	rig_pass(3 * HOUR);
	rig_start(false);
	(void)rig_said();
	for (int i = 0; i < 3; i++) {
		(void)rig_until_asked();
		rig_ok(5);
		(void)rig_turn();
	}
	said = rig_said();
	expect_int(0, fnmatch("*<4>lobby: gap from 2026-11-23T1*: no answer within 1h20m: not polled\n*", said, 0), "%s", said);
	rig_end();
}

/* The rest of a day of nobody is worth a sentence, once; one person is not. */
/* What an account said before counts for nothing that came after: the machine was asleep. */
static void a_gap_has_no_reason_of_trouble_that_was_over(void **state) {
	(void)state;
	start_with("MINUTELY", "window = \"5m\"; backfill = \"80m\"; lookback = \"0s\"; max_points = 10;");
	(void)rig_until_asked();
	rig_status(401, "no");
	(void)rig_turn();
	for (int i = 0; i < 5; i++) {
		(void)rig_until_asked();
		rig_ok(5);
		(void)rig_turn();
	}
	rig_expect_said("*key refused*");
	rig_pass(3 * HOUR);
	for (int i = 0; i < 3; i++) {
		(void)rig_until_asked();
		rig_ok(5);
		(void)rig_turn();
	}
	const char *said = rig_said();
	expect_int(0, fnmatch("*<4>lobby: gap from *: no answer within 1h20m: not polled\n*", said, 0), "%s", said);
	rig_end();
}

static void a_day_of_nobody_is_told_once(void **state) {
	(void)state;
	static const struct {
		const char *from; /* of what is asked for; until 08:00 */
		int64_t count;
		const char *body;
		bool told;
	} rows[] = {
		{"2026-11-22T08:00:00Z", 0, NULL, true},
		{"2026-11-22T08:00:00Z", 0, "{\"timeSeriesDataPoints\":[]}", true},
		{"2026-11-22T09:00:00Z", 0, NULL, false},
		{"2026-11-22T08:00:00Z", 1, NULL, false},
		{"2026-11-22T08:00:00Z", 0, "{\"timeSeriesDataPoints\":[{\"timestampMs\":1795334400000,\"eventCountMap\":{\"a\":0,\"b\":0}}]}",
		 false},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char settings[256];
		(void)snprintf(settings, sizeof(settings), "window = \"5m\"; max_points = 1440; lookback = \"0s\"; backfill_from = \"%s\";", rows[row].from);
		start_with("MINUTELY", settings);
		rig_answer(0, &(struct rig_answer){.status = 200, .count = rows[row].count, .body = rows[row].body});
		(void)rig_turn();
		rig_expect_said(rows[row].told ? "<4>lobby: nothing but zero or no data for a day: is an occupancy region defined "
		                                 "in the Rhombus Console?\n" : "");
		for (int i = 0; i < 3; i++) {
			(void)rig_until_asked();
			rig_ok(0);
			(void)rig_turn();
		}
		rig_pass(2 * USEC_PER_DAY);
		(void)rig_until_asked();
		rig_ok(0);
		(void)rig_turn();
		rig_expect_said(row == 2 ? "<4>lobby: nothing but zero*\n" : "");
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* The batch is not on the disk: nothing has moved, people are told, and one try after the other is made. */
static void a_full_disk_pauses_polling_until_it_is_well(void **state) {
	(void)state;
	start_with("MINUTELY", "window = \"5m\"; lookback = \"0s\";");
	fault_arm(FAULT_ERROR, ENOSPC, 1, 1000000);
	rig_ok(4);
	usec_t wait = rig_turn(), failed_at = rig.now;
	rig_expect_said("<3>*/log/occupancy.ndjson: *No space left on device*: polling pauses until it can be written; nothing is lost\n");
	expect_between(SECOND, SECOND + SECOND / 10, wait, "until the disk is tried");
	struct status status = rig_status_now();
	expect_int(1, status.disk && strstr(status.disk, "No space left on device") != NULL, "%s", status.disk ? status.disk : "");
	expect_int(0, status.records, "records");
	expect_int(0, rig_open(), "requests");
	expect_int(INT64_MIN, status.last_record, "last record");

	static const usec_t waits[] = {2, 4, 8, 15, 15};
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		rig_pass(wait);
		wait = rig_turn();
		expect_between(waits[i] * SECOND, waits[i] * SECOND * 11 / 10, wait, "try %zu: until the next one", i + 2);
		expect_int(0, rig_open(), "requests");
		rig_expect_said("");
	}
	fault_disarm();
	(void)report_changed(rig_poller);
	expect_int(false, report_changed(rig_poller), "there is no news for STATUS");
	rig_pass(wait);
	(void)rig_turn();
	expect_int(true, report_changed(rig_poller), "there is now");
	expect_int(1, rig_open(), "a request, after a probe that went well");
	rig_expect_said("");
	expect_text(NULL, rig_status_now().disk, "the disk is well, as far as is known");
	/* Which it still is when the answer is of no use. */
	rig_status(500, "");
	(void)rig_turn();
	expect_text(NULL, rig_status_now().disk, "as before");
	(void)rig_until_asked();
	expect_text(NULL, rig_status_now().disk, "as before");
	rig_expect_said("");
	rig_ok(4);
	(void)rig_turn();
	char said[128], text[DURATION_STRING_SIZE];
	(void)snprintf(said, sizeof(said), "<5>*/log/occupancy.ndjson: written again after %s\n",
	               units_format_duration(text, rig.now - failed_at, 0));
	rig_expect_said(said);
	expect_lines("{\"time\":\"2026-11-23T07:59:00Z\",\"name\":\"lobby\",\"count\":4,*\n");
	expect_int(1, rig_status_now().records, "records");

	/* The next trouble begins as the first one did. */
	(void)rig_until_asked();
	fault_arm(FAULT_ERROR, ENOSPC, 1, 1000000);
	rig_ok(5);
	expect_between(SECOND, SECOND + SECOND / 10, rig_turn(), "until the disk is tried");
	fault_disarm();
	rig_end();
}

static void take_half_a_minute(void) {
	rig_pass(30 * SECOND);
}

/* A disk that is well again takes its time to say so.  The rate counts from the request on, and not from before that. */
static void a_request_is_counted_when_it_is_sent(void **state) {
	(void)state;
	rig_configure("base_url = \"http://127.0.0.1:1\"; name = \"acme\"; rate = \"60/h\"; burst = 1;",
	              "window = \"5m\"; lookback = \"0s\"; backfill_from = \"10m\"; max_points = 5;", RIG_LOBBY, "");
	rig_start(false);
	fault_arm(FAULT_ERROR, ENOSPC, 1, 1000000);
	rig_ok(4);
	(void)rig_turn();
	fault_disarm();
	rig_pass(2 * MINUTE);
	disk_meanwhile = take_half_a_minute;
	(void)rig_turn();
	expect_int(true, disk_meanwhile == NULL, "the disk has taken its time");
	expect_int(1, rig_open(), "requests");
	rig_ok(4);
	expect_between(MINUTE, MINUTE + SECOND, rig_until_asked(), "until the next request");
	rig_end();
}

/* A long answer takes its time to be read.  The next device's request counts from then on, too. */
static void a_request_is_counted_when_the_answers_before_it_are_read(void **state) {
	(void)state;
	rig_configure("base_url = \"http://127.0.0.1:1\"; name = \"acme\"; rate = \"60/h\"; burst = 1;",
	              "window = \"5m\"; lookback = \"0s\"; backfill_from = \"10m\"; max_points = 5;",
	              RIG_LOBBY ", " RIG_FOYER, "");
	rig_start(false);
	expect_int(1, rig_open(), "requests, with a token for one");
	rig_pass(2 * MINUTE);
	rig.reading = take_half_a_minute;
	rig_ok(4);
	(void)rig_turn();
	rig.reading = NULL;
	expect_int(1, rig_open(), "requests, of the other device");
	rig_ok(4);
	expect_between(MINUTE, MINUTE + SECOND, rig_until_asked(), "until the next request");
	rig_end();
}

/* What a device with `--once` does not get in five tries, or is refused, it goes without. */
static void once_gives_up_after_five_tries(void **state) {
	(void)state;
	static const struct {
		struct rig_answer answer;
		int tries;
		size_t incomplete;
	} rows[] = {
		{{.status = 200, .count = 1}, 1, 0},
		{{.status = 200, .body = "garbage"}, 5, 1},
		{{.status = 400, .body = ""}, 1, 1},
		{{.status = 401, .body = ""}, 1, 1},
		{{.result = HTTP_UNREACHABLE, .body = "", .error = "no"}, 5, 1},
		{{.status = 429, .body = "", .retry_after = "1"}, 3, 1},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		size_t incomplete = 99;
		rig_configure(RIG_ACCOUNT, "", "{ uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; account = \"acme\"; interval = \"HOURLY\"; }", "");
		rig_start(true);
		int tries = 0;
		while (tries < 20 && !once_finished(rig_poller, &incomplete)) {
			(void)rig_until_asked();
			rig_answer(0, &rows[row].answer);
			tries++;
			(void)rig_turn();
		}
		expect_int(rows[row].tries, tries, "row %zu: tries", row);
		expect_int(rows[row].incomplete, incomplete, "row %zu: incomplete", row);
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* And a log that cannot be written after as many. */
static void once_gives_up_a_disk_after_five_tries(void **state) {
	(void)state;
	/* The second device may have been given up before. */
	for (size_t devices = 1; devices <= 2; devices++) {
		size_t incomplete = 99;
		rig_configure(RIG_ACCOUNT, "", devices == 1 ? HOURLY_LOBBY : HOURLY_LOBBY ", " HOURLY_FOYER,
		              "");
		rig_start(true);
		expect_int(0, rename(rig_path("log"), rig_path("elsewhere")), "rename");
		for (int turn = 0; turn < 100 && !once_finished(rig_poller, &incomplete); turn++) {
			while (rig_open() > 0) {
				bool lobby = strcmp(rig_request(0)->uuid, RIG_UUID_A) == 0;
				rig_answer(0, &(struct rig_answer){.status = lobby ? 200 : 400, .count = 1, .body = lobby ? NULL : ""});
			}
			usec_t wait = rig_turn();
			rig_pass(rig_open() > 0 ? 0 : wait);
		}
		expect_int(true, once_finished(rig_poller, &incomplete), "finished");
		expect_int(5, rig_poller->outage.failures, "tries");
		expect_int(devices, incomplete, "incomplete");
		expect_int(devices - 1, rig_poller->once.finished, "given up before");
		(void)rig_said();
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* Until then a refused account is not asked, and once does not wait for it. */
static void once_is_over_as_long_as_an_account_is_refused(void **state) {
	(void)state;
	size_t incomplete = 99;
	rig_configure(RIG_ACCOUNT, "", HOURLY_LOBBY, "");
	rig_start(true);
	(void)rig_until_asked();
	rig_status(401, "");
	(void)rig_turn();
	usec_t until = rig_poller->roll.accesses[0].lane.until;
	expect_true(until > rig.now);
	rig_poller->now = until - 1;
	expect_true(once_finished(rig_poller, &incomplete));
	expect_int(1, incomplete, "incomplete");
	rig_poller->now = until;
	expect_false(once_finished(rig_poller, &incomplete));
	rig_end();
}

/* A server that sends the key back does not get it into the journal, STATUS or the log. */
static void the_key_is_never_quoted(void **state) {
	(void)state;
	start_with("HOURLY", "window = \"1h\";");
	expect_next(&(struct rig_answer){.status = 400, .body = "{\"msg\":\"bad the-first-key the-first-key!\"}"},
	            5 * MINUTE, 6 * MINUTE, "400");
	rig_expect_said("<4>lobby: poll failed: *bad \\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\* \\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*!*\n");
	expect_next(&(struct rig_answer){.status = 200, .body = "{\"errorMsg\":\"the-first\\u002dkey\"}"}, 0, HOUR, "escaped");
	expect_int(1, strstr(rig_status_now().named[0].reason, "first") == NULL, "%s", rig_status_now().named[0].reason);
	rig_status(200, "{\"warningMsg\":\"the-first\\u002dkey\",\"timeSeriesDataPoints\":["
	                "{\"timestampMs\":1795417200000,\"eventCountMap\":{\"the-first-key\":1}}]}");
	(void)rig_turn();
	expect_lines("{*\"count\":1,*");
	expect_int(1, strstr(rig_get("log/occupancy.ndjson"), "first") == NULL, "the key in the log");

	/* Nor the one before, to which replies may be on their way. */
	(void)rig_said();
	rig_end();
}

/* A key that has been replaced since says nothing about the new one. */
static void a_reply_to_the_old_key_is_not_held_against_the_new_one(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, "window = \"5m\";", RIG_LOBBY ", " RIG_FOYER, "");
	rig_start(false);
	rig_put("key", "the-second-key\n");
	rig_status(401, "no");
	(void)rig_turn();
	rig_expect_said("<3>acme: key refused (*): its 2 devices are not polled; *\n<5>acme: key or certificate files have changed: *\n");
	rig_status(401, "no: the-first-key");
	(void)rig_turn();
	rig_expect_said("");
	expect_int(1, rig_open(), "a probe with the new key");
	expect_text("the-second-key", rig_request(0)->key, "key");
	rig_ok(1);
	(void)rig_turn();
	rig_expect_said("<5>acme: key accepted after *\n");
	(void)rig_until_asked();
	rig_ok(1);
	(void)rig_turn();
	rig_expect_said("");
	expect_int(2, rig_status_now().records, "records");
	rig_end();
}

static void a_key_file_that_is_gone_is_told(void **state) {
	(void)state;
	start_with("HOURLY", "window = \"1h\";");
	expect_int(0, unlink(rig_path("key")));
	rig_status(401, "no");
	(void)rig_turn();
	rig_expect_said("<3>acme: key refused (*): its 1 device is not polled; *\n<3>acme: */key cannot be opened: No such file or directory\n");
	rig_put("key", "the-first-key\n");
	expect_between(0, 2 * SECOND, rig_until_asked(), "until the file that came back is tried");
	rig_end();
}

/* A later answer that differs is a revision; what lies outside of the request is dropped and counted. */
static void corrections_and_strays_are_counted(void **state) {
	(void)state;
	start_with("MINUTELY", "window = \"1m\"; lookback = \"5m\";");
	rig_ok(3);
	(void)rig_turn();
	(void)rig_until_asked();
	rig_ok(4);
	(void)rig_turn();
	expect_lines("{\"time\":\"2026-11-23T07:59:00Z\",*\"revision\":0,*\n{\"time\":\"2026-11-23T07:59:00Z\",*\"count\":4,*"
	             "\"revision\":1,*\"previous\":3,*\n{\"time\":\"2026-11-23T08:00:00Z\",*\"count\":4,*\"revision\":0,*\n");
	struct status status = rig_status_now();
	expect_int(3, status.records, "records");
	expect_int(0, status.points_dropped, "dropped points");
	rig_end();
}

/* The first of an account are told; all are counted. */
static void points_that_are_dropped_are_told_once(void **state) {
	(void)state;
	static const char stray[] = "{\"eventCountMap\":{\"human\":7}}";
	start_with("MINUTELY", "window = \"1m\"; lookback = \"0s\";");
	for (int i = 1; i <= 3; i++) {
		char body[512];
		(void)snprintf(body, sizeof(body), "{\"timeSeriesDataPoints\":[%s,%s,{\"timestampMs\":1,\"eventCountMap\":{}},"
		               "{\"timestampMs\":%lld,\"eventCountMap\":{\"human\":7}}]}", stray, stray,
		               (long long)(rig_request(0)->start / USEC_PER_MSEC));
		rig_status(200, body);
		(void)rig_turn();
		rig_expect_said(i == 1 ? "<5>acme: lobby: points are dropped: 1 outside of what was asked for, 2 without a time\n" : "");
		expect_int(i, rig_status_now().records, "records");
		expect_int(3 * i, rig_status_now().points_dropped, "dropped points");
		(void)rig_until_asked();
	}
	rig_end();
}

/* Rechecks */

/* A body with a point for each minute of the request whose letter is not a dot; the first is that of `first`. */
static const char *body_of(usec_t first, const char *minutes, const char *more) {
	static char body[4096];
	size_t len = (size_t)snprintf(body, sizeof(body), "{%s\"timeSeriesDataPoints\":[", more);
	const char *comma = "";
	for (size_t i = 0; minutes[i]; i++) {
		if (minutes[i] != '.') {
			len += (size_t)snprintf(body + len, sizeof(body) - len,
			                        "%s{\"timestampMs\":%lld,\"eventCountMap\":{\"human\":7}}", comma,
			                        (long long)((first + (usec_t)i * MINUTE) / USEC_PER_MSEC));
			comma = ",";
		}
	}
	(void)snprintf(body + len, sizeof(body) - len, "]}");
	return body;
}

/* Of a page that says there is more, what comes before its first hole is recorded, and what follows is asked for. */
static void a_page_is_recorded_up_to_its_first_hole(void **state) {
	(void)state;
	start_with("MINUTELY", "window = \"5m\"; backfill_from = \"2026-11-23T07:50:00Z\"; lookback = \"0s\";");
	rig_status(200, body_of(rig_request(0)->start, "xxx.x.....", "\"nextPageToken\":\"more\","));
	(void)rig_turn();
	expect_int(3, rig_status_now().records, "records");
	expect_between(0, SECOND, rig_until_asked(), "until the rest is asked for");
	expect_time(at("2026-11-23T07:53:00Z"), rig_request(0)->start, "start");
	rig_end();
}

/* Twelve minutes until eight o'clock, of which those with a dot are recorded without a count. */
static void start_with_empty(const char *minutes, const char *window, const char *second) {
	char defaults[256];
	(void)snprintf(defaults, sizeof(defaults),
	               "window = \"%s\"; lookback = \"0s\"; backfill_from = \"12m\"; recheck = ( \"30s\", \"%s\" );",
	               window, second);
	rig_configure(RIG_ACCOUNT, defaults, RIG_LOBBY, "");
	rig_start(false);
	expect_int(1, rig_open(), "requests");
	expect_time(at("2026-11-23T07:48:00Z"), rig_request(0)->start, "start");
	expect_time(at("2026-11-23T08:00:00Z"), rig_request(0)->end, "end");
	/* Those at an end are asked for alone. */
	for (int i = 0; rig_status_now().records < 12 && i < 8; i++) {
		char part[16];
		expect_between(0, SECOND, rig_until_asked(), "until more of them are asked for");
		usec_t start = rig_request(0)->start, end = rig_request(0)->end;
		(void)snprintf(part, sizeof(part), "%.*s", (int)((end - start) / MINUTE),
		               minutes + (start - at("2026-11-23T07:48:00Z")) / MINUTE);
		rig_status(200, body_of(start, part, ""));
		(void)rig_turn();
	}
	expect_int(12, rig_status_now().records, "records");
}

/* These are asked for again, within that time. */
static void expect_recheck(usec_t least, usec_t most, const char *start, const char *end, const char *what) {
	expect_between(least, most, rig_until_asked(), "%s: until the recheck", what);
	expect_time(at(start), rig_request(0)->start, "%s: start", what);
	expect_time(at(end), rig_request(0)->end, "%s: end", what);
}

static void answer_recheck(const char *minutes, const char *more) {
	rig_status(200, body_of(rig_request(0)->start, minutes, more));
	(void)rig_turn();
	expect_int(0, rig_open(), "requests behind a recheck");
}

/* Eight regular requests pay for the next. */
static void pay(void) {
	for (int i = 0; i < 8; i++) {
		(void)rig_until_asked();
		expect_int(1, (rig_request(0)->end - rig_request(0)->start) / MINUTE, "minutes of regular request %d", i + 1);
		expect_between(rig.wall - 2 * MINUTE, rig.wall, rig_request(0)->end, "end of regular request %d", i + 1);
		rig_ok(1);
		(void)rig_turn();
	}
}

/* As soon as it is due; and right behind the answer that pays for it, for nothing else would wake the daemon. */
static void a_recheck_is_made_as_soon_as_it_may(void **state) {
	(void)state;
	start_with_empty("xxxx..xxxxxx", "1m", "90s");
	expect_recheck(29 * SECOND, 31 * SECOND, "2026-11-23T07:51:00Z", "2026-11-23T07:55:00Z",
	               "with one that has a count at either end");
	answer_recheck("xx.x", "");
	expect_lines("*\"time\":\"2026-11-23T07:52:00Z\",*\"count\":7,*\"revision\":1,*\n");
	pay();
	expect_recheck(0, SECOND, "2026-11-23T07:53:00Z", "2026-11-23T07:54:00Z", "by itself");
	answer_recheck("x", "");
	expect_lines("*\"time\":\"2026-11-23T07:53:00Z\",*\"count\":7,*\"revision\":1,*\n");
	rig_expect_said("");
	rig_end();
}

/* Nobody is told, and the next regular request is not held up. */
static void fails_alone(long status) {
	start_with_empty("xxxx..xxxxxx", "1m", "90s");
	expect_recheck(29 * SECOND, 31 * SECOND, "2026-11-23T07:51:00Z", "2026-11-23T07:55:00Z", "all");
	rig_status(status, "{\"errorMsg\":\"odd\"}");
	(void)rig_turn();
	expect_int(0, rig_status_now().failing, "failing devices");
	expect_between(0, MINUTE, rig_until_asked(), "until the regular request");
	expect_int(1, (rig_request(0)->end - rig_request(0)->start) / MINUTE, "minutes");
	rig_ok(1);
	(void)rig_turn();
	expect_int(13, rig_status_now().records, "records");

	/* The range has its next turn. */
	bool again = false;
	for (int i = 0; i < 40 && !again; i++) {
		(void)rig_until_asked();
		again = rig_request(0)->end < rig.wall - 3 * MINUTE;
		rig_ok(1);
		(void)rig_turn();
	}
	expect_int(true, again, "it is asked for again");
	rig_expect_said("");
	rig_end();
}

static void a_recheck_that_is_rejected_makes_nobody_fail(void **state) {
	(void)state;
	fails_alone(404);
}

static void a_recheck_that_breaks_the_server_makes_nobody_fail(void **state) {
	(void)state;
	fails_alone(500);
}

/* Who was not there, or not willing, has said nothing of the range: no less is asked for, and no distance is used up. */
static void only_an_answer_makes_a_recheck_smaller(void **state) {
	(void)state;
	static const struct {
		struct rig_answer failure;
		int minutes; /* of the next one; of four */
	} rows[] = {
		{{.status = 503, .body = ""}, 4},
		{{.result = HTTP_UNREACHABLE, .body = "", .error = "no route"}, 4},
		{{.status = 429, .body = "", .retry_after = "2"}, 4},
		{{.status = 401, .body = ""}, 4},
		{{.status = 500, .body = ""}, 2},
		{{.status = 413, .body = ""}, 2},
		{{.result = HTTP_SLOW, .body = "", .error = "no reply in 30 s"}, 2},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		start_with_empty("xxxx..xxxxxx", "1m", "90s");
		expect_recheck(29 * SECOND, 31 * SECOND, "2026-11-23T07:51:00Z", "2026-11-23T07:55:00Z", "all");
		rig_answer(0, &rows[row].failure);
		(void)rig_turn();
		(void)rig_until_asked();
		for (int i = 0; i < 40 && rig_request(0)->end > rig.wall - 3 * MINUTE; i++) {
			rig_ok(1);
			(void)rig_turn();
			(void)rig_until_asked();
		}
		expect_int(rows[row].minutes, (rig_request(0)->end - rig_request(0)->start) / MINUTE, "row %zu: minutes", row);
		rig_end();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
}

/* The ends of the range are empty still, and so is what lies before it: what came between is recorded. */
static void what_a_recheck_brings_is_kept_and_the_rest_asked_for_alone(void **state) {
	(void)state;
	start_with_empty(".x.x.x.xx.x.", "1m", "90s");
	expect_recheck(29 * SECOND, 31 * SECOND, "2026-11-23T07:47:00Z", "2026-11-23T08:00:00Z", "all");
	answer_recheck("..xxxxxxxxxx.", "");
	expect_int(4, rig_revisions(), "what came");

	pay();
	expect_recheck(0, SECOND, "2026-11-23T07:48:00Z", "2026-11-23T07:49:00Z", "the first alone");
	answer_recheck("x", "");
	expect_int(5, rig_revisions(), "and the first");
	pay();
	expect_recheck(0, SECOND, "2026-11-23T07:59:00Z", "2026-11-23T08:00:00Z", "the last");
	answer_recheck("x", "");
	expect_int(6, rig_revisions(), "and the last");
	rig_expect_said("");
	rig_end();
}

/* Of an answer that says there is more, what comes before the first hole is known; the rest is due as before. */
static void a_recheck_that_is_answered_in_parts_goes_on_behind_each(void **state) {
	(void)state;
	start_with_empty("x.x.x.x.x.xx", "1m", "2h");
	expect_recheck(29 * SECOND, 31 * SECOND, "2026-11-23T07:48:00Z", "2026-11-23T07:59:00Z", "all");
	answer_recheck("xx...x.....", "\"nextPageToken\":\"more\",");
	expect_int(2, rig_revisions(), "what came, wherever");
	pay();
	expect_recheck(0, SECOND, "2026-11-23T07:50:00Z", "2026-11-23T07:59:00Z", "behind what is known");
	answer_recheck("xxxxxxxxx", "");
	expect_int(5, rig_revisions(), "the rest");
	rig_end();
}

/* Of an answer without points that says there is more, half is asked for by itself. */
static void a_recheck_without_an_answer_is_asked_for_by_halves(void **state) {
	(void)state;
	start_with_empty("xxxx....xxxx", "1m", "90s");
	expect_recheck(29 * SECOND, 31 * SECOND, "2026-11-23T07:51:00Z", "2026-11-23T07:57:00Z", "all, and one at either end");
	answer_recheck("......", "\"nextPageToken\":\"more\",");
	expect_int(0, rig_revisions(), "nothing came");
	pay();
	expect_recheck(0, SECOND, "2026-11-23T07:52:00Z", "2026-11-23T07:55:00Z", "half of them");
	rig_end();
}

/* A window whose second minute is in doubt takes two requests, and is one of the eight that pay. */
static void what_takes_two_requests_pays_as_one(void **state) {
	(void)state;
	start_with_empty("xxxx.xxxxxxx", "2m", "90s");
	expect_recheck(29 * SECOND, 31 * SECOND, "2026-11-23T07:52:00Z", "2026-11-23T07:53:00Z", "the first");
	answer_recheck(".", "");
	for (int i = 0; i < 8; i++) {
		(void)rig_until_asked();
		expect_int(2, (rig_request(0)->end - rig_request(0)->start) / MINUTE, "minutes of window %d", i + 1);
		rig_status(200, body_of(rig_request(0)->start, "x.", "\"nextPageToken\":\"more\","));
		expect_between(0, SECOND, rig_until_asked(), "until what is in doubt is asked for");
		expect_int(1, (rig_request(0)->end - rig_request(0)->start) / MINUTE, "minutes in doubt of window %d", i + 1);
		rig_ok(1);
		(void)rig_turn();
	}
	expect_recheck(0, SECOND, "2026-11-23T07:52:00Z", "2026-11-23T07:53:00Z", "the second");
	rig_end();
}

/*
 * A gap in the look-back stays one as long as no answer speaks of it: what an answer has left out at an end may
 * have been cut off.  Between two counts nothing was.
 */
static void a_gap_is_empty_only_if_an_answer_says_so(void **state) {
	(void)state;
	const usec_t bad = at("2026-11-23T07:54:00Z");
	start_with("MINUTELY", "window = \"1m\"; backfill_from = \"2026-11-23T07:50:00Z\"; lookback = \"1h\"; recheck = ( \"1h\" );");
	serve_but(bad, bad + MINUTE, &(struct rig_answer){.status = 500, .body = "this one"}, 12 * MINUTE);
	expect_lines("*{\"time\":\"2026-11-23T07:54:00Z\",\"name\":\"lobby\",\"count\":null,\"status\":\"gap\",*");

	static const struct {
		const char *letters; /* for the first minute, those before the gap, it, those behind it, the last */
		const char *more;
		bool said;
	} rows[] = {
		{"....x", "", false}, {"xx...", "", false}, {"xx.xx", "\"nextPageToken\":\"more\",", false}, {"xx.xx", "", true},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		(void)rig_until_asked();
		for (int i = 0; i < 40 && rig_request(0)->start > bad; i++) {
			rig_ok(2); /* it is not asked for so much yet */
			(void)rig_until_asked();
		}
		usec_t start = rig_request(0)->start;
		int count = (int)((rig_request(0)->end - start) / MINUTE), gap = (int)((bad - start) / MINUTE);
		char minutes[64] = "";
		expect_between(2, 20, gap, "row %zu: minutes before the gap", row);
		expect_between(gap + 3, 60, count, "row %zu: minutes", row);
		for (int i = 0; i < count; i++) {
			minutes[i] = rows[row].letters[i == 0 ? 0 : i < gap ? 1 : i == gap ? 2 : i < count - 1 ? 3 : 4];
		}
		rig_status(200, body_of(start, minutes, rows[row].more));
		(void)rig_turn();
		bool said = strstr(rig_get("log/occupancy.ndjson"), "{\"time\":\"2026-11-23T07:54:00Z\",\"name\":\"lobby\","
		                   "\"count\":null,\"status\":\"no_data\",") != NULL;
		expect_int(rows[row].said, said, "row %zu: the gap is empty", row);
	}
	rig_end();
}

/* Which would be a bug, so it is said the first time. */
static void a_flood_of_requests_is_stopped_and_told(void **state) {
	(void)state;
	start_with("MINUTELY", "window = \"5m\"; backfill_from = \"2026-11-23T07:40:00Z\"; lookback = \"0s\";");
	(void)rig_until_asked();
	size_t sent = rig.sent;
	for (int i = 0; i < 1000 && poll_flood_guard(&rig_poller->roll.polls[0], rig.now); i++) {
	}
	rig_status(500, "");
	usec_t begin = rig.now;
	for (int i = 0; i < 100 && rig.journal_len == 0; i++) {
		usec_t wait = rig_turn();
		if (rig.journal_len == 0) {
			rig_pass(wait);
		}
	}
	rig_expect_said("<2>lobby: too many requests without progress: this is a bug in occupancyd\n"
	                "<4>lobby: poll failed: held back by the flood guard (attempt 2): next try in *\n");
	expect_int(sent, rig.sent, "requests");
	expect_true(rig.now - begin < MINUTE, "at once");
	expect_int(1, rig_status_now().failing, "failing devices");
	rig_end();
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_good_answer_is_recorded_and_the_next_window_awaited),
		TEST(a_flood_of_requests_is_stopped_and_told),
		TEST(a_device_that_fails_is_told_at_the_third_time),
		TEST(each_status_has_its_waits),
		TEST(waits_are_spread_up_to_their_ceiling),
		TEST(a_rate_limit_holds_the_account_as_long_as_it_says),
		TEST(an_answer_that_was_on_its_way_does_not_end_a_rate_limit),
		TEST(a_refused_key_is_told_and_its_file_watched),
		TEST(a_device_that_is_refused_alone_does_not_hold_up_its_account),
		TEST(a_server_error_does_not_end_a_refusal),
		TEST(a_refused_key_is_told_with_its_place),
		TEST(other_files_are_tried_where_they_may_help),
		TEST(minutes_that_fail_side_by_side_become_gaps_one_by_one),
		TEST(a_gap_of_an_account_has_its_reason),
		TEST(a_gap_has_no_reason_of_trouble_that_was_over),
		TEST(an_account_that_cannot_be_reached_is_told_once),
		TEST(too_much_is_asked_for_in_halves),
		TEST(what_is_slow_is_asked_for_in_halves),
		TEST(a_minute_that_fails_alone_becomes_a_gap),
		TEST(what_follows_a_minute_that_fails_alone_is_asked_for_once),
		TEST(an_empty_answer_is_no_proof_where_answers_do_not_fit),
		TEST(two_minutes_that_fail_alone_are_told_before_it_is_over),
		TEST(an_hour_that_fails_alone_becomes_a_gap_with_the_next),
		TEST(what_is_too_old_becomes_a_gap_with_its_reason),
		TEST(a_day_of_nobody_is_told_once),
		TEST(a_full_disk_pauses_polling_until_it_is_well),
		TEST(a_request_is_counted_when_it_is_sent),
		TEST(a_request_is_counted_when_the_answers_before_it_are_read),
		TEST(once_gives_up_after_five_tries),
		TEST(once_gives_up_a_disk_after_five_tries),
		TEST(once_is_over_as_long_as_an_account_is_refused),
		TEST(the_key_is_never_quoted),
		TEST(a_reply_to_the_old_key_is_not_held_against_the_new_one),
		TEST(a_key_file_that_is_gone_is_told),
		TEST(corrections_and_strays_are_counted),
		TEST(points_that_are_dropped_are_told_once),
		TEST(a_page_is_recorded_up_to_its_first_hole),
		TEST(a_recheck_is_made_as_soon_as_it_may),
		TEST(a_recheck_that_is_rejected_makes_nobody_fail),
		TEST(a_recheck_that_breaks_the_server_makes_nobody_fail),
		TEST(only_an_answer_makes_a_recheck_smaller),
		TEST(what_a_recheck_brings_is_kept_and_the_rest_asked_for_alone),
		TEST(a_recheck_that_is_answered_in_parts_goes_on_behind_each),
		TEST(what_takes_two_requests_pays_as_one),
		TEST(a_recheck_without_an_answer_is_asked_for_by_halves),
		TEST(a_gap_is_empty_only_if_an_answer_says_so),
	};
	return cmocka_run_group_tests_name("reply", tests, NULL, zones_done);
}
