// SPDX-License-Identifier: ISC

#include "daemon/settle.h"

#include "daemon/poller-private.h"

static void begin(struct poll *poll, usec_t since) {
	poll->since = since;
	poll->cursor = span_first_cursor(poll->device->settings, since);
}

/*
 * Whether a cursor that was found at the start lies in a time that has not come.  A device without a
 * record begins there if its first bucket does, as backfill_from may say.
 */
static bool is_ahead(const struct poll *poll, usec_t now) {
	const struct settings *settings = poll->device->settings;
	if (!poll->unproven || poll->cursor <= now + CLOCK_SLACK) {
		return false;
	}
	return poll->taken > 0 || grid_floor(&settings->bucket, poll->cursor) > span_first_cursor(settings, now);
}

static bool prove(struct poll *poll, usec_t now) {
	poll->since = poll->since < now ? poll->since : now;
	poll->unproven = is_ahead(poll, now);
	return !poll->unproven;
}

/* Whether all cursors found at the start are of a time that has come. */
static bool prove_all(const struct poller *poller, const struct access *access) {
	usec_t now = clock_true_time(poller, access);
	bool proven = true;
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		struct poll *poll = &poller->roll.polls[i];
		proven = (poll->lane != &access->lane || !poll->begun || prove(poll, now)) && proven;
	}
	return proven;
}

/* Devices without a record begin when they would have, had the clock been right. */
static void begin_all(struct poller *poller, const struct access *access) {
	usec_t offset = skew_offset(&access->clock.skew);
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		struct poll *poll = &poller->roll.polls[i];
		if (poll->lane == &access->lane && !poll->begun) {
			begin(poll, poll->since - offset);
			poll->begun = true;
			poller->unsaved = true;
		}
	}
}

/* Whether a cursor lies in a time that has not come even by our clock. */
static bool has_suspects(const struct poller *poller, const struct access *access) {
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		const struct poll *poll = &poller->roll.polls[i];
		if (poll->lane == &access->lane && is_ahead(poll, poller->wall)) {
			return true;
		}
	}
	return false;
}

void settle_account(struct poller *poller, struct access *access) {
	struct clocking *clock = &access->clock;
	clock->unsettled = true;
	clock->mend = false;
	if (!clock_is_confirmed(access)) {
		clock->suspect = has_suspects(poller, access);
		return;
	}
	clock->mend = !prove_all(poller, access);
	if (!clock->mend) {
		begin_all(poller, access);
		clock->unsettled = clock->suspect = false;
	}
}

void settle_step(struct poller *poller, usec_t step) {
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		struct poll *poll = &poller->roll.polls[i];
		if (!poll->begun) {
			begin(poll, poll->since + step);
		}
	}
}
