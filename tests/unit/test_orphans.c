// SPDX-License-Identifier: ISC

/* daemon/orphans.h: devices that come back. */

#include "fixture.h"
#include "memory.h"

#include "daemon/orphans.h"

#define START INT64_C(1795420800000000) /* 2026-11-23T08:00:00Z */

static const char UUID[] = "AAAAAAAAAAAAAAAAAAAAAA.v0";

static int keep(struct orphans *orphans, const char *uuid, enum interval interval, usec_t cursor, usec_t since,
                uint16_t top) {
	return orphans_add(orphans, uuid, interval, &(struct orphan){
		.cursor = cursor,
		.since = since,
		.taken = cursor,
		.top = top,
	});
}

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
		expect_int(0, keep(&orphans, UUID, INTERVAL_MINUTELY, ends[i], START - 9, tops[i]), "add");
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
		expect_int(0, keep(&orphans, UUID, INTERVAL_MINUTELY, START + i, START, 0), "add %d", i);
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
		expect_int(0, keep(&orphans, uuid, INTERVAL_MINUTELY, START + i, START, 0), "add %d", i);
	}
	expect_int(0, keep(&orphans, UUID, INTERVAL_HOURLY, START - 1, START - 2, 0), "another interval");
	expect_int(0, keep(&orphans, UUID, INTERVAL_MINUTELY, START - 3, START - 4, 0), "the one");

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

/* Not before a time is confirmed: by a clock that is far ahead all of them would be. */
static void what_rhombus_no_longer_has_is_forgotten(void **state) {
	(void)state;
	static const char other[] = "BBBBBBBBBBBBBBBBBBBBBB.v0";
	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * USEC_PER_MIN);
	struct device device = device_of(&settings);
	struct orphans orphans = {0};
	struct poll poll;
	expect_int(0, keep(&orphans, UUID, INTERVAL_MINUTELY, START - 800 * USEC_PER_DAY, START, 0), "add");
	expect_int(0, keep(&orphans, other, INTERVAL_MINUTELY, START - 700 * USEC_PER_DAY, START, 0), "add");
	expect_int(2, left(&orphans), "before any time is confirmed");
	orphans_expire(&orphans, START);
	expect_int(1, left(&orphans), "kept");
	orphans_expire(&orphans, START + 32 * USEC_PER_DAY);
	expect_int(1, left(&orphans), "after two years of 366 days");
	device.uuid = other;
	poll_init(&poll, &device, START, START);
	orphans_adopt(&orphans, &poll);
	expect_int(START - 700 * USEC_PER_DAY, poll.cursor, "cursor");
	expect_int(0, keep(&orphans, other, INTERVAL_MINUTELY, START - 700 * USEC_PER_DAY, START, 0), "add");
	orphans_expire(&orphans, START + 32 * USEC_PER_DAY + 1);
	expect_int(0, left(&orphans), "after more");
	orphans_done(&orphans);
}

/* The time that it was saved at may have been wrong. */
static void a_position_is_given_back_whole_and_to_be_proven(void **state) {
	(void)state;
	static const struct orphan position = {
		.cursor = START, .since = START - 1, .taken = START + 5, .top = 4, .again = 3};
	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * USEC_PER_MIN);
	struct device device = device_of(&settings);
	struct orphans orphans = {0};
	struct poll poll;
	device.uuid = UUID;
	expect_int(0, orphans_add(&orphans, UUID, INTERVAL_MINUTELY, &position), "add");
	poll_init(&poll, &device, START + 9, START);
	orphans_adopt(&orphans, &poll);
	expect_int(true, poll.begun, "begun");
	expect_int(true, poll.unproven, "unproven");
	expect_int(3, poll_first_revision(&poll, START), "revision of what is recorded once more");
	expect_int(5, poll_first_revision(&poll, START - 1), "of what was before");
	expect_int(0, poll_first_revision(&poll, START + 5), "of what follows");
	orphans_done(&orphans);
}

/* What cannot be kept leaves all others as they are, and can be kept later. */
static void without_memory_the_others_are_kept(void **state) {
	(void)state;
	enum { MANY = 80 };
	if (!memory_is_ours()) {
		skip();
	}
	int at_call = 1;
	for (bool hit = true; hit; at_call++) {
		struct orphans orphans = {0};
		hit = false;
		for (int i = 0; i < MANY; i++) {
			char uuid[32];
			(void)snprintf(uuid, sizeof(uuid), "BBBBBBBBBBBBBBBBBBBB%02d.v0", i);
			memory_arm(hit ? 0 : at_call);
			int r = keep(&orphans, uuid, INTERVAL_MINUTELY, START + i, START, 0);
			bool failed = memory_disarm();
			expect_int(failed ? -ENOMEM : 0, r, "call %d, orphan %d", at_call, i);
			expect_int(i + !failed, left(&orphans), "call %d, orphan %d: kept", at_call, i);
			if (failed) {
				hit = true;
				expect_int(0, keep(&orphans, uuid, INTERVAL_MINUTELY, START + i, START, 0), "once more");
			}
		}
		for (int i = 0; i < MANY; i++) {
			char uuid[32];
			(void)snprintf(uuid, sizeof(uuid), "BBBBBBBBBBBBBBBBBBBB%02d.v0", i);
			const struct orphan *orphan = orphans_find(&orphans, uuid, INTERVAL_MINUTELY);
			expect_not_null(orphan, "call %d: orphan %d", at_call, i);
			expect_int(START + i, orphan->cursor, "call %d: cursor of %d", at_call, i);
		}
		orphans_done(&orphans);
	}
	expect_between(3, 20, at_call, "calls");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_position_goes_back_to_its_device_once),
		cmocka_unit_test(the_latest_position_of_a_device_is_kept),
		cmocka_unit_test(devices_that_come_and_go_take_no_memory),
		cmocka_unit_test(what_rhombus_no_longer_has_is_forgotten),
		cmocka_unit_test(a_position_is_given_back_whole_and_to_be_proven),
		cmocka_unit_test(without_memory_the_others_are_kept),
	};
	return cmocka_run_group_tests_name("orphans", tests, NULL, NULL);
}
