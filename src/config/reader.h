// SPDX-License-Identifier: ISC

/*
 * A configuration being read: what the steps of config_load() share.
 *
 *   read.c       the files and the order of the steps
 *   reader.c     a group by the table of keys: { key = value; ... }
 *   accounts.c   the members of accounts
 *   devices.c    defaults and the members of devices
 *   membership.c the cluster block
 */

#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "base/index.h"
#include "config/check.h"
#include "config/labels.h"
#include "config/problems.h"
#include "config/tree.h"

/** A source and, unless it is broken, what it says. */
struct reader_file {
	struct source source;
	struct tree *tree;
};

/** A group of settings that is being read, or has been. */
struct member {
	const struct source *source;
	enum key_group group;
	long at;                /* its place in the list; -1: not in one */
	int line;
	const char *name;       /* NULL: not known */
	uint64_t set;           /* KEY_BIT of what is written and good */
	uint64_t bad;           /* KEY_BIT of what is written and wrong */
	int lines[KEY_COUNT];
};

struct reader {
	struct config *config;
	struct config_memory *memory;
	struct problem_list problems;
	struct reader_file *files; /* [0] is the main file */
	size_t file_count;

	bool files_whole;    /* no file is broken: what was not found is not there */
	bool accounts_whole; /* every account's name is known */

	struct member defaults;
	struct device_draft default_draft;
	struct labels default_labels;
	uint64_t rules_told; /* of the defaults, by position */

	struct index by_account, by_identity, by_name;
	bool failed; /* there was no memory */
};

/** Adds a problem of a key of the member, or with KEY_COUNT of the member itself. */
__attribute__((format(printf, 4, 5), nonnull(1, 2, 4)))
void reader_report(struct reader *reader, const struct member *member, enum key_id id, const char *format,
                   ...);

/** The line and source of a setting that is written, or of the member. */
__attribute__((nonnull))
struct place member_place(const struct member *member, enum key_id id);

/**
 * Reads all keys of a member that the table knows, into the struct of its
 * group, and reports the rest.  labels: what TYPE_LABELS adds to, if the group
 * has it.
 */
__attribute__((nonnull(1, 2, 3, 4)))
void reader_read(struct reader *reader, struct member *member, const struct config_setting_t *node, void *into,
                 struct labels *labels);

/** Fills in all defaults of a group. */
__attribute__((nonnull))
void reader_fill(struct reader *reader, enum key_group group, void *into);

/** Reports the required keys that are not there. */
__attribute__((nonnull))
void reader_require(struct reader *reader, const struct member *member);

/** Applies a group's rules to one member; not for devices, which inherit. */
__attribute__((nonnull))
void reader_check(struct reader *reader, const struct member *member, const void *draft);

#endif
