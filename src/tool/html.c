// SPDX-License-Identifier: ISC

#include "tool/html.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void html_put(struct output *output, const char *format, ...) {
	char text[1024];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(text)) {
		output->error = output->error < 0 ? output->error : -EOVERFLOW;
		return;
	}
	output_put(output, text, (size_t)len);
}

static const char *special(char c) {
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	default:
		return "&#39;";
	}
}

void html_text(struct output *output, const char *text) {
	while (*text) {
		size_t len = strcspn(text, "&<>\"'");
		output_put(output, text, len);
		text += len;
		if (*text) {
			output_puts(output, special(*text++));
		}
	}
}

void html_figure(struct output *output, double figure, int decimals, const char *unit) {
	if (isnan(figure)) {
		output_puts(output, "\u2013");
	} else {
		html_put(output, "%.*f%s", decimals, figure, unit);
	}
}

void html_number(struct output *output, uint64_t number) {
	if (number >= 1000) {
		html_number(output, number / 1000);
		html_put(output, "\u202f%03" PRIu64, number % 1000);
	} else {
		html_put(output, "%" PRIu64, number);
	}
}
