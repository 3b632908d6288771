// SPDX-License-Identifier: ISC

/*
 * Putting a configuration to work, and swapping it for another.
 */

#include "base/log.h"
#include "daemon/poller-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Everything but the configuration. */
static void release(struct roll *roll, struct http *http) {
	for (size_t i = 0; roll->polls && i < roll->config->device_count; i++) {
		poll_done(&roll->polls[i]);
	}
	for (size_t i = 0; roll->accesses && i < roll->config->account_count; i++) {
		access_done(&roll->accesses[i], http);
	}
	roster_done(&roll->roster);
	free(roll->polls);
	free(roll->accesses);
	free(roll->flights);
}

void roll_done(struct roll *roll, struct http *http) {
	if (roll->config) {
		release(roll, http);
		config_free(roll->config);
		*roll = (struct roll){0};
	}
}

static int open_patiently(struct access *access, const struct account *account, usec_t now,
                          struct error *err) {
	int r = access_init_patient(access, account, now, err);
	if (r > 0) {
		log_err("%s: %s: its devices wait", account->name, access->reason);
	}
	return r < 0 ? r : 0;
}

static int open_accesses(struct roll *roll, const struct poller *poller, struct error *err) {
	int r = 0;
	for (size_t i = 0; r == 0 && i < roll->config->account_count; i++) {
		struct access *access = &roll->accesses[i];
		const struct account *account = &roll->config->accounts[i];
		r = poller->once ? access_init(access, account, err)
		                 : open_patiently(access, account, poller->now, err);
	}
	return r;
}

/* Each poll in the lane of its account, and room in every lane for all of its polls. */
static int fill_lanes(struct roll *roll, usec_t wall) {
	size_t *counts = calloc(roll->config->account_count, sizeof(*counts));
	if (!counts) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < roll->config->device_count; i++) {
		const struct device *device = &roll->config->devices[i];
		size_t account = (size_t)(device->account - roll->config->accounts);
		poll_init(&roll->polls[i], device, span_first_cursor(device->settings, wall), wall);
		roll->polls[i].lane = &roll->accesses[account].lane;
		roll->polls[i].recheck.max = (uint16_t)recheck_room(roll->config->device_count);
		counts[account]++;
	}
	int r = 0;
	for (size_t i = 0; r == 0 && i < roll->config->account_count; i++) {
		r = lane_reserve(&roll->accesses[i].lane, counts[i]);
	}
	free(counts);
	return r;
}

static int make_flights(struct roll *roll) {
	size_t count = 0;
	for (size_t i = 0; i < roll->config->account_count; i++) {
		count += (size_t)roll->config->accounts[i].max_in_flight;
	}
	/* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): there is at least one account, with one at least */
	roll->flights = calloc(count, sizeof(*roll->flights));
	if (!roll->flights) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		roll->flights[i].next_free = roll->free_flights;
		roll->free_flights = &roll->flights[i];
	}
	return 0;
}

int roll_init(struct roll *roll, struct config *config, const struct poller *poller,
              struct error *err) {
	*roll = (struct roll){
		.config = config,
		.accesses = calloc(config->account_count, sizeof(*roll->accesses)),
		/* There may be no device yet. */
		.polls = calloc(config->device_count + 1, sizeof(*roll->polls)),
	};
	int r = -ENOMEM;
	if (roll->accesses && roll->polls) {
		r = open_accesses(roll, poller, err);
	}
	if (r == 0 && ((r = fill_lanes(roll, poller->wall)) < 0 || (r = make_flights(roll)) < 0 ||
	               (r = roster_init(&roll->roster, roll->polls, config->device_count)) < 0)) {
		(void)error_set(err, ENOMEM, "out of memory");
	}
	if (r < 0) {
		release(roll, NULL);
		*roll = (struct roll){0};
	}
	return r;
}

/* The account of that name; else the one of that key, which has been renamed. */
static const struct access *find_access(const struct roll *roll, const struct account *account) {
	const struct access *found = NULL;
	for (size_t i = 0; i < roll->config->account_count; i++) {
		const struct account *other = &roll->config->accounts[i];
		if (strcmp(other->name, account->name) == 0) {
			return &roll->accesses[i];
		}
		if (strcmp(other->base_url, account->base_url) == 0 &&
		    strcmp(other->key_file, account->key_file) == 0) {
			found = &roll->accesses[i];
		}
	}
	return found;
}

/* A device that is gone may come back: its position is kept, and given back then. */
static void keep_orphans(struct poller *poller, const struct roll *after) {
	const struct roll *before = &poller->roll;
	for (size_t i = 0; i < before->config->device_count; i++) {
		const struct poll *poll = &before->polls[i];
		enum interval interval = poll->device->settings->bucket.interval;
		if (poll->begun && !roster_find(&after->roster, poll->device->uuid, interval)) {
			(void)orphans_add(&poller->orphans, poll->device->uuid, interval, &(struct orphan){
				.cursor = poll->cursor,
				.since = poll->since,
				.taken = poll->taken,
				.top = poll->top,
				.again = poll->again,
			});
		}
	}
}

static void take_over(struct poller *poller, struct roll *roll, struct roll *from) {
	for (size_t i = 0; i < roll->config->account_count; i++) {
		const struct access *before = find_access(from, roll->accesses[i].account);
		if (before) {
			access_take_over(&roll->accesses[i], before, poller->now);
		}
	}
	for (size_t i = 0; i < roll->config->device_count; i++) {
		struct poll *poll = &roll->polls[i];
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): fill_lanes() has set each poll's device */
		struct poll *before = roster_find(&from->roster, poll->device->uuid,
		                                  poll->device->settings->bucket.interval);
		if (before) {
			poll_take_over(poll, before);
			if (!poll->begun) {
				poll->cursor = span_first_cursor(poll->device->settings, poll->since);
			}
		} else {
			orphans_adopt(&poller->orphans, poll);
		}
	}
}

static size_t count_failing(const struct roll *roll) {
	size_t failing = 0;
	for (size_t i = 0; i < roll->config->device_count; i++) {
		failing += roll->polls[i].told;
	}
	return failing;
}

/* What cannot change while the daemon runs keeps its old value, aloud. */
static void name_restart_keys(const struct config *before, const struct config *after) {
	struct buf lines;
	buf_init(&lines, 1 << 16);
	config_restarts(before, after, &lines);
	log_lines(LOG_LEVEL_WARNING, buf_text(&lines));
	buf_done(&lines);
}

int poller_reload(struct poller *poller, struct config *config, struct error *err) {
	struct roll roll;
	poller_read_clocks(poller);

	int r = roll_init(&roll, config, poller, err);
	if (r < 0) {
		return r;
	}
	usec_t now;
	bool confirmed = poller_naming_time(poller, &now);
	r = sink_reconfigure(poller->sink, &config->log, confirmed ? now : USEC_UNKNOWN, err);
	if (r < 0) {
		release(&roll, NULL);
		return r;
	}

	/* From here on nothing can fail. */
	name_restart_keys(poller->roll.config, config);
	http_cancel_all(poller->http);
	keep_orphans(poller, &roll);
	take_over(poller, &roll, &poller->roll);
	roll_done(&poller->roll, poller->http);
	poller->roll = roll;
	poller->status.failing = count_failing(&poller->roll);
	poller_start(poller);
	return 0;
}
