// SPDX-License-Identifier: ISC

#include "count.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MINUTE_MS = 60000, DAY_MS = 86400000, MINUTES_OF_DAY = 1440 };

/* A working day: how full the room is, in percent, at a minute of the UTC day. */
static const struct corner {
	int64_t minute;
	int64_t percent;
} working_day[] = {
	{0, 0}, {360, 0}, {570, 100}, {750, 60}, {870, 95}, {1200, 0}, {1440, 0},
};

uint64_t hash_of(const char *bytes, size_t length) {
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < length; i++) {
		hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3;
	}
	return hash;
}

uint64_t bucket_hash(const char *uuid, int64_t start_ms) {
	char name[128];
	int length = snprintf(name, sizeof(name), "%s:%lld", uuid, (long long)start_ms);

	return hash_of(name, (size_t)length);
}

static int64_t shape_percent(int64_t minute) {
	const struct corner *left = working_day;

	while (minute >= left[1].minute) {
		left++;
	}

	const struct corner *right = left + 1;

	return (left->percent * (right->minute - minute) +
	        right->percent * (minute - left->minute)) /
	       (right->minute - left->minute);
}

static bool is_weekend(int64_t start_ms) {
	int64_t weekday = (start_ms / DAY_MS + 3) % 7; /* Monday is 0 */

	return weekday >= 5;
}

int64_t published_count(const char *uuid, int64_t start_ms) {
	int64_t capacity = 4 + (int64_t)(hash_of(uuid, strlen(uuid)) % 37);
	int64_t shape = shape_percent(start_ms / MINUTE_MS % MINUTES_OF_DAY);
	int64_t jitter = 75 + (int64_t)(bucket_hash(uuid, start_ms) % 26);

	if (is_weekend(start_ms)) {
		shape /= 10;
	}
	return capacity * shape * jitter / 10000;
}
