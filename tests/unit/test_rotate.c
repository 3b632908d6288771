// SPDX-License-Identifier: ISC

#include "disk.h"
#include "fixture.h"
#include "memory.h"

#include "base/file.h"
#include "sink/rotate.h"

#include <zlib.h>

/* 2026-11-23T00:00:00Z */
static const usec_t monday = 1795392000 * USEC_PER_SEC;

static struct rotate started(const struct log_settings *settings, usec_t now) {
	struct rotate rotate;
	struct log_settings ours = *settings;
	ours.directory = disk_directory;
	expect_int(0, rotate_init(&rotate, &ours, now));
	rotate_release(&rotate, USEC_INFINITY);
	return rotate;
}

/* All work there is.  Returns the slices it took, or -errno. */
static int work(struct rotate *rotate, struct error *err) {
	for (int slices = 1; slices < 10000; slices++) {
		int r = rotate_work(rotate, err);
		if (r <= 0) {
			return r < 0 ? r : slices;
		}
	}
	fail_msg("the work does not end");
	return 0;
}

static void work_through(const struct log_settings *settings, usec_t now) {
	struct rotate rotate = started(settings, now);
	struct error err = {{0}};
	if (work(&rotate, &err) < 0) {
		fail_msg("%s", err.text);
	}
	rotate_done(&rotate);
}

/* What zlib reads in a file, compressed or not.  Valid until the next call. */
static const char *unpacked(const char *name) {
	static char text[4 << 20];
	gzFile file = gzopen(disk_path(name), "rb");
	if (!file) {
		return "(none)";
	}
	int len = gzread(file, text, sizeof(text) - 1);
	bool good = len >= 0 && gzclose(file) == Z_OK;
	text[len > 0 ? len : 0] = '\0';
	return good ? text : "(damaged)";
}

/* Names */

static void names_are_parsed_strictly(void **state) {
	(void)state;
	static const struct {
		const char *name;
		bool good, compressed;
	} rows[] = {
		{"occupancy-20261123T000000Z.ndjson", true, false},
		{"occupancy-20261123T000000Z.ndjson.gz", true, true},
		{"occupancy-20261123T235959Z.csv", true, false},
		{"occupancy-20261123T000000Z.csv.gz", true, true},
		{"occupancy.ndjson", false, false},
		{"occupancy-20261123T000000Z", false, false},
		{"occupancy-20261123T000000Z.json", false, false},
		{"occupancy-20261123T000000Z.ndjson.bz2", false, false},
		{"occupancy-20261123T000000Z.ndjson.gz.tmp", false, false},
		{"occupancy-20261123T000000Z.ndjsonx", false, false},
		{"occupancy-20261123T240000Z.ndjson", false, false},
		{"occupancy-20261323T000000Z.ndjson", false, false},
		{"occupancy-20261100T000000Z.ndjson", false, false},
		{"occupancy-2026112T0000000Z.ndjson", false, false},
		{"occupancy-20261123 000000Z.ndjson", false, false},
		{"Occupancy-20261123T000000Z.ndjson", false, false},
		{".occupancy-20261123T000000Z.ndjson", false, false},
		{"occupancy-", false, false},
		{"occupancy-20261123", false, false},
		{"", false, false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct archive_file file;
		bool good = archive_parse(rows[i].name, &file);
		if (good != rows[i].good || (good && file.compressed != rows[i].compressed)) {
			fail_msg("%s: taken for %s", rows[i].name, good ? "a rotated file" : "something else");
		}
	}
}

static void name_and_time_belong_together(void **state) {
	(void)state;
	char name[ARCHIVE_NAME_SIZE];
	struct archive_file file;
	usec_t time = monday + 8 * USEC_PER_HOUR + 15 * USEC_PER_MIN + 59 * USEC_PER_SEC;
	expect_text("occupancy-20261123T081559Z.csv", archive_name(name, time + 999999, "csv"));
	expect_true(archive_parse(name, &file));
	expect_int(time, file.time);
}

/* Renaming */

static void name_is_later_than_all_there_are(void **state) {
	(void)state;
	static const struct {
		const char *there, *want;
	} rows[] = {
		{"unrelated", "occupancy-20261123T000000Z.ndjson"},
		{"occupancy-20261122T235959Z.ndjson", "occupancy-20261123T000000Z.ndjson"},
		{"occupancy-20261123T000000Z.ndjson", "occupancy-20261123T000001Z.ndjson"},
		{"occupancy-20261123T000000Z.ndjson.gz", "occupancy-20261123T000001Z.ndjson"},
		{"occupancy-20261123T000000Z.csv", "occupancy-20261123T000001Z.ndjson"},
		{"occupancy-20270101T000000Z.ndjson.gz", "occupancy-20270101T000001Z.ndjson"},
		{"occupancy-20261231T235959Z.ndjson", "occupancy-20270101T000000Z.ndjson"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct log_settings settings = {0};
		struct rotate rotate = started(&settings, monday);
		struct error err = {{0}};
		disk_empty();
		disk_put(rows[i].there, "theirs");
		disk_put("occupancy.ndjson", "ours");
		if (rotate_rename(&rotate, disk_path("occupancy.ndjson"), "ndjson", monday + 999999, &err) < 0) {
			fail_msg("%s", err.text);
		}
		expect_text("theirs", disk_get(rows[i].there));
		expect_text("ours", disk_get(rows[i].want));
		rotate_done(&rotate);
	}
}

static void name_is_not_used_again_after_its_file_is_gone(void **state) {
	(void)state;
	const struct log_settings settings = {0};
	struct rotate rotate = started(&settings, monday);
	for (int i = 0; i < 3; i++) {
		char name[ARCHIVE_NAME_SIZE];
		disk_empty();
		disk_put("occupancy.ndjson", "ours");
		/* The clock steps back an hour each time. */
		expect_int(0,
		           rotate_rename(&rotate, disk_path("occupancy.ndjson"), "ndjson", monday - i * USEC_PER_HOUR, NULL));
		expect_text("ours", disk_get(archive_name(name, monday + i * USEC_PER_SEC, "ndjson")));
	}
	rotate_done(&rotate);
}

static void rename_of_nothing_fails(void **state) {
	(void)state;
	const struct log_settings settings = {0};
	struct rotate rotate = started(&settings, monday);
	struct error err = {{0}};
	expect_int(-ENOENT, rotate_rename(&rotate, disk_path("none"), "ndjson", monday, &err));
	expect_part("/none: cannot be renamed to occupancy-20261123T000000Z.ndjson: ", err.text);
	rotate_done(&rotate);
}

/* Compressing */

static const struct log_settings compressing = {.compress = true};

static void files_are_compressed_in_slices(void **state) {
	(void)state;
	enum { SIZE = 1 << 20 };
	static char text[SIZE + 1];
	for (size_t i = 0; i < SIZE; i++) {
		text[i] = i % 97 == 96 ? '\n' : (char)(' ' + (i * i >> 7) % 90);
	}
	disk_put("occupancy-20261122T000000Z.ndjson", text);
	disk_put("occupancy-20261123T000000Z.csv", "small");
	disk_put("occupancy.ndjson", "current");

	struct rotate rotate = started(&compressing, monday);
	expect_between(4 + 5, 20, work(&rotate, NULL));
	expect_int(0, rotate_work(&rotate, NULL));
	rotate_done(&rotate);
	expect_text("occupancy-20261122T000000Z.ndjson.gz "
	            "occupancy-20261123T000000Z.csv.gz occupancy.ndjson ", disk_list());
	expect_true(strcmp(unpacked("occupancy-20261122T000000Z.ndjson.gz"), text) == 0);
	expect_text("small", unpacked("occupancy-20261123T000000Z.csv.gz"));
}

static void nothing_is_compressed_unasked(void **state) {
	(void)state;
	static const struct log_settings plain = {0};
	disk_put("occupancy-20261122T000000Z.ndjson", "one");
	work_through(&plain, monday);
	expect_text("occupancy-20261122T000000Z.ndjson ", disk_list());
}

static void interrupted_compression_begins_again(void **state) {
	(void)state;
	disk_put("occupancy-20261122T000000Z.ndjson", "one");
	disk_put(".occupancy-20261122T000000Z.ndjson.gz.tmp", "half of");
	disk_put(".occupancy-20261121T000000Z.ndjson.gz.tmp", "of a file that is gone");
	disk_put(".occupancy.tmp", "not ours");
	work_through(&compressing, monday);
	expect_text(".occupancy.tmp occupancy-20261122T000000Z.ndjson.gz ", disk_list());
	expect_text("one", unpacked("occupancy-20261122T000000Z.ndjson.gz"));
}

static void latest_file_stays_as_it_is_until_the_next(void **state) {
	(void)state;
	static const struct log_settings settings = {.compress = true, .delaycompress = true};
	disk_put("occupancy-20261121T000000Z.ndjson", "one");
	disk_put("occupancy-20261122T000000Z.ndjson", "two");
	work_through(&settings, monday);
	expect_text("occupancy-20261121T000000Z.ndjson.gz occupancy-20261122T000000Z.ndjson ", disk_list());
	disk_put("occupancy-20261123T000000Z.csv", "three");
	work_through(&settings, monday);
	expect_text("occupancy-20261121T000000Z.ndjson.gz occupancy-20261122T000000Z.ndjson.gz "
	            "occupancy-20261123T000000Z.csv ", disk_list());
	work_through(&compressing, monday);
	expect_text("three", unpacked("occupancy-20261123T000000Z.csv.gz"));
}

static void abandoned_compression_leaves_nothing_behind(void **state) {
	(void)state;
	disk_put("occupancy-20261122T000000Z.ndjson", "one");
	struct rotate rotate = started(&compressing, monday);
	expect_int(1, rotate_work(&rotate, NULL)); /* sweep */
	expect_int(1, rotate_work(&rotate, NULL)); /* pick */
	expect_part(".gz.tmp", disk_list());
	rotate_done(&rotate);
	expect_text("occupancy-20261122T000000Z.ndjson ", disk_list());
}

static void complete_twin_is_the_one_to_stay(void **state) {
	(void)state;
	static const struct log_settings plain = {0};
	disk_put("occupancy-20261122T000000Z.ndjson", "one");
	work_through(&compressing, monday);
	disk_put("occupancy-20261122T000000Z.ndjson", "one");
	work_through(&plain, monday);
	expect_text("occupancy-20261122T000000Z.ndjson.gz ", disk_list());
	expect_text("one", unpacked("occupancy-20261122T000000Z.ndjson.gz"));
}

/* Somebody's gzip(1) was killed. */
static void incomplete_twin_is_made_anew(void **state) {
	(void)state;
	static const char *const twins[] = {"", "short", "long enough for a trailer"};
	for (size_t i = 0; i < COUNT_OF(twins); i++) {
		disk_empty();
		disk_put("occupancy-20261122T000000Z.ndjson", "one");
		disk_put("occupancy-20261122T000000Z.ndjson.gz", twins[i]);
		work_through(&compressing, monday);
		expect_text("occupancy-20261122T000000Z.ndjson.gz ", disk_list());
		expect_text("one", unpacked("occupancy-20261122T000000Z.ndjson.gz"));
	}
}

static void file_that_cannot_be_compressed_does_not_stop_the_others(void **state) {
	(void)state;
	struct error err = {{0}};
	expect_int(0, mkdir(disk_path("occupancy-20261121T000000Z.ndjson"), 0700));
	disk_put("occupancy-20261122T000000Z.ndjson", "two");
	struct rotate rotate = started(&compressing, monday);
	expect_int(-FILE_NOT_REGULAR, work(&rotate, &err));
	expect_part("occupancy-20261121T000000Z.ndjson: cannot be compressed: ", err.text);
	rotate_done(&rotate);
	expect_text("two", unpacked("occupancy-20261122T000000Z.ndjson.gz"));
}

/* A disk that is full is so for the others as well; another failure is the file's own. */
static void full_disk_stops_compressing_until_the_next_round(void **state) {
	(void)state;
	static const struct {
		int error;
		const char *after;
	} rows[] = {
		{ENOSPC, "occupancy-20261121T000000Z.ndjson occupancy-20261122T000000Z.ndjson "},
		{EDQUOT, "occupancy-20261121T000000Z.ndjson occupancy-20261122T000000Z.ndjson "},
		{EIO, "occupancy-20261121T000000Z.ndjson occupancy-20261122T000000Z.ndjson.gz "},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error err = {{0}};
		disk_put("occupancy-20261121T000000Z.ndjson", "one");
		disk_put("occupancy-20261122T000000Z.ndjson", "two");
		struct rotate rotate = started(&compressing, monday);
		expect_int(1, rotate_work(&rotate, NULL)); /* sweep */
		expect_int(1, rotate_work(&rotate, NULL)); /* pick */
		fault_arm(FAULT_ERROR, rows[i].error, 1, 1);
		expect_int(1, rotate_work(&rotate, NULL));
		fault_disarm();
		expect_int(-rows[i].error, work(&rotate, &err));
		expect_part("occupancy-20261121T000000Z.ndjson: cannot be compressed: ", err.text);
		rotate_done(&rotate);
		expect_text(rows[i].after, disk_list());
		work_through(&compressing, monday);
		expect_text("occupancy-20261121T000000Z.ndjson.gz occupancy-20261122T000000Z.ndjson.gz ",
		            disk_list());
		disk_empty();
	}
}

static void rotation_while_compressing_is_taken_along(void **state) {
	(void)state;
	disk_put("occupancy-20261122T000000Z.ndjson", "one");
	struct rotate rotate = started(&compressing, monday);
	expect_int(1, rotate_work(&rotate, NULL));
	expect_int(1, rotate_work(&rotate, NULL));
	disk_put("occupancy.ndjson", "two");
	expect_int(0, rotate_rename(&rotate, disk_path("occupancy.ndjson"), "ndjson", monday, NULL));
	expect_true(work(&rotate, NULL) > 0);
	rotate_done(&rotate);
	expect_text("occupancy-20261122T000000Z.ndjson.gz "
	            "occupancy-20261123T000000Z.ndjson.gz ", disk_list());
}

/* Trimming */

static void what_is_too_much_is_removed(void **state) {
	(void)state;
	/* Five files of ten bytes, one a day from the 19th on; it is the 23rd. */
	static const struct {
		struct log_settings settings;
		int left;
	} rows[] = {
		{{0}, 5},
		{{.keep = 5}, 5},
		{{.keep = 3}, 3},
		{{.keep = 1}, 1},
		{{.keep_bytes = 50}, 5},
		{{.keep_bytes = 49}, 4},
		{{.keep_bytes = 20}, 2},
		{{.keep_bytes = 1}, 1},
		{{.keep_age = 4 * USEC_PER_DAY}, 5},
		{{.keep_age = 4 * USEC_PER_DAY - 1}, 4},
		{{.keep_age = USEC_PER_DAY}, 2},
		{{.keep_age = USEC_INFINITY}, 5},
		{{.keep = 4, .keep_bytes = 30, .keep_age = USEC_PER_WEEK}, 3},
		{{.keep = 2, .keep_bytes = 30, .keep_age = USEC_PER_WEEK}, 2},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char want[512] = "";
		disk_empty();
		for (int day = 0; day < 5; day++) {
			char name[ARCHIVE_NAME_SIZE];
			disk_put(archive_name(name, monday - day * USEC_PER_DAY, "ndjson"), "0123456789");
		}
		for (int day = rows[i].left - 1; day >= 0; day--) {
			char name[ARCHIVE_NAME_SIZE];
			size_t len = strlen(want);
			(void)snprintf(want + len, sizeof(want) - len, "%s ",
			               archive_name(name, monday - day * USEC_PER_DAY, "ndjson"));
		}
		disk_put("occupancy.ndjson", "");
		disk_put("unrelated", "");
		work_through(&rows[i].settings, monday);
		(void)snprintf(want + strlen(want), sizeof(want) - strlen(want), "occupancy.ndjson unrelated ");
		expect_text(want, disk_list());
	}
}

static void what_no_checkpoint_is_past_stays(void **state) {
	(void)state;
	struct log_settings settings = {.directory = disk_directory, .keep = 1};
	struct rotate rotate;
	for (int second = 0; second < 4; second++) {
		char name[ARCHIVE_NAME_SIZE];
		disk_put(archive_name(name, monday + second * USEC_PER_SEC, "ndjson"), "x");
	}
	expect_int(0, rotate_init(&rotate, &settings, monday));
	expect_int(0, rotate_resume(&rotate, monday, NULL));
	expect_int(monday + 3 * USEC_PER_SEC, rotate.newest);
	(void)work(&rotate, NULL);
	expect_text("occupancy-20261123T000001Z.ndjson occupancy-20261123T000002Z.ndjson "
	            "occupancy-20261123T000003Z.ndjson ", disk_list());
	rotate_release(&rotate, monday + 2 * USEC_PER_SEC);
	(void)work(&rotate, NULL);
	expect_text("occupancy-20261123T000003Z.ndjson ", disk_list());
	rotate_done(&rotate);
}

static void name_of_an_earlier_life_is_not_given_again(void **state) {
	(void)state;
	struct log_settings settings = {.directory = disk_directory};
	struct rotate rotate;
	disk_put("occupancy.ndjson", "x");
	expect_int(0, rotate_init(&rotate, &settings, monday));
	expect_int(0, rotate_resume(&rotate, monday + USEC_PER_HOUR, NULL));
	expect_int(0, rotate_rename(&rotate, disk_path("occupancy.ndjson"), "ndjson", monday, NULL));
	expect_text("occupancy-20261123T010001Z.ndjson ", disk_list());
	rotate_done(&rotate);
}

static void age_takes_even_the_last_and_is_told_by_the_clock_alone(void **state) {
	(void)state;
	static const struct log_settings settings = {.keep = 9, .keep_age = USEC_PER_DAY};
	disk_put("occupancy-20261123T000000Z.ndjson", "x");
	struct rotate rotate = started(&settings, monday);
	expect_int(3, work(&rotate, NULL));
	rotate_tick(&rotate, monday + USEC_PER_DAY);
	expect_int(1, work(&rotate, NULL));
	rotate_tick(&rotate, monday + USEC_PER_DAY + USEC_PER_SEC);
	expect_int(4, work(&rotate, NULL));
	expect_text("", disk_list());
	rotate_done(&rotate);
}

/* A clock that nobody has confirmed removes nothing; a name from a time when it was ahead is no age. */
static void age_is_of_the_confirmed_time(void **state) {
	(void)state;
	static const struct log_settings settings = {.keep_age = USEC_PER_DAY};
	static const char ahead[] = "occupancy-20461123T000000Z.ndjson";
	disk_put("occupancy-20261123T000000Z.ndjson", "x");
	disk_put(ahead, "x");
	const struct timespec times[] = {{.tv_sec = monday / USEC_PER_SEC}, {.tv_sec = monday / USEC_PER_SEC}};
	expect_int(0, utimensat(AT_FDCWD, disk_path(ahead), times, 0));

	struct rotate rotate = started(&settings, USEC_UNKNOWN);
	expect_true(work(&rotate, NULL) > 0);
	rotate_tick(&rotate, USEC_UNKNOWN);
	expect_true(work(&rotate, NULL) > 0);
	rotate_tick(&rotate, monday + USEC_PER_HOUR);
	expect_true(work(&rotate, NULL) > 0);
	expect_text("occupancy-20261123T000000Z.ndjson occupancy-20461123T000000Z.ndjson ", disk_list());

	struct rotate_removed removed;
	expect_false(rotate_removed(&rotate, &removed));
	rotate_tick(&rotate, monday + USEC_PER_DAY + 2 * USEC_PER_SEC);
	expect_true(work(&rotate, NULL) > 0);
	expect_text("", disk_list());
	expect_true(rotate_removed(&rotate, &removed));
	expect_int(2, removed.files);
	expect_text("occupancy-20261123T000000Z.ndjson", removed.first);
	expect_text(ahead, removed.last);
	expect_text("keep_age", removed.setting);
	expect_false(rotate_removed(&rotate, &removed));
	rotate_done(&rotate);
}

/* Which time is the best known changes by seconds: then a file that was just named is not as old as a wrong clock made it. */
static void a_name_that_is_ahead_by_little_is_believed(void **state) {
	(void)state;
	static const struct {
		usec_t ahead;
		bool goes;
	} rows[] = {{USEC_PER_SEC, false}, {USEC_PER_HOUR, false}, {USEC_PER_HOUR + USEC_PER_SEC, true}};
	static const struct log_settings settings = {.keep_age = USEC_PER_DAY};
	static const char name[] = "occupancy-20261123T000000Z.ndjson";
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		disk_put(name, "x");
		const struct timespec times[] = {{.tv_sec = 1}, {.tv_sec = 1}};
		expect_int(0, utimensat(AT_FDCWD, disk_path(name), times, 0), "row %zu: utimensat", row);
		struct rotate rotate = started(&settings, monday - rows[row].ahead);
		(void)work(&rotate, NULL);
		expect_text(rows[row].goes ? "" : "occupancy-20261123T000000Z.ndjson ", disk_list(), "row %zu", row);
		rotate_done(&rotate);
	}
}

static void what_was_removed_is_told_when_all_of_it_is(void **state) {
	(void)state;
	static const struct {
		struct log_settings settings;
		const char *setting;
	} rows[] = {
		{{.keep = 1}, "keep"},
		{{.keep_bytes = 3}, "keep_bytes"},
		{{.keep_bytes = 3, .compress = true}, "keep_bytes"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char name[ARCHIVE_NAME_SIZE];
		disk_empty();
		for (int n = 0; n < 20; n++) {
			disk_put(archive_name(name, monday + n * USEC_PER_SEC, "csv"), "xx");
		}
		struct rotate rotate = started(&rows[i].settings, monday);
		struct rotate_removed removed = {0};
		int slices = 0;
		while (!rotate_removed(&rotate, &removed) && slices++ < 10000) {
			(void)!rotate_work(&rotate, NULL);
		}
		expect_int(19, removed.files);
		expect_int(0, strncmp(removed.first, "occupancy-20261123T000000Z.csv", 30));
		expect_int(0, strncmp(removed.last, "occupancy-20261123T000018Z.csv", 30));
		expect_text(rows[i].setting, removed.setting);
		rotate_done(&rotate);
	}
}

static void many_files_go_in_slices(void **state) {
	(void)state;
	static const struct log_settings settings = {.keep = 2};
	for (int i = 0; i < 30; i++) {
		char name[ARCHIVE_NAME_SIZE];
		disk_put(archive_name(name, monday + i * USEC_PER_SEC, "csv"), "x");
	}
	struct rotate rotate = started(&settings, monday);
	expect_int(7, work(&rotate, NULL)); /* sweep, 8 + 8 + 8 + 4, pick, trim */
	rotate_done(&rotate);
	expect_text("occupancy-20261123T000028Z.csv occupancy-20261123T000029Z.csv ", disk_list());
}

/* Compressing may take longer than the process lives. */
static void files_too_many_go_before_any_is_compressed(void **state) {
	(void)state;
	static const struct log_settings settings = {.keep = 2, .keep_bytes = 1, .compress = true};
	for (int i = 0; i < 9; i++) {
		char name[ARCHIVE_NAME_SIZE];
		disk_put(archive_name(name, monday + i * USEC_PER_SEC, "csv"), "x");
	}
	struct rotate rotate = started(&settings, monday);
	expect_int(1, rotate_work(&rotate, NULL)); /* sweep */
	expect_int(1, rotate_work(&rotate, NULL)); /* pick: by count alone, for bytes will be fewer */
	expect_text("occupancy-20261123T000007Z.csv occupancy-20261123T000008Z.csv ", disk_list());
	expect_between(5, 20, work(&rotate, NULL));
	rotate_done(&rotate);
	expect_text("occupancy-20261123T000008Z.csv.gz ", disk_list());
}

/* One that gets too old while others are compressed goes when the file at hand is done. */
static void files_go_between_two_that_are_compressed(void **state) {
	(void)state;
	struct log_settings settings = compressing;
	settings.keep_age = USEC_PER_DAY;
	disk_put("occupancy-20261123T000000Z.ndjson", "one");
	disk_put("occupancy-20261123T120000Z.ndjson", "two");
	struct rotate rotate = started(&settings, monday);
	for (int i = 0; i < 2; i++) {
		expect_int(1, rotate_work(&rotate, NULL)); /* sweep, pick */
	}
	rotate_tick(&rotate, monday + USEC_PER_DAY + USEC_PER_SEC);
	expect_int(1, rotate_work(&rotate, NULL)); /* compress */
	expect_int(1, rotate_work(&rotate, NULL)); /* pick */
	expect_text("occupancy-20261123T120000Z.ndjson ", disk_list());
	rotate_done(&rotate);
}

static void file_that_cannot_be_removed_does_not_stop_the_others(void **state) {
	(void)state;
	static const struct log_settings settings = {.keep = 1};
	struct error err = {{0}};
	expect_int(0, mkdir(disk_path("occupancy-20261120T000000Z.csv"), 0700));
	disk_put("occupancy-20261121T000000Z.csv", "x");
	disk_put("occupancy-20261122T000000Z.csv", "x");
	struct rotate rotate = started(&settings, monday);
	expect_int(-EISDIR, work(&rotate, &err));
	expect_part("occupancy-20261120T000000Z.csv: cannot be removed: ", err.text);
	rotate_done(&rotate);
	expect_text("occupancy-20261120T000000Z.csv occupancy-20261122T000000Z.csv ", disk_list());
}

/* Whoever asks between two rounds must not take it that all is well again. */
static void failure_lasts_until_a_round_ends_well(void **state) {
	(void)state;
	static const char name[] = "occupancy-20261121T000000Z.ndjson";
	struct error first = {{0}};
	expect_int(0, mkdir(disk_path(name), 0700));
	struct rotate rotate = started(&compressing, monday);
	expect_int(-FILE_NOT_REGULAR, work(&rotate, &first));
	expect_int(0, rmdir(disk_path(name)));
	disk_put(name, "one");
	for (int i = 0; i < 3; i++) {
		struct error err = {{0}};
		rotate_tick(&rotate, monday + i * USEC_PER_SEC);
		expect_int(-FILE_NOT_REGULAR, rotate_work(&rotate, &err));
		expect_text(first.text, err.text);
		expect_text("occupancy-20261121T000000Z.ndjson ", disk_list());
	}
	expect_int(-FILE_NOT_REGULAR, rotate_work(&rotate, NULL));

	rotate_configure(&rotate, &compressing);
	expect_true(work(&rotate, NULL) > 0);
	expect_int(0, rotate_work(&rotate, NULL));
	rotate_done(&rotate);
	expect_text("occupancy-20261121T000000Z.ndjson.gz ", disk_list());
}

/* Faults */

static const struct log_settings thorough = {.compress = true, .keep = 2};

static void put_three(void) {
	disk_empty();
	disk_put("occupancy-20261120T000000Z.ndjson", "one");
	disk_put("occupancy-20261121T000000Z.ndjson", "two");
	disk_put("occupancy-20261122T000000Z.ndjson", "three");
}

static bool is_kept(const char *name, const char *text) {
	char packed[ARCHIVE_NAME_SIZE];
	(void)snprintf(packed, sizeof(packed), "%s.gz", name);
	return strcmp(unpacked(packed), text) == 0 || strcmp(unpacked(name), text) == 0;
}

/* Interrupted anywhere, nothing that is to be kept is missing, and the next round comes to the end. */
static void expect_recovery(const char *how, int at) {
	if (!is_kept("occupancy-20261121T000000Z.ndjson", "two") ||
	    !is_kept("occupancy-20261122T000000Z.ndjson", "three")) {
		fail_msg("%s at call %d lost a file: %s", how, at, disk_list());
	}
	work_through(&thorough, monday);
	expect_text("occupancy-20261121T000000Z.ndjson.gz "
	            "occupancy-20261122T000000Z.ndjson.gz ", disk_list());
	expect_text("two", unpacked("occupancy-20261121T000000Z.ndjson.gz"));
	expect_text("three", unpacked("occupancy-20261122T000000Z.ndjson.gz"));
}

static void failed_work_is_done_in_the_next_round(void **state) {
	(void)state;
	static const int errors[] = {EIO, ENOSPC, EMFILE};
	int swept = 0;
	for (int count = 1; count <= 3; count++) {
		for (int at = 1, hits = 1; hits > 0; at++, swept++) {
			put_three();
			struct rotate rotate = started(&thorough, monday);
			fault_arm(FAULT_ERROR, errors[at % 3], at, count);
			int r = work(&rotate, NULL);
			hits = fault.hits;
			fault_disarm();
			if (count == 1) {
				expect_null(strstr(disk_list(), ".tmp"));
			}
			rotate_done(&rotate);
			expect_true(hits > 0 || r > 0);
			expect_recovery("a failure", at);
		}
	}
	expect_true(swept > 3 * 20);
}

static void crash_is_nothing_but_a_later_start(void **state) {
	(void)state;
	int at = 1;
	for (bool killed = true; killed; at++) {
		put_three();
		pid_t child = fork();
		if (child == 0) {
			struct rotate rotate = started(&thorough, monday);
			fault_arm(FAULT_CRASH, 0, at, 1);
			int r = work(&rotate, NULL);
			fault_disarm();
			rotate_done(&rotate);
			_exit(r > 0 ? 0 : 1);
		}
		killed = fault_killed(child);
		expect_recovery("a crash", at);
	}
	expect_true(at > 20);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, disk_setup, disk_teardown)

static void without_memory_it_does_not_start(void **state) {
	(void)state;
	struct rotate rotate;
	const struct log_settings settings = {.directory = disk_directory};
	memory_arm(1);
	int r = rotate_init(&rotate, &settings, monday);
	expect_true(memory_disarm());
	expect_int(-ENOMEM, r);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_parsed_strictly),
		cmocka_unit_test(name_and_time_belong_together),
		TEST(name_is_later_than_all_there_are),
		TEST(name_is_not_used_again_after_its_file_is_gone),
		TEST(rename_of_nothing_fails),
		TEST(files_are_compressed_in_slices),
		TEST(nothing_is_compressed_unasked),
		TEST(interrupted_compression_begins_again),
		TEST(latest_file_stays_as_it_is_until_the_next),
		TEST(abandoned_compression_leaves_nothing_behind),
		TEST(complete_twin_is_the_one_to_stay),
		TEST(incomplete_twin_is_made_anew),
		TEST(file_that_cannot_be_compressed_does_not_stop_the_others),
		TEST(full_disk_stops_compressing_until_the_next_round),
		TEST(rotation_while_compressing_is_taken_along),
		TEST(what_is_too_much_is_removed),
		TEST(what_no_checkpoint_is_past_stays),
		TEST(name_of_an_earlier_life_is_not_given_again),
		TEST(age_takes_even_the_last_and_is_told_by_the_clock_alone),
		TEST(age_is_of_the_confirmed_time),
		TEST(a_name_that_is_ahead_by_little_is_believed),
		TEST(what_was_removed_is_told_when_all_of_it_is),
		TEST(many_files_go_in_slices),
		TEST(files_too_many_go_before_any_is_compressed),
		TEST(files_go_between_two_that_are_compressed),
		TEST(file_that_cannot_be_removed_does_not_stop_the_others),
		TEST(failure_lasts_until_a_round_ends_well),
		TEST(failed_work_is_done_in_the_next_round),
		TEST(crash_is_nothing_but_a_later_start),
		TEST(without_memory_it_does_not_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
