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

static void tagged_carry(const char *line, size_t len, uint64_t entry, struct buf *out) {
	buf_puts(out, "record ");
	csv_carry(line, len, entry, out);
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
	[LOG_FORMAT_NDJSON] = {"ndjson", "", "", ndjson_format, ndjson_carry, ndjson_number, ndjson_parse, ndjson_describe},
	[LOG_FORMAT_CSV] = {"csv", CSV_HEADER, CSV_NUMBERED_HEADER, csv_format, csv_carry, csv_number, csv_parse, csv_describe},
	[TAGGED] = {"tagged", "tagged\n", "tagged\n", tagged_format, tagged_carry, csv_number, tagged_parse, tagged_describe},
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

#undef SLICE

/* A good record, of which one member is that; NULL: it is not there. */
static int make_with(enum log_field field, const char *text, struct log_entry *ret) {
#define SLICE(text) {(text), sizeof(text) - 1}
	struct slice fields[FIELD_COUNT_OF] = {
		[FIELD_TIME] = SLICE("2026-11-23T07:00:00Z"),
		[FIELD_END] = SLICE("2026-11-23T07:01:00Z"),
		[FIELD_NAME] = SLICE("lobby"),
		[FIELD_COUNT] = SLICE("7"),
		[FIELD_STATUS] = SLICE("ok"),
		[FIELD_INTERVAL] = SLICE("MINUTELY"),
		[FIELD_DEVICE] = SLICE("A"),
		[FIELD_REVISION] = SLICE("2"),
		[FIELD_PREVIOUS] = SLICE("5"),
		[FIELD_LOCAL_TIME] = SLICE("2026-11-23T00:00:00-07:00"),
	};
#undef SLICE
	/* Not a byte more than there is may be read. */
	size_t len = text ? strlen(text) : 0;
	char *bytes = malloc(len > 0 ? len : 1);
	expect_not_null(bytes);
	memcpy(bytes, text ? text : "", len);
	fields[field] = (struct slice){text ? bytes : NULL, len};
	int r = log_entry_make(fields, ret);
	free(bytes);
	return r;
}

static void each_member_has_its_bounds(void **state) {
	(void)state;
	static const struct {
		enum log_field field;
		const char *text;
		bool good;
	} rows[] = {
		{FIELD_NAME, NULL, true}, {FIELD_LOCAL_TIME, NULL, true}, {FIELD_PREVIOUS, NULL, true},
		{FIELD_TIME, NULL, false}, {FIELD_END, NULL, false}, {FIELD_STATUS, NULL, false}, {FIELD_INTERVAL, NULL, false},
		{FIELD_DEVICE, NULL, false}, {FIELD_REVISION, NULL, false}, {FIELD_COUNT, NULL, false},
		{FIELD_TIME, "2026-11-23T07:01:00Z", false}, {FIELD_TIME, "2026-11-23T07:00:59Z", true}, {FIELD_TIME, "2026-11-23T07:00:59.5Z", true},
		{FIELD_TIME, "2026-11-23T07:00Z", false}, {FIELD_END, "2026-11-23T07:00:00Z", false}, {FIELD_END, "2026-11-23T07:00", false},
		{FIELD_REVISION, "0", true}, {FIELD_REVISION, "65535", true}, {FIELD_REVISION, "65536", false}, {FIELD_REVISION, "-1", false},
		{FIELD_REVISION, "", false}, {FIELD_REVISION, "-", false}, {FIELD_REVISION, "/", false}, {FIELD_REVISION, ":", false},
		{FIELD_COUNT, "9", true}, {FIELD_COUNT, "-9", true}, {FIELD_COUNT, "9223372036854775807", true},
		{FIELD_COUNT, "9223372036854775808", false}, {FIELD_COUNT, "-9223372036854775808", true},
		{FIELD_COUNT, "-9223372036854775809", false}, {FIELD_COUNT, "92233720368547758070", false},
		{FIELD_DEVICE, "azAZ09-_.", true}, {FIELD_DEVICE, "a/", false}, {FIELD_DEVICE, "a:", false}, {FIELD_DEVICE, "@a", false},
		{FIELD_DEVICE, "[", false}, {FIELD_DEVICE, "`", false}, {FIELD_DEVICE, "{", false}, {FIELD_DEVICE, "", false},
		{FIELD_STATUS, "", false}, {FIELD_STATUS, "gap", true}, {FIELD_INTERVAL, "", false}, {FIELD_INTERVAL, "NONE", true},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct log_entry entry;
		expect_int(rows[row].good ? 0 : -EBADMSG, make_with(rows[row].field, rows[row].text, &entry), "row %zu: %s", row,
		           rows[row].text ? rows[row].text : "(none)");
	}
}

static void what_a_correction_had_before_is_there_or_not(void **state) {
	(void)state;
	struct log_entry entry;
	expect_int(0, make_with(FIELD_NAME, "lobby", &entry));
	expect_true(entry.has_previous, "a correction");
	expect_int(0, make_with(FIELD_REVISION, "0", &entry));
	expect_false(entry.has_previous, "no correction");
	expect_int(0, make_with(FIELD_PREVIOUS, "null", &entry));
	expect_false(entry.has_previous, "of no count");
	expect_int(0, make_with(FIELD_PREVIOUS, "", &entry));
	expect_false(entry.has_previous, "of no count");
}

static void an_offset_is_what_stands_behind_a_time(void **state) {
	(void)state;
	static const struct {
		const char *text;
		int32_t offset; /* seconds */
	} rows[] = {
		{NULL, OFFSET_UNKNOWN}, {"", OFFSET_UNKNOWN}, {"07:00", OFFSET_UNKNOWN}, {"-07:00", -7 * 3600},
		{"2026-11-23T00:00:00+05:45", 5 * 3600 + 45 * 60}, {"2026-11-23T00:00:00-03:30", -(3 * 3600 + 30 * 60)},
		{"2026-11-23T00:00:00+00:00", 0}, {"2026-11-23T00:00:00+13:00", 13 * 3600}, {"+18:59", 18 * 3600 + 59 * 60},
		{"-12:00", -12 * 3600}, {"+10:01", 10 * 3600 + 60}, {"+19:00", OFFSET_UNKNOWN}, {"+20:00", OFFSET_UNKNOWN},
		{"+07:60", OFFSET_UNKNOWN}, {"+07:59", 7 * 3600 + 59 * 60}, {" 07:00", OFFSET_UNKNOWN}, {"+a7:00", OFFSET_UNKNOWN},
		{"+0a:00", OFFSET_UNKNOWN}, {"+07.00", OFFSET_UNKNOWN}, {"+07:a0", OFFSET_UNKNOWN}, {"+07:0a", OFFSET_UNKNOWN},
		{"2026-11-23T00:00:00Z", OFFSET_UNKNOWN},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct log_entry entry;
		expect_int(0, make_with(FIELD_LOCAL_TIME, rows[row].text, &entry), "row %zu", row);
		expect_int(rows[row].offset, entry.offset_s, "row %zu: %s", row, rows[row].text ? rows[row].text : "(none)");
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
			expect_time(record.polled_at, about.polled_at, "polled in format %d", format);
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
		cmocka_unit_test(each_member_has_its_bounds),
		cmocka_unit_test(what_a_correction_had_before_is_there_or_not),
		cmocka_unit_test(an_offset_is_what_stands_behind_a_time),
		cmocka_unit_test(what_a_line_says_of_its_device_is_read_back),
		cmocka_unit_test(a_line_that_is_cut_off_says_nothing),
		cmocka_unit_test_setup_teardown(a_third_format_is_read_back, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(its_files_are_trimmed_with_the_others, disk_setup, disk_teardown),
		cmocka_unit_test(suffixes_end_where_they_end),
		cmocka_unit_test(texts_are_read_up_to_their_room),
	};
	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
