// SPDX-License-Identifier: ISC

#include "tool/chains.h"

#include "base/array.h"
#include "base/rng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The first entry of a chain is what the node knew that began it, and no line. */
enum { FIRST_LINES = 2 };

static bool is_account(const struct chain *chain, const struct slice *account) {
	return strncmp(chain->account, account->text, account->len) == 0 && chain->account[account->len] == '\0';
}

static bool same(const void *items, size_t position, const void *key) {
	const struct chain *chains = items;
	return is_account(&chains[position], key);
}

struct chain *chains_find(const struct chains *chains, const char *account, size_t len) {
	const struct slice key = {account, len};
	size_t at;
	return index_find(&chains->index, rng_hash(account, len), same, chains->list, &key, &at) ? &chains->list[at] : NULL;
}

static struct chain *make(struct chains *chains, const struct slice *account) {
	size_t found;
	if (array_reserve(&chains->list, &chains->size, chains->len + 1, sizeof(*chains->list)) < 0) {
		return NULL;
	}
	char *copy = strndup(account->text, account->len);
	if (!copy || index_add(&chains->index, rng_hash(account->text, account->len), same, chains->list, account, chains->len,
	                       &found) < 0) {
		free(copy);
		return NULL;
	}
	chains->list[chains->len] = (struct chain){.account = copy};
	return &chains->list[chains->len++];
}

static struct chain *find_or_make(struct chains *chains, const struct slice *account) {
	struct chain *latest = chains->len > 0 ? &chains->list[chains->latest] : NULL;
	if (latest && is_account(latest, account)) {
		return latest;
	}
	struct chain *chain = chains_find(chains, account->text, account->len);
	chain = chain ? chain : make(chains, account);
	chains->latest = chain ? (size_t)(chain - chains->list) : 0;
	return chain;
}

static void begin(struct chain *chain, uint64_t entry) {
	chain->count++;
	chain->first = chain->last = entry;
	chain->astray = 0;
}

static enum chain_step step(struct chain *chain, uint64_t entry) {
	uint64_t last = chain->last;

	if (chain->count == 0 || (entry < last && entry <= FIRST_LINES)) {
		begin(chain, entry);
		return CHAIN_GOES_ON;
	}
	if (entry < last) {
		bool again = chain->astray == entry;
		chain->astray = entry;
		return again ? CHAIN_AGAIN : CHAIN_ASTRAY;
	}
	chain->astray = 0;
	chain->last = entry;
	return entry - last > 1 ? CHAIN_HOLE : CHAIN_GOES_ON;
}

int chains_take(struct chains *chains, const struct log_entry *entry, struct chain **ret_chain, uint64_t *ret_before) {
	struct chain *chain = find_or_make(chains, &entry->account);
	if (!chain) {
		return -ENOMEM;
	}
	*ret_chain = chain;
	*ret_before = chain->last;
	return (int)step(chain, entry->entry);
}

void chains_done(struct chains *chains) {
	for (size_t i = 0; i < chains->len; i++) {
		free(chains->list[i].account);
	}
	free(chains->list);
	index_done(&chains->index);
	*chains = (struct chains){0};
}
