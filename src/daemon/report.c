// SPDX-License-Identifier: ISC

#include "daemon/report.h"

#include "daemon/member.h"
#include "daemon/poller-private.h"

/* Requests of many devices take their turn: so much is usual. */
#define LATE_AFTER (60 * USEC_PER_SEC)

/* The first few are named, so that there is room for what else STATUS says. */
static void put_trouble(struct buf *out, size_t *troubles, const struct access *access,
                        const char *trouble) {
	if (++*troubles <= STATUS_NAMED) {
		buf_printf(out, "%s%s: %s", out->len > 0 ? "; " : "", access->account->name, trouble);
	}
}

static void put_lanes(struct poller *poller) {
	static const char *const words[] = {
		[LANE_OPEN] = "",
		[LANE_THROTTLED] = "rate limited",
		[LANE_REFUSED] = "key refused",
		[LANE_DOWN] = "cannot be reached",
	};
	struct buf *out = &poller->report.lanes;
	size_t troubles = 0;
	buf_clear(out);
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		const struct access *access = &poller->roll.accesses[i];
		if (!standing_asks(access)) {
			continue;
		}
		if (access->lane.state != LANE_OPEN) {
			put_trouble(out, &troubles, access, access->reason[0] ? access->reason : words[access->lane.state]);
		}
		const char *clock = clock_trouble(access);
		if (clock) {
			put_trouble(out, &troubles, access, clock);
		}
	}
	if (troubles > STATUS_NAMED) {
		buf_printf(out, "; and %zu more", troubles - STATUS_NAMED);
	}
}

/* Nobody tells a node that follows what is wrong with its clock: where the others know better, it is by theirs. */
static usec_t horizon(const struct poller *poller, const struct poll *poll) {
	usec_t own = clock_poll_horizon(poller, poll), time;
	bool told = !standing_asks(access_of(poll)) && sight_time(&poller->member->sight, poller->now, &time);
	return told && time < own ? time : own;
}

bool report_is_late(const struct poller *poller, const struct poll *poll) {
	usec_t due = span_due(poll->device->settings, poll->cursor, poll_spread(poll->device));
	return horizon(poller, poll) - due > LATE_AFTER;
}

/*
 * What waits for the end of its window is not behind; with once, what is through neither.  Nor is what another node
 * asks for, until that should have been recorded.
 */
int64_t report_backlog(const struct poller *poller, const struct poll *poll) {
	bool rests = (poll->phase == POLL_WAITING && poll->timed) || poll->phase == POLL_STOPPED ||
	             (poll->phase == POLL_HELD && !report_is_late(poller, poll));
	return rests ? 0 : span_backlog(poll->device->settings, poll->cursor, horizon(poller, poll));
}

static void put_polls(struct poller *poller, struct status *status) {
	size_t named = 0;
	status->backlog = 0;
	status->waiting = 0;
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		const struct poll *poll = &poller->roll.polls[i];
		status->backlog += report_backlog(poller, poll);
		status->waiting += !poll->told && poll->lane->state != LANE_OPEN && standing_asks(access_of(poll));
		if (poll->told && named < STATUS_NAMED) {
			status->named[named++] = (struct status_failing){
				.name = poll->device->name,
				.reason = poll->reason ? poll->reason : "",
				.since = poller->wall - (poller->now - poll->failing_since),
			};
		}
	}
}

bool report_changed(struct poller *poller) {
	bool changed = poller->changed;
	poller->changed = false;
	return changed;
}

void report_status(struct poller *poller, struct status *ret_status) {
	clock_read(poller);
	put_lanes(poller);
	put_polls(poller, &poller->report.status);
	poller->report.status.devices = poller->roll.config->device_count;
	poller->report.status.disk = outage_reason(poller);
	struct backfill_count orders = backfill_count(&poller->backfill);
	poller->report.status.ordered = orders.buckets;
	poller->report.status.orders_waiting = orders.waiting;
	poller->report.status.lanes = buf_text(&poller->report.lanes);
	if (poller->member) {
		poller->report.status.cluster = standing_troubles(poller);
		poller->report.status.place = standing_place(poller);
	}
	*ret_status = poller->report.status;
}
