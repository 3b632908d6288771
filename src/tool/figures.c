// SPDX-License-Identifier: ISC

#include "tool/figures.h"

#include "base/array.h"
#include "base/utc.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Days */

/* Makes the date one of those that it has. */
static int reach(struct daily *daily, int64_t date) {
	size_t len = daily->len == 0 ? 1 : (size_t)(date - daily->first) + 1, size = daily->size, again = daily->size;
	int r = array_reserve(&daily->peak, &size, len, sizeof(*daily->peak));
	r = r < 0 ? r : array_reserve(&daily->is_partial, &again, len, sizeof(*daily->is_partial));
	if (r < 0) {
		return r;
	}
	daily->size = size < again ? size : again;
	daily->first = daily->len == 0 ? date : daily->first;
	for (; daily->len < len; daily->len++) {
		daily->peak[daily->len] = -1;
		daily->is_partial[daily->len] = false;
	}
	return 0;
}

int daily_take(struct daily *daily, int64_t date, int64_t count) {
	if (daily->len == 0 || date >= daily->first + (int64_t)daily->len) {
		int r = reach(daily, date);
		if (r < 0) {
			return r;
		}
	}
	/* What begins on an earlier day than the first is only a clock that has been set back. */
	size_t at = date > daily->first ? (size_t)(date - daily->first) : 0;
	daily->peak[at] = count > daily->peak[at] ? count : daily->peak[at];
	daily->is_partial[at] |= count < 0;
	return 0;
}

double daily_mean(const struct daily *daily, int weekday) {
	double sum = 0;
	int count = 0;
	for (size_t i = 0; i < daily->len; i++) {
		if (utc_weekday(daily->first + (int64_t)i) == weekday && daily->peak[i] >= 0) {
			sum += (double)daily->peak[i];
			count++;
		}
	}
	return count > 0 ? sum / count : NAN;
}

void daily_done(struct daily *daily) {
	free(daily->peak);
	free(daily->is_partial);
	*daily = (struct daily){0};
}

/* Adding up */

/* What is the same for all of a room's counts. */
struct making {
	struct figures *figures;
	const struct room *room;
	const struct hours *hours;
	int64_t capacity;
	struct zone_period period; /* of the instant that was looked at last */
};

static usec_t local_at(struct making *making, usec_t instant) {
	if (instant < making->period.start || instant >= making->period.end) {
		zone_period_at(making->room->zone, instant, &making->period);
	}
	return instant + making->period.offset_s * USEC_PER_SEC;
}

static int fullness(int64_t count, int64_t capacity) {
	double share = (double)count / (double)capacity;
	if (count == 0) {
		return FULL_EMPTY;
	}
	return share > 1 ? FULL_OVER : share > 0.75 ? FULL_ALL : share > 0.5 ? FULL_MOST : share > 0.25 ? FULL_HALF : FULL_QUARTER;
}

static void add(struct use *use, const struct making *making, int64_t count, usec_t length) {
	use->people += (double)count * ((double)length / (double)USEC_PER_SEC);
	use->known += length;
	use->used += count > 0 ? length : 0;
	if (making->capacity > 0) {
		use->full[fullness(count, making->capacity)] += length;
	}
}

/* A count, cut where the hour, the offset or the working hours change. */
static void add_count(struct making *making, const struct stride *bucket) {
	struct figures *figures = making->figures;
	usec_t end;

	add(&figures->all, making, bucket->count, bucket->end - bucket->start);
	for (usec_t at = bucket->start; at < bucket->end; at = end) {
		usec_t local = local_at(making, at);
		int64_t date = utc_date(local);
		int day = utc_weekday(date);
		usec_t time = local - date * USEC_PER_DAY, next = hours_next(making->hours, day, time);
		usec_t hour = (time / USEC_PER_HOUR + 1) * USEC_PER_HOUR;
		end = at + (next < hour ? next : hour) - time;
		end = end < bucket->end ? end : bucket->end;
		end = end < making->period.end ? end : making->period.end;
		if (hours_hold(making->hours, day, time)) {
			add(&figures->working, making, bucket->count, end - at);
		}
		figures->week[day][time / USEC_PER_HOUR] += (double)bucket->count * ((double)(end - at) / (double)USEC_PER_SEC);
		figures->week_known[day][time / USEC_PER_HOUR] += end - at;
	}
}

/* A gap, or what is missing. */
static int add_run(struct making *making, const struct stride *run) {
	struct figures *figures = making->figures;
	uint64_t buckets = room_buckets(making->room, run->start, run->end);
	int64_t last = utc_date(local_at(making, run->end - 1));
	int r = 0;

	figures->expected += buckets;
	*(run->count == SERIES_GAP ? &figures->in_gaps : &figures->missing) += buckets;
	for (int64_t date = utc_date(local_at(making, run->start)); r == 0 && date <= last; date++) {
		r = daily_take(&figures->daily, date, run->count);
	}
	return r;
}

static int add_bucket(struct making *making, const struct stride *bucket) {
	struct figures *figures = making->figures;

	figures->expected++;
	if (bucket->count < 0) {
		figures->no_data++;
	} else {
		figures->counted++;
		add_count(making, bucket);
		if (bucket->count > figures->peak) {
			figures->peak = bucket->count;
			figures->peak_at = bucket->start;
		}
	}
	return daily_take(&figures->daily, utc_date(local_at(making, bucket->start)), bucket->count);
}

int figures_make(struct figures *figures, const struct room *room, const struct series *series, const struct hours *hours,
                 int64_t capacity, usec_t from, usec_t to) {
	struct making making = {.figures = figures, .room = room, .hours = hours, .capacity = capacity};
	struct walk walk;
	struct stride next;
	int r = 0;

	*figures = (struct figures){.peak = -1};
	walk_begin(&walk, series, &room->coverage, from, to);
	while (r == 0 && walk_next(&walk, &next)) {
		r = next.count == SERIES_GAP || next.count == SERIES_MISSING ? add_run(&making, &next) : add_bucket(&making, &next);
	}
	return r;
}

void figures_done(struct figures *figures) {
	daily_done(&figures->daily);
}

/* The figures themselves */

static double by_time(double people, usec_t time) {
	return time > 0 ? people / ((double)time / (double)USEC_PER_SEC) : NAN;
}

double use_mean(const struct use *use) {
	return by_time(use->people, use->known);
}

double use_when_used(const struct use *use) {
	return by_time(use->people, use->used);
}

double use_frequency(const struct use *use) {
	return use->known > 0 ? (double)use->used / (double)use->known : NAN;
}

double use_utilisation(const struct use *use, int64_t capacity) {
	return capacity > 0 ? use_mean(use) / (double)capacity : NAN;
}

double figures_hour(const struct figures *figures, int day, int hour) {
	return by_time(figures->week[day][hour], figures->week_known[day][hour]);
}

double figures_weekday(const struct figures *figures, int day) {
	double people = 0;
	usec_t known = 0;
	for (int hour = 0; hour < 24; hour++) {
		people += figures->week[day][hour];
		known += figures->week_known[day][hour];
	}
	return by_time(people, known);
}

double figures_completeness(const struct figures *figures) {
	return figures->expected > 0 ? (double)figures->counted / (double)figures->expected : NAN;
}
