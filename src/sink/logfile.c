// SPDX-License-Identifier: ISC

#include "sink/logfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FILE_MODE = 0640,
	BLOCK = 16 * 1024,
	/* More than is needed at the moment, so that it need not be done for every append. */
	RESERVE_AHEAD = 256 * 1024,
	/* So often a file may be moved away just while it is written to. */
	APPEND_TRIES = 3,
};

void logfile_init(struct logfile *file) {
	*file = (struct logfile){.fd = -1};
}

/* Room that was set aside, perhaps by a process that was killed, and is not needed any more. */
static void give_back(struct logfile *file) {
	if (file->fd >= 0) {
		(void)file_unreserve(file->fd);
	}
	file->reserved = 0;
}

void logfile_close(struct logfile *file) {
	if (file) {
		give_back(file);
		file_close(file->fd);
		free(file->directory);
		free(file->path);
		logfile_init(file);
	}
}

/* How much of the file is whole lines: up to and with the last newline. */
static int measure_lines(int fd, int64_t size, int64_t *ret_whole) {
	char block[BLOCK];

	for (int64_t end = size; end > 0;) {
		int64_t start = end > BLOCK ? end - BLOCK : 0;
		int64_t got = file_read(fd, block, (size_t)(end - start), start);
		if (got < 0) {
			return (int)got;
		}
		if (got < end - start) {
			return -ESTALE; /* somebody cuts it just now */
		}
		const char *newline = memrchr(block, '\n', (size_t)got);
		if (newline) {
			*ret_whole = start + (newline - block) + 1;
			return 0;
		}
		end = start;
	}
	*ret_whole = 0;
	return 0;
}

/*
 * Cuts off a torn last line: what a crash or a kill left of an append.  Whole
 * lines of that append stay, and are found when the log is read.
 */
static int cut_torn_line(int fd, int64_t size, int64_t *ret_whole) {
	int64_t whole = 0;
	int r = measure_lines(fd, size, &whole);

	if (r == 0 && whole < size) {
		r = file_truncate(fd, whole);
	}
	if (r == 0) {
		*ret_whole = whole;
	}
	return r;
}

/* How much of the file is the header: all of it or nothing. */
static int measure_heading(struct logfile *file) {
	char block[BLOCK];
	size_t len = strlen(file->header);

	file->heading = 0;
	if (len == 0 || len > sizeof(block) || file->size < (int64_t)len) {
		return 0;
	}
	int64_t got = file_read(file->fd, block, len, 0);
	if (got == (int64_t)len && memcmp(block, file->header, len) == 0) {
		file->heading = got;
	}
	return got < 0 ? (int)got : 0;
}

bool logfile_is_empty(const struct logfile *file) {
	return file->size == file->heading;
}

/* Of an open file of that size: where its lines end, and what of it is heading; synced. */
static int take_stock(struct logfile *file, int64_t size) {
	int r = cut_torn_line(file->fd, size, &file->size);
	if (r == 0) {
		r = measure_heading(file);
	}
	return r == 0 ? file_sync_all(file->fd) : r;
}

/* What stands at the path now, as far as it can be said; all but the names of fresh. */
static int adopt(struct logfile *fresh, const char *directory) {
	struct file_info info;
	int r = file_stat_open(fresh->fd, &info);
	if (r < 0) {
		return r;
	}
	fresh->device = info.device;
	fresh->inode = info.inode;
	fresh->written = info.mtime;
	fresh->reserved = 0;
	fresh->unreservable = false;
	/* A daemon that was killed may have left lines here that no sync followed. */
	r = take_stock(fresh, info.size);
	if (r == 0) {
		/* The file may be new, or just have been given its name by a rotation. */
		r = file_sync_directory(directory);
	}
	return r;
}

static void begin(struct logfile *file);

/* On failure file is what it was. */
static int open_path(struct logfile *file, struct error *err) {
	struct logfile fresh = *file;

	fresh.fd = file_open(file->path, FILE_APPEND, FILE_MODE);
	if (fresh.fd < 0) {
		return error_errno(err, -fresh.fd, "%s: cannot be opened", file->path);
	}

	int r = adopt(&fresh, file->directory);
	if (r < 0) {
		file_close(fresh.fd);
		return error_errno(err, -r, "%s: cannot be opened", file->path);
	}
	give_back(file);
	file_close(file->fd);
	fresh.generation++;
	*file = fresh;
	begin(file);
	return 0;
}

int logfile_open(struct logfile *file, const char *directory, const char *name, const char *header,
                 struct error *err) {
	logfile_init(file);
	file->header = header;
	file->directory = strdup(directory);
	if (!file->directory || asprintf(&file->path, "%s/%s", directory, name) < 0) {
		file->path = NULL;
		logfile_close(file);
		return error_errno(err, ENOMEM, "%s/%s", directory, name);
	}

	int r = open_path(file, err);
	if (r < 0) {
		logfile_close(file);
	}
	return r;
}

int logfile_cut(struct logfile *file, int64_t size, struct error *err) {
	int r = file_truncate(file->fd, size);
	if (r == 0) {
		r = file_sync_all(file->fd);
	}
	if (r < 0) {
		return error_errno(err, -r, "%s: cannot be truncated", file->path);
	}
	file->size = size;
	file->heading = file->heading <= size ? file->heading : 0;
	file->reserved = 0;
	begin(file);
	return 0;
}

/*
 * Takes back the last `stray` bytes.  If the file is shorter than it should be
 * with them, somebody truncated it under the append, and they begin earlier.
 */
static int undo(struct logfile *file) {
	struct file_info info;
	int r = file_stat_open(file->fd, &info);
	if (r < 0) {
		return r;
	}

	int64_t size = info.size - file->stray;
	if (size > file->size) {
		size = file->size;
	}
	if (size < 0) {
		size = 0;
	}
	r = file_truncate(file->fd, size);
	if (r == 0) {
		file->size = size;
		file->heading = file->heading <= size ? file->heading : 0;
		file->reserved = 0;
		file->stray = 0;
		file->cut_unsynced = true;
	}
	return r;
}

/*
 * Takes back what a failed append left, for good: what comes next may go to another
 * file, where no sync of this one would follow.
 */
static int take_back(struct logfile *file) {
	int r = file->stray > 0 ? undo(file) : 0;

	if (r == 0 && file->cut_unsynced) {
		r = file_sync(file->fd);
		file->cut_unsynced = r < 0;
	}
	return r;
}

static bool is_ours(const struct logfile *file, const struct file_info *info) {
	return info->device == file->device && info->inode == file->inode;
}

int logfile_follow(struct logfile *file, struct error *err) {
	struct file_info info;

	int r = take_back(file);
	if (r < 0) {
		return error_errno(err, -r, "%s: cannot take back a failed append", file->path);
	}

	r = file_stat(file->path, &info);
	if (r == -ENOENT || (r == 0 && !is_ours(file, &info))) {
		return open_path(file, err);
	}
	if (r == 0 && info.size != file->size) {
		/* Truncated or written to by others; O_APPEND leaves no hole either way. */
		file->reserved = 0;
		r = take_stock(file, info.size);
		if (r == 0) {
			begin(file);
		}
	}
	if (r < 0) {
		return error_errno(err, -r, "%s: cannot be checked", file->path);
	}
	return 0;
}

static bool is_full(int r) {
	return r == -ENOSPC || r == -EDQUOT;
}

/*
 * Room for that many bytes.  A disk that has none is found full before anything is written:
 * bytes that are taken back make tail(1) print the whole file again.
 */
static int reserve(struct logfile *file, size_t len) {
	int64_t end = file->size + (int64_t)len, ahead = end + RESERVE_AHEAD;
	if (end <= file->reserved || file->unreservable) {
		return 0;
	}

	int r = file_reserve(file->fd, file->size, ahead);
	if (is_full(r)) {
		ahead = end;
		r = file_reserve(file->fd, file->size, ahead);
	}
	if (r == -ENOTSUP) {
		file->unreservable = true;
		return 0;
	}
	if (r < 0) {
		give_back(file);
		return r;
	}
	file->reserved = ahead;
	return 0;
}

/* Whole and synced, or counted as stray. */
static int write_lines(struct logfile *file, const void *data, size_t len) {
	size_t header_len = file->size == 0 ? strlen(file->header) : 0;
	size_t written = 0;
	int r = reserve(file, header_len + len);

	if (r == 0) {
		r = file_write(file->fd, file->header, header_len, &written);
	}
	file->stray = (int64_t)written;

	if (r == 0) {
		r = file_write(file->fd, data, len, &written);
		file->stray += (int64_t)written;
	}
	if (r == 0) {
		r = file_sync(file->fd);
	}
	return r;
}

/* What was written and synced stands. */
static void keep(struct logfile *file) {
	file->heading = file->size == 0 ? (int64_t)strlen(file->header) : file->heading;
	file->size += file->stray;
	file->stray = 0;
}

/*
 * An empty file gets its header at once, so that a reader need not wait for a record to
 * know the columns.  Where that fails, the first record brings it.
 */
static void begin(struct logfile *file) {
	if (file->size > 0 || !file->header[0]) {
		return;
	}
	if (write_lines(file, "", 0) == 0) {
		keep(file);
	} else {
		(void)take_back(file); /* if this fails the next call begins with it */
	}
}

/*
 * Whether the path led to another file, or nowhere, just while we wrote.  Then
 * the one who moved ours may have read it before our lines were in it, and be about
 * to remove it.
 */
static bool has_moved(const struct logfile *file) {
	struct file_info info;
	int r = file_stat(file->path, &info);

	return r == -ENOENT || (r == 0 && !is_ours(file, &info));
}

static int append_once(struct logfile *file, const void *data, size_t len, usec_t now,
                       struct error *err) {
	int r = logfile_follow(file, err);
	if (r < 0) {
		return r;
	}

	r = write_lines(file, data, len);
	if (r < 0) {
		error_errno(err, -r, "%s: cannot append %zu bytes", file->path, len);
	} else if (has_moved(file)) {
		r = error_set(err, ESTALE, "%s: moved away while it was written", file->path);
	} else {
		keep(file);
		file->written = now == USEC_UNKNOWN ? file->written : now;
		return 0;
	}

	/* If this fails the next call begins with it. */
	(void)take_back(file);
	return r;
}

int logfile_append(struct logfile *file, const void *data, size_t len, usec_t now, struct error *err) {
	int r = -ESTALE;

	for (int i = 0; i < APPEND_TRIES && r == -ESTALE; i++) {
		r = append_once(file, data, len, now, err);
	}
	return r;
}
