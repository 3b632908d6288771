// SPDX-License-Identifier: ISC

/*
 * Where a command writes to: its standard output, or a file that is there whole or not at all.
 */

#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output {
	int fd;
	char *path;      /* NULL: the standard output */
	char *temporary; /* beside it, and renamed to it at the end; NULL: there is none */
	char *data;
	size_t len, size;
	int64_t bytes;   /* that were written */
	int error;       /* 0, or the first -errno: nothing is written any more */
};

/**
 * Opens the file, or the standard output for NULL and for "-".  What is there and is not a regular file, such as
 * /dev/null, is written to directly.  A closed pipe or a file that is too large is an error from now on, not a
 * signal; a signal that ends the program removes the temporary file.
 *
 * Returns 0, or -errno and a sentence.  Then, and after output_close(), nothing is to be released.
 */
__attribute__((warn_unused_result, nonnull(1, 3)))
int output_open(struct output *output, const char *path, struct error *err);

/** Room for so many bytes at its end: write there, and say with output_took() where what was written ends. */
__attribute__((nonnull, returns_nonnull))
char *output_room(struct output *output, size_t len);

__attribute__((nonnull))
static inline void output_took(struct output *output, const char *end) {
	output->len = (size_t)(end - output->data);
}

__attribute__((nonnull))
void output_put(struct output *output, const char *data, size_t len);

__attribute__((nonnull))
void output_puts(struct output *output, const char *text);

/**
 * Ends it: all is written, and the file is in its place; or, if keep is not set, or something could not
 * be written, all is as before (but for what went to the standard output).
 *
 * Returns 0, or -errno and a sentence.
 */
__attribute__((warn_unused_result, nonnull))
int output_close(struct output *output, bool keep, struct error *err);

/**
 * All of that for a text, if there was memory for it: then the file is there, or nothing has been written.
 * path: as of output_open().  Returns 0, or -errno and a sentence.
 */
__attribute__((warn_unused_result, nonnull(2, 3)))
int output_text(const char *path, const struct buf *text, struct error *err);

#endif
