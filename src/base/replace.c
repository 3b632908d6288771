// SPDX-License-Identifier: ISC

#include "base/replace.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

/* The file, whole and synced; or none at all. */
static int create(const char *path, const void *data, size_t len, mode_t mode) {
	int r = file_remove(path);
	if (r < 0 && r != -ENOENT) {
		return r;
	}

	int fd = file_open(path, FILE_CREATE, mode);
	if (fd < 0) {
		return fd;
	}

	r = file_write(fd, data, len, NULL);
	if (r == 0) {
		r = file_sync_all(fd);
	}
	file_close(fd);
	if (r < 0) {
		(void)file_remove(path); /* else the next call does */
	}
	return r;
}

int file_replace(const char *directory, const char *name, const void *data, size_t len, mode_t mode) {
	char path[PATH_MAX];
	char temporary[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= PATH_MAX ||
	    snprintf(temporary, sizeof(temporary), "%s/.%s.tmp", directory, name) >= PATH_MAX) {
		return -ENAMETOOLONG;
	}

	int r = create(temporary, data, len, mode);
	if (r < 0) {
		return r;
	}

	r = file_rename(temporary, path);
	if (r < 0) {
		(void)file_remove(temporary);
		return r;
	}
	return file_sync_directory(directory);
}
