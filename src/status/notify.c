// SPDX-License-Identifier: ISC

/*
 * The one user of libsystemd.  What a send returns is not looked at: there is
 * nobody to tell that systemd cannot be told.
 */

#include "status/notify.h"

#include <inttypes.h>
#include <stdint.h>
#include <systemd/sd-daemon.h>

void notify_ready(void) {
	(void)sd_notify(0, "READY=1");
}

void notify_reloading(usec_t monotonic) {
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, monotonic);
}

void notify_stopping(void) {
	(void)sd_notify(0, "STOPPING=1");
}

void notify_extend_timeout(usec_t by) {
	(void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRId64, by);
}

void notify_status(const char *text) {
	(void)sd_notifyf(0, "STATUS=%s", text);
}

void notify_watchdog(void) {
	(void)sd_notify(0, "WATCHDOG=1");
}

usec_t notify_watchdog_interval(void) {
	uint64_t usec;
	return sd_watchdog_enabled(0, &usec) > 0 && usec < INT64_MAX ? (usec_t)usec : 0;
}
