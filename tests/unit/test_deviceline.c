// SPDX-License-Identifier: ISC

/* tool/deviceline.h, tool/store.h: a device of the status document, read in two ways. */

#include "fixture.h"

#include "tool/deviceline.h"

#include <errno.h>

#define HEAD "{\"uuid\":\"AAAAAAAAAAAAAAAAAAAAAA.v0\",\"name\":\"lobby\""

static struct store store;

static int forget(void **state) {
	(void)state;
	store_done(&store);
	return 0;
}

/* Both ways, which must agree. */
static struct live_device read_both(const char *line, const struct live_device *before) {
	struct live_device quick, slow;
	size_t len = strlen(line);
	/* Not one byte more than there is may be read. */
	char *bytes = malloc(len);
	expect_not_null(bytes);
	memcpy(bytes, line, len);
	expect_int(0, deviceline_read(bytes, len, &store, before, &quick), "%s", line);
	expect_int(0, deviceline_parse(bytes, len, &store, before, &slow), "%s", line);
	free(bytes);
	expect_text(slow.uuid, quick.uuid);
	expect_text(slow.name, quick.name);
	expect_text(slow.site ? slow.site : "(none)", quick.site ? quick.site : "(none)");
	expect_text(slow.reason ? slow.reason : "(none)", quick.reason ? quick.reason : "(none)");
	expect_text(line, quick.text);
	expect_text(line, slow.text);
	expect_int(slow.state, quick.state, "%s", line);
	expect_int(slow.count, quick.count, "%s", line);
	expect_int(slow.waiting, quick.waiting, "%s", line);
	expect_int(slow.age, quick.age, "%s", line);
	expect_int(slow.last_end, quick.last_end, "%s", line);
	expect_int(slow.since, quick.since, "%s", line);
	return quick;
}

static void a_line_of_the_daemon_is_read_whole(void **state) {
	(void)state;
	struct live_device device = read_both(
		HEAD ",\"site\":\"hq\",\"labels\":{\"floor\":\"1\"},\"account\":\"acme\",\"interval\":\"HOURLY\",\"zone\":\"UTC\","
		"\"state\":\"failing\",\"last_end\":\"2026-11-23T08:00:00Z\",\"age_s\":900,\"last_status\":\"ok\",\"last_count\":3,"
		"\"waiting\":2,\"rechecks\":5,\"since\":\"2026-11-23T08:05:00Z\",\"reason\":\"HTTP 500\"}", NULL);
	expect_text("AAAAAAAAAAAAAAAAAAAAAA.v0", device.uuid);
	expect_text("lobby", device.name);
	expect_text("hq", device.site);
	expect_text("acme", device.account);
	expect_text("HOURLY", device.interval);
	expect_text("UTC", device.zone);
	expect_text("HTTP 500", device.reason);
	expect_int(LIVE_FAILING, device.state, "state");
	expect_time(at("2026-11-23T08:00:00Z"), device.last_end);
	expect_time(at("2026-11-23T08:05:00Z"), device.since);
	expect_int(900 * USEC_PER_SEC, device.age, "age");
	expect_int(3, device.count, "count");
	expect_int(2, device.waiting, "waiting");
	expect_int(5, device.rechecks, "rechecks");
}

static void what_is_not_there_is_nothing(void **state) {
	(void)state;
	struct live_device device = read_both(HEAD ",\"state\":\"starting\",\"last_count\":null,\"waiting\":0}", NULL);
	expect_null(device.site);
	expect_null(device.reason);
	expect_int(LIVE_STARTING, device.state, "state");
	expect_int(INT64_MIN, device.last_end, "last_end");
	expect_int(INT64_MIN, device.since, "since");
	expect_int(-1, device.count, "count");
	/* A state that is not known wants to be seen. */
	expect_int(LIVE_FAILING, read_both(HEAD ",\"state\":\"dreaming\"}", NULL).state, "state");
	expect_int(LIVE_FAILING, read_both(HEAD "}", NULL).state, "state");
}

static void both_ways_read_what_is_unusual(void **state) {
	(void)state;
	static const struct {
		const char *line, *name, *site;
	} cases[] = {
		{"{\"name\":\"b\",\"uuid\":\"A\"}", "b", NULL},
		{"{ \"uuid\" : \"A\", \"name\":\"b\" }", "b", NULL},
		{"{\"uuid\":\"A\",\"name\":\"a\\\"b\\\\c\\/\\n\\t\"}", "a\"b\\c/\n\t", NULL},
		{"{\"uuid\":\"A\",\"name\":\"caf\xc3\xa9 \\u00e9\"}", "caf\xc3\xa9 \xc3\xa9", NULL},
		{"{\"uuid\":\"A\",\"name\":\"caf\xc3\xa9\"}", "caf\xc3\xa9", NULL},
		{"{\"uuid\":\"A\",\"name\":\"b\",\"name\":\"c\"}", "c", NULL},
		{"{\"uuid\":\"A\",\"\\u006eame\":\"b\"}", "b", NULL},
		{"{\"uuid\":\"A\",\"name\":\"b\",\"site\":7}", "b", NULL},
		{"{\"uuid\":\"A\",\"name\":\"b\",\"site\":\"\"}", "b", ""},
		{"{\"uuid\":\"A\",\"name\":\"b\",\"new\":[1,{}],\"site\":\"s\",\"x\":true,\"y\":{\"z\":1}}", "b", "s"},
		{"{\"uuid\":\"A\",\"name\":\"b\",\"new\":\"x\",\"labels\":{},\"site\":\"s\"}", "b", "s"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct live_device device = read_both(cases[i].line, NULL);
		expect_text(cases[i].name, device.name);
		expect_text(cases[i].site ? cases[i].site : "(none)", device.site ? device.site : "(none)");
	}
}

static void numbers_have_bounds(void **state) {
	(void)state;
	static const struct {
		const char *number;
		int64_t value;
	} cases[] = {
		{"7", 7}, {"-7", -7}, {"-0", 0}, {"1e3", 0}, {"7.0", 0}, {"\"7\"", 0}, {"null", 0},
		{"1000000000000", LIVE_MOST}, {"1000000000001", LIVE_MOST}, {"9223372036854775807", LIVE_MOST},
		{"-9223372036854775807", -LIVE_MOST}, {"-9223372036854775808", 0}, {"99999999999999999999", 0},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char line[256];
		(void)snprintf(line, sizeof(line), HEAD ",\"waiting\":%s,\"age_s\":%s}", cases[i].number, cases[i].number);
		struct live_device device = read_both(line, NULL);
		expect_int(cases[i].value, device.waiting, "%s", cases[i].number);
		expect_int(cases[i].value * USEC_PER_SEC, device.age, "%s", cases[i].number);
	}
}

static void what_is_no_device_is_refused(void **state) {
	(void)state;
	static const char *const lines[] = {
		"", "{", "{}", "[]", "7", "null", "{\"uuid\":\"A\"}", "{\"name\":\"b\"}", "{\"uuid\":\"A\",\"name\":7}",
		HEAD, HEAD ",}", HEAD "}}", HEAD "} x", HEAD ",\"site\":\"s}",
		HEAD ",\"site\":\"\xff\"}", HEAD ",\"site\":\"\\x\"}", HEAD ",\"labels\":{\"a\":\"b\",}}",
		HEAD ",\"labels\":{\"a\"}}", HEAD ",\"waiting\":07}", HEAD ",\"waiting\":}", HEAD " \"site\":\"s\"}",
	};
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct live_device device;
		expect_int(-EBADMSG, deviceline_read(lines[i], strlen(lines[i]), &store, NULL, &device), "%s", lines[i]);
		expect_int(-EBADMSG, deviceline_parse(lines[i], strlen(lines[i]), &store, NULL, &device), "%s", lines[i]);
	}
}

static void what_the_device_before_has_is_kept_once(void **state) {
	(void)state;
	struct live_device first = read_both(HEAD ",\"site\":\"hq\",\"account\":\"acme\",\"zone\":\"UTC\"}", NULL);
	struct live_device second = read_both(HEAD ",\"site\":\"hq\",\"account\":\"acm\",\"zone\":\"UTC+1\"}", &first);
	expect_true(second.site == first.site);
	expect_text("acm", second.account);
	expect_text("UTC+1", second.zone);
}

static void a_store_keeps_small_and_large_texts(void **state) {
	(void)state;
	enum { COUNT = 20000 };
	static const char *kept[COUNT];
	size_t large = 1 << 20;
	char *text = malloc(large + 1);
	expect_not_null(text);
	memset(text, 'x', large);
	text[large] = '\0';
	for (size_t i = 0; i < COUNT; i++) {
		char small[16];
		int len = snprintf(small, sizeof(small), "%zu", i);
		kept[i] = i == COUNT / 2 ? store_put(&store, text, large) : store_put(&store, small, (size_t)len);
		expect_not_null(kept[i]);
	}
	for (size_t i = 0; i < COUNT; i++) {
		char small[16];
		(void)snprintf(small, sizeof(small), "%zu", i);
		expect_text(i == COUNT / 2 ? text : small, kept[i]);
	}
	free(text);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_line_of_the_daemon_is_read_whole, forget),
		cmocka_unit_test_teardown(what_is_not_there_is_nothing, forget),
		cmocka_unit_test_teardown(both_ways_read_what_is_unusual, forget),
		cmocka_unit_test_teardown(numbers_have_bounds, forget),
		cmocka_unit_test_teardown(what_is_no_device_is_refused, forget),
		cmocka_unit_test_teardown(what_the_device_before_has_is_kept_once, forget),
		cmocka_unit_test_teardown(a_store_keeps_small_and_large_texts, forget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
