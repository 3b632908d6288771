// SPDX-License-Identifier: ISC

/*
 * The two clocks.  Everything pure takes the time as an argument; only daemon/,
 * the sink, the journal and http read it here.  The simulation replaces this module.
 */

#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/units.h"

/** Wall clock: microseconds since 1970-01-01T00:00:00Z.  May step both ways. */
usec_t clock_realtime(void);

/**
 * The monotonic clock: never steps, and goes on while the machine is suspended, as
 * the wall clock does, so a resume does not look like a step of that one.  Microseconds, of which
 * only differences mean anything.
 */
usec_t clock_boottime(void);

#endif
