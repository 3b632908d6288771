// SPDX-License-Identifier: ISC

/*
 * What replies mean for polls and accounts: a row for each outcome.
 *
 * Nothing here loses a bucket.  Whatever goes wrong, the cursor stays where it
 * is and the poll is filed to ask again.
 */

#include "daemon/reply.h"

#include "base/log.h"
#include "daemon/health.h"
#include "daemon/landing.h"
#include "daemon/rechecks.h"
#include "schedule/backoff.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REJECTED_FIRST     (5 * USEC_PER_MIN)
#define REJECTED_LAST      (1 * USEC_PER_HOUR)
#define SERVER_ERROR_FIRST (1 * USEC_PER_MIN)
#define SERVER_ERROR_LAST  (15 * USEC_PER_MIN)

enum {
	/* A 500 is tried again so often with short waits. */
	SERVER_ERROR_QUICK = 3,
	/* So many replies in a row that were of no use may be the fault of the machine that they come from. */
	UNLUCKY_LIMIT = 3,
	/* The batch is written at the end of a turn, or when it has grown to this. */
	BATCH_BYTES = 1 << 20,
};

static const char *devices_of(const struct landing *l, char buf[static 64]) {
	size_t count = 0;
	for (size_t i = 0; i < l->poller->roll.config->device_count; i++) {
		count += l->poller->roll.polls[i].lane == l->poll->lane;
	}
	(void)snprintf(buf, 64, count == 1 ? "its %zu device is not polled" : "its %zu devices are not polled", count);
	return buf;
}

/* Polls */

static void fail(const struct landing *l, bool tell_now, usec_t wait) {
	if (l->aim == AIM_PROBE) {
		poller_plan(l->poller, l->poll); /* nothing that the device wants has failed */
		return;
	}
	health_failed(l->poller, l->poll, l->verdict.reason, tell_now, wait);
}

/* A bucket that fails alone is given so long before what follows is asked for. */
#define ALONE_PATIENCE (2 * USEC_PER_MIN)

/* Less at once may come through; false if it cannot be less. */
static bool halve_span(const struct landing *l) {
	return reach_halve(&l->poll->reach, l->span.buckets);
}

/* Whether there is anything to ask for behind as many buckets as would be skipped next. */
static bool can_leap(const struct landing *l) {
	const struct settings *settings = l->poll->device->settings;
	return span_closed(settings, clock_poll_horizon(l->poller, l->poll)) >
	       span_after(settings, l->poll->cursor, l->poll->reach.leapt + 1);
}

/* The request's own fault: less is asked for at once, or what follows a bucket that fails alone. */
static bool ask_for_less(const struct landing *l) {
	struct poll *poll = l->poll;
	if (l->aim == AIM_PROBE) {
		return false;
	}
	if (!halve_span(l)) {
		bool patient = poll->failures == 0 || l->poller->now - poll->failing_since < ALONE_PATIENCE ||
		               !can_leap(l);
		reach_failed_alone(&poll->reach, patient);
		if (poll->reach.leap == 0) {
			return false;
		}
	}
	health_count(l->poller, poll, l->verdict.reason, false, 0);
	landing_wait(l);
	return true;
}

/* Outcomes */

static void on_failing(const struct landing *l) {
	landing_reached(l);
	if (!ask_for_less(l)) {
		fail(l, false, landing_backoff_after(l, l->poll->reach.alone));
	}
}

static void on_ok(const struct landing *l) {
	struct poller *poller = l->poller;
	struct poll *poll = l->poll;
	struct error err = {{0}};
	if (l->aim == AIM_PROBE) {
		answer_take(l); /* it was not asked for its counts */
		return;
	}
	int r = fit_points(&l->answer->fit, poll->device->settings, &poll->habit, &l->span, &l->answer->points, &err);
	poll->habit = l->answer->fit.habit;
	if (r == 0) {
		answer_take(l);
		return;
	}
	if (r == -ENOMEM) {
		landing_reached(l);
		health_failed(poller, poll, err.text, false, landing_backoff(l));
		return;
	}
	struct landing failed = *l;
	failed.verdict.outcome = OUTCOME_FAILING;
	(void)snprintf(failed.verdict.reason, sizeof(failed.verdict.reason), "%.*s",
	               (int)sizeof(failed.verdict.reason) - 1, err.text);
	access_mask(l->access, failed.verdict.reason, strlen(failed.verdict.reason));
	on_failing(&failed);
}

static void on_throttled(const struct landing *l) {
	landing_throttle(l);
	landing_wait(l);
}

static void fail_for_long(const struct landing *l, unsigned failures) {
	fail(l, true, backoff_at_least(REJECTED_FIRST, REJECTED_LAST, failures, &l->poller->rng));
}

static void on_rejected(const struct landing *l) {
	landing_reached(l);
	/* Some servers answer a bad client certificate with 400. */
	l->access->trouble = l->access->account->client_cert != NULL;
	if (!ask_for_less(l)) {
		fail_for_long(l, l->poll->reach.alone);
	}
}

/* What an administrator has to do about a refused key. */
static void tell_refused(const struct landing *l) {
	const struct account *account = l->access->account;
	char wait[DURATION_STRING_SIZE], devices[64];
	units_format_duration(wait, l->access->lane.until - l->poller->now, 0);

	if (secret_is_mounted(account->key_file)) {
		log_err("%s: key refused (%s): %s; put a valid key of this region into the secret %s and "
		        "create the container again; next try in %s",
		        account->name, l->verdict.reason, devices_of(l, devices), account->key_file, wait);
	} else if (account->key_file[0] == '/') {
		log_err("%s: key refused (%s): %s; put a valid key of this region into %s, which is read "
		        "as soon as it changes; next try in %s",
		        account->name, l->verdict.reason, devices_of(l, devices), account->key_file, wait);
	} else {
		log_err("%s: key refused (%s): %s; put a valid key of this region into the file behind "
		        "LoadCredential=%s and restart the service; next try in %s",
		        account->name, l->verdict.reason, devices_of(l, devices), account->key_file, wait);
	}
}

/*
 * One device may be refused where the key is good: it lacks a permission.  That is
 * known when the key was accepted for others since the account was last refused, and
 * this one was refused with it before.
 */
static bool is_refused_alone(const struct landing *l) {
	return l->access->accepted && l->access->lane.state == LANE_OPEN &&
	       l->poll->refused_by == l->access->generation;
}

static void on_refused(const struct landing *l) {
	struct poller *poller = l->poller;
	struct lane *lane = &l->access->lane;
	if (l->outdated) {
		landing_wait(l); /* the key that is in use now has not been tried */
		return;
	}
	if (is_refused_alone(l)) {
		landing_reached(l);
		fail_for_long(l, l->poll->failures + 1u);
		l->access->shut_out = true;
		return;
	}
	l->poll->refused_by = l->access->generation;
	l->access->accepted = false;

	bool news = lane_refuse(lane, poller->now, &poller->rng);
	if (news) {
		tell_refused(l);
	}
	l->access->trouble = true;
	landing_set_reason(l, "key refused");
	if (news) {
		access_refresh(l->access, poller->http, poller->now);
	}
	landing_wait(l);
}

static void on_transient(const struct landing *l) {
	struct poller *poller = l->poller;
	struct lane *lane = &l->access->lane;
	if (l->verdict.slow) {
		(void)halve_span(l);
	}
	l->access->trouble = true;

	if (lane_unreached(lane, l->poll, &poller->roll.config->retry, poller->now, &poller->rng)) {
		char devices[64];
		log_warning("%s: cannot be reached (%s): %s, one request at a time probes it",
		            l->access->account->name, l->verdict.reason, devices_of(l, devices));
	}
	if (lane->state == LANE_OPEN) {
		fail(l, false, landing_backoff(l));
	} else {
		landing_set_reason(l, lane->state == LANE_DOWN ? "cannot be reached" : "not back yet");
		landing_wait(l);
	}
}

static void on_server_error(const struct landing *l) {
	if (l->access->lane.state == LANE_REFUSED) {
		on_transient(l); /* a server in trouble does not say that the key is good now */
		return;
	}
	landing_reached(l);
	if (ask_for_less(l)) {
		return;
	}
	unsigned alone = l->poll->reach.alone;
	fail(l, false,
	     alone <= SERVER_ERROR_QUICK
	             ? landing_backoff_after(l, alone)
	             : backoff_at_least(SERVER_ERROR_FIRST, SERVER_ERROR_LAST, alone - SERVER_ERROR_QUICK,
	                                &l->poller->rng));
}

static void on_too_large(const struct landing *l) {
	landing_reached(l);
	if (!ask_for_less(l)) {
		fail(l, false, landing_backoff_after(l, l->poll->reach.alone));
	}
}

/* Nothing is known of the answer, and neither the server nor the bucket is to blame; less needs less. */
static void on_no_memory(const struct landing *l) {
	landing_reached(l);
	(void)halve_span(l);
	fail(l, false, landing_backoff(l));
}

static void (*const actions[])(const struct landing *) = {
	[OUTCOME_OK] = on_ok,
	[OUTCOME_FAILING] = on_failing,
	[OUTCOME_THROTTLED] = on_throttled,
	[OUTCOME_REFUSED] = on_refused,
	[OUTCOME_REJECTED] = on_rejected,
	[OUTCOME_SERVER_ERROR] = on_server_error,
	[OUTCOME_TRANSIENT] = on_transient,
	[OUTCOME_TOO_LARGE] = on_too_large,
	[OUTCOME_NO_MEMORY] = on_no_memory,
};
static_assert(sizeof(actions) / sizeof(actions[0]) == OUTCOME_COUNT, "each outcome has its action");

static void mask_points(const struct access *access, struct points *points) {
	access_mask(access, points->warning, strlen(points->warning));
	if (points->text.data) {
		access_mask(access, points->text.data, points->text.len);
	}
}

/* Connections */

/*
 * Where a request got no answer, the next one takes another way: a connection may have gone silent, and
 * the server may have moved.  Where answers are of no use, it does after some of them.
 */
static void watch_connections(const struct landing *l) {
	unsigned *unlucky = &l->access->unlucky;
	enum outcome outcome = l->verdict.outcome;
	bool useful = outcome == OUTCOME_OK || outcome == OUTCOME_THROTTLED;

	if (outcome == OUTCOME_NO_MEMORY) {
		return;
	}
	*unlucky = useful ? 0 : *unlucky + 1;
	if (outcome == OUTCOME_TRANSIENT || *unlucky >= UNLUCKY_LIMIT) {
		*unlucky = 0;
		http_renew(l->poller->http);
	}
}

/* In a cluster: another node may have recorded something since it was asked for. */
static void let_drop(const struct landing *l) {
	if (l->aim == AIM_RECHECK) {
		l->access->lane.rechecking = false;
		recheck_unanswered(&l->poll->recheck, l->poller->now);
	}
	poller_plan(l->poller, l->poll);
}

void reply_take(struct poller *poller, const struct http_reply *reply) {
	struct flight *flight = reply->user;
	struct landing l = {
		.poller = poller,
		.answer = &poller->answer,
		.poll = flight->poll,
		.access = access_of(flight->poll),
		.span = flight->span,
		.sent = flight->wall,
		.aim = flight->aim,
		.cursor = flight->cursor,
	};
	l.outdated = flight->generation != l.access->generation;
	uint64_t tenure = flight->tenure;
	roll_land(&poller->roll, flight);
	l.access->lane.in_flight--;

	/* What is quoted in a message or a record must not be the key: as it came, */
	access_mask(l.access, reply->body, reply->body_len);

	/* and as it reads once JSON's escapes are undone. */
	int parsed = 0;
	struct error err = {{0}};
	if (reply->result == HTTP_REPLIED && reply->status == 200) {
		parsed = parse_points(&poller->answer.points, reply->body, reply->body_len,
		                      l.poll->device->settings->count_key, &err);
		mask_points(l.access, &poller->answer.points);
	}
	outcome_judge(reply, parsed, &err, clock_likely_time(poller, l.access), &l.verdict);
	access_mask(l.access, l.verdict.reason, strlen(l.verdict.reason));
	if (l.verdict.outcome == OUTCOME_OK) {
		clock_watch(poller, l.access, l.poll->asked, reply);
	}
	watch_connections(&l);
	if (l.verdict.outcome == OUTCOME_OK && l.access->chain && !chain_accepts(l.access->chain, tenure)) {
		let_drop(&l);
	} else if (l.aim == AIM_RECHECK) {
		rechecks_take(&l);
	} else {
		actions[l.verdict.outcome](&l);
	}
	access_landed(l.access, l.outdated);
	poller->changed = true;

	if (sink_pending(poller->sink) >= BATCH_BYTES) {
		commit_write(poller);
	}
}
