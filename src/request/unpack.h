// SPDX-License-Identifier: ISC

/*
 * Unpacking gzip (RFC 1952) that comes in pieces: one member or several, and zeros
 * behind them.
 */

#ifndef REQUEST_UNPACK_H
#define REQUEST_UNPACK_H

#include "base/buf.h"

#include <stdbool.h>

struct unpack;

/** Returns NULL when memory is short. */
struct unpack *unpack_new(void);

void unpack_free(struct unpack *unpack);

/** Forgets what it was fed: what comes next is another body's beginning. */
__attribute__((nonnull))
void unpack_clear(struct unpack *unpack);

/**
 * Unpacks the next piece and appends what comes of it.  Returns 0; -EBADMSG if it is
 * not gzip, or damaged; -ENOMEM; -EFBIG if out is full.  After a failure only
 * unpack_clear() helps.
 */
__attribute__((nonnull, warn_unused_result))
int unpack_feed(struct unpack *unpack, const void *data, size_t len, struct buf *out);

/** Whether nothing is missing of what has begun; true if nothing has. */
__attribute__((nonnull))
bool unpack_is_whole(const struct unpack *unpack);

#endif
