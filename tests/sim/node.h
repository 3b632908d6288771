// SPDX-License-Identifier: ISC

/*
 * The machines of a run: each has a disk, a clock of its own and one daemon, whose lives are forked
 * children.  Most runs have one; those of a cluster have several, on one true time.
 *
 * One process runs at a time.  In a life `node` is its machine; whoever lets time pass may make others
 * happen, and enters their machine for that.  All of it lies in the arena.
 */

#ifndef SIM_NODE_H
#define SIM_NODE_H

#include "base/units.h"

#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { NODES_MAX = 3, OFFSETS_MAX = 160 };

/** Why a life shall end, from without. */
enum doom { DOOM_NONE, DOOM_KILL, DOOM_CRASH };

/** What becomes of the checkpoint between two lives. */
enum loss { LOSS_NONE, LOSS_GONE, LOSS_DAMAGE };

struct disk;
struct os;
struct names;
struct backup;
struct ledger;

struct node {
	int number;
	int version;      /* of the configuration on its real disk */
	const char *name; /* "a", "b", "c" */

	struct disk *disk;
	struct os *os;
	struct names *names;
	struct backup *backup;
	struct ledger *ledger; /* those of a cluster have one for all */

	usec_t asleep;      /* how long it has been suspended in all */
	usec_t wall_offset; /* of its clock to the true time, */
	struct {
		usec_t from, offset; /* true time, and what it was from then on */
	} offsets[OFFSETS_MAX];
	int offsets_len;

	/* The life at hand. */
	pid_t process;
	int life;             /* counts up */
	usec_t life_began;
	usec_t unclean_until; /* a life that ended otherwise than by SIGTERM was over by then; 0: none was */
	usec_t stop_asked;    /* when SIGTERM came; USEC_INFINITY: it did not */
	int64_t doom_operations; /* so many more disk operations until its doom */
	usec_t doom_at;       /* or then at the latest */
	usec_t off;           /* how long the daemon is down after this life */
	usec_t haunting;      /* at the next start the log ends so much ahead of the time; 0: it does not */
	enum doom doom;
	enum loss losing;     /* at the next start */
	int exits_in_a_row;
	int damages;          /* of checkpoints, so far */
	int outsider;         /* how much others did to the log since a checkpoint was saved: */
	unsigned moves;       /* of the log, by others */
	bool meddled;         /* and whether they ever did anything to it */
	bool alive;           /* the daemon runs, or is paused */
	bool ready;           /* READY=1 was sent */
	bool sig_stop, sig_reload, sig_rotate;
	bool sync_fails;      /* the next sync of a file does */
	bool emptying;        /* somebody will truncate the log at the next wait */
	bool disk_troubled;   /* the life has met a disk fault */
	bool broken;          /* the configuration on its real disk cannot be read */

	/* Its turns. */
	bool over;           /* there will be no other life */
	usec_t wake;         /* when it goes on, */
	usec_t paused_until; /* but not before */
	bool waits;          /* in http_wait() */
	bool due;            /* something has come that ends that */
	sem_t turn;

	/* The way to the store of the cluster: what of it gets lost. */
	bool asks_lost, answers_lost;
};

struct nodes {
	struct node all[NODES_MAX];
	int count;
	bool cluster; /* they are one */
	bool astray;  /* in the end: a log has entries that a store which was put back does not know, and later ones of it */
};

/** How the store is, to all. */
struct weather {
	bool no_quorum;        /* it answers nothing, or that it has no leader */
	bool space_alarm;      /* it refuses what needs room */
	int permille_mute;     /* of what was carried out, whose answer is lost */
	int permille_late;     /* of what is asked, that arrives seconds later than the rest, also after its time-out */
	usec_t latency;        /* the most that a way usually takes, in each direction */
};

extern struct nodes *nodes;
extern struct node *node; /* the machine at hand */
extern struct weather *weather;

/** So many machines.  Enters the first. */
void nodes_init(int count, bool cluster);

/** From here on all is about that machine.  Returns the one before. */
struct node *node_enter(struct node *other);

/** Something has come for a machine's daemon: its http_wait() ends, or the next one does at once. */
void node_wake(struct node *other);

/**
 * Something that happens at times of its own, beside the plan: next says when, USEC_INFINITY for never, and fire
 * lets it happen; world->now is that time then, or a little later.  Call it before the first life.
 */
void nodes_agenda(usec_t (*next)(void), void (*fire)(void));

/** Lets time pass for the machine at hand; others have their turns meanwhile.  Ends early if waits, and it is woken. */
void node_sleep(usec_t duration, bool waits);

/** In the child that will be a life: waits until the machine's wake. */
void node_begin(void);

/** Outside of lives: lets the next one have its turn. */
void node_pass(void);

#endif
