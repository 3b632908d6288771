// SPDX-License-Identifier: ISC

#include "sink/archive.h"

#include "base/array.h"
#include "base/file.h"
#include "base/utc.h"
#include "sink/format.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "occupancy-";
static const char pattern[] = "dddddddd" "Tdddddd" "Z";
static const char gz[] = ".gz";
static const char tmp[] = ".gz.tmp";

enum {
	PREFIX_LEN = sizeof(prefix) - 1,
	STEM_LEN = PREFIX_LEN - 1,
	STAMP_LEN = sizeof(pattern) - 1,
};

const char *archive_name(char buf[static ARCHIVE_NAME_SIZE], usec_t time, const char *extension) {
	struct civil at;

	utc_split(time, &at);
	(void)snprintf(buf, ARCHIVE_NAME_SIZE, "%s%04d%02d%02dT%02d%02d%02dZ.%s", prefix,
	               (int)(at.year % 10000), at.month, at.day, at.hour, at.minute, at.second,
	               extension);
	return buf;
}

const char *archive_temporary(char buf[static ARCHIVE_NAME_SIZE], const char *name) {
	(void)snprintf(buf, ARCHIVE_NAME_SIZE, ".%s%s", name, tmp);
	return buf;
}

static int number(const char *digits, int len) {
	int n = 0;
	for (int i = 0; i < len; i++) {
		n = n * 10 + (digits[i] - '0');
	}
	return n;
}

static bool has_stamp(const char *text) {
	for (size_t i = 0; i < STAMP_LEN; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';
		if (pattern[i] == 'd' ? !digit : text[i] != pattern[i]) {
			return false;
		}
	}
	return true;
}

bool archive_parse(const char *name, struct archive_file *ret) {
	if (strncmp(name, prefix, PREFIX_LEN) != 0 || !has_stamp(name + PREFIX_LEN)) {
		return false;
	}

	const char *stamp = name + PREFIX_LEN;
	const char *extension = stamp + STAMP_LEN;
	const struct log_codec *codec = log_codec_of_suffix(extension);
	const char *rest = codec ? extension + 1 + strlen(codec->extension) : extension;
	bool compressed = strcmp(rest, gz) == 0;
	if (rest == extension || (*rest != '\0' && !compressed)) {
		return false;
	}

	const struct civil at = {
		.year = number(stamp, 4),
		.month = number(stamp + 4, 2),
		.day = number(stamp + 6, 2),
		.hour = number(stamp + 9, 2),
		.minute = number(stamp + 11, 2),
		.second = number(stamp + 13, 2),
	};
	bool real = at.month >= 1 && at.month <= 12 && at.day >= 1 && at.day <= 31 &&
	            at.hour <= 23 && at.minute <= 59 && at.second <= 59;
	if (!real) {
		return false;
	}

	*ret = (struct archive_file){.time = utc_join(&at), .compressed = compressed};
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	return true;
}

bool archive_is_log(const char *name) {
	char mark = strncmp(name, prefix, STEM_LEN) == 0 ? name[STEM_LEN] : '\0';
	return (mark == '.' || mark == '-') && strlen(name) < ARCHIVE_NAME_SIZE && log_codec_of_name(name);
}

bool archive_is_current(const char *name) {
	const struct log_codec *codec = archive_is_log(name) ? log_codec_of_suffix(name + STEM_LEN) : NULL;
	return codec && strcmp(name + STEM_LEN + 1, codec->extension) == 0;
}

static void push(struct archive *archive, const struct archive_file *file) {
	int r = array_reserve(&archive->files, &archive->size, archive->len + 1, sizeof(*archive->files));
	if (r < 0) {
		archive->error = r;
		return;
	}
	archive->files[archive->len++] = *file;
}

static void visit_rotated(const char *name, void *user) {
	struct archive_file file;

	if (archive_parse(name, &file)) {
		push(user, &file);
	}
}

/* Of exactly the names that archive_temporary() makes, or the probe. */
static void visit_temporary(const char *name, void *user) {
	struct archive_file file;
	char inner[ARCHIVE_NAME_SIZE];
	size_t len = strlen(name);

	if (strcmp(name, ARCHIVE_PROBE) == 0) {
		push(user, &(struct archive_file){.name = ARCHIVE_PROBE});
		return;
	}
	if (len <= sizeof(tmp) || name[0] != '.' ||
	    strcmp(name + len - (sizeof(tmp) - 1), tmp) != 0) {
		return;
	}
	/* No name of ours is as long as the room for it. */
	(void)snprintf(inner, sizeof(inner), "%.*s", (int)(len - sizeof(tmp)), name + 1);
	if (archive_parse(inner, &file)) {
		(void)snprintf(file.name, sizeof(file.name), "%s", name);
		push(user, &file);
	}
}

static int by_name(const void *a, const void *b) {
	const struct archive_file *left = a;
	const struct archive_file *right = b;
	return strcmp(left->name, right->name);
}

static int scan(const char *directory, file_visit *visit, struct archive *ret) {
	struct archive archive = {0};
	int r = file_list(directory, visit, &archive);

	if (r == 0) {
		r = archive.error;
	}
	if (r < 0) {
		archive_done(&archive);
		return r;
	}
	if (archive.len > 0) {
		qsort(archive.files, archive.len, sizeof(*archive.files), by_name);
	}
	*ret = archive;
	return 0;
}

int archive_scan(const char *directory, struct archive *ret) {
	return scan(directory, visit_rotated, ret);
}

void archive_done(struct archive *archive) {
	if (archive) {
		free(archive->files);
		*archive = (struct archive){0};
	}
}

int archive_sweep(const char *directory) {
	struct archive left;
	int r = scan(directory, visit_temporary, &left);
	if (r < 0) {
		return r;
	}

	for (size_t i = 0; i < left.len; i++) {
		char path[PATH_MAX];
		(void)snprintf(path, sizeof(path), "%s/%s", directory, left.files[i].name);
		int removed = file_remove(path);
		r = r < 0 ? r : removed;
	}
	archive_done(&left);
	return r;
}
