// SPDX-License-Identifier: ISC

#include "tool/store.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 << 10 };

struct store_block {
	struct store_block *before;
	size_t size; /* of the data */
	char data[];
};

/* What is larger than a block gets one of its own. */
static int add_block(struct store *store, size_t size) {
	size = size > BLOCK ? size : BLOCK;
	if (size > SIZE_MAX - sizeof(struct store_block)) {
		return -1;
	}
	struct store_block *block = malloc(sizeof(*block) + size);
	if (!block) {
		return -1;
	}
	block->before = store->last;
	block->size = size;
	store->last = block;
	store->left = size;
	return 0;
}

char *store_room(struct store *store, size_t size) {
	if (size > store->left && add_block(store, size) < 0) {
		return NULL;
	}
	char *room = store->last->data + (store->last->size - store->left);
	store->left -= size;
	return room;
}

const char *store_put(struct store *store, const char *text, size_t len) {
	char *copy = len < SIZE_MAX ? store_room(store, len + 1) : NULL;
	if (copy) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

void store_done(struct store *store) {
	while (store && store->last) {
		struct store_block *before = store->last->before;
		free(store->last);
		store->last = before;
	}
	if (store) {
		store->left = 0;
	}
}
