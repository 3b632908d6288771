// SPDX-License-Identifier: ISC

#include "tool/holder.h"

#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { PID_SIZE = 16 };

/* What the kernel says of a lock: "7: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF". */
struct lock_line {
	long pid;
	char file[64];
};

/* Those that somebody only waits for have an arrow in the second place. */
static bool read_lock_line(char *text, struct lock_line *ret) {
	enum { NUMBER, KIND, MODE, ACCESS, PID, FILE_ID, WORDS };
	const char *words[WORDS];
	char *rest = NULL;
	for (int i = 0; i < WORDS; i++) {
		words[i] = strtok_r(i == 0 ? text : NULL, " \n", &rest);
		if (!words[i]) {
			return false;
		}
	}
	ret->pid = strtol(words[PID], NULL, 10);
	(void)snprintf(ret->file, sizeof(ret->file), "%s", words[FILE_ID]);
	return strcmp(words[KIND], "FLOCK") == 0 && strcmp(words[ACCESS], "WRITE") == 0 && ret->pid > 1 && ret->pid <= INT_MAX;
}

static bool is_daemon(long pid) {
	char path[64], name[32] = "";
	(void)snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	FILE *file = fopen(path, "re");
	bool is = file && fgets(name, sizeof(name), file) && strcmp(name, "occupancyd\n") == 0;
	if (file) {
		(void)fclose(file);
	}
	return is;
}

/*
 * The process whose number stands in the file, if it has such a lock; otherwise the one that has the lock of this
 * file.  Some file systems show another device or inode here than stat() does: then the name has to do.
 */
static long find_holder(FILE *locks, long written, const struct stat *st) {
	char file[64], *line = NULL;
	size_t size = 0;
	long found = 0;
	int len = snprintf(file, sizeof(file), "%02x:%02x:", major(st->st_dev), minor(st->st_dev));
	(void)snprintf(file + len, sizeof(file) - (size_t)len, "%llu", (unsigned long long)st->st_ino);
	while (getline(&line, &size, locks) > 0) {
		struct lock_line lock;
		if (!read_lock_line(line, &lock)) {
			continue;
		}
		const char *inode = strrchr(lock.file, ':');
		bool same = inode && strcmp(inode + 1, file + len) == 0;
		if (lock.pid == written && (same || is_daemon(written))) {
			found = written;
			break;
		}
		found = strcmp(lock.file, file) == 0 ? lock.pid : found;
	}
	free(line);
	return found;
}

pid_t holder_of(const char *directory) {
	char path[PATH_MAX], text[PID_SIZE] = "";
	struct stat st;
	if (snprintf(path, sizeof(path), "%s/lock", directory) >= PATH_MAX) {
		return -ENAMETOOLONG;
	}
	int fd = file_open(path, FILE_READ, 0);
	if (fd < 0) {
		return fd == -ENOENT ? 0 : fd;
	}
	int r = fstat(fd, &st) < 0 ? -errno : 0;
	long written = r == 0 && file_read(fd, text, sizeof(text) - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
	file_close(fd);
	if (r < 0) {
		return r;
	}
	FILE *locks = fopen("/proc/locks", "re");
	if (!locks) {
		return written > 1 && written <= INT_MAX && is_daemon(written) ? (pid_t)written : 0;
	}
	long pid = find_holder(locks, written, &st);
	(void)fclose(locks);
	return (pid_t)pid;
}
