// SPDX-License-Identifier: ISC

#include "disk.h"

#include "arena.h"
#include "treaty.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

struct disk *disk;

void disk_init(void) {
	disk = node->disk = arena_new(sizeof(*disk));
	disk->log.path = DISK_LOG;
	disk->state.path = DISK_STATE;
	disk->capacity = INT64_MAX;
	disk->next_inode = 1000;
	disk->unordered = world->seed % 2 == 0;
	disk->reserves = world->seed % 5 != 0;
	disk->apart = world->seed % 3 != 0;
}

/* Names */

struct directory *disk_find(const char *path, const char **ret_name) {
	struct directory *const all[] = {&disk->spool, &disk->log, &disk->state};
	for (size_t i = disk->spool.path ? 0 : 1; i < 3; i++) {
		size_t len = strlen(all[i]->path);
		if (strncmp(path, all[i]->path, len) == 0 && (path[len] == '/' || path[len] == '\0')) {
			*ret_name = path + len + (path[len] == '/');
			return all[i];
		}
	}
	return NULL;
}

static struct entry *find(const struct listing *listing, const char *name) {
	for (size_t i = 0; i < listing->len; i++) {
		if (strcmp(listing->entries[i].name, name) == 0) {
			return &listing->entries[i];
		}
	}
	return NULL;
}

struct inode *disk_look_up(const struct listing *listing, const char *name) {
	const struct entry *entry = find(listing, name);
	return entry ? entry->inode : NULL;
}

static void refer(struct inode *inode) {
	inode->links++;
}

static void release(struct inode *inode) {
	inode->links--;
	disk_collect(inode);
}

static void listing_set(struct listing *listing, const char *name, struct inode *inode) {
	struct entry *entry = find(listing, name);
	struct inode *replaced = entry ? entry->inode : NULL;
	if (!entry) {
		listing->entries = arena_grow(listing->entries, &listing->room, listing->len + 1,
		                              sizeof(*listing->entries));
		entry = &listing->entries[listing->len++];
		(void)snprintf(entry->name, sizeof(entry->name), "%s", name);
	}
	entry->inode = inode;
	refer(inode);
	if (replaced) {
		release(replaced);
	}
}

static void listing_unset(struct listing *listing, const char *name) {
	struct entry *entry = find(listing, name);
	if (entry) {
		struct inode *removed = entry->inode;
		*entry = listing->entries[--listing->len];
		release(removed);
	}
}

static void listing_copy(struct listing *to, const struct listing *from) {
	for (size_t i = 0; i < from->len; i++) {
		refer(from->entries[i].inode);
	}
	for (size_t i = 0; i < to->len; i++) {
		release(to->entries[i].inode);
	}
	to->entries = arena_grow(to->entries, &to->room, from->len, sizeof(*to->entries));
	if (from->len > 0) {
		memcpy(to->entries, from->entries, from->len * sizeof(*to->entries));
	}
	to->len = from->len;
}

static void apply(struct listing *listing, const struct change *change) {
	if (change->from[0]) {
		listing_unset(listing, change->from);
	}
	if (change->to[0]) {
		listing_set(listing, change->to, change->inode);
	}
}

static void make_change(struct directory *directory, const char *from, const char *to,
                        struct inode *inode) {
	directory->changes = arena_grow(directory->changes, &directory->changes_room,
	                                directory->changes_len + 1, sizeof(*directory->changes));
	struct change *change = &directory->changes[directory->changes_len++];
	(void)snprintf(change->from, sizeof(change->from), "%s", from);
	(void)snprintf(change->to, sizeof(change->to), "%s", to);
	change->inode = inode;
	refer(inode);
	apply(&directory->now, change);
}

static void forget_changes(struct directory *directory) {
	for (size_t i = 0; i < directory->changes_len; i++) {
		release(directory->changes[i].inode);
	}
	directory->changes_len = 0;
}

struct inode *disk_create(struct directory *directory, const char *name) {
	struct inode *inode = arena_new(sizeof(*inode));
	inode->number = disk->next_inode++;
	inode->mtime = world_wall();
	inode->next = disk->inodes;
	inode->link = &disk->inodes;
	if (inode->next) {
		inode->next->link = &inode->next;
	}
	disk->inodes = inode;
	make_change(directory, "", name, inode);
	return inode;
}

void disk_rename(struct directory *directory, const char *from, const char *to) {
	struct inode *moved = disk_look_up(&directory->now, from);
	make_change(directory, from, to, moved);
}

void disk_sync_directory(struct directory *directory) {
	if (directory->changes_len > 0) {
		listing_copy(&directory->durable, &directory->now);
		forget_changes(directory);
	}
}

/* Bytes */

void disk_append(struct inode *inode, const void *bytes, size_t len) {
	if (inode->size == 0) {
		inode->begun = ++disk->files_begun;
	}
	inode->data = arena_grow(inode->data, &inode->room, inode->size + len, 1);
	memcpy(inode->data + inode->size, bytes, len);
	inode->size += len;
	inode->mtime = world_wall();
	disk->used += (int64_t)len;
	disk_reserve(inode, (int64_t)len < inode->reserved ? inode->reserved - (int64_t)len : 0);
}

void disk_reserve(struct inode *inode, int64_t room) {
	disk->used += room - inode->reserved;
	inode->reserved = room;
}

void disk_cut(struct inode *inode, size_t size) {
	if (size < inode->synced) {
		if (!inode->before) {
			inode->before = arena_new(inode->synced);
			inode->before_size = inode->synced;
			memcpy(inode->before, inode->data, inode->synced);
		}
		inode->synced = size;
	}
	inode->lowest = size < inode->lowest ? size : inode->lowest;
	if (inode->lost_to > size) {
		inode->lost_to = size;
	}
	disk_reserve(inode, 0);
	disk->used += (int64_t)size - (int64_t)inode->size;
	inode->size = size;
	inode->mtime = world_wall();
}

static void forget_before(struct inode *inode) {
	arena_free(inode->before, inode->before_size);
	inode->before = NULL;
	inode->before_size = 0;
}

void disk_sync(struct inode *inode) {
	forget_before(inode);
	inode->synced = inode->size;
	inode->lowest = inode->size;
	treaty_synced(inode);
}

void disk_sync_fails(struct inode *inode) {
	if (inode->size > inode->synced) {
		if (inode->lost_to <= inode->lost_from) {
			inode->lost_from = inode->synced;
		}
		inode->lost_to = inode->size;
		inode->synced = inode->size;
		inode->lowest = inode->size;
	}
}

bool disk_is_durable(const struct inode *inode) {
	return !inode->before && inode->synced == inode->size && inode->lost_to <= inode->lost_from;
}

/* Files that nobody refers to */

void disk_collect(struct inode *inode) {
	if (inode->links > 0 || inode->opens > 0 || inode->kept) {
		return;
	}
	*inode->link = inode->next;
	if (inode->next) {
		inode->next->link = inode->link;
	}
	disk_reserve(inode, 0);
	disk->used -= (int64_t)inode->size;
	forget_before(inode);
	arena_free(inode->data, inode->room);
	arena_free(inode, sizeof(*inode));
}

void disk_keep(const char *name, struct inode *inode) {
	disk->attic = arena_grow(disk->attic, &disk->attic_room, disk->attic_len + 1,
	                         sizeof(*disk->attic));
	struct keepsake *keepsake = &disk->attic[disk->attic_len++];
	(void)snprintf(keepsake->name, sizeof(keepsake->name), "%s", name);
	keepsake->inode = inode;
	keepsake->at = world->now;
	inode->kept = true;
}

void disk_keep_copy(const char *name, const struct inode *inode) {
	struct inode *copy = arena_new(sizeof(*copy));
	copy->number = inode->number;
	copy->begun = inode->begun;
	copy->data = arena_grow(NULL, &copy->room, inode->size + 1, 1);
	if (inode->size > 0) {
		memcpy(copy->data, inode->data, inode->size);
	}
	copy->size = copy->synced = inode->size;
	disk_keep(name, copy);
}

/* The ends of lives */

void disk_close_all(void) {
	for (struct inode *inode = disk->inodes, *next; inode; inode = next) {
		next = inode->next;
		inode->opens = 0;
		inode->lost_from = inode->lost_to = 0;
		disk_collect(inode);
	}
}

static void set_content(struct inode *inode, const char *bytes, size_t size) {
	char *copy = size > 0 ? arena_new(size) : NULL;
	if (copy) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): there are bytes where there is a size */
		memcpy(copy, bytes, size);
	}
	disk->used += (int64_t)size - (int64_t)inode->size;
	arena_free(inode->data, inode->room);
	inode->data = copy;
	inode->room = size;
	inode->size = size;
}

/* What a failed sync dropped is not there, or is zeros. */
static void drop_lost(struct inode *inode) {
	if (inode->lost_to > inode->lost_from && inode->lost_from < inode->size) {
		if (inode->lost_to < inode->size || dice_permille(&world->os, 500)) {
			size_t end = inode->lost_to < inode->size ? inode->lost_to : inode->size;
			memset(inode->data + inode->lost_from, 0, end - inode->lost_from);
		} else {
			set_content(inode, inode->data, inode->lost_from);
			inode->synced = inode->size < inode->synced ? inode->size : inode->synced;
		}
	}
	inode->lost_from = inode->lost_to = 0;
}

static void crash_file(struct inode *inode) {
	drop_lost(inode);
	if (inode->before || inode->size != inode->synced) {
		size_t low = inode->lowest < inode->synced ? inode->lowest : inode->synced;
		size_t high = inode->size > low ? inode->size : low;
		switch (dice_below(&world->os, 4)) {
		case 0: /* nothing since the last sync has reached the disk */
			if (inode->before) {
				set_content(inode, inode->before, inode->before_size);
			} else {
				set_content(inode, inode->data, inode->synced);
			}
			break;
		case 1: /* all of it has */
			break;
		default:
			set_content(inode, inode->data,
			            (size_t)dice_between(&world->os, (int64_t)low, (int64_t)high));
			break;
		}
		if (inode->size > 0 || inode->before_size > 0) {
			world_note("crash: file %llu is left with %zu bytes", (unsigned long long)inode->number,
			           inode->size);
		}
	}
	disk_sync(inode);
}

static bool touches(const struct change *change, const struct change *other) {
	const char *const names[] = {other->from, other->to};
	for (size_t i = 0; i < 2; i++) {
		if (names[i][0] && (strcmp(change->from, names[i]) == 0 || strcmp(change->to, names[i]) == 0)) {
			return true;
		}
	}
	return change->inode == other->inode;
}

/* Whether a change builds on one that was undone. */
static bool is_orphaned(const struct directory *directory, size_t at, const bool *undone) {
	for (size_t i = 0; i < at; i++) {
		if (undone[i] && touches(&directory->changes[at], &directory->changes[i])) {
			return true;
		}
	}
	return false;
}

/* Some disks keep the order of changes, so that the first few survive; others only where they must. */
static void crash_directory(struct directory *directory) {
	size_t len = directory->changes_len;
	size_t survive = (size_t)dice_between(&world->os, 0, (int64_t)len), kept = 0;
	bool *undone = arena_new(len + 1);

	for (size_t i = 0; i < len; i++) {
		undone[i] = disk->unordered ? dice_permille(&world->os, 400) || is_orphaned(directory, i, undone)
		                            : i >= survive;
		if (!undone[i]) {
			apply(&directory->durable, &directory->changes[i]);
			kept++;
		}
	}
	if (len > 0) {
		world_note("crash: %s: %zu of %zu changes survive", directory->path, kept, len);
	}
	arena_free(undone, len + 1);
	listing_copy(&directory->now, &directory->durable);
	forget_changes(directory);
}

void disk_crash(void) {
	crash_directory(&disk->log);
	crash_directory(&disk->state);
	if (disk->spool.path) {
		crash_directory(&disk->spool);
	}
	for (struct inode *inode = disk->inodes; inode; inode = inode->next) {
		crash_file(inode);
	}
	disk_close_all();
}
