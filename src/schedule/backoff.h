// SPDX-License-Identifier: ISC

/*
 * How long to wait after a failure.  Pure.
 */

#ifndef SCHEDULE_BACKOFF_H
#define SCHEDULE_BACKOFF_H

#include "base/rng.h"
#include "base/units.h"

/** base doubled for every failure after the first, at most cap. */
usec_t backoff_ceiling(usec_t base, usec_t cap, unsigned failures);

/** Full jitter: anything from 0 to the ceiling, each as likely. */
__attribute__((nonnull))
usec_t backoff_full_jitter(usec_t base, usec_t cap, unsigned failures, struct rng *rng);

/**
 * The ceiling and up to a tenth more: for waits that promise a least length.
 */
__attribute__((nonnull))
usec_t backoff_at_least(usec_t base, usec_t cap, unsigned failures, struct rng *rng);

#endif
