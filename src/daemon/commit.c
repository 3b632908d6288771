// SPDX-License-Identifier: ISC

/*
 * From records to cursors.
 *
 * The order is the promise of this program: the batch is appended and synced,
 * and only then is a poll told of it.  A crash before the sync leaves nothing,
 * or lines that the next start finds; a crash after it leaves lines that the
 * next start finds.
 */

#include "daemon/commit.h"

#include "base/array.h"
#include "base/log.h"
#include "base/utc.h"
#include "daemon/health.h"
#include "daemon/member.h"
#include "daemon/poller-private.h"
#include "sink/format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void batch_done(struct batch *batch) {
	free(batch->list);
	*batch = (struct batch){.text = batch->text};
}

/* The poller's own, whose lines go to the sink at once; in a cluster that of the account's chain. */
static struct batch *batch_of(struct poller *poller, const struct poll *poll) {
	struct chain *chain = access_of(poll)->chain;
	return chain ? &chain->gathering : &poller->batch;
}

size_t commit_waiting(const struct poller *poller, const struct poll *poll) {
	return batch_of((struct poller *)poller, poll)->len;
}

static size_t add_line(struct poller *poller, struct batch *batch, const struct record *record) {
	if (!batch->text) {
		sink_add(poller->sink, record);
		return 0;
	}
	log_journal_codec->format(record, batch->text);
	return batch->text->len;
}

static int add_record(struct poller *poller, struct poll *poll, const struct record *record,
                      const struct span *recheck) {
	struct batch *batch = batch_of(poller, poll);
	int r = array_reserve(&batch->list, &batch->size, batch->len + 1, sizeof(*batch->list));
	if (r < 0) {
		return r;
	}
	size_t text_end = add_line(poller, batch, record);
	batch->list[batch->len++] = (struct pending){
		.poll = poll,
		.what = {
			.start = record->start,
			.count = record->count,
			.length_s = bucket_seconds(record->start, record->end),
			.revision = (uint16_t)record->revision,
			.status = (uint8_t)record->status,
		},
		.end = record->end,
		.recheck = *recheck,
		.text_end = text_end,
	};
	return 0;
}

int commit_add(struct poller *poller, struct poll *poll, const struct record *record) {
	return add_record(poller, poll, record, &(struct span){0});
}

int commit_add_later(struct poller *poller, struct poll *poll, const struct record *record, const struct span *span) {
	return add_record(poller, poll, record, span);
}

/* Why there is no answer for buckets: the device's trouble, or the account's if that was later than they are. */
static const char *why_not(const struct poller *poller, const struct poll *poll) {
	const struct access *access = access_of(poll);
	usec_t ended = access->lane.state == LANE_OPEN ? access->lane.since : poller->now;
	if (poll->reason) {
		return poll->reason;
	}
	return access->reason[0] && poller->wall - (poller->now - ended) > poll->cursor
	               ? access->reason
	               : "not polled";
}

static void put_reason(char *out, size_t size, const struct poller *poller, const struct poll *poll,
                       usec_t end) {
	char limit[DURATION_STRING_SIZE];
	if (poll->reach.leap > 0 && end <= span_after(poll->device->settings, poll->cursor, 1)) {
		(void)snprintf(out, size, "failed alone while later buckets were answered: %s",
		               why_not(poller, poll));
		return;
	}
	units_format_duration(limit, poll->device->settings->backfill, 1);
	(void)snprintf(out, size, "no answer within %s: %s", limit, why_not(poller, poll));
}

int commit_add_gap(struct poller *poller, struct poll *poll, usec_t end, usec_t wall) {
	char reason[MESSAGE_SIZE + 256];
	struct record gap = {
		.start = poll->cursor, /* not before it: nothing that was recorded is taken back */
		.end = end,
		.device = poll->device,
		.status = RECORD_GAP,
		.polled_at = wall,
		.reason = reason,
	};
	gap.revision = poll_first_revision(poll, gap.start);

	put_reason(reason, sizeof(reason), poller, poll, end);
	return commit_add(poller, poll, &gap);
}

/* Before the poll is told of it, for its cursor and its trouble are in the reason. */
static void tell_gap(const struct poller *poller, const struct poll *poll, const struct pending *gap) {
	char from[UTC_STRING_SIZE], to[UTC_STRING_SIZE], reason[MESSAGE_SIZE + 256];
	put_reason(reason, sizeof(reason), poller, poll, gap->end);
	log_warning("%s: gap from %s to %s: %s", poll->device->name, utc_format(from, gap->what.start),
	            utc_format(to, gap->end), reason);
}

/* Once: where so much has no count, it is not the news. */
static void tell_crowded(struct poller *poller, const struct poll *poll) {
	if (poll->recheck.crowded && !poller->crowded) {
		poller->crowded = true;
		log_notice("%s: too many buckets without a count to ask for all of them again: the oldest are "
		           "left as they are; this is said once for all devices",
		           poll->device->name);
	}
}

/* A run of pending records of one poll, from `first` on.  Returns what follows. */
static size_t apply_run(struct poller *poller, const struct batch *batch, size_t first) {
	struct poll *poll = batch->list[first].poll;
	bool answered = false;
	int64_t fresh = 0;
	size_t i = first;

	for (; i < batch->len && batch->list[i].poll == poll; i++) {
		const struct pending *pending = &batch->list[i];
		if (pending->what.status == RECORD_GAP) {
			tell_gap(poller, poll, pending);
		}
		/* If memory is short, a later correction goes unseen; the log is whole. */
		(void)poll_apply(poll, &pending->what, pending->end);
		poll_watch(poll, &pending->what, pending->end, clock_poll_time(poller, poll));
		health_watch_silence(poll, pending);
		poller->report.status.records++;
		if (pending->what.status != RECORD_GAP && pending->recheck.buckets == 0) {
			answered = true;
			fresh += pending->what.revision == 0;
		}
	}
	const struct span *recheck = &batch->list[first].recheck;
	tell_crowded(poller, poll);
	if (recheck->buckets > 0) {
		recheck_answered(&poll->recheck, poll->device->settings, recheck->start, recheck->end,
		                 clock_poll_time(poller, poll));
	} else if (answered) {
		health_recovered(poller, poll, fresh);
	} else if (poll->reach.leap > 0) {
		reach_gave_up(&poll->reach);
	}
	poller_plan(poller, poll);
	return i;
}

void commit_tell(struct poller *poller, struct batch *batch) {
	for (size_t i = 0; i < batch->len;) {
		i = apply_run(poller, batch, i);
	}
	batch->len = 0;
	poller->report.status.last_record = poller->wall;
	poller->unsaved = true;
	poller->changed = true;
}

void commit_give_up(struct poller *poller, struct batch *batch) {
	for (size_t i = 0; i < batch->len; i++) {
		struct poll *poll = batch->list[i].poll;
		if (poll->phase == POLL_BUSY) {
			lane_ready(poll->lane, poll, poller->now, clock_poll_horizon(poller, poll));
		}
	}
	batch->len = 0;
	poller->changed = true;
}

int commit_sync(struct poller *poller) {
	struct error err = {{0}};
	usec_t now;
	bool confirmed = clock_naming_time(poller, &now);
	int r = sink_commit(poller->sink, confirmed ? now : USEC_UNKNOWN, &err);
	if (r < 0) {
		outage_failed(poller, r, &err);
	} else {
		outage_over(poller);
	}
	return r;
}

void commit_write(struct poller *poller) {
	if (poller->member) {
		member_commit(poller);
		return;
	}
	if (poller->batch.len == 0) {
		return;
	}
	if (commit_sync(poller) == 0) {
		commit_tell(poller, &poller->batch);
	} else {
		/* They ask again when the disk is well. */
		commit_give_up(poller, &poller->batch);
	}
}
