// SPDX-License-Identifier: ISC

/*
 * What waits until the time is confirmed: devices without a record begin, and cursors that were
 * found at the start are compared with it.
 */

#ifndef DAEMON_SETTLE_H
#define DAEMON_SETTLE_H

#include "daemon/access.h"
#include "daemon/poller.h"

/** Does that for one account, or notes that it has to wait, or that the log is to be read again. */
__attribute__((nonnull))
void settle_account(struct poller *poller, struct access *access);

/** The wall clock was set: devices that have not begun begin by so much later. */
__attribute__((nonnull))
void settle_step(struct poller *poller, usec_t step);

#endif
