// SPDX-License-Identifier: ISC

/*
 * What people, and the machine, do to the daemon: events of the plan come true.
 *
 * Signals are only left for the daemon to read; a doom is met at one of its next
 * disk operations or waits.
 */

#ifndef SIM_PEOPLE_H
#define SIM_PEOPLE_H

#include "plan.h"

void people_begin(struct event *event);
void people_end(struct event *event);

/** Nothing goes wrong from now on: the clock is right, the configuration can be read. */
void people_calm(void);

/** SIGTERM. */
void people_stop(void);

/** Somebody truncates the log: not while it is written to, when nobody could tell what is lost. */
void people_empty_log(void);

/** A checkpoint is durable: what outsiders did to the log before it is behind us. */
void people_checkpoint_saved(void);

/** What is to be done before a life begins: nobody starts the daemon on a broken configuration. */
void people_before_start(void);

#endif
