// SPDX-License-Identifier: ISC

#include "daemon/landing.h"

#include "base/log.h"
#include "base/text.h"
#include "daemon/member.h"
#include "schedule/backoff.h"

#include <stdio.h>
#include <string.h>

#define THROTTLE_JITTER (1 * USEC_PER_SEC)

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

void landing_reached(const struct landing *l) {
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

void landing_set_reason(const struct landing *l, const char *what) {
	struct access *access = l->access;
	char shown[300];
	text_escape(shown, sizeof(shown), l->verdict.reason, strlen(l->verdict.reason));
	(void)snprintf(access->reason, sizeof(access->reason), "%s (%s)", what, shown);
}

void landing_wait(const struct landing *l) {
	lane_ready(l->poll->lane, l->poll, l->poller->now, clock_poll_horizon(l->poller, l->poll));
}

usec_t landing_backoff_after(const struct landing *l, unsigned failures) {
	const struct retry_settings *retry = &l->poller->roll.config->retry;
	return backoff_full_jitter(retry->base, retry->cap, failures, &l->poller->rng);
}

usec_t landing_backoff(const struct landing *l) {
	return landing_backoff_after(l, l->poll->failures + 1u);
}

void landing_throttle(const struct landing *l) {
	struct poller *poller = l->poller;
	usec_t wait = l->verdict.wait + rng_below(&poller->rng, THROTTLE_JITTER);
	if (lane_throttle(&l->access->lane, poller->now, wait)) {
		char text[DURATION_STRING_SIZE];
		log_notice("%s: rate limited (%s): its devices will not be polled for %s",
		           l->access->account->name, l->verdict.reason,
		           units_format_duration(text, wait, 0));
	}
	if (poller->member) {
		member_defer(poller, l->access, clock_likely_time(poller, l->access) + wait);
	}
	landing_set_reason(l, "rate limited");
}
