// SPDX-License-Identifier: ISC

#include "tool/zipcheck.h"

#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* The lengths of the archive's own records, without names and comments, and where in them something is. */
enum {
	END_LEN = 22,
	END_COUNT = 10, END_DIRECTORY = 16,
	ENTRY_LEN = 46,
	ENTRY_PACKED = 20, ENTRY_NAME_LEN = 28, ENTRY_EXTRA_LEN = 30, ENTRY_COMMENT_LEN = 32, ENTRY_MEMBER = 42,
	MEMBER_LEN = 30,
	MEMBER_NAME_LEN = 26, MEMBER_EXTRA_LEN = 28,
};

enum { BLOCK = 64 * 1024, NAME_SIZE = 256, ENDING_SIZE = 64 };

static uint32_t number(const unsigned char *at, int bytes) {
	uint32_t n = 0;
	for (int i = bytes - 1; i >= 0; i--) {
		n = n << 8 | at[i];
	}
	return n;
}

static int read_all(int fd, void *data, size_t len, int64_t offset) {
	int64_t got = file_read(fd, data, len, offset);
	return got < 0 ? (int)got : got == (int64_t)len ? 0 : -EBADMSG;
}

/* The last bytes of what is unpacked. */
struct tail {
	char text[ENDING_SIZE];
	size_t len;
};

static void tail_add(struct tail *tail, const unsigned char *data, size_t len) {
	size_t kept = tail->len, taken = len < ENDING_SIZE ? len : ENDING_SIZE;
	if (kept + taken > ENDING_SIZE) {
		kept = ENDING_SIZE - taken;
	}
	memmove(tail->text, tail->text + tail->len - kept, kept);
	memcpy(tail->text + kept, data + len - taken, taken);
	tail->len = kept + taken;
}

static bool tail_is(const struct tail *tail, const char *ending) {
	size_t len = strlen(ending);
	return tail->len >= len && memcmp(tail->text + tail->len - len, ending, len) == 0;
}

/* Unpacks so many bytes.  Returns 0 at the end of the stream. */
static int unpack(int fd, int64_t at, int64_t left, z_stream *stream, unsigned char *in, unsigned char *out, struct tail *tail) {
	int zr = Z_OK;

	while (left > 0 && zr == Z_OK) {
		size_t len = left < BLOCK ? (size_t)left : BLOCK;
		int r = read_all(fd, in, len, at);
		if (r < 0) {
			return r;
		}
		at += (int64_t)len;
		left -= (int64_t)len;
		stream->next_in = in;
		stream->avail_in = (uInt)len;
		do {
			stream->next_out = out;
			stream->avail_out = BLOCK;
			zr = inflate(stream, Z_NO_FLUSH);
			tail_add(tail, out, BLOCK - stream->avail_out);
		} while (zr == Z_OK && stream->avail_out == 0);
		zr = zr == Z_BUF_ERROR ? Z_OK : zr;
	}
	return zr == Z_STREAM_END ? 0 : -EBADMSG;
}

static int check_member(int fd, int64_t member, int64_t packed, const char *ending) {
	unsigned char header[MEMBER_LEN] = {0}, *blocks = malloc(2 * (size_t)BLOCK);
	struct tail tail = {.len = 0};
	z_stream stream = {.next_in = NULL};
	int r = blocks ? read_all(fd, header, sizeof(header), member) : -ENOMEM;

	if (r == 0) {
		int64_t at = member + MEMBER_LEN + number(header + MEMBER_NAME_LEN, 2) + number(header + MEMBER_EXTRA_LEN, 2);
		r = inflateInit2(&stream, -MAX_WBITS) == Z_OK ? 0 : -ENOMEM;
		if (r == 0) {
			r = unpack(fd, at, packed, &stream, blocks, blocks + BLOCK, &tail);
			(void)inflateEnd(&stream);
		}
	}
	free(blocks);
	return r < 0 ? r : tail_is(&tail, ending) ? 0 : -EBADMSG;
}

int zipcheck(int fd, const char *prefix, const char *ending) {
	unsigned char end[END_LEN] = {0}, entry[ENTRY_LEN] = {0};
	struct file_info info;
	char name[NAME_SIZE];
	int r = file_stat_open(fd, &info);

	r = r < 0 ? r : info.size < END_LEN ? -EBADMSG : read_all(fd, end, sizeof(end), info.size - END_LEN);
	r = r < 0 ? r : memcmp(end, "PK\5\6", 4) == 0 ? 0 : -EBADMSG;
	int64_t at = number(end + END_DIRECTORY, 4);
	for (uint32_t left = number(end + END_COUNT, 2); r == 0 && left > 0; left--) {
		r = read_all(fd, entry, sizeof(entry), at);
		size_t len = number(entry + ENTRY_NAME_LEN, 2), shown = len < NAME_SIZE - 1 ? len : NAME_SIZE - 1;
		r = r < 0 ? r : memcmp(entry, "PK\1\2", 4) == 0 ? read_all(fd, name, shown, at + ENTRY_LEN) : -EBADMSG;
		name[shown] = '\0';
		if (r == 0 && strncmp(name, prefix, strlen(prefix)) == 0) {
			r = check_member(fd, number(entry + ENTRY_MEMBER, 4), number(entry + ENTRY_PACKED, 4), ending);
		}
		at += ENTRY_LEN + (int64_t)len + number(entry + ENTRY_EXTRA_LEN, 2) + number(entry + ENTRY_COMMENT_LEN, 2);
	}
	return r;
}
