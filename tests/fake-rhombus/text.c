// SPDX-License-Identifier: ISC

#include "text.h"

#include "calendar.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *memory_resize(void *old, size_t count, size_t size) {
	void *memory = reallocarray(old, count ? count : 1, size);

	if (!memory) {
		fputs("fake-rhombus: out of memory\n", stderr);
		abort();
	}
	return memory;
}

char *string_copy(const char *string) {
	size_t size = strlen(string) + 1;

	return memcpy(memory_resize(NULL, size, 1), string, size);
}

void text_done(struct text *text) {
	free(text->bytes);
	*text = (struct text){0};
}

char *text_reserve(struct text *text, size_t more) {
	size_t needed = text->length + more + 1;

	if (needed > text->room) {
		size_t room = text->room * 2 > needed ? text->room * 2 : needed + 64;

		text->bytes = memory_resize(text->bytes, room, 1);
		text->room = room;
	}
	return text->bytes + text->length;
}

static void text_grow(struct text *text, size_t by) {
	text->length += by;
	text->bytes[text->length] = '\0';
}

void text_add_bytes(struct text *text, const void *bytes, size_t length) {
	char *place = text_reserve(text, length);

	if (length > 0) {
		memcpy(place, bytes, length);
	}
	text_grow(text, length);
}

void text_add(struct text *text, const char *string) {
	text_add_bytes(text, string, strlen(string));
}

void text_fill(struct text *text, char c, size_t times) {
	memset(text_reserve(text, times), c, times);
	text_grow(text, times);
}

void text_add_int(struct text *text, int64_t number) {
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0) {
		digits[--at] = '-';
	}
	text_add_bytes(text, digits + at, sizeof(digits) - at);
}

void text_addf(struct text *text, const char *format, ...) {
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0) {
		return;
	}

	char *place = text_reserve(text, (size_t)length);

	va_start(arguments, format);
	vsnprintf(place, (size_t)length + 1, format, arguments);
	va_end(arguments);
	text_grow(text, (size_t)length);
}

static char *two_digits(char *place, int64_t number, char after) {
	place[0] = (char)('0' + number / 10 % 10);
	place[1] = (char)('0' + number % 10);
	place[2] = after;
	return place + 3;
}

void text_add_date(struct text *text, int64_t clock_s) {
	int64_t day = floor_div(clock_s, DAY_S);
	int64_t second = clock_s - day * DAY_S;
	struct date date = date_of_day(day);
	char *place = text_reserve(text, 20);

	two_digits(place, date.year / 100, '\0');
	place = two_digits(place + 2, date.year, '-');
	place = two_digits(place, date.month, '-');
	place = two_digits(place, date.day, ' ');
	place = two_digits(place, second / 3600, ':');
	place = two_digits(place, second / 60 % 60, ':');
	two_digits(place, second % 60, '\0');
	text_grow(text, 19);
}

void text_add_http_date(struct text *text, int64_t utc_s) {
	/* The first of January 1970 was a Thursday. */
	static const char *const weekdays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int64_t day = floor_div(utc_s, DAY_S);
	int second = (int)(utc_s - day * DAY_S);
	struct date date = date_of_day(day);

	text_addf(text, "%s, %02d %s %04d %02d:%02d:%02d GMT", weekdays[day - floor_div(day, 7) * 7],
	          (int)date.day, months[date.month - 1], (int)date.year, second / 3600,
	          second / 60 % 60, second % 60);
}

int why_set(struct why *why, const char *format, ...) {
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why->text, sizeof(why->text), format, arguments);
	va_end(arguments);
	return -EINVAL;
}
