// SPDX-License-Identifier: ISC

/*
 * Telling systemd: sd_notify(3).  Without a NOTIFY_SOCKET nothing is sent and
 * nothing fails.  Nothing waits either: what cannot be sent at once is sent by
 * notify_flush().
 */

#ifndef STATUS_NOTIFY_H
#define STATUS_NOTIFY_H

#include "base/units.h"

#include <stdbool.h>

/** Sends what the socket had no room for, in order.  Returns whether all is sent. */
bool notify_flush(void);

void notify_ready(void);

/** With MONOTONIC_USEC, as Type=notify-reload wants it; older systemd ignores that. */
void notify_reloading(void);

void notify_stopping(void);

/** That what is under way may take so long from now on. */
void notify_extend_timeout(usec_t by);

/** The STATUS= line.  Newlines are not allowed. */
__attribute__((nonnull))
void notify_status(const char *text);

/** The loop has made progress. */
void notify_watchdog(void);

/** How often notify_watchdog() is expected; 0: never. */
usec_t notify_watchdog_interval(void);

#endif
