// SPDX-License-Identifier: ISC

/*
 * How far an answer is believed that leaves out buckets.  Pure.
 *
 * A server may give a thousand points at most, the oldest or the newest, and say so or
 * not: what is missing then is not there for the asking.  Another leaves out what is
 * empty.  The two look alike, so buckets that are missing at the beginning or the end of
 * an answer which holds others are asked for again, alone.  If nothing comes, they are
 * empty; and when that has been so twice in a row, answers with no more points, of ranges
 * no longer, are believed at once.  If something comes, the answer was cut off, and one
 * with as many points is asked about each time from then on.  So is one that has more points
 * than any other had, for a long time: what is behind a limit may be empty more than twice.
 */

#ifndef SCHEDULE_BELIEF_H
#define SCHEDULE_BELIEF_H

#include "schedule/poll.h"

#include <stdbool.h>
#include <stddef.h>

/** How far an answer is believed that has left out buckets at one of its ends. */
struct trust {
	unsigned points;  /* an answer with so many is whole there */
	unsigned buckets; /* and a range of so many is answered to that end */
	struct {
		int len;  /* answers in a row after which what was missing was not there; */
		unsigned points, buckets; /* the least of them */
	} run;
	struct {
		unsigned points;   /* an answer with so many was cut off; 0: none was, or one had more since */
		unsigned confirms; /* and so many that may have been at the server's limit were not, in a row */
	} cut;
};

/**
 * What is known of an account's answers for one interval.  A limit cuts off the oldest or the newest:
 * what is empty at the one end says nothing of the other.
 */
struct belief {
	bool empty; /* an answer without any points is believed although it has a warning */
	struct trust start, end;
};

/** What an answer said of a range. */
struct said {
	int buckets;     /* asked for, */
	int fresh;       /* and the first of them that is not recorded yet */
	int points;      /* buckets with a point, */
	int first, last; /* the first and the last of them, */
	int solid;       /* the first behind the first one that has none, */
	int hole;        /* and the first fresh bucket without one; `buckets`: there is none */
	bool warned;     /* it came with a warning */
	bool more;       /* it says that there is more */
};

/**
 * How many of the buckets, from the first one on, may be recorded.  For those that are in
 * doubt ret_doubt says how many are to be asked for next, behind these; else it has none
 * missing.  ret_doubt->from is left to the caller.
 */
__attribute__((warn_unused_result, nonnull))
int belief_judge(const struct belief *belief, const struct said *said, struct doubt *ret_doubt);

/**
 * Of which buckets, from one on until another, an answer says that they are empty if it holds no point of
 * them.  Those outside it may have left out, recorded before or not.
 */
__attribute__((nonnull))
void belief_sure(const struct belief *belief, const struct said *said, int *ret_from, int *ret_until);

/**
 * An answer to the question that a doubt had asked, with the belief as the first answer was
 * warned or not.  Returns true if the buckets are not there: then all may be recorded.
 */
__attribute__((warn_unused_result, nonnull))
bool belief_settle(struct belief *belief, const struct doubt *doubt, const struct said *said);

/** Learns of an answer how much one may hold. */
__attribute__((nonnull))
void belief_learn(struct belief *belief, const struct said *said);

#endif
