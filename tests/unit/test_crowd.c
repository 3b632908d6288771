// SPDX-License-Identifier: ISC

/* tool/crowd.h: how many people are at a site at once. */

#include "room.h"

#include "tool/crowd.h"

enum { ROOMS = 2 };

static struct room rooms[ROOMS];
static struct series series[ROOMS];
static struct subject subjects[ROOMS];
static struct crowd crowd;

static int forget(void **state) {
	(void)state;
	for (int i = 0; i < ROOMS; i++) {
		coverage_done(&rooms[i].coverage);
		series_done(&series[i]);
	}
	crowd_done(&crowd);
	return 0;
}

static void begin(void) {
	for (int i = 0; i < ROOMS; i++) {
		room_make(&rooms[i], INTERVAL_HOURLY, "UTC");
		subjects[i] = (struct subject){.room = &rooms[i], .series = &series[i], .from = INT64_MIN, .to = INT64_MAX};
	}
}

static void put(int room, const char *start, const char *end, enum record_status status, int64_t count) {
	room_put(&rooms[room].coverage, &series[room], &(struct log_entry){
		.interval = INTERVAL_HOURLY, .start = at(start), .end = at(end), .status = status, .count = count});
}

static void nobody_has_a_count(void **state) {
	(void)state;
	begin();
	put(0, "2026-11-02T08:00:00Z", "2026-11-02T09:00:00Z", RECORD_NO_DATA, -1);
	expect_int(0, crowd_make(&crowd, subjects, ROOMS));
	expect_int(-1, crowd.peak);
}

static void it_is_the_peak_of_the_sum(void **state) {
	(void)state;
	begin();
	put(0, "2026-11-02T08:00:00Z", "2026-11-02T09:00:00Z", RECORD_OK, 9);
	put(0, "2026-11-02T09:00:00Z", "2026-11-02T10:00:00Z", RECORD_OK, 5);
	put(0, "2026-11-02T10:00:00Z", "2026-11-02T11:00:00Z", RECORD_OK, 5);
	put(1, "2026-11-02T09:30:00Z", "2026-11-02T10:30:00Z", RECORD_OK, 6);
	put(1, "2026-11-02T10:30:00Z", "2026-11-02T11:30:00Z", RECORD_OK, 0);
	expect_int(0, crowd_make(&crowd, subjects, ROOMS));
	/* When it is reached first. */
	expect_int(11, crowd.peak);
	expect_time(at("2026-11-02T09:30:00Z"), crowd.peak_at);
	expect_false(crowd.is_partial);
}

static void a_room_without_a_count_is_noted(void **state) {
	(void)state;
	begin();
	put(0, "2026-11-02T22:00:00Z", "2026-11-02T23:00:00Z", RECORD_OK, 3);
	put(0, "2026-11-02T23:00:00Z", "2026-11-04T01:00:00Z", RECORD_GAP, -1);
	put(0, "2026-11-04T01:00:00Z", "2026-11-04T02:00:00Z", RECORD_OK, 1);
	put(1, "2026-11-02T23:00:00Z", "2026-11-03T00:00:00Z", RECORD_OK, 4);
	expect_int(0, crowd_make(&crowd, subjects, ROOMS));
	expect_int(4, crowd.peak);
	expect_true(crowd.is_partial);
	/* The gap is of three days, and the one in its middle has no count at all. */
	expect_int(3, (int64_t)crowd.daily.len);
	expect_int(4, crowd.daily.peak[0]);
	expect_int(-1, crowd.daily.peak[1]);
	expect_int(1, crowd.daily.peak[2]);
	expect_true(crowd.daily.is_partial[0] && crowd.daily.is_partial[1] && crowd.daily.is_partial[2]);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nobody_has_a_count, forget),
		cmocka_unit_test_teardown(it_is_the_peak_of_the_sum, forget),
		cmocka_unit_test_teardown(a_room_without_a_count_is_noted, forget),
	};
	return cmocka_run_group_tests(tests, NULL, zones_done);
}
