// SPDX-License-Identifier: ISC

#include "mail.h"

#include "arena.h"
#include "dice.h"
#include "node.h"
#include "treaty.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

/* What lurks arrives within that. */
#define LATEST (2 * USEC_PER_MIN)

/* Entries of one answer, in bytes, but for the first. */
#define ENTRIES_BYTES ((size_t)1 << 20)

static struct mail {
	struct dice dice;
	struct letter *first;
	uint64_t journals;
	bool no_quorum; /* as the store knows it */
} *mail;

static const char *const verb_names[] = {
	[JOURNAL_LOOK] = "look",
	[JOURNAL_READ] = "read",
	[JOURNAL_GRANT] = "grant",
	[JOURNAL_RENEW] = "renew",
	[JOURNAL_REVOKE] = "revoke",
	[JOURNAL_ANNOUNCE] = "announce",
	[JOURNAL_CLAIM] = "claim",
	[JOURNAL_RELEASE] = "release",
	[JOURNAL_COMMIT] = "commit",
	[JOURNAL_DEFER] = "defer",
	[JOURNAL_TRIM] = "trim",
};

static const char *const result_names[] = {
	[JOURNAL_DONE] = "done",
	[JOURNAL_REFUSED] = "refused",
	[JOURNAL_FAILED] = "failed",
	[JOURNAL_UNKNOWN] = "unknown",
};

const char *mail_verb_name(enum journal_verb verb) {
	return verb_names[verb];
}

const char *mail_result_name(enum journal_result result) {
	return result_names[result];
}

void mail_init(uint64_t seed) {
	mail = arena_new(sizeof(*mail));
	mail->dice = dice_of(seed, 21);
}

uint64_t mail_subscribe(void) {
	return ++mail->journals;
}

/* Views */

static size_t text_size(const char *text) {
	return text ? strlen(text) + 1 : 0;
}

size_t mail_view_size(const struct journal_view *view) {
	size_t size = sizeof(*view) + view->chain_count * sizeof(*view->chains) + view->node_count * sizeof(*view->nodes);
	for (size_t i = 0; i < view->chain_count; i++) {
		size += text_size(view->chains[i].account) + text_size(view->chains[i].owner);
	}
	for (size_t i = 0; i < view->node_count; i++) {
		size += text_size(view->nodes[i].name) + text_size(view->nodes[i].value);
	}
	return size;
}

static const char *copy_text(char **to, const char *text) {
	const char *copy = *to;
	if (!text) {
		return NULL;
	}
	memcpy(*to, text, text_size(text));
	*to += text_size(text);
	return copy;
}

struct journal_view *mail_view_copy(void *memory, const struct journal_view *view) {
	struct journal_view *copy = memory;
	struct journal_chain *chains = (void *)(copy + 1);
	struct journal_node *view_nodes = (void *)(chains + view->chain_count);
	char *text = (void *)(view_nodes + view->node_count);

	*copy = *view;
	copy->chains = chains;
	copy->nodes = view_nodes;
	for (size_t i = 0; i < view->chain_count; i++) {
		chains[i] = view->chains[i];
		chains[i].account = copy_text(&text, chains[i].account);
		chains[i].owner = copy_text(&text, chains[i].owner);
	}
	for (size_t i = 0; i < view->node_count; i++) {
		view_nodes[i] = view->nodes[i];
		view_nodes[i].name = copy_text(&text, view_nodes[i].name);
		view_nodes[i].value = copy_text(&text, view_nodes[i].value);
	}
	return copy;
}

/* Sending */

static usec_t some_way(void) {
	return 100 + dice_below(&mail->dice, weather->latency > 0 ? weather->latency : 1);
}

static void link_letter(const struct letter *from, struct letter **ret) {
	struct letter *letter = arena_new(sizeof(*letter));
	*letter = *from;
	letter->next = mail->first;
	mail->first = letter;
	*ret = letter;
}

/* It did not even leave: that is known soon. */
static void fail(struct letter *letter, const char *error) {
	letter->state = LETTER_BACK;
	letter->result = JOURNAL_FAILED;
	letter->error = error;
	letter->returns = world->now + some_way();
}

static void give_up(struct letter *letter) {
	letter->state = LETTER_BACK;
	letter->returns = USEC_INFINITY;
}

void mail_send(const struct letter *model) {
	struct letter *letter;
	link_letter(model, &letter);
	letter->node = node->number;
	letter->life = node->life;
	letter->sent = world->now;
	letter->sent_boot = world_monotonic();
	letter->expires = letter->sent + letter->timeout;
	letter->arrives = letter->sent + some_way();
	letter->returns = USEC_INFINITY;
	if (letter->len > 0) {
		letter->data = arena_new(letter->len);
		memcpy(letter->data, model->data, letter->len);
	}
	if (dice_permille(&mail->dice, weather->permille_late)) {
		letter->lurks = letter->account[0] && dice_permille(&mail->dice, 300);
		letter->arrives += letter->lurks ? LATEST : dice_below(&mail->dice, 3 * letter->timeout);
	}
	if (node->asks_lost) {
		if (dice_permille(&mail->dice, 500)) {
			fail(letter, "store: cannot connect: the simulation's network is down");
		} else {
			give_up(letter);
		}
	}
	world_note("letter of %s: %s %s epoch %llu from %llu until %llu", node->name, verb_names[letter->verb],
	           letter->account, (unsigned long long)letter->epoch, (unsigned long long)letter->from,
	           (unsigned long long)letter->until);
	treaty_sent(letter);
}

/* Carrying out */

static void look(struct letter *letter) {
	struct journal_chain chains[STORE_CHAINS];
	struct journal_node view_nodes[STORE_LEASES];
	struct journal_view view = store_look(world->now, chains, view_nodes);
	letter->view_size = mail_view_size(&view);
	letter->view = mail_view_copy(arena_new(letter->view_size), &view);
	letter->result = JOURNAL_DONE;
}

/* Sometimes there is room for fewer than were asked for. */
static void read_entries(struct letter *letter) {
	size_t count = letter->count;
	if (count > 1 && dice_permille(&mail->dice, 300)) {
		count = (size_t)dice_between(&mail->dice, 1, (int64_t)(count < 20 ? count : 20));
	}
	letter->entry_room = count;
	letter->entries = arena_new(count * sizeof(const struct taken *));
	letter->entry_count = store_read(letter->account, letter->from, letter->until, count, ENTRIES_BYTES, letter->entries,
	                                 &letter->more);
	letter->result = JOURNAL_DONE;
}

static enum journal_result ask_store(struct letter *letter) {
	switch (letter->verb) {
	case JOURNAL_GRANT:
		letter->new_lease = store_grant(nodes->all[letter->node].name, letter->time, world->now);
		return JOURNAL_DONE;
	case JOURNAL_RENEW:
		return store_renew(letter->lease, world->now);
	case JOURNAL_REVOKE:
		return store_revoke(letter->lease, world->now);
	case JOURNAL_ANNOUNCE:
		return store_announce(letter->lease, letter->data, world->now);
	case JOURNAL_CLAIM:
		return store_claim(letter->account, nodes->all[letter->node].name, letter->lease, world->now,
		                   &letter->new_epoch);
	case JOURNAL_RELEASE:
		return store_release(letter->account, letter->epoch, world->now);
	case JOURNAL_COMMIT:
		return store_commit(letter->account, letter->epoch, letter->from, letter->data, letter->len, world->now);
	case JOURNAL_DEFER:
		return store_defer(letter->account, letter->epoch, letter->time, world->now);
	case JOURNAL_TRIM:
		return store_trim(letter->account, letter->epoch, letter->from, letter->until, world->now);
	default:
		return JOURNAL_FAILED;
	}
}

/* As etcd's space alarm: only what needs no room is done. */
static bool needs_room(enum journal_verb verb) {
	return verb == JOURNAL_GRANT || verb == JOURNAL_ANNOUNCE || verb == JOURNAL_CLAIM || verb == JOURNAL_COMMIT ||
	       verb == JOURNAL_DEFER;
}

/* Without a leader: it is refused, or never done, or done once there is one again. */
static void meet_no_quorum(struct letter *letter) {
	switch (dice_below(&mail->dice, 3)) {
	case 0:
		fail(letter, "store: no leader");
		break;
	case 1:
		give_up(letter);
		break;
	default:
		letter->parked = true;
		letter->arrives = USEC_INFINITY;
		break;
	}
}

/* What lurks comes when it can do most harm: when the account has just been claimed. */
static void come_forth(const char *account) {
	for (struct letter *letter = mail->first; letter; letter = letter->next) {
		if (letter->lurks && letter->state == LETTER_OUT && !letter->parked && strcmp(letter->account, account) == 0) {
			letter->lurks = false;
			letter->arrives = world->now + some_way();
		}
	}
}

static void carry_out(struct letter *letter) {
	const struct node *sender = &nodes->all[letter->node];
	if (weather->no_quorum) {
		meet_no_quorum(letter);
		return;
	}
	if (weather->space_alarm && needs_room(letter->verb)) {
		fail(letter, "store: database space exceeded");
		return;
	}
	letter->state = LETTER_BACK;
	letter->carried_out = world->now;
	if (letter->verb == JOURNAL_LOOK) {
		look(letter);
	} else if (letter->verb == JOURNAL_READ) {
		read_entries(letter);
	} else {
		letter->result = ask_store(letter);
	}
	letter->returns = world->now + some_way();
	if (sender->answers_lost || dice_permille(&mail->dice, weather->permille_mute)) {
		letter->returns = USEC_INFINITY;
	}
	if (letter->verb != JOURNAL_LOOK) {
		world_note("store: %s %s %s epoch %llu from %llu until %llu: %s%s", sender->name, verb_names[letter->verb],
		           letter->account, (unsigned long long)letter->epoch, (unsigned long long)letter->from,
		           (unsigned long long)letter->until, result_names[letter->result],
		           letter->sent + letter->timeout < world->now ? ", late" : "");
	}
	treaty_carried_out(letter);
	if (letter->verb == JOURNAL_CLAIM && letter->result == JOURNAL_DONE) {
		come_forth(letter->account);
	}
}

/* What an account's owner reads of the weather: leases stand still without a quorum. */
static void follow_weather(void) {
	if (weather->no_quorum == mail->no_quorum) {
		return;
	}
	mail->no_quorum = weather->no_quorum;
	store_quorum(!weather->no_quorum, world->now);
	for (struct letter *letter = mail->first; letter && !weather->no_quorum; letter = letter->next) {
		if (letter->parked) {
			letter->parked = false;
			letter->arrives = world->now + dice_below(&mail->dice, 2 * USEC_PER_SEC);
		}
	}
}

/* Receiving */

static void free_letter(struct letter *letter) {
	arena_free(letter->data, letter->len);
	arena_free(letter->view, letter->view_size);
	arena_free(letter->entries, letter->entry_room * sizeof(const struct taken *));
	arena_free(letter, sizeof(*letter));
}

static void unlink_letter(struct letter *letter) {
	struct letter **link = &mail->first;
	while (*link != letter) {
		link = &(*link)->next;
	}
	*link = letter->next;
}

static usec_t earlier(usec_t a, usec_t b) {
	return a < b ? a : b;
}

/* When its sender hears of it: USEC_INFINITY if nobody waits. */
static usec_t due(const struct letter *letter) {
	return letter->journal == 0 ? USEC_INFINITY : earlier(letter->returns, letter->expires);
}

static bool is_over(const struct letter *letter) {
	return letter->journal == 0 && letter->state == LETTER_BACK;
}

/* Those who have died wait for nothing. */
static void forget_the_dead(void) {
	for (struct letter *letter = mail->first, *next; letter; letter = next) {
		const struct node *sender = &nodes->all[letter->node];
		next = letter->next;
		if (!sender->alive || sender->life != letter->life) {
			letter->journal = 0;
		}
		if (is_over(letter)) {
			unlink_letter(letter);
			free_letter(letter);
		}
	}
}

usec_t mail_next(void) {
	usec_t next = USEC_INFINITY;
	for (const struct letter *letter = mail ? mail->first : NULL; letter; letter = letter->next) {
		next = letter->state == LETTER_OUT ? earlier(next, letter->arrives) : next;
		next = letter->told ? next : earlier(next, due(letter));
	}
	return next;
}

/* The one that arrives first, of those that have. */
static struct letter *arrived(void) {
	struct letter *first = NULL;
	for (struct letter *letter = mail->first; letter; letter = letter->next) {
		if (letter->state == LETTER_OUT && letter->arrives <= world->now &&
		    (!first || letter->arrives < first->arrives)) {
			first = letter;
		}
	}
	return first;
}

void mail_fire(void) {
	follow_weather();
	forget_the_dead();
	for (struct letter *letter; (letter = arrived());) {
		carry_out(letter);
	}
	for (struct letter *letter = mail->first; letter; letter = letter->next) {
		if (!letter->told && due(letter) <= world->now) {
			letter->told = true;
			node_wake(&nodes->all[letter->node]);
		}
	}
}

/* What its sender gives up goes on without it, if it is still on its way. */
static struct letter *part(struct letter *letter) {
	struct letter *copy = arena_new(sizeof(*copy));
	*copy = *letter;
	copy->data = NULL;
	copy->len = 0;
	copy->view = NULL;
	copy->entries = NULL;
	copy->result = JOURNAL_UNKNOWN;
	copy->error = "store: no answer in time";
	letter->journal = 0;
	return copy;
}

struct letter *mail_receive(uint64_t journal) {
	struct letter *first = NULL;
	mail_fire();
	for (struct letter *letter = mail->first; letter; letter = letter->next) {
		if (letter->journal == journal && due(letter) <= world->now && (!first || due(letter) < due(first))) {
			first = letter;
		}
	}
	if (!first) {
		return NULL;
	}
	if (first->state == LETTER_BACK && first->returns <= first->expires) {
		unlink_letter(first);
	} else {
		first = part(first);
	}
	treaty_received(first);
	return first;
}

void mail_done(struct letter *letter) {
	free_letter(letter);
}

void mail_unsubscribe(uint64_t journal) {
	for (struct letter *letter = mail->first; letter; letter = letter->next) {
		if (letter->journal == journal) {
			letter->journal = 0;
		}
	}
}
