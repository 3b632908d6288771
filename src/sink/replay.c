// SPDX-License-Identifier: ISC

#include "sink/replay.h"

#include "base/file.h"
#include "base/rng.h"
#include "sink/lines.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum {
	TAIL = 4096, /* bytes: some lines, with their times and devices in them */
	LAST = 16 * 1024, /* for the last line */
};

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

/* Files, one after the other */

struct run {
	const char *directory, *current;
	const struct sink_position *from;  /* NULL: all is read */
	char place[ARCHIVE_NAME_SIZE];     /* the file that the position is in; "": none */
	bool unsure;                       /* whether the files go on from the position */
	struct replay *replay;
	struct lines *lines;

	/* The file that is read: */
	const char *name;
	const struct log_codec *codec;
	bool judged;   /* its first record will tell whether the log is older than the position, */
	bool older;    /* and it is */
	int64_t zeros; /* of the current file; -1: none */
};

static void note_odd(struct run *run, int64_t at) {
	struct replay *replay = run->replay;
	if (replay->odd++ == 0) {
		(void)snprintf(replay->odd_file, sizeof(replay->odd_file), "%s", run->name);
		replay->odd_at = at;
	}
}

static bool is_older(struct run *run, const struct log_entry *entry) {
	enum replay_age age = run->replay->age_of(entry, run->replay->user);

	run->judged = age == REPLAY_UNKNOWN;
	run->older = age == REPLAY_KNOWN;
	return run->older;
}

static int parse(const struct run *run, const struct line *line, struct log_entry *ret) {
	bool readable = line->text && line->whole && !memchr(line->text, '\0', line->len);
	return readable ? run->codec->parse(line->text, line->len, ret) : -EBADMSG;
}

/* False: nothing behind it counts. */
static bool take_line(struct run *run, const struct line *line, bool current) {
	struct log_entry entry;

	if (current && line->whole && line->text && memchr(line->text, '\0', line->len)) {
		run->zeros = line->at;
		return false;
	}
	int r = parse(run, line, &entry);
	if (r == 0 && run->judged && is_older(run, &entry)) {
		return false;
	}
	if (r == 0) {
		run->replay->records++;
		run->replay->visit(&entry, run->replay->user);
	} else if (r == -EBADMSG) {
		note_odd(run, line->at);
	}
	return true;
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

/* Moves on to the position, if what stands before it is what stood there when it was taken; else -ENODATA. */
static int seek(struct run *run) {
	return lines_seek(run->lines, run->from->size, TAIL, run->from->tail);
}

static int read_lines(struct run *run, const char *path, bool current) {
	struct line line;
	int r = lines_open(run->lines, path);

	if (r == 0 && strcmp(run->name, run->place) == 0) {
		r = seek(run);
	}
	if (r < 0) {
		return r;
	}
	do {
		r = lines_next(run->lines, &line);
	} while (r > 0 && take_line(run, &line, current));
	return r < 0 ? r : 0;
}

static int read_file(struct run *run, const char *name, bool current, struct error *err) {
	char path[PATH_MAX];
	struct replay *replay = run->replay;
	struct archive_file file;

	run->name = name;
	run->codec = log_codec_of_name(name);
	run->judged = run->unsure && (current || archive_parse(name, &file));
	int r = path_of(path, run, name, err);
	if (r < 0) {
		return r;
	}

	r = read_lines(run, path, current);
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

/* A name that others have given to a file of the log. */
static bool is_foreign(const struct run *run, const char *name) {
	struct archive_file file;
	return archive_is_log(name) && strcmp(name, run->current) != 0 && !archive_parse(name, &file);
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
	return run->from->size > (codec ? (int64_t)strlen(codec->numbered_header) : 0);
}

/* Notes the file if the position is in it.  Returns 0 or -errno. */
static int try_place(struct run *run, const char *name, struct error *err) {
	char path[PATH_MAX];
	int r = run->place[0] ? -EALREADY : path_of(path, run, name, err);
	if (r < 0) {
		return r == -EALREADY ? 0 : r;
	}

	r = lines_open(run->lines, path);
	if (r == 0) {
		r = seek(run);
	}
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
	for (size_t i = 0; r == 0 && i < archive->len && !run->older; i++) {
		if (archive->files[i].time > after && !is_twin(archive, i)) {
			r = read_file(run, archive->files[i].name, false, err);
		}
	}
	return r;
}

/* Reads on from the position.  lines.older says if that is no use. */
static int read_on(struct run *run, const struct archive *archive, struct error *err) {
	char moved[ARCHIVE_NAME_SIZE] = "";

	run->unsure = run->replay->age_of != NULL;
	int r = find_moved(run, moved, err);
	if (r == 0) {
		r = find_place(run, archive, moved, err);
	}
	if (r == 0 && run->unsure && lacks_newest(run, archive)) {
		run->older = true;
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
	if (r == 0 && !run->older) {
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
	struct replay *replay = run->replay;

	replay->forget(replay->user);
	replay->place = REPLAY_OLDER;
	replay->files = replay->records = replay->odd = replay->damaged = 0;
	run->from = NULL;
	run->unsure = false;
	run->older = false;
}

static int read_log(struct run *run, struct error *err) {
	struct archive archive;
	int r = archive_scan(run->directory, &archive);
	if (r < 0) {
		return error_errno(err, -r, "%s: cannot be listed", run->directory);
	}
	if (run->from) {
		r = read_on(run, &archive, err);
		if (r == 0 && !run->older && says_something(run) && !run->place[0]) {
			run->replay->place = REPLAY_LOST;
		}
	}
	if (r == 0 && run->older) {
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
		.replay = replay,
		.lines = lines_new(),
		.zeros = -1,
	};

	int r = run.lines ? read_log(&run, err) : error_errno(err, ENOMEM, "%s", directory);
	if (r == 0) {
		*ret_zeros = run.zeros;
	}
	lines_free(run.lines);
	return r;
}
