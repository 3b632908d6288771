// SPDX-License-Identifier: ISC

/*
 * What the journal was asked for and has not been answered yet.
 */

#ifndef JOURNAL_ASK_H
#define JOURNAL_ASK_H

#include "base/buf.h"
#include "base/units.h"
#include "journal/journal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** So many that there was no memory for can wait for their reply. */
enum { ASKS_LOST_MAX = 64 };

struct ask {
	struct ask *next;
	enum journal_verb verb;
	uint64_t tag;
	const char *path; /* where the body is posted to */
	struct buf body;
	usec_t deadline;  /* monotonic */
	size_t member;    /* of etcd, that was asked last */
	size_t tries;
	int failure;      /* 0, or why it was not sent, as -errno */

	/* READ */
	char *account;
	uint64_t from, until;
	size_t count, limit; /* wanted; asked for at a time */
	bool wide;           /* what it wants first is not there any more */

	int64_t lease;   /* RENEW, CLAIM */
	struct buf data; /* COMMIT */
};

/** All zero is none. */
struct asks {
	struct ask *first;
	struct {
		enum journal_verb verb;
		uint64_t tag;
	} lost[ASKS_LOST_MAX];
	size_t lost_count;
};

/** One more, for ask_end().  NULL: there is no memory, and asks_next_failed() will say so. */
__attribute__((nonnull, warn_unused_result))
struct ask *ask_begin(struct asks *asks, enum journal_verb verb, uint64_t tag, const char *path);

/** It has been answered. */
__attribute__((nonnull))
void ask_end(struct asks *asks, struct ask *ask);

/** The reply to one that was not sent; false if there is none. */
__attribute__((nonnull, warn_unused_result))
bool asks_next_failed(struct asks *asks, struct journal_reply *ret_reply);

/** Ends all. */
__attribute__((nonnull))
void asks_done(struct asks *asks);

#endif
