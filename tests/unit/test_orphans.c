// SPDX-License-Identifier: ISC

/* daemon/orphans.h: devices that come back. */

#include "fixture.h"

#include "daemon/orphans.h"

#define START INT64_C(1795420800000000) /* 2026-11-23T08:00:00Z */

static const char UUID[] = "AAAAAAAAAAAAAAAAAAAAAA.v0";

static int64_t left(const struct orphans *orphans) {
	int64_t count = 0;
	for (size_t i = 0; i < orphans->len; i++) {
		count += orphans->list[i].uuid != NULL;
	}
	return count;
}

static void the_latest_position_of_a_device_is_kept(void **state) {
	(void)state;
	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * USEC_PER_MIN);
	struct device device = device_of(&settings);
	struct orphans orphans = {0};
	struct poll poll;
	device.uuid = UUID;

	static const usec_t ends[] = {START, START + 2, START + 1};
	static const uint16_t tops[] = {0, 3, 1};
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		expect_int(0, orphans_add(&orphans, UUID, INTERVAL_MINUTELY, ends[i], START - 9, tops[i], START), "add");
	}
	expect_int(1, left(&orphans), "kept");
	poll_init(&poll, &device, START, START);
	orphans_adopt(&orphans, &poll);
	expect_int(START + 2, poll.cursor, "cursor");
	expect_int(START - 9, poll.since, "since");
	expect_int(4, poll_first_revision(&poll, START + 1), "a revision that was never given");
	expect_int(0, poll_first_revision(&poll, START + 2), "behind the cursor");
	orphans_done(&orphans);
}

static void devices_that_come_and_go_take_no_memory(void **state) {
	(void)state;
	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * USEC_PER_MIN);
	struct device device = device_of(&settings);
	struct orphans orphans = {0};
	device.uuid = UUID;

	for (int i = 0; i < 10000; i++) {
		struct poll poll;
		expect_int(0, orphans_add(&orphans, UUID, INTERVAL_MINUTELY, START + i, START, 0, START), "add %d", i);
		poll_init(&poll, &device, START, START);
		orphans_adopt(&orphans, &poll);
		expect_int(START + i, poll.cursor, "cursor %d", i);
	}
	expect_between(0, 64, (int64_t)orphans.size, "room");
	orphans_done(&orphans);
}

static void a_position_goes_back_to_its_device_once(void **state) {
	(void)state;
	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * USEC_PER_MIN);
	struct device device = device_of(&settings);
	struct orphans orphans = {0};
	struct poll poll;
	device.uuid = UUID;

	for (int i = 0; i < 100; i++) {
		char uuid[32];
		(void)snprintf(uuid, sizeof(uuid), "BBBBBBBBBBBBBBBBBBBB%02d.v0", i);
		expect_int(0, orphans_add(&orphans, uuid, INTERVAL_MINUTELY, START + i, START, 0, START), "add %d", i);
	}
	expect_int(0, orphans_add(&orphans, UUID, INTERVAL_HOURLY, START - 1, START - 2, 0, START), "another interval");
	expect_int(0, orphans_add(&orphans, UUID, INTERVAL_MINUTELY, START - 3, START - 4, 0, START), "the one");

	poll_init(&poll, &device, START, START);
	orphans_adopt(&orphans, &poll);
	expect_int(START - 3, poll.cursor, "cursor");
	expect_int(START - 4, poll.since, "since");
	expect_int(101, left(&orphans), "left");

	poll_init(&poll, &device, START, START);
	orphans_adopt(&orphans, &poll);
	expect_int(START, poll.cursor, "a second time: cursor");
	orphans_done(&orphans);
	orphans_done(NULL);
}

static void what_rhombus_no_longer_has_is_not_kept(void **state) {
	(void)state;
	struct orphans orphans = {0};
	expect_int(0, orphans_add(&orphans, UUID, INTERVAL_MINUTELY, START - 800 * USEC_PER_DAY, START, 0, START), "add");
	expect_int(0, (int64_t)orphans.len, "kept");
	expect_int(0, orphans_add(&orphans, UUID, INTERVAL_MINUTELY, START - 700 * USEC_PER_DAY, START, 0, START), "add");
	expect_int(1, (int64_t)orphans.len, "kept");
	orphans_done(&orphans);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_position_goes_back_to_its_device_once),
		cmocka_unit_test(the_latest_position_of_a_device_is_kept),
		cmocka_unit_test(devices_that_come_and_go_take_no_memory),
		cmocka_unit_test(what_rhombus_no_longer_has_is_not_kept),
	};
	return cmocka_run_group_tests_name("orphans", tests, NULL, NULL);
}
