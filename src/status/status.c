// SPDX-License-Identifier: ISC

#include "status/status.h"

#include "base/text.h"
#include "base/utc.h"

#include <string.h>

/* Whole seconds: this is for people. */
static const char *when(char buf[static UTC_STRING_SIZE], usec_t instant) {
	return utc_format(buf, instant - instant % USEC_PER_SEC);
}

static void put_failing(const struct status *status, struct buf *out) {
	size_t named = status->failing < STATUS_NAMED ? status->failing : STATUS_NAMED;
	buf_printf(out, ", %zu failing: ", status->failing);
	for (size_t i = 0; i < named; i++) {
		char reason[128], since[UTC_STRING_SIZE];
		buf_printf(out, "%s%s (%s since %s)", i > 0 ? ", " : "", status->named[i].name,
		           text_escape(reason, sizeof(reason), status->named[i].reason,
		                       strlen(status->named[i].reason)),
		           when(since, status->named[i].since));
	}
	if (status->failing > named) {
		buf_printf(out, ", and %zu more", status->failing - named);
	}
}

static void put_devices(const struct status *status, struct buf *out) {
	size_t ok = status->devices - status->failing - status->waiting;
	if (ok > 0 || status->waiting == 0) {
		buf_printf(out, "%zu device%s ok", ok, ok == 1 ? "" : "s");
	}
	if (status->waiting > 0) {
		buf_printf(out, "%s%zu device%s", ok > 0 ? ", " : "", status->waiting,
		           status->waiting == 1 ? " waits" : "s wait");
	}
	if (status->failing > 0) {
		put_failing(status, out);
	}
}

static void put_last_record(const struct status *status, struct buf *out) {
	char last[UTC_STRING_SIZE];
	if (status->last_record != INT64_MIN) {
		buf_printf(out, "; last record %s", when(last, status->last_record));
	} else {
		buf_puts(out, "; no record since the start");
	}
}

void status_text(const struct status *status, struct buf *out) {
	if (status->disk) {
		buf_printf(out, "log cannot be written: %s; ", status->disk);
	}
	if (status->config) {
		buf_printf(out, "configuration %s; ", status->config);
	}
	if (status->cluster && status->cluster[0]) {
		buf_printf(out, "%s; ", status->cluster);
	}
	if (status->lanes && status->lanes[0]) {
		buf_printf(out, "%s; ", status->lanes);
	}
	put_devices(status, out);
	buf_printf(out, "; backlog %lld", (long long)status->backlog);
	if (status->ordered > 0 || status->orders_waiting > 0) {
		buf_printf(out, "; backfill: %zu bucket%s to ask again", status->ordered, status->ordered == 1 ? "" : "s");
	}
	if (status->orders_waiting > 0) {
		buf_printf(out, ", and %zu order%s to begin", status->orders_waiting,
		           status->orders_waiting == 1 ? "" : "s");
	}
	if (status->points_dropped > 0) {
		buf_printf(out, "; %llu point%s dropped", (unsigned long long)status->points_dropped,
		           status->points_dropped == 1 ? "" : "s");
	}
	put_last_record(status, out);
	if (status->place && status->place[0]) {
		buf_printf(out, "; %s", status->place);
	}
}
