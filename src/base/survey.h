// SPDX-License-Identifier: ISC

/*
 * A look at a text, to the letter, before a parser builds a tree of it.
 */

#ifndef BASE_SURVEY_H
#define BASE_SURVEY_H

#include <stddef.h>

/** What to know of a text before it is parsed as JSON. */
struct survey {
	size_t lax;    /* where it holds what JSON does not know; its length: nowhere */
	size_t weight; /* of the tree it makes, in values; an object or array counts eight */
};

/**
 * Whether each piece of the text is one that JSON has (RFC 8259), and UTF-8.  A text that is cut
 * off is not lax.  The order of the pieces is for the parser to check.
 */
__attribute__((nonnull))
struct survey survey_json(const char *text, size_t len);

#endif
