// SPDX-License-Identifier: ISC

#include "rules.h"

#include "arena.h"
#include "edges.h"
#include "plan.h"
#include "setup.h"
#include "store.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

/* The daemon counts from the clock as it was before the requests of a turn, some looks at it earlier. */
#define SLACK (1 * USEC_PER_MSEC)

/** A token bucket and what else holds for an account: of this life, or of all nodes. */
struct lane {
	usec_t full_at;    /* when the token bucket would be full, */
	usec_t gap;        /* if it is one of these */
	int burst;
	usec_t first_reload, last_reload; /* since the last request; 0: none */
	usec_t quiet_until; /* nobody may ask before */
	int in_flight;
	bool dated;        /* the daemon can know how far its clock is ahead of the server's */
};

static struct rules {
	struct lane lanes[NODES_MAX][SETUP_ACCOUNTS]; /* of each node's life */
	struct lane common[SETUP_ACCOUNTS];
	int excused[SETUP_ACCOUNTS]; /* requests that a node which was paused may make beyond that, */
	usec_t excused_until;
} *rules;

void rules_init(void) {
	rules = arena_new(sizeof(*rules));
	for (int i = 0; i < SETUP_ACCOUNTS; i++) {
		rules->common[i].full_at = INT64_MIN;
	}
}

static struct lane *lane_of(int account) {
	return &rules->lanes[node->number][account];
}

void rules_begin(void) {
	for (int i = 0; i < SETUP_ACCOUNTS; i++) {
		*lane_of(i) = (struct lane){.full_at = INT64_MIN, .quiet_until = INT64_MIN};
	}
}

/* Long enough for what was sent then to have been answered. */
void rules_resumed(void) {
	const struct setup *setup = &setups->versions[node->version];
	for (int i = 0; nodes->cluster && i < SETUP_ACCOUNTS; i++) {
		rules->excused[i] = setup->accounts[i].max_in_flight;
	}
	rules->excused_until = world->now + 2 * USEC_PER_MIN;
}

/* When the new bucket would be full, that took over at that time the tokens that were left. */
static usec_t converted(const struct lane *lane, const struct setup_account *account, usec_t at) {
	if (lane->full_at <= at) {
		return lane->full_at;
	}
	double left = lane->burst - (double)(lane->full_at - at) / (double)lane->gap;
	double missing = left < account->burst ? account->burst - left : 0;
	return at + (usec_t)(missing * (double)account->gap);
}

/*
 * A reload may change the rate: the tokens that are left stay, as far as there is room for
 * them.  Of several reloads between two requests it is not known which one did.
 */
static void follow_rate(struct lane *lane, const struct setup_account *account) {
	if (lane->first_reload > 0 && (lane->gap != account->gap || lane->burst != account->burst)) {
		usec_t first = converted(lane, account, lane->first_reload);
		usec_t last = converted(lane, account, lane->last_reload);
		lane->full_at = first < last ? first : last;
	}
	lane->first_reload = 0;
	lane->gap = account->gap;
	lane->burst = account->burst;
}

/* Returns how long it should have waited. */
static usec_t take_token(struct lane *lane, const struct setup_account *account) {
	usec_t slack = account->gap / 2 < SLACK ? account->gap / 2 : SLACK;
	usec_t reach = account->gap * (account->burst - 1);
	usec_t early = lane->full_at == INT64_MIN ? 0 : lane->full_at - reach - world->now;
	lane->full_at = (lane->full_at > world->now ? lane->full_at : world->now) + account->gap;
	return early > slack ? early : 0;
}

static void check_rate(struct lane *lane, const struct setup_account *account, int number) {
	follow_rate(lane, account);
	usec_t early = take_token(lane, account);
	if (early > 0) {
		world_violation("rate: expected account %d (one in %lld us, burst %d) to wait %lld us more, "
		                "but a request came",
		                number, (long long)account->gap, account->burst, (long long)early);
	}
}

static bool is_excused(int account) {
	return world->now < rules->excused_until && rules->excused[account]-- > 0;
}

/* While a changed configuration comes to one node after the other, the fastest of their rates counts. */
static struct setup_account fastest(int number) {
	struct setup_account fast = setups->versions[nodes->all[0].version].accounts[number];
	for (int version = 0; version <= setups->current; version++) {
		const struct setup_account *account = &setups->versions[version].accounts[number];
		fast.gap = account->gap < fast.gap ? account->gap : fast.gap;
		fast.burst = account->burst > fast.burst ? account->burst : fast.burst;
	}
	return fast;
}

/* Whether the clocks of all nodes were always right. */
static bool are_clocks_right(void) {
	for (int i = 0; i < nodes->count; i++) {
		if (nodes->all[i].offsets_len > 0) {
			return false;
		}
	}
	return world->most_late == 0;
}

/* What the server said to one owner, and that one told the others. */
static void check_deferred(int number) {
	char name[16];
	(void)snprintf(name, sizeof(name), "a%d", number);
	const struct store_chain *chain = store_chain(name);
	usec_t rest = chain->until - world->now;
	bool owns = strcmp(chain->owner, node->name) == 0 && world->now > rules->excused_until;
	if (owns && are_clocks_right() && rest > 3 * USEC_PER_SEC + 2 * plan->latency) {
		world_violation("pause: expected no request of account %d before %s, as the server has told a node, but one "
		                "came at %s", number, world_time(chain->until), world_time(world->now));
	}
}

/* All nodes together: no owner begins with a full bucket.  The tokens that are missing come at the rate of the day. */
static void check_common(int number) {
	struct setup_account account = fastest(number);
	struct lane *lane = &rules->common[number];
	if (lane->gap > account.gap && lane->full_at > world->now) {
		lane->full_at = world->now + (usec_t)((double)(lane->full_at - world->now) / (double)lane->gap * (double)account.gap);
	}
	lane->gap = account.gap;
	usec_t full_at = lane->full_at;
	usec_t early = take_token(lane, &account);
	if (early > 0 && is_excused(number)) {
		lane->full_at = full_at;
	} else if (early > 0) {
		world_violation("rate: expected the nodes to ask for account %d (one in %lld us, burst %d) as if they "
		                "were one, and to wait %lld us more, but a request came", number,
		                (long long)account.gap, account.burst, (long long)early);
	}
}

static void check_lane(const struct asked *asked) {
	const struct setup_account *account = &setups->versions[asked->version].accounts[asked->account];
	struct lane *lane = lane_of(asked->account);

	check_rate(lane, account, asked->account);
	if (nodes->cluster) {
		check_common(asked->account);
		check_deferred(asked->account);
	}
	if (++lane->in_flight > account->max_in_flight) {
		world_violation("in flight: expected at most %d requests of account %d, but this is one of %d",
		                account->max_in_flight, asked->account, lane->in_flight);
	}
	if (world->now < lane->quiet_until) {
		world_violation("pause: expected no request of account %d before %s, but one came at %s",
		                asked->account, world_time(lane->quiet_until), world_time(world->now));
	}
}

static void check_span(const struct asked *asked, const struct setup_device *device) {
	int grid = (int)setup_grid(device);
	bool single = device->granularity == GRAN_NONE;
	usec_t floor = edges_floor(device->zone, grid, asked->start);
	usec_t end = edges_floor(device->zone, grid, asked->end);
	int buckets = 0;

	if ((!single && floor != asked->start) || end != asked->end || asked->start >= asked->end) {
		world_violation("span: expected whole buckets of %s, but %s to %s was asked for",
		                setup_zones[device->zone], world_time(asked->start), world_time(asked->end));
	}
	for (usec_t at = asked->start; at < asked->end; at = edges_next(device->zone, grid, at)) {
		buckets++;
	}
	if (buckets > (single ? 1 : device->max_points)) {
		world_violation("span: expected at most %d buckets in one request, but %d were asked for",
		                device->max_points, buckets);
	}
	/* Where the daemon's clock is late, what is recorded is asked for again by the server's. */
	if (asked->end + device->settle > world_wall() && asked->end + device->settle > world->now) {
		world_violation("settle: expected the bucket until %s to be left alone until %s, but it was "
		                "asked for at %s", world_time(asked->end),
		                world_time(asked->end + device->settle), world_time(world_wall()));
	}
}

/* A Date is cut to the second, and as old as a reply is slow; two seconds more are not corrected. */
static void check_ripe(const struct asked *asked, const struct setup_device *device) {
	usec_t blur = 3 * USEC_PER_SEC + 2 * plan->latency;
	if (lane_of(asked->account)->dated && asked->end + device->settle > world->now + blur) {
		world_violation("clock: expected the bucket until %s to be left alone until %s by the server's "
		                "clock, which the daemon knows, but it was asked for at %s",
		                world_time(asked->end), world_time(asked->end + device->settle),
		                world_time(world->now));
	}
}

void rules_request(const struct asked *asked) {
	const struct setup_device *device = setup_find(asked->version, asked->uuid,
	                                               (enum granularity)asked->granularity);
	if (!device || device->account != asked->account) {
		world_violation("request: expected a device of account %d in version %d, but %s (%s) was asked for",
		                asked->account, asked->version, asked->uuid,
		                granularity_name((enum granularity)asked->granularity));
		return;
	}
	check_lane(asked);
	check_span(asked, device);
	check_ripe(asked, device);
}

/* Whether the daemon cannot know when a date is: by the reply's own Date, nor by its clock. */
static bool is_lost_in_time(const struct reply *reply) {
	bool off = node->wall_offset > USEC_PER_SEC || node->wall_offset < -USEC_PER_SEC;
	return (reply->odd || plan->without_date) && (off || world->most_late > 0);
}

static usec_t pause_of(const struct reply *reply) {
	if (reply->pause_until == 0) {
		return reply->pause;
	}
	usec_t pause = reply->pause_until - world->now - 2 * USEC_PER_SEC;
	return pause < USEC_PER_SEC || is_lost_in_time(reply) ? USEC_PER_SEC : pause < USEC_PER_HOUR ? pause : USEC_PER_HOUR;
}

void rules_reply(const struct asked *asked, const struct reply *reply) {
	struct lane *lane = lane_of(asked->account);
	lane->in_flight--;
	lane->dated = lane->dated || (reply->fate == FATE_ANSWER && !plan->without_date && !reply->odd &&
	                              world->server_late == 0);
	if (reply->status == 429 || (reply->status == 503 && reply->retry_after[0])) {
		usec_t until = world->now + pause_of(reply);
		struct lane *common = &rules->common[asked->account];
		lane->quiet_until = until > lane->quiet_until ? until : lane->quiet_until;
		common->quiet_until = until > common->quiet_until ? until : common->quiet_until;
	}
}

usec_t rules_quiet_until(int account) {
	return rules->common[account].quiet_until;
}

void rules_cancelled(void) {
	for (int i = 0; i < SETUP_ACCOUNTS; i++) {
		struct lane *lane = lane_of(i);
		lane->in_flight = 0;
		lane->first_reload = lane->first_reload ? lane->first_reload : world->now;
		lane->last_reload = world->now;
	}
}
