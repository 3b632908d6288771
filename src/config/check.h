// SPDX-License-Identifier: ISC

/*
 * What must hold between settings, beyond the range of each.
 */

#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "base/error.h"
#include "config/keys.h"

#include <assert.h>

#define KEY_BIT(id) ((uint64_t)1 << (id))

static_assert(KEY_COUNT <= 64, "a set of keys is one word");

enum { BLAME_MAX = 4 };

struct group_rule {
	uint64_t about;                /* the keys it looks at */
	enum key_id blame[BLAME_MAX];  /* reported for the first of them that is set; KEY_COUNT ends the list */
	/**
	 * Looks at the group's struct.  set: the keys that were written, rather
	 * than filled in.  Returns 0, or -EINVAL with a sentence.
	 */
	int (*check)(const void *draft, uint64_t set, struct error *err);
};

/** Ends with a rule whose check is NULL; for a group without rules that is the first. */
const struct group_rule *rules_of(enum key_group group);

/**
 * Fills in what depends on other settings: the window, where none is written, and
 * the back-fill, where the default is less than the window needs.  A window that
 * stands in `defaults` only (not in own) is none for days, weeks and months.
 * set: all keys that were written, for the device or in the defaults.
 */
__attribute__((nonnull))
void settings_complete(struct device_draft *draft, uint64_t own, uint64_t set);

/** Whether a window of that length is made of whole buckets and divides a day. */
bool window_fits(enum interval interval, usec_t window);

/** Whether the interval's only window is its bucket. */
bool window_is_fixed(enum interval interval);

#endif
