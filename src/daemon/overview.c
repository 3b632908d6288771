// SPDX-License-Identifier: ISC

#include "daemon/overview.h"

#include "base/json.h"
#include "base/text.h"
#include "base/utc.h"
#include "config/value.h"
#include "daemon/lease.h"
#include "daemon/member.h"
#include "daemon/poller-private.h"

#include <string.h>
#include <unistd.h>

static const char *const device_words[DEVICE_STATES] = {
	[DEVICE_FRESH] = "fresh",
	[DEVICE_LATE] = "late",
	[DEVICE_FAILING] = "failing",
	[DEVICE_WAITING] = "waiting",
	[DEVICE_STARTING] = "starting",
};

static const char *const lane_words[] = {
	[LANE_OPEN] = "open",
	[LANE_THROTTLED] = "throttled",
	[LANE_REFUSED] = "refused",
	[LANE_DOWN] = "down",
};

/* Members; each begins with a comma, so an object begins with something else. */

static void put_text(struct buf *out, const char *name, const char *text) {
	buf_puts(out, ",\"");
	buf_puts(out, name);
	buf_puts(out, "\":");
	json_put_string(out, text);
}

/* What servers say may be long. */
static void put_reason(struct buf *out, const char *reason) {
	char shown[256];
	if (reason && reason[0]) {
		put_text(out, "reason", text_escape(shown, sizeof(shown), reason, strlen(reason)));
	}
}

static void put_number(struct buf *out, const char *name, int64_t number) {
	buf_puts(out, ",\"");
	buf_puts(out, name);
	buf_puts(out, "\":");
	buf_put_int(out, number);
}

/* To the second. */
static void put_time(struct buf *out, const char *name, usec_t wall) {
	char text[UTC_STRING_SIZE];
	put_text(out, name, utc_format(text, wall - wall % USEC_PER_SEC));
}

/* Of an instant on the monotonic clock. */
static void put_instant(struct buf *out, const char *name, const struct poller *poller, usec_t instant) {
	put_time(out, name, poller->wall - (poller->now - instant));
}

/* The head */

static void put_storage(struct buf *out, const struct poller *poller) {
	static const char *const words[STORAGE_USES] = {
		[STORAGE_LOG] = "log",
		[STORAGE_ROTATION] = "rotation",
		[STORAGE_UPKEEP] = "upkeep",
		[STORAGE_CHECKPOINT] = "checkpoint",
	};
	const char *reason = outage_reason(poller);
	const char *before = "";
	buf_puts(out, ",\"storage\":{\"failing\":[");
	for (int i = 0; i < STORAGE_USES; i++) {
		if (storage_fails(&poller->storage, (enum storage_use)i)) {
			buf_puts(out, before);
			json_put_string(out, words[i]);
			before = ",";
		}
	}
	buf_puts(out, "]");
	put_reason(out, reason);
	buf_puts(out, "}");
}

static void put_head(struct buf *out, const struct overview_source *source) {
	struct poller *poller = source->poller;
	clock_read(poller);
	buf_puts(out, "{\"version\":");
	buf_put_int(out, OVERVIEW_VERSION);
	put_text(out, "program", "occupancyd");
	put_text(out, "release", OCCUPANCYD_VERSION);
	put_number(out, "pid", getpid());
	put_time(out, "started", source->started);
	put_time(out, "now", poller->wall);
	put_text(out, "log", sink_path(poller->sink));
	put_text(out, "configuration", source->config);
	put_storage(out, poller);
}

/* The cluster */

/* What is from outside, and may be long. */
static void put_shown(struct buf *out, const char *name, const char *text) {
	char shown[256];
	put_text(out, name, text_escape(shown, sizeof(shown), text, strlen(text)));
}

static void put_bool(struct buf *out, const char *name, bool value) {
	buf_printf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

static const char *lease_word(const struct poller *poller) {
	const struct member *member = poller->member;
	if (member->lease == 0) {
		return "none";
	}
	return poller->now < lease_deadline(member) ? "held" : "late";
}

/* Its nodes follow. */
static void put_cluster(struct buf *out, const struct poller *poller) {
	const struct member *member = poller->member;
	const char *differing = standing_differing(poller);
	buf_puts(out, ",\"cluster\":{\"node\":");
	json_put_string(out, member->node);
	put_text(out, "name", member->cluster);
	put_bool(out, "reached", member->unreached == USEC_INFINITY);
	if (member->unreached != USEC_INFINITY) {
		put_instant(out, "since", poller, member->unreached);
		put_reason(out, member->trouble);
	}
	put_text(out, "lease", lease_word(poller));
	put_number(out, "lease_s", member->length / USEC_PER_SEC);
	put_bool(out, "twin", member->told_twin);
	if (differing[0]) {
		put_text(out, "differing", differing);
	}
	buf_puts(out, ",\"nodes\":[");
}

/* One of them, as it has announced itself. */
static void put_node(struct buf *out, const struct seen *seen) {
	const char *version = json_string(json_member(seen->json, "version"), &(size_t){0});
	const char *time = json_string(json_member(seen->json, "time"), &(size_t){0});
	char shown[256];
	buf_puts(out, "{\"name\":");
	json_put_string(out, text_escape(shown, sizeof(shown), seen->name, strlen(seen->name)));
	if (version) {
		put_shown(out, "version", version);
	}
	if (time) {
		put_shown(out, "time", time);
	}
	put_bool(out, "well", json_double(json_member(seen->json, "well")) > 0);
	buf_putc(out, '}');
}

/* Those that are there now: each look brings others. */
static bool put_next_node(struct buf *out, const struct poller *poller, struct overview *overview) {
	const struct member *member = poller->member;
	if (!member || overview->at >= member->sight.len) {
		return false;
	}
	buf_puts(out, overview->at > 0 ? "," : "");
	put_node(out, &member->sight.nodes[overview->at++]);
	return true;
}

/* Accounts */

static void put_clock(struct buf *out, const struct access *access) {
	const char *trouble = standing_asks(access) ? clock_trouble(access) : NULL;
	buf_puts(out, ",\"clock\":{\"confirmed\":");
	buf_puts(out, clock_is_confirmed(access) ? "true" : "false");
	put_number(out, "ahead_ms", skew_offset(&access->clock.skew) / USEC_PER_MSEC);
	put_reason(out, trouble);
	buf_puts(out, "}");
}

static void put_unowned(struct buf *out, const struct poller *poller, const struct chain *chain) {
	buf_puts(out, ",\"owner\":null");
	if (chain->unowned_since != USEC_INFINITY) {
		put_instant(out, "unowned_since", poller, chain->unowned_since);
	}
	if (standing_is_unowned(poller, chain) && !chain->why[0]) {
		put_reason(out, "nobody asks for it");
	}
}

/* The account's place in the cluster. */
static void put_chain(struct buf *out, const struct poller *poller, const struct chain *chain) {
	static const char *const words[] = {
		[TENURE_FOLLOWING] = "following",
		[TENURE_CLAIMING] = "claiming",
		[TENURE_READING] = "reading",
		[TENURE_OWNING] = "owner",
		[TENURE_DRAINING] = "leaving",
		[TENURE_LEAVING] = "leaving",
		[TENURE_HALTED] = "halted",
	};
	const struct tenure *tenure = &chain->tenure;
	buf_printf(out, ",\"cluster\":{\"state\":\"%s\"", words[tenure->state]);
	put_number(out, "entry", (int64_t)tenure->position);
	put_number(out, "head", (int64_t)tenure->head);
	put_number(out, "behind", (int64_t)standing_behind(chain));
	if (chain->behind_since != USEC_INFINITY) {
		put_instant(out, "behind_since", poller, chain->behind_since);
	}
	if (tenure->epoch > 0) {
		put_text(out, "owner", poller->member->node);
	} else if (chain->owner[0]) {
		put_shown(out, "owner", chain->owner);
	} else {
		put_unowned(out, poller, chain);
	}
	put_reason(out, chain->why);
	buf_putc(out, '}');
}

/* How its server is, only its owner knows. */
static void put_account(struct buf *out, const struct poller *poller, const struct access *access) {
	const struct lane *lane = &access->lane;
	enum lane_state state = standing_asks(access) ? lane->state : LANE_OPEN;
	buf_puts(out, "{\"name\":");
	json_put_string(out, access->account->name);
	put_text(out, "state", lane_words[state]);
	if (state != LANE_OPEN) {
		put_instant(out, "since", poller, lane->since);
		put_reason(out, access->reason);
	}
	buf_puts(out, ",\"rate\":\"");
	value_put_rate(out, &access->account->rate);
	buf_putc(out, '"');
	put_number(out, "in_flight", lane->in_flight);
	put_clock(out, access);
	if (access->chain) {
		put_chain(out, poller, access->chain);
	}
	buf_puts(out, "}");
}

/* Devices */

static usec_t remembered_end(const struct remembered *last) {
	return last->start + (usec_t)last->length_s * USEC_PER_SEC;
}

static enum device_state state_of(const struct poller *poller, const struct poll *poll) {
	if (poll->told) {
		return DEVICE_FAILING;
	}
	if ((poll->lane->state != LANE_OPEN || clock_holds(poll)) && standing_asks(access_of(poll))) {
		return DEVICE_WAITING;
	}
	if (report_is_late(poller, poll)) {
		return DEVICE_LATE;
	}
	return poll->memory_len > 0 ? DEVICE_FRESH : DEVICE_STARTING;
}

/* What the log has of it last.  A gap is not remembered, so where nothing is that ends at the cursor, it was one. */
static void put_last(struct buf *out, const struct poller *poller, const struct poll *poll) {
	const struct remembered *last = &poll->memory[poll->memory_len - 1];
	enum record_status status = remembered_end(last) == poll->cursor ? last->status : RECORD_GAP;
	put_time(out, "last_end", poll->cursor);
	put_number(out, "age_s", (clock_likely_time(poller, access_of(poll)) - poll->cursor) / USEC_PER_SEC);
	put_text(out, "last_status", record_status_name(status));
	if (status == RECORD_OK) {
		put_number(out, "last_count", last->count);
	} else {
		buf_puts(out, ",\"last_count\":null");
	}
}

static void put_device(struct buf *out, const struct poller *poller, const struct poll *poll, struct overview *overview) {
	const struct device *device = poll->device;
	enum device_state state = state_of(poller, poll);
	int64_t backlog = report_backlog(poller, poll);

	buf_puts(out, "{\"uuid\":");
	json_put_string(out, device->uuid);
	put_text(out, "name", device->name);
	if (device->site) {
		put_text(out, "site", device->site);
	}
	if (device->labels) {
		buf_puts(out, ",\"labels\":");
		json_put_text(out, device->labels);
	}
	put_text(out, "account", device->account->name);
	put_text(out, "interval", interval_name(device->settings->bucket.interval));
	put_text(out, "zone", zone_name(device->settings->bucket.zone));
	put_text(out, "state", device_words[state]);
	if (poll->memory_len > 0) {
		put_last(out, poller, poll);
	}
	put_number(out, "waiting", backlog);
	if (poll->recheck.len > 0) {
		put_number(out, "rechecks", poll->recheck.len);
	}
	if (poll->reason) {
		put_instant(out, "since", poller, poll->failing_since);
		put_reason(out, poll->reason);
	}
	buf_puts(out, "}");

	overview->states[state]++;
	overview->backlog += backlog;
	overview->rechecks += poll->recheck.len;
}

/* The end */

static void put_orders(struct buf *out, const struct backfill *backfill) {
	struct backfill_count count = backfill_count(backfill);
	put_number(out, "backfill_waiting", (int64_t)count.waiting);
	put_number(out, "backfill_running", (int64_t)count.running);
	put_number(out, "backfill_buckets", (int64_t)count.buckets);
	put_number(out, "backfill_done", (int64_t)backfill->done);
	put_number(out, "backfill_refused", (int64_t)backfill->refused);
	if (backfill->refused > 0) {
		char shown[512];
		const char *reason = backfill->reason.text;
		put_text(out, "backfill_reason", text_escape(shown, sizeof(shown), reason, strlen(reason)));
	}
}

static void put_totals(struct buf *out, const struct poller *poller, const struct overview *overview) {
	const struct status *status = &poller->report.status;
	buf_puts(out, "],\n\"totals\":{\"devices\":");
	buf_put_unsigned(out, overview->at);
	for (int i = 0; i < DEVICE_STATES; i++) {
		put_number(out, device_words[i], (int64_t)overview->states[i]);
	}
	put_number(out, "backlog", overview->backlog);
	put_number(out, "rechecks", (int64_t)overview->rechecks);
	put_orders(out, &poller->backfill);
	put_number(out, "requests", (int64_t)status->requests);
	put_number(out, "records", (int64_t)status->records);
	put_number(out, "points_dropped", (int64_t)status->points_dropped);
	if (status->last_record != INT64_MIN) {
		put_time(out, "last_record", status->last_record);
	}
	buf_puts(out, "}}\n");
}

/* Each on a line of its own, so that a reader need not hold them all. */
static void begin_element(struct buf *out, size_t at) {
	buf_puts(out, at > 0 ? ",\n" : "\n");
}

bool overview_write(void *user, void *state, struct buf *out) {
	const struct overview_source *source = user;
	const struct poller *poller = source->poller;
	const struct config *config = poller->roll.config;
	struct overview *overview = state;

	switch (overview->part) {
	case OVERVIEW_HEAD:
		put_head(out, source);
		if (poller->member) {
			put_cluster(out, poller);
		}
		overview->part = OVERVIEW_NODES;
		return true;
	case OVERVIEW_NODES:
		if (!put_next_node(out, poller, overview)) {
			buf_puts(out, poller->member ? "]},\"accounts\":[" : ",\"accounts\":[");
			overview->part = OVERVIEW_ACCOUNTS;
			overview->at = 0;
		}
		return true;
	case OVERVIEW_ACCOUNTS:
		if (overview->at < config->account_count) {
			begin_element(out, overview->at);
			put_account(out, poller, &poller->roll.accesses[overview->at++]);
			return true;
		}
		buf_puts(out, "],\n\"devices\":[");
		overview->part = OVERVIEW_DEVICES;
		overview->at = 0;
		return true;
	default:
		if (overview->at < config->device_count) {
			begin_element(out, overview->at);
			put_device(out, poller, &poller->roll.polls[overview->at++], overview);
			return true;
		}
		put_totals(out, poller, overview);
		return false;
	}
}
