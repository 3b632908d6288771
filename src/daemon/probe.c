// SPDX-License-Identifier: ISC

#include "daemon/probe.h"

#include "base/log.h"
#include "daemon/poller-private.h"

/* Probes while the time is not known grow from the one to the other. */
#define PROBE_FIRST (1 * USEC_PER_SEC)
#define PROBE_LAST  (5 * USEC_PER_MIN)

enum {
	/* With once: so many, and what time it is will not be known in this run. */
	ONCE_PROBES = 6,
	PROBES_COUNTED = 16,
};

static usec_t probe_wait(const struct clocking *clock) {
	usec_t wait = PROBE_LAST;
	if (!skew_is_confirmed(&clock->skew) && PROBE_FIRST << clock->probes < PROBE_LAST) {
		wait = PROBE_FIRST << clock->probes;
	}
	return wait;
}

void probe_plan(const struct poller *poller, struct access *access) {
	struct clocking *clock = &access->clock;
	if (clock_is_in_question(access) || clock->told != CLOCK_WELL) {
		clock->probe_at = poller->now + probe_wait(clock);
	} else {
		clock->probes = 0;
		clock->probe_at = USEC_INFINITY;
	}
}

/* The poll that was asked longest ago, of those that wait for their window; NULL if there is none. */
static struct poll *take_waiting(struct lane *lane) {
	size_t found = lane->waiting.len;
	for (size_t i = 0; i < lane->waiting.len; i++) {
		const struct poll *poll = lane->waiting.heap[i];
		if (poll->timed && (found == lane->waiting.len || poll->asked < lane->waiting.heap[found]->asked)) {
			found = i;
		}
	}
	return found < lane->waiting.len ? queue_remove(&lane->waiting, found) : NULL;
}

static bool others_ask(const struct lane *lane) {
	return lane->in_flight > 0 || lane->live.len > 0 || lane->backlog.len > 0;
}

bool probe_is_hopeless(const struct poller *poller, const struct access *access) {
	const struct clocking *clock = &access->clock;
	return poller->once.wanted && access->lane.in_flight == 0 && clock_is_in_question(access) &&
	       (clock->disputed || clock->probes >= ONCE_PROBES);
}

static void tell_hopeless(struct access *access) {
	if (!access->clock.given_up) {
		access->clock.given_up = true;
		log_err("%s: could not find out what time it is, so no gap is recorded and no device "
		        "begins: compare this machine's clock with the Date of the server's replies",
		        access->account->name);
	}
}

void probe_turn(struct poller *poller, struct access *access) {
	struct clocking *clock = &access->clock;
	if (probe_is_hopeless(poller, access)) {
		tell_hopeless(access);
		return;
	}
	if (poller->now < clock->probe_at || others_ask(&access->lane)) {
		return;
	}
	struct poll *poll = take_waiting(&access->lane);
	if (poll) {
		poll->probe = true;
		lane_ready(&access->lane, poll, poller->now, clock_horizon(poller, access));
		clock->probes += clock->probes < PROBES_COUNTED;
	}
	clock->probe_at = poller->now + probe_wait(clock);
}

usec_t probe_next(const struct poller *poller, const struct access *access) {
	bool idle = !others_ask(&access->lane) && access->lane.waiting.len > 0;
	return idle && !probe_is_hopeless(poller, access) ? access->clock.probe_at : USEC_INFINITY;
}
