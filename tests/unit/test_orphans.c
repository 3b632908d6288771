// SPDX-License-Identifier: ISC

/* daemon/orphans.h: devices that come back. */

#include "fixture.h"

#include "daemon/orphans.h"

#define START INT64_C(1795420800000000) /* 2026-11-23T08:00:00Z */

static const char UUID[] = "AAAAAAAAAAAAAAAAAAAAAA.v0";

static void a_position_goes_back_to_its_device_once(void **state) {
	(void)state;
	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * USEC_PER_MIN);
	struct device device = device_of(&settings);
	struct orphans orphans = {0};
	struct poll poll;
	device.uuid = UUID;

	for (int i = 0; i < 100; i++) {
		char uuid[32];
		(void)snprintf(uuid, sizeof(uuid), "BBBBBBBBBBBBBBBBBBBBB%c.v%d", 'A' + i % 26, i % 52);
		expect_int(0, orphans_add(&orphans, uuid, INTERVAL_MINUTELY, START + i, START, START), "add %d", i);
	}
	expect_int(0, orphans_add(&orphans, UUID, INTERVAL_HOURLY, START - 1, START - 2, START), "another interval");
	expect_int(0, orphans_add(&orphans, UUID, INTERVAL_MINUTELY, START - 3, START - 4, START), "the one");

	poll_init(&poll, &device, START, START);
	orphans_adopt(&orphans, &poll);
	expect_int(START - 3, poll.cursor, "cursor");
	expect_int(START - 4, poll.since, "since");
	expect_int(101, (int64_t)orphans.len, "left");

	poll_init(&poll, &device, START, START);
	orphans_adopt(&orphans, &poll);
	expect_int(START, poll.cursor, "a second time: cursor");
	orphans_done(&orphans);
	orphans_done(NULL);
}

static void what_rhombus_no_longer_has_is_not_kept(void **state) {
	(void)state;
	struct orphans orphans = {0};
	expect_int(0, orphans_add(&orphans, UUID, INTERVAL_MINUTELY, START - 800 * USEC_PER_DAY, START, START), "add");
	expect_int(0, (int64_t)orphans.len, "kept");
	expect_int(0, orphans_add(&orphans, UUID, INTERVAL_MINUTELY, START - 700 * USEC_PER_DAY, START, START), "add");
	expect_int(1, (int64_t)orphans.len, "kept");
	orphans_done(&orphans);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_position_goes_back_to_its_device_once),
		cmocka_unit_test(what_rhombus_no_longer_has_is_not_kept),
	};
	return cmocka_run_group_tests_name("orphans", tests, NULL, NULL);
}
