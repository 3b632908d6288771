// SPDX-License-Identifier: ISC

#include "state/lock.h"

#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { PID_SIZE = 16 };

static int locked_by_other(int fd, const char *directory, struct error *err) {
	char text[PID_SIZE] = "";

	/*
	 * Between taking the lock and writing the id the file says nothing yet; in another
	 * container the holder's number can be the same as ours, and nothing to look for here.
	 */
	long pid = file_read(fd, text, sizeof(text) - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
	if (pid > 0 && pid != getpid()) {
		return error_set(err, EBUSY, "%s: in use by process %ld (it holds %s/lock)", directory,
		                 pid, directory);
	}
	return error_set(err, EBUSY, "%s: in use by another process (it holds %s/lock)", directory,
	                 directory);
}

/*
 * The id is for people: the lock holds without it, and a full disk is no reason
 * not to start.
 */
static void write_pid(int fd) {
	char text[PID_SIZE];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	int r = file_truncate(fd, 0);

	if (r == 0) {
		r = file_write(fd, text, (size_t)len, NULL);
	}
	if (r < 0) {
		(void)!file_truncate(fd, 0); /* rather no id than half of one */
	}
}

/* The service, which runs as that user, could not write to what root leaves there. */
static int check_owner(const char *directory, struct error *err) {
	struct stat st;

	if (geteuid() != 0 || stat(directory, &st) < 0 || st.st_uid == 0) {
		return 0; /* if it cannot be looked at, the opening will tell */
	}
	const struct passwd *user = getpwuid(st.st_uid);
	if (!user) {
		return error_set(err, EPERM, "%s belongs to user %u: run this as that user", directory,
		                 (unsigned)st.st_uid);
	}
	return error_set(err, EPERM, "%s belongs to user %s: run this as that user", directory,
	                 user->pw_name);
}

int lock_take(const char *directory, struct error *err) {
	char path[PATH_MAX];

	int r = check_owner(directory, err);
	if (r < 0) {
		return r;
	}
	if (snprintf(path, sizeof(path), "%s/lock", directory) >= PATH_MAX) {
		return error_errno(err, ENAMETOOLONG, "%s/lock", directory);
	}

	int fd = file_open(path, FILE_APPEND, 0644);
	if (fd == -ENOENT) {
		return error_set(err, ENOENT,
		                 "%s: no such directory: create it for the user that the daemon runs as, "
		                 "or set StateDirectory= in its unit",
		                 directory);
	}
	if (fd < 0) {
		return error_errno(err, -fd, "%s: cannot be opened", path);
	}

	r = file_lock(fd);
	if (r == 0) {
		write_pid(fd);
		return fd;
	}

	r = r == -EWOULDBLOCK ? locked_by_other(fd, directory, err)
	                      : error_errno(err, -r, "%s: cannot be locked", path);
	file_close(fd);
	return r;
}

int lock_take_log(const char *directory, int *ret_lock, struct error *err) {
	int lock = file_lock_directory(directory);
	if (lock == -EWOULDBLOCK) {
		return error_set(err, EBUSY,
		                 "%s: another occupancyd writes its log there: give each one a log.directory of "
		                 "its own",
		                 directory);
	}
	/* What else is wrong with the directory shows when the log is opened. */
	*ret_lock = lock < 0 ? -1 : lock;
	return 0;
}

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

pid_t lock_holder(const char *directory) {
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

void lock_release(int lock) {
	/* The file stays: removing it would let two others lock two files of that name. */
	file_close(lock);
}
