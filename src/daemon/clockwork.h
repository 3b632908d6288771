// SPDX-License-Identifier: ISC

/*
 * What time it is, by this machine's clock and by the Dates of the accounts' servers.
 */

#ifndef DAEMON_CLOCKWORK_H
#define DAEMON_CLOCKWORK_H

#include "daemon/access.h"
#include "daemon/poller.h"
#include "schedule/poll.h"

/** What is remembered of the clocks from turn to turn. */
struct clockwork {
	usec_t offset;  /* how far apart the wall clock and the monotonic one were */
	usec_t mend_at; /* the log is not read again sooner for cursors that are ahead of the clock */
};

/** Sets the poller's now and wall. */
__attribute__((nonnull))
void clock_read(struct poller *poller);

/**
 * Lets them go on by what the turn has taken so far, for the disk takes its time: a request is to be
 * counted when it is sent.  Whether somebody has set the clock meanwhile, the next turn sees.
 */
__attribute__((nonnull))
void clock_go_on(struct poller *poller);

/**
 * What time it is, as of the last turn: the wall clock less what it is off by the Dates of
 * an account's server.  Returns false while no reply has confirmed that: nothing that cannot
 * be undone may be done by the wall clock then.
 */
__attribute__((nonnull, warn_unused_result))
bool clock_confirmed_time(const struct poller *poller, usec_t *ret);

/** The same by this node's own requests alone: what it can tell the others of a cluster. */
__attribute__((nonnull, warn_unused_result))
bool clock_asked_time(const struct poller *poller, usec_t *ret);

/**
 * The same for the names of rotated files, which need not wait until a log that is ahead of a
 * server's Date has been read again: its end would be a worse name.
 */
__attribute__((nonnull, warn_unused_result))
bool clock_naming_time(const struct poller *poller, usec_t *ret);

/** A clock may be wrong by so much without a message, and cursors may be ahead of it. */
#define CLOCK_SLACK (10 * USEC_PER_SEC)

/** Whether an account's server has confirmed what time it is, and the log does not contradict that. */
__attribute__((nonnull))
bool clock_is_confirmed(const struct access *access);

/** Whether it has not, though there is reason to ask. */
__attribute__((nonnull))
bool clock_is_in_question(const struct access *access);

/** What time it is by the account's server, if that is confirmed. */
__attribute__((nonnull))
usec_t clock_true_time(const struct poller *poller, const struct access *access);

/** The same; while it is not confirmed, by this machine's clock. */
__attribute__((nonnull))
usec_t clock_likely_time(const struct poller *poller, const struct access *access);

/** What STATUS says about it; NULL: nothing. */
__attribute__((nonnull))
const char *clock_trouble(const struct access *access);

/**
 * Whether the device waits for more replies that say what time it is: answers would be in vain, as it
 * has not begun or as nobody can tell what is over.
 */
__attribute__((nonnull))
bool clock_holds(const struct poll *poll);

/** Before an account's polls are filed: compares cursors with the time, and lets devices begin, if it is confirmed. */
__attribute__((nonnull))
void clock_start(struct poller *poller, struct access *access);

/** The log holds, until then, what contradicts the clock. */
__attribute__((nonnull))
void clock_dispute(struct poller *poller, struct access *access, usec_t until);

/** After a step of the wall clock what was due by it is due at another time. */
__attribute__((nonnull))
void clock_follow(struct poller *poller);

/** What a good reply, to a request made at `asked` (monotonic), says of our clock. */
__attribute__((nonnull))
void clock_watch(struct poller *poller, struct access *access, usec_t asked, const struct http_reply *reply);

/**
 * The time that "closed and settled" is measured by for the devices of an account: now,
 * or with once the start; less what our clock is ahead of the account's server.
 */
__attribute__((nonnull))
usec_t clock_horizon(const struct poller *poller, const struct access *access);

/** The same for a poll's account. */
__attribute__((nonnull))
usec_t clock_poll_horizon(const struct poller *poller, const struct poll *poll);

/** What time it is as far as that is known: by the account's server, or by our clock. */
__attribute__((nonnull))
usec_t clock_poll_time(const struct poller *poller, const struct poll *poll);

#endif
