// SPDX-License-Identifier: ISC

/*
 * An entry begins with a head, its numbers little-endian:
 *
 *     version 1 · kind 1 · length of the text 4 · checksum 8
 *
 * and goes on with the text as raw deflate (RFC 1951).  A later version may change all but the first byte.
 */

#include "journal/entry.h"

#include "base/rng.h"
#include "journal/journal.h"

#include <errno.h>
#include <zlib.h>

enum {
	VERSION = 1,
	AT_KIND = 1,
	AT_LENGTH = 2,
	AT_CHECKSUM = 6,
	HEAD = 14,
	/* Negative: without a head and a trailer of zlib's own. */
	RAW_WINDOW = -15,
	PIECE = 16 << 10,
};

static void put_number(unsigned char *at, uint64_t n, size_t bytes) {
	for (size_t i = 0; i < bytes; i++) {
		at[i] = (unsigned char)(n >> (8 * i));
	}
}

static uint64_t take_number(const unsigned char *at, size_t bytes) {
	uint64_t n = 0;
	for (size_t i = bytes; i-- > 0;) {
		n = n << 8 | at[i];
	}
	return n;
}

/* Of where it belongs, and of all bytes but its own. */
static uint64_t checksum(const char *account, uint64_t position, const unsigned char *bytes, size_t len) {
	unsigned char parts[4 * 8];
	put_number(parts, rng_hash(account, strlen(account)), 8);
	put_number(parts + 8, position, 8);
	put_number(parts + 16, rng_hash(bytes, AT_CHECKSUM), 8);
	put_number(parts + 24, rng_hash(bytes + HEAD, len - HEAD), 8);
	return rng_hash(parts, sizeof(parts));
}

/* Packing */

static int deflate_text(z_stream *stream, const char *text, size_t len, struct buf *out) {
	unsigned char piece[PIECE];
	int code = Z_OK;
	/* zlib does not write there. */
	stream->next_in = (unsigned char *)text;
	stream->avail_in = (unsigned)len;
	while (code == Z_OK) {
		stream->next_out = piece;
		stream->avail_out = sizeof(piece);
		code = deflate(stream, Z_FINISH);
		buf_append(out, piece, sizeof(piece) - stream->avail_out);
	}
	return code == Z_STREAM_END ? buf_error(out) : -ENOMEM;
}

int entry_pack(const char *account, uint64_t position, enum entry_kind kind, const char *text, size_t len,
               struct buf *out) {
	unsigned char head[HEAD] = {VERSION, (unsigned char)kind};
	z_stream stream = {0};
	size_t before = out->len;
	if (len > ENTRY_TEXT_MAX) {
		return -EMSGSIZE;
	}
	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, RAW_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		return -ENOMEM;
	}
	put_number(head + AT_LENGTH, len, 4);
	buf_append(out, head, sizeof(head));
	int r = deflate_text(&stream, text, len, out);
	(void)deflateEnd(&stream);
	if (r == -EFBIG || (r == 0 && out->len - before > JOURNAL_ENTRY_MAX)) {
		r = -EMSGSIZE;
	}
	if (r < 0) {
		buf_truncate(out, before);
		return r;
	}
	unsigned char *bytes = (unsigned char *)out->data + before;
	put_number(bytes + AT_CHECKSUM, checksum(account, position, bytes, out->len - before), 8);
	return 0;
}

/* Unpacking */

/* Exactly so many bytes. */
static int inflate_text(z_stream *stream, size_t expected, struct buf *out) {
	unsigned char piece[PIECE];
	size_t got = 0;
	int code = Z_OK;
	while (code == Z_OK && got <= expected) {
		stream->next_out = piece;
		stream->avail_out = sizeof(piece);
		code = inflate(stream, Z_NO_FLUSH);
		buf_append(out, piece, sizeof(piece) - stream->avail_out);
		got += sizeof(piece) - stream->avail_out;
	}
	if (code == Z_MEM_ERROR || buf_error(out) < 0) {
		return -ENOMEM;
	}
	return code == Z_STREAM_END && stream->avail_in == 0 && got == expected ? 0 : -EBADMSG;
}

static int unpack_text(const unsigned char *bytes, size_t len, size_t expected, struct buf *out) {
	z_stream stream = {0};
	if (inflateInit2(&stream, RAW_WINDOW) != Z_OK) {
		return -ENOMEM;
	}
	stream.next_in = (unsigned char *)bytes;
	stream.avail_in = (unsigned)len;
	int r = inflate_text(&stream, expected, out);
	(void)inflateEnd(&stream);
	return r;
}

/* What is of this version; the text is appended even if it turns out to be wrong. */
static int unpack(const char *account, uint64_t position, const unsigned char *bytes, size_t len,
                  enum entry_kind *ret_kind, struct buf *out, struct error *err) {
	if (len < HEAD || len > JOURNAL_ENTRY_MAX ||
	    take_number(bytes + AT_CHECKSUM, 8) != checksum(account, position, bytes, len)) {
		return error_set(err, EBADMSG, "is damaged: its checksum is wrong");
	}
	if (bytes[AT_KIND] > ENTRY_SNAPSHOT) {
		return error_set(err, EPROTO, "is of an unknown kind (%d): it is from a newer occupancyd", bytes[AT_KIND]);
	}
	size_t expected = (size_t)take_number(bytes + AT_LENGTH, 4);
	int r = expected <= ENTRY_TEXT_MAX ? unpack_text(bytes + HEAD, len - HEAD, expected, out) : -EBADMSG;
	if (r < 0) {
		return error_set(err, -r, "%s", r == -ENOMEM ? "out of memory" : "does not hold what its head says");
	}
	*ret_kind = (enum entry_kind)bytes[AT_KIND];
	return 0;
}

int entry_unpack(const char *account, uint64_t position, const void *data, size_t len, enum entry_kind *ret_kind,
                 struct buf *out, struct error *err) {
	const unsigned char *bytes = data;
	size_t before = out->len;
	if (len > 0 && bytes[0] != VERSION) {
		return error_set(err, EPROTO, "is of an unknown version (%d): it is from a newer occupancyd, or damaged", bytes[0]);
	}
	int r = unpack(account, position, bytes, len, ret_kind, out, err);
	if (r < 0) {
		buf_truncate(out, before);
	}
	return r;
}
