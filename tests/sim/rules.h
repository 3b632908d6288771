// SPDX-License-Identifier: ISC

/*
 * What a daemon may ask, judged request by request: rate, requests in flight,
 * pauses that the server demanded, and buckets that are not ripe.
 *
 * Of a machine that is alone it knows one life: a new process knows nothing of the old one's pauses and has
 * full token buckets.  The nodes of a cluster have one bucket for each account, whoever asks, which no life and
 * no new owner fills; a node that was paused may send what it was about to.
 */

#ifndef SIM_RULES_H
#define SIM_RULES_H

#include "server.h"

/** Once, before the first life. */
void rules_init(void);

/** A life begins. */
void rules_begin(void);

/** The node at hand was paused until now. */
void rules_resumed(void);

/** A request is made now. */
void rules_request(const struct asked *asked);

/** A reply has reached the daemon. */
void rules_reply(const struct asked *asked, const struct reply *reply);

/** Until when an account's server has demanded silence, of whichever node; true time.  0: it never has. */
usec_t rules_quiet_until(int account);

/** All requests on their way were abandoned. */
void rules_cancelled(void);

#endif
