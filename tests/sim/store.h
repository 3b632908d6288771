// SPDX-License-Identifier: ISC

/*
 * The store that the nodes of a cluster share: a linearizable list of entries for each account, who owns it,
 * and leases, as journal/journal.h promises them.  It is pure: it takes the true time, and each call is one
 * moment.  Times must not go back from one call to the next.
 *
 * Beside the store itself there is a record of every entry that was ever taken, which no backup takes back: the
 * audit goes by that.
 */

#ifndef SIM_STORE_H
#define SIM_STORE_H

#include "base/units.h"
#include "journal/journal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STORE_NAME_SIZE = 64, STORE_CHAINS = 8, STORE_LEASES = 1024 };

/** An entry that was taken.  It is never freed and never changes, but for what became of it. */
struct taken {
	char account[STORE_NAME_SIZE], node[STORE_NAME_SIZE];
	uint64_t position, epoch;
	int generation;             /* of the store: restores count up */
	usec_t at;                  /* true time */
	const struct taken *before; /* what was the last of the chain; NULL: there was none */
	bool trimmed;               /* by request */
	size_t len;
	unsigned char data[];
};

struct store_chain {
	char account[STORE_NAME_SIZE];
	uint64_t head, epoch;
	char owner[STORE_NAME_SIZE]; /* "": nobody */
	int64_t lease;
	usec_t until;
	struct taken **entries; /* by position, from 1 on; NULL: trimmed */
	const struct taken *last; /* the one at the head, trimmed or not */
	size_t room;
};

struct store_lease {
	int64_t number; /* 0: this one is free */
	char node[STORE_NAME_SIZE];
	usec_t length, ends;
	char *value; /* NULL: nothing was announced with it */
	size_t value_size;
};

struct store {
	uint64_t cluster, revision;
	int64_t leases_given;
	int generation;
	bool halted;         /* without a quorum: leases do not end */
	struct store_chain chains[STORE_CHAINS]; /* ascending by account */
	size_t chain_count;
	struct store_lease leases[STORE_LEASES];
	size_t lease_len; /* up to the last that is there */
	struct store *backup; /* NULL: there is none */
};

/** All entries that were ever taken, in that order. */
struct taken_list {
	struct taken **list;
	size_t len, room;
};

extern struct store *store;
extern struct taken_list *taken;

/** An empty store in the arena. */
void store_init(void);

/** The chain of an account, which begins if it is new. */
struct store_chain *store_chain(const char *account);

/** Ends the leases that are over by then.  All calls with a time do so first. */
void store_expire(usec_t now);

/** From false on no lease ends; with true they begin anew, as under a new leader. */
void store_quorum(bool there, usec_t now);

/** A view of it in the caller's array of chains and of nodes; strings belong to the store. */
struct journal_view store_look(usec_t now, struct journal_chain chains[static STORE_CHAINS],
                               struct journal_node nodes[static STORE_LEASES]);

/**
 * Entries of positions from to until, at most count and no more than room bytes but for the first; whether there are
 * more.  Returns how many.
 */
size_t store_read(const char *account, uint64_t from, uint64_t until, size_t count, size_t room,
                  const struct taken **entries, bool *ret_more);

/** The number of a new lease. */
int64_t store_grant(const char *node, usec_t length, usec_t now);

enum journal_result store_renew(int64_t lease, usec_t now);
enum journal_result store_revoke(int64_t lease, usec_t now);
enum journal_result store_announce(int64_t lease, const char *value, usec_t now);
enum journal_result store_claim(const char *account, const char *node, int64_t lease, usec_t now,
                                uint64_t *ret_epoch);
enum journal_result store_release(const char *account, uint64_t epoch, usec_t now);
enum journal_result store_commit(const char *account, uint64_t epoch, uint64_t position, const void *data, size_t len,
                                 usec_t now);
enum journal_result store_defer(const char *account, uint64_t epoch, usec_t until, usec_t now);
enum journal_result store_trim(const char *account, uint64_t epoch, uint64_t from, uint64_t until, usec_t now);

/** A backup, in the place of the one before. */
void store_save(void);

/** The store is as it was then, with leases that begin anew; or, if there is no backup, empty. */
void store_restore(usec_t now);

/** All data are lost: it is another store. */
void store_wipe(void);

#endif
