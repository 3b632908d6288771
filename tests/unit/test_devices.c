// SPDX-License-Identifier: ISC

/* tool/devices.h: the device of a room. */

#include "fixture.h"

#include "tool/devices.h"

enum { MANY = 3000 };

static struct settings quarters, hours;
static struct device list[MANY];
static char uuids[MANY][32];
static struct config config = {.devices = list, .device_count = MANY};

/* Each UUID at two intervals, one behind the other. */
static int configure(void **state) {
	(void)state;
	quarters.bucket.interval = INTERVAL_QUARTERHOURLY;
	hours.bucket.interval = INTERVAL_HOURLY;
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(uuids[i], sizeof(uuids[i]), "device-%d", i / 2);
		list[i] = (struct device){.uuid = uuids[i], .settings = i % 2 == 0 ? &quarters : &hours};
	}
	return 0;
}

static void each_is_found_by_what_it_is(void **state) {
	(void)state;
	struct devices devices;
	expect_int(0, devices_init(&devices, &config));
	for (int i = 0; i < MANY; i++) {
		expect_same(&list[i], devices_find(&devices, uuids[i], list[i].settings->bucket.interval), "%d", i);
		expect_same(&list[i - i % 2], devices_find_uuid(&devices, uuids[i]), "%d", i);
		expect_null(devices_find(&devices, uuids[i], INTERVAL_DAILY), "%d", i);
	}
	expect_null(devices_find(&devices, "device-", INTERVAL_HOURLY));
	expect_null(devices_find_uuid(&devices, "device-1500"));
	devices_done(&devices);
}

static void without_a_configuration_there_is_none(void **state) {
	(void)state;
	struct devices devices;
	expect_int(0, devices_init(&devices, NULL));
	expect_null(devices_find(&devices, "device-1", INTERVAL_HOURLY));
	expect_null(devices_find_uuid(&devices, "device-1"));
	devices_done(&devices);
	const struct config empty = {.device_count = 0};
	expect_int(0, devices_init(&devices, &empty));
	expect_null(devices_find_uuid(&devices, "device-1"));
	devices_done(&devices);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_found_by_what_it_is),
		cmocka_unit_test(without_a_configuration_there_is_none),
	};
	return cmocka_run_group_tests(tests, configure, NULL);
}
