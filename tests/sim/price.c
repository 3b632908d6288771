// SPDX-License-Identifier: ISC

#include "price.h"

#include "config/read.h"
#include "schedule/cost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct config *configuration(void) {
	static struct config *config;
	struct config_problems problems;
	if (!config) {
		config_problems_init(&problems);
		if (config_load("occupancyd.conf", &config, &problems) < 0) {
			fprintf(stderr, "sim: its configuration: %s", buf_text(&problems.text));
			exit(2);
		}
		config_problems_done(&problems);
	}
	return config;
}

double price_of(const char *uuid, const char *interval) {
	const struct config *config = configuration();
	for (size_t i = 0; i < config->device_count; i++) {
		const struct device *device = &config->devices[i];
		if (strcmp(device->uuid, uuid) == 0 &&
		    strcmp(interval_name(device->settings->bucket.interval), interval) == 0) {
			return cost_of(device->settings).per_second;
		}
	}
	fprintf(stderr, "sim: %s %s is not configured\n", uuid, interval);
	exit(2);
}
