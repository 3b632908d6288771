// SPDX-License-Identifier: ISC

/*
 * What the poller's parts share: poller.c (turns and planning), clockwork.c (what time it
 * is), mend.c (cursors that are ahead of it), reply.c (what replies mean for polls and
 * accounts), commit.c (records to disk, then cursors), recovery.c (the checkpoint), once.c,
 * report.c (STATUS), reload.c.
 */

#ifndef DAEMON_POLLER_PRIVATE_H
#define DAEMON_POLLER_PRIVATE_H

#include "daemon/access.h"
#include "daemon/orphans.h"
#include "daemon/poller.h"
#include "daemon/roster.h"
#include "daemon/storage.h"
#include "response/outcome.h"
#include "response/parse.h"
#include "response/record.h"

/** What a request is for. */
enum aim {
	AIM_NEWS,    /* buckets that are not recorded, and the look-back */
	AIM_DOUBT,   /* buckets that an answer has left out */
	AIM_RECHECK, /* buckets that were recorded without a count: nobody waits for it */
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
	struct flight *next_free;
};

/** A record in the sink's batch, of which its poll is told after the commit. */
struct pending {
	struct poll *poll;
	struct remembered what;
	usec_t end;
	struct span recheck; /* it came of; no buckets: of a regular request */
};

/** What a configuration brings with it, and a reload replaces as a whole. */
struct roll {
	struct config *config;
	struct access *accesses; /* one for each account, in order */
	struct poll *polls;      /* one for each device, in order */
	struct flight *flights;  /* as many as may be in flight */
	struct flight *free_flights;
	struct roster roster;
};

struct poller {
	struct roll roll;
	struct orphans orphans; /* devices that may come back */
	char *state_directory;  /* stays over a reload */
	struct http *http;
	struct sink *sink;
	struct rng rng;

	/* Both clocks as this turn found them, and how far apart they were. */
	usec_t now, wall, clock_offset;

	/* Of the reply at hand. */
	struct points points;
	struct fit fit;
	struct records records;

	/* For the commit. */
	struct pending *pending;
	size_t pending_len, pending_size;

	/* The disk's trouble; while the log cannot be written: */
	struct storage storage;
	usec_t disk_retry_at;
	bool disk_probed; /* with success: only a commit can tell more */
	unsigned disk_failures; /* in a row */
	char disk_reason[512];

	bool crowded; /* people know that there is no room for all rechecks */
	bool draining;
	bool once;
	usec_t once_wall;
	size_t finished, incomplete; /* with once */

	usec_t mend_at; /* no sooner is the log read again for cursors that are ahead of the clock */
	bool unsaved; /* the last checkpoint is behind, */
	unsigned saved_generation; /* and this was the log's current file then */
	size_t restored; /* records read back at the start, */
	usec_t oldest;   /* and the earliest start among them; USEC_INFINITY: none */
	bool changed; /* something was, since the last look at the status */
	struct status status;
	struct buf lanes_text;
};

/** The account's side of a poll. */
__attribute__((nonnull))
struct access *access_of(const struct poll *poll);

/* poller.c */

/** Requeues a finished poll: for its next window, or at once if more is waiting. */
__attribute__((nonnull))
void poller_plan(struct poller *poller, struct poll *poll);

/** Files a poll to be tried again after that wait. */
__attribute__((nonnull))
void poller_retry(struct poller *poller, struct poll *poll, usec_t wait);

/** Files what waits by the wall clock anew: that clock, or the server's, tells another time. */
__attribute__((nonnull))
void poller_replan(struct poller *poller, struct access *access);

/* clockwork.c */

/** Sets now and wall. */
__attribute__((nonnull))
void poller_read_clocks(struct poller *poller);

/** A clock may be wrong by so much without anybody being told, and cursors may be ahead of it. */
#define CLOCK_SLACK (10 * USEC_PER_SEC)

/** Whether an account's server has confirmed what time it is, and the log does not contradict that. */
__attribute__((nonnull))
bool clock_is_confirmed(const struct access *access);

/** Whether it has not, though there is reason to ask. */
__attribute__((nonnull))
bool clock_is_in_question(const struct access *access);

/** With once: whether that will not be known in this run. */
__attribute__((nonnull))
bool clock_is_hopeless(const struct poller *poller, const struct access *access);

/** What time it is by the account's server, if that is confirmed. */
__attribute__((nonnull))
usec_t clock_true_time(const struct poller *poller, const struct access *access);

/** The same; while it is not confirmed, by this machine's clock. */
__attribute__((nonnull))
usec_t clock_likely_time(const struct poller *poller, const struct access *access);

/** What people should know of it; NULL: nothing. */
__attribute__((nonnull))
const char *clock_trouble(const struct access *access);

/**
 * Whether the device waits for more replies that say what time it is: answers would be in vain, as it
 * has not begun or as nobody can tell what is over.
 */
__attribute__((nonnull))
bool poll_is_held(const struct poll *poll);

/** Before polls are filed: compares cursors with the time, and lets devices begin, where it is confirmed. */
__attribute__((nonnull))
void clock_start(struct poller *poller);

/** The same for one account. */
__attribute__((nonnull))
void clock_settle(struct poller *poller, struct access *access);

/** The log holds, until then, what contradicts the clock. */
__attribute__((nonnull))
void clock_dispute(struct poller *poller, struct access *access, usec_t until);

/** Calls up a poll to ask for the time, if nothing else asks and it is wanted. */
__attribute__((nonnull))
void clock_probe(struct poller *poller, struct access *access);

/** When clock_probe() wants to be called; USEC_INFINITY while there is no need. */
__attribute__((nonnull))
usec_t clock_next(const struct poller *poller, const struct access *access);

/** After a step of the wall clock what was due by it is due at another time. */
__attribute__((nonnull))
void poller_follow_clock(struct poller *poller);

/** What a good reply, to a request made at `asked` (monotonic), says of our clock. */
__attribute__((nonnull))
void poller_watch_clock(struct poller *poller, struct access *access, usec_t asked,
                        const struct http_reply *reply);

/**
 * The time that "closed and settled" is measured by for the devices of an account: now,
 * or with once the start; less what our clock is ahead of the account's server.
 */
__attribute__((nonnull))
usec_t poller_horizon(const struct poller *poller, const struct access *access);

/** The same for a poll's account. */
__attribute__((nonnull))
usec_t poll_horizon(const struct poller *poller, const struct poll *poll);

/** What time it is as far as that is known: by the account's server, or by our clock. */
__attribute__((nonnull))
usec_t poll_server_time(const struct poller *poller, const struct poll *poll);
/* mend.c */

/** Sets cursors that lie in a time that has not come back to where the log's real records end.  After a commit. */
__attribute__((nonnull))
void poller_mend(struct poller *poller);

/* reply.c */

__attribute__((nonnull))
void poller_reply(struct poller *poller, const struct http_reply *reply);

/** Reads an account's key again; a new one is tried at once. */
__attribute__((nonnull))
void poller_reread_key(struct poller *poller, struct access *access);

/* commit.c */

/** Puts a record into the batch.  Returns 0 or -ENOMEM, with the record not in it. */
__attribute__((warn_unused_result, nonnull))
int poller_record(struct poller *poller, struct poll *poll, const struct record *record);

/** The same for a record that came of a recheck of that span. */
__attribute__((warn_unused_result, nonnull))
int poller_record_later(struct poller *poller, struct poll *poll, const struct record *record,
                        const struct span *span);

/**
 * Puts a gap into the batch, from the cursor to end: what had become too old at that
 * time, on the wall clock.  Returns 0 or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int poller_give_up(struct poller *poller, struct poll *poll, usec_t end, usec_t wall);

/** Writes the batch, then moves cursors and files the polls; or, if the disk fails, leaves all as it was. */
__attribute__((nonnull))
void poller_commit(struct poller *poller);

/**
 * Whether requests must wait for the disk.  After it failed it is tried without any
 * request, with a file that is removed again; then one request at a time is sent, until
 * what it brings is written.
 */
__attribute__((nonnull, warn_unused_result))
bool poller_disk_pause(struct poller *poller);

/* reload.c */

/**
 * Everything that a configuration needs, with fresh polls.  An account whose key cannot be
 * used yet waits for it, aloud; with once that fails.  On failure the configuration is the
 * caller's.
 */
__attribute__((warn_unused_result, nonnull))
int roll_init(struct roll *roll, struct config *config, const struct poller *poller,
              struct error *err);

void roll_done(struct roll *roll, struct http *http);

#endif
