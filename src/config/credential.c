// SPDX-License-Identifier: ISC

#include "config/credential.h"

#include "base/input.h"
#include "config/secret.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	UNIT_MAX = 64 << 10,  /* bytes of a unit that are read */
	UNIT_NAME = NAME_MAX + 1,
	DROPINS_MAX = 64,
};

/* As systemd.unit(5) has them: what is in an earlier one masks what has its name in a later one. */
static const char *const unit_directories[] = {
	"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	"/lib/systemd/system",
};
enum { UNIT_DIRECTORIES = sizeof(unit_directories) / sizeof(unit_directories[0]) };

/* The service that a main file belongs to. */
struct service {
	char unit[UNIT_NAME];     /* "occupancyd.service", "occupancyd@north.service" */
	char template[UNIT_NAME]; /* "occupancyd@.service"; "" of a service that is no instance */
	char instance[UNIT_NAME];
};

/* What is being looked for, and what was found so far. */
struct search {
	const char *root, *name;
	const struct service *service;
	char source[PATH_MAX]; /* "": none */
};

/* A drop-in, by the name that orders and masks it. */
struct dropin {
	char name[UNIT_NAME];
	char path[PATH_MAX];
};

/*
 * FOLDER/occupancyd.conf, or of an instance FOLDER/INSTANCE/occupancyd.conf.  No other file: its author might
 * have the service's key sent to a server of his own.
 */
static bool service_of(const char *root, const char *main_file, struct service *service) {
	static const char folder[] = "/etc/occupancyd/", file[] = "occupancyd.conf";
	size_t root_len = strlen(root);
	*service = (struct service){.unit = "occupancyd.service"};

	if (strncmp(main_file, root, root_len) != 0 || strncmp(main_file + root_len, folder, strlen(folder)) != 0) {
		return false;
	}
	const char *instance = main_file + root_len + strlen(folder);
	size_t len = strcspn(instance, "/");
	if (strcmp(instance, file) == 0) {
		return true;
	}
	if (len == 0 || len > NAME_MAX / 2 || instance[len] != '/' || strcmp(instance + len + 1, file) != 0) {
		return false;
	}
	(void)snprintf(service->instance, sizeof(service->instance), "%.*s", (int)len, instance);
	(void)snprintf(service->unit, sizeof(service->unit), "occupancyd@%.*s.service", (int)len, instance);
	(void)snprintf(service->template, sizeof(service->template), "occupancyd@.service");
	return true;
}

/* A path of a unit, in which %i is the instance and %% a percent sign; other specifiers are not known here. */
static bool expand(const char *path, const char *instance, char ret_path[static PATH_MAX]) {
	size_t len = 0;
	for (; *path; path++) {
		const char *piece = path;
		size_t piece_len = 1;
		if (*path == '%') {
			path++;
			piece = *path == 'i' ? instance : path;
			piece_len = *path == 'i' ? strlen(instance) : 1;
			if (*path != 'i' && *path != '%') {
				return false;
			}
		}
		if (len + piece_len >= PATH_MAX) {
			return false;
		}
		memcpy(ret_path + len, piece, piece_len);
		len += piece_len;
	}
	ret_path[len] = '\0';
	return ret_path[0] == '/';
}

/* A line: "LoadCredential=NAME:PATH"; without a value all those before are forgotten. */
static void take_line(struct search *search, char *line) {
	static const char setting[] = "LoadCredential=";
	char path[PATH_MAX];

	line += strspn(line, " \t");
	if (strncmp(line, setting, strlen(setting)) != 0) {
		return;
	}
	char *value = line + strlen(setting);
	value += strspn(value, " \t");
	value[strcspn(value, " \t\r")] = '\0';
	char *colon = strchr(value, ':');
	if (*value == '\0') {
		search->source[0] = '\0';
	} else if (colon && (size_t)(colon - value) == strlen(search->name) &&
	           strncmp(value, search->name, strlen(search->name)) == 0 &&
	           expand(colon + 1, search->service->instance, path)) {
		memcpy(search->source, path, sizeof(path));
	}
}

/* False if there is no such file. */
static bool take_file(struct search *search, const char *path) {
	int fd = input_open(path);
	if (fd < 0) {
		return fd != -ENOENT;
	}
	char *text = calloc(1, UNIT_MAX + 1);
	int64_t len = text ? input_read(fd, text, UNIT_MAX, 0) : 0;
	(void)close(fd);
	for (char *line = text, *next; line && len > 0; line = next) {
		next = strchr(line, '\n');
		if (next) {
			*next++ = '\0';
		}
		take_line(search, line);
	}
	free(text);
	return true;
}

static bool path_of(char path[static PATH_MAX], const char *root, const char *directory, const char *more, const char *name) {
	int len = snprintf(path, PATH_MAX, "%s%s/%s%s", root, directory, name, more);
	return len > 0 && len < PATH_MAX;
}

/* The unit's own file: the first of that name. */
static bool take_unit(struct search *search, const char *unit) {
	char path[PATH_MAX];
	for (size_t i = 0; unit[0] && i < UNIT_DIRECTORIES; i++) {
		if (path_of(path, search->root, unit_directories[i], "", unit) && take_file(search, path)) {
			return true;
		}
	}
	return false;
}

static bool is_there(const struct dropin *list, size_t count, const char *name) {
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

static size_t list_dropins(const char *folder, struct dropin list[static DROPINS_MAX], size_t count) {
	DIR *directory = opendir(folder);
	if (!directory) {
		return count;
	}
	for (const struct dirent *entry; count < DROPINS_MAX && (entry = readdir(directory));) {
		struct dropin *dropin = &list[count];
		if (fnmatch("*.conf", entry->d_name, FNM_PERIOD) == 0 && !is_there(list, count, entry->d_name)) {
			(void)snprintf(dropin->name, sizeof(dropin->name), "%s", entry->d_name);
			int len = snprintf(dropin->path, sizeof(dropin->path), "%s/%s", folder, entry->d_name);
			count += len > 0 && (size_t)len < sizeof(dropin->path);
		}
	}
	(void)closedir(directory);
	return count;
}

static int by_name(const void *a, const void *b) {
	return strcmp(((const struct dropin *)a)->name, ((const struct dropin *)b)->name);
}

/* Those of the unit and of what it is an instance of, in the order of their names. */
static void take_dropins(struct search *search) {
	struct dropin *list = calloc(DROPINS_MAX, sizeof(*list));
	const char *units[] = {search->service->unit, search->service->template};
	char folder[PATH_MAX];
	size_t count = 0;

	for (size_t i = 0; list && i < UNIT_DIRECTORIES; i++) {
		for (size_t u = 0; u < 2; u++) {
			if (units[u][0] && path_of(folder, search->root, unit_directories[i], ".d", units[u])) {
				count = list_dropins(folder, list, count);
			}
		}
	}
	if (list) {
		qsort(list, count, sizeof(*list), by_name);
	}
	for (size_t i = 0; list && i < count; i++) {
		(void)take_file(search, list[i].path);
	}
	free(list);
}

/* What cannot be looked at, because the user may not, is there. */
static bool exists(const char *path) {
	return access(path, F_OK) == 0 || errno != ENOENT;
}

/* With the root in front of it, which no path of a unit has. */
static bool use(const char *root, const char *path, char ret_name[static PATH_MAX]) {
	char full[PATH_MAX];
	int len = snprintf(full, sizeof(full), "%s%s", root, path);
	if (len <= 0 || (size_t)len >= sizeof(full) || !exists(full)) {
		return false;
	}
	memcpy(ret_name, full, (size_t)len + 1);
	return true;
}

int credential_find(const char *root, const char *main_file, const char *name, char ret_name[static PATH_MAX],
                    struct error *err) {
	char beside[PATH_MAX] = "", given[PATH_MAX];
	struct service service;
	struct search search = {.root = root, .name = name, .service = &service};

	if (name[0] == '/' || getenv("CREDENTIALS_DIRECTORY")) {
		return snprintf(ret_name, PATH_MAX, "%s", name) < PATH_MAX ? 0 : error_set(err, ENAMETOOLONG, "a path is too long");
	}
	bool known = service_of(root, main_file, &service);
	if (known) {
		(void)(take_unit(&search, service.unit) || take_unit(&search, service.template));
		take_dropins(&search);
	}
	if (search.source[0] ? use(root, search.source, ret_name)
	                     : secret_source(main_file, name, beside) && use("", beside, ret_name)) {
		return 0;
	}
	int len = snprintf(given, sizeof(given), SECRET_CREDENTIALS "/%s/%s", service.unit, name);
	if (known && len > 0 && (size_t)len < sizeof(given) && use(root, given, ret_name)) {
		return 0;
	}
	return error_set(err, ENXIO, "%.80s is a credential of the service, and %.200s, where it comes from, does not exist",
	                 name, search.source[0] ? search.source : beside);
}
