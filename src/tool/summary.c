// SPDX-License-Identifier: ISC

#include "tool/summary.h"

#include "tool/devices.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The rules */
#define SMALL_SHARE 0.02
#define LARGE_SHARE 0.95
#define EMPTY_SHARE 0.12
#define OTHER_SHARE 0.5
enum { LARGE_LEAST = 8 };

/* The configuration knows better than the log. */
static int64_t capacity_of(const struct devices *devices, const struct room *room) {
	const struct device *device = devices_find_uuid(devices, room->uuid);
	return device && device->capacity > 0 ? device->capacity : room->capacity;
}

static void add_room(struct summary *summary, const struct figures *figures) {
	const struct daily *daily = &figures->daily;
	usec_t begin = daily->first * USEC_PER_DAY, end = begin + (usec_t)daily->len * USEC_PER_DAY;

	summary->counted += figures->counted;
	summary->expected += figures->expected;
	summary->no_data += figures->no_data;
	summary->in_gaps += figures->in_gaps;
	summary->missing += figures->missing;
	if (daily->len > 0) {
		summary->begin = begin < summary->begin ? begin : summary->begin;
		summary->end = end > summary->end ? end : summary->end;
	}
}

static int make_rooms(struct summary *summary, const struct tool *tool) {
	struct devices devices = {0};

	summary->rooms = calloc(summary->subjects.count + 1, sizeof(*summary->rooms));
	int r = summary->rooms ? devices_init(&devices, tool->config) : -ENOMEM;
	for (size_t i = 0; r == 0 && i < summary->subjects.count; i++) {
		struct summary_room *room = &summary->rooms[i];
		const struct subject *subject = &summary->subjects.list[i];
		room->subject = subject;
		room->capacity = capacity_of(&devices, subject->room);
		summary->count++;
		r = figures_make(&room->figures, subject->room, subject->series, &summary->hours, room->capacity, subject->from, subject->to);
		if (r == 0) {
			add_room(summary, &room->figures);
		}
	}
	devices_done(&devices);
	return r;
}

static int make_sites(struct summary *summary) {
	const struct subject *list = summary->subjects.list;
	size_t count = summary->subjects.count, next;
	int r = 0;

	summary->sites = calloc(count + 1, sizeof(*summary->sites));
	if (!summary->sites) {
		return -ENOMEM;
	}
	for (size_t i = 0; r == 0 && i < count; i = next) {
		for (next = i + 1; next < count && strcmp(list[i].site, list[next].site) == 0; next++) {
			/* of the same site */
		}
		r = crowd_make(&summary->sites[summary->site_count++], &list[i], next - i);
	}
	return r;
}

int summary_make(struct summary *summary, struct tool *tool) {
	summary->begin = INT64_MAX;
	summary->end = INT64_MIN;
	int r = subjects_read(&summary->subjects, tool);
	if (r != 0) {
		return r;
	}
	if (make_rooms(summary, tool) < 0 || make_sites(summary) < 0) {
		tool_error("%s", strerror(ENOMEM));
		return EX_OSERR;
	}
	if (summary->expected == 0) {
		tool_error("the log has nothing of that time");
		return TOOL_NO;
	}
	return 0;
}

enum finding summary_finding(const struct summary_room *room) {
	const struct use *all = &room->figures.all, *working = &room->figures.working;
	double used = (double)working->used;

	if (all->known == 0) {
		return FINDING_NONE;
	}
	if (all->used == 0) {
		return FINDING_NEVER;
	}
	if ((double)(all->used - working->used) > OTHER_SHARE * (double)all->used) {
		return FINDING_OTHER;
	}
	if (room->capacity > 0 && (double)working->full[FULL_OVER] > SMALL_SHARE * used) {
		return FINDING_SMALL;
	}
	if (working->known > 0 && used < EMPTY_SHARE * (double)working->known) {
		return FINDING_EMPTY;
	}
	double full = (double)(working->full[FULL_ALL] + working->full[FULL_OVER]);
	return room->capacity >= LARGE_LEAST && used > 0 && used - full >= LARGE_SHARE * used ? FINDING_LARGE : FINDING_NONE;
}

void summary_week(const struct summary *summary, const struct crowd *crowd, double ret[7][24]) {
	const struct summary_room *rooms = &summary->rooms[crowd->rooms - summary->subjects.list];
	for (int day = 0; day < 7; day++) {
		for (int hour = 0; hour < 24; hour++) {
			double *cell = &ret[day][hour];
			*cell = NAN;
			for (size_t i = 0; i < crowd->count; i++) {
				double mean = figures_hour(&rooms[i].figures, day, hour);
				*cell = isnan(mean) ? *cell : isnan(*cell) ? mean : *cell + mean;
			}
		}
	}
}

void summary_done(struct summary *summary) {
	for (size_t i = 0; i < summary->count; i++) {
		figures_done(&summary->rooms[i].figures);
	}
	for (size_t i = 0; i < summary->site_count; i++) {
		crowd_done(&summary->sites[i]);
	}
	free(summary->rooms);
	free(summary->sites);
	subjects_done(&summary->subjects);
	*summary = (struct summary){.count = 0};
}
