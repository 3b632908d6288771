// SPDX-License-Identifier: ISC

/*
 * A parsed configuration text: the one user of libconfig.
 */

#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include "base/error.h"

#include <stddef.h>

/** A node, libconfig's setting: a scalar, or a group, list or array of them.  Owned by its tree. */
struct config_setting_t;

struct tree;

enum scalar_kind {
	SCALAR_STRING,
	SCALAR_INT,    /* fits an int */
	SCALAR_NUMBER, /* any other number: text is as written */
	SCALAR_BOOL,
	SCALAR_GROUP,  /* no scalar at all */
	SCALAR_LIST,
	SCALAR_ARRAY,
};

/** Room for the longest number and its NUL. */
enum { NUMBER_SIZE = 64 };

struct scalar {
	enum scalar_kind kind;
	const char *text;         /* SCALAR_STRING: the node's; SCALAR_NUMBER: digits */
	int number;               /* SCALAR_INT, SCALAR_BOOL */
	char digits[NUMBER_SIZE];
};

/**
 * libconfig changes some numbers silently.  Those are written to it as a string
 * that begins and ends with this character, and read back as SCALAR_NUMBER.
 */
#define TREE_NUMBER_MARK '\x01'

void tree_free(struct tree *tree);

/**
 * Parses.  Returns 0 and a tree to be given to tree_free(); -EINVAL with a
 * sentence and the line it is about; or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int tree_parse(const char *text, struct tree **ret_tree, int *ret_line, struct error *err);

/** The top: a group. */
__attribute__((nonnull))
const struct config_setting_t *tree_root(const struct tree *tree);

/** Members of a group, list or array; 0 for a scalar. */
__attribute__((nonnull))
size_t node_count(const struct config_setting_t *node);

/** The member at that place, which must be below node_count(). */
__attribute__((nonnull))
const struct config_setting_t *node_at(const struct config_setting_t *node, size_t at);

/** NULL for a member of a list or array. */
__attribute__((nonnull))
const char *node_name(const struct config_setting_t *node);

__attribute__((nonnull))
int node_line(const struct config_setting_t *node);

/** The kind, and for a scalar the value, which lives as long as node and ret do. */
__attribute__((nonnull))
void node_read(const struct config_setting_t *node, struct scalar *ret);

#endif
