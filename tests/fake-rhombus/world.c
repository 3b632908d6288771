// SPDX-License-Identifier: ISC

#include "world.h"

#include "clock.h"
#include "json.h"

#include <string.h>

/* A tenth of the burst is the refill of a second, unless the options say otherwise. */
static double burst_of(const struct options *options) {
	if (options->burst > 0) {
		return options->burst;
	}
	return options->rate > 0.1 ? options->rate * 10 : 1;
}

static int keys_init(struct world *world, struct why *why) {
	const struct options *options = world->options;
	struct json_object *array;
	int r = 0;

	for (size_t i = 0; r == 0 && i < options->key_count; i++) {
		r = keys_add_option(&world->keys, options->keys[i], why);
	}
	if (r < 0 || !options->keys_file) {
		return r;
	}
	array = json_read_file(options->keys_file, why);
	r = array ? keys_add_array(&world->keys, array, why) : -1;
	json_object_put(array);
	return r;
}

static int faults_init(struct world *world, struct why *why) {
	struct json_object *array;

	if (!world->options->faults_file) {
		return 0;
	}
	array = json_read_file(world->options->faults_file, why);

	int r = array ? faults_replace(&world->faults, array, mono_us(), why) : -1;

	json_object_put(array);
	return r;
}

int world_init(struct world *world, const struct options *options, struct why *why) {
	int r = 0;

	memset(world, 0, sizeof(*world));
	world->options = options;
	world->clock_offset_ms =
		options->now_ms >= 0 ? options->now_ms - wall_ms() : options->clock_offset_ms;
	world->orgs.rate = options->rate;
	world->orgs.burst = burst_of(options);
	devices_init(&world->devices, options->zone);
	if (options->devices_file) {
		r = devices_read(&world->devices, options->devices_file, why);
	}
	if (r == 0) {
		r = keys_init(world, why);
	}
	if (r == 0) {
		r = faults_init(world, why);
	}
	if (r == 0) {
		r = journal_open(&world->journal, options->journal_file, why);
	}
	return r;
}

void world_done(struct world *world) {
	journal_close(&world->journal);
	faults_done(&world->faults);
	orgs_done(&world->orgs);
	keys_done(&world->keys);
	devices_done(&world->devices);
}

int64_t world_now_ms(const struct world *world) {
	return wall_ms() + world->clock_offset_ms;
}
