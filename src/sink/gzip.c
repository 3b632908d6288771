// SPDX-License-Identifier: ISC

#include "sink/gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum {
	FILE_MODE = 0640,
	SLICE = 256 * 1024,
	OUT = 64 * 1024,
	/* So much output is synced at a time: all of it at the end would hold the loop. */
	SYNC_EVERY = 512 * 1024,
	GZIP_WINDOW = 15 + 16, /* the largest window, and gzip's framing */
	MEMORY_LEVEL = 8,      /* zlib's default */
	TRAILER = 8,           /* CRC32 and the size modulo 2^32, least byte first */
};

struct gzip {
	int from, to;
	int64_t offset; /* in the input */
	size_t unsynced;
	bool deflating; /* stream is to be ended */
	z_stream stream;
	unsigned char in[SLICE];
	unsigned char out[OUT];
};

int gzip_new(const char *from, const char *to, struct gzip **ret) {
	int r = 0;
	struct gzip *gzip = calloc(1, sizeof(*gzip));
	if (!gzip) {
		return -ENOMEM;
	}

	gzip->to = -1;
	gzip->from = file_open(from, FILE_READ, 0);
	if (gzip->from < 0) {
		r = gzip->from;
	} else if (deflateInit2(&gzip->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
	                        MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
		r = -ENOMEM;
	} else {
		gzip->deflating = true;
		gzip->to = file_open(to, FILE_CREATE, FILE_MODE);
		r = gzip->to < 0 ? gzip->to : 0;
	}

	if (r < 0) {
		gzip_free(gzip);
		return r;
	}
	*ret = gzip;
	return 0;
}

void gzip_free(struct gzip *gzip) {
	if (!gzip) {
		return;
	}
	if (gzip->deflating) {
		(void)deflateEnd(&gzip->stream);
	}
	file_close(gzip->from);
	file_close(gzip->to);
	free(gzip);
}

/* Writes all that the stream has to give for its present input. */
static int drain(struct gzip *gzip, int flush) {
	do {
		gzip->stream.next_out = gzip->out;
		gzip->stream.avail_out = OUT;
		if (deflate(&gzip->stream, flush) == Z_STREAM_ERROR) {
			return -EIO;
		}
		size_t len = OUT - gzip->stream.avail_out;
		int r = file_write(gzip->to, gzip->out, len, NULL);
		if (r < 0) {
			return r;
		}
		gzip->unsynced += len;
	} while (gzip->stream.avail_out == 0);
	return 0;
}

int gzip_step(struct gzip *gzip) {
	int64_t got = file_read(gzip->from, gzip->in, SLICE, gzip->offset);
	if (got < 0) {
		return (int)got;
	}

	bool last = got < SLICE;
	gzip->offset += got;
	gzip->stream.next_in = gzip->in;
	gzip->stream.avail_in = (unsigned)got;
	int r = drain(gzip, last ? Z_FINISH : Z_NO_FLUSH);
	if (r < 0) {
		return r;
	}
	if (last) {
		return file_sync_all(gzip->to);
	}
	if (gzip->unsynced >= SYNC_EVERY) {
		gzip->unsynced = 0;
		r = file_sync(gzip->to);
	}
	return r < 0 ? r : 1;
}

static int read_trailer(int fd, unsigned char trailer[static TRAILER]) {
	struct file_info info;
	int r = file_stat_open(fd, &info);
	if (r < 0) {
		return r;
	}
	if (info.size < TRAILER) {
		return 0;
	}

	int64_t got = file_read(fd, trailer, TRAILER, info.size - TRAILER);
	if (got < 0) {
		return (int)got;
	}
	return got == TRAILER;
}

int gzip_matches(const char *path, int64_t size) {
	unsigned char trailer[TRAILER];
	int fd = file_open(path, FILE_READ, 0);
	if (fd < 0) {
		return fd;
	}

	int r = read_trailer(fd, trailer);
	file_close(fd);
	if (r <= 0) {
		return r;
	}
	uint32_t said = (uint32_t)trailer[4] | (uint32_t)trailer[5] << 8 | (uint32_t)trailer[6] << 16 |
	                (uint32_t)trailer[7] << 24;
	return said == (uint32_t)size;
}

/* Reading */

struct gunzip {
	int fd;
	int64_t offset; /* in the compressed file */
	bool inflating; /* stream is to be ended */
	bool between;   /* a member has ended: another may follow, or the file ends */
	z_stream stream;
	unsigned char in[OUT];
};

int gunzip_new(const char *path, struct gunzip **ret) {
	struct gunzip *gunzip = calloc(1, sizeof(*gunzip));
	if (!gunzip) {
		return -ENOMEM;
	}

	gunzip->fd = file_open(path, FILE_READ, 0);
	int r = gunzip->fd < 0 ? gunzip->fd : 0;
	if (r == 0) {
		gunzip->inflating = inflateInit2(&gunzip->stream, GZIP_WINDOW) == Z_OK;
		r = gunzip->inflating ? 0 : -ENOMEM;
	}
	if (r < 0) {
		gunzip_free(gunzip);
		return r;
	}
	*ret = gunzip;
	return 0;
}

void gunzip_free(struct gunzip *gunzip) {
	if (!gunzip) {
		return;
	}
	if (gunzip->inflating) {
		(void)inflateEnd(&gunzip->stream);
	}
	file_close(gunzip->fd);
	free(gunzip);
}

void gunzip_skip(struct gunzip *gunzip, int64_t offset) {
	gunzip->offset = offset;
}

/* More input for the stream.  A file that ends before the stream does is damaged. */
static int refill(struct gunzip *gunzip) {
	int64_t got = file_read(gunzip->fd, gunzip->in, sizeof(gunzip->in), gunzip->offset);
	if (got < 0) {
		return (int)got;
	}
	gunzip->offset += got;
	gunzip->stream.next_in = gunzip->in;
	gunzip->stream.avail_in = (unsigned)got;
	return got > 0 ? 0 : -EBADMSG;
}

/* Behind a member stand zeros, which fill up a block, or another member. */
static int go_behind(struct gunzip *gunzip) {
	z_stream *stream = &gunzip->stream;
	if (*stream->next_in == 0) {
		stream->next_in++;
		stream->avail_in--;
		return 0;
	}
	gunzip->between = false;
	return inflateReset(stream) == Z_OK ? 0 : -EBADMSG;
}

static int inflate_some(struct gunzip *gunzip) {
	int code = inflate(&gunzip->stream, Z_NO_FLUSH);
	gunzip->between = code == Z_STREAM_END;
	return code == Z_OK || code == Z_STREAM_END ? 0 : code == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

int64_t gunzip_read(struct gunzip *gunzip, void *data, size_t len) {
	z_stream *stream = &gunzip->stream;
	unsigned want = len < UINT_MAX ? (unsigned)len : UINT_MAX;
	int r = 0;

	stream->next_out = data;
	stream->avail_out = want;
	while (r == 0 && stream->avail_out > 0) {
		if (stream->avail_in == 0) {
			r = refill(gunzip);
		}
		if (r == 0) {
			r = gunzip->between ? go_behind(gunzip) : inflate_some(gunzip);
		}
	}
	if (r == -EBADMSG && gunzip->between) {
		r = 0;
	}

	/* What came out before the damage is good; the next call meets it again. */
	int64_t got = want - stream->avail_out;
	return r == -EBADMSG && got > 0 ? got : r < 0 ? r : got;
}
