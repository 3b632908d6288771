// SPDX-License-Identifier: ISC

#include "tool/decimal.h"

#include <string.h>

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
		for (uint32_t unit = 100000; millionths > 0; unit /= 10) {
			*to++ = (char)('0' + millionths / unit);
			millionths %= unit;
		}
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
