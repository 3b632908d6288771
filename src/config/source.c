// SPDX-License-Identifier: ISC

/*
 * A lexer before libconfig's, for what that cannot do, or not in each version.  What is said of
 * libconfig here was tried with 1.5, the oldest that is supported (Debian 12); 1.7.3 (Debian 13)
 * is named where it is better.
 *
 * Includes: libconfig opens the files itself.  A FIFO hangs it, a directory ends the process, a
 *     relative name is looked up in the working directory, and neither their size nor their
 *     number has a limit.
 * Lines: follow from that.  libconfig is given one text, and names lines of that.
 * Numbers: without a word 2147483648 is read as -2147483648 (not by 1.7.3), 0x1FFFFFFFF as -1 and
 *     1e400 as infinite; 010 is ten, or eight for 1.7.3.  And a number that is refused is to be
 *     shown as it was written.
 * Commas: one behind the last member of a list or an array is a syntax error; 1.7.3 takes it.
 * Comments: one that does not end takes the rest of the file with it, without a word.  One on a
 *     last line that has no newline is a syntax error; 1.7.3 takes it.
 * Strings: of one that does not end, libconfig names the last line of the file.  "x\x00y" is read
 *     as "xy", or as "x" by 1.7.3.
 * Files: libconfig takes a NUL for the end, and stumbles over a byte order mark.
 *
 * All else goes through as it is and is for libconfig to judge: names, nesting, duplicates,
 * escapes, words, what is no number, what stands where it must not.
 */

#include "config/source.h"

#include "base/array.h"
#include "base/input.h"
#include "base/text.h"
#include "config/problems.h"
#include "config/tree.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILE_MAX = 64 * 1024 * 1024, /* holds 100,000 devices with room to spare */
	INCLUDE_DEPTH_MAX = 10,
	INCLUDES_MAX = 1000, /* ten in each of ten levels would be as good as endless */
};

/* One file being copied into the source's text. */
struct copier {
	struct source *source;
	struct config_memory *memory;
	struct problem_list *problems;
	const char *file;
	int depth;
	int *text_line; /* the line of the text that is being written */
	int file_line;
	const char *at, *end;
	size_t comma;   /* where in the text the last token is, if it is a comma; else SIZE_MAX */
};

void source_init(struct source *source, const char *file, int order) {
	*source = (struct source){.file = file, .order = order};
	buf_init(&source->text, FILE_MAX + FILE_MAX / 4);
}

void source_done(struct source *source) {
	if (source) {
		buf_done(&source->text);
		free(source->segments);
		source->segments = NULL;
		source->segment_count = 0;
	}
}

void source_drop_text(struct source *source) {
	buf_done(&source->text);
}

struct place source_place(const struct source *source, int line) {
	struct place place = {.file = source->file};
	size_t low = 0;
	size_t high = source->segment_count;

	/* The last segment that begins at or before the line. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (source->segments[middle].first <= line) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (line > 0 && low > 0) {
		const struct segment *segment = &source->segments[low - 1];
		place.file = segment->file;
		place.line = segment->line + (line - segment->first);
	} else if (line > 0) {
		place.line = line;
	}
	return place;
}

static int segment_add(struct copier *copier) {
	struct source *source = copier->source;
	int r = array_reserve(&source->segments, &source->segment_size, source->segment_count + 1,
	                      sizeof(*source->segments));
	if (r < 0) {
		return r;
	}
	source->segments[source->segment_count++] = (struct segment){
		.first = *copier->text_line, .line = copier->file_line, .file = copier->file};
	return 0;
}

__attribute__((format(printf, 3, 4)))
static void complain(struct copier *copier, int line, const char *format, ...) {
	va_list args;
	va_start(args, format);
	problem_vadd(copier->problems, copier->source, line, "", format, args);
	va_end(args);
	copier->source->broken = true;
}

static int read_all(int fd, size_t size, char **ret_data, size_t *ret_len) {
	char *data = malloc(size + 1);
	if (!data) {
		return -ENOMEM;
	}

	/* A file that grows meanwhile is read as far as it was when we looked. */
	int64_t len = input_read(fd, data, size, 0);
	if (len < 0) {
		free(data);
		return (int)len;
	}
	data[len] = '\0';
	*ret_data = data;
	*ret_len = (size_t)len;
	return 0;
}

static int read_file(const char *file, char **ret_data, size_t *ret_len, struct error *err) {
	int fd = input_open(file);
	if (fd < 0) {
		return error_errno(err, -fd, "cannot be opened");
	}

	struct stat st;
	int r;
	if (fstat(fd, &st) < 0) {
		r = error_errno(err, errno, "cannot be read");
	} else if (!S_ISREG(st.st_mode)) {
		r = error_set(err, EINVAL, "is not a regular file");
	} else if (st.st_size > FILE_MAX) {
		r = error_set(err, EFBIG, "is larger than %d MiB", FILE_MAX / (1024 * 1024));
	} else {
		r = read_all(fd, (size_t)st.st_size, ret_data, ret_len);
		if (r < 0 && r != -ENOMEM) {
			error_errno(err, -r, "cannot be read");
		}
	}
	(void)close(fd);
	return r;
}

static void put(struct copier *copier, const char *from, size_t len) {
	buf_append(&copier->source->text, from, len);
}

/* Copies the character that is there, and those of the class that follow. */
static void put_run(struct copier *copier, bool (*is_in)(char c)) {
	const char *start = copier->at++;
	/* NOLINTNEXTLINE(clang-analyzer-core.*): read(2) has filled it */
	while (copier->at < copier->end && is_in(*copier->at)) {
		copier->at++;
	}
	put(copier, start, (size_t)(copier->at - start));
}

static bool is_name_text(char c) {
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '*';
}

static bool is_string_text(char c) {
	return c != '"' && c != '\\' && c != '\n';
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

static void newline(struct copier *copier) {
	buf_putc(&copier->source->text, '\n');
	copier->file_line++;
	++*copier->text_line;
}

static bool looking_at(const struct copier *copier, const char *what) {
	size_t len = strlen(what);
	return (size_t)(copier->end - copier->at) >= len && memcmp(copier->at, what, len) == 0;
}

static void skip_line_comment(struct copier *copier) {
	/* NOLINTNEXTLINE(clang-analyzer-core.*): read(2) has filled it */
	while (copier->at < copier->end && *copier->at != '\n') {
		copier->at++;
	}
}

static void skip_block_comment(struct copier *copier) {
	int line = *copier->text_line;
	for (copier->at += 2; copier->at < copier->end; copier->at++) {
		if (looking_at(copier, "*/")) {
			copier->at += 2;
			put(copier, " ", 1);
			return;
		}
		if (*copier->at == '\n') {
			newline(copier);
		}
	}
	complain(copier, line, "a comment that begins here does not end: close it with */");
}

/* libconfig would drop it, or what follows. */
static void check_escape(struct copier *copier) {
	if (looking_at(copier, "\\x00") || looking_at(copier, "\\X00")) {
		complain(copier, *copier->text_line, "a string holds \\x00: a text cannot contain it");
	}
}

static void copy_string(struct copier *copier) {
	int line = *copier->text_line;
	put(copier, copier->at++, 1);
	while (copier->at < copier->end) {
		char c = *copier->at;
		if (c == '\\' && copier->at + 1 < copier->end && copier->at[1] != '\n') {
			check_escape(copier);
			put(copier, copier->at, 2);
			copier->at += 2;
			continue;
		}
		if (c == '\n') {
			copier->at++;
			newline(copier);
			continue;
		}
		if (c == '"') {
			put(copier, copier->at++, 1);
			return;
		}
		put_run(copier, is_string_text);
	}
	complain(copier, line, "a string that begins here does not end: close it with \"");
}

static size_t span_of(const char *text, const char *chars) {
	return strspn(text, chars);
}

#define DIGITS "0123456789"

/* Whether all of the text is a number for libconfig, of whatever size. */
static bool is_number(const char *text) {
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		size_t hex = span_of(text + 2, DIGITS "abcdefABCDEF");
		text += 2 + hex;
		return hex > 0 && span_of(text, "L") <= 2 && text[span_of(text, "L")] == '\0';
	}

	text += *text == '+' || *text == '-';
	size_t whole = span_of(text, DIGITS);
	text += whole;
	if (whole > 0 && (*text == '\0' || *text == 'L')) {
		return span_of(text, "L") <= 2 && text[span_of(text, "L")] == '\0';
	}

	size_t fraction = 0;
	bool is_float = *text == '.';
	if (is_float) {
		fraction = span_of(text + 1, DIGITS);
		text += 1 + fraction;
	}
	if (whole + fraction == 0) {
		return false;
	}
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '+' || *text == '-';
		is_float = span_of(text, DIGITS) > 0;
		text += span_of(text, DIGITS);
	}
	return is_float && *text == '\0';
}

/* Whether libconfig keeps it as it is: an int, written the usual way. */
static bool is_plain_int(const char *text) {
	char usual[NUMBER_SIZE];
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || value < INT32_MIN || value > INT32_MAX) {
		return false;
	}
	(void)snprintf(usual, sizeof(usual), "%lld", value);
	return strcmp(usual, text) == 0;
}

/*
 * A number that libconfig would change (cut off or round) goes on as a marked string.  What is not
 * a number is passed on unchanged, and libconfig will say so.
 */
static void copy_number(struct copier *copier) {
	char number[NUMBER_SIZE];
	const char *start = copier->at;
	/* NOLINTNEXTLINE(clang-analyzer-core.*): read(2) has filled it */
	while (copier->at < copier->end && (isalnum((unsigned char)*copier->at) || strchr("+-.", *copier->at))) {
		copier->at++;
	}

	size_t len = (size_t)(copier->at - start);
	if (len >= sizeof(number)) {
		complain(copier, *copier->text_line, "a number of %zu characters is too long", len);
		return;
	}
	memcpy(number, start, len);
	number[len] = '\0';

	if (is_plain_int(number) || !is_number(number)) {
		put(copier, number, len);
	} else {
		buf_printf(&copier->source->text, "\"%c%s%c\"", TREE_NUMBER_MARK, number, TREE_NUMBER_MARK);
	}
}

/* A comma that people leave behind the last member goes. */
static void copy_end(struct copier *copier) {
	if (copier->comma < copier->source->text.len) {
		copier->source->text.data[copier->comma] = ' ';
	}
	put(copier, copier->at++, 1);
}

static int copy_file(struct copier *copier);

/* The path between the quotes, from the directory of the including file on; NULL without memory. */
static char *include_path(const struct copier *copier, const char *name) {
	char *path = NULL;
	if (name[0] == '/') {
		return strdup(name);
	}
	char *file = strdup(copier->file);
	if (file && asprintf(&path, "%s/%s", dirname(file), name) < 0) {
		path = NULL;
	}
	free(file);
	return path;
}

/* Whether nothing but blanks stands before it on its line. */
static bool begins_line(const struct copier *copier, const char *begin) {
	const char *before = copier->at;
	while (before > begin && (before[-1] == ' ' || before[-1] == '\t')) {
		before--;
	}
	return before == begin || before[-1] == '\n';
}

/* Takes `@include "NAME"`; false if it is not that. */
static bool take_include(struct copier *copier, char *name, size_t size) {
	static const char directive[] = "@include";
	size_t len = 0;
	if (!looking_at(copier, directive)) {
		return false;
	}

	const char *at = copier->at + sizeof(directive) - 1;
	while (at < copier->end && (*at == ' ' || *at == '\t')) {
		at++;
	}
	if (at == copier->end || *at++ != '"') {
		return false;
	}
	for (; at < copier->end && *at != '"' && *at != '\n' && len + 1 < size; at++) {
		if (*at == '\\' && at + 1 < copier->end && (at[1] == '"' || at[1] == '\\')) {
			at++;
		}
		name[len++] = *at;
	}
	if (at == copier->end || *at != '"' || len == 0) {
		return false;
	}
	name[len] = '\0';
	copier->at = at + 1;
	return true;
}

/* Whether one more file may be included; the first one too many is reported, and ends it. */
static bool may_include(struct copier *copier, int line, const char *shown) {
	struct source *source = copier->source;
	if (source->includes > INCLUDES_MAX || buf_error(&source->text)) {
		return false;
	}
	if (copier->depth == INCLUDE_DEPTH_MAX) {
		complain(copier, line, "@include \"%s\": nested more than %d deep", shown,
		         INCLUDE_DEPTH_MAX);
		source->includes = INCLUDES_MAX + 1;
		return false;
	}
	if (source->includes++ == INCLUDES_MAX) {
		complain(copier, line, "@include \"%s\": more than %d files are included", shown, INCLUDES_MAX);
		return false;
	}
	return true;
}

static int copy_include(struct copier *copier, const char *begin) {
	char name[PATH_MAX];
	char shown[128];
	int line = *copier->text_line;

	if (!begins_line(copier, begin) || !take_include(copier, name, sizeof(name))) {
		complain(copier, line, "an @ outside a string must begin a line of the form @include \"FILE\"");
		copier->at++;
		return 0;
	}
	text_escape(shown, sizeof(shown), name, strlen(name));
	if (!may_include(copier, line, shown)) {
		return 0;
	}

	char *path = include_path(copier, name);
	const char *file = path ? memory_text(copier->memory, path) : NULL;
	free(path);
	if (!file) {
		return -ENOMEM;
	}

	struct copier inner = *copier;
	inner.file = file;
	inner.depth++;
	int r = copy_file(&inner);
	if (r < 0) {
		return r;
	}
	copier->comma = SIZE_MAX;
	return segment_add(copier);
}

static int copy_token(struct copier *copier, const char *begin) {
	/* NOLINTNEXTLINE(clang-analyzer-core.*): read(2) has filled it */
	char c = *copier->at;

	if (c == '\n') {
		copier->at++;
		newline(copier);
		return 0;
	}
	if (c == '#' || looking_at(copier, "//")) {
		skip_line_comment(copier);
		return 0;
	}
	if (looking_at(copier, "/*")) {
		skip_block_comment(copier);
		return 0;
	}
	if (is_blank(c)) {
		put_run(copier, is_blank);
		return 0;
	}
	if (c == ')' || c == ']') {
		copy_end(copier);
		copier->comma = SIZE_MAX;
		return 0;
	}

	copier->comma = c == ',' ? copier->source->text.len : SIZE_MAX;
	if (c == '@') {
		return copy_include(copier, begin);
	}
	if (c == '"') {
		copy_string(copier);
	} else if (isalpha((unsigned char)c) || c == '*') {
		put_run(copier, is_name_text);
	} else if (isdigit((unsigned char)c) || c == '+' || c == '-' || c == '.') {
		copy_number(copier);
	} else {
		put(copier, copier->at++, 1);
	}
	return 0;
}

static int copy_data(struct copier *copier, const char *data, size_t len) {
	const char *nul = len > 0 ? memchr(data, '\0', len) : NULL;
	copier->at = data;
	copier->end = nul ? nul : data + len;

	/* Some editors write a byte order mark. */
	if (looking_at(copier, "\xef\xbb\xbf")) {
		copier->at += 3;
	}
	const char *begin = copier->at;
	while (copier->at < copier->end) {
		int r = copy_token(copier, begin);
		if (r < 0) {
			return r;
		}
	}
	if (nul) {
		complain(copier, *copier->text_line, "holds a NUL byte: this is not a text file");
	}
	/* libconfig wants a newline behind a comment, and what includes this file a fresh line. */
	newline(copier);
	return 0;
}

static int copy_file(struct copier *copier) {
	struct error err = {0};
	char *data = NULL;
	size_t len = 0;

	/* An included file that cannot be read is reported at the place that includes it. */
	int r = read_file(copier->file, &data, &len, &err);
	if (r == -ENOMEM) {
		return r;
	}
	if (r < 0) {
		if (copier->depth == 0) {
			complain(copier, 0, "%s", err.text);
		} else {
			complain(copier, *copier->text_line, "@include: %s %s", copier->file, err.text);
		}
		return 0;
	}

	copier->file_line = 1;
	copier->comma = SIZE_MAX;
	r = segment_add(copier);
	if (r == 0) {
		r = copy_data(copier, data, len);
	}
	free(data);
	return r;
}

int source_read(struct source *source, struct config_memory *memory, struct problem_list *problems) {
	int text_line = 1;
	struct copier copier = {
		.source = source,
		.memory = memory,
		.problems = problems,
		.file = source->file,
		.text_line = &text_line,
	};

	int r = copy_file(&copier);
	if (r < 0) {
		return r;
	}
	r = buf_error(&source->text);
	if (r == -EFBIG) {
		complain(&copier, 0, "is larger than %d MiB with what it includes", FILE_MAX / (1024 * 1024));
	} else if (r < 0) {
		return r;
	}
	return source->broken ? -EINVAL : 0;
}
