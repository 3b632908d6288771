// SPDX-License-Identifier: ISC

#include "journal/etcdview.h"

#include "base/scan.h"
#include "base/text.h"
#include "journal/etcdask.h"
#include "journal/etcdkey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SHOWN = 200 };

/* A key of the answer, with what is in it. */
struct mention {
	const struct etcdanswer_pair *pair;
	enum etcdkey_folder folder;
	const char *name;
	size_t name_at; /* in the names; name is set when all of them are there */
	uint64_t number;
};

struct mentions {
	struct mention *list;
	size_t count;
};

void etcdview_done(struct etcdview *view) {
	if (view) {
		free(view->chains);
		free(view->nodes);
		free(view->entries);
		buf_done(&view->names);
		*view = (struct etcdview){0};
	}
}

static int out_of_memory(struct error *err) {
	return error_set(err, ENOMEM, "out of memory");
}

static int foreign(const struct etcdanswer_pair *pair, struct error *err) {
	char shown[KEY_SHOWN];
	return error_set(err, EBADMSG, "holds a key that is not occupancyd's, or is damaged: %s",
	                 text_escape(shown, sizeof(shown), pair->key, pair->key_len));
}

static bool take_number(const struct etcdanswer_pair *pair, uint64_t max, uint64_t *ret) {
	struct scan scan = {.at = pair->value, .end = pair->value + pair->value_len};
	return scan_unsigned(&scan, max, ret) && scan.at == scan.end;
}

/* Mentions */

/* There is room in the list. */
static int mention_range(struct mentions *mentions, const struct etcdanswer_range *range, enum etcdkey_folder folder,
                         const char *cluster, struct buf *names, struct error *err) {
	for (size_t i = 0; i < range->count; i++) {
		const struct etcdanswer_pair *pair = &range->pairs[i];
		struct mention *mention = &mentions->list[mentions->count++];
		*mention = (struct mention){.pair = pair, .folder = folder, .name_at = names->len};
		if (!etcdkey_take(pair->key, pair->key_len, cluster, folder, names, &mention->number)) {
			return buf_error(names) < 0 ? out_of_memory(err) : foreign(pair, err);
		}
	}
	return buf_error(names) < 0 ? out_of_memory(err) : 0;
}

/* By name, then by number. */
static int compare(const void *a, const void *b) {
	const struct mention *one = a, *other = b;
	int order = strcmp(one->name, other->name);
	return order != 0 ? order : one->number < other->number ? -1 : one->number > other->number;
}

static void mentions_sort(struct mentions *mentions, const struct buf *names) {
	for (size_t i = 0; i < mentions->count; i++) {
		mentions->list[i].name = buf_text(names) + mentions->list[i].name_at;
	}
	if (mentions->count > 1) {
		qsort(mentions->list, mentions->count, sizeof(*mentions->list), compare);
	}
}

/* The view */

/* What one key says of its account. */
static int chain_learn(struct journal_chain *chain, const struct mention *mention, struct error *err) {
	const struct etcdanswer_pair *pair = mention->pair;
	uint64_t number = 0;
	bool good = true;
	switch (mention->folder) {
	case ETCDKEY_OWNER:
		chain->owner = pair->value;
		chain->epoch = pair->created;
		chain->lease = pair->lease;
		good = pair->lease > 0 && pair->value_len > 0 && strlen(pair->value) == pair->value_len;
		break;
	case ETCDKEY_HEAD:
		good = take_number(pair, UINT64_MAX - 1, &chain->head) && chain->head > 0;
		break;
	default:
		good = take_number(pair, INT64_MAX, &number);
		chain->until = (usec_t)number;
	}
	return good ? 0 : foreign(pair, err);
}

static int make_chains(struct etcdview *view, const struct mentions *mentions, struct error *err) {
	view->chains = calloc(mentions->count + 1, sizeof(*view->chains));
	if (!view->chains) {
		return out_of_memory(err);
	}
	for (size_t i = 0; i < mentions->count; i++) {
		const struct mention *mention = &mentions->list[i];
		if (i == 0 || strcmp(mention->name, mentions->list[i - 1].name) != 0) {
			view->chains[view->chain_count++].account = mention->name;
		}
		int r = chain_learn(&view->chains[view->chain_count - 1], mention, err);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int make_nodes(struct etcdview *view, const struct mentions *mentions, struct error *err) {
	view->nodes = calloc(mentions->count + 1, sizeof(*view->nodes));
	if (!view->nodes) {
		return out_of_memory(err);
	}
	for (size_t i = 0; i < mentions->count; i++) {
		const struct mention *mention = &mentions->list[i];
		const struct etcdanswer_pair *pair = mention->pair;
		if (pair->lease <= 0 || (uint64_t)pair->lease != mention->number || strlen(pair->value) != pair->value_len) {
			return foreign(pair, err);
		}
		view->nodes[view->node_count++] =
			(struct journal_node){.name = mention->name, .lease = pair->lease, .value = pair->value};
	}
	return 0;
}

/* The ranges that etcdask_look() asks for. */
enum { OWNERS, HEADS, UNTILS, NODES, RANGES };

static int look(struct etcdview *view, const struct etcdanswer *answer, const char *cluster, struct mentions *accounts,
                struct mentions *nodes, struct error *err) {
	static const enum etcdkey_folder folders[RANGES] = {ETCDKEY_OWNER, ETCDKEY_HEAD, ETCDKEY_UNTIL, ETCDKEY_NODE};
	for (size_t i = 0; i < RANGES; i++) {
		int r = mention_range(i == NODES ? nodes : accounts, &answer->ranges[i], folders[i], cluster, &view->names, err);
		if (r < 0) {
			return r;
		}
	}
	mentions_sort(accounts, &view->names);
	mentions_sort(nodes, &view->names);
	int r = make_chains(view, accounts, err);
	return r < 0 ? r : make_nodes(view, nodes, err);
}

static int check_look(const struct etcdanswer *answer, struct error *err) {
	if (!answer->succeeded || answer->range_count != RANGES) {
		return error_set(err, EBADMSG, "did not answer what it was asked");
	}
	for (size_t i = 0; i < RANGES; i++) {
		if (answer->ranges[i].more || answer->ranges[i].count > ETCDASK_KEYS_MAX) {
			return error_set(err, EBADMSG, "holds more than %d accounts or nodes of this cluster", ETCDASK_KEYS_MAX);
		}
	}
	return 0;
}

int etcdview_look(struct etcdview *view, const struct etcdanswer *answer, const char *cluster,
                  struct journal_view *ret_view, struct error *err) {
	buf_init(&view->names, BUF_ANY);
	int r = check_look(answer, err);
	if (r < 0) {
		return r;
	}
	struct mentions accounts = {.list = calloc(answer->pair_count + 1, sizeof(struct mention))};
	struct mentions nodes = {.list = calloc(answer->pair_count + 1, sizeof(struct mention))};
	r = accounts.list && nodes.list ? look(view, answer, cluster, &accounts, &nodes, err) : out_of_memory(err);
	free(accounts.list);
	free(nodes.list);
	if (r == 0) {
		*ret_view = (struct journal_view){
			.chains = view->chains,
			.chain_count = view->chain_count,
			.nodes = view->nodes,
			.node_count = view->node_count,
			.cluster = answer->cluster,
		};
	}
	return r;
}

/* Entries */

/* The ranges that etcdask_read() asks for. */
enum { HEAD, LOG, READ_RANGES };

static int take_entry(struct etcdview *view, const struct etcdanswer_pair *pair, const char *cluster,
                      const char *account, struct error *err) {
	uint64_t position = 0, last = view->entry_count > 0 ? view->entries[view->entry_count - 1].position : 0;
	buf_clear(&view->names);
	if (!etcdkey_take(pair->key, pair->key_len, cluster, ETCDKEY_LOG, &view->names, &position) ||
	    buf_error(&view->names) < 0) {
		return buf_error(&view->names) < 0 ? out_of_memory(err) : foreign(pair, err);
	}
	/* Dense: they are removed from the beginning alone. */
	if (strcmp(buf_text(&view->names), account) != 0 || position == 0 || (last > 0 && position != last + 1)) {
		return foreign(pair, err);
	}
	view->entries[view->entry_count++] =
		(struct journal_entry){.position = position, .data = pair->value, .len = pair->value_len};
	return 0;
}

int etcdview_read(struct etcdview *view, const struct etcdanswer *answer, const char *cluster, const char *account,
                  uint64_t *ret_head, struct error *err) {
	buf_init(&view->names, BUF_ANY);
	if (!answer->succeeded || answer->range_count != READ_RANGES || answer->ranges[HEAD].count > 1) {
		return error_set(err, EBADMSG, "did not answer what it was asked");
	}
	const struct etcdanswer_range *head = &answer->ranges[HEAD], *log = &answer->ranges[LOG];
	*ret_head = 0;
	if (head->count > 0 && !take_number(head->pairs, UINT64_MAX - 1, ret_head)) {
		return foreign(head->pairs, err);
	}
	view->entries = calloc(log->count + 1, sizeof(*view->entries));
	if (!view->entries) {
		return out_of_memory(err);
	}
	for (size_t i = 0; i < log->count; i++) {
		int r = take_entry(view, &log->pairs[i], cluster, account, err);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}
