// SPDX-License-Identifier: ISC

/*
 * What an answer is worth: which of its buckets are believed, and what is recorded.
 */

#ifndef DAEMON_ANSWER_H
#define DAEMON_ANSWER_H

#include "response/fit.h"
#include "response/parse.h"
#include "response/record.h"
#include "schedule/belief.h"

struct landing;

/** The reply at hand, as it is read; kept for the memory that it has. */
struct answer {
	struct points points;
	struct fit fit;
	struct records records;
};

__attribute__((nonnull))
void answer_init(struct answer *answer);

__attribute__((nonnull))
void answer_done(struct answer *answer);

/** Records what is believed of an answer that fits, and files the poll, now or with the commit. */
__attribute__((nonnull))
void answer_take(const struct landing *l);

/** What the answer says of the span's buckets. */
__attribute__((nonnull))
struct said answer_said(const struct landing *l, const struct span *span);

/** Finds which buckets without a point the answer speaks of. */
__attribute__((nonnull))
void answer_find_sure(const struct landing *l, const struct belief *belief, const struct said *said);

/** Counts the points that are of no use: not the server's business, but the first ones are told. */
__attribute__((nonnull))
void answer_count_dropped(const struct landing *l);

#endif
