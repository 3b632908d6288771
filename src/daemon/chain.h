// SPDX-License-Identifier: ISC

/*
 * One account's chain of entries: what this node adds to it while it owns the account, and how far it has
 * been read into this node's log.
 *
 * Records of an owned account are gathered.  They become an entry of the journal, and when the journal has it, lines
 * of the log; only then are their polls told.  One entry is on its way at a time.  Whatever else comes of it, the
 * records are given up, and the polls ask again when the chain has been read to its head.
 */

#ifndef DAEMON_CHAIN_H
#define DAEMON_CHAIN_H

#include "daemon/commit.h"
#include "journal/journal.h"
#include "schedule/tenure.h"

struct access;
struct member;

/** What is known of the oldest entries in the journal. */
struct trim {
	uint64_t low;   /* the first that is there; 0: not known */
	uint64_t until; /* the last one of those that are being removed */
	int64_t mean;   /* bytes of an entry, about; 0: not known */
	usec_t at;      /* monotonic: when to look again */
	bool busy;      /* something was asked of the store */
};

struct chain {
	char *account;         /* its name */
	uint64_t number;       /* among the member's */
	struct access *access; /* NULL: it is not in the configuration now */
	struct tenure tenure;
	uint64_t lines;        /* of the entry behind its position that are in the log already */
	struct batch gathering, flying;
	struct buf gathered, flown; /* their lines */
	bool committing;       /* flying is on its way; or, with nothing in it, the first entry */
	uint64_t opened;       /* the number of the tenure that the lane was last opened for; 0: never */
	usec_t until;          /* its server wants to be left alone until then, wall clock; 0: no */
	usec_t deferred;       /* as the store was told; wall clock */
	struct trim trim;
	usec_t wait_until;     /* monotonic: nothing is asked of the store before, for it could not be reached */
	char why[512];         /* it is halted; "": it is not */
	char owner[80];        /* its owner's name, as of the last look; "": nobody, or that is not known */
	usec_t unowned_since;  /* monotonic: looks have seen no owner since then; USEC_INFINITY: the last one has */
	usec_t behind_since;   /* monotonic: more entries are missing than are on their way; USEC_INFINITY: they are not */
};

/** A chain that this node's log has up to a position, with so many lines of the entry behind it.  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int chain_init(struct chain *chain, const char *account, uint64_t position, uint64_t lines);

/** At a start: that is how far it has got. */
__attribute__((nonnull))
void chain_place(struct chain *chain, uint64_t position, uint64_t lines);

void chain_done(struct chain *chain);

/** Whether the answer to a request that was sent in that tenure may be recorded. */
__attribute__((nonnull, warn_unused_result))
bool chain_accepts(const struct chain *chain, uint64_t tenure);

/** Whether records of it wait for their commit, or for what becomes of that. */
__attribute__((nonnull, warn_unused_result))
bool chain_has_pending(const struct chain *chain);

/** Whether nothing of it is on its way, records or requests: it can be let go. */
__attribute__((nonnull, warn_unused_result))
bool chain_is_idle(const struct chain *chain);

/**
 * Whether the cluster has the device's records in the chain of another account than that under which it is configured.
 * It is not asked for then.  Nodes that read two chains in another order would have its records in another order, and
 * two owners, one of which has the new configuration, would each record it.
 */
__attribute__((nonnull, warn_unused_result))
bool chain_is_elsewhere(const struct poll *poll);

/** Lets the lane's polls ask, or holds them, as the tenure and the lease want it.  may_ask: the lease is fresh. */
__attribute__((nonnull))
void chain_guard(struct poller *poller, struct chain *chain, bool may_ask);

/** Commits what has been gathered, if nothing is on its way. */
__attribute__((nonnull))
void chain_commit(struct poller *poller, struct chain *chain);

/** Commits the first entry: what this node knows of the account. */
__attribute__((nonnull))
void chain_begin(struct poller *poller, struct chain *chain);

/** What became of a commit. */
__attribute__((nonnull))
void chain_committed(struct poller *poller, struct chain *chain, const struct journal_reply *reply);

/** What became of a read. */
__attribute__((nonnull))
void chain_read(struct poller *poller, struct chain *chain, const struct journal_reply *reply);

/** What is gathered or on its way is given up; what becomes of it, the chain will tell. */
__attribute__((nonnull))
void chain_give_up(struct poller *poller, struct chain *chain);

/** This node cannot follow it any more: reports why, with what to do. */
__attribute__((format(printf, 2, 3), nonnull(1, 2)))
void chain_halt(struct chain *chain, const char *format, ...);

#endif
