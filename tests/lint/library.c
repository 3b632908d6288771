// SPDX-License-Identifier: ISC

/*
 * A second program in small, for check-library: what a configuration has, and what a log holds of it.
 *
 *   library FILE DIRECTORY   a line of JSON for each device: how many labels it has, and records, and buckets that
 *                            are recorded, without a count, in gaps, and missing between the first and the last
 *
 * It is linked with all that is not the daemon's, and with nothing else.
 */

#include "base/json.h"
#include "config/read.h"
#include "sink/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What the log holds of a device. */
struct tally {
	usec_t from, until; /* INT64_MIN: nothing */
	size_t records, buckets, empty, gaps;
};

struct reading {
	const struct config *config;
	struct tally *tallies; /* one for each device, in order */
};

static size_t buckets_between(const struct grid *grid, usec_t start, usec_t end) {
	size_t count = 0;
	for (usec_t edge = start; edge < end; edge = grid_next(grid, edge)) {
		count++;
	}
	return count;
}

static void count_entry(const struct log_entry *entry, const struct grid *grid, struct tally *tally) {
	tally->records++;
	if (entry->revision > 0) {
		return;
	}
	size_t buckets = buckets_between(grid, entry->start, entry->end);
	tally->from = tally->records == 1 ? entry->start : tally->from;
	tally->until = entry->end;
	tally->buckets += buckets;
	tally->empty += entry->status == RECORD_NO_DATA ? buckets : 0;
	tally->gaps += entry->status == RECORD_GAP ? buckets : 0;
}

static void visit(const struct log_entry *entry, void *user) {
	struct reading *reading = user;
	for (size_t i = 0; i < reading->config->device_count; i++) {
		const struct device *device = &reading->config->devices[i];
		const struct grid *grid = &device->settings->bucket;
		if (strcmp(device->uuid, entry->uuid) == 0 && grid->interval == entry->interval) {
			count_entry(entry, grid, &reading->tallies[i]);
		}
	}
}

static size_t count_labels(const struct device *device) {
	struct json_object *labels = NULL;
	struct error err;
	if (!device->labels || json_read(device->labels, strlen(device->labels), &labels, &err) < 0) {
		return 0;
	}
	size_t count = json_count(labels);
	json_free(labels);
	return count;
}

static void show(const struct device *device, const struct tally *tally) {
	size_t expected = buckets_between(&device->settings->bucket, tally->from, tally->until);
	struct buf line;
	buf_init(&line, 4096);
	buf_puts(&line, "{\"name\":");
	json_put_string(&line, device->name);
	buf_printf(&line, ",\"labels\":%zu,\"records\":%zu,\"buckets\":%zu,\"empty\":%zu,\"gaps\":%zu,\"missing\":%zu}",
	           count_labels(device), tally->records, tally->buckets, tally->empty, tally->gaps, expected - tally->buckets);
	puts(buf_text(&line));
	buf_done(&line);
}

static int read_log(struct reading *reading, const char *directory) {
	struct replay replay = {.visit = visit, .user = reading};
	struct error err = {{0}};
	int64_t zeros;
	char current[32];
	(void)snprintf(current, sizeof(current), "occupancy.%s", log_codec_of(reading->config->log.format)->extension);
	int r = replay_run(directory, current, NULL, &replay, &zeros, &err);
	if (r < 0) {
		puts(err.text);
		return r;
	}
	printf("files %zu, records %zu, odd lines %zu\n", replay.files, replay.records, replay.odd);
	for (size_t i = 0; i < reading->config->device_count; i++) {
		show(&reading->config->devices[i], &reading->tallies[i]);
	}
	return 0;
}

int main(int argc, char **argv) {
	struct config *config = NULL;
	struct config_problems problems;
	if (argc != 3) {
		return 64;
	}
	config_problems_init(&problems);
	int r = config_load(argv[1], &config, &problems);
	fputs(buf_text(&problems.text), stdout);
	config_problems_done(&problems);
	if (r == 0) {
		struct reading reading = {.config = config, .tallies = calloc(config->device_count + 1, sizeof(*reading.tallies))};
		r = reading.tallies ? read_log(&reading, argv[2]) : -1;
		free(reading.tallies);
	}
	config_free(config);
	return fflush(stdout) == 0 && r == 0 ? 0 : 1;
}
