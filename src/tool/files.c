// SPDX-License-Identifier: ISC

#include "tool/files.h"

#include "base/array.h"
#include "base/file.h"
#include "sink/archive.h"
#include "sink/format.h"
#include "sink/lines.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* When the line was written; in lines of other versions that may not be found: when its bucket began. */
static usec_t written_at(const struct log_codec *codec, const struct line *line, usec_t start) {
	struct log_about *about = calloc(1, sizeof(*about));
	bool known = about && codec->describe(line->text, line->len, about) == 0 && about->polled_at != USEC_INFINITY;
	usec_t at = known ? about->polled_at : start;
	free(about);
	return at;
}

/* When its first record was written; of a file without one it does not matter. */
static usec_t begun_at(const struct log_file *file) {
	const struct log_codec *codec = log_codec_of_name(file->name);
	struct lines *lines = lines_new();
	struct log_entry entry;
	struct line line;
	usec_t at = USEC_INFINITY;

	if (lines && lines_open(lines, file->path) == 0) {
		while (at == USEC_INFINITY && lines_next(lines, &line) > 0) {
			if (line.text && line.whole && codec->parse(line.text, line.len, &entry) == 0) {
				at = written_at(codec, &line, entry.start);
			}
		}
	}
	lines_free(lines);
	return at;
}

static int add(struct log_files *files, const char *path, bool current, int64_t bytes) {
	int r = array_reserve(&files->list, &files->size, files->len + 1, sizeof(*files->list));
	char *copy = r == 0 ? strdup(path) : NULL;
	if (!copy) {
		return -ENOMEM;
	}
	const char *slash = strrchr(copy, '/');
	struct log_file *file = &files->list[files->len++];
	struct archive_file rotated;

	*file = (struct log_file){.path = copy, .name = slash ? slash + 1 : copy, .current = current, .bytes = bytes};
	file->rotated = archive_parse(file->name, &rotated);
	file->order = file->rotated ? rotated.time : current ? USEC_INFINITY : begun_at(file);
	files->bytes += bytes;
	return 0;
}

struct listing {
	struct log_files *files;
	const char *directory;
	int r;
};

static void visit(const char *name, void *user) {
	struct listing *listing = user;
	char path[PATH_MAX];
	struct stat st;

	if (listing->r < 0 || !archive_is_log(name) || snprintf(path, sizeof(path), "%s/%s", listing->directory, name) >= PATH_MAX ||
	    stat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
		return;
	}
	listing->r = add(listing->files, path, archive_is_current(name), st.st_size);
}

int files_add(struct log_files *files, const char *path, struct error *err) {
	struct stat st;
	if (stat(path, &st) < 0) {
		return error_errno(err, errno, "%s", path);
	}
	if (S_ISDIR(st.st_mode)) {
		struct listing listing = {.files = files, .directory = path};
		int r = file_list(path, visit, &listing);
		r = r < 0 ? r : listing.r;
		return r < 0 ? error_errno(err, -r, "%s", path) : 0;
	}
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	if (!log_codec_of_name(name)) {
		return error_set(err, EINVAL, "%s: not a file of the log: its name would end in .%s or .%s.gz", path,
		                 log_codecs[0].extension, log_codecs[0].extension);
	}
	int r = add(files, path, archive_is_current(name), st.st_size);
	return r < 0 ? error_errno(err, -r, "%s", path) : 0;
}

/*
 * One file was written after the other.  Those that the daemon rotated have the time of that in their names:
 * all that is in them is older, and what was renamed by others and begun at that time or later comes behind.
 * The current one is the last.
 */
static int compare(const void *a, const void *b) {
	const struct log_file *left = a, *right = b;
	if (left->current != right->current) {
		return left->current ? 1 : -1;
	}
	if (left->order != right->order) {
		return left->order < right->order ? -1 : 1;
	}
	if (left->rotated != right->rotated) {
		return left->rotated ? -1 : 1;
	}
	return strcmp(left->name, right->name);
}

static bool is_twin(const struct log_file *plain, const struct log_file *other) {
	size_t len = strlen(plain->path);
	return strncmp(plain->path, other->path, len) == 0 && strcmp(other->path + len, ".gz") == 0;
}

void files_sort(struct log_files *files) {
	size_t kept = 0;
	if (files->len > 0) {
		qsort(files->list, files->len, sizeof(*files->list), compare);
	}
	for (size_t i = 0; i < files->len; i++) {
		if (kept > 0 && is_twin(&files->list[kept - 1], &files->list[i])) {
			files->bytes -= files->list[i].bytes;
			free(files->list[i].path);
			continue;
		}
		files->list[kept++] = files->list[i];
	}
	files->len = kept;
}

void files_done(struct log_files *files) {
	for (size_t i = 0; i < files->len; i++) {
		free(files->list[i].path);
	}
	free(files->list);
	*files = (struct log_files){0};
}
