// SPDX-License-Identifier: ISC

/*
 * One sentence about what went wrong, handed upwards beside a -errno.
 *
 * The deepest function that knows the context writes the sentence; callers may
 * put a subject before it; only daemon/ shows it to anybody.
 */

#ifndef BASE_ERROR_H
#define BASE_ERROR_H

struct error {
	/** Without a full stop or newline; "" if nothing was said. */
	char text[512];
};

/** Writes the sentence.  err may be NULL. */
__attribute__((format(printf, 2, 3)))
void error_say(struct error *err, const char *format, ...);

/**
 * The same, with the value -code, so that a function can end with
 * `return error_set(err, EINVAL, "...")`.  A macro, so that compiler and analysers
 * see that this is an error.
 */
#define error_set(err, code, ...) (error_say((err), __VA_ARGS__), -(code))

/**
 * The same, with ": " and strerror(code), or for FILE_NOT_REGULAR what to do about it,
 * behind the sentence.
 */
__attribute__((format(printf, 3, 4)))
int error_errno(struct error *err, int code, const char *format, ...);

/** Puts a formatted subject and ": " before the sentence that is there. */
__attribute__((format(printf, 2, 3)))
void error_prefix(struct error *err, const char *format, ...);

#endif
