// SPDX-License-Identifier: ISC

#include "daemon/trim.h"

#include "daemon/member.h"
#include "daemon/poller-private.h"
#include "journal/entry.h"
#include "sink/format.h"

#include <string.h>

/* How often it is looked whether entries have become too old. */
#define TRIM_EVERY (1 * USEC_PER_MIN)

/*
 * So many entries stay however old they are: after a long time in which all nodes were off, one of them may lack what
 * was taken in the last seconds before.  Weak: the simulation has a smaller one.
 */
__attribute__((weak)) uint64_t trim_tail(void) {
	return 1000;
}

enum {
	/* Entries that are removed at once: a slice is cheap for the store. */
	SLICE = 32,
	/* What an entry costs the store beside its bytes: its key and its index. */
	OVERHEAD = 200,
	/* The mean size moves by such a part with each entry. */
	MEAN_PART = 64,
};

void trim_weigh(struct trim *trim, size_t bytes) {
	int64_t size = (int64_t)bytes + OVERHEAD;
	trim->mean = trim->mean == 0 ? size : trim->mean + (size - trim->mean) / MEAN_PART;
}

/* The last entry of the slice that may be removed next; 0: too few are there. */
static uint64_t slice_end(const struct chain *chain) {
	uint64_t end = chain->trim.low + SLICE - 1;
	return chain->trim.low > 0 && end + trim_tail() <= chain->tenure.position ? end : 0;
}

static void ask(const struct poller *poller, struct chain *chain, uint64_t from, uint64_t until) {
	chain->trim.busy = true;
	journal_read(poller->member->journal, MEMBER_TRIM_TAG | chain->number, chain->account, from, until, 1);
}

void trim_turn(struct poller *poller, struct chain *chain) {
	struct trim *trim = &chain->trim;
	if (trim->busy || poller->now < trim->at || chain->tenure.state != TENURE_OWNING ||
	    chain->tenure.position < SLICE + trim_tail()) {
		return;
	}
	uint64_t end = slice_end(chain);
	if (trim->low == 0) {
		ask(poller, chain, 1, chain->tenure.position);
	} else if (end > 0) {
		ask(poller, chain, end, end);
	} else {
		trim->at = poller->now + TRIM_EVERY;
	}
}

/* When the last of an entry's records was made; USEC_INFINITY if it does not say. */
static usec_t time_of(const struct chain *chain, const struct journal_entry *entry) {
	struct log_about about = {.polled_at = USEC_INFINITY};
	enum entry_kind kind;
	struct buf text;
	buf_init(&text, BUF_ANY);
	if (entry_unpack(chain->account, entry->position, entry->data, entry->len, &kind, &text, NULL) == 0 &&
	    kind == ENTRY_LINES && text.len > 1) {
		const char *before = memrchr(text.data, '\n', text.len - 1);
		const char *last = before ? before + 1 : text.data;
		if (log_journal_codec->describe(last, text.len - (size_t)(last - text.data), &about) < 0) {
			about.polled_at = USEC_INFINITY;
		}
	}
	buf_done(&text);
	return about.polled_at;
}

static bool is_old(const struct poller *poller, usec_t made) {
	usec_t now;
	return made != USEC_INFINITY && clock_confirmed_time(poller, &now) &&
	       made < now - poller->member->settings->retention;
}

/* Whether the account's share of the store's room is used up. */
static bool is_too_much(const struct poller *poller, const struct chain *chain) {
	const struct trim *trim = &chain->trim;
	int64_t share = poller->member->settings->retention_bytes / (int64_t)(poller->roll.config->account_count + 1);
	int64_t entries = (int64_t)(chain->tenure.position - trim->low + 1);
	return trim->mean > 0 && entries > share / trim->mean;
}

/* The entry at the end of a slice tells whether the slice goes. */
static void judge_slice(struct poller *poller, struct chain *chain, const struct journal_entry *entry) {
	struct trim *trim = &chain->trim;
	bool needed = sight_slowest(&poller->member->sight, chain->account) < entry->position;
	if (!is_old(poller, time_of(chain, entry)) && (needed || !is_too_much(poller, chain))) {
		trim->at = poller->now + TRIM_EVERY;
		return;
	}
	trim->busy = true;
	trim->until = entry->position;
	journal_trim(poller->member->journal, chain->number, chain->account, chain->tenure.epoch, trim->low, trim->until);
}

void trim_read(struct poller *poller, struct chain *chain, const struct journal_reply *reply) {
	struct trim *trim = &chain->trim;
	trim->busy = false;
	bool there = reply->result == JOURNAL_DONE && reply->entry_count > 0;
	if (!there || chain->tenure.state != TENURE_OWNING || poller->member->settings->retention == 0) {
		trim->at = poller->now + TRIM_EVERY;
		trim->low = 0;
	} else if (trim->low == 0) {
		trim->low = reply->entries[0].position;
	} else {
		judge_slice(poller, chain, &reply->entries[0]);
	}
}

void trim_removed(struct poller *poller, struct chain *chain, const struct journal_reply *reply) {
	struct trim *trim = &chain->trim;
	trim->busy = false;
	if (reply->result == JOURNAL_DONE) {
		trim->low = trim->until + 1;
	} else {
		trim->at = poller->now + TRIM_EVERY;
		trim->low = 0;
	}
}
