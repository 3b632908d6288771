// SPDX-License-Identifier: ISC

/*
 * Lines to stderr for people and the journal.
 *
 * When stderr goes to the journal each line begins with "<N>", the priority
 * that sd-daemon(3) defines; on a terminal or in a file it does not.  Control
 * characters are escaped, so nothing that a server says can forge a line.
 *
 * Only main.c and daemon/ may call this.
 */

#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_CRIT = 2,
	LOG_LEVEL_ERR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
};

/**
 * Decides, from JOURNAL_STREAM and stderr, whether lines carry a priority, and
 * whether they go to a terminal, where they wipe the progress shown in their line.
 */
void log_init(void);

/** One line, escaped by text_escape(); a trailing newline is not wanted.  Cut at 2,047 bytes. */
__attribute__((format(printf, 2, 3)))
void log_line(enum log_level level, const char *format, ...);

/** Each line of the text, which ends in a newline, as a line of its own. */
void log_lines(enum log_level level, const char *text);

#define log_crit(...)    log_line(LOG_LEVEL_CRIT, __VA_ARGS__)
#define log_err(...)     log_line(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)

#endif
