// SPDX-License-Identifier: ISC

#include "tool/defects.h"

#include "base/array.h"
#include "base/text.h"
#include "tool/members.h"
#include "tool/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What stands behind the number of them. */
static const char *const words[DEFECT_KINDS] = {
	[DEFECT_MISSING] = "missing",
	[DEFECT_DOUBLED] = "doubled",
	[DEFECT_DISORDER] = "out of order",
	[DEFECT_OVERLAP] = "overlapping",
	[DEFECT_UNREADABLE] = "unreadable",
	[DEFECT_UNFOUNDED] = "corrected without a first record",
	[DEFECT_SKIPPED] = "corrected without the revision before",
	[DEFECT_SHAPE] = "not a bucket of its interval",
	[DEFECT_LOCAL] = "without a local time that a clock shows",
};

int defects_add(struct defects *defects, const struct defect *defect) {
	int r = array_reserve(&defects->list, &defects->size, defects->len + 1, sizeof(*defects->list));
	if (r == 0) {
		defects->list[defects->len++] = *defect;
	}
	return r;
}

uint64_t defects_sum(const struct defects *defects) {
	uint64_t total = 0;
	for (int i = 0; i < DEFECT_KINDS; i++) {
		total += defects->bad[i];
	}
	return total;
}

/* For people */

const char *defects_plain(char out[static DEFECTS_SHOWN], const char *text) {
	return text_escape(out, DEFECTS_SHOWN, text, strlen(text));
}

static void tell(const struct defect *defect, const struct rooms *rooms, const struct log_files *files) {
	char range[SHOW_RANGE_SIZE], name[DEFECTS_SHOWN], file[DEFECTS_SHOWN];

	defects_plain(file, files->list[defect->at.file].name);
	if (defect->room == NO_ROOM) {
		printf("%s:%" PRIu64 ": %s\n", file, defect->at.line, defect->reason);
		return;
	}
	printf("%s  %s  %" PRIu64 " %s  %s:%" PRIu64 "\n", defects_plain(name, rooms->list[defect->room].name),
	       show_range(range, defect->start, defect->end), defect->count, words[defect->kind], file, defect->at.line);
}

void defects_tell(const struct defects *defects, const struct rooms *rooms, const struct log_files *files) {
	enum { TOLD = 100 };
	size_t told = 0;

	for (size_t i = 0; i < defects->len; i++) {
		if (defects->list[i].count > 0 && told++ < TOLD) {
			tell(&defects->list[i], rooms, files);
		}
	}
	if (told > TOLD) {
		printf("and %zu more line%s like these (--json has all)\n", told - TOLD, told == TOLD + 1 ? "" : "s");
	}
}

void defects_tell_sum(const struct defects *defects) {
	const char *before = "Not complete: ";
	for (int i = 0; i < DEFECT_KINDS; i++) {
		if (defects->bad[i] > 0) {
			printf("%s%" PRIu64 " %s", before, defects->bad[i], words[i]);
			before = ", ";
		}
	}
	puts(".");
}

/* For programs */

void defects_put_room(const struct room *room, struct buf *out) {
	member_text(out, "device", room->uuid);
	member_text(out, "room", room->name);
	member_text(out, "interval", interval_name(room->interval));
}

void defects_put_place(const struct log_files *files, struct position at, struct buf *out) {
	member_text(out, "file", files->list[at.file].path);
	member_int(out, "line", (int64_t)at.line);
}

static void put(const struct defect *defect, const struct rooms *rooms, const struct log_files *files, struct buf *out) {
	buf_printf(out, "{\"defect\":\"%s\"", words[defect->kind]);
	if (defect->room != NO_ROOM) {
		defects_put_room(&rooms->list[defect->room], out);
		member_time(out, "from", defect->start);
		member_time(out, "to", defect->end);
		member_int(out, "buckets", (int64_t)defect->count);
	} else {
		member_text(out, "reason", defect->reason);
	}
	defects_put_place(files, defect->at, out);
	buf_putc(out, '}');
}

void defects_put(const struct defects *defects, const struct rooms *rooms, const struct log_files *files, struct buf *out) {
	const char *before = "";
	for (size_t i = 0; i < defects->len; i++) {
		if (defects->list[i].count > 0) {
			buf_puts(out, before);
			put(&defects->list[i], rooms, files, out);
			before = ",";
		}
	}
}

void defects_done(struct defects *defects) {
	free(defects->list);
	*defects = (struct defects){.list = NULL};
}
