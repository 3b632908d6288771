// SPDX-License-Identifier: ISC

#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CLASSES = 40, SMALLEST = 5 };

static const size_t arena_size = (size_t)2 << 30;

/** A piece that was given back; the pieces of one class are chained. */
struct piece {
	struct piece *next;
};

static struct arena {
	size_t used;
	struct piece *free[CLASSES];
} *arena;

void arena_map(void) {
	arena = mmap(NULL, arena_size, PROT_READ | PROT_WRITE,
	             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED) {
		perror("sim: no shared memory");
		exit(2);
	}
	arena->used = (sizeof(*arena) + 63) / 64 * 64;
}

/* Powers of two. */
static unsigned class_of(size_t size) {
	unsigned class = SMALLEST;
	while (((size_t)1 << class) < size) {
		class++;
	}
	return class;
}

void *arena_new(size_t size) {
	unsigned class = class_of(size);
	struct piece *piece = arena->free[class];
	if (piece) {
		arena->free[class] = piece->next;
		return memset(piece, 0, size);
	}

	size_t whole = (size_t)1 << class;
	if (arena->used + whole > arena_size) {
		fprintf(stderr, "sim: the world does not fit into %zu bytes\n", arena_size);
		exit(2);
	}
	void *memory = (char *)arena + arena->used;
	arena->used += whole;
	return memory;
}

void arena_free(void *memory, size_t size) {
	if (memory) {
		struct piece *piece = memory;
		unsigned class = class_of(size);
		piece->next = arena->free[class];
		arena->free[class] = piece;
	}
}

void *arena_grow(void *memory, size_t *room, size_t need, size_t element) {
	if (need <= *room) {
		return memory;
	}
	size_t grown = *room ? *room : 16;
	while (grown < need) {
		grown *= 2;
	}
	void *fresh = arena_new(grown * element);
	if (memory) {
		memcpy(fresh, memory, *room * element);
		arena_free(memory, *room * element);
	}
	*room = grown;
	return fresh;
}

size_t arena_used(void) {
	return arena->used;
}
