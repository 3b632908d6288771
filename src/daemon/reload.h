// SPDX-License-Identifier: ISC

/*
 * Swapping one configuration for another.
 */

#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include "daemon/poller.h"

/**
 * Swaps in a new configuration, whole, or leaves all as it was.  Devices are
 * matched by UUID and interval; requests on their way are abandoned and asked
 * again.  On 0 the poller owns the new configuration and has freed the old.
 */
__attribute__((warn_unused_result, nonnull(1, 2)))
int reload_config(struct poller *poller, struct config *config, struct error *err);

#endif
