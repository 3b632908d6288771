// SPDX-License-Identifier: ISC

#include "daemon/poller-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/utc.h"
#include "request/request.h"
#include "state/checkpoint.h"
#include "status/notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A gap that has grown to this is recorded, whether or not it has ended. */
#define GAP_LONGEST (1 * USEC_PER_DAY)

/* How long a device that the flood guard caught is left alone. */
#define FLOOD_WAIT (1 * USEC_PER_HOUR)

/* A device that waits for the time is asked for again no sooner: one request at a time finds it out. */
#define HELD_WAIT (5 * USEC_PER_MIN)

/* While a long log is read back, systemd is asked for patience after so many records. */
enum { EXTEND_EVERY = 1 << 16 };
#define EXTEND_BY (30 * USEC_PER_SEC)

/* With once, an account that cannot be reached is given up after so many probes. */
enum {
	ONCE_PROBES = 3,
	/* And the log's disk after so many commits that failed. */
	ONCE_COMMITS = 5,
};

struct access *access_of(const struct poll *poll) {
	/* Lanes live in accesses and nowhere else. */
	return (struct access *)((char *)poll->lane - offsetof(struct access, lane));
}

/* Life */

int poller_new(struct config *config, struct http *http, struct sink *sink, bool once,
               struct poller **ret_poller, struct error *err) {
	struct poller *poller = calloc(1, sizeof(*poller));
	if (!poller) {
		return error_set(err, ENOMEM, "out of memory");
	}
	poller->http = http;
	poller->sink = sink;
	poller->once = once;
	poller->status.last_record = INT64_MIN;
	poller->oldest = USEC_INFINITY;
	rng_init(&poller->rng, rng_random_seed());
	points_init(&poller->points);
	fit_init(&poller->fit);
	records_init(&poller->records);
	buf_init(&poller->lanes_text, 2048);
	storage_init(&poller->storage, config->log.directory, config->state_directory);
	poller_read_clocks(poller);
	poller->clock_offset = poller->wall - poller->now;
	poller->once_wall = poller->wall;

	poller->state_directory = strdup(config->state_directory);
	int r = poller->state_directory ? roll_init(&poller->roll, config, poller, err)
	                                : error_set(err, ENOMEM, "out of memory");
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
		roll_done(&poller->roll, poller->http);
		orphans_done(&poller->orphans);
		points_done(&poller->points);
		fit_done(&poller->fit);
		records_done(&poller->records);
		buf_done(&poller->lanes_text);
		free(poller->pending);
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

/* Checkpoint */

static void restore_entry(const struct checkpoint_entry *entry, void *user) {
	struct poller *poller = user;
	struct poll *poll = roster_find(&poller->roll.roster, entry->uuid, entry->interval);
	if (!poll) {
		/* Short of memory it is forgotten, which only a device that comes back would notice. */
		(void)orphans_add(&poller->orphans, entry->uuid, entry->interval, &(struct orphan){
			.cursor = entry->cursor,
			.since = entry->since,
			.taken = entry->taken,
			.top = entry->top,
			.again = entry->again,
		});
		return;
	}
	poll->cursor = entry->cursor;
	poll->since = entry->since;
	poll->begun = poll->unproven = true;
	for (size_t i = 0; i < entry->memory_len; i++) {
		/* The end is that of the cursor at most, which must not move here. */
		(void)poll_apply(poll, &entry->memory[i], entry->cursor);
	}
	for (size_t i = 0; i < entry->runs_len; i++) {
		recheck_restore(&poll->recheck, poll->device->settings, &entry->runs[i]);
	}
	poll->taken = entry->taken;
	poll->top = entry->top;
	poll->again = entry->again;
}

/* A record that the log holds beyond the checkpoint. */
static void restore_record(const struct log_entry *entry, void *user) {
	struct poller *poller = user;
	if (++poller->restored % EXTEND_EVERY == 0) {
		notify_extend_timeout(EXTEND_BY);
	}
	poller->oldest = entry->start < poller->oldest ? entry->start : poller->oldest;
	struct poll *poll = roster_find(&poller->roll.roster, entry->uuid, entry->interval);
	if (!poll) {
		(void)orphans_add(&poller->orphans, entry->uuid, entry->interval, &(struct orphan){
			.cursor = entry->end,
			.since = poller->wall,
			.taken = entry->end,
			.top = (uint16_t)entry->revision,
		});
		return;
	}
	const struct remembered what = {
		.start = entry->start,
		.count = entry->count,
		.length_s = bucket_seconds(entry->start, entry->end),
		.revision = (uint16_t)entry->revision,
		.status = (uint8_t)entry->status,
	};
	/* A first record of what is known already was read before, or comes out of its order. */
	bool news = !poll->begun || entry->revision > 0 || entry->end > poll->cursor;
	/* If memory is short, a later correction goes unseen. */
	(void)poll_resume(poll, &what, entry->end);
	if (news) {
		/* Recorded then or later: what time it is now nobody has confirmed yet. */
		poll_watch(poll, &what, entry->end, entry->end + poll->device->settings->settle);
	}
}

/* The log older than the checkpoint: what it lacks is asked for again */

/* First records of an identity ascend, so the checkpoint's cursor tells whether it knew one. */
static enum replay_age age_of(const struct log_entry *entry, void *user) {
	const struct poller *poller = user;
	const struct poll *poll = roster_find(&poller->roll.roster, entry->uuid, entry->interval);
	const struct orphan *orphan = orphans_find(&poller->orphans, entry->uuid, entry->interval);
	if (entry->revision > 0 || !(poll ? poll->begun : orphan != NULL)) {
		return REPLAY_UNKNOWN;
	}
	return entry->end <= (poll ? poll->cursor : orphan->cursor) ? REPLAY_KNOWN : REPLAY_NEW;
}

static void forget_checkpoint(void *user) {
	struct poller *poller = user;
	poller->oldest = USEC_INFINITY;
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		poll_forget(&poller->roll.polls[i]);
	}
	orphans_done(&poller->orphans);
}

/*
 * A device that the log does not hold.  If the log goes back to before it was polled it begins
 * as it did then; else retention has removed what there was of it, and it goes on with the log.
 */
static void begin_again(const struct poller *poller, struct poll *poll) {
	const struct settings *settings = poll->device->settings;
	usec_t cursor = poll->since > poller->oldest ? span_first_cursor(settings, poll->since)
	                                             : grid_floor(&settings->bucket, poller->oldest);
	poll->cursor = cursor < poll->cursor ? cursor : poll->cursor;
	poll->begun = true;
}

static void go_on_from_log(struct poller *poller) {
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		struct poll *poll = &poller->roll.polls[i];
		bool was_known = poll->unproven;
		if (was_known && !poll->begun && poller->oldest < USEC_INFINITY) {
			begin_again(poller, poll);
		}
		/* Short of memory, a gap has another reason. */
		poll->reason = strdup("the log was older than the checkpoint at a start");
	}
}

/*
 * 1 with a position to read the log from; 0 if all of it is to be read, with a sentence
 * if that is because of damage; or -errno.
 */
static int restore_checkpoint(struct poller *poller, struct sink_position *ret_position,
                              struct error *damage, struct error *err) {
	const char *directory = poller->state_directory;
	struct error why_not;
	int r = checkpoint_read(directory, restore_entry, poller, ret_position, &why_not);

	switch (r) {
	case 0:
		return 1;
	case -ENOENT:
		return 0;
	case -EBADMSG:
		*damage = why_not;
		return checkpoint_set_aside(directory, poller->wall, err);
	default:
		*err = why_not;
		return r;
	}
}

static void tell_records(const struct poller *poller, size_t records, bool from_checkpoint,
                         const struct error *damage) {
	const char *log = poller->roll.config->log.directory;
	const char *plural = records == 1 ? "" : "s";

	if (damage->text[0]) {
		log_warning("%s: set aside, and rebuilt from the log: %zu record%s in %s", damage->text,
		            records, plural, log);
	} else if (!from_checkpoint && records > 0) {
		log_warning("%s/checkpoint: missing: rebuilt from the log: %zu record%s in %s",
		            poller->state_directory, records, plural, log);
	} else if (records > 0) {
		log_info("%s: %zu record%s found beyond the last checkpoint", log, records, plural);
	}
}

static void tell_place(const struct poller *poller, const struct replay *replay) {
	const char *log = poller->roll.config->log.directory;
	const char *plural = replay->records == 1 ? "" : "s";

	if (replay->place == REPLAY_OLDER) {
		log_warning("%s: the log is older than the checkpoint (restored from a backup, or its file system "
		            "was not mounted for a while?): %zu record%s read; what comes after them is asked for "
		            "again, or a gap record says that it could not be had",
		            log, replay->records, plural);
		return;
	}
	if (replay->place == REPLAY_LOST) {
		log_warning("%s: the last records before the checkpoint are in no file here (moved or removed, or its "
		            "file system is not mounted?): they are not asked for again",
		            log);
	}
	tell_records(poller, replay->records, true, &(struct error){{0}});
}

static void tell_oddities(const struct poller *poller, const struct replay *replay) {
	const char *log = poller->roll.config->log.directory;

	if (replay->odd > 0) {
		log_warning("%s/%s: byte %lld: not a record of occupancyd; %zu such line%s in the log, "
		            "left as they are",
		            log, replay->odd_file, (long long)replay->odd_at, replay->odd,
		            replay->odd == 1 ? "" : "s");
	}
	if (replay->damaged > 0) {
		log_warning("%s/%s: damaged, cannot be read to its end: records that stood there may "
		            "come again",
		            log, replay->damaged_file);
	}
}

int poller_restore(struct poller *poller, struct error *err) {
	struct replay replay = {
		.visit = restore_record,
		.age_of = age_of,
		.forget = forget_checkpoint,
		.user = poller,
	};
	struct sink_position position;
	struct error damage = {{0}};

	int from = restore_checkpoint(poller, &position, &damage, err);
	if (from < 0) {
		return from;
	}
	int r = sink_recover(poller->sink, from > 0 ? &position : NULL, USEC_UNKNOWN, &replay, err);
	if (r < 0) {
		return r;
	}
	if (replay.place == REPLAY_OLDER) {
		go_on_from_log(poller);
	}
	if (from > 0) {
		tell_place(poller, &replay);
	} else {
		tell_records(poller, replay.records, false, &damage);
	}
	tell_oddities(poller, &replay);
	return 0;
}

int poller_save(struct poller *poller, struct error *err) {
	if (!poller->unsaved && poller->saved_generation == sink_generation(poller->sink)) {
		return 0;
	}
	struct checkpoint_writer *writer;
	struct sink_position position = sink_position(poller->sink);
	unsigned generation = sink_generation(poller->sink);
	usec_t now;
	if (poller_true_time(poller, &now)) {
		orphans_expire(&poller->orphans, now);
	}
	int r = checkpoint_begin(&position, &writer);
	if (r < 0) {
		return error_set(err, -r, "out of memory");
	}
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		const struct poll *poll = &poller->roll.polls[i];
		if (!poll->begun) {
			continue; /* the next start is as good as this one */
		}
		checkpoint_add(writer, &(struct checkpoint_entry){
			.uuid = poll->device->uuid,
			.interval = poll->device->settings->bucket.interval,
			.cursor = poll->cursor,
			.since = poll->since,
			.memory = poll->memory,
			.memory_len = poll->memory_len,
			.top = poll->top,
			.again = poll->again,
			.taken = poll->taken,
			.runs = poll->recheck.runs,
			.runs_len = poll->recheck.len,
		});
	}
	for (size_t i = 0; i < poller->orphans.len; i++) {
		const struct orphan *orphan = &poller->orphans.list[i];
		if (!orphan->uuid) {
			continue;
		}
		checkpoint_add(writer, &(struct checkpoint_entry){
			.uuid = orphan->uuid,
			.interval = orphan->interval,
			.cursor = orphan->cursor,
			.since = orphan->since,
			.top = orphan->top,
			.taken = orphan->taken,
			.again = orphan->again,
		});
	}
	r = checkpoint_finish(writer, poller->state_directory, err);
	if (r == 0) {
		poller->unsaved = false;
		poller->saved_generation = generation;
		sink_checkpointed(poller->sink, &position);
	}
	return r;
}

/* Planning */

void poller_stop(struct poller *poller, struct poll *poll, bool complete) {
	poll->phase = POLL_STOPPED;
	poller->finished++;
	poller->incomplete += !complete;
}

void poller_retry(struct poller *poller, struct poll *poll, usec_t wait) {
	lane_wait(poll->lane, poll, poller->now + wait, false);
}

/* When the next window is due, on the monotonic clock. */
static usec_t due_at(const struct poller *poller, const struct poll *poll) {
	if (poll_is_held(poll)) {
		return poller->now + HELD_WAIT;
	}
	usec_t due = span_due(poll->device->settings, poll->cursor, poll_spread(poll->device));
	return poller->now + (due - (poller->wall - skew_ahead(&access_of(poll)->clock.skew)));
}

static bool is_behind(const struct poller *poller, const struct poll *poll) {
	return span_closed(poll->device->settings, poll_horizon(poller, poll)) > poll->cursor;
}

/* With once: whether there may be more to record, should the clock turn out to be right, or the cursor not to be. */
static bool may_be_behind(const struct poller *poller, const struct poll *poll) {
	bool ahead = poll->unproven && poll->cursor > poll_horizon(poller, poll) + CLOCK_SLACK;
	bool behind = span_closed(poll->device->settings, poller->once_wall) > poll->cursor;
	return clock_is_in_question(access_of(poll)) && (ahead || behind);
}

/* Whether there is something to ask for that does not wait for a window's end. */
static bool can_ask_now(const struct poller *poller, const struct poll *poll, usec_t horizon) {
	if (poll_is_held(poll)) {
		return false;
	}
	if (poller->once || (poll_in_doubt(poll) && is_behind(poller, poll))) {
		return is_behind(poller, poll);
	}
	return span_is_backlog(poll->device->settings, poll->cursor, horizon);
}

void poller_plan(struct poller *poller, struct poll *poll) {
	usec_t horizon = poll_horizon(poller, poll);
	if (can_ask_now(poller, poll, horizon)) {
		lane_ready(poll->lane, poll, poller->now, horizon);
	} else if (!poller->once || poll_is_held(poll)) {
		lane_wait(poll->lane, poll, due_at(poller, poll), true);
	} else if (may_be_behind(poller, poll)) {
		lane_wait(poll->lane, poll, USEC_INFINITY, true);
	} else {
		poller_stop(poller, poll, true);
	}
}

/* Whatever is closed is asked for at once, without waiting for the window's end. */
void poller_start(struct poller *poller) {
	clock_start(poller);
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		struct poll *poll = &poller->roll.polls[i];
		if (is_behind(poller, poll)) {
			lane_ready(poll->lane, poll, poller->now, poll_horizon(poller, poll));
		} else {
			poller_plan(poller, poll);
		}
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
			poll->key = poller->once ? poller->now : due_at(poller, poll);
		}
	}
	queue_reorder(waiting);
}

/* Sending */

static int post(struct poller *poller, struct access *access, struct poll *poll,
                const struct span *span, usec_t timeout, enum aim aim, struct error *err) {
	char body[REQUEST_BODY_SIZE];
	struct flight *flight = poller->roll.free_flights;

	flight->poll = poll;
	flight->span = *span;
	flight->wall = poller->wall;
	flight->aim = aim == AIM_NEWS && span->fresh_buckets == 0 ? AIM_PROBE : aim;
	flight->cursor = poll->cursor;
	flight->generation = access->generation;
	request_body(body, poll->device, span);
	int r = http_post(poller->http, access->endpoint, body, timeout, flight, err);
	if (r == 0) {
		poller->roll.free_flights = flight->next_free;
		lane_sent(&access->lane, poll, poller->now);
		poller->status.requests++;
	}
	return r;
}

/*
 * What has become too old is one gap, however long the trouble lasts: it is recorded with
 * the first bucket behind it that is had, or when it has grown long.
 */
static bool is_long_gap(const struct poll *poll, usec_t gap_end) {
	return gap_end - poll->cursor >= GAP_LONGEST;
}

static void send_gap(struct poller *poller, struct poll *poll, usec_t gap_end) {
	if (poller_give_up(poller, poll, gap_end, poller->wall) < 0) {
		poll_failed(poller, poll, "out of memory", false, USEC_PER_SEC);
	}
}

/* Buckets in doubt are asked for alone, without a look back: what else there is would hide the answer. */
static bool doubted_span(const struct poll *poll, usec_t horizon, struct span *ret_span) {
	int limit = poll->doubt.missing < poll->reach.limit ? poll->doubt.missing : poll->reach.limit;
	return span_next(poll->device->settings, poll->cursor, USEC_INFINITY, limit, horizon, ret_span);
}

/*
 * What the next request asks for, behind a gap of what has become too old, or of what it
 * leaps over.  Returns false if that is nothing.
 */
static bool next_span(struct poll *poll, usec_t gap_end, usec_t horizon, struct span *ret_span) {
	const struct settings *settings = poll->device->settings;
	usec_t from = gap_end;
	if (poll->reach.leap > 0 && span_after(settings, poll->cursor, poll->reach.leap) > from) {
		from = span_after(settings, poll->cursor, poll->reach.leap);
	}
	bool gap = from > poll->cursor;
	usec_t oldest = poll->memory_len > 0 && !gap ? poll->memory[0].start : USEC_INFINITY;
	if (span_next(settings, from, oldest, poll->reach.limit, horizon, ret_span)) {
		return true;
	}
	if (poll->reach.leap == 0) {
		return false;
	}
	poll->reach.leap = 0; /* nothing follows yet */
	return next_span(poll, gap_end, horizon, ret_span);
}

/* A bucket that is recorded already, or at least over: it is asked for the Date alone. */
static struct span probe_span(const struct poll *poll, usec_t horizon) {
	const struct settings *settings = poll->device->settings;
	usec_t closed = span_closed(settings, horizon);
	usec_t end = grid_floor(&settings->bucket, closed < poll->cursor ? closed : poll->cursor);
	return (struct span){
		.start = grid_floor(&settings->bucket, end - 1),
		.fresh = end,
		.end = end,
		.buckets = 1,
	};
}

/*
 * The poll was taken from its lane.  Only a request costs a token: buckets that
 * are given up, and a poll that has nothing to ask for, must not keep others from
 * asking.
 */
static void send_poll(struct poller *poller, struct access *access, struct poll *poll) {
	const struct settings *settings = poll->device->settings;
	usec_t horizon = poller_horizon(poller, access);
	/* By a clock that nobody has confirmed nothing is too old. */
	usec_t gap_end = poll->begun && clock_is_confirmed(access)
	                         ? span_gap_end(settings, poll->cursor, poll->since, horizon)
	                         : poll->cursor;
	bool gap = gap_end > poll->cursor;
	struct error err = {{0}};
	struct span span;

	bool in_doubt = poll_in_doubt(poll) && !gap;
	bool more = in_doubt ? doubted_span(poll, horizon, &span) : next_span(poll, gap_end, horizon, &span);
	if (!more && !gap && poll->probe) {
		span = probe_span(poll, horizon);
		more = true;
	}
	poll->probe = false;
	if (gap && (!more || is_long_gap(poll, gap_end))) {
		send_gap(poller, poll, gap_end);
	} else if (!more) {
		poller_plan(poller, poll);
	} else if (!poll_flood_guard(poll, poller->now)) {
		log_crit("%s: too many requests without progress: this is a bug in occupancyd",
		         poll->device->name);
		poll_failed(poller, poll, "held back by the flood guard", true, FLOOD_WAIT);
	} else if (post(poller, access, poll, &span, settings->timeout, in_doubt ? AIM_DOUBT : AIM_NEWS, &err) < 0) {
		poll_failed(poller, poll, err.text, false, USEC_PER_SEC);
	}
}

/*
 * What has been recorded without a count is asked for again while nothing else is to be done;
 * if its answer takes longer than that, it is cut off.
 */
static void send_recheck(struct poller *poller, struct access *access) {
	struct lane *lane = &access->lane;
	usec_t wall = clock_true_time(poller, access), until;
	struct poll *poll = lane_take_spare(lane, poller->now, wall, &until);
	struct error err = {{0}};
	struct span span;
	if (!poll) {
		return;
	}
	const struct settings *settings = poll->device->settings;
	usec_t timeout = until - poller->now < settings->timeout ? until - poller->now : settings->timeout;
	if (!recheck_span(&poll->recheck, settings, wall, poll->reach.limit, &span)) {
		poller_plan(poller, poll);
		return;
	}
	recheck_frame(&poll->recheck, settings, poll->cursor, poll->reach.limit, &span);
	if (post(poller, access, poll, &span, timeout, AIM_RECHECK, &err) < 0) {
		poller_plan(poller, poll);
		return;
	}
	recheck_sent(&poll->recheck, poller->now);
	lane->rechecking = true;
}

/* What is too old by a clock that nobody has confirmed may not be. */
static bool may_recheck(const struct poller *poller, const struct access *access) {
	return !poller->once && !poller->draining && clock_is_confirmed(access) &&
	       !storage_fails(&poller->storage, STORAGE_LOG);
}

static void send_due(struct poller *poller) {
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		struct access *access = &poller->roll.accesses[i];
		struct poll *poll;
		lane_collect(&access->lane, poller->now, poller_horizon(poller, access));
		clock_probe(poller, access);
		while (!poller->draining && !poller_disk_pause(poller) &&
		       (poll = lane_take(&access->lane, poller->now))) {
			send_poll(poller, access, poll);
		}
	}
}

/*
 * What has just been recorded, and what is due now, is filed: only what is left of the turn is spare.  The
 * disk has taken its time; whether somebody has set the clock meanwhile, the next turn sees.
 */
static void send_rechecks(struct poller *poller) {
	usec_t now = clock_boottime();
	poller->wall += now - poller->now;
	poller->now = now;
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		struct access *access = &poller->roll.accesses[i];
		access->lane.spare_at = USEC_INFINITY;
		if (may_recheck(poller, access)) {
			send_recheck(poller, access);
		}
	}
}

/* A refused account whose files have changed may try at once. */
static void look_at_keys(struct poller *poller) {
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		struct access *access = &poller->roll.accesses[i];
		if (access_changed(access, poller->now)) {
			poller_reread_key(poller, access);
		}
	}
}

static usec_t earlier(usec_t a, usec_t b) {
	return a < b ? a : b;
}

static usec_t next_turn(const struct poller *poller) {
	usec_t next = USEC_INFINITY;
	bool paused = storage_fails(&poller->storage, STORAGE_LOG);
	if (poller->draining || (paused && !poller_idle(poller))) {
		return USEC_INFINITY; /* until a reply comes */
	}
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		const struct access *access = &poller->roll.accesses[i];
		next = earlier(next, lane_next(&access->lane));
		next = earlier(next, access_next(access));
		next = earlier(next, clock_next(poller, access));
	}
	return paused && next < poller->disk_retry_at ? poller->disk_retry_at : next;
}

usec_t poller_turn(struct poller *poller) {
	struct http_reply reply;

	poller_read_clocks(poller);
	poller_follow_clock(poller);
	while (http_next(poller->http, &reply)) {
		poller_reply(poller, &reply);
	}
	look_at_keys(poller);
	send_due(poller);
	poller_commit(poller);
	poller_mend(poller);
	send_rechecks(poller);
	return next_turn(poller);
}

void poller_drain(struct poller *poller) {
	poller->draining = true;
}

bool poller_idle(const struct poller *poller) {
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		if (poller->roll.accesses[i].lane.in_flight > 0) {
			return false;
		}
	}
	return true;
}

/* A lane that stays shut would keep `once` waiting for ever. */
static bool is_hopeless(const struct lane *lane, usec_t now) {
	bool refused = lane->state == LANE_REFUSED && now < lane->until;
	bool probed = lane->state != LANE_OPEN && lane->probes >= ONCE_PROBES;
	return (refused || probed) && lane->in_flight == 0;
}

bool poller_finished(const struct poller *poller, size_t *ret_incomplete) {
	if (poller->disk_failures >= ONCE_COMMITS) {
		*ret_incomplete = poller->roll.config->device_count - poller->finished + poller->incomplete;
		return poller_idle(poller);
	}
	size_t finished = poller->finished, incomplete = poller->incomplete;
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		const struct access *access = &poller->roll.accesses[i];
		const struct lane *lane = &access->lane;
		if (is_hopeless(lane, poller->now) || clock_is_hopeless(poller, access)) {
			size_t left = lane->waiting.len + lane->live.len + lane->backlog.len;
			finished += left;
			incomplete += left;
		}
	}
	*ret_incomplete = incomplete;
	return finished == poller->roll.config->device_count;
}

/* Status */

/* The first few are named, so that there is room for what else STATUS says. */
static void put_trouble(struct buf *out, size_t *troubles, const struct access *access,
                        const char *trouble) {
	if (++*troubles <= STATUS_NAMED) {
		buf_printf(out, "%s%s: %s", out->len > 0 ? "; " : "", access->account->name, trouble);
	}
}

static void put_lanes(struct poller *poller) {
	static const char *const words[] = {
		[LANE_OPEN] = "",
		[LANE_THROTTLED] = "rate limited",
		[LANE_REFUSED] = "key refused",
		[LANE_DOWN] = "cannot be reached",
	};
	struct buf *out = &poller->lanes_text;
	size_t troubles = 0;
	buf_clear(out);
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		const struct access *access = &poller->roll.accesses[i];
		if (access->lane.state != LANE_OPEN) {
			put_trouble(out, &troubles, access, access->reason[0] ? access->reason : words[access->lane.state]);
		}
		const char *clock = clock_trouble(access);
		if (clock) {
			put_trouble(out, &troubles, access, clock);
		}
	}
	if (troubles > STATUS_NAMED) {
		buf_printf(out, "; and %zu more", troubles - STATUS_NAMED);
	}
}

static void put_polls(struct poller *poller, struct status *status) {
	size_t named = 0;
	status->backlog = 0;
	status->waiting = 0;
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		const struct poll *poll = &poller->roll.polls[i];
		/* What waits for the end of its window is not behind; with once, what is through neither. */
		bool rests = (poll->phase == POLL_WAITING && poll->timed) || poll->phase == POLL_STOPPED;
		if (!rests) {
			status->backlog += span_backlog(poll->device->settings, poll->cursor,
			                                poll_horizon(poller, poll));
		}
		status->waiting += !poll->told && poll->lane->state != LANE_OPEN;
		if (poll->told && named < STATUS_NAMED) {
			status->named[named++] = (struct status_failing){
				.name = poll->device->name,
				.reason = poll->reason ? poll->reason : "",
				.since = poller->wall - (poller->now - poll->failing_since),
			};
		}
	}
}

bool poller_changed(struct poller *poller) {
	bool changed = poller->changed;
	poller->changed = false;
	return changed;
}

void poller_status(struct poller *poller, struct status *ret_status) {
	poller_read_clocks(poller);
	put_lanes(poller);
	put_polls(poller, &poller->status);
	poller->status.devices = poller->roll.config->device_count;
	poller->status.disk = storage_fails(&poller->storage, STORAGE_LOG) && !poller->disk_probed
	                              ? poller->disk_reason
	                              : NULL;
	poller->status.lanes = buf_text(&poller->lanes_text);
	*ret_status = poller->status;
}
