// SPDX-License-Identifier: ISC

/*
 * The poller as its parts see it.  Each part has a header of its own, with the members that
 * are its business alone:
 *
 *   poller      turns and planning; ask: what is asked for
 *   roll        what a configuration brings: accounts, polls, requests on their way
 *   clockwork   what time it is; probe: asking for it
 *   settle      what waits for it; mend: cursors that are ahead of it
 *   reply       what replies mean for polls and accounts; landing: a reply at hand
 *   answer      what is believed and recorded of an answer; rechecks: of what was asked again
 *   backfill    orders to ask again
 *   health      how a device is
 *   commit      records to disk, then cursors; outage: while the disk fails
 *   member      this node of a cluster; chain: an account's entries
 *   recovery    the checkpoint and the log, read and saved
 *   reload, once, report (STATUS)
 */

#ifndef DAEMON_POLLER_PRIVATE_H
#define DAEMON_POLLER_PRIVATE_H

#include "daemon/answer.h"
#include "daemon/backfill.h"
#include "daemon/chain.h"
#include "daemon/clockwork.h"
#include "daemon/commit.h"
#include "daemon/once.h"
#include "daemon/orphans.h"
#include "daemon/outage.h"
#include "daemon/poller.h"
#include "daemon/report.h"
#include "daemon/roll.h"

struct poller {
	struct roll roll;
	struct orphans orphans; /* devices that may come back */
	char *state_directory;  /* stays over a reload */
	struct http *http;
	struct sink *sink;
	struct rng rng;
	usec_t now, wall;       /* both clocks as this turn found them */
	bool draining;
	bool changed;           /* something was, since the last look at the status */
	bool unsaved;           /* the last checkpoint is behind, */
	unsigned saved_generation; /* and this was the log's current file then */
	struct storage storage;
	bool crowded;           /* it has been reported that there is no room for all rechecks */
	struct member *member;  /* of a cluster; NULL: alone */

	struct answer answer;
	struct backfill backfill;
	struct batch batch;
	struct clockwork clockwork;
	struct once once;
	struct outage outage;
	struct report report;
};

/** The account's side of a poll. */
__attribute__((nonnull))
struct access *access_of(const struct poll *poll);

/** Requeues a finished poll: for its next window, or at once if more is waiting. */
__attribute__((nonnull))
void poller_plan(struct poller *poller, struct poll *poll);

/** Files the polls of an account that were held: what is closed is asked for at once. */
__attribute__((nonnull))
void poller_file(struct poller *poller, const struct access *access);

/** Files a poll to be tried again after that wait. */
__attribute__((nonnull))
void poller_retry(struct poller *poller, struct poll *poll, usec_t wait);

/** Files what waits by the wall clock anew: that clock, or the server's, tells another time. */
__attribute__((nonnull))
void poller_replan(struct poller *poller, struct access *access);

#endif
