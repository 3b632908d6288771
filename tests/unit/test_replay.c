// SPDX-License-Identifier: ISC

/* sink/replay.h: the log read back. */

#include "disk.h"
#include "fixture.h"
#include "sample.h"

#include "base/file.h"
#include "base/rng.h"
#include "base/utc.h"
#include "sink/archive.h"
#include "sink/csv.h"
#include "sink/ndjson.h"
#include "sink/replay.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <zlib.h>

/* 2026-11-23T07:00:00Z */
static const usec_t monday = 1795417200 * USEC_PER_SEC;

static char text_of_all[1 << 20];

/* Records are told apart by their count. */
static const char *lines_of(enum log_format format, int first, int count) {
	struct buf out;
	buf_init(&out, sizeof(text_of_all));
	for (int i = first; i < first + count; i++) {
		struct record record = sample_record();
		record.count = i;
		log_codec_of(format)->format(&record, &out);
	}
	expect_int(0, buf_error(&out));
	(void)snprintf(text_of_all, sizeof(text_of_all), "%s", buf_text(&out));
	buf_done(&out);
	return text_of_all;
}

static const char *ndjson(int first, int count) {
	return lines_of(LOG_FORMAT_NDJSON, first, count);
}

static void put_gz(const char *name, const char *text) {
	gzFile file = gzopen(disk_path(name), "wb");
	expect_not_null(file);
	expect_int(strlen(text), gzwrite(file, text, (unsigned)strlen(text)));
	expect_int(Z_OK, gzclose(file));
}

static void put_bytes(const char *name, const char *bytes, size_t len) {
	FILE *file = fopen(disk_path(name), "w");
	expect_not_null(file);
	expect_int(len, fwrite(bytes, 1, len, file));
	expect_int(0, fclose(file));
}

static struct sink_position position_in(const char *name, int64_t size, usec_t newest) {
	struct sink_position position = {.newest = newest, .size = size};
	struct file_info info;
	int fd = file_open(disk_path(name), FILE_READ, 0);
	expect_true(fd >= 0);
	expect_int(0, file_stat_open(fd, &info));
	expect_int(0, replay_tail(fd, size, &position.tail));
	file_close(fd);
	position.inode = info.inode;
	return position;
}

static void note_count(const struct log_entry *entry, void *user) {
	char *seen = user;
	size_t len = strlen(seen);
	(void)snprintf(seen + len, 4096 - len, "%d ", (int)entry->count);
}

static struct replay replay;
static int64_t zeros;

/* The counts of all records that are visited, a blank behind each. */
static const char *seen_from(const struct sink_position *from, const char *current) {
	static char seen[4096];
	struct error err = {{0}};
	seen[0] = '\0';
	replay = (struct replay){.visit = note_count, .user = seen};
	if (replay_run(disk_directory, current, from, &replay, &zeros, &err) < 0) {
		fail_msg("%s", err.text);
	}
	return seen;
}

/* Whoever remembers the position knows the records up to this count; those beyond 100 say nothing. */
static int known_to;
static int forgotten;

static enum replay_age age_by_count(const struct log_entry *entry, void *user) {
	(void)user;
	return entry->count > 100 ? REPLAY_UNKNOWN : entry->count <= known_to ? REPLAY_KNOWN : REPLAY_NEW;
}

static void forget_all(void *user) {
	forgotten++;
	((char *)user)[0] = '\0';
}

/* What is read on from a position in whose time the records up to that count were known. */
static const char *judged_from_file(const char *current, const struct sink_position *from, int known) {
	static char seen[4096];
	struct error err = {{0}};
	seen[0] = '\0';
	known_to = known;
	forgotten = 0;
	replay = (struct replay){.visit = note_count, .age_of = age_by_count, .forget = forget_all, .user = seen};
	if (replay_run(disk_directory, current, from, &replay, &zeros, &err) < 0) {
		fail_msg("%s", err.text);
	}
	expect_int(replay.place == REPLAY_OLDER, forgotten);
	return seen;
}

static const char *judged_from(const struct sink_position *from, int known) {
	return judged_from_file("occupancy.ndjson", from, known);
}

static struct sink_position position_behind(int count, usec_t newest) {
	disk_put("occupancy.ndjson", ndjson(1, count));
	return position_in("occupancy.ndjson", (int64_t)strlen(ndjson(1, count)), newest);
}

static void log_that_goes_on_is_not_older(void **state) {
	(void)state;
	struct sink_position from = position_behind(5, monday);
	disk_put("occupancy-20261123T060000Z.ndjson", ndjson(90, 1));
	disk_put("occupancy.ndjson", ndjson(1, 7));
	expect_text("6 7 ", judged_from(&from, 5));
	expect_int(REPLAY_FOUND, replay.place);
}

/* Restored: an earlier state of the same file, or of an earlier file. */
static void log_that_begins_with_what_was_known_is_older(void **state) {
	(void)state;
	struct sink_position from = position_behind(5, monday);
	disk_put("occupancy-20261123T070000Z.ndjson", ndjson(90, 1));
	disk_put("occupancy.ndjson", ndjson(1, 3));
	expect_text("90 1 2 3 ", judged_from(&from, 5));
	expect_int(REPLAY_OLDER, replay.place);
	expect_int(4, replay.records);

	/* A correction, or a device that nobody knows, says nothing. */
	char text[8192];
	(void)snprintf(text, sizeof(text), "%s", ndjson(101, 1));
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", ndjson(2, 1));
	disk_put("occupancy.ndjson", text);
	expect_text("90 101 2 ", judged_from(&from, 5));
	expect_int(REPLAY_OLDER, replay.place);

	/* The position was in a file that was rotated since, and is not there any more. */
	disk_put("occupancy-20261123T080000Z.ndjson", ndjson(4, 3));
	disk_put("occupancy.ndjson", ndjson(7, 1));
	expect_text("90 4 5 6 7 ", judged_from(&from, 5));
	expect_int(REPLAY_OLDER, replay.place);
}

/* An empty file holds no record, and a backup may have one. */
static void log_without_its_latest_rotated_file_is_older(void **state) {
	(void)state;
	struct sink_position from = position_behind(5, monday);
	disk_put("occupancy-20261123T060000Z.ndjson", ndjson(90, 1));
	disk_put("occupancy.ndjson", "");
	expect_text("90 ", judged_from(&from, 5));
	expect_int(REPLAY_OLDER, replay.place);

	from.size = 0;
	from.inode = 0;
	expect_text("90 ", judged_from(&from, 5));
	expect_int(REPLAY_OLDER, replay.place);

	/* Of the same file nothing is missing, whoever has removed the others. */
	from = position_in("occupancy.ndjson", 0, monday);
	expect_text("", judged_from(&from, 5));
	expect_int(REPLAY_FOUND, replay.place);
}

static void log_that_others_have_taken_away_is_lost_but_not_older(void **state) {
	(void)state;
	struct sink_position from = position_behind(5, monday);

	/* All of it; the current file alone; the rotated ones alone; emptied and written to. */
	disk_put("occupancy.ndjson", "");
	expect_text("", judged_from(&from, 5));
	expect_int(REPLAY_LOST, replay.place);
	disk_put("occupancy-20261123T060000Z.ndjson", ndjson(80, 1));
	disk_put("occupancy-20261123T070000Z.ndjson.gz", "");
	expect_text("", judged_from(&from, 5));
	expect_int(REPLAY_LOST, replay.place);
	disk_put("occupancy.ndjson", ndjson(6, 2));
	expect_text("6 7 ", judged_from(&from, 5));
	expect_int(REPLAY_LOST, replay.place);
	/* What comes behind a new record was not there before, whatever it looks like. */
	char text[8192];
	(void)snprintf(text, sizeof(text), "%s", ndjson(6, 1));
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", ndjson(3, 1));
	disk_put("occupancy.ndjson", text);
	expect_text("6 3 ", judged_from(&from, 5));
	expect_int(REPLAY_LOST, replay.place);
	/* Rotated since, and the file with the position archived elsewhere. */
	disk_put("occupancy-20261123T080000Z.ndjson", ndjson(6, 1));
	disk_put("occupancy.ndjson", ndjson(7, 1));
	expect_int(0, unlink(disk_path("occupancy-20261123T070000Z.ndjson.gz")));
	expect_text("6 7 ", judged_from(&from, 5));
	expect_int(REPLAY_LOST, replay.place);
}

/* By a logrotate that compresses at once, while the daemon was stopped. */
static void position_is_found_in_what_others_compressed(void **state) {
	(void)state;
	static const char *const names[] = {"occupancy.ndjson.1.gz", "occupancy.ndjson-20261126.gz",
	                                    "occupancy-20261126.ndjson.gz", "occupancy-20261126-1530.ndjson.gz"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		disk_empty();
		struct sink_position from = position_behind(5, monday);
		from.inode = 0;
		disk_put("occupancy-20261123T060000Z.ndjson", ndjson(80, 1));
		put_gz("occupancy.ndjson.2.gz", ndjson(1, 3));
		put_gz(names[i], ndjson(1, 7));
		disk_put("occupancy.ndjson", "");
		expect_text("6 7 ", judged_from(&from, 5));
		expect_int(REPLAY_FOUND, replay.place);
	}
}

static void names_that_logrotate_gives_are_read_without_a_position(void **state) {
	(void)state;
	static const char *const names[] = {
		"occupancy-20261126.ndjson", "occupancy-20261126-153000.ndjson", "occupancy-2026112615.ndjson",
		"occupancy.ndjson-20261126", "occupancy.ndjson-1795417200", "occupancy.ndjson.1",
		"occupancy-20261126.ndjson.gz", "occupancy.ndjson-20261126.gz", "occupancy-20261126-1530.ndjson.gz",
	};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		disk_empty();
		if (strcmp(names[i] + strlen(names[i]) - 3, ".gz") == 0) {
			put_gz(names[i], ndjson(1, 2));
		} else {
			disk_put(names[i], ndjson(1, 2));
		}
		disk_put("occupancy.ndjson", ndjson(3, 1));
		expect_text("1 2 3 ", seen_from(NULL, "occupancy.ndjson"));
		expect_int(0, replay.odd);
	}
}

static void whole_log_is_read_in_order(void **state) {
	(void)state;
	disk_put("occupancy.ndjson", ndjson(7, 2));
	disk_put("occupancy-20261123T070002Z.ndjson", ndjson(5, 2));
	put_gz("occupancy-20261123T070000Z.ndjson.gz", ndjson(1, 2));
	put_gz("occupancy-20261123T070001Z.csv.gz", lines_of(LOG_FORMAT_CSV, 3, 2));
	disk_put("occupancy-20261123T070003Z.txt", ndjson(99, 1));
	disk_put("unrelated", ndjson(99, 1));
	expect_text("1 2 3 4 5 6 7 8 ", seen_from(NULL, "occupancy.ndjson"));
	expect_int(8, replay.records);
	expect_int(4, replay.files);
	expect_int(0, replay.odd);
	expect_int(-1, zeros);

	/* Number 0 is a descriptor, too. */
	disk_close_stdin();
	const char *seen = seen_from(NULL, "occupancy.ndjson");
	bool closed = fcntl(STDIN_FILENO, F_GETFD) < 0;
	disk_reopen_stdin();
	expect_text("1 2 3 4 5 6 7 8 ", seen);
	expect_int(true, closed);
}

static void only_what_is_behind_the_position_is_read(void **state) {
	(void)state;
	int64_t line = (int64_t)strlen(ndjson(1, 1));
	disk_put("occupancy.ndjson", ndjson(1, 5));
	struct sink_position from = position_in("occupancy.ndjson", 3 * line, 0);
	expect_text("4 5 ", seen_from(&from, "occupancy.ndjson"));

	/* Rotated since, with another rotation behind it: */
	expect_int(0, rename(disk_path("occupancy.ndjson"), disk_path("occupancy-20261123T070001Z.ndjson")));
	disk_put("occupancy-20261123T070000Z.ndjson", ndjson(90, 1));
	disk_put("occupancy-20261123T070002Z.ndjson", ndjson(6, 1));
	disk_put("occupancy.ndjson", ndjson(7, 1));
	from.newest = monday;
	expect_text("4 5 6 7 ", seen_from(&from, "occupancy.ndjson"));

	/* and compressed: */
	put_gz("occupancy-20261123T070001Z.ndjson.gz", ndjson(1, 5));
	expect_text("4 5 6 7 ", seen_from(&from, "occupancy.ndjson"));
	expect_int(0, unlink(disk_path("occupancy-20261123T070001Z.ndjson")));
	expect_text("4 5 6 7 ", seen_from(&from, "occupancy.ndjson"));
}

static void every_size_of_a_position_is_found_again(void **state) {
	(void)state;
	int64_t line = (int64_t)strlen(ndjson(1, 1));
	disk_put("occupancy.ndjson", ndjson(1, 4));
	put_gz("packed", ndjson(1, 4));
	for (int n = 0; n <= 4; n++) {
		static const char *const want[] = {"1 2 3 4 ", "2 3 4 ", "3 4 ", "4 ", ""};
		struct sink_position from = position_in("occupancy.ndjson", n * line, monday - 1);
		expect_text(want[n], seen_from(&from, "occupancy.ndjson"));
		expect_int(0, rename(disk_path("packed"), disk_path("occupancy-20261123T070000Z.ndjson.gz")));
		expect_int(0, rename(disk_path("occupancy.ndjson"), disk_path("aside")));
		disk_put("occupancy.ndjson", "");
		from.inode = 0;
		expect_text(want[n], seen_from(&from, "occupancy.ndjson"));
		expect_int(0, rename(disk_path("aside"), disk_path("occupancy.ndjson")));
		expect_int(0, rename(disk_path("occupancy-20261123T070000Z.ndjson.gz"), disk_path("packed")));
	}
}

static void another_file_in_its_place_is_read_whole(void **state) {
	(void)state;
	int64_t line = (int64_t)strlen(ndjson(1, 1));
	disk_put("occupancy.ndjson", ndjson(1, 3));
	struct sink_position from = position_in("occupancy.ndjson", 2 * line, 0);

	/* Truncated and grown again, longer or shorter than it was. */
	disk_put("occupancy.ndjson", ndjson(4, 5));
	expect_text("4 5 6 7 8 ", seen_from(&from, "occupancy.ndjson"));
	disk_put("occupancy.ndjson", ndjson(4, 1));
	expect_text("4 ", seen_from(&from, "occupancy.ndjson"));
	disk_put("occupancy.ndjson", "");
	expect_text("", seen_from(&from, "occupancy.ndjson"));
}

static void file_moved_within_the_directory_is_found(void **state) {
	(void)state;
	static const char *const names[] = {"occupancy.ndjson.1", "occupancy.ndjson-20261123", "my.ndjson"};
	int64_t line = (int64_t)strlen(ndjson(1, 1));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		disk_empty();
		disk_put("occupancy.ndjson", ndjson(1, 4));
		struct sink_position from = position_in("occupancy.ndjson", 2 * line, 0);
		expect_int(0, rename(disk_path("occupancy.ndjson"), disk_path(names[i])));
		disk_put("occupancy.ndjson", ndjson(5, 2));
		expect_text("3 4 5 6 ", seen_from(&from, "occupancy.ndjson"));
	}
}

static void files_that_others_renamed_are_read_without_a_position(void **state) {
	(void)state;
	disk_put("occupancy.ndjson.2", ndjson(1, 1));
	put_gz("occupancy.ndjson.3.gz", ndjson(9, 1));
	disk_put("occupancy-20261123T070000Z.ndjson", ndjson(2, 1));
	disk_put("occupancy.ndjson", ndjson(3, 1));
	disk_put("other.ndjson", ndjson(99, 1));
	const char *seen = seen_from(NULL, "occupancy.ndjson");
	expect_int(8, strlen(seen));
	expect_part("1 ", seen);
	expect_part("9 ", seen);
	expect_text("2 3 ", seen + 4);
}

/* A crash came between compressing the oldest file and removing it. */
static void first_file_that_is_there_twice_is_read_once(void **state) {
	(void)state;
	disk_put("occupancy-20261123T070000Z.ndjson", ndjson(1, 2));
	put_gz("occupancy-20261123T070000Z.ndjson.gz", ndjson(1, 2));
	disk_put("occupancy.ndjson", ndjson(3, 1));
	expect_text("1 2 3 ", seen_from(NULL, "occupancy.ndjson"));
	expect_int(2, replay.files);
}

/* Number 0 is a descriptor, too. */
static void what_others_renamed_is_synced_whatever_its_descriptor(void **state) {
	(void)state;
	int calls[2];
	disk_put("occupancy.ndjson", ndjson(1, 2));
	struct sink_position from = position_in("occupancy.ndjson", 0, monday);
	expect_int(0, rename(disk_path("occupancy.ndjson"), disk_path("occupancy.ndjson.1")));
	disk_put("occupancy.ndjson", ndjson(3, 1));
	for (int closed = 0; closed < 2; closed++) {
		if (closed) {
			disk_close_stdin();
		}
		fault_arm(FAULT_ERROR, EIO, INT_MAX, 1);
		const char *seen = seen_from(&from, "occupancy.ndjson");
		calls[closed] = fault.calls;
		fault_disarm();
		if (closed) {
			disk_reopen_stdin();
		}
		expect_text("1 2 3 ", seen);
	}
	expect_int(calls[0], calls[1], "calls with number 0 free");
}

static void lines_that_are_no_records_are_passed_over(void **state) {
	(void)state;
	char text[8192];
	int64_t line = (int64_t)strlen(ndjson(1, 1));
	(void)snprintf(text, sizeof(text), "%s# by hand\n\n{}\n{\"time\":\"2026\"}\n", ndjson(1, 1));
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", ndjson(2, 1));
	disk_put("occupancy-20261123T070000Z.ndjson", text);
	disk_put("occupancy.ndjson", ndjson(3, 1));
	expect_text("1 2 3 ", seen_from(NULL, "occupancy.ndjson"));
	expect_int(4, replay.odd);
	expect_text("occupancy-20261123T070000Z.ndjson", replay.odd_file);
	expect_int(line, replay.odd_at);
}

/* A record of which the line is so long, with its newline. */
static char *line_of_length(int64_t count, usec_t end, size_t len) {
	struct record record = sample_record();
	struct buf out;
	buf_init(&out, len + 1);
	record.count = count;
	record.end = end;
	record.event_counts = "\"\"";
	ndjson_format(&record, &out);
	size_t pad = len - out.len;
	char *counts = malloc(pad + 3);
	expect_not_null(counts);
	memset(counts, 'x', pad + 2);
	counts[0] = counts[pad + 1] = '"';
	counts[pad + 2] = '\0';
	buf_clear(&out);
	record.event_counts = counts;
	ndjson_format(&record, &out);
	expect_int(len, out.len);
	free(counts);
	return out.data;
}

/* Many lines: what is before a position is longer than what it is known by, and than a block that is read. */
enum { MANY = 2400 };

/*
 * A position is known by the 4096 bytes before it, and by those alone: an earlier version's
 * is as well.  In a compressed file it is found in the same place.
 */
static void position_deep_in_a_file_is_known_by_what_stands_before_it(void **state) {
	(void)state;
	enum { KNOWN_BY = 4096 };
	static const struct {
		int changed; /* so many bytes before the position one is another; 0: none is */
		enum replay_place place;
	} rows[] = {{0, REPLAY_FOUND}, {1, REPLAY_LOST}, {KNOWN_BY, REPLAY_LOST}, {KNOWN_BY + 1, REPLAY_FOUND}};
	char *text = strdup(ndjson(1, MANY));
	expect_not_null(text);
	int64_t size = (int64_t)(strlen(text) - strlen(ndjson(MANY - 1, 2)));
	expect_true(size > 512 * 1024);
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		for (int packed = 0; packed < 2; packed++) {
			disk_empty();
			disk_put("occupancy.ndjson", text);
			struct sink_position from = position_in("occupancy.ndjson", size, monday);
			expect_true(from.tail == rng_hash(text + size - KNOWN_BY, KNOWN_BY));
			from.inode = 0;
			char *changed = &text[size - rows[row].changed], was = *changed;
			*changed = rows[row].changed ? '#' : was;
			if (packed) {
				put_gz("occupancy-20261123T070001Z.ndjson.gz", text);
				disk_put("occupancy.ndjson", "");
			} else {
				disk_put("occupancy.ndjson", text);
			}
			*changed = was;
			const char *seen = seen_from(&from, "occupancy.ndjson");
			expect_int(rows[row].place, replay.place);
			if (rows[row].place == REPLAY_FOUND) {
				expect_text("2399 2400 ", seen);
				expect_int(2, replay.records);
			} else {
				expect_true(replay.records >= MANY - 1);
			}
		}
	}
	free(text);
}

/* Just behind what it is known by, in a compressed file as in a plain one. */
static void position_that_is_hardly_deeper_than_that_is_found(void **state) {
	(void)state;
	for (size_t len = 4094; len <= 4099; len++) {
		char *line = line_of_length(1, sample_record().end, len), text[8192];
		(void)snprintf(text, sizeof(text), "%s%s", line, ndjson(2, 1));
		disk_put("occupancy.ndjson", text);
		struct sink_position from = position_in("occupancy.ndjson", (int64_t)len, monday);
		expect_text("2 ", seen_from(&from, "occupancy.ndjson"));
		put_gz("occupancy-20261123T070001Z.ndjson.gz", text);
		disk_put("occupancy.ndjson", "");
		expect_text("2 ", seen_from(&from, "occupancy.ndjson"));
		expect_int(REPLAY_FOUND, replay.place);
		expect_int(0, unlink(disk_path("occupancy-20261123T070001Z.ndjson.gz")));
		free(line);
	}
}

/* Where an odd line stands is counted from the beginning of the file, compressed or not. */
static void place_of_an_odd_line_behind_a_position_is_that_in_the_file(void **state) {
	(void)state;
	char *text = malloc(sizeof(text_of_all));
	expect_not_null(text);
	(void)snprintf(text, sizeof(text_of_all), "%s", ndjson(1, MANY));
	int64_t size = (int64_t)strlen(text);
	(void)snprintf(text + size, sizeof(text_of_all) - (size_t)size, "%s# by hand\n", ndjson(7, 1));
	int64_t odd_at = (int64_t)strlen(text) - (int64_t)strlen("# by hand\n");
	for (int packed = 0; packed < 2; packed++) {
		disk_empty();
		disk_put("occupancy.ndjson", text);
		struct sink_position from = position_in("occupancy.ndjson", size, monday);
		if (packed) {
			put_gz("occupancy-20261123T070001Z.ndjson.gz", text);
			disk_put("occupancy.ndjson", "");
		}
		expect_text("7 ", seen_from(&from, "occupancy.ndjson"));
		expect_int(1, replay.odd);
		expect_int(odd_at, replay.odd_at);
	}
	free(text);
}

/* It was cut short, or is another one: no error, and no place of the position. */
static void file_that_is_shorter_than_the_position_does_not_hold_it(void **state) {
	(void)state;
	disk_put("occupancy.ndjson", ndjson(1, MANY));
	int64_t size = (int64_t)strlen(ndjson(1, MANY));
	struct sink_position from = position_in("occupancy.ndjson", size, monday);
	put_gz("occupancy-20261123T070001Z.ndjson.gz", ndjson(1, 1));
	put_gz("occupancy-20261123T070002Z.ndjson.gz", "");
	/* Shorter by less than what the position is known by. */
	put_gz("occupancy-20261123T070003Z.ndjson.gz", ndjson(2, MANY - 1));
	disk_put("occupancy-20261123T070004Z.ndjson", ndjson(2, MANY - 1));
	disk_put("occupancy-20261123T070005Z.ndjson", ndjson(3, 1));
	disk_put("occupancy.ndjson", ndjson(4, 1));
	(void)seen_from(&from, "occupancy.ndjson");
	expect_int(REPLAY_LOST, replay.place);
	expect_int(1 + 2 * (MANY - 1) + 2, replay.records);
	expect_int(6, replay.files);

	uint64_t tail = 7;
	int fd = file_open(disk_path("occupancy.ndjson"), FILE_READ, 0);
	expect_true(fd >= 0);
	expect_int(-ENODATA, replay_tail(fd, size, &tail));
	expect_int(-ENODATA, replay_tail(fd, (int64_t)strlen(ndjson(4, 1)) + 1, &tail));
	fault_arm(FAULT_ERROR, EIO, 1, 1);
	expect_int(-EIO, replay_tail(fd, 1, &tail));
	fault_disarm();
	expect_int(7, tail);
	expect_int(0, replay_tail(fd, 0, &tail));
	file_close(fd);
}

/* A compressed file that ends in damage before the position does not hold it either. */
static void damage_before_the_position_is_no_error(void **state) {
	(void)state;
	disk_put("occupancy.ndjson", ndjson(1, MANY));
	struct sink_position from = position_in("occupancy.ndjson", (int64_t)strlen(ndjson(1, MANY)), monday);
	put_gz("occupancy-20261123T070001Z.ndjson.gz", ndjson(1, MANY));
	struct stat st;
	expect_int(0, stat(disk_path("occupancy-20261123T070001Z.ndjson.gz"), &st));
	expect_int(0, truncate(disk_path("occupancy-20261123T070001Z.ndjson.gz"), st.st_size / 2));
	disk_put("occupancy-20261123T070002Z.ndjson.gz", "this was never compressed");
	disk_put("occupancy.ndjson", ndjson(4, 1));
	(void)seen_from(&from, "occupancy.ndjson");
	expect_int(REPLAY_LOST, replay.place);
	expect_int(2, replay.damaged);
	expect_text("occupancy-20261123T070001Z.ndjson.gz", replay.damaged_file);
}

static void expect_last_end(int result, usec_t end, const char *text, size_t len, int64_t size) {
	usec_t got = -7;
	put_bytes("some", text, len);
	int fd = file_open(disk_path("some"), FILE_READ, 0);
	expect_true(fd >= 0);
	expect_int(result, replay_last_end(fd, size, log_codec_of(LOG_FORMAT_NDJSON), &got));
	expect_int(result < 0 ? -7 : end, got);
	file_close(fd);
}

static void end_of_the_last_record_is_that_of_a_whole_last_line(void **state) {
	(void)state;
	enum { LONGEST = 16 * 1024 - 1 }; /* so that its beginning is seen */
	usec_t first = sample_record().end, second = first + 5 * USEC_PER_MIN;
	char *lines[2] = {line_of_length(1, first, 900), line_of_length(2, second, 800)};
	char text[2048];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s%s", lines[0], lines[1]);

	expect_last_end(0, second, text, len, (int64_t)len);
	expect_last_end(0, first, text, len, 900);
	expect_last_end(-ENODATA, 0, text, len, (int64_t)len + 1);
	expect_last_end(-ENODATA, 0, text, len, 899);
	expect_last_end(-ENODATA, 0, text, len - 1, (int64_t)len - 1);
	expect_last_end(-ENODATA, 0, text, len - 2, (int64_t)len - 2);
	expect_last_end(-ENODATA, 0, text, len, 0);
	expect_last_end(-ENODATA, 0, "", 0, 0);
	expect_last_end(-ENODATA, 0, "\n", 1, 1);
	/* A blank line, or one by hand, is the last one then. */
	text[len] = '\n';
	expect_last_end(-ENODATA, 0, text, len + 1, (int64_t)len + 1);
	/* What a crash leaves. */
	text[10] = '\0';
	expect_last_end(-ENODATA, 0, text, len, (int64_t)len);
	free(lines[0]);
	free(lines[1]);

	for (int longer = 0; longer < 2; longer++) {
		for (int alone = 0; alone < 2; alone++) {
			size_t line_len = (size_t)LONGEST + (size_t)longer;
			char *line = line_of_length(2, second, line_len), *all = malloc(line_len + 2);
			expect_not_null(all);
			(void)snprintf(all, line_len + 2, "%s%s", alone ? "" : "\n", line);
			expect_last_end(longer ? -ENODATA : 0, second, all, strlen(all), (int64_t)strlen(all));
			free(line);
			free(all);
		}
	}

	usec_t end = -7;
	int fd = file_open(disk_path("some"), FILE_READ, 0);
	expect_true(fd >= 0);
	fault_arm(FAULT_ERROR, EIO, 1, 1);
	expect_int(-EIO, replay_last_end(fd, 100, log_codec_of(LOG_FORMAT_NDJSON), &end));
	fault_disarm();
	expect_int(-7, end);
	file_close(fd);
}

/* A line of that length, its newline included, if it has one; its count is 1. */
static void write_line(gzFile file, size_t len, bool newline) {
	static char many[1 << 20];
	struct record record = sample_record();
	struct buf out;
	buf_init(&out, 8192);
	record.count = 1;
	record.event_counts = "\"@\"";
	ndjson_format(&record, &out);
	const char *line = buf_text(&out), *rest = strchr(line, '@') + 1;
	size_t head = (size_t)(rest - line) - 1, tail = strlen(rest) - !newline;
	memset(many, 'x', sizeof(many));
	expect_int(head, gzwrite(file, line, (unsigned)head));
	for (size_t left = len - head - tail; left > 0;) {
		size_t piece = left < sizeof(many) ? left : sizeof(many);
		expect_int(piece, gzwrite(file, many, (unsigned)piece));
		left -= piece;
	}
	expect_int(tail, gzwrite(file, rest, (unsigned)tail));
	buf_done(&out);
}

/* A record has 64 MiB at most; more than that is no line of ours, and what follows it is read. */
static void line_longer_than_any_record_is_passed_over(void **state) {
	(void)state;
	enum { LONGEST = 64 << 20 };
	gzFile file = gzopen(disk_path("occupancy-20261123T070000Z.ndjson.gz"), "wb1");
	expect_not_null(file);
	write_line(file, LONGEST, true);
	write_line(file, (size_t)LONGEST + 1, true);
	expect_int(strlen(ndjson(2, 1)), gzputs(file, ndjson(2, 1)));
	/* And one that is torn, with the file. */
	write_line(file, (size_t)LONGEST + 1, false);
	expect_int(Z_OK, gzclose(file));
	disk_put("occupancy.ndjson", ndjson(3, 2));
	expect_text("1 2 3 4 ", seen_from(NULL, "occupancy.ndjson"));
	expect_int(2, replay.odd);
	expect_int(LONGEST, replay.odd_at);
}

/* The end of a file is the end of its line; the next file begins one of its own. */
static void torn_line_is_odd_and_ends_with_its_file(void **state) {
	(void)state;
	char text[8192];
	int64_t line = (int64_t)strlen(ndjson(1, 1));
	(void)snprintf(text, sizeof(text), "%s", ndjson(1, 2));
	text[line + 20] = '\0';
	disk_put("occupancy-20261123T070000Z.ndjson", text);
	disk_put("occupancy.ndjson", ndjson(3, 1));
	expect_text("1 3 ", seen_from(NULL, "occupancy.ndjson"));
	expect_int(1, replay.odd);
	expect_int(line, replay.odd_at);
	expect_text("occupancy-20261123T070000Z.ndjson", replay.odd_file);

	/* If it is of one byte. */
	text[line + 1] = '\0';
	disk_put("occupancy-20261123T070000Z.ndjson", text);
	expect_text("1 3 ", seen_from(NULL, "occupancy.ndjson"));
	expect_int(1, replay.odd);
	expect_int(line, replay.odd_at);

	/* The current one's, too; but not behind zeros, where nothing counts. */
	disk_empty();
	disk_put("occupancy.ndjson", text);
	expect_text("1 ", seen_from(NULL, "occupancy.ndjson"));
	expect_int(1, replay.odd);
	expect_int(line, replay.odd_at);
	expect_int(-1, zeros);
	(void)snprintf(text, sizeof(text), "%s", ndjson(1, 2));
	text[line + 20] = '\n';
	text[line + 10] = '\0';
	put_bytes("occupancy.ndjson", text, (size_t)line + 40);
	expect_text("1 ", seen_from(NULL, "occupancy.ndjson"));
	expect_int(0, replay.odd);
	expect_int(line, zeros);
}

/* Whole lines are rotated: zeros in a rotated file are one odd line, and what follows it counts. */
static void zeros_in_a_rotated_file_are_an_odd_line(void **state) {
	(void)state;
	char text[8192];
	int64_t line = (int64_t)strlen(ndjson(1, 1));
	(void)snprintf(text, sizeof(text), "%s", ndjson(1, 3));
	text[line + 10] = '\0';
	put_bytes("occupancy-20261123T070000Z.ndjson", text, (size_t)line * 3);
	disk_put("occupancy.ndjson", ndjson(4, 1));
	expect_text("1 3 4 ", seen_from(NULL, "occupancy.ndjson"));
	expect_int(1, replay.odd);
	expect_int(line, replay.odd_at);
	expect_int(-1, zeros);
}

/* Of files that begin with "occupancy", those that may be renamed files of the log; of others none. */
static void names_that_are_no_log_s_are_not_read(void **state) {
	(void)state;
	static const struct {
		const char *name;
		bool read;
	} rows[] = {
		{"occupancy.ndjson.1", true},
		{"occupancy-1.ndjson", true},
		{"occupancy.csv.bak.ndjson", false}, /* as CSV, which it is not */
		{"occupancy1.ndjson", false},
		{"occupancy_1.ndjson", false},
		{"occupancx.ndjson", false},
		{"xoccupancy.ndjson", false},
		{"occupancy.txt", false},
		{"occupancy", false},
		{"occupancy-", false},
		{".occupancy-20261123T070000Z.ndjson.gz.tmp", false},
		/* 63 bytes and 64: no longer ones are ours. */
		{"occupancy-23456789-123456789-123456789-123456789-123456789.ndjson", false},
		{"occupancy-3456789-123456789-123456789-123456789-123456789.ndjson", false},
		{"occupancy-456789-123456789-123456789-123456789-123456789.ndjson", true},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		disk_empty();
		disk_put(rows[row].name, ndjson(1, 1));
		disk_put("occupancy.ndjson", ndjson(2, 1));
		const char *seen = seen_from(NULL, "occupancy.ndjson");
		if (strcmp(seen, rows[row].read ? "1 2 " : "2 ") != 0) {
			fail_msg("%s: %s", rows[row].name, seen);
		}
	}
}

/* By its inode; under a name that no log has, and under one that is read anyway, it is not looked for. */
static void file_that_was_moved_is_known_by_its_inode_and_by_a_log_s_name(void **state) {
	(void)state;
	static const struct {
		const char *name;
		enum replay_place place;
	} rows[] = {
		{"lobby.ndjson", REPLAY_FOUND},
		{"lobby.txt", REPLAY_LOST},
		{"lobby", REPLAY_LOST},
		{"lobby-6789-123456789-123456789-123456789-123456789-12345.ndjson", REPLAY_FOUND},
		{"lobby-6789-123456789-123456789-123456789-123456789-123456.ndjson", REPLAY_LOST},
		{"occupancy-20261123T070001Z.ndjson", REPLAY_FOUND},
		{"occupancy-20261123T065959Z.ndjson", REPLAY_LOST},
	};
	int64_t line = (int64_t)strlen(ndjson(1, 1));
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		disk_empty();
		disk_put("occupancy.ndjson", ndjson(1, 4));
		struct sink_position from = position_in("occupancy.ndjson", 2 * line, monday);
		expect_int(0, rename(disk_path("occupancy.ndjson"), disk_path(rows[row].name)));
		disk_put("occupancy.ndjson", ndjson(5, 1));
		const char *seen = seen_from(&from, "occupancy.ndjson");
		if (replay.place != rows[row].place || strcmp(seen, replay.place == REPLAY_FOUND ? "3 4 5 " : "5 ") != 0) {
			fail_msg("%s: place %d, %s", rows[row].name, replay.place, seen);
		}
	}

	/* A second name of the current file is not a second file. */
	disk_empty();
	disk_put("occupancy.ndjson", ndjson(1, 4));
	struct sink_position from = position_in("occupancy.ndjson", 2 * line, monday);
	expect_int(0, link(disk_path("occupancy.ndjson"), disk_path("lobby.ndjson")));
	expect_text("3 4 ", seen_from(&from, "occupancy.ndjson"));
	expect_int(1, replay.files);
	/* Nor is one of a file that was rotated. */
	expect_int(0, rename(disk_path("occupancy.ndjson"), disk_path("occupancy-20261123T070001Z.ndjson")));
	disk_put("occupancy.ndjson", ndjson(5, 1));
	expect_text("3 4 5 ", seen_from(&from, "occupancy.ndjson"));
	expect_int(2, replay.files);
}

/* What had been rotated when the position was taken is not read, and holds it no more than any copy elsewhere. */
static void position_is_not_in_a_file_that_had_been_rotated_before(void **state) {
	(void)state;
	int64_t line = (int64_t)strlen(ndjson(1, 1));
	disk_put("occupancy.ndjson", ndjson(1, 4));
	struct sink_position from = position_in("occupancy.ndjson", 2 * line, monday);
	disk_put("occupancy-20261123T070000Z.ndjson", ndjson(1, 4));
	disk_put("occupancy.ndjson", ndjson(5, 1));
	expect_text("5 ", seen_from(&from, "occupancy.ndjson"));
	expect_int(REPLAY_LOST, replay.place);
	/* It is in the first that holds it; another is read whole. */
	disk_put("occupancy-20261123T070001Z.ndjson", ndjson(1, 3));
	disk_put("occupancy-20261123T070002Z.ndjson", ndjson(1, 4));
	expect_text("3 1 2 3 4 5 ", seen_from(&from, "occupancy.ndjson"));
	expect_int(REPLAY_FOUND, replay.place);
	expect_int(3, replay.files);
}

/* A header is no record: a CSV file with nothing else is known by its inode alone. */
static void expect_known_by_inode(const char *header) {
	disk_put("occupancy-20261123T060000Z.csv", lines_of(LOG_FORMAT_CSV, 90, 1));
	disk_put("occupancy.csv", header);
	struct sink_position from = position_in("occupancy.csv", (int64_t)strlen(header), monday);
	expect_text("", judged_from_file("occupancy.csv", &from, 5));
	expect_int(REPLAY_FOUND, replay.place);
	expect_int(0, replay.odd);
	/* It was rotated, or moved by others, and is the same. */
	expect_int(0, rename(disk_path("occupancy.csv"), disk_path("lobby.csv")));
	disk_put("occupancy.csv", header);
	expect_text("", judged_from_file("occupancy.csv", &from, 5));
	expect_int(REPLAY_FOUND, replay.place);
	/* It is another one, and what was rotated last is missing. */
	from.inode = 0;
	expect_text("90 ", judged_from_file("occupancy.csv", &from, 5));
	expect_int(REPLAY_OLDER, replay.place);
	/* Nothing had been rotated: nothing is missing. */
	from.newest = 0;
	expect_text("90 ", judged_from_file("occupancy.csv", &from, 100));
	expect_int(REPLAY_OLDER, replay.place);
	from.newest = monday - USEC_PER_HOUR;
	expect_text("", judged_from_file("occupancy.csv", &from, 5));
	expect_int(REPLAY_FOUND, replay.place);

	/* With a record in it it is known by that. */
	disk_put("occupancy.csv", header);
	FILE *file = fopen(disk_path("occupancy.csv"), "a");
	expect_not_null(file);
	(void)fputs(lines_of(LOG_FORMAT_CSV, 1, 2), file);
	expect_int(0, fclose(file));
	from = position_in("occupancy.csv", (int64_t)(strlen(header) + strlen(lines_of(LOG_FORMAT_CSV, 1, 1))), monday);
	from.inode = 0;
	expect_text("2 ", judged_from_file("occupancy.csv", &from, 1));
	expect_int(REPLAY_FOUND, replay.place);
}

static void file_with_a_header_alone_is_known_by_its_inode(void **state) {
	(void)state;
	expect_known_by_inode(log_codec_of(LOG_FORMAT_CSV)->header);
	disk_empty();
	expect_known_by_inode(log_codec_of(LOG_FORMAT_CSV)->numbered_header);
}

/* What was read before the log turned out to be older is read again, and counted once. */
static void log_that_is_older_is_counted_once(void **state) {
	(void)state;
	struct sink_position from = position_behind(5, monday);
	char text[8192];
	(void)snprintf(text, sizeof(text), "# by hand\n%s", ndjson(101, 1));
	disk_put("occupancy-20261123T070001Z.ndjson", text);
	disk_put("occupancy-20261123T070002Z.ndjson.gz", "this was never compressed");
	(void)snprintf(text, sizeof(text), "# by hand\n%s", ndjson(3, 2));
	disk_put("occupancy-20261123T070003Z.ndjson", text);
	disk_put("occupancy.ndjson", ndjson(6, 1));
	expect_text("101 3 4 6 ", judged_from(&from, 5));
	expect_int(REPLAY_OLDER, replay.place);
	expect_int(4, replay.files);
	expect_int(4, replay.records);
	expect_int(2, replay.odd);
	expect_int(1, replay.damaged);
	expect_int(-1, zeros);
}

/* A line over the ends of blocks, whatever their size. */
static void long_lines_are_whole(void **state) {
	(void)state;
	enum { PAD = 700000 };
	char *pad = malloc(PAD + 16);
	expect_not_null(pad);
	memset(pad, 'x', PAD);
	pad[PAD] = '\0';
	pad[0] = pad[PAD - 1] = '"';

	struct buf out;
	buf_init(&out, 8 << 20);
	for (int i = 1; i <= 3; i++) {
		struct record record = sample_record();
		record.count = i;
		record.event_counts = pad;
		ndjson_format(&record, &out);
	}
	disk_put("occupancy.ndjson", buf_text(&out));
	expect_text("1 2 3 ", seen_from(NULL, "occupancy.ndjson"));
	expect_int(0, replay.odd);
	buf_done(&out);
	free(pad);
}

/* Files are read in blocks of 256 KiB: a line that begins or ends anywhere near the end of one is whole. */
static void lines_are_whole_wherever_a_block_ends(void **state) {
	(void)state;
	enum { BLOCK = 256 * 1024 };
	for (int apart = -3; apart <= 3; apart++) {
		char text[1024];
		char *line = line_of_length(1, sample_record().end, (size_t)(BLOCK + apart));
		disk_put("occupancy-20261123T070000Z.ndjson", line);
		FILE *file = fopen(disk_path("occupancy-20261123T070000Z.ndjson"), "a");
		expect_not_null(file);
		(void)snprintf(text, sizeof(text), "%s", ndjson(2, 1));
		(void)fprintf(file, "%s# by hand\n", text);
		expect_int(0, fclose(file));
		disk_put("occupancy.ndjson", ndjson(3, 1));
		expect_text("1 2 3 ", seen_from(NULL, "occupancy.ndjson"));
		expect_int(1, replay.odd);
		expect_int(BLOCK + apart + (int64_t)strlen(text), replay.odd_at);
		/* And if the file ends there. */
		disk_put("occupancy-20261123T070000Z.ndjson", line);
		expect_text("1 3 ", seen_from(NULL, "occupancy.ndjson"));
		expect_int(0, replay.odd);
		free(line);
	}
}

static void what_follows_zeros_in_the_current_file_does_not_count(void **state) {
	(void)state;
	char text[8192];
	int64_t line = (int64_t)strlen(ndjson(1, 1));
	memset(text, 0, sizeof(text));
	memcpy(text, ndjson(1, 1), (size_t)line);
	memcpy(text + line + 100, ndjson(2, 2), (size_t)line * 2);
	put_bytes("occupancy.ndjson", text, (size_t)line * 3 + 100);
	expect_text("1 ", seen_from(NULL, "occupancy.ndjson"));
	expect_int(line, zeros);

	/* However much it is. */
	static char many[sizeof(text_of_all)];
	size_t len = (size_t)snprintf(many, sizeof(many), "%s", ndjson(1, MANY));
	many[line + 10] = '\0';
	put_bytes("occupancy.ndjson", many, len);
	expect_text("1 ", seen_from(NULL, "occupancy.ndjson"));
	expect_int(line, zeros);
	expect_int(0, replay.odd);
}

static void damaged_compressed_file_gives_what_it_has(void **state) {
	(void)state;
	disk_put("occupancy.ndjson", ndjson(3000, 1));
	put_gz("occupancy-20261123T070000Z.ndjson.gz", ndjson(1, 100));
	struct stat st;
	expect_int(0, stat(disk_path("occupancy-20261123T070000Z.ndjson.gz"), &st));
	expect_int(0, truncate(disk_path("occupancy-20261123T070000Z.ndjson.gz"), st.st_size - 12));
	const char *seen = seen_from(NULL, "occupancy.ndjson");
	expect_int(0, strncmp(seen, "1 2 3 ", 6));
	expect_part(" 3000 ", seen);
	expect_int(1, replay.damaged);
	expect_text("occupancy-20261123T070000Z.ndjson.gz", replay.damaged_file);
}

/* The directory's path is so long that with the name of the current file it just fits, and with longer ones it does not. */
static void path_that_is_too_long_is_an_error(void **state) {
	(void)state;
	static char directory[PATH_MAX], seen[4096];
	const char *current = "occupancy.ndjson";
	disk_put("occupancy-20261123T070000Z.ndjson", ndjson(1, 1));
	disk_put("occupancy.ndjson", ndjson(2, 1));
	struct sink_position here = position_in("occupancy.ndjson", (int64_t)strlen(ndjson(2, 1)), 0), empty = {.size = 0};
	const struct sink_position *const from[] = {NULL, &here, &empty};
	const struct {
		size_t spare; /* bytes beside the directory and a slash */
		const char *name;
	} rows[] = {
		{strlen(current), "/occupancy-20261123T070000Z.ndjson"},
		{strlen("occupancy-20261123T070000Z.ndjson"), NULL},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		size_t len = PATH_MAX - 1 - 1 - rows[row].spare, own = strlen(disk_directory);
		memset(directory, '/', len);
		memcpy(directory + len - own, disk_directory, own + 1);
		for (size_t i = 0; i < COUNT_OF(from); i++) {
			struct error err = {{0}};
			seen[0] = '\0';
			replay = (struct replay){.visit = note_count, .user = seen};
			int r = replay_run(directory, current, from[i], &replay, &zeros, &err);
			expect_int(rows[row].name ? -ENAMETOOLONG : 0, r, "row %zu, position %zu: %s", row, i, err.text);
			expect_true(!rows[row].name || strstr(seen, "1 ") == NULL, "row %zu, position %zu", row, i);
		}
	}
}

/* The file that was empty then is gone: whatever is there follows it. */
static void file_that_was_empty_and_is_gone_is_no_error(void **state) {
	(void)state;
	disk_put("occupancy.ndjson", "");
	struct sink_position from = position_in("occupancy.ndjson", 0, 0);
	disk_put("occupancy-20261123T070000Z.ndjson", ndjson(1, 2));
	expect_int(0, unlink(disk_path("occupancy.ndjson")));
	struct error err = {{0}};
	static char seen[4096];
	seen[0] = '\0';
	replay = (struct replay){.visit = note_count, .user = seen};
	int r = replay_run(disk_directory, "occupancy.ndjson", &from, &replay, &zeros, &err);
	expect_int(-ENOENT, r, "it is made before it is read: %s", err.text);
	expect_part("cannot be read back", err.text);
	expect_text("1 2 ", seen);
}

/* A directory that cannot be listed, the first time or a later one. */
static int listings, failing_listing;

DIR *opendir(const char *name) {
	static DIR *(*real)(const char *);
	if (!real) {
		real = (DIR *(*)(const char *))dlsym(RTLD_NEXT, "opendir");
	}
	if (++listings == failing_listing) {
		errno = EIO;
		return NULL;
	}
	return real(name);
}

static void directory_that_cannot_be_listed_is_an_error(void **state) {
	(void)state;
	static char seen[4096];
	disk_put("occupancy.ndjson", ndjson(1, 2));
	disk_put("occupancy.ndjson.1", ndjson(3, 1));
	struct sink_position here = position_in("occupancy.ndjson", (int64_t)strlen(ndjson(1, 1)), 0), nowhere = {.size = 9000};
	const struct {
		const struct sink_position *from;
		int listings;
	} rows[] = {{NULL, 2}, {&here, 2}, {&nowhere, 3}};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		for (failing_listing = 1; failing_listing <= rows[row].listings + 1; failing_listing++) {
			struct error err = {{0}};
			seen[0] = '\0';
			listings = 0;
			replay = (struct replay){.visit = note_count, .user = seen};
			int r = replay_run(disk_directory, "occupancy.ndjson", rows[row].from, &replay, &zeros, &err);
			bool fails = failing_listing <= rows[row].listings;
			expect_int(fails ? -EIO : 0, r, "row %zu, listing %d: %s", row, failing_listing, err.text);
			expect_int(fails, strstr(err.text, ": cannot be listed: ") != NULL, "row %zu, listing %d", row, failing_listing);
		}
	}
	failing_listing = 0;
}

/* Each call that touches the disk fails once. */
static void expect_errors_from(const struct sink_position *from) {
	for (int at = 1, hits = 1; hits > 0; at++) {
		static char seen[4096];
		struct error err = {{0}};
		seen[0] = '\0';
		zeros = -7;
		replay = (struct replay){.visit = note_count, .user = seen};
		fault_arm(FAULT_ERROR, EIO, at, 1);
		int r = replay_run(disk_directory, "occupancy.ndjson", from, &replay, &zeros, &err);
		hits = fault.hits;
		fault_disarm();
		expect_int(hits > 0 ? -EIO : 0, r);
		expect_int(hits > 0 ? -7 : -1, zeros);
		expect_true(hits == 0 || strstr(err.text, "cannot be") != NULL);
	}
}

static void file_that_cannot_be_read_is_an_error(void **state) {
	(void)state;
	disk_put("occupancy-20261123T070000Z.ndjson", ndjson(1, 1));
	put_gz("occupancy-20261123T070001Z.ndjson.gz", ndjson(2, 1));
	disk_put("occupancy.ndjson.1", ndjson(3, 1));
	disk_put("occupancy.ndjson", ndjson(4, 1));
	expect_errors_from(NULL);

	/* Where the position is looked for, and found: deep in a compressed file, */
	disk_empty();
	disk_put("occupancy.ndjson", ndjson(1, 100));
	struct sink_position from = position_in("occupancy.ndjson", (int64_t)strlen(ndjson(1, 90)), monday);
	disk_put("occupancy-20261123T070001Z.ndjson", ndjson(2, 1));
	put_gz("occupancy-20261123T070002Z.ndjson.gz", ndjson(1, 100));
	disk_put("occupancy-20261123T070003Z.ndjson", ndjson(101, 1));
	disk_put("occupancy.ndjson", ndjson(102, 1));
	expect_errors_from(&from);
	/* in one that others have renamed, or compressed. */
	disk_empty();
	disk_put("occupancy.ndjson", ndjson(1, 100));
	from = position_in("occupancy.ndjson", (int64_t)strlen(ndjson(1, 90)), monday);
	expect_int(0, rename(disk_path("occupancy.ndjson"), disk_path("occupancy.ndjson.1")));
	disk_put("occupancy.ndjson", ndjson(102, 1));
	expect_errors_from(&from);
	put_gz("occupancy.ndjson.1.gz", ndjson(1, 100));
	expect_int(0, unlink(disk_path("occupancy.ndjson.1")));
	expect_errors_from(&from);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, disk_setup, disk_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(whole_log_is_read_in_order),
		TEST(path_that_is_too_long_is_an_error),
		TEST(file_that_was_empty_and_is_gone_is_no_error),
		TEST(directory_that_cannot_be_listed_is_an_error),
		TEST(log_that_goes_on_is_not_older),
		TEST(log_that_begins_with_what_was_known_is_older),
		TEST(log_without_its_latest_rotated_file_is_older),
		TEST(log_that_others_have_taken_away_is_lost_but_not_older),
		TEST(position_is_found_in_what_others_compressed),
		TEST(names_that_logrotate_gives_are_read_without_a_position),
		TEST(only_what_is_behind_the_position_is_read),
		TEST(every_size_of_a_position_is_found_again),
		TEST(another_file_in_its_place_is_read_whole),
		TEST(file_moved_within_the_directory_is_found),
		TEST(files_that_others_renamed_are_read_without_a_position),
		TEST(first_file_that_is_there_twice_is_read_once),
		TEST(what_others_renamed_is_synced_whatever_its_descriptor),
		TEST(lines_that_are_no_records_are_passed_over),
		TEST(position_deep_in_a_file_is_known_by_what_stands_before_it),
		TEST(position_that_is_hardly_deeper_than_that_is_found),
		TEST(place_of_an_odd_line_behind_a_position_is_that_in_the_file),
		TEST(file_that_is_shorter_than_the_position_does_not_hold_it),
		TEST(damage_before_the_position_is_no_error),
		TEST(end_of_the_last_record_is_that_of_a_whole_last_line),
		TEST(names_that_are_no_log_s_are_not_read),
		TEST(file_that_was_moved_is_known_by_its_inode_and_by_a_log_s_name),
		TEST(position_is_not_in_a_file_that_had_been_rotated_before),
		TEST(file_with_a_header_alone_is_known_by_its_inode),
		TEST(log_that_is_older_is_counted_once),
		TEST(torn_line_is_odd_and_ends_with_its_file),
		TEST(zeros_in_a_rotated_file_are_an_odd_line),
		TEST(long_lines_are_whole),
		TEST(lines_are_whole_wherever_a_block_ends),
		TEST(what_follows_zeros_in_the_current_file_does_not_count),
		TEST(damaged_compressed_file_gives_what_it_has),
		TEST(file_that_cannot_be_read_is_an_error),
		TEST(line_longer_than_any_record_is_passed_over),
	};
	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
