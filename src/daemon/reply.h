// SPDX-License-Identifier: ISC

/*
 * What replies mean for polls and accounts.
 */

#ifndef DAEMON_REPLY_H
#define DAEMON_REPLY_H

#include "daemon/poller.h"
#include "request/http.h"

/** Acts on a reply.  What it brings is in the batch, or written if that has grown large. */
__attribute__((nonnull))
void reply_take(struct poller *poller, const struct http_reply *reply);

#endif
