// SPDX-License-Identifier: ISC

#include "tool/decimal.h"

#include <string.h>

enum { PLACES = 6 };

char *decimal_put(char *to, int64_t count, uint32_t millionths, char point) {
	char digits[DECIMAL_SIZE], *at = digits + sizeof(digits);
	uint64_t rest = (uint64_t)count;

	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	memcpy(to, at, (size_t)(digits + sizeof(digits) - at));
	to += digits + sizeof(digits) - at;
	if (millionths > 0) {
		*to++ = point;
		size_t len = 0;
		for (size_t i = PLACES; i-- > 0; millionths /= 10) {
			to[i] = (char)('0' + millionths % 10);
			len = len == 0 && to[i] != '0' ? i + 1 : len;
		}
		to += len;
	}
	return to;
}

char *decimal_put_share(char *to, usec_t part, usec_t whole, char point) {
	/* Rounded, but never to all or nothing. */
	double share = whole > 0 ? (double)part / (double)whole : 0;
	uint32_t parts = part <= 0 ? 0 : part >= whole ? 10000 : (uint32_t)(share * 10000 + 0.5);
	parts = parts == 0 && part > 0 ? 1 : parts == 10000 && part < whole ? 9999 : parts;
	return decimal_put(to, parts / 10000, parts % 10000 * 100, point);
}
