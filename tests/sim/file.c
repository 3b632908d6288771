// SPDX-License-Identifier: ISC

/*
 * The double of base/file.h: the daemon's disk calls on the simulated disk, with
 * the faults that the plan holds.
 */

#include "base/file.h"

#include "arena.h"
#include "disk.h"
#include "names.h"
#include "people.h"
#include "plan.h"
#include "treaty.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_FD = 5000, FDS = 64 };

/* Of this life: they vanish with it. */
static struct {
	struct inode *inode;
	enum file_access access;
} fds[FDS];

/* Before and after each call: time passes, and the end may have come. */
static void pass(usec_t most) {
	node_sleep(1 + dice_below(&world->os, most), false);
}

static void meet(bool operation) {
	if (world_is_doomed(operation)) {
		world_meet_doom();
	}
}

static void show(const char *what, const char *path, int64_t outcome) {
	world->figures.disk_operations++;
	if (tracing) {
		world_note("disk: %s %s: %lld", what, path, (long long)outcome);
	} else {
		world_mix((uint64_t)what[0] << 8 | (uint64_t)what[1], (uint64_t)outcome);
		world_mix_bytes(path, strlen(path));
	}
}

static int fault(int error) {
	world->figures.disk_faults++;
	node->disk_troubled = true;
	return -error;
}

/* What the plan says of an operation: 0 or -errno. */
static int trouble(bool writes) {
	const struct event *event;
	if (writes && plan_active(EVENT_DISK_FROZEN, -1)) {
		return fault(EROFS);
	}
	if ((event = plan_active(EVENT_DISK_ERROR, -1)) && dice_permille(&world->os, (int)event->arg)) {
		return fault(EIO);
	}
	return 0;
}

/* NULL: it has none there. */
static const char *name_in(const struct listing *listing, const struct inode *inode) {
	for (size_t i = 0; i < listing->len; i++) {
		if (listing->entries[i].inode == inode) {
			return listing->entries[i].name;
		}
	}
	return NULL;
}

static int64_t room_left(const struct inode *inode) {
	return disk->capacity == INT64_MAX || (disk->apart && name_in(&disk->state.now, inode)) ? INT64_MAX
	       : disk->capacity > disk->used                                   ? disk->capacity - disk->used
	                                                                       : 0;
}

static int full(void) {
	const struct event *event = plan_active(EVENT_DISK_FULL, -1);
	return fault(event && event->arg2 ? EDQUOT : ENOSPC);
}

/* Begins an operation; a doomed one happens or does not, by the dice. */
static int begin(bool writes) {
	pass(4);
	meet(true);
	return trouble(writes);
}

static const char *name_of(const struct inode *inode) {
	const char *name = name_in(&disk->log.now, inode);
	return name ? name : "-";
}

static struct inode *inode_of(int fd) {
	if (fd < FIRST_FD || fd >= FIRST_FD + FDS || !fds[fd - FIRST_FD].inode) {
		world_violation("a file operation on descriptor %d, which is not open", fd);
		abort(); /* only lives work on files, and the violation has ended this one */
	}
	return fds[fd - FIRST_FD].inode;
}

/* Opening */

static int open_inode(struct directory *directory, const char *name, enum file_access access,
                      struct inode **ret) {
	struct inode *inode = disk_look_up(&directory->now, name);
	int r;

	if (inode && access == FILE_CREATE) {
		return -EEXIST;
	}
	if (!inode && access == FILE_READ) {
		return -ENOENT;
	}
	r = trouble(access != FILE_READ);
	if (r < 0) {
		return r;
	}
	*ret = inode ? inode : disk_create(directory, name);
	return 0;
}

int file_open(const char *path, enum file_access access, mode_t mode) {
	const char *name;
	struct directory *directory = disk_find(path, &name);
	struct inode *inode = NULL;
	int slot = 0;

	(void)mode;
	pass(4);
	meet(true);
	int r = directory && name[0] ? open_inode(directory, name, access, &inode) : -ENOENT;
	if (r == 0) {
		while (slot < FDS && fds[slot].inode) {
			slot++;
		}
		if (slot == FDS) {
			world_violation("%d files are open at once: descriptors leak", FDS);
			abort();
		}
		fds[slot].inode = inode;
		fds[slot].access = access;
		inode->opens++;
		r = FIRST_FD + slot;
	}
	show("open", path, r);
	return r;
}

void file_close(int fd) {
	if (fd >= 0) {
		struct inode *inode = inode_of(fd);
		/* cppcheck-suppress negativeIndex ; inode_of() has ended a life that closes what is not open */
		fds[fd - FIRST_FD].inode = NULL;
		inode->opens--;
		disk_collect(inode);
	}
}

/* Bytes */

/* What is written to the log for want of room and taken back has been seen by its readers. */
static void check_unseen(const struct inode *inode, size_t whole) {
	const char *name = name_of(inode);
	if (disk->reserves && whole > 0 && strncmp(name, "occupancy.", 10) == 0) {
		world_violation("full disk: expected nothing to be written to %s that has no room, but %zu bytes were",
		                name, whole);
	}
}

int file_write(int fd, const void *data, size_t len, size_t *ret_written) {
	struct inode *inode = inode_of(fd);
	size_t whole = len;
	int r;

	pass(20);
	if (len > 0 && world_is_doomed(true)) {
		disk_append(inode, data, (size_t)dice_between(&world->os, 0, (int64_t)len));
		world_meet_doom();
	}
	r = trouble(true);
	if (r < 0) {
		whole = r == -EROFS ? 0 : (size_t)dice_below(&world->os, (int64_t)len);
	} else if ((int64_t)len - inode->reserved > room_left(inode)) {
		whole = (size_t)(room_left(inode) + inode->reserved);
		r = full();
		check_unseen(inode, whole);
	}
	if (whole > 0) {
		disk_append(inode, data, whole);
		world_mix_bytes(data, whole);
	}
	if (ret_written) {
		*ret_written = whole;
	}
	show("write", name_of(inode), r < 0 ? r : (int64_t)whole);
	return r;
}

int64_t file_read(int fd, void *data, size_t len, int64_t offset) {
	const struct inode *inode = inode_of(fd);
	int64_t r = begin(false);

	if (r == 0 && offset < (int64_t)inode->size) {
		size_t left = inode->size - (size_t)offset;
		r = (int64_t)(len < left ? len : left);
		memcpy(data, inode->data + offset, (size_t)r);
	}
	show("read", name_of(inode), r);
	return r;
}

static int sync_inode(int fd) {
	struct inode *inode = inode_of(fd);
	int r = begin(false);

	if (r == 0 && node->sync_fails && !disk_is_durable(inode)) {
		node->sync_fails = false;
		disk_sync_fails(inode);
		r = fault(EIO);
	} else if (r < 0) {
		disk_sync_fails(inode);
	}
	if (r == 0) {
		pass(plan->disk_latency);
		disk_sync(inode);
		meet(false);
	}
	show("sync", name_of(inode), r);
	return r;
}

int file_sync(int fd) {
	return sync_inode(fd);
}

int file_sync_all(int fd) {
	return sync_inode(fd);
}

int file_truncate(int fd, int64_t size) {
	struct inode *inode = inode_of(fd);
	int r = begin(true);

	if (r == 0 && size < (int64_t)inode->size) {
		disk_cut(inode, (size_t)size);
	}
	show("truncate", name_of(inode), r < 0 ? r : size);
	return r;
}

/* On a full disk what room there was is gone all the same, as on ext4. */
int file_reserve(int fd, int64_t from, int64_t to) {
	struct inode *inode = inode_of(fd);
	int64_t wanted = to - (int64_t)inode->size;
	int r = disk->reserves ? begin(true) : -ENOTSUP;

	if (from != (int64_t)inode->size) {
		world_violation("room is reserved from %lld on, but the file ends at %zu", (long long)from, inode->size);
	}
	if (r == 0 && wanted - inode->reserved > room_left(inode)) {
		disk_reserve(inode, inode->reserved + room_left(inode));
		r = full();
	} else if (r == 0 && wanted > inode->reserved) {
		disk_reserve(inode, wanted);
	}
	show("reserve", name_of(inode), r);
	return r;
}

int file_unreserve(int fd) {
	struct inode *inode = inode_of(fd);
	int r = begin(true);

	if (r == 0) {
		disk_reserve(inode, 0);
	}
	show("unreserve", name_of(inode), r);
	return r;
}

/* Looking */

static void describe(const struct inode *inode, struct file_info *ret) {
	*ret = (struct file_info){
		.device = 64,
		.inode = inode->number,
		.size = (int64_t)inode->size,
		.mtime = inode->mtime,
		.regular = true,
	};
}

int file_stat(const char *path, struct file_info *ret) {
	const char *name;
	struct directory *directory = disk_find(path, &name);
	const struct inode *inode = directory ? disk_look_up(&directory->now, name) : NULL;
	int r = begin(false);

	if (r == 0 && inode) {
		describe(inode, ret);
	}
	return r < 0 ? r : inode ? 0 : -ENOENT;
}

int file_stat_open(int fd, struct file_info *ret) {
	int r = begin(false);
	if (r == 0) {
		describe(inode_of(fd), ret);
	}
	return r;
}

/* Names */

static int rename_inode(const char *from, const char *to, bool replaces) {
	const char *name, *new_name;
	struct directory *directory = disk_find(from, &name);
	struct directory *other = disk_find(to, &new_name);
	int r = begin(true);

	if (directory != other || !directory || !disk_look_up(&directory->now, name)) {
		r = r < 0 ? r : -ENOENT;
	} else if (r == 0 && !replaces && disk_look_up(&directory->now, new_name)) {
		r = -EEXIST;
	}
	if (r == 0) {
		if (directory == &disk->log) {
			names_given(name, new_name, disk_look_up(&directory->now, name));
		}
		disk_rename(directory, name, new_name);
	}
	show("rename", from, r);
	show("to", to, r);
	meet(false);
	return r;
}

int file_rename(const char *from, const char *to) {
	return rename_inode(from, to, true);
}

int file_rename_new(const char *from, const char *to) {
	return rename_inode(from, to, false);
}

int file_remove(const char *path) {
	const char *name;
	struct directory *directory = disk_find(path, &name);
	struct inode *inode = directory ? disk_look_up(&directory->now, name) : NULL;
	int r = begin(true);

	if (r == 0 && !inode) {
		r = -ENOENT;
	}
	if (r == 0) {
		if (directory == &disk->log) {
			names_removed(name, inode);
		}
		disk_rename(directory, name, "");
	}
	show("remove", path, r);
	return r;
}

int file_list(const char *directory, file_visit *visit, void *user) {
	const char *name;
	struct directory *found = disk_find(directory, &name);
	/* There are no directories in directories, and to see that takes no time. */
	int r = found && !name[0] ? begin(false) : -ENOENT;
	if (r < 0) {
		return r;
	}

	/* In no order. */
	size_t len = found->now.len;
	size_t start = (size_t)dice_below(&world->os, (int64_t)len);
	for (size_t i = 0; i < len; i++) {
		visit(found->now.entries[(start + i) % len].name, user);
	}
	return 0;
}

int file_sync_directory(const char *directory) {
	const char *name;
	struct directory *found = disk_find(directory, &name);
	int r = begin(false);

	if (r == 0 && !found) {
		r = -ENOENT;
	}
	if (r == 0) {
		pass(plan->disk_latency);
		disk_sync_directory(found);
		if (found == &disk->state) {
			people_checkpoint_saved();
			treaty_checkpoint();
		} else {
			names_durable();
		}
	}
	show("sync directory", directory, r);
	meet(false);
	return r;
}

int file_lock(int fd) {
	(void)inode_of(fd);
	return begin(false);
}

int file_lock_directory(const char *directory) {
	(void)directory;
	return -ENOTSUP; /* there is one daemon */
}
