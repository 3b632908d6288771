// SPDX-License-Identifier: ISC

/*
 * What a configuration brings with it: accounts, polls, and room for the requests on their way.
 */

#ifndef DAEMON_ROLL_H
#define DAEMON_ROLL_H

#include "daemon/access.h"
#include "daemon/roster.h"
#include "schedule/poll.h"

/** What a request is for. */
enum aim {
	AIM_NEWS,    /* buckets that are not recorded, and the look-back */
	AIM_DOUBT,   /* buckets that an answer has left out */
	AIM_RECHECK, /* buckets that were recorded without a count: no reader waits for it */
	AIM_PROBE,   /* the time alone */
};

/** A request on its way. */
struct flight {
	struct poll *poll;
	struct span span;
	usec_t wall;         /* when it was sent */
	enum aim aim;
	usec_t cursor;       /* the poll's, at that time */
	unsigned generation; /* of the account's key that it was sent with */
	uint64_t tenure;     /* in a cluster: the number of that in which it was sent */
	struct flight *next_free;
};

/** What a configuration brings with it, and a reload replaces as a whole.  All zero has nothing. */
struct roll {
	struct config *config;
	struct access *accesses; /* one for each account, in order */
	struct poll *polls;      /* one for each device, in order */
	struct flight *flights;  /* as many as may be in flight */
	struct flight *free_flights;
	struct roster roster;
};

/**
 * Everything that a configuration needs, with fresh polls; now and wall are the clocks.  An account
 * whose key cannot be used yet waits for it, aloud; with once that fails.  On failure the
 * configuration is the caller's.
 */
__attribute__((warn_unused_result, nonnull))
int roll_init(struct roll *roll, struct config *config, bool once, usec_t now, usec_t wall, struct error *err);

/** Frees the configuration too.  http may be NULL if it has never been used. */
__attribute__((nonnull(1)))
void roll_done(struct roll *roll, struct http *http);

/** The same, but the configuration stays the caller's. */
__attribute__((nonnull(1)))
void roll_release(struct roll *roll, struct http *http);

/** A hash of which devices there are, with their accounts and intervals, in whatever order. */
__attribute__((nonnull))
uint64_t roll_hash(const struct roll *roll);

/** The request has come back. */
__attribute__((nonnull))
void roll_land(struct roll *roll, struct flight *flight);

#endif
