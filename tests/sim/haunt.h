// SPDX-License-Identifier: ISC

/*
 * What a clock that was ahead has left behind, under an earlier release or where nobody
 * could know: a gap at the log's end that reaches into a time that has not come.
 */

#ifndef SIM_HAUNT_H
#define SIM_HAUNT_H

#include "base/units.h"

/** The reason by which such a gap is known. */
extern const char haunt_reason[];

/** Appends one to the current log, behind the last record in it, that ends so much later than now. */
void haunt_log(usec_t by);

#endif
