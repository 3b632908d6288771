// SPDX-License-Identifier: ISC

/*
 * json: reading and printing JSON with json-c, in the few ways that this program needs.
 */

#ifndef FAKE_RHOMBUS_JSON_H
#define FAKE_RHOMBUS_JSON_H

#include "text.h"

#include <json-c/json_object.h>
#include <json-c/linkhash.h>

/** Parses one whole, strict JSON object or array; NULL for anything else. */
struct json_object *json_read(const char *bytes, size_t length);

/** The same from a file; NULL with a sentence. */
struct json_object *json_read_file(const char *path, struct why *why);

/** A member that is a string, or NULL. */
const char *json_member_text(struct json_object *object, const char *name);

/** Compact, without escaped slashes. Belongs to the object until it is printed again. */
const char *json_print(struct json_object *object);

/** Adds a string or null; bytes that are not printable ASCII become '?', and at most 200 stay. */
void json_add_client_text(struct json_object *object, const char *name, const char *value);

#endif
