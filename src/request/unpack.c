// SPDX-License-Identifier: ISC

#include "request/unpack.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
	/* zlib's largest window; with 16 added it reads gzip's header and trailer, and nothing else. */
	GZIP_WINDOW = 15 + 16,
	PIECE = 16 << 10,
};

enum place {
	AT_BEGINNING,
	IN_MEMBER,
	BEHIND_MEMBER,
	IN_PADDING,
};

struct unpack {
	z_stream stream;
	enum place place;
};

struct unpack *unpack_new(void) {
	struct unpack *unpack = calloc(1, sizeof(*unpack));
	if (unpack && inflateInit2(&unpack->stream, GZIP_WINDOW) != Z_OK) {
		free(unpack);
		return NULL;
	}
	return unpack;
}

void unpack_free(struct unpack *unpack) {
	if (unpack) {
		(void)inflateEnd(&unpack->stream);
		free(unpack);
	}
}

void unpack_clear(struct unpack *unpack) {
	unpack->place = AT_BEGINNING;
}

bool unpack_is_whole(const struct unpack *unpack) {
	return unpack->place != IN_MEMBER;
}

static int inflate_piece(struct unpack *unpack, struct buf *out) {
	unsigned char piece[PIECE];
	z_stream *stream = &unpack->stream;
	stream->next_out = piece;
	stream->avail_out = sizeof(piece);

	int code = inflate(stream, Z_NO_FLUSH);
	buf_append(out, piece, sizeof(piece) - stream->avail_out);
	if (code == Z_STREAM_END) {
		unpack->place = BEHIND_MEMBER;
	} else if (code == Z_MEM_ERROR) {
		return -ENOMEM;
	} else if (code != Z_OK && code != Z_BUF_ERROR) { /* the latter: it wants more */
		return -EBADMSG;
	}
	return buf_error(out);
}

/* Zeros fill up a block of what was packed onto a tape, and of nothing else. */
static int pass_padding(struct unpack *unpack) {
	z_stream *stream = &unpack->stream;
	while (stream->avail_in > 0 && *stream->next_in == 0) {
		unpack->place = IN_PADDING;
		stream->next_in++;
		stream->avail_in--;
	}
	return stream->avail_in == 0 ? 0 : -EBADMSG;
}

static int begin_member(struct unpack *unpack) {
	unpack->place = IN_MEMBER;
	return inflateReset(&unpack->stream) == Z_OK ? 0 : -EBADMSG;
}

int unpack_feed(struct unpack *unpack, const void *data, size_t len, struct buf *out) {
	z_stream *stream = &unpack->stream;
	int r = len <= UINT_MAX ? 0 : -EFBIG;

	/* zlib does not write there. */
	stream->next_in = (unsigned char *)data;
	stream->avail_in = (unsigned)len;
	/* As long as zlib fills the room that it gets, it may have taken in more than it has given out. */
	while (r == 0 && (stream->avail_in > 0 || (unpack->place == IN_MEMBER && stream->avail_out == 0))) {
		if (unpack->place == IN_MEMBER) {
			r = inflate_piece(unpack, out);
		} else if (unpack->place == AT_BEGINNING || (unpack->place == BEHIND_MEMBER && *stream->next_in != 0)) {
			r = begin_member(unpack);
		} else {
			r = pass_padding(unpack);
		}
	}
	return r;
}
