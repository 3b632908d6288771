// SPDX-License-Identifier: ISC

/* tool/chains.h: what a line's entry is to those before it of its account. */

#include "fixture.h"

#include "tool/chains.h"

#include <stdio.h>

enum { ON = CHAIN_GOES_ON, HOLE = CHAIN_HOLE, ASTRAY = CHAIN_ASTRAY, AGAIN = CHAIN_AGAIN };

static int take(struct chains *chains, const char *account, uint64_t number, struct chain **ret_chain, uint64_t *ret_before) {
	struct log_entry entry = {.entry = number, .account = {account, strlen(account)}};
	return chains_take(chains, &entry, ret_chain, ret_before);
}

static void steps_are_told_apart(void **state) {
	static const struct {
		uint64_t entry;
		int step;
		uint64_t before;
		size_t count; /* of chains */
		uint64_t first, last;
	} rows[] = {
		{17, ON, 0, 1, 17, 17},     {17, ON, 17, 1, 17, 17},    {18, ON, 17, 1, 17, 18},    {20, HOLE, 18, 1, 17, 20},
		{20, ON, 20, 1, 17, 20},    {19, ASTRAY, 20, 1, 17, 20}, {19, AGAIN, 20, 1, 17, 20}, {18, ASTRAY, 20, 1, 17, 20},
		{19, ASTRAY, 20, 1, 17, 20}, {20, ON, 20, 1, 17, 20},    {19, ASTRAY, 20, 1, 17, 20}, {21, ON, 20, 1, 17, 21},
		{3, ASTRAY, 21, 1, 17, 21}, {2, ON, 21, 2, 2, 2},       {2, ON, 2, 2, 2, 2},        {1, ON, 2, 3, 1, 1},
		{2, ON, 1, 3, 1, 2},        {UINT64_MAX, HOLE, 2, 3, 1, UINT64_MAX}, {2, ON, UINT64_MAX, 4, 2, 2},
	};
	struct chains chains = {0};
	(void)state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct chain *chain;
		uint64_t before;
		expect_int(rows[i].step, take(&chains, "acme", rows[i].entry, &chain, &before), "row %zu", i);
		expect_true(before == rows[i].before, "row %zu", i);
		expect_int(rows[i].count, chain->count, "row %zu", i);
		expect_true(chain->first == rows[i].first && chain->last == rows[i].last, "row %zu", i);
	}
	chains_done(&chains);
}

static void each_account_has_its_own(void **state) {
	enum { ACCOUNTS = 300, ENTRIES = 5 };
	struct chains chains = {0};
	char name[16];
	(void)state;

	for (uint64_t number = 2; number < 2 + ENTRIES; number++) {
		for (int i = 0; i < ACCOUNTS; i++) {
			struct chain *chain;
			uint64_t before;
			(void)snprintf(name, sizeof(name), "a%d", i);
			expect_int(ON, take(&chains, name, number + (uint64_t)i, &chain, &before), "%s", name);
			expect_text(name, chain->account);
		}
	}
	expect_int(ACCOUNTS, chains.len);
	expect_text("a12", chains_find(&chains, "a123", 3)->account);
	expect_int(12 + 2 + ENTRIES - 1, chains_find(&chains, "a12", 3)->last);
	expect_null(chains_find(&chains, "b", 1));
	expect_null(chains_find(&chains, "a", 1));
	chains_done(&chains);
	expect_null(chains_find(&chains, "a12", 3));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_told_apart),
		cmocka_unit_test(each_account_has_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
