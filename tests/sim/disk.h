// SPDX-License-Identifier: ISC

/*
 * The disk: two directories of files, what is in them, and what of it would
 * survive a crash.
 *
 * A file's bytes become durable by a sync of the file; what is created, renamed and
 * removed by a sync of its directory, and by nothing else.  disk_crash() decides
 * by dice what of the rest survives: of a file's unsynced bytes none, all, or those
 * up to any byte; an unsynced cut may be undone; of a directory's unsynced changes
 * the first few, or, on a disk that keeps no order, any that do not build on another.  After a failed sync the bytes count
 * as clean without being durable.
 *
 * file.c puts the daemon's calls on top, and the faults.
 */

#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "base/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_LOG "/sim/log"
#define DISK_STATE "/sim/state"
#define DISK_SPOOL "/sim/state/spool"

enum { DISK_NAME_SIZE = 96 };

struct inode {
	uint64_t number;
	uint64_t begun;            /* its place among all files, by when the first byte came */
	char *data;
	size_t size, room;
	size_t synced;             /* so many of the bytes are durable */
	int64_t reserved;          /* room set aside for more of them */
	char *before;              /* the durable bytes from before a cut that is not, or NULL */
	size_t before_size;
	size_t lowest;             /* the size of the deepest cut since the last sync */
	size_t lost_from, lost_to; /* bytes that a failed sync has dropped from memory */
	size_t seen;               /* so many of the durable ones the treaty knows, whole lines */
	usec_t mtime;
	int opens;                 /* descriptors of the life at hand */
	int links;                 /* names and changes of names, durable or not */
	bool kept;                 /* the attic has it */
	struct inode *next, **link;
};

struct entry {
	char name[DISK_NAME_SIZE];
	struct inode *inode;
};

struct listing {
	struct entry *entries;
	size_t len, room;
};

/** A change of a directory that a crash may undo.  "" for from: created; for to: removed. */
struct change {
	char from[DISK_NAME_SIZE], to[DISK_NAME_SIZE];
	struct inode *inode;
};

struct directory {
	const char *path;
	struct listing now, durable;
	struct change *changes;
	size_t changes_len, changes_room;
};

/** A file that is no longer on the disk, by no fault of the daemon's, and what it held. */
struct keepsake {
	char name[DISK_NAME_SIZE];
	struct inode *inode;
	usec_t at;
};

struct disk {
	struct directory log, state;
	struct directory spool; /* path NULL: there is none */
	struct inode *inodes;
	uint64_t next_inode;
	uint64_t files_begun;
	bool unordered;   /* changes of a directory reach it in any order */
	bool reserves;    /* room can be set aside on it */
	bool apart;       /* the state directory is on a disk of its own, which never fills up */
	int64_t used;     /* bytes of all files, and what is set aside for them */
	int64_t capacity; /* INT64_MAX: no end */
	struct keepsake *attic;
	size_t attic_len, attic_room;
};

extern struct disk *disk;

void disk_init(void);

/** The directory of a path and the name in it; NULL if there is no such directory. */
struct directory *disk_find(const char *path, const char **ret_name);

struct inode *disk_look_up(const struct listing *listing, const char *name);

/** An empty file under that name, which is free. */
struct inode *disk_create(struct directory *directory, const char *name);

/** Moves or (to is "") removes a name; what stood at the other name is gone. */
void disk_rename(struct directory *directory, const char *from, const char *to);

void disk_append(struct inode *inode, const void *bytes, size_t len);
void disk_cut(struct inode *inode, size_t size);

/** Sets that much room aside behind the file's end, in all; 0 gives it back. */
void disk_reserve(struct inode *inode, int64_t room);

void disk_sync(struct inode *inode);
void disk_sync_directory(struct directory *directory);

/** A sync that fails once: the dirty bytes are called clean, and are not durable. */
void disk_sync_fails(struct inode *inode);

/** Frees a file that nothing refers to any more. */
void disk_collect(struct inode *inode);

/** Keeps a file's content under that name for the audit at the end. */
void disk_keep(const char *name, struct inode *inode);

/** The same for a copy of its content as it is now. */
void disk_keep_copy(const char *name, const struct inode *inode);

/** The life is over: its descriptors are closed. */
void disk_close_all(void);

/** The machine has crashed. */
void disk_crash(void);

/** Whether the bytes of a file that a crash would leave are those it has now. */
bool disk_is_durable(const struct inode *inode);

#endif
