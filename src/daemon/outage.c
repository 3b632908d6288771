// SPDX-License-Identifier: ISC

#include "daemon/outage.h"

#include "daemon/poller-private.h"
#include "schedule/backoff.h"

#include <stdio.h>

#define RETRY_FIRST (1 * USEC_PER_SEC)
#define RETRY_LAST  (15 * USEC_PER_SEC)

void outage_failed(struct poller *poller, int r, const struct error *err) {
	struct outage *outage = &poller->outage;
	(void)snprintf(outage->reason, sizeof(outage->reason), "%s", err->text);
	storage_note(&poller->storage, STORAGE_LOG, r, sink_path(poller->sink), err, poller->now);
	outage->probed = false;
	outage->failures++;
	outage->retry_at = poller->now + backoff_at_least(RETRY_FIRST, RETRY_LAST, outage->failures, &poller->rng);
	poller->changed = true;
}

void outage_over(struct poller *poller) {
	storage_note(&poller->storage, STORAGE_LOG, 0, sink_path(poller->sink), NULL, poller->now);
	poller->outage.failures = 0;
}

bool outage_pauses(struct poller *poller) {
	struct outage *outage = &poller->outage;
	if (!storage_fails(&poller->storage, STORAGE_LOG)) {
		return false;
	}
	if (poller->now < outage->retry_at || !poller_idle(poller)) {
		return true;
	}
	struct error err = {{0}};
	int r = outage->probed ? 0 : sink_probe(poller->sink, &err);
	clock_go_on(poller);
	if (r < 0) {
		outage_failed(poller, r, &err);
	}
	poller->changed = poller->changed || !outage->probed;
	outage->probed = r == 0;
	return r < 0;
}

const char *outage_reason(const struct poller *poller) {
	bool fails = storage_fails(&poller->storage, STORAGE_LOG);
	return fails && !poller->outage.probed ? poller->outage.reason : NULL;
}
