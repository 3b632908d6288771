// SPDX-License-Identifier: ISC

/*
 * What a daemon may ask, judged request by request: rate, requests in flight,
 * pauses that the server demanded, and buckets that are not ripe.
 *
 * It knows one life: a new process knows nothing of the old one's pauses and has
 * full token buckets.
 */

#ifndef SIM_RULES_H
#define SIM_RULES_H

#include "server.h"

/** A life begins. */
void rules_begin(void);

/** A request is made now. */
void rules_request(const struct asked *asked);

/** A reply has reached the daemon. */
void rules_reply(const struct asked *asked, const struct reply *reply);

/** All requests on their way were abandoned. */
void rules_cancelled(void);

#endif
