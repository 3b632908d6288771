// SPDX-License-Identifier: ISC

#include "tool/rooms.h"

#include "base/array.h"
#include "base/utc.h"
#include "config/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* No clock is put forward or back by more. */
#define LONGEST_SHIFT (2 * USEC_PER_HOUR)

/* Finding */

static bool is_room(const struct room *room, const struct identity *identity) {
	return room->interval == identity->interval && strcmp(room->uuid, identity->uuid) == 0;
}

static bool same(const void *items, size_t position, const void *key) {
	const struct room *rooms = items;
	return is_room(&rooms[position], key);
}

const struct room *rooms_find(const struct rooms *rooms, const char *uuid, enum interval interval) {
	const struct identity identity = {uuid, interval};
	size_t at;
	return index_find(&rooms->index, identity_hash(&identity), same, rooms->list, &identity, &at) ? &rooms->list[at] : NULL;
}

static void make(struct room *room, const struct log_entry *entry) {
	*room = (struct room){
		.interval = entry->interval,
		.first = entry->start,
		.sample_file = UINT32_MAX,
	};
	buf_init(&room->sample, LINES_LONGEST);
	memcpy(room->uuid, entry->uuid, sizeof(room->uuid));
}

/* The room of the next record, very likely: they follow one another as before, or several are of one room. */
static struct room *guess(struct rooms *rooms, int try) {
	struct room *last = rooms->len > 0 ? &rooms->list[rooms->last] : NULL;
	return !last ? NULL : try == 0 ? &rooms->list[last->follower] : last;
}

static void note_last(struct rooms *rooms, size_t room) {
	struct room *last = &rooms->list[rooms->last];
	last->follower = room;
	rooms->last = room;
}

/* Returns 0, and rooms->last is the one; or -ENOMEM. */
static int find_or_make(struct rooms *rooms, const struct log_entry *entry) {
	const struct identity identity = {entry->uuid, entry->interval};
	for (int try = 0; try < 2; try++) {
		const struct room *room = guess(rooms, try);
		if (room && is_room(room, &identity)) {
			note_last(rooms, (size_t)(room - rooms->list));
			return 0;
		}
	}
	size_t found = 0;
	int r = array_reserve(&rooms->list, &rooms->size, rooms->len + 1, sizeof(*rooms->list));
	if (r == 0) {
		r = index_add(&rooms->index, identity_hash(&identity), same, rooms->list, &identity, rooms->len, &found);
	}
	if (r < 0) {
		return r;
	}
	if (r == 0) {
		found = rooms->len++;
		make(&rooms->list[found], entry);
	}
	note_last(rooms, found);
	return 0;
}

/* What a record says of its room */

static bool is_named_as_before(const struct room *room, const struct slice *name) {
	return room->name_in_sample.len == name->len &&
	       (name->len == 0 || memcmp(room->name_in_sample.text, name->text, name->len) == 0);
}

/* Keeps a line for later. */
static int sample(struct room *room, const struct log_entry *entry, uint32_t file, const struct line *line) {
	room->sample_file = file;
	buf_clear(&room->sample);
	buf_append(&room->sample, line->text, line->len);
	room->name_in_sample = (struct slice){room->sample.data, 0};
	if (entry->name.text) {
		room->name_in_sample = (struct slice){room->sample.data + (entry->name.text - line->text), entry->name.len};
	}
	return buf_error(&room->sample);
}

/* An offset holds from the first record that has it on; late records say nothing new. */
static int note_offset(struct room *room, const struct log_entry *entry) {
	const struct zone_offset *last = room->offset_count > 0 ? &room->offsets[room->offset_count - 1] : NULL;
	if (entry->offset_s == OFFSET_UNKNOWN ||
	    (last && (last->offset_s == entry->offset_s || last->from >= entry->start))) {
		return 0;
	}
	int r = array_reserve(&room->offsets, &room->offset_size, room->offset_count + 1, sizeof(*room->offsets));
	if (r == 0) {
		room->offsets[room->offset_count++] = (struct zone_offset){entry->start, entry->offset_s};
		room->offset_s = entry->offset_s;
	}
	return r;
}

int rooms_take(struct rooms *rooms, const struct log_entry *entry, struct position at, const struct log_codec *codec,
               const struct line *line, struct room **ret_room) {
	int r = find_or_make(rooms, entry);
	if (r < 0) {
		return r;
	}
	struct room *room = &rooms->list[rooms->last];
	*ret_room = room;
	room->codec = codec;
	r = echo_learn(&room->echo, line->text, entry);
	if (r == 0 && (room->sample_file != at.file || !is_named_as_before(room, &entry->name))) {
		r = sample(room, entry, at.file, line);
	}
	if (room->length == 0 && entry->status != RECORD_GAP) {
		room->length = entry->end - entry->start;
	}
	if (r == 0 && entry->revision == 0) {
		r = note_offset(room, entry);
	}
	return r < 0 ? r : coverage_add(&room->coverage, entry, at);
}

/* Takes in a record that is like one that the room has taken before: in name, status, offset and revision. */
static inline int take_echo(struct room *room, struct position at, const struct line *line) {
	const struct log_entry *entry = &room->echo.entry;
	int r = room->sample_file == at.file ? 0 : sample(room, entry, at.file, line);
	if (r == 0 && room->offset_s != entry->offset_s) {
		r = note_offset(room, entry);
	}
	if (r < 0) {
		return r;
	}
	return coverage_go_on(&room->coverage, entry) ? COVERING_NEXT : coverage_add(&room->coverage, entry, at);
}

/* A year that is another than that of all lines before is a reason to read the line as a whole. */
static inline bool is_far(const struct room *room, const struct log_entry *entry) {
	const usec_t far = 366 * USEC_PER_DAY;
	usec_t last = room->coverage.len > 0 ? room->coverage.list[room->coverage.len - 1].end : entry->start;
	return entry->end > last + far || entry->start < last - far;
}

int rooms_hear(struct rooms *rooms, const struct line *text, struct position at, const struct log_codec *codec,
               struct line *ret_line, struct room **ret_room) {
	for (int try = 0; try < 2; try++) {
		struct room *room = guess(rooms, try);
		size_t len = room && room->codec == codec ? echo_hear(&room->echo, &rooms->times, text->text, text->len) : 0;
		if (len > 0 && is_far(room, &room->echo.entry)) {
			return -EAGAIN;
		}
		if (len > 0) {
			note_last(rooms, (size_t)(room - rooms->list));
			*ret_room = room;
			*ret_line = (struct line){text->text, len, text->at, true};
			return take_echo(room, at, ret_line);
		}
	}
	return -EAGAIN;
}

/* What the room's clock shows, as if it stood in UTC. */
static usec_t local_time(const struct room *room, usec_t instant) {
	struct zone_period period;
	zone_period_at(room->zone, instant, &period);
	return instant + period.offset_s * USEC_PER_SEC;
}

/* Weeks begin on the day on which the first one does. */
static int settle(struct room *room) {
	static const struct zone_offset utc = {0};

	zone_free(room->zone);
	room->zone = room->offset_count > 0 ? zone_of_offsets(room->offsets, room->offset_count) : zone_of_offsets(&utc, 1);
	if (!room->zone) {
		return -ENOMEM;
	}
	if (room->length == 0) {
		room->length = room->coverage.len > 0 ? room->coverage.list[0].end - room->coverage.list[0].start : USEC_PER_MIN;
	}
	/* A grid's weeks are counted from Sunday. */
	int weekday = (utc_weekday(room_date(room, room->first)) + 1) % 7;
	room->grid = (struct grid){room->zone, room->interval, room->length, weekday};
	return 0;
}

static int read_sample(struct room *room, struct log_about *about) {
	*about = (struct log_about){0};
	/* A line that cannot be read whole says nothing; its bucket counts all the same. */
	(void)room->codec->describe(room->sample.data, room->sample.len, about);
	room->name = strdup(about->name[0] ? about->name : room->uuid);
	room->site = strdup(about->site);
	room->account = strdup(about->account);
	room->labels = strdup(about->labels);
	room->capacity = about->capacity;
	return room->name && room->site && room->account && room->labels ? 0 : -ENOMEM;
}

int rooms_settle(struct rooms *rooms) {
	struct log_about *about = malloc(sizeof(*about));
	int r = about ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < rooms->len; i++) {
		r = settle(&rooms->list[i]);
		r = r < 0 ? r : read_sample(&rooms->list[i], about);
	}
	free(about);
	return r;
}

/* Shapes */

/* Whether the length may be that of a bucket: clocks change by two hours at most, and months are not all as long. */
static bool is_length(enum interval interval, usec_t length) {
	usec_t shift = LONGEST_SHIFT, day = USEC_PER_DAY;
	switch (interval) {
	case INTERVAL_HOURLY:
		return length > 0 && length <= shift && length % (USEC_PER_HOUR / 2) == 0;
	case INTERVAL_DAILY:
		return length >= day - shift && length <= day + shift;
	case INTERVAL_WEEKLY:
		return length >= 7 * day - shift && length <= 7 * day + shift;
	case INTERVAL_MONTHLY:
		return length >= 28 * day - shift && length <= 31 * day + shift;
	default:
		return length == interval_length(interval);
	}
}

bool rooms_is_bucket(const struct log_entry *entry) {
	usec_t unit = entry->interval == INTERVAL_MINUTELY ? USEC_PER_MIN : 15 * USEC_PER_MIN;
	return entry->interval == INTERVAL_NONE || (is_length(entry->interval, entry->end - entry->start) && entry->start % unit == 0);
}

/* Counting */

usec_t room_edge(const struct room *room, usec_t instant, usec_t end) {
	usec_t edge = grid_next(&room->grid, instant);
	return edge + LONGEST_SHIFT < end ? edge : end;
}

uint64_t room_buckets(const struct room *room, usec_t start, usec_t end) {
	usec_t length = room->interval == INTERVAL_NONE ? room->length : interval_length(room->interval);
	uint64_t count = 0;

	if (end <= start) {
		return 0;
	}
	/* An hour may be longer or shorter by half of it where the clock changes by that. */
	if (length <= USEC_PER_HOUR) {
		count = (uint64_t)((end - start + length / 2) / length);
		return count > 0 ? count : 1;
	}
	for (usec_t edge = start; edge < end; edge = room_edge(room, edge, end)) {
		count++;
	}
	return count;
}

int64_t room_date(const struct room *room, usec_t instant) {
	return utc_date(local_time(room, instant));
}

usec_t room_midnight(const struct room *room, usec_t instant) {
	struct grid days = {.zone = room->zone, .interval = INTERVAL_DAILY};
	return grid_next(&days, instant);
}

void rooms_done(struct rooms *rooms) {
	for (size_t i = 0; i < rooms->len; i++) {
		buf_done(&rooms->list[i].sample);
		free(rooms->list[i].name);
		free(rooms->list[i].site);
		free(rooms->list[i].account);
		free(rooms->list[i].labels);
		free(rooms->list[i].offsets);
		zone_free(rooms->list[i].zone);
		coverage_done(&rooms->list[i].coverage);
		echo_done(&rooms->list[i].echo);
	}
	free(rooms->list);
	index_done(&rooms->index);
	*rooms = (struct rooms){0};
}
