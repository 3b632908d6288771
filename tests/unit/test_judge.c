// SPDX-License-Identifier: ISC

/* tool/judge.h: how bad it is, and which room is the worst. */

#include "fixture.h"

#include "tool/judge.h"

#define MINUTE USEC_PER_MIN
#define HOUR   USEC_PER_HOUR

static char account_open[] = "open", account_refused[] = "refused", account_throttled[] = "throttled";
static char canteen[] = "canteen", lobby[] = "lobby", foyer[] = "foyer";
static char north[] = "north", text[] = "{\"labels\":{\"floor\":\"1\"}}", plain[] = "{}", acme[] = "acme", why[] = "why";

static struct live_account account = {.name = acme, .state = account_open, .since = INT64_MIN};
static struct live_device rooms[] = {
	{.name = canteen, .site = north, .text = text, .state = LIVE_FRESH, .age = 20 * HOUR, .waiting = 0},
	{.name = lobby, .text = plain, .state = LIVE_LATE, .age = 20 * MINUTE, .waiting = 1},
	{.name = foyer, .text = plain, .state = LIVE_FAILING, .age = 10 * MINUTE, .waiting = 2},
};
static struct live live = {.accounts = &account, .account_count = 1, .devices = rooms, .device_count = COUNT_OF(rooms),
                           .started = 0, .now = 5 * HOUR};

static struct judgement judged(const struct tool *tool, usec_t warning, usec_t critical) {
	const struct limits limits = {warning, critical};
	struct judgement judgement;
	expect_int(0, judge(tool, &live, &limits, &judgement), "judge");
	free(judgement.rooms);
	return judgement;
}

static void the_worst_is_the_first(void **state) {
	(void)state;
	const struct tool all = {0};
	const struct limits limits = {0, USEC_INFINITY};
	struct judgement judgement;
	struct buf out;
	expect_int(0, judge(&all, &live, &limits, &judgement), "judge");
	expect_text("foyer", judgement.rooms[0]->name);
	expect_text("lobby", judgement.rooms[1]->name);
	expect_text("canteen", judgement.rooms[2]->name);
	expect_int(3, judgement.backlog, "backlog");
	buf_init(&out, 1000);
	judge_counts(&judgement, &out);
	expect_text("3 rooms: 1 fresh, 1 late, 1 failing", buf_text(&out));
	buf_done(&out);
	free(judgement.rooms);
}

/* A day's bucket of a room that is fresh may be old. */
static void only_rooms_that_are_behind_have_an_age(void **state) {
	(void)state;
	const struct tool all = {0};
	expect_int(20 * MINUTE, judged(&all, 0, USEC_INFINITY).age, "age");
	expect_int(0, judge_age(&live, &rooms[0]), "fresh");
	struct live_device never = {.state = LIVE_LATE, .last_end = INT64_MIN};
	expect_int(5 * HOUR, judge_age(&live, &never), "never recorded: since the start");
	never.state = LIVE_STARTING;
	expect_int(0, judge_age(&live, &never), "starting");
}

static void limits_are_reached_at_their_time(void **state) {
	(void)state;
	const struct tool all = {0};
	expect_int(LEVEL_WARNING, judged(&all, 0, USEC_INFINITY).level, "no limit");
	expect_int(LEVEL_WARNING, judged(&all, 20 * MINUTE, USEC_INFINITY).level, "at the limit");
	expect_int(LEVEL_OK, judged(&all, 20 * MINUTE + 1, USEC_INFINITY).level, "below it");
	expect_int(LEVEL_CRITICAL, judged(&all, 0, 20 * MINUTE).level, "critical");
	expect_int(LEVEL_WARNING, judged(&all, 0, 20 * MINUTE + 1).level, "below critical");
}

static void what_is_wrong_beside_rooms_is_a_warning(void **state) {
	(void)state;
	const struct tool all = {0};
	account.state = account_refused;
	expect_int(LEVEL_WARNING, judged(&all, HOUR, USEC_INFINITY).level, "refused");
	account.state = account_throttled; /* that is usual */
	expect_int(LEVEL_OK, judged(&all, HOUR, USEC_INFINITY).level, "throttled");
	account.state = account_open;
	account.clock = why;
	expect_int(LEVEL_WARNING, judged(&all, HOUR, USEC_INFINITY).level, "clock");
	account.clock = NULL;
	live.storage_fails = true;
	expect_int(LEVEL_WARNING, judged(&all, HOUR, USEC_INFINITY).level, "storage");
	live.storage_fails = false;
	live.configuration = why;
	expect_int(LEVEL_WARNING, judged(&all, HOUR, USEC_INFINITY).level, "configuration");
	live.configuration = NULL;
}

static void rooms_are_selected(void **state) {
	(void)state;
	const char *names[] = {"LOB*", NULL}, *sites[] = {"north", NULL}, *labels[] = {"floor=1", NULL};
	struct tool tool = {.selection = {.rooms = names}};
	expect_int(1, judged(&tool, 0, USEC_INFINITY).count, "by name");
	expect_int(1, judged(&tool, 0, USEC_INFINITY).states[LIVE_LATE], "by name");
	tool.selection = (struct selection){.sites = sites};
	expect_int(LEVEL_OK, judged(&tool, 0, USEC_INFINITY).level, "by site");
	tool.selection = (struct selection){.labels = labels};
	expect_int(1, judged(&tool, 0, USEC_INFINITY).count, "by label");
	labels[0] = "floor=2";
	expect_int(0, judged(&tool, 0, USEC_INFINITY).count, "by another label");
}

/* Those that are not well are sorted; the others only where somebody looks at them. */
static void fresh_rooms_stay_as_they_come_until_they_are_sorted(void **state) {
	(void)state;
	const struct tool all = {0};
	const struct limits limits = {0, USEC_INFINITY};
	struct live_device many[] = {
		{.name = "d", .text = plain, .state = LIVE_FRESH}, {.name = "c", .text = plain, .state = LIVE_LATE, .age = MINUTE},
		{.name = "b", .text = plain, .state = LIVE_FRESH}, {.name = "a", .text = plain, .state = LIVE_LATE, .age = HOUR},
		{.name = "e", .text = plain, .state = LIVE_FAILING}, {.name = "f", .text = plain, .state = LIVE_STARTING},
		{.name = "g", .text = plain, .state = LIVE_WAITING},
	};
	const struct live of_many = {.devices = many, .device_count = COUNT_OF(many)};
	struct judgement judgement;
	char names[COUNT_OF(many) + 1] = "";
	expect_int(0, judge(&all, &of_many, &limits, &judgement), "judge");
	for (int sorted = 0; sorted < 2; sorted++) {
		for (size_t i = 0; i < COUNT_OF(many); i++) {
			names[i] = judgement.rooms[i]->name[0];
		}
		expect_text(sorted ? "egacfbd" : "egacfdb", names);
		judge_sort_fresh(&judgement);
	}
	free(judgement.rooms);
}

static void orders_are_counted_and_the_refused_one_is_named(void **state) {
	(void)state;
	static const struct {
		struct live_orders orders;
		const char *text;
	} cases[] = {
		{{0}, ""},
		{{.running = 1, .buckets = 1}, "backfill: 1 order running (1 bucket left)\n"},
		{{.running = 2, .buckets = 480, .waiting = 1, .done = 3},
		 "backfill: 2 orders running (480 buckets left), 1 order waiting, 3 orders done\n"},
		{{.refused = 1, .reason = "a.order:2: \x1b[31mred"}, "backfill: 1 order refused: a.order:2: \\x1b[31mred\n"},
		{{.done = -1, .refused = 1}, "backfill: 1 order refused\n"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct live of_orders = {.orders = cases[i].orders};
		struct buf out;
		buf_init(&out, BUF_ANY);
		judge_orders(&of_orders, &out);
		expect_text(cases[i].text, buf_text(&out));
		buf_done(&out);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_is_the_first),
		cmocka_unit_test(only_rooms_that_are_behind_have_an_age),
		cmocka_unit_test(limits_are_reached_at_their_time),
		cmocka_unit_test(what_is_wrong_beside_rooms_is_a_warning),
		cmocka_unit_test(rooms_are_selected),
		cmocka_unit_test(fresh_rooms_stay_as_they_come_until_they_are_sorted),
		cmocka_unit_test(orders_are_counted_and_the_refused_one_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
