// SPDX-License-Identifier: ISC

/*
 * Words that are nearly other words: what somebody who made a slip probably meant.
 */

#ifndef BASE_WORD_H
#define BASE_WORD_H

#include <stdbool.h>

/** Further than any word is from another: what the best so far begins with. */
enum { WORD_MAX = 32, WORD_FAR = WORD_MAX };

/**
 * Whether a word is near enough to what was written to be meant, and nearer than the
 * best so far, which it then becomes.  Near is one letter inserted, dropped, changed or
 * swapped with its neighbour, or two in a word of more than five letters; upper and
 * lower case are equal.  What is longer than WORD_MAX is near nothing.
 */
__attribute__((nonnull, warn_unused_result))
bool word_is_nearer(const char *written, const char *word, unsigned *best);

#endif
