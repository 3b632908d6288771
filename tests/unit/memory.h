// SPDX-License-Identifier: ISC

/*
 * For tests of what happens without memory: calloc(), reallocarray() and strdup() that can be told to fail.
 *
 * Include it once: it defines them, which the linker takes in place of the C library's.
 */

#ifndef TESTS_UNIT_MEMORY_H
#define TESTS_UNIT_MEMORY_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct {
	int at;    /* the number of the call that fails; 0: none */
	int calls; /* so far */
	bool hit;
} memory;

/** From now on the call of that number fails, and no other. */
__attribute__((unused))
static void memory_arm(int at) {
	memory.at = at;
	memory.calls = 0;
	memory.hit = false;
}

/** Whether calloc() is ours: valgrind puts its own in its place.  A test that needs it skips itself if not. */
__attribute__((unused))
static bool memory_is_ours(void) {
	static void *(*volatile call)(size_t, size_t) = calloc;
	memory_arm(1);
	void *data = call(1, 1);
	memory.at = 0;
	free(data);
	return !data;
}

/** Returns whether it has failed. */
__attribute__((unused))
static bool memory_disarm(void) {
	memory.at = 0;
	return memory.hit;
}

static bool memory_is_short(size_t count, size_t size) {
	bool hit = memory.at > 0 && ++memory.calls == memory.at;
	memory.hit = memory.hit || hit;
	errno = ENOMEM;
	return hit || (size > 0 && count > (size_t)PTRDIFF_MAX / size);
}

void *reallocarray(void *data, size_t count, size_t size) {
	return memory_is_short(count, size) ? NULL : realloc(data, count * size);
}

/* Through a pointer: the compiler would make a call of calloc() of the two. */
static void *(*volatile memory_set)(void *, int, size_t) = memset;

void *calloc(size_t count, size_t size) {
	void *data = memory_is_short(count, size) ? NULL : malloc(count * size);
	return data ? memory_set(data, 0, count * size) : NULL;
}

char *strdup(const char *text) {
	size_t size = strlen(text) + 1;
	char *copy = memory_is_short(1, size) ? NULL : malloc(size);
	return copy ? memcpy(copy, text, size) : NULL;
}

#endif
