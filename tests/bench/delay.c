// SPDX-License-Identifier: ISC

/*
 * Preloaded: how long it takes from the last byte of an answer to the end of the fdatasync
 * that makes its records durable, and how much of that is the disk's own.  One line each:
 * microseconds in all, microseconds in fdatasync.  $DELAY_FILE says where to.
 */

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int SSL_read(void *ssl, void *buffer, int size);
int fdatasync(int fd);

static int64_t came; /* when the first byte since the last sync was there; 0: none has come */

static int64_t now(void) {
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * INT64_C(1000000) + at.tv_nsec / 1000;
}

int SSL_read(void *ssl, void *buffer, int size) {
	static int (*next)(void *, void *, int);
	if (!next) {
		next = (int (*)(void *, void *, int))dlsym(RTLD_NEXT, "SSL_read");
	}
	int n = next(ssl, buffer, size);
	if (n > 0) {
		came = now();
	}
	return n;
}

int fdatasync(int fd) {
	static int (*next)(int);
	static FILE *file;
	if (!next) {
		next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
		file = fopen(getenv("DELAY_FILE"), "w");
	}
	int64_t begin = now();
	int r = next(fd);
	int64_t end = now();
	if (file && came > 0) {
		fprintf(file, "%lld %lld\n", (long long)(end - came), (long long)(end - begin));
		fflush(file);
		came = 0;
	}
	return r;
}
