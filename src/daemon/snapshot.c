// SPDX-License-Identifier: ISC

#include "daemon/snapshot.h"

#include "daemon/poller-private.h"
#include "daemon/recovery.h"
#include "state/checkpoint.h"

#include <errno.h>
#include <string.h>

/* Whether there is something to say of a device of the account, and it is not in another chain already. */
static bool belongs(const struct poll *poll, const struct chain *chain) {
	return poll->begun && access_of(poll)->chain == chain && !chain_is_elsewhere(poll);
}

int snapshot_make(const struct poller *poller, const struct chain *chain, struct buf *out) {
	struct checkpoint_writer *writer;
	int r = checkpoint_begin(&(struct sink_position){0}, &writer);
	if (r < 0) {
		return r;
	}
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		const struct poll *poll = &poller->roll.polls[i];
		if (belongs(poll, chain)) {
			recovery_put_device(poll, NULL, writer);
		}
	}
	return checkpoint_text(writer, out);
}

/* Whether this node knows of a device of the account where its log has got to. */
static bool has_begun(const struct poller *poller, const struct chain *chain) {
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		if (belongs(&poller->roll.polls[i], chain)) {
			return true;
		}
	}
	return false;
}

/* The node that began the chain may have ended before it knew that. */
static bool is_own(const struct poller *poller, const struct chain *chain, const char *text, size_t len) {
	struct buf own;
	buf_init(&own, BUF_ANY);
	bool same = snapshot_make(poller, chain, &own) == 0 && own.len == len && memcmp(own.data, text, len) == 0;
	buf_done(&own);
	return same;
}

/** A snapshot that is read. */
struct taking {
	struct poller *poller;
	const struct chain *chain;
};

static void take_device(const struct checkpoint_entry *entry, void *user) {
	const struct taking *taking = user;
	struct checkpoint_entry copy = *entry;
	copy.home = taking->chain->account;
	recovery_take_device(&copy, taking->poller);
}

void snapshot_own(struct poller *poller, const struct chain *chain) {
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		struct poll *poll = &poller->roll.polls[i];
		if (belongs(poll, chain)) {
			poll->home = chain->account;
		}
	}
}

int snapshot_take(struct poller *poller, struct chain *chain, const char *text, size_t len) {
	struct taking taking = {poller, chain};
	const struct checkpoint_visitor visitor = {.entry = take_device, .user = &taking};
	struct sink_position position;
	struct error err = {{0}};
	if (has_begun(poller, chain)) {
		if (is_own(poller, chain, text, len)) {
			snapshot_own(poller, chain);
		} else {
			chain_halt(chain, "its log and its state are not from this cluster: remove both, or copy those of another "
			                  "node here; see occupancyd-cluster(7)");
		}
		return 0;
	}
	int r = checkpoint_parse(text, len, &visitor, &position, &err);
	if (r == -EBADMSG) {
		chain_halt(chain, "entry 1 of the journal cannot be read: %s", err.text);
		return 0;
	}
	return r;
}
