// SPDX-License-Identifier: ISC

#include "world.h"

#include "arena.h"
#include "base/utc.h"
#include "plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The machines had been up for a while when the run began. */
#define UPTIME (10000 * USEC_PER_SEC)

/* More than a machine has. */
enum { LIVES_APART = 4000 };

struct world *world;
bool tracing, in_life;

void world_init(uint64_t seed) {
	world = arena_new(sizeof(*world));
	world->seed = seed;
	world->digest = dice_mix(seed, 1);
	world->os = dice_of(seed, 2);
}

usec_t world_monotonic(void) {
	return world->now - world->begin + UPTIME * (node->number + 1);
}

usec_t world_wall(void) {
	return world->now + node->wall_offset;
}

void world_step(usec_t by) {
	node->wall_offset += by;
	if (node->offsets_len == OFFSETS_MAX) {
		fputs("sim: too many clock steps\n", stderr);
		_exit(2);
	}
	node->offsets[node->offsets_len].from = world->now;
	node->offsets[node->offsets_len++].offset = node->wall_offset;
}

/* Of one machine's clock. */
static int true_times(const struct node *of, usec_t wall, int count, usec_t times[static OFFSETS_MAX]) {
	usec_t until = USEC_INFINITY;
	for (int i = of->offsets_len; i-- >= 0;) {
		usec_t from = i >= 0 ? of->offsets[i].from : INT64_MIN / 2;
		usec_t time = wall - (i >= 0 ? of->offsets[i].offset : 0);
		/* Records are stamped with the time as a turn began, a little before. */
		if (count < OFFSETS_MAX && time >= from - USEC_PER_SEC && time <= until) {
			times[count++] = time;
		}
		until = from;
	}
	return count;
}

/* In a cluster a record may be from any of them. */
int world_true_times(usec_t wall, usec_t times[static OFFSETS_MAX]) {
	int count = 0;
	for (int i = 0; i < nodes->count; i++) {
		if (nodes->cluster || &nodes->all[i] == node) {
			count = true_times(&nodes->all[i], wall, count, times);
		}
	}
	return count;
}

int world_life(void) {
	return node->number * LIVES_APART + node->life;
}

const char *world_time(usec_t time) {
	static char texts[8][UTC_STRING_SIZE];
	static unsigned turn;
	char *text = texts[turn++ % 8];
	return utc_format(text, time);
}

/* The digest */

void world_mix(uint64_t a, uint64_t b) {
	world->digest = dice_mix(world->digest, a * 0x9e3779b97f4a7c15u ^ b);
}

void world_mix_bytes(const void *bytes, size_t len) {
	const char *at = bytes;
	uint64_t digest = world->digest ^ len;
	for (; len >= 8; at += 8, len -= 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		digest = (digest ^ word) * 0xd6e8feb86659fd93u;
		digest ^= digest >> 29;
	}
	uint64_t rest = 0;
	memcpy(&rest, at, len);
	world->digest = dice_mix(digest, rest);
}

void world_note(const char *format, ...) {
	char text[2600];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	if (len > 0) {
		world_mix_bytes(text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
	}
	if (tracing) {
		printf("%s %s%s%s\n", world_time(world->now), nodes->count > 1 ? node->name : "",
		       nodes->count > 1 ? " " : "", text);
		fflush(stdout);
	}
}

void world_violation(const char *format, ...) {
	if (!world->violation[0]) {
		va_list args;
		va_start(args, format);
		(void)vsnprintf(world->violation, sizeof(world->violation), format, args);
		va_end(args);
		world_note("VIOLATION: %s", world->violation);
	}
	if (in_life) {
		_exit(EXIT_VIOLATION);
	}
}

/* Doom */

bool world_is_doomed(bool operation) {
	if (node->doom == DOOM_NONE || !node->alive) {
		return false;
	}
	if (operation) {
		node->doom_operations--;
	}
	return node->doom_operations < 0 || world->now >= node->doom_at;
}

void world_meet_doom(void) {
	world_note("the %s", node->doom == DOOM_KILL ? "daemon is killed" : "machine crashes");
	_exit(node->doom == DOOM_KILL ? EXIT_KILLED : EXIT_CRASHED);
}
