// SPDX-License-Identifier: ISC

#include "haunt.h"

#include "base/units.h"
#include "disk.h"
#include "plan.h"
#include "world.h"

#include <json-c/json.h>
#include <string.h>

const char haunt_reason[] = "left by a clock that was ahead";

static const char *text_of(json_object *line, const char *name) {
	json_object *member = NULL;
	return json_object_object_get_ex(line, name, &member) ? json_object_get_string(member) : "";
}

/* The last line of a first record in the file; NULL if there is none, or a gap is behind it, or the file is torn. */
static json_object *last_record(const struct inode *inode) {
	size_t end = inode->size;
	if (end == 0 || inode->data[end - 1] != '\n' || memchr(inode->data, '\0', end)) {
		return NULL;
	}
	while (end > 0) {
		size_t start = end - 1;
		while (start > 0 && inode->data[start - 1] != '\n') {
			start--;
		}
		json_tokener *tokener = json_tokener_new();
		json_object *line = json_tokener_parse_ex(tokener, inode->data + start, (int)(end - start - 1));
		json_tokener_free(tokener);
		const char *revision = line ? text_of(line, "revision") : "";
		bool gap = line && strcmp(text_of(line, "status"), "gap") == 0;
		if (line && !gap && strcmp(revision, "0") == 0) {
			return line;
		}
		json_object_put(line);
		end = gap ? 0 : start;
	}
	return NULL;
}

/* All that a gap has not is null, but for what names the device. */
static void make_gap(json_object *line, usec_t until) {
	static const char *const nothing[] = {"count", "event_counts", "approximate_timestamps_ms",
	                                      "reporting_devices", "timestamp_ms", "date_local", "date_utc"};
	/* The text of a member does not outlive it. */
	json_object *start = json_object_new_string(text_of(line, "end"));
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		json_object_object_add(line, nothing[i], NULL);
	}
	json_object_object_del(line, "warning");
	json_object_object_add(line, "status", json_object_new_string("gap"));
	json_object_object_add(line, "time", json_object_get(start));
	json_object_object_add(line, "local_time", start);
	json_object_object_add(line, "end", json_object_new_string(world_time(until)));
	json_object_object_add(line, "polled_at", json_object_new_string(world_time(until)));
	json_object_object_add(line, "reason", json_object_new_string(haunt_reason));
}

void haunt_log(usec_t by) {
	struct inode *inode = disk_look_up(&disk->log.now, "occupancy.ndjson");
	json_object *line = inode && !plan->without_date && !node->meddled ? last_record(inode) : NULL;
	if (line) {
		usec_t until = world->now + by;
		make_gap(line, until - until % USEC_PER_DAY + USEC_PER_DAY);
		const char *text = json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
		disk_append(inode, text, strlen(text));
		disk_append(inode, "\n", 1);
		disk_sync(inode);
		world_note("the log is ahead of the time: %s", text);
	}
	json_object_put(line);
}
