// SPDX-License-Identifier: ISC

/*
 * Many seeds at once, and what is left of one that fails when all that does not
 * matter is left out.
 */

#ifndef SIM_CAMPAIGN_H
#define SIM_CAMPAIGN_H

#include "runner.h"

struct campaign {
	struct run run;      /* what each seed is run with */
	uint64_t first, seeds;
	int jobs;
	bool twice;          /* each seed, and compare the digests */
	bool tap;            /* one line of TAP at the end */
	bool stop_at_first;  /* failure */
};

/** Runs them and says what came of them.  Returns the number of seeds that failed. */
uint64_t campaign_run(const struct campaign *campaign);

/** Finds the fewest events with which the seed still fails.  Returns 1 if it fails at all, else 0. */
uint64_t campaign_shrink(const struct run *run);

#endif
