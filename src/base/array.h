// SPDX-License-Identifier: ISC

/*
 * Arrays that grow.
 */

#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

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

#endif
