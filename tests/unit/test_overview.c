// SPDX-License-Identifier: ISC

/* daemon/overview.h: what is said of accounts and devices. */

#include "rig.h"

#include "base/json.h"
#include "daemon/overview.h"
#include "daemon/poller-private.h"

#define MINUTE USEC_PER_MIN

/* The document as it is now.  Valid until the next call. */
static struct json_object *document(const char *config) {
	static struct json_object *value;
	struct overview_source source = {.poller = rig_poller, .started = at(RIG_BEGIN), .config = config};
	struct overview overview = {0};
	struct buf out;
	struct error err = {{0}};
	buf_init(&out, BUF_ANY);
	while (overview_write(&source, &overview, &out)) {
	}
	json_free(value);
	value = NULL;
	if (json_read(buf_text(&out), out.len, &value, &err) < 0) {
		fail_msg("%s\n%s", err.text, buf_text(&out));
	}
	buf_done(&out);
	return value;
}

static struct json_object *device(struct json_object *value, size_t at) {
	return json_element(json_member(value, "devices"), at);
}

static const char *text(struct json_object *of, const char *name) {
	size_t len;
	const char *found = json_string(json_member(of, name), &len);
	return found ? found : "(none)";
}

static int64_t number(struct json_object *of, const char *name) {
	int64_t n = -1;
	(void)json_int(json_member(of, name), &n);
	return n;
}

static int64_t total(const char *name) {
	return number(json_member(document(NULL), "totals"), name);
}

static void a_device_goes_through_its_states(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, "window = \"1m\"; lookback = \"0s\";", RIG_LOBBY, "");
	rig_start(false);
	struct json_object *lobby = device(document(NULL), 0);
	expect_text("starting", text(lobby, "state"));
	expect_text("(none)", text(lobby, "last_end"));
	expect_text("acme", text(lobby, "account"));
	expect_text("MINUTELY", text(lobby, "interval"));
	expect_text("UTC", text(lobby, "zone"));

	(void)rig_until_asked();
	rig_ok(7);
	(void)rig_turn();
	lobby = device(document(NULL), 0);
	expect_text("fresh", text(lobby, "state"));
	expect_int(7, number(lobby, "last_count"), "count");
	expect_text("ok", text(lobby, "last_status"));
	expect_int(0, number(lobby, "waiting"), "waiting");
	expect_int(1, total("fresh"), "fresh");
	expect_int(1, total("records"), "records");

	/* No answer for a while. */
	(void)rig_until_asked();
	expect_text("fresh", text(device(document(NULL), 0), "state"));
	rig_pass(2 * MINUTE);
	lobby = device(document(NULL), 0);
	expect_text("late", text(lobby, "state"));
	int64_t waiting = number(lobby, "waiting"); /* before another document takes its place */
	expect_true(waiting > 0);
	expect_true(number(lobby, "age_s") >= 120);
	expect_int(waiting, total("backlog"), "backlog");

	/* It has failed as often as that is reported. */
	for (int i = 0; i < 3; i++) {
		(void)rig_until_asked();
		rig_status(500, "{\"error\":true,\"errorMsg\":\"\x1b[31mbroken\"}");
		(void)rig_turn();
	}
	lobby = device(document(NULL), 0);
	expect_text("failing", text(lobby, "state"));
	expect_true(strstr(text(lobby, "reason"), "HTTP 500"));
	expect_null(strchr(text(lobby, "reason"), '\x1b'));
	expect_int(0, strncmp("2026-11-23T08:", text(lobby, "since"), 14), "since");
	expect_int(1, total("failing"), "failing");
	rig_end();
}

static void an_account_that_is_refused_says_why_and_its_devices_wait(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, "window = \"1m\";", RIG_LOBBY ", " RIG_FOYER, "");
	rig_start(false);
	(void)rig_until_asked();
	struct json_object *account = json_element(json_member(document(NULL), "accounts"), 0);
	expect_text("open", text(account, "state"));
	expect_text("100/s", text(account, "rate"));
	rig_status(401, "");
	(void)rig_turn();

	struct json_object *value = document("not reloaded: see the journal");
	expect_int(1, number(value, "version"), "version");
	expect_text("not reloaded: see the journal", text(value, "configuration"));
	account = json_element(json_member(value, "accounts"), 0);
	expect_text("refused", text(account, "state"));
	expect_true(strstr(text(account, "reason"), "401"));
	expect_text("waiting", text(device(value, 0), "state"));
	expect_text("waiting", text(device(value, 1), "state"));
	expect_int(2, total("waiting"), "waiting");
	rig_end();
}

/* A bucket without a count has none, and is asked for again. */
static void no_count_is_none(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, "window = \"1m\"; lookback = \"0s\";", RIG_LOBBY, "");
	rig_start(false);
	for (int i = 0; i < 20 && rig_status_now().records == 0; i++) {
		(void)rig_until_asked();
		rig_status(200, "{\"timeSeriesDataPoints\":[]}");
		(void)rig_turn();
	}
	struct json_object *lobby = device(document(NULL), 0);
	expect_text("no_data", text(lobby, "last_status"));
	expect_int(JSON_NULL, json_kind(json_member(lobby, "last_count")), "count");
	expect_int(1, number(lobby, "rechecks"), "rechecks");
	expect_int(1, total("rechecks"), "rechecks");
	rig_end();
}

/* Two accounts, and three devices: one with all that a device can have. */
static void put_two_accounts(void) {
	char text[4096];
	(void)snprintf(text, sizeof(text),
	               "accounts = ( { name = \"acme\"; base_url = \"http://127.0.0.1:1\"; key_file = \"%s\"; rate = \"90/m\"; },\n"
	               "             { name = \"idle\"; base_url = \"http://127.0.0.1:2\"; key_file = \"%s\"; } );\n"
	               "defaults = { interval = \"MINUTELY\"; window = \"1m\"; timezone = \"UTC\"; settle = \"0s\"; lookback = \"0s\";\n"
	               "             account = \"acme\"; recheck = [\"1h\"]; };\n"
	               "devices = ( { uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; site = \"the \\\"hq\\\"\"; labels = { floor = \"1\"; }; },\n"
	               "            { uuid = \"" RIG_UUID_B "\"; name = \"foyer\"; interval = \"HOURLY\"; window = \"1h\";\n"
	               "              timezone = \"America/Denver\"; },\n"
	               "            { uuid = \"CCCCCCCCCCCCCCCCCCCCCA.v0\"; name = \"attic\"; account = \"idle\"; } );\n"
	               "log = { directory = \"%s\"; };\nstate = { directory = \"%s\"; };\n",
	               rig_path("key"), rig_path("key"), rig_path("log"), rig_path("state"));
	rig_put("main.conf", text);
}

static void answer_device(const char *uuid, const struct rig_answer *answer) {
	for (size_t i = 0; i < rig.open_len; i++) {
		if (strcmp(rig_request(i)->uuid, uuid) == 0) {
			rig_answer(i, answer);
			break;
		}
	}
	(void)rig_turn();
}

/* The document as it is written, with the directory of the test as DIR, and its pid and release as 1. */
static const char *written(const char *config) {
	static char out[16384];
	struct overview_source source = {.poller = rig_poller, .started = at(RIG_BEGIN) + 1, .config = config};
	struct overview overview = {0};
	struct buf made;
	char head[256];
	buf_init(&made, BUF_ANY);
	while (overview_write(&source, &overview, &made)) {
	}
	int len = snprintf(head, sizeof(head), "{\"version\":1,\"program\":\"occupancyd\",\"release\":\"%s\",\"pid\":%d,",
	                   OCCUPANCYD_VERSION, (int)getpid());
	const char *text_of = buf_text(&made), *end;
	expect_int(0, strncmp(head, text_of, (size_t)len), "%s", text_of);
	out[0] = '\0';
	for (text_of += len; (end = strstr(text_of, rig_directory)); text_of = end + strlen(rig_directory)) {
		size_t so_far = strlen(out);
		(void)snprintf(out + so_far, sizeof(out) - so_far, "%.*sDIR", (int)(end - text_of), text_of);
	}
	size_t so_far = strlen(out);
	(void)snprintf(out + so_far, sizeof(out) - so_far, "%s", text_of);
	buf_done(&made);
	return out;
}

static void what_is_written_is_exactly_this(void **state) {
	(void)state;
	static const struct {
		const char *config, *configuration; /* as it is given, and written */
		int in_flight;
		const char *foyer;
		int fresh, starting, backlog, rechecks, records;
		const char *last_record;
	} rows[] = {
		{"it is wrong", "\"it is wrong\"", 1, "\"starting\",\"waiting\":1", 1, 1, 3, 0, 1, "2026-11-23T08:01:00Z"},
		{NULL, "null", 0, "\"fresh\",\"last_end\":\"2026-11-23T08:00:00Z\",\"age_s\":61,\"last_status\":\"no_data\","
		                  "\"last_count\":null,\"waiting\":0,\"rechecks\":1", 2, 0, 2, 1, 2, "2026-11-23T08:01:01Z"},
	};
	put_two_accounts();
	rig_start(false);
	rig_pass(MINUTE);
	(void)rig_turn();
	answer_device(RIG_UUID_A, &(struct rig_answer){.status = 200, .count = 12, .date = "Mon, 23 Nov 2026 08:00:58 GMT"});
	answer_device("CCCCCCCCCCCCCCCCCCCCCA.v0", &(struct rig_answer){.status = 429, .body = "", .retry_after = "100"});
	rig_pass(1500 * USEC_PER_MSEC);
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char expected[4096];
		int len = snprintf(expected, sizeof(expected),
		"\"started\":\"2026-11-23T08:00:00Z\",\"now\":\"2026-11-23T08:01:01Z\",\"log\":\"DIR/log/occupancy.ndjson\","
		"\"configuration\":%s,\"storage\":{\"failing\":[]},\"accounts\":[\n"
		"{\"name\":\"acme\",\"state\":\"open\",\"rate\":\"90/m\",\"in_flight\":%d,\"clock\":{\"confirmed\":true,"
		"\"ahead_ms\":0}},\n"
		"{\"name\":\"idle\",\"state\":\"throttled\",\"since\":\"2026-11-23T08:01:00Z\","
		"\"reason\":\"rate limited (HTTP 429)\",\"rate\":\"1/s\",\"in_flight\":0,\"clock\":{\"confirmed\":false,"
		"\"ahead_ms\":0}}],\n"
		"\"devices\":[\n"
		"{\"uuid\":\"AAAAAAAAAAAAAAAAAAAAAA.v0\",\"name\":\"lobby\",\"site\":\"the \\\"hq\\\"\","
		"\"labels\":{\"floor\":\"1\"},\"account\":\"acme\",\"interval\":\"MINUTELY\",\"zone\":\"UTC\","
		"\"state\":\"fresh\",\"last_end\":\"2026-11-23T08:00:00Z\",\"age_s\":61,\"last_status\":\"ok\","
		"\"last_count\":12,\"waiting\":0},\n"
		"{\"uuid\":\"BBBBBBBBBBBBBBBBBBBBBA.v0\",\"name\":\"foyer\",\"account\":\"acme\",\"interval\":\"HOURLY\","
		"\"zone\":\"America/Denver\",\"state\":%s},\n"
		"{\"uuid\":\"CCCCCCCCCCCCCCCCCCCCCA.v0\",\"name\":\"attic\",\"account\":\"idle\",\"interval\":\"MINUTELY\","
		"\"zone\":\"UTC\",\"state\":\"waiting\",\"waiting\":2}],\n"
		"\"totals\":{\"devices\":3,\"fresh\":%d,\"late\":0,\"failing\":0,\"waiting\":1,\"starting\":%d,\"backlog\":%d,"
		"\"rechecks\":%d,\"backfill_waiting\":0,\"backfill_running\":0,\"backfill_buckets\":0,\"backfill_done\":0,"
		"\"backfill_refused\":0,\"requests\":3,\"records\":%d,\"points_dropped\":0,"
		"\"last_record\":\"%s\"}}\n",
		rows[row].configuration, rows[row].in_flight, rows[row].foyer, rows[row].fresh, rows[row].starting, rows[row].backlog,
		rows[row].rechecks, rows[row].records, rows[row].last_record);
		expect_true(len > 0 && (size_t)len < sizeof(expected));
		expect_text(expected, written(rows[row].config), "row %zu", row);
		answer_device(RIG_UUID_B, &(struct rig_answer){.status = 200, .body = "{\"timeSeriesDataPoints\":[]}"});
	}
	rig_end();
}

/* A minute after a window was due. */
static void a_device_is_late_after_a_minute(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, "window = \"1m\"; lookback = \"0s\";", RIG_LOBBY, "");
	rig_start(false);
	(void)rig_until_asked();
	rig_ok(7);
	usec_t wait = rig_turn();
	rig_pass(wait);
	(void)rig_turn();
	expect_int(1, rig_open(), "due");
	rig_pass(MINUTE);
	expect_text("fresh", text(device(document(NULL), 0), "state"));
	rig_pass(1);
	expect_text("late", text(device(document(NULL), 0), "state"));
	expect_int(1, total("late"), "late");
	rig_end();
}

/* What was recorded last is not remembered if it is a gap. */
static void a_gap_is_what_was_recorded_last(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, "window = \"1m\"; lookback = \"0s\"; backfill = \"1h\";", RIG_LOBBY, "");
	rig_start(false);
	(void)rig_until_asked();
	rig_ok(7);
	(void)rig_turn();
	rig_pass(40 * USEC_PER_HOUR);
	for (int i = 0; i < 20 && rig_gaps() == 0; i++) {
		(void)rig_until_asked();
		rig_status(503, "");
		(void)rig_turn();
	}
	struct json_object *lobby = device(document(NULL), 0);
	expect_text("gap", text(lobby, "last_status"));
	expect_int(JSON_NULL, json_kind(json_member(lobby, "last_count")), "count");
	expect_int(60, number(lobby, "waiting"), "waiting");
	rig_expect_said("<4>lobby: gap from 2026-11-23T08:00:00Z to 2026-11-24T23:00:00Z: no answer within 1h: not polled\n");
	rig_end();
}

/* Its words, in their order, a blank behind each. */
static const char *failing_storage(struct json_object *value) {
	static char words[128];
	struct json_object *word, *list = json_member(json_member(value, "storage"), "failing");
	words[0] = '\0';
	for (size_t i = 0; (word = json_element(list, i)); i++) {
		size_t len, so_far = strlen(words);
		(void)snprintf(words + so_far, sizeof(words) - so_far, "%s ", json_string(word, &len));
	}
	return words;
}

static void what_cannot_be_written_is_named(void **state) {
	(void)state;
	static const struct {
		enum storage_use uses[2];
		const char *words;
	} rows[] = {
		{{STORAGE_LOG, STORAGE_LOG}, "log "},
		{{STORAGE_ROTATION, STORAGE_UPKEEP}, "rotation upkeep "},
		{{STORAGE_CHECKPOINT, STORAGE_LOG}, "log checkpoint "},
	};
	rig_configure(RIG_ACCOUNT, "window = \"1m\"; lookback = \"0s\";", RIG_LOBBY, "");
	rig_start(false);
	expect_text("", failing_storage(document(NULL)));
	expect_text("(none)", text(json_member(document(NULL), "storage"), "reason"));
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		static const struct error full = {"log: cannot append: No space left on device"};
		for (size_t i = 0; i < 2; i++) {
			storage_note(&rig_poller->storage, rows[row].uses[i], -ENOSPC, "path", &full, rig.now);
		}
		struct json_object *value = document(NULL);
		expect_text(rows[row].words, failing_storage(value), "row %zu", row);
		for (size_t i = 0; i < 2; i++) {
			storage_note(&rig_poller->storage, rows[row].uses[i], 0, "path", NULL, rig.now);
		}
	}
	expect_text("", failing_storage(document(NULL)));
	rig_end();
}

/* An hour ahead of the server. */
static void how_far_ahead_a_clock_is_is_told(void **state) {
	(void)state;
	rig_configure(RIG_ACCOUNT, "window = \"1m\"; lookback = \"0s\";", RIG_LOBBY, "");
	rig_start(false);
	for (int i = 0; i < 5; i++) {
		(void)rig_until_asked();
		rig_answer(0, &(struct rig_answer){.status = 200, .count = 1, .date = "Mon, 23 Nov 2026 07:00:00 GMT"});
		(void)rig_turn();
	}
	struct json_object *clock = json_member(json_element(json_member(document(NULL), "accounts"), 0), "clock");
	int64_t ahead = number(clock, "ahead_ms");
	expect_true(ahead >= 3600000 && ahead < 3660000, "%lld", (long long)ahead);
	expect_part("ahead", text(clock, "reason"));
	rig_end();
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_device_goes_through_its_states, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(an_account_that_is_refused_says_why_and_its_devices_wait, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(what_is_written_is_exactly_this, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_device_is_late_after_a_minute, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_gap_is_what_was_recorded_last, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_written_is_named, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(how_far_ahead_a_clock_is_is_told, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(no_count_is_none, rig_setup, rig_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
