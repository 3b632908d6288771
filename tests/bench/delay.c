// SPDX-License-Identifier: ISC

/*
 * Preloaded: how long it takes from the last byte of an answer to the end of the fdatasync that
 * makes its records durable; and, beside each, how long it takes to write the same bytes into
 * another file of the same disk and to sync that, and nothing else.  The two go first by turns.
 * One line each: microseconds of the program, microseconds of the bare write and sync.
 *
 * $DELAY_LOG is the program's log, $DELAY_BARE the other file, $DELAY_FILE the one for the lines.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int SSL_read(void *ssl, void *buffer, int size);

static int64_t came;    /* when the last byte of an answer was there; 0: none since the last sync */
static int64_t bare;    /* what the bare write took for the bytes at hand; 0: its turn is still to come */
static unsigned number; /* of answers so far */
static char *copy;      /* of what was written to the log since came */
static size_t copied;

static int64_t now(void) {
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * INT64_C(1000000) + at.tv_nsec / 1000;
}

static void *next(const char *name) {
	void *function = dlsym(RTLD_NEXT, name);
	return function ? function : (abort(), NULL);
}

static ssize_t real_write(int fd, const void *data, size_t len) {
	static ssize_t (*function)(int, const void *, size_t);
	if (!function) {
		function = (ssize_t (*)(int, const void *, size_t))next("write");
	}
	return function(fd, data, len);
}

static int real_fdatasync(int fd) {
	static int (*function)(int);
	if (!function) {
		function = (int (*)(int))next("fdatasync");
	}
	return function(fd);
}

/* By what the file is, because it gets a new descriptor whenever it is rotated. */
static bool is_log(int fd) {
	struct stat named, opened;
	return stat(getenv("DELAY_LOG"), &named) == 0 && fstat(fd, &opened) == 0 &&
	       named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

/* How long the bytes take to get on the disk with nothing else to do. */
static int64_t write_bare(void) {
	static int fd = -1;
	if (fd < 0) {
		fd = open(getenv("DELAY_BARE"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	}
	int64_t begin = now();
	if (real_write(fd, copy, copied) != (ssize_t)copied || real_fdatasync(fd) != 0) {
		abort();
	}
	return now() - begin;
}

int SSL_read(void *ssl, void *buffer, int size) {
	static int (*function)(void *, void *, int);
	if (!function) {
		function = (int (*)(void *, void *, int))next("SSL_read");
	}
	int n = function(ssl, buffer, size);
	if (n > 0) {
		came = now();
	}
	return n;
}

ssize_t write(int fd, const void *data, size_t len) {
	int64_t begin = now();
	if (came == 0 || !is_log(fd)) {
		return real_write(fd, data, len);
	}
	char *longer = realloc(copy, copied + len);
	if (!longer) {
		abort();
	}
	copy = longer;
	memcpy(copy + copied, data, len);
	copied += len;
	if (number % 2 == 0) {
		bare += write_bare();
		copied = 0;
	}
	/* None of this is the program's. */
	came += now() - begin;
	return real_write(fd, data, len);
}

int fdatasync(int fd) {
	static FILE *file;
	bool counts = came > 0 && is_log(fd) && (bare > 0 || copied > 0);
	int r = real_fdatasync(fd);
	if (!counts) {
		return r;
	}
	int64_t took = now() - came;
	if (copied > 0) {
		bare = write_bare();
	}
	if (!file) {
		file = fopen(getenv("DELAY_FILE"), "we");
	}
	if (!file || fprintf(file, "%lld %lld\n", (long long)took, (long long)bare) < 0 || fflush(file) != 0) {
		abort();
	}
	number++;
	came = bare = 0;
	copied = 0;
	return r;
}
