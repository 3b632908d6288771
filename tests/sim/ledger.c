// SPDX-License-Identifier: ISC

#include "ledger.h"

#include "arena.h"
#include "disk.h"
#include "edges.h"
#include "plan.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was halved is doubled as often, with each answer that is recorded, after a while at that size. */
enum { NARROW = 40 };

struct ledger *ledger;

void ledger_init(void) {
	ledger = node->ledger = arena_new(sizeof(*ledger));
}

struct series *ledger_series(const char *uuid, int granularity) {
	for (int i = 0; i < ledger->len; i++) {
		struct series *series = &ledger->series[i];
		if (series->granularity == granularity && strcmp(series->uuid, uuid) == 0) {
			return series;
		}
	}
	if (ledger->len == SERIES_MAX) {
		fputs("sim: too many series\n", stderr);
		exit(2);
	}
	struct series *series = &ledger->series[ledger->len++];
	(void)snprintf(series->uuid, sizeof(series->uuid), "%s", uuid);
	series->granularity = granularity;
	return series;
}

/* As the manual has it: the last bucket that is closed and settled, or backfill_from. */
static usec_t first_cursor(const struct setup_device *device, usec_t wall) {
	int grid = (int)setup_grid(device);
	usec_t closed = edges_floor(device->zone, grid, wall - device->settle);
	usec_t from = edges_floor(device->zone, grid, closed - 1);

	if (device->backfill_ago >= 0) {
		from = wall - device->backfill_ago;
		usec_t edge = edges_floor(device->zone, grid, from);
		from = edge == from ? from : edges_next(device->zone, grid, from);
	}
	return from;
}

static void add_beginning(struct series *series, usec_t cursor) {
	for (int i = 0; i < series->beginnings_len; i++) {
		if (series->beginnings[i] == cursor) {
			return;
		}
	}
	if (series->beginnings_len < BEGINNINGS_MAX) {
		series->beginnings[series->beginnings_len++] = cursor;
	}
}

/*
 * By the true time, as far as a Date tells it; by the daemon's clock where there is none, and the
 * server's where that is late.
 */
static void add_beginnings(struct series *series, const struct setup_device *device) {
	usec_t blur = 3 * USEC_PER_SEC + 2 * plan->latency;
	usec_t now = plan->without_date ? world_wall() : world->now;
	add_beginning(series, first_cursor(device, now));
	add_beginning(series, first_cursor(device, now - blur));
	add_beginning(series, first_cursor(device, now + blur));
	/* A device that has not begun keeps its time over a reload, and begins by its new settings. */
	if (series->life != world_life()) {
		series->life = world_life();
		series->configured = world->now;
	}
	add_beginning(series, first_cursor(device, series->configured + (now - world->now)));
	if (world->server_late > 0) {
		add_beginning(series, first_cursor(device, now - world->server_late));
	}
}

void ledger_configured(int version) {
	const struct setup *setup = &setups->versions[version];
	for (int i = 0; i < setup->device_count; i++) {
		const struct setup_device *device = &setup->devices[i];
		if (device->present) {
			struct series *series = ledger_series(device->uuid, (int)device->granularity);
			if (!series->begun) {
				add_beginnings(series, device);
			}
		}
	}
}

static bool mentions(const struct inode *inode, const char *uuid, const char *interval) {
	char wanted[128];
	(void)snprintf(wanted, sizeof(wanted), "poll %s %s ", uuid, interval);
	return inode && inode->size > 0 && memmem(inode->data, inode->size, wanted, strlen(wanted));
}

void ledger_settle(void) {
	/* In a cluster the one that began the chain had the first word: which of them that was, its first records tell. */
	if (nodes->cluster) {
		return;
	}
	const struct inode *checkpoint = disk_look_up(&disk->state.now, "checkpoint");
	for (int i = 0; i < ledger->len; i++) {
		struct series *series = &ledger->series[i];
		series->begun = series->begun ||
		                mentions(checkpoint, series->uuid,
		                         granularity_name((enum granularity)series->granularity));
	}
}

void ledger_unsettle(void) {
	for (int i = 0; i < ledger->len; i++) {
		ledger->series[i].begun = false;
	}
}

/* What comes late, many windows at once or each by itself, says nothing of the steady state. */
static bool is_late(const struct setup_device *device, const struct asked *asked, usec_t brought) {
	/* A window may be longer by an hour where the clock changes. */
	usec_t more = device->window < USEC_PER_DAY ? device->window / 2 : 2 * USEC_PER_HOUR;
	usec_t over = world->now - asked->end - device->settle;
	return brought > device->window + more || over > 2 * device->window + more;
}

/* At a start what is closed is asked for at once, without waiting for the window's end. */
static void count_steady(struct series *series, const struct asked *asked) {
	const struct setup_device *device = setup_find(asked->version, asked->uuid,
	                                               (enum granularity)asked->granularity);
	usec_t brought = asked->end - series->steady_to;
	if (!world->fault_free || series->narrow > 0 || !device || is_late(device, asked, brought) ||
	    series->steady_version != asked->version || series->steady_life != world_life()) {
		series->steady_version = asked->version;
		series->steady_life = world_life();
		series->steady_answers = 0;
		series->steady_from = series->steady_to = asked->end;
	} else if (brought > 0) {
		series->steady_answers++;
		series->steady_to = asked->end;
	}
}

/* After an hour without faults what could not be recorded has been asked for again. */
void ledger_asked(const struct asked *asked) {
	struct series *series = ledger_series(asked->uuid, asked->granularity);
	if (world->now < plan->quiet + USEC_PER_HOUR) {
		return;
	}
	series->requests++;
	if (asked->end > series->asked_end) {
		series->fresh++;
		return;
	}
	/* A part of what was asked for last is asked for to see whether an answer was cut off. */
	if (asked->start >= series->asked_start) {
		return;
	}
	if (ledger->rechecks_len < RECHECKS_KEPT) {
		ledger->rechecks[ledger->rechecks_len++] = (struct recheck){series, asked->start, asked->end, world->now};
	}
}

void ledger_answered(const struct asked *asked) {
	struct series *series = ledger_series(asked->uuid, asked->granularity);
	bool again = asked->start > series->asked_start && asked->end <= series->asked_end;
	world->figures.answers++;
	world->figures.again += again && asked->end == series->asked_end; /* and no recheck */
	/* Else it was a recheck of what is long recorded. */
	bool latest = asked->end > series->asked_end ||
	              (asked->end == series->asked_end && asked->start >= series->asked_start);
	/* Or it is of a time that has not come, by a clock that is ahead. */
	bool fresh = asked->end > series->asked_end;
	struct news *before = &series->news[(series->news_count + NEWS_KEPT - 1) % NEWS_KEPT];
	before->next = before->next == USEC_INFINITY ? world_wall() : before->next;
	if (latest && asked->end <= world->now) {
		series->asked_start = asked->start;
		series->asked_end = asked->end;
		series->asked_at = world->now;
	}
	/* What is asked for again, for its Date or for a count that was missing, looks back on nothing else. */
	if (fresh && asked->end <= world->now) {
		series->news[series->news_count++ % NEWS_KEPT] = (struct news){
			asked->start, asked->end, world->now, world_wall(), USEC_INFINITY, series->answered,
		};
	}
	series->answered = world_wall();
	bool disk_fails = plan_active(EVENT_DISK_FULL, -1) || plan_active(EVENT_DISK_ERROR, -1) ||
	                  plan_active(EVENT_DISK_FROZEN, -1);
	series->narrow -= series->narrow > 0 && fresh && !disk_fails;
	if (latest) {
		count_steady(series, asked);
	}
	/* What has come only just now looks like cut off before. */
	series->narrow = again ? NARROW : series->narrow;
}

void ledger_failed(const struct asked *asked) {
	ledger_series(asked->uuid, asked->granularity)->narrow = NARROW;
}
