// SPDX-License-Identifier: ISC

/*
 * The store of the simulation, tests/sim/store.h, against a naive one: keys and values with leases and
 * revisions of creation, as etcd has them, on which each operation is a transaction.
 */

#include "fixture.h"

/* NOLINTBEGIN(bugprone-suspicious-include): it belongs to another program */
#include "../sim/arena.c"
#include "../sim/store.c"
/* NOLINTEND(bugprone-suspicious-include) */

enum { KEYS = 4096, LEASES = 4096, STEPS = 60000 };

static const char *const accounts[] = {"a0", "a1"};
static const char *const names[] = {"a", "b", "c"};

/* The naive store */

struct pair {
	char key[64], value[64];
	uint64_t created;
	int64_t lease;
};

static struct {
	struct pair pairs[KEYS];
	size_t len;
	uint64_t revision;
	usec_t ends[LEASES], length[LEASES]; /* by lease; 0: it is over */
	int64_t leases;
	bool halted;
} naive;

static struct pair *get(const char *key) {
	for (size_t i = 0; i < naive.len; i++) {
		if (strcmp(naive.pairs[i].key, key) == 0) {
			return &naive.pairs[i];
		}
	}
	return NULL;
}

static void drop(const char *key) {
	struct pair *pair = get(key);
	if (pair) {
		*pair = naive.pairs[--naive.len];
	}
}

static void put(const char *key, const char *value, int64_t lease) {
	struct pair *pair = get(key);
	if (!pair) {
		expect_true(naive.len < KEYS);
		pair = &naive.pairs[naive.len++];
		pair->created = naive.revision;
	}
	(void)snprintf(pair->key, sizeof(pair->key), "%s", key);
	(void)snprintf(pair->value, sizeof(pair->value), "%s", value);
	pair->lease = lease;
}

static void revoke(int64_t lease) {
	naive.ends[lease] = 0;
	for (size_t i = naive.len; i-- > 0;) {
		if (naive.pairs[i].lease == lease) {
			naive.pairs[i] = naive.pairs[--naive.len];
		}
	}
}

static void pass(usec_t now) {
	for (int64_t lease = 1; lease <= naive.leases && !naive.halted; lease++) {
		if (naive.ends[lease] > 0 && naive.ends[lease] <= now) {
			revoke(lease);
		}
	}
}

static const char *key_of(const char *kind, const char *account, uint64_t position) {
	static char keys[4][64];
	static unsigned turn;
	char *key = keys[turn++ % 4];
	(void)snprintf(key, sizeof(keys[0]), "%s/%s/%016" PRIx64, kind, account, position);
	return key;
}

static bool lives(int64_t lease) {
	return lease > 0 && lease <= naive.leases && naive.ends[lease] > 0;
}

static uint64_t naive_head(const char *account) {
	const struct pair *head = get(key_of("head", account, 0));
	return head ? strtoull(head->value, NULL, 10) : 0;
}

static bool naive_owns(const char *account, uint64_t epoch) {
	const struct pair *owner = get(key_of("owner", account, 0));
	return owner && owner->created == epoch;
}

/* A step: the same of both, and the same must come of it. */

static struct rng rng;
static usec_t now;

static uint64_t below(uint64_t limit) {
	return (uint64_t)rng_below(&rng, (int64_t)limit);
}

static const char *some_account(void) {
	return accounts[below(COUNT_OF(accounts))];
}

/* Mostly one of the latest. */
static int64_t some_lease(void) {
	int64_t lease = (int64_t)below((uint64_t)naive.leases + 2);
	return below(5) == 0 ? lease : naive.leases - (int64_t)below(3);
}

/* Mostly the present one. */
static uint64_t some_epoch(const char *account) {
	const struct pair *owner = get(key_of("owner", account, 0));
	return owner && below(5) > 0 ? owner->created : below(naive.revision + 2);
}

static void expect_result(const char *what, bool expected, enum journal_result came) {
	expect_int(expected ? JOURNAL_DONE : JOURNAL_REFUSED, came, " %s", what);
}

static void grant(void) {
	usec_t length = (usec_t)(1 + below(8)) * USEC_PER_SEC - (usec_t)below(2);
	if (naive.leases + 1 < LEASES) {
		naive.leases++;
		naive.length[naive.leases] = (length + 999999) / USEC_PER_SEC * USEC_PER_SEC;
		naive.ends[naive.leases] = now + naive.length[naive.leases];
		expect_int(naive.leases, store_grant(names[naive.leases % 3], length, now));
	}
}

static void renew(void) {
	int64_t lease = some_lease();
	bool there = lives(lease);
	if (there) {
		naive.ends[lease] = now + naive.length[lease];
	}
	expect_result("renew", there, store_renew(lease, now));
}

static void end(void) {
	int64_t lease = some_lease();
	bool there = lives(lease);
	if (there && below(4) > 0) {
		return; /* most end by themselves */
	}
	if (there) {
		naive.revision++;
		revoke(lease);
	}
	expect_result("revoke", there, store_revoke(lease, now));
}

static void announce(void) {
	int64_t lease = some_lease();
	char value[32];
	(void)snprintf(value, sizeof(value), "%" PRIu64, below(1000));
	bool there = lives(lease);
	if (there) {
		naive.revision++;
		put(key_of("node", names[(uint64_t)lease % 3], (uint64_t)lease), value, lease);
	}
	expect_result("announce", there, store_announce(lease, value, now));
}

static void claim(void) {
	const char *account = some_account();
	int64_t lease = some_lease();
	bool can = lives(lease) && !get(key_of("owner", account, 0));
	uint64_t epoch = 0;
	if (can) {
		naive.revision++;
		put(key_of("owner", account, 0), names[(uint64_t)lease % 3], lease);
	}
	expect_result("claim", can, store_claim(account, names[(uint64_t)lease % 3], lease, now, &epoch));
	expect_int((int64_t)(can ? naive.revision : 0), (int64_t)epoch);
}

static void release(void) {
	const char *account = some_account();
	uint64_t epoch = some_epoch(account);
	bool can = naive_owns(account, epoch);
	if (can && below(4) > 0) {
		return;
	}
	if (can) {
		naive.revision++;
		drop(key_of("owner", account, 0));
	}
	expect_result("release", can, store_release(account, epoch, now));
}

static void commit(void) {
	const char *account = some_account();
	uint64_t epoch = some_epoch(account);
	uint64_t position = naive_head(account) + (below(5) > 0 ? 1 : below(3));
	char value[32], head[32];
	(void)snprintf(value, sizeof(value), "%" PRIu64, below(UINT32_MAX));
	(void)snprintf(head, sizeof(head), "%" PRIu64, position);
	bool can = naive_owns(account, epoch) && position == naive_head(account) + 1;
	if (can) {
		naive.revision++;
		put(key_of("log", account, position), value, 0);
		put(key_of("head", account, 0), head, 0);
	}
	expect_result("commit", can, store_commit(account, epoch, position, value, strlen(value) + 1, now));
}

static void defer(void) {
	const char *account = some_account();
	uint64_t epoch = some_epoch(account);
	bool can = naive_owns(account, epoch);
	usec_t until = 1 + (usec_t)below(1000);
	char value[32];
	(void)snprintf(value, sizeof(value), "%lld", (long long)until);
	if (can) {
		naive.revision++;
		put(key_of("until", account, 0), value, 0);
	}
	expect_result("defer", can, store_defer(account, epoch, until, now));
}

static void trim(void) {
	const char *account = some_account();
	uint64_t epoch = some_epoch(account);
	uint64_t from = 1 + below(naive_head(account) + 1), until = from + below(4);
	bool can = naive_owns(account, epoch);
	if (can && below(3) > 0) {
		return;
	}
	if (can) {
		naive.revision++;
		for (uint64_t position = from; position <= until; position++) {
			drop(key_of("log", account, position));
		}
	}
	expect_result("trim", can, store_trim(account, epoch, from, until, now));
}

static void quorum(void) {
	bool there = naive.halted || below(4) > 0;
	for (int64_t lease = 1; naive.halted && lease <= naive.leases; lease++) {
		if (naive.ends[lease] > 0) {
			naive.ends[lease] = now + naive.length[lease];
		}
	}
	naive.halted = !there;
	store_quorum(there, now);
}

static void read(void) {
	const char *account = some_account();
	uint64_t from = 1 + below(naive_head(account) + 3), until = from + below(40);
	size_t count = 1 + (size_t)below(12), room = (size_t)below(60), bytes = 0, len = 0;
	const struct taken *entries[12];
	bool more, expected_more = false;
	size_t came = store_read(account, from, until, count, room, entries, &more);

	for (uint64_t position = from; position <= until && !expected_more; position++) {
		const struct pair *pair = get(key_of("log", account, position));
		size_t size = pair ? strlen(pair->value) + 1 : 0;
		if (pair && (len == count || (len > 0 && bytes + size > room))) {
			expected_more = true;
		} else if (pair) {
			expect_true(len < came);
			expect_int((int64_t)position, (int64_t)entries[len]->position);
			expect_text(pair->value, (const char *)entries[len]->data);
			bytes += size;
			len++;
		}
	}
	expect_int((int64_t)len, (int64_t)came, " entries read");
	expect_int(expected_more, more, " more");
}

static void look_at_all(void) {
	struct journal_chain chains[STORE_CHAINS];
	struct journal_node nodes[STORE_LEASES];
	struct journal_view view = store_look(now, chains, nodes);
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(accounts); i++) {
		const struct pair *owner = get(key_of("owner", accounts[i], 0));
		const struct pair *until = get(key_of("until", accounts[i], 0));
		if (!owner && !until && naive_head(accounts[i]) == 0) {
			continue;
		}
		expect_true(count < view.chain_count);
		const struct journal_chain *chain = &view.chains[count++];
		expect_text(accounts[i], chain->account);
		expect_int((int64_t)naive_head(accounts[i]), (int64_t)chain->head, " head");
		expect_int(owner ? (int64_t)owner->created : 0, (int64_t)chain->epoch, " epoch");
		expect_text(owner ? owner->value : "nobody", chain->owner ? chain->owner : "nobody");
		expect_int(owner ? owner->lease : 0, chain->lease, " lease");
		expect_int(until ? strtoll(until->value, NULL, 10) : 0, chain->until, " until");
	}
	expect_int((int64_t)count, (int64_t)view.chain_count, " chains");

	count = 0;
	for (size_t i = 0; i < naive.len; i++) {
		count += strncmp(naive.pairs[i].key, "node/", 5) == 0;
	}
	expect_int((int64_t)count, (int64_t)view.node_count, " nodes");
	for (size_t i = 0; i < view.node_count; i++) {
		const struct journal_node *node = &view.nodes[i];
		const struct pair *pair = get(key_of("node", node->name, (uint64_t)node->lease));
		expect_text(pair ? pair->value : "nothing", node->value);
		if (i > 0) {
			int order = strcmp(view.nodes[i - 1].name, node->name);
			expect_true(order < 0 || (order == 0 && view.nodes[i - 1].lease < node->lease));
		}
	}
}

static void begin(void) {
	store_init();
	memset(&naive, 0, sizeof(naive));
	naive.revision = store->revision;
	now = USEC_PER_SEC;
}

static void all_operations_do_what_those_of_a_naive_store_do(void **state) {
	static void (*const steps[])(void) = {grant, renew, renew, renew, end, announce, claim, claim, release, commit, commit,
	                                      commit, commit, defer, trim, read, look_at_all};
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		rng_init(&rng, seed);
		begin();
		for (int i = 0; i < STEPS / 20 && naive_head("a0") < 1000; i++) {
			now += (usec_t)below(5) * USEC_PER_SEC / 10;
			pass(now);
			if (below(100) == 0) {
				quorum();
			} else {
				steps[below(COUNT_OF(steps))]();
			}
		}
		look_at_all();
		/* Else it has shown nothing. */
		expect_true(naive_head("a0") > 20);
	}
}

static uint64_t owned(const char *account, int64_t *ret_lease) {
	uint64_t epoch = 0;
	*ret_lease = store_grant("a", 30 * USEC_PER_SEC, now);
	expect_int(JOURNAL_DONE, store_claim(account, "a", *ret_lease, now, &epoch));
	return epoch;
}

static void a_backup_brings_back_entries_and_leases_but_not_what_was_taken_since(void **state) {
	int64_t lease;
	(void)state;
	begin();
	uint64_t epoch = owned("a0", &lease);
	expect_int(JOURNAL_DONE, store_commit("a0", epoch, 1, "one", 4, now));
	store_save();
	expect_int(JOURNAL_DONE, store_commit("a0", epoch, 2, "two", 4, now));
	expect_int(JOURNAL_DONE, store_trim("a0", epoch, 1, 1, now));

	now += USEC_PER_HOUR;
	store_restore(now);
	expect_int(1, (int64_t)store_chain("a0")->head);
	expect_int((int64_t)epoch, (int64_t)store_chain("a0")->epoch);
	expect_not_null(store_chain("a0")->entries[0]);
	now += 29 * USEC_PER_SEC;
	expect_int(JOURNAL_DONE, store_renew(lease, now));
	expect_int(JOURNAL_DONE, store_commit("a0", epoch, 2, "another two", 12, now));

	/* What was taken at all is known. */
	expect_int(3, (int64_t)taken->len);
	expect_int(0, taken->list[1]->generation);
	expect_int(1, taken->list[2]->generation);
	expect_same(taken->list[0], taken->list[2]->before);
	/* The same backup once more. */
	store_restore(now);
	expect_int(1, (int64_t)store_chain("a0")->head);
}

static void a_store_that_lost_its_data_is_another_one(void **state) {
	int64_t lease;
	(void)state;
	begin();
	uint64_t cluster = store->cluster, epoch = owned("a0", &lease);
	expect_int(JOURNAL_DONE, store_commit("a0", epoch, 1, "one", 4, now));
	store_wipe();
	struct journal_chain chains[STORE_CHAINS];
	struct journal_node nodes[STORE_LEASES];
	struct journal_view view = store_look(now, chains, nodes);
	expect_true(view.cluster != cluster);
	expect_int(0, (int64_t)view.chain_count);
	expect_int(JOURNAL_REFUSED, store_renew(lease, now));
	expect_true(store_grant("a", USEC_PER_SEC, now) != lease);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_operations_do_what_those_of_a_naive_store_do),
		cmocka_unit_test(a_backup_brings_back_entries_and_leases_but_not_what_was_taken_since),
		cmocka_unit_test(a_store_that_lost_its_data_is_another_one),
	};
	arena_map();
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
