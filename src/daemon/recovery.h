// SPDX-License-Identifier: ISC

/*
 * What the poller knew before: read from the checkpoint and the log at a start, and saved.
 */

#ifndef DAEMON_RECOVERY_H
#define DAEMON_RECOVERY_H

#include "daemon/poller.h"
#include "state/checkpoint.h"

/**
 * Takes cursors and look-back memory from the checkpoint in the state directory, and
 * from what the log holds beyond it.  Without a checkpoint, or with one that does not
 * verify, which is set aside, from the whole log, with a warning.  Call it before
 * poller_start().  Returns 0 or -errno.
 */
__attribute__((warn_unused_result, nonnull(1)))
int recovery_restore(struct poller *poller, struct error *err);

/** What a checkpoint says of a device; user is the poller. */
__attribute__((nonnull))
void recovery_take_device(const struct checkpoint_entry *entry, void *user);

/** A record that stands in the log, and that its poll does not know yet.  home: as in struct poll; NULL: it does not say. */
__attribute__((nonnull(1, 2)))
void recovery_take_record(struct poller *poller, const struct log_entry *entry, const char *home);

/** Adds what is known of a device, unless it has not begun.  home: NULL leaves it out. */
__attribute__((nonnull(1, 3)))
void recovery_put_device(const struct poll *poll, const char *home, struct checkpoint_writer *writer);

/** Writes the checkpoint, if anything has changed since the last one, or the log has another file.  Returns 0 or -errno. */
__attribute__((warn_unused_result, nonnull(1)))
int recovery_save(struct poller *poller, struct error *err);

#endif
