// SPDX-License-Identifier: ISC

/* sink/echo.h: a line that is heard says what its format's parser reads in it. */

#include "fixture.h"
#include "sample.h"

#include "sink/echo.h"
#include "sink/ndjson.h"

#include <stdio.h>

static struct buf line;

static void write_line(const struct record *record) {
	buf_clear(&line);
	ndjson_format(record, &line);
	expect_int(0, buf_error(&line));
}

static void learn(struct echo *echo) {
	struct log_entry entry;
	expect_int(0, ndjson_parse(line.data, line.len, &entry));
	expect_int(0, echo_learn(echo, line.data, &entry));
}

/* Returns whether it was heard; what was must be what is read. */
static bool hear(struct echo *echo, struct heard_times *times, const char *text, size_t len) {
	struct log_entry read;
	const struct log_entry *heard = &echo->entry;

	size_t heard_len = echo_hear(echo, times, text, len);
	if (heard_len == 0) {
		return false;
	}
	expect_int(len, heard_len);
	expect_int(0, ndjson_parse(text, len, &read), "%.*s", (int)len, text);
	expect_time(read.start, heard->start);
	expect_time(read.end, heard->end);
	expect_text(read.uuid, heard->uuid);
	expect_int(read.interval, heard->interval);
	expect_int(read.status, heard->status);
	expect_int(read.count, heard->count);
	expect_int(read.revision, heard->revision);
	expect_true(read.has_previous == heard->has_previous);
	expect_same(read.name.text, heard->name.text);
	expect_int(read.name.len, heard->name.len);
	expect_int(read.offset_s, heard->offset_s);
	expect_true(read.entry == heard->entry);
	expect_same(read.account.text, heard->account.text);
	expect_int(read.account.len, heard->account.len);
	return true;
}

static bool hear_record(struct echo *echo, struct heard_times *times, const struct record *record) {
	write_line(record);
	return hear(echo, times, line.data, line.len);
}

static void later_records_of_a_device_are_heard(void **state) {
	static const int64_t counts[] = {0, 9, 10, 12, 321, 4567, 89012, 999999, 7};
	struct record record = sample_record();
	struct heard_times times = {0};
	struct echo echo = {0};
	(void)state;

	write_line(&record);
	expect_false(hear(&echo, &times, line.data, line.len), "nothing has been learnt");
	learn(&echo);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		record.count = counts[i];
		expect_true(hear_record(&echo, &times, &record), "%d", (int)record.count);
		expect_true(hear_record(&echo, &times, &record), "the same times again");
		record.start = record.end;
		record.end += USEC_PER_MIN;
	}
	record.count = 1000000;
	expect_false(hear_record(&echo, &times, &record), "more digits than are looked at");
	record.count = -1;
	expect_false(hear_record(&echo, &times, &record));
	echo_done(&echo);
}

/* Lines of a cluster are alike but for their entry's number, too. */
static void entries_are_heard(void **state) {
	static const uint64_t numbers[] = {2, 0, 9, 10, UINT64_MAX, 0, 7};
	struct record record = sample_record();
	struct device device = sample_device;
	struct heard_times times = {0};
	struct echo echo = {0};
	(void)state;

	record.device = &device;
	device.capacity = 12;
	write_line(&record);
	learn(&echo);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		device.site = i % 2 ? "hq, \"account\":\"x\"" : NULL;
		write_line(&record);
		ndjson_number(&line, numbers[i]);
		expect_true(hear(&echo, &times, line.data, line.len));
		expect_true(echo.entry.entry == numbers[i]);
		expect_int(numbers[i] ? 4 : 0, echo.entry.account.len);
		record.start = record.end;
		record.end += USEC_PER_MIN;
	}
	echo_done(&echo);
}

/* What has no count is as its fellows are, too. */
static void records_without_a_count_are_heard(void **state) {
	struct record record = sample_record();
	struct heard_times times = {0};
	struct echo echo = {0};
	(void)state;

	record.status = RECORD_NO_DATA;
	write_line(&record);
	learn(&echo);
	record.end += USEC_PER_MIN;
	expect_true(hear_record(&echo, &times, &record));
	record.status = RECORD_AMBIGUOUS;
	expect_false(hear_record(&echo, &times, &record));
	record.status = RECORD_OK;
	expect_false(hear_record(&echo, &times, &record));
	learn(&echo);
	expect_true(hear_record(&echo, &times, &record));
	echo_done(&echo);
}

static void gaps_and_corrections_are_not_learnt(void **state) {
	struct record record = sample_record(), gap = sample_record(), correction = sample_record();
	struct heard_times times = {0};
	struct echo echo = {0};
	(void)state;

	gap.status = RECORD_GAP;
	gap.reason = "HTTP 500";
	correction.revision = 1;
	correction.has_previous = true;
	const struct record *const others[] = {&gap, &correction};
	for (size_t i = 0; i < 2; i++) {
		write_line(&record);
		learn(&echo);
		expect_true(hear_record(&echo, &times, &record));
		expect_false(hear_record(&echo, &times, others[i]));
		learn(&echo);
		expect_false(hear_record(&echo, &times, others[i]));
		expect_false(hear_record(&echo, &times, &record), "it has not come back");
	}
	echo_done(&echo);
}

static void other_devices_and_clocks_are_not_heard(void **state) {
	struct record record = sample_record();
	struct heard_times times = {0};
	struct echo echo = {0};
	struct device device = sample_device;
	(void)state;

	write_line(&record);
	learn(&echo);
	record.device = &device;
	expect_true(hear_record(&echo, &times, &record));
	device.name = "lobbz";
	expect_false(hear_record(&echo, &times, &record));
	device.name = "lobby 2";
	expect_false(hear_record(&echo, &times, &record));
	device = sample_device;
	device.uuid = "AAAAAAAAAAAAAAAAAAAAAB.v0";
	expect_false(hear_record(&echo, &times, &record));
	device = sample_device;
	/* In summer: the offset is another. */
	record.start -= 150 * USEC_PER_DAY;
	record.end -= 150 * USEC_PER_DAY;
	expect_false(hear_record(&echo, &times, &record));
	learn(&echo);
	expect_true(hear_record(&echo, &times, &record));
	echo_done(&echo);
}

/* Each byte of a line becomes each other one; bytes are added and taken away. */
static void nothing_is_heard_that_is_not_read(void **state) {
	static const char *const names[] = {"lobby", "", "a \"quoted\\ name\"", "\xf0\x9f\x98\x80 and a name that is longer than a vector"};
	char changed[2048];
	size_t heard = 0, count = 0;
	(void)state;

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		struct record record = sample_record();
		struct device device = sample_device;
		struct echo echo = {0};
		device.name = (char *)(uintptr_t)names[n];
		record.device = &device;
		record.count = n == 0 ? 0 : 12;
		write_line(&record);
		ndjson_number(&line, n % 2 ? 8812 : 0);
		learn(&echo);
		for (size_t at = 0; at < line.len - 1; at++) {
			for (int byte = 0; byte < 256; byte++) {
				struct heard_times times = {0};
				memcpy(changed, line.data, line.len);
				changed[at] = (char)byte;
				heard += hear(&echo, &times, changed, line.len);
				count++;
			}
			struct heard_times times = {0};
			memcpy(changed + at, line.data + at + 1, line.len - at - 1);
			heard += hear(&echo, &times, changed, line.len - 1);
			memcpy(changed + at + 1, line.data + at, line.len - at);
			changed[at] = '5';
			heard += hear(&echo, &times, changed, line.len + 1);
		}
		for (size_t len = 3; len < line.len; len++) {
			struct heard_times times = {0};
			memcpy(changed, line.data, line.len);
			memcpy(changed + len - 2, "}\n", 2);
			heard += hear(&echo, &times, changed, len);
		}
		echo_done(&echo);
	}
	expect_between(1000, (int64_t)count / 2, (int64_t)heard, "of %zu", count);
}

/* A time that is none is found whether it is the first or comes behind another. */
static void times_are_times(void **state) {
	static const struct {
		const char *text;
		bool is_time;
	} times_of[] = {
		{"2026-11-23T08:16:00Z", true}, {"2026-02-30T08:16:00Z", false}, {"2026-11-23T24:00:00Z", false},
		{"2026-11-23T23:59:60Z", false}, {"0000-11-23T08:16:00Z", false}, {"2026-11-23T08:15:00Z", false},
		{"2027-01-01T00:00:00Z", true},
	};
	struct record record = sample_record();
	struct heard_times times = {0};
	struct echo echo = {0};
	(void)state;

	write_line(&record);
	learn(&echo);
	char *end = strstr(line.data, "2026-11-23T08:16:00Z");
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(times_of) / sizeof(times_of[0]); i++) {
			memcpy(end, times_of[i].text, UTC_PLAIN);
			expect_true(hear(&echo, &times, line.data, line.len) == times_of[i].is_time, "%s", times_of[i].text);
		}
	}
	echo_done(&echo);
}

static int setup(void **state) {
	buf_init(&line, 1 << 16);
	return sample_setup(state);
}

static int teardown(void **state) {
	buf_done(&line);
	return sample_teardown(state);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_records_of_a_device_are_heard),
		cmocka_unit_test(entries_are_heard),
		cmocka_unit_test(records_without_a_count_are_heard),
		cmocka_unit_test(gaps_and_corrections_are_not_learnt),
		cmocka_unit_test(other_devices_and_clocks_are_not_heard),
		cmocka_unit_test(nothing_is_heard_that_is_not_read),
		cmocka_unit_test(times_are_times),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
