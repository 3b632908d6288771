// SPDX-License-Identifier: ISC

/* sink/archive.h: names of rotated files, and of what a crash leaves. */

#include "disk.h"

#include "fixture.h"

#include "sink/archive.h"

static void only_whole_names_are_rotated_files(void **state) {
	(void)state;
	static const struct {
		const char *name, *time; /* NULL: it is none */
		bool compressed;
	} rows[] = {
		{"occupancy-20261123T081500Z.ndjson", "2026-11-23T08:15:00Z", false},
		{"occupancy-20261123T081500Z.ndjson.gz", "2026-11-23T08:15:00Z", true},
		{"occupancy-20261123T081500Z.csv", "2026-11-23T08:15:00Z", false},
		{"occupancy-20261123T081500Z.csv.gz", "2026-11-23T08:15:00Z", true},
		{"occupancy-19700101T000000Z.csv", "1970-01-01T00:00:00Z", false},
		{"occupancy-20261231T235959Z.csv", "2026-12-31T23:59:59Z", false},
		{"occupancy-20260101T000000Z.csv", "2026-01-01T00:00:00Z", false},
		{"occupancy-99990909T090909Z.csv", "9999-09-09T09:09:09Z", false},
		{"", NULL, false},
		{"occupancy-", NULL, false},
		{"occupancy.ndjson", NULL, false},
		{"occupancy-20261123T081500Z", NULL, false},
		{"occupancy-20261123T081500Z.", NULL, false},
		{"occupancy-20261123T081500Z.txt", NULL, false},
		{"occupancy-20261123T081500Z.gz", NULL, false},
		{"occupancy-20261123T081500Zndjson", NULL, false},
		{"occupancy-20261123T081500Z.ndjson.xz", NULL, false},
		{"occupancy-20261123T081500Z.ndjson.gz.tmp", NULL, false},
		{"occupancy-20261123T081500Z.ndjsonx", NULL, false},
		{"occupancy-20261123 081500Z.ndjson", NULL, false},
		{"occupancy-20261123T081500X.ndjson", NULL, false},
		{"occupancy-2026112aT081500Z.ndjson", NULL, false},
		{"occupancy-/0261123T081500Z.ndjson", NULL, false},
		{"occupancy-:0261123T081500Z.ndjson", NULL, false},
		{"occupancy-20260023T081500Z.ndjson", NULL, false},
		{"occupancy-20261323T081500Z.ndjson", NULL, false},
		{"occupancy-20261100T081500Z.ndjson", NULL, false},
		{"occupancy-20261132T081500Z.ndjson", NULL, false},
		{"occupancy-20261123T241500Z.ndjson", NULL, false},
		{"occupancy-20261123T086000Z.ndjson", NULL, false},
		{"occupancy-20261123T081560Z.ndjson", NULL, false},
		{"xccupancy-20261123T081500Z.ndjson", NULL, false},
		{"occupancy-20261123T081500Z.ndjson.gz0123456789012345678901234567890123456789", NULL, false},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct archive_file file = {.time = -7};
		expect_int(rows[row].time != NULL, archive_parse(rows[row].name, &file), "\"%s\"", rows[row].name);
		if (rows[row].time) {
			expect_time(at(rows[row].time), file.time, "\"%s\"", rows[row].name);
			expect_int(rows[row].compressed, file.compressed, "\"%s\": compressed", rows[row].name);
			expect_text(rows[row].name, file.name, "name");
		} else {
			expect_int(-7, file.time, "\"%s\": the output is untouched", rows[row].name);
		}
	}
}

static void files_of_the_log_are_known_by_name(void **state) {
	(void)state;
	static const struct {
		const char *name;
		bool log, current;
	} rows[] = {
		{"occupancy.ndjson", true, true},
		{"occupancy.csv", true, true},
		{"occupancy.ndjson.gz", true, false},
		{"occupancy.ndjson.1", true, false},
		{"occupancy.ndjson-20261126.gz", true, false},
		{"occupancy-20261126.ndjson", true, false},
		{"occupancy-20261123T081500Z.ndjson", true, false},
		{"occupancy-20261123T081500Z.csv.gz", true, false},
		{"occupancy-01234567890123456789012345678901234567890123456.ndjson", false, false},
		{"occupancy-0123456789012345678901234567890123456789012345.ndjson", true, false},
		{"occupancy2.ndjson", false, false},
		{"occupancy", false, false},
		{"occupancyndjson", false, false},
		{"occupancy.", false, false},
		{"occupancy.txt", false, false},
		{"occupanc.ndjson", false, false},
		{".occupancy.ndjson", false, false},
		{".occupancy-20261123T081500Z.ndjson.gz.tmp", false, false},
		{"", false, false},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		expect_int(rows[row].log, archive_is_log(rows[row].name), "\"%s\"", rows[row].name);
		expect_int(rows[row].current, archive_is_current(rows[row].name), "\"%s\": current", rows[row].name);
	}
}

static void names_are_cut_to_the_second(void **state) {
	(void)state;
	char name[ARCHIVE_NAME_SIZE];
	expect_text("occupancy-20261123T081559Z.csv", archive_name(name, at("2026-11-23T08:15:59.999Z"), "csv"), "name");
	expect_text("occupancy-19700101T000000Z.ndjson", archive_name(name, 0, "ndjson"), "name");
	expect_text("occupancy-99991231T235959Z.csv", archive_name(name, at("9999-12-31T23:59:59Z"), "csv"), "name");
	expect_text(".occupancy-19700101T000000Z.ndjson.gz.tmp",
	            archive_temporary(name, "occupancy-19700101T000000Z.ndjson"), "name");
}

static void a_scan_is_sorted_by_name(void **state) {
	(void)state;
	char name[ARCHIVE_NAME_SIZE];
	struct archive archive;
	enum { FILES = 150 };
	for (int i = 0; i < FILES; i++) {
		disk_put(archive_name(name, at("2026-11-23T08:00:00Z") + (i * 67 % FILES) * USEC_PER_SEC, "ndjson"), "");
	}
	disk_put("occupancy.ndjson", "");
	disk_put("another-20261123T080000Z.ndjson", "");
	expect_int(0, archive_scan(disk_directory, &archive), "scan");
	expect_int(FILES, archive.len, "files");
	for (size_t i = 0; i < archive.len; i++) {
		expect_time(at("2026-11-23T08:00:00Z") + (usec_t)i * USEC_PER_SEC, archive.files[i].time, "file %zu", i);
	}
	archive_done(&archive);
	expect_int(0, archive.len, "files afterwards");
	archive_done(NULL);
	expect_int(-ENOENT, archive_scan("/nowhere/at/all", &archive), "no directory");
}

/* Exactly the names that we make; the files of others stay, whatever they are called. */
static void a_sweep_takes_only_what_is_ours(void **state) {
	(void)state;
	static const char *const ours[] = {
		".occupancy-20261123T080000Z.ndjson.gz.tmp",
		".occupancy-20261123T080001Z.csv.gz.tmp",
		".occupancy.probe",
	};
	static const char kept[] =
		".gz.tmp "
		".occupancy-20261123T080000Z.ndjson "
		".occupancy-20261123T080000Z.ndjson.gz "
		".occupancy-20261123T080000Z.ndjson.gz.bak "
		".occupancy-20261123T080000Z.ndjson.gz.tmp.tmp "
		".occupancy-20261323T080000Z.ndjson.gz.tmp "
		".occupancy-20261323T080000Z.ndjson.gz0123456789012345678901234567890123456789.tmp "
		".occupancy.probe.old "
		".x.gz.tmp "
		"a "
		"occupancy-20261123T080000Z.ndjson "
		"occupancy.ndjson "
		"xoccupancy-20261123T080000Z.ndjson.gz.tmp ";
	for (size_t i = 0; i < COUNT_OF(ours); i++) {
		disk_put(ours[i], "");
	}
	char names[1024];
	(void)snprintf(names, sizeof(names), "%s", kept);
	for (char *name = strtok(names, " "); name; name = strtok(NULL, " ")) {
		disk_put(name, "");
	}
	expect_int(0, archive_sweep(disk_directory), "sweep");
	expect_text(kept, disk_list(), "what is left");
	expect_int(-ENOENT, archive_sweep("/nowhere/at/all"), "no directory");
}

/* What cannot be removed is told, though the rest is. */
static void a_sweep_goes_on_after_a_failure_and_tells_it(void **state) {
	(void)state;
	/* The first call opens the directory. */
	for (int at = 1; at <= 4; at++) {
		disk_put(".occupancy-20261123T080000Z.ndjson.gz.tmp", "");
		disk_put(".occupancy-20261123T080001Z.ndjson.gz.tmp", "");
		disk_put(".occupancy-20261123T080002Z.ndjson.gz.tmp", "");
		fault_arm(FAULT_ERROR, EROFS, at, 1);
		int r = archive_sweep(disk_directory);
		int hits = fault.hits;
		fault_disarm();
		expect_int(hits > 0 ? -EROFS : 0, r, "call %d fails", at);
	}
	expect_int(0, archive_sweep(disk_directory), "sweep");
	expect_text("", disk_list(), "what is left");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, disk_setup, disk_teardown)
	const struct CMUnitTest tests[] = {
		TEST(only_whole_names_are_rotated_files),
		TEST(files_of_the_log_are_known_by_name),
		TEST(names_are_cut_to_the_second),
		TEST(a_scan_is_sorted_by_name),
		TEST(a_sweep_takes_only_what_is_ours),
		TEST(a_sweep_goes_on_after_a_failure_and_tells_it),
	};
	return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
