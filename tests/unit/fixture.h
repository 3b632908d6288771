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
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define UUID_A "AAAAAAAAAAAAAAAAAAAAAA.v0"

/*
 * Expectations.  A format may follow that says which row or step it was; without
 * one, the failure names what was looked at.
 */

struct origin {
	const char *file;
	int line;
	const char *expression;
};

/** Says what was expected of what, and ends the test. */
__attribute__((format(printf, 2, 0), format(printf, 4, 5)))
static inline void expectation_fail(const struct origin *origin, const char *format, va_list *args, const char *sentence,
                                    ...) {
	char what[512], text[4096];
	va_list more;
	(void)vsnprintf(what, sizeof(what), format, *args);
	va_start(more, sentence);
	(void)vsnprintf(text, sizeof(text), sentence, more);
	va_end(more);
	/* The macros put a blank before the format. */
	print_error("%s:%s\n", what[1] ? what + 1 : origin->expression, text);
	_fail(origin->file, origin->line);
}

__attribute__((format(printf, 4, 5)))
static inline void expect_int_at(const struct origin *origin, int64_t expected, int64_t actual, const char *format, ...) {
	if (expected != actual) {
		va_list args;
		va_start(args, format);
		expectation_fail(origin, format, &args, " expected %" PRId64 ", got %" PRId64, expected, actual);
	}
}

__attribute__((format(printf, 4, 5)))
static inline void expect_time_at(const struct origin *origin, usec_t expected, usec_t actual, const char *format, ...) {
	if (expected != actual) {
		char wanted[UTC_STRING_SIZE], got[UTC_STRING_SIZE];
		va_list args;
		va_start(args, format);
		expectation_fail(origin, format, &args, " expected %s (%" PRId64 "), got %s (%" PRId64 ")",
		                 utc_format(wanted, expected), expected, utc_format(got, actual), actual);
	}
}

__attribute__((format(printf, 4, 5)))
static inline void expect_text_at(const struct origin *origin, const char *expected, const char *actual,
                                  const char *format, ...) {
	if (!expected || !actual ? expected != actual : strcmp(expected, actual) != 0) {
		va_list args;
		va_start(args, format);
		expectation_fail(origin, format, &args, "\nexpected \"%s\"\ngot      \"%s\"",
		                 expected ? expected : "(null)", actual ? actual : "(null)");
	}
}

/** Somewhere in the text. */
__attribute__((format(printf, 4, 5)))
static inline void expect_part_at(const struct origin *origin, const char *part, const char *actual, const char *format,
                                  ...) {
	if (!actual || !strstr(actual, part)) {
		va_list args;
		va_start(args, format);
		expectation_fail(origin, format, &args, "\nexpected a text with \"%s\"\ngot \"%s\"", part,
		                 actual ? actual : "(null)");
	}
}

/** From low to high, both included. */
__attribute__((format(printf, 5, 6)))
static inline void expect_between_at(const struct origin *origin, int64_t low, int64_t high, int64_t actual,
                                     const char *format, ...) {
	if (actual < low || actual > high) {
		va_list args;
		va_start(args, format);
		expectation_fail(origin, format, &args, " expected %" PRId64 " .. %" PRId64 ", got %" PRId64, low, high,
		                 actual);
	}
}

__attribute__((format(printf, 4, 5)))
static inline void expect_bool_at(const struct origin *origin, bool expected, bool actual, const char *format, ...) {
	if (expected != actual) {
		va_list args;
		va_start(args, format);
		expectation_fail(origin, format, &args, " expected %s, got %s", expected ? "true" : "false",
		                 actual ? "true" : "false");
	}
}

/** The very same object. */
__attribute__((format(printf, 4, 5)))
static inline void expect_same_at(const struct origin *origin, const void *expected, const void *actual,
                                  const char *format, ...) {
	if (expected != actual) {
		va_list args;
		va_start(args, format);
		expectation_fail(origin, format, &args, " expected the pointer %p, got %p", expected, actual);
	}
}

__attribute__((format(printf, 3, 4)))
static inline void expect_not_null_at(const struct origin *origin, const void *actual, const char *format, ...) {
	if (!actual) {
		va_list args;
		va_start(args, format);
		expectation_fail(origin, format, &args, " expected anything but NULL");
	}
}

/** len bytes of each. */
__attribute__((format(printf, 5, 6)))
static inline void expect_bytes_at(const struct origin *origin, const void *expected, const void *actual, size_t len,
                                   const char *format, ...) {
	const unsigned char *e = expected, *a = actual;
	for (size_t i = 0; i < len; i++) {
		if (e[i] != a[i]) {
			va_list args;
			va_start(args, format);
			expectation_fail(origin, format, &args, " expected 0x%02x at byte %zu of %zu, got 0x%02x", e[i], i,
			                 len, a[i]);
		}
	}
}

#define ORIGIN(expression) (&(struct origin){__FILE__, __LINE__, (expression)})

#define expect_int(expected, actual, ...) \
	expect_int_at(ORIGIN(#actual), (int64_t)(expected), (int64_t)(actual), " " __VA_ARGS__)
#define expect_time(expected, actual, ...) expect_time_at(ORIGIN(#actual), (expected), (actual), " " __VA_ARGS__)
#define expect_text(expected, actual, ...) expect_text_at(ORIGIN(#actual), (expected), (actual), " " __VA_ARGS__)
#define expect_part(part, actual, ...) expect_part_at(ORIGIN(#actual), (part), (actual), " " __VA_ARGS__)
#define expect_between(low, high, actual, ...) \
	expect_between_at(ORIGIN(#actual), (int64_t)(low), (int64_t)(high), (int64_t)(actual), " " __VA_ARGS__)
#define expect_true(actual, ...)  expect_bool_at(ORIGIN(#actual), true, (actual), " " __VA_ARGS__)
#define expect_false(actual, ...) expect_bool_at(ORIGIN(#actual), false, (actual), " " __VA_ARGS__)
#define expect_same(expected, actual, ...) expect_same_at(ORIGIN(#actual), (expected), (actual), " " __VA_ARGS__)
#define expect_null(actual, ...)     expect_same_at(ORIGIN(#actual), NULL, (actual), " " __VA_ARGS__)
#define expect_not_null(actual, ...) expect_not_null_at(ORIGIN(#actual), (actual), " " __VA_ARGS__)
#define expect_bytes(expected, actual, len, ...) \
	expect_bytes_at(ORIGIN(#actual), (expected), (actual), (len), " " __VA_ARGS__)

/* Dice: every run has new ones, and TEST_SEED brings back the ones that it printed. */

static inline uint64_t seed_of_run(struct rng *rng) {
	const char *replay = getenv("TEST_SEED");
	uint64_t seed = replay ? strtoull(replay, NULL, 0) : rng_random_seed();
	print_message("# TEST_SEED=%#" PRIx64 "\n", seed);
	rng_init(rng, seed);
	return seed;
}

/* Instants and zones */

/** "2026-11-23T08:15:00Z", or with an offset. */
static inline usec_t at(const char *text) {
	usec_t instant = 0;
	if (utc_parse(text, false, &instant) < 0) {
		fail_msg("the test itself is wrong: \"%s\" is not an instant", text);
	}
	return instant;
}

enum { FIXTURE_ZONES = 16 };
static struct zone *fixture_zones[FIXTURE_ZONES];

/** Loaded once; zones_done() lets go of them. */
static inline const struct zone *zone_of(const char *name) {
	size_t i = 0;
	for (; i < FIXTURE_ZONES && fixture_zones[i]; i++) {
		if (strcmp(zone_name(fixture_zones[i]), name) == 0) {
			return fixture_zones[i];
		}
	}
	struct error err = {{0}};
	if (i == FIXTURE_ZONES || zone_load(name, &fixture_zones[i], &err) < 0) {
		fail_msg("zone %s: %s", name, err.text);
	}
	return fixture_zones[i];
}

/** A group's teardown. */
static inline int zones_done(void **state) {
	(void)state;
	for (size_t i = 0; i < FIXTURE_ZONES; i++) {
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
