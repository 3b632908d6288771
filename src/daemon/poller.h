// SPDX-License-Identifier: ISC

/*
 * The poller: drives devices through schedule, request, response and sink.
 *
 * It has no loop of its own.  poller_turn() does all that can be done now and
 * says when it wants to be called next; the caller waits in between, in
 * http_wait().  A turn ends with a commit: what the replies of this turn were
 * worth is on the disk, and only then do cursors move.
 */

#ifndef DAEMON_POLLER_H
#define DAEMON_POLLER_H

#include "config/config.h"
#include "daemon/storage.h"
#include "request/http.h"
#include "sink/sink.h"
#include "status/status.h"

struct poller;

/**
 * A poller for the configuration, which it owns from now on.  Reads the keys.
 * once: every device records what is due now, and stops.
 *
 * Returns 0 and a poller for poller_free(); else -errno, and the configuration
 * is still the caller's.
 */
__attribute__((warn_unused_result, nonnull(1, 2, 3, 5)))
int poller_new(struct config *config, struct http *http, struct sink *sink, bool once,
               struct poller **ret_poller, struct error *err);

/** Frees the configuration too; http and sink are the caller's. */
void poller_free(struct poller *poller);

/** Schedules the first requests. */
__attribute__((nonnull))
void poller_start(struct poller *poller);

/** Acts on the replies that have come, commits, sends what is due.  Returns when to call again (monotonic). */
__attribute__((nonnull))
usec_t poller_turn(struct poller *poller);

/** No new requests from now on. */
__attribute__((nonnull))
void poller_drain(struct poller *poller);

/** While it drains: whether no request is on its way, and others may own what it has owned. */
__attribute__((nonnull))
bool poller_ended(const struct poller *poller);

/** Whether no request is on its way. */
__attribute__((nonnull))
bool poller_idle(const struct poller *poller);

__attribute__((nonnull))
const struct config *poller_config(const struct poller *poller);

/** What fails on the disks: the poller notes appends, the caller all else. */
__attribute__((nonnull))
struct storage *poller_storage(struct poller *poller);

#endif
