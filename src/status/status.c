// SPDX-License-Identifier: ISC

#include "status/status.h"

#include "base/utc.h"

static void put_devices(const struct status *status, struct buf *out) {
	buf_printf(out, "%zu device%s ok", status->devices - status->failing,
	           status->devices - status->failing == 1 ? "" : "s");
	if (status->failing == 0) {
		return;
	}

	buf_printf(out, ", %zu failing: ", status->failing);
	size_t named = status->failing < STATUS_NAMED ? status->failing : STATUS_NAMED;
	for (size_t i = 0; i < named; i++) {
		char since[DURATION_STRING_SIZE];
		buf_printf(out, "%s%s (%.120s for %s)", i > 0 ? ", " : "", status->named[i].name,
		           status->named[i].reason,
		           units_format_duration(since, status->named[i].since, 0));
	}
	if (status->failing > named) {
		buf_printf(out, ", and %zu more", status->failing - named);
	}
}

void status_text(const struct status *status, struct buf *out) {
	if (status->disk) {
		buf_printf(out, "log cannot be written: %s; ", status->disk);
	}
	if (status->lanes && status->lanes[0]) {
		buf_printf(out, "%s; ", status->lanes);
	}
	put_devices(status, out);
	buf_printf(out, "; backlog %lld", (long long)status->backlog);
	if (status->last_record != INT64_MIN) {
		/* Whole seconds: this is for people. */
		char when[UTC_STRING_SIZE];
		usec_t second = status->last_record - status->last_record % USEC_PER_SEC;
		buf_printf(out, "; last record %s", utc_format(when, second));
	} else {
		buf_puts(out, "; no record yet");
	}
}
