// SPDX-License-Identifier: ISC

/*
 * What a device is asked for next, and the request for it.
 */

#ifndef DAEMON_ASK_H
#define DAEMON_ASK_H

#include "daemon/access.h"
#include "daemon/poller.h"

/**
 * Asks for what a poll wants that was taken from its lane, or files it anew if that is nothing.  Only
 * a request costs a token: buckets that are given up, and a poll that has nothing to ask for, must
 * not keep others from asking.
 */
__attribute__((nonnull))
void ask_news(struct poller *poller, struct access *access, struct poll *poll);

/**
 * What has been recorded without a count is asked for again while nothing else is to be done;
 * if its answer takes longer than that, it is cut off.
 */
__attribute__((nonnull))
void ask_again(struct poller *poller, struct access *access);

#endif
