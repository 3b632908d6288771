// SPDX-License-Identifier: ISC

/*
 * This node as a member of a cluster: its lease, what it sees of the others, and the chains of its accounts.
 */

#ifndef DAEMON_MEMBER_H
#define DAEMON_MEMBER_H

#include "config/clusterfiles.h"
#include "daemon/chain.h"
#include "daemon/poller.h"
#include "daemon/sight.h"
#include "daemon/standing.h"

/** What the store is asked for an account has the chain's number for a tag; what is read to be trimmed, this too. */
#define MEMBER_TRIM_TAG ((uint64_t)1 << 63)

/** What could not be asked of the store is tried again after that. */
#define MEMBER_RETRY (1 * USEC_PER_SEC)

struct member {
	struct journal *journal;
	const struct cluster_settings *settings; /* the configuration's */
	struct cluster_credentials credentials;  /* what their files were like */
	char *cluster, *node;  /* their names; stay over a reload */
	struct chain **chains; /* those of accounts that are not in the configuration, too */
	size_t len, size;

	int64_t lease;        /* 0: none */
	usec_t length;        /* of the lease; stays over a reload */
	uint64_t devices;     /* a hash of those that are configured */
	usec_t renewed;       /* when it was last granted or renewed: when that was sent, monotonic */
	usec_t settled;       /* since then it is there, and the store was reached all the time; monotonic */
	usec_t lease_sent;    /* a grant or a renewal is on its way since then; 0: none is */
	usec_t renew_at, look_at, announce_at, files_at; /* monotonic */
	uint64_t serial;      /* of the next look; from 1 on */
	bool looking, announcing, revoking;
	struct buf announced; /* what the others see, for this lease */

	struct sight sight;
	bool sighted;         /* a look has been answered since the start */
	usec_t unreached;     /* since when no look has been answered, monotonic; USEC_INFINITY: it is well */
	bool unwritable;      /* the last thing that was to be written was not: nothing is asked for that could not be recorded */
	bool told_unreached, told_twin;
	char trouble[512];    /* why; "": nothing */
	struct standing standing;
};

/** For a configuration with a cluster, and none else.  Asks nothing yet.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull))
int member_new(struct poller *poller, struct member **ret_member, struct error *err);

void member_free(struct member *member);

/** The chain of an account; NULL if there is none. */
__attribute__((nonnull))
struct chain *member_chain(const struct member *member, const char *account, size_t len);

/** What the checkpoint or the log says of an account's chain.  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int member_restore(struct member *member, const char *account, size_t len, uint64_t position, uint64_t lines);

/** The poller has accounts: each gets its chain.  At the start, and after a reload.  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int member_bind(struct poller *poller);

/** Acts on what has come from the store, and does what is due. */
__attribute__((nonnull))
void member_turn(struct poller *poller);

/** Commits what has been gathered. */
__attribute__((nonnull))
void member_commit(struct poller *poller);

/** When member_turn() is to be called again, monotonic. */
__attribute__((nonnull))
usec_t member_next(const struct poller *poller);

/** While draining: whether everything has been let go. */
__attribute__((nonnull, warn_unused_result))
bool member_is_idle(const struct poller *poller);

/** The poller's configuration is about to be replaced: what is gathered is given up, and read again. */
__attribute__((nonnull))
void member_detach(struct poller *poller);

/** Takes endpoints and certificates of another configuration, which then replaces the present one.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull(1, 2)))
int member_reopen(struct poller *poller, const struct cluster_settings *settings, struct error *err);

/** The server of an account wants to be left alone, by that wall-clock time. */
__attribute__((nonnull))
void member_defer(struct poller *poller, struct access *access, usec_t until);

#endif
