// SPDX-License-Identifier: ISC

/* What the daemon tells the journal and systemd. */

#ifndef SIM_OS_H
#define SIM_OS_H

#include "base/units.h"

#include <stdbool.h>

struct os {
	int levels[8];         /* lines in the journal, by priority */
	char last_line[512];
	char status[1024];     /* STATUS= */
	usec_t unwell_since;   /* it has said since then that something is not well; 0: all is */
	usec_t watchdog;       /* the last WATCHDOG=1 */
	bool reloading, reloading_broken, reloaded;
	bool outdated;         /* the last reload was refused */
	usec_t offset_told;    /* how far off the clock was when the daemon last noticed a step */
	int config_errors;     /* lines that name the configuration's file, in this reload */
};

extern struct os *os;

#endif
