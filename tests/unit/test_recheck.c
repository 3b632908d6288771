// SPDX-License-Identifier: ISC

/* schedule/recheck.h: what is asked for again long afterwards. */

#include "fixture.h"
#include "memory.h"

#include "schedule/recheck.h"

#define T0   at("2026-11-23T08:00:00Z")
#define MIN  USEC_PER_MIN
#define HOUR USEC_PER_HOUR
#define NOW  (1000 * USEC_PER_HOUR) /* monotonic */

struct fixture {
	struct settings settings;
	struct recheck recheck;
};

static int setup(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f) {
		return -1;
	}
	f->settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * MIN);
	f->settings.recheck = (struct rechecks){{HOUR, 6 * HOUR, 24 * HOUR, 72 * HOUR}};
	recheck_init(&f->recheck, 8);
	*state = f;
	return 0;
}

static int teardown(void **state) {
	struct fixture *f = *state;
	recheck_done(&f->recheck);
	free(f);
	return 0;
}

static usec_t minute(int number) {
	return T0 + number * MIN;
}

/* Minutes from..to, recorded together. */
static void add(struct fixture *f, int from, int to, usec_t recorded) {
	for (int i = from; i < to; i++) {
		recheck_add(&f->recheck, &f->settings, &(struct recheck_run){
			.start = minute(i), .end = minute(i + 1), .recorded = recorded,
		});
	}
}

static void expect_run(const struct fixture *f, size_t place, int from, int to, int stage) {
	expect_between((int64_t)place + 1, UINT16_MAX, f->recheck.len, "runs");
	const struct recheck_run *run = &f->recheck.runs[place];
	expect_time(minute(from), run->start, "run %zu: start", place);
	expect_time(minute(to), run->end, "run %zu: end", place);
	expect_int(stage, run->stage, "run %zu: stage", place);
}

static bool is_due(const struct recheck *recheck, usec_t wall, usec_t now) {
	return recheck_due(recheck, wall, now) <= now;
}

/* The range that is asked for, and that it is answered with nothing new. */
static void expect_asked(struct fixture *f, usec_t wall, int limit, int from, int to) {
	struct span span = {0};
	expect_int(true, recheck_span(&f->recheck, &f->settings, wall, limit, &span), "a span");
	expect_time(minute(from), span.start, "start");
	expect_time(minute(to), span.end, "end");
	expect_time(minute(to), span.fresh, "nothing is fresh");
	expect_int(to - from, span.buckets, "buckets");
	expect_int(0, span.fresh_buckets, "fresh buckets");
	recheck_answered(&f->recheck, &f->settings, span.start, span.end, wall);
}

static void expect_nothing(struct fixture *f, usec_t wall, const char *why) {
	struct span span;
	expect_int(false, is_due(&f->recheck, wall, NOW), "%s: nothing is due", why);
	expect_int(false, recheck_span(&f->recheck, &f->settings, wall, 1440, &span), "%s: no span", why);
}

static void a_bucket_is_asked_for_at_each_distance_and_then_no_more(void **state) {
	struct fixture *f = *state;
	static const int hours[] = {1, 6, 24, 72};
	usec_t recorded = minute(3);
	add(f, 0, 1, recorded);
	for (size_t i = 0; i < COUNT_OF(hours); i++) {
		expect_nothing(f, recorded + hours[i] * HOUR - 1, "just before");
		expect_int(true, is_due(&f->recheck, recorded + hours[i] * HOUR, NOW), "due");
		expect_asked(f, recorded + hours[i] * HOUR, 1440, 0, 1);
	}
	expect_int(0, f->recheck.len, "runs in the end");
	expect_nothing(f, recorded + 1000 * HOUR, "in the end");
}

/* The daemon was down for a day: one request stands for all that were missed. */
static void distances_that_were_missed_are_not_made_up_for(void **state) {
	struct fixture *f = *state;
	add(f, 0, 1, minute(1));
	expect_asked(f, minute(1) + 30 * HOUR, 1440, 0, 1);
	expect_run(f, 0, 0, 1, 3);
	expect_nothing(f, minute(1) + 72 * HOUR - 1, "before the last");
}

static void without_distances_nothing_is_asked_for(void **state) {
	struct fixture *f = *state;
	f->settings.recheck = (struct rechecks){{0}};
	add(f, 0, 1, minute(1));
	expect_int(0, f->recheck.len, "runs");
}

static void buckets_side_by_side_are_one_run(void **state) {
	struct fixture *f = *state;
	/* All in one reply, in any order; */
	add(f, 0, 100, minute(200));
	expect_int(1, f->recheck.len, "runs of one reply");
	expect_run(f, 0, 0, 100, 0);
	/* one by one: none waits more than a quarter of the distance longer than it must. */
	recheck_forget(&f->recheck, &f->settings, minute(0), minute(100));
	for (int i = 0; i < 60; i++) {
		add(f, i, i + 1, minute(i + 2));
	}
	expect_int(4, f->recheck.len, "runs of an hour");
	expect_run(f, 0, 0, 15, 0);
	expect_run(f, 3, 45, 60, 0);
	/* Later distances are longer, and so are the runs. */
	expect_asked(f, minute(62) + HOUR, 1440, 0, 60);
	expect_int(1, f->recheck.len, "runs behind the first distance");
	expect_run(f, 0, 0, 60, 1);
}

static void other_revisions_gaps_and_single_counts_stay_apart(void **state) {
	struct fixture *f = *state;
	const struct recheck_run runs[] = {
		{.start = minute(0), .end = minute(1), .recorded = minute(5)},
		{.start = minute(1), .end = minute(2), .recorded = minute(5), .revision = 1},
		{.start = minute(2), .end = minute(3), .recorded = minute(5), .revision = 1, .gap = true},
		{.start = minute(3), .end = minute(4), .recorded = minute(5), .revision = 1, .gap = true},
	};
	for (size_t i = 0; i < COUNT_OF(runs); i++) {
		recheck_add(&f->recheck, &f->settings, &runs[i]);
	}
	expect_int(4, f->recheck.len, "runs");
	const struct recheck_run *found = recheck_find(&f->recheck, minute(2), minute(3));
	expect_int(true, found && found->gap && found->revision == 1, "the gap is found");
	/* They share a request all the same. */
	expect_asked(f, minute(5) + HOUR, 1440, 0, 4);

	recheck_forget(&f->recheck, &f->settings, minute(0), minute(4));
	f->settings = settings_of(INTERVAL_NONE, "UTC", MIN);
	f->settings.recheck = (struct rechecks){{HOUR}};
	add(f, 0, 2, minute(5));
	expect_int(2, f->recheck.len, "single counts");
	expect_asked(f, minute(5) + HOUR, 1440, 0, 1);
	expect_asked(f, minute(5) + HOUR, 1440, 1, 2);
}

static void what_has_another_record_is_asked_for_no_more(void **state) {
	struct fixture *f = *state;
	add(f, 0, 10, minute(10));
	recheck_forget(&f->recheck, &f->settings, minute(4), minute(5));
	expect_int(2, f->recheck.len, "runs");
	expect_run(f, 0, 0, 4, 0);
	expect_run(f, 1, 5, 10, 0);
	expect_int(true, recheck_find(&f->recheck, minute(4), minute(5)) == NULL, "the bucket is not found");
	expect_int(true, recheck_find(&f->recheck, minute(5), minute(6)) != NULL, "the next is");
	expect_int(true, recheck_find(&f->recheck, minute(3), minute(5)) == NULL, "half of it is not enough");
	/* What lies between is asked for with them. */
	expect_asked(f, minute(10) + HOUR, 1440, 0, 10);
	recheck_forget(&f->recheck, &f->settings, minute(-5), minute(50));
	expect_int(0, f->recheck.len, "all forgotten");
	expect_time(USEC_INFINITY, f->recheck.next, "next");
}

static void a_range_is_no_longer_than_it_may_be(void **state) {
	struct fixture *f = *state;
	add(f, 0, 10, minute(411));
	add(f, 30, 40, minute(411));
	add(f, 410, 411, minute(411));
	usec_t wall = minute(411) + HOUR;
	/* Far from each other they are asked for one after the other: near is six hours of minutes. */
	struct span span;
	expect_int(true, recheck_span(&f->recheck, &f->settings, wall, 1440, &span), "a span");
	expect_time(minute(40), span.end, "end of the first");
	/* A limit cuts a run in two. */
	expect_asked(f, wall, 4, 0, 4);
	expect_run(f, 0, 0, 4, 1);
	expect_run(f, 1, 4, 10, 0);
	expect_asked(f, wall, 28, 4, 32);
	expect_asked(f, wall, 28, 32, 40);
	expect_asked(f, wall, 28, 410, 411);
	expect_nothing(f, wall, "all were asked for");
}

/* Nothing of a failure is anybody's: it is tried with half as many, after a while. */
static void what_fails_is_asked_for_in_parts(void **state) {
	struct fixture *f = *state;
	struct span span;
	usec_t wall = minute(3) + HOUR, now = NOW;
	add(f, 0, 3, minute(3));
	expect_int(true, recheck_span(&f->recheck, &f->settings, wall, 1440, &span), "a span");
	recheck_failed(&f->recheck, &f->settings, &span, wall, now);
	expect_int(false, is_due(&f->recheck, wall, now + 15 * MIN - 1), "at once");
	expect_int(true, is_due(&f->recheck, wall, now + 15 * MIN), "after a while");
	expect_run(f, 0, 0, 3, 0);
	/* One bucket that fails by itself waits for its next turn; the others are answered. */
	expect_int(true, recheck_span(&f->recheck, &f->settings, wall, 1440, &span), "a span");
	expect_int(1, span.buckets, "half as many");
	recheck_failed(&f->recheck, &f->settings, &span, wall, now);
	expect_run(f, 0, 0, 1, 1);
	expect_run(f, 1, 1, 3, 0);
	expect_asked(f, wall, 1440, 1, 2);
	/* What works is asked for, and more again. */
	expect_asked(f, wall, 1440, 2, 3);
	expect_run(f, 0, 0, 3, 1);
	expect_asked(f, minute(3) + 6 * HOUR, 1440, 0, 3);
}

static void what_nobody_answers_is_asked_for_again(void **state) {
	struct fixture *f = *state;
	struct span span;
	usec_t wall = minute(3) + HOUR, now = NOW;
	add(f, 0, 1, minute(1));
	expect_int(true, recheck_span(&f->recheck, &f->settings, wall, 1440, &span), "a span");
	recheck_unanswered(&f->recheck, now);
	expect_int(false, is_due(&f->recheck, wall, now + 15 * MIN - 1), "at once");
	expect_int(true, is_due(&f->recheck, wall, now + 15 * MIN), "after a while");
	expect_run(f, 0, 0, 1, 0);
	expect_asked(f, wall, 1440, 0, 1);
}

static void a_device_pays_for_its_rechecks(void **state) {
	struct fixture *f = *state;
	int made = 0;
	usec_t wall = minute(500) + 4 * USEC_PER_DAY;
	add(f, 0, 400, minute(500));
	/* A regular request each minute for a day, which earns; and each time something is due. */
	for (int i = 0; i < 1440; i++) {
		usec_t now = NOW + i * MIN;
		f->recheck.next = wall;
		if (is_due(&f->recheck, wall, now)) {
			recheck_sent(&f->recheck, now);
			made++;
		}
		recheck_earn(&f->recheck);
	}
	expect_between(1440 / 8 - 1, 1440 / 8 + 1, made, "rechecks for 1440 requests");
	/* Few can be saved up. */
	for (int i = 0; i < 10000; i++) {
		recheck_earn(&f->recheck);
	}
	for (made = 0; is_due(&f->recheck, wall, NOW + USEC_PER_DAY); made++) {
		recheck_sent(&f->recheck, NOW + USEC_PER_DAY);
	}
	expect_int(4, made, "rechecks in a row");
	/* Without regular requests there is one in eight hours. */
	expect_int(false, is_due(&f->recheck, wall, NOW + USEC_PER_DAY + 8 * HOUR - 1), "too early");
	expect_int(true, is_due(&f->recheck, wall, NOW + USEC_PER_DAY + 8 * HOUR), "in time");
}

static void the_oldest_go_when_there_is_no_room(void **state) {
	struct fixture *f = *state;
	for (int i = 0; i < 8; i++) {
		add(f, 10 * i, 10 * i + 1, minute(10 * i + 1));
	}
	expect_int(false, f->recheck.crowded, "crowded");
	add(f, 80, 81, minute(81));
	expect_int(true, f->recheck.crowded, "crowded");
	expect_int(8, f->recheck.len, "runs");
	expect_run(f, 0, 10, 11, 0);
	expect_run(f, 7, 80, 81, 0);
	add(f, 5, 6, minute(82));
	expect_run(f, 0, 10, 11, 0);
	/* A run that is cut in two needs room, too. */
	recheck_forget(&f->recheck, &f->settings, minute(80), minute(81));
	add(f, 80, 90, minute(91));
	recheck_forget(&f->recheck, &f->settings, minute(84), minute(85));
	expect_int(7, f->recheck.len, "runs");
	expect_run(f, 0, 30, 31, 0);
	expect_run(f, 6, 85, 90, 0);
	/* However many devices there are: some, but not without end. */
	expect_int(512, recheck_room(1), "room of one device");
	expect_int(16, recheck_room(100000), "room of each of many");
	expect_int(512, recheck_room(0), "room without devices");
}

static void what_is_too_old_is_forgotten(void **state) {
	struct fixture *f = *state;
	f->settings.backfill = 12 * HOUR;
	add(f, 0, 1, minute(0) + 12 * HOUR + 1);
	expect_int(0, f->recheck.len, "recorded when it was too old");
	add(f, 0, 1, minute(1));
	add(f, 1, 2, minute(2) + 100);
	expect_asked(f, minute(1) + 7 * HOUR, 1440, 0, 2);
	expect_nothing(f, minute(1) + 24 * HOUR, "beyond backfill");
	expect_int(0, f->recheck.len, "runs");
	/* What comes later shows that it is. */
	add(f, 0, 1, minute(1));
	add(f, 721, 722, minute(722));
	expect_int(1, f->recheck.len, "runs");
}

/* By a clock that was ahead when it was recorded it would be due in ten days. */
static void what_was_recorded_in_the_future_counts_from_now(void **state) {
	struct fixture *f = *state;
	add(f, 0, 1, minute(1) + 6 * USEC_PER_DAY);
	recheck_tidy(&f->recheck, &f->settings, minute(10));
	expect_asked(f, minute(10) + HOUR, 1440, 0, 1);
}

/* Hours of UTC are none in a zone of half hours; days of 24 hours are none of one with 23. */
static void what_was_cut_otherwise_is_forgotten(void **state) {
	struct fixture *f = *state;
	struct span span;
	f->settings = settings_of(INTERVAL_HOURLY, "UTC", HOUR);
	f->settings.recheck = (struct rechecks){{HOUR}};
	recheck_add(&f->recheck, &f->settings,
	            &(struct recheck_run){.start = T0, .end = T0 + HOUR, .recorded = T0 + HOUR});
	f->settings.bucket.zone = zone_of("Asia/Kolkata");
	expect_int(false, recheck_span(&f->recheck, &f->settings, T0 + 3 * HOUR, 1440, &span), "other edges");
	expect_int(0, f->recheck.len, "runs");

	usec_t day = at("2026-03-08T07:00:00Z");
	f->settings = settings_of(INTERVAL_DAILY, "America/Denver", USEC_PER_DAY);
	f->settings.recheck = (struct rechecks){{HOUR}};
	recheck_add(&f->recheck, &f->settings,
	            &(struct recheck_run){.start = day, .end = day + 23 * HOUR, .recorded = day + 24 * HOUR});
	f->settings.bucket.zone = zone_of("America/Phoenix");
	expect_int(false, recheck_span(&f->recheck, &f->settings, day + 30 * HOUR, 1440, &span), "another end");
	expect_int(0, f->recheck.len, "runs");
}

static void expect_restored(struct fixture *f, usec_t start, usec_t end, size_t runs, const char *what) {
	struct recheck recheck;
	recheck_init(&recheck, 8);
	recheck_restore(&recheck, &f->settings, &(struct recheck_run){.start = start, .end = end, .recorded = end});
	expect_int((int)runs, recheck.len, "%s: runs restored", what);
	recheck_done(&recheck);
}

/* The checkpoint that holds them may be of another configuration. */
static void only_what_is_cut_as_time_is_now_is_put_back(void **state) {
	struct fixture *f = *state;
	struct span span;
	f->settings = settings_of(INTERVAL_HOURLY, "UTC", HOUR);
	f->settings.recheck = (struct rechecks){{HOUR}};
	expect_restored(f, T0, T0 + 3 * HOUR, 1, "hours");
	expect_restored(f, T0 - 30 * MIN, T0 + HOUR, 0, "a start between the hours");
	expect_restored(f, T0, T0 + 90 * MIN, 0, "an end between the hours");

	f->settings = settings_of(INTERVAL_NONE, "UTC", HOUR);
	f->settings.recheck = (struct rechecks){{HOUR}};
	expect_restored(f, T0, T0 + HOUR, 1, "one count");
	expect_restored(f, T0 + 10 * MIN, T0 + HOUR, 1, "the first one of a device");
	expect_restored(f, T0, T0 + 2 * HOUR, 0, "one count of two hours");
	expect_restored(f, T0 - 30 * MIN, T0 + 30 * MIN, 0, "one count of a zone of half hours");

	recheck_add(&f->recheck, &f->settings,
	            &(struct recheck_run){.start = T0, .end = T0 + HOUR, .recorded = T0 + HOUR});
	f->settings.bucket.length = 30 * MIN;
	expect_int(false, recheck_span(&f->recheck, &f->settings, T0 + 3 * HOUR, 1440, &span), "a part of one count");
	expect_int(0, f->recheck.len, "runs");
}

static void a_reload_keeps_all_but_what_the_settings_forbid(void **state) {
	struct fixture *f = *state;
	struct recheck heir;
	add(f, 0, 10, minute(10));
	expect_asked(f, minute(10) + 25 * HOUR, 1440, 0, 10);
	add(f, 20, 21, minute(21));
	f->recheck.credit = 5;
	recheck_init(&heir, 8);
	recheck_take_over(&heir, &f->recheck, &f->settings);
	expect_int(0, f->recheck.len, "runs left behind");
	f->recheck = heir;
	expect_run(f, 0, 0, 10, 3);
	expect_run(f, 1, 20, 21, 0);
	expect_int(5, f->recheck.credit, "credit");
	expect_time(minute(21) + HOUR, f->recheck.next, "next");

	f->settings.recheck = (struct rechecks){{2 * HOUR}};
	recheck_init(&heir, 8);
	recheck_take_over(&heir, &f->recheck, &f->settings);
	f->recheck = heir;
	expect_int(1, f->recheck.len, "runs with fewer distances");
	expect_time(minute(21) + 2 * HOUR, f->recheck.next, "next by the new distances");
}

/* An hour of minutes between them, and not one more. */
static void runs_that_are_near_share_a_request(void **state) {
	struct fixture *f = *state;
	add(f, 0, 10, minute(10));
	add(f, 370, 371, minute(371));
	expect_asked(f, minute(371) + HOUR, 1440, 0, 371);
	recheck_forget(&f->recheck, &f->settings, minute(0), minute(400));
	add(f, 0, 10, minute(10));
	add(f, 371, 372, minute(372));
	expect_asked(f, minute(372) + HOUR, 1440, 0, 10);
}

/* What is asked for only because it lies between is not due any earlier or later for that. */
/* Old buckets that come due again and again do not keep newer ones waiting. */
static void what_is_due_for_the_longest_time_comes_first(void **state) {
	struct fixture *f = *state;
	add(f, 0, 1, minute(1200));
	add(f, 400, 401, minute(1180));
	add(f, 800, 801, minute(1150));
	add(f, 1199, 1200, minute(1201));
	expect_asked(f, minute(1300), 1440, 800, 801);
	expect_asked(f, minute(1300), 1440, 400, 401);
	expect_asked(f, minute(1300), 1440, 0, 1);
	expect_asked(f, minute(1300), 1440, 1199, 1200);
	expect_nothing(f, minute(1300), "all had their turn");
	/* Six hours after they were recorded two are due at once. */
	f->recheck.runs[1].recorded = f->recheck.runs[3].recorded;
	expect_asked(f, minute(1201) + 6 * HOUR, 1440, 800, 801);
	expect_asked(f, minute(1201) + 6 * HOUR, 1440, 0, 1);
	expect_asked(f, minute(1201) + 6 * HOUR, 1440, 400, 401);
	expect_asked(f, minute(1201) + 6 * HOUR, 1440, 1199, 1200);
}

static void what_lies_between_keeps_its_turn(void **state) {
	struct fixture *f = *state;
	add(f, 0, 1, minute(1));
	add(f, 5, 6, minute(300));
	add(f, 10, 11, minute(11));
	expect_asked(f, minute(11) + HOUR, 1440, 0, 11);
	expect_run(f, 0, 0, 1, 1);
	expect_run(f, 1, 5, 6, 0);
	expect_run(f, 2, 10, 11, 1);
}

static void expect_frame(const struct fixture *f, int cursor, int limit, int from, int to, int framed_from,
                         int framed_to, const char *what) {
	struct span span = {minute(from), minute(to), minute(to), to - from, 0};
	recheck_frame(&f->recheck, &f->settings, minute(cursor), limit, &span);
	expect_time(minute(framed_from), span.start, "%s: start", what);
	expect_time(minute(framed_to), span.end, "%s: end", what);
	expect_time(minute(framed_to), span.fresh, "%s: nothing is fresh", what);
	expect_int(framed_to - framed_from, span.buckets, "%s: buckets", what);
	expect_int(0, span.fresh_buckets, "%s: fresh buckets", what);
}

/* One that has a count at either end, or none where there is none near, or no room for it. */
static void a_range_begins_and_ends_with_what_has_a_count(void **state) {
	struct fixture *f = *state;
	add(f, 10, 20, minute(100));
	expect_frame(f, 100, 1440, 10, 20, 9, 21, "a run");
	expect_frame(f, 100, 1440, 10, 11, 10, 11, "a bucket alone");
	expect_frame(f, 20, 1440, 10, 20, 9, 20, "at the end of the log");
	expect_frame(f, 21, 1440, 10, 20, 9, 21, "just before the end of the log");
	expect_frame(f, 100, 10, 10, 20, 10, 20, "no room");
	expect_frame(f, 100, 11, 10, 20, 9, 20, "room for one");
	expect_frame(f, 100, 12, 10, 20, 9, 21, "room for both");
	/* Others without a count lie beside it: three, or too many. */
	add(f, 7, 10, minute(50));
	add(f, 20, 24, minute(50));
	expect_frame(f, 100, 1440, 10, 20, 6, 20, "beside three and four");
	expect_frame(f, 100, 13, 10, 20, 10, 20, "beside three, room for three");
	/* What failed before was too long with them. */
	f->recheck.limit = 14;
	expect_frame(f, 100, 1440, 10, 20, 6, 20, "so many work");
	f->recheck.limit = 13;
	expect_frame(f, 100, 1440, 10, 20, 10, 20, "one less works");
	f->recheck.limit = 0;
	recheck_doubted(&f->recheck, 5);
	expect_frame(f, 100, 1440, 10, 12, 10, 12, "what was left out");
}

/* Only the next time, whatever else is due. */
static void what_was_left_out_is_asked_for_alone(void **state) {
	struct fixture *f = *state;
	usec_t wall = minute(100) + HOUR;
	add(f, 0, 6, minute(100));
	add(f, 8, 9, minute(100));
	recheck_doubted(&f->recheck, 4);
	expect_asked(f, wall, 1440, 0, 4);
	recheck_sent(&f->recheck, NOW);
	expect_asked(f, wall, 1440, 4, 9);
	/* No more than may be. */
	add(f, 10, 20, minute(100));
	recheck_doubted(&f->recheck, 8);
	expect_asked(f, wall, 5, 10, 15);
	/* A reload changes nothing of it. */
	struct recheck heir;
	recheck_doubted(&f->recheck, 2);
	recheck_init(&heir, 8);
	recheck_take_over(&heir, &f->recheck, &f->settings);
	f->recheck = heir;
	expect_asked(f, wall, 1440, 15, 17);
	/* Nothing is missing at the beginning of the next answer. */
	recheck_doubted(&f->recheck, 0);
	expect_asked(f, wall, 1440, 17, 20);
}

static void limits_hold_exactly(void **state) {
	struct fixture *f = *state;
	struct span span = {.buckets = -7};
	expect_int(false, recheck_span(&f->recheck, &f->settings, minute(0), 1440, &span), "no span");
	expect_int(-7, span.buckets, "the output is untouched");

	/* At least one bucket. */
	add(f, 0, 8, minute(8));
	expect_int(true, recheck_span(&f->recheck, &f->settings, minute(8) + HOUR, 0, &span), "a span");
	expect_int(1, span.buckets, "at least one");

	/* Half of what failed, and eight times as many after an answer, up to where there is no limit. */
	expect_int(true, recheck_span(&f->recheck, &f->settings, minute(8) + HOUR, 1440, &span), "a span");
	expect_int(8, span.buckets, "all");
	recheck_failed(&f->recheck, &f->settings, &span, minute(8) + HOUR, NOW);
	expect_int(4, f->recheck.limit, "half of it");
	recheck_answered(&f->recheck, &f->settings, minute(0), minute(4), minute(8) + HOUR);
	expect_int(32, f->recheck.limit, "eight times as many");
	f->recheck.limit = UINT16_MAX / 8;
	recheck_answered(&f->recheck, &f->settings, minute(0), minute(4), minute(8) + HOUR);
	expect_int(UINT16_MAX / 8 * 8, f->recheck.limit, "the largest");
	recheck_answered(&f->recheck, &f->settings, minute(0), minute(4), minute(8) + HOUR);
	expect_int(0, f->recheck.limit, "none");

	/* Just after the start one may be asked for without any credit, and it takes what little there is. */
	f->recheck.wait_until = 0;
	expect_int(true, is_due(&f->recheck, minute(8) + HOUR, HOUR), "the first one");
	f->recheck.credit = 3;
	recheck_sent(&f->recheck, HOUR);
	expect_int(0, f->recheck.credit, "credit");
	expect_int(false, is_due(&f->recheck, minute(8) + HOUR, HOUR), "the second one");
	recheck_done(NULL);
}

/* A bucket is kept that begins where the time ends that is looked back, and forgotten if it ends there. */
static void what_is_too_old_is_so_by_its_edges(void **state) {
	struct fixture *f = *state;
	f->settings.backfill = 12 * HOUR;
	add(f, 0, 1, minute(720));
	expect_int(1, f->recheck.len, "recorded when it just began there");
	add(f, 720, 721, minute(721));
	expect_int(1, f->recheck.len, "runs when it ends there");
	expect_run(f, 0, 720, 721, 0);
}

/* Whatever happens, runs lie apart, in order, within the bound, and next is when the first is due. */
static void runs_stay_in_order_whatever_happens(void **state) {
	struct fixture *f = *state;
	struct rng rng;
	uint64_t seed = seed_of_run(&rng);
	usec_t wall = minute(0);
	for (int step = 0; step < 20000; step++) {
		int from = (int)rng_below(&rng, 600), to = from + 1 + (int)rng_below(&rng, 20);
		struct span span;
		wall = wall > minute(20000) ? minute(0) : wall + (usec_t)rng_below(&rng, 30 * MIN);
		switch (rng_below(&rng, 4)) {
		case 0:
			recheck_forget(&f->recheck, &f->settings, minute(from), minute(to));
			break;
		case 1:
			recheck_forget(&f->recheck, &f->settings, minute(from), minute(from + 1));
			add(f, from, from + 1, minute(from) + (usec_t)rng_below(&rng, 300 * MIN));
			break;
		case 2:
			if (recheck_span(&f->recheck, &f->settings, wall, to - from, &span)) {
				recheck_failed(&f->recheck, &f->settings, &span, wall, NOW);
			}
			break;
		default:
			if (recheck_span(&f->recheck, &f->settings, wall, 1440, &span)) {
				recheck_answered(&f->recheck, &f->settings, span.start, span.end, wall);
			}
		}
		usec_t next = USEC_INFINITY;
		expect_between(0, 8, f->recheck.len, "seed %" PRIu64 ", step %d: runs", seed, step);
		for (size_t i = 0; i < f->recheck.len; i++) {
			const struct recheck_run *run = &f->recheck.runs[i];
			usec_t due = run->recorded + f->settings.recheck.after[run->stage];
			bool apart = run->start < run->end && (i == 0 || run[-1].end <= run->start);
			expect_int(true, apart && run->stage < 4, "seed %" PRIu64 ", step %d: run %zu", seed, step, i);
			next = due < next ? due : next;
		}
		expect_time(next, f->recheck.next, "seed %" PRIu64 ", step %d: next", seed, step);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* What there is no memory for is forgotten, and what was there stays. */
static void without_memory_the_new_one_is_forgotten(void **state) {
	struct fixture *f = *state;
	int added = 0;
	for (; added < 8; added++) {
		memory_arm(1);
		add(f, 100 * added, 100 * added + 1, T0 + added * HOUR);
		bool hit = memory_disarm();
		expect_int(hit ? added : added + 1, f->recheck.len, "run %d", added);
		if (hit) {
			add(f, 100 * added, 100 * added + 1, T0 + added * HOUR);
		}
		expect_run(f, (size_t)added, 100 * added, 100 * added + 1, 0);
	}
}

/* As many distances as there may be, and then it is over. */
static void after_the_last_distance_nothing_is_asked_for(void **state) {
	struct fixture *f = *state;
	for (int i = 0; i < RECHECKS_MAX; i++) {
		f->settings.recheck.after[i] = (i + 1) * HOUR;
	}
	add(f, 0, 1, T0);
	for (int i = 0; i < RECHECKS_MAX; i++) {
		expect_nothing(f, T0 + (i + 1) * HOUR - 1, "too early");
		expect_asked(f, T0 + (i + 1) * HOUR, 60, 0, 1);
	}
	expect_nothing(f, T0 + 1000 * HOUR, "it is over");
	expect_time(USEC_INFINITY, f->recheck.next, "the next one");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(a_bucket_is_asked_for_at_each_distance_and_then_no_more),
		TEST(distances_that_were_missed_are_not_made_up_for),
		TEST(without_distances_nothing_is_asked_for),
		TEST(buckets_side_by_side_are_one_run),
		TEST(other_revisions_gaps_and_single_counts_stay_apart),
		TEST(what_has_another_record_is_asked_for_no_more),
		TEST(a_range_is_no_longer_than_it_may_be),
		TEST(what_fails_is_asked_for_in_parts),
		TEST(what_nobody_answers_is_asked_for_again),
		TEST(a_device_pays_for_its_rechecks),
		TEST(the_oldest_go_when_there_is_no_room),
		TEST(what_is_too_old_is_forgotten),
		TEST(what_was_recorded_in_the_future_counts_from_now),
		TEST(what_was_cut_otherwise_is_forgotten),
		TEST(only_what_is_cut_as_time_is_now_is_put_back),
		TEST(a_reload_keeps_all_but_what_the_settings_forbid),
		TEST(runs_that_are_near_share_a_request),
		TEST(what_is_due_for_the_longest_time_comes_first),
		TEST(what_lies_between_keeps_its_turn),
		TEST(a_range_begins_and_ends_with_what_has_a_count),
		TEST(what_was_left_out_is_asked_for_alone),
		TEST(limits_hold_exactly),
		TEST(what_is_too_old_is_so_by_its_edges),
		TEST(runs_stay_in_order_whatever_happens),
		TEST(after_the_last_distance_nothing_is_asked_for),
		TEST(without_memory_the_new_one_is_forgotten),
	};
	return cmocka_run_group_tests_name("recheck", tests, NULL, zones_done);
}
