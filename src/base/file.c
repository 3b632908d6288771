// SPDX-License-Identifier: ISC

#include "base/file.h"

#include "base/input.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) >= sizeof(int64_t), "32-bit file sizes: build with -D_FILE_OFFSET_BITS=64");

static const int access_flags[] = {
	[FILE_READ] = O_RDONLY,
	[FILE_APPEND] = O_RDWR | O_APPEND | O_CREAT,
	[FILE_CREATE] = O_WRONLY | O_CREAT | O_EXCL,
};

enum { STAT_BLOCK = 512 }; /* bytes: what stat(2) counts blocks by */

/* O_NONBLOCK means nothing to a regular file, and keeps a FIFO from hanging us. */
enum { COMMON_FLAGS = O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK };

/* 0 or -errno of a call that gives 0 or more, or -1. */
static int result(int outcome) {
	return outcome < 0 ? -errno : 0;
}

int file_open(const char *path, enum file_access access, mode_t mode) {
	int fd;

	do {
		fd = open(path, access_flags[access] | COMMON_FLAGS, mode);
	} while (fd < 0 && errno == EINTR);
	/* What a symbolic link, a directory, and a socket or a FIFO without a reader give. */
	if (fd < 0) {
		return errno == ELOOP || errno == EISDIR || errno == ENXIO ? -FILE_NOT_REGULAR : -errno;
	}

	struct stat st;
	int r = result(fstat(fd, &st));
	if (r == 0 && !S_ISREG(st.st_mode)) {
		r = -FILE_NOT_REGULAR;
	}
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

void file_close(int fd) {
	if (fd >= 0) {
		(void)close(fd);
	}
}

int file_write(int fd, const void *data, size_t len, size_t *ret_written) {
	const char *bytes = data;
	size_t written = 0;
	int r = 0;

	while (written < len) {
		ssize_t n = write(fd, bytes + written, len - written);
		if (n > 0) {
			written += (size_t)n;
		} else if (n == 0) {
			r = -EIO; /* a disk that takes nothing and gives no reason */
			break;
		} else if (errno != EINTR) {
			r = -errno;
			break;
		}
	}

	if (ret_written) {
		*ret_written = written;
	}
	return r;
}

int64_t file_read(int fd, void *data, size_t len, int64_t offset) {
	return input_read(fd, data, len, offset);
}

int file_sync(int fd) {
	int r;

	do {
		r = result(fdatasync(fd));
	} while (r == -EINTR);
	return r;
}

int file_sync_all(int fd) {
	int r;

	do {
		r = result(fsync(fd));
	} while (r == -EINTR);
	return r;
}

int file_truncate(int fd, int64_t size) {
	int r;

	do {
		r = result(ftruncate(fd, size));
	} while (r == -EINTR);
	return r;
}

int file_reserve(int fd, int64_t from, int64_t to) {
	int r;

	do {
		r = result(fallocate(fd, FALLOC_FL_KEEP_SIZE, from, to - from));
	} while (r == -EINTR);
	/* EPERM is a sandbox's, and what really may not be written says so itself. */
	return r == -EOPNOTSUPP || r == -ENOSYS || r == -EINVAL || r == -ENODEV || r == -EPERM ? -ENOTSUP : r;
}

int file_unreserve(int fd) {
	struct stat st;
	int r = result(fstat(fd, &st));

	if (r < 0 || (int64_t)st.st_blocks * STAT_BLOCK < st.st_size + st.st_blksize) {
		return r;
	}
	r = file_truncate(fd, st.st_size);
	if (r == 0) {
		const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, st.st_mtim};
		r = result(futimens(fd, times));
	}
	return r;
}

static usec_t to_usec(struct timespec time) {
	return (usec_t)time.tv_sec * USEC_PER_SEC + time.tv_nsec / 1000;
}

static void describe(const struct stat *st, struct file_info *ret) {
	*ret = (struct file_info){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = st->st_size,
		.mtime = to_usec(st->st_mtim),
		.regular = S_ISREG(st->st_mode),
	};
}

int file_stat(const char *path, struct file_info *ret) {
	struct stat st;
	int r = result(lstat(path, &st));

	if (r == 0) {
		describe(&st, ret);
	}
	return r;
}

int file_stat_open(int fd, struct file_info *ret) {
	struct stat st;
	int r = result(fstat(fd, &st));

	if (r == 0) {
		describe(&st, ret);
	}
	return r;
}

int file_rename(const char *from, const char *to) {
	return result(rename(from, to));
}

int file_rename_new(const char *from, const char *to) {
	struct file_info info;
	int r = result(renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE));

	if (r != -EINVAL && r != -ENOSYS) {
		return r;
	}

	/* Some network file systems cannot do it in one step. */
	r = file_stat(to, &info);
	if (r == 0) {
		return -EEXIST;
	}
	return r == -ENOENT ? file_rename(from, to) : r;
}

int file_remove(const char *path) {
	return result(unlink(path));
}

int file_list(const char *directory, file_visit *visit, void *user) {
	DIR *dir = opendir(directory);
	if (!dir) {
		return -errno;
	}

	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (!entry) {
			break;
		}
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			visit(entry->d_name, user);
		}
	}

	int r = -errno;
	(void)closedir(dir);
	return r;
}

int file_sync_directory(const char *directory) {
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}

	int r = file_sync_all(fd);
	file_close(fd);
	/* A file system that cannot sync a directory says so this way; there is nothing to wait for. */
	return r == -EINVAL ? 0 : r;
}

int file_lock(int fd) {
	int r;

	do {
		r = result(flock(fd, LOCK_EX | LOCK_NB));
	} while (r == -EINTR);
	return r;
}

int file_lock_directory(const char *directory) {
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	int r = file_lock(fd);
	if (r == 0) {
		return fd;
	}
	file_close(fd);
	/* NFS locks only what is open for writing, which a directory cannot be. */
	return r == -EBADF || r == -EINVAL || r == -ENOLCK || r == -EOPNOTSUPP ? -ENOTSUP : r;
}
