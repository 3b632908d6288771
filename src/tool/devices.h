// SPDX-License-Identifier: ISC

/*
 * The devices of a configuration, by what the log says of rooms.
 */

#ifndef TOOL_DEVICES_H
#define TOOL_DEVICES_H

#include "base/index.h"
#include "config/config.h"

struct devices {
	const struct config *config;
	struct index by_identity, by_uuid;
};

/** Indexes the devices of a configuration, which stays as it is; NULL has none.  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull(1)))
int devices_init(struct devices *devices, const struct config *config);

/** NULL if it is not configured. */
__attribute__((nonnull))
const struct device *devices_find(const struct devices *devices, const char *uuid, enum interval interval);

/** The first one of that uuid, at whatever interval; NULL if there is none. */
__attribute__((nonnull))
const struct device *devices_find_uuid(const struct devices *devices, const char *uuid);

/** Does nothing to what is all zero. */
__attribute__((nonnull))
void devices_done(struct devices *devices);

#endif
