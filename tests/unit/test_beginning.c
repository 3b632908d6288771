// SPDX-License-Identifier: ISC

/* tool/beginning.h: why a log begins where it does. */

#include "disk.h"

#include "room.h"
#include "state/checkpoint.h"
#include "tool/beginning.h"

enum { NO_CHECKPOINT = -1 };

/* Of which each case says what is different: a log of three rotated files of 100 bytes that begins on 25 August. */
struct row {
	const char *title;
	int since_hours;      /* when the bucket began that was the last when the daemon began, before that; or the one above */
	int keep, keep_bytes;
	int keep_age_hours;   /* 100 days have passed since then */
	int backfill_hours;   /* backfill_from */
	int corrects_hours;   /* a correction of what is so long before the beginning; 0: none, or the record before is here */
	const char *said;
};

#define FIRST "2026-08-25T08:00:00Z"
enum { AGE = 100 * 24 };

static const struct row rows[] = {
	{"the daemon began then", 0, 3, 0, 0, 0, 0, ""},
	{"it would have begun a little earlier, by how it is set up now", 0, 3, 0, 0, 1, 0, ""},
	{"it began earlier, and as many are kept", 240, 3, 0, 0, 0, 0, "MORE keep 15"},
	{"fewer are kept than are here", 240, 2, 0, 0, 0, 0, "MORE keep 15"},
	{"more would be kept", 240, 4, 0, 0, 0, 0, "MORE - 15"},
	{"all are kept", 240, 0, 0, 0, 0, 0, "MORE - 15"},
	{"another would be too many bytes", 240, 0, 399, 0, 0, 0, "MORE keep_bytes 15"},
	{"another would not", 240, 0, 400, 0, 0, 0, "MORE - 15"},
	{"an older one would be too old", 240, 0, 0, AGE, 0, 0, "MORE keep_age 15"},
	{"it was written a little later", 240, 0, 0, AGE + 1, 0, 0, "MORE keep_age 15"},
	{"an older one would not be too old", 240, 0, 0, AGE + 2, 0, 0, "MORE - 15"},
	{"several settings", 240, 3, 400, AGE, 0, 0, "MORE keep 15"},
	{"the log would have begun earlier", 0, 3, 0, 0, 24, 0, "PERHAPS keep -"},
	{"it would have, but nothing has been removed", 0, 4, 0, 0, 24, 0, ""},
	{"no checkpoint", NO_CHECKPOINT, 4, 0, 0, 0, 0, ""},
	{"no checkpoint, and as many as are kept", NO_CHECKPOINT, 3, 0, 0, 0, 0, "PERHAPS keep -"},
	{"no checkpoint, and another would be too old", NO_CHECKPOINT, 0, 0, AGE, 0, 0, ""},
	{"something is corrected that is not there", 0, 0, 0, 0, 0, 7, "MORE - -"},
	{"that was removed", NO_CHECKPOINT, 3, 0, 0, 0, 7, "MORE keep -"},
};

static struct config config;
static struct rooms all;
static struct tool tool;

static void save_checkpoint(usec_t since) {
	struct checkpoint_writer *writer;
	struct error err;
	expect_int(0, checkpoint_begin(&(struct sink_position){0}, &writer));
	checkpoint_add(writer, &(struct checkpoint_entry){.uuid = "other", .interval = INTERVAL_MINUTELY, .since = INT64_MIN});
	checkpoint_add(writer, &(struct checkpoint_entry){.uuid = UUID_A, .interval = INTERVAL_HOURLY, .since = INT64_MIN});
	checkpoint_add(writer, &(struct checkpoint_entry){.uuid = UUID_A, .interval = INTERVAL_MINUTELY, .since = since});
	expect_int(0, checkpoint_finish(writer, disk_directory, &err));
}

static const char *shown(const struct beginning *beginning) {
	static const char *const words[] = {[BEGINNING_FIRST] = "", [BEGINNING_PERHAPS] = "PERHAPS", [BEGINNING_MORE] = "MORE"};
	static char out[64];
	struct civil civil = {0};
	bool known = beginning->since != INT64_MIN;

	if (known) {
		utc_split(beginning->since, &civil);
	}
	(void)snprintf(out, sizeof(out), known ? "%s %s %d" : "%s %s -", words[beginning->was],
	               beginning->setting ? beginning->setting : "-", civil.day);
	return beginning->was == BEGINNING_FIRST ? "" : out;
}

/* What is found out about the log of the row. */
static struct beginning find(const struct row *row) {
	static struct log_file list[] = {
		{.rotated = true, .bytes = 100}, {.rotated = true, .bytes = 100}, {.rotated = true, .bytes = 100}, {.bytes = 5000}};
	struct log_files files = {.list = list, .len = COUNT_OF(list)};
	struct room *room = &all.list[0];
	struct beginning beginning;
	usec_t first = at(FIRST);

	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", USEC_PER_MIN);
	if (row->backfill_hours > 0) {
		settings.since.ago = row->backfill_hours * USEC_PER_HOUR;
	}
	struct device device = device_of(&settings);
	struct stretch stretch = {.start = first, .end = first + USEC_PER_DAY};
	struct correction correction = {.start = first - row->corrects_hours * USEC_PER_HOUR, .orphan = row->corrects_hours > 0};
	room->coverage = (struct coverage){.list = &stretch, .len = 1, .corrections = &correction, .correction_count = 1};
	config.devices = &device;
	config.device_count = 1;
	config.log.keep = row->keep;
	config.log.keep_bytes = row->keep_bytes;
	config.log.keep_age = row->keep_age_hours * USEC_PER_HOUR;
	disk_empty();
	if (row->since_hours != NO_CHECKPOINT) {
		save_checkpoint(first - row->since_hours * USEC_PER_HOUR + USEC_PER_MIN);
	}
	beginning_find(&beginning, &tool, &files, &all);
	room->coverage = (struct coverage){0};
	return beginning;
}

static int set_up(void **state) {
	const char *line = "{\"name\":\"lobby\"}\n";
	struct log_entry entry = {.interval = INTERVAL_MINUTELY, .start = at(FIRST), .end = at(FIRST) + USEC_PER_MIN};
	struct room *room;
	memcpy(entry.uuid, UUID_A, sizeof(UUID_A));
	expect_true(rooms_take(&all, &entry, (struct position){0, 1}, log_codec_of(LOG_FORMAT_NDJSON),
	                       &(struct line){line, strlen(line), 0, true}, &room) >= 0);
	coverage_done(&room->coverage);
	expect_int(0, rooms_settle(&all));
	int r = disk_setup(state);
	config.log.directory = config.state_directory = disk_directory;
	tool = (struct tool){.config = &config, .now = at(FIRST) + (usec_t)AGE * USEC_PER_HOUR};
	return r;
}

static void what_was_there_is_known_by_the_checkpoint_the_settings_and_the_log(void **state) {
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct beginning beginning = find(&rows[i]);
		expect_text(rows[i].said, shown(&beginning), "%s", rows[i].title);
		expect_time(at(FIRST), beginning.first, "%s", rows[i].title);
	}
}

/* The room lacks something, and keep is why. */
static const struct row lacks = {"", 240, 3, 0, 0, 0, 0, ""};

static void only_the_log_of_the_configuration_is_judged_by_it(void **state) {
	char elsewhere[] = "/", here[PATH_MAX];
	char *paths[] = {elsewhere, here};
	(void)state;
	(void)snprintf(here, sizeof(here), "%s/../%s", disk_directory, strrchr(disk_directory, '/') + 1);
	tool.paths = paths;
	tool.path_count = 1;
	struct beginning beginning = find(&lacks);
	expect_text("", shown(&beginning));
	tool.path_count = 2;
	beginning = find(&lacks);
	expect_text("", shown(&beginning));
	tool.paths = &paths[1];
	tool.path_count = 1;
	beginning = find(&lacks);
	expect_text("MORE keep 15", shown(&beginning), "the same directory by another name");
	tool.path_count = 0;
	tool.config = NULL;
	beginning = find(&lacks);
	expect_text("", shown(&beginning));
	tool.config = &config;
}

static void what_was_not_asked_about_is_not_looked_at(void **state) {
	const char *rooms[] = {"lab", NULL};
	struct moment *from = &tool.selection.period.from, *to = &tool.selection.period.to;
	(void)state;
	tool.selection.rooms = rooms;
	struct beginning beginning = find(&lacks);
	expect_text("", shown(&beginning), "another room");
	tool.selection.rooms = NULL;
	*from = (struct moment){true, false, at(FIRST)};
	beginning = find(&lacks);
	expect_text("", shown(&beginning), "from the beginning on");
	from->time--;
	beginning = find(&lacks);
	expect_text("MORE keep 15", shown(&beginning), "from before it on");
	*to = (struct moment){true, false, at(FIRST)};
	beginning = find(&lacks);
	expect_text("", shown(&beginning), "up to the beginning");
	*from = *to = (struct moment){.is_set = false};
}

static void programs_get_all_of_it(void **state) {
	struct buf out;
	struct beginning beginning = {.was = BEGINNING_MORE, .since = at("2026-05-03T01:02:03Z") + 4, .setting = "keep"};
	(void)state;
	buf_init(&out, BUF_ANY);
	beginning_put(&beginning, &out);
	expect_text(",\"earlier\":{\"certain\":true,\"removed_by\":\"keep\",\"recorded_since\":\"2026-05-03T01:02:03Z\"}", buf_text(&out));
	buf_clear(&out);
	beginning = (struct beginning){.was = BEGINNING_PERHAPS, .since = INT64_MIN};
	beginning_put(&beginning, &out);
	expect_text(",\"earlier\":{\"certain\":false,\"removed_by\":null}", buf_text(&out));
	buf_clear(&out);
	beginning = (struct beginning){.was = BEGINNING_FIRST, .since = INT64_MIN};
	beginning_put(&beginning, &out);
	expect_text("", buf_text(&out));
	buf_done(&out);
}

static int tear_down(void **state) {
	rooms_done(&all);
	int r = disk_teardown(state);
	return zones_done(state) < 0 ? -1 : r;
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_there_is_known_by_the_checkpoint_the_settings_and_the_log),
		cmocka_unit_test(only_the_log_of_the_configuration_is_judged_by_it),
		cmocka_unit_test(what_was_not_asked_about_is_not_looked_at),
		cmocka_unit_test(programs_get_all_of_it),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
