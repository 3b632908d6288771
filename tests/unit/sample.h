// SPDX-License-Identifier: ISC

/*
 * A device in Denver and a record of it, for tests to change.
 */

#ifndef TEST_SAMPLE_H
#define TEST_SAMPLE_H

#include "response/record.h"

static struct account sample_account = {.name = "acme"};
static struct settings sample_settings = {.bucket = {.interval = INTERVAL_MINUTELY}};
static struct device sample_device = {
	.uuid = "AAAAAAAAAAAAAAAAAAAAAA.v0",
	.name = "lobby",
	.account = &sample_account,
	.settings = &sample_settings,
};

/* 2026-11-23T08:15:00Z, one minute. */
__attribute__((unused))
static struct record sample_record(void) {
	return (struct record){
		.start = 1795421700 * USEC_PER_SEC,
		.end = 1795421760 * USEC_PER_SEC,
		.device = &sample_device,
		.status = RECORD_OK,
		.count = 7,
		.polled_at = 1795421851 * USEC_PER_SEC + 250 * USEC_PER_MSEC,
	};
}

/* Setup and teardown of a group of tests. */
__attribute__((unused))
static int sample_setup(void **state) {
	(void)state;
	struct zone *zone;
	int r = zone_load("America/Denver", &zone, NULL);
	if (r == 0) {
		sample_settings.bucket.zone = zone;
	}
	return r;
}

__attribute__((unused))
static int sample_teardown(void **state) {
	(void)state;
	zone_free((struct zone *)(uintptr_t)sample_settings.bucket.zone);
	sample_settings.bucket.zone = NULL;
	return 0;
}

#endif
