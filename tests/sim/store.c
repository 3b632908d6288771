// SPDX-License-Identifier: ISC

#include "store.h"

#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store *store;
struct taken_list *taken;

void store_init(void) {
	store = arena_new(sizeof(*store));
	taken = arena_new(sizeof(*taken));
	store->cluster = 1;
	store->revision = 1;
}

/* Parts of it */

static void copy_name(char to[static STORE_NAME_SIZE], const char *name) {
	(void)snprintf(to, STORE_NAME_SIZE, "%s", name);
}

struct store_chain *store_chain(const char *account) {
	size_t at = 0;
	while (at < store->chain_count && strcmp(store->chains[at].account, account) < 0) {
		at++;
	}
	struct store_chain *chain = &store->chains[at];
	if (at == store->chain_count || strcmp(chain->account, account) != 0) {
		if (store->chain_count == STORE_CHAINS) {
			return &store->chains[STORE_CHAINS - 1]; /* there are never so many */
		}
		memmove(chain + 1, chain, (store->chain_count - at) * sizeof(*chain));
		store->chain_count++;
		memset(chain, 0, sizeof(*chain));
		copy_name(chain->account, account);
	}
	return chain;
}

static struct store_lease *find_lease(int64_t number) {
	for (size_t i = 0; i < store->lease_len; i++) {
		if (number > 0 && store->leases[i].number == number) {
			return &store->leases[i];
		}
	}
	return NULL;
}

/* What was put with a lease goes with it. */
static void end_lease(struct store_lease *lease) {
	for (size_t i = 0; i < store->chain_count; i++) {
		struct store_chain *chain = &store->chains[i];
		if (chain->epoch > 0 && chain->lease == lease->number) {
			chain->epoch = 0;
			chain->owner[0] = '\0';
			chain->lease = 0;
		}
	}
	arena_free(lease->value, lease->value_size);
	memset(lease, 0, sizeof(*lease));
	while (store->lease_len > 0 && store->leases[store->lease_len - 1].number == 0) {
		store->lease_len--;
	}
}

void store_expire(usec_t now) {
	for (size_t i = 0; i < store->lease_len && !store->halted; i++) {
		if (store->leases[i].number > 0 && store->leases[i].ends <= now) {
			end_lease(&store->leases[i]);
		}
	}
}

static void begin_leases(usec_t now) {
	for (size_t i = 0; i < store->lease_len; i++) {
		store->leases[i].ends = now + store->leases[i].length;
	}
}

void store_quorum(bool there, usec_t now) {
	if (!there) {
		store_expire(now);
	} else if (store->halted) {
		begin_leases(now);
	}
	store->halted = !there;
}

/* Looking */

static size_t put_nodes(struct journal_node nodes[static STORE_LEASES]) {
	size_t count = 0;
	for (size_t i = 0; i < store->lease_len; i++) {
		const struct store_lease *lease = &store->leases[i];
		if (!lease->number || !lease->value) {
			continue;
		}
		size_t at = count++;
		while (at > 0) {
			int order = strcmp(nodes[at - 1].name, lease->node);
			if (order < 0 || (order == 0 && nodes[at - 1].lease < lease->number)) {
				break;
			}
			nodes[at] = nodes[at - 1];
			at--;
		}
		nodes[at] = (struct journal_node){lease->node, lease->number, lease->value};
	}
	return count;
}

struct journal_view store_look(usec_t now, struct journal_chain chains[static STORE_CHAINS],
                               struct journal_node nodes[static STORE_LEASES]) {
	store_expire(now);
	size_t count = 0;
	for (size_t i = 0; i < store->chain_count; i++) {
		const struct store_chain *chain = &store->chains[i];
		if (chain->head > 0 || chain->epoch > 0 || chain->until > 0) {
			chains[count++] = (struct journal_chain){
				.account = chain->account,
				.head = chain->head,
				.epoch = chain->epoch,
				.owner = chain->epoch > 0 ? chain->owner : NULL,
				.lease = chain->lease,
				.until = chain->until,
			};
		}
	}
	return (struct journal_view){
		.chains = chains,
		.chain_count = count,
		.nodes = nodes,
		.node_count = put_nodes(nodes),
		.cluster = store->cluster,
	};
}

size_t store_read(const char *account, uint64_t from, uint64_t until, size_t count, size_t room,
                  const struct taken **entries, bool *ret_more) {
	const struct store_chain *chain = store_chain(account);
	size_t len = 0, bytes = 0;
	*ret_more = false;
	for (uint64_t position = from > 0 ? from : 1; position <= until && position <= chain->head; position++) {
		const struct taken *entry = chain->entries[position - 1];
		if (!entry) {
			continue;
		}
		if (len == count || (len > 0 && bytes + entry->len > room)) {
			*ret_more = true;
			break;
		}
		entries[len++] = entry;
		bytes += entry->len;
	}
	return len;
}

/* Leases */

int64_t store_grant(const char *node, usec_t length, usec_t now) {
	store_expire(now);
	struct store_lease *lease = store->leases;
	while (lease < store->leases + store->lease_len && lease->number > 0) {
		lease++;
	}
	if (lease == store->leases + STORE_LEASES) {
		abort(); /* no seed has so many */
	}
	if (lease == store->leases + store->lease_len) {
		store->lease_len++;
	}
	length = (length + USEC_PER_SEC - 1) / USEC_PER_SEC * USEC_PER_SEC;
	*lease = (struct store_lease){.number = ++store->leases_given, .length = length, .ends = now + length};
	copy_name(lease->node, node);
	return lease->number;
}

enum journal_result store_renew(int64_t number, usec_t now) {
	store_expire(now);
	struct store_lease *lease = find_lease(number);
	if (!lease) {
		return JOURNAL_REFUSED;
	}
	lease->ends = now + lease->length;
	return JOURNAL_DONE;
}

enum journal_result store_revoke(int64_t number, usec_t now) {
	store_expire(now);
	struct store_lease *lease = find_lease(number);
	if (!lease) {
		return JOURNAL_REFUSED;
	}
	store->revision++;
	end_lease(lease);
	return JOURNAL_DONE;
}

enum journal_result store_announce(int64_t number, const char *value, usec_t now) {
	store_expire(now);
	struct store_lease *lease = find_lease(number);
	if (!lease) {
		return JOURNAL_REFUSED;
	}
	store->revision++;
	arena_free(lease->value, lease->value_size);
	lease->value_size = strlen(value) + 1;
	lease->value = arena_new(lease->value_size);
	memcpy(lease->value, value, lease->value_size);
	return JOURNAL_DONE;
}

/* Accounts */

enum journal_result store_claim(const char *account, const char *node, int64_t lease, usec_t now,
                                uint64_t *ret_epoch) {
	store_expire(now);
	struct store_chain *chain = store_chain(account);
	if (chain->epoch > 0 || !find_lease(lease)) {
		return JOURNAL_REFUSED;
	}
	chain->epoch = ++store->revision;
	chain->lease = lease;
	copy_name(chain->owner, node);
	*ret_epoch = chain->epoch;
	return JOURNAL_DONE;
}

static bool owns(const struct store_chain *chain, uint64_t epoch) {
	return epoch > 0 && chain->epoch == epoch;
}

enum journal_result store_release(const char *account, uint64_t epoch, usec_t now) {
	store_expire(now);
	struct store_chain *chain = store_chain(account);
	if (!owns(chain, epoch)) {
		return JOURNAL_REFUSED;
	}
	store->revision++;
	chain->epoch = 0;
	chain->owner[0] = '\0';
	chain->lease = 0;
	return JOURNAL_DONE;
}

static struct taken *take(const struct store_chain *chain, uint64_t epoch, uint64_t position, const void *data,
                          size_t len, usec_t now) {
	struct taken *entry = arena_new(sizeof(*entry) + len);
	copy_name(entry->account, chain->account);
	copy_name(entry->node, chain->owner);
	entry->position = position;
	entry->epoch = epoch;
	entry->generation = store->generation;
	entry->at = now;
	entry->before = chain->last;
	entry->len = len;
	memcpy(entry->data, data, len);
	taken->list = arena_grow(taken->list, &taken->room, taken->len + 1, sizeof(struct taken *));
	taken->list[taken->len++] = entry;
	return entry;
}

enum journal_result store_commit(const char *account, uint64_t epoch, uint64_t position, const void *data, size_t len,
                                 usec_t now) {
	store_expire(now);
	struct store_chain *chain = store_chain(account);
	if (!owns(chain, epoch)) {
		return JOURNAL_REFUSED;
	}
	if (position != chain->head + 1) {
		return JOURNAL_REFUSED;
	}
	store->revision++;
	chain->entries = arena_grow(chain->entries, &chain->room, (size_t)position, sizeof(struct taken *));
	chain->last = chain->entries[position - 1] = take(chain, epoch, position, data, len, now);
	chain->head = position;
	return JOURNAL_DONE;
}

enum journal_result store_defer(const char *account, uint64_t epoch, usec_t until, usec_t now) {
	store_expire(now);
	struct store_chain *chain = store_chain(account);
	if (!owns(chain, epoch)) {
		return JOURNAL_REFUSED;
	}
	store->revision++;
	chain->until = until;
	return JOURNAL_DONE;
}

enum journal_result store_trim(const char *account, uint64_t epoch, uint64_t from, uint64_t until, usec_t now) {
	store_expire(now);
	struct store_chain *chain = store_chain(account);
	if (!owns(chain, epoch)) {
		return JOURNAL_REFUSED;
	}
	store->revision++;
	for (uint64_t position = from > 0 ? from : 1; position <= until && position <= chain->head; position++) {
		struct taken *entry = chain->entries[position - 1];
		if (entry) {
			entry->trimmed = true;
			chain->entries[position - 1] = NULL;
		}
	}
	return JOURNAL_DONE;
}

/* Backups */

/* The entries themselves never change: both may refer to the same. */
static struct store *copy_of(const struct store *from) {
	struct store *copy = arena_new(sizeof(*copy));
	*copy = *from;
	for (size_t i = 0; i < copy->chain_count; i++) {
		struct store_chain *chain = &copy->chains[i];
		chain->entries = NULL;
		chain->room = 0;
		chain->entries = arena_grow(NULL, &chain->room, (size_t)chain->head, sizeof(struct taken *));
		if (chain->head > 0) {
			memcpy(chain->entries, from->chains[i].entries, (size_t)chain->head * sizeof(struct taken *));
		}
	}
	for (size_t i = 0; i < copy->lease_len; i++) {
		struct store_lease *lease = &copy->leases[i];
		if (lease->value) {
			lease->value = arena_new(lease->value_size);
			memcpy(lease->value, from->leases[i].value, lease->value_size);
		}
	}
	return copy;
}

/* Numbers of leases are not given again, as etcd makes them of the time; those of revisions are. */
static void become(const struct store *other) {
	const struct store old = *store;
	*store = *other;
	store->generation = old.generation + 1;
	store->leases_given = old.leases_given;
	store->halted = old.halted;
	store->backup = old.backup;
}

void store_save(void) {
	store->backup = copy_of(store);
}

void store_restore(usec_t now) {
	if (!store->backup) {
		store_wipe();
		return;
	}
	become(copy_of(store->backup));
	/* What was trimmed since is there again. */
	for (size_t i = 0; i < store->chain_count; i++) {
		for (uint64_t position = 1; position <= store->chains[i].head; position++) {
			if (store->chains[i].entries[position - 1]) {
				store->chains[i].entries[position - 1]->trimmed = false;
			}
		}
	}
	begin_leases(now);
}

void store_wipe(void) {
	become(&(struct store){.cluster = store->cluster + 1, .revision = 1});
}
