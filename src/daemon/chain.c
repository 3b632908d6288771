// SPDX-License-Identifier: ISC

#include "daemon/chain.h"

#include "base/array.h"
#include "base/log.h"
#include "daemon/apply.h"
#include "daemon/health.h"
#include "daemon/member.h"
#include "daemon/poller-private.h"
#include "daemon/recovery.h"
#include "daemon/snapshot.h"
#include "daemon/trim.h"
#include "journal/entry.h"
#include "schedule/backoff.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A device whose answer no entry has room for is asked again after that. */
#define TOO_LARGE_FIRST (5 * USEC_PER_MIN)
#define TOO_LARGE_LAST  (1 * USEC_PER_HOUR)

int chain_init(struct chain *chain, const char *account, uint64_t position, uint64_t lines) {
	*chain = (struct chain){
		.account = strdup(account),
		.unowned_since = USEC_INFINITY,
		.behind_since = USEC_INFINITY,
	};
	buf_init(&chain->gathered, BUF_ANY);
	buf_init(&chain->flown, BUF_ANY);
	chain->gathering.text = &chain->gathered;
	chain->flying.text = &chain->flown;
	chain_place(chain, position, lines);
	return chain->account ? 0 : -ENOMEM;
}

void chain_place(struct chain *chain, uint64_t position, uint64_t lines) {
	tenure_init(&chain->tenure, position);
	chain->lines = lines;
}

void chain_done(struct chain *chain) {
	batch_done(&chain->gathering);
	batch_done(&chain->flying);
	buf_done(&chain->gathered);
	buf_done(&chain->flown);
	free(chain->account);
}

bool chain_accepts(const struct chain *chain, uint64_t tenure) {
	return tenure_records(&chain->tenure) && chain->tenure.ours == tenure;
}

bool chain_has_pending(const struct chain *chain) {
	return chain->committing || chain->gathering.len > 0;
}

bool chain_is_idle(const struct chain *chain) {
	bool asked = chain->access && chain->access->lane.in_flight > 0;
	return !asked && !chain_has_pending(chain);
}

bool chain_is_elsewhere(const struct poll *poll) {
	const struct chain *chain = access_of(poll)->chain;
	return chain && poll->home && poll->home != chain->account;
}

void chain_halt(struct chain *chain, const char *format, ...) {
	va_list args;
	va_start(args, format);
	(void)vsnprintf(chain->why, sizeof(chain->why), format, args);
	va_end(args);
	tenure_halt(&chain->tenure);
	log_err("%s: this node does not follow the cluster any more: %s", chain->account, chain->why);
}

void chain_give_up(struct poller *poller, struct chain *chain) {
	commit_give_up(poller, &chain->gathering);
	commit_give_up(poller, &chain->flying);
	buf_clear(&chain->gathered);
	buf_clear(&chain->flown);
}

/* The lane */

/* What was learnt as a follower may have been recorded by a clock that was ahead: it is to be proved again. */
static void doubt_cursors(struct poller *poller, struct access *access) {
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		struct poll *poll = &poller->roll.polls[i];
		if (poll->lane == &access->lane && poll->begun) {
			poll->unproven = true;
		}
	}
	clock_start(poller, access);
}

/* Of requests that the last owner made, nothing is known but what its server said to it. */
static void begin_tenure(struct poller *poller, struct chain *chain) {
	struct lane *lane = &chain->access->lane;
	usec_t wait = chain->until - clock_likely_time(poller, chain->access);
	rate_empty(&lane->rate, poller->now);
	if (wait > 0) {
		usec_t until = poller->now + (wait < USEC_PER_HOUR ? wait : USEC_PER_HOUR);
		lane->not_before = lane->not_before > until ? lane->not_before : until;
	}
	doubt_cursors(poller, chain->access);
	chain->opened = chain->tenure.ours;
	log_notice("%s: this node asks for it now (entry %llu)", chain->account,
	           (unsigned long long)chain->tenure.position);
}

/* Another node asks for them now, and sees how they are. */
static void forget_failures(struct poller *poller, const struct access *access) {
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		struct poll *poll = &poller->roll.polls[i];
		if (poll->lane == &access->lane) {
			health_forget(poller, poll);
		}
	}
}

void chain_guard(struct poller *poller, struct chain *chain, bool may_ask) {
	if (!chain->access) {
		return;
	}
	struct lane *lane = &chain->access->lane;
	if (chain->opened > 0 && (!tenure_owns(&chain->tenure) || chain->opened != chain->tenure.ours)) {
		/* Nothing crosses from one tenure to the next. */
		chain->opened = 0;
		chain_give_up(poller, chain);
		forget_failures(poller, chain->access);
		poller->changed = true;
	}
	bool ask = chain->tenure.state == TENURE_OWNING && may_ask;
	if (!ask && !lane->held) {
		lane_hold(lane);
	} else if (ask && lane->held) {
		lane->held = false;
		if (chain->opened != chain->tenure.ours) {
			begin_tenure(poller, chain);
		}
		poller_file(poller, chain->access);
		poller->changed = true;
	}
}

/* Committing */

/* Fewer records than n, which are too large for one entry: whole polls if there are several.  0: one record is. */
static size_t fewer(const struct batch *batch, size_t n) {
	size_t half = n / 2, whole = half;
	while (whole > 0 && batch->list[whole].poll == batch->list[whole - 1].poll) {
		whole--;
	}
	return whole > 0 ? whole : half;
}

/* Packs as many of the gathered records as fit.  Returns how many, or -errno. */
static int64_t pack(const struct chain *chain, struct buf *out) {
	const struct batch *batch = &chain->gathering;
	for (size_t n = batch->len; n > 0; n = fewer(batch, n)) {
		int r = entry_pack(chain->account, chain->tenure.position + 1, ENTRY_LINES, chain->gathered.data,
		                   batch->list[n - 1].text_end, out);
		if (r != -EMSGSIZE) {
			return r < 0 ? r : (int64_t)n;
		}
	}
	return 0;
}

/* Leaves of the gathered records those behind the first n.  What is left of the last poll before them it asks for again. */
static void keep_rest(struct chain *chain, size_t n) {
	struct batch *batch = &chain->gathering;
	const struct poll *last = batch->list[n - 1].poll;
	struct buf before = chain->gathered;
	size_t kept = 0, at = batch->list[n - 1].text_end;

	buf_init(&chain->gathered, BUF_ANY);
	for (size_t i = n; i < batch->len; i++) {
		struct pending pending = batch->list[i];
		if (pending.poll != last) {
			last = NULL;
			buf_append(&chain->gathered, before.data + at, pending.text_end - at);
			at = pending.text_end;
			pending.text_end = chain->gathered.len;
			batch->list[kept++] = pending;
		} else {
			at = pending.text_end;
		}
	}
	batch->len = kept;
	buf_done(&before);
}

/* Moves the first n gathered records to those that fly.  Returns 0 or -ENOMEM. */
static int take_off(struct chain *chain, size_t n) {
	struct batch *from = &chain->gathering, *to = &chain->flying;
	int r = array_reserve(&to->list, &to->size, n, sizeof(*to->list));
	if (r < 0) {
		return r;
	}
	buf_append(&chain->flown, chain->gathered.data, from->list[n - 1].text_end);
	r = buf_error(&chain->flown);
	if (r < 0) {
		buf_clear(&chain->flown);
		return r;
	}
	memcpy(to->list, from->list, n * sizeof(*to->list));
	to->len = n;
	keep_rest(chain, n);
	return 0;
}

/* A record that no entry has room for is a failure of its device. */
static void drop_first(struct poller *poller, struct chain *chain) {
	struct poll *poll = chain->gathering.list[0].poll;
	keep_rest(chain, 1);
	health_failed(poller, poll, "an answer is too large for the cluster's journal", true,
	              backoff_at_least(TOO_LARGE_FIRST, TOO_LARGE_LAST, poll->failures + 1u, &poller->rng));
}

static void send(struct poller *poller, struct chain *chain, const struct buf *packed) {
	struct member *member = poller->member;
	chain->committing = true;
	trim_weigh(&chain->trim, packed->len);
	tenure_committing(&chain->tenure, member->serial);
	journal_commit(member->journal, chain->number, chain->account, chain->tenure.epoch,
	               chain->tenure.position + 1, packed->data, packed->len);
}

void chain_commit(struct poller *poller, struct chain *chain) {
	if (chain->gathering.len == 0 || chain->committing || chain->tenure.busy || !tenure_records(&chain->tenure)) {
		return;
	}
	struct buf packed;
	buf_init(&packed, BUF_ANY);
	int r = buf_error(&chain->gathered);
	int64_t n = r < 0 ? r : pack(chain, &packed);
	if (n > 0) {
		n = take_off(chain, (size_t)n);
		if (n == 0) {
			send(poller, chain, &packed);
		}
	} else if (n == 0) {
		drop_first(poller, chain);
	}
	if (n < 0) {
		chain_give_up(poller, chain); /* there is no memory */
	}
	buf_done(&packed);
}

void chain_begin(struct poller *poller, struct chain *chain) {
	struct buf text, packed;
	buf_init(&text, BUF_ANY);
	buf_init(&packed, BUF_ANY);
	int r = snapshot_make(poller, chain, &text);
	if (r == 0) {
		r = entry_pack(chain->account, 1, ENTRY_SNAPSHOT, text.data, text.len, &packed);
	}
	if (r == 0) {
		send(poller, chain, &packed);
	} else if (r == -EMSGSIZE) {
		chain_halt(chain, "what it knows of the account's devices is too large for the first entry: give the account "
		                  "fewer devices, or a shorter lookback");
	}
	buf_done(&text);
	buf_done(&packed);
}

/* The journal has it; now the log.  Returns 0 or -errno. */
static int append(struct poller *poller, struct chain *chain) {
	uint64_t position = chain->tenure.position + 1;
	if (chain->flying.len > 0) {
		apply_lines(poller, chain->flown.data, chain->flown.len, 0, position);
		int r = commit_sync(poller);
		if (r < 0) {
			return r;
		}
	}
	tenure_applied(&chain->tenure, position);
	for (size_t i = 0; i < chain->flying.len; i++) {
		chain->flying.list[i].poll->home = chain->account;
	}
	commit_tell(poller, &chain->flying);
	buf_clear(&chain->flown);
	return 0;
}

static void save_beginning(struct poller *poller, const struct chain *chain) {
	struct error err = {{0}};
	poller->unsaved = true;
	if (recovery_save(poller, &err) < 0) {
		log_err("%s: %s", chain->account, err.text); /* the loop tries it again */
	}
}

void chain_committed(struct poller *poller, struct chain *chain, const struct journal_reply *reply) {
	struct member *member = poller->member;
	bool begins = chain->flying.len == 0 && chain->tenure.position == 0;
	chain->committing = false;
	if (reply->result == JOURNAL_DONE) {
		tenure_committed(&chain->tenure, member->serial);
		if ((chain->flying.len > 0 || begins) && append(poller, chain) == 0) {
			if (begins) {
				snapshot_own(poller, chain);
				save_beginning(poller, chain);
			}
			return;
		}
	}
	tenure_upset(&chain->tenure, member->serial);
	member->look_at = poller->now;
	chain_give_up(poller, chain);
}

/* Reading */

/* Entries that were trimmed before this node had them. */
static void halt_for_hole(struct chain *chain, uint64_t first) {
	uint64_t position = chain->tenure.position;
	chain_halt(chain, "it was away for longer than the others keep entries for it: entries %llu to %llu are gone; stop "
	                  "it, copy the state directory of another node here, and then that node's log; see "
	                  "occupancyd-cluster(7)",
	           (unsigned long long)position + 1, (unsigned long long)first - 1);
}

void chain_read(struct poller *poller, struct chain *chain, const struct journal_reply *reply) {
	tenure_read(&chain->tenure);
	if (reply->result != JOURNAL_DONE || chain->tenure.state == TENURE_HALTED) {
		return; /* the next turn reads again */
	}
	uint64_t next = chain->tenure.position + 1;
	if (reply->entry_count == 0 || reply->entries[0].position > next) {
		uint64_t first = reply->entry_count > 0 ? reply->entries[0].position : chain->tenure.head + 1;
		halt_for_hole(chain, first);
		return;
	}
	/* What fails has been told, and the next turn reads it again. */
	apply_entries(poller, chain, reply->entries, reply->entry_count);
}
