// SPDX-License-Identifier: ISC

/*
 * What all commands of occupancyctl share: their options, their manner, their exit codes.
 */

#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#include "base/buf.h"
#include "config/config.h"
#include "config/read.h"
#include "tool/files.h"
#include "tool/period.h"
#include "tool/rooms.h"

#include <getopt.h>
#include <sysexits.h>

/** Beside those of sysexits.h: the answer is no; and, for main() alone, help was asked for and given. */
enum { TOOL_NO = 1, TOOL_HELPED = 256 };

#define TOOL_CONFIG "/etc/occupancyd/occupancyd.conf"

/** Which rooms, and which time of them. */
struct selection {
	const char **rooms, **sites, **labels; /* NULL behind the last; NULL: all */
	struct period period;
};

/** Which of the options that commands share one takes, beside --config and --help: rooms, times, --json. */
enum { TOOL_ROOMS = 1, TOOL_TIMES = 2, TOOL_JSON = 4, TOOL_ALL = TOOL_ROOMS | TOOL_TIMES | TOOL_JSON };

/** What the options that commands share say. */
struct tool {
	unsigned takes;         /* of TOOL_ROOMS and so on */
	const char *command, *help; /* its name, and what --help says of it */
	const char *config_file;
	bool config_given;      /* -c was */
	bool json;
	struct selection selection;
	char **paths;           /* files and directories of the log that were named */
	size_t path_count;
	struct config *config;  /* NULL if it could not be read: tool_config() */
	usec_t now;
};

/** Takes an option of one command.  Returns 0, or -EINVAL and a sentence. */
typedef int tool_option(struct tool *tool, int option, const char *value, void *user, struct error *err);

/**
 * Reads the options of a command, its own ones (ended by a zero, numbered from TOOL_OWN on, or with a letter) and
 * the shared ones that it takes; another one is a mistake.
 *
 * Returns 0; or the exit code: TOOL_HELPED, or EX_USAGE, and it has been said what is wrong.
 */
enum { TOOL_OWN = 512 };
__attribute__((warn_unused_result))
int tool_options(struct tool *tool, int argc, char *argv[], const struct option *own, tool_option *handle, void *user);

/** Says an error in a line on stderr: "occupancyctl: ...".  Nothing in it acts on a terminal. */
__attribute__((format(printf, 1, 2)))
void tool_error(const char *format, ...);

/** Reads the configuration into tool->config.  Returns 0; else -errno, and it is said if -c was given. */
__attribute__((warn_unused_result, nonnull))
int tool_config(struct tool *tool);

/** Finds the files of the log: those that were named, else those of the configuration.  Returns 0 or an exit code. */
__attribute__((warn_unused_result, nonnull))
int tool_files(struct tool *tool, struct log_files *files);

/** Finds the files of another log, or of a file of one.  Returns 0 or an exit code. */
__attribute__((warn_unused_result, nonnull))
int tool_other_files(const char *path, struct log_files *files);

/** A record as it is read. */
struct seen {
	struct room *room;
	const struct log_entry *entry;
	enum covering covering;
	struct position at;
	const struct line *line; /* for room->codec */
};

/** Returns 0 or -errno. */
typedef int tool_visit(const struct seen *seen, void *user);

/** What is no record, with the reason.  Returns 0 or -errno. */
typedef int tool_odd(struct position at, const char *reason, void *user);

/** Reads all the files; what cannot be read is said, and the rest read.  Shows how far it is on stderr if that is a terminal and it takes long.  Returns 0 or an exit code. */
__attribute__((warn_unused_result, nonnull(1, 2, 3)))
int tool_read(const struct log_files *files, struct rooms *rooms, tool_visit *visit, tool_odd *odd, void *user);

/** Whether the room is among those that were selected. */
__attribute__((nonnull))
bool tool_selects(const struct tool *tool, const struct room *room);

/** The same by what it is called; labels: a JSON object as text. */
__attribute__((nonnull))
bool tool_selects_named(const struct tool *tool, const char *name, const char *site, const char *labels);

/** All names of a kind. */
struct tool_names {
	const char *who, *what; /* who has them; "room" or "site" */
	size_t count;
	const char *(*at)(const void *of, size_t at);
	const void *of;
};

/** Whether each pattern is like one of the names; says the first one that is not.  Returns 0 or EX_USAGE. */
__attribute__((warn_unused_result, nonnull(2)))
int tool_check_names(const char **patterns, const struct tool_names *names);

/**
 * Looks whether each name that was given is one of some room or site, whether some room is all that was asked for, and
 * whether the time is not yet to come.  Of a log without a room nothing is known.
 * Returns 0; or EX_USAGE, and it has been said what is wrong, and which name is the nearest.
 */
__attribute__((warn_unused_result, nonnull))
int tool_check(const struct tool *tool, const struct rooms *rooms);

/** What becomes of a long piece of work, on stderr if that is a terminal.  Begin with progress_init(). */
struct progress {
	const char *doing; /* "reading the log" */
	bool shown, wanted;
	usec_t next;
};

__attribute__((nonnull))
void progress_init(struct progress *progress, const char *doing);

/** Says how far it is: at most five times a second, and not within the first second. */
__attribute__((nonnull))
void progress_show(struct progress *progress, size_t done, size_t of, const char *what);

/** Takes it away again. */
__attribute__((nonnull))
void progress_end(const struct progress *progress);

void tool_done(struct tool *tool);

#endif
