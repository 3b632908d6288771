// SPDX-License-Identifier: ISC

/*
 * The installed tz database, and the C library's view of it, for tests.
 * Here TZ may be set: a test has one thread.
 */

#ifndef TESTS_UNIT_ZONES_H
#define TESTS_UNIT_ZONES_H

#include "base/units.h"

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define ZONES_DIRECTORY "/usr/share/zoneinfo/"

enum { ZONES_MAX = 2000 };

static char *zones_names[ZONES_MAX];
static bool zones_alias[ZONES_MAX]; /* the same file as an earlier one */
static struct stat zones_files[ZONES_MAX];
static size_t zones_count;

/* Slow things do less under valgrind, which announces itself this way, and in an emulator, as run.py says. */
static inline bool zones_slow(void) {
	const char *preloaded = getenv("LD_PRELOAD");
	return (preloaded && strstr(preloaded, "vgpreload")) || getenv("OCCUPANCYD_EMULATED");
}

static inline bool zones_is_tzif(const char *path) {
	char magic[4] = "";
	FILE *file = fopen(path, "re");
	bool is = file && fread(magic, sizeof(magic), 1, file) == 1 && memcmp(magic, "TZif", 4) == 0;

	if (file) {
		(void)fclose(file);
	}
	return is;
}

/* posix/ is a copy, right/ counts leap seconds. */
static inline int zones_visit(const char *path, const struct stat *link, int type, struct FTW *where) {
	const char *name = path + strlen(ZONES_DIRECTORY);
	struct stat st;

	(void)link;
	(void)where;
	if (type == FTW_D || strncmp(name, "posix/", 6) == 0 || strncmp(name, "right/", 6) == 0 ||
	    !zones_is_tzif(path) || stat(path, &st) < 0) {
		return 0;
	}
	if (zones_count == ZONES_MAX) {
		return 1;
	}
	for (size_t i = 0; i < zones_count; i++) {
		zones_alias[zones_count] |= zones_files[i].st_ino == st.st_ino && zones_files[i].st_dev == st.st_dev;
	}
	zones_files[zones_count] = st;
	zones_names[zones_count] = strdup(name);
	return zones_names[zones_count++] ? 0 : 1;
}

/* Fills the list.  For cmocka's group setup. */
static inline int zones_setup(void **state) {
	(void)state;
	return nftw(ZONES_DIRECTORY, zones_visit, 16, FTW_PHYS) == 0 && zones_count > 0 ? 0 : -1;
}

static inline int zones_teardown(void **state) {
	(void)state;
	for (size_t i = 0; i < zones_count; i++) {
		free(zones_names[i]);
	}
	return 0;
}

/* From now on the C library's local time is that of the zone, or of the POSIX rule. */
static inline void zones_use(const char *prefix, const char *name) {
	char value[512];
	(void)snprintf(value, sizeof(value), "%s%s", prefix, name);
	(void)setenv("TZ", value, 1);
	tzset();
}

static inline struct tm zones_local(int64_t instant_s) {
	struct tm tm = {0};
	time_t t = (time_t)instant_s;
	(void)localtime_r(&t, &tm);
	return tm;
}

static inline int32_t zones_offset(int64_t instant_s) {
	return (int32_t)zones_local(instant_s).tm_gmtoff;
}

#endif
