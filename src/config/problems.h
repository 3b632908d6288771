// SPDX-License-Identifier: ISC

/*
 * Mistakes, gathered as they are found and reported in the order of the files.
 */

#ifndef CONFIG_PROBLEMS_H
#define CONFIG_PROBLEMS_H

#include "config/source.h"

#include <stdarg.h>

/** Every mistake found, one "FILE:LINE: SETTING: sentence\n" each, in text. */
struct config_problems {
	struct buf text;
	int count;
};

__attribute__((nonnull))
void config_problems_init(struct config_problems *problems);

/** NULL is ignored. */
void config_problems_done(struct config_problems *problems);

struct problem {
	const struct source *source;
	int line;  /* in the source's text */
	int order; /* in which they were found */
	char *text;
};

/** All zero is an empty list. */
struct problem_list {
	struct problem *items;
	size_t count, size;
	bool failed; /* there was no memory */
};

/** Adds "SUBJECT: sentence"; the subject may be empty.  If memory is short the list has failed. */
__attribute__((format(printf, 5, 0), nonnull(1, 2, 4, 5)))
void problem_vadd(struct problem_list *list, const struct source *source, int line, const char *subject,
                  const char *format, va_list args);

__attribute__((format(printf, 5, 6), nonnull(1, 2, 4, 5)))
void problem_add(struct problem_list *list, const struct source *source, int line, const char *subject,
                 const char *format, ...);

/**
 * Appends them, sorted, with file and line, each on a line of its own, as far as there is
 * room; then how many more there are.  Adds to the count.  Sets failed if memory is short.
 */
__attribute__((nonnull))
void problem_tell(struct problem_list *list, struct config_problems *out);

void problem_done(struct problem_list *list);

#endif
