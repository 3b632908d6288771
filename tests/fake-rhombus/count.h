// SPDX-License-Identifier: ISC

/*
 * count: the published counting function.
 *
 * A count is a pure function of the device and the start of its bucket, so that whoever reads
 * a log can compute what must stand in it. README.md states it and published_count.py repeats it.
 */

#ifndef FAKE_RHOMBUS_COUNT_H
#define FAKE_RHOMBUS_COUNT_H

#include <stddef.h>
#include <stdint.h>

/** FNV-1a, 64 bits. */
uint64_t hash_of(const char *bytes, size_t length);

/** h("UUID:START_MS"): the dice of one bucket. */
uint64_t bucket_hash(const char *uuid, int64_t start_ms);

/**
 * The settled number of people in the bucket of `uuid` (as requested, with its facet) that
 * starts at `start_ms`, which is not before 1970.
 */
int64_t published_count(const char *uuid, int64_t start_ms);

#endif
