// SPDX-License-Identifier: ISC

/*
 * What goes over the table of formats: here one with a third, in place of the program's.
 * Its files must be read back, rotated, compressed, trimmed and retired like all others.
 */

#include "disk.h"
#include "fixture.h"
#include "sample.h"

#include "config/keys.h"
#include "sink/archive.h"
#include "sink/csv.h"
#include "sink/ndjson.h"
#include "sink/sink.h"

#include <assert.h>

/* As CSV, but for a word in front. */
static void tagged_format(const struct record *record, struct buf *out) {
	buf_puts(out, "record ");
	csv_format(record, out);
}

static int tagged_parse(const char *line, size_t len, struct log_entry *ret) {
	static const char tag[] = "record ";
	if (len == 7 && memcmp(line, "tagged\n", len) == 0) {
		return -ENODATA;
	}
	return len > 7 && memcmp(line, tag, 7) == 0 ? csv_parse(line + 7, len - 7, ret) : -EBADMSG;
}

static int tagged_describe(const char *line, size_t len, struct log_about *ret) {
	return len > 7 ? csv_describe(line + 7, len - 7, ret) : -EBADMSG;
}

enum { TAGGED = LOG_FORMAT_COUNT };

static_assert(LOG_FORMAT_COUNT == 2, "each format of the program needs a line in this table, too");
const struct log_codec log_codecs[] = {
	[LOG_FORMAT_NDJSON] = {"ndjson", "", ndjson_format, ndjson_parse, ndjson_describe},
	[LOG_FORMAT_CSV] = {"csv", CSV_HEADER, csv_format, csv_parse, csv_describe},
	[TAGGED] = {"tagged", "tagged\n", tagged_format, tagged_parse, tagged_describe},
	{0},
};

/* 2026-11-23T07:00:00Z */
static const usec_t start = 1795417200 * USEC_PER_SEC;

static char read_back[64]; /* the counts, a blank behind each */

static void note(const struct log_entry *entry, void *user) {
	size_t len = strlen(read_back);
	(void)user;
	(void)snprintf(read_back + len, sizeof(read_back) - len, "%d ", (int)entry->count);
}

static struct sink *opened(int format, int keep, usec_t now) {
	const struct log_settings settings = {
		.directory = disk_directory,
		.format = (enum log_format)format,
		.zone = sample_settings.bucket.zone,
		.compress = true,
		.keep = keep,
	};
	struct replay replay = {.visit = note};
	struct error err = {{0}};
	struct sink *sink;
	read_back[0] = '\0';
	if (sink_open(&settings, now, &sink, &err) < 0 || sink_recover(sink, NULL, now, &replay, &err) < 0) {
		fail_msg("%s", err.text);
	}
	expect_int(0, replay.odd);
	sink_checkpointed(sink, &(struct sink_position){.newest = USEC_INFINITY});
	return sink;
}

static void commit(struct sink *sink, int64_t count, usec_t now) {
	struct record record = sample_record();
	record.count = count;
	sink_add(sink, &record);
	expect_int(0, sink_commit(sink, now, NULL));
}

static void work(struct sink *sink) {
	while (sink_work(sink, NULL) > 0) {
	}
}

/* Rotated and compressed, in the current file, and renamed by others; then after a change of the format. */
static void a_third_format_is_read_back(void **state) {
	(void)state;
	struct sink *sink = opened(TAGGED, 0, start);
	commit(sink, 1, start);
	expect_int(0, rename(disk_path("occupancy.tagged"), disk_path("occupancy.tagged.1")));
	commit(sink, 2, start);
	expect_int(0, sink_rotate(sink, start, NULL));
	commit(sink, 3, start);
	work(sink);
	sink_close(sink);
	expect_text("occupancy-20261123T070000Z.tagged.gz occupancy.tagged occupancy.tagged.1 ", disk_list());

	sink_close(opened(TAGGED, 0, start));
	expect_text("1 2 3 ", read_back);

	sink_close(opened(LOG_FORMAT_NDJSON, 0, start + USEC_PER_SEC));
	expect_text("1 2 3 ", read_back);
	expect_text("occupancy-20261123T070000Z.tagged.gz "
	            "occupancy-20261123T070001Z.tagged occupancy.ndjson occupancy.tagged.1 ",
	            disk_list());
}

static void its_files_are_trimmed_with_the_others(void **state) {
	(void)state;
	struct sink *sink = opened(TAGGED, 2, start);
	for (int i = 0; i < 4; i++) {
		commit(sink, i, start + i * USEC_PER_SEC);
		expect_int(0, sink_rotate(sink, start + i * USEC_PER_SEC, NULL));
		work(sink);
	}
	sink_close(sink);
	sink = opened(LOG_FORMAT_CSV, 2, start + 9 * USEC_PER_SEC);
	commit(sink, 9, start + 9 * USEC_PER_SEC);
	expect_int(0, sink_rotate(sink, start + 9 * USEC_PER_SEC, NULL));
	work(sink);
	sink_close(sink);
	expect_text("occupancy-20261123T070003Z.tagged.gz occupancy-20261123T070009Z.csv.gz "
	            "occupancy.csv ",
	            disk_list());
}

/* What other programs' files are called is left alone. */
static void suffixes_end_where_they_end(void **state) {
	(void)state;
	static const struct {
		const char *name;
		int format; /* -1: none */
		bool rotated;
	} rows[] = {
		{"occupancy.tagged", TAGGED, false},
		{"occupancy.tagged.1", TAGGED, false},
		{"occupancy.tagged-20261123", TAGGED, false},
		{"occupancy-20261123T070000Z.tagged", TAGGED, true},
		{"occupancy-20261123T070000Z.tagged.gz", TAGGED, true},
		{"occupancy-20261123T070000Z.csv.gz", LOG_FORMAT_CSV, true},
		{"occupancy-20261123T070000Z.tagged.bz2", TAGGED, false},
		{"occupancy-20261123T070000Z.tagged2", -1, false},
		{"occupancy-20261123T070000Z.", -1, false},
		{"occupancy-20261123T070000Z.gz", -1, false},
		{"occupancy-20261123T070000Z", -1, false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct archive_file file;
		const struct log_codec *codec = log_codec_of_name(rows[i].name);
		if (codec != (rows[i].format < 0 ? NULL : &log_codecs[rows[i].format]) ||
		    archive_parse(rows[i].name, &file) != rows[i].rotated) {
			fail_msg("%s: %s, %s", rows[i].name, codec ? codec->extension : "no format",
			         archive_parse(rows[i].name, &file) ? "rotated" : "not rotated");
		}
	}
}

/* A device that is longer than any was not written by us. */
static void texts_are_read_up_to_their_room(void **state) {
	(void)state;
	static const char device[] = "0123456789012345678901234567890123456789012345678901234567890123456789";
	struct log_entry entry;
	for (size_t len = 0; len < sizeof(device); len++) {
#define SLICE(text) {(text), sizeof(text) - 1}
		const struct slice fields[FIELD_COUNT_OF] = {
			[FIELD_TIME] = SLICE("2026-11-23T07:00:00Z"),
			[FIELD_END] = SLICE("2026-11-23T07:01:00Z"),
			[FIELD_COUNT] = SLICE("7"),
			[FIELD_STATUS] = SLICE("ok"),
			[FIELD_INTERVAL] = SLICE("MINUTELY"),
			[FIELD_DEVICE] = {device, len},
			[FIELD_REVISION] = SLICE("0"),
		};
		bool fits = len > 0 && len < sizeof(entry.uuid);
		expect_int(fits ? 0 : -EBADMSG, log_entry_make(fields, &entry), "%zu letters", len);
		if (fits) {
			expect_int(len, strlen(entry.uuid), "%zu letters", len);
			expect_int(7, entry.count, "%zu letters: count", len);
		}
	}
}

/* The texts of a configuration come back as they were, whatever they had to be written as. */
static void what_a_line_says_of_its_device_is_read_back(void **state) {
	static const struct {
		const char *name, *site, *labels, *reason;
		int capacity;
	} rows[] = {
		{"lobby", NULL, NULL, NULL, 0},
		{"a \"quoted\" name, with a comma", "Denver \\ HQ", "{\"floor\":\"2\"}", "HTTP 500: \"sorry, no\"", 44},
		{"=1+1", "'tis", "{\"a\":\"}\",\"b\":\"\"}", "-", 1},
		{"", "", "{}", "", 1000000},
		{"Z\u00fcrich \u2615", "\"", NULL, "\"\"\"", 0},
	};
	static struct log_about about;
	(void)state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (int format = 0; format <= TAGGED; format++) {
			struct device device = sample_device;
			struct record record = sample_record();
			struct log_entry entry;
			struct buf out;
			device.name = rows[i].name;
			device.site = rows[i].site;
			device.labels = rows[i].labels;
			device.capacity = rows[i].capacity;
			record.device = &device;
			record.status = RECORD_GAP;
			record.reason = rows[i].reason;
			buf_init(&out, 1 << 20);
			log_codecs[format].format(&record, &out);
			expect_int(0, log_codecs[format].describe(out.data, out.len, &about), "%s", out.data);
			expect_text(rows[i].name, about.name, "name in format %d", format);
			expect_text(rows[i].site ? rows[i].site : "", about.site, "site in format %d", format);
			expect_text("acme", about.account, "account in format %d", format);
			expect_text(rows[i].reason ? rows[i].reason : "", about.reason, "reason in format %d", format);
			bool has_labels = format == LOG_FORMAT_NDJSON && rows[i].labels;
			expect_text(has_labels ? rows[i].labels : "", about.labels, "labels in format %d", format);
			expect_int(format == LOG_FORMAT_NDJSON ? rows[i].capacity : 0, about.capacity, "capacity in format %d", format);
			expect_int(0, log_codecs[format].parse(out.data, out.len, &entry), "%s", out.data);
			expect_int(-7 * 3600, entry.offset_s, "offset in format %d", format);
			buf_done(&out);
		}
	}
}

static void a_line_that_is_cut_off_says_nothing(void **state) {
	static struct log_about about;
	(void)state;
	for (int format = 0; format <= TAGGED; format++) {
		struct record record = sample_record();
		struct buf out;
		buf_init(&out, 1 << 20);
		log_codecs[format].format(&record, &out);
		expect_int(-EBADMSG, log_codecs[format].describe(out.data, out.len / 2, &about), "format %d", format);
		buf_done(&out);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_line_says_of_its_device_is_read_back),
		cmocka_unit_test(a_line_that_is_cut_off_says_nothing),
		cmocka_unit_test_setup_teardown(a_third_format_is_read_back, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(its_files_are_trimmed_with_the_others, disk_setup, disk_teardown),
		cmocka_unit_test(suffixes_end_where_they_end),
		cmocka_unit_test(texts_are_read_up_to_their_room),
	};
	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
