// SPDX-License-Identifier: ISC

/*
 * What replies mean for polls and accounts.
 */

#ifndef DAEMON_REPLY_H
#define DAEMON_REPLY_H

#include "daemon/poller.h"
#include "request/http.h"
#include "response/fit.h"
#include "response/parse.h"
#include "response/record.h"

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

/** Acts on a reply.  What it brings is in the batch, or written if that has grown large. */
__attribute__((nonnull))
void reply_take(struct poller *poller, const struct http_reply *reply);

#endif
