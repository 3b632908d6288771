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

void lock_release(int lock) {
	/* The file stays: removing it would let two others lock two files of that name. */
	file_close(lock);
}
