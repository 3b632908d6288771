// SPDX-License-Identifier: ISC

/*
 * What a device is known by, in the configuration, the log and the checkpoint: its uuid and its interval.
 */

#ifndef CONFIG_IDENTITY_H
#define CONFIG_IDENTITY_H

#include "calendar/interval.h"

#include <stdint.h>

struct identity {
	const char *uuid;
	enum interval interval;
};

/** For an index of what has identities. */
__attribute__((nonnull))
uint64_t identity_hash(const struct identity *identity);

#endif
