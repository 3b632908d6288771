// SPDX-License-Identifier: ISC

/*
 * JSON: read into a tree of values, looked at, and written.
 *
 * What is read comes from outside: reading is strict and bounded.  What is written keeps to its
 * line, and is UTF-8.
 */

#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

/* Reading */

/** A value, with all that is in it.  NULL is null. */
struct json_object;

enum json_kind {
	JSON_NULL,
	JSON_BOOL,
	JSON_DOUBLE,
	JSON_INT, /* written without a point or an exponent */
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_STRING,
};

/**
 * Reads a text that is one object or array, no more than 31 deep: RFC 8259 to the letter, but
 * that strings may hold control characters as they are.  A number or a word alone is taken for cut
 * off, since more of it might follow.  The caller frees the value.
 *
 * Returns 0; -EBADMSG if it is no such JSON, or holds more than two million values; -ENOMEM,
 * before it is read, where there may not be enough.  The sentence lacks its subject: "is not JSON:
 * ...", "holds ...".
 */
__attribute__((warn_unused_result, nonnull(1, 3)))
int json_read(const char *text, size_t len, struct json_object **ret_value, struct error *err);

/** Frees what json_read() has made, and all that is in it. */
void json_free(struct json_object *value);

enum json_kind json_kind(struct json_object *value);

/** How many elements or members it has; 0 for what is neither an array nor an object. */
size_t json_count(struct json_object *value);

/** An element of an array, from 0 on; NULL also behind its end, or if it is no array. */
struct json_object *json_element(struct json_object *array, size_t at);

/** The member of that name; NULL also if there is none, or if it is no object. */
__attribute__((nonnull(2)))
struct json_object *json_member(struct json_object *object, const char *name);

/** Whether it is an object with a member of that name, which may be null. */
__attribute__((nonnull(2)))
bool json_has(struct json_object *object, const char *name);

/** One member of an object. */
struct json_member {
	const char *name;
	struct json_object *value;
	const void *entry; /* for json_next() */
};

/**
 * The next member, in the order of the text; the first one for {0}.  Returns false behind the
 * last, or if it is no object.
 */
__attribute__((nonnull(2)))
bool json_next(struct json_object *object, struct json_member *member);

/** Several members at once: of each name that of the object, NULL if there is none, or if it is no object. */
__attribute__((nonnull(2, 4)))
void json_members(struct json_object *object, const char *const names[], size_t count, struct json_object *ret[]);

/** The text of a string, which lives as long as it does and may hold NULs; NULL for what is none. */
__attribute__((nonnull(2)))
const char *json_string(struct json_object *value, size_t *ret_len);

/** An integer that is surely the one that was written: false if it lies beyond 64 bits, or is INT64_MIN. */
__attribute__((nonnull(2)))
bool json_int(struct json_object *value, int64_t *ret);

/** The nearest double; of true 1, of null and false 0. */
double json_double(struct json_object *value);

/* Writing.  Whether there was memory is for buf_error() to say. */

/**
 * Appends the text as a string; NULL as null.  What is not valid UTF-8 becomes U+FFFD, a byte at
 * a time; what is text_is_unprintable() is escaped.
 */
__attribute__((nonnull(1)))
void json_put_string(struct buf *out, const char *text);

/**
 * Appends the value compactly.  Numbers are as they were written, as far as 64 bits hold them.  Of
 * strings, only what JSON wants to be escaped is, and slashes: where nothing unprintable may be,
 * use json_put_text() on the result.
 */
__attribute__((nonnull(1)))
void json_put_value(struct buf *out, struct json_object *value);

/**
 * Appends text that is JSON already, as it is but for what could break a line, is unprintable or
 * is not UTF-8, which is made harmless; NULL as null.
 */
__attribute__((nonnull(1)))
void json_put_text(struct buf *out, const char *json);

#endif
