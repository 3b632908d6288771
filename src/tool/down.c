// SPDX-License-Identifier: ISC

#include "tool/down.h"

#include "base/utc.h"
#include "sink/format.h"
#include "tool/holder.h"
#include "tool/show.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static usec_t changed(const char *directory, const char *name) {
	char path[PATH_MAX];
	struct stat st;
	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= PATH_MAX || stat(path, &st) < 0) {
		return INT64_MIN;
	}
	return (usec_t)st.st_mtim.tv_sec * USEC_PER_SEC + st.st_mtim.tv_nsec / 1000;
}

void down_look(const struct tool *tool, struct down *ret) {
	const char *state = tool->config ? tool->config->state_directory : "/var/lib/occupancyd";
	const char *log = tool->config ? tool->config->log.directory : "/var/log/occupancyd";
	ret->checkpoint = changed(state, "checkpoint");
	ret->record = INT64_MIN;
	for (int i = 0; i < LOG_FORMAT_COUNT; i++) {
		char name[64];
		(void)snprintf(name, sizeof(name), "occupancy.%s", log_codecs[i].extension);
		usec_t when = changed(log, name);
		ret->record = when > ret->record ? when : ret->record;
	}
	pid_t pid = holder_of(state);
	ret->pid = pid > 0 ? pid : 0;
}

usec_t down_since(const struct down *down) {
	return down->checkpoint > down->record ? down->checkpoint : down->record;
}

static void put_when(struct buf *out, const char *what, usec_t when, usec_t now) {
	char text[UTC_STRING_SIZE], span[SHOW_SPAN_SIZE];
	if (when != INT64_MIN) {
		buf_printf(out, "; last %s %s, %s ago", what, utc_format(text, when - when % USEC_PER_SEC), show_span(span, now - when));
	}
}

void down_say(const struct down *down, const char *why, usec_t now, struct buf *out) {
	if (down->pid > 0) {
		buf_printf(out, "process %lld runs without a status socket (%s): is RuntimeDirectory= or state.runtime_directory set?",
		           (long long)down->pid, why);
		return;
	}
	buf_printf(out, "not running (%s)", why);
	put_when(out, "checkpoint", down->checkpoint, now);
	put_when(out, "record written", down->record, now);
}
