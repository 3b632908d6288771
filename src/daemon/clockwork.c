// SPDX-License-Identifier: ISC

/*
 * What time it is, and who says so.
 *
 * This machine's clock may be wrong by years until somebody has confirmed it.  Each good
 * reply says what time it was at the server; schedule/skew.h weighs what they say.
 */

#include "base/clock.h"
#include "base/log.h"
#include "daemon/poller-private.h"

/* The two clocks drifting apart by more than this is a step, not a slew. */
#define CLOCK_STEP (1 * USEC_PER_SEC)

/* From here on people are told. */
#define SKEW_TELL (10 * USEC_PER_SEC)

/* What is known of the clocks changes by less than that with every reply: no reason to file polls anew. */
#define SKEW_CHANGE (1 * USEC_PER_SEC)

void poller_read_clocks(struct poller *poller) {
	poller->now = clock_boottime();
	poller->wall = clock_realtime();
}

usec_t poller_horizon(const struct poller *poller, const struct access *access) {
	return (poller->once ? poller->once_wall : poller->wall) - skew_ahead(&access->skew);
}

usec_t poll_horizon(const struct poller *poller, const struct poll *poll) {
	return poller_horizon(poller, access_of(poll));
}

usec_t poll_server_time(const struct poller *poller, const struct poll *poll) {
	return poller->wall - skew_offset(&access_of(poll)->skew);
}

static usec_t magnitude(usec_t offset) {
	return offset < 0 ? -offset : offset;
}

/* Whose word counts for more: a server's that has dated the clock, then the one that is nearest to it. */
static bool is_better(const struct skew *skew, const struct skew *than) {
	if (!than || skew_is_dated(skew) != skew_is_dated(than)) {
		return !than || skew_is_dated(skew);
	}
	return magnitude(skew_offset(skew)) < magnitude(skew_offset(than));
}

bool poller_true_time(const struct poller *poller, usec_t *ret) {
	const struct skew *best = NULL;
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		const struct skew *skew = &poller->roll.accesses[i].skew;
		if (skew_is_confirmed(skew) && is_better(skew, best)) {
			best = skew;
		}
	}
	if (!best) {
		return false;
	}
	*ret = poller->wall - skew_offset(best);
	return true;
}

/* Telling */

static void tell_skew(struct access *access) {
	char text[DURATION_STRING_SIZE];
	usec_t ahead = skew_ahead(&access->skew);
	const char *name = access->account->name;

	if (ahead > SKEW_TELL && !access->skew_told) {
		access->skew_told = true;
		log_warning("%s: this machine's clock is ahead of the server's by %s: buckets wait until "
		            "they are over by the server's",
		            name, units_format_duration(text, ahead, 0));
	} else if (ahead == 0 && access->skew_told) {
		access->skew_told = false;
		log_notice("%s: this machine's clock is no longer ahead of the server's", name);
	}
}

/* Following */

void poller_follow_clock(struct poller *poller) {
	usec_t step = poller->wall - poller->now - poller->clock_offset;
	if (step < CLOCK_STEP && step > -CLOCK_STEP) {
		return;
	}
	poller->clock_offset += step;

	char text[DURATION_STRING_SIZE];
	log_notice("the clock was set %s by %s", step > 0 ? "forward" : "back",
	           units_format_duration(text, step > 0 ? step : -step, 0));
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		struct access *access = &poller->roll.accesses[i];
		skew_step(&access->skew, step);
		tell_skew(access);
		poller_replan(poller, access);
	}
}

void poller_watch_clock(struct poller *poller, struct access *access, usec_t asked,
                        const struct http_reply *reply) {
	usec_t before = skew_ahead(&access->skew);
	usec_t date;

	if (outcome_server_time(reply, &date) < 0) {
		skew_undated(&access->skew);
	} else {
		skew_observe(&access->skew, poller->wall - (poller->now - asked), poller->wall, date);
	}
	usec_t ahead = skew_ahead(&access->skew);
	if (ahead > before + SKEW_CHANGE || ahead < before - SKEW_CHANGE) {
		poller_replan(poller, access);
	}
	tell_skew(access);
}
