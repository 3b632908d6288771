// SPDX-License-Identifier: ISC

/* status/status.h: the line for people. */

#include "fixture.h"

#include "status/status.h"

#define SECOND USEC_PER_SEC
#define MINUTE USEC_PER_MIN

static void expect_status(const struct status *status, const char *expected) {
	struct buf out;
	buf_init(&out, 4096);
	status_text(status, &out);
	expect_int(0, buf_error(&out), "buf_error");
	expect_text(expected, buf_text(&out), "status");
	buf_done(&out);
}

static void all_well(void **state) {
	(void)state;
	expect_status(&(struct status){.devices = 120, .last_record = at("2026-11-23T08:15:42.123Z")},
	              "120 devices ok; backlog 0; last record 2026-11-23T08:15:42Z");
}

static void before_the_first_record(void **state) {
	(void)state;
	expect_status(&(struct status){.devices = 1, .last_record = INT64_MIN, .backlog = 10080},
	              "1 device ok; backlog 10080; no record since the start");
}

static void failing_devices_are_named(void **state) {
	(void)state;
	expect_status(
		&(struct status){
			.devices = 120,
			.failing = 2,
			.named = {{"lobby", "HTTP 500", 12 * MINUTE}, {"canteen", "timed out", 45 * SECOND}},
			.last_record = INT64_MIN,
		},
		"118 devices ok, 2 failing: lobby (HTTP 500 since 1970-01-01T00:12:00Z), canteen (timed out since 1970-01-01T00:00:45Z); "
		"backlog 0; no record since the start");
}

static void three_are_named_and_the_rest_counted(void **state) {
	(void)state;
	struct status status = {
		.devices = 6,
		.failing = 3,
		.named = {{"a", "x", MINUTE * 5}, {"b", "y", MINUTE * 5}, {"c", "z", MINUTE * 5}},
		.last_record = INT64_MIN,
	};
	expect_status(&status, "3 devices ok, 3 failing: a (x since 1970-01-01T00:05:00Z), b (y since 1970-01-01T00:05:00Z), c (z since 1970-01-01T00:05:00Z); "
	                       "backlog 0; no record since the start");
	status.failing = 5;
	expect_status(&status, "1 device ok, 5 failing: a (x since 1970-01-01T00:05:00Z), b (y since 1970-01-01T00:05:00Z), c (z since 1970-01-01T00:05:00Z), "
	                       "and 2 more; backlog 0; no record since the start");
}

static void trouble_comes_first(void **state) {
	(void)state;
	struct status status = {
		.devices = 2,
		.failing = 2,
		.named = {{"a", "x", 2 * USEC_PER_HOUR}, {"b", "y", 3 * USEC_PER_DAY}},
		.last_record = INT64_MIN,
		.lanes = "acme: key refused (HTTP 403)",
		.disk = "/var/log/occupancyd: No space left on device",
	};
	expect_status(&status, "log cannot be written: /var/log/occupancyd: No space left on device; "
	                       "acme: key refused (HTTP 403); 0 devices ok, 2 failing: a (x since 1970-01-01T02:00:00Z), "
	                       "b (y since 1970-01-04T00:00:00Z); backlog 0; no record since the start");
	status.disk = NULL;
	status.lanes = "";
	status.failing = 0;
	expect_status(&status, "2 devices ok; backlog 0; no record since the start");
}

static void a_long_reason_is_cut(void **state) {
	(void)state;
	char reason[400], expected[512];
	memset(reason, 'r', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	(void)snprintf(expected, sizeof(expected), "0 devices ok, 1 failing: a (%.124s... since "
	                                           "1970-01-01T00:00:05Z); backlog 0; "
	                                           "no record since the start", reason);
	expect_status(&(struct status){.devices = 1, .failing = 1, .named = {{"a", reason, 5 * SECOND}},
	                               .last_record = INT64_MIN}, expected);
}

static void devices_that_wait_for_their_account_are_not_ok(void **state) {
	(void)state;
	struct status status = {.devices = 3, .waiting = 3, .lanes = "acme: key refused (HTTP 403)",
	                        .last_record = INT64_MIN};
	expect_status(&status, "acme: key refused (HTTP 403); 3 devices wait; backlog 0; no record since the start");
	status.waiting = 1;
	expect_status(&status, "acme: key refused (HTTP 403); 2 devices ok, 1 device waits; backlog 0; "
	                       "no record since the start");
}

static void a_configuration_that_is_not_in_force_is_said(void **state) {
	(void)state;
	expect_status(&(struct status){.devices = 1, .config = "not reloaded: see the journal",
	                               .last_record = INT64_MIN},
	              "configuration not reloaded: see the journal; 1 device ok; backlog 0; no record since the start");
}

static void a_cluster_is_said_in_front_if_it_is_in_trouble_and_the_place_in_it_at_the_end(void **state) {
	(void)state;
	struct status status = {.devices = 2, .cluster = "", .place = "owner of acme (entry 8812); following eu, 0 behind",
	                        .last_record = INT64_MIN};
	expect_status(&status, "2 devices ok; backlog 0; no record since the start; owner of acme (entry 8812); "
	                       "following eu, 0 behind");
	status.config = "not reloaded: see the journal";
	status.cluster = "the cluster: https://10.0.0.1:2379: Operation timed out";
	status.lanes = "acme: key refused (HTTP 403)";
	status.place = "";
	expect_status(&status, "configuration not reloaded: see the journal; the cluster: https://10.0.0.1:2379: "
	                       "Operation timed out; acme: key refused (HTTP 403); 2 devices ok; backlog 0; "
	                       "no record since the start");
}

static void the_text_is_appended(void **state) {
	(void)state;
	struct buf out;
	buf_init(&out, 4096);
	buf_puts(&out, "before: ");
	status_text(&(struct status){.devices = 1, .last_record = INT64_MIN}, &out);
	expect_text("before: 1 device ok; backlog 0; no record since the start", buf_text(&out), "status");
	buf_done(&out);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_well),
		cmocka_unit_test(before_the_first_record),
		cmocka_unit_test(failing_devices_are_named),
		cmocka_unit_test(three_are_named_and_the_rest_counted),
		cmocka_unit_test(trouble_comes_first),
		cmocka_unit_test(a_long_reason_is_cut),
		cmocka_unit_test(devices_that_wait_for_their_account_are_not_ok),
		cmocka_unit_test(a_configuration_that_is_not_in_force_is_said),
		cmocka_unit_test(a_cluster_is_said_in_front_if_it_is_in_trouble_and_the_place_in_it_at_the_end),
		cmocka_unit_test(the_text_is_appended),
	};
	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
