// SPDX-License-Identifier: ISC

#include "daemon/look.h"

#include "base/log.h"
#include "daemon/lease.h"
#include "daemon/member.h"
#include "daemon/poller-private.h"

#include <stdio.h>
#include <string.h>

/* The store is looked at that often. */
#define LOOK_EVERY (1 * USEC_PER_SEC)

/* Shorter troubles with the store are not reported. */
#define TROUBLE_PATIENCE (3 * USEC_PER_SEC)

/*
 * A node that has a new lease finds what it announced before, until the old one ends.  A late renewal puts that off,
 * and a store without a majority, where no lease ends; and a process that was held up sees what was long ago, though
 * no longer than a lease.  What is there after that is another node's.
 */
#define TWIN_PATIENCE(length) (2 * (length) + 30 * USEC_PER_SEC)

/* The store */

static void reached(struct poller *poller) {
	struct member *member = poller->member;
	if (member->told_unreached) {
		char text[DURATION_STRING_SIZE];
		log_notice("the cluster can be reached again, after %s",
		           units_format_duration(text, poller->now - member->unreached, 0));
	}
	if (member->unreached != USEC_INFINITY) {
		member->settled = poller->now;
	}
	poller->changed = poller->changed || member->trouble[0];
	member->told_unreached = false;
	member->unreached = USEC_INFINITY;
	member->trouble[0] = '\0';
}

static void not_reached(struct poller *poller, const char *why) {
	struct member *member = poller->member;
	(void)snprintf(member->trouble, sizeof(member->trouble), "%s", why);
	if (member->unreached == USEC_INFINITY) {
		member->unreached = poller->now;
	}
	poller->changed = true;
	if (!member->told_unreached && poller->now - member->unreached >= TROUBLE_PATIENCE) {
		member->told_unreached = true;
		log_err("the cluster cannot be reached: %s; polling pauses when the lease runs out, and what is "
		        "missed is asked for later",
		        why);
	}
}

/* A store that is full answers looks, and takes nothing new. */
static bool is_written(enum journal_verb verb) {
	return verb == JOURNAL_COMMIT || verb == JOURNAL_ANNOUNCE || verb == JOURNAL_CLAIM || verb == JOURNAL_GRANT;
}

bool look_answered(struct poller *poller, const struct journal_reply *reply) {
	struct member *member = poller->member;
	if (reply->result == JOURNAL_DONE || reply->result == JOURNAL_REFUSED) {
		if (reply->result == JOURNAL_DONE && is_written(reply->verb)) {
			member->unwritable = false;
		}
		return true;
	}
	if (is_written(reply->verb)) {
		member->unwritable = true;
	}
	not_reached(poller, reply->error);
	return false;
}

/* Looks */

static const struct journal_chain *find_chain(const struct journal_view *view, const char *account) {
	for (size_t i = 0; i < view->chain_count; i++) {
		if (strcmp(view->chains[i].account, account) == 0) {
			return &view->chains[i];
		}
	}
	return NULL;
}

static void look_at_chain(struct poller *poller, struct chain *chain, const struct journal_chain *seen, uint64_t serial) {
	const struct member *member = poller->member;
	struct tenure_view view = {.serial = serial};
	if (seen) {
		view.head = seen->head;
		view.epoch = seen->epoch;
		view.mine = seen->owner && strcmp(seen->owner, member->node) == 0 && member->lease != 0 &&
		            seen->lease == member->lease;
		chain->until = seen->until;
	}
	(void)snprintf(chain->owner, sizeof(chain->owner), "%s", seen && seen->owner ? seen->owner : "");
	if (!tenure_look(&chain->tenure, &view, poller->now) && chain->tenure.state != TENURE_HALTED) {
		chain_halt(chain,
		           "the journal ends at entry %llu, but it had entry %llu: etcd has lost data, or was "
		           "restored from an older backup; see occupancyd-cluster(7)",
		           (unsigned long long)view.head, (unsigned long long)chain->tenure.head);
	}
}

static void watch_twin(struct poller *poller) {
	struct member *member = poller->member;
	usec_t patience = TWIN_PATIENCE(member->length);
	const struct seen *twin = NULL;
	if (poller->now < lease_deadline(member) && poller->now - member->settled >= patience) {
		twin = sight_twin(&member->sight, member->node, member->lease, poller->now, patience);
	}
	if (twin && !member->told_twin) {
		log_err("another node of the cluster is called \"%s\", too: give each node a name of its own (cluster.node)",
		        member->node);
	}
	poller->changed = poller->changed || member->told_twin != (twin != NULL);
	member->told_twin = twin != NULL;
}

void look_taken(struct poller *poller, const struct journal_reply *reply) {
	struct member *member = poller->member;
	member->looking = false;
	if (!look_answered(poller, reply) || reply->result == JOURNAL_REFUSED) {
		return;
	}
	if (!member->unwritable) {
		reached(poller);
	}
	member->sighted = true;
	sight_take(&member->sight, &reply->view, poller->now);
	watch_twin(poller);
	for (size_t i = 0; i < member->len; i++) {
		struct chain *chain = member->chains[i];
		look_at_chain(poller, chain, find_chain(&reply->view, chain->account), reply->tag);
	}
	standing_look(poller);
}

void look_turn(struct poller *poller) {
	struct member *member = poller->member;
	if (!member->looking && poller->now >= member->look_at && !member->revoking) {
		member->looking = true;
		member->look_at = poller->now + LOOK_EVERY;
		journal_look(member->journal, member->serial++);
	}
}
