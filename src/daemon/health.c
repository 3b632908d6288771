// SPDX-License-Identifier: ISC

#include "daemon/health.h"

#include "base/log.h"
#include "daemon/once.h"
#include "daemon/poller-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* The failure that is reported: one or two are normal. */
	TELL_AT = 3,
	/* With once, a device is given up after so many. */
	ONCE_FAILURES = 5,
};

static void keep_reason(struct poll *poll, const char *reason) {
	char *copy = strdup(reason);
	if (copy) {
		free(poll->reason);
		poll->reason = copy;
	}
}

void health_count(struct poller *poller, struct poll *poll, const char *reason, bool tell_now, usec_t wait) {
	if (poll->failures == 0) {
		poll->failing_since = poller->now;
	}
	if (poll->failures < UINT16_MAX) {
		poll->failures++;
	}
	keep_reason(poll, reason);

	if (!poll->told && (tell_now || poll->failures >= TELL_AT)) {
		char next[DURATION_STRING_SIZE + 8] = "at once, for fewer buckets";
		if (wait > 0) {
			char text[DURATION_STRING_SIZE];
			(void)snprintf(next, sizeof(next), "in %s", units_format_duration(text, wait, 0));
		}
		poll->told = true;
		poller->report.status.failing++;
		log_warning("%s: poll failed: %s (attempt %u): next try %s", poll->device->name, reason,
		            poll->failures, next);
	}
}

void health_failed(struct poller *poller, struct poll *poll, const char *reason, bool tell_now, usec_t wait) {
	health_count(poller, poll, reason, tell_now, wait);
	if (poller->once.wanted && (tell_now || poll->failures >= ONCE_FAILURES)) {
		once_stop(poller, poll, false);
	} else {
		poller_retry(poller, poll, wait);
	}
}

void health_watch_silence(struct poll *poll, const struct pending *pending) {
	if (poll->quiet_over || pending->what.status == RECORD_GAP) {
		return;
	}
	if (pending->what.count != 0 || pending->what.status == RECORD_AMBIGUOUS) {
		poll->quiet_over = true;
		return;
	}
	if (poll->quiet_since > pending->what.start) {
		poll->quiet_since = pending->what.start;
	}
	if (pending->end - poll->quiet_since >= USEC_PER_DAY) {
		poll->quiet_over = true;
		log_warning("%s: nothing but zero or no data for a day: "
		            "is an occupancy region defined in the Rhombus Console?",
		            poll->device->name);
	}
}

static void tell_recovery(const struct poller *poller, const struct poll *poll, int64_t caught_up) {
	char since[DURATION_STRING_SIZE];
	int64_t left = span_backlog(poll->device->settings, poll->cursor, clock_poll_horizon(poller, poll));
	log_notice("%s: recovered after %s: %lld bucket%s caught up, %lld to go", poll->device->name,
	           units_format_duration(since, poller->now - poll->failing_since, 0),
	           (long long)caught_up, caught_up == 1 ? "" : "s", (long long)left);
}

void health_forget(struct poller *poller, struct poll *poll) {
	poller->report.status.failing -= poll->told;
	poll->told = false;
	poll->failures = 0;
	free(poll->reason);
	poll->reason = NULL;
}

void health_recovered(struct poller *poller, struct poll *poll, int64_t caught_up) {
	if (poll->told) {
		tell_recovery(poller, poll, caught_up);
		poller->report.status.failing--;
	}
	poll->failures = 0;
	poll->told = false;
	if (poll->refused_by > 0) {
		/* Others that are still shut out say so again. */
		access_of(poll)->shut_out = false;
		poll->refused_by = 0;
	}
	free(poll->reason);
	poll->reason = NULL;
	bool behind = span_is_backlog(poll->device->settings, poll->cursor, clock_poll_horizon(poller, poll));
	reach_worked(&poll->reach, poll->device->settings->max_points, behind);
}
