// SPDX-License-Identifier: ISC

/*
 * A growing byte buffer that knows its largest size.
 *
 * Appending never fails on the spot: the first error sticks, later appends do
 * nothing, and the writer asks once, at the end, with buf_error().
 */

#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data;  /* always NUL-terminated once anything was appended */
	size_t len;
	size_t size; /* allocated */
	size_t max;  /* len never exceeds it */
	int error;   /* 0, -ENOMEM, -EFBIG when max was reached, or -EINVAL: not a format for printf */
};

/* More than any output has. */
#define BUF_ANY (SIZE_MAX / 2)

/** An empty buffer that will hold at most max bytes.  Allocates nothing. */
__attribute__((nonnull))
void buf_init(struct buf *buf, size_t max);

/** Releases the memory; the buffer is empty and usable afterwards. */
void buf_done(struct buf *buf);

/** Empties it and forgets the error, keeps the memory. */
__attribute__((nonnull))
void buf_clear(struct buf *buf);

__attribute__((nonnull))
void buf_append(struct buf *buf, const void *data, size_t len);

/* Here, so that the length of a literal is known to the compiler. */
__attribute__((nonnull))
static inline void buf_puts(struct buf *buf, const char *text) {
	buf_append(buf, text, strlen(text));
}

__attribute__((nonnull))
void buf_putc(struct buf *buf, char c);

/** In decimal, without a printf: a backlog is written as fast as it is read. */
__attribute__((nonnull))
void buf_put_unsigned(struct buf *buf, uint64_t n);

__attribute__((nonnull))
void buf_put_int(struct buf *buf, int64_t n);

__attribute__((format(printf, 2, 3), nonnull(1, 2)))
void buf_printf(struct buf *buf, const char *format, ...);

/** Cuts back to len bytes (len at most the present one) and forgets the error. */
__attribute__((nonnull))
void buf_truncate(struct buf *buf, size_t len);

/** The text so far; "" when nothing was appended.  Valid until the next append. */
__attribute__((nonnull))
const char *buf_text(const struct buf *buf);

/** 0, or the first error since the last clear. */
__attribute__((warn_unused_result, nonnull))
int buf_error(const struct buf *buf);

#endif
