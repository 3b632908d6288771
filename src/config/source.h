// SPDX-License-Identifier: ISC

/*
 * A configuration file as one text, with everything that it includes.
 *
 * libconfig is given this text and never opens a file: so a file that is no
 * regular file cannot hang the daemon, each has a largest size, included files
 * are found from the directory of the file that includes them, and every number
 * is seen as it was written.
 */

#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include "base/buf.h"
#include "config/memory.h"

struct problem_list;

/** From this line of the text on, lines are those of a file. */
struct segment {
	int first; /* line of the text */
	int line;  /* line of the file */
	const char *file;
};

struct source {
	const char *file;
	int order;       /* 0: the main file; fragments follow in the order of their names */
	struct buf text; /* what to parse; comments are gone, lines are kept */
	struct segment *segments;
	size_t segment_count, segment_size;
	int includes;    /* how many files were; more than may be: no further one is */
	bool broken;     /* not to be parsed; the problems say why */
};

/** Names the file, from the configuration's memory.  Reads nothing. */
__attribute__((nonnull))
void source_init(struct source *source, const char *file, int order);

void source_done(struct source *source);

/**
 * Reads the file and what it includes.  What is wrong goes to the problems.
 *
 * Returns 0, -EINVAL if it is broken, or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int source_read(struct source *source, struct config_memory *memory, struct problem_list *problems);

/** Forgets the text, keeps what source_place() needs. */
__attribute__((nonnull))
void source_drop_text(struct source *source);

/** Which line of which file it is; line 0 if the line is 0. */
__attribute__((nonnull))
struct place source_place(const struct source *source, int line);

#endif
