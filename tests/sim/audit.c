// SPDX-License-Identifier: ISC

#include "audit.h"

#include "disk.h"
#include "edges.h"
#include "ledger.h"
#include "lines.h"
#include "os.h"
#include "plan.h"
#include "price.h"
#include "rules.h"
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
	usec_t first_polled, last_polled;
	bool was_gap, haunted;
	bool counted; /* from the first on */
	usec_t gap_end; /* of what was_gap: the bucket may reach beyond it */
};

/** What must be unique in the log of a device. */
struct identity {
	usec_t start;
	int64_t revision;
};

/** An identity's buckets, ascending. */
static struct tiles {
	struct bucket *list;
	size_t len, room;
	usec_t cursor;
	struct identity *identities;
	size_t identities_len, identities_room;
} tiles[SERIES_MAX];

/* Gaps of one bucket for which there was no reason but bad luck. */
enum { STRAYS_MAX = 2 };
static int strays;

static struct tiles *tiles_of(const struct line *line, struct series **ret_series) {
	*ret_series = ledger_series(line->uuid, line->granularity);
	return &tiles[*ret_series - ledger->series];
}

/* The place of the first bucket that starts then or later. */
static size_t place_of(const struct tiles *row, usec_t start) {
	size_t low = 0, high = row->len;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (row->list[middle].start < start) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static struct bucket *find(const struct tiles *row, usec_t start) {
	size_t at = place_of(row, start);
	return at < row->len && row->list[at].start == start ? &row->list[at] : NULL;
}

/* The gap that holds all of that time; NULL if none does. */
static struct bucket *find_gap(const struct tiles *row, usec_t start, usec_t end) {
	size_t at = place_of(row, start + 1);
	struct bucket *bucket = at > 0 ? &row->list[at - 1] : NULL;
	return bucket && bucket->status == LINE_GAP && end <= bucket->end ? bucket : NULL;
}

/* Whether a gap was recorded of that time, though it may have been filled since. */
static bool had_gap(const struct tiles *row, usec_t time) {
	size_t at = place_of(row, time + 1);
	const struct bucket *bucket = at > 0 ? &row->list[at - 1] : NULL;
	return bucket && ((bucket->status == LINE_GAP && time < bucket->end) ||
	                  (bucket->was_gap && time < bucket->gap_end));
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
		bool late = world->most_late > 0 && start < beginning;
		if (beginning == start || late || (device->granularity != GRAN_NONE &&
		                           edges_floor(device->zone, grid, beginning) == start)) {
			return true;
		}
	}
	return false;
}

/*
 * Where the next record begins.  Without an interval it is where the last one ended.  But a gap that was left by
 * a clock that was ahead need not end at an edge: then a bucket that reaches beyond it begins where it does, or
 * where what has filled it ends.  So does a gap that reaches beyond it and is recorded in its place, which its
 * revision says.
 */
static usec_t next_start(const struct line *line, const struct tiles *row, const struct setup_device *device) {
	const struct bucket *last = &row->list[row->len - 1];
	bool beyond = last->status == LINE_GAP && last->haunted && line->end > last->end;
	if (line->status == LINE_GAP) {
		/* It takes nothing back that was recorded. */
		return beyond && line->revision > 0 ? last->start : row->cursor;
	}
	if (line->granularity == GRAN_NONE) {
		return beyond ? last->start : row->cursor;
	}
	return edges_floor(device->zone, (int)setup_grid(device), row->cursor);
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
	usec_t expected = next_start(line, row, device);
	if (line->start != expected) {
		world_violation("tiling: %s: expected the next record at %s, but it begins at %s: %s", where(line),
		                world_time(expected), world_time(line->start),
		                line->start < expected ? "time is recorded twice" : "time is left out");
	}
}

/*
 * A gap ends where buckets are not too old yet, by the true time; or by the daemon's clock or the
 * server's, where these are late.
 */
static usec_t gap_end(const struct line *line, const struct setup_device *device) {
	usec_t times[OFFSETS_MAX];
	int grid = (int)setup_grid(device), count = world_true_times(line->polled_at, times);
	usec_t blur = 3 * USEC_PER_SEC + 2 * plan->latency, latest = INT64_MIN;
	bool is_edge = edges_floor(device->zone, grid, line->end) == line->end;
	for (int i = 0; i < count; i++) {
		usec_t late = line->polled_at < times[i] ? times[i] - line->polled_at : 0;
		late = late > world->most_late ? late : world->most_late;
		latest = edges_floor(device->zone, grid, times[i] + blur - device->backfill);
		usec_t earliest = edges_floor(device->zone, grid, times[i] - blur - late - device->backfill);
		if (is_edge && line->end >= earliest && line->end <= latest) {
			return line->end;
		}
	}
	return latest;
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
		expected = line->skipped ? expected : line->haunted ? line->end : gap_end(line, device);
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

static void *with_room(void *list, size_t len, size_t *room, size_t size) {
	if (len == *room) {
		*room = *room ? 2 * *room : 256;
		list = reallocarray(list, *room, size);
		if (!list) {
			abort();
		}
	}
	return list;
}

static void insert_bucket(struct tiles *row, const struct bucket *bucket) {
	size_t at = place_of(row, bucket->start);
	row->list = with_room(row->list, row->len, &row->room, sizeof(*row->list));
	memmove(row->list + at + 1, row->list + at, (row->len - at) * sizeof(*row->list));
	row->list[at] = *bucket;
	row->len++;
}

static void add_bucket(struct tiles *row, const struct line *line) {
	insert_bucket(row, &(struct bucket){
		line->start, line->end, line->revision, line->count, line->status, line->version, line->polled_at,
		line->polled_at, false, line->haunted,
		line->status == LINE_OK || line->status == LINE_AMBIGUOUS, 0,
	});
	row->cursor = line->end;
}

/* Identities */

static void add_identity(struct tiles *row, const struct line *line) {
	row->identities = with_room(row->identities, row->identities_len, &row->identities_room,
	                            sizeof(*row->identities));
	row->identities[row->identities_len++] = (struct identity){line->start, line->revision};
}

static int by_identity(const void *a, const void *b) {
	const struct identity *left = a, *right = b;
	int order = (left->start > right->start) - (left->start < right->start);
	return order ? order : (left->revision > right->revision) - (left->revision < right->revision);
}

static void check_identities(struct tiles *row, const struct series *series) {
	if (row->identities_len > 0) {
		qsort(row->identities, row->identities_len, sizeof(*row->identities), by_identity);
	}
	for (size_t i = 1; i < row->identities_len; i++) {
		const struct identity *identity = &row->identities[i];
		if (by_identity(identity - 1, identity) == 0) {
			world_violation("identity: %s %s: expected revision %lld of %s once, but it is there twice",
			                series->uuid, granularity_name((enum granularity)series->granularity),
			                (long long)identity->revision, world_time(identity->start));
		}
	}
}

/* Revisions */

static void check_revised(const struct line *line, const struct bucket *bucket) {
	if (line->status == bucket->status && line->count == bucket->count && world->most_late == 0) {
		world_violation("revision: %s: expected revision %lld of %s to differ from the one before, but it "
		                "does not", where(line), (long long)line->revision, world_time(line->start));
	}
	if (line->status == LINE_GAP || (line->status == LINE_NO_DATA && bucket->status != LINE_GAP)) {
		world_violation("revision: %s: expected what was counted for %s to stay, but revision %lld is "
		                "nothing", where(line), world_time(line->start), (long long)line->revision);
	}
	if (line->end != bucket->end) {
		world_violation("revision: %s: expected the bucket's end %s, but came %s", where(line),
		                world_time(bucket->end), world_time(line->end));
	}
}

/* Revisions count up by one; in the place of a gap, which may have been one that was not true, by more. */
static void check_succession(const struct line *line, struct bucket *bucket) {
	/* By a server that is late what had been recorded may seem not to have happened. */
	bool again = world->most_late > 0 && !line->has_previous && line->revision > bucket->revision;
	bool follows = bucket->status == LINE_GAP || again ? line->revision > bucket->revision
	                                                   : line->revision == bucket->revision + 1;
	if (!follows) {
		world_violation("revision: %s: expected revision %lld of %s, but it is %lld", where(line),
		                (long long)bucket->revision + 1, world_time(line->start),
		                (long long)line->revision);
	}
	if ((line->has_previous != (bucket->status == LINE_OK) && !again) ||
	    (line->has_previous && line->previous != bucket->count)) {
		world_violation("revision: %s: expected %lld as the previous count, but came %lld", where(line),
		                (long long)bucket->count, (long long)line->previous);
	}
	if (bucket->status == LINE_GAP) {
		bucket->was_gap = true;
		bucket->gap_end = bucket->end;
	}
	bucket->last_polled = line->polled_at;
	bucket->revision = line->revision;
	bucket->status = line->status;
	bucket->count = line->count;
}

/* A record inside a gap replaces it for its own bucket alone: what lies around stays a gap. */
static struct bucket *fill_gap(struct tiles *row, const struct line *line, struct bucket *gap,
                               const struct setup_device *device) {
	const struct bucket whole = *gap;
	int grid = (int)setup_grid(device);
	/* Without an interval the first bucket begins where the log ended, at an edge or not, as the gap does. */
	bool first = device->granularity == GRAN_NONE && line->start == whole.start;
	if ((!first && edges_floor(device->zone, grid, line->start) != line->start) ||
	    edges_next(device->zone, grid, line->start) != line->end) {
		world_violation("gap: %s: expected a bucket to fill a gap, but from %s to %s is none", where(line),
		                world_time(line->start), world_time(line->end));
	}
	gap->end = line->start;
	if (whole.start == line->start) {
		gap->end = line->end;
	} else {
		insert_bucket(row, &(struct bucket){line->start, line->end, whole.revision, 0, LINE_GAP,
		                                    line->version, whole.first_polled, whole.last_polled, true,
		                                    whole.haunted, false, 0});
	}
	if (line->end < whole.end) {
		insert_bucket(row, &(struct bucket){line->end, whole.end, whole.revision, 0, LINE_GAP,
		                                    whole.version, whole.first_polled, whole.last_polled, true,
		                                    whole.haunted, false, 0});
	}
	return find(row, line->start);
}

/*
 * A gap in the place of one that was left by a clock that was ahead: it begins where that does, or where what has
 * filled it ends, and is true.  What lies behind it is not yet.
 */
static void confirm_gap(struct tiles *row, const struct line *line, struct bucket *gap,
                        const struct setup_device *device) {
	struct bucket rest = *gap;
	if (!gap->haunted) {
		return;
	}
	if (line->start != gap->start) {
		world_violation("tiling: %s: expected the next record at %s, but it begins at %s: time is left out",
		                where(line), world_time(gap->start), world_time(line->start));
	}
	check_end(line, device);
	gap->end = line->end;
	gap->revision = line->revision;
	gap->haunted = line->haunted;
	if (line->end < rest.end) {
		rest.start = line->end;
		insert_bucket(row, &rest);
	}
}

/*
 * A gap that was left by a clock that was ahead is filled from its beginning on, and a change of the zone cuts
 * the next bucket anew there as it does at the end of the log: it may begin before what is left of the gap does.
 * Returns whether it is one.
 */
static bool is_cut_anew(const struct line *line, const struct tiles *row, const struct setup_device *device) {
	const struct bucket *rest = find_gap(row, line->end - 1, line->end);
	int grid = (int)setup_grid(device);
	return rest && rest->haunted && line->start < rest->start && line->status != LINE_GAP &&
	       device->granularity != GRAN_NONE && line->revision > rest->revision &&
	       line->start == edges_floor(device->zone, grid, rest->start) &&
	       line->end == edges_next(device->zone, grid, line->start);
}

static void fill_anew(struct tiles *row, const struct line *line) {
	struct bucket *rest = find_gap(row, line->end - 1, line->end), *bucket = find(row, line->start);
	if (line->end < rest->end) {
		rest->start = line->end;
	} else {
		/* Nothing is left of it. */
		memmove(rest, rest + 1, (size_t)(row->list + row->len - (rest + 1)) * sizeof(*rest));
		row->len--;
	}
	if (bucket) {
		check_succession(line, bucket);
		bucket->end = line->end;
		bucket->version = line->version;
		return;
	}
	insert_bucket(row, &(struct bucket){
		line->start, line->end, line->revision, line->count, line->status, line->version, line->polled_at,
		line->polled_at, true, false, line->status == LINE_OK || line->status == LINE_AMBIGUOUS, line->end,
	});
}

/* A later record of time that the log holds: of a bucket, or of one inside a gap. */
static void check_revision(const struct line *line, struct tiles *row, const struct setup_device *device) {
	if (is_cut_anew(line, row, device)) {
		fill_anew(row, line);
		return;
	}
	struct bucket *bucket = find(row, line->start);
	struct bucket *gap = find_gap(row, line->start, line->end);
	if (line->revision == 0) {
		world_violation("tiling: %s: expected no first record of %s, which has been recorded", where(line),
		                world_time(line->start));
		return;
	}
	if (gap && line->status == LINE_GAP) {
		confirm_gap(row, line, gap, device); /* part of one that was not true is one */
		return;
	}
	if (gap) {
		bucket = fill_gap(row, line, gap, device);
	}
	if (!bucket) {
		world_violation("revision: %s: expected a first record of %s before revision %lld, but there is none",
		                where(line), world_time(line->start), (long long)line->revision);
		return;
	}
	check_revised(line, bucket);
	check_succession(line, bucket);
}

/*
 * Time that was not recorded before: no revision, but where a change of the zone cuts a bucket
 * anew that was recorded, or out of a gap.
 */
static void check_fresh(const struct line *line, const struct series *series, struct tiles *row,
                        const struct setup_device *device) {
	struct bucket *bucket = find(row, line->start);
	check_start(line, series, row, device);
	check_end(line, device);
	if (bucket) {
		check_succession(line, bucket);
		bucket->end = row->cursor = line->end;
		bucket->version = line->version;
		bucket->haunted = line->haunted;
		return;
	}
	bool overlaps = had_gap(row, line->start);
	if (overlaps ? line->revision == 0 : line->revision > 0) {
		world_violation("revision: %s: expected %s of %s, but it is revision %lld", where(line),
		                overlaps ? "a revision" : "a first record", world_time(line->start),
		                (long long)line->revision);
	}
	add_bucket(row, line);
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
	add_identity(row, line);
	if (row->len == 0 || line->end > row->cursor) {
		check_fresh(line, series, row, device);
	} else {
		check_revision(line, row, device);
	}
	if (line->status != LINE_GAP) {
		check_truth(line);
	}
}

void audit_log(void) {
	for (size_t i = 0; i < SERIES_MAX; i++) {
		tiles[i].len = 0;
		tiles[i].identities_len = 0;
	}
	world->figures.records = world->figures.gaps = world->figures.revisions = 0;
	strays = 0;
	lines_visit(check_line);
	for (int i = 0; i < ledger->len; i++) {
		check_identities(&tiles[i], &ledger->series[i]);
	}
}

/* The end */

/* Where the log ends; a device without a record is where it may have begun last. */
static usec_t end_of(const struct series *series, const struct tiles *row) {
	usec_t end = row->len > 0 ? row->cursor : 0;
	/* A gap that reaches into a time that has not come ends where it begins. */
	if (row->len > 0 && end > world->now) {
		end = row->list[row->len - 1].start;
	}
	for (int i = 0; row->len == 0 && i < series->beginnings_len; i++) {
		end = series->beginnings[i] > end ? series->beginnings[i] : end;
	}
	return end;
}

static void check_caught_up(const struct setup_device *device, const struct series *series,
                            const struct tiles *row) {
	/* A server may demand more silence, up to an hour, than there is calm. */
	if (rules_quiet_until(device->account) > world->now - 15 * USEC_PER_MIN) {
		return;
	}
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

static int64_t memory_of(const struct setup_device *device) {
	usec_t length = setup_bucket(device);
	int64_t buckets = (device->lookback + length - 1) / length, most = device->max_points - 1;
	return buckets < most ? buckets : most;
}

/*
 * How many of its newest buckets the daemon has been able to correct ever since that version.  Where that was
 * never fewer than now an answer reaches no further back.
 */
static int64_t least_memory(const struct setup_device *device, int since) {
	int64_t now = memory_of(device), least = now;
	for (int version = since; version <= setups->current; version++) {
		const struct setup_device *then = setup_find(version, device->uuid, device->granularity);
		int64_t memory = then ? memory_of(then) : now;
		least = memory < least ? memory : least;
	}
	return least == now ? INT64_MAX : least;
}

static usec_t distance(usec_t a, usec_t b) {
	return a < b ? b - a : a - b;
}

/* Whether the log holds a first record from that answer, and not from the one before. */
static bool is_believed(const struct news *news, const struct tiles *row) {
	usec_t next = news->next - news->next % USEC_PER_MSEC; /* as records have it */
	for (size_t i = row->len; i > 0; i--) {
		const struct bucket *bucket = &row->list[i - 1];
		usec_t away = distance(bucket->first_polled, news->wall);
		if (bucket->status != LINE_GAP && bucket->end <= news->end && bucket->first_polled < next &&
		    away <= USEC_PER_SEC && away <= distance(bucket->first_polled, news->before)) {
			return true;
		}
	}
	return false;
}

/*
 * The last answer that was believed; NULL if none was.  One with a stray point on the end of its range, and none
 * on the beginning, looks as if it had the other stamps: it is asked for again, in parts.
 */
static const struct news *last_news(const struct series *series, const struct tiles *row) {
	unsigned kept = series->news_count < NEWS_KEPT ? series->news_count : NEWS_KEPT;
	for (unsigned back = 1; back <= kept; back++) {
		const struct news *news = &series->news[(series->news_count - back) % NEWS_KEPT];
		if (is_believed(news, row)) {
			return news;
		}
	}
	return NULL;
}

static void check_look_back(const struct setup_device *device, const struct series *series,
                            const struct tiles *row) {
	const struct news *news = last_news(series, row);
	if (!news || plan->manners.cap > 0) {
		return; /* what is cut off is not seen again unless it is new */
	}
	for (size_t i = 0; i < row->len; i++) {
		const struct bucket *bucket = &row->list[i];
		if (bucket->start < news->start || bucket->end > news->end ||
		    bucket->last_polled > news->at + USEC_PER_SEC || bucket->status == LINE_GAP ||
		    !cuts_alike(device, bucket->version) ||
		    (int64_t)(row->len - i) > least_memory(device, bucket->version)) {
			continue;
		}
		struct truth truth = truth_at(device->uuid, (int)device->granularity, bucket->start, bucket->end, news->at);
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

	/* A gap that was recorded with them is no part of the answer: behind it nothing is asked for again. */
	while (fresh > 0 && row->list[fresh - 1].status != LINE_GAP &&
	       row->list[fresh - 1].first_polled >= series->asked_at - USEC_PER_SEC &&
	       row->list[fresh - 1].first_polled <= world->now) {
		fresh--;
	}
	int64_t room = device->max_points - (int64_t)(row->len - fresh);
	back = back < room ? back : room;
	if (device->granularity == GRAN_NONE || server_is_weak() || plan->manners.cap > 0 || series->narrow > 0 ||
	    series->asked_at == 0 || fresh == row->len) {
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

/* Rechecks */

/* Whether the daemon's clock was always right, and nothing has cost it what it knew. */
static bool remembers_all(void) {
	for (int i = 0; i < plan->len; i++) {
		const struct event *event = &plan->events[i];
		if (event->begun && (event->kind == EVENT_STEP || event->kind == EVENT_SUSPEND || event->kind == EVENT_LOSE)) {
			return false;
		}
	}
	return node->damages == 0 && node->offsets_len == 0 && world->most_late == 0;
}

static bool is_asked_alike(const struct setup_device *device, int since) {
	for (int version = since; version <= setups->current; version++) {
		const struct setup_device *then = setup_find(version, device->uuid, device->granularity);
		if (!then || then->rechecks != device->rechecks || then->account != device->account) {
			return false;
		}
	}
	return is_unchanged(device, since);
}

/* What a device that is well needs at the most until a recheck that is due has been made. */
static usec_t recheck_patience(const struct setup_device *device, usec_t distance) {
	usec_t turns = 24 * device->window;
	usec_t hours = 18 * USEC_PER_HOUR;
	return distance / 4 + (turns < hours ? turns : hours) + USEC_PER_HOUR;
}

/*
 * A bucket without a count that the server has a count for: not if it came before the last
 * distance at which the bucket must have been asked for.
 */
static void check_late(const struct setup_device *device, const struct bucket *bucket) {
	struct truth truth = truth_at(device->uuid, (int)device->granularity, bucket->start, bucket->end, world->now);
	for (int i = 0; i < RECHECK_DISTANCES && setup_rechecks[device->rechecks][i] > 0; i++) {
		usec_t distance = setup_rechecks[device->rechecks][i];
		usec_t due = bucket->last_polled + distance;
		usec_t made = due + recheck_patience(device, distance);
		struct truth then = truth_at(device->uuid, (int)device->granularity, bucket->start, bucket->end, due);
		if (due < plan->quiet || made > plan->end || bucket->start < made - device->backfill ||
		    truth.kind == TRUTH_NO_DATA || then.kind == TRUTH_NO_DATA) {
			continue;
		}
		world_violation("recheck: %s %s: expected %s, which was recorded without a count at %s, to be asked "
		                "for again between %s and %s, when there was one, but it still has none",
		                device->uuid, granularity_name(device->granularity), world_time(bucket->start),
		                world_time(bucket->last_polled), world_time(due), world_time(made));
	}
}

/* What came late has been found. */
static void check_late_counts(const struct setup_device *device, const struct tiles *row) {
	/* Where little can be asked for at once each has its turn, but seldom. */
	bool keeps_up = device->max_points * setup_bucket(device) >= 40 * device->window;
	if (!remembers_all() || server_is_weak() || plan->manners.cap > 0 || device->granularity == GRAN_NONE ||
	    !keeps_up) {
		return;
	}
	for (size_t i = 0; i < row->len; i++) {
		const struct bucket *bucket = &row->list[i];
		if (bucket->status == LINE_NO_DATA && bucket->last_polled > node->unclean_until &&
		    is_asked_alike(device, bucket->version)) {
			check_late(device, bucket);
		}
	}
}

/* Whether all that was asked for was in the log by then.  What an answer did not hold, or was not believed, was not. */
static bool is_recheck(const struct recheck *recheck) {
	const struct tiles *row = &tiles[recheck->series - ledger->series];
	size_t at = place_of(row, recheck->end);
	return at == 0 || row->list[at - 1].first_polled < recheck->at;
}

/*
 * They are few, however little the server has to say: a part of the regular ones, or some a day.  Where
 * answers are in parts, each of these is a regular one.
 */
static void check_recheck_cost(const struct setup_device *device, const struct series *series) {
	int again = 0;
	for (int i = 0; i < ledger->rechecks_len; i++) {
		again += ledger->rechecks[i].series == series && is_recheck(&ledger->rechecks[i]);
	}
	int others = plan->manners.cap > 0 ? series->requests - again : series->fresh;
	int64_t hours = (plan->end - plan->quiet) / USEC_PER_HOUR;
	int64_t most = others / 8 + hours / 8 + 6;
	if (again > most) {
		world_violation("recheck: %s %s: expected at most %lld requests for nothing new beside %d others in "
		                "%lld hours, but there were %d", device->uuid, granularity_name(device->granularity),
		                (long long)most, others, (long long)hours, again);
	}
}

/* The first bucket of those that were asked for that ever lacked a count: others may lie around them. */
static const struct bucket *first_lacking(const struct tiles *row, const struct recheck *recheck) {
	for (size_t i = place_of(row, recheck->start); i < row->len && row->list[i].start < recheck->end; i++) {
		if (!row->list[i].counted) {
			return &row->list[i];
		}
	}
	return NULL;
}

/* Not before its first distance; a start after a kill may count from the bucket's end. */
static void check_recheck(const struct recheck *recheck) {
	const struct series *series = recheck->series;
	const struct tiles *row = &tiles[series - ledger->series];
	const struct setup_device *device = setup_find(node->version, series->uuid,
	                                               (enum granularity)series->granularity);
	const struct bucket *bucket = first_lacking(row, recheck);
	if (!device || !remembers_all() || !is_recheck(recheck)) {
		return;
	}
	usec_t least = setup_rechecks[device->rechecks][0];
	if (!bucket || least == 0) {
		world_violation("recheck: %s: expected a request for something new, but %s to %s is recorded",
		                series->uuid, world_time(recheck->start), world_time(recheck->end));
		return;
	}
	usec_t from = bucket->first_polled;
	if (node->unclean_until > 0 && bucket->end + device->settle < from) {
		from = bucket->end + device->settle;
	}
	if (is_asked_alike(device, bucket->version) && recheck->at < from + least - USEC_PER_SEC) {
		world_violation("recheck: %s: expected %s to be asked for again at %s or later, but it was at %s",
		                series->uuid, world_time(bucket->start), world_time(from + least),
		                world_time(recheck->at));
	}
}

static void check_leftovers(void) {
	const struct setup *setup = &setups->versions[node->version];
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
	for (size_t i = 0; i < disk->spool.now.len; i++) {
		world_violation("orders: expected all to be done and gone, but %s is there", disk->spool.now.entries[i].name);
	}
	for (size_t i = 0; i < disk->state.now.len; i++) {
		const char *name = disk->state.now.entries[i].name;
		bool set_aside = node->damages > 0 && strncmp(name, "checkpoint.damaged-", 19) == 0;
		if (strcmp(name, "lock") != 0 && strcmp(name, "checkpoint") != 0 && !set_aside) {
			world_violation("files: expected lock and checkpoint alone, but there is %s", name);
		}
	}
}

/* A server that leaves out what is empty is soon known: by each life, for each account and interval. */
static void check_trust(void) {
	const struct figures *figures = &world->figures;
	/* Where the time is asked for, this counts too much. */
	bool plain = node->offsets_len == 0 && world->most_late == 0 && plan->manners.cap == 0 &&
	             plan->manners.permille_omitted == 1000;
	uint64_t most = 15 + 5 * figures->lives + figures->answers / 20;
	/* A camera that goes away and comes back looks like an answer that was cut off, which is asked about for a while. */
	for (int i = 0; i < plan->len; i++) {
		most += plan->events[i].kind == EVENT_LATE && plan->events[i].begun ? 16 : 0;
	}
	if (plain && figures->again > most) {
		world_violation("trust: expected a server that leaves out empty buckets to be asked about them %llu times "
		                "at most, but of %llu answers %llu were such",
		                (unsigned long long)most, (unsigned long long)figures->answers,
		                (unsigned long long)figures->again);
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
	const struct setup *setup = &setups->versions[node->version];
	for (int i = 0; i < setup->device_count; i++) {
		const struct setup_device *device = &setup->devices[i];
		if (device->present) {
			const struct series *series = ledger_series(device->uuid, (int)device->granularity);
			const struct tiles *row = &tiles[series - ledger->series];
			check_caught_up(device, series, row);
			check_look_back(device, series, row);
			check_reach(device, series, row);
			if (!nodes->cluster) { /* these are about what one daemon remembers */
				check_late_counts(device, row);
				check_recheck_cost(device, series);
				check_cost(device, series);
			}
		}
	}
	for (int i = 0; !nodes->cluster && i < ledger->rechecks_len; i++) {
		check_recheck(&ledger->rechecks[i]);
	}
	check_leftovers();
	if (!nodes->cluster) {
		check_trust();
	}
	check_status();
}
