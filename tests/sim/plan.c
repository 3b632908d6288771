// SPDX-License-Identifier: ISC

#include "plan.h"

#include "agree.h"
#include "arena.h"
#include "people.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

struct plan *plan;

const char *const plan_kinds[PLAN_KINDS] = {"crashes", "steps", "disk", "network", "people"};

static const char *const kind_names[EVENT_KINDS] = {
	[EVENT_OUTAGE] = "outage",
	[EVENT_THROTTLE] = "throttling",
	[EVENT_REFUSAL] = "refusal",
	[EVENT_BAD_DEVICE] = "bad device",
	[EVENT_GARBAGE] = "garbage",
	[EVENT_MISFIT] = "other stamps",
	[EVENT_LATE] = "camera away",
	[EVENT_POISON] = "poisoned bucket",
	[EVENT_LATE_SERVER] = "late server",
	[EVENT_DISK_FULL] = "disk full",
	[EVENT_DISK_ERROR] = "disk errors",
	[EVENT_DISK_FROZEN] = "disk read-only",
	[EVENT_SYNC_FAILS] = "a sync fails",
	[EVENT_STALE] = "stale connections",
	[EVENT_STEP] = "clock step",
	[EVENT_SUSPEND] = "suspend",
	[EVENT_CRASH] = "crash",
	[EVENT_KILL] = "kill",
	[EVENT_STOP] = "stop",
	[EVENT_ROTATE] = "rotate",
	[EVENT_RELOAD] = "reload",
	[EVENT_BROKEN] = "broken configuration",
	[EVENT_MOVE] = "log moved away",
	[EVENT_EMPTY] = "log emptied",
	[EVENT_REMOVE] = "log removed",
	[EVENT_RESTORE] = "log restored",
	[EVENT_LOSE] = "checkpoint lost",
	[EVENT_HAUNT] = "log ahead",
	[EVENT_ORDER] = "order",
	[EVENT_PAUSE] = "pause",
	[EVENT_PARTITION] = "partition",
	[EVENT_MUTE] = "lost answers",
	[EVENT_DELAY] = "late requests",
	[EVENT_NO_QUORUM] = "no quorum",
	[EVENT_NO_SPACE] = "no space in the store",
	[EVENT_OLD_STORE] = "old store",
	[EVENT_UPDATE] = "update",
};

/* Which of them belong together, and how often each is chosen. */
static const struct {
	unsigned group;
	int weight;
} kinds_table[EVENT_KINDS] = {
	[EVENT_OUTAGE] = {PLAN_NETWORK, 14},
	[EVENT_THROTTLE] = {PLAN_NETWORK, 6},
	[EVENT_REFUSAL] = {PLAN_NETWORK, 5},
	[EVENT_BAD_DEVICE] = {PLAN_NETWORK, 6},
	[EVENT_GARBAGE] = {PLAN_NETWORK, 6},
	[EVENT_MISFIT] = {PLAN_NETWORK, 6},
	[EVENT_LATE] = {PLAN_NETWORK, 10},
	[EVENT_POISON] = {PLAN_NETWORK, 6},
	[EVENT_LATE_SERVER] = {PLAN_STEPS, 3},
	[EVENT_DISK_FULL] = {PLAN_DISK, 6},
	[EVENT_DISK_ERROR] = {PLAN_DISK, 5},
	[EVENT_DISK_FROZEN] = {PLAN_DISK, 3},
	[EVENT_SYNC_FAILS] = {PLAN_DISK, 5},
	[EVENT_STALE] = {PLAN_NETWORK, 6},
	[EVENT_STEP] = {PLAN_STEPS, 8},
	[EVENT_SUSPEND] = {PLAN_STEPS, 4},
	[EVENT_CRASH] = {PLAN_CRASHES, 16},
	[EVENT_KILL] = {PLAN_CRASHES, 10},
	[EVENT_STOP] = {PLAN_PEOPLE, 10},
	[EVENT_ROTATE] = {PLAN_PEOPLE, 8},
	[EVENT_RELOAD] = {PLAN_PEOPLE, 16},
	[EVENT_BROKEN] = {PLAN_PEOPLE, 3},
	[EVENT_MOVE] = {PLAN_PEOPLE, 5},
	[EVENT_EMPTY] = {PLAN_PEOPLE, 2},
	[EVENT_REMOVE] = {PLAN_PEOPLE, 2},
	[EVENT_RESTORE] = {PLAN_PEOPLE, 8},
	[EVENT_LOSE] = {PLAN_PEOPLE, 6},
	[EVENT_HAUNT] = {PLAN_STEPS, 4},
};

/*
 * Clock changes of the zones in use, and the end of 32-bit time; with two zones that cut
 * buckets otherwise then.
 */
static const struct anchor {
	int64_t second;
	enum setup_zone zones[2];
} anchors[] = {
	{1772960400, {ZONE_DENVER, ZONE_PHOENIX}}, /* 2026-03-08 09:00 */
	{1793520000, {ZONE_DENVER, ZONE_PHOENIX}}, /* 2026-11-01 08:00 */
	{1774746000, {ZONE_BERLIN, ZONE_UTC}},     /* 2026-03-29 01:00 */
	{1792890000, {ZONE_BERLIN, ZONE_UTC}},     /* 2026-10-25 01:00 */
	{1775314800, {ZONE_LORD_HOWE, ZONE_UTC}},  /* 2026-04-04 15:00 */
	{1791039600, {ZONE_LORD_HOWE, ZONE_UTC}},  /* 2026-10-03 15:00 (15:30) */
	{1772947800, {ZONE_ST_JOHNS, ZONE_UTC}},   /* 2026-03-08 05:30 */
	{2147483648, {ZONE_KOLKATA, ZONE_UTC}},    /* 2038-01-19 */
	{1798761600, {ZONE_CHATHAM, ZONE_UTC}},    /* 2027-01-01 */
	{1709164800, {ZONE_NEW_YORK, ZONE_DENVER}}, /* 2024-02-29 */
};

/* A time that is short more often than long: a power of the dice. */
static usec_t some_time(struct dice *dice, usec_t least, usec_t most) {
	usec_t span = dice_between(dice, least, most);
	return dice_between(dice, least, dice_permille(dice, 600) ? least + (span - least) / 8 + 1 : span);
}

#define YEARS(n) ((n) * INT64_C(366) * 86400)

/* Events */

static enum event_kind choose_kind(struct dice *dice, unsigned kinds) {
	int sum = 0;
	for (int i = 0; i < EVENT_KINDS; i++) {
		sum += kinds & kinds_table[i].group ? kinds_table[i].weight : 0;
	}
	int64_t throw = dice_below(dice, sum);
	for (int i = 0; i < EVENT_KINDS; i++) {
		throw -= kinds & kinds_table[i].group ? kinds_table[i].weight : 0;
		if (throw < 0 && kinds & kinds_table[i].group) {
			return (enum event_kind)i;
		}
	}
	return EVENT_ROTATE;
}

static int64_t choose_argument(struct dice *dice, enum event_kind kind) {
	static const int64_t steps[] = {-3600, -600, -65, -2, 2, 65, 600, 3600,
	                                10 * 86400, -10 * 86400, YEARS(20), -YEARS(8)};
	static const int64_t late[] = {65, 3600, 10 * 86400, YEARS(26)};
	switch (kind) {
	case EVENT_OUTAGE:
		return dice_below(dice, FLAVOURS);
	case EVENT_THROTTLE:
	case EVENT_GARBAGE:
		return dice_between(dice, 200, 1000);
	case EVENT_REFUSAL:
		return dice_below(dice, 2);
	case EVENT_MISFIT:
		return dice_below(dice, MISFITS);
	case EVENT_BAD_DEVICE:
	case EVENT_LATE:
	case EVENT_POISON:
		return dice_below(dice, 12);
	case EVENT_DISK_FULL:
		return dice_between(dice, 0, 20000);
	case EVENT_DISK_ERROR:
		return dice_between(dice, 5, 500);
	case EVENT_HAUNT:
	case EVENT_LATE_SERVER:
		return DICE_CHOOSE(dice, late) * USEC_PER_SEC;
	case EVENT_STEP:
		return DICE_CHOOSE(dice, steps) * USEC_PER_SEC;
	case EVENT_SUSPEND:
		return some_time(dice, 5 * USEC_PER_SEC, (plan->quiet - plan->begin) / 4);
	case EVENT_CRASH:
	case EVENT_KILL:
		return dice_between(dice, 0, 60);
	case EVENT_RELOAD:
		return dice_below(dice, MUTATIONS);
	case EVENT_STALE:
	case EVENT_MOVE:
	case EVENT_LOSE:
		return dice_below(dice, 2);
	default:
		return 0;
	}
}

static int64_t choose_second(struct dice *dice, enum event_kind kind) {
	static const int statuses[] = {400, 404, 422, 500, 500, 403};
	switch (kind) {
	case EVENT_BAD_DEVICE:
	case EVENT_POISON:
		return DICE_CHOOSE(dice, statuses);
	case EVENT_LATE:
		return some_time(dice, 5 * USEC_PER_MIN, plan->end - plan->begin);
	case EVENT_DISK_FULL:
		return dice_below(dice, 2);
	case EVENT_CRASH:
	case EVENT_KILL:
	case EVENT_STOP:
		return some_time(dice, 5 * USEC_PER_SEC, (plan->end - plan->begin) / 10);
	case EVENT_RELOAD:
		return (int64_t)(dice_next(dice) >> 1);
	default:
		return 0;
	}
}

static bool lasts(enum event_kind kind) {
	return kind <= EVENT_DISK_FROZEN || kind == EVENT_BROKEN || kind == EVENT_RESTORE ||
	       (kind >= EVENT_PARTITION && kind <= EVENT_OLD_STORE);
}

static struct event choose_event(struct dice *dice, unsigned kinds) {
	struct event event = {.kind = choose_kind(dice, kinds)};
	usec_t span = plan->quiet - plan->begin;
	bool disk = event.kind >= EVENT_DISK_FULL && event.kind <= EVENT_DISK_FROZEN;

	event.at = plan->begin + dice_between(dice, span / 50, span);
	event.until = event.at;
	if (lasts(event.kind)) {
		event.until += event.kind == EVENT_POISON ? dice_between(dice, span / 8, span / 2)
		                                          : some_time(dice, 5 * USEC_PER_SEC, span / (disk ? 10 : 3));
	}
	if (event.until > plan->quiet) {
		event.until = plan->quiet;
	}
	event.arg = choose_argument(dice, event.kind);
	event.arg2 = choose_second(dice, event.kind);
	event.account = (int)dice_below(dice, SETUP_ACCOUNTS);
	return event;
}

static int by_time(const void *a, const void *b) {
	const struct event *left = a;
	const struct event *right = b;
	return (left->at > right->at) - (left->at < right->at);
}

/* The whole */

static const struct anchor *choose_times(struct dice *dice, enum scale scale) {
	static const struct {
		usec_t least, most, calm;
	} lengths[SCALES] = {
		[SCALE_MINUTES] = {1 * USEC_PER_HOUR, 10 * USEC_PER_HOUR, 4 * USEC_PER_HOUR},
		[SCALE_HOURS] = {1 * USEC_PER_DAY, 7 * USEC_PER_DAY, 8 * USEC_PER_HOUR},
		[SCALE_DAYS] = {9 * USEC_PER_DAY, 50 * USEC_PER_DAY, 50 * USEC_PER_HOUR},
	};
	usec_t length = dice_between(dice, lengths[scale].least, lengths[scale].most);
	const struct anchor *anchor = NULL;

	if (nodes->cluster) { /* they look at the store each second, all the time */
		length = dice_between(dice, 15 * USEC_PER_MIN, 90 * USEC_PER_MIN);
	}
	if (dice_permille(dice, 700)) {
		/* The first is where a day of one zone begins with that of the other, and ends before it. */
		anchor = dice_permille(dice, 250) ? anchors : &DICE_CHOOSE(dice, anchors);
		plan->begin = anchor->second * USEC_PER_SEC - dice_between(dice, 0, length);
	} else {
		plan->begin = dice_between(dice, 1735689600, 2300000000) * USEC_PER_SEC;
	}
	plan->begin += dice_below(dice, USEC_PER_SEC);
	plan->quiet = plan->begin + length;
	plan->end = plan->quiet + (nodes->cluster ? 30 * USEC_PER_MIN : lengths[scale].calm);
	return anchor;
}

/* Devices that move from one zone to another and back about the time that one changes its clock. */
static void add_moves(struct dice *dice, const struct anchor *anchor, unsigned kinds) {
	usec_t first = anchor->second * USEC_PER_SEC;
	usec_t last = first + 2 * USEC_PER_DAY < plan->quiet ? first + 2 * USEC_PER_DAY : plan->quiet;
	int count = (int)dice_between(dice, 2, 12);

	for (int i = 0; i < count; i++) {
		usec_t at = dice_between(dice, first, last);
		plan->events[plan->len++] = (struct event){
			.kind = EVENT_RELOAD,
			.at = at,
			.until = at,
			.arg = MUTATION_MOVE,
			.arg2 = choose_second(dice, EVENT_RELOAD),
		};
	}
	/* Some while nobody can be reached for so long that days are given up. */
	if (kinds & PLAN_NETWORK && dice_permille(dice, 700)) {
		plan->events[plan->len++] = (struct event){
			.kind = EVENT_OUTAGE,
			.at = first - dice_below(dice, 5 * USEC_PER_DAY),
			.until = dice_between(dice, first, last),
			.arg = FLAVOUR_UNREACHABLE,
			.account = (int)dice_below(dice, SETUP_ACCOUNTS),
		};
	}
}

static struct manners choose_manners(struct dice *dice) {
	int said = (int)dice_below(dice, 3);
	return (struct manners){
		.cap = dice_permille(dice, 250) ? (int)DICE_CHOOSE(dice, ((const int[]){12, 25, 60, 150})) : 0,
		.cap_newest = dice_permille(dice, 500),
		.cap_warns = said == 1,
		.cap_pages = said == 2,
		.permille_omitted = (int)DICE_CHOOSE(dice, ((const int[]){0, 600, 1000, 1000})),
	};
}

/* When all is well again: a restart, or a reload, in which nothing may be forgotten. */
static void add_calm_change(struct dice *dice) {
	usec_t at = dice_between(dice, plan->quiet, plan->quiet + (plan->end - plan->quiet) / 2);
	plan->events[plan->len++] = (struct event){
		.kind = dice_permille(dice, 500) ? EVENT_STOP : EVENT_RELOAD,
		.at = at,
		.until = at,
		.arg = MUTATION_NONE,
		.arg2 = 5 * USEC_PER_SEC,
	};
	/* Some of what cameras were away for before it comes soon after it. */
	for (int i = 0; i < 4; i++) {
		usec_t away = dice_between(dice, 10 * USEC_PER_MIN, (plan->end - plan->quiet) / 4);
		plan->events[plan->len++] = (struct event){
			.kind = EVENT_LATE,
			.at = at - away,
			.until = at,
			.arg = i,
			.arg2 = dice_below(dice, 10 * USEC_PER_MIN),
		};
	}
}

/*
 * A server that gives a dozen of the newest points and says nothing of the others, long enough for many of its
 * answers to end with something empty; then an outage, behind which more comes than it gives.
 */
static void add_limit(struct dice *dice) {
	usec_t span = plan->quiet - plan->begin;
	plan->manners = (struct manners){.cap = 12, .cap_newest = true, .permille_omitted = 1000};
	for (int i = 0; i < 5; i++) {
		usec_t at = plan->begin + dice_between(dice, span / 8, span / 2);
		plan->events[plan->len++] = (struct event){
			.kind = EVENT_POISON,
			.at = at,
			.until = at + dice_between(dice, 15 * USEC_PER_MIN, 30 * USEC_PER_MIN),
			.arg = i,
			.arg2 = 500,
		};
	}
	for (int i = 0; i < SETUP_ACCOUNTS; i++) {
		plan->events[plan->len++] = (struct event){
			.kind = EVENT_OUTAGE,
			.at = plan->quiet - 70 * USEC_PER_MIN,
			.until = plan->quiet - dice_between(dice, 44 * USEC_PER_MIN, 52 * USEC_PER_MIN),
			.arg = FLAVOUR_UNREACHABLE,
			.account = i,
		};
	}
}

/* With dice of their own: the rest of the plan is what it would be without them. */
static void add_orders(uint64_t seed) {
	struct dice dice = dice_of(seed, 13);
	usec_t span = plan->quiet - plan->begin;
	for (int i = 0; i < 4 && plan->len < EVENTS_MAX; i++) {
		usec_t at = plan->begin + dice_between(&dice, span / 4, span);
		plan->events[plan->len++] = (struct event){
			.kind = EVENT_ORDER,
			.at = at,
			.until = at,
			.arg = dice_below(&dice, 12),
			.arg2 = some_time(&dice, 30 * USEC_PER_MIN, at - plan->begin),
		};
	}
}

/* Whether it happens to a machine, and not to the server or the store. */
static bool is_local(enum event_kind kind) {
	return kind >= EVENT_DISK_FULL && kind != EVENT_STALE && (kind < EVENT_MUTE || kind > EVENT_OLD_STORE);
}

/* Which machine each event is about; with dice of their own, as there may be one alone. */
static void add_places(uint64_t seed) {
	struct dice dice = dice_of(seed, 14);
	for (int i = 0; i < plan->len; i++) {
		struct event *event = &plan->events[i];
		bool lonely = nodes->count > 1 && event->kind == EVENT_OUTAGE && dice_permille(&dice, 300);
		event->node = is_local(event->kind) || lonely ? (int)dice_below(&dice, nodes->count) : -1;
	}
}

/* Clusters */

static void add_event(enum event_kind kind, usec_t at, usec_t length, int64_t arg, int64_t arg2) {
	usec_t until = at + length;
	if (plan->len < EVENTS_MAX) {
		plan->events[plan->len++] = (struct event){
			.kind = kind,
			.at = at,
			.until = lasts(kind) && until < plan->quiet ? until : lasts(kind) ? plan->quiet : at,
			.arg = arg,
			.arg2 = arg2,
		};
	}
}

/* Around the lease's length: that is when things change hands. */
static usec_t some_leases(struct dice *dice) {
	return dice_between(dice, plan->lease / 4, dice_permille(dice, 700) ? 3 * plan->lease : 20 * plan->lease);
}

static void add_cluster_event(struct dice *dice) {
	static const enum event_kind kinds[] = {
		EVENT_PAUSE, EVENT_PAUSE, EVENT_PARTITION, EVENT_PARTITION, EVENT_CRASH, EVENT_CRASH, EVENT_KILL,
		EVENT_MUTE, EVENT_MUTE, EVENT_DELAY, EVENT_DELAY, EVENT_NO_QUORUM, EVENT_NO_SPACE, EVENT_STOP,
	};
	enum event_kind kind = DICE_CHOOSE(dice, kinds);
	usec_t span = plan->quiet - plan->begin;
	usec_t at = plan->begin + dice_between(dice, span / 50, span);
	bool away = dice_permille(dice, 200);
	switch (kind) {
	case EVENT_PAUSE:
		add_event(kind, at, 0, some_leases(dice), 0);
		break;
	case EVENT_PARTITION:
		add_event(kind, at, some_leases(dice), dice_below(dice, 2), 0);
		break;
	case EVENT_MUTE:
	case EVENT_DELAY:
		add_event(kind, at, some_time(dice, USEC_PER_MIN, span / 3), dice_between(dice, 20, 500), 0);
		break;
	case EVENT_CRASH:
	case EVENT_KILL:
		add_event(kind, at, 0, dice_between(dice, 0, 60),
		          away ? some_time(dice, USEC_PER_MIN, span / 2) : some_leases(dice));
		break;
	case EVENT_STOP:
		add_event(kind, at, 0, 0, away ? some_time(dice, USEC_PER_MIN, span / 2) : some_leases(dice));
		break;
	default:
		add_event(kind, at, some_leases(dice), 0, 0);
		break;
	}
}

/* What others do to logs and checkpoints is about one machine, which has other seeds. */
static bool is_for_clusters(enum event_kind kind) {
	static const enum event_kind unfit[] = {
		EVENT_EMPTY, EVENT_REMOVE, EVENT_RESTORE, EVENT_LOSE, EVENT_HAUNT, EVENT_ORDER, EVENT_SUSPEND,
	};
	for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
		if (unfit[i] == kind) {
			return false;
		}
	}
	return true;
}

static void drop_unfit(void) {
	int kept = 0;
	for (int i = 0; i < plan->len; i++) {
		if (is_for_clusters(plan->events[i].kind)) {
			plan->events[kept++] = plan->events[i];
		}
	}
	plan->len = kept;
}

/* A changed configuration comes to one machine first, and to the others some minutes later. */
static void add_updates(struct dice *dice) {
	for (int i = plan->len; i-- > 0;) {
		struct event *event = &plan->events[i];
		if (event->kind != EVENT_RELOAD) {
			continue;
		}
		usec_t at = event->at;
		for (int other = 0; other < nodes->count && plan->len < EVENTS_MAX; other++) {
			add_event(EVENT_UPDATE, at + some_time(dice, USEC_PER_SEC, 10 * USEC_PER_MIN), 0, 0, 0);
			plan->events[plan->len - 1].node = other;
		}
	}
}

/* A server may demand an hour without requests, what it refuses is tried again as rarely, and small answers are many. */
static bool is_slow(void) {
	bool slow = plan->manners.cap > 0;
	for (int i = 0; i < plan->len; i++) {
		slow = slow || kinds_table[plan->events[i].kind].group == PLAN_NETWORK;
	}
	return slow;
}

/* Two of three seeds are about the cluster more than about the rest. */
static void add_cluster(uint64_t seed) {
	struct dice dice = dice_of(seed, 16);
	if (!nodes->cluster) {
		return;
	}
	plan->lease = DICE_CHOOSE(&dice, ((const int64_t[]){10, 15, 30, 30, 60})) * USEC_PER_SEC;
	plan->retention = dice_permille(&dice, 500) ? USEC_PER_HOUR : 7 * USEC_PER_DAY;
	weather->latency = DICE_CHOOSE(&dice, ((const usec_t[]){2000, 20000, 200000}));
	drop_unfit();
	plan->len = seed % 3 == 0 || plan->len < 4 ? plan->len : plan->len / 4;
	int count = (int)dice_between(&dice, 0, 16);
	for (int i = 0; i < count; i++) {
		add_cluster_event(&dice);
	}
	plan->end += is_slow() ? USEC_PER_HOUR : 0;
	/* Some entries are gone then, and with them all that the cluster promises but for what is in the logs. */
	if (seed % 16 == 13) {
		usec_t span = plan->quiet - plan->begin;
		usec_t at = plan->begin + dice_between(&dice, span / 4, span / 2);
		add_event(EVENT_OLD_STORE, at, some_time(&dice, USEC_PER_SEC, span / 3), 0, 0);
	}
}

void plan_init(uint64_t seed, unsigned kinds) {
	struct dice dice = dice_of(seed, 3);
	enum scale scale = (enum scale)dice_below(&dice, SCALES);

	plan = arena_new(sizeof(*plan));
	plan->away = !nodes->cluster && seed % 8 == 5;
	plan->limited = !nodes->cluster && seed % 16 == 7;
	scale = plan->away || plan->limited || nodes->cluster ? SCALE_MINUTES : scale;
	const struct anchor *anchor = choose_times(&dice, scale);
	const struct anchor *moves = anchor && kinds & PLAN_PEOPLE && dice_permille(&dice, 300) ? anchor : NULL;
	plan->without_date = dice_permille(&dice, 150);
	plan->permille_odd = dice_permille(&dice, 300) ? 20 : 0;
	if (kinds & PLAN_STEPS && !plan->without_date && dice_permille(&dice, 200)) {
		plan->offset = DICE_CHOOSE(&dice, ((const int64_t[]){-3600, 3600, 10 * 86400, YEARS(20), -YEARS(8)})) *
		               USEC_PER_SEC;
	}
	plan->permille_lost = (int)DICE_CHOOSE(&dice, ((const int[]){0, 0, 10, 50}));
	plan->latency = DICE_CHOOSE(&dice, ((const usec_t[]){USEC_PER_SEC / 5, USEC_PER_SEC, 4 * USEC_PER_SEC}));
	plan->disk_latency = DICE_CHOOSE(&dice, ((const usec_t[]){1000, 10000, 100000}));

	plan->manners = choose_manners(&dice);
	plan->steps = kinds & PLAN_STEPS && !plan->away && !plan->without_date;

	if (plan->away) {
		kinds &= ~(unsigned)PLAN_STEPS;
		plan->offset = 0;
		plan->manners.cap = 0;
		plan->end += plan->end - plan->quiet;
	}

	if (plan->limited && kinds & PLAN_NETWORK) {
		kinds = PLAN_NETWORK;
		plan->quiet += 8 * USEC_PER_HOUR;
		plan->end += 8 * USEC_PER_HOUR;
	}

	/* Some seeds are about everything, others about few things often. */
	unsigned about = dice_permille(&dice, 600) ? PLAN_ALL : (unsigned)dice_below(&dice, PLAN_ALL + 1);
	kinds &= about;
	int count = kinds == 0 ? 0 : (int)dice_between(&dice, 1, 18);
	for (int i = 0; i < count; i++) {
		struct event event = choose_event(&dice, kinds);
		if (plan->away && event.kind == EVENT_LOSE) {
			continue;
		}
		plan->events[plan->len++] = event;
		if (event.kind == EVENT_RELOAD && event.arg == MUTATION_REMOVE) {
			/* Most come back. */
			event.arg = MUTATION_PUT_BACK;
			event.at += dice_between(&dice, 0, plan->quiet - event.at);
			event.until = event.at;
			plan->events[plan->len++] = event;
		}
	}
	if (moves) {
		add_moves(&dice, moves, kinds);
	}
	if (plan->limited && kinds & PLAN_NETWORK) {
		add_limit(&dice);
	}
	if (plan->away || (kinds & PLAN_PEOPLE && dice_permille(&dice, 600))) {
		add_calm_change(&dice);
	}
	if (seed % 16 == 11 && !nodes->cluster) {
		add_orders(seed);
	}
	add_cluster(seed);
	add_places(seed);
	if (nodes->cluster) {
		add_updates(&(struct dice){dice_mix(seed, 17)});
	}
	qsort(plan->events, (size_t)plan->len, sizeof(*plan->events), by_time);
	setup_init(&dice, scale, moves ? moves->zones : NULL);
	world->begin = world->now = plan->begin;
	plan->next = plan->begin;
}

void plan_keep_only(const bool *wanted) {
	for (int i = 0; i < plan->len; i++) {
		plan->events[i].left_out = !wanted[i];
	}
}

/* Happening */

static void find_next(void) {
	plan->next = plan->quiet > world->now ? plan->quiet : plan->end > world->now ? plan->end : USEC_INFINITY;
	for (int i = 0; i < plan->len; i++) {
		const struct event *event = &plan->events[i];
		usec_t next = event->left_out  ? USEC_INFINITY
		              : !event->begun  ? event->at
		              : event->active  ? event->until
		                               : USEC_INFINITY;
		plan->next = next < plan->next ? next : plan->next;
	}
}

usec_t plan_next(void) {
	return plan->next;
}

void plan_shorten(int64_t minutes) {
	usec_t quiet = plan->begin + minutes * USEC_PER_MIN;
	if (quiet >= plan->quiet) {
		return;
	}
	plan->end -= plan->quiet - quiet;
	plan->quiet = quiet;
	for (int i = 0; i < plan->len; i++) {
		struct event *event = &plan->events[i];
		event->left_out = event->left_out || event->at > quiet;
		event->until = event->until < quiet ? event->until : quiet;
	}
}

int64_t plan_minutes(void) {
	return (plan->quiet - plan->begin) / USEC_PER_MIN;
}

static void enter(const struct event *event) {
	if (event->node >= 0) {
		(void)node_enter(&nodes->all[event->node]);
	}
}

void plan_fire(void) {
	for (int i = 0; i < plan->len; i++) {
		struct event *event = &plan->events[i];
		if (!event->left_out && !event->begun && event->at <= world->now) {
			event->begun = true;
			event->active = lasts(event->kind);
			enter(event);
			world_note("event %d: %s (%lld, %lld) until %s", i, kind_names[event->kind],
			           (long long)event->arg, (long long)event->arg2, world_time(event->until));
			people_begin(event);
		}
		if (event->active && event->until <= world->now) {
			event->active = false;
			enter(event);
			world_note("event %d: %s is over", i, kind_names[event->kind]);
			people_end(event);
		}
	}
	if (world->now >= plan->quiet && !world->fault_free) {
		world->fault_free = true;
		for (int i = 0; i < nodes->count; i++) {
			(void)node_enter(&nodes->all[i]);
			people_calm();
		}
	}
	if (world->now >= plan->end && nodes->cluster && !world->over) {
		agree_owned();
	}
	world->over = world->now >= plan->end;
	for (int i = 0; i < nodes->count && world->over; i++) {
		(void)node_enter(&nodes->all[i]);
		people_stop();
	}
	find_next();
}

const struct event *plan_active(enum event_kind kind, int account) {
	for (int i = 0; i < plan->len; i++) {
		const struct event *event = &plan->events[i];
		if (event->active && event->kind == kind && (account < 0 || event->account == account) &&
		    (event->node < 0 || event->node == node->number)) {
			return event;
		}
	}
	return NULL;
}

void plan_print(void) {
	printf("from %s, quiet from %s, until %s\n", world_time(plan->begin), world_time(plan->quiet),
	       world_time(plan->end));
	printf("answers of %d points at most%s%s%s, without %d permille of what is empty\n", plan->manners.cap,
	       plan->manners.cap_newest ? ", the newest" : "", plan->manners.cap_warns ? ", with a warning" : "",
	       plan->manners.cap_pages ? ", with a page token" : "", plan->manners.permille_omitted);
	printf("the daemon's clock is off by %lld s at the begin; %d permille of Dates are odd%s\n",
	       (long long)(plan->offset / USEC_PER_SEC), plan->permille_odd, plan->without_date ? "; there are none" : "");
	for (int i = 0; i < plan->len; i++) {
		const struct event *event = &plan->events[i];
		printf("%3d%s %s until %s: %s (%lld, %lld)\n", i, event->left_out ? " left out" : "",
		       world_time(event->at), world_time(event->until), kind_names[event->kind],
		       (long long)event->arg, (long long)event->arg2);
	}
}
