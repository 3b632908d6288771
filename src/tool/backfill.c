// SPDX-License-Identifier: ISC

#include "tool/backfill.h"

#include "base/array.h"
#include "base/json.h"
#include "base/text.h"
#include "base/utc.h"
#include "state/order.h"
#include "tool/devices.h"
#include "tool/spool.h"
#include "tool/tool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is to be asked for of a room. */
struct part {
	const struct room *room;
	const struct device *device;
	usec_t from, to;
	uint64_t buckets, requests;
	bool cut; /* its log begins later than was asked for */
};

struct backfill_command {
	struct tool *tool;
	bool yes;
	struct log_files files;
	struct rooms rooms;
	struct devices devices; /* of the configuration */
	struct part *parts;
	size_t len, size;
	uint64_t buckets, requests;
	usec_t takes; /* at the rates of the accounts, at least */
	struct buf order;
	size_t order_lines;
	uint64_t order_buckets;
	char (*names)[64]; /* of the files */
	size_t name_count, name_size;
	int spool;
};

static int visit(const struct seen *seen, void *user) {
	(void)seen;
	(void)user;
	return 0;
}

/* What is no record is the business of verify. */
static int odd(struct position at, const char *reason, void *user) {
	(void)at;
	(void)reason;
	(void)user;
	return 0;
}

/* What will be done */

static usec_t log_end(const struct room *room) {
	const struct coverage *coverage = &room->coverage;
	return coverage->len > 0 ? coverage->list[coverage->len - 1].end : room->first;
}

static int plan_room(struct backfill_command *command, const struct room *room) {
	const struct tool *tool = command->tool;
	char shown[LOG_TEXT_SIZE];
	struct part part = {.room = room, .device = devices_find(&command->devices, room->uuid, room->interval)};
	usec_t end = log_end(room);

	period_in(&tool->selection.period, room->zone, tool->now, &part.from, &part.to);
	part.cut = part.from < room->first && tool->selection.period.from.is_set;
	part.from = part.from > room->first ? part.from : room->first;
	part.to = part.to < end ? part.to : end;
	if (part.from >= part.to) {
		return 0;
	}
	if (!part.device) {
		tool_error("%s is not configured any more, and left out", text_escape(shown, sizeof(shown), room->name, strlen(room->name)));
		return 0;
	}
	uint64_t most = room->interval == INTERVAL_NONE ? 1 : (uint64_t)part.device->settings->max_points;
	part.buckets = room_buckets(room, part.from, part.to);
	part.requests = (part.buckets + most - 1) / most;
	if (array_reserve(&command->parts, &command->size, command->len + 1, sizeof(*command->parts)) < 0) {
		return -ENOMEM;
	}
	command->parts[command->len++] = part;
	command->buckets += part.buckets;
	command->requests += part.requests;
	return 0;
}

/* Accounts are asked at the same time. */
static int find_time(struct backfill_command *command) {
	const struct config *config = command->tool->config;
	usec_t *takes = calloc(config->account_count + 1, sizeof(*takes));
	int r = takes ? 0 : -ENOMEM;
	for (size_t i = 0; takes && i < command->len; i++) {
		const struct part *part = &command->parts[i];
		usec_t *its = &takes[part->device->account - config->accounts];
		*its += (usec_t)part->requests * part->device->account->rate.gap;
		command->takes = *its > command->takes ? *its : command->takes;
	}
	free(takes);
	return r;
}

static int plan(struct backfill_command *command) {
	if (devices_init(&command->devices, command->tool->config) < 0) {
		return EX_OSERR;
	}
	for (size_t i = 0; i < command->rooms.len; i++) {
		const struct room *room = &command->rooms.list[i];
		if (tool_selects(command->tool, room) && plan_room(command, room) < 0) {
			return EX_OSERR;
		}
	}
	if (command->len == 0) {
		tool_error("nothing was recorded in that time: only what is in the log can be asked for again");
		return EX_USAGE;
	}
	return find_time(command) < 0 ? EX_OSERR : 0;
}

static void show_plan(const struct backfill_command *command) {
	char from[UTC_STRING_SIZE], to[UTC_STRING_SIZE], name[LOG_TEXT_SIZE], takes[DURATION_STRING_SIZE];

	for (size_t i = 0; i < command->len; i++) {
		const struct part *part = &command->parts[i];
		printf("%s  %s to %s  %" PRIu64 " bucket%s, %" PRIu64 " request%s%s\n",
		       text_escape(name, sizeof(name), part->room->name, strlen(part->room->name)), utc_format(from, part->from),
		       utc_format(to, part->to), part->buckets, part->buckets == 1 ? "" : "s", part->requests,
		       part->requests == 1 ? "" : "s", part->cut ? "; its log begins there" : "");
	}
	printf("%zu room%s, %" PRIu64 " bucket%s in %" PRIu64 " request%s: %s at least, beside what is due.\n", command->len,
	       command->len == 1 ? "" : "s", command->buckets, command->buckets == 1 ? "" : "s", command->requests,
	       command->requests == 1 ? "" : "s",
	       units_format_duration(takes, command->takes > USEC_PER_SEC ? command->takes : USEC_PER_SEC, 0));
	puts("Counts that differ are recorded as revisions; what is in the log stays there.");
}

static bool is_confirmed(const struct backfill_command *command) {
	if (command->yes) {
		return true;
	}
	(void)fputs("Go on? [y/N] ", stdout);
	(void)fflush(stdout);
	int answer = getchar();
	return answer == 'y' || answer == 'Y';
}

/* Orders */

static void begin_order(struct backfill_command *command) {
	buf_clear(&command->order);
	order_put_header(&command->order);
	command->order_lines = 0;
	command->order_buckets = 0;
}

/* Puts the order there, and begins another. */
static int end_order(struct backfill_command *command, struct error *err) {
	char stamp[UTC_STRING_SIZE], name[64];
	if (command->order_lines == 0) {
		return 0;
	}
	if (buf_error(&command->order) < 0 ||
	    array_reserve(&command->names, &command->name_size, command->name_count + 1, sizeof(*command->names)) < 0) {
		return error_set(err, ENOMEM, "out of memory");
	}
	(void)snprintf(name, sizeof(name), "%s-%ld-%04zu" ORDER_SUFFIX,
	               utc_format(stamp, command->tool->now - command->tool->now % USEC_PER_SEC), (long)getpid(),
	               command->name_count + 1);
	int r = spool_put(command->spool, name, &command->order, err);
	if (r < 0) {
		return r;
	}
	memcpy(command->names[command->name_count++], name, sizeof(name));
	begin_order(command);
	return 0;
}

/* Where so many buckets end, from there on. */
static usec_t after(const struct grid *grid, usec_t from, usec_t to, uint64_t buckets) {
	for (; buckets > 0 && from < to; buckets--) {
		from = grid_next(grid, from);
	}
	return from < to ? from : to;
}

/* A room with more than an order may have is in several. */
static int order_part(struct backfill_command *command, const struct part *part, struct error *err) {
	struct order_line line = {.interval = part->room->interval, .from = part->from};
	uint64_t left = part->buckets;
	int r = 0;

	(void)snprintf(line.uuid, sizeof(line.uuid), "%s", part->room->uuid);
	while (r == 0 && left > 0) {
		/* The buckets at the ends may not be whole. */
		uint64_t room = ORDER_BUCKETS - 2 - command->order_buckets;
		uint64_t share = left < room ? left : room;
		line.to = share == left ? part->to : after(&part->room->grid, line.from, part->to, share);
		order_put(&command->order, &line);
		command->order_lines++;
		command->order_buckets += share;
		left -= share;
		line.from = line.to;
		if (left > 0 || command->order_lines == ORDER_LINES || command->order_buckets + 2 >= ORDER_BUCKETS) {
			r = end_order(command, err);
		}
	}
	return r;
}

static int place_orders(struct backfill_command *command) {
	struct error err = {{0}};
	int r = 0;

	begin_order(command);
	for (size_t i = 0; i < command->len && r == 0; i++) {
		r = order_part(command, &command->parts[i], &err);
	}
	if (r == 0) {
		r = end_order(command, &err);
	}
	if (r < 0) {
		for (size_t i = 0; i < command->name_count; i++) {
			spool_remove(command->spool, command->names[i]);
		}
		tool_error("%s", err.text);
		return EX_IOERR;
	}
	return 0;
}

static void tell_json(const struct backfill_command *command, pid_t pid) {
	struct buf out;
	buf_init(&out, BUF_ANY);
	buf_puts(&out, "{\"version\":1,\"rooms\":[");
	for (size_t i = 0; i < command->len; i++) {
		const struct part *part = &command->parts[i];
		char from[UTC_STRING_SIZE], to[UTC_STRING_SIZE];
		buf_puts(&out, i > 0 ? ",{\"name\":" : "{\"name\":");
		json_put_string(&out, part->room->name);
		buf_printf(&out, ",\"device\":\"%s\",\"interval\":\"%s\",\"from\":\"%s\",\"to\":\"%s\",\"buckets\":%" PRIu64
		           ",\"requests\":%" PRIu64 "}", part->room->uuid, interval_name(part->room->interval),
		           utc_format(from, part->from), utc_format(to, part->to), part->buckets, part->requests);
	}
	buf_printf(&out, "],\"buckets\":%" PRIu64 ",\"requests\":%" PRIu64 ",\"least_s\":%" PRId64 ",\"orders\":[",
	           command->buckets, command->requests, command->takes / USEC_PER_SEC);
	for (size_t i = 0; i < command->name_count; i++) {
		buf_printf(&out, "%s\"%s\"", i > 0 ? "," : "", command->names[i]);
	}
	buf_printf(&out, "],\"told\":%s}\n", pid > 0 ? "true" : "false");
	(void)fputs(buf_text(&out), stdout);
	buf_done(&out);
}

static void tell_placed(const struct backfill_command *command) {
	pid_t pid = spool_tell(command->tool->config->state_directory);
	if (command->tool->json) {
		tell_json(command, pid);
	} else if (pid > 0) {
		printf("Ordered; occupancyd (process %ld) has been told. occupancyctl status shows what is left.\n", (long)pid);
	} else if (pid == 0) {
		puts("Ordered; occupancyd does not run: it will begin when it is started.");
	} else {
		puts("Ordered; occupancyd could not be told: reload it (systemctl reload occupancyd).");
	}
}

/* The command */

const char backfill_help[] =
	"Usage: occupancyctl backfill --room NAME --from TIME --to TIME [OPTION]...\n"
	"\n"
	"Has occupancyd ask Rhombus again for what it has recorded, or recorded as a gap: after an outage\n"
	"that was too long, or when counts were corrected late. Shows what will be done, and asks.\n"
	"For root, or the service's user.\n"
	"\n"
	"  -y, --yes               do not ask\n";

static int take_option(struct tool *tool, int option, const char *value, void *user, struct error *err) {
	struct backfill_command *command = user;
	(void)tool;
	(void)value;
	(void)err;
	command->yes |= option == 'y';
	return 0;
}

/* What can be known before anything is read. */
static int check_usage(const struct backfill_command *command) {
	const struct tool *tool = command->tool;
	const struct period *period = &tool->selection.period;
	if (tool->path_count > 0) {
		tool_error("only what the daemon itself has recorded can be asked for again: no PATH is wanted");
		return EX_USAGE;
	}
	if (period->unit == PERIOD_NONE && !period->from.is_set) {
		tool_error("which time? Give --from and --to, or --during");
		return EX_USAGE;
	}
	if (!command->yes && (tool->json || !isatty(STDIN_FILENO))) {
		tool_error("nobody can be asked: add --yes");
		return EX_USAGE;
	}
	return 0;
}

static int open_spool(struct backfill_command *command) {
	struct error err = {{0}};
	if (!command->tool->config) {
		tool_error("%s: the configuration cannot be read, and is needed", command->tool->config_file);
		return access(command->tool->config_file, R_OK) < 0 && errno == EACCES ? EX_NOPERM : EX_CONFIG;
	}
	command->spool = spool_open(command->tool->config->state_directory, &err);
	if (command->spool < 0) {
		tool_error("%s", err.text);
		return command->spool == -EPERM || command->spool == -EACCES ? EX_NOPERM : EX_IOERR;
	}
	return 0;
}

static int carry_out(struct backfill_command *command) {
	int r = plan(command);
	if (r != 0) {
		return r;
	}
	if (!command->tool->json) {
		show_plan(command);
	}
	if (!is_confirmed(command)) {
		puts("Nothing was ordered.");
		return TOOL_NO;
	}
	r = place_orders(command);
	if (r == 0) {
		tell_placed(command);
	}
	return r;
}

int backfill_run(struct tool *tool, int argc, char *argv[]) {
	static const struct option own[] = {{"yes", no_argument, NULL, 'y'}, {0}};
	struct backfill_command command = {.tool = tool, .spool = -1};

	buf_init(&command.order, ORDER_BYTES);
	int r = tool_options(tool, argc, argv, own, take_option, &command);
	r = r == 0 ? check_usage(&command) : r;
	r = r == 0 ? tool_files(tool, &command.files) : r;
	r = r == 0 ? open_spool(&command) : r;
	r = r == 0 ? tool_read(&command.files, &command.rooms, visit, odd, &command) : r;
	r = r == 0 ? tool_check(tool, &command.rooms) : r;
	r = r == 0 ? carry_out(&command) : r;
	if (command.spool >= 0) {
		close(command.spool);
	}
	free(command.names);
	free(command.parts);
	buf_done(&command.order);
	devices_done(&command.devices);
	rooms_done(&command.rooms);
	files_done(&command.files);
	return r;
}
