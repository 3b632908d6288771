// SPDX-License-Identifier: ISC

#include "tool/verify.h"

#include "base/array.h"
#include "base/clock.h"
#include "base/json.h"
#include "tool/against.h"
#include "tool/beginning.h"
#include "tool/chains.h"
#include "tool/days.h"
#include "tool/defects.h"
#include "tool/members.h"
#include "tool/reasons.h"
#include "tool/show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	struct beginning beginning;
	struct defects defects;
	struct chains chains;
	const char *other; /* the log that it is compared with; NULL: none */
	struct against against;
	struct reasons reasons;
	struct gap *pieces;
	size_t piece_count, piece_size;
	uint64_t records, corrected, expected, gaps;
	uint64_t buckets[RECORD_GAP + 1];
	size_t rooms_shown;
	usec_t begin, end;
};

/* While reading */

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

static int look_at(struct verify *verify, const struct seen *seen) {
	struct defect defect = {
		.room = (size_t)(seen->room - verify->rooms.list),
		.start = seen->entry->start,
		.end = seen->entry->end,
		.count = 1,
		.at = seen->at,
	};
	int r = seen->entry->status == RECORD_GAP ? reasons_add(&verify->reasons, seen) : 0;

	if (r == 0 && is_odd_shaped(seen)) {
		defect.kind = DEFECT_SHAPE;
		r = defects_add(&verify->defects, &defect);
	}
	if (r == 0 && has_no_local_time(seen)) {
		defect.kind = DEFECT_LOCAL;
		r = defects_add(&verify->defects, &defect);
	}
	if (r < 0) {
		return r;
	}
	switch (seen->covering) {
	case COVERING_DOUBLE:
		defect.kind = DEFECT_DOUBLED;
		return defects_add(&verify->defects, &defect);
	case COVERING_EARLIER:
	case COVERING_STALE:
		defect.kind = DEFECT_DISORDER;
		return defects_add(&verify->defects, &defect);
	case COVERING_OVERLAP:
		defect.kind = DEFECT_OVERLAP;
		return defects_add(&verify->defects, &defect);
	case COVERING_SKIP:
		defect.kind = DEFECT_SKIPPED;
		return defects_add(&verify->defects, &defect);
	default:
		return 0;
	}
}

/* Of a line that came with an entry of a cluster's journal. */
static int look_at_entry(struct verify *verify, const struct seen *seen) {
	struct chain *chain;
	uint64_t before;
	int step = chains_take(&verify->chains, seen->entry, &chain, &before);

	if (step < 0 || step == CHAIN_GOES_ON || step == CHAIN_AGAIN) {
		return step < 0 ? step : 0;
	}
	struct defect defect = {
		.kind = step == CHAIN_HOLE ? DEFECT_HOLE : DEFECT_ASTRAY,
		.room = NO_ROOM,
		.chain = (size_t)(chain - verify->chains.list),
		.entry = step == CHAIN_HOLE ? before + 1 : seen->entry->entry,
		.behind = before,
		.count = step == CHAIN_HOLE ? seen->entry->entry - before - 1 : 1,
		.at = seen->at,
	};
	return defects_add(&verify->defects, &defect);
}

/* As nearly all are. */
static bool is_as_it_should_be(const struct seen *seen) {
	return seen->covering == COVERING_NEXT && seen->entry->status != RECORD_GAP && !is_odd_shaped(seen) &&
	       !has_no_local_time(seen);
}

static int visit(const struct seen *seen, void *user) {
	struct verify *verify = user;
	int r = seen->entry->entry > 0 ? look_at_entry(verify, seen) : 0;
	verify->records++;
	if (r < 0) {
		return r;
	}
	return is_as_it_should_be(seen) ? 0 : look_at(verify, seen);
}

static int odd(struct position at, const char *reason, void *user) {
	struct verify *verify = user;
	struct defect defect = {.kind = DEFECT_UNREADABLE, .room = NO_ROOM, .count = 1, .reason = reason, .at = at};
	return defects_add(&verify->defects, &defect);
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
	return r < 0 ? r : defects_add(&verify->defects, &defect);
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
			r = defects_add(&verify->defects, &(struct defect){
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
	for (size_t i = 0; i < verify->defects.len; i++) {
		struct defect *defect = &verify->defects.list[i];
		defect->count = is_asked_for(verify, defect) ? defect->count : 0;
		verify->defects.bad[defect->kind] += defect->count;
	}
}

static void tell_gaps(const struct verify *verify) {
	char range[SHOW_RANGE_SIZE], name[DEFECTS_SHOWN], reason[DEFECTS_SHOWN], file[DEFECTS_SHOWN];

	for (size_t i = 0; i < verify->piece_count; i++) {
		const struct gap *gap = &verify->pieces[i];
		printf("%s  %s  gap of %" PRIu64 ": %s  %s:%" PRIu64 "\n", defects_plain(name, gap->room->name),
		       show_range(range, gap->start, gap->end), room_buckets(gap->room, gap->start, gap->end),
		       defects_plain(reason, reasons_at(&verify->reasons, gap->at)),
		       defects_plain(file, verify->files.list[gap->at.file].name), gap->at.line);
	}
}

static void tell_figures(const struct verify *verify, usec_t took) {
	char begin[SHOW_DATE_SIZE], end[SHOW_DATE_SIZE], bytes[SHOW_BYTES_SIZE];
	uint64_t bad = defects_sum(&verify->defects);

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
	return !verify->unread && verify->expected > 0 && defects_sum(&verify->defects) == 0 && !(verify->strict && verify->gaps > 0) &&
	       !(verify->other && !against_has_common(&verify->against));
}

static void tell_verdict(const struct verify *verify) {
	if (verify->unread && defects_sum(&verify->defects) == 0) {
		puts("Not complete: a file could not be read.");
	} else if (verify->expected == 0 && defects_sum(&verify->defects) == 0) {
		puts("There is no record here.");
	} else if (verify->other && defects_sum(&verify->defects) == 0 && !against_has_common(&verify->against)) {
		puts("Not compared: no entry is in both logs.");
	} else if (is_complete(verify)) {
		puts(verify->gaps > 0 ? "Complete: every bucket is there once, or a gap says why not."
		                      : "Complete: every bucket is there once.");
	} else if (defects_sum(&verify->defects) == 0) {
		printf("Not complete: %" PRIu64 " bucket%s in recorded gaps.\n", verify->buckets[RECORD_GAP],
		       verify->buckets[RECORD_GAP] == 1 ? "" : "s");
	} else {
		defects_tell_sum(&verify->defects);
	}
}

/* As JSON, with its own version */

static void put_gap(const struct verify *verify, struct buf *out, const struct gap *gap) {
	buf_printf(out, "%s{\"reason\":", out->data[out->len - 1] == '[' ? "" : ",");
	json_put_string(out, reasons_at(&verify->reasons, gap->at));
	defects_put_room(gap->room, out);
	member_time(out, "from", gap->start);
	member_time(out, "to", gap->end);
	member_int(out, "buckets", (int64_t)room_buckets(gap->room, gap->start, gap->end));
	defects_put_place(&verify->files, gap->at, out);
	buf_putc(out, '}');
}

static void put_figures(const struct verify *verify, struct buf *out, bool complete) {
	buf_printf(out, "{\"version\":1,\"complete\":%s", complete ? "true" : "false");
	member_int(out, "files", (int64_t)verify->files.len);
	member_int(out, "bytes", verify->files.bytes);
	member_int(out, "records", (int64_t)verify->records);
	member_int(out, "rooms", (int64_t)verify->rooms_shown);
	if (verify->begin < verify->end) {
		member_time(out, "from", verify->begin);
		member_time(out, "to", verify->end);
	}
	beginning_put(&verify->beginning, out);
	member_int(out, "expected", (int64_t)verify->expected);
	member_int(out, "ok", (int64_t)verify->buckets[RECORD_OK]);
	member_int(out, "no_data", (int64_t)verify->buckets[RECORD_NO_DATA]);
	member_int(out, "ambiguous", (int64_t)verify->buckets[RECORD_AMBIGUOUS]);
	member_int(out, "gap", (int64_t)verify->buckets[RECORD_GAP]);
	member_int(out, "missing", (int64_t)verify->defects.bad[DEFECT_MISSING]);
	member_int(out, "corrected", (int64_t)verify->corrected);
}

static int tell_json(const struct verify *verify, bool complete) {
	const struct defects_place place = {&verify->rooms, &verify->chains, &verify->files};
	struct buf out;
	buf_init(&out, SIZE_MAX / 2);
	put_figures(verify, &out, complete);
	if (verify->other) {
		against_put(&verify->against, &verify->files, &out);
	}
	buf_puts(&out, ",\"defects\":[");
	defects_put(&verify->defects, &place, &out);
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
	verify->defects.bad[DEFECT_DIFFERENT] = against_differing(&verify->against);
	verify->expected = sum(verify->buckets, RECORD_GAP + 1) + verify->defects.bad[DEFECT_MISSING];
	beginning_find(&verify->beginning, verify->tool, &verify->files, &verify->rooms);
	bool complete = is_complete(verify);
	if (verify->tool->json) {
		return tell_json(verify, complete) < 0 ? -ENOMEM : complete ? 0 : TOOL_NO;
	}
	defects_tell(&verify->defects, &(struct defects_place){&verify->rooms, &verify->chains, &verify->files});
	if (verify->by_day) {
		days_tell(&verify->days);
	}
	if (verify->show_gaps) {
		tell_gaps(verify);
	}
	tell_figures(verify, clock_boottime() - began);
	beginning_tell(&verify->beginning);
	if (verify->other) {
		against_tell(&verify->against, &verify->files);
	}
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
	"      --against PATH      compares it with the log of another node of its cluster\n"
	"      --by day            a line for each day\n"
	"      --gaps              a line for each gap, with its reason\n"
	"      --strict            gaps count as incomplete\n";

enum { OPTION_AGAINST = TOOL_OWN, OPTION_BY, OPTION_GAPS, OPTION_STRICT };

static int take_option(struct tool *tool, int option, const char *value, void *user, struct error *err) {
	struct verify *verify = user;
	(void)tool;
	if (option == OPTION_BY && strcmp(value, "day") != 0) {
		return error_set(err, EINVAL, "\"%s\" is not known: expected day", value);
	}
	verify->other = option == OPTION_AGAINST ? value : verify->other;
	verify->by_day |= option == OPTION_BY;
	verify->show_gaps |= option == OPTION_GAPS;
	verify->strict |= option == OPTION_STRICT;
	return 0;
}

int verify_run(struct tool *tool, int argc, char *argv[]) {
	static const struct option own[] = {
		{"against", required_argument, NULL, OPTION_AGAINST},
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
	if (r == 0) {
		r = tool_check(tool, &verify.rooms);
	}
	if ((r == 0 || verify.unread) && verify.other) {
		int compared = against_compare(&verify.against, verify.other, &verify.files, &verify.chains);
		verify.unread = (verify.unread || verify.against.unread) && compared == 0;
		r = compared != 0 ? compared : verify.unread ? EX_IOERR : r;
	}
	if (r == 0 || verify.unread) {
		/* What could be read is of use, though a file is missing in it. */
		int told = report(&verify, began);
		r = told < 0 ? EX_OSERR : r != 0 ? r : told;
	}
	defects_done(&verify.defects);
	chains_done(&verify.chains);
	against_done(&verify.against);
	days_done(&verify.days);
	free(verify.pieces);
	reasons_done(&verify.reasons);
	rooms_done(&verify.rooms);
	files_done(&verify.files);
	return r;
}
