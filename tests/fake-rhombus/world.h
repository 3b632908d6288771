// SPDX-License-Identifier: ISC

/*
 * world: all that the service knows, in one place.
 */

#ifndef FAKE_RHOMBUS_WORLD_H
#define FAKE_RHOMBUS_WORLD_H

#include "devices.h"
#include "faults.h"
#include "journal.h"
#include "keys.h"
#include "options.h"
#include "orgs.h"
#include "tally.h"
#include "text.h"

#include <stdint.h>

struct world {
	const struct options *options;
	int64_t clock_offset_ms; /* of the server's clock ahead of the machine's */
	struct devices devices;
	struct keys keys;
	struct orgs orgs;
	struct faults faults;
	struct journal journal;
	struct tally tally;
};

/** Reads the files that the options name. world_done also after a failure. */
int world_init(struct world *world, const struct options *options, struct why *why)
	__attribute__((warn_unused_result));

void world_done(struct world *world);

/** The server's clock, in epoch milliseconds. */
int64_t world_now_ms(const struct world *world);

#endif
