// SPDX-License-Identifier: ISC

/*
 * What the poller knew before: read from the checkpoint and the log at a start, and saved.
 */

#ifndef DAEMON_RECOVERY_H
#define DAEMON_RECOVERY_H

#include "daemon/poller.h"

/**
 * Takes cursors and look-back memory from the checkpoint in the state directory, and
 * from what the log holds beyond it.  Without a checkpoint, or with one that does not
 * verify, which is set aside, from the whole log, with a warning.  Call it before
 * poller_start().  Returns 0 or -errno.
 */
__attribute__((warn_unused_result, nonnull(1)))
int recovery_restore(struct poller *poller, struct error *err);

/** Writes the checkpoint, if anything has changed since the last one, or the log has another file.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull(1)))
int recovery_save(struct poller *poller, struct error *err);

#endif
