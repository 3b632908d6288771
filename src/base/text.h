// SPDX-License-Identifier: ISC

/*
 * Text from outside, made fit to be shown: bounded and without control
 * characters.
 */

#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Decodes the UTF-8 character at the front of the text (len at least 1).
 * Returns its length, or 0 if the bytes are none (overlong, surrogate, cut off,
 * beyond U+10FFFF); *ret_point is set unless 0.
 */
__attribute__((nonnull))
size_t text_decode(const char *text, size_t len, uint32_t *ret_point);

/**
 * Whether it must not reach a terminal as it is: control characters (C0, DEL, C1), those
 * that end a line, and those that reorder the text around them or stand for nothing.
 * None is beyond U+FFFF.
 */
bool text_is_unprintable(uint32_t point);

/**
 * Copies at most in_len bytes of input into out (size bytes, always
 * NUL-terminated), as valid UTF-8: what is unprintable and bytes that are not
 * UTF-8 become \xNN; runs of white space become one blank.  What does not fit is cut and ends in "...".
 * Returns out.
 */
__attribute__((nonnull))
const char *text_escape(char *out, size_t size, const char *in, size_t in_len);

/** Where the first byte of the set is, from i on; len if there is none. */
__attribute__((nonnull))
static inline size_t text_find(const char *text, size_t i, size_t len, const bool set[static 256]) {
	while (i < len && !set[(unsigned char)text[i]]) {
		i++;
	}
	return i;
}

/**
 * Appends the text: bytes that are not in the set as they are.  For what begins with one that is,
 * put_special() appends what stands for it, and returns how many bytes of the text that is (one
 * at least, len at most).
 */
__attribute__((nonnull))
void text_put(struct buf *out, const char *text, size_t len, const bool set[static 256],
              size_t (*put_special)(struct buf *out, const char *text, size_t len));

#endif
