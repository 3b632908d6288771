// SPDX-License-Identifier: ISC

#include "calendar/zone.h"

#include "base/input.h"
#include "base/text.h"
#include "calendar/rule.h"
#include "calendar/zonename.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZONE_DIRECTORY "/usr/share/zoneinfo"

enum {
	MAX_FILE_SIZE = 1 << 20,
	SHOWN_SIZE = 128,
	PATH_SIZE = sizeof(ZONE_DIRECTORY) + 1 + ZONENAME_SIZE,
};

/* From this instant on the clock is so far from UTC, until the next one. */
struct shift {
	usec_t at;
	int32_t offset_s;
};

/* A file as it was when it was read; all zero of a zone that was not read from one. */
struct origin {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct zone {
	char name[ZONENAME_SIZE];
	struct origin origin;
	bool has_rule;
	struct rule rule; /* holds from rule_from on */
	usec_t rule_from;
	size_t count;          /* at least 1 */
	struct shift shifts[]; /* ascending; neighbours differ; the first is at INT64_MIN */
};

/*
 * TZif.  A file is one block with 32-bit times or, from version 2 on, that
 * block, one with 64-bit times, and a footer; we read the last block there is.
 */

enum {
	HEADER_SIZE = 44,
	VERSION_AT = 4,
	COUNTS_AT = 20,
	TYPE_SIZE = 6, /* offset (4), is daylight saving time (1), index of the abbreviation (1) */
	/* RFC 8536: what applications should at least understand, and no place has ever had more. */
	MIN_OFFSET_S = -(25 * 3600 + 59 * 60 + 59),
	MAX_OFFSET_S = 26 * 3600 + 59 * 60 + 59,
};

/* The counts of the header, in its order. */
struct counts {
	uint32_t isut, isstd, leap, time, type, character;
};

/* What is left of the file. */
struct reader {
	const unsigned char *at;
	size_t left;
};

/* The parts that matter of one block. */
struct block {
	struct counts counts;
	size_t time_size; /* 4 or 8 */
	const unsigned char *times, *indexes, *types;
};

static uint32_t read_u32(const unsigned char *at) {
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int32_t read_s32(const unsigned char *at) {
	return (int32_t)read_u32(at);
}

static int64_t read_time(const struct block *block, size_t i) {
	const unsigned char *at = block->times + i * block->time_size;
	return block->time_size == 4 ? read_s32(at) : (int64_t)((uint64_t)read_u32(at) << 32 | read_u32(at + 4));
}

static int damaged(const char *name, const char *how, struct error *err) {
	return error_set(err, EINVAL, "time zone %s: the file is damaged: %s", name, how);
}

static int read_header(const char *name, const struct reader *in, char *ret_version, struct counts *ret,
                       struct error *err) {
	if (in->left < HEADER_SIZE || memcmp(in->at, "TZif", 4) != 0) {
		return error_set(err, EINVAL, "time zone %s: not a TZif file", name);
	}

	const unsigned char *at = in->at + COUNTS_AT;
	*ret = (struct counts){
		.isut = read_u32(at),
		.isstd = read_u32(at + 4),
		.leap = read_u32(at + 8),
		.time = read_u32(at + 12),
		.type = read_u32(at + 16),
		.character = read_u32(at + 20),
	};
	*ret_version = (char)in->at[VERSION_AT];
	return 0;
}

/* Finds the parts of a block and moves behind it. */
static int read_block(const char *name, struct reader *in, const struct counts *counts, size_t time_size,
                      struct block *ret, struct error *err) {
	/* No element is smaller than a byte, so with this check the sizes below cannot overflow. */
	const uint32_t all[] = {counts->isut, counts->isstd, counts->leap,
	                        counts->time, counts->type,  counts->character};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i] > in->left) {
			return damaged(name, "it is shorter than its header says", err);
		}
	}

	size_t times = counts->time * time_size;
	size_t types = (size_t)counts->type * TYPE_SIZE;
	size_t size = HEADER_SIZE + times + counts->time + types + counts->character +
	              counts->leap * (time_size + 4) + counts->isstd + counts->isut;
	if (size > in->left) {
		return damaged(name, "it is shorter than its header says", err);
	}

	*ret = (struct block){
		.counts = *counts,
		.time_size = time_size,
		.times = in->at + HEADER_SIZE,
		.indexes = in->at + HEADER_SIZE + times,
		.types = in->at + HEADER_SIZE + times + counts->time,
	};
	in->at += size;
	in->left -= size;
	return 0;
}

/* After this, every index and every time in the block can be used blindly. */
static int check_block(const char *name, const struct block *block, struct error *err) {
	if (block->counts.type == 0) {
		return damaged(name, "it has no local time type", err);
	}
	if (block->counts.leap > 0) {
		return error_set(err, EINVAL, "time zone %s: it counts leap seconds, which this system's clock does not: "
		                 "write the name without \"right/\"", name);
	}
	for (size_t i = 0; i < block->counts.type; i++) {
		int32_t offset_s = read_s32(block->types + i * TYPE_SIZE);
		if (offset_s < MIN_OFFSET_S || offset_s > MAX_OFFSET_S) {
			return damaged(name, "an offset from UTC is more than 26 hours", err);
		}
	}
	for (size_t i = 0; i < block->counts.time; i++) {
		if (block->indexes[i] >= block->counts.type) {
			return damaged(name, "a transition has a type that does not exist", err);
		}
		if (i > 0 && read_time(block, i) <= read_time(block, i - 1)) {
			return damaged(name, "its transitions are not in order", err);
		}
	}
	return 0;
}

/* What usec_t cannot hold is as good as never. */
static usec_t saturate(int64_t seconds) {
	usec_t instant;
	if (__builtin_mul_overflow(seconds, USEC_PER_SEC, &instant)) {
		return seconds < 0 ? INT64_MIN : USEC_INFINITY;
	}
	return instant;
}

/* So is what would leave no room to add to it: a file may say anything. */
static usec_t transition_time(const struct block *block, size_t i) {
	usec_t at = saturate(read_time(block, i));
	if (at < INT64_MIN / 2) {
		return INT64_MIN;
	}
	return at > INT64_MAX / 2 ? USEC_INFINITY : at;
}

/* Neighbours that do not differ become one.  There is room: see load_block(). */
static void add_shift(struct zone *zone, usec_t at, int32_t offset_s) {
	struct shift *last = zone->count > 0 ? &zone->shifts[zone->count - 1] : NULL;

	if (last && last->at == at) {
		/* The ends of usec_t, or a footer that the last transition contradicts. */
		last->offset_s = offset_s;
	} else if (!last || last->offset_s != offset_s) {
		zone->shifts[zone->count++] = (struct shift){at, offset_s};
	}
}

/* A zone without its name and its rule. */
static struct zone *load_block(const struct block *block) {
	size_t times = block->counts.time;
	/* One more before the first transition, and one for the footer. */
	struct zone *zone = calloc(1, sizeof(*zone) + (times + 2) * sizeof(zone->shifts[0]));
	if (!zone) {
		return NULL;
	}

	zone->rule_from = INT64_MIN;
	add_shift(zone, INT64_MIN, read_s32(block->types));
	for (size_t i = 0; i < times; i++) {
		zone->rule_from = transition_time(block, i);
		add_shift(zone, zone->rule_from, read_s32(block->types + (size_t)block->indexes[i] * TYPE_SIZE));
	}
	return zone;
}

struct zone *zone_of_offsets(const struct zone_offset *offsets, size_t count) {
	struct zone *zone = calloc(1, sizeof(*zone) + (count + 1) * sizeof(zone->shifts[0]));
	if (zone) {
		zone->rule_from = INT64_MIN;
		add_shift(zone, INT64_MIN, offsets[0].offset_s);
		for (size_t i = 1; i < count; i++) {
			add_shift(zone, offsets[i].from, offsets[i].offset_s);
		}
	}
	return zone;
}

/* "\nCET-1CEST,M3.5.0,M10.5.0/3\n".  An empty one says nothing: the last type goes on. */
static int read_footer(const char *name, const struct reader *in, struct zone *zone, struct error *err) {
	const char *text = (const char *)in->at + 1;
	const char *end = in->left > 1 && in->at[0] == '\n' ? memchr(text, '\n', in->left - 1) : NULL;
	if (!end) {
		return damaged(name, "it has no footer", err);
	}
	if (end == text) {
		return 0;
	}

	size_t len = (size_t)(end - text);
	if (rule_parse(text, len, &zone->rule) < 0) {
		char shown[SHOWN_SIZE];
		return error_set(err, EINVAL, "time zone %s: its footer is not a known rule: \"%s\"", name,
		                 text_escape(shown, sizeof(shown), text, len));
	}
	if (zone->rule.fixed) {
		add_shift(zone, zone->rule_from, zone->rule.offset_s);
	} else {
		zone->has_rule = true;
	}
	return 0;
}

int zone_parse(const char *name, const void *data, size_t len, struct zone **ret_zone, struct error *err) {
	struct reader in = {.at = data, .left = len};
	struct counts counts;
	struct block block;
	char version;

	if (!zonename_is_valid(name)) {
		char shown[SHOWN_SIZE];
		return error_set(err, EINVAL, "\"%s\" is not a time zone's name",
		                 text_escape(shown, sizeof(shown), name, strlen(name)));
	}
	if (len > MAX_FILE_SIZE) {
		return damaged(name, "it is larger than 1 MiB", err);
	}
	int r = read_header(name, &in, &version, &counts, err);
	if (r < 0) {
		return r;
	}
	r = read_block(name, &in, &counts, 4, &block, err);
	if (r < 0) {
		return r;
	}
	if (version != '\0') {
		r = read_header(name, &in, &version, &counts, err);
		if (r < 0) {
			return r;
		}
		r = read_block(name, &in, &counts, 8, &block, err);
		if (r < 0) {
			return r;
		}
	}
	r = check_block(name, &block, err);
	if (r < 0) {
		return r;
	}

	struct zone *zone = load_block(&block);
	if (!zone) {
		return error_errno(err, ENOMEM, "time zone %s", name);
	}
	r = version != '\0' ? read_footer(name, &in, zone, err) : 0;
	if (r < 0) {
		zone_free(zone);
		return r;
	}
	memcpy(zone->name, name, strlen(name) + 1);

	/* Most transitions of a "fat" file are merged or few: give back what was too much. */
	struct zone *fitted = realloc(zone, sizeof(*zone) + zone->count * sizeof(zone->shifts[0]));
	*ret_zone = fitted ? fitted : zone;
	/* cppcheck-suppress memleak ; it is in *ret_zone */
	return 0;
}

static struct origin origin_of(const struct stat *st) {
	return (struct origin){st->st_dev, st->st_ino, st->st_size, st->st_ctim};
}

static int load_open(const char *name, int fd, struct zone **ret_zone, struct error *err) {
	struct stat st;
	if (fstat(fd, &st) < 0) {
		return error_errno(err, errno, "time zone %s: cannot read it", name);
	}
	if (!S_ISREG(st.st_mode)) {
		return error_set(err, ENOENT, "\"%s\" is a directory of time zones: "
		                 "write an IANA name such as \"America/Denver\"", name);
	}
	if (st.st_size > MAX_FILE_SIZE) {
		return damaged(name, "it is larger than 1 MiB", err);
	}

	size_t size = (size_t)st.st_size;
	unsigned char *data = malloc(size + 1);
	if (!data) {
		return error_errno(err, ENOMEM, "time zone %s", name);
	}

	int64_t len = input_read(fd, data, size, 0);
	int r = len < 0 ? error_errno(err, (int)-len, "time zone %s: cannot read it", name)
	                : zone_parse(name, data, (size_t)len, ret_zone, err);
	free(data);
	if (r == 0) {
		(*ret_zone)->origin = origin_of(&st);
	}
	return r;
}

static void path_of(const char *name, char path[static PATH_SIZE]) {
	(void)snprintf(path, PATH_SIZE, "%s/%s", ZONE_DIRECTORY, name);
}

int zone_load(const char *name, struct zone **ret_zone, struct error *err) {
	char path[PATH_SIZE];

	/* It is looked up below the directory, and nowhere else. */
	if (!zonename_is_valid(name)) {
		return zonename_refuse(ZONE_DIRECTORY, name, err);
	}
	path_of(name, path);

	int fd = input_open(path);
	if (fd == -ENOENT || fd == -ENOTDIR) {
		return zonename_refuse(ZONE_DIRECTORY, name, err);
	}
	if (fd < 0) {
		return error_errno(err, -fd, "time zone %s: cannot open %s", name, path);
	}

	int r = load_open(name, fd, ret_zone, err);
	(void)close(fd);
	return r;
}

bool zone_is_untouched(const struct zone *zone) {
	char path[PATH_SIZE];
	struct stat st;
	path_of(zone->name, path);
	if (stat(path, &st) < 0) {
		return false;
	}

	const struct origin *then = &zone->origin;
	const struct origin now = origin_of(&st);
	return now.device == then->device && now.inode == then->inode && now.size == then->size &&
	       now.changed.tv_sec == then->changed.tv_sec && now.changed.tv_nsec == then->changed.tv_nsec;
}

/* The zone's name in a path like "../usr/share/zoneinfo/Europe/Berlin", or NULL. */
static const char *name_in_path(const char *path) {
	static const char directory[] = "/zoneinfo/";
	static const char *const variants[] = {"posix/", "right/"};

	const char *name = strstr(path, directory);
	if (!name) {
		return NULL;
	}
	name += strlen(directory);
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		if (strncmp(name, variants[i], strlen(variants[i])) == 0) {
			name += strlen(variants[i]);
		}
	}
	return name;
}

static bool give_name(const char *name, char *buf, size_t size) {
	if (!name || !zonename_is_valid(name) || strlen(name) >= size) {
		return false;
	}
	memcpy(buf, name, strlen(name) + 1);
	return true;
}

/* Not resolved to the end at once: an alias is what the administrator chose. */
static bool name_from_link(char *buf, size_t size) {
	char path[PATH_MAX];
	ssize_t len = readlink("/etc/localtime", path, sizeof(path) - 1);
	if (len < 0) {
		return false;
	}
	path[len] = '\0';
	if (give_name(name_in_path(path), buf, size)) {
		return true;
	}
	return realpath("/etc/localtime", path) && give_name(name_in_path(path), buf, size);
}

static bool name_from_file(char *buf, size_t size) {
	unsigned char line[ZONENAME_SIZE + 1];
	int fd = input_open("/etc/timezone");
	if (fd < 0) {
		return false;
	}

	int64_t len = input_read(fd, line, sizeof(line) - 1, 0);
	(void)close(fd);
	if (len < 0) {
		return false;
	}
	line[len] = '\0';
	line[strcspn((char *)line, " \t\r\n")] = '\0';
	return give_name((char *)line, buf, size);
}

const char *zone_system_name(char *buf, size_t size) {
	if (!name_from_link(buf, size) && !name_from_file(buf, size)) {
		(void)snprintf(buf, size, "UTC");
	}
	return buf;
}

void zone_free(struct zone *zone) {
	free(zone);
}

const char *zone_name(const struct zone *zone) {
	return zone->name;
}

static void rule_part(const struct zone *zone, usec_t instant, struct zone_period *ret) {
	struct rule_period period;
	int64_t instant_s = instant / USEC_PER_SEC - (instant % USEC_PER_SEC < 0);

	rule_period_at(&zone->rule, instant_s, &period);
	*ret = (struct zone_period){saturate(period.start_s), saturate(period.end_s), period.offset_s};
	if (ret->start < zone->rule_from) {
		ret->start = zone->rule_from;
	}
}

static void shift_part(const struct zone *zone, usec_t instant, struct zone_period *ret) {
	size_t low = 0; /* the last shift at or before the instant is in [low, high) */
	size_t high = zone->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (zone->shifts[middle].at <= instant) {
			low = middle;
		} else {
			high = middle;
		}
	}

	const struct shift *shift = &zone->shifts[low];
	*ret = (struct zone_period){shift->at, USEC_INFINITY, shift->offset_s};
	if (low + 1 < zone->count) {
		ret->end = shift[1].at;
	} else if (zone->has_rule) {
		ret->end = zone->rule_from;
	}
}

void zone_period_at(const struct zone *zone, usec_t instant, struct zone_period *ret) {
	if (zone->has_rule && instant >= zone->rule_from) {
		rule_part(zone, instant, ret);
	} else {
		shift_part(zone, instant, ret);
	}
}

bool zone_agrees(const struct zone *a, const struct zone *b, usec_t from, usec_t to) {
	for (usec_t at = from; at < to;) {
		struct zone_period of_a;
		struct zone_period of_b;
		zone_period_at(a, at, &of_a);
		zone_period_at(b, at, &of_b);
		if (of_a.offset_s != of_b.offset_s) {
			return false;
		}
		at = of_a.end < of_b.end ? of_a.end : of_b.end;
	}
	return true;
}
