// SPDX-License-Identifier: ISC

#include "names.h"

#include "arena.h"
#include "record-text.h"
#include "setup.h"
#include "world.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct names {
	struct {
		char name[DISK_NAME_SIZE];
		uint64_t begun;
		bool durable;
	} *list;
	size_t len, room;
};

void names_init(void) {
	node->names = arena_new(sizeof(*node->names));
}

static bool is_rotated(const char *name) {
	return strncmp(name, "occupancy-", 10) == 0;
}

/* What a clock may be off by without anybody knowing, and a rotation late. */
#define TOLERANCE (2 * USEC_PER_MIN)

/* The time in the name of a rotated file. */
static usec_t time_of(const char *name) {
	struct tm at = {0};
	(void)sscanf(name, "occupancy-%4d%2d%2dT%2d%2d%2dZ", &at.tm_year, &at.tm_mon, &at.tm_mday, &at.tm_hour,
	             &at.tm_min, &at.tm_sec);
	at.tm_year -= 1900;
	at.tm_mon--;
	return (usec_t)timegm(&at) * USEC_PER_SEC;
}

/* A name is of the true time, or of the first second after the latest name. */
static void check_time(const char *name) {
	usec_t latest = world->now + TOLERANCE;
	for (size_t i = 0; i < node->names->len; i++) {
		usec_t next = time_of(node->names->list[i].name) + 5 * USEC_PER_SEC;
		latest = next > latest ? next : latest;
	}
	if (time_of(name) > latest) {
		world_violation("rotation: expected a name of %s at the latest, but it is %s", world_time(latest), name);
	}
}

static bool ends_with(const char *name, const char *end) {
	size_t len = strlen(name), end_len = strlen(end);
	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

void names_given(const char *from, const char *to, const struct inode *inode) {
	if (!is_rotated(to)) {
		return;
	}
	world->figures.rotations += !ends_with(to, ".gz");
	for (size_t i = 0; i < node->names->len; i++) {
		if (strcmp(node->names->list[i].name, to) == 0) {
			/* A compression that a crash has undone is done again. */
			if (!ends_with(to, ".gz")) {
				world_violation("rotation: expected a name that was never used, but %s became %s "
				                "again", from, to);
			}
			return;
		}
	}
	check_time(to);
	node->names->list = arena_grow(node->names->list, &node->names->room, node->names->len + 1, sizeof(*node->names->list));
	(void)snprintf(node->names->list[node->names->len].name, DISK_NAME_SIZE, "%s", to);
	node->names->list[node->names->len].begun = inode->begun;
	node->names->list[node->names->len++].durable = false;
}

uint64_t names_begun(const char *name) {
	size_t len = strlen(name) - (ends_with(name, ".gz") ? 3 : 0);
	for (size_t i = 0; i < node->names->len; i++) {
		if (strlen(node->names->list[i].name) == len && strncmp(node->names->list[i].name, name, len) == 0) {
			return node->names->list[i].begun;
		}
	}
	return 0;
}

/* Rotated files by their time: how many there are, and whether this one is the oldest. */
static int count_groups(const char *name, bool *ret_oldest) {
	enum { STAMP = 26 }; /* "occupancy-20261123T000000Z" */
	int groups = 0;
	*ret_oldest = true;
	for (size_t i = 0; i < disk->log.now.len; i++) {
		const char *other = disk->log.now.entries[i].name;
		bool first = true;
		if (!is_rotated(other)) {
			continue;
		}
		for (size_t j = 0; j < i; j++) {
			first = first && strncmp(disk->log.now.entries[j].name, other, STAMP) != 0;
		}
		groups += first;
		*ret_oldest = *ret_oldest && strncmp(name, other, STAMP) <= 0;
	}
	return groups;
}

void names_removed(const char *name, struct inode *inode) {
	char twin[DISK_NAME_SIZE + 4];
	(void)snprintf(twin, sizeof(twin), "%s.gz", name);
	if (!is_rotated(name)) {
		bool bare = inode->size == 0 || record_text_is_bare((const char *)inode->data, inode->size);
		if (!bare && name[0] != '.') {
			world_violation("retention: %s was removed, with %zu bytes in it", name, inode->size);
		}
		return;
	}
	if (!ends_with(name, ".gz") && disk_look_up(&disk->log.now, twin)) {
		return; /* its compressed form takes its place */
	}

	bool oldest;
	const struct setup *setup = &setups->versions[node->version];
	int groups = count_groups(name, &oldest);
	bool too_old = setup->keep_age > 0 && world->now - time_of(name) > setup->keep_age - TOLERANCE;
	/* One that cannot be removed counts as gone. */
	if ((groups < 2 && !too_old) || (!oldest && !node->disk_troubled)) {
		world_violation("retention: expected the oldest of several to go, but %s was removed, one of %d",
		                name, groups);
	}
	bool too_many = setup->keep > 0 && groups > setup->keep;
	if (setup->keep_kib == 0 && node->version == 0 && !too_many && !too_old) {
		world_violation("retention: expected %d rotated files to be kept for %lld h, but %s was removed, one of %d",
		                setup->keep, (long long)(setup->keep_age / USEC_PER_HOUR), name, groups);
	}
	disk_keep(name, inode);
}

void names_durable(void) {
	for (size_t i = 0; i < node->names->len; i++) {
		node->names->list[i].durable = true;
	}
}

void names_after_crash(void) {
	size_t kept = 0;
	for (size_t i = 0; i < node->names->len; i++) {
		if (node->names->list[i].durable || disk_look_up(&disk->log.now, node->names->list[i].name)) {
			node->names->list[kept++] = node->names->list[i];
		}
	}
	node->names->len = kept;
}
