// SPDX-License-Identifier: ISC

#include "base/base64.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One to three bytes become four characters. */
static void put_group(char text[static 4], const unsigned char *bytes, size_t count) {
	uint32_t bits = (uint32_t)bytes[0] << 16;
	bits |= count > 1 ? (uint32_t)bytes[1] << 8 : 0;
	bits |= count > 2 ? bytes[2] : 0;
	text[0] = alphabet[bits >> 18];
	text[1] = alphabet[bits >> 12 & 0x3f];
	text[2] = count > 1 ? alphabet[bits >> 6 & 0x3f] : '=';
	text[3] = count > 2 ? alphabet[bits & 0x3f] : '=';
}

void base64_put(struct buf *out, const void *data, size_t len) {
	const unsigned char *bytes = data;
	for (size_t i = 0; i < len; i += 3) {
		char text[4];
		put_group(text, bytes + i, len - i < 3 ? len - i : 3);
		buf_append(out, text, sizeof(text));
	}
}

/* Of each character the value plus one; 0: it is not in the alphabet. */
static const unsigned char values[256] = {
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,
	['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
	['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
	['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
	['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
	['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
	['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

/* Of the four characters so many are no padding.  False if it is no such group, or has bits that no byte has. */
static bool take_group(const unsigned char *text, size_t count, unsigned char bytes[static 3]) {
	uint32_t bits = 0;
	for (size_t i = 0; i < count; i++) {
		if (!values[text[i]]) {
			return false;
		}
		bits |= (uint32_t)(values[text[i]] - 1) << (18 - 6 * i);
	}
	bytes[0] = (unsigned char)(bits >> 16);
	bytes[1] = (unsigned char)(bits >> 8);
	bytes[2] = (unsigned char)bits;
	return count == 4 || (count == 3 ? bytes[2] == 0 : count == 2 && bytes[1] == 0 && bytes[2] == 0);
}

int base64_take(const char *text, size_t len, struct buf *out) {
	const unsigned char *chars = (const unsigned char *)text;
	if (len % 4 != 0) {
		return -EBADMSG;
	}
	for (size_t i = 0; i < len; i += 4) {
		unsigned char bytes[3];
		size_t count = 4;
		if (i + 4 == len) {
			count -= chars[i + 3] != '=' ? 0 : chars[i + 2] != '=' ? 1 : 2;
		}
		if (!take_group(chars + i, count, bytes)) {
			return -EBADMSG;
		}
		buf_append(out, bytes, count - 1);
	}
	return buf_error(out);
}
