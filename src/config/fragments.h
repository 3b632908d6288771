// SPDX-License-Identifier: ISC

/*
 * Which files make up a configuration.
 */

#ifndef CONFIG_FRAGMENTS_H
#define CONFIG_FRAGMENTS_H

#include "base/error.h"

#include <stddef.h>

struct fragments {
	char *directory; /* conf.d beside the main file */
	char **files;    /* in the order of their names */
	size_t count;
};

/**
 * Lists conf.d/NAME.conf beside the main file; names that begin with a dot do
 * not count.  A directory that does not exist holds none.
 *
 * Returns 0, -ENOMEM, or -errno with a sentence.  fragments_done() afterwards,
 * whatever it returned.
 */
__attribute__((warn_unused_result, nonnull))
int fragments_list(const char *main_file, struct fragments *ret, struct error *err);

void fragments_done(struct fragments *fragments);

#endif
