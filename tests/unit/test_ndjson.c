// SPDX-License-Identifier: ISC

#include "fixture.h"
#include "sample.h"

#include "base/text.h"
#include "sink/format.h"
#include "sink/ndjson.h"

#include <errno.h>

#define HEAD                                                                              \
	"{\"time\":\"2026-11-23T08:15:00Z\",\"name\":\"lobby\",\"count\":7,\"status\":\"ok\"," \
	"\"interval\":\"MINUTELY\",\"device\":\"AAAAAAAAAAAAAAAAAAAAAA.v0\",\"revision\":0,"   \
	"\"end\":\"2026-11-23T08:16:00Z\","
#define LOCAL   "\"local_time\":\"2026-11-23T01:15:00-07:00\","
#define ACCOUNT "\"account\":\"acme\","
#define NOTHING                                                                      \
	"\"event_counts\":null,\"approximate_timestamps_ms\":null,\"reporting_devices\":" \
	"null,\"timestamp_ms\":null,\"date_local\":null,\"date_utc\":null,"
#define POLLED "\"polled_at\":\"2026-11-23T08:17:31.250Z\""

static void expect(const struct record *record, const char *line) {
	struct buf out;
	buf_init(&out, 1 << 20);
	ndjson_format(record, &out);
	expect_int(0, buf_error(&out));
	expect_text(line, buf_text(&out));
	buf_done(&out);
}

static void plain_record_has_the_fields_in_order(void **state) {
	(void)state;
	struct record record = sample_record();
	expect(&record, HEAD LOCAL ACCOUNT NOTHING POLLED "}\n");
}

static void full_record_has_all_fields_in_order(void **state) {
	(void)state;
	struct device device = sample_device;
	struct record record = sample_record();

	device.site = "hq";
	device.labels = "{\"floor\":\"1\"}";
	device.capacity = 44;
	record.device = &device;
	record.revision = 2;
	record.has_previous = true;
	record.previous = -5;
	record.event_counts = "{\"person\":7}";
	record.approximate_timestamps_ms = "{\"person\":1795421730000}";
	record.reporting_devices = "{\"person\":[\"AAAAAAAAAAAAAAAAAAAAAA\"]}";
	record.has_timestamp = true;
	record.timestamp_ms = 1795421700000;
	record.date_local = "2026-11-23 01:15";
	record.date_utc = "2026-11-23 08:15";
	record.warning = "partial";
	record.reason = "none";
	expect(&record,
	       "{\"time\":\"2026-11-23T08:15:00Z\",\"name\":\"lobby\",\"count\":7,\"status\":\"ok\","
	       "\"interval\":\"MINUTELY\",\"device\":\"AAAAAAAAAAAAAAAAAAAAAA.v0\",\"revision\":2,"
	       "\"end\":\"2026-11-23T08:16:00Z\",\"previous\":-5," LOCAL "\"site\":\"hq\"," ACCOUNT
	       "\"event_counts\":{\"person\":7},\"approximate_timestamps_ms\":{\"person\":1795421730000},"
	       "\"reporting_devices\":{\"person\":[\"AAAAAAAAAAAAAAAAAAAAAA\"]},"
	       "\"timestamp_ms\":1795421700000,\"date_local\":\"2026-11-23 01:15\","
	       "\"date_utc\":\"2026-11-23 08:15\",\"warning\":\"partial\",\"reason\":\"none\"," POLLED
	       ",\"labels\":{\"floor\":\"1\"},\"capacity\":44}\n");
}

static void previous_is_null_if_a_correction_had_no_count_before(void **state) {
	(void)state;
	struct record record = sample_record();
	record.revision = 1;
	expect(&record,
	       "{\"time\":\"2026-11-23T08:15:00Z\",\"name\":\"lobby\",\"count\":7,\"status\":\"ok\","
	       "\"interval\":\"MINUTELY\",\"device\":\"AAAAAAAAAAAAAAAAAAAAAA.v0\",\"revision\":1,"
	       "\"end\":\"2026-11-23T08:16:00Z\",\"previous\":null," LOCAL ACCOUNT NOTHING POLLED "}\n");
}

static void count_is_null_unless_ok(void **state) {
	(void)state;
	static const struct {
		enum record_status status;
		const char *name;
	} rows[] = {{RECORD_NO_DATA, "no_data"}, {RECORD_AMBIGUOUS, "ambiguous"}, {RECORD_GAP, "gap"}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char line[1024];
		struct record record = sample_record();
		record.status = rows[i].status;
		(void)snprintf(line, sizeof(line),
		               "{\"time\":\"2026-11-23T08:15:00Z\",\"name\":\"lobby\",\"count\":null,"
		               "\"status\":\"%s\",\"interval\":\"MINUTELY\","
		               "\"device\":\"AAAAAAAAAAAAAAAAAAAAAA.v0\",\"revision\":0,"
		               "\"end\":\"2026-11-23T08:16:00Z\"," LOCAL ACCOUNT NOTHING POLLED "}\n",
		               rows[i].name);
		expect(&record, line);
	}
}

static void strings_are_escaped(void **state) {
	(void)state;
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"", ""},
		{"plain / text", "plain / text"},
		{"\"quoted\\\"", "\\\"quoted\\\\\\\""},
		{"\b\t\n\f\r", "\\b\\t\\n\\f\\r"},
		{"\x01\x1b[31m\x1f\x7f", "\\u0001\\u001b[31m\\u001f\\u007f"},
		{"Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80", "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\\u0080\\u009b\\u009f\xc2\xa0"},
		{"\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "\\u061c\\u200e\\u200f"}, /* marks of direction */
		{"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\xe2\x80\xae", "\\u2028\\u2029\\u202a\\u202e"}, /* separators, overrides */
		{"\xe2\x81\xa6\xe2\x81\xa9\xef\xbb\xbf", "\\u2066\\u2069\\ufeff"}, /* isolates, byte order mark */
		{"\xd8\x9b\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xaa", "\xd8\x9b\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xaa"}, /* their neighbours */
		{"\x80", "\\ufffd"},
		{"a\xff\xfe", "a\\ufffd\\ufffd"},
		{"\xc0\xaf", "\\ufffd\\ufffd"},             /* overlong */
		{"\xe0\x80\xaf", "\\ufffd\\ufffd\\ufffd"},  /* overlong */
		{"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},  /* surrogate */
		{"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"}, /* beyond U+10FFFF */
		{"\xf0\x9f\x98", "\\ufffd\\ufffd\\ufffd"},  /* cut off */
		{"\xe2\x82z", "\\ufffd\\ufffdz"},
		{"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char line[1024];
		struct device device = sample_device;
		struct record record = sample_record();
		device.name = rows[i].in;
		record.device = &device;
		(void)snprintf(line, sizeof(line),
		               "{\"time\":\"2026-11-23T08:15:00Z\",\"name\":\"%s\",\"count\":7,"
		               "\"status\":\"ok\",\"interval\":\"MINUTELY\","
		               "\"device\":\"AAAAAAAAAAAAAAAAAAAAAA.v0\",\"revision\":0,"
		               "\"end\":\"2026-11-23T08:16:00Z\"," LOCAL ACCOUNT NOTHING POLLED "}\n",
		               rows[i].out);
		expect(&record, line);
	}
}

static void json_from_outside_cannot_break_the_line(void **state) {
	(void)state;
	struct record record = sample_record();
	record.event_counts = "{\n\t\"p\\n\": 1, \"\xff\x7f\xc3\xa9\xe2\x80\xae\": 2\r\n}";
	record.date_local = "\xe2\x80\xaemonday";
	expect(&record, HEAD LOCAL ACCOUNT
	       "\"event_counts\":{  \"p\\n\": 1, \"\\ufffd\\u007f\xc3\xa9\\u202e\": 2  },"
	       "\"approximate_timestamps_ms\":null,\"reporting_devices\":"
	       "null,\"timestamp_ms\":null,\"date_local\":\"\\u202emonday\",\"date_utc\":null," POLLED "}\n");
}

/* Every pair of bytes, in the place where it can do most harm. */
static void no_bytes_give_a_second_line(void **state) {
	(void)state;
	struct buf out;
	buf_init(&out, 1 << 20);
	for (unsigned pair = 0x0101; pair <= 0xffff; pair++) {
		char text[3] = {(char)(pair >> 8), (char)(pair & 0xff), '\0'};
		struct record record = sample_record();
		record.reason = text;
		record.event_counts = text;
		buf_clear(&out);
		ndjson_format(&record, &out);
		const char *newline = memchr(out.data, '\n', out.len);
		if (newline != out.data + out.len - 1) {
			fail_msg("bytes %04x broke the line: %s", pair, out.data);
		}
		for (size_t i = 0; i < out.len;) {
			uint32_t point;
			size_t used = text_decode(out.data + i, out.len - i, &point);
			if (used == 0) {
				fail_msg("bytes %04x gave what is no UTF-8", pair);
			}
			i += used;
		}
	}
	buf_done(&out);
}

static void numbers_reach_their_ends(void **state) {
	(void)state;
	static const struct {
		int64_t n;
		const char *text;
	} rows[] = {
		{0, "0"}, {-1, "-1"}, {10, "10"},
		{INT64_MAX, "9223372036854775807"}, {INT64_MIN, "-9223372036854775808"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buf out;
		buf_init(&out, 100);
		buf_put_int(&out, rows[i].n);
		expect_text(rows[i].text, buf_text(&out));
		buf_done(&out);
	}
}

static void full_buffer_shows_in_the_end(void **state) {
	(void)state;
	struct record record = sample_record();
	struct buf out;
	buf_init(&out, 100);
	ndjson_format(&record, &out);
	expect_int(-EFBIG, buf_error(&out));
	buf_done(&out);
}

/* Reading back */

static int parse(const char *line, struct log_entry *ret) {
	/* A copy of exactly that length, so that the sanitizer sees a byte too far. */
	size_t len = strlen(line);
	char *copy = malloc(len + 1);
	expect_not_null(copy);
	memcpy(copy, line, len + 1);
	int r = ndjson_parse(copy, len, ret);
	free(copy);
	return r;
}

static void what_was_written_is_read_back(void **state) {
	(void)state;
	struct device device = sample_device;
	device.name = "a \"quoted\" \\ name}, with {all} [kinds],";
	device.labels = "{\"a\":\"}\"}";
	for (int status = RECORD_OK; status <= RECORD_GAP; status++) {
		struct record record = sample_record();
		struct log_entry entry;
		struct buf out;
		record.device = &device;
		record.status = (enum record_status)status;
		record.count = status == RECORD_OK ? INT64_MIN : 0;
		record.revision = 65535;
		record.event_counts = "{\"x\":[1,{\"y\":\"]\"}]}";
		buf_init(&out, 1 << 20);
		ndjson_format(&record, &out);
		expect_int(0, parse(buf_text(&out), &entry));
		expect_text(device.uuid, entry.uuid);
		expect_int(INTERVAL_MINUTELY, entry.interval);
		expect_true(entry.start == record.start && entry.end == record.end);
		expect_int(status, entry.status);
		expect_true(entry.count == record.count);
		expect_int(65535, entry.revision);

		/* And no cut of it is. */
		for (size_t len = out.len; len-- > 0;) {
			buf_truncate(&out, len);
			expect_int(-EBADMSG, parse(buf_text(&out), &entry));
		}
		buf_done(&out);
	}
}

static void a_time_at_the_end_of_the_line_is_read(void **state) {
	(void)state;
	struct log_entry entry;
	expect_int(0, parse("{\"time\":\"2026-11-23T08:15:00Z\",\"name\":\"lobby\",\"count\":7,\"status\":\"ok\","
	                    "\"interval\":\"MINUTELY\",\"device\":\"A\",\"revision\":0,\"end\":\"2026-11-23T08:16:00Z\","
	                    "\"local_time\":\"2026-11-23T01:15:00-07:00\"}\n", &entry));
	expect_int(-7 * 3600, entry.offset_s, "offset");
	expect_int(5, entry.name.len, "bytes of the name");
}

static void lines_are_read_by_their_members(void **state) {
	(void)state;
#define TIMES "\"time\":\"2026-11-23T08:15:00Z\",\"end\":\"2026-11-23T08:16:00Z\","
#define REST "\"device\":\"A\",\"interval\":\"MINUTELY\",\"revision\":0,"
	static const struct {
		const char *line;
		bool good;
	} rows[] = {
		{"{" TIMES REST "\"status\":\"ok\",\"count\":1}\n", true},
		{"{\"new\":[{}],\"status\":\"ok\",\"count\":1," REST TIMES "\"more\":null}\n", true},
		{"{" TIMES REST "\"status\":\"no_data\",\"count\":null}\n", true},
		{"{" TIMES REST "\"status\":\"no_data\"}\n", true},
		{"{" TIMES REST "\"status\":\"ok\",\"count\":null}\n", false},
		{"{" TIMES REST "\"status\":\"ok\",\"count\":1.5}\n", false},
		{"{" TIMES REST "\"status\":\"ok\",\"count\":-}\n", false},
		{"{" TIMES REST "\"status\":\"ok\",\"count\":9223372036854775808}\n", false},
		{"{" TIMES REST "\"status\":\"ok\",\"count\":-9223372036854775808}\n", true},
		{"{" TIMES REST "\"status\":\"new\",\"count\":1}\n", false},
		{"{" TIMES "\"device\":\"A\",\"interval\":\"YEARLY\",\"revision\":0,\"status\":\"ok\",\"count\":1}\n", false},
		{"{" TIMES "\"device\":\"A\",\"interval\":\"DAILY\",\"revision\":65536,\"status\":\"ok\",\"count\":1}\n", false},
		{"{\"time\":\"2026-11-23T08:15:00Z\",\"end\":\"2026-11-23T08:15:00Z\"," REST "\"status\":\"ok\",\"count\":1}\n", false},
		{"{\"time\":\"yesterday\",\"end\":\"2026-11-23T08:15:00Z\"," REST "\"status\":\"ok\",\"count\":1}\n", false},
		{"{" TIMES "\"device\":\"a b\",\"interval\":\"DAILY\",\"revision\":0,\"status\":\"ok\",\"count\":1}\n", false},
		{"{" TIMES "\"device\":\"\",\"interval\":\"DAILY\",\"revision\":0,\"status\":\"ok\",\"count\":1}\n", false},
		/* What stands behind all of them is not looked at. */
		{"{" TIMES REST "\"status\":\"ok\",\"count\":1,\"name\":\"lobby\",\"local_time\":\"2026-11-23T01:15:00-07:00\",x}\n", true},
		{"{" TIMES REST "\"status\":\"ok\",\"count\":1,\"name\":\"lobby\",x}\n", false},
		/* A name that ends in a backslash, or does not end. */
		{"{\"time\":\"2026-11-23T08:15:00Z\",\"name\":\"lob\\\\\",\"count\":7,\"status\":\"ok\",\"interval\":\"MINUTELY\","
		 "\"device\":\"A\",\"revision\":0,\"end\":\"2026-11-23T08:16:00Z\",\"local_time\":\"2026-11-23T01:15:00-07:00\"}\n", true},
		{"{\"time\":\"2026-11-23T08:15:00Z\",\"name\":\"lob\\\",\"count\":7,\"status\":\"ok\",\"interval\":\"MINUTELY\","
		 "\"device\":\"A\",\"revision\":0,\"end\":\"2026-11-23T08:16:00Z\",\"local_time\":\"2026-11-23T01:15:00-07:00\"}\n", false},
		{"{}\n", false},
		{"{\n", false},
		{"}\n", false},
		{"\n", false},
		{"", false},
		{"{\"\\}\n", false},
		{"{\"time\":{[\"}\n", false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct log_entry entry;
		if (parse(rows[i].line, &entry) != (rows[i].good ? 0 : -EBADMSG)) {
			fail_msg("%s is %s", rows[i].line, rows[i].good ? "good" : "bad");
		}
	}
#undef TIMES
#undef REST
}

/* A journal's entries */

static void number_is_read_at_the_end_alone(void **state) {
	(void)state;
#define PLAIN "{\"time\":\"2026-11-23T08:15:00Z\",\"name\":\"lobby\",\"count\":7,\"status\":\"ok\",\"interval\":\"MINUTELY\"," \
	"\"device\":\"A\",\"revision\":0,\"end\":\"2026-11-23T08:16:00Z\",\"local_time\":\"2026-11-23T01:15:00-07:00\""
#define OTHER "{\"account\":\"acme\",\"end\":\"2026-11-23T08:16:00Z\",\"time\":\"2026-11-23T08:15:00Z\",\"name\":\"lobby\",\"count\":7," \
	"\"status\":\"ok\",\"interval\":\"MINUTELY\",\"device\":\"A\",\"revision\":0"
#define ACME ",\"account\":\"acme\""
	static const struct {
		const char *line;
		uint64_t entry;
	} rows[] = {
		{PLAIN ACME "}\n", 0},
		{PLAIN ACME ",\"entry\":2}\n", 2},
		{PLAIN ",\"site\":\"\\\"account\\\":\"" ACME ",\"labels\":{\"account\":\"x\"},\"entry\":18446744073709551615}\n", UINT64_MAX},
		{PLAIN ",\"maps\":{\"account\":\"x\"}" ACME ",\"entry\":2}\n", 2},
		{OTHER ",\"entry\":2}\n", 2},
		{OTHER "}\n", 0},
		{PLAIN ACME ",\"entry\":18446744073709551616}\n", 0},
		{PLAIN ACME ",\"entry\":0}\n", 0},
		{PLAIN ACME ",\"entry\":02}\n", 0},
		{PLAIN ACME ",\"entry\":-2}\n", 0},
		{PLAIN ACME ",\"entry\":2.5}\n", 0},
		{PLAIN ACME ",\"entry\":\"2\"}\n", 0},
		{PLAIN ACME ",\"entry\":2,\"capacity\":3}\n", 0},
		{PLAIN ACME ",\"maps\":{\"entry\":2}}\n", 0},
		{PLAIN ACME ",\"capacity\":2}\n", 0},
		/* Nobody's entry is none. */
		{PLAIN ",\"entry\":2}\n", 0},
		{PLAIN ",\"account\":\"\",\"entry\":2}\n", 0},
		{PLAIN ",\"account\":7,\"entry\":2}\n", 0},
		{PLAIN ",\"entry\":2}\n", 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct log_entry entry = {.entry = 99, .account = {"x", 1}};
		expect_int(0, ndjson_parse(rows[i].line, strlen(rows[i].line), &entry), "row %zu", i);
		expect_true(entry.entry == rows[i].entry, "row %zu", i);
		expect_int(rows[i].entry ? 4 : 0, entry.account.len, "row %zu", i);
		expect_bytes("acme", entry.account.text ? entry.account.text : "", entry.account.len);
	}
#undef PLAIN
#undef OTHER
#undef ACME
}

/* A buffer that is full stays so. */
static void number_does_not_mend_a_full_buffer(void **state) {
	(void)state;
	struct record record = sample_record();
	struct buf out;
	buf_init(&out, 100);
	ndjson_format(&record, &out);
	ndjson_number(&out, 2);
	expect_int(-EFBIG, buf_error(&out));
	buf_done(&out);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_record_has_the_fields_in_order),
		cmocka_unit_test(full_record_has_all_fields_in_order),
		cmocka_unit_test(previous_is_null_if_a_correction_had_no_count_before),
		cmocka_unit_test(count_is_null_unless_ok),
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(json_from_outside_cannot_break_the_line),
		cmocka_unit_test(no_bytes_give_a_second_line),
		cmocka_unit_test(numbers_reach_their_ends),
		cmocka_unit_test(full_buffer_shows_in_the_end),
		cmocka_unit_test(what_was_written_is_read_back),
		cmocka_unit_test(a_time_at_the_end_of_the_line_is_read),
		cmocka_unit_test(lines_are_read_by_their_members),
		cmocka_unit_test(number_is_read_at_the_end_alone),
		cmocka_unit_test(number_does_not_mend_a_full_buffer),
	};
	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
