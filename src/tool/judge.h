// SPDX-License-Identifier: ISC

/*
 * What the daemon's state comes to: the numbers of rooms, what is wrong, and how bad it is.
 */

#ifndef TOOL_JUDGE_H
#define TOOL_JUDGE_H

#include "tool/live.h"

/** As Nagios numbers them. */
enum level { LEVEL_OK, LEVEL_WARNING, LEVEL_CRITICAL, LEVEL_UNKNOWN };

/** "OK", ... */
const char *level_word(enum level level);

/** How long a room may be behind. */
struct limits {
	usec_t warning, critical; /* USEC_INFINITY: as long as it likes; a warning of 0: not at all */
};

struct judgement {
	const struct live_device **rooms; /* those that were selected, the worst first; at the end the fresh ones, as they came */
	size_t count;
	size_t states[LIVE_STATES];       /* of them */
	usec_t age;                       /* of those that are behind, the oldest last bucket's */
	int64_t backlog;
	bool trouble;                     /* something is wrong beside rooms */
	enum level cluster;               /* how bad it is with the cluster */
	enum level level;
};

/** Since when a room has no new bucket: its age, or if it has none yet that of the daemon; 0 if it is not behind. */
__attribute__((nonnull))
usec_t judge_age(const struct live *live, const struct live_device *room);

/** Judges the rooms that were selected.  Returns 0, and the rooms are for free(); or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int judge(const struct tool *tool, const struct live *live, const struct limits *limits, struct judgement *ret);

/** Sorts those that are fresh by their names. */
__attribute__((nonnull))
void judge_sort_fresh(struct judgement *judgement);

/** Appends one thing that is wrong, with that before and behind it.  text: what is known of it; NULL: nothing. */
__attribute__((nonnull(1, 2, 3, 4)))
void judge_put_trouble(struct buf *out, const char *before, const char *behind, const char *what, const char *text);

/** Appends what is wrong beside rooms, each with that before and behind it. */
__attribute__((nonnull))
void judge_troubles(const struct live *live, struct buf *out, const char *before, const char *behind);

/** Appends "backfill: 1 order running, 480 buckets left, 2 waiting, 3 done" and the line's end; nothing if there was none. */
__attribute__((nonnull))
void judge_orders(const struct live *live, struct buf *out);

/** Appends "50 rooms: 48 fresh, 1 late, 1 failing". */
__attribute__((nonnull))
void judge_counts(const struct judgement *judgement, struct buf *out);

#endif
