// SPDX-License-Identifier: ISC

#include "daemon/reload.h"

#include "base/log.h"
#include "config/print.h"
#include "daemon/member.h"
#include "daemon/poller-private.h"

#include <string.h>

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
				.home = poll->home,
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
	buf_init(&lines, BUF_ANY);
	config_restarts(before, after, &lines);
	log_lines(LOG_LEVEL_WARNING, buf_text(&lines));
	buf_done(&lines);
}

int reload_config(struct poller *poller, struct config *config, struct error *err) {
	struct roll roll;
	clock_read(poller);
	clock_follow(poller); /* a new device begins by what the clock says now */

	int r = roll_init(&roll, config, poller->once.wanted, poller->now, poller->wall, err);
	if (r < 0) {
		return r;
	}
	usec_t now;
	bool confirmed = clock_naming_time(poller, &now);
	config->log.entries = poller->member != NULL; /* to join or leave a cluster takes a restart */
	r = sink_reconfigure(poller->sink, &config->log, confirmed ? now : USEC_UNKNOWN, err);
	if (r == 0 && poller->member) {
		r = member_reopen(poller, &config->cluster, err);
	}
	if (r < 0) {
		roll_release(&roll, NULL);
		return r;
	}

	/* From here on nothing can fail. */
	name_restart_keys(poller->roll.config, config);
	http_cancel_all(poller->http);
	backfill_detach(poller);
	if (poller->member) {
		member_detach(poller);
	}
	keep_orphans(poller, &roll);
	take_over(poller, &roll, &poller->roll);
	roll_done(&poller->roll, poller->http);
	poller->roll = roll;
	if (poller->member && member_bind(poller) < 0) {
		log_err("out of memory: a new account is not polled until the next reload");
	}
	poller->report.status.failing = count_failing(&poller->roll);
	poller_start(poller);
	return 0;
}
