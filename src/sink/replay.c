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
	LAST = 16 * 1024, /* for the last line */
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

int replay_last_end(int fd, int64_t size, const struct log_codec *codec, usec_t *ret_end) {
	char block[LAST];
	struct log_entry entry;
	size_t len = size < LAST ? (size_t)size : LAST;
	int64_t got = file_read(fd, block, len, size - (int64_t)len);

	if (got < 0) {
		return (int)got;
	}
	if (got < (int64_t)len || len == 0 || block[len - 1] != '\n' || memchr(block, '\0', len)) {
		return -ENODATA;
	}
	const char *newline = memrchr(block, '\n', len - 1);
	const char *line = newline ? newline + 1 : block;
	if ((!newline && len == LAST) || codec->parse(line, (size_t)(block + len - line), &entry) < 0) {
		return -ENODATA;
	}
	*ret_end = entry.end;
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
	bool judged;   /* the file's first record will tell whether the log is older than the position, */
	bool older;    /* and it is */
	int64_t zeros; /* of the current file; -1: none */
	char *block;
	struct buf rest; /* the beginning of a line whose end has not been read yet */
	bool too_long;   /* there is such a line, and it is skipped */
};

static void note_odd(struct lines *lines, int64_t at) {
	struct replay *replay = lines->replay;
	if (replay->odd++ == 0) {
		(void)snprintf(replay->odd_file, sizeof(replay->odd_file), "%s", lines->name);
		replay->odd_at = at;
	}
}

static bool is_older(struct lines *lines, const struct log_entry *entry) {
	enum replay_age age = lines->replay->age_of(entry, lines->replay->user);

	lines->judged = age == REPLAY_UNKNOWN;
	lines->older = age == REPLAY_KNOWN;
	return lines->older;
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
	if (r == 0 && lines->judged && is_older(lines, &entry)) {
		return false;
	}
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
	const char *directory, *current;
	const struct sink_position *from;  /* NULL: all is read */
	char place[ARCHIVE_NAME_SIZE];     /* the file that the position is in; "": none */
	bool unsure;                       /* whether the files go on from the position */
	struct lines lines;
};

static bool is_compressed(const char *name) {
	size_t len = strlen(name);
	return len > 3 && strcmp(name + len - 3, ".gz") == 0;
}

static int path_of(char out[static PATH_MAX], const struct run *run, const char *name, struct error *err) {
	if (snprintf(out, PATH_MAX, "%s/%s", run->directory, name) >= PATH_MAX) {
		return error_errno(err, ENAMETOOLONG, "%s/%s", run->directory, name);
	}
	return 0;
}

static int unreadable(int r, const char *path, struct error *err) {
	return error_errno(err, -r, "%s: cannot be read back; move it away to start without it", path);
}

static int read_source(struct run *run, const char *path, const char *name) {
	struct source source;
	int r = source_open(&source, path, is_compressed(name));
	if (r == 0 && strcmp(name, run->place) == 0) {
		r = source_seek(&source, run->from, run->lines.block);
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
	struct archive_file file;

	run->lines.name = name;
	run->lines.codec = log_codec_of_name(name);
	run->lines.current = current;
	run->lines.judged = run->unsure && (current || archive_parse(name, &file));
	run->lines.too_long = false;
	buf_clear(&run->lines.rest);
	int r = path_of(path, run, name, err);
	if (r < 0) {
		return r;
	}

	r = read_source(run, path, name);
	replay->files++;
	if (r == -EBADMSG) {
		/* What it held behind the damage is lost for everyone. */
		if (replay->damaged++ == 0) {
			(void)snprintf(replay->damaged_file, sizeof(replay->damaged_file), "%s", name);
		}
		return 0;
	}
	return r < 0 ? unreadable(r, path, err) : 0;
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

/* Its name, or "" if it has none but one that will be read anyway. */
static int find_moved(const struct run *run, char name[static ARCHIVE_NAME_SIZE], struct error *err) {
	struct moved moved = {
		.directory = run->directory,
		.current = run->current,
		.inode = run->from->inode,
	};
	int r = file_list(run->directory, look_for_moved, &moved);
	if (r < 0) {
		return error_errno(err, -r, "%s: cannot be listed", run->directory);
	}
	(void)snprintf(name, ARCHIVE_NAME_SIZE, "%s", moved.at_home ? "" : moved.name);
	return 0;
}

/* A file of the log that has no name of ours: it is read before all others. */
static int read_foreign(struct run *run, const char *name, struct error *err) {
	int r = sync_moved(run, name, err);
	return r < 0 ? r : read_file(run, name, false, err);
}

/*
 * The names that others give to files of the log: "occupancy.ndjson.1", "occupancy.ndjson-20261126.gz",
 * "occupancy-20261126.ndjson" and the like.
 */
static bool is_foreign(const struct run *run, const char *name) {
	struct archive_file file;
	return strncmp(name, "occupancy", 9) == 0 && (name[9] == '.' || name[9] == '-') &&
	       strlen(name) < ARCHIVE_NAME_SIZE && log_codec_of_name(name) &&
	       strcmp(name, run->current) != 0 && !archive_parse(name, &file);
}

/* All of them; without a position they are read, and with one it may be in one of them. */
struct foreign {
	struct run *run;
	struct error *err;
	int r;
};

static void read_one_foreign(const char *name, void *user) {
	struct foreign *foreign = user;
	if (foreign->r == 0 && is_foreign(foreign->run, name)) {
		foreign->r = read_foreign(foreign->run, name, foreign->err);
	}
}

static int visit_foreign(struct run *run, file_visit *visit, struct error *err) {
	struct foreign foreign = {.run = run, .err = err};
	int r = file_list(run->directory, visit, &foreign);
	return r < 0 ? error_errno(err, -r, "%s: cannot be listed", run->directory) : foreign.r;
}

/* Whether the name before is the same without ".gz": a crash came before it was removed. */
static bool is_twin(const struct archive *archive, size_t i) {
	return i > 0 && archive->files[i].compressed && !archive->files[i - 1].compressed &&
	       archive->files[i].time == archive->files[i - 1].time;
}

/* Where the position is */

/* A file with no record in it looks like any other. */
static bool says_something(const struct run *run) {
	const struct log_codec *codec = log_codec_of_name(run->current);
	return run->from->size > (codec ? (int64_t)strlen(codec->header) : 0);
}

/* Notes the file if the position is in it.  Returns 0 or -errno. */
static int try_place(struct run *run, const char *name, struct error *err) {
	char path[PATH_MAX];
	struct source source;
	int r = run->place[0] ? -EALREADY : path_of(path, run, name, err);
	if (r < 0) {
		return r == -EALREADY ? 0 : r;
	}

	r = source_open(&source, path, is_compressed(name));
	if (r == 0) {
		r = source_seek(&source, run->from, run->lines.block);
	}
	source_close(&source);
	if (r == 0) {
		(void)snprintf(run->place, sizeof(run->place), "%s", name);
	}
	return r < 0 && r != -ENODATA && r != -EBADMSG ? unreadable(r, path, err) : 0;
}

static void try_one_foreign(const char *name, void *user) {
	struct foreign *foreign = user;
	if (foreign->r == 0 && is_foreign(foreign->run, name)) {
		foreign->r = try_place(foreign->run, name, foreign->err);
	}
}

/* An empty file says nothing of itself but which one it is. */
static int recognize(struct run *run, const char *name, bool moved, struct error *err) {
	char path[PATH_MAX];
	struct file_info info;
	int r = path_of(path, run, name, err);
	if (r < 0) {
		return r;
	}
	r = file_stat(path, &info);
	if (r < 0 && r != -ENOENT) {
		return unreadable(r, path, err);
	}
	run->unsure = run->unsure && !moved && (r < 0 || info.inode != run->from->inode);
	return 0;
}

static int try_one(struct run *run, const char *name, bool moved, struct error *err) {
	return says_something(run) ? try_place(run, name, err) : recognize(run, name, moved, err);
}

/* In the files that will be read, and, if it is in none, in those that others have renamed or compressed. */
static int find_place(struct run *run, const struct archive *archive, const char *moved, struct error *err) {
	int r = moved[0] ? try_one(run, moved, true, err) : 0;

	for (size_t i = 0; r == 0 && i < archive->len; i++) {
		if (archive->files[i].time > run->from->newest && !is_twin(archive, i)) {
			r = try_one(run, archive->files[i].name, false, err);
		}
	}
	if (r == 0) {
		r = try_one(run, run->current, false, err);
	}
	if (r == 0 && says_something(run) && !run->place[0]) {
		r = visit_foreign(run, try_one_foreign, err);
	}
	run->unsure = run->unsure && !run->place[0];
	return r;
}

/* Whether the latest rotated file that the position knows of is missing, but not those before it. */
static bool lacks_newest(const struct run *run, const struct archive *archive) {
	return run->from->newest > 0 && archive->len > 0 &&
	       archive->files[archive->len - 1].time < run->from->newest;
}

/* Reading */

static int read_archive(struct run *run, const struct archive *archive, usec_t after, struct error *err) {
	int r = 0;
	for (size_t i = 0; r == 0 && i < archive->len && !run->lines.older; i++) {
		if (archive->files[i].time > after && !is_twin(archive, i)) {
			r = read_file(run, archive->files[i].name, false, err);
		}
	}
	return r;
}

/* Reads on from the position.  lines.older says if that is no use. */
static int read_on(struct run *run, const struct archive *archive, struct error *err) {
	char moved[ARCHIVE_NAME_SIZE] = "";

	run->unsure = run->lines.replay->age_of != NULL;
	int r = find_moved(run, moved, err);
	if (r == 0) {
		r = find_place(run, archive, moved, err);
	}
	if (r == 0 && run->unsure && lacks_newest(run, archive)) {
		run->lines.older = true;
		return 0;
	}
	if (r == 0 && run->place[0] && is_foreign(run, run->place) && strcmp(run->place, moved) != 0) {
		r = read_foreign(run, run->place, err);
	}
	if (r == 0 && moved[0]) {
		r = read_foreign(run, moved, err);
	}
	if (r == 0) {
		r = read_archive(run, archive, run->from->newest, err);
	}
	if (r == 0 && !run->lines.older) {
		r = read_file(run, run->current, true, err);
	}
	return r;
}

static int read_all(struct run *run, const struct archive *archive, struct error *err) {
	int r = visit_foreign(run, read_one_foreign, err);
	if (r == 0) {
		r = read_archive(run, archive, INT64_MIN, err);
	}
	return r < 0 ? r : read_file(run, run->current, true, err);
}

/* What has been read does not count, and neither does the position, which has been found in no file. */
static void start_over(struct run *run) {
	struct replay *replay = run->lines.replay;

	replay->forget(replay->user);
	replay->place = REPLAY_OLDER;
	replay->files = replay->records = replay->odd = replay->damaged = 0;
	run->from = NULL;
	run->unsure = false;
	run->lines.older = false;
}

static int read_log(struct run *run, struct error *err) {
	struct archive archive;
	int r = archive_scan(run->directory, &archive);
	if (r < 0) {
		return error_errno(err, -r, "%s: cannot be listed", run->directory);
	}
	if (run->from) {
		r = read_on(run, &archive, err);
		if (r == 0 && !run->lines.older && says_something(run) && !run->place[0]) {
			run->lines.replay->place = REPLAY_LOST;
		}
	}
	if (r == 0 && run->lines.older) {
		start_over(run);
	}
	if (r == 0 && !run->from) {
		r = read_all(run, &archive, err);
	}
	archive_done(&archive);
	return r;
}

int replay_run(const char *directory, const char *current, const struct sink_position *from,
               struct replay *replay, int64_t *ret_zeros, struct error *err) {
	struct run run = {
		.directory = directory,
		.current = current,
		.from = from,
		.lines = {.replay = replay, .zeros = -1, .block = malloc(BLOCK)},
	};
	buf_init(&run.lines.rest, (size_t)LINE_MAX_MIB << 20);

	int r = run.lines.block ? read_log(&run, err) : error_errno(err, ENOMEM, "%s", directory);
	if (r == 0) {
		*ret_zeros = run.lines.zeros;
	}
	buf_done(&run.lines.rest);
	free(run.lines.block);
	return r;
}
