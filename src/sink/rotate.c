// SPDX-License-Identifier: ISC

#include "sink/rotate.h"

#include "base/file.h"
#include "sink/gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PATH_SIZE = PATH_MAX,
	TRIM_SLICE = 8, /* files removed at a time */
};

/* How far the name of a file may be ahead of the time. */
#define NAME_SLACK USEC_PER_HOUR

static const char *path_of(char buf[static PATH_SIZE], const struct rotate *rotate, const char *name) {
	(void)snprintf(buf, PATH_SIZE, "%s/%s", rotate->directory, name);
	return buf;
}

/* A new round begins at the oldest file again, and forgets what failed in the last one. */
void rotate_begin(struct rotate *rotate) {
	if (rotate->phase == ROTATE_COMPRESS) {
		return; /* the files are looked for anew after each one: this round will do */
	}
	rotate->phase = ROTATE_SWEEP;
	rotate->failure = 0;
	rotate->job[0] = '\0';
}

int rotate_init(struct rotate *rotate, const struct log_settings *settings, usec_t now) {
	*rotate = (struct rotate){.settings = *settings, .now = now, .expiry = USEC_INFINITY};
	rotate->directory = strdup(settings->directory);
	if (!rotate->directory) {
		return -ENOMEM;
	}
	if (strlen(rotate->directory) + 1 + ARCHIVE_NAME_SIZE > PATH_SIZE) {
		rotate_done(rotate);
		return -ENAMETOOLONG;
	}
	rotate_begin(rotate);
	return 0;
}

/* The temporary file is removed if there is one; else the next start sweeps it up. */
static void abandon_job(struct rotate *rotate) {
	char name[ARCHIVE_NAME_SIZE];
	char path[PATH_SIZE];

	if (rotate->gzip) {
		gzip_free(rotate->gzip);
		rotate->gzip = NULL;
		(void)file_remove(path_of(path, rotate, archive_temporary(name, rotate->job)));
	}
}

void rotate_done(struct rotate *rotate) {
	if (rotate) {
		abandon_job(rotate);
		free(rotate->directory);
		*rotate = (struct rotate){0};
	}
}

void rotate_configure(struct rotate *rotate, const struct log_settings *settings) {
	rotate->settings = *settings;
	rotate_begin(rotate);
}

void rotate_tick(struct rotate *rotate, usec_t now) {
	rotate->now = now;
	if (rotate->phase == ROTATE_IDLE && now != USEC_UNKNOWN && now >= rotate->expiry) {
		rotate->expiry = USEC_INFINITY;
		rotate_begin(rotate);
	}
}

/* Renaming */

/* Looks at the directory as well as at what we remember: either may know of a later name. */
static int find_newest(struct rotate *rotate) {
	struct archive archive;
	int r = archive_scan(rotate->directory, &archive);

	if (r == 0 && archive.len > 0 && archive.files[archive.len - 1].time > rotate->newest) {
		rotate->newest = archive.files[archive.len - 1].time;
	}
	if (r == 0) {
		archive_done(&archive);
	}
	return r;
}

int rotate_resume(struct rotate *rotate, usec_t newest, struct error *err) {
	rotate->newest = newest;
	rotate->released = newest;
	int r = find_newest(rotate);
	return r < 0 ? error_errno(err, -r, "%s: cannot be listed", rotate->directory) : 0;
}

void rotate_release(struct rotate *rotate, usec_t newest) {
	if (rotate->released < newest) {
		rotate->released = newest;
		rotate_begin(rotate);
	}
}

int rotate_rename(struct rotate *rotate, const char *path, const char *extension, usec_t time,
                  struct error *err) {
	char name[ARCHIVE_NAME_SIZE];
	char to[PATH_SIZE];
	int r = find_newest(rotate);
	if (r < 0) {
		return error_errno(err, -r, "%s: cannot be listed", rotate->directory);
	}

	time -= time % USEC_PER_SEC;
	do {
		if (time <= rotate->newest) {
			time = rotate->newest + USEC_PER_SEC;
		}
		r = file_rename_new(path, path_of(to, rotate, archive_name(name, time, extension)));
		if (r == 0 || r == -EEXIST) {
			rotate->newest = time;
		}
	} while (r == -EEXIST);
	if (r < 0) {
		return error_errno(err, -r, "%s: cannot be renamed to %s", path, name);
	}

	rotate_begin(rotate);
	return 0;
}

/* The work that can wait */

/* The round goes on with other files; its end tells. */
static void note_failure(struct rotate *rotate, int failure, const char *name, const char *what) {
	if (rotate->failure == 0) {
		rotate->failure = error_errno(&rotate->reason, -failure, "%s/%s: %s", rotate->directory,
		                              name, what);
	}
}

static void sweep(struct rotate *rotate) {
	int r = archive_sweep(rotate->directory);
	if (r < 0) {
		note_failure(rotate, r, "", "cannot remove unfinished files");
	}
	rotate->phase = ROTATE_PICK;
}

/* Whether the next name is this one with ".gz": the two stand side by side. */
static bool has_twin(const struct archive *archive, size_t i) {
	return i + 1 < archive->len && archive->files[i + 1].compressed &&
	       archive->files[i + 1].time == archive->files[i].time;
}

/* Programs that follow the log may still read the latest one. */
static bool may_compress(const struct rotate *rotate, const struct archive *archive, size_t i) {
	bool latest = archive->files[i].time == archive->files[archive->len - 1].time;
	return rotate->settings.compress && !(rotate->settings.delaycompress && latest);
}

/* The next file after the one that was last tried; NULL if there is none. */
static const struct archive_file *next_job(const struct rotate *rotate, const struct archive *archive) {
	for (size_t i = 0; i < archive->len; i++) {
		const struct archive_file *file = &archive->files[i];
		if (!file->compressed && strcmp(file->name, rotate->job) > 0 &&
		    (may_compress(rotate, archive, i) || has_twin(archive, i))) {
			return file;
		}
	}
	return NULL;
}

/*
 * Whether NAME.gz is there and complete: a crash came before NAME was removed.
 * A file of that name which we did not make may be anything, so it is looked at.
 */
static int is_compressed_already(struct rotate *rotate, const char *name) {
	struct file_info plain;
	struct file_info packed;
	char path[PATH_SIZE];
	char packed_name[ARCHIVE_NAME_SIZE];

	(void)snprintf(packed_name, sizeof(packed_name), "%.*s.gz", ARCHIVE_NAME_SIZE - 4, name);
	int r = file_stat(path_of(path, rotate, packed_name), &packed);
	if (r < 0) {
		return r == -ENOENT ? 0 : r;
	}
	r = file_stat(path_of(path, rotate, name), &plain);
	if (r < 0) {
		return r;
	}
	return gzip_matches(path_of(path, rotate, packed_name), plain.size);
}

static int begin_job(struct rotate *rotate) {
	char temporary[ARCHIVE_NAME_SIZE];
	char from[PATH_SIZE];
	char to[PATH_SIZE];

	path_of(from, rotate, rotate->job);
	path_of(to, rotate, archive_temporary(temporary, rotate->job));
	return gzip_new(from, to, &rotate->gzip);
}

/* Begins with the file in rotate->job, or finishes it. */
static int take_up(struct rotate *rotate) {
	char path[PATH_SIZE];
	int r = is_compressed_already(rotate, rotate->job);

	if (r > 0) {
		/* The name must last before the other one goes. */
		r = file_sync_directory(rotate->directory);
		return r < 0 ? r : file_remove(path_of(path, rotate, rotate->job));
	}
	if (r < 0 || !rotate->settings.compress) {
		return r;
	}
	r = begin_job(rotate);
	if (r == 0) {
		rotate->phase = ROTATE_COMPRESS;
	}
	return r;
}

/*
 * The compressed file is complete and synced.  A crash after the rename leaves
 * both files, and the next round removes the first.
 */
static int finish_job(struct rotate *rotate) {
	char name[ARCHIVE_NAME_SIZE];
	char from[PATH_SIZE];
	char to[PATH_SIZE];

	path_of(from, rotate, archive_temporary(name, rotate->job));
	(void)snprintf(name, sizeof(name), "%.*s.gz", ARCHIVE_NAME_SIZE - 4, rotate->job);
	int r = file_rename(from, path_of(to, rotate, name));
	if (r < 0) {
		return r;
	}
	gzip_free(rotate->gzip);
	rotate->gzip = NULL;

	r = file_sync_directory(rotate->directory);
	if (r < 0) {
		return r;
	}
	return file_remove(path_of(from, rotate, rotate->job));
}

static void compress_slice(struct rotate *rotate) {
	int r = gzip_step(rotate->gzip);
	if (r > 0) {
		return;
	}
	if (r == 0) {
		r = finish_job(rotate);
	}

	rotate->phase = ROTATE_PICK;
	if (r < 0) {
		abandon_job(rotate);
		note_failure(rotate, r, rotate->job, "cannot be compressed");
		if (r == -ENOSPC || r == -EDQUOT) {
			rotate->phase = ROTATE_TRIM; /* the others would fare no better */
		}
	}
}

/* Trimming: whole groups of one time, which is a file and perhaps its compressed form. */

struct keeping {
	int64_t groups, bytes; /* that are left */
};

static int64_t size_of(struct rotate *rotate, const struct archive_file *file) {
	struct file_info info;
	char path[PATH_SIZE];
	return file_stat(path_of(path, rotate, file->name), &info) < 0 ? 0 : info.size;
}

static size_t group_end(const struct archive *archive, size_t first) {
	size_t end = first + 1;
	while (end < archive->len && archive->files[end].time == archive->files[first].time) {
		end++;
	}
	return end;
}

/* Bytes count when nothing gets smaller any more. */
static bool counts_bytes(const struct rotate *rotate) {
	return rotate->settings.keep_bytes > 0 && (rotate->phase == ROTATE_TRIM || !rotate->settings.compress);
}

static struct keeping survey(struct rotate *rotate, const struct archive *archive) {
	struct keeping all = {0};

	for (size_t i = 0; i < archive->len; i = group_end(archive, i)) {
		all.groups++;
	}
	for (size_t i = 0; counts_bytes(rotate) && i < archive->len; i++) {
		all.bytes += size_of(rotate, &archive->files[i]);
	}
	return all;
}

/*
 * A name from a time when the clock was ahead says nothing: then it is when the file was written.  Servers, and nodes
 * of a cluster, differ by seconds as to what time it is: so much is not ahead.
 */
static usec_t age_of(struct rotate *rotate, const struct archive_file *file) {
	struct file_info info;
	char path[PATH_SIZE];
	usec_t time = file->time, age;

	if (time > rotate->now + NAME_SLACK && file_stat(path_of(path, rotate, file->name), &info) == 0) {
		time = info.mtime;
	}
	return __builtin_sub_overflow(rotate->now, time, &age) ? 0 : age;
}

/* Never by an unconfirmed clock: that cannot be undone. */
static bool is_too_old(struct rotate *rotate, const struct archive_file *file) {
	return rotate->settings.keep_age > 0 && rotate->now != USEC_UNKNOWN &&
	       age_of(rotate, file) > rotate->settings.keep_age;
}

/* The setting by which the oldest group left has to go, or NULL.  Neither count nor bytes take the last one. */
static const char *doom_of(struct rotate *rotate, const struct keeping *left, const struct archive_file *file) {
	const struct log_settings *settings = &rotate->settings;

	if (is_too_old(rotate, file)) {
		return "keep_age";
	}
	if (left->groups > 1 && settings->keep > 0 && left->groups > settings->keep) {
		return "keep";
	}
	return left->groups > 1 && counts_bytes(rotate) && left->bytes > settings->keep_bytes ? "keep_bytes" : NULL;
}

static void note_removed(struct rotate *rotate, const char *name, const char *setting) {
	struct rotate_removed *removed = &rotate->removed;

	(void)snprintf(removed->last, sizeof(removed->last), "%s", name);
	if (removed->files++ == 0) {
		memcpy(removed->first, removed->last, sizeof(removed->first));
	}
	removed->setting = setting;
}

bool rotate_removed(struct rotate *rotate, struct rotate_removed *ret) {
	if (rotate->phase != ROTATE_IDLE || rotate->removed.files == 0) {
		return false;
	}
	*ret = rotate->removed;
	rotate->removed.files = 0;
	return true;
}

/*
 * A file that cannot be removed counts as gone all the same: it is no reason to
 * remove a newer one in its place.  Returns whether it is gone indeed.
 */
static bool remove_group(struct rotate *rotate, const struct archive_file *files, size_t count,
                         struct keeping *left) {
	char path[PATH_SIZE];
	bool gone = true;

	for (size_t i = 0; i < count; i++) {
		left->bytes -= counts_bytes(rotate) ? size_of(rotate, &files[i]) : 0;
		int r = file_remove(path_of(path, rotate, files[i].name));
		if (r < 0 && r != -ENOENT) {
			note_failure(rotate, r, files[i].name, "cannot be removed");
			gone = false;
		}
	}
	left->groups--;
	return gone;
}

/* When the first of the files that stay will be too old. */
static usec_t expiry_of(const struct rotate *rotate, usec_t time) {
	usec_t expiry;

	if (rotate->settings.keep_age == 0 ||
	    __builtin_add_overflow(time, rotate->settings.keep_age, &expiry) ||
	    expiry > USEC_INFINITY - USEC_PER_SEC) {
		return USEC_INFINITY;
	}
	/* A file that should be gone but could not be removed waits for the next rotation. */
	return expiry < rotate->now ? USEC_INFINITY : expiry + USEC_PER_SEC;
}

/* Removes the first few of the files that have to go.  Returns how many: if TRIM_SLICE, there may be more. */
static int trim_slice(struct rotate *rotate, const struct archive *archive) {
	struct keeping left = survey(rotate, archive);
	int removed = 0;

	rotate->expiry = USEC_INFINITY;
	for (size_t i = 0; i < archive->len && removed < TRIM_SLICE;) {
		size_t end = group_end(archive, i);
		const struct archive_file *file = &archive->files[i];
		const char *setting = file->time <= rotate->released ? doom_of(rotate, &left, file) : NULL;
		if (setting && remove_group(rotate, file, end - i, &left)) {
			note_removed(rotate, file->name, setting);
			removed++;
		} else if (!setting && rotate->expiry == USEC_INFINITY) {
			rotate->expiry = expiry_of(rotate, archive->files[i].time);
		}
		i = end;
	}
	return removed;
}

static void pick(struct rotate *rotate) {
	struct archive archive;
	int r = archive_scan(rotate->directory, &archive);
	if (r < 0) {
		note_failure(rotate, r, "", "cannot be listed");
		rotate->phase = ROTATE_TRIM;
		return;
	}

	/* Compressing may take hours: what has to go in any case does not wait for it. */
	if (trim_slice(rotate, &archive) > 0) {
		archive_done(&archive);
		return;
	}
	const struct archive_file *file = next_job(rotate, &archive);
	if (file) {
		memcpy(rotate->job, file->name, sizeof(rotate->job));
		r = take_up(rotate);
		if (r < 0) {
			note_failure(rotate, r, rotate->job, "cannot be compressed");
		}
	} else {
		rotate->phase = ROTATE_TRIM;
	}
	archive_done(&archive);
}

static void trim(struct rotate *rotate) {
	struct archive archive;
	int r = archive_scan(rotate->directory, &archive);

	if (r < 0) {
		note_failure(rotate, r, "", "cannot be listed");
		rotate->phase = ROTATE_IDLE;
		return;
	}
	rotate->phase = trim_slice(rotate, &archive) == TRIM_SLICE ? ROTATE_TRIM : ROTATE_IDLE;
	archive_done(&archive);
}

int rotate_work(struct rotate *rotate, struct error *err) {
	static void (*const steps[])(struct rotate *rotate) = {
		[ROTATE_SWEEP] = sweep,
		[ROTATE_PICK] = pick,
		[ROTATE_COMPRESS] = compress_slice,
		[ROTATE_TRIM] = trim,
	};

	if (rotate->phase != ROTATE_IDLE) {
		steps[rotate->phase](rotate);
	}
	if (rotate->phase != ROTATE_IDLE) {
		return 1;
	}

	if (rotate->failure < 0 && err) {
		*err = rotate->reason;
	}
	return rotate->failure;
}
