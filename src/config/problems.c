// SPDX-License-Identifier: ISC

#include "config/problems.h"

#include "base/array.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond this, one more line helps nobody. */
enum { TEXT_MAX = 1024 * 1024 };

void config_problems_init(struct config_problems *problems) {
	*problems = (struct config_problems){0};
	/* The last line says how many there were, so it needs room after the rest. */
	buf_init(&problems->text, TEXT_MAX + 256);
}

void config_problems_done(struct config_problems *problems) {
	if (problems) {
		buf_done(&problems->text);
		problems->count = 0;
	}
}

static struct problem *problem_new(struct problem_list *list) {
	if (array_reserve(&list->items, &list->size, list->count + 1, sizeof(*list->items)) < 0) {
		list->failed = true;
		return NULL;
	}
	return &list->items[list->count];
}

void problem_vadd(struct problem_list *list, const struct source *source, int line, const char *subject,
                  const char *format, va_list args) {
	char *sentence;
	char *text;
	struct problem *problem = problem_new(list);

	if (!problem || vasprintf(&sentence, format, args) < 0) {
		list->failed = true;
		return;
	}
	if (asprintf(&text, "%s%s%s", subject, *subject ? ": " : "", sentence) < 0) {
		list->failed = true;
	} else {
		*problem = (struct problem){
			.source = source, .line = line, .order = (int)list->count, .text = text};
		list->count++;
	}
	free(sentence);
}

void problem_add(struct problem_list *list, const struct source *source, int line, const char *subject,
                 const char *format, ...) {
	va_list args;
	va_start(args, format);
	problem_vadd(list, source, line, subject, format, args);
	va_end(args);
}

/* Sources are reported in the order in which they were read; in each, line by line. */
static int compare(const void *left, const void *right) {
	const struct problem *a = left;
	const struct problem *b = right;
	if (a->source != b->source) {
		return a->source->order < b->source->order ? -1 : 1;
	}
	if (a->line != b->line) {
		return a->line < b->line ? -1 : 1;
	}
	return (a->order > b->order) - (a->order < b->order);
}

/* Names of files and what is quoted from them may hold anything. */
static int put_shown(struct buf *out, const char *text) {
	size_t len = strlen(text);
	size_t size = 4 * len + 1; /* each byte may become \xNN */
	char *shown = malloc(size);
	if (!shown) {
		return -ENOMEM;
	}
	buf_puts(out, text_escape(shown, size, text, len));
	free(shown);
	return 0;
}

static int tell(const struct problem *problem, struct buf *out) {
	struct place place = source_place(problem->source, problem->line);
	int r = put_shown(out, place.file);
	if (place.line > 0) {
		buf_printf(out, ":%d", place.line);
	}
	buf_puts(out, ": ");
	r = r < 0 ? r : put_shown(out, problem->text);
	buf_putc(out, '\n');
	return r;
}

void problem_tell(struct problem_list *list, struct config_problems *out) {
	size_t told = 0;
	qsort(list->items, list->count, sizeof(list->items[0]), compare);

	for (; told < list->count; told++) {
		size_t before = out->text.len;
		list->failed |= tell(&list->items[told], &out->text) < 0;
		if (out->text.len > TEXT_MAX) {
			buf_truncate(&out->text, before);
			break;
		}
	}
	if (told < list->count) {
		buf_printf(&out->text, "... and %zu more\n", list->count - told);
	}
	out->count += (int)list->count;
	list->failed |= buf_error(&out->text) < 0;
}

void problem_done(struct problem_list *list) {
	if (list) {
		for (size_t i = 0; i < list->count; i++) {
			free(list->items[i].text);
		}
		free(list->items);
		*list = (struct problem_list){0};
	}
}
