// SPDX-License-Identifier: ISC

/*
 * The names of rotated files: none is ever given twice, and none goes before its
 * time.  What retention removes is kept for the audit.
 */

#ifndef SIM_NAMES_H
#define SIM_NAMES_H

#include "disk.h"

void names_init(void);

/** The daemon renames a file of the log directory. */
void names_given(const char *from, const char *to, const struct inode *inode);

/** struct inode.begun of what a rotated file, compressed or not, was when it was the current one; 0: unknown. */
uint64_t names_begun(const char *name);

/** The daemon removes one. */
void names_removed(const char *name, struct inode *inode);

/** The log directory was synced: the names that were given stay given. */
void names_durable(void);

/** After a crash: names whose giving is undone may be given again. */
void names_after_crash(void);

#endif
