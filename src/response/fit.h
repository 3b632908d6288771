// SPDX-License-Identifier: ISC

/*
 * Whether an answer fits what was asked: which point stands for which bucket.
 *
 * How Rhombus stamps a bucket is not documented.  So any stamp inside will do, if all
 * buckets are stamped alike: each holds one stamp at most, and all stamps have the same
 * place in theirs.  What is stamped otherwise was not understood, and nothing of such an
 * answer is believed.
 */

#ifndef RESPONSE_FIT_H
#define RESPONSE_FIT_H

#include "response/parse.h"
#include "schedule/poll.h"
#include "schedule/span.h"

/** Kept and used again from reply to reply. */
struct fit {
	usec_t *edges;  /* of the span's buckets, and the end of the last */
	size_t *chosen; /* the point that stands for a bucket; FIT_NONE: none does */
	size_t buckets;
	size_t room;        /* in the two */
	size_t points;      /* buckets that have one, */
	size_t first;       /* and the first of them */
	size_t sure_from, sure_until; /* of these buckets one without a point is empty; all, until it is known otherwise */
	size_t outside;     /* points that lie in no bucket of the span */
	struct habit habit; /* of the device, with what this answer has shown */
};

#define FIT_NONE SIZE_MAX

__attribute__((nonnull))
void fit_init(struct fit *fit);
void fit_done(struct fit *fit);

/**
 * Finds the bucket of each point.  Of equal stamps the last stands.  Points outside of the
 * span are counted, as long as it is clear that they are.
 *
 * habit: what earlier answers of the device have shown; fit->habit is it with this one, and
 * is set even if the answer does not fit.
 *
 * Returns 0; -EBADMSG with a sentence, which holds a stamp and the edge that was expected, if
 * the answer does not fit; or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int fit_points(struct fit *fit, const struct settings *settings, const struct habit *habit,
               const struct span *span, const struct points *points, struct error *err);

#endif
