// SPDX-License-Identifier: ISC

/* state/order.h: the files of orders. */

#include "fixture.h"

#include "state/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADER "occupancyd-backfill 1\n"
#define DAY    " DAILY 2026-11-03T07:00:00Z 2026-11-04T07:00:00Z\n"

static int parse(const char *text, size_t *ret_len, struct error *err) {
	struct order_line *lines = NULL;
	/* Not one byte more than there is may be read. */
	size_t len = strlen(text);
	char *bytes = malloc(len + (len == 0));
	expect_not_null(bytes);
	memcpy(bytes, text, len);
	int r = order_parse(bytes, len, &lines, ret_len, err);
	free(bytes);
	free(lines);
	return r;
}

static void what_is_put_is_read(void **state) {
	(void)state;
	struct order_line line = {.uuid = "AAAAAAAAAAAAAAAAAAAAAA.v0", .interval = INTERVAL_HOURLY,
	                          .from = at("2026-11-03T07:00:00Z"), .to = at("2026-11-04T08:00:00Z")};
	struct order_line *lines;
	struct error err;
	struct buf out;
	size_t len;
	buf_init(&out, BUF_ANY);
	order_put_header(&out);
	order_put(&out, &line);
	line.interval = INTERVAL_DAILY;
	order_put(&out, &line);
	expect_int(0, order_parse(buf_text(&out), out.len, &lines, &len, &err));
	expect_int(2, len);
	expect_text("AAAAAAAAAAAAAAAAAAAAAA.v0", lines[0].uuid);
	expect_int(INTERVAL_HOURLY, lines[0].interval);
	expect_int(INTERVAL_DAILY, lines[1].interval);
	expect_time(line.from, lines[1].from);
	expect_time(line.to, lines[1].to);
	free(lines);
	buf_done(&out);
}

static void what_is_wrong_is_named_with_its_line(void **state) {
	(void)state;
	static const struct {
		const char *text, *sentence;
		size_t line;
	} cases[] = {
		{"", "no device", 1},
		{"x", "not a line", 1},
		{"occupancyd-backfill 2\n", "first line", 1},
		{HEADER, "no device", 2},
		{HEADER "A" DAY "\n", "uuid", 3},
		{HEADER "A" DAY "A" DAY, "the same device", 3},
		{HEADER "A", "not a line", 2},
		{HEADER "A DAILY 2026-11-03T07:00:00Z\n", "times", 2},
		{HEADER "A DAILY 2026-11-03 2026-11-04\n", "times", 2},
		{HEADER "A daily 2026-11-03T07:00:00Z 2026-11-04T07:00:00Z\n", "interval", 2},
		{HEADER "A DAILY 2026-11-03T07:00:00Z 2026-11-03T07:00:00Z\n", "ends before", 2},
		{HEADER "A DAILY 2026-11-03T07:00:00Z 2026-11-04T07:00:00Z x\n", "more than four", 2},
		{HEADER "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" DAY, "uuid", 2},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct error err = {{0}};
		size_t line = 0;
		expect_int(-EBADMSG, parse(cases[i].text, &line, &err), "case %zu", i);
		expect_int(cases[i].line, line, "case %zu", i);
		expect_part(cases[i].sentence, err.text, "case %zu", i);
	}
}

/* How long a uuid and a line may be; and that a NUL is no part of any. */
static void a_line_is_so_long_and_no_longer(void **state) {
	(void)state;
	static const struct {
		size_t uuid, more; /* letters; and blanks behind the times */
		bool nul;
		const char *sentence; /* NULL: it is read */
	} rows[] = {
		{1, 0, false, NULL}, {63, 0, false, NULL}, {64, 0, false, "it does not begin with a device's uuid"},
		{0, 0, false, "it does not begin with a device's uuid"}, {159, 0, false, "not a line of an order"},
		{20, 1, false, NULL}, {20, 2, false, "it has more than four words"}, {20, 91, false, "it has more than four words"},
		{20, 92, false, "not a line of an order"},
		{20, 0, true, "not a line of an order"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char text[512], spaces[128] = "", uuid[192] = "";
		struct order_line *lines = NULL;
		struct error err = {{0}};
		size_t count = 7;
		memset(uuid, 'A', rows[row].uuid);
		memset(spaces, ' ', rows[row].more);
		size_t len = (size_t)snprintf(text, sizeof(text), HEADER "%s DAILY 2026-11-03T07:00:00Z 2026-11-04T07:00:00Z%s\n", uuid,
		                              spaces);
		if (rows[row].nul) {
			text[len - 2] = '\0';
		}
		int r = order_parse(text, len, &lines, &count, &err);
		expect_int(rows[row].sentence ? -EBADMSG : 0, r, "row %zu", row);
		expect_text(rows[row].sentence ? rows[row].sentence : "", err.text, "row %zu", row);
		expect_int(rows[row].sentence ? 2 : 1, count, "row %zu", row);
		if (r == 0) {
			expect_text(uuid, lines[0].uuid, "row %zu", row);
			expect_time(at("2026-11-03T07:00:00Z"), lines[0].from, "row %zu", row);
		}
		free(lines);
	}
}

/* The same device may be there with other intervals; whichever line it is that repeats. */
static void a_device_is_there_once(void **state) {
	(void)state;
	static const struct {
		const char *text;
		size_t line; /* 0: it is read */
	} rows[] = {
		{HEADER "A" DAY "B" DAY "A" DAY, 4}, {HEADER "A" DAY "B" DAY "B" DAY, 4}, {HEADER "A" DAY "B" DAY "C" DAY, 0},
		{HEADER "A" DAY "A HOURLY 2026-11-03T07:00:00Z 2026-11-03T08:00:00Z\n", 0},
		{HEADER "A" DAY "A DAILY 2026-11-03T07:00:00Z 2026-11-03T08:00:00Z\n", 3},
		{HEADER "A DAILY 2026-11-03T07:00:00Z 2026-11-03T07:00:01Z\n", 0},
		{HEADER "A DAILY 2026-11-03T07:00:01Z 2026-11-03T07:00:00Z\n", 2},
		{HEADER "A DAILY 2026-11-03T07:00:00Z 2026-11-04\n", 2}, {HEADER "A DAILY 2026-11-03 2026-11-04T07:00:00Z\n", 2},
		{HEADER "A DAILY 2026-11-03T07:00:00Z 2026-11-04T07:00Z\n", 2},
		{HEADER "A DAILY 2026-11-03T07:00Z 2026-11-04T07:00:00Z\n", 2},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct error err = {{0}};
		size_t line = 0;
		int r = parse(rows[row].text, &line, &err);
		expect_int(rows[row].line > 0 ? -EBADMSG : 0, r, "row %zu: %s", row, err.text);
		if (rows[row].line > 0) {
			expect_int(rows[row].line, line, "row %zu", row);
		}
	}
}

static void an_order_is_so_long_and_no_longer(void **state) {
	(void)state;
	struct buf out;
	struct error err;
	size_t len;
	buf_init(&out, BUF_ANY);
	order_put_header(&out);
	for (int i = 0; i < ORDER_LINES; i++) {
		buf_printf(&out, "%04d" DAY, i);
	}
	expect_int(0, parse(buf_text(&out), &len, &err));
	expect_int(ORDER_LINES, len);
	buf_puts(&out, "more" DAY);
	expect_int(-EBADMSG, parse(buf_text(&out), &len, &err));
	expect_int(ORDER_LINES + 2, len);
	buf_done(&out);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_read),
		cmocka_unit_test(what_is_wrong_is_named_with_its_line),
		cmocka_unit_test(a_line_is_so_long_and_no_longer),
		cmocka_unit_test(a_device_is_there_once),
		cmocka_unit_test(an_order_is_so_long_and_no_longer),
	};
	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
