// SPDX-License-Identifier: ISC

/*
 * What time it is, who says so, and what waits until somebody has.
 *
 * This machine's clock may be wrong by years.  Each good reply says what time it was at
 * the server; schedule/skew.h weighs what they say.  Until the time is confirmed no device
 * begins, nothing is given up for its age, and nothing is recorded that may not be over:
 * what a first reply says of that, if it contradicts our clock, others must say, too.
 * Then cursors that were found at the start are compared with it: see settle.c and mend.c.
 * Where replies contradict our clock, probe.c asks for the time.
 */

#include "daemon/clockwork.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/member.h"
#include "daemon/poller-private.h"
#include "daemon/probe.h"
#include "daemon/settle.h"
#include "response/outcome.h"

/* The two clocks drifting apart by more than this is a step, not a slew. */
#define CLOCK_STEP (1 * USEC_PER_SEC)

/* What is known of the clocks changes by less than that with every reply: no reason to file polls anew. */
#define SKEW_CHANGE (1 * USEC_PER_SEC)

void clock_read(struct poller *poller) {
	poller->now = clock_boottime();
	poller->wall = clock_realtime();
}

void clock_go_on(struct poller *poller) {
	usec_t now = clock_boottime();
	poller->wall += now - poller->now;
	poller->now = now;
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

/* Whether its server has said what time it is.  A log that is ahead of that, and not yet read again, may dispute it. */
static bool is_dated(const struct access *access) {
	const struct clocking *clock = &access->clock;
	return skew_is_confirmed(&clock->skew) && skew_is_dated(&clock->skew) && !clock->disputed;
}

/* The best known time of all accounts; NULL if none has one.  `early`: even before the log is read again. */
static const struct skew *best_skew(const struct poller *poller, bool early) {
	const struct skew *best = NULL;
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		const struct access *access = &poller->roll.accesses[i];
		if ((clock_is_confirmed(access) || (early && is_dated(access))) && is_better(&access->clock.skew, best)) {
			best = &access->clock.skew;
		}
	}
	return best;
}

bool clock_is_confirmed(const struct access *access) {
	const struct clocking *clock = &access->clock;
	return skew_is_confirmed(&clock->skew) && !clock->mend && !clock->disputed;
}

bool clock_is_in_question(const struct access *access) {
	const struct clocking *clock = &access->clock;
	return !clock_is_confirmed(access) &&
	       (clock->skew.len > 0 || clock->suspect || clock->mend || clock->disputed);
}

static bool time_by(const struct poller *poller, const struct skew *skew, usec_t *ret) {
	if (skew) {
		*ret = poller->wall - skew_offset(skew);
	}
	return skew;
}

bool clock_asked_time(const struct poller *poller, usec_t *ret) {
	return time_by(poller, best_skew(poller, false), ret);
}

/* Who asks nobody in a cluster has it from those who do. */
static bool time_of_others(const struct poller *poller, usec_t *ret) {
	return poller->member && sight_time(&poller->member->sight, poller->now, ret);
}

bool clock_confirmed_time(const struct poller *poller, usec_t *ret) {
	return clock_asked_time(poller, ret) || time_of_others(poller, ret);
}

bool clock_naming_time(const struct poller *poller, usec_t *ret) {
	return time_by(poller, best_skew(poller, true), ret) || time_of_others(poller, ret);
}

usec_t clock_horizon(const struct poller *poller, const struct access *access) {
	return (poller->once.wanted ? poller->once.wall : poller->wall) - skew_ahead(&access->clock.skew);
}

usec_t clock_poll_horizon(const struct poller *poller, const struct poll *poll) {
	return clock_horizon(poller, access_of(poll));
}

usec_t clock_true_time(const struct poller *poller, const struct access *access) {
	return poller->wall - skew_offset(&access->clock.skew);
}

usec_t clock_likely_time(const struct poller *poller, const struct access *access) {
	return skew_is_confirmed(&access->clock.skew) ? clock_true_time(poller, access) : poller->wall;
}

usec_t clock_poll_time(const struct poller *poller, const struct poll *poll) {
	return clock_true_time(poller, access_of(poll));
}

bool clock_holds(const struct poll *poll) {
	const struct access *access = access_of(poll);
	bool known = poll->begun ? skew_is_witnessed(&access->clock.skew) : clock_is_confirmed(access);
	return !known && access->clock.skew.len > 0;
}

/* Telling */

static enum clock_state state_of(const struct clocking *clock) {
	usec_t offset = skew_offset(&clock->skew);
	/* A clock that was reported as wrong is wrong until it is right. */
	bool known = clock->told == CLOCK_AHEAD || clock->told == CLOCK_BEHIND;
	if (clock->disputed) {
		return CLOCK_DISPUTED;
	}
	if (clock->skew.len > 0 && !skew_is_confirmed(&clock->skew)) {
		return CLOCK_IN_DOUBT;
	}
	if (magnitude(offset) <= (known ? 0 : CLOCK_SLACK)) {
		return CLOCK_WELL;
	}
	return offset > 0 ? CLOCK_AHEAD : CLOCK_BEHIND;
}

static void tell(struct access *access) {
	struct clocking *clock = &access->clock;
	char text[DURATION_STRING_SIZE];
	enum clock_state state = state_of(clock);
	const char *name = access->account->name;

	if (state == clock->told) {
		return;
	}
	clock->told = state;
	units_format_duration(text, magnitude(skew_offset(&clock->skew)), 0);
	switch (state) {
	case CLOCK_WELL:
		log_notice("%s: this machine's clock agrees with the server's again", name);
		break;
	case CLOCK_AHEAD:
		log_warning("%s: this machine's clock is ahead of the server's by %s: buckets wait until "
		            "they are over by the server's; set the clock",
		            name, text);
		break;
	case CLOCK_BEHIND:
		log_warning("%s: this machine's clock is behind the server's by %s: buckets wait until "
		            "they are over by this machine's; set the clock",
		            name, text);
		break;
	case CLOCK_IN_DOUBT:
		log_notice("%s: a reply's Date is %s off this machine's clock: asking again before acting "
		           "on either",
		           name, text);
		break;
	case CLOCK_DISPUTED:
		log_warning("%s: the log holds counts of a time that has not come yet: no gap is recorded "
		            "and no device begins until the clock is right; set the clock",
		            name);
		break;
	}
}

const char *clock_trouble(const struct access *access) {
	static const char *const troubles[] = {
		[CLOCK_WELL] = NULL,
		[CLOCK_AHEAD] = "this machine's clock is ahead of the server's",
		[CLOCK_BEHIND] = "this machine's clock is behind the server's",
		[CLOCK_IN_DOUBT] = "this machine's clock and the server's disagree",
		[CLOCK_DISPUTED] = "this machine's clock is behind the log",
	};
	const struct clocking *clock = &access->clock;
	if (clock->told == CLOCK_WELL && clock->suspect && !clock_is_confirmed(access)) {
		return "the log is ahead of this machine's clock, which no reply has confirmed yet";
	}
	return troubles[clock->told];
}

/* Starting, and what the log says against it */

void clock_start(struct poller *poller, struct access *access) {
	settle_account(poller, access);
	tell(access);
	probe_plan(poller, access);
	if (access->clock.suspect) {
		access->clock.probe_at = poller->now;
	}
}

void clock_dispute(struct poller *poller, struct access *access, usec_t until) {
	access->clock.disputed = true;
	access->clock.disputed_until = until;
	access->clock.disputed_offset = skew_offset(&access->clock.skew);
	tell(access);
	probe_plan(poller, access);
}

/* The log has the last word only as long as the clock says the same as it did then. */
static void look_at_dispute(const struct poller *poller, struct access *access) {
	struct clocking *clock = &access->clock;
	usec_t change = skew_offset(&clock->skew) - clock->disputed_offset;
	if (clock->disputed && (magnitude(change) > SKEW_CHANGE ||
	                        clock_true_time(poller, access) + CLOCK_SLACK >= clock->disputed_until)) {
		clock->disputed = false;
	}
}

/* Following */

void clock_follow(struct poller *poller) {
	usec_t step = poller->wall - poller->now - poller->clockwork.offset;
	if (step < CLOCK_STEP && step > -CLOCK_STEP) {
		return;
	}
	poller->clockwork.offset += step;
	poller->once.wall += step;
	poller->changed = true;

	char text[DURATION_STRING_SIZE];
	log_notice("the clock was set %s by %s", step > 0 ? "forward" : "back",
	           units_format_duration(text, step > 0 ? step : -step, 0));
	settle_step(poller, step);
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		struct access *access = &poller->roll.accesses[i];
		skew_step(&access->clock.skew, step);
		look_at_dispute(poller, access);
		if (access->clock.unsettled) {
			settle_account(poller, access);
		}
		tell(access);
		probe_plan(poller, access);
		poller_replan(poller, access);
	}
}

static void observe(const struct poller *poller, struct skew *skew, usec_t asked,
                    const struct http_reply *reply) {
	usec_t date;
	if (outcome_server_time(reply, &date) < 0) {
		skew_undated(skew);
	} else {
		skew_observe(skew, poller->wall - (poller->now - asked), poller->wall, date);
	}
}

void clock_watch(struct poller *poller, struct access *access, usec_t asked, const struct http_reply *reply) {
	struct clocking *clock = &access->clock;
	usec_t before = skew_ahead(&clock->skew);
	bool confirmed = clock_is_confirmed(access), witnessed = skew_is_witnessed(&clock->skew);

	observe(poller, &clock->skew, asked, reply);
	look_at_dispute(poller, access);
	if (clock->unsettled) {
		settle_account(poller, access);
	}
	tell(access);
	probe_plan(poller, access);
	if (confirmed != clock_is_confirmed(access) || witnessed != skew_is_witnessed(&clock->skew) ||
	    magnitude(skew_ahead(&clock->skew) - before) > SKEW_CHANGE) {
		poller_replan(poller, access);
	}
}
