// SPDX-License-Identifier: ISC

#include "daemon/snapshot.h"

#include "daemon/poller-private.h"
#include "daemon/recovery.h"
#include "state/checkpoint.h"

#include <errno.h>
#include <string.h>

int snapshot_make(const struct poller *poller, const struct chain *chain, struct buf *out) {
	struct checkpoint_writer *writer;
	int r = checkpoint_begin(&(struct sink_position){0}, &writer);
	if (r < 0) {
		return r;
	}
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		const struct poll *poll = &poller->roll.polls[i];
		if (access_of(poll)->chain == chain) {
			recovery_put_device(poll, writer);
		}
	}
	return checkpoint_text(writer, out);
}

/* Whether this node knows of a device of the account where its log has got to. */
static bool has_begun(const struct poller *poller, const struct chain *chain) {
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		const struct poll *poll = &poller->roll.polls[i];
		if (access_of(poll)->chain == chain && poll->begun) {
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

int snapshot_take(struct poller *poller, struct chain *chain, const char *text, size_t len) {
	const struct checkpoint_visitor visitor = {.entry = recovery_take_device, .user = poller};
	struct sink_position position;
	struct error err = {{0}};
	if (has_begun(poller, chain)) {
		if (!is_own(poller, chain, text, len)) {
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
