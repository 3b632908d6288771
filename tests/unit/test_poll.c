// SPDX-License-Identifier: ISC

/* schedule/poll.h: cursor, look-back memory, spread, flood guard. */

#include "fixture.h"

#define T0 at("2026-11-23T08:00:00Z")

static usec_t minute(int number) {
	return T0 + number * USEC_PER_MIN;
}

/* MINUTELY in UTC, with a look-back of that many minutes. */
static struct settings minutes_with_lookback(int lookback) {
	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * USEC_PER_MIN);
	settings.lookback = lookback * USEC_PER_MIN;
	return settings;
}

/* Tells the poll that a minute was recorded. */
static void apply(struct poll *poll, int number, int64_t count, uint16_t revision) {
	struct remembered what = ok(minute(number), count, revision);
	expect_int(0, poll_apply(poll, &what, minute(number + 1)), "poll_apply of minute %d", number);
}

static void expect_recalled(const struct poll *poll, int number, int64_t count, uint16_t revision) {
	const struct remembered *found = poll_recall(poll, minute(number));
	expect_int(1, found != NULL, "minute %d is remembered", number);
	expect_time(minute(number), found->start, "start of minute %d", number);
	expect_int(count, found->count, "count of minute %d", number);
	expect_int(revision, found->revision, "revision of minute %d", number);
}

static void expect_forgotten(const struct poll *poll, int number) {
	expect_int(0, poll_recall(poll, minute(number)) != NULL, "minute %d is remembered", number);
}

static void a_new_poll_begins_at_its_cursor(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(10);
	struct device device = device_of(&settings);
	struct poll poll;
	poll_init(&poll, &device, minute(3), minute(9));

	expect_time(minute(3), poll.cursor, "cursor");
	expect_time(minute(9), poll.since, "since");
	expect_int(10, poll.memory_max, "memory_max");
	expect_int(1440, poll.reach.limit, "limit");
	expect_time(USEC_INFINITY, poll.quiet_since, "quiet_since");
	expect_int(0, poll.failures, "failures");
	expect_forgotten(&poll, 2);
	poll_done(&poll);
	poll_done(NULL);
}

static void the_cursor_moves_forward_only(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(10);
	struct device device = device_of(&settings);
	struct poll poll;
	poll_init(&poll, &device, minute(0), T0);

	apply(&poll, 0, 1, 0);
	apply(&poll, 1, 2, 0);
	expect_time(minute(2), poll.cursor, "cursor after two minutes");
	apply(&poll, 0, 7, 1);
	expect_time(minute(2), poll.cursor, "cursor after a revision");
	expect_recalled(&poll, 0, 7, 1);
	expect_recalled(&poll, 1, 2, 0);
	poll_done(&poll);
}

static void a_gap_moves_the_cursor_and_is_not_remembered(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(10);
	struct device device = device_of(&settings);
	struct poll poll;
	poll_init(&poll, &device, minute(0), T0);

	struct remembered gap = {.start = minute(0), .status = RECORD_GAP};
	expect_int(0, poll_apply(&poll, &gap, minute(60)), "poll_apply");
	expect_time(minute(60), poll.cursor, "cursor");
	expect_int(0, poll.memory_len, "memory_len");
	expect_forgotten(&poll, 0);
	poll_done(&poll);
}

static void only_the_newest_buckets_are_remembered(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(4);
	struct device device = device_of(&settings);
	struct poll poll;
	poll_init(&poll, &device, minute(0), T0);

	for (int i = 0; i < 10; i++) {
		apply(&poll, i, 100 + i, 0);
	}
	expect_int(4, poll.memory_len, "memory_len");
	for (int i = 0; i < 6; i++) {
		expect_forgotten(&poll, i);
	}
	for (int i = 6; i < 10; i++) {
		expect_recalled(&poll, i, 100 + i, 0);
	}
	/* Older than all there is room for. */
	apply(&poll, 2, 5, 1);
	expect_forgotten(&poll, 2);
	expect_recalled(&poll, 6, 106, 0);
	poll_done(&poll);
}

static void memory_is_ordered_whatever_the_order_of_records(void **state) {
	(void)state;
	static const int orders[][5] = {{4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}, {0, 4, 1, 3, 2}};
	struct settings settings = minutes_with_lookback(5);
	struct device device = device_of(&settings);

	for (size_t row = 0; row < COUNT_OF(orders); row++) {
		struct poll poll;
		poll_init(&poll, &device, minute(0), T0);
		for (size_t i = 0; i < COUNT_OF(orders[row]); i++) {
			apply(&poll, orders[row][i], orders[row][i] * 11, 0);
		}
		expect_int(5, poll.memory_len, "order %zu: memory_len", row);
		for (int i = 0; i < 5; i++) {
			expect_time(minute(i), poll.memory[i].start, "order %zu: place %d", row, i);
			expect_recalled(&poll, i, i * 11, 0);
		}
		/* A newer one pushes the oldest out. */
		apply(&poll, 7, 77, 0);
		expect_forgotten(&poll, 0);
		expect_recalled(&poll, 1, 11, 0);
		expect_recalled(&poll, 7, 77, 0);
		poll_done(&poll);
	}
}

static void recall_wants_the_exact_start(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(5);
	struct device device = device_of(&settings);
	struct poll poll;
	poll_init(&poll, &device, minute(0), T0);

	apply(&poll, 1, 1, 0);
	apply(&poll, 3, 3, 0);
	static const int64_t offsets[] = {-1, 1, 30 * USEC_PER_SEC};
	for (size_t i = 0; i < COUNT_OF(offsets); i++) {
		expect_int(0, poll_recall(&poll, minute(1) + offsets[i]) != NULL, "minute 1 %+" PRId64 " us",
		           offsets[i]);
	}
	expect_forgotten(&poll, 0);
	expect_forgotten(&poll, 2);
	expect_forgotten(&poll, 4);
	poll_done(&poll);
}

static void without_lookback_the_last_bucket_is_remembered(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(0);
	struct device device = device_of(&settings);
	struct poll poll;
	poll_init(&poll, &device, minute(0), T0);
	apply(&poll, 0, 1, 0);
	apply(&poll, 1, 2, 0);
	expect_time(minute(2), poll.cursor, "cursor");
	expect_forgotten(&poll, 0);
	expect_recalled(&poll, 1, 2, 0);
	poll_done(&poll);
}

/* Buckets that are not remembered: those behind all that was recorded are new, others may not be. */
static void no_identity_is_given_twice(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(0);
	struct device device = device_of(&settings);
	struct remembered gap = {.start = minute(3), .length_s = 120, .status = RECORD_GAP};
	struct poll poll, heir;
	poll_init(&poll, &device, minute(0), T0);
	expect_int(0, poll_first_revision(&poll, minute(-1)), "before anything is recorded");

	apply(&poll, 0, 1, 0);
	apply(&poll, 0, 2, 4);
	apply(&poll, 1, 2, 0);
	expect_int(5, poll_first_revision(&poll, minute(0)), "recorded with revisions up to 4");
	expect_int(5, poll_first_revision(&poll, minute(1)), "the last one");
	expect_int(0, poll_first_revision(&poll, minute(1) + 1), "behind the start of the last one");

	expect_int(0, poll_apply(&poll, &gap, minute(5)), "poll_apply");
	expect_int(5, poll_first_revision(&poll, minute(4)), "inside a gap");
	expect_int(0, poll_first_revision(&poll, minute(5)), "behind a gap");

	poll_init(&heir, &device, minute(50), minute(50));
	poll_take_over(&heir, &poll);
	expect_int(5, poll_first_revision(&heir, minute(4)), "after a reload");
	expect_int(0, poll_first_revision(&heir, minute(5)), "after a reload, behind");
	poll_done(&poll);
	poll_done(&heir);
}

static void taking_over_moves_all_that_is_known(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(5);
	struct device device = device_of(&settings);
	struct poll from, poll;
	poll_init(&from, &device, minute(0), minute(-9));
	apply(&from, 0, 10, 2);
	apply(&from, 1, 11, 0);
	from.failures = 4;
	from.told = true;
	from.failing_since = 123;
	from.reason = strdup("HTTP 500");
	from.quiet_since = minute(-5);
	from.quiet_over = true;

	poll_init(&poll, &device, minute(50), minute(50));
	poll_take_over(&poll, &from);
	expect_time(minute(2), poll.cursor, "cursor");
	expect_time(minute(-9), poll.since, "since");
	expect_recalled(&poll, 0, 10, 2);
	expect_recalled(&poll, 1, 11, 0);
	expect_int(4, poll.failures, "failures");
	expect_int(true, poll.told, "told");
	expect_int(123, poll.failing_since, "failing_since");
	expect_text("HTTP 500", poll.reason, "reason");
	expect_time(minute(-5), poll.quiet_since, "quiet_since");
	expect_int(true, poll.quiet_over, "quiet_over");
	/* Moved, not shared: each may be done with once. */
	expect_int(0, from.memory_len, "memory_len of the old poll");
	expect_int(1, from.memory == NULL && from.reason == NULL, "the old poll owns nothing");
	poll_done(&from);
	poll_done(&poll);
}

/* The look-back of a reload, before and after; what is kept of minutes 0..before-1. */
static void taking_over_fits_memory_to_the_new_lookback(void **state) {
	(void)state;
	static const struct {
		int before, recorded, after;
	} rows[] = {{8, 8, 3}, {8, 2, 3}, {3, 3, 8}, {0, 4, 5}, {5, 5, 0}, {5, 0, 9}, {4, 4, 4}};

	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct settings old = minutes_with_lookback(rows[row].before);
		struct settings new = minutes_with_lookback(rows[row].after);
		struct device old_device = device_of(&old), new_device = device_of(&new);
		struct poll from, poll;
		poll_init(&from, &old_device, minute(0), T0);
		for (int i = 0; i < rows[row].recorded; i++) {
			apply(&from, i, i, 0);
		}
		int known = from.memory_len;
		poll_init(&poll, &new_device, minute(0), T0);
		poll_take_over(&poll, &from);
		poll_done(&from);

		int room = rows[row].after > 0 ? rows[row].after : 1;
		int kept = known < room ? known : room;
		expect_int(kept, poll.memory_len, "row %zu: memory_len", row);
		for (int i = rows[row].recorded - kept; i < rows[row].recorded; i++) {
			expect_recalled(&poll, i, i, 0);
		}
		/* There is room for a look-back of the new length, and not for more. */
		for (int i = 0; i < room + 3; i++) {
			apply(&poll, 100 + i, i, 0);
		}
		expect_int(room, poll.memory_len, "row %zu: memory_len when full", row);
		for (int i = 3; i < room + 3; i++) {
			expect_recalled(&poll, 100 + i, i, 0);
		}
		poll_done(&poll);
	}
}

static void the_spread_is_stable_and_within_half_a_minute_or_window(void **state) {
	(void)state;
	static const struct {
		usec_t window, most;
	} rows[] = {
		{1 * USEC_PER_MIN, 30 * USEC_PER_SEC},
		{5 * USEC_PER_MIN, 30 * USEC_PER_SEC},
		{USEC_PER_DAY, 30 * USEC_PER_SEC},
		{20 * USEC_PER_SEC, 10 * USEC_PER_SEC},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", rows[row].window);
		int tenths[10] = {0};
		for (int i = 0; i < 1000; i++) {
			char uuid[48];
			(void)snprintf(uuid, sizeof(uuid), "AAAAAAAAAAAAAAAAAA%04d.v0", i);
			struct device device = device_of(&settings);
			device.uuid = uuid;
			usec_t spread = poll_spread(&device);
			expect_between(0, rows[row].most, spread, "row %zu: spread of %s", row, uuid);
			expect_int(spread, poll_spread(&device), "row %zu: the same again", row);
			tenths[spread * 10 / (rows[row].most + 1)]++;
		}
		/* A thousand devices do not ask in one second: every tenth has its share. */
		for (int i = 0; i < 10; i++) {
			expect_between(50, 150, tenths[i], "row %zu: devices in tenth %d", row, i);
		}
	}
}

static void the_flood_guard_stops_what_cannot_be_right(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(0);
	struct device device = device_of(&settings);
	struct poll poll;
	poll_init(&poll, &device, minute(0), T0);
	usec_t now = 1000 * USEC_PER_HOUR;
	int allowed = 0;

	while (allowed < 1000 && poll_flood_guard(&poll, now)) {
		allowed++;
	}
	expect_between(300, 900, allowed, "requests allowed in one minute");
	/* It stays shut, however often it is asked. */
	for (int i = 0; i < 70000; i++) {
		expect_int(false, poll_flood_guard(&poll, now + i), "request %d after the limit", i);
	}
	expect_int(true, poll_flood_guard(&poll, now + USEC_PER_MIN), "in the next minute");
	poll_done(&poll);
}

static void progress_is_no_flood(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(0);
	struct device device = device_of(&settings);
	struct poll poll;
	poll_init(&poll, &device, minute(0), T0);

	/* Catching up may ask quickly as long as the cursor moves. */
	for (int i = 0; i < 2000; i++) {
		expect_int(true, poll_flood_guard(&poll, USEC_PER_HOUR + i), "request %d", i);
		apply(&poll, i, 0, 0);
	}
	/* A revision moves nothing, so it does not count as progress. */
	bool stopped = false;
	for (int i = 0; i < 2000 && !stopped; i++) {
		apply(&poll, 0, i, (uint16_t)i);
		stopped = !poll_flood_guard(&poll, USEC_PER_HOUR + 2000);
	}
	expect_int(true, stopped, "stopped although only revisions came");
	poll_done(&poll);
}

static void resume(struct poll *poll, int number, int64_t count, uint16_t revision) {
	struct remembered what = ok(minute(number), count, revision);
	expect_int(0, poll_resume(poll, &what, minute(number + 1)), "poll_resume of minute %d", number);
}

/* Without a checkpoint the cursor is only where a new device would begin: later than the log. */
static void the_first_record_of_the_log_sets_the_cursor(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(10);
	struct device device = device_of(&settings);
	struct poll poll;
	poll_init(&poll, &device, minute(100), minute(101));
	resume(&poll, 3, 7, 0);
	expect_time(minute(4), poll.cursor, "cursor after the first");
	resume(&poll, 4, 8, 0);
	resume(&poll, 3, 9, 1);
	expect_time(minute(5), poll.cursor, "cursor");
	expect_recalled(&poll, 3, 9, 1);
	expect_recalled(&poll, 4, 8, 0);
	poll_done(&poll);

	/* With one the cursor stands, and moves forward only. */
	poll_init(&poll, &device, minute(100), minute(101));
	poll.begun = true;
	resume(&poll, 3, 7, 0);
	expect_time(minute(100), poll.cursor, "cursor of one that has begun");
	resume(&poll, 100, 7, 0);
	expect_time(minute(101), poll.cursor, "cursor beyond");
	poll_done(&poll);
}

/* What is asked for again: no_data, a gap of one bucket; not what is cut otherwise after a reload. */
static void buckets_without_a_count_are_watched(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(0), other = minutes_with_lookback(0);
	settings.recheck = other.recheck = (struct rechecks){{USEC_PER_HOUR}};
	other.bucket.zone = zone_of("Asia/Kolkata");
	struct device device = device_of(&settings), moved = device_of(&other);
	static const struct {
		enum record_status status;
		int minutes;
		bool watched;
	} rows[] = {
		{RECORD_OK, 1, false}, {RECORD_AMBIGUOUS, 1, false}, {RECORD_NO_DATA, 1, true},
		{RECORD_GAP, 1, true}, {RECORD_GAP, 2, false},
	};
	struct poll poll, heir, stranger;
	poll_init(&poll, &device, minute(0), T0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int first = (int)i * 10;
		const struct remembered what = {.start = minute(first), .status = (uint8_t)rows[i].status};
		poll_watch(&poll, &what, minute(first + rows[i].minutes), minute(first + 5));
		expect_int(rows[i].watched, recheck_find(&poll.recheck, minute(first), minute(first + 1)) != NULL,
		           "row %zu: watched", i);
	}
	const struct remembered late = {.start = minute(20), .count = 3, .revision = 1, .status = RECORD_OK};
	poll_watch(&poll, &late, minute(21), minute(100));
	expect_int(1, poll.recheck.len, "runs, after a count has come");

	poll_init(&heir, &device, minute(0), T0);
	poll_take_over(&heir, &poll);
	expect_int(1, heir.recheck.len, "runs after a reload");
	poll_init(&stranger, &moved, minute(0), T0);
	poll_take_over(&stranger, &heir);
	expect_int(0, stranger.recheck.len, "runs in another zone");
	poll_done(&poll);
	poll_done(&heir);
	poll_done(&stranger);
}

/* The log may hold hours of another zone, half an hour off, which are not buckets any more. */
static void buckets_of_another_zone_are_not_watched(void **state) {
	(void)state;
	static const enum record_status without[] = {RECORD_NO_DATA, RECORD_GAP};
	struct settings settings = minutes_with_lookback(0);
	settings.recheck = (struct rechecks){{USEC_PER_HOUR}};
	settings.bucket.interval = INTERVAL_NONE;
	settings.bucket.length = USEC_PER_HOUR;
	struct device device = device_of(&settings);
	usec_t hour = grid_floor(&settings.bucket, T0);
	for (size_t i = 0; i < COUNT_OF(without); i++) {
		const struct remembered what = {.start = hour, .status = (uint8_t)without[i]};
		struct poll poll;
		settings.bucket.zone = zone_of("UTC");
		poll_init(&poll, &device, hour, T0);
		poll_watch(&poll, &what, hour + USEC_PER_HOUR, hour + USEC_PER_HOUR);
		expect_int(1, poll.recheck.len, "row %zu: runs", i);
		poll_done(&poll);

		settings.bucket.zone = zone_of("Asia/Kolkata");
		poll_init(&poll, &device, hour, T0);
		poll_watch(&poll, &what, hour + USEC_PER_HOUR, hour + USEC_PER_HOUR);
		expect_int(0, poll.recheck.len, "row %zu: runs in another zone", i);
		poll_done(&poll);
	}
}

static void resume_gap(struct poll *poll, int from, int to) {
	struct remembered what = {.start = minute(from), .status = RECORD_GAP};
	expect_int(0, poll_resume(poll, &what, minute(to)), "poll_resume of a gap from %d", from);
}

/* A clock that was ahead left a gap; its buckets were recorded later: the log ends where these do. */
static void a_record_in_the_last_gap_sets_the_cursor_back(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(10);
	struct device device = device_of(&settings);
	struct poll poll;
	poll_init(&poll, &device, minute(100), minute(101));
	resume(&poll, 3, 7, 0);
	resume_gap(&poll, 4, 10000);
	expect_time(minute(10000), poll.cursor, "cursor behind the gap");
	expect_int(true, poll.unproven, "unproven");
	resume(&poll, 3, 8, 1);
	expect_time(minute(10000), poll.cursor, "cursor after a correction of what came before");
	resume(&poll, 4, 7, 1);
	expect_time(minute(5), poll.cursor, "cursor in the gap");
	resume(&poll, 5, 7, 1);
	resume(&poll, 4, 9, 2);
	expect_time(minute(6), poll.cursor, "cursor");
	expect_int(1, poll_first_revision(&poll, minute(6)), "revision of the next");
	expect_int(1, poll_first_revision(&poll, minute(9999)), "of the last");
	expect_int(0, poll_first_revision(&poll, minute(10000)), "behind the gap");
	poll_done(&poll);
}

/* What had been recorded of a time that has not come is recorded once more, all with one revision. */
static void a_poll_that_goes_back_records_once_more(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(10);
	struct device device = device_of(&settings);
	struct poll poll;
	poll_init(&poll, &device, minute(100), minute(101));
	for (int i = 0; i < 8; i++) {
		resume(&poll, i, 7, 0);
	}
	poll_rewind(&poll, minute(4), minute(8), 3);
	expect_time(minute(4), poll.cursor, "cursor");
	expect_recalled(&poll, 3, 7, 0);
	if (poll_recall(&poll, minute(4))) {
		fail_msg("what lies behind the cursor is still remembered");
	}
	for (int i = 4; i < 8; i++) {
		expect_int(3, poll_first_revision(&poll, minute(i)), "revision of minute %d", i);
		struct remembered what = ok(minute(i), 9, 3);
		expect_int(0, poll_apply(&poll, &what, minute(i + 1)), "poll_apply of minute %d", i);
	}
	expect_int(0, poll_first_revision(&poll, minute(8)), "revision of what follows");
	expect_int(0, poll.again, "again");
	poll_done(&poll);
}

static void an_earlier_revision_changes_nothing(void **state) {
	(void)state;
	struct settings settings = minutes_with_lookback(10);
	struct device device = device_of(&settings);
	struct poll poll;
	poll_init(&poll, &device, minute(0), minute(0));
	apply(&poll, 0, 5, 2);
	apply(&poll, 0, 4, 1);
	expect_recalled(&poll, 0, 5, 2);
	apply(&poll, 0, 6, 3);
	expect_recalled(&poll, 0, 6, 3);
	poll_done(&poll);
}

/* What was left out at an end is in doubt as long as it is the next to be recorded, and not skipped. */
static void what_comes_next_is_in_doubt_if_it_was_left_out(void **state) {
	(void)state;
	static const struct {
		uint16_t missing;
		uint8_t leap;
		usec_t from;
		bool in_doubt;
	} rows[] = {
		{1, 0, 0, true}, {9, 0, 0, true}, {0, 0, 0, false}, {1, 1, 0, false}, {1, 0, USEC_PER_MIN, false}, {1, 0, -USEC_PER_MIN, false},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * USEC_PER_MIN);
		struct device device = device_of(&settings);
		struct poll poll;
		poll_init(&poll, &device, minute(3), minute(3));
		poll.doubt.missing = rows[row].missing;
		poll.doubt.from = minute(3) + rows[row].from;
		poll.reach.leap = rows[row].leap;
		expect_int(rows[row].in_doubt, poll_in_doubt(&poll), "row %zu", row);
		poll_done(&poll);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_poll_begins_at_its_cursor),
		cmocka_unit_test(the_cursor_moves_forward_only),
		cmocka_unit_test(a_gap_moves_the_cursor_and_is_not_remembered),
		cmocka_unit_test(only_the_newest_buckets_are_remembered),
		cmocka_unit_test(memory_is_ordered_whatever_the_order_of_records),
		cmocka_unit_test(recall_wants_the_exact_start),
		cmocka_unit_test(without_lookback_the_last_bucket_is_remembered),
		cmocka_unit_test(no_identity_is_given_twice),
		cmocka_unit_test(taking_over_moves_all_that_is_known),
		cmocka_unit_test(taking_over_fits_memory_to_the_new_lookback),
		cmocka_unit_test(the_spread_is_stable_and_within_half_a_minute_or_window),
		cmocka_unit_test(the_flood_guard_stops_what_cannot_be_right),
		cmocka_unit_test(progress_is_no_flood),
		cmocka_unit_test(the_first_record_of_the_log_sets_the_cursor),
		cmocka_unit_test(buckets_without_a_count_are_watched),
		cmocka_unit_test(buckets_of_another_zone_are_not_watched),
		cmocka_unit_test(a_record_in_the_last_gap_sets_the_cursor_back),
		cmocka_unit_test(a_poll_that_goes_back_records_once_more),
		cmocka_unit_test(an_earlier_revision_changes_nothing),
		cmocka_unit_test(what_comes_next_is_in_doubt_if_it_was_left_out),
	};
	return cmocka_run_group_tests_name("poll", tests, NULL, zones_done);
}
