// SPDX-License-Identifier: ISC

#include "audit.h"

#include "disk.h"
#include "edges.h"
#include "ledger.h"
#include "lines.h"
#include "os.h"
#include "plan.h"
#include "price.h"
#include "truth.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

/** A bucket as the log has it last. */
struct bucket {
	usec_t start, end;
	int64_t revision, count;
	enum line_status status;
	int version;
	usec_t first_polled;
};

/** An identity's buckets, ascending. */
static struct tiles {
	struct bucket *list;
	size_t len, room;
	usec_t cursor;
} tiles[SERIES_MAX];

/* Gaps of one bucket for which there was no reason but bad luck. */
enum { STRAYS_MAX = 2 };
static int strays;

static struct tiles *tiles_of(const struct line *line, struct series **ret_series) {
	*ret_series = ledger_series(line->uuid, line->granularity);
	return &tiles[*ret_series - ledger->series];
}

static struct bucket *find(const struct tiles *row, usec_t start) {
	size_t low = 0, high = row->len;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (row->list[middle].start < start) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < row->len && row->list[low].start == start ? &row->list[low] : NULL;
}

static const char *where(const struct line *line) {
	static char text[256];
	(void)snprintf(text, sizeof(text), "%s:%d: %s %s", line->file, line->number, line->uuid,
	               granularity_name((enum granularity)line->granularity));
	return text;
}

/* First records */

/* A zone that is changed before the first record moves it to the edge before. */
static bool is_beginning(const struct series *series, usec_t start, const struct setup_device *device) {
	int grid = (int)setup_grid(device);
	for (int i = 0; i < series->beginnings_len; i++) {
		usec_t beginning = series->beginnings[i];
		if (beginning == start || (device->granularity != GRAN_NONE &&
		                           edges_floor(device->zone, grid, beginning) == start)) {
			return true;
		}
	}
	return false;
}

static void check_start(const struct line *line, const struct series *series, const struct tiles *row,
                        const struct setup_device *device) {
	if (row->len == 0) {
		if (!is_beginning(series, line->start, device)) {
			world_violation("tiling: %s: expected to begin where the device does, the first of %d "
			                "possible times being %s, but it begins at %s",
			                where(line), series->beginnings_len,
			                world_time(series->beginnings_len > 0 ? series->beginnings[0] : 0),
			                world_time(line->start));
		}
		return;
	}
	usec_t expected = line->granularity == GRAN_NONE
	                          ? row->cursor
	                          : edges_floor(device->zone, (int)setup_grid(device), row->cursor);
	if (line->start != expected) {
		world_violation("tiling: %s: expected the next record at %s, but it begins at %s: %s", where(line),
		                world_time(expected), world_time(line->start),
		                line->start < expected ? "time is recorded twice" : "time is left out");
	}
}

/* A gap ends where buckets are not too old yet, by a clock that may be known to be ahead. */
static usec_t gap_end(const struct line *line, const struct setup_device *device) {
	int grid = (int)setup_grid(device);
	usec_t latest = edges_floor(device->zone, grid, line->polled_at - device->backfill);
	usec_t earliest = edges_floor(device->zone, grid,
	                              line->polled_at - device->backfill - world->most_ahead);
	bool is_edge = edges_floor(device->zone, grid, line->end) == line->end;
	return is_edge && line->end >= earliest && line->end <= latest ? line->end : latest;
}

/* Where many answers fail, a bucket may be thought to fail by itself that does not; but seldom. */
static void check_skipped(const struct line *line) {
	if (line->skipped && !server_is_poisoned(line->uuid, line->start, line->end, true) &&
	    ++strays > STRAYS_MAX) {
		world_violation("gap: %s: expected a bucket that fails by itself to be given up, but the one "
		                "from %s does not", where(line), world_time(line->start));
	}
}

static void check_end(const struct line *line, const struct setup_device *device) {
	int grid = (int)setup_grid(device);
	usec_t expected = edges_next(device->zone, grid, line->start);
	if (line->status == LINE_GAP) {
		expected = line->skipped ? expected : gap_end(line, device);
		check_skipped(line);
		if (!line->has_reason) {
			world_violation("gap: %s: expected a reason, but there is none", where(line));
		}
	}
	if (line->end != expected) {
		world_violation("%s: %s from %s: expected it to end at %s, but it ends at %s",
		                line->status == LINE_GAP ? "gap" : "tiling", where(line),
		                world_time(line->start), world_time(expected), world_time(line->end));
	}
}

static void add_bucket(struct tiles *row, const struct line *line) {
	if (row->len == row->room) {
		row->room = row->room ? 2 * row->room : 256;
		row->list = reallocarray(row->list, row->room, sizeof(*row->list));
		if (!row->list) {
			abort();
		}
	}
	row->list[row->len++] = (struct bucket){
		line->start, line->end, 0, line->count, line->status, line->version, line->polled_at,
	};
	row->cursor = line->end;
}

/* Revisions */

/* Of two zones that cut a bucket from the same start, the new one ends it later: it takes the old one's place. */
static bool is_longer(const struct line *line, const struct tiles *row, const struct bucket *bucket) {
	return bucket == &row->list[row->len - 1] && line->end > bucket->end;
}

static void check_revised(const struct line *line, const struct bucket *bucket) {
	if (line->status == bucket->status && line->count == bucket->count) {
		world_violation("revision: %s: expected revision %lld of %s to differ from the one before, but it "
		                "does not", where(line), (long long)line->revision, world_time(line->start));
	}
	if (line->status == LINE_NO_DATA) {
		world_violation("revision: %s: expected what was counted for %s to stay, but revision %lld is "
		                "nothing", where(line), world_time(line->start), (long long)line->revision);
	}
	if (line->end != bucket->end) {
		world_violation("revision: %s: expected the bucket's end %s, but came %s", where(line),
		                world_time(bucket->end), world_time(line->end));
	}
}

static void check_revision(const struct line *line, const struct series *series, struct tiles *row,
                           const struct setup_device *device) {
	struct bucket *bucket = find(row, line->start);
	if (!bucket) {
		world_violation("revision: %s: expected a first record of %s before revision %lld, but there is none",
		                where(line), world_time(line->start), (long long)line->revision);
		return;
	}
	if (is_longer(line, row, bucket)) {
		check_start(line, series, row, device);
		check_end(line, device);
		bucket->end = row->cursor = line->end;
		bucket->version = line->version;
	} else {
		check_revised(line, bucket);
	}
	if (line->revision != bucket->revision + 1) {
		world_violation("revision: %s: expected revision %lld of %s, but it is %lld", where(line),
		                (long long)bucket->revision + 1, world_time(line->start),
		                (long long)line->revision);
	}
	if (line->has_previous != (bucket->status == LINE_OK) ||
	    (line->has_previous && line->previous != bucket->count)) {
		world_violation("revision: %s: expected %lld as the previous count, but came %lld", where(line),
		                (long long)bucket->count, (long long)line->previous);
	}
	bucket->revision = line->revision;
	bucket->status = line->status;
	bucket->count = line->count;
}

/* Truth */

static bool agrees(enum line_status status, int64_t count, struct truth truth) {
	static const enum line_status statuses[] = {
		[TRUTH_COUNT] = LINE_OK,
		[TRUTH_NO_DATA] = LINE_NO_DATA,
		[TRUTH_AMBIGUOUS] = LINE_AMBIGUOUS,
	};
	return status == statuses[truth.kind] && (status != LINE_OK || count == truth.count);
}

static void check_truth(const struct line *line) {
	struct truth_phase phases[TRUTH_PHASES];
	int len = truth_phases(line->uuid, line->granularity, line->start, line->end, phases);
	bool found = false;
	for (int i = 0; i < len; i++) {
		/* What was said of a bucket before its end counts only if nothing else was. */
		bool early = i + 1 < len && phases[i + 1].from <= line->end;
		found = found || (!early && agrees(line->status, line->count, phases[i].truth));
	}
	if (!found) {
		world_violation("truth: %s at %s, revision %lld: expected what the server once said, such as "
		                "status %d with %lld, but the log has status %d with %lld",
		                where(line), world_time(line->start), (long long)line->revision,
		                (int)phases[len - 1].truth.kind, (long long)phases[len - 1].truth.count,
		                (int)line->status, (long long)line->count);
	}
}

static void check_line(const struct line *line) {
	struct series *series;
	struct tiles *row = tiles_of(line, &series);
	const struct setup_device *device = setup_find(line->version, line->uuid,
	                                               (enum granularity)line->granularity);
	if (!device) {
		world_violation("lines: %s: expected a device of version %d, but it has none like that",
		                where(line), line->version);
		return;
	}
	world->figures.records++;
	world->figures.gaps += line->status == LINE_GAP;
	world->figures.revisions += line->revision > 0;
	if (line->revision == 0) {
		check_start(line, series, row, device);
		check_end(line, device);
		add_bucket(row, line);
	} else {
		check_revision(line, series, row, device);
	}
	if (line->status != LINE_GAP) {
		check_truth(line);
	}
}

void audit_log(void) {
	for (size_t i = 0; i < SERIES_MAX; i++) {
		tiles[i].len = 0;
	}
	world->figures.records = world->figures.gaps = world->figures.revisions = 0;
	strays = 0;
	lines_visit(check_line);
}

/* The end */

/* Where the log ends; a device without a record is where it may have begun last. */
static usec_t end_of(const struct series *series, const struct tiles *row) {
	usec_t end = row->len > 0 ? row->cursor : 0;
	for (int i = 0; row->len == 0 && i < series->beginnings_len; i++) {
		end = series->beginnings[i] > end ? series->beginnings[i] : end;
	}
	return end;
}

static void check_caught_up(const struct setup_device *device, const struct series *series,
                            const struct tiles *row) {
	int grid = (int)setup_grid(device);
	usec_t least = edges_floor(device->zone, grid,
	                           world->now - device->settle - device->window - 3 * USEC_PER_MIN);
	if (end_of(series, row) < least) {
		world_violation("caught up: %s %s: expected records until %s at least, but they end at %s",
		                device->uuid, granularity_name(device->granularity), world_time(least),
		                row->len > 0 ? world_time(row->cursor) : "the beginning");
	}
}

/*
 * Whether it has cut time as it does now ever since that version.  Where not, the buckets of what
 * was between may have driven the older ones out of the daemon's memory.
 */
static bool cuts_alike(const struct setup_device *device, int since) {
	for (int version = since; version <= setups->current; version++) {
		const struct setup_device *then = setup_find(version, device->uuid, device->granularity);
		if (then && (then->zone != device->zone || then->window != device->window)) {
			return false;
		}
	}
	return true;
}

static void check_look_back(const struct setup_device *device, const struct series *series,
                            const struct tiles *row) {
	for (size_t i = 0; i < row->len; i++) {
		const struct bucket *bucket = &row->list[i];
		if (bucket->start < series->asked_start || bucket->end > series->asked_end ||
		    bucket->status == LINE_GAP || !cuts_alike(device, bucket->version)) {
			continue;
		}
		struct truth truth = truth_at(device->uuid, (int)device->granularity, bucket->start, bucket->end,
		                              series->asked_at);
		/* Nothing in the place of a count is no correction. */
		if (truth.kind != TRUTH_NO_DATA && !agrees(bucket->status, bucket->count, truth)) {
			world_violation("look-back: %s %s at %s: expected status %d with %lld, as the server last "
			                "said, but the log has status %d with %lld, revision %lld",
			                device->uuid, granularity_name(device->granularity),
			                world_time(bucket->start), (int)truth.kind, (long long)truth.count,
			                (int)bucket->status, (long long)bucket->count, (long long)bucket->revision);
		}
	}
}

/* Whether nothing has happened to the device's settings since that version that would cost it memory. */
static bool is_unchanged(const struct setup_device *device, int since) {
	for (int version = since; version <= setups->current; version++) {
		const struct setup_device *then = setup_find(version, device->uuid, device->granularity);
		if (!then || then->lookback != device->lookback || then->max_points != device->max_points) {
			return false;
		}
	}
	return cuts_alike(device, since);
}

/* The last request must have reached back as far as the look-back does, over what is recorded. */
static void check_reach(const struct setup_device *device, const struct series *series,
                        const struct tiles *row) {
	usec_t length = setup_bucket(device);
	int64_t back = (device->lookback + length - 1) / length;
	size_t fresh = row->len;

	while (fresh > 0 && row->list[fresh - 1].first_polled >= series->asked_at - USEC_PER_SEC) {
		fresh--;
	}
	int64_t room = device->max_points - (int64_t)(row->len - fresh);
	back = back < room ? back : room;
	if (device->granularity == GRAN_NONE || server_is_weak() || series->narrow > 0 || series->asked_at == 0 || fresh == row->len) {
		return;
	}
	for (size_t i = fresh; i > 0 && back > 0; i--, back--) {
		const struct bucket *bucket = &row->list[i - 1];
		if (bucket->status == LINE_GAP || !is_unchanged(device, bucket->version)) {
			return;
		}
		if (bucket->start < series->asked_start) {
			world_violation("look-back: %s %s: expected the last request to reach back to %s at least, "
			                "but it began at %s",
			                device->uuid, granularity_name(device->granularity),
			                world_time(bucket->start), world_time(series->asked_start));
			return;
		}
	}
}

static void check_leftovers(void) {
	const struct setup *setup = &setups->versions[setups->current];
	int rotated = 0;
	int64_t bytes = 0;
	for (size_t i = 0; i < disk->log.now.len; i++) {
		const struct entry *entry = &disk->log.now.entries[i];
		if (entry->name[0] == '.') {
			world_violation("files: expected no temporary file to be left, but there is %s", entry->name);
		}
		if (strncmp(entry->name, "occupancy-", 10) == 0) {
			rotated++;
			bytes += (int64_t)entry->inode->size;
		}
	}
	if (setup->keep > 0 && rotated > setup->keep + 1) {
		world_violation("retention: expected at most %d rotated files, but there are %d", setup->keep,
		                rotated);
	}
	if (setup->keep_kib > 0 && rotated > 1 &&
	    bytes > (setup->keep_kib + 1100) * 1024) {
		world_violation("retention: expected at most %lld KiB of rotated files, but there are %lld bytes",
		                (long long)setup->keep_kib, (long long)bytes);
	}
	for (size_t i = 0; i < disk->state.now.len; i++) {
		const char *name = disk->state.now.entries[i].name;
		bool set_aside = world->damages > 0 && strncmp(name, "checkpoint.damaged-", 19) == 0;
		if (strcmp(name, "lock") != 0 && strcmp(name, "checkpoint") != 0 && !set_aside) {
			world_violation("files: expected lock and checkpoint alone, but there is %s", name);
		}
	}
}

static void check_status(void) {
	if (os->unwell_since > 0 && world->now - os->unwell_since > 15 * USEC_PER_MIN) {
		world_violation("status: expected all devices to be well and no backlog, but since %s it is: %s",
		                world_time(os->unwell_since), os->status);
	}
}

/*
 * In the steady state a device needs as many requests as --check says, but for the first
 * window, of which it may have had a part.
 */
static void check_cost(const struct setup_device *device, const struct series *series) {
	double windows = (double)(series->steady_to - series->steady_from) / (double)device->window;
	double each = price_of(device->uuid, granularity_name(device->granularity)) *
	              (double)device->window / USEC_PER_SEC;
	double more = series->steady_answers - windows * each;

	if (windows >= 5 && !server_is_weak() && (more > each + 0.5 || more < -each - 0.5)) {
		world_violation("cost: expected %.1f requests for %.1f windows of %s %s, as --check says, but "
		                "there were %d until %s", windows * each, windows, device->uuid,
		                granularity_name(device->granularity), series->steady_answers,
		                world_time(series->steady_to));
	}
}

void audit_end(void) {
	const struct setup *setup = &setups->versions[setups->current];
	for (int i = 0; i < setup->device_count; i++) {
		const struct setup_device *device = &setup->devices[i];
		if (device->present) {
			const struct series *series = ledger_series(device->uuid, (int)device->granularity);
			const struct tiles *row = &tiles[series - ledger->series];
			check_caught_up(device, series, row);
			check_look_back(device, series, row);
			check_reach(device, series, row);
			check_cost(device, series);
		}
	}
	check_leftovers();
	check_status();
}
