// SPDX-License-Identifier: ISC

/*
 * What an answer of etcd says has become of that which was asked.
 */

#ifndef JOURNAL_ETCDRESULT_H
#define JOURNAL_ETCDRESULT_H

#include "base/error.h"
#include "journal/etcdanswer.h"
#include "journal/etcdview.h"
#include "journal/journal.h"

#include <stddef.h>
#include <stdint.h>

/** What was asked; of most only the verb matters. */
struct etcdresult_asked {
	enum journal_verb verb;
	const char *cluster, *node;
	const char *account;  /* READ */
	uint64_t from, until; /* READ */
	int64_t lease;        /* RENEW, CLAIM */
	const void *data;     /* COMMIT */
	size_t len;
};

/**
 * Returns DONE or REFUSED, or UNKNOWN and a sentence if it answers something else.  Sets what the reply has of its
 * own, by way of the view if it is not plain; that is empty.
 *
 * A request that libcurl sent twice, because the connection broke, is DONE and not refused: its own traces tell.
 */
__attribute__((nonnull, warn_unused_result))
enum journal_result etcdresult_of(const struct etcdresult_asked *asked, const struct etcdanswer *answer,
                                  struct etcdview *view, struct journal_reply *reply, struct error *err);

#endif
