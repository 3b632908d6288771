// SPDX-License-Identifier: ISC

/* Where the tests' temporary files go. */

#ifndef TESTS_UNIT_TEMPORARY_H
#define TESTS_UNIT_TEMPORARY_H

#include <stdlib.h>
#include <string.h>

enum { TEMPORARY_MAX = 40 };

/* TMPDIR, or /tmp where that is not set or longer than TEMPORARY_MAX. */
static inline const char *temporary(void) {
	const char *directory = getenv("TMPDIR");
	return directory && strlen(directory) <= TEMPORARY_MAX ? directory : "/tmp";
}

#endif
