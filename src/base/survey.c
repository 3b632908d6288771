// SPDX-License-Identifier: ISC

#include "base/survey.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

/* Ends the survey there. */
static size_t stop_at(struct survey *survey, size_t i, size_t len) {
	survey->lax = i;
	return len;
}

/* The word at i, or what there is of it before the end.  Returns where it ends. */
static size_t pass_word(struct survey *survey, const char *text, size_t i, size_t len) {
	static const char *const words[] = {"null", "true", "false"};
	for (size_t n = 0; n < sizeof(words) / sizeof(words[0]); n++) {
		size_t there = strlen(words[n]) < len - i ? strlen(words[n]) : len - i;
		if (text[i] == words[n][0] && memcmp(text + i, words[n], there) == 0) {
			return i + there;
		}
	}
	return stop_at(survey, i, len);
}

/* The digits from i on: one at least, unless the text ends there. */
static size_t pass_digits(struct survey *survey, const char *text, size_t i, size_t len) {
	static const bool others[256] = {[0 ... '0' - 1] = true, ['9' + 1 ... 255] = true};
	size_t end = text_find(text, i, len, others);
	return end == i && i < len ? stop_at(survey, i, len) : end;
}

/* The number at i: neither 007 nor 1. nor 1e. */
static size_t pass_number(struct survey *survey, const char *text, size_t i, size_t len) {
	i += text[i] == '-';
	size_t end = pass_digits(survey, text, i, len);
	if (end > i + 1 && text[i] == '0') {
		return stop_at(survey, i, len);
	}
	if (end < len && text[end] == '.') {
		end = pass_digits(survey, text, end + 1, len);
	}
	if (end < len && (text[end] | 0x20) == 'e') {
		end++;
		end += end < len && (text[end] == '+' || text[end] == '-');
		end = pass_digits(survey, text, end, len);
	}
	return end;
}

/* The string whose opening quote stands before i, as far as it is UTF-8. */
static size_t pass_string(struct survey *survey, const char *text, size_t i, size_t len) {
	/* The bytes to look at; the rest is most of it. */
	static const bool telling[256] = {['\0'] = true, ['"'] = true, ['\\'] = true, [0x80 ... 0xff] = true};
	while ((i = text_find(text, i, len, telling)) < len && text[i] != '"') {
		uint32_t point;
		size_t used = 2; /* a backslash and what it escapes */
		if (text[i] != '\\') {
			used = text[i] ? text_decode(text + i, len - i, &point) : 0;
		}
		if (used == 0) {
			return stop_at(survey, i, len);
		}
		i += used;
	}
	return i + 1;
}

/* A comma, which something follows. */
static size_t pass_comma(struct survey *survey, const char *text, size_t i, size_t len) {
	static const bool solid[256] = {[0 ... 8] = true, [11 ... 12] = true, [14 ... 31] = true, [33 ... 255] = true};
	i = text_find(text, i + 1, len, solid);
	return i < len && (text[i] == ']' || text[i] == '}') ? stop_at(survey, i, len) : i;
}

/*
 * json-c would also read comments, NaN, 1. and single quotes, which would get into the log as
 * they came; and what its strict mode refuses is not the same in each of its versions: one
 * refuses all that is not ASCII.  The order of the pieces it knows.  Control characters inside
 * of strings are let through: they do no harm.
 *
 * And eight megabytes of "{},{}," would take two gigabytes.
 */
struct survey survey_json(const char *text, size_t len) {
	/* White space, and what ends or divides, need no look. */
	static const bool telling[256] = {[0 ... 8] = true, [11 ... 12] = true, [14 ... 31] = true, [33 ... '9'] = true,
	                                  [';' ... '\\'] = true, ['^' ... '|'] = true, ['~' ... 255] = true};
	struct survey survey = {.lax = len};
	for (size_t i = 0; (i = text_find(text, i, len, telling)) < len;) {
		char byte = text[i];
		if (byte == '"') {
			i = pass_string(&survey, text, i + 1, len);
		} else if (byte == ',') {
			survey.weight++;
			i = pass_comma(&survey, text, i, len);
		} else if (byte == '{' || byte == '[') {
			survey.weight += 8;
			i++;
		} else if (byte == '-' || isdigit((unsigned char)byte)) {
			i = pass_number(&survey, text, i, len);
		} else {
			i = pass_word(&survey, text, i, len);
		}
	}
	return survey;
}
