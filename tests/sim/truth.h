// SPDX-License-Identifier: ISC

/*
 * What really was: the count of each bucket, as the server knows it at each time.
 *
 * A pure function of the seed, the device, the bucket and the time.  Most buckets
 * are right from their end on; some never have data, some come late, are provisional
 * first, or are corrected once or twice, sooner or much later.
 */

#ifndef SIM_TRUTH_H
#define SIM_TRUTH_H

#include "base/units.h"

enum truth_kind { TRUTH_COUNT, TRUTH_NO_DATA, TRUTH_AMBIGUOUS };

struct truth {
	enum truth_kind kind;
	int64_t count; /* 0 unless TRUTH_COUNT */
};

enum { TRUTH_PHASES = 4 };

/** What holds from a time on. */
struct truth_phase {
	usec_t from;
	struct truth truth;
};

/**
 * The phases of a bucket, in order; the first one begins with the bucket.  Returns
 * their number.
 */
int truth_phases(const char *uuid, int granularity, usec_t start, usec_t end,
                 struct truth_phase phases[static TRUTH_PHASES]);

/** What the server knows at that time. */
struct truth truth_at(const char *uuid, int granularity, usec_t start, usec_t end, usec_t time);

#endif
