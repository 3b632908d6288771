// SPDX-License-Identifier: ISC

/*
 * A hash index over the positions of somebody else's array, which is NULL while it is empty.
 */

#ifndef BASE_INDEX_H
#define BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index_slot {
	uint32_t hash;
	uint32_t position; /* plus one; 0: empty */
};

/** All zero is an empty index. */
struct index {
	struct index_slot *slots;
	size_t size; /* 0 or a power of two */
	size_t used;
};

/** Whether the item at the position has the key. */
typedef bool index_same(const void *items, size_t position, const void *key);

/**
 * Looks for the key; if no item has it, enters the position for it.
 *
 * Returns 0 if it was entered, 1 if an item has it (*ret_found is its
 * position), or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull(1, 3, 5, 7)))
int index_add(struct index *index, uint64_t hash, index_same *same, const void *items, const void *key,
              size_t position, size_t *ret_found);

/** Looks for the key only. */
__attribute__((warn_unused_result, nonnull(1, 3, 5, 6)))
bool index_find(const struct index *index, uint64_t hash, index_same *same, const void *items,
                const void *key, size_t *ret_found);

void index_done(struct index *index);

#endif
