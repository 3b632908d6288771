// SPDX-License-Identifier: ISC

/*
 * The nodes of the cluster, as they have announced themselves.
 */

#ifndef DAEMON_SIGHT_H
#define DAEMON_SIGHT_H

#include "base/buf.h"
#include "base/units.h"
#include "journal/journal.h"

struct json_object;

/** A node that is there. */
struct seen {
	char *name;
	int64_t lease;
	char *value;               /* as it was announced, */
	struct json_object *json;  /* and read; NULL if it is not to be understood */
	usec_t time, time_at;      /* what time it was by its server, USEC_INFINITY: it does not know; and when it said so, monotonic */
	usec_t since;              /* monotonic: when this node and lease were first seen */
};

struct sight {
	struct seen *nodes; /* ascending by name and lease */
	size_t len;
};

void sight_done(struct sight *sight);

/** Takes what a look said.  Short of memory, a node is not seen. */
__attribute__((nonnull))
void sight_take(struct sight *sight, const struct journal_view *view, usec_t now);

/** Whether another node is there, is well, and wants to own the account, of which it has all entries but a few. */
__attribute__((nonnull, warn_unused_result))
bool sight_is_wanted(const struct sight *sight, int64_t own_lease, const char *account, uint64_t head);

/** The lowest position of an account among the nodes that have announced one; UINT64_MAX: none has. */
__attribute__((nonnull, warn_unused_result))
uint64_t sight_slowest(const struct sight *sight, const char *account);

/** The highest position of an account among the nodes, those that have halted included; 0: none has any. */
__attribute__((nonnull, warn_unused_result))
uint64_t sight_furthest(const struct sight *sight, const char *account);

/** Another node of this name, with another lease, that has been seen for longer than that; NULL: none. */
__attribute__((nonnull, warn_unused_result))
const struct seen *sight_twin(const struct sight *sight, const char *name, int64_t own_lease, usec_t now, usec_t patience);

/** What time it is: the latest that one of the nodes has from a server; false if none has. */
__attribute__((nonnull, warn_unused_result))
bool sight_time(const struct sight *sight, usec_t now, usec_t *ret_time);

#endif
