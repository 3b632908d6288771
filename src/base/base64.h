// SPDX-License-Identifier: ISC

/*
 * Bytes as text: base64 with the alphabet of RFC 4648, section 4, padded.
 */

#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

#include <stddef.h>

/** Appends the text that stands for the bytes. */
__attribute__((nonnull(1)))
void base64_put(struct buf *out, const void *data, size_t len);

/**
 * Appends the bytes that a text stands for.  Returns 0; -EBADMSG if base64_put() would never write such a text, and
 * then some of them may have been appended; or buf_error().
 */
__attribute__((nonnull, warn_unused_result))
int base64_take(const char *text, size_t len, struct buf *out);

#endif
