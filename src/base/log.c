// SPDX-License-Identifier: ISC

#include "base/log.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_SIZE = 2048 };

static bool with_priority, on_terminal;

/* systemd sets JOURNAL_STREAM to "DEVICE:INODE" of the stream it opened. */
void log_init(void) {
	const char *journal = getenv("JOURNAL_STREAM");
	struct stat st;
	unsigned long long device, inode;

	on_terminal = isatty(STDERR_FILENO);
	with_priority = journal && fstat(STDERR_FILENO, &st) == 0 &&
	                sscanf(journal, "%llu:%llu", &device, &inode) == 2 &&
	                st.st_dev == device && st.st_ino == inode;
}

void log_line(enum log_level level, const char *format, ...) {
	char said[LINE_SIZE];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);

	char line[LINE_SIZE + 8];
	size_t len = 0;
	if (with_priority) {
		len = (size_t)snprintf(line, sizeof(line), "<%d>", (int)level);
	} else if (on_terminal) {
		len = (size_t)snprintf(line, sizeof(line), "\033[K");
	}
	text_escape(line + len, LINE_SIZE - len, said, strlen(said));

	/* One write, so that lines of several threads or processes never mix. */
	len = strlen(line);
	line[len++] = '\n';
	ssize_t written = write(STDERR_FILENO, line, len);
	(void)written; /* there is nobody left to tell */
}

void log_lines(enum log_level level, const char *text) {
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		log_line(level, "%.*s", (int)(end - text), text);
	}
}
