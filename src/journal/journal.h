// SPDX-License-Identifier: ISC

/*
 * The journal that the nodes of a cluster share: who may ask for an account, and the entries that are
 * to be in the log of each node.
 *
 * Each account has a chain: entries at positions 1, 2, ..., without a hole but for what was trimmed at
 * the beginning, and the head, the position of the last one.  An entry never changes.  An account has
 * at most one owner, as long as that node renews its lease; each ownership has an epoch, which is
 * higher than that of any before it.  An entry is taken only from the owner of that epoch and only
 * behind the head: whatever arrives late or twice is refused.
 *
 * Each function asks the store and returns at once.  What became of it comes from journal_next(), after
 * http_wait(); if it could not even be sent, or there is no memory, it comes as JOURNAL_FAILED
 * (of more than a few dozen at a time that there was no memory for, some do not come).  Things that are asked for
 * together may be carried out in any order.
 *
 * The store is etcd, which journal/etcd*.c know; the keys are in journal/etcdkey.h.
 */

#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include "base/error.h"
#include "base/units.h"
#include "request/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** An entry is no larger than that, packed. */
#define JOURNAL_ENTRY_MAX ((size_t)1 << 20)

enum journal_verb {
	JOURNAL_LOOK,     /* the whole view */
	JOURNAL_READ,     /* entries of a chain */
	JOURNAL_GRANT,    /* a lease */
	JOURNAL_RENEW,    /* that lease */
	JOURNAL_REVOKE,   /* it: what was put with it goes */
	JOURNAL_ANNOUNCE, /* this node's value */
	JOURNAL_CLAIM,    /* an account that has no owner */
	JOURNAL_RELEASE,  /* an account that is owned */
	JOURNAL_COMMIT,   /* an entry behind the head */
	JOURNAL_DEFER,    /* an account's server wants to be left alone until then */
	JOURNAL_TRIM,     /* the oldest entries */
};

enum journal_result {
	JOURNAL_DONE,
	JOURNAL_REFUSED, /* what it depends on is not so, and nothing was changed */
	JOURNAL_FAILED,  /* it was not carried out, and will not be */
	JOURNAL_UNKNOWN, /* there was no usable answer: it may have been carried out, or may be yet */
};

/** One account's chain, as it was at one moment.  Strings are valid as long as the reply. */
struct journal_chain {
	const char *account;
	uint64_t head;     /* 0: it has not begun */
	uint64_t epoch;    /* 0: nobody owns it */
	const char *owner; /* the node; NULL: nobody */
	int64_t lease;     /* of the owner */
	usec_t until;      /* from journal_defer(), wall clock; 0: nothing */
};

/** A node that is up, or was within its lease. */
struct journal_node {
	const char *name;
	int64_t lease;
	const char *value; /* from journal_announce() */
};

/** All of it at one moment.  Ascending by account, and by name and lease. */
struct journal_view {
	const struct journal_chain *chains;
	size_t chain_count;
	const struct journal_node *nodes;
	size_t node_count;
	uint64_t cluster; /* another one: another store, or one that lost its data */
};

struct journal_entry {
	uint64_t position;
	const void *data; /* packed; see journal/entry.h */
	size_t len;
};

/** Valid until the next journal_next() or http_wait(). */
struct journal_reply {
	enum journal_verb verb;
	enum journal_result result;
	uint64_t tag;      /* the caller's */
	const char *error; /* a sentence that names the store, unless DONE or REFUSED */

	struct journal_view view; /* LOOK, DONE */

	/*
	 * READ, DONE: ascending, from the first that there is on, as many as were found room for; and whether there are
	 * more.  If the first is not the one that was asked for, what lies between has been trimmed.
	 */
	const struct journal_entry *entries;
	size_t entry_count;
	bool more;

	int64_t lease;  /* GRANT, DONE */
	uint64_t epoch; /* CLAIM, DONE */
};

/** What the store is reached by.  Strings are copied. */
struct journal_settings {
	const char *cluster, *node;   /* names */
	const char *const *endpoints; /* URLs; NULL-terminated, at least one */
	struct http_pem ca, client_cert, client_key; /* data NULL: none */
	usec_t timeout;               /* of one request */
};

struct journal;

/** Returns 0 and a journal for journal_free(), or -errno.  http must outlive it; asks nothing yet. */
__attribute__((warn_unused_result, nonnull(1, 2, 3)))
int journal_new(const struct journal_settings *settings, struct http *http, struct journal **ret_journal,
                struct error *err);

/** What is on its way is abandoned without a reply. */
void journal_free(struct journal *journal);

/** The next thing that has become of what was asked; false if there is none. */
__attribute__((nonnull, warn_unused_result))
bool journal_next(struct journal *journal, struct journal_reply *ret_reply);

__attribute__((nonnull))
void journal_look(struct journal *journal, uint64_t tag);

/** Entries of positions from to until, both included: at most `count`, which is positive, and about a megabyte. */
__attribute__((nonnull))
void journal_read(struct journal *journal, uint64_t tag, const char *account, uint64_t from, uint64_t until,
                  size_t count);

/** A lease of that length, which is at least a second and is rounded up to whole ones. */
__attribute__((nonnull))
void journal_grant(struct journal *journal, uint64_t tag, usec_t length);

/** REFUSED: it has ended. */
__attribute__((nonnull))
void journal_renew(struct journal *journal, uint64_t tag, int64_t lease);

__attribute__((nonnull))
void journal_revoke(struct journal *journal, uint64_t tag, int64_t lease);

/** Shows this node to the others, with a text, for as long as the lease.  REFUSED: the lease has ended. */
__attribute__((nonnull))
void journal_announce(struct journal *journal, uint64_t tag, int64_t lease, const char *value);

/** REFUSED: somebody owns it, or the lease has ended.  DONE as well if this node owns it with that lease already. */
__attribute__((nonnull))
void journal_claim(struct journal *journal, uint64_t tag, const char *account, int64_t lease);

/** REFUSED: it is not owned in that epoch. */
__attribute__((nonnull))
void journal_release(struct journal *journal, uint64_t tag, const char *account, uint64_t epoch);

/**
 * Puts an entry at a position, which is the head's and one more.  REFUSED: the head is another, or the account is not
 * owned in that epoch.  DONE as well if that very entry is at that position already.  data is copied.
 */
__attribute__((nonnull))
void journal_commit(struct journal *journal, uint64_t tag, const char *account, uint64_t epoch, uint64_t position,
                    const void *data, size_t len);

/** Tells those who own the account later to leave its server alone until then, wall clock.  REFUSED: as for a release. */
__attribute__((nonnull))
void journal_defer(struct journal *journal, uint64_t tag, const char *account, uint64_t epoch, usec_t until);

/** Removes the entries of positions from to until, both included.  REFUSED: as for a release. */
__attribute__((nonnull))
void journal_trim(struct journal *journal, uint64_t tag, const char *account, uint64_t epoch, uint64_t from,
                  uint64_t until);

#endif
