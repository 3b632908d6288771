// SPDX-License-Identifier: ISC

#include "node.h"

#include "arena.h"
#include "disk.h"
#include "ledger.h"
#include "os.h"
#include "plan.h"
#include "rules.h"
#include "world.h"

#include <errno.h>

/* A daemon that is woken goes on a little later. */
enum { WAKES_LATE = 50 };

struct nodes *nodes;
struct node *node;
struct weather *weather;

static struct {
	usec_t (*next)(void);
	void (*fire)(void);
} agenda;

void nodes_init(int count, bool cluster) {
	static const char *const names_of_nodes[NODES_MAX] = {"a", "b", "c"};
	nodes = arena_new(sizeof(*nodes));
	weather = arena_new(sizeof(*weather));
	nodes->count = count;
	nodes->cluster = cluster;
	for (int i = 0; i < count; i++) {
		nodes->all[i] = (struct node){.number = i, .name = names_of_nodes[i], .stop_asked = USEC_INFINITY};
		(void)sem_init(&nodes->all[i].turn, 1, 0);
	}
	node = &nodes->all[0];
}

struct node *node_enter(struct node *other) {
	struct node *before = node;
	node = other;
	disk = node->disk;
	os = node->os;
	ledger = node->ledger;
	return before;
}

void nodes_agenda(usec_t (*next)(void), void (*fire)(void)) {
	agenda.next = next;
	agenda.fire = fire;
}

void node_wake(struct node *other) {
	usec_t soon = world->now + WAKES_LATE;
	other->due = true;
	if (other->waits && soon < other->wake) {
		other->wake = soon;
	}
}

/* What happens by itself. */

static usec_t agenda_next(void) {
	return agenda.next ? agenda.next() : USEC_INFINITY;
}

static usec_t next_event(void) {
	usec_t planned = plan_next(), other = agenda_next();
	return planned < other ? planned : other;
}

/* It may have become later than that: the machine can have slept. */
static void happen(usec_t at) {
	struct node *before = node;
	world->now = at > world->now ? at : world->now;
	if (plan_next() <= world->now) {
		plan_fire();
	}
	if (agenda_next() <= world->now) {
		agenda.fire();
	}
	(void)node_enter(before);
}

/* Turns */

static usec_t wake_of(const struct node *other) {
	return other->wake > other->paused_until ? other->wake : other->paused_until;
}

/* NULL: none has another one. */
static struct node *next_up(void) {
	struct node *next = NULL;
	for (int i = 0; i < nodes->count; i++) {
		struct node *other = &nodes->all[i];
		if (!other->over && (!next || wake_of(other) < wake_of(next))) {
			next = other;
		}
	}
	return next;
}

static void wait_for_turn(void) {
	while (sem_wait(&node->turn) < 0 && errno == EINTR) {
	}
}

void node_pass(void) {
	struct node *next;
	while ((next = next_up()) && next_event() <= wake_of(next)) {
		happen(next_event());
	}
	if (!next) {
		return;
	}
	world->now = wake_of(next) > world->now ? wake_of(next) : world->now;
	if (nodes->count == 1 || (in_life && next == node)) {
		return;
	}
	(void)sem_post(&next->turn);
	if (in_life) {
		wait_for_turn();
	}
}

void node_begin(void) {
	if (nodes->count > 1) {
		wait_for_turn();
	} else if (node->life > 0) {
		node_pass();
	}
}

void node_sleep(usec_t duration, bool waits) {
	node->wake = world->now + (duration > 0 ? duration : 0);
	node->waits = waits;
	if (waits && node->due) {
		node_wake(node);
	}
	usec_t paused = node->paused_until;
	node_pass();
	if (node->paused_until > paused || paused > node->wake) {
		rules_resumed();
	}
	node->waits = false;
	node->due = node->due && !waits;
}
