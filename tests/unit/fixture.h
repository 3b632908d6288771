// SPDX-License-Identifier: ISC

/*
 * What the unit tests share: expectations that say what was expected and what
 * came, and short ways to write instants, zones, settings, devices, polls.
 */

#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/utc.h"
#include "calendar/interval.h"
#include "calendar/zone.h"
#include "config/config.h"
#include "schedule/poll.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define UUID_A "AAAAAAAAAAAAAAAAAAAAAA.v0"

/* Expectations: the format says which row or step it was. */

__attribute__((format(printf, 5, 6)))
static inline void expect_int_at(const char *file, int line, int64_t expected, int64_t actual,
                                 const char *format, ...) {
	if (expected != actual) {
		char what[512];
		va_list args;
		va_start(args, format);
		(void)vsnprintf(what, sizeof(what), format, args);
		va_end(args);
		print_error("%s: expected %" PRId64 ", got %" PRId64 "\n", what, expected, actual);
		_fail(file, line);
	}
}

__attribute__((format(printf, 5, 6)))
static inline void expect_time_at(const char *file, int line, usec_t expected, usec_t actual,
                                  const char *format, ...) {
	if (expected != actual) {
		char what[512], wanted[UTC_STRING_SIZE], got[UTC_STRING_SIZE];
		va_list args;
		va_start(args, format);
		(void)vsnprintf(what, sizeof(what), format, args);
		va_end(args);
		print_error("%s: expected %s (%" PRId64 "), got %s (%" PRId64 ")\n", what,
		            utc_format(wanted, expected), expected, utc_format(got, actual), actual);
		_fail(file, line);
	}
}

__attribute__((format(printf, 5, 6)))
static inline void expect_text_at(const char *file, int line, const char *expected, const char *actual,
                                  const char *format, ...) {
	if (!expected || !actual ? expected != actual : strcmp(expected, actual) != 0) {
		char what[512];
		va_list args;
		va_start(args, format);
		(void)vsnprintf(what, sizeof(what), format, args);
		va_end(args);
		print_error("%s:\nexpected \"%s\"\ngot      \"%s\"\n", what, expected ? expected : "(null)",
		            actual ? actual : "(null)");
		_fail(file, line);
	}
}

/** From low to high, both included. */
__attribute__((format(printf, 6, 7)))
static inline void expect_between_at(const char *file, int line, int64_t low, int64_t high, int64_t actual,
                                     const char *format, ...) {
	if (actual < low || actual > high) {
		char what[512];
		va_list args;
		va_start(args, format);
		(void)vsnprintf(what, sizeof(what), format, args);
		va_end(args);
		print_error("%s: expected %" PRId64 " .. %" PRId64 ", got %" PRId64 "\n", what, low, high,
		            actual);
		_fail(file, line);
	}
}

#define expect_int(expected, actual, ...) \
	expect_int_at(__FILE__, __LINE__, (int64_t)(expected), (int64_t)(actual), __VA_ARGS__)
#define expect_time(expected, actual, ...) \
	expect_time_at(__FILE__, __LINE__, (expected), (actual), __VA_ARGS__)
#define expect_text(expected, actual, ...) \
	expect_text_at(__FILE__, __LINE__, (expected), (actual), __VA_ARGS__)
#define expect_between(low, high, actual, ...) \
	expect_between_at(__FILE__, __LINE__, (int64_t)(low), (int64_t)(high), (int64_t)(actual), \
	                  __VA_ARGS__)

/* Dice: the seed is printed by a test that fails, and TEST_SEED brings it back. */

static inline uint64_t seed_of_run(struct rng *rng) {
	const char *replay = getenv("TEST_SEED");
	uint64_t seed = replay ? strtoull(replay, NULL, 0) : rng_random_seed();
	rng_init(rng, seed);
	return seed;
}

/* Instants and zones */

/** "2026-11-23T08:15:00Z", or with an offset. */
static inline usec_t at(const char *text) {
	usec_t instant = 0;
	if (utc_parse(text, false, &instant) < 0) {
		fail_msg("the test itself is wrong: \"%s\" is no instant", text);
	}
	return instant;
}

enum { ZONES_MAX = 16 };
static struct zone *fixture_zones[ZONES_MAX];

/** Loaded once; zones_done() lets go of them. */
static inline const struct zone *zone_of(const char *name) {
	size_t i = 0;
	for (; i < ZONES_MAX && fixture_zones[i]; i++) {
		if (strcmp(zone_name(fixture_zones[i]), name) == 0) {
			return fixture_zones[i];
		}
	}
	struct error err = {{0}};
	if (i == ZONES_MAX || zone_load(name, &fixture_zones[i], &err) < 0) {
		fail_msg("zone %s: %s", name, err.text);
	}
	return fixture_zones[i];
}

/** A group's teardown. */
static inline int zones_done(void **state) {
	(void)state;
	for (size_t i = 0; i < ZONES_MAX; i++) {
		zone_free(fixture_zones[i]);
		fixture_zones[i] = NULL;
	}
	return 0;
}

/* What the configuration would hold */

/** No settle, no look-back, a week of back-fill.  window: also the length of NONE. */
static inline struct settings settings_of(enum interval interval, const char *zone, usec_t window) {
	return (struct settings){
		.bucket = {
			.zone = zone_of(zone),
			.interval = interval,
			.length = interval == INTERVAL_NONE ? window : 0,
			.week_start = 1,
		},
		.window = window,
		.backfill = USEC_PER_WEEK,
		.since = {.from = INT64_MIN, .ago = -1},
		.timeout = 30 * USEC_PER_SEC,
		.max_points = 1440,
	};
}

static inline struct device device_of(const struct settings *settings) {
	return (struct device){.uuid = UUID_A, .name = "lobby", .settings = settings};
}

static inline struct remembered ok(usec_t start, int64_t count, uint16_t revision) {
	return (struct remembered){
		.start = start,
		.count = count,
		.length_s = 60,
		.revision = revision,
		.status = RECORD_OK,
	};
}

#endif
