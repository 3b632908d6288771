// SPDX-License-Identifier: ISC

#include "people.h"

#include "backup.h"
#include "base/utc.h"
#include "disk.h"
#include "haunt.h"
#include "ledger.h"
#include "os.h"
#include "store.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

/* The daemon's clock is off by no more than that. */
#define FAR_OFF (25 * INT64_C(366) * USEC_PER_DAY)

/* The current log's name; NULL if there is none, nothing in it, or a doom that might undo what is done to it. */
static const char *current_log(void) {
	static const char *const names[] = {"occupancy.ndjson", "occupancy.csv"};
	for (size_t i = 0; i < 2 && node->doom == DOOM_NONE; i++) {
		const struct inode *inode = disk_look_up(&disk->log.now, names[i]);
		if (inode && inode->size > 0) {
			return names[i];
		}
	}
	return NULL;
}

/*
 * Without a checkpoint the log is all there is to go by, so it must be whole: nothing taken
 * by outsiders, nothing removed by retention.
 */
static void lose_checkpoint(void) {
	struct inode *inode = disk_look_up(&disk->state.now, "checkpoint");
	if (node->losing == LOSS_NONE || !inode || inode->size == 0 || node->meddled || disk->attic_len > 0) {
		return;
	}
	if (node->losing == LOSS_GONE) {
		disk_rename(&disk->state, "checkpoint", "");
		disk_sync_directory(&disk->state);
	} else {
		inode->data[dice_below(&world->os, (int64_t)inode->size)] ^= 1;
		node->damages++;
	}
	world_note("the checkpoint is %s", node->losing == LOSS_GONE ? "gone" : "damaged");
	node->losing = LOSS_NONE;
	ledger_unsettle();
}

static void begin_doom(const struct event *event, enum doom doom) {
	if (!node->alive || node->outsider >= 2 || node->doom != DOOM_NONE) {
		return; /* what outsiders took cannot be read back */
	}
	node->doom = doom;
	node->doom_operations = event->arg;
	node->doom_at = world->now + 2 * USEC_PER_MIN;
	usec_t longest = plan->quiet - world->now;
	node->off = event->arg2 < longest ? event->arg2 : longest;
}

/* One file that was moved is found again by its inode; more, or one that is gone, cannot be read back. */
static void meddle(int how_much) {
	node->outsider += how_much;
	node->meddled = true;
}

static void move_log(bool create) {
	const char *name = current_log();
	char to[DISK_NAME_SIZE];
	if (!name || !node->alive) {
		return;
	}
	do {
		(void)snprintf(to, sizeof(to), "%s.%u", name, ++node->moves);
	} while (disk_look_up(&disk->log.now, to));
	disk_rename(&disk->log, name, to);
	if (create) {
		(void)disk_create(&disk->log, name);
	}
	meddle(1);
}

static void remove_log(void) {
	const char *name = current_log();
	if (name && node->alive) {
		disk_keep(name, disk_look_up(&disk->log.now, name));
		disk_rename(&disk->log, name, "");
		meddle(2);
	}
}

void people_empty_log(void) {
	const char *name = current_log();
	node->emptying = false;
	if (name) {
		struct inode *inode = disk_look_up(&disk->log.now, name);
		disk_keep_copy(name, inode);
		disk_cut(inode, 0);
		disk_sync(inode);
		meddle(2);
	}
}

/* Without a Date nobody can know that the clock is ahead, or years late. */
static void step_clock(usec_t by) {
	usec_t to = node->wall_offset + by;
	usec_t most = plan->without_date ? 2 * USEC_PER_SEC : FAR_OFF;
	usec_t least = plan->without_date ? -USEC_PER_HOUR : -FAR_OFF;
	to = to > most ? most : to < least ? least : to;
	world_step(to - node->wall_offset);
	/* What has not begun does so at the same time, by the new clock. */
	ledger_configured(node->version);
	world_note("the daemon's clock is off by %lld us", (long long)node->wall_offset);
}

/* The others go on, and so does the time. */
static void pause_node(usec_t length) {
	usec_t until = world->now + length;
	usec_t before = node->paused_until > world->now ? node->paused_until : world->now;
	node->asleep += until > before ? until - before : 0;
	node->paused_until = until > node->paused_until ? until : node->paused_until;
	world_note("paused until %s", world_time(node->paused_until));
}

/* The machine sleeps; what the plan holds for that time happens when it wakes. */
static void suspend(usec_t length) {
	usec_t longest = plan->quiet - world->now;
	length = length < longest ? length : longest;
	if (nodes->count > 1) {
		pause_node(length);
		return;
	}
	node->asleep += length;
	world->now += length;
	world_note("resumed after %lld us", (long long)length);
}

void people_stop(void) {
	if (node->alive && node->stop_asked == USEC_INFINITY) {
		node->sig_stop = true;
		node->stop_asked = world->now;
		node->off = 0;
	}
}

static void stop_for_a_while(const struct event *event) {
	if (node->alive && node->outsider < 2 && node->stop_asked == USEC_INFINITY) {
		people_stop();
		usec_t longest = plan->quiet - world->now;
		node->off = event->arg2 < longest ? event->arg2 : longest;
	}
}

/* As the tool does it: whole and durable, then the daemon is told. */
static void place_order(const struct event *event) {
	const struct setup *setup = &setups->versions[0];
	const struct setup_device *device = &setup->devices[event->arg % setup->device_count];
	char name[DISK_NAME_SIZE], text[512], from[UTC_STRING_SIZE], to[UTC_STRING_SIZE];

	disk->spool.path = DISK_SPOOL;
	(void)snprintf(name, sizeof(name), "%04d.order", (int)(event - plan->events));
	(void)snprintf(text, sizeof(text), "occupancyd-backfill 1\n%s %s %s %s\n", device->uuid,
	               granularity_name(device->granularity), utc_format(from, world->now - event->arg2),
	               utc_format(to, world->now - event->arg2 / 4));
	struct inode *inode = disk_create(&disk->spool, name);
	disk_append(inode, text, strlen(text));
	disk_sync(inode);
	disk_sync_directory(&disk->spool);
	node->sig_reload = node->alive;
}

/* What is on of those that may be on twice. */
static void set_weather(void) {
	const struct event *event;
	for (int i = 0; i < nodes->count; i++) {
		struct node *before = node_enter(&nodes->all[i]);
		event = plan_active(EVENT_PARTITION, -1);
		node->asks_lost = event && event->arg == 0;
		node->answers_lost = event;
		(void)node_enter(before);
	}
	weather->permille_mute = (event = plan_active(EVENT_MUTE, -1)) ? (int)event->arg : 0;
	weather->permille_late = (event = plan_active(EVENT_DELAY, -1)) ? (int)event->arg : 0;
	weather->no_quorum = plan_active(EVENT_NO_QUORUM, -1);
	weather->space_alarm = plan_active(EVENT_NO_SPACE, -1);
}

static void update(void) {
	if (node->version != setups->current && !node->broken) {
		node->version = setups->current;
		setup_write(false);
		node->sig_reload = node->alive;
	}
}

void people_begin(struct event *event) {
	switch (event->kind) {
	case EVENT_DISK_FULL:
		disk->capacity = disk->used + event->arg;
		break;
	case EVENT_STEP:
		step_clock(event->arg);
		break;
	case EVENT_PAUSE:
		pause_node(event->arg);
		break;
	case EVENT_PARTITION:
	case EVENT_MUTE:
	case EVENT_DELAY:
	case EVENT_NO_QUORUM:
	case EVENT_NO_SPACE:
		set_weather();
		break;
	case EVENT_OLD_STORE:
		store_save();
		break;
	case EVENT_UPDATE:
		update();
		break;
	case EVENT_HAUNT:
		node->haunting = event->arg;
		break;
	case EVENT_LATE_SERVER:
		world->server_late = event->arg;
		world->most_late = event->arg > world->most_late ? event->arg : world->most_late;
		break;
	case EVENT_SUSPEND:
		suspend(event->arg);
		break;
	case EVENT_CRASH:
		begin_doom(event, DOOM_CRASH);
		break;
	case EVENT_KILL:
		begin_doom(event, DOOM_KILL);
		break;
	case EVENT_STOP:
		stop_for_a_while(event);
		break;
	case EVENT_ROTATE:
		node->sig_rotate = node->alive;
		break;
	case EVENT_RELOAD:
		setup_mutate((enum mutation)event->arg, (uint64_t)event->arg2);
		node->sig_reload = node->alive;
		break;
	case EVENT_ORDER:
		place_order(event);
		break;
	case EVENT_BROKEN:
		setup_write(true);
		node->sig_reload = node->alive;
		break;
	case EVENT_SYNC_FAILS:
		node->sync_fails = true;
		break;
	case EVENT_STALE:
		world->stale[event->account] = (struct stale){.last = world->connections, .silent = event->arg == 0};
		break;
	case EVENT_MOVE:
		move_log(event->arg == 1);
		break;
	case EVENT_RESTORE:
		backup_take();
		break;
	case EVENT_EMPTY:
		node->emptying = node->alive;
		break;
	case EVENT_REMOVE:
		remove_log();
		break;
	case EVENT_LOSE:
		node->losing = event->arg ? LOSS_DAMAGE : LOSS_GONE;
		break;
	default:
		break;
	}
}

/* Whether nothing else has happened for that long, to a daemon that was up. */
static bool is_calm(const struct event *event, usec_t length) {
	usec_t since = world->now - length;
	for (int i = 0; i < plan->len; i++) {
		const struct event *other = &plan->events[i];
		if (other != event && other->begun && !other->left_out && other->until >= since) {
			return false;
		}
	}
	return node->alive && event->at < since && node->life_began < since && plan->permille_lost == 0;
}

/* One bad bucket holds up none of those that come after it, once they are over by the daemon's clock, too. */
static void check_passed(const struct event *event) {
	usec_t over = world_wall() < world->now ? world_wall() : world->now;
	const struct setup *setup = &setups->versions[node->version];
	const char *uuid = setups->versions[0].devices[event->arg % setups->versions[0].device_count].uuid;
	for (int i = 0; i < setup->device_count && nodes->count == 1 && is_calm(event, USEC_PER_HOUR); i++) {
		const struct setup_device *device = &setup->devices[i];
		const struct series *series = ledger_series(device->uuid, (int)device->granularity);
		usec_t ripe = event->at + 8 * setup_bucket(device) + device->settle + device->window;
		if (strcmp(device->uuid, uuid) == 0 && device->present && ripe < over - USEC_PER_HOUR &&
		    series->asked_end <= event->at) {
			world_violation("poison: expected %s %s to be asked for beyond %s, where a bucket fails, but "
			                "it was not until %s", uuid, granularity_name(device->granularity),
			                world_time(event->at), world_time(world->now));
		}
	}
}

void people_end(struct event *event) {
	switch (event->kind) {
	case EVENT_LATE_SERVER:
		world->server_late = 0;
		break;
	case EVENT_PARTITION:
	case EVENT_MUTE:
	case EVENT_DELAY:
	case EVENT_NO_QUORUM:
	case EVENT_NO_SPACE:
		set_weather();
		break;
	case EVENT_OLD_STORE:
		store_restore(world->now);
		world_note("the store is as it was");
		break;
	case EVENT_POISON:
		check_passed(event);
		break;
	case EVENT_DISK_FULL:
		disk->capacity = INT64_MAX;
		break;
	case EVENT_REFUSAL:
		if (event->arg == 1) {
			setup_new_key(event->account);
		}
		break;
	case EVENT_BROKEN:
		setup_write(false);
		node->sig_reload = node->alive;
		break;
	case EVENT_RESTORE:
		if (backup_want()) {
			stop_for_a_while(&(struct event){.arg2 = USEC_PER_MIN});
		}
		break;
	default:
		break;
	}
}

void people_calm(void) {
	if (node->wall_offset != 0) {
		step_clock(-node->wall_offset);
	}
	world->server_late = 0;
	disk->capacity = INT64_MAX;
	node->sync_fails = false;
	node->emptying = false;
	if (node->broken) {
		setup_write(false);
		node->sig_reload = node->alive;
	}
	if (os->outdated) {
		node->sig_reload = node->alive; /* what a bad disk refused */
	}
	if (nodes->cluster) {
		update();
	}
}

void people_checkpoint_saved(void) {
	node->outsider = 0;
}

void people_before_start(void) {
	if (!backup_restore()) {
		if (node->haunting > 0) {
			haunt_log(node->haunting);
		}
		lose_checkpoint();
	}
	node->haunting = 0;
	if (node->broken) {
		setup_write(false);
	}
}
