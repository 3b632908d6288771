// SPDX-License-Identifier: ISC

/*
 * A heap of polls, the smallest key first; equal keys leave in any order.
 */

#ifndef SCHEDULE_QUEUE_H
#define SCHEDULE_QUEUE_H

#include "schedule/poll.h"

struct queue {
	struct poll **heap;
	size_t len, size;
};

__attribute__((nonnull))
void queue_init(struct queue *queue);

/** Releases the queue, not its polls. */
void queue_done(struct queue *queue);

/** Makes room for count polls in all, so that queue_push() cannot fail.  Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int queue_reserve(struct queue *queue, size_t count);

/** Files the poll under its key, for which there must be room. */
__attribute__((nonnull))
void queue_push(struct queue *queue, struct poll *poll);

/** The poll with the smallest key, which stays; NULL when empty. */
__attribute__((nonnull))
struct poll *queue_top(const struct queue *queue);

/** Takes out and returns the poll with the smallest key; NULL when empty. */
__attribute__((nonnull))
struct poll *queue_pop(struct queue *queue);

/** Takes out the poll at that place of the heap, 0 to len - 1. */
__attribute__((nonnull))
struct poll *queue_remove(struct queue *queue, size_t at);

/** Restores the order after keys were changed in place. */
__attribute__((nonnull))
void queue_reorder(struct queue *queue);

#endif
