// SPDX-License-Identifier: ISC

/*
 * What all targets share.  A target is fuzz_one(), run by libFuzzer (driver-fuzzer.c)
 * or once for each file of its corpus (driver-plain.c).
 */

#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/** Runs one input; aborts where what must hold does not. */
__attribute__((nonnull))
void fuzz_one(const uint8_t *data, size_t len);

/** Aborts with a sentence. */
#define must(condition, ...) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
			fprintf(stderr, __VA_ARGS__); \
			fputc('\n', stderr); \
			abort(); \
		} \
	} while (0)

/** A directory of this process alone, on memory; its files are gone at the end. */
const char *fuzz_directory(void);

/** Makes a file in it.  Returns its path, which is good until the next call. */
__attribute__((nonnull))
const char *fuzz_write(const char *name, const void *data, size_t len);

/** Aborts if there is anything but one line of UTF-8 that text_is_unprintable() does not refuse. */
__attribute__((nonnull))
void fuzz_must_be_line(const char *line, size_t len, const char *end);

#endif
