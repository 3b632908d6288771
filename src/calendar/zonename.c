// SPDX-License-Identifier: ISC

#include "calendar/zonename.h"

#include "base/input.h"
#include "base/text.h"
#include "base/word.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_FILE "tzdata.zi"

enum { SHOWN_SIZE = 128, LINE_SIZE = 512 };

/* A name in the list, and of a link what it stands for: "" is a zone of its own. */
struct entry {
	char name[ZONENAME_SIZE];
	char target[ZONENAME_SIZE];
};

/* What the list knows about a name. */
struct guess {
	char current[ZONENAME_SIZE]; /* of an old name the one in use; else "" */
	char nearest[ZONENAME_SIZE]; /* of a slip the name that was meant; else "" */
	unsigned distance;
};

bool zonename_is_valid(const char *name) {
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/";
	size_t len = strlen(name);

	return len > 0 && len < ZONENAME_SIZE && name[0] != '/' && name[len - 1] != '/' &&
	       strspn(name, allowed) == len;
}

static bool exists(const char *directory, const char *name) {
	char path[PATH_MAX];
	struct stat st;
	int len = snprintf(path, sizeof(path), "%s/%s", directory, name);
	return len > 0 && (size_t)len < sizeof(path) && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static FILE *open_list(const char *directory) {
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/" LIST_FILE, directory);
	if (len < 0 || (size_t)len >= sizeof(path)) {
		return NULL;
	}

	int fd = input_open(path);
	FILE *list = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (fd >= 0 && !list) {
		(void)close(fd);
	}
	return list;
}

static bool take_word(const char **at, char ret[static ZONENAME_SIZE]) {
	size_t len = strcspn(*at, " \t\n");
	if (len >= ZONENAME_SIZE) {
		return false;
	}
	memcpy(ret, *at, len);
	ret[len] = '\0';
	*at += len + strspn(*at + len, " \t\n");
	return zonename_is_valid(ret);
}

/* "Z NAME ..." or "L TARGET NAME", as zic(8) has them; the other lines are rules. */
static bool read_entry(const char *line, struct entry *ret) {
	bool link = strncmp(line, "L ", 2) == 0;
	if (!link && strncmp(line, "Z ", 2) != 0) {
		return false;
	}
	line += 2;
	ret->target[0] = '\0';
	return (!link || take_word(&line, ret->target)) && take_word(&line, ret->name);
}

/* What there is of it in the database; NULL if nothing is. */
static const char *installed(const char *directory, const struct entry *entry) {
	if (exists(directory, entry->name)) {
		return entry->name;
	}
	return entry->target[0] && exists(directory, entry->target) ? entry->target : NULL;
}

/*
 * Where one letter makes another zone there is no guessing: neither in abbreviations
 * (CST is no slip for EST), nor in offsets (Etc/GMT+15).
 */
static bool can_be_slip(const char *name, const char *listed) {
	static const char digits[] = "0123456789";
	return strlen(name) > 5 && !strpbrk(name, digits) && !strpbrk(listed, digits);
}

static bool is_nearer(const char *name, const struct entry *entry, unsigned *distance) {
	const char *city = strrchr(entry->name, '/');
	if (city && *distance > 0 && strcasecmp(city + 1, name) == 0) {
		*distance = 0;
		return true;
	}
	return word_is_nearer(name, entry->name, distance);
}

static void consider(struct guess *guess, const char *directory, const char *name, const struct entry *entry) {
	unsigned distance = guess->distance;
	if (strcmp(entry->name, name) == 0) {
		const char *current = installed(directory, entry);
		memcpy(guess->current, current ? current : "", current ? strlen(current) + 1 : 1);
	} else if (can_be_slip(name, entry->name) && is_nearer(name, entry, &distance)) {
		const char *nearest = installed(directory, entry);
		if (nearest) {
			memcpy(guess->nearest, nearest, strlen(nearest) + 1);
			guess->distance = distance;
		}
	}
}

static void look_up(const char *directory, const char *name, struct guess *ret) {
	*ret = (struct guess){.distance = WORD_FAR};
	FILE *list = open_list(directory);
	if (!list) {
		return;
	}

	char line[LINE_SIZE];
	struct entry entry;
	while (fgets(line, sizeof(line), list)) {
		if (read_entry(line, &entry)) {
			consider(ret, directory, name, &entry);
		}
	}
	(void)fclose(list);
}

int zonename_refuse(const char *directory, const char *name, struct error *err) {
	char shown[SHOWN_SIZE];
	struct guess guess;

	(void)text_escape(shown, sizeof(shown), name, strlen(name));
	if (access(directory, F_OK) < 0 && errno == ENOENT) {
		return error_set(err, ENOENT, "\"%s\" cannot be looked up: this machine has no time zone database in %s: "
		                 "install the package tzdata", shown, directory);
	}
	look_up(directory, name, &guess);
	if (guess.current[0]) {
		return error_set(err, ENOENT, "\"%s\" is an old name that is not in this machine's time zone database: "
		                 "write \"%s\", or install the package tzdata-legacy", shown, guess.current);
	}
	if (guess.nearest[0]) {
		return error_set(err, ENOENT, "\"%s\" is not in this machine's time zone database: "
		                 "did you mean \"%s\"?", shown, guess.nearest);
	}
	return error_set(err, ENOENT, "\"%s\" is not in this machine's time zone database: "
	                 "write an IANA name such as \"America/Denver\" or \"UTC\"", shown);
}
