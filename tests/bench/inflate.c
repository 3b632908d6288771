// SPDX-License-Identifier: ISC

/*
 * Unpacks compressed files and throws away what comes of them, as fast as a library does that: libdeflate each
 * file at once, in buffers as large as the largest one wants; zlib by blocks.  Both check the sums.
 *
 *	inflate libdeflate|zlib FILE...
 */

#include <fcntl.h>
#include <libdeflate.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { BLOCK = 256 * 1024, GZIP = 15 + 16 };

static void fail(const char *why, const char *what) {
	(void)fprintf(stderr, "inflate: %s: %s\n", what, why);
	exit(1);
}

static void *grown(void *buffer, size_t *size, size_t wanted) {
	if (*size >= wanted) {
		return buffer;
	}
	free(buffer);
	buffer = malloc(wanted);
	if (!buffer) {
		fail("no memory", "buffer");
	}
	*size = wanted;
	return buffer;
}

static unsigned char *in, *out;
static size_t in_size, out_size;

static size_t read_all(const char *path) {
	struct stat st;
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < 18) {
		fail("cannot be opened, or is not compressed", path);
	}
	in = grown(in, &in_size, (size_t)st.st_size);
	ssize_t got = read(fd, in, (size_t)st.st_size);
	if (got != st.st_size) {
		fail("cannot be read", path);
	}
	(void)close(fd);
	return (size_t)got;
}

/* What stands at the end of the file. */
static size_t size_of(size_t len) {
	const unsigned char *last = in + len - 4;
	return (size_t)last[0] | (size_t)last[1] << 8 | (size_t)last[2] << 16 | (size_t)last[3] << 24;
}

static size_t by_libdeflate(struct libdeflate_decompressor *decompressor, const char *path) {
	size_t made = 0, len = read_all(path);
	out = grown(out, &out_size, size_of(len));
	if (libdeflate_gzip_decompress(decompressor, in, len, out, out_size, &made) != LIBDEFLATE_SUCCESS) {
		fail("is damaged, or of several members", path);
	}
	return made;
}

static size_t by_zlib(const char *path) {
	z_stream stream = {.zalloc = NULL};
	size_t made = 0;
	int code = inflateInit2(&stream, GZIP);

	stream.avail_in = (unsigned)read_all(path);
	stream.next_in = in;
	out = grown(out, &out_size, BLOCK);
	while (code == Z_OK) {
		stream.next_out = out;
		stream.avail_out = BLOCK;
		code = inflate(&stream, Z_NO_FLUSH);
		made += BLOCK - stream.avail_out;
	}
	if (code != Z_STREAM_END || inflateEnd(&stream) != Z_OK) {
		fail("is damaged", path);
	}
	return made;
}

int main(int argc, char **argv) {
	struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
	size_t made = 0;

	if (argc < 3 || !decompressor) {
		return 64;
	}
	for (int i = 2; i < argc; i++) {
		made += strcmp(argv[1], "zlib") == 0 ? by_zlib(argv[i]) : by_libdeflate(decompressor, argv[i]);
	}
	printf("%zu\n", made);
	libdeflate_free_decompressor(decompressor);
	return 0;
}
