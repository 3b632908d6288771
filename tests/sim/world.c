// SPDX-License-Identifier: ISC

#include "world.h"

#include "arena.h"
#include "base/utc.h"
#include "plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The machine had been up for a while when the run began. */
#define UPTIME (10000 * USEC_PER_SEC)

struct world *world;
bool tracing, in_life;

void world_init(uint64_t seed) {
	world = arena_new(sizeof(*world));
	world->seed = seed;
	world->digest = dice_mix(seed, 1);
	world->os = dice_of(seed, 2);
	world->stop_asked = USEC_INFINITY;
}

usec_t world_monotonic(void) {
	return world->now - world->begin + UPTIME;
}

usec_t world_wall(void) {
	return world->now + world->wall_offset;
}

void world_step(usec_t by) {
	world->wall_offset += by;
	if (world->offsets_len == OFFSETS_MAX) {
		fputs("sim: too many clock steps\n", stderr);
		_exit(2);
	}
	world->offsets[world->offsets_len].from = world->now;
	world->offsets[world->offsets_len++].offset = world->wall_offset;
}

int world_true_times(usec_t wall, usec_t times[static OFFSETS_MAX]) {
	int count = 0;
	usec_t until = USEC_INFINITY;
	for (int i = world->offsets_len; i-- >= 0;) {
		usec_t from = i >= 0 ? world->offsets[i].from : INT64_MIN / 2;
		usec_t time = wall - (i >= 0 ? world->offsets[i].offset : 0);
		/* Records are stamped with the time as a turn began, a little before. */
		if (count < OFFSETS_MAX && time >= from - USEC_PER_SEC && time <= until) {
			times[count++] = time;
		}
		until = from;
	}
	return count;
}

void world_advance(usec_t duration) {
	usec_t until = world->now + (duration > 0 ? duration : 0);
	usec_t next;

	while ((next = plan_next()) <= until) {
		world->now = next > world->now ? next : world->now;
		plan_fire();
	}
	/* It may have become later than that: the machine can have slept. */
	world->now = until > world->now ? until : world->now;
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
		printf("%s %s\n", world_time(world->now), text);
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
	if (world->doom == DOOM_NONE || !in_life) {
		return false;
	}
	if (operation) {
		world->doom_operations--;
	}
	return world->doom_operations < 0 || world->now >= world->doom_at;
}

void world_meet_doom(void) {
	world_note("the %s", world->doom == DOOM_KILL ? "daemon is killed" : "machine crashes");
	_exit(world->doom == DOOM_KILL ? EXIT_KILLED : EXIT_CRASHED);
}
