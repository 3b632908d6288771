// SPDX-License-Identifier: ISC

/*
 * Reading a text from left to right.
 *
 * Each function takes what it is named after from the front of the text and returns true, or
 * returns false: then the text has been taken up to an unknown place, and its reader gives up.
 */

#ifndef BASE_SCAN_H
#define BASE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What is left of the text, which need not end in a NUL. */
struct scan {
	const char *at, *end;
};

/** Whether it is one of the ten ASCII digits, whatever the locale. */
static inline bool scan_is_digit(char c) {
	return c >= '0' && c <= '9';
}

/** The next character, which is not taken; '\0' at the end. */
__attribute__((nonnull))
static inline char scan_peek(const struct scan *scan) {
	return scan->at < scan->end ? *scan->at : '\0';
}

/** That character.  If it is another, nothing is taken. */
__attribute__((nonnull))
static inline bool scan_char(struct scan *scan, char wanted) {
	if (scan->at >= scan->end || *scan->at != wanted) {
		return false;
	}
	scan->at++;
	return true;
}

/** Those characters.  If they are others, nothing is taken. */
__attribute__((nonnull))
bool scan_text(struct scan *scan, const char *wanted);

/** Exactly so many digits, nine at most. */
__attribute__((nonnull))
bool scan_digits(struct scan *scan, int digits, int *ret);

/** Digits, for a number from min to max; zeros may precede it. */
__attribute__((nonnull))
bool scan_number(struct scan *scan, int min, int max, int *ret);

/** A number up to max as a program writes it: no zeros precede it. */
__attribute__((nonnull))
bool scan_unsigned(struct scan *scan, uint64_t max, uint64_t *ret);

/** The same with a sign, if it is negative.  -0 is not taken. */
__attribute__((nonnull))
bool scan_signed(struct scan *scan, int64_t *ret);

#endif
