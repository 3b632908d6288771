// SPDX-License-Identifier: ISC

#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int array_reserve(void *list, size_t *size, size_t count, size_t element) {
	if (count <= *size) {
		return 0;
	}

	/* The pointer may be of any type, so it is copied as bytes. */
	void *old;
	memcpy(&old, list, sizeof(old));
	size_t bytes, wanted = count > 2 * *size ? count : 2 * *size;
	void *grown = __builtin_mul_overflow(wanted, element, &bytes) ? NULL : realloc(old, bytes);
	if (!grown) {
		return -ENOMEM;
	}
	memcpy(list, &grown, sizeof(grown));
	*size = wanted;
	/* cppcheck-suppress memleak ; it is in *list */
	return 0;
}
