// SPDX-License-Identifier: ISC

/*
 * What all parts of the simulation share: the time, the digest of everything that
 * happens, the first violation, and how a life of the daemon ends.
 *
 * There are three clocks: the true time, which the server and the calendar go by;
 * the daemon's wall clock, which is the true time and an offset that may step; and
 * the monotonic clock, which never steps and goes on in suspend.  All are microseconds.
 */

#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "base/units.h"
#include "dice.h"
#include "node.h"
#include "setup.h"

#include <stdbool.h>
#include <stdint.h>

/** What a run counts, for the summary. */
struct figures {
	uint64_t lives, stops, crashes, kills, exits, reloads, signals;
	uint64_t requests, replies, disk_operations, disk_faults, waits;
	uint64_t records, gaps, revisions, rotations, restorations, simulated_s;
	uint64_t answers, again; /* good ones, and those about what others had left out */
};

/** How the child of a life tells its parent what became of it. */
enum {
	EXIT_VIOLATION = 101,
	EXIT_KILLED = 102,
	EXIT_CRASHED = 103,
};

struct world {
	uint64_t seed;
	usec_t begin;       /* true time of the run's begin */
	usec_t now;         /* true time */
	usec_t server_late; /* how far the server's clock is behind the true time, */
	usec_t most_late;   /* and what that was at the most */
	uint64_t digest;
	struct figures figures;

	char violation[2048]; /* the first one; "" while all is well */

	bool fault_free;         /* the quiet phase at the end */
	bool over;               /* and that is over */
	int connections;         /* made so far; each has the next number, */
	struct stale {
		int last;            /* and those up to this one are of no use: */
		bool silent;         /* they say nothing, or a wrong server answers */
	} stale[SETUP_ACCOUNTS];

	struct dice os;
};

extern struct world *world;

/** Printed when --trace is on. */
extern bool tracing;

void world_init(uint64_t seed);

/** The monotonic clock. */
usec_t world_monotonic(void);

/** The wall clock of the machine at hand. */
usec_t world_wall(void);

/** Steps it. */
void world_step(usec_t by);

/** The true times at which a daemon's clock may have shown that; returns how many, the last one first. */
int world_true_times(usec_t wall, usec_t times[static OFFSETS_MAX]);

/** Adds an event to the digest, and shows it. */
__attribute__((format(printf, 1, 2)))
void world_note(const char *format, ...);

/** Adds numbers or bytes to the digest, without showing them. */
void world_mix(uint64_t a, uint64_t b);
void world_mix_bytes(const void *bytes, size_t len);

/**
 * An invariant does not hold: the sentence says what was expected and what came.
 * Only the first one counts.  In a life it ends the life.
 */
__attribute__((format(printf, 1, 2)))
void world_violation(const char *format, ...);

/** In a life: whether its end has come.  Disk operations count down. */
bool world_is_doomed(bool operation);

/** Ends the life as its doom says. */
__attribute__((noreturn))
void world_meet_doom(void);

/** True in the child that is a life, or waits for its begin. */
extern bool in_life;

/** A number for the life at hand that no other has, of any machine. */
int world_life(void);

/** "2026-03-08T09:00:00.000000Z" of a time, in one of a few static buffers. */
const char *world_time(usec_t time);

#endif
