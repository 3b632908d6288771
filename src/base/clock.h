// SPDX-License-Identifier: ISC

/*
 * The two clocks.  Everything pure takes the time as an argument; only daemon/
 * and the sink read it here.  The simulation replaces this module.
 */

#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/units.h"

/** Wall clock: microseconds since 1970-01-01T00:00:00Z.  May step both ways. */
usec_t clock_realtime(void);

/** Never steps.  Only differences mean anything. */
usec_t clock_monotonic(void);

#endif
