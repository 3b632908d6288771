// SPDX-License-Identifier: ISC

#include "config/labels.h"

#include "base/json.h"
#include "config/value.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* Each character may need a backslash. */
enum { JSON_MAX = LABELS_MAX * (LABEL_NAME_MAX + 2 * LABEL_VALUE_MAX + 8) };

static int check(const char *name, const char *value, struct error *err) {
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	if (strlen(name) > LABEL_NAME_MAX || name[strspn(name, letters)] != '\0') {
		return error_set(err, EINVAL,
		                 "a label's name is at most %d letters, digits, \"_\" and \"-\"",
		                 (int)LABEL_NAME_MAX);
	}
	if (strlen(value) > LABEL_VALUE_MAX) {
		return error_set(err, EINVAL, "is %zu bytes long: at most %d are allowed", strlen(value),
		                 (int)LABEL_VALUE_MAX);
	}
	if (!value_is_printable(value)) {
		return error_set(err, EINVAL, "holds control characters or is not UTF-8");
	}
	return 0;
}

int labels_set(struct labels *labels, const char *name, const char *value, struct config_memory *memory,
               struct error *err) {
	size_t at = 0;
	int r = check(name, value, err);
	if (r < 0) {
		return r;
	}

	while (at < labels->count && strcmp(labels->items[at].name, name) != 0) {
		at++;
	}
	if (at == LABELS_MAX) {
		return error_set(err, EINVAL, "is one label too many: at most %d are allowed", (int)LABELS_MAX);
	}

	struct label label = {.name = memory_text(memory, name), .value = memory_text(memory, value)};
	if (!label.name || !label.value) {
		return -ENOMEM;
	}
	labels->items[at] = label;
	labels->count += at == labels->count;
	return 0;
}

int labels_json(const struct labels *labels, struct config_memory *memory, const char **ret_json) {
	if (labels->count == 0) {
		*ret_json = NULL;
		return 0;
	}

	struct buf out;
	buf_init(&out, JSON_MAX);
	for (size_t i = 0; i < labels->count; i++) {
		buf_putc(&out, i == 0 ? '{' : ',');
		json_put_string(&out, labels->items[i].name);
		buf_putc(&out, ':');
		json_put_string(&out, labels->items[i].value);
	}
	buf_putc(&out, '}');

	const char *json = buf_error(&out) < 0 ? NULL : memory_text(memory, buf_text(&out));
	buf_done(&out);
	if (!json) {
		return -ENOMEM;
	}
	*ret_json = json;
	return 0;
}
