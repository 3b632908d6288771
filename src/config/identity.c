// SPDX-License-Identifier: ISC

#include "config/identity.h"

#include "base/rng.h"

#include <string.h>

uint64_t identity_hash(const struct identity *identity) {
	return rng_hash(identity->uuid, strlen(identity->uuid)) + (uint64_t)identity->interval;
}
