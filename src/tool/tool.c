// SPDX-License-Identifier: ISC

#include "tool/tool.h"

#include "base/array.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "base/word.h"
#include "sink/lines.h"
#include "tool/inflate.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The lines of the text, each fit for a terminal: names of files and of rooms may hold anything. */
static void put_lines(struct buf *out, const char *text) {
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		/* A byte becomes four at most. */
		char *line = malloc(4 * len + 1);
		buf_puts(out, line ? text_escape(line, 4 * len + 1, text, len) : strerror(ENOMEM));
		buf_putc(out, '\n');
		free(line);
	}
}

void tool_error(const char *format, ...) {
	struct buf out;
	char *text = NULL;
	va_list args;

	va_start(args, format);
	bool made = vasprintf(&text, format, args) >= 0;
	va_end(args);
	buf_init(&out, BUF_ANY);
	buf_puts(&out, "occupancyctl: ");
	put_lines(&out, made ? text : strerror(ENOMEM));
	/* At once, so that it does not mix with what others write. */
	(void)fputs(buf_error(&out) < 0 ? "occupancyctl: out of memory\n" : buf_text(&out), stderr);
	buf_done(&out);
	if (made) {
		free(text);
	}
}

/* Options */

enum { OPTION_JSON = 256, OPTION_ROOM, OPTION_SITE, OPTION_LABEL, OPTION_DURING, OPTION_FROM, OPTION_TO };

/* Those of more than one command, with the line of each in its help. */
static const struct shared {
	struct option option;
	unsigned part; /* 0: of all commands */
	const char *help;
} shared[] = {
	{{"room", required_argument, NULL, OPTION_ROOM}, TOOL_ROOMS,
	 "      --room NAME         rooms of that name; * and ? stand for any letters; may be repeated\n"},
	{{"site", required_argument, NULL, OPTION_SITE}, TOOL_ROOMS, "      --site NAME         rooms of that site, likewise\n"},
	{{"label", required_argument, NULL, OPTION_LABEL}, TOOL_ROOMS,
	 "      --label NAME=VALUE  rooms with that label; all that are given\n"},
	{{"during", required_argument, NULL, OPTION_DURING}, TOOL_TIMES,
	 "      --during PERIOD     today, yesterday, \"last week\", \"this month\", 2026, 2026-10, 2026-W47, 2026-11-03\n"},
	{{"from", required_argument, NULL, OPTION_FROM}, TOOL_TIMES,
	 "      --from TIME         2026-11-03, 2026-11-03T08:00 or 2026-11-03T08:00:00Z\n"},
	{{"to", required_argument, NULL, OPTION_TO}, TOOL_TIMES, "      --to TIME           up to, but not including\n"},
	{{"config", required_argument, NULL, 'c'}, 0, "  -c, --config FILE       of occupancyd, instead of " TOOL_CONFIG "\n"},
	{{"json", no_argument, NULL, OPTION_JSON}, TOOL_JSON, "      --json              for programs\n"},
	{{"help", no_argument, NULL, 'h'}, 0, "  -h, --help              print this and exit\n"},
};
enum { SHARED = sizeof(shared) / sizeof(shared[0]) };

static bool takes(const struct tool *tool, const struct shared *option) {
	return (tool->takes & option->part) == option->part;
}

static void print_help(const struct tool *tool) {
	bool rooms = tool->takes & TOOL_ROOMS;
	printf("%s\n%s", tool->help, !rooms                      ? ""
	                              : tool->takes & TOOL_TIMES ? "Which rooms, and which time of them, by their own clocks:\n"
	                                                         : "Which rooms:\n");
	for (size_t i = 0; i < SHARED; i++) {
		bool parted = rooms && shared[i].option.val == 'c';
		if (takes(tool, &shared[i])) {
			printf("%s%s", parted ? "\n" : "", shared[i].help);
		}
	}
}

/* A list that ends in NULL. */
static int add_text(const char ***list, const char *text) {
	size_t len = 0;
	while (*list && (*list)[len]) {
		len++;
	}
	const char **grown = realloc(*list, (len + 2) * sizeof(*grown));
	if (!grown) {
		return -ENOMEM;
	}
	grown[len] = text;
	grown[len + 1] = NULL;
	*list = grown;
	return 0;
}

static int take_shared(struct tool *tool, int option, const char *value, struct error *err) {
	struct selection *selection = &tool->selection;

	switch (option) {
	case 'c':
		tool->config_file = value;
		tool->config_given = true;
		return 0;
	case OPTION_JSON:
		tool->json = true;
		return 0;
	case OPTION_ROOM:
		return add_text(&selection->rooms, value);
	case OPTION_SITE:
		return add_text(&selection->sites, value);
	case OPTION_LABEL:
		return strchr(value, '=') ? add_text(&selection->labels, value)
		                          : error_set(err, EINVAL, "\"%s\" is not a label: expected NAME=VALUE", value);
	case OPTION_DURING:
		return period_parse(value, &selection->period, err);
	case OPTION_FROM:
		return moment_parse(value, &selection->period.from, err);
	default:
		return moment_parse(value, &selection->period.to, err);
	}
}

static const char *option_name(const struct option *options, int option) {
	while (options->name && options->val != option) {
		options++;
	}
	return options->name ? options->name : "";
}

/* Of an option as it was written, without its value. */
static size_t option_length(const char *written) {
	return strcspn(written, "=");
}

/* Says which options a beginning may be that is the beginning of several; false if it is not. */
static bool tell_ambiguous(const struct option *options, const char *written) {
	size_t count = 0;
	struct buf meant;

	buf_init(&meant, BUF_ANY);
	for (const struct option *option = options; option->name; option++) {
		if (strncmp(option->name, written + 2, option_length(written) - 2) == 0) {
			buf_printf(&meant, "%s--%s", count++ > 0 ? " or " : "", option->name);
		}
	}
	if (count > 1) {
		tool_error("%s may be %s", written, buf_text(&meant));
	}
	buf_done(&meant);
	return count > 1;
}

static const char *nearest_option(const struct option *options, const char *written) {
	const char *nearest = NULL;
	unsigned best = WORD_FAR;
	char name[WORD_MAX + 1];

	(void)snprintf(name, sizeof(name), "%.*s", (int)option_length(written) - 2, written + 2);
	for (const struct option *option = options; option->name; option++) {
		nearest = word_is_nearer(name, option->name, &best) ? option->name : nearest;
	}
	return nearest;
}

/* Whether other commands take it. */
static bool is_of_others(const char *written) {
	for (size_t i = 0; i < SHARED; i++) {
		const char *name = shared[i].option.name;
		if (strlen(name) == option_length(written) - 2 && strncmp(name, written + 2, strlen(name)) == 0) {
			return true;
		}
	}
	return false;
}

/* What getopt_long() did not take: its number or letter; or 0, and it is a word. */
static void tell_unknown(const struct tool *tool, const struct option *options, const char *written, int option) {
	const char *known = option_name(options, option), *nearest = option == 0 ? nearest_option(options, written) : NULL;

	if (option != 0 && known[0]) {
		tool_error("--%s takes no value: see occupancyctl %s --help", known, tool->command);
	} else if (option != 0) {
		tool_error("there is no option -%c: see occupancyctl %s --help", option, tool->command);
	} else if (is_of_others(written)) {
		tool_error("%s has no option %.*s: see occupancyctl %s --help", tool->command, (int)option_length(written), written,
		           tool->command);
	} else if (!tell_ambiguous(options, written)) {
		tool_error("there is no option %s%s%s%s", written, nearest ? ": did you mean --" : ": see occupancyctl ",
		           nearest ? nearest : tool->command, nearest ? "?" : " --help");
	}
}

/* A time that ends before it begins; of a room's clock and of UTC nobody knows without the room. */
static bool is_backwards(const struct period *period) {
	return period->from.is_set && period->to.is_set && period->from.local == period->to.local &&
	       period->to.time <= period->from.time;
}

/* The shared ones that it takes and its own; of those with a letter for a number, the letter too. */
static void join(const struct tool *tool, struct option options[static 64], char letters[static 64], const struct option *own) {
	size_t count = 0, len = strlen(":c:h");

	memcpy(letters, ":c:h", len + 1);
	for (size_t i = 0; i < SHARED; i++) {
		if (takes(tool, &shared[i])) {
			options[count++] = shared[i].option;
		}
	}
	for (; own && own->name; own++) {
		options[count++] = *own;
		if (own->val < OPTION_JSON) {
			letters[len++] = (char)own->val;
			if (own->has_arg == required_argument) {
				letters[len++] = ':';
			}
			letters[len] = '\0';
		}
	}
}

static bool is_shared(int option) {
	for (size_t i = 0; i < SHARED; i++) {
		if (shared[i].option.val == option) {
			return true;
		}
	}
	return false;
}

int tool_options(struct tool *tool, int argc, char *argv[], const struct option *own, tool_option *handle, void *user) {
	struct option options[64] = {{0}};
	char letters[64];
	int option;

	join(tool, options, letters, own);
	opterr = 0;
	while ((option = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		struct error err = {{0}};
		int r = 0;
		if (option == ':') {
			tool_error("%s needs a value: see occupancyctl %s --help", argv[optind - 1], tool->command);
			return EX_USAGE;
		}
		if (option == '?') {
			tell_unknown(tool, options, argv[optind - 1], optopt);
			return EX_USAGE;
		}
		if (option == 'h') {
			print_help(tool);
			return TOOL_HELPED;
		}
		r = is_shared(option) ? take_shared(tool, option, optarg, &err) : handle(tool, option, optarg, user, &err);
		if (r < 0) {
			tool_error("--%s: %s", option_name(options, option), err.text[0] ? err.text : strerror(-r));
			return EX_USAGE;
		}
	}
	tool->paths = argv + optind;
	tool->path_count = (size_t)(argc - optind);
	if (is_backwards(&tool->selection.period)) {
		tool_error("--to is not later than --from");
		return EX_USAGE;
	}
	return 0;
}

/* Files */

int tool_config(struct tool *tool) {
	struct config_problems problems;
	config_problems_init(&problems);
	int r = config_load(tool->config_file, &tool->config, &problems);
	if (r < 0 && tool->config_given) {
		tool_error("the configuration cannot be used:\n%s", buf_text(&problems.text));
	}
	config_problems_done(&problems);
	return r;
}

/* Returns 0 or an exit code. */
static int add_files(struct log_files *files, const char *path) {
	struct error err = {{0}};
	int r = files_add(files, path, &err);

	if (r < 0) {
		tool_error("%s", err.text);
		return r == -EACCES || r == -EPERM ? EX_NOPERM : r == -EINVAL ? EX_USAGE : EX_IOERR;
	}
	return 0;
}

int tool_other_files(const char *path, struct log_files *files) {
	int r = add_files(files, path);
	files_sort(files);
	return r;
}

int tool_files(struct tool *tool, struct log_files *files) {
	int r = 0;

	if (tool_config(tool) < 0 && tool->config_given) {
		return EX_CONFIG;
	}
	for (size_t i = 0; r == 0 && i < tool->path_count; i++) {
		r = add_files(files, tool->paths[i]);
	}
	if (tool->path_count == 0) {
		r = add_files(files, tool->config ? tool->config->log.directory : "/var/log/occupancyd");
	}
	files_sort(files);
	return r;
}

/* Reading */

void progress_init(struct progress *progress, const char *doing) {
	*progress = (struct progress){doing, false, isatty(STDERR_FILENO), clock_boottime() + USEC_PER_SEC};
}

void progress_show(struct progress *progress, size_t done, size_t of, const char *what) {
	usec_t now = progress->wanted ? clock_boottime() : 0;
	if (!progress->wanted || now < progress->next) {
		return;
	}
	(void)fprintf(stderr, "\r%s: %zu of %zu %s", progress->doing, done, of, what);
	progress->shown = true;
	progress->next = now + USEC_PER_SEC / 5;
}

void progress_end(const struct progress *progress) {
	if (progress->shown) {
		(void)fputs("\r\033[K", stderr);
	}
}

/* Cameras did not count people before; by damage to a line a room may seem to have been counted since the year 1. */
#define EARLIEST (INT64_C(946684800) * USEC_PER_SEC) /* 2000 */

/*
 * Whether it can have been recorded: a bucket is over when it is.  Else a single damaged line would make
 * millions of years of buckets that are missing.  This machine's clock may be behind that of the daemon.
 */
static bool is_possible(const struct log_entry *entry, const struct log_codec *codec, const struct line *line) {
	static usec_t latest;
	if (entry->start < EARLIEST) {
		return false;
	}
	if (entry->end <= latest) {
		return true;
	}
	usec_t soon = clock_realtime() + USEC_PER_DAY;
	latest = soon > latest ? soon : latest;
	if (entry->end <= latest) {
		return true;
	}
	struct log_about *about = calloc(1, sizeof(*about));
	bool possible = about && codec->describe(line->text, line->len, about) == 0 && about->polled_at != USEC_INFINITY &&
	                entry->end - USEC_PER_DAY <= about->polled_at;
	/* Then this machine's clock is late, and what is as old can have been recorded, too. */
	latest = possible ? entry->end : latest;
	free(about);
	return possible;
}

struct reading {
	struct rooms *rooms;
	struct lines *lines;
	const struct log_file *file;
	const struct log_codec *codec;
	struct position at;
	tool_visit *visit;
	tool_odd *odd;
	void *user;
};

/* Takes the lines of the text that are like earlier ones, as nearly all are.  Returns what it has taken; *ret 0 or -errno. */
static size_t hear(struct reading *reading, struct line text, int *ret) {
	struct seen seen = {.at = {reading->at.file, reading->at.line + 1}};
	size_t taken = 0;
	struct line line;
	int r = 0;

	seen.line = &line;
	while (r >= 0) {
		r = rooms_hear(reading->rooms, &text, seen.at, reading->codec, &line, &seen.room);
		if (r >= 0) {
			seen.covering = (enum covering)r;
			seen.entry = &seen.room->echo.entry;
			r = reading->visit(&seen, reading->user);
			seen.at.line++;
			taken += line.len;
			text.text += line.len;
			text.at += (int64_t)line.len;
			text.len -= line.len;
		}
	}
	reading->at.line = seen.at.line - 1;
	*ret = r == -EAGAIN ? 0 : r;
	return taken;
}

static int take_line(struct reading *reading, const struct line *line) {
	struct log_entry entry;
	struct seen seen = {.entry = &entry, .line = line};
	bool is_whole = line->text && line->whole;
	int r;

	if (is_whole && hear(reading, *line, &r) > 0) {
		return r;
	}
	reading->at.line++;
	seen.at = reading->at;
	r = is_whole ? reading->codec->parse(line->text, line->len, &entry) : -EBADMSG;
	if (r == 0 && !is_possible(&entry, reading->codec, line)) {
		return reading->odd(reading->at, "of a time that cannot have been recorded", reading->user);
	}
	if (r == 0) {
		r = rooms_take(reading->rooms, &entry, reading->at, reading->codec, line, &seen.room);
		seen.covering = (enum covering)r;
		return r < 0 ? r : reading->visit(&seen, reading->user);
	}
	if (r == -EBADMSG && !(reading->file->current && !line->whole)) {
		/* The daemon may just be writing the last line of its file. */
		return reading->odd(reading->at, !line->text ? "too long" : !line->whole ? "torn" : "not a record", reading->user);
	}
	return 0;
}

static int read_file(struct reading *reading) {
	struct line line;
	int r = lines_open(reading->lines, reading->file->path);

	reading->codec = log_codec_of_name(reading->file->name);
	while (r >= 0 && (r = lines_next(reading->lines, &line)) > 0) {
		r = take_line(reading, &line);
		if (r >= 0) {
			lines_pass(reading->lines, hear(reading, lines_ahead(reading->lines), &r));
		}
	}
	if (r == -EBADMSG) {
		reading->at.line++;
		r = reading->odd(reading->at, "damaged from here on", reading->user);
	}
	return r;
}

int tool_read(const struct log_files *files, struct rooms *rooms, tool_visit *visit, tool_odd *odd, void *user) {
	struct lines *lines = lines_new();
	struct inflater *inflater = inflater_new();
	struct progress progress;
	int r = lines && inflater ? 0 : -ENOMEM, unread = 0;

	if (r == 0) {
		lines_set_unpacker(lines, &inflater_way, inflater);
	}
	progress_init(&progress, "reading the log");
	for (size_t i = 0; r != -ENOMEM && i < files->len; i++) {
		progress_show(&progress, i, files->len, "files");
		struct reading reading = {
			.rooms = rooms, .lines = lines, .file = &files->list[i], .at = {(uint32_t)i, 0}, .visit = visit, .odd = odd, .user = user,
		};
		r = read_file(&reading);
		if (r < 0) {
			progress_end(&progress);
			tool_error("%s: %s", files->list[i].path, strerror(-r));
			unread = r;
		}
	}
	progress_end(&progress);
	lines_free(lines);
	inflater_free(inflater);
	if (r == -ENOMEM || rooms_settle(rooms) < 0) {
		return EX_OSERR;
	}
	return unread == 0 ? 0 : EX_IOERR;
}

/* Selecting */

static bool is_among(const char **patterns, const char *text) {
	if (!patterns) {
		return true;
	}
	for (size_t i = 0; patterns[i]; i++) {
		if (fnmatch(patterns[i], text, FNM_CASEFOLD) == 0) {
			return true;
		}
	}
	return false;
}

/* "NAME=VALUE" among the labels. */
static bool has_label(struct json_object *labels, const char *wanted) {
	struct json_member member = {0};
	size_t len = strcspn(wanted, "="), value_len;

	while (json_next(labels, &member)) {
		const char *value = json_string(member.value, &value_len);
		if (value && strlen(member.name) == len && strncmp(member.name, wanted, len) == 0 &&
		    strcmp(value, wanted + len + 1) == 0) {
			return true;
		}
	}
	return false;
}

/* All that were given. */
static bool has_labels(const char **wanted, const char *text) {
	struct json_object *labels = NULL;
	struct error err;
	bool has = !wanted || json_read(text, strlen(text), &labels, &err) == 0;

	for (size_t i = 0; has && wanted && wanted[i]; i++) {
		has = has_label(labels, wanted[i]);
	}
	json_free(labels);
	return has;
}

bool tool_selects_named(const struct tool *tool, const char *name, const char *site, const char *labels) {
	const struct selection *selection = &tool->selection;
	return is_among(selection->rooms, name) && is_among(selection->sites, site) && has_labels(selection->labels, labels);
}

bool tool_selects(const struct tool *tool, const struct room *room) {
	return tool_selects_named(tool, room->name, room->site, room->labels);
}

/* What they are called, and what a name of them must be like. */
static const char *name_of_room(const void *rooms, size_t at) {
	return ((const struct rooms *)rooms)->list[at].name;
}

static const char *site_of_room(const void *rooms, size_t at) {
	return ((const struct rooms *)rooms)->list[at].site;
}

int tool_check_names(const char **patterns, const struct tool_names *names) {
	char shown[LOG_TEXT_SIZE], meant[LOG_TEXT_SIZE];

	for (; patterns && *patterns; patterns++) {
		const char *nearest = NULL;
		unsigned best = WORD_FAR;
		bool found = false;
		for (size_t i = 0; !found && i < names->count; i++) {
			const char *name = names->at(names->of, i);
			found = fnmatch(*patterns, name, FNM_CASEFOLD) == 0;
			nearest = name[0] && word_is_nearer(*patterns, name, &best) ? name : nearest;
		}
		if (!found) {
			tool_error("%s has no %s \"%s\"%s%s%s", names->who, names->what, text_escape(shown, sizeof(shown), *patterns, strlen(*patterns)),
			           nearest ? ": did you mean \"" : "",
			           nearest ? text_escape(meant, sizeof(meant), nearest, strlen(nearest)) : "", nearest ? "\"?" : "");
			return EX_USAGE;
		}
	}
	return 0;
}

int tool_check(const struct tool *tool, const struct rooms *rooms) {
	const struct selection *selection = &tool->selection;
	const struct moment *from = &selection->period.from;

	if (rooms->len == 0) {
		return 0;
	}
	bool is_some = false;
	int r = tool_check_names(selection->rooms,
	                         &(struct tool_names){"the log", "room", rooms->len, name_of_room, rooms});
	r = r == 0 ? tool_check_names(selection->sites,
	                              &(struct tool_names){"the log", "site", rooms->len, site_of_room, rooms})
	           : r;
	for (size_t i = 0; r == 0 && !is_some && i < rooms->len; i++) {
		is_some = tool_selects(tool, &rooms->list[i]);
	}
	if (r == 0 && !is_some) {
		tool_error("no room of the log is all that was asked for");
		r = EX_USAGE;
	}
	/* No clock is ahead of others by more than a day. */
	if (r == 0 && from->is_set && from->time - (from->local ? USEC_PER_DAY : 0) > tool->now) {
		tool_error("that time is yet to come");
		r = EX_USAGE;
	}
	return r;
}

void tool_done(struct tool *tool) {
	config_free(tool->config);
	free(tool->selection.rooms);
	free(tool->selection.sites);
	free(tool->selection.labels);
}
