// SPDX-License-Identifier: ISC

#include "base/input.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* O_NONBLOCK means nothing to a regular file, and keeps a FIFO from hanging us. */
int input_open(const char *path) {
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int64_t input_read(int fd, void *data, size_t len, int64_t offset) {
	char *bytes = data;
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(fd, bytes + got, len - got, offset + (int64_t)got);
		if (n == 0) {
			break;
		}
		if (n > 0) {
			got += (size_t)n;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return (int64_t)got;
}
