// SPDX-License-Identifier: ISC

#include "disk.h"
#include "fixture.h"
#include "sample.h"

#include "base/file.h"
#include "sink/archive.h"
#include "sink/csv.h"
#include "sink/sink.h"

#include <zlib.h>

/* 2026-11-23T07:00:00Z, midnight in Denver */
static const usec_t midnight = 1795417200 * USEC_PER_SEC;

static struct log_settings settings_now(void) {
	return (struct log_settings){
		.directory = disk_directory,
		.format = LOG_FORMAT_NDJSON,
		.zone = sample_settings.bucket.zone,
	};
}

/* Of the records that were read back: the last one's count. */
static int64_t last_read;

static void keep_last(const struct log_entry *entry, void *user) {
	(void)user;
	last_read = entry->count;
}

static struct sink *opened(const struct log_settings *settings, usec_t now) {
	struct sink *sink;
	struct error err = {{0}};
	struct replay replay = {.visit = keep_last};
	last_read = 0;
	if (sink_open(settings, now, &sink, &err) < 0 ||
	    sink_recover(sink, NULL, now, &replay, &err) < 0) {
		fail_msg("%s", err.text);
	}
	sink_checkpointed(sink, &(struct sink_position){.newest = USEC_INFINITY});
	return sink;
}

/* Records are told apart by their count. */
static void add(struct sink *sink, int64_t count) {
	struct record record = sample_record();
	record.count = count;
	sink_add(sink, &record);
}

static void commit(struct sink *sink, int64_t count, usec_t now) {
	struct error err = {{0}};
	add(sink, count);
	if (sink_commit(sink, now, &err) < 0) {
		fail_msg("%s", err.text);
	}
	expect_int(0, sink_pending(sink));
}

static void work(struct sink *sink) {
	struct error err = {{0}};
	int r;
	while ((r = sink_work(sink, &err)) > 0) {
	}
	if (r < 0) {
		fail_msg("%s", err.text);
	}
}

/* The counts in a file, compressed or not, a blank behind each; "?" for a line that is none. */
static const char *counts_in(const char *name) {
	static char text[16384];
	char line[4096];
	size_t len = 0;
	gzFile file = gzopen(disk_path(name), "rb");

	text[0] = '\0';
	while (file && gzgets(file, line, sizeof(line))) {
		const char *count = strstr(line, "\"count\":");
		bool whole = strstr(line, "}\n") != NULL;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%.*s ",
		                        whole && count ? (int)strcspn(count + 8, ",") : 1,
		                        whole && count ? count + 8 : "?");
	}
	if (file) {
		expect_int(Z_OK, gzclose(file));
	}
	return text;
}

/* The same over all files, the oldest first. */
static const char *counts_in_all(void) {
	static char all[65536];
	char names[16384];
	char *next = names;
	size_t len = 0;

	all[0] = '\0';
	(void)snprintf(names, sizeof(names), "%s", disk_list());
	for (const char *name; (name = strsep(&next, " "));) {
		if (strncmp(name, "occupancy", 9) == 0) {
			len += (size_t)snprintf(all + len, sizeof(all) - len, "%s", counts_in(name));
		}
	}
	return all;
}

/* Plain use */

static void committed_records_are_in_the_file(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	struct sink *sink = opened(&settings, midnight);
	struct stat st;

	expect_text(disk_path("occupancy.ndjson"), sink_path(sink));
	expect_int(0, sink_position(sink).size);
	add(sink, 1);
	add(sink, 2);
	expect_true(sink_pending(sink) > 0);
	expect_text("", disk_get("occupancy.ndjson"));
	expect_int(0, sink_commit(sink, midnight, NULL));
	commit(sink, 3, midnight);
	expect_text("1 2 3 ", counts_in("occupancy.ndjson"));
	expect_int(0, stat(disk_path("occupancy.ndjson"), &st));
	expect_int(st.st_ino, sink_position(sink).inode);
	expect_int(st.st_size, sink_position(sink).size);
	expect_int(USEC_INFINITY, sink_rotation_due(sink));
	sink_close(sink);
}

static void set_file_time(usec_t time) {
	const struct timespec times[] = {{.tv_sec = time / USEC_PER_SEC}, {.tv_sec = time / USEC_PER_SEC}};
	expect_int(0, utimensat(AT_FDCWD, disk_path("occupancy.ndjson"), times, 0));
}

/* While nobody has confirmed the clock it neither rotates nor names; what stands in the file does. */
static void unknown_time_rotates_nothing_by_the_clock(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	settings.rotate_every = ROTATE_DAY;
	struct sink *sink = opened(&settings, USEC_UNKNOWN);
	commit(sink, 1, midnight - USEC_PER_DAY);
	commit(sink, 2, USEC_UNKNOWN);
	sink_tick(sink, USEC_UNKNOWN);
	expect_text("1 2 ", counts_in("occupancy.ndjson"));
	expect_false(sink_is_empty(sink));
	expect_int(0, sink_rotate(sink, USEC_UNKNOWN, NULL));
	expect_true(sink_is_empty(sink));
	const struct record record = sample_record();
	char name[ARCHIVE_NAME_SIZE];
	expect_text("1 2 ", counts_in(archive_name(name, record.end, "ndjson")));

	/* The time is known now, and a day has passed. */
	commit(sink, 3, midnight - USEC_PER_HOUR);
	commit(sink, 4, midnight);
	expect_text("4 ", counts_in("occupancy.ndjson"));
	sink_close(sink);
}

/* The file's time may be of a clock that was wrong: then what stands in it, and the confirmed time, count. */
static void time_of_the_file_is_not_trusted_blindly(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	settings.rotate_every = ROTATE_DAY;
	const usec_t end = sample_record().end;
	static const usec_t off[] = {20 * 365 * USEC_PER_DAY, -8 * 365 * USEC_PER_DAY};
	for (size_t i = 0; i < COUNT_OF(off); i++) {
		disk_empty();
		struct sink *sink = opened(&settings, USEC_UNKNOWN);
		commit(sink, 1, end);
		sink_close(sink);
		set_file_time(end + off[i]);
		sink = opened(&settings, USEC_UNKNOWN);
		sink_tick(sink, end + USEC_PER_SEC);
		expect_between(end, end + USEC_PER_DAY + USEC_PER_SEC, sink_rotation_due(sink));
		commit(sink, 2, end + USEC_PER_SEC);
		expect_text("1 2 ", counts_in("occupancy.ndjson"));
		sink_close(sink);
	}
}

static void what_was_not_committed_is_not_in_the_log(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	struct sink *sink = opened(&settings, midnight);
	commit(sink, 2, midnight);
	add(sink, 3);
	sink_close(sink);
	sink_close(NULL);
	expect_text("2 ", counts_in("occupancy.ndjson"));
}

static void csv_has_its_header_in_every_file(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	settings.format = LOG_FORMAT_CSV;
	struct sink *sink = opened(&settings, midnight);
	for (int i = 0; i < 2; i++) {
		commit(sink, i, midnight);
		commit(sink, i, midnight);
		expect_int(0, sink_rotate(sink, midnight, NULL));
	}
	sink_close(sink);
	expect_text("occupancy-20261123T070000Z.csv "
	            "occupancy-20261123T070001Z.csv occupancy.csv ", disk_list());
	expect_bytes(CSV_HEADER "2026-", disk_get("occupancy-20261123T070000Z.csv"), strlen(CSV_HEADER) + 5);
	expect_bytes(CSV_HEADER "2026-", disk_get("occupancy-20261123T070001Z.csv"), strlen(CSV_HEADER) + 5);
	expect_null(strstr(disk_get("occupancy-20261123T070001Z.csv") + 10, "time,name"));
	expect_text(CSV_HEADER, disk_get("occupancy.csv"));
}

/* With its header a file is empty all the same: it is neither rotated nor kept. */
static void a_header_alone_is_nothing(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	settings.format = LOG_FORMAT_CSV;
	settings.rotate_every = ROTATE_DAY;
	struct sink *sink = opened(&settings, midnight);
	expect_text(CSV_HEADER, disk_get("occupancy.csv"));
	expect_int(USEC_INFINITY, sink_rotation_due(sink));
	expect_int(0, sink_rotate(sink, midnight, NULL));
	expect_text("occupancy.csv ", disk_list());
	sink_close(sink);

	sink = opened(&settings, midnight + 2 * USEC_PER_DAY);
	commit(sink, 1, midnight + 2 * USEC_PER_DAY);
	expect_text("occupancy.csv ", disk_list());
	expect_bytes(CSV_HEADER "2026-", disk_get("occupancy.csv"), strlen(CSV_HEADER) + 5);
	expect_int(0, sink_rotate(sink, midnight + 2 * USEC_PER_DAY, NULL));
	sink_close(sink);

	/* Of a file that is retired for another format the same is true. */
	settings.format = LOG_FORMAT_NDJSON;
	sink_close(opened(&settings, midnight));
	expect_text("occupancy-20261125T070000Z.csv occupancy.ndjson ", disk_list());
}

/* As long as a header, but a record: it must not be taken for nothing. */
static void what_is_as_long_as_a_header_is_kept(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	char line[sizeof(CSV_HEADER)];
	memset(line, 'x', sizeof(line));
	memcpy(line + sizeof(line) - 3, "\r\n", 3);
	settings.format = LOG_FORMAT_CSV;
	disk_put("occupancy.csv", line);
	struct sink *sink = opened(&settings, midnight);
	expect_int(0, sink_rotate(sink, midnight, NULL));
	sink_close(sink);
	expect_text("occupancy-20261123T070000Z.csv occupancy.csv ", disk_list());
	expect_text(line, disk_get("occupancy-20261123T070000Z.csv"));
}

/* A crash, or a file system without room, leaves a part of the header, or zeros in its place. */
static void a_torn_header_is_written_anew(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	settings.format = LOG_FORMAT_CSV;
	for (size_t len = 0; len < strlen(CSV_HEADER); len++) {
		char part[sizeof(CSV_HEADER)];
		memcpy(part, CSV_HEADER, len);
		part[len] = '\0';
		disk_empty();
		disk_put("occupancy.csv", part);
		sink_close(opened(&settings, midnight));
		expect_text(CSV_HEADER, disk_get("occupancy.csv"));
		expect_text("occupancy.csv ", disk_list());
	}
	disk_empty();
	int fd = open(disk_path("occupancy.csv"), O_WRONLY | O_CREAT, 0600);
	expect_int(4, write(fd, "\0\0\0\n", 4));
	expect_int(0, close(fd));
	sink_close(opened(&settings, midnight));
	expect_text(CSV_HEADER, disk_get("occupancy.csv"));
	expect_text("occupancy.csv ", disk_list());
}

/* Lines of one file have the columns that its header names. */
static void a_file_with_an_older_header_is_rotated(void **state) {
	(void)state;
	static const char old[] =
		"time,name,count,status,interval,device,revision,end,previous,local_time,site,account,"
		"timestamp_ms,date_local,date_utc,warning,reason,polled_at\r\n"
		"2026-11-23T06:15:00Z,lobby,5,ok,MINUTELY,AAAAAAAAAAAAAAAAAAAAAA.v0,0,2026-11-23T06:16:00Z,,"
		"2026-11-22T23:15:00-07:00,,acme,,,,,,2026-11-23T06:17:31.250Z\r\n";
	struct log_settings settings = settings_now();
	settings.format = LOG_FORMAT_CSV;
	disk_put("occupancy.csv", old);
	struct sink *sink = opened(&settings, midnight);
	expect_int(5, last_read);
	expect_text("occupancy-20261123T070000Z.csv occupancy.csv ", disk_list());
	expect_text(old, disk_get("occupancy-20261123T070000Z.csv"));
	commit(sink, 6, midnight);
	sink_close(sink);

	/* Once, and both are read back. */
	sink = opened(&settings, midnight + USEC_PER_SEC);
	expect_int(6, last_read);
	expect_text("occupancy-20261123T070000Z.csv occupancy.csv ", disk_list());
	sink_close(sink);
}

static void missing_directory_says_what_to_do(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	struct sink *sink;
	struct error err = {{0}};
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s", disk_path("none"));
	settings.directory = path;
	expect_int(-ENOENT, sink_open(&settings, midnight, &sink, &err));
	expect_part("/none: no such directory: create it for the user", err.text);
	disk_put("none", "");
	expect_int(-ENOTDIR, sink_open(&settings, midnight, &sink, &err));
	expect_part("/none: not usable as the log directory: ", err.text);
}

static void start_cuts_the_torn_line_and_sweeps(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	disk_put("occupancy.ndjson", "{\"count\":1,}\n{\"count\":2,}\n{\"coun");
	disk_put(".occupancy-20261122T070000Z.ndjson.gz.tmp", "half");
	struct sink *sink = opened(&settings, midnight);
	work(sink);
	commit(sink, 3, midnight);
	expect_text("1 2 3 ", counts_in("occupancy.ndjson"));
	expect_text("occupancy.ndjson ", disk_list());
	sink_close(sink);
}

/* Rotation */

static void full_file_is_rotated_before_the_batch(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	struct sink *sink = opened(&settings, midnight);
	commit(sink, 1, midnight);
	int64_t line = sink_position(sink).size;
	settings.rotate_size = 3 * line;
	expect_int(0, sink_reconfigure(sink, &settings, midnight, NULL));

	commit(sink, 2, midnight);
	commit(sink, 3, midnight); /* exactly full */
	expect_text("occupancy.ndjson ", disk_list());
	commit(sink, 4, midnight);
	expect_text("1 2 3 ", counts_in("occupancy-20261123T070000Z.ndjson"));
	expect_text("4 ", counts_in("occupancy.ndjson"));

	/* More than a file holds: a file of its own. */
	for (int i = 5; i <= 9; i++) {
		add(sink, i);
	}
	expect_int(0, sink_commit(sink, midnight, NULL));
	commit(sink, 10, midnight);
	expect_text("4 ", counts_in("occupancy-20261123T070001Z.ndjson"));
	expect_text("5 6 7 8 9 ", counts_in("occupancy-20261123T070002Z.ndjson"));
	expect_text("10 ", counts_in("occupancy.ndjson"));
	sink_close(sink);
}

static void file_ends_with_the_local_day_or_hour(void **state) {
	(void)state;
	static const struct {
		enum rotate_every every;
		usec_t after; /* since midnight in Denver, of the first line */
		usec_t due;
	} rows[] = {
		{ROTATE_DAY, 0, USEC_PER_DAY},
		{ROTATE_DAY, USEC_PER_DAY - 1, USEC_PER_DAY},
		{ROTATE_HOUR, 0, USEC_PER_HOUR},
		{ROTATE_HOUR, 90 * USEC_PER_MIN, 2 * USEC_PER_HOUR},
		{ROTATE_NEVER, 0, USEC_INFINITY},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct log_settings settings = settings_now();
		settings.rotate_every = rows[i].every;
		disk_empty();
		struct sink *sink = opened(&settings, midnight);
		expect_int(USEC_INFINITY, sink_rotation_due(sink));
		commit(sink, 1, midnight + rows[i].after);
		usec_t due = rows[i].due == USEC_INFINITY ? USEC_INFINITY : midnight + rows[i].due;
		expect_int(due, sink_rotation_due(sink));
		if (due != USEC_INFINITY) {
			commit(sink, 2, due - 1);
			expect_text("1 2 ", counts_in("occupancy.ndjson"));
			commit(sink, 3, due);
			expect_text("3 ", counts_in("occupancy.ndjson"));
			expect_true(sink_rotation_due(sink) > due);
			/* An empty batch will do as well. */
			expect_int(0, sink_commit(sink, sink_rotation_due(sink), NULL));
			expect_text("", counts_in("occupancy.ndjson"));
			expect_int(USEC_INFINITY, sink_rotation_due(sink));
		}
		sink_close(sink);
	}
}

static void file_belongs_to_its_day_after_a_restart(void **state) {
	(void)state;
	const struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT},
		{.tv_sec = midnight / USEC_PER_SEC - 60},
	};
	struct log_settings settings = settings_now();
	settings.rotate_every = ROTATE_DAY;
	disk_put("occupancy.ndjson", "{\"count\":1,}\n");
	expect_int(0, utimensat(AT_FDCWD, disk_path("occupancy.ndjson"), times, 0));
	struct sink *sink = opened(&settings, midnight + USEC_PER_HOUR);
	expect_int(midnight, sink_rotation_due(sink));
	commit(sink, 2, midnight + USEC_PER_HOUR);
	expect_text("1 ", counts_in("occupancy-20261123T080000Z.ndjson"));
	expect_text("2 ", counts_in("occupancy.ndjson"));
	sink_close(sink);
}

static void clock_that_steps_back_changes_nothing_for_long(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	settings.rotate_every = ROTATE_DAY;
	struct sink *sink = opened(&settings, midnight);
	commit(sink, 1, midnight + 30 * USEC_PER_DAY);
	commit(sink, 2, midnight);
	expect_int(midnight + USEC_PER_DAY, sink_rotation_due(sink));
	sink_close(sink);
}

static void rotation_on_demand_leaves_an_empty_file_alone(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	struct sink *sink = opened(&settings, midnight);
	struct stat st;
	int fd = open(disk_path("occupancy.ndjson"), O_RDONLY | O_CLOEXEC);
	expect_true(fd >= 0);
	expect_int(0, sink_rotate(sink, midnight, NULL));
	expect_text("occupancy.ndjson ", disk_list());
	expect_int(0, fstat(fd, &st));
	expect_int(1, st.st_nlink, "it is the same file");
	expect_int(0, close(fd));
	add(sink, 1);
	expect_int(0, sink_rotate(sink, midnight, NULL));
	expect_int(0, sink_commit(sink, midnight, NULL));
	uint64_t before = sink_position(sink).inode;
	expect_int(0, sink_rotate(sink, midnight, NULL));
	expect_true(sink_position(sink).inode != before);
	expect_int(0, sink_position(sink).size);
	expect_text("1 ", counts_in("occupancy-20261123T070000Z.ndjson"));
	sink_close(sink);
}

static void rotated_files_are_compressed_and_trimmed(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	settings.compress = true;
	settings.keep = 2;
	struct sink *sink = opened(&settings, midnight);
	for (int i = 1; i <= 4; i++) {
		commit(sink, i, midnight);
		expect_int(0, sink_rotate(sink, midnight + i * USEC_PER_SEC, NULL));
		work(sink);
	}
	sink_close(sink);
	expect_text("occupancy-20261123T070003Z.ndjson.gz "
	            "occupancy-20261123T070004Z.ndjson.gz occupancy.ndjson ", disk_list());
	expect_text("3 4 ", counts_in_all());
}

static void file_moved_away_by_others_is_followed(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	struct sink *sink = opened(&settings, midnight);
	commit(sink, 1, midnight);
	expect_int(0, rename(disk_path("occupancy.ndjson"), disk_path("occupancy.ndjson.1")));
	commit(sink, 2, midnight);
	expect_int(0, rename(disk_path("occupancy.ndjson"), disk_path("occupancy.ndjson.2")));
	expect_int(0, sink_rotate(sink, midnight, NULL));
	commit(sink, 3, midnight);
	sink_close(sink);
	expect_text("occupancy.ndjson occupancy.ndjson.1 occupancy.ndjson.2 ", disk_list());
	expect_text("1 ", counts_in("occupancy.ndjson.1"));
	expect_text("2 ", counts_in("occupancy.ndjson.2"));
	expect_text("3 ", counts_in("occupancy.ndjson"));
}

/* A rotation that fails does not stop the recording, and is asked for again. */
static void failed_rotation_is_owed(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	struct error err = {{0}};
	settings.rotate_every = ROTATE_DAY;
	settings.rotate_size = 1;
	struct sink *sink = opened(&settings, midnight);
	commit(sink, 1, midnight);

	/* look at the file, rename */
	const usec_t next = midnight + USEC_PER_DAY;
	fault_arm(FAULT_ERROR, EACCES, 1, 1);
	commit(sink, 2, next);
	expect_int(1, fault.hits);
	expect_text("1 2 ", counts_in_all());
	expect_int(next, sink_rotation_due(sink));
	fault_arm(FAULT_ERROR, EACCES, 1, 1);
	expect_int(-EACCES, sink_rotate(sink, next, &err));
	expect_part("/occupancy.ndjson: cannot be renamed to ", err.text);
	fault_disarm();
	expect_int(next + 60 * USEC_PER_SEC, sink_rotation_due(sink));
	fault_arm(FAULT_ERROR, EACCES, 100, 1);
	commit(sink, 3, next + USEC_PER_SEC);
	expect_int(2, fault.calls); /* write and sync: it is not tried with every batch */
	fault_disarm();
	expect_int(0, sink_rotate(sink, next + 60 * USEC_PER_SEC, NULL));
	expect_int(USEC_INFINITY, sink_rotation_due(sink));
	expect_text("", counts_in("occupancy.ndjson"));
	expect_text("1 2 3 ", counts_in_all());
	sink_close(sink);
}

/* Reconfiguration */

static void new_format_begins_a_new_file(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	struct log_settings csv = settings_now();
	csv.format = LOG_FORMAT_CSV;
	struct sink *sink = opened(&settings, midnight);
	commit(sink, 1, midnight);
	expect_int(0, sink_reconfigure(sink, &csv, midnight, NULL));
	commit(sink, 2, midnight);
	expect_text("occupancy-20261123T070000Z.ndjson occupancy.csv ", disk_list());
	expect_text("1 ", counts_in("occupancy-20261123T070000Z.ndjson"));
	expect_bytes(CSV_HEADER, disk_get("occupancy.csv"), strlen(CSV_HEADER));

	/* An empty file of the old format is not worth keeping. */
	expect_int(0, sink_rotate(sink, midnight, NULL));
	expect_int(0, sink_reconfigure(sink, &settings, midnight, NULL));
	expect_text("occupancy-20261123T070000Z.ndjson "
	            "occupancy-20261123T070001Z.csv occupancy.ndjson ", disk_list());
	sink_close(sink);
}

static void waiting_batch_is_finished_in_the_old_format(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	struct log_settings csv = settings_now();
	csv.format = LOG_FORMAT_CSV;
	struct sink *sink = opened(&settings, midnight);
	add(sink, 1);
	expect_int(0, sink_reconfigure(sink, &csv, midnight, NULL));
	add(sink, 2);
	expect_int(0, sink_commit(sink, midnight, NULL));
	expect_text("1 2 ", counts_in("occupancy-20261123T070000Z.ndjson"));
	expect_text("occupancy-20261123T070000Z.ndjson occupancy.csv ", disk_list());
	sink_close(sink);
}

static void format_changed_while_stopped_retires_the_old_file(void **state) {
	(void)state;
	struct log_settings csv = settings_now();
	csv.format = LOG_FORMAT_CSV;
	disk_put("occupancy.ndjson", "{\"count\":1,}\n{\"cou");
	struct sink *sink = opened(&csv, midnight);
	sink_close(sink);
	expect_text("occupancy-20261123T070000Z.ndjson occupancy.csv ", disk_list());
	expect_text("1 ", counts_in("occupancy-20261123T070000Z.ndjson"));
}

static void failed_change_of_format_leaves_the_old_one_in_force(void **state) {
	(void)state;
	int failed = 0, harmless = 0;
	for (int at = 1, hits = 1; hits > 0; at++) {
		struct log_settings settings = settings_now();
		struct log_settings csv = settings_now();
		csv.format = LOG_FORMAT_CSV;
		disk_empty();
		struct sink *sink = opened(&settings, midnight);
		commit(sink, 1, midnight);
		fault_arm(FAULT_ERROR, EMFILE, at, 1);
		int r = sink_reconfigure(sink, &csv, midnight, NULL);
		hits = fault.hits;
		fault_disarm();
		if (hits > 0 && r == 0) {
			/* The header comes with the first record then; and room of the old file may be lost. */
			harmless++;
			commit(sink, 2, midnight);
			expect_bytes(CSV_HEADER "2026-", disk_get("occupancy.csv"), strlen(CSV_HEADER) + 5);
			expect_null(strstr(disk_get("occupancy.csv") + 10, "time,name"));
		} else {
			expect_int(hits > 0 ? -EMFILE : 0, r);
		}
		if (r < 0) {
			failed++;
			commit(sink, 2, midnight);
			/* An empty occupancy.csv may be left; so it would be after a crash. */
			expect_true(strcmp(disk_get("occupancy.csv"), "") == 0 || strcmp(disk_get("occupancy.csv"), "(none)") == 0);
			expect_text("1 2 ", counts_in_all());
			expect_int(0, sink_reconfigure(sink, &csv, midnight, NULL));
		}
		expect_text(disk_path("occupancy.csv"), sink_path(sink));
		sink_close(sink);
	}
	expect_true(failed > 3 && harmless > 1);
}

/* Else two current files would be left. */
static void empty_file_that_cannot_be_removed_keeps_its_format(void **state) {
	(void)state;
	int failed = 0;
	for (int at = 1, hits = 1; hits > 0; at++) {
		struct log_settings settings = settings_now();
		struct log_settings csv = settings_now();
		csv.format = LOG_FORMAT_CSV;
		disk_empty();
		struct sink *sink = opened(&settings, midnight);
		fault_arm(FAULT_ERROR, EIO, at, 1);
		int r = sink_reconfigure(sink, &csv, midnight, NULL);
		hits = fault.hits;
		fault_disarm();
		bool there = strstr(disk_list(), "occupancy.ndjson ") != NULL;
		expect_true(r < 0 || !there);
		failed += r < 0;
		expect_int(0, sink_reconfigure(sink, &csv, midnight, NULL));
		expect_text("occupancy.csv ", disk_list());
		sink_close(sink);
	}
	expect_true(failed > 3);
}

/* A journal's entries */

static void carry(struct sink *sink, int64_t count, uint64_t entry) {
	struct record record = sample_record();
	struct buf line;
	record.count = count;
	buf_init(&line, 1 << 20);
	log_journal_codec->format(&record, &line);
	sink_carry(sink, line.data, line.len, entry);
	buf_done(&line);
	expect_int(0, sink_commit(sink, midnight, NULL));
}

static void entries_have_their_number_in_the_log(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	settings.entries = true;
	struct sink *sink = opened(&settings, midnight);
	carry(sink, 1, 8812);
	commit(sink, 2, midnight);
	const char *text = disk_get("occupancy.ndjson");
	expect_part(",\"polled_at\":\"2026-11-23T08:17:31.250Z\",\"entry\":8812}\n{\"time\":", text);
	expect_int(0, strcmp(text + strlen(text) - 4, "Z\"}\n"));

	settings.format = LOG_FORMAT_CSV;
	expect_int(0, sink_reconfigure(sink, &settings, midnight, NULL));
	carry(sink, 3, 8813);
	commit(sink, 4, midnight);
	expect_bytes(CSV_NUMBERED_HEADER, disk_get("occupancy.csv"), strlen(CSV_NUMBERED_HEADER));
	expect_part("Z,,8813\r\n2026", disk_get("occupancy.csv"));
	expect_part("Z,,\r\n", disk_get("occupancy.csv"));
	sink_close(sink);
}

/* The columns of a file are those that its header names. */
static void csv_with_and_without_numbers_are_not_mixed(void **state) {
	(void)state;
	for (int row = 0; row < 4; row++) {
		bool before = row % 2 == 1, running = row > 1;
		struct log_settings settings = settings_now();
		settings.format = LOG_FORMAT_CSV;
		settings.entries = before;
		disk_empty();
		struct sink *sink = opened(&settings, midnight);
		commit(sink, 1, midnight);
		settings.entries = !before;
		if (running) {
			expect_int(0, sink_reconfigure(sink, &settings, midnight, NULL));
		} else {
			sink_close(sink);
			sink = opened(&settings, midnight);
			expect_int(1, last_read, "row %d", row);
		}
		commit(sink, 2, midnight);
		expect_text("occupancy-20261123T070000Z.csv occupancy.csv ", disk_list());
		const char *headers[] = {CSV_HEADER, CSV_NUMBERED_HEADER};
		expect_bytes(headers[before], disk_get("occupancy-20261123T070000Z.csv"), strlen(headers[before]));
		expect_bytes(headers[!before], disk_get("occupancy.csv"), strlen(headers[!before]));
		sink_close(sink);

		/* And the next start finds nothing to do. */
		sink = opened(&settings, midnight);
		expect_text("occupancy-20261123T070000Z.csv occupancy.csv ", disk_list());
		expect_int(2, last_read);
		sink_close(sink);
	}
}

static void ndjson_goes_on_in_the_same_file(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	struct sink *sink = opened(&settings, midnight);
	commit(sink, 1, midnight);
	settings.entries = true;
	expect_int(0, sink_reconfigure(sink, &settings, midnight, NULL));
	carry(sink, 2, 3);
	sink_close(sink);
	sink_close(opened(&settings, midnight));
	expect_text("occupancy.ndjson ", disk_list());
	expect_text("1 2 ", counts_in("occupancy.ndjson"));
}

static void what_is_no_record_fails_the_commit(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	struct error err = {{0}};
	settings.entries = true;
	for (enum log_format format = 0; format < LOG_FORMAT_COUNT; format++) {
		settings.format = format;
		disk_empty();
		struct sink *sink = opened(&settings, midnight);
		add(sink, 1);
		sink_carry(sink, "nonsense\n", 9, 2);
		expect_int(-EBADMSG, sink_commit(sink, midnight, &err));
		expect_part(": a line of a journal's entry is not a record", err.text);
		expect_true(sink_is_empty(sink));
		commit(sink, 2, midnight);
		sink_close(sink);
	}
}

/* A full disk, as real as a limit can make it */

static void full_disk_undoes_the_batch(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	struct error err = {{0}};
	struct sink *sink = opened(&settings, midnight);
	commit(sink, 1, midnight);
	struct sink_position before = sink_position(sink);
	disk_limit((rlim_t)(5 * before.size / 2));
	for (int i = 2; i <= 4; i++) {
		add(sink, i);
	}
	int r = sink_commit(sink, midnight, &err);
	disk_limit(0);
	expect_int(-EFBIG, r);
	expect_part("/occupancy.ndjson: cannot append ", err.text);
	expect_int(0, sink_pending(sink));
	expect_text("1 ", counts_in("occupancy.ndjson"));
	expect_int(before.size, sink_position(sink).size);
	commit(sink, 5, midnight);
	expect_text("1 5 ", counts_in("occupancy.ndjson"));
	sink_close(sink);
}

/* Everything fails once, everything crashes once */

enum { LAST = 9 };

static const struct log_settings hard_life = {
	.format = LOG_FORMAT_NDJSON,
	.rotate_size = 1200, /* two lines */
	.rotate_every = ROTATE_DAY,
	.compress = true,
};

static struct log_settings hard_settings(void) {
	struct log_settings settings = hard_life;
	settings.directory = disk_directory;
	settings.zone = sample_settings.bucket.zone;
	return settings;
}

/*
 * Records from `first` to LAST, one a commit, as the poller does it: what was not
 * committed is recorded again.  Tells `report` of each commit.
 */
static void live(struct sink *sink, int first, int report) {
	for (int i = first; i <= LAST; i++) {
		usec_t now = midnight + i * 5 * USEC_PER_HOUR;
		int tries = 0;
		for (int r = -1; r < 0; tries++) {
			expect_true(tries < 10);
			add(sink, i);
			r = sink_commit(sink, now, NULL);
		}
		if (report >= 0) {
			char n = (char)i;
			(void)syscall(SYS_write, report, &n, 1);
		}
		if (i == 4) {
			(void)!sink_rotate(sink, now, NULL);
		}
		for (int slice = 0; slice < 4; slice++) {
			(void)!sink_work(sink, NULL);
		}
	}
}

static void expect_each_once(const char *how, int at) {
	if (strcmp(counts_in_all(), "1 2 3 4 5 6 7 8 9 ") != 0) {
		fail_msg("%s at call %d: %s in %s", how, at, counts_in_all(), disk_list());
	}
}

static void any_call_may_fail(void **state) {
	(void)state;
	static const int errors[] = {ENOSPC, EIO, EMFILE, EDQUOT};
	struct log_settings settings = hard_settings();
	int swept = 0;

	for (int count = 1; count <= 5; count += 2) {
		for (int at = 1, hits = 1; hits > 0; at++, swept++) {
			disk_empty();
			struct sink *sink = opened(&settings, midnight);
			fault_arm(FAULT_ERROR, errors[at % 4], at, count);
			live(sink, 1, -1);
			hits = fault.hits;
			fault_disarm();
			expect_null(strchr(counts_in("occupancy.ndjson"), '?'));
			sink_close(sink);
			sink = opened(&settings, midnight + 2 * USEC_PER_DAY);
			work(sink);
			sink_close(sink);
			expect_each_once("a failure", at);
			expect_null(strstr(disk_list(), ".tmp"));
		}
	}
	expect_true(swept > 200);
}

static void live_and_crash(const struct log_settings *settings, int at, int report) {
	struct sink *sink;
	fault_arm(FAULT_CRASH, 0, at, 1);
	if (sink_open(settings, midnight, &sink, NULL) < 0) {
		_exit(1);
	}
	live(sink, 1, report);
	fault_disarm();
	sink_close(sink);
	_exit(0);
}

static void any_call_may_be_the_last(void **state) {
	(void)state;
	struct log_settings settings = hard_settings();
	int at = 1;

	for (bool killed = true; killed; at++) {
		int report[2];
		char told = 0;
		disk_empty();
		expect_int(0, pipe(report));
		pid_t child = fork();
		if (child == 0) {
			live_and_crash(&settings, at, report[1]);
		}
		killed = fault_killed(child);
		(void)close(report[1]);
		while (read(report[0], &told, 1) == 1) {
		}
		(void)close(report[0]);

		struct sink *sink = opened(&settings, midnight);
		int last = (int)last_read;
		if (last < told) {
			fail_msg("crash at call %d: %d was committed, the log ends at %d", at, told, last);
		}
		live(sink, last + 1, -1);
		work(sink);
		sink_close(sink);
		expect_each_once("a crash", at);
		expect_null(strstr(disk_list(), ".tmp"));
	}
	expect_true(at > 60);
}

/* Trying the disk */

static void probe_leaves_nothing_and_says_what_fails(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	struct error err = {{0}};
	struct sink *sink = opened(&settings, midnight);
	commit(sink, 1, midnight);
	expect_int(0, sink_probe(sink, &err));
	expect_text("occupancy.ndjson ", disk_list());
	expect_text("1 ", counts_in("occupancy.ndjson"));
	int failed = 0;
	for (int at = 1, hits = 1; hits > 0; at++) {
		fault_arm(FAULT_ERROR, ENOSPC, at, 1);
		int r = sink_probe(sink, &err);
		hits = fault.hits;
		failed += r < 0;
		fault_disarm();
		/* Its first call looks whether an old one is there, which need not be. */
		expect_true(r == 0 || r == -ENOSPC);
		expect_true(r == 0 || strstr(err.text, "occupancy.ndjson: cannot be written: No space"));
		work(sink);
		expect_text("occupancy.ndjson ", disk_list());
	}
	expect_int(4, failed); /* made, written, synced, removed */
	disk_put(".occupancy.probe", "of a crash");
	sink_begin_work(sink);
	work(sink);
	expect_text("occupancy.ndjson ", disk_list());
	sink_close(sink);
}

static void file_moved_by_others_makes_another_generation(void **state) {
	(void)state;
	struct log_settings settings = settings_now();
	struct sink *sink = opened(&settings, midnight);
	commit(sink, 1, midnight);
	unsigned before = sink_generation(sink);
	expect_int(0, sink_follow(sink, NULL));
	expect_int(before, sink_generation(sink));
	expect_int(0, rename(disk_path("occupancy.ndjson"), disk_path("occupancy.ndjson.1")));
	expect_int(0, sink_follow(sink, NULL));
	expect_true(sink_generation(sink) != before);
	expect_int(0, sink_position(sink).size);
	before = sink_generation(sink);
	commit(sink, 2, midnight);
	expect_int(0, sink_rotate(sink, midnight, NULL));
	expect_true(sink_generation(sink) != before);

	/* Another format is written to another file. */
	before = sink_generation(sink);
	commit(sink, 3, midnight);
	settings.format = LOG_FORMAT_CSV;
	expect_int(0, sink_reconfigure(sink, &settings, midnight, NULL));
	expect_true(sink_generation(sink) != before);
	sink_close(sink);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, disk_setup, disk_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(committed_records_are_in_the_file),
		TEST(what_was_not_committed_is_not_in_the_log),
		TEST(unknown_time_rotates_nothing_by_the_clock),
		TEST(time_of_the_file_is_not_trusted_blindly),
		TEST(csv_has_its_header_in_every_file),
		TEST(a_header_alone_is_nothing),
		TEST(what_is_as_long_as_a_header_is_kept),
		TEST(a_torn_header_is_written_anew),
		TEST(a_file_with_an_older_header_is_rotated),
		TEST(missing_directory_says_what_to_do),
		TEST(start_cuts_the_torn_line_and_sweeps),
		TEST(full_file_is_rotated_before_the_batch),
		TEST(file_ends_with_the_local_day_or_hour),
		TEST(file_belongs_to_its_day_after_a_restart),
		TEST(clock_that_steps_back_changes_nothing_for_long),
		TEST(rotation_on_demand_leaves_an_empty_file_alone),
		TEST(rotated_files_are_compressed_and_trimmed),
		TEST(file_moved_away_by_others_is_followed),
		TEST(failed_rotation_is_owed),
		TEST(new_format_begins_a_new_file),
		TEST(waiting_batch_is_finished_in_the_old_format),
		TEST(format_changed_while_stopped_retires_the_old_file),
		TEST(failed_change_of_format_leaves_the_old_one_in_force),
		TEST(empty_file_that_cannot_be_removed_keeps_its_format),
		TEST(entries_have_their_number_in_the_log),
		TEST(csv_with_and_without_numbers_are_not_mixed),
		TEST(ndjson_goes_on_in_the_same_file),
		TEST(what_is_no_record_fails_the_commit),
		TEST(full_disk_undoes_the_batch),
		TEST(probe_leaves_nothing_and_says_what_fails),
		TEST(file_moved_by_others_makes_another_generation),
		TEST(any_call_may_fail),
		TEST(any_call_may_be_the_last),
	};
	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
