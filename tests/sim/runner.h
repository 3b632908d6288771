// SPDX-License-Identifier: ISC

/*
 * One seed from begin to end: lives of the daemon, one after the other, until the
 * plan is over; then the audit.
 */

#ifndef SIM_RUNNER_H
#define SIM_RUNNER_H

#include "plan.h"
#include "world.h"

struct run {
	uint64_t seed;
	unsigned kinds;              /* PLAN_... */
	bool only_some;              /* of the events: */
	bool wanted[EVENTS_MAX];
	int64_t minutes;             /* of faults; 0: as the plan says */
	bool trace;
	const char *logs;            /* a directory: the log is written there in the end, under the seed; NULL: nowhere */
	int nodes;                   /* machines; 0: one, or as the seed says of a cluster */
	bool cluster;                /* which are one */
	int patience_s;              /* of the processor's time, that a life may take */
};

/** What became of a seed.  In memory that is shared with whoever asked. */
struct outcome {
	char violation[2048]; /* "" if all is well */
	uint64_t digest;
	struct figures figures;
	int events;      /* in the plan */
	int64_t minutes; /* of faults in it */
};

/** Runs a seed in a process of its own.  The outcome must be in shared memory. */
void runner_run(const struct run *run, struct outcome *outcome);

#endif
