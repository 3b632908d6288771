// SPDX-License-Identifier: ISC

/*
 * Arrays that grow.
 */

#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>
#include <stdint.h>

/**
 * Makes room for count elements of that many bytes, at least twice as many as before, so that
 * adding one at a time costs little.
 *
 * list: where the pointer to the array is kept, an array for free(), or NULL while *size is 0.
 * size: how many elements it has room for.  Both are left alone if there is room already.
 * Returns 0, or -ENOMEM, and then nothing has changed.
 */
__attribute__((warn_unused_result, nonnull))
int array_reserve(void *list, size_t *size, size_t count, size_t element);

/** See ARRAY_PLACE(); offset: of the member. */
static inline size_t array_place(const void *list, size_t count, size_t element, size_t offset, int64_t least) {
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (*(const int64_t *)(const void *)((const char *)list + middle * element + offset) < least) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/**
 * In a list that ascends by a member, which is an int64_t: the place of the first of count elements
 * whose member is that much or more; count if there is none.
 */
#define ARRAY_PLACE(list, count, member, least) \
	array_place(list, count, sizeof(*(list)), \
	            offsetof(__typeof__(*(list)), member) + 0 * sizeof(&(list)->member == (int64_t *)0), least)

#endif
