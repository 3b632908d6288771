// SPDX-License-Identifier: ISC

/*
 * service: from a request to its answer. It knows the contract, and nothing of sockets.
 *
 * The order of things:
 *   the credential (401, 403);
 *   the organisation's token bucket (429), before which no fault rule counts;
 *   path, method, body, headers (404, 405, 413, 400, 415, 406);
 *   the first fault rule that fits, also for a request that is refused by now;
 *   the reply, the journal.
 */

#ifndef FAKE_RHOMBUS_SERVICE_H
#define FAKE_RHOMBUS_SERVICE_H

#include "answer.h"
#include "orgs.h"
#include "request.h"
#include "world.h"

/**
 * Decides, counts and journals. The answer borrows from the fault rules, so it is to be put to
 * use before they can change. *ret_org, unless NULL, has one request more in flight until
 * service_finished.
 */
void service_answer(struct world *world, const struct request *request, struct answer *ret_answer,
                    struct org **ret_org);

/** The reply is sent, or given up. */
void service_finished(struct org *org);

#endif
