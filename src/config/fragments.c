// SPDX-License-Identifier: ISC

#include "config/fragments.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_fragment(const struct dirent *entry) {
	return fnmatch("*.conf", entry->d_name, FNM_PERIOD) == 0;
}

/* By bytes, not by locale: the order is the same everywhere. */
static int by_name(const struct dirent **a, const struct dirent **b) {
	return strcmp((*a)->d_name, (*b)->d_name);
}

static char *directory_of(const char *main_file) {
	const char *slash = strrchr(main_file, '/');
	char *directory = NULL;
	int len = slash ? (int)(slash - main_file) + 1 : 0;
	return asprintf(&directory, "%.*sconf.d", len, main_file) < 0 ? NULL : directory;
}

int fragments_list(const char *main_file, struct fragments *ret, struct error *err) {
	struct dirent **entries = NULL;
	*ret = (struct fragments){.directory = directory_of(main_file)};
	if (!ret->directory) {
		return -ENOMEM;
	}

	int found = scandir(ret->directory, &entries, is_fragment, by_name);
	if (found < 0) {
		return errno == ENOENT ? 0
		       : errno == ENOMEM ? -ENOMEM
		                         : error_errno(err, errno, "cannot be listed");
	}

	int r = 0;
	ret->files = calloc((size_t)found + 1, sizeof(*ret->files));
	for (int i = 0; i < found; i++) {
		if (ret->files && r == 0 &&
		    asprintf(&ret->files[ret->count], "%s/%s", ret->directory, entries[i]->d_name) >= 0) {
			ret->count++;
		} else {
			r = -ENOMEM;
		}
		free(entries[i]);
	}
	free(entries);
	return ret->files ? r : -ENOMEM;
}

void fragments_done(struct fragments *fragments) {
	if (fragments) {
		for (size_t i = 0; i < fragments->count; i++) {
			free(fragments->files[i]);
		}
		free(fragments->files);
		free(fragments->directory);
		*fragments = (struct fragments){0};
	}
}
