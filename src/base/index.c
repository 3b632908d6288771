// SPDX-License-Identifier: ISC

#include "base/index.h"

#include <errno.h>
#include <stdlib.h>

enum { FIRST_SIZE = 64 };

/* The slot that holds the key, or the empty one where it would go. */
static struct index_slot *probe(const struct index *index, uint32_t hash, index_same *same,
                                const void *items, const void *key) {
	size_t at = hash & (index->size - 1);
	for (;;) {
		struct index_slot *slot = &index->slots[at];
		if (slot->position == 0 ||
		    (slot->hash == hash && same(items, slot->position - 1, key))) {
			return slot;
		}
		at = (at + 1) & (index->size - 1);
	}
}

/* At most half full, so that probing stays short and always ends. */
static int grow(struct index *index) {
	if (index->used < index->size / 2) {
		return 0;
	}

	size_t size = index->size ? index->size * 2 : FIRST_SIZE;
	struct index_slot *slots = calloc(size, sizeof(*slots));
	if (!slots) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < index->size; i++) {
		struct index_slot slot = index->slots[i];
		if (slot.position == 0) {
			continue;
		}
		size_t at = slot.hash & (size - 1);
		while (slots[at].position != 0) {
			at = (at + 1) & (size - 1);
		}
		slots[at] = slot;
	}
	free(index->slots);
	index->slots = slots;
	index->size = size;
	return 0;
}

int index_add(struct index *index, uint64_t hash, index_same *same, const void *items, const void *key,
              size_t position, size_t *ret_found) {
	if (position >= UINT32_MAX || grow(index) < 0) {
		return -ENOMEM;
	}

	struct index_slot *slot = probe(index, (uint32_t)hash, same, items, key);
	if (slot->position != 0) {
		*ret_found = slot->position - 1;
		return 1;
	}
	*slot = (struct index_slot){.hash = (uint32_t)hash, .position = (uint32_t)position + 1};
	index->used++;
	return 0;
}

bool index_find(const struct index *index, uint64_t hash, index_same *same, const void *items,
                const void *key, size_t *ret_found) {
	if (index->size == 0) {
		return false;
	}
	const struct index_slot *slot = probe(index, (uint32_t)hash, same, items, key);
	if (slot->position == 0) {
		return false;
	}
	*ret_found = slot->position - 1;
	return true;
}

void index_done(struct index *index) {
	if (index) {
		free(index->slots);
		*index = (struct index){0};
	}
}
