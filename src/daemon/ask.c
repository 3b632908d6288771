// SPDX-License-Identifier: ISC

#include "daemon/ask.h"

#include "base/log.h"
#include "daemon/health.h"
#include "daemon/poller-private.h"
#include "request/request.h"

/* A gap that has grown to this is recorded, whether or not it has ended. */
#define GAP_LONGEST (1 * USEC_PER_DAY)

/* How long a device that the flood guard caught is left alone. */
#define FLOOD_WAIT (1 * USEC_PER_HOUR)

/* A device that is in another account's chain: only a reload changes that. */
#define MOVED_WAIT (1 * USEC_PER_HOUR)

static int post(struct poller *poller, struct access *access, struct poll *poll,
                const struct span *span, usec_t timeout, enum aim aim, struct error *err) {
	char body[REQUEST_BODY_SIZE];
	struct flight *flight = poller->roll.free_flights;

	flight->poll = poll;
	flight->span = *span;
	flight->wall = poller->wall;
	flight->aim = aim == AIM_NEWS && span->fresh_buckets == 0 ? AIM_PROBE : aim;
	flight->cursor = poll->cursor;
	flight->generation = access->generation;
	flight->tenure = access->chain ? access->chain->tenure.ours : 0;
	request_body(body, poll->device, span);
	int r = http_post(poller->http, access->endpoint, body, timeout, flight, err);
	if (r == 0) {
		poller->roll.free_flights = flight->next_free;
		lane_sent(&access->lane, poll, poller->now);
		poller->report.status.requests++;
	}
	return r;
}

/*
 * What has become too old is one gap, however long the trouble lasts: it is recorded with
 * the first bucket after it that is obtained, or when it has grown long.
 */
static bool is_long_gap(const struct poll *poll, usec_t gap_end) {
	return gap_end - poll->cursor >= GAP_LONGEST;
}

static void send_gap(struct poller *poller, struct poll *poll, usec_t gap_end) {
	if (commit_add_gap(poller, poll, gap_end, poller->wall) < 0) {
		health_failed(poller, poll, "out of memory", false, USEC_PER_SEC);
	}
}

/* Buckets in doubt are asked for alone, without a look back: what else there is would hide the answer. */
static bool doubted_span(const struct poll *poll, usec_t horizon, struct span *ret_span) {
	int limit = poll->doubt.missing < poll->reach.limit ? poll->doubt.missing : poll->reach.limit;
	return span_next(poll->device->settings, poll->cursor, USEC_INFINITY, limit, horizon, ret_span);
}

/*
 * What the next request asks for, behind a gap of what has become too old, or of what it
 * leaps over.  Returns false if that is nothing.
 */
static bool next_span(struct poll *poll, usec_t gap_end, usec_t horizon, struct span *ret_span) {
	const struct settings *settings = poll->device->settings;
	usec_t leapt = span_after(settings, poll->cursor, poll->reach.leap);
	usec_t from = leapt > gap_end ? leapt : gap_end;
	bool gap = from > poll->cursor;
	usec_t oldest = poll->memory_len > 0 && !gap ? poll->memory[0].start : USEC_INFINITY;
	if (span_next(settings, from, oldest, poll->reach.limit, horizon, ret_span)) {
		return true;
	}
	if (poll->reach.leap == 0) {
		return false;
	}
	poll->reach.leap = 0; /* nothing follows yet */
	return next_span(poll, gap_end, horizon, ret_span);
}

/* A bucket that is recorded already, or at least over: it is asked for the Date alone. */
static struct span probe_span(const struct poll *poll, usec_t horizon) {
	const struct settings *settings = poll->device->settings;
	usec_t closed = span_closed(settings, horizon);
	usec_t end = grid_floor(&settings->bucket, closed < poll->cursor ? closed : poll->cursor);
	return (struct span){
		.start = grid_floor(&settings->bucket, end - 1),
		.fresh = end,
		.end = end,
		.buckets = 1,
	};
}

static void refuse_move(struct poller *poller, struct poll *poll) {
	struct error err;
	error_say(&err, "the cluster has it in account \"%s\": a device stays in its account; see occupancyd-cluster(7)",
	          poll->home);
	health_failed(poller, poll, err.text, true, MOVED_WAIT);
}

void ask_news(struct poller *poller, struct access *access, struct poll *poll) {
	if (chain_is_elsewhere(poll)) {
		refuse_move(poller, poll);
		return;
	}
	const struct settings *settings = poll->device->settings;
	usec_t horizon = clock_horizon(poller, access);
	/* By an unconfirmed clock nothing is too old. */
	usec_t gap_end = poll->begun && clock_is_confirmed(access)
	                         ? span_gap_end(settings, poll->cursor, poll->since, horizon)
	                         : poll->cursor;
	bool gap = gap_end > poll->cursor;
	struct error err = {{0}};
	struct span span;

	bool in_doubt = poll_in_doubt(poll) && !gap;
	bool more = in_doubt ? doubted_span(poll, horizon, &span) : next_span(poll, gap_end, horizon, &span);
	if (!more && !gap && poll->probe) {
		span = probe_span(poll, horizon);
		more = true;
	}
	poll->probe = false;
	if (gap && (!more || is_long_gap(poll, gap_end))) {
		send_gap(poller, poll, gap_end);
	} else if (!more) {
		poller_plan(poller, poll);
	} else if (!poll_flood_guard(poll, poller->now)) {
		log_crit("%s: too many requests without progress: this is a bug in occupancyd",
		         poll->device->name);
		health_failed(poller, poll, "held back by the flood guard", true, FLOOD_WAIT);
	} else if (post(poller, access, poll, &span, settings->timeout, in_doubt ? AIM_DOUBT : AIM_NEWS, &err) < 0) {
		health_failed(poller, poll, err.text, false, USEC_PER_SEC);
	}
}

/* What is too old by an unconfirmed clock may not be. */
static bool may_recheck(const struct poller *poller, const struct access *access) {
	return !poller->once.wanted && !poller->draining && clock_is_confirmed(access) &&
	       !storage_fails(&poller->storage, STORAGE_LOG);
}

/* What of the device is due; else, what has been ordered.  Returns false if nothing is. */
static bool recheck_wanted(struct poll *poll, bool ordered, usec_t wall, struct span *ret_span) {
	const struct settings *settings = poll->device->settings;
	if (ordered) {
		return recheck_ordered_span(&poll->recheck, settings, poll->reach.limit, ret_span);
	}
	if (!recheck_span(&poll->recheck, settings, wall, poll->reach.limit, ret_span)) {
		return false;
	}
	recheck_frame(&poll->recheck, settings, poll->cursor, poll->reach.limit, ret_span);
	return true;
}

/* Asks again for it.  Returns false if that is nothing, or if it cannot be sent. */
static bool send_recheck(struct poller *poller, struct access *access, struct poll *poll, usec_t wall, usec_t timeout) {
	const struct settings *settings = poll->device->settings;
	struct error err = {{0}};
	struct span span;
	bool ordered = recheck_is_ordered(&poll->recheck, wall, poller->now);
	if (!recheck_wanted(poll, ordered, wall, &span)) {
		return false;
	}
	if (post(poller, access, poll, &span, timeout < settings->timeout ? timeout : settings->timeout, AIM_RECHECK,
	         &err) < 0) {
		return false;
	}
	if (ordered) {
		recheck_ordered_sent(&poll->recheck);
	} else {
		recheck_sent(&poll->recheck, poller->now);
	}
	return true;
}

void ask_again(struct poller *poller, struct access *access) {
	struct lane *lane = &access->lane;
	lane->spare_at = USEC_INFINITY;
	if (!may_recheck(poller, access)) {
		return;
	}
	usec_t wall = clock_true_time(poller, access), until;
	struct poll *poll = lane_take_spare(lane, poller->now, wall, &until);
	if (!poll) {
		return;
	}
	if (send_recheck(poller, access, poll, wall, until - poller->now)) {
		lane->rechecking = true;
	} else {
		poller_plan(poller, poll);
	}
}
