// SPDX-License-Identifier: ISC

/*
 * The rooms of a log: each is one device and interval.
 */

#ifndef TOOL_ROOMS_H
#define TOOL_ROOMS_H

#include "base/index.h"
#include "calendar/interval.h"
#include "sink/echo.h"
#include "sink/lines.h"
#include "tool/coverage.h"

struct room {
	/* What is looked at for each record stands together. */
	const struct log_codec *codec;
	size_t follower;          /* the room of the record that came behind one of this one */
	uint32_t sample_file;
	int32_t offset_s;         /* the latest of the offsets */
	struct coverage coverage;
	struct echo echo;         /* what its records look like */
	char uuid[64];
	enum interval interval;
	struct buf sample;        /* a line, the latest that is the first of its name or of a file */
	struct slice name_in_sample;
	char *name, *site, *account, *labels; /* what it says, when rooms_settle() has read it; "" if nothing */
	int64_t capacity;         /* 0: unknown */
	struct zone_offset *offsets; /* as the log's local times have them: ascending */
	size_t offset_count, offset_size;
	usec_t first, length;     /* where its first record begins; of its first bucket, or if there are only gaps, of the first */
	struct zone *zone;        /* made by rooms_settle() of the offsets, as is the grid */
	struct grid grid;
};

/** In the order in which they appear in the log.  All zero: none yet. */
struct rooms {
	struct room *list;
	size_t len, size;
	size_t last;              /* the one that was found before */
	struct heard_times times; /* of its record */
	struct index index;
};

/**
 * Takes a record in, with the line that it was read from: its room is made if there is none, and knows then what it is called, what its clock
 * shows, and what time is covered.
 *
 * Returns what the record is to those before it, and its room, which is valid until the next one is
 * made; or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int rooms_take(struct rooms *rooms, const struct log_entry *entry, struct position at, const struct log_codec *codec,
               const struct line *line, struct room **ret_room);

/**
 * The same for the line at the front of a text, which nobody has read yet, if it is like an earlier one of its room and
 * within a year of its latest, as nearly all are.  Then *ret_line is that, and the entry in its room's echo is what the codec would make of it.
 *
 * Returns -EAGAIN if the codec must be asked: nothing has been taken in.
 */
__attribute__((warn_unused_result, nonnull))
int rooms_hear(struct rooms *rooms, const struct line *text, struct position at, const struct log_codec *codec,
               struct line *ret_line, struct room **ret_room);

/** NULL if no record of it has been taken in. */
__attribute__((nonnull))
const struct room *rooms_find(const struct rooms *rooms, const char *uuid, enum interval interval);

/** When all has been read: gives the rooms their zones.  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int rooms_settle(struct rooms *rooms);

/** Whether the record is of a bucket as its interval has them: its length is one of those, and it begins at an edge. */
__attribute__((nonnull))
bool rooms_is_bucket(const struct log_entry *entry);

/** How many buckets [start, end) is, by the room's own calendar. */
__attribute__((nonnull))
uint64_t room_buckets(const struct room *room, usec_t start, usec_t end);

/**
 * Of a room with buckets of a day or longer: the next edge between two, and the end if none comes before it.  The log
 * does not say that the clock changed within its last bucket: what is left over by that is no bucket.
 */
__attribute__((nonnull))
usec_t room_edge(const struct room *room, usec_t instant, usec_t end);

/** The date that the room's clock shows: days since 1970. */
__attribute__((nonnull))
int64_t room_date(const struct room *room, usec_t instant);

/** The next midnight of the room's clock. */
__attribute__((nonnull))
usec_t room_midnight(const struct room *room, usec_t instant);

void rooms_done(struct rooms *rooms);

#endif
