// SPDX-License-Identifier: ISC

#include "tool/status.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "base/utc.h"
#include "tool/cluster.h"
#include "tool/down.h"
#include "tool/judge.h"
#include "tool/output.h"
#include "tool/roomtable.h"
#include "tool/show.h"
#include "tool/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WATCH_EVERY (2 * USEC_PER_SEC)

/* Rooms that are named for Nagios; the others are counted. */
enum { NAMED = 3 };

struct status_command {
	struct tool *tool;
	const char *socket; /* NULL: that of the configuration */
	bool all, watch, nagios;
	struct limits limits;
	bool colour;
};

const char status_help[] =
	"Usage: occupancyctl status [OPTION]...\n"
	"\n"
	"Says how the daemon is doing, and which rooms are not fresh, the worst first.\n"
	"Exits with 0 if all is well, with 1 if something is wrong, with 2 if it is serious or the\n"
	"daemon is down, with 3 if that cannot be found out.\n"
	"\n"
	"      --all               all rooms\n"
	"      --watch             again and again, until q is pressed\n"
	"      --nagios            one line for Nagios, Icinga and their like\n"
	"  -w, --warning TIME      so long a room may be behind, such as 30m; otherwise not at all\n"
	"  -c, --critical TIME     and so long before it is serious; with --nagios, -c is this\n"
	"      --socket PATH       of the daemon, instead of that of its configuration\n";

/* What people read */

static void put_all(const struct status_command *command, const struct live *live, struct judgement *judgement,
                    struct buf *out) {
	char span[SHOW_SPAN_SIZE];
	if (command->all) {
		judge_sort_fresh(judgement);
	}
	buf_printf(out, "running %s; ", show_span(span, live->now - live->started));
	judge_counts(judgement, out);
	buf_putc(out, '\n');
	judge_troubles(live, out, "", "\n");
	judge_orders(live, out);
	cluster_put(live, command->all, out);
	roomtable_put(live, judgement, command->all, command->colour, out);
}

/* What Nagios reads: one line, and no bar but its own. */

static void put_named(const struct judgement *judgement, struct buf *out) {
	size_t count = judgement->count - judgement->states[LIVE_FRESH] - judgement->states[LIVE_STARTING];
	char name[128];
	for (size_t i = 0, named = 0; i < judgement->count && named < NAMED && named < count; i++) {
		const struct live_device *room = judgement->rooms[i];
		if (room->state != LIVE_FRESH && room->state != LIVE_STARTING) {
			buf_printf(out, "%s%s %s", named > 0 ? ", " : "", text_escape(name, sizeof(name), room->name, strlen(room->name)),
			           live_word(room->state));
			named++;
		}
	}
	if (count > NAMED) {
		buf_printf(out, " and %zu more", count - NAMED);
	}
}

static void put_limit(struct buf *out, usec_t limit, usec_t none) {
	if (limit != none) {
		buf_printf(out, "%" PRId64, limit / USEC_PER_SEC);
	}
}

static void put_figures(const struct status_command *command, const struct judgement *judgement, struct buf *out) {
	buf_printf(out, " | fresh=%zu age=%" PRId64 "s;", judgement->states[LIVE_FRESH], judgement->age / USEC_PER_SEC);
	put_limit(out, command->limits.warning, 0);
	buf_putc(out, ';');
	put_limit(out, command->limits.critical, USEC_INFINITY);
	buf_printf(out, " backlog=%" PRId64 "\n", judgement->backlog);
}

static void put_nagios(const struct status_command *command, const struct live *live, const struct judgement *judgement,
                       struct buf *out) {
	size_t begin = out->len;
	buf_printf(out, "OCCUPANCYD %s - ", level_word(judgement->level));
	size_t said = out->len;
	judge_troubles(live, out, "", "; ");
	put_named(judgement, out);
	if (out->len == said) {
		judge_counts(judgement, out);
	} else if (out->len > 2 && memcmp(out->data + out->len - 2, "; ", 2) == 0) {
		buf_truncate(out, out->len - 2);
	}
	for (char *at = out->data ? out->data + begin : NULL; at && *at; at++) {
		*at = *at == '|' ? '/' : *at;
	}
	put_figures(command, judgement, out);
}

/* What programs read: the daemon's own document, less the rooms that were not asked for. */

void status_put_json(const struct live *live, const struct judgement *judgement, struct buf *out) {
	/* The head ends in the list of accounts, and the totals begin an object. */
	json_put_text(out, live->head);
	buf_truncate(out, out->len - 2);
	for (size_t i = 0; i < live->account_count; i++) {
		buf_puts(out, i > 0 ? ",\n" : "\n");
		json_put_text(out, live->accounts[i].text);
	}
	buf_puts(out, "],\n\"devices\":[");
	for (size_t i = 0; i < judgement->count; i++) {
		buf_puts(out, i > 0 ? ",\n" : "\n");
		json_put_text(out, judgement->rooms[i]->text);
	}
	buf_printf(out, "],\n\"level\":\"%s\",\n", level_word(judgement->level));
	json_put_text(out, live->totals + 1);
	buf_putc(out, '\n');
}

/* A daemon that does not answer */

static void put_unanswered(const struct status_command *command, enum level level, const char *sentence, usec_t since,
                           struct buf *out) {
	char text[UTC_STRING_SIZE];
	if (command->tool->json) {
		buf_printf(out, "{\"version\":1,\"program\":\"occupancyd\",\"level\":\"%s\",\"running\":%s,\"last_seen\":",
		           level_word(level), level == LEVEL_UNKNOWN ? "null" : "false");
		json_put_string(out, since != INT64_MIN ? utc_format(text, since - since % USEC_PER_SEC) : NULL);
		buf_puts(out, ",\"reason\":");
		json_put_string(out, sentence);
		buf_puts(out, "}\n");
	} else if (command->nagios) {
		buf_printf(out, "OCCUPANCYD %s - %s\n", level_word(level), sentence);
	} else {
		buf_printf(out, "%s\n", sentence);
	}
}

static enum level tell_unanswered(const struct status_command *command, enum live_result result, const struct error *err,
                                  struct buf *out) {
	struct down down;
	struct buf sentence;
	down_look(command->tool, &down);
	buf_init(&sentence, 4096);
	enum level level = LEVEL_UNKNOWN;
	if (result == LIVE_DOWN) {
		level = down.pid > 0 ? LEVEL_UNKNOWN : LEVEL_CRITICAL;
		down_say(&down, err->text, command->tool->now, &sentence);
	} else {
		level = result == LIVE_SILENT ? LEVEL_CRITICAL : LEVEL_UNKNOWN;
		buf_puts(&sentence, err->text);
	}
	put_unanswered(command, level, buf_text(&sentence), down_since(&down), out);
	buf_done(&sentence);
	return level;
}

/* The configuration says where state and log are.  False: it has been said what is wrong with the one that was given. */
static bool has_config(struct tool *tool) {
	return tool->config || tool_config(tool) == 0 || !tool->config_given;
}

/* The command */

static const char *name_of(const void *live, size_t at) {
	return ((const struct live *)live)->devices[at].name;
}

static const char *site_of(const void *live, size_t at) {
	const char *site = ((const struct live *)live)->devices[at].site;
	return site ? site : "";
}

static int check_selection(const struct tool *tool, const struct live *live) {
	const struct selection *selection = &tool->selection;
	int r = tool_check_names(selection->rooms,
	                         &(struct tool_names){"the daemon", "room", live->device_count, name_of, live});
	return r == 0 ? tool_check_names(selection->sites,
	                                 &(struct tool_names){"the daemon", "site", live->device_count, site_of, live})
	              : r;
}

/* Returns 0 and a level, or an exit code of another kind. */
static int look(const struct status_command *command, struct buf *out, enum level *ret) {
	struct live live = {0};
	struct judgement judgement = {0};
	struct error err = {{0}};
	char path[128];
	command->tool->now = clock_realtime();
	int r = command->socket ? 0 : live_path(command->tool, path);
	if (r != 0) {
		return r;
	}
	enum live_result result = live_read(command->socket ? command->socket : path, &live, &err);
	if (result != LIVE_GOT && !has_config(command->tool)) {
		r = EX_CONFIG;
	} else if (result != LIVE_GOT) {
		*ret = tell_unanswered(command, result, &err, out);
	} else if ((r = check_selection(command->tool, &live)) == 0 &&
	           (r = judge(command->tool, &live, &command->limits, &judgement)) == 0) {
		*ret = judgement.level;
		if (command->tool->json) {
			status_put_json(&live, &judgement, out);
		} else if (command->nagios) {
			put_nagios(command, &live, &judgement, out);
		} else {
			put_all(command, &live, &judgement, out);
		}
	}
	free(judgement.rooms);
	live_done(&live);
	return r < 0 ? EX_OSERR : r;
}

static int draw(void *user, struct buf *out) {
	enum level level;
	return look(user, out, &level);
}

static int show_once(struct status_command *command) {
	enum level level = LEVEL_UNKNOWN;
	struct error err = {{0}};
	struct buf out;
	buf_init(&out, BUF_ANY);
	int r = look(command, &out, &level);
	if (r == 0 && output_text(NULL, &out, &err) < 0) {
		tool_error("%s", err.text);
		r = EX_IOERR;
	}
	buf_done(&out);
	return r != 0 ? r : (int)level;
}

enum { OPTION_ALL = TOOL_OWN, OPTION_WATCH, OPTION_NAGIOS, OPTION_CRITICAL, OPTION_SOCKET };

static int take_option(struct tool *tool, int option, const char *value, void *user, struct error *err) {
	struct status_command *command = user;
	(void)tool;
	command->all |= option == OPTION_ALL;
	command->watch |= option == OPTION_WATCH;
	command->nagios |= option == OPTION_NAGIOS;
	switch (option) {
	case 'w':
		return units_parse_duration(value, &command->limits.warning, err);
	case OPTION_CRITICAL:
		return units_parse_duration(value, &command->limits.critical, err);
	case OPTION_SOCKET:
		command->socket = value;
		return 0;
	default:
		return 0;
	}
}

/* All plug-ins of Nagios have -c for this; otherwise it is the configuration's. */
static void give_letter_to_nagios(int argc, char *argv[]) {
	static char name[] = "--critical";
	bool nagios = false;
	for (int i = 1; i < argc; i++) {
		nagios |= strcmp(argv[i], "--nagios") == 0;
	}
	for (int i = 1; nagios && i < argc; i++) {
		argv[i] = strcmp(argv[i], "-c") == 0 ? name : argv[i];
	}
}

static int read_options(struct status_command *command, int argc, char *argv[]) {
	static const struct option own[] = {
		{"all", no_argument, NULL, OPTION_ALL},
		{"watch", no_argument, NULL, OPTION_WATCH},
		{"nagios", no_argument, NULL, OPTION_NAGIOS},
		{"warning", required_argument, NULL, 'w'},
		{"critical", required_argument, NULL, OPTION_CRITICAL},
		{"socket", required_argument, NULL, OPTION_SOCKET},
		{0},
	};
	struct tool *tool = command->tool;

	give_letter_to_nagios(argc, argv);
	int r = tool_options(tool, argc, argv, own, take_option, command);
	if (r == 0 && tool->path_count > 0) {
		tool_error("status asks the daemon, and reads no files");
		r = EX_USAGE;
	}
	if (r == 0 && command->watch && (tool->json || command->nagios)) {
		tool_error("--watch is for people, without --json and --nagios");
		r = EX_USAGE;
	}
	return r;
}

int status_run(struct tool *tool, int argc, char *argv[]) {
	const char *no_colour = getenv("NO_COLOR");
	struct status_command command = {
		.tool = tool,
		.limits = {.warning = 0, .critical = USEC_INFINITY},
		.colour = isatty(STDOUT_FILENO) && !(no_colour && no_colour[0]),
	};
	int r = read_options(&command, argc, argv);
	if (r != 0) {
		return r;
	}
	return command.watch ? watch_run(draw, &command, WATCH_EVERY) : show_once(&command);
}
