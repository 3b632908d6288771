// SPDX-License-Identifier: ISC

/*
 * Where buckets begin and end, by the stand-in server's calendar, which goes by the
 * C library's time zones: another road than the daemon's.
 */

#ifndef SIM_EDGES_H
#define SIM_EDGES_H

#include "base/units.h"

/** Edges will be wanted between these times. */
void edges_init(usec_t from, usec_t until);

/** The last edge at or before that time, and the first one after it; granularity as in setup.h. */
usec_t edges_floor(int zone, int granularity, usec_t time);
usec_t edges_next(int zone, int granularity, usec_t time);

#endif
