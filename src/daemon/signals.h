// SPDX-License-Identifier: ISC

/*
 * Signals as data: a descriptor to wait on and a table of what they mean.
 */

#ifndef DAEMON_SIGNALS_H
#define DAEMON_SIGNALS_H

#include "base/error.h"

#include <stdbool.h>

/** What was asked for since the last look.  Repeated signals are one request. */
struct signals {
	bool stop, reload, rotate;
};

/**
 * Blocks the signals that have a meaning and ignores those that would only
 * kill.  Call it before any thread is started.
 *
 * Returns a descriptor that is readable when a signal waits, or -errno.
 */
__attribute__((warn_unused_result))
int signals_open(struct error *err);

/** Takes all signals that wait. */
__attribute__((nonnull))
void signals_read(int fd, struct signals *ret_signals);

void signals_close(int fd);

#endif
