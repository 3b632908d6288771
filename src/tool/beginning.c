// SPDX-License-Identifier: ISC

#include "tool/beginning.h"

#include "schedule/span.h"
#include "state/checkpoint.h"
#include "tool/devices.h"
#include "tool/members.h"
#include "tool/show.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* How long after its beginning a record may be written, beside its length: it is settled and asked for. */
#define LATE USEC_PER_HOUR

struct search {
	struct beginning *beginning;
	const struct tool *tool;
	const struct rooms *rooms;
	struct devices devices; /* of the configuration */
	bool begins_late; /* a room: later than its settings would have it begin */
};

/* Whether the room's first record is one that was asked about. */
static bool counts(const struct tool *tool, const struct room *room) {
	usec_t from, to;
	if (room->coverage.len == 0 || !tool_selects(tool, room)) {
		return false;
	}
	period_in(&tool->selection.period, room->zone, tool->now, &from, &to);
	return from < room->coverage.list[0].start && room->coverage.list[0].start < to;
}

/* What the log itself says */

static bool corrects_what_is_not_there(const struct room *room) {
	const struct coverage *coverage = &room->coverage;
	return coverage->correction_count > 0 && coverage->corrections[0].orphan &&
	       coverage->corrections[0].start < coverage->list[0].start;
}

static bool look_at_rooms(struct search *search) {
	struct beginning *beginning = search->beginning;
	bool any = false;

	for (size_t i = 0; i < search->rooms->len; i++) {
		const struct room *room = &search->rooms->list[i];
		if (counts(search->tool, room)) {
			usec_t first = room->coverage.list[0].start;
			beginning->first = any && beginning->first < first ? beginning->first : first;
			beginning->was = corrects_what_is_not_there(room) ? BEGINNING_MORE : beginning->was;
			any = true;
		}
	}
	return any;
}

/* What the daemon remembers */

/*
 * Its first record was of the last bucket that was over when it was first asked for, or of an earlier one: which, its
 * settings say, but they may have been others then.
 */
static void judge(struct search *search, const struct room *room, usec_t since) {
	struct beginning *beginning = search->beginning;
	const struct device *device = devices_find(&search->devices, room->uuid, room->interval);
	usec_t first = room->coverage.list[0].start;

	if (first > since) {
		beginning->was = BEGINNING_MORE;
		beginning->since = beginning->since == INT64_MIN || since < beginning->since ? since : beginning->since;
	}
	search->begins_late |= device && span_first_cursor(device->settings, since) + room->length + LATE < first;
}

static void take_entry(const struct checkpoint_entry *entry, void *user) {
	struct search *search = user;
	const struct room *room = rooms_find(search->rooms, entry->uuid, entry->interval);
	if (room && counts(search->tool, room)) {
		judge(search, room, entry->since);
	}
}

static bool is_same(const char *path, const char *other) {
	struct stat one, two;
	return stat(path, &one) == 0 && stat(other, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

/* Whether it is the log that the configuration is about. */
static bool is_configured(const struct tool *tool) {
	return tool->config && (tool->path_count == 0 ||
	                        (tool->path_count == 1 && is_same(tool->paths[0], tool->config->log.directory)));
}

/* The settings: which of them leaves what is left */

struct kept {
	int64_t groups, bytes, largest; /* a file and its compressed form are one of these */
};

static struct kept count_kept(const struct log_files *files) {
	struct kept kept = {0};
	for (size_t i = 0; i < files->len; i++) {
		const struct log_file *file = &files->list[i];
		if (file->rotated) {
			kept.groups++;
			kept.bytes += file->bytes;
			kept.largest = file->bytes > kept.largest ? file->bytes : kept.largest;
		}
	}
	return kept;
}

static const char *setting_of(const struct log_settings *settings, const struct log_files *files, usec_t first, usec_t now) {
	struct kept kept = count_kept(files);
	usec_t age;

	if (settings->keep > 0 && kept.groups >= settings->keep) {
		return "keep";
	}
	if (settings->keep_bytes > 0 && kept.groups > 0 && kept.bytes + kept.largest > settings->keep_bytes) {
		return "keep_bytes";
	}
	bool is_old = settings->keep_age > 0 && !__builtin_sub_overflow(now, first, &age) && age >= settings->keep_age - LATE;
	return is_old ? "keep_age" : NULL;
}

void beginning_find(struct beginning *ret, const struct tool *tool, const struct log_files *files, const struct rooms *rooms) {
	struct search search = {.beginning = ret, .tool = tool, .rooms = rooms};
	const struct checkpoint_visitor visitor = {.entry = take_entry, .user = &search};
	struct sink_position position;
	struct error err;

	*ret = (struct beginning){.was = BEGINNING_FIRST, .since = INT64_MIN};
	if (!look_at_rooms(&search) || !is_configured(tool)) {
		return;
	}
	int r = devices_init(&search.devices, tool->config);
	if (r == 0) {
		r = checkpoint_read(tool->config->state_directory, &visitor, &position, &err);
		devices_done(&search.devices);
	}
	ret->setting = setting_of(&tool->config->log, files, ret->first, tool->now);
	/* Without a checkpoint, or the memory for it, nothing is known, not that nothing was; then the number of files alone says something. */
	bool perhaps = r < 0 ? ret->setting && strcmp(ret->setting, "keep") == 0 : ret->setting && search.begins_late;
	if (ret->was == BEGINNING_FIRST && perhaps) {
		ret->was = BEGINNING_PERHAPS;
	}
}

void beginning_tell(const struct beginning *beginning) {
	char first[SHOW_DATE_SIZE], since[SHOW_DATE_SIZE];

	if (beginning->was == BEGINNING_FIRST) {
		return;
	}
	printf("begins %s; earlier files ", show_date(first, beginning->first));
	if (beginning->setting) {
		printf("%s removed by %s", beginning->was == BEGINNING_PERHAPS ? "may have been" : "were", beginning->setting);
	} else {
		(void)fputs("are not here", stdout);
	}
	if (beginning->since != INT64_MIN) {
		printf(" (recorded since %s)", show_date(since, beginning->since));
	}
	putchar('\n');
}

void beginning_put(const struct beginning *beginning, struct buf *out) {
	if (beginning->was == BEGINNING_FIRST) {
		return;
	}
	buf_printf(out, ",\"earlier\":{\"certain\":%s", beginning->was == BEGINNING_MORE ? "true" : "false");
	member_text(out, "removed_by", beginning->setting);
	if (beginning->since != INT64_MIN) {
		member_time(out, "recorded_since", beginning->since - beginning->since % USEC_PER_SEC);
	}
	buf_putc(out, '}');
}
