// SPDX-License-Identifier: ISC

#include "daemon/overview.h"

#include "base/json.h"
#include "base/text.h"
#include "base/utc.h"
#include "config/value.h"
#include "daemon/poller-private.h"

#include <string.h>
#include <unistd.h>

/* Requests of many devices take their turn: so much is usual. */
#define LATE_AFTER (60 * USEC_PER_SEC)

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
	buf_puts(out, ",\"accounts\":[");
}

/* Accounts */

static void put_clock(struct buf *out, const struct access *access) {
	const char *trouble = clock_trouble(access);
	buf_puts(out, ",\"clock\":{\"confirmed\":");
	buf_puts(out, clock_is_confirmed(access) ? "true" : "false");
	put_number(out, "ahead_ms", skew_offset(&access->clock.skew) / USEC_PER_MSEC);
	put_reason(out, trouble);
	buf_puts(out, "}");
}

static void put_account(struct buf *out, const struct poller *poller, const struct access *access) {
	const struct lane *lane = &access->lane;
	buf_puts(out, "{\"name\":");
	json_put_string(out, access->account->name);
	put_text(out, "state", lane_words[lane->state]);
	if (lane->state != LANE_OPEN) {
		put_instant(out, "since", poller, lane->since);
		put_reason(out, access->reason);
	}
	buf_puts(out, ",\"rate\":\"");
	value_put_rate(out, &access->account->rate);
	buf_putc(out, '"');
	put_number(out, "in_flight", lane->in_flight);
	put_clock(out, access);
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
	if (poll->lane->state != LANE_OPEN || clock_holds(poll)) {
		return DEVICE_WAITING;
	}
	usec_t due = span_due(poll->device->settings, poll->cursor, poll_spread(poll->device));
	if (clock_poll_horizon(poller, poll) - due > LATE_AFTER) {
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
		overview->part = OVERVIEW_ACCOUNTS;
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
