// SPDX-License-Identifier: ISC

/*
 * Many texts that are kept together, and released together.
 */

#ifndef TOOL_STORE_H
#define TOOL_STORE_H

#include <stddef.h>

struct store_block;

/** All zero: it has none. */
struct store {
	struct store_block *last;
	size_t left; /* bytes of the last block that are free */
};

/** Room for so many bytes, until store_done(); NULL if there is no memory. */
__attribute__((warn_unused_result, nonnull))
char *store_room(struct store *store, size_t size);

/** Keeps a text of len bytes, and a NUL behind it.  Returns the copy, or NULL if there is no memory. */
__attribute__((warn_unused_result, nonnull))
const char *store_put(struct store *store, const char *text, size_t len);

void store_done(struct store *store);

#endif
