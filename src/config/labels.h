// SPDX-License-Identifier: ISC

/*
 * Labels: what an administrator wants to find again in each record of a device.
 */

#ifndef CONFIG_LABELS_H
#define CONFIG_LABELS_H

#include "config/memory.h"

enum { LABELS_MAX = 32, LABEL_NAME_MAX = 64, LABEL_VALUE_MAX = 256 };

struct label {
	const char *name, *value;
};

struct labels {
	struct label items[LABELS_MAX];
	size_t count;
};

/**
 * Sets a label, replacing one of the same name.  The texts are copied.
 *
 * Returns 0, -EINVAL with a sentence, or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int labels_set(struct labels *labels, const char *name, const char *value, struct config_memory *memory,
               struct error *err);

/**
 * As a JSON object, in the order in which they were set; NULL for none.
 *
 * Returns 0 or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int labels_json(const struct labels *labels, struct config_memory *memory, const char **ret_json);

#endif
