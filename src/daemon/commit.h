// SPDX-License-Identifier: ISC

/*
 * From records to cursors: the batch is appended and synced, and only then is a poll told of it.
 */

#ifndef DAEMON_COMMIT_H
#define DAEMON_COMMIT_H

#include "daemon/poller.h"
#include "response/record.h"
#include "schedule/poll.h"

/** A record in the sink's batch, of which its poll is told after the commit. */
struct pending {
	struct poll *poll;
	struct remembered what;
	usec_t end;
	struct span recheck; /* it came of; no buckets: of a regular request */
};

/** What waits for the commit.  All zero is an empty one. */
struct batch {
	struct pending *list;
	size_t len, size;
	bool crowded; /* it has been reported that there is no room for all rechecks */
};

void batch_done(struct batch *batch);

/** Puts a record into the batch.  Returns 0 or -ENOMEM, with the record not in it. */
__attribute__((warn_unused_result, nonnull))
int commit_add(struct poller *poller, struct poll *poll, const struct record *record);

/** The same for a record that came of a recheck of that span. */
__attribute__((warn_unused_result, nonnull))
int commit_add_later(struct poller *poller, struct poll *poll, const struct record *record, const struct span *span);

/**
 * Puts a gap into the batch, from the cursor to end: what had become too old at that
 * time, on the wall clock.  Returns 0 or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int commit_add_gap(struct poller *poller, struct poll *poll, usec_t end, usec_t wall);

/** Writes the batch, then moves cursors and files the polls; or, if the disk fails, leaves all as it was. */
__attribute__((nonnull))
void commit_write(struct poller *poller);

#endif
