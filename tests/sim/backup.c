// SPDX-License-Identifier: ISC

#include "backup.h"

#include "arena.h"
#include "disk.h"
#include "ledger.h"
#include "lines.h"
#include "world.h"

#include <string.h>

struct backup {
	struct listing files; /* copies, which the disk does not know of */
	bool taken, wanted;
};

void backup_init(void) {
	node->backup = arena_new(sizeof(*node->backup));
}

static struct inode *copy_of(const struct inode *inode) {
	struct inode *copy = arena_new(sizeof(*copy));
	copy->begun = inode->begun;
	copy->mtime = inode->mtime;
	copy->size = inode->size;
	copy->data = arena_grow(NULL, &copy->room, inode->size + 1, 1);
	if (inode->size > 0) {
		memcpy(copy->data, inode->data, inode->size);
	}
	return copy;
}

void backup_take(void) {
	const struct listing *now = &disk->log.now;
	if (node->meddled || disk->attic_len > 0 || node->backup->wanted) {
		return;
	}
	node->backup->files.len = 0;
	for (size_t i = 0; i < now->len; i++) {
		if (now->entries[i].name[0] == '.') {
			continue;
		}
		node->backup->files.entries = arena_grow(node->backup->files.entries, &node->backup->files.room, node->backup->files.len + 1,
		                                   sizeof(*node->backup->files.entries));
		struct entry *entry = &node->backup->files.entries[node->backup->files.len++];
		*entry = now->entries[i];
		entry->inode = copy_of(now->entries[i].inode);
	}
	node->backup->taken = true;
	world_note("a backup is taken of %zu files", node->backup->files.len);
}

bool backup_want(void) {
	node->backup->wanted = node->backup->taken;
	return node->backup->wanted;
}

static bool is_current(const char *name) {
	return strncmp(name, "occupancy.", 10) == 0;
}

/* The name of the latest rotated file; "" if there is none. */
static const char *newest_of(const struct listing *listing) {
	const char *newest = "";
	for (size_t i = 0; i < listing->len; i++) {
		const char *name = listing->entries[i].name;
		if (strncmp(name, "occupancy-", 10) == 0 && strcmp(name, newest) > 0) {
			newest = name;
		}
	}
	return newest;
}

/* Whether it holds no record, but a header perhaps, as it does just after a rotation. */
static bool is_bare(const struct inode *inode) {
	const char *end = inode->size > 0 ? memchr(inode->data, '\n', inode->size) : NULL;
	return !end || (inode->data[0] != '{' && (size_t)(end + 1 - inode->data) == inode->size);
}

/*
 * Whether the copy was made just after the latest rotation.  It looks like a log that has gone on since, and
 * whose current file others have moved away, which is their right: see occupancyd(8).
 */
static bool is_ambiguous(void) {
	static const size_t stamp_len = sizeof("occupancy-20260101T000000Z") - 1;
	for (size_t i = 0; i < node->backup->files.len; i++) {
		if (is_current(node->backup->files.entries[i].name) && !is_bare(node->backup->files.entries[i].inode)) {
			return false;
		}
	}
	return strncmp(newest_of(&node->backup->files), newest_of(&disk->log.now), stamp_len) == 0;
}

/*
 * Devices that are not in the copy begin anew, where nobody could say; and without a checkpoint
 * nobody knows that there is more than the copy.
 */
static bool is_fit(void) {
	const struct inode *checkpoint = disk_look_up(&disk->state.now, "checkpoint");
	if (!checkpoint || checkpoint->size == 0 || node->damages > 0 || is_ambiguous()) {
		return false;
	}
	for (int i = 0; i < ledger->len; i++) {
		if (!lines_mention(&node->backup->files, ledger->series[i].uuid, ledger->series[i].granularity)) {
			return false;
		}
	}
	return true;
}

bool backup_restore(void) {
	if (!node->backup->wanted) {
		return false;
	}
	node->backup->wanted = node->backup->taken = false;
	if (!is_fit()) {
		return false;
	}

	struct directory *log = &disk->log;
	while (log->now.len > 0) {
		disk_rename(log, log->now.entries[0].name, "");
	}
	for (size_t i = 0; i < node->backup->files.len; i++) {
		const struct inode *copy = node->backup->files.entries[i].inode;
		struct inode *inode = disk_create(log, node->backup->files.entries[i].name);
		disk_append(inode, copy->data, copy->size);
		inode->begun = copy->begun;
		inode->mtime = copy->mtime;
		disk_sync(inode);
	}
	disk_sync_directory(log);
	disk->attic_len = 0; /* what was removed since is in the copy */
	node->outsider = 0;
	world->figures.restorations++;
	world_note("the backup of %zu files is put back", node->backup->files.len);
	return true;
}
