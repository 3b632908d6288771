// SPDX-License-Identifier: ISC

/*
 * Memory that outlives the simulated daemon.
 *
 * Each life of the daemon is a forked child, so that its statics, its heap and its
 * leaks end with it.  What the world consists of lies in one shared mapping, at the
 * same address in all of them; one process at a time uses it.
 */

#ifndef SIM_ARENA_H
#define SIM_ARENA_H

#include <stddef.h>

/** Maps an empty arena, for the processes forked from now on as well. */
void arena_map(void);

/** Zeroed memory.  Running out of it ends the run. */
__attribute__((warn_unused_result, returns_nonnull))
void *arena_new(size_t size);

/** Gives back what arena_new() or arena_grow() gave; the size is the one it was asked for with. */
void arena_free(void *memory, size_t size);

/** Makes room for `need` elements; *room is what there is. */
__attribute__((warn_unused_result, nonnull(2)))
void *arena_grow(void *memory, size_t *room, size_t need, size_t element);

/** Bytes ever taken from the mapping. */
size_t arena_used(void);

#endif
