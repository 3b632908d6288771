// SPDX-License-Identifier: ISC

#include "daemon/answer.h"

#include "base/log.h"
#include "daemon/health.h"
#include "daemon/landing.h"

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

/* Of several buckets that were skipped only the first is known to fail alone. */
static void give_up_first(const struct landing *l) {
	usec_t end = span_after(l->poll->device->settings, l->poll->cursor, 1);
	if (commit_add_gap(l->poller, l->poll, end, l->sent) < 0) {
		health_failed(l->poller, l->poll, "out of memory", false, landing_backoff(l));
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

struct said answer_said(const struct landing *l, const struct span *span) {
	const struct fit *fit = &l->answer->fit;
	struct said said = {
		.buckets = span->buckets,
		.fresh = span->buckets - span->fresh_buckets,
		.hole = span->buckets,
		.warned = l->answer->points.has_warning,
		.more = l->answer->points.more,
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

void answer_find_sure(const struct landing *l, const struct belief *belief, const struct said *said) {
	int from, until;
	belief_sure(belief, said, &from, &until);
	l->answer->fit.sure_from = (size_t)from;
	l->answer->fit.sure_until = (size_t)until;
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
	struct said said = answer_said(l, span);
	struct doubt doubt = {0};

	int until = said.buckets;
	if (!settle_doubt(l, beliefs, &said)) {
		until = belief_judge(&beliefs[said.warned], &said, &doubt);
		answer_find_sure(l, &beliefs[said.warned], &said);
	}
	belief_learn(&beliefs[said.warned], &said);
	if (said.more && said.points == 0) {
		(void)reach_halve(&poll->reach, span->buckets);
	}
	doubt.from = until > said.fresh || span->fresh > poll->cursor ? l->answer->fit.edges[until] : poll->cursor;
	poll->doubt = doubt;
	span->end = l->answer->fit.edges[until];
	span->buckets = until;
	span->fresh_buckets = until - said.fresh;
}

/* Useless points do not make an answer wrong, but the first ones are reported. */
void answer_count_dropped(const struct landing *l) {
	size_t outside = l->answer->fit.outside, untimed = l->answer->points.dropped;
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
	struct records *records = &l->answer->records;
	size_t made = commit_waiting(poller, l->poll);
	int r = records_make(records, l->poll, span, &l->answer->fit, &l->answer->points, poller->wall);
	if (r == 0 && span->fresh > l->poll->cursor) {
		/* What lies between was too old to be asked for. */
		r = commit_add_gap(poller, l->poll, span->fresh, l->sent);
	}
	/* Short of memory half way: what is in the batch is right, the rest is asked again. */
	for (size_t i = 0; r == 0 && i < records->len; i++) {
		r = commit_add(poller, l->poll, &records->list[i]);
	}
	return commit_waiting(poller, l->poll) > made ? 1 : r;
}

void answer_take(const struct landing *l) {
	struct poller *poller = l->poller;
	struct span span = l->span;
	landing_reached(l);

	if (!is_wanted(l, &span)) {
		poller_plan(poller, l->poll);
		return;
	}
	/* Where answers do not fit, one without points does not show that others would. */
	bool proof = l->answer->fit.points > 0 || !l->poll->habit.misfit;
	if (l->poll->reach.leap > 0 &&
	    (!proof || !reach_leapt(&l->poll->reach) || !clock_is_confirmed(l->access))) {
		/* What it skipped has another chance. */
		l->poll->reach.leap = 0;
		poller_retry(poller, l->poll, landing_backoff(l));
		return;
	}
	if (l->poll->reach.leap > 1) {
		give_up_first(l);
		return;
	}
	cut_to_belief(l, &span);
	answer_count_dropped(l);
	int made = record_answer(l, &span);
	if (made == 0 && poll_in_doubt(l->poll)) {
		landing_wait(l);
	} else if (made <= 0) {
		/* A poll that nothing is recorded of would never be filed again. */
		health_failed(poller, l->poll, made < 0 ? "out of memory" : "nothing new in the answer", false,
		              landing_backoff(l));
		return;
	}
	/* What takes several requests, for some of it is in doubt, counts as one. */
	if (l->poll->doubt.missing == 0) {
		recheck_earn(&l->poll->recheck);
	}
}
