// SPDX-License-Identifier: ISC

/*
 * What fails on the disks, and what is reported of it.
 *
 * On a full disk everything that writes fails.  The journal gets one line when the
 * first of it fails, and one when the last of it works again.
 */

#ifndef DAEMON_STORAGE_H
#define DAEMON_STORAGE_H

#include "base/error.h"
#include "base/units.h"

#include <stdbool.h>

enum storage_use {
	STORAGE_LOG,        /* appending: polling pauses while it fails */
	STORAGE_ROTATION,
	STORAGE_UPKEEP,     /* compressing and trimming rotated files */
	STORAGE_CHECKPOINT,
	STORAGE_USES,
};

struct storage {
	bool one; /* the checkpoint is on the same one as the log */
	struct {
		int error; /* -errno of its last failure; 0: it works */
		usec_t since;
	} uses[STORAGE_USES];
};

/** Looks whether the two directories are on one disk. */
__attribute__((nonnull))
void storage_init(struct storage *storage, const char *log_directory, const char *state_directory);

/**
 * What happened to a use: r is 0, or -errno with a sentence.  path is its name in
 * messages; now is monotonic.
 */
__attribute__((nonnull(1, 4)))
void storage_note(struct storage *storage, enum storage_use use, int r, const char *path,
                  const struct error *err, usec_t now);

__attribute__((nonnull))
bool storage_fails(const struct storage *storage, enum storage_use use);

#endif
