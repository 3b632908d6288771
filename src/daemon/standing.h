// SPDX-License-Identifier: ISC

/*
 * What is told of this node's place in its cluster, for STATUS: which accounts it owns, how far it follows the
 * others, and what is wrong with that.
 */

#ifndef DAEMON_STANDING_H
#define DAEMON_STANDING_H

#include "base/buf.h"
#include "base/units.h"

#include <stdbool.h>
#include <stdint.h>

struct access;
struct chain;
struct member;
struct poller;

/** A node that lacks more entries than that is behind; fewer may be on their way. */
enum { STANDING_BEHIND = 100 };

struct standing {
	char differing[128];    /* names of nodes that have other devices than this one, as last seen; "": none has */
	usec_t differing_since; /* monotonic: since when it is these */
	char told[128];         /* those that have been reported */
	struct buf troubles, place;
	uint64_t shown;         /* a hash of both, as of the last look */
};

__attribute__((nonnull))
void standing_init(struct standing *standing);

__attribute__((nonnull))
void standing_done(struct standing *standing);

/** The store has been looked at: notes since when things are as they are, and reports what is new. */
__attribute__((nonnull))
void standing_look(struct poller *poller);

/** Whether this node asks for the account's devices: it is alone, or owns it.  Otherwise what failed is for its owner to tell. */
__attribute__((nonnull, warn_unused_result))
bool standing_asks(const struct access *access);

/** Nodes whose devices have differed from this one's for longer than a reload of all takes: their names; "": none. */
__attribute__((nonnull, warn_unused_result))
const char *standing_differing(const struct poller *poller);

/** Whether nobody has owned an account for longer than it takes others to claim it, as the store says. */
__attribute__((nonnull, warn_unused_result))
bool standing_is_unowned(const struct poller *poller, const struct chain *chain);

/** How many entries of an account this node lacks, as far as it knows. */
__attribute__((nonnull, warn_unused_result))
uint64_t standing_behind(const struct chain *chain);

/** What is wrong, "; " between; "": nothing.  Valid until the next call. */
__attribute__((nonnull, warn_unused_result))
const char *standing_troubles(const struct poller *poller);

/** "owner of acme (entry 8812); following eu, 0 behind"; of many accounts, how many.  Valid until the next call. */
__attribute__((nonnull, warn_unused_result))
const char *standing_place(const struct poller *poller);

#endif
