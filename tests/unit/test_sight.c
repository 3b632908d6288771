// SPDX-License-Identifier: ISC

/* daemon/sight.h: the other nodes, as they have announced themselves. */

#include "fixture.h"

#include "daemon/sight.h"
#include "sink/format.h"

static const usec_t t0 = 1000 * USEC_PER_SEC;

enum { OURS = 7, THEIRS = 8 };

/* A look that shows these nodes. */
static void take(struct sight *sight, usec_t now, size_t count, const struct journal_node *nodes) {
	sight_take(sight, &(struct journal_view){.nodes = nodes, .node_count = count}, now);
}

static void take_one(struct sight *sight, usec_t now, const char *value) {
	take(sight, now, 1, &(struct journal_node){.name = "b", .lease = THEIRS, .value = value});
}

static void an_account_is_wanted_by_a_node_that_prefers_it_and_has_caught_up(void **state) {
	(void)state;
	static const struct {
		const char *value;
		bool wanted;
	} rows[] = {
		{"{\"well\":true,\"prefers\":[\"acme\"],\"positions\":{\"acme\":5000}}", true},
		{"{\"well\":true,\"prefers\":[\"eu\",\"acme\"],\"positions\":{\"eu\":1,\"acme\":4000}}", true},
		{"{\"well\":true,\"prefers\":[\"acme\"],\"positions\":{\"acme\":3999}}", false},
		{"{\"well\":false,\"prefers\":[\"acme\"],\"positions\":{\"acme\":5000}}", false},
		{"{\"well\":true,\"prefers\":[\"acm\"],\"positions\":{\"acme\":5000}}", false},
		{"{\"well\":true,\"prefers\":[\"acme\"],\"positions\":{}}", false},
		{"{\"well\":true,\"prefers\":\"acme\",\"positions\":{\"acme\":5000}}", false},
		{"{\"prefers\":[\"acme\"],\"positions\":{\"acme\":-1}}", false},
		{"not JSON", false},
		{"", false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sight sight = {0};
		take_one(&sight, t0, rows[i].value);
		expect_int(rows[i].wanted, sight_is_wanted(&sight, OURS, "acme", 5000), "row %zu", i);
		expect_false(sight_is_wanted(&sight, THEIRS, "acme", 5000), "row %zu: it is this node", i);
		sight_done(&sight);
	}
}

static void the_slowest_is_the_lowest_position_of_all(void **state) {
	(void)state;
	struct sight sight = {0};
	expect_true(sight_slowest(&sight, "acme") == UINT64_MAX);
	take(&sight, t0, 4, (const struct journal_node[]){
		{.name = "a", .lease = OURS, .value = "{\"positions\":{\"acme\":12}}"},
		{.name = "b", .lease = THEIRS, .value = "{\"positions\":{\"acme\":9,\"eu\":2}}"},
		{.name = "c", .lease = 9, .value = "nonsense"},
		{.name = "d", .lease = 10, .value = "{\"positions\":{},\"halted\":{\"eu\":77}}"},
	});
	expect_int(9, sight_slowest(&sight, "acme"));
	expect_int(2, sight_slowest(&sight, "eu"));
	expect_int(12, sight_furthest(&sight, "acme"));
	expect_int(77, sight_furthest(&sight, "eu"));
	expect_int(0, sight_furthest(&sight, "us"));
	expect_true(sight_slowest(&sight, "us") == UINT64_MAX);
	sight_done(&sight);
}

static void a_twin_is_another_lease_of_the_name_that_stays(void **state) {
	(void)state;
	struct sight sight = {0};
	const struct journal_node nodes[] = {
		{.name = "a", .lease = OURS, .value = "{}"},
		{.name = "a", .lease = THEIRS, .value = "{}"},
	};
	take(&sight, t0, 2, nodes);
	expect_null(sight_twin(&sight, "a", OURS, t0 + 39 * USEC_PER_SEC, 40 * USEC_PER_SEC));
	take(&sight, t0 + 40 * USEC_PER_SEC, 2, nodes);
	const struct seen *twin = sight_twin(&sight, "a", OURS, t0 + 40 * USEC_PER_SEC, 40 * USEC_PER_SEC);
	expect_not_null(twin);
	expect_int(THEIRS, twin->lease);
	expect_null(sight_twin(&sight, "b", OURS, t0 + 40 * USEC_PER_SEC, 40 * USEC_PER_SEC));
	/* It has gone, and comes again. */
	take(&sight, t0 + 41 * USEC_PER_SEC, 1, nodes);
	take(&sight, t0 + 42 * USEC_PER_SEC, 2, nodes);
	expect_null(sight_twin(&sight, "a", OURS, t0 + 43 * USEC_PER_SEC, 40 * USEC_PER_SEC));
	sight_done(&sight);
}

static void the_time_is_that_of_the_node_that_knows_the_latest(void **state) {
	(void)state;
	struct sight sight = {0};
	usec_t time;
	take_one(&sight, t0, "{\"time\":null}");
	expect_false(sight_time(&sight, t0, &time));
	take_one(&sight, t0, "{\"time\":\"2026-11-27T08:00:00Z\"}");
	usec_t eight;
	format_read_time("2026-11-27T08:00:00Z", &eight);
	expect_true(sight_time(&sight, t0 + 5 * USEC_PER_SEC, &time));
	expect_time(eight + 5 * USEC_PER_SEC, time);
	/* What was said before is not said anew: time has gone on. */
	take_one(&sight, t0 + USEC_PER_MIN, "{\"time\":\"2026-11-27T08:00:00Z\"}");
	expect_true(sight_time(&sight, t0 + USEC_PER_MIN, &time));
	expect_time(eight + USEC_PER_MIN, time);
	/* Of two the later is taken; one that corrects itself is believed. */
	struct journal_node nodes[] = {
		{.name = "b", .lease = THEIRS, .value = "{\"time\":\"2026-11-27T09:00:00Z\"}"},
		{.name = "c", .lease = 9, .value = "{\"time\":\"2026-11-27T08:30:00Z\"}"},
	};
	take(&sight, t0 + USEC_PER_MIN, 2, nodes);
	expect_true(sight_time(&sight, t0 + USEC_PER_MIN, &time));
	expect_time(eight + USEC_PER_HOUR, time);
	nodes[0].value = "{\"time\":\"2026-11-27T07:00:00Z\"}";
	take(&sight, t0 + USEC_PER_MIN, 2, nodes);
	expect_true(sight_time(&sight, t0 + USEC_PER_MIN, &time));
	expect_time(eight + 30 * USEC_PER_MIN, time);
	/* Who has gone says nothing any more, and nonsense is no time. */
	take_one(&sight, t0 + USEC_PER_MIN, "{\"time\":\"tomorrow\"}");
	expect_false(sight_time(&sight, t0 + USEC_PER_MIN, &time));
	sight_done(&sight);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_is_wanted_by_a_node_that_prefers_it_and_has_caught_up),
		cmocka_unit_test(the_slowest_is_the_lowest_position_of_all),
		cmocka_unit_test(a_twin_is_another_lease_of_the_name_that_stays),
		cmocka_unit_test(the_time_is_that_of_the_node_that_knows_the_latest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
