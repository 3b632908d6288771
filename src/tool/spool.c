// SPDX-License-Identifier: ISC

#include "tool/spool.h"

#include "base/file.h"
#include "tool/holder.h"
#include "state/order.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whoever may not write there is told who may. */
static int check_user(const char *directory, const struct stat *st, struct error *err) {
	if (geteuid() == 0 || geteuid() == st->st_uid) {
		return 0;
	}
	const struct passwd *user = getpwuid(st->st_uid);
	return error_set(err, EPERM, "%s belongs to user %s: run this as root or as that user", directory,
	                 user ? user->pw_name : "of another system");
}

static int open_in(int state, const char *directory, struct error *err) {
	struct stat st;
	if (fstat(state, &st) < 0) {
		return error_errno(err, errno, "%s", directory);
	}
	int r = check_user(directory, &st, err);
	if (r < 0) {
		return r;
	}
	bool made = mkdirat(state, ORDER_DIRECTORY, 0750) == 0;
	int spool = openat(state, ORDER_DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (spool < 0) {
		return error_errno(err, errno, "%s/" ORDER_DIRECTORY, directory);
	}
	if (made && geteuid() == 0 && fchown(spool, st.st_uid, st.st_gid) < 0) {
		r = error_errno(err, errno, "%s/" ORDER_DIRECTORY ": cannot be given to the service's user", directory);
		close(spool);
		return r;
	}
	return spool;
}

int spool_open(const char *state_directory, struct error *err) {
	int state = open(state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state < 0) {
		return error_errno(err, errno, "%s", state_directory);
	}
	int r = open_in(state, state_directory, err);
	close(state);
	return r;
}

/* For the user that the directory belongs to. */
static int give(int spool, int fd) {
	struct stat st;
	if (geteuid() != 0) {
		return 0;
	}
	return fstat(spool, &st) < 0 || fchown(fd, st.st_uid, st.st_gid) < 0 ? -errno : 0;
}

static int write_file(int spool, const char *name, const struct buf *data) {
	int fd = openat(spool, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0) {
		return -errno;
	}
	int r = give(spool, fd);
	if (r == 0) {
		r = file_write(fd, buf_text(data), data->len, NULL);
	}
	if (r == 0) {
		r = file_sync_all(fd);
	}
	file_close(fd);
	return r;
}

int spool_put(int spool, const char *name, const struct buf *data, struct error *err) {
	char temporary[NAME_MAX + 1];
	int len = snprintf(temporary, sizeof(temporary), ".%s.tmp", name);
	int r = len < 0 || len > NAME_MAX ? -ENAMETOOLONG : write_file(spool, temporary, data);
	if (r == 0 && renameat(spool, temporary, spool, name) < 0) {
		r = -errno;
	}
	if (r == 0 && fsync(spool) < 0) {
		r = -errno;
	}
	if (r < 0) {
		(void)unlinkat(spool, temporary, 0);
		spool_remove(spool, name);
		return error_errno(err, -r, ORDER_DIRECTORY "/%s: cannot be written", name);
	}
	return 0;
}

void spool_remove(int spool, const char *name) {
	(void)unlinkat(spool, name, 0);
}

pid_t spool_tell(const char *state_directory) {
	pid_t pid = holder_of(state_directory);
	return pid > 0 && kill(pid, SIGHUP) < 0 ? -errno : pid;
}
