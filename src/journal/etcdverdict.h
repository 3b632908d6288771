// SPDX-License-Identifier: ISC

/*
 * What a reply means for that which was asked: done, not done, or nobody knows.
 */

#ifndef JOURNAL_ETCDVERDICT_H
#define JOURNAL_ETCDVERDICT_H

#include "base/error.h"
#include "journal/etcdanswer.h"
#include "journal/journal.h"
#include "request/http.h"

struct etcdverdict {
	/*
	 * DONE: it answered, and the answer says what has become of the request.  REFUSED: the lease has ended.  FAILED
	 * only if it is certain that the request was not carried out and will not be.
	 */
	enum journal_result result;
	bool elsewhere; /* another member may do better */
};

/**
 * Judges a reply.  answer is empty; it is read if DONE, and is for etcdanswer_done() in any case.  Otherwise, but for
 * REFUSED, there is a sentence without the endpoint; it says what an administrator can do.
 */
__attribute__((nonnull))
struct etcdverdict etcdverdict_of(const struct http_reply *reply, struct etcdanswer *answer, struct error *err);

#endif
