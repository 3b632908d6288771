// SPDX-License-Identifier: ISC

/* daemon/overview.h: what is said of accounts and devices. */

#include "rig.h"

#include "base/json.h"
#include "daemon/overview.h"

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

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_device_goes_through_its_states, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(an_account_that_is_refused_says_why_and_its_devices_wait, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(no_count_is_none, rig_setup, rig_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
