// SPDX-License-Identifier: ISC

/*
 * The plan: what will happen to the daemon, and when.
 *
 * A seed gives a setup (who is polled, how), a duration, and a list of events.
 * Events can be left out one by one, which is how a failing seed is shrunk: what the
 * others do does not depend on it.
 */

#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include "setup.h"

enum event_kind {
	/* The server and the way to it; from a time until another. */
	EVENT_OUTAGE,     /* arg: enum flavour */
	EVENT_THROTTLE,   /* 429; arg: permille of requests */
	EVENT_REFUSAL,    /* 401, 403; arg: 0 it passes, 1 until a new key is put in place */
	EVENT_BAD_DEVICE, /* arg: device; arg2: the status */
	EVENT_GARBAGE,    /* arg: permille of replies that are no answer */
	EVENT_MISFIT,     /* answers that are stamped otherwise; arg: enum misfit */
	EVENT_LATE,       /* a camera is away: its counts of that time come later; arg: device; arg2: microseconds after it */
	EVENT_POISON,     /* the bucket of arg, a device, that begins before: every request with it fails; arg2: how */
	EVENT_LATE_SERVER, /* its clock is behind; arg: by so many microseconds */

	/* The disk; from a time until another. */
	EVENT_DISK_FULL,  /* arg: bytes left; arg2: 1 a quota */
	EVENT_DISK_ERROR, /* arg: permille of operations */
	EVENT_DISK_FROZEN, /* read-only */
	EVENT_SYNC_FAILS, /* the next sync of a file fails, once */

	/* The way to the server. */
	EVENT_STALE, /* the account's connections: arg: 0 they go silent, 1 there is another server behind them */

	/* The machine. */
	EVENT_STEP,  /* the clock; arg: by so many microseconds */
	EVENT_SUSPEND, /* arg: for so long, during which only the clocks go on, and other machines */
	EVENT_CRASH, /* arg: at which disk operation from then on; arg2: microseconds off */
	EVENT_KILL,  /* likewise */
	EVENT_STOP,  /* SIGTERM; arg2: microseconds off */

	/* People. */
	EVENT_ROTATE, /* SIGUSR1 */
	EVENT_RELOAD, /* a changed configuration, and SIGHUP; arg: enum mutation, arg2: dice */
	EVENT_BROKEN, /* a broken configuration, and SIGHUP; mended at the end, and SIGHUP */
	EVENT_MOVE,   /* somebody renames the current log; arg: 1 and creates a new one */
	EVENT_EMPTY,  /* somebody truncates it */
	EVENT_REMOVE, /* somebody removes it */
	EVENT_RESTORE, /* a copy of the log, made at the begin, is put back at the end */
	EVENT_LOSE,   /* the checkpoint is gone (arg: 0) or damaged (1) at the next start */
	EVENT_HAUNT,  /* at the next start the log ends in a time that has not come; arg: by so many microseconds */
	EVENT_ORDER,  /* somebody orders what is recorded of arg, a device, to be asked for again; arg2: from so long ago on */

	/* Of a cluster. */
	EVENT_PAUSE,     /* a machine has no turns; arg: for so long */
	EVENT_PARTITION, /* a machine cannot reach the store; arg: 0 at all, 1 its answers do not come */
	EVENT_MUTE,      /* answers of the store are lost; arg: permille, after it did what was asked */
	EVENT_DELAY,     /* what the store is asked arrives late, at times when nobody expects it; arg: permille */
	EVENT_NO_QUORUM, /* the store has none */
	EVENT_NO_SPACE,  /* the store has no room */
	EVENT_OLD_STORE, /* a backup of the store, made at the begin, is put back at the end */
	EVENT_UPDATE,    /* a machine gets the newest configuration, and SIGHUP */
	EVENT_KINDS,
};

enum flavour {
	FLAVOUR_UNREACHABLE,
	FLAVOUR_SLOW,
	FLAVOUR_GATEWAY, /* 502, 503, 504 */
	FLAVOUR_SERVER_ERROR, /* 500 */
	FLAVOUR_MIXED,
	FLAVOURS,
};

enum misfit {
	MISFIT_ENDS,    /* of the buckets */
	MISFIT_SECONDS, /* since 1970 */
	MISFIT_TEXT,
	MISFIT_HALVES,  /* two points for each bucket */
	MISFITS,
};

/** How the server answers, all the time. */
struct manners {
	int cap;         /* points in an answer; 0: any number */
	bool cap_newest; /* of too many these are given */
	bool cap_warns, cap_pages; /* and it is said so */
	int permille_omitted; /* of buckets without data that have no point */
};

struct event {
	enum event_kind kind;
	usec_t at, until;
	int64_t arg, arg2;
	int account;
	int node; /* to whom it happens; -1: to the world */
	bool left_out;
	bool begun, active;
};

enum { EVENTS_MAX = 64 };

/** Which kinds of events a run may have. */
enum {
	PLAN_CRASHES = 1 << 0,
	PLAN_STEPS = 1 << 1,
	PLAN_DISK = 1 << 2,
	PLAN_NETWORK = 1 << 3,
	PLAN_PEOPLE = 1 << 4,
	PLAN_KINDS = 5,
	PLAN_ALL = (1 << PLAN_KINDS) - 1,
};

/** What people call them, in that order. */
extern const char *const plan_kinds[PLAN_KINDS];

struct plan {
	usec_t begin, quiet, end; /* faults are over at `quiet` */
	struct event events[EVENTS_MAX];
	int len;
	bool without_date; /* the server sends no Date */
	int permille_odd;  /* of Dates that are wrong, each by something else */
	bool steps;        /* clocks may be off */
	usec_t lease, retention; /* of the cluster */
	usec_t offset;     /* of the daemon's clock at the begin, of several the first one's */
	struct manners manners;
	bool away;         /* about cameras that were away: in a long calm, and with nothing that the daemon could forget */
	bool limited;      /* about a server that gives the newest points only, and leaves out what is empty */
	int permille_lost; /* of requests that fail at any time */
	usec_t latency;      /* the most that a reply usually takes */
	usec_t disk_latency; /* the most that a sync usually takes */
	usec_t next;         /* as plan_next() says */
};

extern struct plan *plan;

/** Makes the plan and the first setup. */
void plan_init(uint64_t seed, unsigned kinds);

/** When something happens next; USEC_INFINITY: never. */
usec_t plan_next(void);

/** Lets it happen. */
void plan_fire(void);

/** The first event of that kind that is on, for the machine at hand; NULL if there is none. */
const struct event *plan_active(enum event_kind kind, int account);

/** Shows the events, with their numbers. */
void plan_print(void);

/** Leaves events out: all but those with these numbers.  Call it before anything has happened. */
void plan_keep_only(const bool *wanted);

/** Ends the time of faults after so many minutes; what would come later is left out.  Likewise. */
void plan_shorten(int64_t minutes);

/** How long the time of faults is. */
int64_t plan_minutes(void);

#endif
