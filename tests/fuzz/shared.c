// SPDX-License-Identifier: ISC

#include "fuzz.h"

#include "base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];

static void empty(const char *path) {
	DIR *dir = opendir(path);
	const struct dirent *entry;
	char name[512];
	while (dir && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
			continue;
		}
		(void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (unlink(name) < 0) {
			empty(name);
		}
	}
	if (dir) {
		(void)closedir(dir);
	}
	(void)rmdir(path);
}

static void remove_directory(void) {
	empty(directory);
}

const char *fuzz_directory(void) {
	if (!directory[0]) {
		(void)snprintf(directory, sizeof(directory), "/dev/shm/occupancyd-fuzz-%d", (int)getpid());
		must(mkdir(directory, 0700) == 0, "%s", directory);
		(void)atexit(remove_directory);
	}
	return directory;
}

const char *fuzz_write(const char *name, const void *data, size_t len) {
	static char path[512];
	(void)snprintf(path, sizeof(path), "%s/%s", fuzz_directory(), name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, data, len) == (ssize_t)len, "%s", path);
	(void)close(fd);
	return path;
}

void fuzz_must_be_line(const char *line, size_t len, const char *end) {
	size_t end_len = strlen(end);
	must(len >= end_len && memcmp(line + len - end_len, end, end_len) == 0, "the line's end");
	for (size_t i = 0; i < len - end_len;) {
		uint32_t point = 0;
		size_t used = text_decode(line + i, len - i, &point);
		must(used > 0, "byte %zu, %u, is no UTF-8", i, (unsigned char)line[i]);
		must(!text_is_unprintable(point), "byte %zu begins U+%04X", i, point);
		i += used;
	}
}
