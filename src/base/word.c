// SPDX-License-Identifier: ISC

#include "base/word.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static unsigned char_distance(char a, char b) {
	return tolower((unsigned char)a) != tolower((unsigned char)b);
}

static unsigned least(unsigned a, unsigned b) {
	return a < b ? a : b;
}

/* Letters to insert, drop, change or swap, upper and lower case being equal. */
static unsigned word_distance(const char *a, const char *b) {
	unsigned row[3][WORD_MAX + 1];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	if (a_len > WORD_MAX || b_len > WORD_MAX) {
		return WORD_FAR;
	}
	for (size_t j = 0; j <= b_len; j++) {
		row[0][j] = (unsigned)j;
	}
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *now = row[i % 3];
		const unsigned *before = row[(i - 1) % 3];
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			now[j] = least(least(before[j], now[j - 1]) + 1,
			               before[j - 1] + char_distance(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && char_distance(a[i - 1], b[j - 2]) == 0 &&
			    char_distance(a[i - 2], b[j - 1]) == 0) {
				now[j] = least(now[j], row[(i - 2) % 3][j - 2] + 1);
			}
		}
	}
	return row[a_len % 3][b_len];
}

bool word_is_nearer(const char *written, const char *word, unsigned *best) {
	size_t len = strlen(word);
	size_t written_len = strlen(written);
	unsigned allowed = len > 5 ? 2 : 1;
	/* Each letter more or less is a slip: most words need no closer look. */
	if (len > written_len + allowed || written_len > len + allowed) {
		return false;
	}
	unsigned distance = word_distance(written, word);
	if (distance > allowed || distance >= *best) {
		return false;
	}
	*best = distance;
	return true;
}
