// SPDX-License-Identifier: ISC

#include "state/order.h"

#include "base/array.h"
#include "base/text.h"
#include "base/utc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADER "occupancyd-backfill 1"

/* Room for the longest line that is right. */
enum { LINE_SIZE = 160 };

void order_put_header(struct buf *out) {
	buf_puts(out, HEADER "\n");
}

void order_put(struct buf *out, const struct order_line *line) {
	char from[UTC_STRING_SIZE], to[UTC_STRING_SIZE];
	buf_printf(out, "%s %s %s %s\n", line->uuid, interval_name(line->interval), utc_format(from, line->from),
	           utc_format(to, line->to));
}

/* The next word, ended by a NUL in its place; "" if there is none. */
static char *word_of(char **at) {
	char *word = *at;
	char *end = strchr(word, ' ');
	*at = end ? end + 1 : word + strlen(word);
	if (end) {
		*end = '\0';
	}
	return word;
}

static int parse_line(char *text, struct order_line *ret, struct error *err) {
	const char *uuid = word_of(&text), *interval = word_of(&text), *from = word_of(&text), *to = word_of(&text);
	size_t len = strlen(uuid);

	if (len == 0 || len >= sizeof(ret->uuid)) {
		return error_set(err, EBADMSG, "it does not begin with a device's uuid");
	}
	memcpy(ret->uuid, uuid, len + 1);
	if (interval_parse(interval, strlen(interval), &ret->interval) < 0) {
		return error_set(err, EBADMSG, "its second word is not an interval");
	}
	if (utc_parse(from, false, &ret->from) < 0 || utc_parse(to, false, &ret->to) < 0) {
		return error_set(err, EBADMSG, "its third and fourth word are not times like 2026-11-03T07:00:00Z");
	}
	if (ret->from >= ret->to) {
		return error_set(err, EBADMSG, "its time ends before it begins");
	}
	return text[0] == '\0' ? 0 : error_set(err, EBADMSG, "it has more than four words");
}

static bool is_repeated(const struct order_line *lines, size_t len) {
	for (size_t i = 0; i + 1 < len; i++) {
		if (lines[i].interval == lines[len - 1].interval && strcmp(lines[i].uuid, lines[len - 1].uuid) == 0) {
			return true;
		}
	}
	return false;
}

static int parse_text(const char *data, size_t len, struct order_line **lines, size_t *count, size_t *number,
                      struct error *err) {
	const char *end = data + len;
	size_t size = 0;

	for (*number = 1; data < end; ++*number) {
		char line[LINE_SIZE];
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		size_t length = newline ? (size_t)(newline - data) : (size_t)(end - data);
		if (!newline || length >= sizeof(line) || memchr(data, '\0', length)) {
			return error_set(err, EBADMSG, "not a line of an order");
		}
		memcpy(line, data, length);
		line[length] = '\0';
		data = newline + 1;
		if (*number == 1) {
			if (strcmp(line, HEADER) != 0) {
				return error_set(err, EBADMSG, "not an order: its first line is not \"" HEADER "\"");
			}
			continue;
		}
		if (*count == ORDER_LINES) {
			return error_set(err, EBADMSG, "more than %d devices: make several orders of it", ORDER_LINES);
		}
		int r = array_reserve(lines, &size, *count + 1, sizeof(**lines));
		r = r < 0 ? error_set(err, ENOMEM, "out of memory") : parse_line(line, &(*lines)[*count], err);
		if (r < 0) {
			return r;
		}
		if (is_repeated(*lines, ++*count)) {
			return error_set(err, EBADMSG, "the same device and interval as on a line before");
		}
	}
	return *count > 0 ? 0 : error_set(err, EBADMSG, "no device is named");
}

int order_parse(const char *data, size_t len, struct order_line **ret_lines, size_t *ret_len, struct error *err) {
	struct order_line *lines = NULL;
	size_t count = 0, number;
	int r = parse_text(data, len, &lines, &count, &number, err);
	if (r < 0) {
		free(lines);
		*ret_len = number;
		return r;
	}
	*ret_lines = lines;
	*ret_len = count;
	return 0;
}
