// SPDX-License-Identifier: ISC

#include "daemon/roll.h"

#include "base/log.h"
#include "base/rng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void roll_release(struct roll *roll, struct http *http) {
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
		roll_release(roll, http);
		config_free(roll->config);
		*roll = (struct roll){0};
	}
}

static int open_patiently(struct access *access, const struct account *account, usec_t now,
                          struct error *err) {
	int r = access_init_patient(access, account, now, err);
	if (r > 0) {
		log_err("%s: %s: its devices are not polled", account->name, access->reason);
	}
	return r < 0 ? r : 0;
}

static int open_accesses(struct roll *roll, bool once, usec_t now, struct error *err) {
	int r = 0;
	for (size_t i = 0; r == 0 && i < roll->config->account_count; i++) {
		struct access *access = &roll->accesses[i];
		const struct account *account = &roll->config->accounts[i];
		r = once ? access_init(access, account, err)
		                 : open_patiently(access, account, now, err);
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

int roll_init(struct roll *roll, struct config *config, bool once, usec_t now, usec_t wall, struct error *err) {
	*roll = (struct roll){
		.config = config,
		.accesses = calloc(config->account_count, sizeof(*roll->accesses)),
		/* There may be no device yet. */
		.polls = calloc(config->device_count + 1, sizeof(*roll->polls)),
	};
	int r = roll->accesses && roll->polls ? open_accesses(roll, once, now, err)
	                                      : error_set(err, ENOMEM, "out of memory");
	if (r == 0 && ((r = fill_lanes(roll, wall)) < 0 || (r = make_flights(roll)) < 0 ||
	               (r = roster_init(&roll->roster, roll->polls, config->device_count)) < 0)) {
		(void)error_set(err, ENOMEM, "out of memory");
	}
	if (r < 0) {
		roll_release(roll, NULL);
		*roll = (struct roll){0};
	}
	return r;
}

void roll_land(struct roll *roll, struct flight *flight) {
	flight->poll = NULL;
	flight->next_free = roll->free_flights;
	roll->free_flights = flight;
}

uint64_t roll_hash(const struct roll *roll) {
	uint64_t sum = 0;
	for (size_t i = 0; i < roll->config->device_count; i++) {
		const struct device *device = &roll->config->devices[i];
		const char *account = device->account->name;
		uint64_t hash = rng_hash(device->uuid, strlen(device->uuid)) + (uint64_t)device->settings->bucket.interval;
		sum += hash * 31 + rng_hash(account, strlen(account));
	}
	return sum;
}
