// SPDX-License-Identifier: ISC

#include "daemon/poller.h"

#include "daemon/ask.h"
#include "daemon/member.h"
#include "daemon/mend.h"
#include "daemon/poller-private.h"
#include "daemon/probe.h"
#include "daemon/reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A device that waits for the time is asked for again no sooner: one request at a time finds it out. */
#define HELD_WAIT (5 * USEC_PER_MIN)

struct access *access_of(const struct poll *poll) {
	/* Lanes live in accesses and nowhere else. */
	return (struct access *)((char *)poll->lane - offsetof(struct access, lane));
}

/* Life */

/* Returns 0 or -errno; then the configuration is the caller's. */
static int join(struct poller *poller, struct error *err) {
	int r = member_new(poller, &poller->member, err);
	if (r == 0 && member_bind(poller) < 0) {
		r = error_set(err, ENOMEM, "out of memory");
	}
	if (r < 0) {
		roll_release(&poller->roll, NULL);
		poller->roll = (struct roll){0};
	}
	return r;
}

int poller_new(struct config *config, struct http *http, struct sink *sink, bool once,
               struct poller **ret_poller, struct error *err) {
	struct poller *poller = calloc(1, sizeof(*poller));
	if (!poller) {
		return error_set(err, ENOMEM, "out of memory");
	}
	poller->http = http;
	poller->sink = sink;
	poller->once.wanted = once;
	poller->report.status.last_record = INT64_MIN;
	rng_init(&poller->rng, rng_random_seed());
	answer_init(&poller->answer);
	buf_init(&poller->report.lanes, 2048);
	storage_init(&poller->storage, config->log.directory, config->state_directory);
	clock_read(poller);
	poller->clockwork.offset = poller->wall - poller->now;
	poller->once.wall = poller->wall;

	poller->state_directory = strdup(config->state_directory);
	int r = poller->state_directory ? roll_init(&poller->roll, config, once, poller->now, poller->wall, err)
	                                : error_set(err, ENOMEM, "out of memory");
	if (r == 0 && config->cluster.name) {
		r = join(poller, err);
	}
	if (r < 0) {
		poller_free(poller);
		return r;
	}
	*ret_poller = poller;
	return 0;
}

void poller_free(struct poller *poller) {
	if (poller) {
		http_cancel_all(poller->http);
		backfill_done(&poller->backfill);
		member_free(poller->member);
		roll_done(&poller->roll, poller->http);
		orphans_done(&poller->orphans);
		answer_done(&poller->answer);
		buf_done(&poller->report.lanes);
		batch_done(&poller->batch);
		free(poller->state_directory);
		free(poller);
	}
}

const struct config *poller_config(const struct poller *poller) {
	return poller->roll.config;
}

struct storage *poller_storage(struct poller *poller) {
	return &poller->storage;
}

/* Planning */

void poller_retry(struct poller *poller, struct poll *poll, usec_t wait) {
	lane_wait(poll->lane, poll, poller->now + wait, false);
}

/* When the next window is due, on the monotonic clock. */
static usec_t due_at(const struct poller *poller, const struct poll *poll) {
	if (clock_holds(poll)) {
		return poller->now + HELD_WAIT;
	}
	usec_t due = span_due(poll->device->settings, poll->cursor, poll_spread(poll->device));
	return poller->now + (due - (poller->wall - skew_ahead(&access_of(poll)->clock.skew)));
}

static bool is_behind(const struct poller *poller, const struct poll *poll) {
	return span_closed(poll->device->settings, clock_poll_horizon(poller, poll)) > poll->cursor;
}

/* With once: whether there may be more to record, should the clock turn out to be right, or the cursor not to be. */
static bool may_be_behind(const struct poller *poller, const struct poll *poll) {
	bool ahead = poll->unproven && poll->cursor > clock_poll_horizon(poller, poll) + CLOCK_SLACK;
	bool behind = span_closed(poll->device->settings, poller->once.wall) > poll->cursor;
	return clock_is_in_question(access_of(poll)) && (ahead || behind);
}

/* Whether there is something to ask for that does not wait for a window's end. */
static bool can_ask_now(const struct poller *poller, const struct poll *poll, usec_t horizon) {
	if (clock_holds(poll)) {
		return false;
	}
	if (poller->once.wanted || (poll_in_doubt(poll) && is_behind(poller, poll))) {
		return is_behind(poller, poll);
	}
	return span_is_backlog(poll->device->settings, poll->cursor, horizon);
}

void poller_plan(struct poller *poller, struct poll *poll) {
	usec_t horizon = clock_poll_horizon(poller, poll);
	if (chain_is_elsewhere(poll)) {
		lane_wait(poll->lane, poll, poller->now, false); /* to be refused; until then nothing is asked for again, either */
	} else if (can_ask_now(poller, poll, horizon)) {
		lane_ready(poll->lane, poll, poller->now, horizon);
	} else if (!poller->once.wanted || clock_holds(poll)) {
		lane_wait(poll->lane, poll, due_at(poller, poll), true);
	} else if (may_be_behind(poller, poll)) {
		lane_wait(poll->lane, poll, USEC_INFINITY, true);
	} else {
		once_stop(poller, poll, true);
	}
}

/* Whatever is closed is asked for at once, without waiting for the window's end. */
static void file_first(struct poller *poller, struct poll *poll) {
	if (is_behind(poller, poll)) {
		lane_ready(poll->lane, poll, poller->now, clock_poll_horizon(poller, poll));
	} else {
		poller_plan(poller, poll);
	}
}

void poller_file(struct poller *poller, const struct access *access) {
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		struct poll *poll = &poller->roll.polls[i];
		if (poll->lane == &access->lane && poll->phase == POLL_HELD) {
			file_first(poller, poll);
		}
	}
}

void poller_start(struct poller *poller) {
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		clock_start(poller, &poller->roll.accesses[i]);
	}
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		file_first(poller, &poller->roll.polls[i]);
	}
	/* The first checkpoint says where devices without a record began. */
	poller->unsaved = true;
	poller->changed = true;
}

void poller_replan(struct poller *poller, struct access *access) {
	struct queue *waiting = &access->lane.waiting;
	for (size_t i = 0; i < waiting->len; i++) {
		struct poll *poll = waiting->heap[i];
		if (poll->timed) {
			poll->key = poller->once.wanted ? poller->now : due_at(poller, poll);
		}
	}
	queue_reorder(waiting);
}

/* Turns */

/* In a cluster an account is let go where the disk fails. */
static bool is_paused(struct poller *poller) {
	return poller->member ? storage_fails(&poller->storage, STORAGE_LOG) : outage_pauses(poller);
}

static void send_due(struct poller *poller) {
	clock_go_on(poller);
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		struct access *access = &poller->roll.accesses[i];
		struct poll *poll;
		lane_collect(&access->lane, poller->now, clock_horizon(poller, access));
		probe_turn(poller, access);
		while (!poller->draining && !is_paused(poller) &&
		       (poll = lane_take(&access->lane, poller->now))) {
			ask_news(poller, access, poll);
		}
	}
}

/* What has just been recorded, and what is due now, is filed: only what is left of the turn is spare. */
static void send_rechecks(struct poller *poller) {
	clock_go_on(poller);
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		struct access *access = &poller->roll.accesses[i];
		ask_again(poller, access);
	}
}

/* A refused account whose files have changed may try at once. */
static void look_at_keys(struct poller *poller) {
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		struct access *access = &poller->roll.accesses[i];
		if (access_changed(access, poller->now)) {
			access_refresh(access, poller->http, poller->now);
		}
	}
}

static usec_t earlier(usec_t a, usec_t b) {
	return a < b ? a : b;
}

static usec_t next_poll(const struct poller *poller) {
	usec_t next = USEC_INFINITY;
	bool paused = storage_fails(&poller->storage, STORAGE_LOG);
	if (poller->draining || (paused && !poller_idle(poller))) {
		return USEC_INFINITY; /* until a reply comes */
	}
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		const struct access *access = &poller->roll.accesses[i];
		next = earlier(next, lane_next(&access->lane));
		next = earlier(next, access_next(access));
		next = earlier(next, probe_next(poller, access));
	}
	if (poller->backfill.len > 0) {
		next = earlier(next, poller->backfill.look_at);
	}
	return paused && next < poller->outage.retry_at ? poller->outage.retry_at : next;
}

static usec_t next_turn(const struct poller *poller) {
	usec_t next = next_poll(poller);
	return poller->member ? earlier(next, member_next(poller)) : next;
}

usec_t poller_turn(struct poller *poller) {
	struct http_reply reply;

	clock_read(poller);
	clock_follow(poller);
	while (http_next(poller->http, &reply)) {
		reply_take(poller, &reply);
	}
	look_at_keys(poller);
	if (poller->member) {
		member_turn(poller);
	}
	send_due(poller);
	commit_write(poller);
	mend_cursors(poller);
	if (poller->backfill.len > 0) {
		backfill_turn(poller);
	}
	send_rechecks(poller);
	return next_turn(poller);
}

void poller_drain(struct poller *poller) {
	poller->draining = true;
}

bool poller_ended(const struct poller *poller) {
	return poller_idle(poller) && (!poller->member || member_is_idle(poller));
}

bool poller_idle(const struct poller *poller) {
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		if (poller->roll.accesses[i].lane.in_flight > 0) {
			return false;
		}
	}
	return true;
}
