// SPDX-License-Identifier: ISC

#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 256 };

void buf_init(struct buf *buf, size_t max) {
	*buf = (struct buf){.max = max};
}

void buf_done(struct buf *buf) {
	if (buf) {
		free(buf->data);
		buf_init(buf, buf->max);
	}
}

void buf_clear(struct buf *buf) {
	buf_truncate(buf, 0);
}

void buf_truncate(struct buf *buf, size_t len) {
	if (buf->data && len <= buf->len) {
		buf->len = len;
		buf->data[len] = '\0';
	}
	buf->error = 0;
}

/* Doubles, so appending is linear. */
static int grow(struct buf *buf, size_t extra) {
	if (extra > buf->max - buf->len) {
		return buf->error = -EFBIG;
	}

	size_t need = buf->len + extra + 1;
	size_t size = buf->size ? buf->size : FIRST_SIZE;
	while (size < need) {
		size = size > SIZE_MAX / 2 ? need : size * 2;
	}
	if (size - 1 > buf->max) {
		size = buf->max + 1;
	}

	char *data = realloc(buf->data, size);
	if (!data) {
		return buf->error = -ENOMEM;
	}
	buf->data = data;
	buf->size = size;
	return 0;
}

/* Makes room for extra bytes and the NUL. */
static inline int reserve(struct buf *buf, size_t extra) {
	if (buf->error) {
		return buf->error;
	}
	return extra < buf->size - buf->len ? 0 : grow(buf, extra);
}

void buf_append(struct buf *buf, const void *data, size_t len) {
	if (reserve(buf, len) < 0) {
		return;
	}
	char *at = buf->data + buf->len;
	buf->len += len;
	memcpy(at, data, len);
	at[len] = '\0';
}

void buf_putc(struct buf *buf, char c) {
	if (reserve(buf, 1) < 0) {
		return;
	}
	char *at = buf->data + buf->len++;
	at[0] = c;
	at[1] = '\0';
}

void buf_put_unsigned(struct buf *buf, uint64_t n) {
	char digits[20]; /* of UINT64_MAX */
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	buf_append(buf, digits + at, sizeof(digits) - at);
}

void buf_put_int(struct buf *buf, int64_t n) {
	if (n < 0) {
		buf_putc(buf, '-');
	}
	buf_put_unsigned(buf, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void buf_printf(struct buf *buf, const char *format, ...) {
	va_list args;
	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);

	if (len < 0) {
		buf->error = buf->error ? buf->error : -EINVAL;
		return;
	}
	if (reserve(buf, (size_t)len) < 0) {
		return;
	}

	va_start(args, format);
	(void)vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
}

const char *buf_text(const struct buf *buf) {
	return buf->data ? buf->data : "";
}

int buf_error(const struct buf *buf) {
	return buf->error;
}
