// SPDX-License-Identifier: ISC

#include "daemon/once.h"

#include "daemon/member.h"
#include "daemon/poller-private.h"
#include "daemon/probe.h"

/* With once, an account that cannot be reached is given up after so many probes. */
enum {
	ONCE_PROBES = 3,
	/* And the log's disk after so many commits that failed. */
	ONCE_COMMITS = 5,
};

/* In a cluster, the store that cannot be reached for so long. */
#define ONCE_REACH (15 * USEC_PER_SEC)

void once_stop(struct poller *poller, struct poll *poll, bool complete) {
	poll->phase = POLL_STOPPED;
	poller->once.finished++;
	poller->once.incomplete += !complete;
}

/* A lane that stays shut would keep `once` waiting for ever. */
static bool is_hopeless(const struct lane *lane, usec_t now) {
	bool refused = lane->state == LANE_REFUSED && now < lane->until;
	bool probed = lane->state != LANE_OPEN && lane->probes >= ONCE_PROBES;
	return (refused || probed) && lane->in_flight == 0;
}

/* In a cluster */

/* Another node asks for the account, and this one has all that there is of it. */
static bool is_elsewhere(const struct poller *poller, const struct access *access) {
	const struct tenure *tenure = &access->chain->tenure;
	return poller->member->sighted && tenure->owned && tenure->epoch == 0 && !tenure->busy &&
	       tenure->head == tenure->position;
}

static bool is_out_of_reach(const struct poller *poller, const struct access *access) {
	usec_t since = poller->member->unreached;
	bool unreached = since != USEC_INFINITY && poller->now - since >= ONCE_REACH;
	return unreached || access->chain->tenure.state == TENURE_HALTED;
}

static size_t count_held(const struct poller *poller, const struct lane *lane) {
	size_t count = 0;
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		const struct poll *poll = &poller->roll.polls[i];
		count += poll->lane == lane && poll->phase == POLL_HELD;
	}
	return count;
}

const char *once_elsewhere(const struct poller *poller) {
	for (size_t i = 0; poller->member && i < poller->roll.config->account_count; i++) {
		if (is_elsewhere(poller, &poller->roll.accesses[i])) {
			return poller->roll.accesses[i].chain->account;
		}
	}
	return NULL;
}

/* What this run leaves to others, and what nobody can be asked for; false while something is on its way. */
static bool count_left(const struct poller *poller, size_t *finished, size_t *incomplete) {
	for (size_t i = 0; poller->member && i < poller->roll.config->account_count; i++) {
		const struct access *access = &poller->roll.accesses[i];
		if (!access->chain || !chain_is_idle(access->chain)) {
			return false;
		}
		bool elsewhere = is_elsewhere(poller, access), unreached = is_out_of_reach(poller, access);
		size_t held = elsewhere || unreached ? count_held(poller, &access->lane) : 0;
		*finished += held;
		*incomplete += elsewhere ? 0 : held;
	}
	return true;
}

bool once_finished(const struct poller *poller, size_t *ret_incomplete) {
	if (poller->outage.failures >= ONCE_COMMITS) {
		*ret_incomplete = poller->roll.config->device_count - poller->once.finished + poller->once.incomplete;
		return poller_idle(poller);
	}
	size_t finished = poller->once.finished, incomplete = poller->once.incomplete;
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		const struct access *access = &poller->roll.accesses[i];
		const struct lane *lane = &access->lane;
		if (is_hopeless(lane, poller->now) || probe_is_hopeless(poller, access)) {
			size_t left = lane->waiting.len + lane->live.len + lane->backlog.len;
			finished += left;
			incomplete += left;
		}
	}
	if (!count_left(poller, &finished, &incomplete)) {
		return false;
	}
	*ret_incomplete = incomplete;
	return finished == poller->roll.config->device_count;
}
