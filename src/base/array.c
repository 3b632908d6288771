// SPDX-License-Identifier: ISC

#include "base/array.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int array_reserve(void *list, size_t *size, size_t count, size_t element) {
	if (count <= *size) {
		return 0;
	}

	/* The pointer may be of any type, so it is copied as bytes. */
	void *old;
	memcpy(&old, list, sizeof(old));
	size_t wanted = *size > SIZE_MAX / 2 || count > 2 * *size ? count : 2 * *size;
	void *grown = reallocarray(old, wanted, element);
	if (!grown) {
		return -ENOMEM;
	}
	memcpy(list, &grown, sizeof(grown));
	*size = wanted;
	return 0;
}
