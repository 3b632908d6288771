// SPDX-License-Identifier: ISC

#include "sink/lines.h"

#include "base/file.h"
#include "base/rng.h"
#include "sink/gzip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 256 * 1024 }; /* bytes that are read at a time: they fit in a processor's cache */

struct lines {
	int fd;
	struct gunzip *gunzip; /* NULL: not compressed */
	int64_t offset;        /* of what is read next, uncompressed */

	const struct lines_unpacker *unpacker; /* NULL: zlib */
	void *user;
	bool unpacking;        /* the file, by that */
	const char *piece;     /* what has come from it, and has not been read */
	size_t piece_len;

	char *own;             /* a buffer */
	size_t size;
	const char *data;      /* that, or what the unpacker gave */
	size_t begin, end;     /* what has been read and not been given away */
	size_t looked;         /* no newline stands before that */
	int64_t dropped_at;    /* where a line begins whose beginning was too long to keep; -1: there is none */
};

struct lines *lines_new(void) {
	struct lines *lines = calloc(1, sizeof(*lines));
	if (lines) {
		lines->fd = -1;
		lines->size = BLOCK;
		lines->own = malloc(lines->size);
		if (!lines->own) {
			free(lines);
			return NULL;
		}
		lines->data = lines->own;
	}
	return lines;
}

static void close_file(struct lines *lines) {
	gunzip_free(lines->gunzip);
	file_close(lines->fd);
	lines->gunzip = NULL;
	lines->fd = -1;
	lines->unpacking = false;
}

void lines_free(struct lines *lines) {
	if (lines) {
		close_file(lines);
		free(lines->own);
		free(lines);
	}
}

void lines_set_unpacker(struct lines *lines, const struct lines_unpacker *unpacker, void *user) {
	lines->unpacker = unpacker;
	lines->user = user;
}

static bool is_compressed(const char *path) {
	size_t len = strlen(path);
	return len > 3 && strcmp(path + len - 3, ".gz") == 0;
}

/* From there on nothing has been read. */
static void begin_at(struct lines *lines, int64_t offset) {
	lines->offset = offset;
	lines->begin = lines->end = lines->looked = 0;
	lines->dropped_at = -1;
	lines->data = lines->own;
	lines->piece_len = 0;
}

int lines_open(struct lines *lines, const char *path) {
	close_file(lines);
	begin_at(lines, 0);
	if (is_compressed(path) && lines->unpacker) {
		lines->unpacking = true;
		return lines->unpacker->open(lines->user, path);
	}
	if (is_compressed(path)) {
		return gunzip_new(path, &lines->gunzip);
	}
	lines->fd = file_open(path, FILE_READ, 0);
	return lines->fd < 0 ? lines->fd : 0;
}

static int64_t read_some(struct lines *lines, size_t at, size_t len) {
	char *data = lines->own + at;
	int64_t got = lines->gunzip ? gunzip_read(lines->gunzip, data, len)
	                            : file_read(lines->fd, data, len, lines->offset);
	lines->offset += got > 0 ? got : 0;
	return got;
}

/* Returns 0; -ENODATA if the file ends before that; other -errno. */
static int skip(struct lines *lines, int64_t len) {
	if (!lines->gunzip) {
		lines->offset += len;
		return 0;
	}
	while (len > 0) {
		int64_t got = read_some(lines, 0, len < BLOCK ? (size_t)len : BLOCK);
		if (got <= 0) {
			return got < 0 ? (int)got : -ENODATA;
		}
		len -= got;
	}
	return 0;
}

int lines_seek(struct lines *lines, int64_t offset, size_t tail_len, uint64_t tail) {
	size_t len = offset < (int64_t)tail_len ? (size_t)offset : tail_len;
	int r = skip(lines, offset - (int64_t)len);
	if (r < 0) {
		return r;
	}
	int64_t got = read_some(lines, 0, len);
	if (got < 0) {
		return (int)got;
	}
	return got == (int64_t)len && rng_hash(lines->data, len) == tail ? 0 : -ENODATA;
}

/* So that what is left fits into the buffer, and half a block behind it. */
static int reserve(struct lines *lines, size_t left) {
	size_t size = lines->size;
	while (size < left + BLOCK / 2) {
		size *= 2;
	}
	if (size == lines->size) {
		return 0;
	}
	char *own = realloc(lines->own, size);
	if (!own) {
		return -ENOMEM;
	}
	lines->data = lines->data == lines->own ? own : lines->data;
	lines->own = own;
	lines->size = size;
	return 0;
}

/* Puts what is left to the front of the buffer, and gives up what is too long. */
static int make_room(struct lines *lines) {
	size_t left = lines->end - lines->begin;

	if (lines->dropped_at < 0 && left > LINES_LONGEST) {
		lines->dropped_at = lines->offset - (int64_t)left;
	}
	if (lines->dropped_at >= 0) {
		left = 0;
	}
	int r = reserve(lines, left);
	if (r == 0) {
		memmove(lines->own, lines->data + lines->begin, left);
		lines->data = lines->own;
		lines->begin = 0;
		lines->end = lines->looked = left;
	}
	return r;
}

/* The next piece.  Returns 1; 0 at the end of the file; or -errno. */
static int unpack(struct lines *lines) {
	int64_t got = lines->unpacker->next(lines->user, &lines->piece);
	if (got == -EAGAIN) {
		int r = make_room(lines);
		got = r < 0 ? r : lines->unpacker->next(lines->user, &lines->piece);
	}
	lines->piece_len = got > 0 ? (size_t)got : 0;
	return got > 0 ? 1 : (int)got;
}

/* Reads from where they are the lines that begin in the piece; with what is left of one before, its end. */
static int fill_from_piece(struct lines *lines) {
	size_t len = lines->piece_len;
	bool goes_on = lines->piece == lines->data + lines->end && lines->dropped_at < 0;

	if (!goes_on && (lines->begin < lines->end || lines->dropped_at >= 0)) {
		int r = make_room(lines);
		if (r < 0) {
			return r;
		}
		const char *newline = memchr(lines->piece, '\n', len);
		size_t room = lines->size - lines->end;
		len = newline ? (size_t)(newline - lines->piece) + 1 : len;
		len = len < room ? len : room;
		memcpy(lines->own + lines->end, lines->piece, len);
	} else if (!goes_on) {
		lines->data = lines->piece;
		lines->begin = lines->end = lines->looked = 0;
	}
	lines->end += len;
	lines->offset += (int64_t)len;
	lines->piece += len;
	lines->piece_len -= len;
	return 1;
}

/* Returns 1; 0 at the end of the file; or -errno. */
static int fill(struct lines *lines) {
	if (lines->unpacking) {
		int r = lines->piece_len > 0 ? 1 : unpack(lines);
		return r > 0 ? fill_from_piece(lines) : r;
	}
	int r = make_room(lines);
	if (r < 0) {
		return r;
	}
	int64_t got = read_some(lines, lines->end, lines->size - lines->end);
	if (got <= 0) {
		return (int)got;
	}
	lines->end += (size_t)got;
	return 1;
}

/* What has been read up to there. */
static int give(struct lines *lines, size_t to, bool whole, struct line *ret) {
	bool dropped = lines->dropped_at >= 0;
	bool too_long = dropped || to - lines->begin > LINES_LONGEST;

	ret->text = too_long ? NULL : lines->data + lines->begin;
	ret->len = too_long ? 0 : to - lines->begin;
	ret->at = dropped ? lines->dropped_at : lines->offset - (int64_t)(lines->end - lines->begin);
	ret->whole = whole;
	lines->begin = lines->looked = to;
	lines->dropped_at = -1;
	return 1;
}

struct line lines_ahead(const struct lines *lines) {
	size_t len = lines->dropped_at < 0 ? lines->end - lines->begin : 0;
	return (struct line){.text = lines->data + lines->begin, .len = len, .at = lines->offset - (int64_t)len};
}

void lines_pass(struct lines *lines, size_t len) {
	lines->begin += len;
	lines->looked = lines->begin > lines->looked ? lines->begin : lines->looked;
}

int lines_next(struct lines *lines, struct line *ret) {
	for (;;) {
		size_t left = lines->end - lines->looked;
		const char *newline = memchr(lines->data + lines->looked, '\n', left);
		if (newline) {
			return give(lines, (size_t)(newline - lines->data) + 1, true, ret);
		}
		lines->looked = lines->end;
		int r = fill(lines);
		if (r < 0) {
			return r;
		}
		if (r == 0) {
			return lines->begin < lines->end || lines->dropped_at >= 0 ? give(lines, lines->end, false, ret) : 0;
		}
	}
}
