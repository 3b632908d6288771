// SPDX-License-Identifier: ISC

/*
 * From what stands in the file to what the program uses, and back, by type.
 */

#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "base/buf.h"
#include "config/memory.h"
#include "config/tree.h"

/**
 * Reads a scalar into the key's member of the group's struct.  A list comes as SCALAR_LIST,
 * with the texts of its members, a comma between them.  TYPE_LABELS is read elsewhere.
 *
 * Returns 0, -EINVAL with a sentence, or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int value_read(enum key_id id, const struct scalar *scalar, struct config_memory *memory, void *into,
               struct error *err);

/** The same for the key's default; nothing is done if it has none. */
__attribute__((warn_unused_result, nonnull))
int value_default(enum key_id id, struct config_memory *memory, void *into, struct error *err);

/** What each member must be, if the key's value is a list of texts: "a text in quotes, such as ..."; else NULL. */
const char *value_member(enum key_id id);

/** Whether values of the type can be told from none: a key of another type needs a default. */
bool value_can_be_unset(enum key_type type);

/** Whether there is a value to be written. */
__attribute__((nonnull))
bool value_is_set(enum key_id id, const void *from);

/** Appends the value as value_read() reads it: "90s", 4, true. */
__attribute__((nonnull))
void value_write(enum key_id id, const void *from, struct buf *out);

/** Appends "90/s", as it was configured. */
__attribute__((nonnull))
void value_put_rate(struct buf *out, const struct request_rate *rate);

/** Printable UTF-8: nothing that would garble a line. */
__attribute__((nonnull))
bool value_is_printable(const char *text);

/** "duration", "size", ...: the type as the manual calls it. */
const char *value_type_name(enum key_type type);

#endif
