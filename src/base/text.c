// SPDX-License-Identifier: ISC

#include "base/text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

size_t text_decode(const char *text, size_t len, uint32_t *ret_point) {
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	const unsigned char *in = (const unsigned char *)text;

	for (size_t n = 0; n < sizeof(forms) / sizeof(forms[0]); n++) {
		if ((in[0] & forms[n].mask) != forms[n].lead) {
			continue;
		}
		if (n >= len) {
			return 0;
		}
		uint32_t point = in[0] & (unsigned char)~forms[n].mask;
		for (size_t i = 1; i <= n; i++) {
			if ((in[i] & 0xc0) != 0x80) {
				return 0;
			}
			point = point << 6 | (in[i] & 0x3f);
		}
		bool surrogate = point >= 0xd800 && point <= 0xdfff;
		if (point < forms[n].least || point > 0x10ffff || surrogate) {
			return 0;
		}
		*ret_point = point;
		return n + 1;
	}
	return 0;
}

bool text_is_unprintable(uint32_t point) {
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x00, 0x1f},
		{0x7f, 0x9f},
		{0x061c, 0x061c}, /* Arabic letter mark */
		{0x200e, 0x200f}, /* left-to-right, right-to-left mark */
		{0x2028, 0x202e}, /* line and paragraph separator; embeddings and overrides */
		{0x2066, 0x2069}, /* isolates */
		{0xfeff, 0xfeff}, /* byte order mark */
	};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (point >= ranges[i].first && point <= ranges[i].last) {
			return true;
		}
	}
	return false;
}

void text_put(struct buf *out, const char *text, size_t len, const bool set[static 256],
              size_t (*put_special)(struct buf *out, const char *text, size_t len)) {
	for (size_t i = 0;;) {
		size_t start = i;
		i = text_find(text, i, len, set);
		buf_append(out, text + start, i - start);
		if (i == len) {
			return;
		}
		i += put_special(out, text + i, len - i);
	}
}

const char *text_escape(char *out, size_t size, const char *in, size_t in_len) {
	static const char ellipsis[] = "...";
	const unsigned char *bytes = (const unsigned char *)in;
	size_t len = 0;
	size_t fits = 0; /* the longest prefix that leaves room for the ellipsis */

	if (size == 0) {
		return out;
	}

	for (size_t i = 0; i < in_len;) {
		char piece[8 * 4 + 1];
		uint32_t point = 0;
		size_t used = text_decode(in + i, in_len - i, &point);

		if (isspace(bytes[i])) {
			for (used = 1; i + used < in_len && isspace(bytes[i + used]); used++) {
			}
			(void)snprintf(piece, sizeof(piece), " ");
		} else if (used > 0 && !text_is_unprintable(point)) {
			(void)snprintf(piece, sizeof(piece), "%.*s", (int)used, in + i);
		} else {
			used = 1;
			(void)snprintf(piece, sizeof(piece), "\\x%02x", bytes[i]);
		}

		size_t piece_len = strlen(piece);
		if (len + piece_len >= size) {
			(void)snprintf(out + fits, size - fits, "%s", ellipsis);
			return out;
		}
		memcpy(out + len, piece, piece_len);
		len += piece_len;
		if (len + sizeof(ellipsis) <= size) {
			fits = len;
		}
		i += used;
	}

	out[len] = '\0';
	return out;
}
