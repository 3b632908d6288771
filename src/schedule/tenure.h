// SPDX-License-Identifier: ISC

/*
 * One account's tenure at this node of a cluster: whether this node owns the account, and what is to be
 * done about that next.
 *
 *   FOLLOWING --claim--> CLAIMING --granted--> READING --all read--> OWNING
 *                                                 ^                    |
 *                                                 +---commit failed----+
 *   OWNING, READING --leave--> DRAINING --idle--> LEAVING --released--> FOLLOWING
 *
 * Pure; times are on the monotonic clock.  What the store said of the account is believed only if it was
 * asked after the last thing that this node did to the account was over: what it did may not have been
 * in that answer.
 *
 * The lease only decides who asks.  Whether what was answered counts, the store decides entry by entry.
 */

#ifndef SCHEDULE_TENURE_H
#define SCHEDULE_TENURE_H

#include "base/units.h"

#include <stdbool.h>
#include <stdint.h>

enum tenure_state {
	TENURE_FOLLOWING, /* another node owns it, or nobody */
	TENURE_CLAIMING,  /* a claim is on its way */
	TENURE_READING,   /* it is owned; all entries are to be in the log before anything is asked */
	TENURE_OWNING,
	TENURE_DRAINING,  /* it is owned; nothing new is asked, and what is on its way is recorded */
	TENURE_LEAVING,   /* a release is on its way */
	TENURE_HALTED,    /* this node does not follow it any more: see why */
};

enum tenure_wish {
	TENURE_REST,
	TENURE_READ,    /* the entries behind position */
	TENURE_CLAIM,
	TENURE_BEGIN,   /* the chain, with its first entry */
	TENURE_RELEASE,
};

struct tenure {
	enum tenure_state state;
	uint64_t position; /* all entries up to it are in the log */
	uint64_t head;     /* as it was last seen */
	uint64_t epoch;    /* of the tenure; 0: it is not owned */
	uint64_t ours;     /* the number of tenures so far: another one has another number */
	uint64_t believe;  /* looks from this serial number on are believed */
	bool sighted;      /* since the last claim, or commit that failed, the head has been seen */
	bool owned;        /* by anybody, as last seen */
	bool busy;         /* something of this account is on its way to the store */
	usec_t free_since; /* when it was first seen to be free; USEC_INFINITY: it is not, or that is not known */
};

/** What a look says of an account, and when it was made. */
struct tenure_view {
	uint64_t serial; /* of the look: ascending */
	uint64_t head, epoch;
	bool mine;       /* the owner is this node, by its present lease */
};

/** What else the next step depends on. */
struct tenure_place {
	usec_t now;
	bool may_claim;   /* there is a lease, and the disk is well */
	bool preferred;   /* this node is to own the account if it can */
	bool leave;       /* the account is to be let go */
	bool idle;        /* no request to its server is on its way, and nothing is to be committed */
};

/** A node that has so many entries in its log. */
__attribute__((nonnull))
void tenure_init(struct tenure *tenure, uint64_t position);

/** Whether this node is the account's owner, whether or not it may ask yet. */
__attribute__((nonnull, warn_unused_result))
bool tenure_owns(const struct tenure *tenure);

/** Whether answers to its devices may be recorded. */
__attribute__((nonnull, warn_unused_result))
bool tenure_records(const struct tenure *tenure);

/** Takes what a look said.  Returns false if the head is behind what it was, or what this node has in its log: entries were lost. */
__attribute__((nonnull, warn_unused_result))
bool tenure_look(struct tenure *tenure, const struct tenure_view *view, usec_t now);

/** What is to be done next.  The account may change from OWNING to DRAINING, and from READING to OWNING, by this. */
__attribute__((nonnull, warn_unused_result))
enum tenure_wish tenure_turn(struct tenure *tenure, const struct tenure_place *place);

/** Something was sent to the store; next_serial: that of the next look. */
__attribute__((nonnull))
void tenure_sent(struct tenure *tenure, enum tenure_wish what, uint64_t next_serial);

/** What became of a claim: the epoch, or 0. */
__attribute__((nonnull))
void tenure_claimed(struct tenure *tenure, uint64_t epoch, uint64_t next_serial);

/** What became of a release: whether the store says that the account is not ours now. */
__attribute__((nonnull))
void tenure_released(struct tenure *tenure, bool gone, uint64_t next_serial);

/** A commit of the entry behind position is on its way. */
__attribute__((nonnull))
void tenure_committing(struct tenure *tenure, uint64_t next_serial);

/** The store has it; tenure_applied() is next, or tenure_upset(). */
__attribute__((nonnull))
void tenure_committed(struct tenure *tenure, uint64_t next_serial);

/** Entries have been read, or could not be. */
__attribute__((nonnull))
void tenure_read(struct tenure *tenure);

/** All entries up to that position are in the log, synced. */
__attribute__((nonnull))
void tenure_applied(struct tenure *tenure, uint64_t position);

/** A commit was not taken, or nobody knows, or it is not in the log: as tenure_doubt(). */
__attribute__((nonnull))
void tenure_upset(struct tenure *tenure, uint64_t next_serial);

/** What this node knows of the account may be less than the chain has: an owner reads on before it asks again. */
__attribute__((nonnull))
void tenure_doubt(struct tenure *tenure, uint64_t next_serial);

/** The lease has ended, or its end cannot be ruled out. */
__attribute__((nonnull))
void tenure_lost(struct tenure *tenure, uint64_t next_serial);

/** For good: until a restart. */
__attribute__((nonnull))
void tenure_halt(struct tenure *tenure);

#endif
