// SPDX-License-Identifier: ISC

#include "lines.h"

#include "disk.h"
#include "names.h"
#include "record-text.h"
#include "setup.h"
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum { FILES_MAX = 4096 };

struct file {
	const char *name;
	const struct inode *inode;
	uint64_t begun;
	bool removed; /* from the attic */
	size_t place; /* keeps the order of equals */
};

static bool ends_with(const char *name, const char *end) {
	size_t len = strlen(name), end_len = strlen(end);
	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

static bool is_rotated(const char *name) {
	return strncmp(name, "occupancy-", 10) == 0;
}

/* Content */

static char *inflate_all(const struct file *file, size_t *ret_len) {
	z_stream stream = {0};
	size_t room = file->inode->size * 12 + 65536;
	char *text = malloc(room);
	stream.next_in = (unsigned char *)file->inode->data;
	stream.avail_in = (unsigned)file->inode->size;
	if (!text || inflateInit2(&stream, 15 + 16) != Z_OK) {
		abort();
	}

	int r = Z_OK;
	size_t len = 0;
	while (r == Z_OK) {
		if (len == room) {
			room *= 2;
			text = realloc(text, room);
			if (!text) {
				abort();
			}
		}
		stream.next_out = (unsigned char *)text + len;
		stream.avail_out = (unsigned)(room - len);
		r = inflate(&stream, Z_NO_FLUSH);
		len = room - stream.avail_out;
	}
	(void)inflateEnd(&stream);
	if (r != Z_STREAM_END) {
		world_violation("files: expected %s to be a whole gzip file, but zlib says %d", file->name, r);
	}
	*ret_len = len;
	return text;
}

static void visit_text(const struct file *file, const char *text, size_t len, line_visit *visit) {
	bool csv = strstr(file->name, ".csv") != NULL;
	struct line line;
	int number = 0;

	for (const char *at = text, *end; at < text + len; at = end + 1) {
		end = memchr(at, '\n', (size_t)(text + len - at));
		number++;
		if (!end) {
			world_violation("lines: expected %s to end with a newline, but line %d is torn: %.*s",
			                file->name, number, (int)(text + len - at > 200 ? 200 : text + len - at), at);
			return;
		}
		if (csv && number == 1) {
			record_text_header(file->name, at, (size_t)(end - at));
			continue;
		}
		memset(&line, 0, sizeof(line));
		line.file = file->name;
		line.number = number;
		line.text = at;
		line.len = (size_t)(end - at) + 1;
		line.csv = csv;
		if (!(csv ? record_text_csv : record_text_json)(at, (size_t)(end - at), &line)) {
			world_violation("lines: expected a record in %s, line %d, but it is: %.*s", file->name,
			                number, (int)(end - at > 900 ? 900 : end - at), at);
			return;
		}
		visit(&line);
	}
	if (number == 1 && csv && strncmp(file->name, "occupancy-", 10) == 0) {
		world_violation("lines: expected %s to hold a record, but there is its header alone", file->name);
	}
}

static void visit_file(const struct file *file, line_visit *visit) {
	if (file->inode->size == 0) {
		return;
	}
	if (!ends_with(file->name, ".gz")) {
		visit_text(file, file->inode->data, file->inode->size, visit);
		return;
	}
	size_t len;
	char *text = inflate_all(file, &len);
	visit_text(file, text, len, visit);
	free(text);
}

static bool mentions(const struct file *file, const char *wanted) {
	if (!ends_with(file->name, ".gz")) {
		return file->inode->size > 0 && memmem(file->inode->data, file->inode->size, wanted, strlen(wanted));
	}
	size_t len;
	char *text = inflate_all(file, &len);
	bool found = memmem(text, len, wanted, strlen(wanted)) != NULL;
	free(text);
	return found;
}

bool lines_mention(const struct listing *listing, const char *uuid, int granularity) {
	const char *interval = granularity_name((enum granularity)granularity);
	char ndjson[160], csv[160];
	(void)snprintf(ndjson, sizeof(ndjson), "\"interval\":\"%s\",\"device\":\"%s\"", interval, uuid);
	(void)snprintf(csv, sizeof(csv), ",%s,%s,", interval, uuid);
	for (size_t i = 0; i < listing->len; i++) {
		const struct file file = {.name = listing->entries[i].name, .inode = listing->entries[i].inode};
		if (mentions(&file, strstr(file.name, ".csv") ? csv : ndjson)) {
			return true;
		}
	}
	return false;
}

/* Which files */

static struct file files[FILES_MAX];
static size_t files_len;

static size_t base_len(const char *name) {
	return strlen(name) - (ends_with(name, ".gz") ? 3 : 0);
}

/* A rotated file may be there twice, plain and compressed, or once and in the attic. */
static bool is_known(const char *name, const struct inode *inode) {
	for (size_t i = 0; i < files_len; i++) {
		bool same = base_len(files[i].name) == base_len(name) &&
		            strncmp(files[i].name, name, base_len(name)) == 0;
		if (files[i].inode == inode || (is_rotated(name) && same)) {
			return true;
		}
	}
	return false;
}

static void add(const char *name, const struct inode *inode, bool removed) {
	if (strncmp(name, "occupancy", 9) != 0 || is_known(name, inode) || files_len == FILES_MAX) {
		return;
	}
	uint64_t begun = is_rotated(name) ? names_begun(name) : inode->begun;
	files[files_len] = (struct file){name, inode, begun, removed, files_len};
	files_len++;
}

/* By when they were begun; what was taken out of a file was in it before the rest. */
static int by_age(const void *a, const void *b) {
	const struct file *left = a;
	const struct file *right = b;
	if (left->begun != right->begun) {
		return left->begun < right->begun ? -1 : 1;
	}
	if (left->removed != right->removed) {
		return left->removed ? -1 : 1;
	}
	return left->place < right->place ? -1 : 1;
}

/* All that there are and were, in the order in which they were begun. */
static void gather(void) {
	const struct listing *listing = &disk->log.now;
	files_len = 0;
	for (int compressed = 0; compressed <= 1; compressed++) {
		for (size_t i = 0; i < listing->len; i++) {
			if (ends_with(listing->entries[i].name, ".gz") == compressed) {
				add(listing->entries[i].name, listing->entries[i].inode, false);
			}
		}
		for (size_t i = 0; compressed == 1 && i < 2 * disk->attic_len; i++) {
			/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): an empty attic ends the loop before */
			const struct keepsake *kept = &disk->attic[i % disk->attic_len];
			if (ends_with(kept->name, ".gz") == (i >= disk->attic_len)) {
				add(kept->name, kept->inode, true);
			}
		}
	}
	qsort(files, files_len, sizeof(*files), by_age);
}

void lines_visit(line_visit *visit) {
	gather();
	for (size_t i = 0; i < files_len && !world->violation[0]; i++) {
		visit_file(&files[i], visit);
	}
}

/* Saving */

static void make_directory(const char *path) {
	if (mkdir(path, 0777) < 0 && errno != EEXIST) {
		perror(path);
		exit(2);
	}
}

static void save(const char *directory, const char *name, const char *data, size_t size) {
	char path[1024];
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *file = fopen(path, "w");
	if (!file || (size > 0 && fwrite(data, 1, size, file) != size) || fclose(file) != 0) {
		perror(path);
		exit(2);
	}
}

/* Whether all that is no longer there is older than what is left, as it is after retention alone. */
static bool is_whole(void) {
	size_t removed = 0;
	while (removed < files_len && files[removed].removed) {
		removed++;
	}
	for (size_t i = removed; i < files_len; i++) {
		if (files[i].removed) {
			return false;
		}
	}
	return true;
}

/* Whether files that others have renamed cannot be put in order by the times in them and in the others' names. */
static bool is_unordered(const struct listing *listing) {
	bool renamed = false;
	for (size_t i = 0; i < listing->len; i++) {
		const char *name = listing->entries[i].name;
		renamed |= strncmp(name, "occupancy.", 10) == 0 && !ends_with(name, ".ndjson") && !ends_with(name, ".csv");
	}
	return renamed && node->offsets_len > 0;
}

void lines_save(const char *directory) {
	char path[512], name[DISK_NAME_SIZE];
	const struct listing *listing = &disk->log.now;

	make_directory(directory);
	(void)snprintf(path, sizeof(path), "%s/log", directory);
	make_directory(path);
	for (size_t i = 0; i < listing->len; i++) {
		const struct inode *inode = listing->entries[i].inode;
		save(path, listing->entries[i].name, inode->data, inode->size);
	}
	gather();
	if (is_whole()) {
		save(directory, "whole", NULL, 0);
	}
	if (is_unordered(listing)) {
		save(directory, "unordered", NULL, 0);
	}
	(void)snprintf(path, sizeof(path), "%s/all", directory);
	make_directory(path);
	for (size_t i = 0; i < files_len; i++) {
		(void)snprintf(name, sizeof(name), "occupancy-20000101T%02zu%02zu%02zuZ.%s%s", i / 3600, i / 60 % 60, i % 60,
		               strstr(files[i].name, ".csv") ? "csv" : "ndjson", ends_with(files[i].name, ".gz") ? ".gz" : "");
		save(path, name, files[i].inode->data, files[i].inode->size);
	}
}
