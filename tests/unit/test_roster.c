// SPDX-License-Identifier: ISC

/* daemon/roster.h: polls by (uuid, interval). */

#include "fixture.h"
#include "memory.h"

#include "daemon/roster.h"

#include <errno.h>

enum { DEVICES = 500 };

static void every_poll_is_found_by_its_identity_and_no_other(void **state) {
	(void)state;
	static const enum interval intervals[] = {INTERVAL_NONE, INTERVAL_MINUTELY, INTERVAL_MONTHLY};
	enum { INTERVALS = COUNT_OF(intervals) };
	static char uuids[DEVICES][48];
	static struct device devices[DEVICES * INTERVALS];
	static struct poll polls[DEVICES * INTERVALS];
	struct settings settings[INTERVALS];
	struct roster roster;

	for (size_t k = 0; k < INTERVALS; k++) {
		settings[k] = settings_of(intervals[k], "UTC", 15 * USEC_PER_MIN);
	}
	for (size_t i = 0; i < DEVICES; i++) {
		(void)snprintf(uuids[i], sizeof(uuids[i]), "AAAAAAAAAAAAAAAAAA%04zu.v0", i);
		for (size_t k = 0; k < INTERVALS; k++) {
			size_t at_place = i * INTERVALS + k;
			devices[at_place] = device_of(&settings[k]);
			devices[at_place].uuid = uuids[i];
			poll_init(&polls[at_place], &devices[at_place], 0, 0);
		}
	}
	expect_int(0, roster_init(&roster, polls, COUNT_OF(polls)), "roster_init");
	for (size_t i = 0; i < COUNT_OF(polls); i++) {
		char copy[48];
		(void)snprintf(copy, sizeof(copy), "%s", devices[i].uuid);
		const struct poll *found = roster_find(&roster, copy, devices[i].settings->bucket.interval);
		expect_int(1, found == &polls[i], "poll %zu is found", i);
	}
	for (size_t i = 0; i < DEVICES; i++) {
		char other[48];
		(void)snprintf(other, sizeof(other), "AAAAAAAAAAAAAAAAAA%04zu", i);
		expect_int(1, roster_find(&roster, other, INTERVAL_MINUTELY) == NULL, "without its facet: %s",
		           other);
		expect_int(1, roster_find(&roster, uuids[i], INTERVAL_DAILY) == NULL, "another interval: %s",
		           uuids[i]);
	}
	roster_done(&roster);
}

static void an_empty_roster_finds_nothing(void **state) {
	(void)state;
	struct roster roster;
	struct poll none;
	expect_int(0, roster_init(&roster, &none, 0), "roster_init");
	expect_int(1, roster_find(&roster, UUID_A, INTERVAL_MINUTELY) == NULL, "find");
	roster_done(&roster);
	roster_done(NULL);
}

static void a_roster_of_one_ends_its_search(void **state) {
	(void)state;
	struct settings settings = settings_of(INTERVAL_HOURLY, "UTC", USEC_PER_HOUR);
	struct device device = device_of(&settings);
	struct poll poll;
	struct roster roster;
	poll_init(&poll, &device, 0, 0);
	expect_int(0, roster_init(&roster, &poll, 1), "roster_init");
	expect_int(1, roster_find(&roster, UUID_A, INTERVAL_HOURLY) == &poll, "find");
	/* Among so many strangers some hash to the same slot. */
	for (int i = 0; i < 100; i++) {
		char stranger[32];
		(void)snprintf(stranger, sizeof(stranger), "stranger-%d", i);
		expect_int(1, roster_find(&roster, stranger, INTERVAL_HOURLY) == NULL, "%s", stranger);
	}
	roster_done(&roster);
}

/* Whenever that ends. */
static void without_memory_it_is_empty(void **state) {
	(void)state;
	enum { MANY = 1500 };
	static char uuids[MANY][48];
	static struct device devices[MANY];
	static struct poll polls[MANY];
	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 15 * USEC_PER_MIN);
	struct roster roster;
	if (!memory_is_ours()) {
		skip();
	}

	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(uuids[i], sizeof(uuids[i]), "AAAAAAAAAAAAAAAAAA%04zu.v0", i);
		devices[i] = device_of(&settings);
		devices[i].uuid = uuids[i];
		poll_init(&polls[i], &devices[i], 0, 0);
	}
	int at_call = 1;
	for (bool hit = true; hit; at_call++) {
		memory_arm(at_call);
		int r = roster_init(&roster, polls, MANY);
		hit = memory_disarm();
		expect_int(hit ? -ENOMEM : 0, r, "call %d", at_call);
		expect_int(!hit, roster_find(&roster, uuids[0], INTERVAL_MINUTELY) != NULL, "call %d: find", at_call);
		roster_done(&roster);
	}
	expect_between(4, 20, at_call, "calls");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_poll_is_found_by_its_identity_and_no_other),
		cmocka_unit_test(without_memory_it_is_empty),
		cmocka_unit_test(an_empty_roster_finds_nothing),
		cmocka_unit_test(a_roster_of_one_ends_its_search),
	};
	return cmocka_run_group_tests_name("roster", tests, NULL, zones_done);
}
