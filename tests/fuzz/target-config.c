// SPDX-License-Identifier: ISC

/*
 * A main file and, behind a NUL, a fragment.  What is accepted and printed is accepted
 * again and prints the same; what is refused is refused in words, line by line.
 */

#include "fuzz.h"

#include "config/print.h"
#include "config/read.h"
#include "schedule/cost.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static void print(const struct config *config, struct buf *out) {
	buf_init(out, SIZE_MAX / 2);
	config_print(config, out);
	must(buf_error(out) == 0, "no memory");
}

/* The last line, when there are more than are kept. */
static bool is_summary(const char *text, const char *end) {
	return strncmp(text, "... and ", 8) == 0 && end[1] == '\0';
}

static void check_problems(const struct config_problems *problems) {
	must(problems->count > 0, "refused without a word");
	const char *text = problems->text.data;
	for (const char *end; *text; text = end + 1) {
		end = strchr(text, '\n');
		must(end, "a sentence without an end");
		fuzz_must_be_line(text, (size_t)(end - text) + 1, "\n");
		bool in_file = strncmp(text, fuzz_directory(), strlen(fuzz_directory())) == 0;
		must(in_file || is_summary(text, end), "no file in: %s", text);
	}
}

static int read_config(const char *path, struct config **ret) {
	struct config_problems problems;
	config_problems_init(&problems);
	int r = config_load(path, ret, &problems);
	must(r == 0 || r == -EINVAL, "%d", r);
	if (r == -EINVAL) {
		check_problems(&problems);
	}
	config_problems_done(&problems);
	return r;
}

void fuzz_one(const uint8_t *data, size_t len) {
	char main_path[512];
	struct config *config;
	const uint8_t *nul = len > 0 ? memchr(data, 0, len) : NULL;
	size_t main_len = nul ? (size_t)(nul - data) : len;

	char fragments[512];
	(void)snprintf(fragments, sizeof(fragments), "%s/conf.d", fuzz_directory());
	(void)mkdir(fragments, 0700);
	(void)fuzz_write("conf.d/50.conf", nul ? nul + 1 : data, nul ? len - main_len - 1 : 0);
	(void)snprintf(main_path, sizeof(main_path), "%s", fuzz_write("main.conf", data, main_len));
	if (read_config(main_path, &config) < 0) {
		return;
	}

	struct buf first, second, cost, warnings;
	struct config *again;
	buf_init(&cost, SIZE_MAX / 2);
	buf_init(&warnings, SIZE_MAX / 2);
	int r = cost_tell(config, &cost, &warnings);
	must(r == 0 || r == -ERANGE, "%d", r);
	print(config, &first);
	(void)fuzz_write("conf.d/50.conf", "", 0);
	const char *printed = fuzz_write("printed.conf", buf_text(&first), first.len);
	must(read_config(printed, &again) == 0, "what was printed is refused");
	print(again, &second);
	must(strcmp(buf_text(&first), buf_text(&second)) == 0, "printed again it differs");
	buf_done(&first);
	buf_done(&second);
	buf_done(&cost);
	buf_done(&warnings);
	config_free(config);
	config_free(again);
}
