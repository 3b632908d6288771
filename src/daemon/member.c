// SPDX-License-Identifier: ISC

#include "daemon/member.h"

#include "base/array.h"
#include "base/log.h"
#include "daemon/lease.h"
#include "daemon/look.h"
#include "daemon/poller-private.h"
#include "daemon/trim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How often it is looked whether certificates have been renewed. */
#define FILES_EVERY (30 * USEC_PER_SEC)

/* So many entries are read at once. */
enum { READ_MOST = 1000 };

/* A request to the store takes no longer than a sixth of the lease, within these bounds. */
#define TIMEOUT_LEAST (1 * USEC_PER_SEC)
#define TIMEOUT_MOST  (5 * USEC_PER_SEC)

/* Life */

static usec_t request_timeout(usec_t lease) {
	usec_t timeout = lease / 6;
	return timeout < TIMEOUT_LEAST ? TIMEOUT_LEAST : timeout > TIMEOUT_MOST ? TIMEOUT_MOST : timeout;
}

/* Reads the certificates and makes the journal.  Returns 0 or -errno. */
static int open_journal(const struct poller *poller, struct member *member, const struct cluster_settings *settings,
                        struct error *err) {
	struct cluster_credentials *credentials = &member->credentials;
	struct journal *journal;
	int r = cluster_credentials_read(settings, credentials, err);
	if (r < 0) {
		return r;
	}
	r = journal_new(&(struct journal_settings){
		.cluster = member->cluster,
		.node = member->node,
		.endpoints = settings->endpoints,
		.ca = {credentials->ca.text, credentials->ca.len},
		.client_cert = {credentials->client_cert.text, credentials->client_cert.len},
		.client_key = {credentials->client_key.text, credentials->client_key.len},
		.timeout = request_timeout(member->length),
	}, poller->http, &journal, err);
	cluster_credentials_done(credentials);
	if (r == 0) {
		journal_free(member->journal);
		member->journal = journal;
	}
	return r;
}

int member_new(struct poller *poller, struct member **ret_member, struct error *err) {
	const struct cluster_settings *settings = &poller->roll.config->cluster;
	struct member *member = calloc(1, sizeof(*member));
	if (!member) {
		return error_set(err, ENOMEM, "out of memory");
	}
	member->settings = settings;
	member->length = settings->lease;
	member->serial = 1;
	member->unreached = poller->now;
	buf_init(&member->announced, BUF_ANY);
	standing_init(&member->standing);
	member->cluster = strdup(settings->name);
	member->node = strdup(settings->node);
	member->files_at = poller->now + FILES_EVERY;
	int r = member->cluster && member->node ? open_journal(poller, member, settings, err)
	                     : error_set(err, ENOMEM, "out of memory");
	if (r < 0) {
		member_free(member);
		return r;
	}
	*ret_member = member;
	return 0;
}

void member_free(struct member *member) {
	if (member) {
		for (size_t i = 0; i < member->len; i++) {
			chain_done(member->chains[i]);
			free(member->chains[i]);
		}
		free(member->chains);
		journal_free(member->journal);
		sight_done(&member->sight);
		standing_done(&member->standing);
		buf_done(&member->announced);
		free(member->cluster);
		free(member->node);
		free(member);
	}
}

/* Chains */

struct chain *member_chain(const struct member *member, const char *account, size_t len) {
	for (size_t i = 0; i < member->len; i++) {
		struct chain *chain = member->chains[i];
		if (strlen(chain->account) == len && memcmp(chain->account, account, len) == 0) {
			return chain;
		}
	}
	return NULL;
}

/* Returns NULL if there is no memory. */
static struct chain *add_chain(struct member *member, const char *account, size_t len, uint64_t position, uint64_t lines) {
	char *name = strndup(account, len);
	struct chain *chain = malloc(sizeof(*chain));
	if (!name || !chain || array_reserve(&member->chains, &member->size, member->len + 1, sizeof(*member->chains)) < 0 ||
	    chain_init(chain, name, position, lines) < 0) {
		free(chain);
		chain = NULL;
	} else {
		chain->number = member->len;
		member->chains[member->len++] = chain;
	}
	free(name);
	return chain;
}

int member_restore(struct member *member, const char *account, size_t len, uint64_t position, uint64_t lines) {
	struct chain *chain = member_chain(member, account, len);
	if (!chain) {
		return add_chain(member, account, len, position, lines) ? 0 : -ENOMEM;
	}
	chain_place(chain, position, lines);
	return 0;
}

int member_bind(struct poller *poller) {
	struct member *member = poller->member;
	int r = 0;
	for (size_t i = 0; i < member->len; i++) {
		member->chains[i]->access = NULL;
	}
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		struct access *access = &poller->roll.accesses[i];
		const char *name = access->account->name;
		struct chain *chain = member_chain(member, name, strlen(name));
		chain = chain ? chain : add_chain(member, name, strlen(name), 0, 0);
		lane_hold(&access->lane);
		if (!chain) {
			r = -ENOMEM;
			continue;
		}
		chain->access = access;
		access->chain = chain;
	}
	member->settings = &poller->roll.config->cluster;
	member->devices = roll_hash(&poller->roll);
	return r;
}

static bool prefers(const struct member *member, const struct chain *chain) {
	for (const char *const *name = member->settings->prefer; name && *name; name++) {
		if (strcmp(*name, chain->account) == 0) {
			return true;
		}
	}
	return false;
}

/* Replies */

static struct chain *chain_of(const struct member *member, uint64_t tag) {
	uint64_t number = tag & ~MEMBER_TRIM_TAG;
	return number < member->len ? member->chains[number] : NULL;
}

static void take_reply(struct poller *poller, const struct journal_reply *reply) {
	struct member *member = poller->member;
	struct chain *chain = chain_of(member, reply->tag);
	switch (reply->verb) {
	case JOURNAL_LOOK:
		look_taken(poller, reply);
		return;
	case JOURNAL_GRANT:
		lease_granted(poller, reply);
		return;
	case JOURNAL_RENEW:
		lease_renewed(poller, reply);
		return;
	case JOURNAL_REVOKE:
		member->revoking = false;
		lease_lose(member);
		return;
	case JOURNAL_ANNOUNCE:
		lease_announced(poller, reply);
		return;
	default:
		break;
	}
	if (!chain) {
		return;
	}
	if (!look_answered(poller, reply)) {
		chain->wait_until = poller->now + MEMBER_RETRY;
	}
	bool done = reply->result == JOURNAL_DONE;
	switch (reply->verb) {
	case JOURNAL_READ:
		(reply->tag & MEMBER_TRIM_TAG ? trim_read : chain_read)(poller, chain, reply);
		break;
	case JOURNAL_TRIM:
		trim_removed(poller, chain, reply);
		break;
	case JOURNAL_CLAIM:
		tenure_claimed(&chain->tenure, done ? reply->epoch : 0, member->serial);
		member->look_at = poller->now;
		break;
	case JOURNAL_RELEASE:
		tenure_released(&chain->tenure, done || reply->result == JOURNAL_REFUSED, member->serial);
		break;
	case JOURNAL_COMMIT:
		chain_committed(poller, chain, reply);
		break;
	default: /* defer: the next answer of the server says it again */
		break;
	}
}

/* A reload */

static void abandon(struct poller *poller, struct chain *chain) {
	uint64_t serial = poller->member->serial;
	struct tenure *tenure = &chain->tenure;
	chain->committing = chain->trim.busy = false;
	chain_give_up(poller, chain);
	if (tenure->state == TENURE_CLAIMING) {
		tenure_claimed(tenure, 0, serial);
	} else if (tenure->state == TENURE_LEAVING) {
		tenure_released(tenure, false, serial);
	} else {
		tenure_upset(tenure, serial);
	}
}

void member_detach(struct poller *poller) {
	struct member *member = poller->member;
	for (size_t i = 0; i < member->len; i++) {
		chain_give_up(poller, member->chains[i]);
		tenure_doubt(&member->chains[i]->tenure, member->serial);
	}
}

int member_reopen(struct poller *poller, const struct cluster_settings *settings, struct error *err) {
	struct member *member = poller->member;
	if (!settings->name) {
		return 0; /* that takes a restart */
	}
	int r = open_journal(poller, member, settings, err);
	if (r < 0) {
		return r;
	}
	member->looking = member->announcing = member->revoking = false;
	member->lease_sent = 0;
	member->renew_at = member->look_at = member->announce_at = poller->now;
	for (size_t i = 0; i < member->len; i++) {
		abandon(poller, member->chains[i]);
	}
	return 0;
}

/* Turns */

static bool is_well(const struct poller *poller) {
	return !storage_fails(&poller->storage, STORAGE_LOG);
}

/* Whether another node had better own it. */
static bool is_to_be_left(const struct poller *poller, const struct chain *chain) {
	const struct member *member = poller->member;
	bool home = prefers(member, chain);
	return poller->draining || !is_well(poller) || !chain->access ||
	       (!home && sight_is_wanted(&member->sight, member->lease, chain->account, chain->tenure.head));
}

/* Where the disk fails, what is read could not be written. */
static bool may_read(const struct poller *poller) {
	return is_well(poller) || poller->now >= poller->outage.retry_at;
}

static void act(struct poller *poller, struct chain *chain, enum tenure_wish wish) {
	struct member *member = poller->member;
	struct tenure *tenure = &chain->tenure;
	if (wish == TENURE_REST || poller->now < chain->wait_until || member->revoking) {
		return;
	}
	if (wish != TENURE_RELEASE && (!chain->access || !may_read(poller))) {
		return;
	}
	if (wish != TENURE_BEGIN) {
		tenure_sent(tenure, wish, member->serial);
	}
	switch (wish) {
	case TENURE_READ:
		/* Of an entry that is there in part, the rest. */
		journal_read(member->journal, chain->number, chain->account, tenure->position + 1, tenure->head, READ_MOST);
		break;
	case TENURE_CLAIM:
		journal_claim(member->journal, chain->number, chain->account, member->lease);
		break;
	case TENURE_RELEASE:
		journal_release(member->journal, chain->number, chain->account, tenure->epoch);
		break;
	case TENURE_BEGIN:
		chain_begin(poller, chain);
		break;
	case TENURE_REST:
		break;
	}
}

/* Where another node has entries that the store has not, the store has lost them: nobody is to go on from there. */
static bool is_store_behind(const struct member *member, const struct chain *chain) {
	return sight_furthest(&member->sight, chain->account) > chain->tenure.head;
}

static void chain_turn(struct poller *poller, struct chain *chain) {
	const struct member *member = poller->member;
	bool fresh = poller->now < lease_deadline(member);
	struct tenure_place place = {
		.now = poller->now,
		.may_claim = fresh && !member->unwritable && !is_store_behind(member, chain),
		.preferred = prefers(member, chain),
		.leave = is_to_be_left(poller, chain),
		.idle = chain_is_idle(chain),
	};
	act(poller, chain, tenure_turn(&chain->tenure, &place));
	if (chain->access) {
		chain->access->lane.not_after = lease_deadline(member);
	}
	chain_guard(poller, chain, fresh && !member->unwritable);
	trim_turn(poller, chain);
}

static bool is_behind(const struct member *member) {
	for (size_t i = 0; i < member->len; i++) {
		const struct chain *chain = member->chains[i];
		if (chain->access && chain->tenure.state != TENURE_HALTED && standing_behind(chain) > 0) {
			return true;
		}
	}
	return false;
}

/* Where nothing is to be read that would show it, the disk is tried. */
static void try_disk(struct poller *poller) {
	struct error err = {{0}};
	if (is_well(poller) || poller->now < poller->outage.retry_at || is_behind(poller->member)) {
		return;
	}
	int r = sink_probe(poller->sink, &err);
	clock_go_on(poller);
	if (r < 0) {
		outage_failed(poller, r, &err);
	} else {
		outage_over(poller);
	}
	poller->changed = true;
}

static void let_go(struct poller *poller) {
	struct member *member = poller->member;
	bool owns = false;
	for (size_t i = 0; i < member->len; i++) {
		owns = owns || member->chains[i]->tenure.epoch > 0 || member->chains[i]->tenure.busy;
	}
	if (poller->draining && !owns && member->lease != 0 && !member->revoking && member->lease_sent == 0) {
		member->revoking = true;
		journal_revoke(member->journal, 0, member->lease);
	}
}

/* Certificates are renewed while the daemon runs. */
static void watch_files(struct poller *poller) {
	struct member *member = poller->member;
	struct error err = {{0}};
	if (poller->now < member->files_at) {
		return;
	}
	member->files_at = poller->now + FILES_EVERY;
	if (!member->settings->name || !cluster_credentials_changed(member->settings, &member->credentials)) {
		return;
	}
	if (member_reopen(poller, member->settings, &err) < 0) {
		log_err("%s: the cluster goes on with what was read before", err.text);
	} else {
		log_notice("the cluster's certificates have been read again");
	}
}

void member_turn(struct poller *poller) {
	struct member *member = poller->member;
	struct journal_reply reply;
	while (journal_next(member->journal, &reply)) {
		take_reply(poller, &reply);
	}
	clock_go_on(poller);
	watch_files(poller);
	try_disk(poller);
	lease_turn(poller);
	look_turn(poller);
	for (size_t i = 0; i < member->len; i++) {
		chain_turn(poller, member->chains[i]);
	}
	let_go(poller);
}

void member_commit(struct poller *poller) {
	struct member *member = poller->member;
	for (size_t i = 0; i < member->len; i++) {
		chain_commit(poller, member->chains[i]);
	}
}

static usec_t earlier(usec_t a, usec_t b) {
	return a < b ? a : b;
}

usec_t member_next(const struct poller *poller) {
	const struct member *member = poller->member;
	usec_t next = USEC_INFINITY;
	if (member->revoking) {
		return next;
	}
	if (!member->looking) {
		next = earlier(next, member->look_at);
	}
	if (member->lease_sent == 0 && (member->lease != 0 || !poller->draining)) {
		next = earlier(next, member->renew_at);
	}
	if (member->lease != 0) {
		usec_t ends = member->renewed + member->length;
		next = earlier(next, poller->now < lease_deadline(member) ? lease_deadline(member) : ends);
	}
	return next;
}

bool member_is_idle(const struct poller *poller) {
	const struct member *member = poller->member;
	return (member->lease == 0 && member->lease_sent == 0 && !member->revoking) || member->told_unreached;
}

void member_defer(struct poller *poller, struct access *access, usec_t until) {
	struct chain *chain = access->chain;
	if (chain->tenure.epoch > 0 && until > chain->deferred + USEC_PER_SEC) {
		chain->deferred = until;
		journal_defer(poller->member->journal, chain->number, chain->account, chain->tenure.epoch, until);
	}
}
