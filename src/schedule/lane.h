// SPDX-License-Identifier: ISC

/*
 * An account's lane: its polls, and when the next of them may ask.
 *
 * A lane decides by token bucket, by requests in flight, and by what the server
 * said of the account as a whole.  Pure; times are on the monotonic clock.
 */

#ifndef SCHEDULE_LANE_H
#define SCHEDULE_LANE_H

#include "base/rng.h"
#include "schedule/queue.h"
#include "schedule/rate.h"

enum lane_state {
	LANE_OPEN,
	LANE_THROTTLED, /* 429, or 503 with Retry-After: nobody asks before `until` */
	LANE_REFUSED,   /* 401, 403, or no key: one probe at a time, from `until` on */
	LANE_DOWN,      /* nobody could be reached: likewise */
};

struct lane {
	const struct account *account;
	struct rate rate;
	struct queue waiting; /* by due time */
	struct queue live;    /* ready, one window behind: these go first; by when they became ready */
	struct queue backlog; /* ready, more behind; the oldest cursor first */
	int in_flight;

	/* In a cluster: */
	bool held;        /* another node asks; its polls are in no queue */
	usec_t not_after; /* nothing is sent from then on, unless the lease is renewed; else USEC_INFINITY */

	/* Rechecks: one at a time, and only where nothing else wants the tokens. */
	bool rechecking;
	size_t look;     /* where among those that wait the search goes on */
	usec_t spare_at; /* when the next may be made; USEC_INFINITY: that depends on something else */

	enum lane_state state;
	usec_t until;
	usec_t not_before; /* the server has said "wait": not even a new key ends that earlier */
	usec_t since;    /* when the state was entered */
	unsigned probes; /* that failed since then */
	int unreached;   /* transient failures in a row, over different polls */
	const struct poll *unreached_last;
};

__attribute__((nonnull))
void lane_init(struct lane *lane, const struct account *account);

void lane_done(struct lane *lane);

/** Makes room in all queues for count polls.  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int lane_reserve(struct lane *lane, size_t count);

/** Moves the polls whose time has come to the ready queues; wall tells live from backlog. */
__attribute__((nonnull))
void lane_collect(struct lane *lane, usec_t now, usec_t wall);

/** Takes all polls out of the queues, and files none from now on: they are POLL_HELD. */
__attribute__((nonnull))
void lane_hold(struct lane *lane);

/** Files a poll as ready. */
__attribute__((nonnull))
void lane_ready(struct lane *lane, struct poll *poll, usec_t now, usec_t wall);

/** Files a poll to become ready at that instant; timed: that is the end of its window, and not a back-off. */
__attribute__((nonnull))
void lane_wait(struct lane *lane, struct poll *poll, usec_t at, bool timed);

/**
 * The poll that may send now, taken out of its queue; NULL if none may or wants
 * to.  While the lane is in trouble it is the one that was asked longest ago, so
 * that no single device's fault keeps all others waiting.
 */
__attribute__((nonnull))
struct poll *lane_take(struct lane *lane, usec_t now);

/** The poll that was taken has sent its request: counts it, and takes a token. */
__attribute__((nonnull))
void lane_sent(struct lane *lane, struct poll *poll, usec_t now);

/**
 * While nothing is due: the poll that may make a recheck now, taken out of its queue, for the
 * caller to send or to file again; NULL if there is none.  wall tells what is due.
 * ret_until: its answer must have come by then, so that it keeps nothing from being asked in time.
 */
__attribute__((nonnull))
struct poll *lane_take_spare(struct lane *lane, usec_t now, usec_t wall, usec_t *ret_until);

/** When lane_collect() or lane_take() should be called next; USEC_INFINITY: after a reply. */
__attribute__((nonnull))
usec_t lane_next(const struct lane *lane);

/*
 * What became of a request.  The poll is no longer in flight; where it goes is
 * the caller's decision.  Each returns true if the lane's state has changed.
 */

/** The account answers and lets us in. */
__attribute__((nonnull))
bool lane_reached(struct lane *lane, usec_t now);

/** Nobody asks for that long. */
__attribute__((nonnull))
bool lane_throttle(struct lane *lane, usec_t now, usec_t wait);

/** The credentials are refused: probes from 1 min, growing to 15 min. */
__attribute__((nonnull))
bool lane_refuse(struct lane *lane, usec_t now, struct rng *rng);

/** The poll could not reach the server: five in a row, none of the same poll as the one before, are an outage. */
__attribute__((nonnull))
bool lane_unreached(struct lane *lane, const struct poll *poll, const struct retry_settings *retry,
                    usec_t now, struct rng *rng);

/** There is no usable key: no request is made before lane_probe_now(). */
__attribute__((nonnull))
void lane_shut(struct lane *lane, usec_t now);

/**
 * A new key or certificate was read: the next probe is due at once, and so are
 * the polls that back off.
 */
__attribute__((nonnull))
void lane_probe_now(struct lane *lane, usec_t now);

#endif
