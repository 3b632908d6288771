// SPDX-License-Identifier: ISC

#include "fixture.h"
#include "sample.h"

#include "config/keys.h"
#include "sink/csv.h"
#include "sink/format.h"

#include <errno.h>

static void expect(const struct record *record, const char *line) {
	struct buf out;
	buf_init(&out, 1 << 20);
	csv_format(record, &out);
	expect_int(0, buf_error(&out));
	expect_text(line, buf_text(&out));
	buf_done(&out);
}

static void plain_record_leaves_empty_what_there_is_not(void **state) {
	(void)state;
	struct record record = sample_record();
	expect(&record,
	       "2026-11-23T08:15:00Z,lobby,7,ok,MINUTELY,AAAAAAAAAAAAAAAAAAAAAA.v0,0,2026-11-23T08:16:00Z,,"
	       "2026-11-23T01:15:00-07:00,,acme,,,,,,2026-11-23T08:17:31.250Z,\r\n");
}

static void full_record_has_all_columns_in_order(void **state) {
	(void)state;
	struct device device = sample_device;
	struct record record = sample_record();

	device.site = "hq";
	device.labels = "{\"floor\":\"1\"}";
	record.device = &device;
	record.revision = 1;
	record.has_previous = true;
	record.previous = 6;
	record.event_counts = "{\"person\":7}";
	record.has_timestamp = true;
	record.timestamp_ms = 1795421700000;
	record.date_local = "23 Nov, 01:15";
	record.date_utc = "23 Nov 08:15";
	record.warning = "so \"called\"";
	record.reason = "none";
	expect(&record,
	       "2026-11-23T08:15:00Z,lobby,7,ok,MINUTELY,AAAAAAAAAAAAAAAAAAAAAA.v0,1,2026-11-23T08:16:00Z,6,"
	       "2026-11-23T01:15:00-07:00,hq,acme,1795421700000,\"23 Nov, 01:15\",23 Nov 08:15,"
	       "\"so \"\"called\"\"\",none,2026-11-23T08:17:31.250Z,\"{\"\"person\"\":7}\"\r\n");
}

static void count_is_empty_unless_ok(void **state) {
	(void)state;
	struct record record = sample_record();
	record.status = RECORD_GAP;
	record.reason = "HTTP 404";
	expect(&record,
	       "2026-11-23T08:15:00Z,lobby,,gap,MINUTELY,AAAAAAAAAAAAAAAAAAAAAA.v0,0,2026-11-23T08:16:00Z,,"
	       "2026-11-23T01:15:00-07:00,,acme,,,,,HTTP 404,2026-11-23T08:17:31.250Z,\r\n");
}

static void texts_are_quoted_where_they_must_be(void **state) {
	(void)state;
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"plain text", "plain text"},
		{"a,b", "\"a,b\""},
		{"\"", "\"\"\"\""},
		{"one\r\ntwo\x1b\x7f", "one  two  "},
		{"\xc2\x9b", " "},
		{"a\xe2\x80\xae" "b\xe2\x80\xa8" "c\xef\xbb\xbf", "a b c "},
		{"Z\xc3\xbcrich, \xff", "\"Z\xc3\xbcrich, \xef\xbf\xbd\""},
		/* A spreadsheet must not calculate what a server says. */
		{"=1+1", "'=1+1"},
		{"+1", "'+1"},
		{"-1", "'-1"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"\t=1", "' =1"},
		{"\r\n +1", "'   +1"},
		{"\xc2\x9b-1", "' -1"},
		{"\xe2\x80\xae=1", "' =1"},
		{"=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""},
		{"\xef\xbc\x9d" "1", "'\xef\xbc\x9d" "1"},
		{"\xef\xbc\xa0" "x", "'\xef\xbc\xa0" "x"},
		{"\xef\xbc\x8b" "1", "'\xef\xbc\x8b" "1"},
		{"\xef\xbc\x8d" "1", "'\xef\xbc\x8d" "1"},
		{"\xef\xbc\x8a" "1", "\xef\xbc\x8a" "1"},
		{"\xef\xbc\x8c" "1", "\xef\xbc\x8c" "1"},
		{"\xef\xbc\x8e" "1", "\xef\xbc\x8e" "1"},
		{"'=1", "''=1"},
		{"'", "''"},
		{"a=1", "a=1"},
		{"1-1", "1-1"},
		{" ", " "},
		{"\xff=", "\xef\xbf\xbd="},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char line[1024];
		struct record record = sample_record();
		record.reason = rows[i].in;
		(void)snprintf(line, sizeof(line),
		               "2026-11-23T08:15:00Z,lobby,7,ok,MINUTELY,AAAAAAAAAAAAAAAAAAAAAA.v0,0,"
		               "2026-11-23T08:16:00Z,,2026-11-23T01:15:00-07:00,,acme,,,,,%s,"
		               "2026-11-23T08:17:31.250Z,\r\n",
		               rows[i].out);
		expect(&record, line);
	}
}

static void counts_are_json_in_quotation_marks(void **state) {
	(void)state;
	static const struct {
		const char *in, *out;
	} rows[] = {
		{NULL, ""},
		{"{}", "\"{}\""},
		{"{\"PEOPLE\":2.5,\"dogs\":\"1,234\"}", "\"{\"\"PEOPLE\"\":2.5,\"\"dogs\"\":\"\"1,234\"\"}\""},
		{"{\"a\\\"b\":\n[1]}", "\"{\"\"a\\\"\"b\"\": [1]}\""},
		{"{\"\x7f\":1}", "\"{\"\"\\u007f\"\":1}\""},
		{"\"\"", "\"\"\"\"\"\""},
		{"-5", "\"'-5\""},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char line[1024];
		struct record record = sample_record();
		record.event_counts = rows[i].in;
		(void)snprintf(line, sizeof(line),
		               "2026-11-23T08:15:00Z,lobby,7,ok,MINUTELY,AAAAAAAAAAAAAAAAAAAAAA.v0,0,"
		               "2026-11-23T08:16:00Z,,2026-11-23T01:15:00-07:00,,acme,,,,,,"
		               "2026-11-23T08:17:31.250Z,%s\r\n",
		               rows[i].out);
		expect(&record, line);
	}
}

/* Memory may end at any byte: then the batch fails, and nothing is written where it must not. */
static void a_buffer_that_is_full_says_so(void **state) {
	(void)state;
	struct record record = sample_record();
	record.event_counts = "{\"a\":1,\"b\":2}";
	struct buf out;
	buf_init(&out, 1 << 20);
	csv_format(&record, &out);
	size_t len = out.len;
	buf_done(&out);
	for (size_t max = 0; max < len; max++) {
		buf_init(&out, max);
		csv_format(&record, &out);
		expect_int(-EFBIG, buf_error(&out));
		expect_true(out.len <= max);
		buf_done(&out);
	}
}

static int count_commas(const char *text) {
	int count = 0;
	for (; *text; text++) {
		count += *text == ',';
	}
	return count;
}

static void header_has_a_name_for_every_column(void **state) {
	(void)state;
	struct record record = sample_record();
	struct buf out;
	const char *header = log_codec_of(LOG_FORMAT_CSV)->header;

	buf_init(&out, 1 << 20);
	csv_format(&record, &out);
	expect_int(count_commas(buf_text(&out)), count_commas(header));
	expect_text("\r\n", header + strlen(header) - 2);
	buf_done(&out);
}

static void what_was_written_is_read_back(void **state) {
	(void)state;
	struct device device = sample_device;
	device.name = "a \"quoted\", name";
	for (int status = RECORD_OK; status <= RECORD_GAP; status++) {
		struct record record = sample_record();
		struct log_entry entry;
		struct buf out;
		record.device = &device;
		record.status = (enum record_status)status;
		record.count = status == RECORD_OK ? -7 : 0;
		record.revision = 3;
		buf_init(&out, 1 << 20);
		csv_format(&record, &out);
		expect_int(0, csv_parse(buf_text(&out), out.len, &entry));
		expect_text(device.uuid, entry.uuid);
		expect_int(INTERVAL_MINUTELY, entry.interval);
		expect_true(entry.start == record.start && entry.end == record.end);
		expect_int(status, entry.status);
		expect_int(record.count, entry.count);
		expect_int(3, entry.revision);
		for (size_t len = 0; len < out.len; len++) {
			expect_int(-EBADMSG, csv_parse(buf_text(&out), len, &entry));
		}
		buf_done(&out);
	}
}

/* A UUID may begin with a hyphen; it is itself when it is read back. */
static void a_guard_is_taken_off_again(void **state) {
	(void)state;
	struct device device = sample_device;
	struct record record = sample_record();
	struct log_entry entry;
	struct buf out;
	device.uuid = "-AAAAAAAAAAAAAAAAAAAAA.v0";
	device.name = "=1,\"";
	record.device = &device;
	buf_init(&out, 1 << 20);
	csv_format(&record, &out);
	expect_part(",'-AAAAAAAAAAAAAAAAAAAAA.v0,", buf_text(&out));
	expect_int(0, csv_parse(buf_text(&out), out.len, &entry));
	expect_text(device.uuid, entry.uuid);
	buf_done(&out);
}

/* As files were before there were counts in them. */
static void older_lines_are_read_back(void **state) {
	(void)state;
	static const char header[] =
		"time,name,count,status,interval,device,revision,end,previous,local_time,site,account,"
		"timestamp_ms,date_local,date_utc,warning,reason,polled_at\r\n";
	static const char line[] =
		"2026-11-23T08:15:00Z,lobby,7,ok,MINUTELY,-AAAAAAAAAAAAAAAAAAAAA.v0,2,2026-11-23T08:16:00Z,,"
		"2026-11-23T01:15:00-07:00,,acme,,,,,,2026-11-23T08:17:31.250Z\r\n";
	struct log_entry entry;
	expect_int(-ENODATA, csv_parse(header, strlen(header), &entry));
	expect_int(0, csv_parse(line, strlen(line), &entry));
	expect_text("-AAAAAAAAAAAAAAAAAAAAA.v0", entry.uuid);
	expect_true(entry.count == 7 && entry.revision == 2);
}

/* A line ends behind the last column that is wanted, or later; and quotation marks pair up before that. */
static void lines_have_their_columns(void **state) {
	(void)state;
#define FIRST "2026-11-23T08:15:00Z,lobby,7,ok,MINUTELY,A,2,2026-11-23T08:16:00Z,"
	static const struct {
		const char *line;
		bool good;
	} rows[] = {
		{FIRST ",2026-11-23T01:15:00-07:00,\r\n", true},
		{FIRST ",2026-11-23T01:15:00-07:00\r\n", false},
		{FIRST ",\r\n", false},
		{FIRST "\r\n", false},
		{FIRST ",,\r\n", true},
		{FIRST ",,\n", false},
		{FIRST ",\"a,b\",\r\n", true},
		{FIRST ",\"a,b,\r\n", false},
		{FIRST ",\"", false},
		{"2026-11-23T08:15:00Z,\"lob,by\",7,ok,MINUTELY,A,2,2026-11-23T08:16:00Z,,,\r\n", true},
		{"2026-11-23T08:15:00Z,\"lob,by,7,ok,MINUTELY,A,2,2026-11-23T08:16:00Z,,,\r\n", false},
		{"2026-11-23T08:15:00Z,lobby,'7,ok,MINUTELY,'A,2,2026-11-23T08:16:00Z,,,\r\n", true},
		{"2026-11-23T08:15:00Z,lobby,'7,ok,MINUTELY,',2,2026-11-23T08:16:00Z,,,\r\n", false},
		{"2026-11-23T08:15:00Z,lobby,7,ok,MINUTELY,''A,2,2026-11-23T08:16:00Z,,,\r\n", false},
	};
#undef FIRST
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		/* Not a byte more than there is may be read. */
		struct log_entry entry;
		size_t len = strlen(rows[row].line);
		char *line = malloc(len);
		expect_not_null(line);
		memcpy(line, rows[row].line, len);
		expect_int(rows[row].good ? 0 : -EBADMSG, csv_parse(line, len, &entry), "row %zu: %s", row, rows[row].line);
		free(line);
	}
}

static void header_is_no_record(void **state) {
	(void)state;
	struct log_entry entry;
	expect_int(-ENODATA, csv_parse(CSV_HEADER, strlen(CSV_HEADER), &entry));
	expect_int(-EBADMSG, csv_parse("\r\n", 2, &entry));
	expect_int(-EBADMSG, csv_parse(",,,,,,,,\r\n", 10, &entry));
}

/* log.format takes their extensions, in their order. */
static void each_format_can_be_configured(void **state) {
	(void)state;
	const char *const *choices = key_table[KEY_LOG_FORMAT].choices;
	for (int i = 0; i < LOG_FORMAT_COUNT; i++) {
		expect_text(log_codecs[i].extension, choices[i]);
		expect_true(log_codecs[i].header && log_codecs[i].format && log_codecs[i].parse);
	}
	expect_null(choices[LOG_FORMAT_COUNT]);
	expect_null(log_codecs[LOG_FORMAT_COUNT].extension);
}

/* A name that could break a line, and each status, in each format. */
static void each_format_reads_back_what_it_writes(void **state) {
	(void)state;
	struct device device = sample_device;
	device.name = "a\tb\r\n\"c\", 'd\xff";
	for (int i = 0; i < LOG_FORMAT_COUNT * (RECORD_GAP + 1); i++) {
		const struct log_codec *codec = &log_codecs[i / (RECORD_GAP + 1)];
		struct record record = sample_record();
		struct log_entry entry;
		struct buf out;
		record.device = &device;
		record.status = (enum record_status)(i % (RECORD_GAP + 1));
		record.revision = 3;
		buf_init(&out, 1 << 20);
		codec->format(&record, &out);
		expect_int(out.len - 1, strcspn(buf_text(&out), "\n"));
		if (codec->parse(buf_text(&out), out.len, &entry) != 0) {
			fail_msg("%s is not read back: %s", codec->extension, buf_text(&out));
		}
		expect_text(device.uuid, entry.uuid);
		expect_int(INTERVAL_MINUTELY, entry.interval);
		expect_true(entry.start == record.start && entry.end == record.end);
		expect_int(record.status, entry.status);
		expect_int(record.status == RECORD_OK ? record.count : 0, entry.count);
		expect_int(3, entry.revision);
		expect_int(-EBADMSG, codec->parse("\n", 1, &entry));
		size_t header = strlen(codec->header);
		expect_true(header == 0 || codec->header[header - 1] == '\n');
		expect_int(header ? -ENODATA : -EBADMSG, codec->parse(header ? codec->header : "\n", header ? header : 1, &entry));
		buf_done(&out);
	}
}

/* A journal's entries */

/* The line as it stands in a journal, carried, is the record as this format writes it, with the number. */
static void expect_carried(const struct log_codec *codec, const struct record *record) {
	struct buf line, want, carried;
	buf_init(&line, 1 << 20);
	buf_init(&want, 1 << 20);
	buf_init(&carried, 1 << 20);
	log_journal_codec->format(record, &line);
	for (uint64_t entry = 0; entry < 3; entry++) {
		uint64_t number = entry == 2 ? UINT64_MAX : entry;
		buf_clear(&want);
		codec->format(record, &want);
		codec->number(&want, number);
		buf_clear(&carried);
		codec->carry(line.data, line.len, number, &carried);
		expect_int(0, buf_error(&carried), "%s", line.data);
		expect_text(buf_text(&want), buf_text(&carried));

		struct log_entry read;
		expect_int(0, codec->parse(carried.data, carried.len, &read), "%s", carried.data);
		expect_true(read.entry == number, "%s", carried.data);
		expect_int(number ? (int)strlen(record->device->account->name) : 0, read.account.len);
		expect_bytes(record->device->account->name, read.account.text ? read.account.text : "", read.account.len);
	}
	buf_done(&line);
	buf_done(&want);
	buf_done(&carried);
}

static struct record rich_record(const struct device *device) {
	struct record record = sample_record();
	record.device = device;
	record.event_counts = "{\"a,b\":-7,\"\\u00e9\\\"\":1.50,\"x\":[1,{\"y\":\"]\"}],\"\":18446744073709551615,\"z\":null}";
	record.approximate_timestamps_ms = "{\"account\":\"b\",\"entry\":5}";
	record.has_timestamp = true;
	record.timestamp_ms = -1;
	record.date_local = " =1+1";
	record.date_utc = "";
	record.warning = "a\tb\r\n\"c\", 'd\xff \xe2\x80\xa8 \xf0\x9f\x98\x80\x7f";
	record.reason = "'quoted'";
	return record;
}

static void records_of_all_kinds_are_carried(void **state) {
	(void)state;
	struct account dashed = {.name = "-a.b_c"};
	struct device rich = sample_device;
	rich.name = "+lobby, \"north\"";
	rich.site = "@hq";
	rich.labels = "{\"floor\":\"1\"}";
	rich.capacity = 12;
	rich.account = &dashed;
	for (int i = 0; i < LOG_FORMAT_COUNT * (RECORD_GAP + 1) * 3 * 2; i++) {
		int status = i / LOG_FORMAT_COUNT % (RECORD_GAP + 1), change = i / LOG_FORMAT_COUNT / (RECORD_GAP + 1);
		struct record record = change < 3 ? sample_record() : rich_record(&rich);
		record.status = (enum record_status)status;
		record.count = status == RECORD_OK ? INT64_MAX : 0;
		record.revision = change % 3;
		record.has_previous = change % 3 == 2;
		record.previous = INT64_MIN;
		expect_carried(&log_codecs[i % LOG_FORMAT_COUNT], &record);
	}
}

static void row_of_a_newer_version_is_carried(void **state) {
	(void)state;
	static const char line[] = "{\"new\":[],\"time\":\"2026-11-23T08:15:00Z\",\"status\":\"gap\",\"interval\":\"MINUTELY\","
	                           "\"device\":\"A\",\"revision\":0,\"end\":\"2026-11-23T08:16:00Z\",\"more\":{\"count\":1}}\n";
	struct buf out;
	buf_init(&out, 1 << 20);
	csv_carry(line, strlen(line), 9, &out);
	expect_text("2026-11-23T08:15:00Z,,,gap,MINUTELY,A,0,2026-11-23T08:16:00Z,,,,,,,,,,,,9\r\n", buf_text(&out));
	buf_done(&out);
}

/* What is written to the log is a record, or nothing is written at all. */
static void what_is_no_record_is_not_carried(void **state) {
	(void)state;
#define HEAD "{\"time\":\"2026-11-23T08:15:00Z\",\"status\":\"gap\",\"interval\":\"MINUTELY\",\"device\":\"A\",\"revision\":"
	static const char *const lines[] = {
		"\n", "[]\n", "{}\n", "{\n", "12345}\n",
		HEAD "0}\n",
		HEAD "\"0\",\"end\":\"2026-11-23T08:16:00Z\"}\n",
		HEAD "0,\"end\":1}\n",
		HEAD "0,\"end\":\"2026-11-23T08:16:00Z\",\"event_counts\":[]}\n",
		HEAD "0,\"end\":\"2026-11-23T08:16:00Z\"\n",
	};
#undef HEAD
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct buf out;
		buf_init(&out, 1 << 20);
		csv_carry(lines[i], strlen(lines[i]), 9, &out);
		expect_int(-EBADMSG, buf_error(&out), "%s", lines[i]);
		buf_done(&out);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_record_leaves_empty_what_there_is_not),
		cmocka_unit_test(full_record_has_all_columns_in_order),
		cmocka_unit_test(count_is_empty_unless_ok),
		cmocka_unit_test(texts_are_quoted_where_they_must_be),
		cmocka_unit_test(counts_are_json_in_quotation_marks),
		cmocka_unit_test(a_buffer_that_is_full_says_so),
		cmocka_unit_test(header_has_a_name_for_every_column),
		cmocka_unit_test(what_was_written_is_read_back),
		cmocka_unit_test(a_guard_is_taken_off_again),
		cmocka_unit_test(older_lines_are_read_back),
		cmocka_unit_test(lines_have_their_columns),
		cmocka_unit_test(header_is_no_record),
		cmocka_unit_test(each_format_can_be_configured),
		cmocka_unit_test(each_format_reads_back_what_it_writes),
		cmocka_unit_test(records_of_all_kinds_are_carried),
		cmocka_unit_test(row_of_a_newer_version_is_carried),
		cmocka_unit_test(what_is_no_record_is_not_carried),
	};
	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
