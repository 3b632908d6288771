// SPDX-License-Identifier: ISC

/*
 * Text from outside, made fit to be shown: bounded and without control
 * characters.
 */

#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

/**
 * Copies at most in_len bytes of input into out (size bytes, always
 * NUL-terminated), as valid UTF-8: control characters, DEL, C1 controls,
 * bidirectional overrides and bytes that are not UTF-8 become \xNN; runs of
 * white space become one blank.  What does not fit is cut and ends in "...".
 * Returns out.
 */
__attribute__((nonnull))
const char *text_escape(char *out, size_t size, const char *in, size_t in_len);

#endif
