// SPDX-License-Identifier: ISC

/*
 * TZif files as RFC 8536 describes them.
 *
 * A zone is a row of transitions, each with the offset from there on, and a
 * rule (the footer) for the time after the last.  All that the file says is
 * checked here, once; look-ups trust it.
 */

#include "calendar/zone.h"

#include "base/utc.h"
#include "calendar/posix_tz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZONE_DIRECTORY "/usr/share/zoneinfo"

enum {
	FILE_MAX = 1 << 20,
	NAME_MAX_LEN = 128,
	HEADER_SIZE = 44,
	TYPE_SIZE = 6,
	LEAP_TIME_SIZE_V1 = 4,
	/* No clock is further from UTC than this; RFC 8536 says so of the footer. */
	OFFSET_MAX_S = 26 * 3600,
};

/* An instant beyond which seconds would not fit into usec_t. */
#define SECONDS_MAX (INT64_MAX / USEC_PER_SEC - 1)

struct zone {
	char *name;
	size_t count;          /* of transitions */
	int64_t *at_s;         /* ascending */
	int32_t *offset_s;     /* from that transition on */
	int32_t first_offset_s; /* before the first */
	bool has_rule;
	struct posix_tz rule;
};

/** What is still to be read. */
struct reader {
	const unsigned char *at;
	size_t left;
};

static bool take(struct reader *reader, size_t len, const unsigned char **ret) {
	if (len > reader->left) {
		return false;
	}
	*ret = reader->at;
	reader->at += len;
	reader->left -= len;
	return true;
}

static uint32_t be32(const unsigned char *at) {
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t be64(const unsigned char *at) {
	return (int64_t)((uint64_t)be32(at) << 32 | be32(at + 4));
}

/** The counts of a header, in the order of the file. */
struct header {
	char version;
	size_t isut, isstd, leap, time, type, chars;
};

static bool read_header(struct reader *reader, struct header *ret) {
	const unsigned char *at;
	if (!take(reader, HEADER_SIZE, &at) || memcmp(at, "TZif", 4) != 0) {
		return false;
	}
	*ret = (struct header){
		.version = (char)at[4],
		.isut = be32(at + 20),
		.isstd = be32(at + 24),
		.leap = be32(at + 28),
		.time = be32(at + 32),
		.type = be32(at + 36),
		.chars = be32(at + 40),
	};
	/* The largest real zone has 240 transitions; the bound keeps products small. */
	return ret->isut <= 256 && ret->isstd <= 256 && ret->leap <= 1024 && ret->time <= 10000 &&
	       ret->type >= 1 && ret->type <= 256 && ret->chars <= 10000;
}

static size_t block_size(const struct header *header, size_t time_size) {
	return header->time * (time_size + 1) + header->type * TYPE_SIZE + header->chars +
	       header->leap * (time_size + 4) + header->isstd + header->isut;
}

static int damaged(const char *name, const char *what, struct error *err) {
	return error_set(err, EINVAL, "time zone %s: the file is damaged: %s", name, what);
}

static bool read_offset(const unsigned char *types, size_t index, int32_t *ret) {
	*ret = (int32_t)be32(types + index * TYPE_SIZE);
	return *ret >= -OFFSET_MAX_S && *ret <= OFFSET_MAX_S;
}

static int read_transitions(struct zone *zone, const struct header *header, const unsigned char *data,
                            size_t time_size, struct error *err) {
	const unsigned char *indexes = data + header->time * time_size;
	const unsigned char *types = indexes + header->time;

	zone->at_s = calloc(header->time + 1, sizeof(*zone->at_s));
	zone->offset_s = calloc(header->time + 1, sizeof(*zone->offset_s));
	if (!zone->at_s || !zone->offset_s) {
		return error_set(err, ENOMEM, "out of memory");
	}
	if (!read_offset(types, 0, &zone->first_offset_s)) {
		return damaged(zone->name, "an offset of more than a day", err);
	}

	for (size_t i = 0; i < header->time; i++) {
		const unsigned char *time = data + i * time_size;
		int64_t at = time_size == 8 ? be64(time) : (int32_t)be32(time);
		int32_t offset;
		if (indexes[i] >= header->type || !read_offset(types, indexes[i], &offset)) {
			return damaged(zone->name, "a bad type of local time", err);
		}
		if (i > 0 && at <= (int64_t)be64(time - 8) && time_size == 8) {
			return damaged(zone->name, "its transitions are not ascending", err);
		}
		if (at < -SECONDS_MAX || at > SECONDS_MAX) {
			continue; /* the big bang, in some files: nobody counts people there */
		}
		if (zone->count > 0 && at <= zone->at_s[zone->count - 1]) {
			return damaged(zone->name, "its transitions are not ascending", err);
		}
		/* Many transitions change the name alone. */
		int32_t before = zone->count > 0 ? zone->offset_s[zone->count - 1]
		                                 : zone->first_offset_s;
		if (offset != before) {
			zone->at_s[zone->count] = at;
			zone->offset_s[zone->count++] = offset;
		}
	}
	return 0;
}

/* The footer: a POSIX TZ string between two newlines; empty: no rule is known. */
static int read_footer(struct zone *zone, struct reader *reader, struct error *err) {
	const unsigned char *end;
	if (reader->left < 2 || *reader->at != '\n' ||
	    !(end = memchr(reader->at + 1, '\n', reader->left - 1))) {
		return damaged(zone->name, "no footer", err);
	}
	char text[128];
	size_t len = (size_t)(end - reader->at) - 1;
	if (len >= sizeof(text)) {
		return damaged(zone->name, "its footer is too long", err);
	}
	if (len == 0) {
		return 0;
	}
	memcpy(text, reader->at + 1, len);
	text[len] = '\0';
	if (posix_tz_parse(text, &zone->rule) < 0) {
		return damaged(zone->name, "its footer is no POSIX TZ string", err);
	}
	zone->has_rule = true;
	return 0;
}

static int read_zone(struct zone *zone, struct reader *reader, struct error *err) {
	struct header header;
	const unsigned char *data;
	size_t time_size = 4;

	if (!read_header(reader, &header)) {
		return error_set(err, EINVAL, "time zone %s: this is no TZif file", zone->name);
	}
	/* From version 2 on a block with 32-bit times comes first, for old readers. */
	if (header.version >= '2') {
		if (!take(reader, block_size(&header, time_size), &data) ||
		    !read_header(reader, &header)) {
			return damaged(zone->name, "it is cut off", err);
		}
		time_size = 8;
	}
	if (!take(reader, block_size(&header, time_size), &data)) {
		return damaged(zone->name, "it is cut off", err);
	}
	int r = read_transitions(zone, &header, data, time_size, err);
	return r < 0 || time_size == 4 ? r : read_footer(zone, reader, err);
}

int zone_parse(const char *name, const void *data, size_t len, struct zone **ret_zone,
               struct error *err) {
	struct reader reader = {.at = data, .left = len};
	struct zone *zone = calloc(1, sizeof(*zone));
	if (!zone || !(zone->name = strdup(name))) {
		zone_free(zone);
		return error_set(err, ENOMEM, "out of memory");
	}
	int r = read_zone(zone, &reader, err);
	if (r < 0) {
		zone_free(zone);
		return r;
	}
	*ret_zone = zone;
	return 0;
}

void zone_free(struct zone *zone) {
	if (zone) {
		free(zone->name);
		free(zone->at_s);
		free(zone->offset_s);
		free(zone);
	}
}

const char *zone_name(const struct zone *zone) {
	return zone->name;
}

/* Finding the file */

static bool is_zone_name(const char *name) {
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/";
	size_t len = strlen(name);
	return len > 0 && len <= NAME_MAX_LEN && strspn(name, letters) == len && name[0] != '/' &&
	       name[len - 1] != '/';
}

static int read_file(const char *path, unsigned char **ret_data, size_t *ret_len) {
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		return -errno;
	}
	struct stat st;
	int r = 0;
	unsigned char *data = NULL;
	if (fstat(fd, &st) < 0) {
		r = -errno;
	} else if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
		r = -ENOENT; /* a directory of zones, for instance */
	} else if (!(data = malloc(FILE_MAX))) {
		r = -ENOMEM;
	}

	size_t len = 0;
	while (r == 0 && len < FILE_MAX) {
		ssize_t got = read(fd, data + len, FILE_MAX - len);
		if (got > 0) {
			len += (size_t)got;
		} else if (got == 0) {
			break;
		} else if (errno != EINTR) {
			r = -errno;
		}
	}
	(void)close(fd);
	if (r < 0) {
		free(data);
		return r;
	}
	*ret_data = data;
	*ret_len = len;
	return 0;
}

int zone_load(const char *name, struct zone **ret_zone, struct error *err) {
	char path[sizeof(ZONE_DIRECTORY) + NAME_MAX_LEN + 2];
	unsigned char *data;
	size_t len;

	if (!is_zone_name(name)) {
		return error_set(err, EINVAL, "\"%.64s\" is no time zone: write one like \"Europe/Berlin\"",
		                 name);
	}
	(void)snprintf(path, sizeof(path), "%s/%s", ZONE_DIRECTORY, name);
	int r = read_file(path, &data, &len);
	if (r == -ENOENT || r == -ENOTDIR) {
		return error_set(err, ENOENT,
		                 "there is no time zone \"%s\" in %s: write one like \"Europe/Berlin\"",
		                 name, ZONE_DIRECTORY);
	}
	if (r < 0) {
		return error_errno(err, -r, "%s", path);
	}
	r = zone_parse(name, data, len, ret_zone, err);
	free(data);
	return r;
}

/* "/usr/share/zoneinfo/Europe/Berlin" or "../usr/share/..." -> "Europe/Berlin" */
static bool name_from_link(char *buf, size_t size) {
	static const char marker[] = "zoneinfo/";
	char target[512];
	ssize_t len = readlink("/etc/localtime", target, sizeof(target) - 1);
	if (len <= 0) {
		return false;
	}
	target[len] = '\0';
	const char *name = strstr(target, marker);
	if (!name || !is_zone_name(name + sizeof(marker) - 1)) {
		return false;
	}
	return (size_t)snprintf(buf, size, "%s", name + sizeof(marker) - 1) < size;
}

static bool name_from_file(char *buf, size_t size) {
	FILE *file = fopen("/etc/timezone", "re");
	if (!file) {
		return false;
	}
	char line[NAME_MAX_LEN + 2];
	bool read = fgets(line, sizeof(line), file) != NULL;
	(void)fclose(file);
	if (!read) {
		return false;
	}
	line[strcspn(line, " \t\r\n")] = '\0';
	return is_zone_name(line) && (size_t)snprintf(buf, size, "%s", line) < size;
}

const char *zone_system_name(char *buf, size_t size) {
	if (!name_from_link(buf, size) && !name_from_file(buf, size)) {
		(void)snprintf(buf, size, "UTC");
	}
	return buf;
}

/* Looking up */

/* How many transitions are at or before the second. */
static size_t count_before(const struct zone *zone, int64_t second) {
	size_t low = 0, high = zone->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (zone->at_s[middle] <= second) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

void zone_period_at(const struct zone *zone, usec_t instant, struct zone_period *ret) {
	int64_t second = instant / USEC_PER_SEC - (instant % USEC_PER_SEC < 0);
	size_t passed = count_before(zone, second);
	int64_t last_s = zone->count > 0 ? zone->at_s[zone->count - 1] : -SECONDS_MAX;

	if (passed == zone->count && zone->has_rule) {
		posix_tz_period_at(&zone->rule, instant, ret);
		usec_t last = last_s * USEC_PER_SEC;
		ret->start = zone->count > 0 && ret->start < last ? last : ret->start;
		return;
	}
	ret->start = passed > 0 ? zone->at_s[passed - 1] * USEC_PER_SEC : INT64_MIN;
	ret->end = passed < zone->count ? zone->at_s[passed] * USEC_PER_SEC : USEC_INFINITY;
	ret->offset_s = passed > 0 ? zone->offset_s[passed - 1] : zone->first_offset_s;
}
