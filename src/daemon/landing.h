// SPDX-License-Identifier: ISC

/*
 * A reply at hand, and what it says of its account: for reply.c, answer.c and rechecks.c.
 */

#ifndef DAEMON_LANDING_H
#define DAEMON_LANDING_H

#include "daemon/poller-private.h"
#include "response/outcome.h"

/** A reply at hand. */
struct landing {
	struct poller *poller;
	struct answer *answer; /* the poller's */
	struct access *access;
	struct poll *poll;
	struct span span;
	usec_t sent; /* wall clock */
	enum aim aim;
	usec_t cursor; /* as it was then */
	bool outdated; /* it was sent with a key that has been replaced since */
	struct verdict verdict;
};

/** Any answer that is not about the account shows that the account is well. */
__attribute__((nonnull))
void landing_reached(const struct landing *l);

/** Keeps why the account waits: what it is, and what the server said. */
__attribute__((nonnull))
void landing_set_reason(const struct landing *l, const char *what);

/** The account is rate limited: it waits for as long as the server says. */
__attribute__((nonnull))
void landing_throttle(const struct landing *l);

/** Polls that wait for their account ask first when it opens. */
__attribute__((nonnull))
void landing_wait(const struct landing *l);

/** How long to wait after so many failures; and after one more of this poll. */
__attribute__((nonnull))
usec_t landing_backoff_after(const struct landing *l, unsigned failures);
__attribute__((nonnull))
usec_t landing_backoff(const struct landing *l);

#endif
