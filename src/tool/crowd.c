// SPDX-License-Identifier: ISC

#include "tool/crowd.h"

#include <errno.h>
#include <stdlib.h>

/* Where a room is. */
struct standing {
	struct walk walk;
	struct stride now; /* or the next one, if it has not begun; start USEC_INFINITY behind the last */
};

static void go_on(struct standing *standing) {
	if (!walk_next(&standing->walk, &standing->now)) {
		standing->now = (struct stride){USEC_INFINITY, USEC_INFINITY, SERIES_NONE};
	}
}

/* What all rooms have at an instant. */
struct sum {
	int64_t people; /* -1: no room has a count */
	bool is_partial;
	usec_t until;   /* it holds up to here; USEC_INFINITY if there is nothing any more */
};

static struct sum sum_at(struct standing *standings, size_t count, usec_t at) {
	struct sum sum = {-1, false, USEC_INFINITY};

	for (size_t i = 0; i < count; i++) {
		struct standing *standing = &standings[i];
		while (standing->now.end <= at) {
			go_on(standing);
			if (standing->now.start == USEC_INFINITY) {
				break;
			}
		}
		bool has_begun = standing->now.start <= at;
		usec_t change = has_begun ? standing->now.end : standing->now.start;
		sum.until = change < sum.until ? change : sum.until;
		if (has_begun && standing->now.count >= 0) {
			sum.people = (sum.people < 0 ? 0 : sum.people) + standing->now.count;
		}
		sum.is_partial |= has_begun && standing->now.count < 0;
	}
	return sum;
}

static int take(struct crowd *crowd, const struct sum *sum, usec_t at) {
	int64_t date = room_date(crowd->rooms->room, at);
	if (sum->people > crowd->peak) {
		crowd->peak = sum->people;
		crowd->peak_at = at;
		crowd->is_partial = sum->is_partial;
	}
	int r = sum->people >= 0 ? daily_take(&crowd->daily, date, sum->people) : 0;
	return r == 0 && sum->is_partial ? daily_take(&crowd->daily, date, SERIES_MISSING) : r;
}

int crowd_make(struct crowd *crowd, const struct subject *rooms, size_t count) {
	struct standing *standings = calloc(count, sizeof(*standings));
	usec_t at = USEC_INFINITY, midnight = INT64_MIN;
	int r = standings ? 0 : -ENOMEM;

	*crowd = (struct crowd){.rooms = rooms, .count = count, .peak = -1};
	for (size_t i = 0; r == 0 && i < count; i++) {
		walk_begin(&standings[i].walk, rooms[i].series, &rooms[i].room->coverage, rooms[i].from, rooms[i].to);
		go_on(&standings[i]);
		at = standings[i].now.start < at ? standings[i].now.start : at;
	}
	while (r == 0 && at != USEC_INFINITY) {
		struct sum sum = sum_at(standings, count, at);
		if (sum.people >= 0 || sum.is_partial) {
			r = take(crowd, &sum, at);
			/* What goes on is of the next day as well. */
			midnight = midnight > at ? midnight : room_midnight(rooms->room, at);
			sum.until = midnight < sum.until ? midnight : sum.until;
		}
		at = sum.until;
	}
	free(standings);
	return r;
}

void crowd_done(struct crowd *crowd) {
	daily_done(&crowd->daily);
}
