// SPDX-License-Identifier: ISC

#include "tool/verify.h"

#include "base/array.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/utc.h"
#include "tool/days.h"
#include "tool/show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum defect_kind {
	DEFECT_MISSING,
	DEFECT_DOUBLED,
	DEFECT_DISORDER,
	DEFECT_OVERLAP,
	DEFECT_UNREADABLE,
	DEFECT_UNFOUNDED,
	DEFECT_SKIPPED,
	DEFECT_SHAPE,
	DEFECT_LOCAL,
	DEFECT_KINDS,
};

/* What stands behind the number of them. */
static const char *const defect_words[DEFECT_KINDS] = {
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

struct defect {
	enum defect_kind kind;
	size_t room;       /* NO_ROOM: of none */
	usec_t start, end;
	uint64_t count;
	const char *reason; /* DEFECT_UNREADABLE */
	struct position at;
};

enum { NO_ROOM = SIZE_MAX };

/* Why there is a gap; in the order of the log. */
struct reason {
	struct position at;
	char *text;
};

/* A gap, or a piece of one, as far as it was asked about. */
struct gap {
	const struct room *room;
	usec_t start, end;
	struct position at;
};

struct verify {
	struct tool *tool;
	bool by_day, show_gaps, strict;
	bool unread;       /* a file could not be read */
	struct days days;
	struct log_files files;
	struct rooms rooms;
	struct defect *defects;
	size_t defect_count, defect_size;
	struct reason *reasons;
	size_t reason_count, reason_size;
	struct gap *pieces;
	size_t piece_count, piece_size;
	uint64_t records, corrected, expected, gaps;
	uint64_t buckets[RECORD_GAP + 1];
	uint64_t bad[DEFECT_KINDS];
	size_t rooms_shown;
	usec_t begin, end;
};

static int add_defect(struct verify *verify, const struct defect *defect) {
	int r = array_reserve(&verify->defects, &verify->defect_size, verify->defect_count + 1, sizeof(*verify->defects));
	if (r == 0) {
		verify->defects[verify->defect_count++] = *defect;
	}
	return r;
}

/* While reading */

/* Keeps what its line says of why. */
static int add_gap(struct verify *verify, const struct seen *seen) {
	struct log_about *about = calloc(1, sizeof(*about));
	int r = about ? array_reserve(&verify->reasons, &verify->reason_size, verify->reason_count + 1, sizeof(*verify->reasons))
	              : -ENOMEM;
	if (r == 0) {
		(void)seen->room->codec->describe(seen->line->text, seen->line->len, about);
		struct reason *reason = &verify->reasons[verify->reason_count];
		reason->at = seen->at;
		reason->text = strdup(about->reason);
		verify->reason_count += reason->text != NULL;
		r = reason->text ? 0 : -ENOMEM;
	}
	free(about);
	return r;
}

/* What goes on from a bucket of the same length is as good as that one; nearly all do. */
static bool is_odd_shaped(const struct seen *seen) {
	const struct log_entry *entry = seen->entry;
	bool goes_on = seen->covering == COVERING_NEXT && entry->start != seen->room->first &&
	               entry->end - entry->start == seen->room->length;
	return entry->status != RECORD_GAP && !goes_on && !rooms_is_bucket(entry);
}

/* Each record has one; a gap that others wrote need not. */
static bool has_no_local_time(const struct seen *seen) {
	return seen->entry->offset_s == OFFSET_UNKNOWN && seen->entry->status != RECORD_GAP && seen->room->offset_count > 0;
}

static int visit(const struct seen *seen, void *user) {
	struct verify *verify = user;
	struct defect defect = {
		.room = (size_t)(seen->room - verify->rooms.list),
		.start = seen->entry->start,
		.end = seen->entry->end,
		.count = 1,
		.at = seen->at,
	};
	int r = seen->entry->status == RECORD_GAP ? add_gap(verify, seen) : 0;

	verify->records++;
	if (r == 0 && is_odd_shaped(seen)) {
		defect.kind = DEFECT_SHAPE;
		r = add_defect(verify, &defect);
	}
	if (r == 0 && has_no_local_time(seen)) {
		defect.kind = DEFECT_LOCAL;
		r = add_defect(verify, &defect);
	}
	if (r < 0) {
		return r;
	}
	switch (seen->covering) {
	case COVERING_DOUBLE:
		defect.kind = DEFECT_DOUBLED;
		return add_defect(verify, &defect);
	case COVERING_EARLIER:
	case COVERING_STALE:
		defect.kind = DEFECT_DISORDER;
		return add_defect(verify, &defect);
	case COVERING_OVERLAP:
		defect.kind = DEFECT_OVERLAP;
		return add_defect(verify, &defect);
	case COVERING_SKIP:
		defect.kind = DEFECT_SKIPPED;
		return add_defect(verify, &defect);
	default:
		return 0;
	}
}

static int odd(struct position at, const char *reason, void *user) {
	struct verify *verify = user;
	struct defect defect = {.kind = DEFECT_UNREADABLE, .room = NO_ROOM, .count = 1, .reason = reason, .at = at};
	return add_defect(verify, &defect);
}

static uint64_t sum(const uint64_t *numbers, size_t count) {
	uint64_t total = 0;
	for (size_t i = 0; i < count; i++) {
		total += numbers[i];
	}
	return total;
}

/* Buckets of one kind, for each day. */
static int count_days(struct verify *verify, const struct room *room, usec_t start, usec_t end, int kind) {
	return verify->by_day ? days_add(&verify->days, room, start, end, kind) : 0;
}

/* When all has been read */

/* What of [start, end) was asked about. */
static bool clip(usec_t from, usec_t to, usec_t *start, usec_t *end) {
	*start = *start > from ? *start : from;
	*end = *end < to ? *end : to;
	return *start < *end;
}

static int count_hole(struct verify *verify, const struct room *room, usec_t from, usec_t to, usec_t start,
                      const struct stretch *behind) {
	struct defect defect = {
		.kind = DEFECT_MISSING,
		.room = (size_t)(room - verify->rooms.list),
		.start = start,
		.end = behind->start,
		.count = room_buckets(room, start, behind->start),
		.at = behind->at,
	};
	usec_t end = behind->start;
	int r = clip(from, to, &start, &end) ? count_days(verify, room, start, end, DAYS_MISSING) : 0;
	return r < 0 ? r : add_defect(verify, &defect);
}

static int add_piece(struct verify *verify, const struct gap *gap) {
	const struct gap *last = verify->piece_count > 0 ? &verify->pieces[verify->piece_count - 1] : NULL;
	/* The pieces of one gap have its place. */
	verify->gaps += !last || last->at.file != gap->at.file || last->at.line != gap->at.line;
	int r = array_reserve(&verify->pieces, &verify->piece_size, verify->piece_count + 1, sizeof(*verify->pieces));
	if (r == 0) {
		verify->pieces[verify->piece_count++] = *gap;
	}
	return r;
}

static int count_corrections(struct verify *verify, const struct room *room, usec_t from, usec_t to) {
	const struct coverage *coverage = &room->coverage;
	int r = 0;

	for (size_t i = 0; r == 0 && i < coverage->correction_count; i++) {
		const struct correction *correction = &coverage->corrections[i];
		verify->corrected += correction->start >= from && correction->start < to;
		/* What corrects something from before the log is in order: that may be in a file that has been removed. */
		if (correction->orphan && coverage->len > 0 && correction->start >= coverage->list[0].start) {
			r = add_defect(verify, &(struct defect){
				.kind = DEFECT_UNFOUNDED,
				.room = (size_t)(room - verify->rooms.list),
				.start = correction->start,
				.end = correction->end,
				.count = 1,
				.at = correction->at,
			});
		}
	}
	return r;
}

static int count_room(struct verify *verify, const struct room *room) {
	const struct coverage *coverage = &room->coverage;
	usec_t from, to;

	period_in(&verify->tool->selection.period, room->zone, verify->tool->now, &from, &to);
	verify->rooms_shown++;
	int r = count_corrections(verify, room, from, to);
	for (size_t i = 0; r == 0 && i < coverage->len; i++) {
		const struct stretch *stretch = &coverage->list[i];
		usec_t start = stretch->start, end = stretch->end;
		if (i > 0 && stretch[-1].end < start) {
			r = count_hole(verify, room, from, to, stretch[-1].end, stretch);
		}
		if (r < 0 || !clip(from, to, &start, &end)) {
			continue;
		}
		r = count_days(verify, room, start, end, (int)stretch->status);
		verify->buckets[stretch->status] += room_buckets(room, start, end);
		verify->begin = start < verify->begin ? start : verify->begin;
		verify->end = end > verify->end ? end : verify->end;
		if (r == 0 && stretch->status == RECORD_GAP) {
			r = add_piece(verify, &(struct gap){room, start, end, stretch->at});
		}
	}
	return r;
}

static const char *room_name(const struct verify *verify, size_t room) {
	return verify->rooms.list[room].name;
}

static bool is_asked_for(const struct verify *verify, struct defect *defect) {
	usec_t from, to;
	if (defect->room == NO_ROOM) {
		return true;
	}
	const struct room *room = &verify->rooms.list[defect->room];
	if (!tool_selects(verify->tool, room)) {
		return false;
	}
	period_in(&verify->tool->selection.period, room->zone, verify->tool->now, &from, &to);
	if (!clip(from, to, &defect->start, &defect->end)) {
		return false;
	}
	if (defect->kind == DEFECT_MISSING) {
		defect->count = room_buckets(room, defect->start, defect->end);
	}
	return true;
}

/* Leaves out what was not asked about: its count becomes 0. */
static void select_defects(struct verify *verify) {
	for (size_t i = 0; i < verify->defect_count; i++) {
		struct defect *defect = &verify->defects[i];
		defect->count = is_asked_for(verify, defect) ? defect->count : 0;
		verify->bad[defect->kind] += defect->count;
	}
}

/* One line each: room, time, what, file and line. */
static void tell_defects(const struct verify *verify) {
	enum { SHOWN = 100 };
	size_t told = 0;
	char range[SHOW_RANGE_SIZE];

	for (size_t i = 0; i < verify->defect_count; i++) {
		const struct defect *defect = &verify->defects[i];
		const char *file = verify->files.list[defect->at.file].name;
		if (defect->count == 0 || told++ >= SHOWN) {
			continue;
		}
		if (defect->room == NO_ROOM) {
			printf("%s:%" PRIu64 ": %s\n", file, defect->at.line, defect->reason);
		} else {
			printf("%s  %s  %" PRIu64 " %s  %s:%" PRIu64 "\n", room_name(verify, defect->room),
			       show_range(range, defect->start, defect->end), defect->count, defect_words[defect->kind], file,
			       defect->at.line);
		}
	}
	if (told > SHOWN) {
		printf("and %zu more lines like these (--json has all)\n", told - SHOWN);
	}
}

static int compare_reasons(const void *a, const void *b) {
	const struct reason *left = a, *right = b;
	if (left->at.file != right->at.file) {
		return left->at.file < right->at.file ? -1 : 1;
	}
	return left->at.line < right->at.line ? -1 : left->at.line > right->at.line;
}

static const char *reason_of(const struct verify *verify, struct position at) {
	struct reason key = {.at = at};
	const struct reason *found =
		verify->reason_count > 0
			? bsearch(&key, verify->reasons, verify->reason_count, sizeof(*verify->reasons), compare_reasons)
			: NULL;
	return found ? found->text : "";
}

static void tell_gaps(const struct verify *verify) {
	char range[SHOW_RANGE_SIZE];

	for (size_t i = 0; i < verify->piece_count; i++) {
		const struct gap *gap = &verify->pieces[i];
		printf("%s  %s  gap of %" PRIu64 ": %s  %s:%" PRIu64 "\n", gap->room->name,
		       show_range(range, gap->start, gap->end), room_buckets(gap->room, gap->start, gap->end),
		       reason_of(verify, gap->at), verify->files.list[gap->at.file].name, gap->at.line);
	}
}

static void tell_figures(const struct verify *verify, usec_t took) {
	char begin[SHOW_DATE_SIZE], end[SHOW_DATE_SIZE], bytes[SHOW_BYTES_SIZE];
	uint64_t bad = sum(verify->bad, DEFECT_KINDS);

	printf("%zu file%s, %" PRIu64 " records, %s in %.1f s", verify->files.len, verify->files.len == 1 ? "" : "s",
	       verify->records, show_bytes(bytes, verify->files.bytes), (double)took / (double)USEC_PER_SEC);
	if (verify->begin < verify->end) {
		printf("; %s to %s", show_date(begin, verify->begin), show_date(end, verify->end - 1));
	}
	printf("\n%zu room%s, %" PRIu64 " buckets expected\n", verify->rooms_shown, verify->rooms_shown == 1 ? "" : "s",
	       verify->expected);
	printf("%9" PRIu64 "  counted\n", verify->buckets[RECORD_OK]);
	printf("%9" PRIu64 "  no data from Rhombus\n", verify->buckets[RECORD_NO_DATA]);
	if (verify->buckets[RECORD_AMBIGUOUS] > 0) {
		printf("%9" PRIu64 "  ambiguous: several counts, or no number of people\n", verify->buckets[RECORD_AMBIGUOUS]);
	}
	printf("%9" PRIu64 "  in %" PRIu64 " recorded gap%s%s\n", verify->buckets[RECORD_GAP], verify->gaps,
	       verify->gaps == 1 ? "" : "s", verify->gaps > 0 && !verify->show_gaps ? " (--gaps)" : "");
	printf("%9" PRIu64 "  missing, doubled, out of order, unreadable\n", bad);
	printf("%9" PRIu64 "  corrected later", verify->corrected);
	if (verify->corrected > 0) {
		printf(" (%.2f %%)", 100.0 * (double)verify->corrected / (double)(verify->expected > 0 ? verify->expected : 1));
	}
	putchar('\n');
}

static bool is_complete(const struct verify *verify) {
	return !verify->unread && verify->expected > 0 && sum(verify->bad, DEFECT_KINDS) == 0 && !(verify->strict && verify->gaps > 0);
}

static void tell_verdict(const struct verify *verify) {
	const char *before = "Not complete: ";
	if (verify->unread && sum(verify->bad, DEFECT_KINDS) == 0) {
		puts("Not complete: a file could not be read.");
	} else if (verify->expected == 0) {
		puts("There is no record here.");
	} else if (is_complete(verify)) {
		puts(verify->gaps > 0 ? "Complete: every bucket is there once, or a gap says why not."
		                      : "Complete: every bucket is there once.");
	} else if (sum(verify->bad, DEFECT_KINDS) == 0) {
		printf("Not complete: %" PRIu64 " bucket%s in recorded gaps.\n", verify->buckets[RECORD_GAP],
		       verify->buckets[RECORD_GAP] == 1 ? "" : "s");
	} else {
		for (int i = 0; i < DEFECT_KINDS; i++) {
			if (verify->bad[i] > 0) {
				printf("%s%" PRIu64 " %s", before, verify->bad[i], defect_words[i]);
				before = ", ";
			}
		}
		puts(".");
	}
}

/* As JSON, with its own version */

static void put_member(struct buf *out, const char *name, int64_t number) {
	buf_printf(out, ",\"%s\":%" PRId64, name, number);
}

static void put_text(struct buf *out, const char *name, const char *text) {
	buf_printf(out, ",\"%s\":", name);
	json_put_string(out, text);
}

static void put_time(struct buf *out, const char *name, usec_t instant) {
	char text[UTC_STRING_SIZE];
	buf_printf(out, ",\"%s\":\"%s\"", name, utc_format(text, instant));
}

static void put_place(const struct verify *verify, struct buf *out, struct position at) {
	put_text(out, "file", verify->files.list[at.file].path);
	put_member(out, "line", (int64_t)at.line);
}

static void put_room(struct buf *out, const struct room *room) {
	put_text(out, "device", room->uuid);
	put_text(out, "room", room->name);
	put_text(out, "interval", interval_name(room->interval));
}

static void put_defect(const struct verify *verify, struct buf *out, const struct defect *defect) {
	buf_printf(out, "%s{\"defect\":\"%s\"", out->data[out->len - 1] == '[' ? "" : ",", defect_words[defect->kind]);
	if (defect->room != NO_ROOM) {
		put_room(out, &verify->rooms.list[defect->room]);
		put_time(out, "from", defect->start);
		put_time(out, "to", defect->end);
		put_member(out, "buckets", (int64_t)defect->count);
	} else {
		put_text(out, "reason", defect->reason);
	}
	put_place(verify, out, defect->at);
	buf_putc(out, '}');
}

static void put_gap(const struct verify *verify, struct buf *out, const struct gap *gap) {
	buf_printf(out, "%s{\"reason\":", out->data[out->len - 1] == '[' ? "" : ",");
	json_put_string(out, reason_of(verify, gap->at));
	put_room(out, gap->room);
	put_time(out, "from", gap->start);
	put_time(out, "to", gap->end);
	put_member(out, "buckets", (int64_t)room_buckets(gap->room, gap->start, gap->end));
	put_place(verify, out, gap->at);
	buf_putc(out, '}');
}

static void put_figures(const struct verify *verify, struct buf *out, bool complete) {
	buf_printf(out, "{\"version\":1,\"complete\":%s", complete ? "true" : "false");
	put_member(out, "files", (int64_t)verify->files.len);
	put_member(out, "bytes", verify->files.bytes);
	put_member(out, "records", (int64_t)verify->records);
	put_member(out, "rooms", (int64_t)verify->rooms_shown);
	if (verify->begin < verify->end) {
		put_time(out, "from", verify->begin);
		put_time(out, "to", verify->end);
	}
	put_member(out, "expected", (int64_t)verify->expected);
	put_member(out, "ok", (int64_t)verify->buckets[RECORD_OK]);
	put_member(out, "no_data", (int64_t)verify->buckets[RECORD_NO_DATA]);
	put_member(out, "ambiguous", (int64_t)verify->buckets[RECORD_AMBIGUOUS]);
	put_member(out, "gap", (int64_t)verify->buckets[RECORD_GAP]);
	put_member(out, "missing", (int64_t)verify->bad[DEFECT_MISSING]);
	put_member(out, "corrected", (int64_t)verify->corrected);
}

static int tell_json(const struct verify *verify, bool complete) {
	struct buf out;
	buf_init(&out, SIZE_MAX / 2);
	put_figures(verify, &out, complete);
	buf_puts(&out, ",\"defects\":[");
	for (size_t i = 0; i < verify->defect_count; i++) {
		if (verify->defects[i].count > 0) {
			put_defect(verify, &out, &verify->defects[i]);
		}
	}
	buf_puts(&out, "],\"gaps\":[");
	for (size_t i = 0; i < verify->piece_count; i++) {
		put_gap(verify, &out, &verify->pieces[i]);
	}
	buf_puts(&out, "]}\n");
	int r = buf_error(&out);
	(void)fputs(buf_text(&out), stdout);
	buf_done(&out);
	return r;
}

static int report(struct verify *verify, usec_t began) {
	for (size_t i = 0; i < verify->rooms.len; i++) {
		const struct room *room = &verify->rooms.list[i];
		if (tool_selects(verify->tool, room) && count_room(verify, room) < 0) {
			return -ENOMEM;
		}
	}
	select_defects(verify);
	verify->expected = sum(verify->buckets, RECORD_GAP + 1) + verify->bad[DEFECT_MISSING];
	bool complete = is_complete(verify);
	if (verify->tool->json) {
		return tell_json(verify, complete) < 0 ? -ENOMEM : complete ? 0 : TOOL_NO;
	}
	tell_defects(verify);
	if (verify->by_day) {
		days_tell(&verify->days);
	}
	if (verify->show_gaps) {
		tell_gaps(verify);
	}
	tell_figures(verify, clock_boottime() - began);
	tell_verdict(verify);
	return complete ? 0 : TOOL_NO;
}

/* The command */

const char verify_help[] =
	"Usage: occupancyctl verify [OPTION]... [PATH]...\n"
	"\n"
	"Says whether every bucket of every room is in the log once, or a gap that says why not.\n"
	"PATH is a directory or a file of the log; without one, the log of the configuration.\n"
	"Exits with 0 if it is complete, with 1 if not.\n"
	"\n"
	"      --by day            a line for each day\n"
	"      --gaps              a line for each gap, with its reason\n"
	"      --strict            gaps count as incomplete\n";

enum { OPTION_BY = TOOL_OWN, OPTION_GAPS, OPTION_STRICT };

static int take_option(struct tool *tool, int option, const char *value, void *user, struct error *err) {
	struct verify *verify = user;
	(void)tool;
	if (option == OPTION_BY && strcmp(value, "day") != 0) {
		return error_set(err, EINVAL, "\"%s\" is not known: expected day", value);
	}
	verify->by_day |= option == OPTION_BY;
	verify->show_gaps |= option == OPTION_GAPS;
	verify->strict |= option == OPTION_STRICT;
	return 0;
}

int verify_run(struct tool *tool, int argc, char *argv[]) {
	static const struct option own[] = {
		{"by", required_argument, NULL, OPTION_BY},
		{"gaps", no_argument, NULL, OPTION_GAPS},
		{"strict", no_argument, NULL, OPTION_STRICT},
		{0},
	};
	struct verify verify = {.tool = tool, .begin = INT64_MAX, .end = INT64_MIN};
	usec_t began = clock_boottime();

	int r = tool_options(tool, argc, argv, own, take_option, &verify);
	if (r == 0) {
		r = tool_files(tool, &verify.files);
	}
	if (r == 0) {
		r = tool_read(&verify.files, &verify.rooms, visit, odd, &verify);
		verify.unread = r == EX_IOERR;
	}
	if (r == 0 || verify.unread) {
		/* What could be read is of use, though a file is missing in it. */
		int told = report(&verify, began);
		r = told < 0 ? EX_OSERR : r != 0 ? r : told;
	}
	free(verify.defects);
	days_done(&verify.days);
	free(verify.pieces);
	for (size_t i = 0; i < verify.reason_count; i++) {
		free(verify.reasons[i].text);
	}
	free(verify.reasons);
	rooms_done(&verify.rooms);
	files_done(&verify.files);
	return r;
}
