// SPDX-License-Identifier: ISC

/* schedule/lane.h: who may ask, and when. */

#include "fixture.h"

#include "schedule/lane.h"

enum { POLLS = 12 };

#define SECOND USEC_PER_SEC
#define MINUTE USEC_PER_MIN
#define NOW    (1000 * USEC_PER_HOUR)
#define WALL   at("2026-11-23T08:00:00Z")

static const struct retry_settings retry = {.base = USEC_PER_SEC, .cap = 60 * USEC_PER_SEC};

/* A lane with polls in no queue.  Rates are high enough not to matter, unless a test says so. */
struct fixture {
	struct account account;
	struct settings settings;
	struct device device;
	struct lane lane;
	struct poll polls[POLLS];
	struct rng rng;
};

static int setup(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f) {
		return -1;
	}
	f->account = (struct account){.name = "acme", .rate.gap = 1, .burst = 1000, .max_in_flight = 4};
	f->settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * MINUTE);
	f->device = device_of(&f->settings);
	rng_init(&f->rng, 1);
	lane_init(&f->lane, &f->account);
	if (lane_reserve(&f->lane, POLLS) < 0) {
		return -1;
	}
	for (size_t i = 0; i < POLLS; i++) {
		poll_init(&f->polls[i], &f->device, WALL, WALL);
		f->polls[i].lane = &f->lane;
	}
	*state = f;
	return 0;
}

static int teardown(void **state) {
	struct fixture *f = *state;
	lane_done(&f->lane);
	free(f);
	return 0;
}

static void all_ready(struct fixture *f) {
	for (size_t i = 0; i < POLLS; i++) {
		lane_ready(&f->lane, &f->polls[i], NOW, WALL);
	}
}

/* A reply has come: the poll is no longer in flight, and is ready again. */
static void land(struct fixture *f, struct poll *poll, usec_t now) {
	f->lane.in_flight--;
	lane_ready(&f->lane, poll, now, WALL);
}

static struct poll *expect_taken(struct fixture *f, usec_t now, const char *why) {
	struct poll *poll = lane_take(&f->lane, now);
	expect_int(true, poll != NULL, "%s: a poll may send", why);
	lane_sent(&f->lane, poll, now);
	return poll;
}

static void expect_nobody(struct fixture *f, usec_t now, const char *why) {
	expect_int(true, lane_take(&f->lane, now) == NULL, "%s: nobody may send", why);
}

static void expect_state(const struct fixture *f, enum lane_state expected, const char *why) {
	expect_int(expected, f->lane.state, "%s: state", why);
}

static void no_more_than_the_cap_are_in_flight(void **state) {
	struct fixture *f = *state;
	all_ready(f);
	struct poll *taken = NULL;
	for (int i = 0; i < 4; i++) {
		expect_int(NOW >= lane_next(&f->lane), true, "take %d is possible now", i);
		taken = expect_taken(f, NOW, "below the cap");
		expect_int(POLL_BUSY, taken->phase, "take %d: phase", i);
		expect_int(i + 1, f->lane.in_flight, "take %d: in flight", i);
	}
	expect_nobody(f, NOW + USEC_PER_HOUR, "at the cap");
	expect_int(USEC_INFINITY, lane_next(&f->lane), "next: after a reply");
	land(f, taken, NOW);
	expect_taken(f, NOW, "after a reply");
	expect_nobody(f, NOW, "at the cap again");
}

static void the_token_bucket_is_heeded(void **state) {
	struct fixture *f = *state;
	f->account.rate.gap = SECOND;
	f->account.burst = 2;
	rate_init(&f->lane.rate, SECOND, 2);
	all_ready(f);
	expect_taken(f, NOW, "first of the burst");
	expect_taken(f, NOW, "second of the burst");
	expect_nobody(f, NOW, "burst over");
	expect_int(NOW + SECOND, lane_next(&f->lane), "next");
	expect_nobody(f, NOW + SECOND - 1, "just before");
	expect_taken(f, NOW + SECOND, "a token has come");
}

static void a_lane_without_work_spends_no_token(void **state) {
	struct fixture *f = *state;
	rate_init(&f->lane.rate, SECOND, 1);
	expect_nobody(f, NOW, "nothing is ready");
	expect_int(USEC_INFINITY, lane_next(&f->lane), "next of an empty lane");
	lane_ready(&f->lane, &f->polls[0], NOW, WALL);
	expect_taken(f, NOW, "the token is still there");
}

static void waiting_polls_become_ready_at_their_time(void **state) {
	struct fixture *f = *state;
	lane_wait(&f->lane, &f->polls[0], NOW + 5 * SECOND, true);
	lane_wait(&f->lane, &f->polls[1], NOW + 3 * SECOND, false);
	expect_int(POLL_WAITING, f->polls[0].phase, "phase");
	expect_int(true, f->polls[0].timed, "timed");
	expect_int(false, f->polls[1].timed, "timed");
	expect_int(NOW + 3 * SECOND, lane_next(&f->lane), "next");

	lane_collect(&f->lane, NOW + 3 * SECOND - 1, WALL);
	expect_nobody(f, NOW + 3 * SECOND - 1, "too early");
	lane_collect(&f->lane, NOW + 3 * SECOND, WALL);
	expect_int(POLL_READY, f->polls[1].phase, "phase when collected");
	expect_int(1, expect_taken(f, NOW + 3 * SECOND, "on time") == &f->polls[1], "the right one");
	expect_int(NOW + 5 * SECOND, lane_next(&f->lane), "next");
	lane_collect(&f->lane, NOW + USEC_PER_HOUR, WALL);
	expect_int(1, expect_taken(f, NOW + USEC_PER_HOUR, "late") == &f->polls[0], "the other");
}

static void live_goes_before_backlog_and_the_oldest_backlog_first(void **state) {
	struct fixture *f = *state;
	f->account.max_in_flight = POLLS;
	/* Hours behind, in the order in which they become ready; 0: one window. */
	static const int behind[] = {5, 0, 9, 0, 2, 7};
	static const size_t order[] = {1, 3, 2, 5, 0, 4};

	for (size_t i = 0; i < COUNT_OF(behind); i++) {
		f->polls[i].cursor = WALL - (behind[i] ? behind[i] * USEC_PER_HOUR : 5 * MINUTE);
		f->polls[i].asked = NOW - (usec_t)i * MINUTE; /* which makes no difference */
		lane_ready(&f->lane, &f->polls[i], NOW + (usec_t)i, WALL);
		expect_int(POLL_READY, f->polls[i].phase, "poll %zu: phase", i);
	}
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		const struct poll *poll = expect_taken(f, NOW + MINUTE, "ready");
		expect_int(order[i], poll - f->polls, "place %zu", i);
	}
}

static void a_throttled_lane_waits_as_long_as_it_was_told(void **state) {
	struct fixture *f = *state;
	all_ready(f);
	expect_int(true, lane_throttle(&f->lane, NOW, 30 * SECOND), "the state has changed");
	expect_state(f, LANE_THROTTLED, "429");
	expect_int(NOW, f->lane.since, "since");
	expect_int(NOW + 30 * SECOND, lane_next(&f->lane), "next");
	expect_nobody(f, NOW + 30 * SECOND - 1, "before Retry-After is over");

	/* Then one finds out, and the others wait for what it finds. */
	struct poll *probe = expect_taken(f, NOW + 30 * SECOND, "when it is over");
	expect_nobody(f, NOW + 40 * SECOND, "while the probe is under way");
	expect_int(USEC_INFINITY, lane_next(&f->lane), "next while the probe is under way");
	land(f, probe, NOW + 41 * SECOND);
	expect_int(true, lane_reached(&f->lane, NOW + 41 * SECOND), "the state has changed");
	expect_state(f, LANE_OPEN, "after a good reply");
	for (int i = 0; i < 4; i++) {
		expect_taken(f, NOW + 41 * SECOND, "open again");
	}
}

static void throttling_leaves_no_burst(void **state) {
	struct fixture *f = *state;
	rate_init(&f->lane.rate, 10 * SECOND, 4);
	all_ready(f);
	(void)lane_throttle(&f->lane, NOW, SECOND);
	struct poll *probe = expect_taken(f, NOW + SECOND, "the one token left");
	land(f, probe, NOW + SECOND);
	(void)lane_reached(&f->lane, NOW + SECOND);
	expect_nobody(f, NOW + SECOND, "no more of the burst");
}

enum straggler { GOOD_REPLY, SHORTER_429, NO_401, TRANSIENT_FAILURE, STRAGGLERS };
static const char *const straggler_names[] = {"a good reply", "a shorter 429", "a 401", "a transient failure"};

static void let_in(struct fixture *f, enum straggler straggler, size_t poll, usec_t now) {
	switch (straggler) {
	case GOOD_REPLY:
		(void)lane_reached(&f->lane, now);
		break;
	case SHORTER_429:
		(void)lane_throttle(&f->lane, now, SECOND);
		break;
	case NO_401:
		(void)lane_refuse(&f->lane, now, &f->rng);
		break;
	default:
		(void)lane_unreached(&f->lane, &f->polls[poll], &retry, now, &f->rng);
		break;
	}
}

/* Whatever was on the way when the 429 came, alone and one after another. */
static void no_straggler_shortens_retry_after(void **state) {
	struct fixture *f = *state;
	usec_t until = NOW + 30 * MINUTE;

	for (enum straggler first = 0; first < STRAGGLERS; first++) {
		for (enum straggler second = 0; second < STRAGGLERS; second++) {
			lane_done(&f->lane);
			lane_init(&f->lane, &f->account);
			expect_int(0, lane_reserve(&f->lane, POLLS), "reserve");
			all_ready(f);
			(void)lane_throttle(&f->lane, NOW, until - NOW);
			for (size_t i = 0; i < 6; i++) {
				let_in(f, first, i, NOW + SECOND);
			}
			let_in(f, second, 7, NOW + 2 * SECOND);
			expect_between(until, until, lane_next(&f->lane), "%s, then %s: next",
			               straggler_names[first], straggler_names[second]);
			expect_nobody(f, until - 1, straggler_names[first]);
		}
	}
}

static void a_longer_retry_after_counts(void **state) {
	struct fixture *f = *state;
	all_ready(f);
	(void)lane_throttle(&f->lane, NOW, 10 * SECOND);
	expect_int(false, lane_throttle(&f->lane, NOW + SECOND, MINUTE), "no change of state");
	expect_int(NOW + SECOND + MINUTE, lane_next(&f->lane), "next");
	expect_int(NOW, f->lane.since, "since the first");
}

/* The next pause is what was asked for, not what an earlier trouble left behind. */
static void an_ended_outage_leaves_no_pause_behind(void **state) {
	struct fixture *f = *state;
	all_ready(f);
	usec_t now = NOW;
	for (size_t i = 0; i < 5; i++) {
		(void)lane_unreached(&f->lane, &f->polls[i], &retry, now, &f->rng);
	}
	for (int i = 0; i < 10; i++) {
		now = f->lane.until;
		(void)lane_unreached(&f->lane, &f->polls[0], &retry, now, &f->rng);
	}
	expect_between(now + 60 * SECOND, now + 66 * SECOND, f->lane.until, "the outage's pause");
	expect_int(true, lane_reached(&f->lane, now + SECOND), "an answer was on the way all the same");
	(void)lane_throttle(&f->lane, now + 2 * SECOND, 3 * SECOND);
	expect_int(now + 5 * SECOND, lane_next(&f->lane), "next after a Retry-After of 3 s");
}

static void refused_probes_grow_from_a_minute_to_a_quarter_of_an_hour(void **state) {
	struct fixture *f = *state;
	static const int minutes[] = {1, 2, 4, 8, 15, 15, 15};
	usec_t now = NOW;
	all_ready(f);
	for (size_t i = 0; i < COUNT_OF(minutes); i++) {
		struct poll *probe = expect_taken(f, now, "a probe");
		if (i > 0) {
			expect_nobody(f, now, "one probe at a time");
		}
		land(f, probe, now);
		expect_int(i == 0, lane_refuse(&f->lane, now, &f->rng), "probe %zu: the state has changed", i);
		expect_state(f, LANE_REFUSED, "403");
		usec_t wait = lane_next(&f->lane) - now;
		expect_between(minutes[i] * MINUTE, minutes[i] * MINUTE * 11 / 10, wait, "probe %zu: wait", i);
		expect_nobody(f, now + wait - 1, "before the next probe");
		now += wait;
	}
	/* The key is accepted; if it is refused later, that begins anew. */
	expect_taken(f, now, "a probe");
	f->lane.in_flight--;
	expect_int(true, lane_reached(&f->lane, now), "the state has changed");
	expect_state(f, LANE_OPEN, "accepted");
	expect_int(true, lane_refuse(&f->lane, now, &f->rng), "the state has changed");
	expect_between(MINUTE, MINUTE * 11 / 10, lane_next(&f->lane) - now, "first wait of the second time");
}

static void refusals_that_were_on_the_way_are_no_probes(void **state) {
	struct fixture *f = *state;
	all_ready(f);
	(void)lane_refuse(&f->lane, NOW, &f->rng);
	usec_t until = f->lane.until;
	for (int i = 0; i < 3; i++) {
		expect_int(false, lane_refuse(&f->lane, NOW + SECOND, &f->rng), "no change of state");
	}
	expect_int(until, lane_next(&f->lane), "next");
	expect_int(false, lane_reached(&f->lane, NOW + SECOND), "a good reply from before: no change");
	expect_state(f, LANE_REFUSED, "a good reply from before");
	expect_int(until, lane_next(&f->lane), "next");
}

static void a_new_key_is_tried_at_once(void **state) {
	struct fixture *f = *state;
	all_ready(f);
	(void)lane_refuse(&f->lane, NOW, &f->rng);
	lane_probe_now(&f->lane, NOW + SECOND);
	struct poll *probe = expect_taken(f, NOW + SECOND, "with a new key");
	expect_nobody(f, NOW + SECOND, "still one at a time");
	land(f, probe, NOW + SECOND);
	/* Refused as well: that was a probe. */
	expect_int(false, lane_refuse(&f->lane, NOW + 2 * SECOND, &f->rng), "no change of state");
	expect_between(2 * MINUTE, 2 * MINUTE * 11 / 10, lane_next(&f->lane) - (NOW + 2 * SECOND), "wait");
}

static void without_a_key_nobody_asks(void **state) {
	struct fixture *f = *state;
	all_ready(f);
	lane_shut(&f->lane, NOW);
	expect_nobody(f, NOW + 1000 * 24 * 60 * MINUTE, "ever");
	expect_true(lane_next(&f->lane) == USEC_INFINITY);
	lane_probe_now(&f->lane, NOW + MINUTE);
	expect_taken(f, NOW + MINUTE, "when there is one");
	f->lane.in_flight--;
	expect_int(true, lane_reached(&f->lane, NOW + MINUTE), "the state has changed");
	expect_state(f, LANE_OPEN, "accepted");
}

static void five_failures_in_a_row_over_different_polls_are_an_outage(void **state) {
	struct fixture *f = *state;
	all_ready(f);
	for (size_t i = 0; i < 4; i++) {
		expect_int(false, lane_unreached(&f->lane, &f->polls[i], &retry, NOW, &f->rng), "failure %zu", i);
		expect_state(f, LANE_OPEN, "less than five");
	}
	expect_int(true, lane_unreached(&f->lane, &f->polls[4], &retry, NOW, &f->rng), "failure 4");
	expect_state(f, LANE_DOWN, "five");
	expect_int(NOW, f->lane.since, "since");
	expect_between(NOW + SECOND, NOW + SECOND * 11 / 10, lane_next(&f->lane), "next");
}

static void one_poll_alone_is_no_outage(void **state) {
	struct fixture *f = *state;
	for (int i = 0; i < 100; i++) {
		expect_int(false, lane_unreached(&f->lane, &f->polls[0], &retry, NOW + i * SECOND, &f->rng),
		           "failure %d", i);
	}
	expect_state(f, LANE_OPEN, "one device's trouble");
}

static void an_answer_in_between_begins_the_count_anew(void **state) {
	struct fixture *f = *state;
	for (size_t i = 0; i < 4; i++) {
		(void)lane_unreached(&f->lane, &f->polls[i], &retry, NOW, &f->rng);
	}
	expect_int(false, lane_reached(&f->lane, NOW), "an open lane stays open");
	for (size_t i = 0; i < 4; i++) {
		expect_int(false, lane_unreached(&f->lane, &f->polls[i], &retry, NOW, &f->rng), "failure %zu", i);
	}
	expect_state(f, LANE_OPEN, "four after an answer");
	expect_int(true, lane_unreached(&f->lane, &f->polls[9], &retry, NOW, &f->rng), "the fifth");
}

static void in_an_outage_one_probe_at_a_time_tries(void **state) {
	struct fixture *f = *state;
	static const int seconds[] = {1, 2, 4, 8, 16, 32, 60, 60};
	usec_t now = NOW;
	all_ready(f);
	for (size_t i = 0; i < 5; i++) {
		(void)lane_unreached(&f->lane, &f->polls[i], &retry, now, &f->rng);
	}
	for (size_t i = 0; i < COUNT_OF(seconds); i++) {
		usec_t wait = lane_next(&f->lane) - now;
		expect_between(seconds[i] * SECOND, seconds[i] * SECOND * 11 / 10, wait, "probe %zu: wait", i);
		/* Others that were on the way fail as well, which says nothing new. */
		(void)lane_unreached(&f->lane, &f->polls[7], &retry, now, &f->rng);
		(void)lane_unreached(&f->lane, &f->polls[8], &retry, now, &f->rng);
		expect_int(wait, lane_next(&f->lane) - now, "probe %zu: wait after stragglers", i);

		expect_nobody(f, now + wait - 1, "before the probe");
		now += wait;
		struct poll *probe = expect_taken(f, now, "the probe");
		expect_nobody(f, now, "one probe at a time");
		land(f, probe, now);
		expect_int(false, lane_unreached(&f->lane, probe, &retry, now, &f->rng), "no change of state");
		expect_state(f, LANE_DOWN, "the probe failed");
	}
	now = lane_next(&f->lane);
	struct poll *probe = expect_taken(f, now, "the last probe");
	land(f, probe, now);
	expect_int(true, lane_reached(&f->lane, now), "the state has changed");
	expect_state(f, LANE_OPEN, "reached again");
	for (int i = 0; i < 4; i++) {
		expect_taken(f, now, "all resume");
	}
}

/* One that fails for ever must not be the only one that is asked. */
/*
 * Every other poll has a backlog, the last one the oldest, and they were asked in the order of
 * sevens: neither the one that became ready first nor the one with the oldest cursor comes first.
 */
static void a_probe_is_the_poll_that_was_asked_longest_ago(void **state) {
	struct fixture *f = *state;
	usec_t now = NOW;
	for (size_t i = 0; i < POLLS; i++) {
		f->polls[i].asked = NOW - MINUTE + (usec_t)(i * 7 % POLLS);
		f->polls[i].cursor = i % 2 == 0 ? WALL : WALL - (usec_t)(i + 1) * USEC_PER_HOUR;
	}
	all_ready(f);
	expect_int(POLLS / 2, f->lane.backlog.len, "polls with a backlog");
	for (size_t i = 0; i < 5; i++) {
		(void)lane_unreached(&f->lane, &f->polls[i], &retry, now, &f->rng);
	}
	expect_state(f, LANE_DOWN, "an outage");
	for (size_t i = 0; i < 2 * POLLS; i++) {
		now = lane_next(&f->lane) > now ? lane_next(&f->lane) : now + 1;
		struct poll *probe = expect_taken(f, now, "a probe");
		expect_int(i % POLLS, (size_t)(probe - f->polls) * 7 % POLLS, "probe %zu", i);
		land(f, probe, now);
		(void)lane_unreached(&f->lane, probe, &retry, now, &f->rng);
	}
}

static void a_new_key_ends_back_offs_but_no_window(void **state) {
	struct fixture *f = *state;
	lane_wait(&f->lane, &f->polls[0], NOW + 5 * MINUTE, false);
	lane_wait(&f->lane, &f->polls[1], NOW + 2 * MINUTE, true);
	lane_probe_now(&f->lane, NOW);
	lane_collect(&f->lane, NOW, WALL);
	expect_int(true, expect_taken(f, NOW, "the one that backed off") == &f->polls[0], "which");
	expect_nobody(f, NOW, "the one that waits for its window");
}

static void what_is_due_while_the_gate_is_shut_is_collected_in_time(void **state) {
	struct fixture *f = *state;
	lane_ready(&f->lane, &f->polls[0], NOW, WALL);
	(void)lane_throttle(&f->lane, NOW, MINUTE);
	lane_wait(&f->lane, &f->polls[1], NOW + 5 * SECOND, true);
	expect_int(NOW + 5 * SECOND, lane_next(&f->lane), "next: the one that waits for its time");
	lane_collect(&f->lane, NOW + 5 * SECOND, WALL);
	expect_int(NOW + MINUTE, lane_next(&f->lane), "next: the gate");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Rechecks: a poll waits for its next window, five minutes from now, and has something to ask for again. */

static void wait_with_recheck(struct fixture *f, size_t number, usec_t key) {
	struct poll *poll = &f->polls[number];
	recheck_add(&poll->recheck, &f->settings, &(struct recheck_run){
		.start = WALL - 2 * USEC_PER_HOUR,
		.end = WALL - 2 * USEC_PER_HOUR + MINUTE,
		.recorded = WALL - 2 * USEC_PER_HOUR + MINUTE,
	});
	lane_wait(&f->lane, poll, key, true);
}

static void prepare_rechecks(struct fixture *f) {
	f->settings.recheck = (struct rechecks){{USEC_PER_HOUR}};
	f->account.rate.gap = SECOND;
	f->account.burst = 3;
	rate_init(&f->lane.rate, SECOND, 3);
}

static void done_with_rechecks(struct fixture *f) {
	for (size_t i = 0; i < POLLS; i++) {
		poll_done(&f->polls[i]);
	}
}

static void a_recheck_is_made_while_nothing_else_is_to_be_done(void **state) {
	struct fixture *f = *state;
	usec_t until = 0;
	prepare_rechecks(f);
	lane_wait(&f->lane, &f->polls[0], NOW + 5 * MINUTE, true);
	expect_int(true, lane_take_spare(&f->lane, NOW, WALL, &until) == NULL, "nothing is to be asked for again");
	wait_with_recheck(f, 1, NOW + 5 * MINUTE);
	expect_int(true, lane_take_spare(&f->lane, NOW, WALL - 2 * USEC_PER_HOUR, &until) == NULL, "nothing is due");

	struct poll *poll = lane_take_spare(&f->lane, NOW, WALL, &until);
	expect_int(true, poll == &f->polls[1], "the poll that has something due");
	expect_int(POLL_BUSY, poll->phase, "phase");
	expect_time(NOW + 5 * MINUTE, until, "until its own window");
	expect_int(1, f->lane.waiting.len, "the other waits on");
	lane_sent(&f->lane, poll, NOW);
	f->lane.rechecking = true;

	/* One at a time. */
	wait_with_recheck(f, 2, NOW + 5 * MINUTE);
	expect_int(true, lane_take_spare(&f->lane, NOW + MINUTE, WALL, &until) == NULL, "another is on its way");
	f->lane.rechecking = false;
	expect_int(true, lane_take_spare(&f->lane, NOW + MINUTE, WALL, &until) == &f->polls[2], "after its reply");
	done_with_rechecks(f);
}

/* Nothing else may wake the loop for a long time, or always when the poll's own window is near. */
static void the_loop_is_told_when_a_recheck_will_be_due(void **state) {
	struct fixture *f = *state;
	usec_t until = 0;
	prepare_rechecks(f);
	wait_with_recheck(f, 1, NOW + 5 * MINUTE);
	usec_t due = WALL - USEC_PER_HOUR + MINUTE;

	expect_int(true, lane_take_spare(&f->lane, NOW, due - MINUTE, &until) == NULL, "not due yet");
	expect_time(NOW + MINUTE, lane_next(&f->lane), "when it is");
	expect_int(true, lane_take_spare(&f->lane, NOW, due - 285 * SECOND, &until) == NULL, "just in time");
	expect_time(NOW + 285 * SECOND, lane_next(&f->lane), "when it is due");
	expect_int(true, lane_take_spare(&f->lane, NOW, due - 286 * SECOND, &until) == NULL, "due too late");
	expect_time(NOW + 5 * MINUTE, lane_next(&f->lane), "its own window");
	/* The first of several. */
	wait_with_recheck(f, 2, NOW + 5 * MINUTE);
	f->polls[2].recheck.wait_until = NOW + 2 * MINUTE;
	expect_int(true, lane_take_spare(&f->lane, NOW, due - 3 * MINUTE, &until) == NULL, "neither is due");
	expect_time(NOW + 3 * MINUTE, lane_next(&f->lane), "when both are");
	f->polls[1].recheck.wait_until = NOW + 4 * MINUTE;
	expect_int(true, lane_take_spare(&f->lane, NOW, due, &until) == NULL, "both wait after a failure");
	expect_time(NOW + 2 * MINUTE, lane_next(&f->lane), "when the second need not wait");
	expect_int(true, lane_take_spare(&f->lane, NOW + 2 * MINUTE, due, &until) == &f->polls[2], "the second");
	done_with_rechecks(f);
}

static void a_recheck_takes_nothing_that_is_missed(void **state) {
	struct fixture *f = *state;
	usec_t until = 0;
	prepare_rechecks(f);
	wait_with_recheck(f, 1, NOW + 5 * MINUTE);

	/* A poll that is ready goes first, whether it is live or catching up. */
	lane_ready(&f->lane, &f->polls[0], NOW, WALL);
	expect_int(true, lane_take_spare(&f->lane, NOW, WALL, &until) == NULL, "one is ready");
	expect_taken(f, NOW, "the one that is ready");
	f->polls[2].cursor = WALL - USEC_PER_DAY;
	lane_ready(&f->lane, &f->polls[2], NOW, WALL);
	expect_int(true, lane_take_spare(&f->lane, NOW + MINUTE, WALL, &until) == NULL, "one catches up");
	expect_taken(f, NOW, "the one that catches up");
	f->lane.in_flight = 0;

	/* Not before all tokens are there again; and the loop is told when that is. */
	expect_int(true, lane_take_spare(&f->lane, NOW, WALL, &until) == NULL, "two tokens are missing");
	expect_time(NOW + 2 * SECOND, lane_next(&f->lane), "when they are there");
	expect_int(true, lane_take_spare(&f->lane, NOW + 2 * SECOND - 1, WALL, &until) == NULL, "just before");

	/* Nor if another poll is due before the token has come back. */
	lane_wait(&f->lane, &f->polls[3], NOW + 3 * SECOND - 1, true);
	expect_int(true, lane_take_spare(&f->lane, NOW + 2 * SECOND, WALL, &until) == NULL, "the token is missed");
	expect_time(NOW + 3 * SECOND - 1, lane_next(&f->lane), "no reason to be called earlier");
	lane_collect(&f->lane, NOW + 3 * SECOND, WALL);
	expect_taken(f, NOW + 3 * SECOND, "the other poll");
	f->lane.in_flight = 0;
	expect_int(true, lane_take_spare(&f->lane, NOW + 10 * SECOND, WALL, &until) == &f->polls[1], "at last");
	done_with_rechecks(f);
}

static void a_recheck_ends_before_it_is_in_the_way(void **state) {
	struct fixture *f = *state;
	usec_t until = 0;
	prepare_rechecks(f);
	/* Its own window is too near: a reply could be late. */
	wait_with_recheck(f, 1, NOW + 15 * SECOND - 1);
	expect_int(true, lane_take_spare(&f->lane, NOW, WALL, &until) == NULL, "its window is near");
	wait_with_recheck(f, 2, NOW + MINUTE);
	expect_int(true, lane_take_spare(&f->lane, NOW, WALL, &until) == &f->polls[2], "another's is not");
	expect_time(NOW + MINUTE, until, "until its own window");
	lane_wait(&f->lane, &f->polls[2], NOW + MINUTE, true);

	/* Where there is room for one request alone, it must be over when any poll is due. */
	f->account.max_in_flight = 1;
	expect_int(true, lane_take_spare(&f->lane, NOW, WALL, &until) == NULL, "the first window is near");
	lane_collect(&f->lane, NOW + 20 * SECOND, WALL);
	expect_int(1, f->lane.live.len, "the first is ready");
	expect_taken(f, NOW + 20 * SECOND, "the first");
	expect_int(true, lane_take_spare(&f->lane, NOW + 30 * SECOND, WALL, &until) == NULL, "there is no room");
	f->lane.in_flight = 0;
	lane_wait(&f->lane, &f->polls[3], NOW + 50 * SECOND, true);
	expect_int(true, lane_take_spare(&f->lane, NOW + 30 * SECOND, WALL, &until) == &f->polls[2], "there is");
	expect_time(NOW + 50 * SECOND, until, "until any window");
	done_with_rechecks(f);
}

static void a_lane_in_trouble_makes_no_rechecks(void **state) {
	struct fixture *f = *state;
	usec_t until = 0;
	prepare_rechecks(f);
	wait_with_recheck(f, 1, NOW + 50 * MINUTE);
	expect_int(true, lane_throttle(&f->lane, NOW, MINUTE), "throttled");
	expect_int(true, lane_take_spare(&f->lane, NOW + 2 * MINUTE, WALL, &until) == NULL, "rate limited");
	expect_int(true, lane_reached(&f->lane, NOW + 2 * MINUTE), "reached");
	expect_int(true, lane_take_spare(&f->lane, NOW + 2 * MINUTE, WALL, &until) != NULL, "well again");
	/* A poll that backs off is not well either. */
	lane_wait(&f->lane, &f->polls[1], NOW + 50 * MINUTE, false);
	expect_int(true, lane_take_spare(&f->lane, NOW + 2 * MINUTE, WALL, &until) == NULL, "backing off");
	done_with_rechecks(f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(no_more_than_the_cap_are_in_flight),
		TEST(the_token_bucket_is_heeded),
		TEST(a_recheck_is_made_while_nothing_else_is_to_be_done),
		TEST(the_loop_is_told_when_a_recheck_will_be_due),
		TEST(a_recheck_takes_nothing_that_is_missed),
		TEST(a_recheck_ends_before_it_is_in_the_way),
		TEST(a_lane_in_trouble_makes_no_rechecks),
		TEST(a_lane_without_work_spends_no_token),
		TEST(waiting_polls_become_ready_at_their_time),
		TEST(live_goes_before_backlog_and_the_oldest_backlog_first),
		TEST(a_throttled_lane_waits_as_long_as_it_was_told),
		TEST(throttling_leaves_no_burst),
		TEST(no_straggler_shortens_retry_after),
		TEST(a_longer_retry_after_counts),
		TEST(an_ended_outage_leaves_no_pause_behind),
		TEST(refused_probes_grow_from_a_minute_to_a_quarter_of_an_hour),
		TEST(refusals_that_were_on_the_way_are_no_probes),
		TEST(a_new_key_is_tried_at_once),
		TEST(without_a_key_nobody_asks),
		TEST(five_failures_in_a_row_over_different_polls_are_an_outage),
		TEST(one_poll_alone_is_no_outage),
		TEST(an_answer_in_between_begins_the_count_anew),
		TEST(in_an_outage_one_probe_at_a_time_tries),
		TEST(a_probe_is_the_poll_that_was_asked_longest_ago),
		TEST(a_new_key_ends_back_offs_but_no_window),
		TEST(what_is_due_while_the_gate_is_shut_is_collected_in_time),
	};
	return cmocka_run_group_tests_name("lane", tests, NULL, zones_done);
}
