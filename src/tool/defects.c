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
	[DEFECT_HOLE] = "missing of the entries",
	[DEFECT_ASTRAY] = "of the entries twice or out of order",
	[DEFECT_DIFFERENT] = "different in the other log",
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

/* "entries 17 to 20 of account acme are missing before it" */
static void tell_entry(const struct defect *defect, const char *account, const char *file) {
	char name[DEFECTS_SHOWN];

	defects_plain(name, account);
	printf("%s:%" PRIu64 ": ", file, defect->at.line);
	if (defect->kind == DEFECT_ASTRAY) {
		printf("entry %" PRIu64 " of account %s stands behind entry %" PRIu64 ": twice, or out of order\n", defect->entry, name,
		       defect->behind);
	} else if (defect->count == 1) {
		printf("entry %" PRIu64 " of account %s is missing before it\n", defect->entry, name);
	} else {
		printf("entries %" PRIu64 " to %" PRIu64 " of account %s are missing before it\n", defect->entry,
		       defect->entry + defect->count - 1, name);
	}
}

static bool is_of_entries(const struct defect *defect) {
	return defect->kind == DEFECT_HOLE || defect->kind == DEFECT_ASTRAY;
}

static void tell(const struct defect *defect, const struct defects_place *place) {
	const struct rooms *rooms = place->rooms;
	char range[SHOW_RANGE_SIZE], name[DEFECTS_SHOWN], file[DEFECTS_SHOWN];

	defects_plain(file, place->files->list[defect->at.file].name);
	if (is_of_entries(defect)) {
		tell_entry(defect, place->chains->list[defect->chain].account, file);
		return;
	}
	if (defect->room == NO_ROOM) {
		printf("%s:%" PRIu64 ": %s\n", file, defect->at.line, defect->reason);
		return;
	}
	printf("%s  %s  %" PRIu64 " %s  %s:%" PRIu64 "\n", defects_plain(name, rooms->list[defect->room].name),
	       show_range(range, defect->start, defect->end), defect->count, words[defect->kind], file, defect->at.line);
}

void defects_tell(const struct defects *defects, const struct defects_place *place) {
	enum { TOLD = 100 };
	size_t told = 0;

	for (size_t i = 0; i < defects->len; i++) {
		if (defects->list[i].count > 0 && told++ < TOLD) {
			tell(&defects->list[i], place);
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

static void put_entry(const struct defect *defect, const char *account, struct buf *out) {
	bool is_hole = defect->kind == DEFECT_HOLE;
	member_text(out, "account", account);
	buf_printf(out, ",\"%s\":%" PRIu64, is_hole ? "from_entry" : "entry", defect->entry);
	buf_printf(out, ",\"%s\":%" PRIu64, is_hole ? "to_entry" : "behind", is_hole ? defect->entry + defect->count - 1 : defect->behind);
}

static void put(const struct defect *defect, const struct defects_place *place, struct buf *out) {
	buf_printf(out, "{\"defect\":\"%s\"", words[defect->kind]);
	if (is_of_entries(defect)) {
		put_entry(defect, place->chains->list[defect->chain].account, out);
	} else if (defect->room != NO_ROOM) {
		defects_put_room(&place->rooms->list[defect->room], out);
		member_time(out, "from", defect->start);
		member_time(out, "to", defect->end);
		member_int(out, "buckets", (int64_t)defect->count);
	} else {
		member_text(out, "reason", defect->reason);
	}
	defects_put_place(place->files, defect->at, out);
	buf_putc(out, '}');
}

void defects_put(const struct defects *defects, const struct defects_place *place, struct buf *out) {
	const char *before = "";
	for (size_t i = 0; i < defects->len; i++) {
		if (defects->list[i].count > 0) {
			buf_puts(out, before);
			put(&defects->list[i], place, out);
			before = ",";
		}
	}
}

void defects_done(struct defects *defects) {
	free(defects->list);
	*defects = (struct defects){.list = NULL};
}
