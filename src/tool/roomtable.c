// SPDX-License-Identifier: ISC

#include "tool/roomtable.h"

#include "base/array.h"
#include "base/text.h"
#include "base/utc.h"
#include "calendar/zone.h"
#include "tool/show.h"
#include "tool/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM, SITE, STATE, LAST, COUNT, AGE, WAITING, WHY, COLUMNS, CELL = 256 };

static const char *const titles[COLUMNS] = {
	[ROOM] = "ROOM", [SITE] = "SITE", [STATE] = "STATE", [LAST] = "LAST", [COUNT] = "COUNT", [AGE] = "AGE",
	[WAITING] = "WAITING", [WHY] = "WHY",
};
static const bool is_right[COLUMNS] = {[COUNT] = true, [AGE] = true, [WAITING] = true};

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

/* The rows: each is made once, and its texts are kept. */
struct table {
	const char *(*rows)[COLUMNS];
	size_t widths[COLUMNS];
	struct store store;
	struct clocks clocks;
	bool failed; /* there was no memory */
};

static const char *keep(struct table *table, const char *text) {
	const char *kept = text[0] ? store_put(&table->store, text, strlen(text)) : "";
	table->failed |= !kept;
	return kept ? kept : "";
}

static const char *escaped(struct table *table, const char *text) {
	char cell[CELL / 2];
	return text ? keep(table, text_escape(cell, sizeof(cell), text, strlen(text))) : "";
}

static const char *number(struct table *table, int64_t value) {
	static const char *const usual[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
	char cell[CELL];
	if (value >= 0 && value < 10) {
		return usual[value];
	}
	(void)snprintf(cell, sizeof(cell), "%" PRId64, value);
	return keep(table, cell);
}

/* What stands in each column. */
static void make_row(struct table *table, const char *row[static COLUMNS], const struct live *live,
                     const struct live_device *room) {
	const struct zone *zone = clock_of(&table->clocks, room->zone);
	char cell[CELL], age[SHOW_SPAN_SIZE];
	row[ROOM] = escaped(table, room->name);
	row[SITE] = escaped(table, room->site);
	row[STATE] = live_word(room->state);
	row[LAST] = row[COUNT] = row[AGE] = "-";
	if (room->last_end != INT64_MIN) {
		put_clock(cell, zone, room->last_end, live->now);
		row[LAST] = keep(table, cell);
		row[AGE] = keep(table, show_age(age, room->age));
	}
	if (room->count >= 0) {
		row[COUNT] = number(table, room->count);
	}
	row[WAITING] = number(table, room->waiting);
	put_why(cell, live, room, zone);
	row[WHY] = keep(table, cell);
	for (int i = 0; i < COLUMNS; i++) {
		size_t width = show_width(row[i]);
		table->widths[i] = width > table->widths[i] ? width : table->widths[i];
	}
}

static void put_row(struct buf *out, const char *const cells[static COLUMNS], const size_t widths[static COLUMNS],
                    const char *colour) {
	int last = COLUMNS - 1;
	while (last > 0 && !cells[last][0]) {
		last--;
	}
	for (int i = 0; i <= last; i++) {
		const char *paint = i == STATE && colour ? colour : NULL;
		buf_puts(out, i > 0 ? "  " : "");
		buf_puts(out, paint ? paint : "");
		show_padded(out, cells[i], i < last || is_right[i] ? widths[i] : 0, is_right[i]);
		buf_puts(out, paint ? "\033[0m" : "");
	}
	buf_putc(out, '\n');
}

static const char *colour_of(enum live_state state) {
	return state == LIVE_FAILING ? "\033[31m" : state == LIVE_FRESH ? "\033[32m" : "\033[33m";
}

static void put_rows(struct table *table, size_t count, const struct live *live, const struct judgement *judgement,
                     bool colour, struct buf *out) {
	for (int i = 0; i < COLUMNS; i++) {
		table->widths[i] = show_width(titles[i]);
	}
	for (size_t at = 0; at < count; at++) {
		make_row(table, table->rows[at], live, judgement->rooms[at]);
	}
	put_row(out, titles, table->widths, NULL);
	for (size_t at = 0; at < count; at++) {
		put_row(out, table->rows[at], table->widths, colour ? colour_of(judgement->rooms[at]->state) : NULL);
	}
}

void roomtable_put(const struct live *live, const struct judgement *judgement, bool all, bool colour, struct buf *out) {
	/* Those that are well come last. */
	size_t count = all ? judgement->count : judgement->count - judgement->states[LIVE_FRESH];
	struct table table = {.rows = calloc(count + 1, sizeof(*table.rows))};
	if (table.rows && count > 0) {
		put_rows(&table, count, live, judgement, colour, out);
	}
	if (!table.rows || table.failed) {
		out->error = -ENOMEM;
	}
	clocks_done(&table.clocks);
	store_done(&table.store);
	free(table.rows);
}
