// SPDX-License-Identifier: ISC

#include "daemon/lease.h"

#include "base/json.h"
#include "daemon/look.h"
#include "daemon/member.h"
#include "daemon/poller-private.h"
#include "sink/format.h"

#include <string.h>

/* What this node announces follows what happens, but no faster. */
#define ANNOUNCE_EVERY (5 * USEC_PER_SEC)

usec_t lease_deadline(const struct member *member) {
	return member->lease != 0 ? member->renewed + member->length / 3 * 2 : 0;
}

void lease_lose(struct member *member) {
	member->lease = 0;
	buf_clear(&member->announced);
	for (size_t i = 0; i < member->len; i++) {
		tenure_lost(&member->chains[i]->tenure, member->serial);
	}
}

void lease_granted(struct poller *poller, const struct journal_reply *reply) {
	struct member *member = poller->member;
	usec_t sent = member->lease_sent;
	member->lease_sent = 0;
	member->renew_at = poller->now + MEMBER_RETRY;
	if (!look_answered(poller, reply) || reply->result == JOURNAL_REFUSED) {
		return;
	}
	member->lease = reply->lease;
	member->settled = poller->now;
	member->renewed = sent;
	member->renew_at = sent + member->length / 3;
	member->announce_at = poller->now;
	member->look_at = poller->now;
}

void lease_renewed(struct poller *poller, const struct journal_reply *reply) {
	struct member *member = poller->member;
	usec_t sent = member->lease_sent;
	member->lease_sent = 0;
	if ((int64_t)reply->tag != member->lease) {
		return; /* it ended by our clock */
	}
	member->renew_at = poller->now + MEMBER_RETRY;
	if (!look_answered(poller, reply)) {
		return;
	}
	if (reply->result == JOURNAL_REFUSED) {
		lease_lose(member);
		member->renew_at = poller->now;
		return;
	}
	member->renewed = sent;
	member->renew_at = sent + member->length / 3;
}

static void tend(struct poller *poller) {
	struct member *member = poller->member;
	if (member->lease != 0 && poller->now >= member->renewed + member->length) {
		lease_lose(member);
	}
	if (member->lease_sent != 0 || poller->now < member->renew_at || member->revoking) {
		return;
	}
	if (member->lease != 0) {
		journal_renew(member->journal, (uint64_t)member->lease, member->lease);
	} else if (!poller->draining) {
		journal_grant(member->journal, 0, member->length);
	} else {
		return;
	}
	member->lease_sent = poller->now;
}

/* What the others see */

/* How far the chains are in this node's log: those that it follows, or those that it has halted. */
static void put_positions(const struct member *member, bool halted, struct buf *out) {
	const char *comma = "";
	for (size_t i = 0; i < member->len; i++) {
		const struct chain *chain = member->chains[i];
		if (chain->access && (chain->tenure.state == TENURE_HALTED) == halted) {
			buf_puts(out, comma);
			json_put_string(out, chain->account);
			buf_printf(out, ":%llu", (unsigned long long)chain->tenure.position);
			comma = ",";
		}
	}
}

static void put_value(const struct poller *poller, struct buf *out) {
	const struct member *member = poller->member;
	usec_t time;
	buf_puts(out, "{\"version\":");
	json_put_string(out, OCCUPANCYD_VERSION);
	buf_puts(out, ",\"time\":");
	if (clock_asked_time(poller, &time)) {
		buf_putc(out, '"');
		format_utc(out, time);
		buf_putc(out, '"');
	} else {
		buf_puts(out, "null");
	}
	buf_printf(out, ",\"devices\":\"%016llx\",\"well\":%s,\"prefers\":[",
	           (unsigned long long)member->devices, !storage_fails(&poller->storage, STORAGE_LOG) ? "true" : "false");
	for (size_t i = 0; member->settings->prefer && member->settings->prefer[i]; i++) {
		buf_puts(out, i > 0 ? "," : "");
		json_put_string(out, member->settings->prefer[i]);
	}
	buf_puts(out, "],\"positions\":{");
	put_positions(member, false, out);
	buf_puts(out, "},\"halted\":{");
	put_positions(member, true, out);
	buf_puts(out, "}}");
}

static void announce(struct poller *poller) {
	struct member *member = poller->member;
	if (member->lease == 0 || member->announcing || poller->now < member->announce_at) {
		return;
	}
	struct buf value;
	buf_init(&value, BUF_ANY);
	put_value(poller, &value);
	member->announce_at = poller->now + (member->unwritable ? MEMBER_RETRY : ANNOUNCE_EVERY);
	bool again = member->unwritable; /* to see whether it can be written again */
	if (buf_error(&value) == 0 && (again || strcmp(buf_text(&value), buf_text(&member->announced)) != 0)) {
		member->announcing = true;
		journal_announce(member->journal, (uint64_t)member->lease, member->lease, buf_text(&value));
		buf_done(&member->announced);
		member->announced = value;
	} else {
		buf_done(&value);
	}
}

void lease_announced(struct poller *poller, const struct journal_reply *reply) {
	struct member *member = poller->member;
	member->announcing = false;
	if (!look_answered(poller, reply) || reply->result == JOURNAL_REFUSED || (int64_t)reply->tag != member->lease) {
		buf_clear(&member->announced);
	}
}

void lease_turn(struct poller *poller) {
	tend(poller);
	announce(poller);
}
