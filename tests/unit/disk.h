// SPDX-License-Identifier: ISC

/*
 * For tests of what touches the disk: a directory of their own, and a C library
 * whose every disk call can be told to fail or to be the process's last.
 *
 * Include it first and once: it defines open(), write() and their like, which the
 * linker takes in place of the C library's.
 */

#ifndef TEST_DISK_H
#define TEST_DISK_H

/* The C library's own inline versions of these calls must not be there yet. */
#ifdef _FEATURES_H
#error "include disk.h, or rig.h, before everything else"
#endif
#undef _FORTIFY_SOURCE

#include "fixture.h"
#include "temporary.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Faults */

enum fault_kind {
	FAULT_NONE,
	FAULT_ERROR, /* the call does nothing and fails; a write is done by half first */
	FAULT_CRASH, /* the process is killed before the call; a write is done by half first */
};

static struct {
	enum fault_kind kind;
	int error;
	int at;       /* the number of the first call that is hit */
	int last;     /* and of the last */
	int calls;    /* so far */
	int hits;
	bool half_done;
} fault;

__attribute__((unused))
static void fault_arm(enum fault_kind kind, int error, int at, int count) {
	fault.kind = kind;
	fault.error = error;
	fault.at = at;
	fault.last = at + (count - 1);
	fault.calls = 0;
	fault.hits = 0;
	fault.half_done = false;
}

__attribute__((unused))
static void fault_disarm(void) {
	fault.kind = FAULT_NONE;
	fault.half_done = false;
}

/* Counts a call; true if it is to fail, with errno set. */
static bool fault_strikes(void) {
	if (fault.kind == FAULT_NONE) {
		return false;
	}
	fault.calls++;
	if (fault.calls < fault.at || fault.calls > fault.last) {
		return false;
	}
	fault.hits++;
	if (fault.kind == FAULT_CRASH) {
		(void)kill(getpid(), SIGKILL);
	}
	errno = fault.error;
	return true;
}

/* Where a path leads, if a test has put something else there. */
static const char *(*disk_redirect)(const char *path);

int open(const char *path, int flags, ...) {
	va_list args;
	va_start(args, flags);
	mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	path = disk_redirect ? disk_redirect(path) : path;
	return fault_strikes() ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

/* A write that is hit does its first half, as a disk does that gets full; the next one fails. */
ssize_t write(int fd, const void *data, size_t len) {
	if (fault.half_done) {
		fault.half_done = false;
		errno = fault.error;
		return -1;
	}

	bool next = fault.kind != FAULT_NONE && fault.calls + 1 >= fault.at &&
	            fault.calls + 1 <= fault.last;
	ssize_t half = next && len > 1 ? syscall(SYS_write, fd, data, len / 2) : 0;
	if (fault_strikes()) {
		fault.half_done = half > 0;
		return half > 0 ? half : -1;
	}
	return syscall(SYS_write, fd, data, len);
}

ssize_t pread(int fd, void *data, size_t len, off_t offset) {
	struct iovec piece = {.iov_base = data, .iov_len = len};
	return fault_strikes() ? -1 : preadv(fd, &piece, 1, offset);
}

/* No test takes the power away, so thousands of calls need not wait for the disk. */
int fsync(int fd) {
	return fault_strikes() ? -1 : fault.kind != FAULT_NONE ? 0 : (int)syscall(SYS_fsync, fd);
}

/* Called once, at the next fdatasync(): what somebody else does meanwhile. */
static void (*disk_meanwhile)(void);

int fdatasync(int fd) {
	if (disk_meanwhile) {
		void (*act)(void) = disk_meanwhile;
		disk_meanwhile = NULL;
		act();
	}
	return fault_strikes() ? -1 : fault.kind != FAULT_NONE ? 0 : (int)syscall(SYS_fdatasync, fd);
}

/* The C library's own: how the kernel takes 64 bits differs from one 32-bit machine to the other. */
int ftruncate(int fd, off_t size) {
	int (*truncate_really)(int, off_t) = (int (*)(int, off_t))dlsym(RTLD_NEXT, "ftruncate64");
	return fault_strikes() ? -1 : truncate_really(fd, size);
}

/* 0 while the file system can; else what it says instead. */
static int disk_cannot_reserve;

int fallocate(int fd, int mode, off_t offset, off_t len) {
	int (*allocate_really)(int, int, off_t, off_t) =
		(int (*)(int, int, off_t, off_t))dlsym(RTLD_NEXT, "fallocate64");
	if (disk_cannot_reserve) {
		errno = disk_cannot_reserve;
		return -1;
	}
	return fault_strikes() ? -1 : allocate_really(fd, mode, offset, len);
}

/* 0 while the file system can tell what a file is; else what it says instead. */
static int disk_cannot_tell;

int fstat(int fd, struct stat *st) {
	errno = disk_cannot_tell;
	return disk_cannot_tell ? -1 : fstatat(fd, "", st, AT_EMPTY_PATH);
}

int rename(const char *from, const char *to) {
	return fault_strikes() ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) {
	return fault_strikes() ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int unlink(const char *path) {
	return fault_strikes() ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* Waits for a child that was to crash.  Whether it did; if not, it must have succeeded. */
__attribute__((unused))
static bool fault_killed(pid_t child) {
	int status;
	expect_true(child > 0);
	expect_int(child, waitpid(child, &status, 0));
	if (WIFSIGNALED(status)) {
		expect_int(SIGKILL, WTERMSIG(status));
		return true;
	}
	expect_int(0, WEXITSTATUS(status));
	return false;
}

/* The real thing: no file grows beyond that size; 0 for no limit. */
__attribute__((unused))
static void disk_limit(rlim_t size) {
	struct rlimit limit;
	expect_int(0, getrlimit(RLIMIT_FSIZE, &limit));
	limit.rlim_cur = size ? size : limit.rlim_max;
	(void)signal(SIGXFSZ, SIG_IGN);
	expect_int(0, setrlimit(RLIMIT_FSIZE, &limit));
}

/* A directory of our own, and what is in it */

static char disk_directory[64];

__attribute__((unused))
static const char *disk_path(const char *name) {
	static char path[4][PATH_MAX];
	static unsigned turn;
	char *out = path[turn++ % 4];
	(void)snprintf(out, PATH_MAX, "%s/%s", disk_directory, name);
	return out;
}

__attribute__((unused))
static void disk_empty(void) {
	DIR *dir = opendir(disk_directory);
	if (!dir) {
		return;
	}
	for (const struct dirent *entry; (entry = readdir(dir));) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			(void)remove(disk_path(entry->d_name));
		}
	}
	(void)closedir(dir);
}

/* Setup and teardown of a test. */
__attribute__((unused))
static int disk_setup(void **state) {
	(void)state;
	(void)snprintf(disk_directory, sizeof(disk_directory), "%.40s/disk.XXXXXX", temporary());
	return mkdtemp(disk_directory) ? 0 : -1;
}

__attribute__((unused))
static int disk_teardown(void **state) {
	(void)state;
	fault_disarm();
	disk_meanwhile = NULL;
	disk_cannot_reserve = disk_cannot_tell = 0;
	disk_empty();
	return rmdir(disk_directory);
}

static int disk_stdin = -1;

/* The next file that is opened is number 0, as in a process that was started without standard input. */
__attribute__((unused))
static void disk_close_stdin(void) {
	disk_stdin = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 100);
	expect_true(disk_stdin >= 0);
	expect_int(0, close(STDIN_FILENO));
}

__attribute__((unused))
static void disk_reopen_stdin(void) {
	expect_int(STDIN_FILENO, dup2(disk_stdin, STDIN_FILENO));
	expect_int(0, close(disk_stdin));
}

__attribute__((unused))
static void disk_put(const char *name, const char *text) {
	FILE *file = fopen(disk_path(name), "w");
	expect_not_null(file);
	expect_int(strlen(text), fwrite(text, 1, strlen(text), file));
	expect_int(0, fclose(file));
}

/* The text of a file; "(none)" if there is none.  Valid until the next call. */
__attribute__((unused))
static const char *disk_get(const char *name) {
	static char *text;
	static size_t size;
	FILE *file = fopen(disk_path(name), "r");

	free(text);
	text = NULL;
	if (!file) {
		return "(none)";
	}
	if (getdelim(&text, &size, '\0', file) < 0) {
		(void)fclose(file);
		return "";
	}
	(void)fclose(file);
	return text;
}

static int disk_by_name(const void *a, const void *b) {
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All names, sorted, a blank behind each.  Valid until the next call. */
__attribute__((unused))
static const char *disk_list(void) {
	static char text[64 * 1024];
	char *names[1024];
	size_t count = 0;
	DIR *dir = opendir(disk_directory);
	expect_not_null(dir);

	for (const struct dirent *entry; (entry = readdir(dir)) && count < 1024;) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			names[count++] = strdup(entry->d_name);
		}
	}
	(void)closedir(dir);
	qsort(names, count, sizeof(*names), disk_by_name);

	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ", names[i]);
		free(names[i]);
	}
	return text;
}

#endif
