// SPDX-License-Identifier: ISC

#include "sink/replay.h"

#include "base/file.h"
#include "base/rng.h"
#include "sink/gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TAIL = 4096, /* bytes: some lines, with their times and devices in them */
	BLOCK = 256 * 1024,
	/* No record is longer: it is made of a body of 8 MiB at most, in which bytes may become six. */
	LINE_MAX_MIB = 64,
};

/* Files, compressed or not */

struct source {
	int fd;
	struct gunzip *gunzip; /* NULL: not compressed */
	int64_t offset;        /* of what is read next, uncompressed */
};

static int source_open(struct source *source, const char *path, bool compressed) {
	*source = (struct source){.fd = -1};
	if (compressed) {
		return gunzip_new(path, &source->gunzip);
	}
	source->fd = file_open(path, FILE_READ, 0);
	return source->fd < 0 ? source->fd : 0;
}

static void source_close(struct source *source) {
	gunzip_free(source->gunzip);
	file_close(source->fd);
}

static int64_t source_read(struct source *source, void *data, size_t len) {
	int64_t got = source->gunzip ? gunzip_read(source->gunzip, data, len)
	                             : file_read(source->fd, data, len, source->offset);
	source->offset += got > 0 ? got : 0;
	return got;
}

/* Moves on.  Returns 0; -ENODATA if the file ends before that; other -errno. */
static int source_skip(struct source *source, int64_t len, char *block) {
	if (!source->gunzip) {
		source->offset += len;
		return 0;
	}
	while (len > 0) {
		int64_t got = source_read(source, block, len < BLOCK ? (size_t)len : BLOCK);
		if (got <= 0) {
			return got < 0 ? (int)got : -ENODATA;
		}
		len -= got;
	}
	return 0;
}

/* Positions */

int replay_tail(int fd, int64_t size, uint64_t *ret_tail) {
	char bytes[TAIL];
	size_t len = size < TAIL ? (size_t)size : TAIL;
	int64_t got = file_read(fd, bytes, len, size - (int64_t)len);

	if (got < 0) {
		return (int)got;
	}
	if (got < (int64_t)len) {
		return -ENODATA;
	}
	*ret_tail = rng_hash(bytes, len);
	return 0;
}

/*
 * Moves on to the position, if what stands before it is what stood there when it was
 * taken.  Returns 0; -ENODATA if this is another file, or not the same any more.
 */
static int source_seek(struct source *source, const struct sink_position *position, char *block) {
	int64_t len = position->size < TAIL ? position->size : TAIL;
	int r = source_skip(source, position->size - len, block);
	if (r < 0) {
		return r;
	}
	int64_t got = source_read(source, block, (size_t)len);
	if (got < 0) {
		return (int)got;
	}
	return got == len && rng_hash(block, (size_t)len) == position->tail ? 0 : -ENODATA;
}

/* Lines */

struct lines {
	struct replay *replay;
	const char *name;
	const struct log_codec *codec;
	bool current;
	int64_t zeros; /* of the current file; -1: none */
	char *block;
	struct buf rest; /* the beginning of a line whose end has not been read yet */
	bool too_long;   /* there is such a line, and nobody wants it */
};

static void note_odd(struct lines *lines, int64_t at) {
	struct replay *replay = lines->replay;
	if (replay->odd++ == 0) {
		(void)snprintf(replay->odd_file, sizeof(replay->odd_file), "%s", lines->name);
		replay->odd_at = at;
	}
}

/* A whole line, which begins at that offset.  False: nothing behind it counts. */
static bool take_line(struct lines *lines, const char *line, size_t len, int64_t at) {
	struct log_entry entry;

	bool zeros = memchr(line, '\0', len) != NULL;
	if (zeros && lines->current) {
		lines->zeros = at;
		return false;
	}
	int r = zeros ? -EBADMSG : lines->codec->parse(line, len, &entry);
	if (r == 0) {
		lines->replay->records++;
		lines->replay->visit(&entry, lines->replay->user);
	} else if (r == -EBADMSG) {
		note_odd(lines, at);
	}
	return true;
}

/* The beginning of a line that the next block goes on with; one that is too long is none. */
static int keep_rest(struct lines *lines, const char *data, size_t len, int64_t at) {
	if (!lines->too_long && lines->rest.len + len > lines->rest.max) {
		note_odd(lines, at - (int64_t)lines->rest.len);
		buf_clear(&lines->rest);
		lines->too_long = true;
	}
	if (!lines->too_long) {
		buf_append(&lines->rest, data, len);
	}
	return buf_error(&lines->rest);
}

/* The end of a line that began in an earlier block. */
static int take_rest(struct lines *lines, const char *data, size_t len, int64_t at) {
	int64_t start = at - (int64_t)lines->rest.len;
	int r = keep_rest(lines, data, len, at);
	if (r < 0) {
		return r;
	}
	bool more = lines->too_long || take_line(lines, lines->rest.data, lines->rest.len, start);
	lines->too_long = false;
	buf_clear(&lines->rest);
	return more;
}

/* What has been read, which begins at that offset.  1: go on; 0: enough; or -errno. */
static int take_block(struct lines *lines, const char *data, size_t len, int64_t at) {
	const char *newline;
	int r = 1;

	while (r > 0 && (newline = memchr(data, '\n', len))) {
		size_t used = (size_t)(newline - data) + 1;
		r = lines->rest.len > 0 || lines->too_long ? take_rest(lines, data, used, at)
		                                           : take_line(lines, data, used, at);
		data += used;
		len -= used;
		at += (int64_t)used;
	}
	if (r > 0 && len > 0) {
		int kept = keep_rest(lines, data, len, at);
		r = kept < 0 ? kept : r;
	}
	return r;
}

static int read_lines(struct lines *lines, struct source *source) {
	int r = 1;

	while (r > 0) {
		int64_t at = source->offset;
		int64_t got = source_read(source, lines->block, BLOCK);
		if (got <= 0) {
			r = (int)got;
			break;
		}
		r = take_block(lines, lines->block, (size_t)got, at);
	}
	/* Whole lines are rotated, so a torn one in the end is not ours. */
	if (r == 0 && lines->rest.len > 0 && lines->zeros < 0) {
		note_odd(lines, source->offset - (int64_t)lines->rest.len);
	}
	return r;
}

/* Files, one after the other */

struct run {
	const char *directory;
	const struct sink_position *from; /* in the next file; NULL: from its beginning */
	struct lines lines;
};

static int read_source(struct run *run, const char *path, bool compressed) {
	struct source source;
	int r = source_open(&source, path, compressed);
	if (r == 0 && run->from) {
		r = source_seek(&source, run->from, run->lines.block);
		run->from = NULL;
		if (r == -ENODATA || r == -EBADMSG) {
			/* Another file, or one that was truncated since: all of it may be new. */
			source_close(&source);
			r = source_open(&source, path, compressed);
		}
	}
	if (r == 0) {
		r = read_lines(&run->lines, &source);
	}
	source_close(&source);
	return r;
}

static int read_file(struct run *run, const char *name, bool current, struct error *err) {
	char path[PATH_MAX];
	struct replay *replay = run->lines.replay;
	size_t len = strlen(name);
	bool compressed = len > 3 && strcmp(name + len - 3, ".gz") == 0;

	run->lines.name = name;
	run->lines.codec = log_codec_of_name(name);
	run->lines.current = current;
	run->lines.too_long = false;
	buf_clear(&run->lines.rest);
	if (snprintf(path, sizeof(path), "%s/%s", run->directory, name) >= PATH_MAX) {
		return error_errno(err, ENAMETOOLONG, "%s/%s", run->directory, name);
	}

	int r = read_source(run, path, compressed);
	replay->files++;
	if (r == -EBADMSG) {
		/* What it held behind the damage is lost, whoever asks for it. */
		if (replay->damaged++ == 0) {
			(void)snprintf(replay->damaged_file, sizeof(replay->damaged_file), "%s", name);
		}
		return 0;
	}
	if (r < 0) {
		return error_errno(err, -r, "%s: cannot be read back; move it away to start without it", path);
	}
	return 0;
}

/* A file that others have given another name in the directory, which the position may lie in. */
struct moved {
	const char *directory, *current;
	uint64_t inode;
	char name[ARCHIVE_NAME_SIZE];
	bool at_home; /* it still has a name that will be read anyway */
};

static void look_for_moved(const char *name, void *user) {
	struct moved *moved = user;
	struct archive_file file;
	struct file_info info;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", moved->directory, name) >= PATH_MAX ||
	    file_stat(path, &info) < 0 || !info.regular || info.inode != moved->inode) {
		return;
	}
	if (strcmp(name, moved->current) == 0 || archive_parse(name, &file)) {
		moved->at_home = true;
	} else if (strlen(name) < sizeof(moved->name) && log_codec_of_name(name)) {
		(void)snprintf(moved->name, sizeof(moved->name), "%s", name);
	}
}

/* A process that was killed may have left lines in it that no sync followed. */
static int sync_moved(const struct run *run, const char *name, struct error *err) {
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/%s", run->directory, name);
	int fd = file_open(path, FILE_READ, 0);
	int r = fd < 0 ? fd : file_sync_all(fd);
	file_close(fd);
	return r < 0 ? error_errno(err, -r, "%s: cannot be synced", path) : 0;
}

/* It is read before all others. */
static int read_moved(struct run *run, const char *current, struct error *err) {
	struct moved moved = {
		.directory = run->directory,
		.current = current,
		.inode = run->from->inode,
	};
	int r = file_list(run->directory, look_for_moved, &moved);
	if (r < 0) {
		return error_errno(err, -r, "%s: cannot be listed", run->directory);
	}
	if (!moved.name[0] || moved.at_home) {
		return 0;
	}
	r = sync_moved(run, moved.name, err);
	return r < 0 ? r : read_file(run, moved.name, false, err);
}

/* Without a position all that others have renamed in the directory is read: "occupancy.ndjson.1" and the like. */
struct renamed {
	struct run *run;
	const char *current;
	struct error *err;
	int r;
};

static void read_one_renamed(const char *name, void *user) {
	struct renamed *renamed = user;
	bool ours = strncmp(name, "occupancy.", 10) == 0 && log_codec_of_name(name);

	if (renamed->r == 0 && ours && strcmp(name, renamed->current) != 0) {
		renamed->r = sync_moved(renamed->run, name, renamed->err);
		if (renamed->r == 0) {
			renamed->r = read_file(renamed->run, name, false, renamed->err);
		}
	}
}

static int read_renamed(struct run *run, const char *current, struct error *err) {
	struct renamed renamed = {.run = run, .current = current, .err = err};
	int r = file_list(run->directory, read_one_renamed, &renamed);
	return r < 0 ? error_errno(err, -r, "%s: cannot be listed", run->directory) : renamed.r;
}

/* Whether the name before is the same without ".gz": a crash came before it was removed. */
static bool is_twin(const struct archive *archive, size_t i) {
	return i > 0 && archive->files[i].compressed && !archive->files[i - 1].compressed &&
	       archive->files[i].time == archive->files[i - 1].time;
}

static int read_rotated(struct run *run, usec_t after, struct error *err) {
	struct archive archive;
	int r = archive_scan(run->directory, &archive);
	if (r < 0) {
		return error_errno(err, -r, "%s: cannot be listed", run->directory);
	}
	for (size_t i = 0; r == 0 && i < archive.len; i++) {
		if (archive.files[i].time > after && !is_twin(&archive, i)) {
			r = read_file(run, archive.files[i].name, false, err);
		}
	}
	archive_done(&archive);
	return r;
}

int replay_run(const char *directory, const char *current, const struct sink_position *from,
               struct replay *replay, int64_t *ret_zeros, struct error *err) {
	struct run run = {
		.directory = directory,
		.from = from,
		.lines = {.replay = replay, .zeros = -1, .block = malloc(BLOCK)},
	};
	buf_init(&run.lines.rest, (size_t)LINE_MAX_MIB << 20);

	int r = run.lines.block ? 0 : error_errno(err, ENOMEM, "%s", directory);
	if (r == 0) {
		r = from ? read_moved(&run, current, err) : read_renamed(&run, current, err);
	}
	if (r == 0) {
		r = read_rotated(&run, from ? from->newest : INT64_MIN, err);
	}
	if (r == 0) {
		r = read_file(&run, current, true, err);
	}
	if (r == 0) {
		*ret_zeros = run.lines.zeros;
	}
	buf_done(&run.lines.rest);
	free(run.lines.block);
	return r;
}
