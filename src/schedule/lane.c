// SPDX-License-Identifier: ISC

#include "schedule/lane.h"

#include "schedule/backoff.h"
#include "schedule/span.h"

#define REFUSED_FIRST (1 * USEC_PER_MIN)
#define REFUSED_LAST  (15 * USEC_PER_MIN)

/* So many transient failures in a row are the account's trouble, not a device's. */
enum { UNREACHED_LIMIT = 5 };

/* For a recheck: so many polls are looked at, and it is given that long at least. */
enum { LOOK_MOST = 64 };
#define SPARE_LEAST (15 * USEC_PER_SEC)

void lane_init(struct lane *lane, const struct account *account) {
	*lane = (struct lane){.account = account, .spare_at = USEC_INFINITY, .not_after = USEC_INFINITY};
	rate_init(&lane->rate, account->rate.gap, account->burst);
}

void lane_done(struct lane *lane) {
	if (lane) {
		queue_done(&lane->waiting);
		queue_done(&lane->live);
		queue_done(&lane->backlog);
	}
}

int lane_reserve(struct lane *lane, size_t count) {
	int r = queue_reserve(&lane->waiting, count);
	if (r == 0) {
		r = queue_reserve(&lane->live, count);
	}
	if (r == 0) {
		r = queue_reserve(&lane->backlog, count);
	}
	return r;
}

static void hold_all(struct queue *queue) {
	for (size_t i = 0; i < queue->len; i++) {
		queue->heap[i]->phase = POLL_HELD;
	}
	queue->len = 0;
}

void lane_hold(struct lane *lane) {
	lane->held = true;
	hold_all(&lane->waiting);
	hold_all(&lane->live);
	hold_all(&lane->backlog);
	lane->spare_at = USEC_INFINITY;
}

void lane_ready(struct lane *lane, struct poll *poll, usec_t now, usec_t wall) {
	if (lane->held) {
		poll->phase = POLL_HELD;
		return;
	}
	bool behind = span_is_backlog(poll->device->settings, poll->cursor, wall);
	poll->phase = POLL_READY;
	poll->timed = false;
	poll->key = behind ? poll->cursor : now;
	queue_push(behind ? &lane->backlog : &lane->live, poll);
}

void lane_wait(struct lane *lane, struct poll *poll, usec_t at, bool timed) {
	if (lane->held) {
		poll->phase = POLL_HELD;
		return;
	}
	poll->phase = POLL_WAITING;
	poll->timed = timed;
	poll->key = at;
	queue_push(&lane->waiting, poll);
}

void lane_collect(struct lane *lane, usec_t now, usec_t wall) {
	const struct poll *top;
	while ((top = queue_top(&lane->waiting)) && top->key <= now) {
		lane_ready(lane, queue_pop(&lane->waiting), now, wall);
	}
}

/* In trouble, one request at a time finds out whether it is over. */
static int in_flight_limit(const struct lane *lane) {
	return lane->state == LANE_OPEN ? lane->account->max_in_flight : 1;
}

/* When the gate opens, if it opens by itself. */
static usec_t gate_opens(const struct lane *lane) {
	if (lane->in_flight >= in_flight_limit(lane)) {
		return USEC_INFINITY;
	}
	usec_t token = rate_ready_at(&lane->rate);
	usec_t gate = lane->not_before > token ? lane->not_before : token;
	return lane->state != LANE_OPEN && lane->until > gate ? lane->until : gate;
}

/* Where in the queue the poll is that was asked before all others; its place in ret_at. */
static const struct poll *longest_unasked(const struct queue *queue, size_t *ret_at) {
	const struct poll *found = NULL;
	for (size_t i = 0; i < queue->len; i++) {
		if (!found || queue->heap[i]->asked < found->asked) {
			found = queue->heap[i];
			*ret_at = i;
		}
	}
	return found;
}

static struct poll *take_probe(struct lane *lane) {
	size_t live_at = 0, backlog_at = 0;
	const struct poll *live = longest_unasked(&lane->live, &live_at);
	const struct poll *backlog = longest_unasked(&lane->backlog, &backlog_at);
	if (live && (!backlog || live->asked <= backlog->asked)) {
		return queue_remove(&lane->live, live_at);
	}
	return backlog ? queue_remove(&lane->backlog, backlog_at) : NULL;
}

struct poll *lane_take(struct lane *lane, usec_t now) {
	struct poll *poll;
	if (gate_opens(lane) > now || now >= lane->not_after) {
		return NULL;
	}
	if (lane->state != LANE_OPEN) {
		poll = take_probe(lane);
	} else {
		poll = queue_pop(lane->live.len > 0 ? &lane->live : &lane->backlog);
	}
	if (poll) {
		poll->phase = POLL_BUSY;
	}
	return poll;
}

/* How long the lane has nothing else to do: until the next poll is due. */
static usec_t spare_until(const struct lane *lane) {
	const struct poll *top = queue_top(&lane->waiting);
	return top ? top->key : USEC_INFINITY;
}

/* From when on the lane could spare a token; USEC_INFINITY: that depends on something else. */
static usec_t spare_from(const struct lane *lane) {
	if (lane->state != LANE_OPEN || lane->rechecking || lane->live.len > 0 || lane->backlog.len > 0 ||
	    lane->in_flight >= lane->account->max_in_flight) {
		return USEC_INFINITY;
	}
	usec_t full = rate_full_at(&lane->rate);
	return full > lane->not_before ? full : lane->not_before;
}

/* By when a recheck of this poll that is made at that time must be over: its own turn, or any's if it takes the last place. */
static usec_t recheck_until(const struct lane *lane, const struct poll *poll) {
	return lane->in_flight + 1 < lane->account->max_in_flight ? poll->key : spare_until(lane);
}

/* When this poll's recheck could be made, not before that time; USEC_INFINITY: not before its own turn. */
static usec_t recheck_at(const struct lane *lane, const struct poll *poll, usec_t from, usec_t now, usec_t wall) {
	usec_t at = recheck_due(&poll->recheck, wall, now);
	at = at > from ? at : from;
	return poll->timed && recheck_until(lane, poll) - at >= SPARE_LEAST ? at : USEC_INFINITY;
}

/*
 * A poll whose recheck could be made at that time, and its place; NULL if there is none, and
 * when there will be one.  Each call goes on where the last one ended.
 */
static struct poll *find_recheck(struct lane *lane, usec_t at, usec_t now, usec_t wall, size_t *ret_place,
                                 usec_t *ret_next) {
	size_t len = lane->waiting.len;
	*ret_next = USEC_INFINITY;
	for (size_t i = 0; i < len && i < LOOK_MOST; i++) {
		size_t place = lane->look++ % len;
		usec_t next = recheck_at(lane, lane->waiting.heap[place], at, now, wall);
		if (next == at) {
			*ret_place = place;
			lane->look = place; /* it is found again if it has to wait */
			return lane->waiting.heap[place];
		}
		*ret_next = next < *ret_next ? next : *ret_next;
	}
	return NULL;
}

struct poll *lane_take_spare(struct lane *lane, usec_t now, usec_t wall, usec_t *ret_until) {
	size_t place = 0;
	usec_t from = spare_from(lane);
	lane->spare_at = USEC_INFINITY;
	if (from == USEC_INFINITY) {
		return NULL;
	}
	usec_t at = from > now ? from : now;
	if (at >= lane->not_after) {
		return NULL;
	}
	if (spare_until(lane) - at < lane->rate.gap) {
		return NULL; /* the token would be missed */
	}
	struct poll *poll = find_recheck(lane, at, now, wall, &place, &lane->spare_at);
	if (!poll) {
		return NULL;
	}
	if (at > now) {
		lane->spare_at = at;
		return NULL;
	}
	*ret_until = recheck_until(lane, poll);
	poll = queue_remove(&lane->waiting, place);
	poll->phase = POLL_BUSY;
	return poll;
}

void lane_sent(struct lane *lane, struct poll *poll, usec_t now) {
	rate_take(&lane->rate, now);
	lane->in_flight++;
	poll->asked = now;
}

usec_t lane_next(const struct lane *lane) {
	const struct poll *top = queue_top(&lane->waiting);
	usec_t due = top ? top->key : USEC_INFINITY;

	if (lane->live.len > 0 || lane->backlog.len > 0) {
		usec_t gate = gate_opens(lane);
		return gate < due ? gate : due;
	}
	return lane->spare_at < due ? lane->spare_at : due;
}

static bool enter(struct lane *lane, enum lane_state state, usec_t now) {
	if (lane->state == state) {
		return false;
	}
	if (state == LANE_OPEN) {
		lane->until = now; /* an ended trouble's pause is no part of the next one's */
	}
	lane->state = state;
	lane->since = now;
	lane->probes = 0;
	return true;
}

bool lane_reached(struct lane *lane, usec_t now) {
	lane->unreached = 0;
	lane->unreached_last = NULL;

	/* What was on the way when the server said "wait" or "no" does not take that back. */
	bool said = lane->state == LANE_THROTTLED || lane->state == LANE_REFUSED;
	return said && now < lane->until ? false : enter(lane, LANE_OPEN, now);
}

/* Nothing but a new key ends a pause earlier than was said first. */
static void pause_until(struct lane *lane, usec_t until) {
	if (lane->until < until) {
		lane->until = until;
	}
}

bool lane_throttle(struct lane *lane, usec_t now, usec_t wait) {
	rate_drain(&lane->rate, now);
	bool changed = enter(lane, LANE_THROTTLED, now);
	if (changed || now >= lane->until) {
		lane->probes++;
	}
	pause_until(lane, now + wait);
	lane->not_before = lane->until;
	return changed;
}

bool lane_refuse(struct lane *lane, usec_t now, struct rng *rng) {
	bool changed = enter(lane, LANE_REFUSED, now);

	/* Replies to what was on the way already are not probes. */
	if (changed || now >= lane->until) {
		lane->probes++;
		pause_until(lane, now + backoff_at_least(REFUSED_FIRST, REFUSED_LAST,
		                                         lane->probes, rng));
	}
	return changed;
}

void lane_shut(struct lane *lane, usec_t now) {
	(void)enter(lane, LANE_REFUSED, now);
	lane->until = USEC_INFINITY;
}

bool lane_unreached(struct lane *lane, const struct poll *poll, const struct retry_settings *retry,
                    usec_t now, struct rng *rng) {
	if (poll != lane->unreached_last) {
		lane->unreached++;
		lane->unreached_last = poll;
	}
	if (lane->state == LANE_OPEN && lane->unreached < UNREACHED_LIMIT) {
		return false;
	}

	bool changed = lane->state == LANE_OPEN && enter(lane, LANE_DOWN, now);
	bool refused = lane->state == LANE_REFUSED;
	if (changed || now >= lane->until) {
		lane->probes++;
		pause_until(lane, now + backoff_at_least(refused ? REFUSED_FIRST : retry->base,
		                                         refused ? REFUSED_LAST : retry->cap,
		                                         lane->probes, rng));
	}
	return changed;
}

void lane_probe_now(struct lane *lane, usec_t now) {
	lane->until = now;
	for (size_t i = 0; i < lane->waiting.len; i++) {
		struct poll *poll = lane->waiting.heap[i];
		poll->key = poll->timed ? poll->key : now;
	}
	queue_reorder(&lane->waiting);
}
