// SPDX-License-Identifier: ISC

#include "daemon/once.h"

#include "daemon/poller-private.h"
#include "daemon/probe.h"

/* With once, an account that cannot be reached is given up after so many probes. */
enum {
	ONCE_PROBES = 3,
	/* And the log's disk after so many commits that failed. */
	ONCE_COMMITS = 5,
};

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
	*ret_incomplete = incomplete;
	return finished == poller->roll.config->device_count;
}
