// SPDX-License-Identifier: ISC

/*
 * A reply's body, read with tolerance: every field of a point may be absent or
 * null, numbers may come as 3, 3.0 or "3", and nothing is ever invented.
 */

#ifndef RESPONSE_PARSE_H
#define RESPONSE_PARSE_H

#include "base/buf.h"
#include "base/json.h"
#include "base/units.h"

#include <stdbool.h>

/** The longest message of a server that is passed on, in bytes. */
enum { MESSAGE_SIZE = 400 };

/** What a point's eventCountMap says. */
enum count_kind {
	COUNT_NONE,      /* no map, or nothing but nulls in it */
	COUNT_ONE,       /* `count` is the value */
	COUNT_AMBIGUOUS, /* several values and no rule to choose, or no whole number */
};

/** Texts are offsets into points.text, 0 for null. */
struct point {
	usec_t time; /* timestampMs, or dateUtc where that is missing */
	bool has_timestamp;
	int64_t timestamp_ms;
	enum count_kind kind;
	int64_t count;
	size_t event_counts, approximate_timestamps_ms, reporting_devices; /* JSON */
	size_t date_local, date_utc;                                      /* plain */
};

/** A body's content.  Kept and used again from reply to reply. */
struct points {
	struct point *list;
	size_t len, size;
	size_t dropped;      /* without any time, */
	size_t lost;         /* of them with something in the place of a count, or of the point */
	char odd_stamp[64];  /* a timestampMs that is there and is not a number of milliseconds; else "" */
	bool odd_map;        /* there is an eventCountMap that is none */
	bool more;           /* nextPageToken: there are others */
	struct buf text;
	bool has_warning;
	char warning[MESSAGE_SIZE];
};

__attribute__((nonnull))
void points_init(struct points *points);
void points_done(struct points *points);

/** The text at an offset; NULL at 0. */
__attribute__((nonnull))
const char *points_text(const struct points *points, size_t offset);

/**
 * Reads the body of a 200.  count_key: which of several counts to take; may be
 * NULL.
 *
 * Returns 0; -EBADMSG if it is no such JSON; -EREMOTEIO if it says error:true;
 * -ENOMEM, before it is read, where there may not be enough.  The sentence then holds what the
 * server said, bounded and escaped.
 */
__attribute__((warn_unused_result, nonnull(1, 2)))
int parse_points(struct points *points, const char *body, size_t len, const char *count_key,
                 struct error *err);

/**
 * Reads the body of a 200 that is an object with a list of that name, which may be null: with
 * json_member() it is found in what comes back, which is for json_free().
 *
 * Returns 0 or an error as parse_points() does; -EBADMSG also if the answer says that it is not all.
 */
__attribute__((warn_unused_result, nonnull(1, 3, 4)))
int parse_list(const char *body, size_t len, const char *name, struct json_object **ret_root, struct error *err);

/**
 * What the body of an error reply says: the first string of errorMsg, message,
 * msg, error, status, detail, else the raw text.  Bounded and escaped; "" for
 * an empty body.
 */
__attribute__((nonnull))
void parse_message(const char *body, size_t len, char ret_message[static MESSAGE_SIZE]);

#endif
