// SPDX-License-Identifier: ISC

#include "schedule/skew.h"

#include <string.h>

/* What settling and the network blur anyway. */
#define TOLERANCE (2 * USEC_PER_SEC)

/* So far off, our clock still has not been set wrong. */
#define OWN_TOLERANCE (10 * USEC_PER_SEC)

enum {
	/* Our own clock counts as much as so many replies, */
	OWN_VOTES = 2,
	/* and so many votes are enough. */
	VOTES_WANTED = 3,
};

static bool agree(const struct skew_bounds *a, const struct skew_bounds *b) {
	return a->low <= b->high + TOLERANCE && b->low <= a->high + TOLERANCE;
}

static bool agrees_with_ours(const struct skew_bounds *bounds) {
	return bounds->low <= OWN_TOLERANCE && bounds->high >= -OWN_TOLERANCE;
}

static int votes_for(const struct skew *skew, int candidate) {
	int votes = agrees_with_ours(&skew->seen[candidate]) ? OWN_VOTES : 0;
	for (int i = 0; i < skew->len; i++) {
		votes += agree(&skew->seen[candidate], &skew->seen[i]);
	}
	return votes;
}

/* Of those with the most votes the newest. */
static int elect(const struct skew *skew) {
	int elected = 0, most = 0;
	for (int i = 0; i < skew->len; i++) {
		int votes = votes_for(skew, i);
		if (votes >= most) {
			most = votes;
			elected = i;
		}
	}
	return elected;
}

/* Whether it has votes enough, and more than any that it does not agree with. */
static bool is_elected(const struct skew *skew, int elected) {
	int votes = votes_for(skew, elected);
	for (int i = 0; i < skew->len; i++) {
		if (!agree(&skew->seen[i], &skew->seen[elected]) && votes_for(skew, i) >= votes) {
			return false;
		}
	}
	return votes >= VOTES_WANTED;
}

/* What is common to all that agree with the elected; itself if they agree with each other no better. */
static struct skew_bounds common_bounds(const struct skew *skew, int elected) {
	struct skew_bounds common = skew->seen[elected];
	for (int i = 0; i < skew->len; i++) {
		const struct skew_bounds *other = &skew->seen[i];
		if (agree(other, &skew->seen[elected])) {
			common.low = other->low > common.low ? other->low : common.low;
			common.high = other->high < common.high ? other->high : common.high;
		}
	}
	return common.low <= common.high ? common : skew->seen[elected];
}

static usec_t offset_of(const struct skew_bounds *bounds) {
	if (bounds->low > TOLERANCE) {
		return bounds->low;
	}
	return bounds->high < -TOLERANCE ? bounds->high : 0;
}

static usec_t furthest_ahead(const struct skew *skew) {
	usec_t furthest = 0;
	for (int i = 0; i < skew->len; i++) {
		usec_t offset = offset_of(&skew->seen[i]);
		furthest = offset > furthest ? offset : furthest;
	}
	return furthest;
}

static void conclude(struct skew *skew) {
	if (skew->len == 0) {
		skew->confirmed = skew->undated;
		return;
	}
	int elected = elect(skew);
	struct skew_bounds bounds = common_bounds(skew, elected);
	skew->confirmed = is_elected(skew, elected);
	skew->offset = offset_of(&bounds);
	skew->ahead = skew->confirmed ? (skew->offset > 0 ? skew->offset : 0) : furthest_ahead(skew);
}

void skew_observe(struct skew *skew, usec_t sent, usec_t received, usec_t date) {
	if (skew->len == SKEW_SEEN) {
		memmove(skew->seen, skew->seen + 1, (SKEW_SEEN - 1) * sizeof(*skew->seen));
		skew->len--;
	}
	skew->seen[skew->len++] = (struct skew_bounds){
		.low = sent - date - USEC_PER_SEC,
		.high = received - date,
	};
	skew->undated = false;
	conclude(skew);
}

void skew_undated(struct skew *skew) {
	if (skew->len == 0) {
		skew->undated = true;
		conclude(skew);
	}
}

void skew_step(struct skew *skew, usec_t step) {
	for (int i = 0; i < skew->len; i++) {
		skew->seen[i].low += step;
		skew->seen[i].high += step;
	}
	conclude(skew);
}

bool skew_is_confirmed(const struct skew *skew) {
	return skew->confirmed;
}

bool skew_is_witnessed(const struct skew *skew) {
	return skew->confirmed || skew->len >= VOTES_WANTED;
}

bool skew_is_dated(const struct skew *skew) {
	return skew->confirmed && skew->len > 0;
}

usec_t skew_offset(const struct skew *skew) {
	return skew->offset;
}

usec_t skew_ahead(const struct skew *skew) {
	return skew->ahead;
}
