// SPDX-License-Identifier: ISC

#include "tool/roomtable.h"

#include "base/array.h"
#include "base/text.h"
#include "base/utc.h"
#include "calendar/zone.h"
#include "tool/show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM, SITE, STATE, LAST, COUNT, AGE, WAITING, WHY, COLUMNS, CELL = 256 };

static const struct column {
	const char *title;
	bool right;
} columns[COLUMNS] = {
	[ROOM] = {"ROOM", false}, [SITE] = {"SITE", false}, [STATE] = {"STATE", false}, [LAST] = {"LAST", false},
	[COUNT] = {"COUNT", true}, [AGE] = {"AGE", true}, [WAITING] = {"WAITING", true}, [WHY] = {"WHY", false},
};

/* The zones of rooms, each loaded once; NULL where this machine does not have it. */
struct clocks {
	struct {
		const char *name;
		struct zone *zone;
	} *list;
	size_t len, size;
};

static const struct zone *clock_of(struct clocks *clocks, const char *name) {
	struct error err;
	for (size_t i = 0; name && i < clocks->len; i++) {
		if (strcmp(clocks->list[i].name, name) == 0) {
			return clocks->list[i].zone;
		}
	}
	if (!name || array_reserve(&clocks->list, &clocks->size, clocks->len + 1, sizeof(*clocks->list)) < 0) {
		return NULL;
	}
	struct zone *zone = NULL;
	if (zone_load(name, &zone, &err) < 0) {
		zone = NULL;
	}
	clocks->list[clocks->len].name = name;
	clocks->list[clocks->len++].zone = zone;
	return zone;
}

static void clocks_done(struct clocks *clocks) {
	for (size_t i = 0; i < clocks->len; i++) {
		zone_free(clocks->list[i].zone);
	}
	free(clocks->list);
}

/* "07:45", with the date if that is not today's there; in UTC, with a Z, where the zone is not known. */
static void put_clock(char out[static CELL], const struct zone *zone, usec_t instant, usec_t now) {
	struct zone_period then = {0}, today = {0};
	struct civil civil, other;
	if (zone) {
		zone_period_at(zone, instant, &then);
		zone_period_at(zone, now, &today);
	}
	utc_split(instant + then.offset_s * USEC_PER_SEC, &civil);
	utc_split(now + today.offset_s * USEC_PER_SEC, &other);
	bool same = civil.year == other.year && civil.month == other.month && civil.day == other.day;
	int len = same ? 0 : snprintf(out, CELL, "%04" PRId64 "-%02d-%02d ", civil.year, civil.month, civil.day);
	(void)snprintf(out + len, (size_t)(CELL - len), "%02d:%02d%s", civil.hour, civil.minute, zone ? "" : "Z");
}

static void put_why(char out[static CELL], const struct live *live, const struct live_device *room, const struct zone *zone) {
	char shown[CELL / 2] = "", since[CELL] = "";
	if (room->reason) {
		text_escape(shown, sizeof(shown), room->reason, strlen(room->reason));
	} else if (room->state == LIVE_WAITING && room->account) {
		char name[CELL / 4];
		(void)snprintf(shown, sizeof(shown), "for account %s",
		               text_escape(name, sizeof(name), room->account, strlen(room->account)));
	}
	if (room->reason && room->since != INT64_MIN) {
		put_clock(since, zone, room->since, live->now);
	}
	(void)snprintf(out, CELL, "%s%s%.*s", shown, since[0] ? " since " : "", CELL / 4, since);
}

/* What stands in each column. */
static void put_cells(char cells[static COLUMNS][CELL], const struct live *live, const struct live_device *room,
                      struct clocks *clocks) {
	const struct zone *zone = clock_of(clocks, room->zone);
	const char *site = room->site ? room->site : "";
	char age[SHOW_SPAN_SIZE];
	text_escape(cells[ROOM], CELL / 2, room->name, strlen(room->name));
	text_escape(cells[SITE], CELL / 2, site, strlen(site));
	(void)snprintf(cells[STATE], CELL, "%s", live_word(room->state));
	(void)snprintf(cells[LAST], CELL, "-");
	(void)snprintf(cells[COUNT], CELL, "-");
	(void)snprintf(cells[AGE], CELL, "-");
	if (room->last_end != INT64_MIN) {
		put_clock(cells[LAST], zone, room->last_end, live->now);
		(void)snprintf(cells[AGE], CELL, "%s", show_age(age, room->age));
	}
	if (room->count >= 0) {
		(void)snprintf(cells[COUNT], CELL, "%" PRId64, room->count);
	}
	(void)snprintf(cells[WAITING], CELL, "%" PRId64, room->waiting);
	put_why(cells[WHY], live, room, zone);
}

static void put_row(struct buf *out, char cells[static COLUMNS][CELL], const size_t widths[static COLUMNS],
                    const char *colour) {
	int last = COLUMNS - 1;
	while (last > 0 && !cells[last][0]) {
		last--;
	}
	for (int i = 0; i <= last; i++) {
		const char *paint = i == STATE && colour ? colour : NULL;
		buf_puts(out, i > 0 ? "  " : "");
		buf_puts(out, paint ? paint : "");
		show_padded(out, cells[i], i < last || columns[i].right ? widths[i] : 0, columns[i].right);
		buf_puts(out, paint ? "\033[0m" : "");
	}
	buf_putc(out, '\n');
}

static const char *colour_of(enum live_state state) {
	return state == LIVE_FAILING ? "\033[31m" : state == LIVE_FRESH ? "\033[32m" : "\033[33m";
}

static void put_title(struct buf *out, const size_t widths[static COLUMNS]) {
	char cells[COLUMNS][CELL];
	for (int i = 0; i < COLUMNS; i++) {
		(void)snprintf(cells[i], CELL, "%s", columns[i].title);
	}
	put_row(out, cells, widths, NULL);
}

void roomtable_put(const struct live *live, const struct judgement *judgement, bool all, bool colour, struct buf *out) {
	size_t widths[COLUMNS], count = all ? judgement->count : judgement->count - judgement->states[LIVE_FRESH];
	struct clocks clocks = {0};
	char cells[COLUMNS][CELL];
	/* Those that are well come last. */
	for (int i = 0; i < COLUMNS; i++) {
		widths[i] = show_width(columns[i].title);
	}
	for (size_t at = 0; at < count; at++) {
		put_cells(cells, live, judgement->rooms[at], &clocks);
		for (int i = 0; i < COLUMNS; i++) {
			size_t width = show_width(cells[i]);
			widths[i] = width > widths[i] ? width : widths[i];
		}
	}
	if (count > 0) {
		put_title(out, widths);
	}
	for (size_t at = 0; at < count; at++) {
		put_cells(cells, live, judgement->rooms[at], &clocks);
		put_row(out, cells, widths, colour ? colour_of(judgement->rooms[at]->state) : NULL);
	}
	clocks_done(&clocks);
}
