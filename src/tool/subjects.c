// SPDX-License-Identifier: ISC

#include "tool/subjects.h"

#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Reading */

static int visit(const struct seen *seen, void *user) {
	struct subjects *subjects = user;
	size_t room = (size_t)(seen->room - subjects->rooms.list);
	int r = subjects->wants_reasons && seen->entry->status == RECORD_GAP ? reasons_add(&subjects->reasons, seen) : 0;
	return r < 0 ? r : all_series_put(&subjects->series, room, seen->entry, seen->covering);
}

static int odd(struct position at, const char *reason, void *user) {
	struct subjects *subjects = user;
	(void)reason;
	if (subjects->odd++ == 0) {
		subjects->odd_at = at;
	}
	return 0;
}

/* What was selected */

static size_t put_blank(struct buf *out, const char *text, size_t len) {
	uint32_t point = 0;
	size_t used = text_decode(text, len, &point);
	if (used == 0) {
		buf_puts(out, "\xef\xbf\xbd");
		return 1;
	}
	if (text_is_unprintable(point)) {
		buf_putc(out, ' ');
	} else {
		buf_append(out, text, used);
	}
	return used;
}

char *subjects_plain(const char *text) {
	static const bool special[256] = {[0x00 ... 0x1f] = true, [0x7f ... 0xff] = true};
	struct buf out;
	buf_init(&out, BUF_ANY);
	text_put(&out, text, strlen(text), special, put_blank);
	char *copy = buf_error(&out) < 0 ? NULL : strdup(buf_text(&out));
	buf_done(&out);
	return copy;
}

static int add_subject(struct subjects *subjects, const struct tool *tool, size_t room) {
	struct subject *subject = &subjects->list[subjects->count];
	subject->room = &subjects->rooms.list[room];
	subject->series = all_series_of(&subjects->series, room);
	subject->name = subjects_plain(subject->room->name);
	subject->site = subjects_plain(subject->room->site);
	period_in(&tool->selection.period, subject->room->zone, tool->now, &subject->from, &subject->to);
	subjects->count++;
	return subject->name && subject->site ? 0 : -ENOMEM;
}

/* By site and name, "Room 2" before "Room 10". */
static int compare(const void *a, const void *b) {
	const struct subject *left = a, *right = b;
	int order = strverscmp(left->site, right->site);
	order = order != 0 ? order : strverscmp(left->name, right->name);
	order = order != 0 ? order : strcmp(left->room->uuid, right->room->uuid);
	return order != 0 ? order : (int)left->room->interval - (int)right->room->interval;
}

static int select_rooms(struct subjects *subjects, const struct tool *tool) {
	subjects->list = calloc(subjects->rooms.len + 1, sizeof(*subjects->list));
	int r = subjects->list ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < subjects->rooms.len; i++) {
		if (tool_selects(tool, &subjects->rooms.list[i])) {
			r = add_subject(subjects, tool, i);
		}
	}
	if (r == 0) {
		qsort(subjects->list, subjects->count, sizeof(*subjects->list), compare);
	}
	return r;
}

static int finish(struct subjects *subjects, const struct tool *tool) {
	if (select_rooms(subjects, tool) < 0) {
		return EX_OSERR;
	}
	if (subjects->odd > 0) {
		tool_error("%" PRIu64 " line%s that cannot be read %s left out, first %s:%" PRIu64 ": see occupancyctl verify",
		           subjects->odd, subjects->odd == 1 ? "" : "s", subjects->odd == 1 ? "is" : "are",
		           subjects->files.list[subjects->odd_at.file].name, subjects->odd_at.line);
	}
	int r = tool_check(tool, &subjects->rooms);
	if (r == 0 && subjects->count == 0) {
		tool_error("there is no record here");
		r = TOOL_NO;
	}
	return r;
}

int subjects_read(struct subjects *subjects, struct tool *tool) {
	int r = tool_files(tool, &subjects->files);
	if (r == 0) {
		r = tool_read(&subjects->files, &subjects->rooms, visit, odd, subjects);
	}
	return r == 0 ? finish(subjects, tool) : r;
}

/* Writing */

int subjects_check_path(const struct subjects *subjects, const char *path) {
	struct stat to, from;
	if (!path || stat(path, &to) < 0 || !S_ISREG(to.st_mode)) {
		return 0;
	}
	for (size_t i = 0; i < subjects->files.len; i++) {
		if (stat(subjects->files.list[i].path, &from) == 0 && from.st_dev == to.st_dev && from.st_ino == to.st_ino) {
			tool_error("%s is a file of the log: it is not written over", path);
			return EX_USAGE;
		}
	}
	return 0;
}

int subjects_fail(int r, const struct error *err) {
	tool_error("%s", err->text[0] ? err->text : strerror(-r));
	return r == -EACCES || r == -EPERM ? EX_NOPERM : r == -EINVAL ? EX_USAGE : EX_IOERR;
}

void subjects_done(struct subjects *subjects) {
	for (size_t i = 0; i < subjects->count; i++) {
		free(subjects->list[i].name);
		free(subjects->list[i].site);
	}
	free(subjects->list);
	reasons_done(&subjects->reasons);
	all_series_done(&subjects->series);
	rooms_done(&subjects->rooms);
	files_done(&subjects->files);
	*subjects = (struct subjects){.count = 0};
}
