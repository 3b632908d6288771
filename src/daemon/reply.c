// SPDX-License-Identifier: ISC

/*
 * What replies mean for polls and accounts: a row for each outcome.
 *
 * Nothing here loses a bucket.  Whatever goes wrong, the cursor stays where it
 * is and the poll is filed to ask again.
 */

#include "daemon/reply.h"

#include "base/log.h"
#include "base/text.h"
#include "daemon/health.h"
#include "daemon/poller-private.h"
#include "response/outcome.h"
#include "schedule/backoff.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REJECTED_FIRST     (5 * USEC_PER_MIN)
#define REJECTED_LAST      (1 * USEC_PER_HOUR)
#define SERVER_ERROR_FIRST (1 * USEC_PER_MIN)
#define SERVER_ERROR_LAST  (15 * USEC_PER_MIN)
#define THROTTLE_JITTER    (1 * USEC_PER_SEC)

enum {
	/* A 500 is tried again so often with short waits. */
	SERVER_ERROR_QUICK = 3,
	/* So many replies in a row that were of no use may be the fault of the machine that they come from. */
	UNLUCKY_LIMIT = 3,
	/* The batch is written at the end of a turn, or when it has grown to this. */
	BATCH_BYTES = 1 << 20,
};

/** A reply at hand. */
struct landing {
	struct poller *poller;
	struct access *access;
	struct poll *poll;
	struct span span;
	usec_t sent; /* wall clock */
	enum aim aim;
	usec_t cursor; /* as it was then */
	bool outdated; /* it was sent with a key that has been replaced since */
	struct verdict verdict;
};

void answer_init(struct answer *answer) {
	points_init(&answer->points);
	fit_init(&answer->fit);
	records_init(&answer->records);
}

void answer_done(struct answer *answer) {
	points_done(&answer->points);
	fit_done(&answer->fit);
	records_done(&answer->records);
}

static const char *devices_of(const struct landing *l, char buf[static 64]) {
	size_t count = 0;
	for (size_t i = 0; i < l->poller->roll.config->device_count; i++) {
		count += l->poller->roll.polls[i].lane == l->poll->lane;
	}
	(void)snprintf(buf, 64, count == 1 ? "its %zu device is not polled" : "its %zu devices are not polled", count);
	return buf;
}

/* Accounts */

static void tell_reached(const struct landing *l, enum lane_state before, usec_t since) {
	char text[DURATION_STRING_SIZE];
	const char *name = l->access->account->name;
	units_format_duration(text, l->poller->now - since, 0);

	switch (before) {
	case LANE_REFUSED:
		log_notice("%s: key accepted after %s", name, text);
		break;
	case LANE_DOWN:
		log_notice("%s: reached again after %s", name, text);
		break;
	case LANE_THROTTLED:
		log_info("%s: no longer rate limited, after %s", name, text);
		break;
	case LANE_OPEN:
		break;
	}
}

/* A statement about the request itself, not from something in between or a server in trouble. */
static bool shows_key_accepted(enum outcome outcome) {
	return outcome == OUTCOME_OK || outcome == OUTCOME_REJECTED || outcome == OUTCOME_TOO_LARGE;
}

/* Any answer that is not about the account shows that the account is well. */
static void account_reached(const struct landing *l) {
	struct lane *lane = &l->access->lane;
	enum lane_state before = lane->state;
	usec_t since = lane->since;
	if (lane_reached(lane, l->poller->now)) {
		tell_reached(l, before, since);
	}
	if (lane->state == LANE_OPEN && !l->outdated && shows_key_accepted(l->verdict.outcome)) {
		l->access->accepted = true;
	}
	l->access->trouble = false;
}

static void set_reason(struct access *access, const char *what, const char *reason) {
	char shown[300];
	text_escape(shown, sizeof(shown), reason, strlen(reason));
	(void)snprintf(access->reason, sizeof(access->reason), "%s (%s)", what, shown);
}

/* Polls that wait for their account ask first when it opens. */
static void wait_for_account(const struct landing *l) {
	lane_ready(l->poll->lane, l->poll, l->poller->now, clock_poll_horizon(l->poller, l->poll));
}

/* Polls */

static void fail(const struct landing *l, bool tell_now, usec_t wait) {
	if (l->aim == AIM_PROBE) {
		poller_plan(l->poller, l->poll); /* nothing that the device wants has failed */
		return;
	}
	health_failed(l->poller, l->poll, l->verdict.reason, tell_now, wait);
}

static usec_t backoff_after(const struct landing *l, unsigned failures) {
	const struct retry_settings *retry = &l->poller->roll.config->retry;
	return backoff_full_jitter(retry->base, retry->cap, failures, &l->poller->rng);
}

static usec_t usual_backoff(const struct landing *l) {
	return backoff_after(l, l->poll->failures + 1u);
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
	wait_for_account(l);
	return true;
}

/* Outcomes */

/* Of several buckets that were skipped only the first is known to fail alone. */
static void give_up_first(const struct landing *l) {
	usec_t end = span_after(l->poll->device->settings, l->poll->cursor, 1);
	if (commit_add_gap(l->poller, l->poll, end, l->sent) < 0) {
		health_failed(l->poller, l->poll, "out of memory", false, usual_backoff(l));
	}
}

/*
 * Whether the answer is what the poll still wants, as far as it is over, and may be recorded.
 * With the reply itself the time may have been confirmed, and then a device begins.
 */
static bool is_wanted(const struct landing *l, struct span *span) {
	const struct poll *poll = l->poll;
	bool leaves_out = span->fresh > poll->cursor && poll->reach.leap == 0;
	if (l->aim == AIM_PROBE || !poll->begun || clock_holds(poll) || poll->cursor != l->cursor) {
		return false;
	}
	if (leaves_out && !clock_is_confirmed(l->access)) {
		return false;
	}
	/* By the server's clock some of what was asked for may not be over. */
	return span_cut(poll->device->settings, clock_poll_horizon(l->poller, poll), span);
}

static void on_failing(const struct landing *l) {
	account_reached(l);
	if (!ask_for_less(l)) {
		fail(l, false, backoff_after(l, l->poll->reach.alone));
	}
}

/* What the answer says of the span's buckets. */
static struct said what_is_said(const struct landing *l, const struct span *span) {
	const struct fit *fit = &l->poller->answer.fit;
	struct said said = {
		.buckets = span->buckets,
		.fresh = span->buckets - span->fresh_buckets,
		.hole = span->buckets,
		.warned = l->poller->answer.points.has_warning,
		.more = l->poller->answer.points.more,
	};
	for (int i = 0; i < span->buckets; i++) {
		if (fit->chosen[i] != FIT_NONE) {
			said.first = said.points == 0 ? i : said.first;
			said.solid = i == said.first || i == said.solid ? i + 1 : said.solid;
			said.last = i;
			said.points++;
		} else if (i >= said.fresh && said.hole == span->buckets) {
			said.hole = i;
		}
	}
	return said;
}

/* Which buckets without a point the answer speaks of. */
static void find_sure(const struct landing *l, const struct belief *belief, const struct said *said) {
	int from, until;
	belief_sure(belief, said, &from, &until);
	l->poller->answer.fit.sure_from = (size_t)from;
	l->poller->answer.fit.sure_until = (size_t)until;
}

/* Whether the buckets that were asked for alone are not there. */
static bool settle_doubt(const struct landing *l, struct belief *beliefs, const struct said *said) {
	struct poll *poll = l->poll;
	if (l->aim != AIM_DOUBT) {
		return false;
	}
	if (said->points > 0 && span_is_backlog(poll->device->settings, poll->cursor, clock_poll_horizon(l->poller, poll))) {
		reach_narrow(&poll->reach, poll->doubt.buckets, poll->doubt.works);
	}
	return belief_settle(&beliefs[poll->doubt.warned], &poll->doubt, said);
}

/* Cuts the span to what may be recorded.  What an answer has left out at an end is asked for again. */
static void cut_to_belief(const struct landing *l, struct span *span) {
	struct poll *poll = l->poll;
	struct belief *beliefs = l->access->beliefs[poll->device->settings->bucket.interval];
	struct said said = what_is_said(l, span);
	struct doubt doubt = {0};

	int until = said.buckets;
	if (!settle_doubt(l, beliefs, &said)) {
		until = belief_judge(&beliefs[said.warned], &said, &doubt);
		find_sure(l, &beliefs[said.warned], &said);
	}
	belief_learn(&beliefs[said.warned], &said);
	if (said.more && said.points == 0) {
		(void)reach_halve(&poll->reach, span->buckets);
	}
	doubt.from = until > said.fresh || span->fresh > poll->cursor ? l->poller->answer.fit.edges[until] : poll->cursor;
	poll->doubt = doubt;
	span->end = l->poller->answer.fit.edges[until];
	span->buckets = until;
	span->fresh_buckets = until - said.fresh;
}

/* Useless points do not make an answer wrong, but the first ones are reported. */
static void count_dropped(const struct landing *l) {
	size_t outside = l->poller->answer.fit.outside, untimed = l->poller->answer.points.dropped;
	l->poller->report.status.points_dropped += outside + untimed;
	if (outside + untimed > 0 && !l->access->drops_told) {
		l->access->drops_told = true;
		log_notice("%s: %s: points are dropped: %zu outside of what was asked for, %zu without a time",
		           l->access->account->name, l->poll->device->name, outside, untimed);
	}
}

/*
 * Records what is believed of an answer that fits.  Returns 1 if there is anything to be
 * written, 0 if not, -ENOMEM.
 */
static int record_answer(const struct landing *l, const struct span *span) {
	struct poller *poller = l->poller;
	struct records *records = &poller->answer.records;
	size_t made = poller->batch.len;
	int r = records_make(records, l->poll, span, &poller->answer.fit, &poller->answer.points, poller->wall);
	if (r == 0 && span->fresh > l->poll->cursor) {
		/* What lies between was too old to be asked for. */
		r = commit_add_gap(poller, l->poll, span->fresh, l->sent);
	}
	/* Short of memory half way: what is in the batch is right, the rest is asked again. */
	for (size_t i = 0; r == 0 && i < records->len; i++) {
		r = commit_add(poller, l->poll, &records->list[i]);
	}
	return poller->batch.len > made ? 1 : r;
}

static void on_fitting(const struct landing *l) {
	struct poller *poller = l->poller;
	struct span span = l->span;
	account_reached(l);

	if (!is_wanted(l, &span)) {
		poller_plan(poller, l->poll);
		return;
	}
	/* Where answers do not fit, one without points does not show that others would. */
	bool proof = poller->answer.fit.points > 0 || !l->poll->habit.misfit;
	if (l->poll->reach.leap > 0 &&
	    (!proof || !reach_leapt(&l->poll->reach) || !clock_is_confirmed(l->access))) {
		/* What it skipped has another chance. */
		l->poll->reach.leap = 0;
		poller_retry(poller, l->poll, usual_backoff(l));
		return;
	}
	if (l->poll->reach.leap > 1) {
		give_up_first(l);
		return;
	}
	cut_to_belief(l, &span);
	count_dropped(l);
	int made = record_answer(l, &span);
	if (made == 0 && poll_in_doubt(l->poll)) {
		wait_for_account(l);
	} else if (made <= 0) {
		/* A poll that nothing is recorded of would never be filed again. */
		health_failed(poller, l->poll, made < 0 ? "out of memory" : "nothing new in the answer", false,
		              usual_backoff(l));
		return;
	}
	/* What takes several requests, for some of it is in doubt, counts as one. */
	if (l->poll->doubt.missing == 0) {
		recheck_earn(&l->poll->recheck);
	}
}

static void on_ok(const struct landing *l) {
	struct poller *poller = l->poller;
	struct poll *poll = l->poll;
	struct error err = {{0}};
	if (l->aim == AIM_PROBE) {
		on_fitting(l); /* it was not asked for its counts */
		return;
	}
	int r = fit_points(&poller->answer.fit, poll->device->settings, &poll->habit, &l->span, &poller->answer.points, &err);
	poll->habit = poller->answer.fit.habit;
	if (r == 0) {
		on_fitting(l);
		return;
	}
	if (r == -ENOMEM) {
		account_reached(l);
		health_failed(poller, poll, err.text, false, usual_backoff(l));
		return;
	}
	struct landing failed = *l;
	failed.verdict.outcome = OUTCOME_FAILING;
	(void)snprintf(failed.verdict.reason, sizeof(failed.verdict.reason), "%.*s",
	               (int)sizeof(failed.verdict.reason) - 1, err.text);
	access_mask(l->access, failed.verdict.reason, strlen(failed.verdict.reason));
	on_failing(&failed);
}

static void throttle(const struct landing *l) {
	struct poller *poller = l->poller;
	usec_t wait = l->verdict.wait + rng_below(&poller->rng, THROTTLE_JITTER);
	if (lane_throttle(&l->access->lane, poller->now, wait)) {
		char text[DURATION_STRING_SIZE];
		log_notice("%s: rate limited (%s): its devices will not be polled for %s",
		           l->access->account->name, l->verdict.reason,
		           units_format_duration(text, wait, 0));
	}
	set_reason(l->access, "rate limited", l->verdict.reason);
}

static void on_throttled(const struct landing *l) {
	throttle(l);
	wait_for_account(l);
}

static void fail_for_long(const struct landing *l, unsigned failures) {
	fail(l, true, backoff_at_least(REJECTED_FIRST, REJECTED_LAST, failures, &l->poller->rng));
}

static void on_rejected(const struct landing *l) {
	account_reached(l);
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
		wait_for_account(l); /* the key that is in use now has not been tried */
		return;
	}
	if (is_refused_alone(l)) {
		account_reached(l);
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
	set_reason(l->access, "key refused", l->verdict.reason);
	if (news) {
		access_refresh(l->access, poller->http, poller->now);
	}
	wait_for_account(l);
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
		fail(l, false, usual_backoff(l));
	} else {
		set_reason(l->access, lane->state == LANE_DOWN ? "cannot be reached" : "not back yet",
		           l->verdict.reason);
		wait_for_account(l);
	}
}

static void on_server_error(const struct landing *l) {
	if (l->access->lane.state == LANE_REFUSED) {
		on_transient(l); /* a server in trouble does not say that the key is good now */
		return;
	}
	account_reached(l);
	if (ask_for_less(l)) {
		return;
	}
	unsigned alone = l->poll->reach.alone;
	fail(l, false,
	     alone <= SERVER_ERROR_QUICK
	             ? backoff_after(l, alone)
	             : backoff_at_least(SERVER_ERROR_FIRST, SERVER_ERROR_LAST, alone - SERVER_ERROR_QUICK,
	                                &l->poller->rng));
}

static void on_too_large(const struct landing *l) {
	account_reached(l);
	if (!ask_for_less(l)) {
		fail(l, false, backoff_after(l, l->poll->reach.alone));
	}
}

/* Nothing is known of the answer, and neither the server nor the bucket is to blame; less needs less. */
static void on_no_memory(const struct landing *l) {
	account_reached(l);
	(void)halve_span(l);
	fail(l, false, usual_backoff(l));
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

/* Rechecks */

/* What changed is recorded; the commit then files the poll.  Returns false if nothing did. */
static bool record_later(const struct landing *l, const struct span *span) {
	struct poller *poller = l->poller;
	struct records *records = &poller->answer.records;
	size_t made = poller->batch.len;
	int r = records_make(records, l->poll, &l->span, &poller->answer.fit, &poller->answer.points, poller->wall);
	for (size_t i = 0; r == 0 && i < records->len; i++) {
		r = commit_add_later(poller, l->poll, &records->list[i], span);
	}
	return poller->batch.len > made;
}

/*
 * The part of a recheck's range that its answer is believed for, which may have no buckets: what is missing
 * at the beginning is then asked for by itself next.  Returns false if it is no answer, or does not fit.
 */
static bool what_is_believed(const struct landing *l, struct span *ret_span) {
	struct poller *poller = l->poller;
	struct poll *poll = l->poll;
	const struct fit *fit = &poller->answer.fit;
	const struct settings *settings = poll->device->settings;
	struct belief *beliefs = l->access->beliefs[settings->bucket.interval];
	struct span span = l->span;

	if (l->verdict.outcome != OUTCOME_OK ||
	    fit_points(&poller->answer.fit, settings, &poll->habit, &span, &poller->answer.points, &(struct error){{0}}) < 0) {
		return false;
	}
	span.fresh_buckets = span.buckets;
	struct said said = what_is_said(l, &span);
	find_sure(l, &beliefs[said.warned], &said);
	belief_learn(&beliefs[said.warned], &said);
	count_dropped(l);
	if (fit->sure_until - fit->sure_from < fit->buckets) {
		recheck_doubted(&poll->recheck, said.points > 0 ? (int)fit->sure_from : said.buckets / 2);
	}
	span.start = span.fresh = fit->edges[fit->sure_from];
	span.end = fit->edges[fit->sure_until];
	span.buckets = span.fresh_buckets = (int)(fit->sure_until - fit->sure_from);
	*ret_span = span;
	return true;
}

/*
 * Nobody waits for it: whatever goes wrong, the device is as well as before, and the range has
 * its next turn.  A server that says "wait" is obeyed.
 */
static void on_recheck(const struct landing *l) {
	struct poller *poller = l->poller;
	const struct settings *settings = l->poll->device->settings;
	usec_t wall = clock_poll_time(poller, l->poll);

	l->access->lane.rechecking = false;
	poller->unsaved = true;
	if (l->verdict.outcome == OUTCOME_OK) {
		account_reached(l);
	}
	struct span believed;
	if (!what_is_believed(l, &believed)) {
		if (l->verdict.outcome == OUTCOME_THROTTLED) {
			throttle(l);
		}
		recheck_failed(&l->poll->recheck, settings, &l->span, wall, poller->now);
	} else if (believed.buckets > 0) {
		if (record_later(l, &believed)) {
			return;
		}
		recheck_answered(&l->poll->recheck, settings, believed.start, believed.end, wall);
	}
	poller_plan(poller, l->poll);
}

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

void reply_take(struct poller *poller, const struct http_reply *reply) {
	struct flight *flight = reply->user;
	struct landing l = {
		.poller = poller,
		.poll = flight->poll,
		.access = access_of(flight->poll),
		.span = flight->span,
		.sent = flight->wall,
		.aim = flight->aim,
		.cursor = flight->cursor,
	};
	l.outdated = flight->generation != l.access->generation;
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
	if (l.aim == AIM_RECHECK) {
		on_recheck(&l);
	} else {
		actions[l.verdict.outcome](&l);
	}
	access_landed(l.access, l.outdated);
	poller->changed = true;

	if (sink_pending(poller->sink) >= BATCH_BYTES) {
		commit_write(poller);
	}
}
