// SPDX-License-Identifier: ISC

#include "tool/metrics.h"

#include "base/text.h"
#include "tool/judge.h"
#include "tool/live.h"
#include "tool/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char metrics_help[] =
	"Usage: occupancyctl metrics [OPTION]...\n"
	"\n"
	"How the daemon and each room are doing, in Prometheus's text format, without time stamps:\n"
	"for the textfile collector of node_exporter.  occupancyd_up is 0 if the daemon does not answer.\n"
	"\n"
	"  -o, --output FILE       there, whole or not at all, instead of the standard output\n"
	"      --socket PATH       of the daemon, instead of that of its configuration\n";

struct metrics {
	struct tool *tool;
	const char *socket, *path; /* path: NULL: the standard output */
};

/* What has to be escaped is, and what is unprintable is not there. */
static void put_value(struct buf *out, const char *text) {
	size_t len = text ? strlen(text) : 0;
	buf_putc(out, '"');
	for (size_t i = 0; i < len;) {
		uint32_t point = 0;
		size_t used = text_decode(text + i, len - i, &point);
		if (used > 0 && (point == '"' || point == '\\')) {
			buf_putc(out, '\\');
			buf_putc(out, (char)point);
		} else if (point == '\n') {
			buf_puts(out, "\\n");
		} else if (used == 0 || text_is_unprintable(point)) {
			buf_puts(out, "\xef\xbf\xbd");
		} else {
			buf_append(out, text + i, used);
		}
		i += used > 0 ? used : 1;
	}
	buf_putc(out, '"');
}

static void put_label(struct buf *out, const char *before, const char *name, const char *value) {
	buf_puts(out, before);
	buf_puts(out, name);
	buf_putc(out, '=');
	put_value(out, value);
}

static void begin(struct buf *out, const char *name, const char *type, const char *help) {
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_single(struct buf *out, const char *name, const char *type, const char *help, int64_t value) {
	begin(out, name, type, help);
	buf_printf(out, "%s %" PRId64 "\n", name, value);
}

/* Of rooms */

/* Returns whether there is one. */
typedef bool room_value(const struct live *live, const struct live_device *room, int64_t *ret);

/* What somebody counted a while ago is not how many are there now. */
static bool occupancy(const struct live *live, const struct live_device *room, int64_t *ret) {
	(void)live;
	*ret = room->count;
	return room->state == LIVE_FRESH && room->count >= 0;
}

static bool behind(const struct live *live, const struct live_device *room, int64_t *ret) {
	*ret = judge_age(live, room) / USEC_PER_SEC;
	return true;
}

static bool age(const struct live *live, const struct live_device *room, int64_t *ret) {
	(void)live;
	*ret = room->age / USEC_PER_SEC;
	return room->last_end != INT64_MIN;
}

static bool backlog(const struct live *live, const struct live_device *room, int64_t *ret) {
	(void)live;
	*ret = room->waiting;
	return true;
}

static bool rechecks(const struct live *live, const struct live_device *room, int64_t *ret) {
	(void)live;
	*ret = room->rechecks;
	return true;
}

static void put_rooms(struct buf *out, const struct live *live, const struct judgement *judgement) {
	static const struct {
		const char *name, *help;
		room_value *value;
	} all[] = {
		{"occupancyd_room_occupancy", "People counted in the last bucket; left out while the room is not fresh.", occupancy},
		{"occupancyd_room_behind_seconds", "Since the end of the last bucket, of a room that is not fresh; otherwise 0.", behind},
		{"occupancyd_room_age_seconds", "Since the end of the last bucket that is recorded.", age},
		{"occupancyd_room_backlog_buckets", "Buckets that are over and not recorded yet.", backlog},
		{"occupancyd_room_recheck_runs", "Runs of buckets without a count that are asked for again.", rechecks},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		begin(out, all[i].name, "gauge", all[i].help);
		for (size_t at = 0; at < judgement->count; at++) {
			const struct live_device *room = judgement->rooms[at];
			int64_t value;
			if (all[i].value(live, room, &value)) {
				buf_puts(out, all[i].name);
				put_label(out, "{", "room", room->name);
				put_label(out, ",", "site", room->site);
				put_label(out, ",", "account", room->account);
				put_label(out, ",", "interval", room->interval);
				put_label(out, ",", "device", room->uuid);
				buf_printf(out, "} %" PRId64 "\n", value);
			}
		}
	}
}

/* Of accounts */

static void put_account_states(struct buf *out, const struct live *live) {
	static const char *const states[] = {"open", "throttled", "refused", "down"};
	begin(out, "occupancyd_account_state", "gauge", "Whether the account is in that state.");
	for (size_t i = 0; i < live->account_count; i++) {
		for (size_t at = 0; at < sizeof(states) / sizeof(states[0]); at++) {
			put_label(out, "occupancyd_account_state{", "account", live->accounts[i].name);
			put_label(out, ",", "state", states[at]);
			buf_printf(out, "} %d\n", strcmp(live->accounts[i].state, states[at]) == 0);
		}
	}
}

static void put_accounts(struct buf *out, const struct live *live) {
	put_account_states(out, live);
	begin(out, "occupancyd_account_requests_in_flight", "gauge", "Requests that wait for an answer.");
	for (size_t i = 0; i < live->account_count; i++) {
		put_label(out, "occupancyd_account_requests_in_flight{", "account", live->accounts[i].name);
		buf_printf(out, "} %" PRId64 "\n", live->accounts[i].in_flight);
	}
	begin(out, "occupancyd_account_clock_ahead_seconds", "gauge", "How far this machine's clock is ahead of the server's.");
	for (size_t i = 0; i < live->account_count; i++) {
		put_label(out, "occupancyd_account_clock_ahead_seconds{", "account", live->accounts[i].name);
		buf_printf(out, "} %.3f\n", (double)live->accounts[i].ahead_ms / 1000);
	}
}

/* Of the cluster */

static int64_t owner(const struct live_place *place) {
	static const char *const states[] = {"reading", "owner", "leaving"};
	int64_t owns = 0;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		owns |= strcmp(place->state, states[i]) == 0;
	}
	return owns;
}

static int64_t entry(const struct live_place *place) {
	return place->entry;
}

static int64_t head(const struct live_place *place) {
	return place->head;
}

static int64_t entries_behind(const struct live_place *place) {
	return place->behind;
}

static int64_t halted(const struct live_place *place) {
	return strcmp(place->state, "halted") == 0;
}

static void put_places(struct buf *out, const struct live *live) {
	static const struct {
		const char *name, *help;
		int64_t (*value)(const struct live_place *place);
	} all[] = {
		{"occupancyd_cluster_account_owner", "Whether this node owns the account.", owner},
		{"occupancyd_cluster_account_entry", "The last entry that is in the log of this node.", entry},
		{"occupancyd_cluster_account_head", "The last entry in the cluster's journal.", head},
		{"occupancyd_cluster_account_behind", "Entries that the log of this node lacks.", entries_behind},
		{"occupancyd_cluster_account_halted", "Whether this node has stopped following the account.", halted},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		begin(out, all[i].name, "gauge", all[i].help);
		for (size_t at = 0; at < live->account_count; at++) {
			const struct live_account *account = &live->accounts[at];
			if (account->place.state) {
				buf_puts(out, all[i].name);
				put_label(out, "{", "cluster", live->cluster.name);
				put_label(out, ",", "account", account->name);
				buf_printf(out, "} %" PRId64 "\n", all[i].value(&account->place));
			}
		}
	}
}

/* Nothing where the daemon is alone. */
static void put_cluster(struct buf *out, const struct live *live) {
	const struct live_cluster *cluster = &live->cluster;
	if (!cluster->node) {
		return;
	}
	begin(out, "occupancyd_cluster_up", "gauge", "Whether this node reaches the cluster's journal.");
	put_label(out, "occupancyd_cluster_up{", "cluster", cluster->name);
	put_label(out, ",", "node", cluster->node);
	buf_printf(out, "} %d\n", cluster->reached);
	begin(out, "occupancyd_cluster_nodes", "gauge", "Nodes of the cluster that this node sees, itself among them.");
	put_label(out, "occupancyd_cluster_nodes{", "cluster", cluster->name);
	buf_printf(out, "} %zu\n", cluster->node_count);
	put_places(out, live);
}

/* Of the daemon */

static void put_daemon(struct buf *out, const struct live *live, const struct judgement *judgement) {
	begin(out, "occupancyd_info", "gauge", "The version that runs.");
	put_label(out, "occupancyd_info{", "version", live->release);
	buf_puts(out, "} 1\n");
	put_single(out, "occupancyd_start_time_seconds", "gauge", "When the daemon was started, since 1970.",
	           live->started / USEC_PER_SEC);
	put_single(out, "occupancyd_storage_ok", "gauge", "Whether log and state can be written.", !live->storage_fails);
	put_single(out, "occupancyd_configuration_ok", "gauge", "Whether the configuration's files are in force.",
	           !live->configuration);
	put_single(out, "occupancyd_requests_total", "counter", "Requests since the start.", live->requests);
	put_single(out, "occupancyd_records_total", "counter", "Records written since the start.", live->records);
	put_single(out, "occupancyd_points_dropped_total", "counter", "Points that fitted nowhere, since the start.",
	           live->points_dropped);
	if (live->last_record != INT64_MIN) {
		put_single(out, "occupancyd_last_record_timestamp_seconds", "gauge", "When the last record was written, since 1970.",
		           live->last_record / USEC_PER_SEC);
	}
	begin(out, "occupancyd_rooms", "gauge", "Rooms in that state.");
	for (int i = 0; i < LIVE_STATES; i++) {
		put_label(out, "occupancyd_rooms{", "state", live_word((enum live_state)i));
		buf_printf(out, "} %zu\n", judgement->states[i]);
	}
}

/* Of orders */

static void put_orders(struct buf *out, const struct live_orders *orders) {
	begin(out, "occupancyd_backfill_orders", "gauge", "Orders to ask again that are in that state.");
	buf_printf(out, "occupancyd_backfill_orders{state=\"waiting\"} %" PRId64 "\n", orders->waiting);
	buf_printf(out, "occupancyd_backfill_orders{state=\"running\"} %" PRId64 "\n", orders->running);
	put_single(out, "occupancyd_backfill_buckets", "gauge", "Buckets of running orders that are still to be asked for.",
	           orders->buckets);
	put_single(out, "occupancyd_backfill_done_total", "counter", "Orders that have been carried out, since the start.",
	           orders->done);
	put_single(out, "occupancyd_backfill_refused_total", "counter", "Orders that could not be read, since the start.",
	           orders->refused);
}

/* Several daemons on a machine */

/* A comment as it is; else with the label, before others. */
static void put_line(struct buf *out, const char *line, size_t len, const char *instance) {
	size_t name = *line == '#' ? len : strcspn(line, "{ ");
	buf_append(out, line, name);
	if (name < len) {
		bool has_labels = line[name] == '{';
		put_label(out, "{", "daemon", instance);
		buf_putc(out, has_labels ? ',' : '}');
		name += has_labels;
	}
	buf_append(out, line + name, len - name);
}

/* Metrics of an instance lie beside those of others: they get its name. */
static void put_labelled(struct buf *out, const struct buf *lines, const char *instance) {
	for (const char *line = buf_text(lines); *line;) {
		size_t len = strcspn(line, "\n") + 1;
		put_line(out, line, len, instance);
		line += len;
	}
}

/* The command */

/* Returns 0 or an exit code; what is in out is to be written in any case. */
static int put_all(const struct metrics *metrics, struct buf *out) {
	const struct limits limits = {.warning = 0, .critical = USEC_INFINITY};
	struct judgement judgement = {0};
	struct live live = {0};
	struct error err = {{0}};
	enum live_result result = live_read(metrics->socket, &live, &err);
	int r = result == LIVE_GOT ? judge(metrics->tool, &live, &limits, &judgement) : 0;

	put_single(out, "occupancyd_up", "gauge", "Whether the daemon answers.", result == LIVE_GOT && r == 0);
	if (result == LIVE_GOT && r == 0) {
		put_daemon(out, &live, &judgement);
		put_accounts(out, &live);
		put_cluster(out, &live);
		put_orders(out, &live.orders);
		put_rooms(out, &live, &judgement);
	} else if (r == 0) {
		tool_error("%s", err.text);
	}
	free(judgement.rooms);
	live_done(&live);
	/* That it is down is what the metrics are for. */
	return r < 0 ? EX_OSERR : result == LIVE_DENIED ? EX_NOPERM : result == LIVE_FOREIGN ? EX_UNAVAILABLE : 0;
}

enum { OPTION_SOCKET = TOOL_OWN };

static int take_option(struct tool *tool, int option, const char *value, void *user, struct error *err) {
	struct metrics *metrics = user;
	(void)tool;
	(void)err;
	if (option == 'o') {
		metrics->path = value;
	} else {
		metrics->socket = value;
	}
	return 0;
}

static int write_all(const struct metrics *metrics) {
	char instance[LIVE_INSTANCE];
	struct error err = {{0}};
	struct buf out, labelled;
	buf_init(&out, BUF_ANY);
	buf_init(&labelled, BUF_ANY);
	int r = put_all(metrics, &out);
	bool has_name = buf_error(&out) == 0 && live_instance(metrics->tool->config_file, instance);
	if (has_name) {
		put_labelled(&labelled, &out, instance);
	}
	if (output_text(metrics->path, has_name ? &labelled : &out, &err) < 0) {
		tool_error("%s", err.text);
		r = EX_IOERR;
	}
	buf_done(&labelled);
	buf_done(&out);
	return r;
}

int metrics_run(struct tool *tool, int argc, char *argv[]) {
	static const struct option own[] = {
		{"output", required_argument, NULL, 'o'},
		{"socket", required_argument, NULL, OPTION_SOCKET},
		{0},
	};
	struct metrics metrics = {.tool = tool};
	char path[128];
	int r = tool_options(tool, argc, argv, own, take_option, &metrics);
	if (r == 0 && tool->path_count > 0) {
		tool_error("metrics asks the daemon, and reads no files");
		r = EX_USAGE;
	}
	if (r == 0 && !metrics.socket) {
		r = live_path(tool, path);
		metrics.socket = path;
	}
	return r != 0 ? r : write_all(&metrics);
}
