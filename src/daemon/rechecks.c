// SPDX-License-Identifier: ISC

#include "daemon/rechecks.h"

#include "daemon/landing.h"

/* What changed is recorded; the commit then files the poll.  Returns false if nothing did. */
static bool record_later(const struct landing *l, const struct span *span) {
	struct poller *poller = l->poller;
	struct records *records = &l->answer->records;
	size_t made = commit_waiting(poller, l->poll);
	int r = records_make(records, l->poll, &l->span, &l->answer->fit, &l->answer->points, poller->wall);
	for (size_t i = 0; r == 0 && i < records->len; i++) {
		r = commit_add_later(poller, l->poll, &records->list[i], span);
	}
	return commit_waiting(poller, l->poll) > made;
}

/*
 * The part of a recheck's range that its answer is believed for, which may have no buckets: what is missing
 * at the beginning is then asked for by itself next.  Returns false if it is no answer, or does not fit.
 */
static bool what_is_believed(const struct landing *l, struct span *ret_span) {
	struct poll *poll = l->poll;
	const struct fit *fit = &l->answer->fit;
	const struct settings *settings = poll->device->settings;
	struct belief *beliefs = l->access->beliefs[settings->bucket.interval];
	struct span span = l->span;

	if (l->verdict.outcome != OUTCOME_OK ||
	    fit_points(&l->answer->fit, settings, &poll->habit, &span, &l->answer->points, &(struct error){{0}}) < 0) {
		return false;
	}
	span.fresh_buckets = span.buckets;
	struct said said = answer_said(l, &span);
	answer_find_sure(l, &beliefs[said.warned], &said);
	belief_learn(&beliefs[said.warned], &said);
	answer_count_dropped(l);
	if (fit->sure_until - fit->sure_from < fit->buckets) {
		recheck_doubted(&poll->recheck, said.points > 0 ? (int)fit->sure_from : said.buckets / 2);
	}
	span.start = span.fresh = fit->edges[fit->sure_from];
	span.end = fit->edges[fit->sure_until];
	span.buckets = span.fresh_buckets = (int)(fit->sure_until - fit->sure_from);
	*ret_span = span;
	return true;
}

/* Whether the range may be the reason for the failure: less at once may come through. */
static bool is_range_in_doubt(const struct verdict *verdict) {
	switch (verdict->outcome) {
	case OUTCOME_THROTTLED:
	case OUTCOME_REFUSED:
		return false;
	case OUTCOME_TRANSIENT:
		return verdict->slow;
	default:
		return true;
	}
}

void rechecks_take(const struct landing *l) {
	struct poller *poller = l->poller;
	const struct settings *settings = l->poll->device->settings;
	usec_t wall = clock_poll_time(poller, l->poll);

	l->access->lane.rechecking = false;
	poller->unsaved = true;
	if (l->verdict.outcome == OUTCOME_OK) {
		landing_reached(l);
	}
	struct span believed;
	if (!what_is_believed(l, &believed)) {
		if (l->verdict.outcome == OUTCOME_THROTTLED) {
			landing_throttle(l);
		}
		if (is_range_in_doubt(&l->verdict)) {
			recheck_failed(&l->poll->recheck, settings, &l->span, wall, poller->now);
		} else {
			recheck_unanswered(&l->poll->recheck, poller->now);
		}
	} else if (believed.buckets > 0) {
		if (record_later(l, &believed)) {
			return;
		}
		recheck_answered(&l->poll->recheck, settings, believed.start, believed.end, wall);
	}
	poller_plan(poller, l->poll);
}
