// SPDX-License-Identifier: ISC

/*
 * Where a configuration lives: strings, zones and settings, each kept once, and
 * all released together.
 *
 * An allocation that fails gives NULL or -ENOMEM and nothing else.
 */

#ifndef CONFIG_MEMORY_H
#define CONFIG_MEMORY_H

#include "base/error.h"
#include "config/keys.h"

struct config_memory;

void config_memory_free(struct config_memory *memory);

/** NULL if there is no memory. */
__attribute__((malloc))
struct config_memory *config_memory_new(void);

/** Zeroed, aligned for every type that a configuration holds. */
__attribute__((nonnull))
void *memory_alloc(struct config_memory *memory, size_t size);

/** The one copy of a text. */
__attribute__((nonnull))
const char *memory_text(struct config_memory *memory, const char *text);

/** The one zone of that name.  Returns 0, -ENOMEM, or what zone_load() returns. */
__attribute__((warn_unused_result, nonnull))
int memory_zone(struct config_memory *memory, const char *name, const struct zone **ret_zone,
                struct error *err);

/** The zones, one by one from 0 on; NULL behind the last. */
__attribute__((nonnull))
const struct zone *memory_zone_at(const struct config_memory *memory, size_t at);

/** The one copy of equal settings, whose strings are from memory_text(). */
__attribute__((nonnull))
const struct settings *memory_settings(struct config_memory *memory, const struct settings *settings);

/** Releases what is only needed while reading. */
__attribute__((nonnull))
void memory_seal(struct config_memory *memory);

#endif
