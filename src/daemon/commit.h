// SPDX-License-Identifier: ISC

/*
 * From records to cursors: the batch is appended and synced, and only then is a poll told of it.
 */

#ifndef DAEMON_COMMIT_H
#define DAEMON_COMMIT_H

#include "daemon/poller.h"
#include "response/record.h"
#include "schedule/poll.h"

/** A record in a batch, of which its poll is told after the commit. */
struct pending {
	struct poll *poll;
	struct remembered what;
	usec_t end;
	struct span recheck; /* it came of; no buckets: of a regular request */
	size_t text_end;     /* in a cluster: where its line ends in the batch's text */
};

/** What waits for the commit.  All zero is an empty one, whose lines the sink has. */
struct batch {
	struct pending *list;
	size_t len, size;
	struct buf *text; /* in a cluster, for the journal: the lines */
};

void batch_done(struct batch *batch);

/** How many records of the poll's batch wait for their commit. */
__attribute__((nonnull))
size_t commit_waiting(const struct poller *poller, const struct poll *poll);

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

/**
 * Syncs what the sink has been given.  Returns 0 or -errno, which the outage has been told of.
 */
__attribute__((warn_unused_result, nonnull))
int commit_sync(struct poller *poller);

/** The batch is in the log: tells its polls, moves cursors and files the polls.  The batch is empty then. */
__attribute__((nonnull))
void commit_tell(struct poller *poller, struct batch *batch);

/** Nothing of the batch is in the log: its polls ask again.  The batch is empty then. */
__attribute__((nonnull))
void commit_give_up(struct poller *poller, struct batch *batch);

/** Writes the batch, then moves cursors and files the polls; or, if the disk fails, leaves all as it was. */
__attribute__((nonnull))
void commit_write(struct poller *poller);

#endif
