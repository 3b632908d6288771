// SPDX-License-Identifier: ISC

/*
 * Somebody copies the log's directory, and puts the copy back later, in place of what is
 * there by then: then the log is older than the checkpoint.
 */

#ifndef SIM_BACKUP_H
#define SIM_BACKUP_H

#include <stdbool.h>

void backup_init(void);

/** Copies the log, unless retention or outsiders have taken something of it. */
void backup_take(void);

/** The copy, if there is one, will be put back before the next life.  Returns whether there is. */
bool backup_want(void);

/** Puts the copy back, if it is wanted.  Returns whether it was. */
bool backup_restore(void);

#endif
