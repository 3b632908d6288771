// SPDX-License-Identifier: ISC

#include "tool/inflate.h"

#include "base/file.h"
#include "sink/gzip.h"

#include <errno.h>
#include <libdeflate.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PIECE = 32 * 1024, /* summed up and given away while it is in the processor's cache */
	HEADER = 10,
	TRAILER = 8,       /* CRC32 and the size modulo 2^32, least byte first */
};

/* Of a header. */
enum { FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16, FLAGS_OTHER = 0xe2 };

struct inflater {
	struct libdeflate_decompressor *decompressor;
	char path[PATH_MAX];
	unsigned char *in;     /* the file */
	size_t len, at;        /* the next member */
	char *out;             /* what the member became */
	size_t out_len, given;
	unsigned char trailer[TRAILER];
	bool has_trailer;
	uint32_t sum;          /* of what has been given */
	bool held;             /* that may be in use */
	struct gunzip *gunzip; /* for the rest of the file */
};

struct inflater *inflater_new(void) {
	struct inflater *inflater = calloc(1, sizeof(*inflater));
	if (inflater) {
		inflater->decompressor = libdeflate_alloc_decompressor();
		inflater->in = malloc(INFLATER_FILE);
		inflater->out = malloc(INFLATER_MEMBER);
		if (!inflater->decompressor || !inflater->in || !inflater->out) {
			inflater_free(inflater);
			return NULL;
		}
	}
	return inflater;
}

void inflater_free(struct inflater *inflater) {
	if (inflater) {
		if (inflater->decompressor) {
			libdeflate_free_decompressor(inflater->decompressor);
		}
		gunzip_free(inflater->gunzip);
		free(inflater->in);
		free(inflater->out);
		free(inflater);
	}
}

/* Leaves the rest of the file to zlib. */
static int go_slowly(struct inflater *inflater) {
	struct gunzip *gunzip;
	int r = gunzip_new(inflater->path, &gunzip);
	if (r == 0) {
		gunzip_skip(gunzip, (int64_t)inflater->at);
		inflater->gunzip = gunzip;
	}
	return r;
}

/* Returns whether all of it fitted; or -errno. */
static int read_all(struct inflater *inflater) {
	int fd = file_open(inflater->path, FILE_READ, 0);
	if (fd < 0) {
		return fd;
	}
	int64_t got = file_read(fd, inflater->in, INFLATER_FILE, 0);
	file_close(fd);
	inflater->len = got > 0 ? (size_t)got : 0;
	return got < 0 ? (int)got : got < INFLATER_FILE;
}

static int start(void *user, const char *path) {
	struct inflater *inflater = user;

	gunzip_free(inflater->gunzip);
	inflater->gunzip = NULL;
	inflater->at = inflater->len = inflater->out_len = inflater->given = 0;
	inflater->sum = 0;
	inflater->has_trailer = inflater->held = false;
	if (snprintf(inflater->path, sizeof(inflater->path), "%s", path) >= (int)sizeof(inflater->path)) {
		return -ENAMETOOLONG;
	}
	int r = read_all(inflater);
	return r == 0 ? go_slowly(inflater) : r < 0 ? r : 0;
}

/* Members */

static uint32_t number(const unsigned char bytes[static 4]) {
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Behind a text that ends in a NUL; behind the end if none is there. */
static size_t skip_text(const unsigned char *in, size_t at, size_t len) {
	const unsigned char *nul = at < len ? memchr(in + at, '\0', len - at) : NULL;
	return nul ? (size_t)(nul - in) + 1 : len + 1;
}

/* How long the header of a member is; 0 if it is an odd one. */
static size_t header_of(const unsigned char *in, size_t len) {
	static const unsigned char magic[] = {0x1f, 0x8b, 8};
	size_t at = HEADER;
	if (len < HEADER || memcmp(in, magic, sizeof(magic)) != 0 || in[3] & FLAGS_OTHER) {
		return 0;
	}
	if (in[3] & FLAG_EXTRA) {
		at = len >= HEADER + 2 ? at + 2 + in[HEADER] + ((size_t)in[HEADER + 1] << 8) : len + 1;
	}
	if (in[3] & FLAG_NAME) {
		at = skip_text(in, at, len);
	}
	if (in[3] & FLAG_COMMENT) {
		at = skip_text(in, at, len);
	}
	return at <= len ? at : 0;
}

/* Returns whether it was done at once. */
static bool inflate_member(struct inflater *inflater) {
	size_t used, header = header_of(inflater->in + inflater->at, inflater->len - inflater->at);
	size_t from = inflater->at + header;

	if (header == 0 || libdeflate_deflate_decompress_ex(inflater->decompressor, inflater->in + from, inflater->len - from, inflater->out,
	                                                    INFLATER_MEMBER, &used, &inflater->out_len) != LIBDEFLATE_SUCCESS) {
		inflater->out_len = 0;
		return false;
	}
	inflater->at = from + used;
	inflater->has_trailer = inflater->len - inflater->at >= TRAILER;
	if (inflater->has_trailer) {
		memcpy(inflater->trailer, inflater->in + inflater->at, TRAILER);
		inflater->at += TRAILER;
	}
	inflater->sum = libdeflate_crc32(0, NULL, 0);
	inflater->given = 0;
	return true;
}

static bool is_damaged(const struct inflater *inflater) {
	return !inflater->has_trailer || number(inflater->trailer) != inflater->sum ||
	       number(inflater->trailer + 4) != (uint32_t)inflater->out_len;
}

/* Goes on to the next member that is not empty.  Returns 1, 0 at the end of the file, or -errno. */
static int next_member(struct inflater *inflater) {
	do {
		if (inflater->at > 0 && is_damaged(inflater)) {
			return -EBADMSG;
		}
		/* Behind a member may stand zeros, which fill up a block. */
		while (inflater->at > 0 && inflater->at < inflater->len && inflater->in[inflater->at] == 0) {
			inflater->at++;
		}
		if (inflater->at > 0 && inflater->at == inflater->len) {
			return 0;
		}
		if (!inflate_member(inflater)) {
			int r = go_slowly(inflater);
			return r < 0 ? r : 1;
		}
	} while (inflater->out_len == 0);
	return 1;
}

static int64_t give(struct inflater *inflater, const char **ret) {
	size_t left = inflater->out_len - inflater->given, len = left < PIECE ? left : PIECE;

	*ret = inflater->out + inflater->given;
	inflater->sum = libdeflate_crc32(inflater->sum, *ret, len);
	inflater->given += len;
	inflater->held = true;
	return (int64_t)len;
}

static int64_t next(void *user, const char **ret) {
	struct inflater *inflater = user;

	if (!inflater->gunzip && inflater->given < inflater->out_len) {
		return give(inflater, ret);
	}
	if (inflater->held) {
		inflater->held = false;
		return -EAGAIN;
	}
	int r = inflater->gunzip ? 1 : next_member(inflater);
	if (r <= 0) {
		return r;
	}
	if (!inflater->gunzip) {
		return give(inflater, ret);
	}
	int64_t got = gunzip_read(inflater->gunzip, inflater->out, PIECE);
	*ret = inflater->out;
	inflater->held = got > 0;
	return got;
}

const struct lines_unpacker inflater_way = {start, next};
