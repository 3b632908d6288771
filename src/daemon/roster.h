// SPDX-License-Identifier: ISC

/*
 * Polls by identity: (uuid, interval).
 */

#ifndef DAEMON_ROSTER_H
#define DAEMON_ROSTER_H

#include "base/index.h"
#include "schedule/poll.h"

struct roster {
	struct poll *polls;
	struct index index;
};

/** Indexes polls that stay where they are.  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull(1)))
int roster_init(struct roster *roster, struct poll *polls, size_t count);

void roster_done(struct roster *roster);

/** NULL if there is none. */
__attribute__((nonnull))
struct poll *roster_find(const struct roster *roster, const char *uuid, enum interval interval);

#endif
