// SPDX-License-Identifier: ISC

#include "tool/reasons.h"

#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reason {
	struct position at;
	char *text;
};

int reasons_add(struct reasons *reasons, const struct seen *seen) {
	struct log_about *about = calloc(1, sizeof(*about));
	int r = about ? array_reserve(&reasons->list, &reasons->size, reasons->len + 1, sizeof(*reasons->list)) : -ENOMEM;
	if (r == 0) {
		(void)seen->room->codec->describe(seen->line->text, seen->line->len, about);
		struct reason *reason = &reasons->list[reasons->len];
		reason->at = seen->at;
		reason->text = strdup(about->reason);
		reasons->len += reason->text != NULL;
		r = reason->text ? 0 : -ENOMEM;
	}
	free(about);
	return r;
}

static int compare(const void *a, const void *b) {
	const struct reason *left = a, *right = b;
	if (left->at.file != right->at.file) {
		return left->at.file < right->at.file ? -1 : 1;
	}
	return left->at.line < right->at.line ? -1 : left->at.line > right->at.line;
}

const char *reasons_at(const struct reasons *reasons, struct position at) {
	struct reason key = {.at = at};
	const struct reason *found = reasons->len > 0 ? bsearch(&key, reasons->list, reasons->len, sizeof(*reasons->list), compare) : NULL;
	return found ? found->text : "";
}

void reasons_done(struct reasons *reasons) {
	for (size_t i = 0; i < reasons->len; i++) {
		free(reasons->list[i].text);
	}
	free(reasons->list);
	*reasons = (struct reasons){0};
}
