// SPDX-License-Identifier: ISC

/*
 * text: a growing piece of text, and a sentence that says why something failed.
 *
 * A `struct text` that is all zero is an empty text. The bytes always end with a NUL that the
 * length does not count. Running out of memory ends the program: it is a test tool, and a test
 * that ran out of memory has failed.
 */

#ifndef FAKE_RHOMBUS_TEXT_H
#define FAKE_RHOMBUS_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
	char *bytes;
	size_t length;
	size_t room;
};

/** Frees the bytes; the text is empty afterwards and may be used again. */
void text_done(struct text *text);

void text_add(struct text *text, const char *string) __attribute__((nonnull));
void text_add_bytes(struct text *text, const void *bytes, size_t length);
void text_add_int(struct text *text, int64_t number);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Adds `times` copies of one character. */
void text_fill(struct text *text, char c, size_t times);

/** Adds seconds since the epoch as "2026-11-23 08:15:00". Pass utc + offset for a local clock. */
void text_add_date(struct text *text, int64_t clock_s);

/** Adds seconds since the epoch as HTTP's "Mon, 23 Nov 2026 08:15:00 GMT". */
void text_add_http_date(struct text *text, int64_t utc_s);

/** Makes room for `more` bytes behind the end and returns their place; the length stays. */
char *text_reserve(struct text *text, size_t more);

/** malloc and strdup that do not fail. */
void *memory_resize(void *old, size_t count, size_t size);
char *string_copy(const char *string);

/** One sentence for the person who runs the program. */
struct why {
	char text[400];
};

/** Writes the sentence and returns -EINVAL, so that a failure reads `return why_set(why, ...)`. */
int why_set(struct why *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
