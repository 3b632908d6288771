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

/** Why a life shall end, from without. */
enum doom { DOOM_NONE, DOOM_KILL, DOOM_CRASH };

/** What becomes of the checkpoint between two lives. */
enum loss { LOSS_NONE, LOSS_GONE, LOSS_DAMAGE };

/** How the child of a life tells its parent what became of it. */
enum {
	EXIT_VIOLATION = 101,
	EXIT_KILLED = 102,
	EXIT_CRASHED = 103,
};

enum { OFFSETS_MAX = 160 };

struct world {
	uint64_t seed;
	usec_t begin;       /* true time of the run's begin */
	usec_t now;         /* true time */
	usec_t wall_offset; /* of the daemon's clock, */
	struct {
		usec_t from, offset; /* true time, and what it was from then on */
	} offsets[OFFSETS_MAX];
	int offsets_len;
	usec_t server_late; /* how far the server's clock is behind the true time, */
	usec_t most_late;   /* and what that was at the most */
	uint64_t digest;
	struct figures figures;

	char violation[2048]; /* the first one; "" while all is well */

	/* The life at hand. */
	int life;
	usec_t life_began;
	usec_t unclean_until; /* a life that ended otherwise than by SIGTERM was over by then; 0: none was */
	bool ready;           /* READY=1 was sent */
	usec_t stop_asked;    /* when SIGTERM came; USEC_INFINITY: it did not */
	enum doom doom;
	int64_t doom_operations; /* so many more disk operations until then */
	usec_t doom_at;          /* or then at the latest */
	usec_t off;              /* how long the daemon is down after this life */
	bool sig_stop, sig_reload, sig_rotate;
	bool fault_free;         /* the quiet phase at the end */
	int outsider;            /* how much others did to the log since a checkpoint was saved: */
	bool meddled;            /* and whether they ever did anything to it */
	enum loss losing;        /* at the next start */
	usec_t haunting;         /* then the log ends so much ahead of the time; 0: it does not */
	int damages;             /* of checkpoints, so far */
	bool sync_fails;         /* the next sync of a file does */
	bool emptying;           /* somebody will truncate the log at the next wait */
	bool disk_troubled;      /* the life has met a disk fault */
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

/** The daemon's wall clock. */
usec_t world_wall(void);

/** Steps the daemon's clock. */
void world_step(usec_t by);

/** The true times at which the daemon's clock may have shown that; returns how many, the last one first. */
int world_true_times(usec_t wall, usec_t times[static OFFSETS_MAX]);

/** Lets time pass; what the plan holds for that time happens. */
void world_advance(usec_t duration);

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

/** True in the child that is a life. */
extern bool in_life;

/** "2026-03-08T09:00:00.000000Z" of a time, in one of a few static buffers. */
const char *world_time(usec_t time);

#endif
