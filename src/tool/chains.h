// SPDX-License-Identifier: ISC

/*
 * The entries of a cluster's journal, as the lines of a log have their numbers: for each account a chain.
 *
 * A chain's lines begin with any entry, for older files may have been removed; from there on each line is of the
 * same entry as the one before it, or of the next.  Only the first two entries of a chain may come behind
 * higher ones: then the node left its cluster, and a new chain has begun.
 */

#ifndef TOOL_CHAINS_H
#define TOOL_CHAINS_H

#include "base/index.h"
#include "sink/format.h"

struct chain {
	char *account;
	size_t count;         /* of chains that have begun, one after the other */
	uint64_t first, last; /* entries of the latest of them */
	uint64_t astray;      /* an entry that came behind a higher one, if no other has come since; 0: none */
};

/** By account, in the order in which they appear in the log.  All zero: none yet. */
struct chains {
	struct chain *list;
	size_t len, size;
	size_t latest; /* the one that was found before */
	struct index index;
};

/** What a line is to those before it of its account. */
enum chain_step {
	CHAIN_GOES_ON, /* of the same entry or the next one; or it begins a chain */
	CHAIN_HOLE,    /* entries are missing before it */
	CHAIN_ASTRAY,  /* its entry came before: it stands twice, or out of order */
	CHAIN_AGAIN,   /* likewise, and so was the line before it */
};

/**
 * Takes a line of an entry in.  Returns what it is, its chain, which is valid until the next one is made, and the entry
 * that the line before it was of, or 0; or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int chains_take(struct chains *chains, const struct log_entry *entry, struct chain **ret_chain, uint64_t *ret_before);

/** The chain of that account; NULL if there is none. */
__attribute__((nonnull))
struct chain *chains_find(const struct chains *chains, const char *account, size_t len);

void chains_done(struct chains *chains);

#endif
