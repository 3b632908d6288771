// SPDX-License-Identifier: ISC

/* Runs each file of the directories that are named once; TAP. */

#include "fuzz.h"

#include <dirent.h>
#include <string.h>

static void run_file(const char *path) {
	FILE *file = fopen(path, "rb");
	must(file, "%s", path);
	struct buf data;
	buf_init(&data, 64 << 20);
	char piece[4096];
	size_t n;
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0) {
		buf_append(&data, piece, n);
	}
	(void)fclose(file);
	/* A copy of the exact size, so that reading behind it is seen. */
	uint8_t *copy = malloc(data.len > 0 ? data.len : 1);
	must(copy, "no memory");
	if (data.len > 0) {
		memcpy(copy, data.data, data.len);
	}
	fuzz_one(copy, data.len);
	free(copy);
	buf_done(&data);
}

static int run_directory(const char *path) {
	struct dirent **entries;
	char name[4096];
	int ran = 0;
	int count = scandir(path, &entries, NULL, alphasort);
	must(count >= 0, "%s", path);
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			(void)snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
			run_file(name);
			ran++;
		}
		free(entries[i]);
	}
	free(entries);
	return ran;
}

int main(int argc, char **argv) {
	for (int i = 1; i < argc; i++) {
		int ran = run_directory(argv[i]);
		printf("%s %d - %s: %d inputs\n", ran > 0 ? "ok" : "not ok", i, argv[i], ran);
	}
	return 0;
}
