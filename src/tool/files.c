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

/* Rotated ones by the time in their names, behind those that others have renamed; the current one is the last. */
enum rank { RANK_FOREIGN, RANK_ROTATED, RANK_CURRENT };

static enum rank rank_of(const struct log_file *file) {
	struct archive_file rotated;
	return file->current ? RANK_CURRENT : archive_parse(file->name, &rotated) ? RANK_ROTATED : RANK_FOREIGN;
}

/* When the first record of the file begins; it says nothing if it has none. */
static usec_t first_record(const struct log_file *file) {
	const struct log_codec *codec = log_codec_of_name(file->name);
	struct lines *lines = lines_new();
	struct log_entry entry;
	struct line line;
	usec_t first = USEC_INFINITY;

	if (lines && lines_open(lines, file->path) == 0) {
		while (first == USEC_INFINITY && lines_next(lines, &line) > 0) {
			if (line.text && line.whole && codec->parse(line.text, line.len, &entry) == 0) {
				first = entry.start;
			}
		}
	}
	lines_free(lines);
	return first;
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
	file->order = archive_parse(file->name, &rotated) ? rotated.time : current ? 0 : first_record(file);
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
	const char *slash = strrchr(path, '/');
	if (!log_codec_of_name(slash ? slash + 1 : path)) {
		return error_set(err, EINVAL, "%s: not a file of the log: its name would end in .%s or .%s.gz", path,
		                 log_codecs[0].extension, log_codecs[0].extension);
	}
	int r = add(files, path, false, st.st_size);
	return r < 0 ? error_errno(err, -r, "%s", path) : 0;
}

static int compare(const void *a, const void *b) {
	const struct log_file *left = a, *right = b;
	int by_rank = (int)rank_of(left) - (int)rank_of(right);
	if (by_rank != 0) {
		return by_rank;
	}
	if (left->order != right->order) {
		return left->order < right->order ? -1 : 1;
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
