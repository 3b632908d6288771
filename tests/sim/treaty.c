// SPDX-License-Identifier: ISC

#include "treaty.h"

#include "arena.h"
#include "journal/entry.h"
#include "ledger.h"
#include "node.h"
#include "plan.h"
#include "record-text.h"
#include "setup.h"
#include "world.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

/* The daemon looks at its clock a little before it asks. */
#define SLACK (2 * USEC_PER_MSEC)

/* What is as old as may be removed was made some time before it was taken. */
#define MADE_BEFORE (10 * USEC_PER_MIN)

/** What a node knows of an account: as far as it can, by the answers that have reached it. */
struct office {
	bool owned;
	uint64_t epoch;
	usec_t granted;  /* true time, as far as known: the claim was carried out by then, */
	usec_t learned;  /* and the node knows since then */
	usec_t let_go;   /* when it asked to have it released */
	uint64_t head;   /* of the chain when it was granted */
	int requests;    /* since */
	uint64_t bound;  /* at the last look, what all that are there had announced; 0 if one had nothing */
};

struct oath {
	int life;
	int64_t lease;
	usec_t renewed, length; /* its clock, when that was sent */
	struct office offices[SETUP_ACCOUNTS];
	/* When what the last good answer of each device answers was asked; true time. */
	usec_t asked[SERIES_MAX];
};

static struct treaty {
	struct oath oaths[NODES_MAX];
	uint64_t durable[NODES_MAX][SETUP_ACCOUNTS]; /* the last entry of which a line is in the synced log */
	uint64_t most_head[SETUP_ACCOUNTS];          /* of any time */
} *treaty;

void treaty_init(void) {
	treaty = arena_new(sizeof(*treaty));
}

static struct oath *oath_of(const struct node *who) {
	struct oath *oath = &treaty->oaths[who->number];
	if (oath->life != who->life) {
		*oath = (struct oath){.life = who->life};
	}
	return oath;
}

/* -1: none of the setup's. */
static int number_of(const char *account) {
	int number = account[0] == 'a' ? atoi(account + 1) : -1;
	return number < SETUP_ACCOUNTS ? number : -1;
}

/* What is sent */

/* Each line of an entry, but a gap's, is made of an answer to what was asked in this epoch. */
static void check_line(const char *text, size_t len, const struct letter *letter, const struct office *office) {
	struct line line = {0};
	if (!record_text_json(text, len, &line)) {
		world_violation("entry: expected a record without a number in entry %llu of %s, but it is: %.*s",
		                (unsigned long long)letter->from, letter->account, (int)(len < 900 ? len : 900), text);
		return;
	}
	const struct series *series = ledger_series(line.uuid, line.granularity);
	usec_t asked = treaty->oaths[node->number].asked[series - ledger->series];
	if (line.status != LINE_GAP && asked < office->granted) {
		world_violation("epoch: expected nothing in entry %llu of %s, epoch %llu, that was asked for before %s, when "
		                "it was claimed, but %s was at %s", (unsigned long long)letter->from, letter->account,
		                (unsigned long long)letter->epoch, world_time(office->granted), line.uuid, world_time(asked));
	}
}

static void check_lines(const struct buf *text, const struct letter *letter, const struct office *office) {
	const char *at = buf_text(text), *all = at + text->len;
	for (const char *end; at < all; at = end + 1) {
		end = memchr(at, '\n', (size_t)(all - at));
		if (!end) {
			world_violation("entry: expected whole lines in entry %llu of %s, but the last is torn",
			                (unsigned long long)letter->from, letter->account);
			return;
		}
		check_line(at, (size_t)(end - at), letter, office);
	}
}

static void check_entry(const struct letter *letter, const struct office *office) {
	struct buf text;
	struct error err;
	enum entry_kind kind;
	buf_init(&text, ENTRY_TEXT_MAX);
	int r = entry_unpack(letter->account, letter->from, letter->data, letter->len, &kind, &text, &err);
	if (r < 0) {
		world_violation("entry: expected one that can be read at %llu of %s, but error %d came: %s",
		                (unsigned long long)letter->from, letter->account, -r, err.text);
	} else if ((kind == ENTRY_SNAPSHOT) != (letter->from == 1)) {
		world_violation("entry: expected a snapshot at position 1 alone, but %s came at %llu of %s",
		                kind == ENTRY_SNAPSHOT ? "one" : "none", (unsigned long long)letter->from, letter->account);
	} else if (kind == ENTRY_LINES) {
		check_lines(&text, letter, office);
	}
	buf_done(&text);
}

static void check_commit(const struct letter *letter, const struct office *office) {
	if (office->epoch != letter->epoch) {
		world_violation("owner: expected %s to put an entry of %s in the epoch that it knows, %llu, but it is %llu",
		                node->name, letter->account, (unsigned long long)office->epoch,
		                (unsigned long long)letter->epoch);
	}
	check_entry(letter, office);
}

/* What a node that is there lacks stays as long as was promised.  A clock that is off may think otherwise. */
static void check_trim(const struct letter *letter, uint64_t bound) {
	const struct store_chain *chain = store_chain(letter->account);
	for (uint64_t position = bound + 1; position <= letter->until && position <= chain->head; position++) {
		const struct taken *entry = chain->entries[position - 1];
		if (entry && entry->at > world->now - plan->retention + MADE_BEFORE && node->wall_offset == 0) {
			world_violation("trimming: expected entry %llu of %s to stay, for a node that is there has those up to %llu "
			                "alone, but %s removes those up to %llu", (unsigned long long)position, letter->account,
			                (unsigned long long)bound, node->name, (unsigned long long)letter->until);
		}
	}
}

void treaty_sent(const struct letter *letter) {
	struct oath *oath = oath_of(node);
	int number = number_of(letter->account);
	if (letter->verb == JOURNAL_REVOKE) {
		oath->lease = 0;
	}
	for (int i = 0; i < SETUP_ACCOUNTS; i++) {
		struct office *office = &oath->offices[i];
		if (letter->verb == JOURNAL_REVOKE || (letter->verb == JOURNAL_RELEASE && i == number)) {
			office->owned = false;
			office->let_go = world->now;
		}
	}
	if (letter->verb == JOURNAL_COMMIT && number >= 0) {
		check_commit(letter, &oath->offices[number]);
	} else if (letter->verb == JOURNAL_TRIM && number >= 0) {
		check_trim(letter, oath->offices[number].bound);
	}
}

/* What the store does */

static void check_taken(const struct letter *letter) {
	const struct taken *entry = taken->list[taken->len - 1], *before = entry->before;
	const struct store_chain *chain = store_chain(letter->account);
	uint64_t expected = before ? before->position + 1 : 1;
	int number = number_of(letter->account);
	if (entry->position != expected || chain->head != entry->position) {
		world_violation("chain: expected entry %llu of %s next, but %llu was taken, and the head is %llu",
		                (unsigned long long)expected, letter->account, (unsigned long long)entry->position,
		                (unsigned long long)chain->head);
	}
	if (entry->epoch != chain->epoch) {
		world_violation("chain: expected entry %llu of %s from its owner in epoch %llu, but it is from epoch %llu",
		                (unsigned long long)entry->position, letter->account, (unsigned long long)chain->epoch,
		                (unsigned long long)entry->epoch);
	}
	if (before && before->generation == entry->generation && before->epoch > entry->epoch) {
		world_violation("chain: expected epochs of %s never to fall, but entry %llu is of %llu, the one before of %llu",
		                letter->account, (unsigned long long)entry->position, (unsigned long long)entry->epoch,
		                (unsigned long long)before->epoch);
	}
	if (number >= 0 && entry->position > treaty->most_head[number]) {
		treaty->most_head[number] = entry->position;
	}
}

void treaty_carried_out(const struct letter *letter) {
	if (letter->result == JOURNAL_DONE && letter->verb == JOURNAL_COMMIT) {
		check_taken(letter);
	}
	if (letter->result == JOURNAL_DONE && letter->verb == JOURNAL_CLAIM && number_of(letter->account) >= 0) {
		/* The sender may never hear of it; what counts is what was there when it was granted. */
		struct oath *oath = &treaty->oaths[letter->node];
		oath->offices[number_of(letter->account)].head = store_chain(letter->account)->head;
	}
}

/* What a node comes to know */

static void own(struct office *office, uint64_t epoch, usec_t granted) {
	*office = (struct office){
		.owned = true,
		.epoch = epoch,
		.granted = granted,
		.learned = world->now,
		.let_go = office->let_go,
		.head = office->head,
		.bound = office->bound,
	};
}

/* The JSON of what the node at that place of a view has announced; most looks bring what the one before brought. */
static json_object *announced_by(const struct journal_view *view, size_t i) {
	static struct {
		char *text;
		json_object *value;
	} last[STORE_LEASES];
	if (!last[i].text || strcmp(last[i].text, view->nodes[i].value) != 0) {
		free(last[i].text);
		json_object_put(last[i].value);
		last[i].text = strdup(view->nodes[i].value);
		last[i].value = json_tokener_parse(view->nodes[i].value);
	}
	return last[i].value;
}

/* What all that are there have announced; nodes whose text says nothing of it have nothing. */
static uint64_t bound_of(const struct journal_view *view, const char *account) {
	uint64_t bound = UINT64_MAX;
	for (size_t i = 0; i < view->node_count; i++) {
		json_object *positions = NULL, *position = NULL;
		uint64_t announced = json_object_object_get_ex(announced_by(view, i), "positions", &positions) &&
		                     json_object_object_get_ex(positions, account, &position)
		                     ? (uint64_t)json_object_get_int64(position) : 0;
		bound = announced < bound ? announced : bound;
	}
	return bound;
}

/* A look tells of an ownership that a claim without an answer has brought, and of one that is over. */
static void learn_of(struct oath *oath, const struct letter *letter, const struct journal_chain *chain) {
	int number = number_of(chain->account);
	if (number < 0) {
		return;
	}
	struct office *office = &oath->offices[number];
	bool is_mine = chain->epoch > 0 && chain->lease == oath->lease && strcmp(chain->owner, node->name) == 0;
	office->bound = bound_of(letter->view, chain->account);
	if (office->owned && chain->epoch != office->epoch && letter->carried_out > office->granted) {
		office->owned = false;
	}
	if (is_mine && !office->owned && letter->sent > office->let_go) {
		own(office, chain->epoch, letter->carried_out);
		office->head = chain->head;
	}
}

static void learn_view(struct oath *oath, const struct letter *letter) {
	for (size_t i = 0; i < letter->view->chain_count; i++) {
		learn_of(oath, letter, &letter->view->chains[i]);
	}
}

static void learn_lease(struct oath *oath, const struct letter *letter) {
	if (letter->verb == JOURNAL_GRANT && letter->result == JOURNAL_DONE) {
		oath->lease = letter->new_lease;
		oath->renewed = letter->sent_boot;
		oath->length = (letter->time + USEC_PER_SEC - 1) / USEC_PER_SEC * USEC_PER_SEC;
		return;
	}
	if (letter->verb != JOURNAL_RENEW || letter->lease != oath->lease) {
		return;
	}
	if (letter->result == JOURNAL_DONE && letter->sent_boot > oath->renewed) {
		oath->renewed = letter->sent_boot;
	} else if (letter->result == JOURNAL_REFUSED) {
		oath->lease = 0;
		for (int i = 0; i < SETUP_ACCOUNTS; i++) {
			oath->offices[i].owned = false;
		}
	}
}

void treaty_received(const struct letter *letter) {
	struct oath *oath = oath_of(node);
	int number = number_of(letter->account);
	learn_lease(oath, letter);
	if (letter->verb == JOURNAL_LOOK && letter->result == JOURNAL_DONE) {
		learn_view(oath, letter);
	}
	if (letter->verb == JOURNAL_CLAIM && letter->result == JOURNAL_DONE && number >= 0 && letter->lease == oath->lease &&
	    letter->sent > oath->offices[number].let_go) {
		own(&oath->offices[number], letter->new_epoch, letter->carried_out);
	}
}

/* Requests to Rhombus */

static void check_deadline(const struct oath *oath, int account) {
	usec_t deadline = oath->renewed + oath->length / 3 * 2 + SLACK;
	if (world_monotonic() > deadline) {
		world_violation("deadline: expected %s to ask for a%d no longer than two thirds of the lease, but it asks "
		                "%lld us later", node->name, account, (long long)(world_monotonic() - deadline));
	}
}

/* It begins with no token, whatever rate is configured. */
static void check_tokens(const struct office *office, const struct asked *asked) {
	usec_t gap = USEC_INFINITY;
	for (int version = 0; version <= setups->current; version++) {
		usec_t other = setups->versions[version].accounts[asked->account].gap;
		gap = other > 0 && other < gap ? other : gap;
	}
	int64_t most = (world->now - office->learned + SLACK) / gap + 1;
	if (office->requests > most) {
		world_violation("takeover: expected at most %lld requests of a%d %lld us after %s has claimed it, but this is "
		                "number %d", (long long)most, asked->account, (long long)(world->now - office->learned),
		                node->name, office->requests);
	}
}

void treaty_request(const struct asked *asked) {
	struct oath *oath = oath_of(node);
	struct office *office = &oath->offices[asked->account];
	if (!office->owned) {
		world_violation("owner: expected no request of %s for a%d, which it does not own, but one came", node->name,
		                asked->account);
		return;
	}
	check_deadline(oath, asked->account);
	office->requests++;
	check_tokens(office, asked);
	uint64_t has = treaty->durable[node->number][asked->account];
	if (has < office->head && office->head > 1) {
		world_violation("reading up: expected entries of a%d up to %llu in the log of %s before it asks, but it has "
		                "those up to %llu", asked->account, (unsigned long long)office->head, node->name,
		                (unsigned long long)has);
	}
}

void treaty_reply(const struct asked *asked, usec_t sent) {
	const struct series *series = ledger_series(asked->uuid, asked->granularity);
	oath_of(node)->asked[series - ledger->series] = sent;
}

/* The disk */

static bool is_csv(const struct inode *inode) {
	return inode->size >= 5 && memcmp(inode->data, "time,", 5) == 0;
}

static void hold(const char *text, size_t len, bool csv) {
	int account;
	uint64_t entry;
	if (len == 0 || !record_text_origin(text, len, csv, &account, &entry) || entry == 0) {
		return;
	}
	uint64_t *durable = &treaty->durable[node->number][account];
	*durable = entry > *durable ? entry : *durable;
	if (entry > treaty->most_head[account]) {
		world_violation("order: expected no line of a%d in the log of %s beyond the head, %llu, but there is one of %llu",
		                account, node->name, (unsigned long long)treaty->most_head[account],
		                (unsigned long long)entry);
	}
}

/* Of what a failed sync has dropped nothing is there. */
void treaty_synced(struct inode *inode) {
	bool csv = is_csv(inode);
	if (!nodes->cluster || inode->size == 0 || inode->lost_to > inode->lost_from || (!csv && inode->data[0] != '{')) {
		return;
	}
	const char *at = inode->data + (inode->seen < inode->size ? inode->seen : 0), *all = inode->data + inode->size;
	for (const char *end; at < all && (end = memchr(at, '\n', (size_t)(all - at))); at = end + 1) {
		hold(at, (size_t)(end - at), csv);
	}
	inode->seen = (size_t)(at - inode->data);
}

static const char account_word[] = "\naccount a";

void treaty_checkpoint(void) {
	const struct inode *inode = disk_look_up(&disk->state.now, "checkpoint");
	if (!nodes->cluster || !inode || inode->size == 0) {
		return;
	}
	const char *at = inode->data, *all = at + inode->size;
	while ((at = memmem(at, (size_t)(all - at), account_word, sizeof(account_word) - 1))) {
		char *end;
		at += sizeof(account_word) - 1;
		unsigned long account = strtoul(at, &end, 10);
		uint64_t entry = strtoull(end, &end, 10), lines = strtoull(end, &end, 10);
		uint64_t needed = lines > 0 ? entry + 1 : entry;
		uint64_t has = account < SETUP_ACCOUNTS ? treaty->durable[node->number][account] : 0;
		if (needed > 1 && needed > has) {
			world_violation("order: expected the checkpoint of %s to hold no more of a%lu than its log, which has "
			                "entries up to %llu on the disk, but it says %llu and %llu lines", node->name, account,
			                (unsigned long long)has, (unsigned long long)entry, (unsigned long long)lines);
		}
	}
}

/* The end */

/* What was taken is there as it was, but for what was trimmed and what the plan took back. */
void treaty_end(void) {
	for (size_t i = 0; i < taken->len; i++) {
		const struct taken *entry = taken->list[i];
		const struct store_chain *chain = store_chain(entry->account);
		const struct taken *there = entry->position <= chain->head ? chain->entries[entry->position - 1] : NULL;
		if (entry->generation == store->generation && there != entry && !entry->trimmed) {
			world_violation("chain: expected entry %llu of %s to stay as it is, but it is %s",
			                (unsigned long long)entry->position, entry->account, there ? "another" : "gone");
		}
	}
}
