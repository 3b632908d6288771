// SPDX-License-Identifier: ISC

#include "base/scan.h"

#include <string.h>

bool scan_text(struct scan *scan, const char *wanted) {
	size_t len = strlen(wanted);
	if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, wanted, len) != 0) {
		return false;
	}
	scan->at += len;
	return true;
}

bool scan_digits(struct scan *scan, int digits, int *ret) {
	int number = 0;

	for (int i = 0; i < digits; i++) {
		if (!scan_is_digit(scan_peek(scan))) {
			return false;
		}
		number = number * 10 + (*scan->at++ - '0');
	}
	*ret = number;
	return true;
}

bool scan_number(struct scan *scan, int min, int max, int *ret) {
	int number = 0;

	if (!scan_is_digit(scan_peek(scan))) {
		return false;
	}
	while (scan_is_digit(scan_peek(scan))) {
		int digit = *scan->at++ - '0';
		if (digit > max || number > (max - digit) / 10) {
			return false;
		}
		number = number * 10 + digit;
	}
	*ret = number;
	return number >= min;
}

bool scan_unsigned(struct scan *scan, uint64_t max, uint64_t *ret) {
	const char *start = scan->at;
	uint64_t number = 0;

	while (scan_is_digit(scan_peek(scan))) {
		uint64_t digit = (uint64_t)(*scan->at++ - '0');
		if (digit > max || number > (max - digit) / 10) {
			return false;
		}
		number = number * 10 + digit;
	}
	if (scan->at == start || (*start == '0' && scan->at - start > 1)) {
		return false;
	}
	*ret = number;
	return true;
}

bool scan_signed(struct scan *scan, int64_t *ret) {
	bool negative = scan_char(scan, '-');
	uint64_t number;

	if (!scan_unsigned(scan, negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX, &number) || (negative && number == 0)) {
		return false;
	}
	*ret = negative ? (int64_t)(0 - number) : (int64_t)number;
	return true;
}
