// SPDX-License-Identifier: ISC

/*
 * A device's run-time state: where its log has got to, and what it waits for.
 *
 * A poll waits for its time, waits for its account, or waits for a reply; never
 * two of them.  Its cursor and its look-back memory move in poll_apply() alone,
 * with a record that is already on the disk.
 */

#ifndef SCHEDULE_POLL_H
#define SCHEDULE_POLL_H

#include "config/config.h"
#include "schedule/reach.h"
#include "schedule/recheck.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a bucket was recorded as.  The names are those of the log. */
enum record_status { RECORD_OK, RECORD_NO_DATA, RECORD_AMBIGUOUS, RECORD_GAP };

/** One recorded bucket that may still be asked for again. */
struct remembered {
	usec_t start;
	int64_t count;     /* 0 unless RECORD_OK */
	uint32_t length_s; /* bucket_seconds() */
	uint16_t revision;
	uint8_t status; /* enum record_status */
};

/** The length of a bucket, which is a number of whole seconds: no clock is set by less.  Saturates. */
uint32_t bucket_seconds(usec_t start, usec_t end);

/** What the answers of a device have shown of its points, so far. */
struct habit {
	uint8_t longer; /* enum interval: that of its points, which is not the one asked for; INTERVAL_NONE: as asked */
	bool wrong_end; /* a stamp was of the wrong end, and none has stood on the right one since */
	bool misfit;    /* the last answer with points did not fit */
};

/**
 * Buckets that an answer which holds others left out, at its beginning or its end: they are
 * asked for alone.
 */
struct doubt {
	usec_t from;      /* it holds as long as the cursor is here */
	uint16_t missing; /* buckets from there on; 0: no doubt */
	uint16_t points;  /* what the answer held, */
	uint16_t buckets; /* of so many that were asked for, */
	uint16_t works;   /* so many of which it covered; */
	bool warned;      /* and it came with a warning */
	bool at_end;      /* they are its last ones */
};

struct lane;

/** Where a poll is. */
enum poll_phase {
	POLL_WAITING,   /* for its time, in lane->waiting */
	POLL_READY,     /* for its account, in lane->live or lane->backlog */
	POLL_BUSY,      /* for a reply, or for what it was worth to reach the disk */
	POLL_STOPPED,   /* for nothing: with --once it is through */
	POLL_HELD,      /* for its lane to be let go: its account is another node's */
};

struct poll {
	const struct device *device;
	struct lane *lane;

	/* What the log holds. */
	usec_t cursor;             /* end of the last recorded bucket */
	usec_t since;              /* wall clock when this device was first polled */
	struct remembered *memory; /* ascending by start, the newest buckets */
	uint16_t memory_len, memory_max;
	uint16_t top;              /* the highest revision that was recorded */
	uint16_t again;            /* the cursor went back: the revision of what is recorded once more; 0: it did not */
	usec_t taken;              /* what starts before that may have been recorded, if only as part of a gap */
	const char *home;          /* in a cluster: the account whose chain has its records, which outlives it; NULL: none has */
	usec_t gap_from;           /* while the log is read back: where the last gap began */
	bool begun;                /* the cursor is what it says; else where the first bucket would begin by our clock */
	bool unproven;             /* the cursor was found at the start: it may lie in a time that has not come */

	struct recheck recheck;    /* buckets without a count that are asked for again later */

	/* When. */
	bool timed; /* the key follows from the wall clock: recompute it after a step */
	bool probe; /* it asks even if nothing is due: for the Date */
	usec_t key; /* a queue's order, on the monotonic clock, or for a backlog the cursor */
	enum poll_phase phase;

	/* How it goes. */
	unsigned refused_by;  /* the generation of the key that was refused for it; 0: none */
	usec_t asked;         /* monotonic: the last request; 0: none yet */
	usec_t failing_since; /* monotonic */
	char *reason;         /* the last failure's sentence; NULL while all is well */
	struct reach reach;   /* how much the next request asks for */
	struct doubt doubt;   /* what is asked for before anything else */
	struct habit habit;
	uint16_t failures;    /* in a row */
	bool told;            /* it has been reported as failing */

	/* Silence: nothing but no_data and zero since that bucket. */
	bool quiet_over;    /* it has counted somebody, or the silence was reported */
	usec_t quiet_since; /* USEC_INFINITY before the first record */

	/* Flood guard: requests since the cursor last moved, in this minute. */
	usec_t flood_minute;
	uint16_t flood_count;
};

/** A poll that begins at the cursor.  Allocates nothing. */
__attribute__((nonnull))
void poll_init(struct poll *poll, const struct device *device, usec_t cursor, usec_t now);

void poll_done(struct poll *poll);

/** Moves what has been recorded and how it went from one poll to another of the same identity. */
__attribute__((nonnull))
void poll_take_over(struct poll *poll, struct poll *from);

/**
 * Tells the poll of a record that is on the disk: the cursor moves to its end
 * if it lies behind, and the bucket is remembered as long as the look-back
 * reaches, the last one in any case, at its latest revision.  A gap is not remembered.
 *
 * Returns 0 or -ENOMEM; on failure the cursor has moved, and only a later
 * correction of this bucket may go unseen.
 */
__attribute__((nonnull))
int poll_apply(struct poll *poll, const struct remembered *what, usec_t end);

/**
 * Tells a poll of a record that was found in the log at the start.  The first one of a
 * poll that has not begun sets the cursor, wherever that was; one that replaces a part of
 * the gap in which the log ended sets it back.  Returns as poll_apply().
 */
__attribute__((nonnull))
int poll_resume(struct poll *poll, const struct remembered *what, usec_t end);

/**
 * Tells the poll what a record that is on the disk means for rechecks: a bucket without a count
 * is asked for again, another no more.  recorded: when that was, on the wall clock.
 */
__attribute__((nonnull))
void poll_watch(struct poll *poll, const struct remembered *what, usec_t end, usec_t recorded);

/** Forgets what has been recorded, but for where it began to be polled: the log will tell. */
__attribute__((nonnull))
void poll_forget(struct poll *poll);

/**
 * Sets the cursor back to where the real records end, and forgets the buckets behind it.
 * What starts before `taken` stands in the log, with revisions below `again`.
 */
__attribute__((nonnull))
void poll_rewind(struct poll *poll, usec_t cursor, usec_t taken, uint16_t again);

/** What a bucket was recorded as last; NULL if it is not remembered. */
__attribute__((nonnull))
const struct remembered *poll_recall(const struct poll *poll, usec_t start);

/**
 * The revision of the first record of a bucket that is not remembered: 0; or, after a change
 * of the zone or where the cursor went back, so that a record with that start may be in the
 * log, one that was never given.
 */
__attribute__((nonnull, warn_unused_result))
int poll_first_revision(const struct poll *poll, usec_t start);

/** Whether its next request is for buckets in doubt. */
__attribute__((nonnull, warn_unused_result))
bool poll_in_doubt(const struct poll *poll);

/** How late within its minute this device asks: stable, from 0 to half of min(window, 60 s). */
__attribute__((nonnull))
usec_t poll_spread(const struct device *device);

/** Counts a request; false when it is one more in this minute than can be right. */
__attribute__((nonnull, warn_unused_result))
bool poll_flood_guard(struct poll *poll, usec_t monotonic);

#endif
