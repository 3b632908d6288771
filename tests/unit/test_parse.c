// SPDX-License-Identifier: ISC

/* response/parse.h: bodies of every kind. */

#include "fixture.h"

#include "response/parse.h"

#include <dlfcn.h>
#include <errno.h>
#include <json-c/json.h>

/* In the place of json-c's: there may be no memory. */
static bool memory_is_short;

struct json_tokener *json_tokener_new_ex(int depth) {
	struct json_tokener *(*real)(int);
	*(void **)&real = dlsym(RTLD_NEXT, "json_tokener_new_ex");
	return memory_is_short ? NULL : real(depth);
}

/* One point with that eventCountMap; the whole answer around it. */
#define MAP(map)      ANSWER("{\"timestampMs\":1000,\"eventCountMap\":" map "}")
#define ANSWER(points) "{\"error\":false,\"timeSeriesDataPoints\":[" points "]}"

static int parse(struct points *points, const char *body, const char *count_key, struct error *err) {
	return parse_points(points, body, strlen(body), count_key, err);
}

static void parse_well(struct points *points, const char *body) {
	struct error err = {{0}};
	expect_int(0, parse(points, body, NULL, &err), "%.100s: %s", body, err.text);
}

static void a_full_answer_is_read_whole(void **state) {
	(void)state;
	struct points points;
	points_init(&points);
	parse_well(&points,
	           "{\"error\":false,\"errorMsg\":null,\"warningMsg\":null,\"timeSeriesDataPoints\":["
	           "{\"timestampMs\":1795420800000,\"dateLocal\":\"2026-11-23T01:00:00\","
	           "\"dateUtc\":\"2026-11-23T08:00:00\",\"eventCountMap\":{\"eventCount\":4,\"PEOPLE\":3},"
	           "\"approximateTimestampMsMap\":{\"PEOPLE\":1795420833123},"
	           "\"reportingDevicesMap\":{\"PEOPLE\":[\"AAAAAAAAAAAAAAAAAAAAAA.v0\",null]},"
	           "\"later\":{\"more\":[1,2]}},"
	           "{\"timestampMs\":1795420860000,\"eventCountMap\":{\"PEOPLE\":0}}],\"other\":7}");
	expect_int(2, points.len, "points");
	expect_int(0, points.dropped, "dropped");
	expect_int(false, points.has_warning, "has_warning");

	const struct point *point = &points.list[0];
	expect_time(at("2026-11-23T08:00:00Z"), point->time, "time");
	expect_int(true, point->has_timestamp, "has_timestamp");
	expect_int(1795420800000, point->timestamp_ms, "timestamp_ms");
	expect_int(COUNT_ONE, point->kind, "kind");
	expect_int(3, point->count, "count");
	expect_text("{\"eventCount\":4,\"PEOPLE\":3}", points_text(&points, point->event_counts), "map");
	expect_text("{\"PEOPLE\":1795420833123}", points_text(&points, point->approximate_timestamps_ms), "map");
	expect_text("{\"PEOPLE\":[\"AAAAAAAAAAAAAAAAAAAAAA.v0\",null]}",
	            points_text(&points, point->reporting_devices), "map");
	expect_text("2026-11-23T01:00:00", points_text(&points, point->date_local), "dateLocal");
	expect_text("2026-11-23T08:00:00", points_text(&points, point->date_utc), "dateUtc");

	point = &points.list[1];
	expect_int(COUNT_ONE, point->kind, "kind");
	expect_int(0, point->count, "zero is a count");
	expect_text(NULL, points_text(&points, point->approximate_timestamps_ms), "an absent map");
	expect_text(NULL, points_text(&points, point->reporting_devices), "an absent map");
	expect_text(NULL, points_text(&points, point->date_local), "an absent date");
	points_done(&points);
	points_done(NULL);
}

/* key "-": no count_key. */
static void a_count_is_chosen_and_never_invented(void **state) {
	(void)state;
	static const struct {
		const char *body, *key;
		enum count_kind kind;
		int64_t count;
	} rows[] = {
		/* Nothing there. */
		{ANSWER("{\"timestampMs\":1000}"), "-", COUNT_NONE, 0},
		{MAP("null"), "-", COUNT_NONE, 0},
		{MAP("{}"), "-", COUNT_NONE, 0},
		{MAP("{\"a\":null}"), "-", COUNT_NONE, 0},
		{MAP("{\"a\":null,\"eventCount\":null}"), "-", COUNT_NONE, 0},
		{MAP("[]"), "-", COUNT_NONE, 0},
		/* One. */
		{MAP("{\"a\":7}"), "-", COUNT_ONE, 7},
		{MAP("{\"a\":0}"), "-", COUNT_ONE, 0},
		{MAP("{\"eventCount\":7}"), "-", COUNT_ONE, 7},
		{MAP("{\"a\":null,\"b\":7}"), "-", COUNT_ONE, 7},
		{MAP("{\"\":7}"), "-", COUNT_ONE, 7},
		/* eventCount and another. */
		{MAP("{\"eventCount\":9,\"a\":7}"), "-", COUNT_ONE, 7},
		{MAP("{\"a\":7,\"eventCount\":9}"), "-", COUNT_ONE, 7},
		{MAP("{\"a\":7,\"eventCount\":9,\"b\":null}"), "-", COUNT_ONE, 7},
		{MAP("{\"a\":null,\"eventCount\":9}"), "-", COUNT_ONE, 9},
		/* Several, and no rule. */
		{MAP("{\"a\":7,\"b\":7}"), "-", COUNT_AMBIGUOUS, 0},
		{MAP("{\"a\":7,\"b\":8,\"eventCount\":15}"), "-", COUNT_AMBIGUOUS, 0},
		{MAP("{\"a\":7,\"EventCount\":15}"), "-", COUNT_AMBIGUOUS, 0},
		/* The configured one. */
		{MAP("{\"a\":7,\"b\":8}"), "b", COUNT_ONE, 8},
		{MAP("{\"b\":8,\"a\":7,\"eventCount\":15}"), "b", COUNT_ONE, 8},
		{MAP("{\"a\":7,\"eventCount\":15}"), "eventCount", COUNT_ONE, 15},
		{MAP("{\"a\":7,\"b\":8}"), "c", COUNT_AMBIGUOUS, 0},
		{MAP("{\"a\":7,\"b\":null,\"c\":9}"), "b", COUNT_AMBIGUOUS, 0},
		{MAP("{\"a\":7,\"eventCount\":15}"), "c", COUNT_AMBIGUOUS, 0},
		{MAP("{\"a\":7}"), "c", COUNT_AMBIGUOUS, 0},
		{MAP("{\"a\":7,\"c\":null}"), "c", COUNT_AMBIGUOUS, 0},
		{MAP("{\"c\":null}"), "c", COUNT_NONE, 0},
		{MAP("{}"), "c", COUNT_NONE, 0},
		/* What is no whole number is there all the same, and nothing stands in for it. */
		{MAP("{\"a\":2.5,\"b\":8}"), "a", COUNT_AMBIGUOUS, 0},
		{MAP("{\"a\":2.5,\"b\":8}"), "-", COUNT_AMBIGUOUS, 0},
		{MAP("{\"a\":2.5,\"eventCount\":8}"), "-", COUNT_AMBIGUOUS, 0},
		{MAP("{\"a\":\"1,234\"}"), "-", COUNT_AMBIGUOUS, 0},
		{MAP("{\"a\":{\"count\":3}}"), "-", COUNT_AMBIGUOUS, 0},
		{MAP("{\"a\":-1}"), "-", COUNT_AMBIGUOUS, 0},
		{MAP("{\"a\":8,\"eventCount\":2.5}"), "-", COUNT_ONE, 8},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct points points;
		struct error err = {{0}};
		points_init(&points);
		int r = parse(&points, rows[row].body, rows[row].key[0] == '-' ? NULL : rows[row].key, &err);
		expect_int(0, r, "row %zu: %s: %s", row, rows[row].body, err.text);
		expect_int(1, points.len, "row %zu: points", row);
		expect_int(rows[row].kind, points.list[0].kind, "row %zu: %s: kind", row, rows[row].body);
		if (rows[row].kind == COUNT_ONE) {
			expect_int(rows[row].count, points.list[0].count, "row %zu: %s", row, rows[row].body);
		}
		points_done(&points);
	}
}

static void numbers_come_in_several_shapes(void **state) {
	(void)state;
	static const struct {
		const char *value;
		bool whole;
		int64_t expected;
	} rows[] = {
		{"3", true, 3},
		{"3.0", true, 3},
		{"\"3\"", true, 3},
		{"\"3.0\"", true, 3},
		{"0", true, 0},
		{"-0", true, 0},
		{"-2", true, -2},
		{"3e2", true, 300},
		{"\"3e2\"", true, 300},
		{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775807", true, -INT64_MAX},
		{"9007199254740991.0", true, 9007199254740991},
		{"3.5", false, 0},
		{"\"3.5\"", false, 0},
		{"1e400", false, 0},
		{"-1e400", false, 0},
		{"1e18", false, 0},
		{"\"1e400\"", false, 0},
		{"9223372036854775808", false, 0},
		{"99999999999999999999", false, 0},
		{"-99999999999999999999", false, 0},
		{"\"NaN\"", false, 0},
		{"\"Infinity\"", false, 0},
		{"\"\"", false, 0},
		{"\" \"", false, 0},
		{"\"3 people\"", false, 0},
		{"\" 3\"", false, 0},
		{"\"0x3\"", false, 0},
		{"\"3\\u0000\"", false, 0},
		{"\".\"", false, 0},
		{"true", false, 0},
		{"[3]", false, 0},
		{"{\"a\":3}", false, 0},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char body[256];
		struct points points;
		points_init(&points);
		(void)snprintf(body, sizeof(body), MAP("{\"a\":%s}"), rows[row].value);
		parse_well(&points, body);
		expect_int(1, points.len, "%s: points", rows[row].value);
		expect_int(rows[row].whole && rows[row].expected >= 0 ? COUNT_ONE : COUNT_AMBIGUOUS, points.list[0].kind, "%s: kind",
		           rows[row].value);
		if (rows[row].whole && rows[row].expected >= 0) {
			expect_int(rows[row].expected, points.list[0].count, "%s", rows[row].value);
		}
		points_done(&points);
	}
}

static void every_field_of_a_point_may_be_null(void **state) {
	(void)state;
	struct points points;
	points_init(&points);
	parse_well(&points, ANSWER("{\"timestampMs\":1000,\"dateLocal\":null,\"dateUtc\":null,"
	                           "\"eventCountMap\":null,\"approximateTimestampMsMap\":null,"
	                           "\"reportingDevicesMap\":null}"));
	expect_int(1, points.len, "points");
	const struct point *point = &points.list[0];
	expect_text(NULL, points_text(&points, point->event_counts), "eventCountMap");
	expect_text(NULL, points_text(&points, point->approximate_timestamps_ms), "approximateTimestampMsMap");
	expect_text(NULL, points_text(&points, point->reporting_devices), "reportingDevicesMap");
	expect_text(NULL, points_text(&points, point->date_local), "dateLocal");
	expect_text(NULL, points_text(&points, point->date_utc), "dateUtc");
	points_done(&points);
}

/* expected "": the point is dropped. */
static void the_time_is_the_timestamp_or_else_the_utc_date(void **state) {
	(void)state;
	static const struct {
		const char *fields, *expected;
		bool has_timestamp;
	} rows[] = {
		{"\"timestampMs\":1795420800123", "2026-11-23T08:00:00.123Z", true},
		{"\"timestampMs\":\"1795420800123\"", "2026-11-23T08:00:00.123Z", true},
		{"\"timestampMs\":1795420800000.0", "2026-11-23T08:00:00Z", true},
		{"\"timestampMs\":0", "1970-01-01T00:00:00Z", true},
		{"\"timestampMs\":1795420800000,\"dateUtc\":\"1999-01-01T00:00:00Z\"", "2026-11-23T08:00:00Z", true},
		{"\"dateUtc\":\"2026-11-23T08:00:00Z\"", "2026-11-23T08:00:00Z", false},
		{"\"dateUtc\":\"2026-11-23T08:00:00\"", "2026-11-23T08:00:00Z", false},
		{"\"dateUtc\":\"2026-11-23 08:00\"", "2026-11-23T08:00:00Z", false},
		{"\"dateUtc\":\"2026-11-23T08:00\"", "2026-11-23T08:00:00Z", false},
		{"\"dateUtc\":\"2026-11-23T08:00Z\"", "2026-11-23T08:00:00Z", false},
		{"\"dateUtc\":\"2026-11-23 08:00:00.1234567Z\"", "2026-11-23T08:00:00.123456Z", false},
		{"\"dateUtc\":\"2026-11-23 08\"", "", false},
		{"\"dateUtc\":\"2026-11-23 08:\"", "", false},
		{"\"dateUtc\":\"2026-11-23\"", "", false},
		{"\"dateUtc\":\"2026-11-23 08:00:00.500\"", "2026-11-23T08:00:00.500Z", false},
		{"\"dateUtc\":\"2026-11-23T01:00:00-07:00\"", "2026-11-23T08:00:00Z", false},
		{"\"timestampMs\":null,\"dateUtc\":\"2026-11-23T08:00:00Z\"", "2026-11-23T08:00:00Z", false},
		/* The local date is no substitute: nobody knows which zone it is in. */
		{"\"dateLocal\":\"2026-11-23T08:00:00Z\"", "", false},
		{"\"timestampMs\":null", "", false},
		{"\"timestampMs\":null,\"dateUtc\":\"noon\"", "", false},
		{"\"timestampMs\":null,\"dateUtc\":17", "", false},
		{"\"timestampMs\":\"noon\"", "", false},
		{"\"timestampMs\":1795420800000.5", "", false},
		{"\"timestampMs\":9223372036854775807", "", false},
		{"\"timestampMs\":-9223372036854775807", "", false},
		{"\"timestampMs\":1e400", "", false},
		/* Beyond 64 bits: no time, but no harm. */
		{"\"timestampMs\":18446744073709551616", "", false},
		{"\"timestampMs\":-99999999999999999999", "", false},
		{"\"timestampMs\":99999999999999999999,\"dateUtc\":\"2026-11-23T08:00:00Z\"", "2026-11-23T08:00:00Z", false},
		{"\"eventCountMap\":{\"a\":1}", "", false},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char body[512];
		struct points points;
		points_init(&points);
		(void)snprintf(body, sizeof(body), ANSWER("{%s}"), rows[row].fields);
		parse_well(&points, body);
		bool kept = rows[row].expected[0] != '\0';
		expect_int(kept, points.len, "%s: points", rows[row].fields);
		expect_int(!kept, points.dropped, "%s: dropped", rows[row].fields);
		if (kept) {
			expect_time(at(rows[row].expected), points.list[0].time, "%s", rows[row].fields);
			expect_int(rows[row].has_timestamp, points.list[0].has_timestamp, "%s: has_timestamp",
			           rows[row].fields);
		}
		points_done(&points);
	}
}

/* expected "": there is nothing odd. */
static void a_timestamp_that_is_no_number_is_kept_to_be_shown(void **state) {
	(void)state;
	static const struct {
		const char *points, *expected;
	} rows[] = {
		{"{\"timestampMs\":1000},{\"timestampMs\":\"2000\"},{\"timestampMs\":null},{}", ""},
		{"{\"timestampMs\":\"2026-11-23T08:00:00Z\"}", "\"2026-11-23T08:00:00Z\""},
		{"{\"timestampMs\":\"2026-11-23T08:00:00Z\",\"dateUtc\":\"2026-11-23T08:00:00Z\"}", "\"2026-11-23T08:00:00Z\""},
		{"{\"timestampMs\":1000},{\"timestampMs\":1.5},{\"timestampMs\":true}", "1.5"},
		{"{\"timestampMs\":[1000]}", "[1000]"},
		{"{\"timestampMs\":\"a\\nb\"}", "\"a\\nb\""},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char body[512];
		struct points points;
		points_init(&points);
		(void)snprintf(body, sizeof(body), ANSWER("%s"), rows[row].points);
		parse_well(&points, body);
		expect_text(rows[row].expected, points.odd_stamp, "%s", rows[row].points);
		/* Not the next answer's. */
		parse_well(&points, ANSWER("{\"timestampMs\":1000}"));
		expect_text("", points.odd_stamp, "%s, then another", rows[row].points);
		points_done(&points);
	}
}

static void points_without_a_time_are_told_apart_by_what_they_say(void **state) {
	(void)state;
	struct points points;
	points_init(&points);
	parse_well(&points, ANSWER("{},null,7,{\"eventCountMap\":null},{\"eventCountMap\":{\"a\":null}},"
	                           "{\"eventCountMap\":{\"a\":1}},{\"eventCountMap\":{\"a\":1.5}},"
	                           "{\"timestampMs\":1,\"eventCountMap\":{\"a\":1}}"));
	expect_int(1, points.len, "points");
	expect_int(7, points.dropped, "dropped");
	expect_int(3, points.lost, "lost: a count in two, and what is no point");
	parse_well(&points, ANSWER(""));
	expect_int(0, points.dropped, "dropped by the next one");
	expect_int(0, points.lost, "lost by the next one");
	points_done(&points);
}

static void a_token_for_the_next_page_says_that_there_is_more(void **state) {
	(void)state;
	static const struct {
		const char *token;
		bool more;
	} rows[] = {
		{"\"nextPageToken\":\"abc\",", true}, {"\"nextPageToken\":17,", true},
		{"\"nextPageToken\":{\"a\":1},", true}, {"\"nextPageToken\":null,", false},
		{"\"nextPageToken\":\"\",", false}, {"", false},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char body[256];
		struct points points;
		points_init(&points);
		points.more = !rows[row].more;
		(void)snprintf(body, sizeof(body), "{%s\"timeSeriesDataPoints\":[]}", rows[row].token);
		parse_well(&points, body);
		expect_int(rows[row].more, points.more, "%s", rows[row].token);
		points_done(&points);
	}
}

static void answers_without_points_are_no_failure(void **state) {
	(void)state;
	static const char *const bodies[] = {
		ANSWER(""),
		"{\"timeSeriesDataPoints\":null}",
		"{\"timeSeriesDataPoints\":[]}",
		" \r\n{\"error\":null,\"errorMsg\":null,\"warningMsg\":null,\"timeSeriesDataPoints\":null}\n",
		"{\"error\":false,\"errorMsg\":\"\",\"warningMsg\":\"\",\"timeSeriesDataPoints\":[]}",
		"{\"error\":\"false\",\"timeSeriesDataPoints\":[]}",
		"{\"error\":{},\"timeSeriesDataPoints\":[]}",
		"\xef\xbb\xbf{\"timeSeriesDataPoints\":[]}",
		"\xef\xbb\xbf\n{\"timeSeriesDataPoints\":[]}",
	};
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct points points;
		points_init(&points);
		parse_well(&points, bodies[i]);
		expect_int(0, points.len, "%s: points", bodies[i]);
		expect_int(false, points.has_warning, "%s: has_warning", bodies[i]);
		points_done(&points);
	}
}

static void elements_that_are_no_points_are_dropped_and_counted(void **state) {
	(void)state;
	struct points points;
	points_init(&points);
	parse_well(&points, ANSWER("null,7,\"x\",[],{},{\"timestampMs\":1000,\"eventCountMap\":{\"a\":1}},true"));
	expect_int(1, points.len, "points");
	expect_int(6, points.dropped, "dropped");
	expect_int(4, points.lost, "neither null nor an object: perhaps a count");
	expect_int(1, points.list[0].count, "count");
	points_done(&points);
}

static void the_order_of_points_is_kept(void **state) {
	(void)state;
	struct points points;
	points_init(&points);
	parse_well(&points, ANSWER("{\"timestampMs\":3000},{\"timestampMs\":1000},{\"timestampMs\":3000},"
	                           "{\"timestampMs\":2000}"));
	static const int64_t order[] = {3000, 1000, 3000, 2000};
	expect_int(COUNT_OF(order), points.len, "points");
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		expect_int(order[i], points.list[i].timestamp_ms, "point %zu", i);
	}
	points_done(&points);
}

/* Maps may hold anything that is JSON; strings come out as they went in. */
static void maps_and_dates_go_through_untouched(void **state) {
	(void)state;
	struct points points;
	points_init(&points);
	parse_well(&points,
	           ANSWER("{\"timestampMs\":1000,\"dateLocal\":\"caf\xc3\xa9 \\\"x\\\"\",\"dateUtc\":\"a\\u0000b\","
	                  "\"eventCountMap\":{\"a b\":3.0,\"\\u00e9\\n\":null,\"c\":1e400},"
	                  "\"reportingDevicesMap\":{\"a\":[],\"b\":{\"deep\":[1,[2]]}}}"));
	const struct point *point = &points.list[0];
	expect_text("{\"a b\":3.0,\"\xc3\xa9\\n\":null,\"c\":1e400}", points_text(&points, point->event_counts),
	            "eventCountMap");
	expect_text("{\"a\":[],\"b\":{\"deep\":[1,[2]]}}", points_text(&points, point->reporting_devices),
	            "reportingDevicesMap");
	expect_text("caf\xc3\xa9 \"x\"", points_text(&points, point->date_local), "dateLocal");
	expect_text(NULL, points_text(&points, point->date_utc), "a date that a NUL would cut");
	points_done(&points);
}

/* As json-c would write them, member by member. */
static void maps_are_written_compactly(void **state) {
	(void)state;
	static const struct {
		const char *map, *expected;
	} rows[] = {
		{"{ }", "{}"},
		{"{\"a\": [ ]}", "{\"a\":[]}"},
		{"{\"a\": {}, \"b\" : [ ], \"\" : [ {} , null ]}", "{\"a\":{},\"b\":[],\"\":[{},null]}"},
		{"{\"a\": true, \"b\": false, \"c\": null}", "{\"a\":true,\"b\":false,\"c\":null}"},
		{"{\"a\": [0, -0, 7, -7, 10, -1234567890123]}", "{\"a\":[0,0,7,-7,10,-1234567890123]}"},
		{"{\"a\": [-9223372036854775808, 9223372036854775807, 18446744073709551615]}",
		 "{\"a\":[-9223372036854775808,9223372036854775807,18446744073709551615]}"},
		{"{\"a\": [0.5, 1.50, 1e3, -0.0]}", "{\"a\":[0.5,1.50,1e3,-0.0]}"},
		{"{\"a\": \"\\u0000\\u0001\\b\\f\\n\\r\\t\\\"\\\\\\/\\u001f\\u007f\"}",
		 "{\"a\":\"\\u0000\\u0001\\b\\f\\n\\r\\t\\\"\\\\\\/\\u001f\x7f\"}"},
		{"{\"\\u00e9/\\n\": \"\\ud83d\\ude00\"}", "{\"\xc3\xa9\\/\\n\":\"\xf0\x9f\x98\x80\"}"},
		{"null", NULL},
		/* A map or nothing: so it is promised. */
		{"[ ]", NULL},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		static char body[1000];
		struct points points;
		(void)snprintf(body, sizeof(body), ANSWER("{\"timestampMs\":1000,\"eventCountMap\":%s}"), rows[row].map);
		points_init(&points);
		parse_well(&points, body);
		expect_text(rows[row].expected, points_text(&points, points.list[0].event_counts), "%s", rows[row].map);
		points_done(&points);
	}
}

/* It may hold counts, in a form that is not known: that is not the same as none. */
static void what_is_no_map_of_counts_is_a_failure(void **state) {
	(void)state;
	static const char *const maps[] = {"7", "\"7\"", "\"\"", "true", "false", "[7]", "[null]", "2.5"};
	struct points points;
	points_init(&points);
	for (size_t i = 0; i < COUNT_OF(maps); i++) {
		static char body[1000];
		struct error err = {{0}};
		(void)snprintf(body, sizeof(body), MAP("{\"a\":1}},{\"timestampMs\":2000,\"eventCountMap\":%s"), maps[i]);
		expect_int(-EBADMSG, parse(&points, body, NULL, &err), "%s", maps[i]);
		expect_text("an eventCountMap is not an object", err.text, "%s", maps[i]);
		/* The next answer is one of its own. */
		parse_well(&points, MAP("{\"a\":1}"));
	}
	parse_well(&points, ANSWER("{\"timestampMs\":1,\"reportingDevicesMap\":[1],\"approximateTimestampMsMap\":7}"));
	expect_text(NULL, points_text(&points, points.list[0].reporting_devices), "an array of devices");
	expect_text(NULL, points_text(&points, points.list[0].approximate_timestamps_ms), "a number of times");
	points_done(&points);
}

static void a_warning_is_kept_bounded_and_escaped(void **state) {
	(void)state;
	static char body[3000], long_text[2000];
	struct points points;
	points_init(&points);
	parse_well(&points, "{\"warningMsg\":\"line one\\nline \\u001b[31mtwo\",\"timeSeriesDataPoints\":[]}");
	expect_int(true, points.has_warning, "has_warning");
	expect_text("line one line \\x1b[31mtwo", points.warning, "warning");

	memset(long_text, 'w', sizeof(long_text) - 1);
	(void)snprintf(body, sizeof(body), "{\"warningMsg\":\"%s\",\"timeSeriesDataPoints\":[]}", long_text);
	parse_well(&points, body);
	expect_between(300, MESSAGE_SIZE - 1, strlen(points.warning), "length");

	/* A message of an error, beside points, is kept where it is the only one. */
	parse_well(&points, "{\"errorMsg\":\"one camera is away\",\"warningMsg\":\"\","
	                    "\"timeSeriesDataPoints\":[{\"timestampMs\":1000,\"eventCountMap\":{\"a\":1}}]}");
	expect_text("one camera is away", points.warning, "errorMsg with a point");
	expect_int(1, points.list[0].count, "count");
	parse_well(&points, "{\"errorMsg\":\"one camera is away\",\"warningMsg\":\"careful\",\"timeSeriesDataPoints\":[{}]}");
	expect_text("careful", points.warning, "both");

	/* The next reply's has none. */
	parse_well(&points, ANSWER(""));
	expect_int(false, points.has_warning, "has_warning");
	points_done(&points);
}

static void an_error_with_200_is_a_failure_with_its_message(void **state) {
	(void)state;
	static const struct {
		const char *body, *named;
	} rows[] = {
		{"{\"error\":true,\"errorMsg\":\"try later\",\"timeSeriesDataPoints\":[]}", "try later"},
		{"{\"error\":true,\"errorMsg\":null,\"message\":\"no region\"}", "no region"},
		{"{\"error\":true,\"errorMsg\":\"\",\"detail\":\"d\"}", ": d"},
		{"{\"error\":true}", "error:true"},
		/* A message without points is one, whatever the flag says; and the flag may be more than a flag. */
		{"{\"error\":false,\"errorMsg\":\"no region\",\"timeSeriesDataPoints\":[]}", "no region"},
		{"{\"errorMsg\":\"no region\",\"timeSeriesDataPoints\":null}", "no region"},
		{"{\"errorMsg\":\"no region\"}", "no region"},
		{"{\"error\":{\"code\":7,\"message\":\"asleep\"},\"timeSeriesDataPoints\":[]}", "asleep"},
		{"{\"error\":\"asleep\",\"timeSeriesDataPoints\":[]}", "asleep"},
		{"{\"error\":\"true\",\"timeSeriesDataPoints\":[]}", "true"},
		{"{\"error\":true,\"errorMsg\":\"a\\u0007b\",\"timeSeriesDataPoints\":[{\"timestampMs\":1}]}",
		 "a\\x07b"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct points points;
		struct error err = {{0}};
		points_init(&points);
		expect_int(-EREMOTEIO, parse(&points, rows[row].body, NULL, &err), "%s", rows[row].body);
		expect_int(1, strstr(err.text, rows[row].named) != NULL, "row %zu: \"%s\" stands in \"%s\"", row,
		           rows[row].named, err.text);
		points_done(&points);
	}
}

static void lack_of_memory_is_not_bad_json(void **state) {
	(void)state;
	struct points points;
	struct error err = {{0}};
	char message[MESSAGE_SIZE];
	points_init(&points);
	memory_is_short = true;
	expect_int(-ENOMEM, parse(&points, ANSWER(""), NULL, &err), "an answer");
	parse_message("{\"msg\":\"no\"}", 12, message);
	memory_is_short = false;
	expect_text("out of memory", err.text, "sentence");
	expect_text("{\"msg\":\"no\"}", message, "a message, as it came");
	points_done(&points);
}

/* Each byte where a value is wanted; a control character is no white space. */
static void a_byte_out_of_its_place_is_named(void **state) {
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		if (byte > 0 && strchr("\"-0123456789[{:,]}\t\n\r ", byte)) {
			continue;
		}
		static const struct {
			const char *before, *after;
		} places[] = {{"[", "1]"}, {"[1,", "]"}, {"[1 ", "]"}, {"[1, ", "2]"}};
		for (size_t i = 0; i < COUNT_OF(places); i++) {
			struct points points;
			struct error err = {{0}};
			char body[16], said[80];
			int len = snprintf(body, sizeof(body), "%s%c%s", places[i].before, byte, places[i].after);
			(void)snprintf(said, sizeof(said), "the answer is not JSON: unexpected character at byte %zu",
			               strlen(places[i].before));
			points_init(&points);
			expect_int(-EBADMSG, parse_points(&points, body, (size_t)len, NULL, &err), "0x%02x behind %s", byte, places[i].before);
			expect_text(said, err.text, "0x%02x behind %s", byte, places[i].before);
			points_done(&points);
		}
	}
}

static void what_is_no_such_json_is_a_failure(void **state) {
	(void)state;
	static const char *const bodies[] = {
		"",
		" ",
		"null",
		"7",
		"\"text\"",
		"[]",
		"[{\"timeSeriesDataPoints\":[]}]",
		"{}",
		"{\"error\":false}",
		"{\"timeSeriesDataPoints\":{}}",
		"{\"timeSeriesDataPoints\":\"[]\"}",
		"{\"timeSeriesDataPoints\":0}",
		"<html><body>Sign in to the guest network</body></html>",
		"Too many api requests. Enhance your calm.",
		/* A byte order mark is at the front, once, or nowhere. */
		"\xef\xbb\xbf",
		"\xef\xbb\xbf\xef\xbb\xbf{\"timeSeriesDataPoints\":[]}",
		" \xef\xbb\xbf{\"timeSeriesDataPoints\":[]}",
		"{\"timeSeriesDataPoints\":[]}\xef\xbb\xbf",
		/* Cut off, wherever. */
		"{",
		"{\"timeSeriesDataPoints\":[{\"timestampMs\":1000",
		"{\"timeSeriesDataPoints\":[{\"timestampMs\":1000}",
		"{\"timeSeriesDataPoints\":[]",
		"{\"timeSeriesDataPoi",
		/* More than an answer. */
		ANSWER("") "<!-- cached -->",
		ANSWER("") ANSWER(""),
		ANSWER("") "\n7",
		ANSWER("") "//",
		ANSWER("") "\xc3\xa9",
		/* Not UTF-8: a stray byte, overlong forms, one cut off, a surrogate, beyond the last. */
		"{\"x\":\"\xff\",\"timeSeriesDataPoints\":[]}",
		"{\"x\":\"\xc0\xaf\",\"timeSeriesDataPoints\":[]}",
		"{\"x\":\"\xe0\x80\xaf\",\"timeSeriesDataPoints\":[]}",
		"{\"x\":\"\xc3\",\"timeSeriesDataPoints\":[]}",
		"{\"x\":\"\xed\xa0\x80\",\"timeSeriesDataPoints\":[]}",
		"{\"x\":\"\xf4\x90\x80\x80\",\"timeSeriesDataPoints\":[]}",
		/* Numbers and texts that are no JSON, though some parsers read them. */
		MAP("{\"a\":NaN}"),
		MAP("{\"a\":-NaN}"),
		MAP("{\"a\":nan}"),
		MAP("{\"a\":Infinity}"),
		MAP("{\"a\":-Infinity}"),
		MAP("{\"a\":1.}"),
		MAP("{\"a\":.5}"),
		MAP("{\"a\":007}"),
		MAP("{\"a\":0x10}"),
		MAP("{\"a\":1,}"),
		MAP("{'a':1}"),
		MAP("{a:1}"),
		MAP("{/* three */\"a\":3}"),
	};
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct points points;
		struct error err = {{0}};
		points_init(&points);
		expect_int(-EBADMSG, parse(&points, bodies[i], NULL, &err), "body %zu", i);
		expect_int(1, err.text[0] != '\0', "body %zu: there is a sentence", i);
		points_done(&points);
	}
}

/*
 * What each value becomes, as a map and where nobody looks: the same with every
 * json-c, whose strict mode has refused more from one version to the next.
 * NULL: the whole answer is refused.
 */
static void what_is_json_is_decided_here(void **state) {
	(void)state;
	static const struct {
		const char *value, *expected;
	} rows[] = {
		/* Beyond ASCII: e with an accent, a smiling face, U+FFFD, the first and last of each length. */
		{"\"caf\xc3\xa9\"", "\"caf\xc3\xa9\""},
		{"\"\xf0\x9f\x98\x80\"", "\"\xf0\x9f\x98\x80\""},
		{"\"\xef\xbf\xbd\"", "\"\xef\xbf\xbd\""},
		{"\"\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf\"",
		 "\"\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf\""},
		{"\"\xef\xbb\xbf\"", "\"\xef\xbb\xbf\""},
		{"{\"\xc3\xa9\":\"\xc3\xa9\",\"\xf0\x9f\x98\x80\":[]}", "{\"\xc3\xa9\":\"\xc3\xa9\",\"\xf0\x9f\x98\x80\":[]}"},
		{"\xc3\xa9", NULL},
		{"\xc2\xa0" "1", NULL},
		{"\xef\xbb\xbf" "1", NULL},
		/* Bytes that are not UTF-8: a lone continuation, overlong, a surrogate, cut off, beyond the last. */
		{"\"\x80\"", NULL},
		{"\"a\xbf" "b\"", NULL},
		{"\"\xc0\xaf\"", NULL},
		{"\"\xc1\xbf\"", NULL},
		{"\"\xe0\x9f\xbf\"", NULL},
		{"\"\xf0\x8f\xbf\xbf\"", NULL},
		{"\"\xed\xa0\x80\"", NULL},
		{"\"\xed\xa0\xbd\xed\xb8\x80\"", NULL},
		{"\"\xc3\"", NULL},
		{"\"\xe2\x82\"", NULL},
		{"\"\xf0\x9f\x98\"", NULL},
		{"\"\xc3" "a\"", NULL},
		{"\"\xc3\\u0041\"", NULL},
		{"\"\xf4\x90\x80\x80\"", NULL},
		{"\"\xf8\x88\x80\x80\x80\"", NULL},
		{"\"\xff\"", NULL},
		{"{\"\xff\":1}", NULL},
		/* Controls, as they are and escaped: not for JSON, but no harm. */
		{"\"a\tb\nc\rd\001e\037f\177\"", "\"a\\tb\\nc\\rd\\u0001e\\u001ff\177\""},
		{"{\"a\tb\":1}", "{\"a\\tb\":1}"},
		{"\"\\u0000\\u001f\\b\\f\\n\\r\\t\\/\\\\\\\"\"", "\"\\u0000\\u001f\\b\\f\\n\\r\\t\\/\\\\\\\"\""},
		{"\x0b" "1", NULL},
		{"\x0c" "1", NULL},
		{"\x01", NULL},
		/* Escapes; half a pair is no character. */
		{"\"\\u00e9\\u20AC\\uD83D\\uDE00\"", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"\"\\ud83d\"", "\"\xef\xbf\xbd\""},
		{"\"\\ude00\"", "\"\xef\xbf\xbd\""},
		{"\"\\ud83dx\\ud83d\\n\\ude00\\ud83d\"", "\"\xef\xbf\xbdx\xef\xbf\xbd\\n\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\"\\u12\"", NULL},
		{"\"\\u00g0\"", NULL},
		{"\"\\x41\"", NULL},
		{"\"\\\xc3\xa9\"", NULL},
		/* Numbers: of those beyond 64 bits the nearest. */
		{"[9223372036854775807,9223372036854775808]", "[9223372036854775807,9223372036854775808]"},
		{"[18446744073709551615,18446744073709551616]", "[18446744073709551615,18446744073709551615]"},
		{"[-9223372036854775808,-9223372036854775809]", "[-9223372036854775808,-9223372036854775808]"},
		{"[99999999999999999999999999999999999999999]", "[18446744073709551615]"},
		{"[-99999999999999999999999999999999999999999]", "[-9223372036854775808]"},
		{"[99999999999999999999.0,1e400,-1E+400,1e-400]", "[99999999999999999999.0,1e400,-1E+400,1e-400]"},
		{"[0,-0,0.0,-0.5,0e0,10,1.50,1E5]", "[0,0,0.0,-0.5,0e0,10,1.50,1E5]"},
		{"00", NULL},
		{"007", NULL},
		{"-007", NULL},
		{"01.5", NULL},
		{"+1", NULL},
		{"-", NULL},
		{"--1", NULL},
		{"1.", NULL},
		{"1.e5", NULL},
		{".5", NULL},
		{"-.5", NULL},
		{"1e", NULL},
		{"1e+", NULL},
		{"1.5.5", NULL},
		{"1e5e5", NULL},
		{"1-1", NULL},
		{"0x10", NULL},
		{"1_000", NULL},
		{"1 000", NULL},
		/* Words. */
		{"[true,false,null]", "[true,false,null]"},
		{"NaN", NULL},
		{"nan", NULL},
		{"-NaN", NULL},
		{"Infinity", NULL},
		{"-Infinity", NULL},
		{"-inf", NULL},
		{"NULL", NULL},
		{"nul", NULL},
		{"nulll", NULL},
		{"True", NULL},
		{"truE", NULL},
		{"falsE", NULL},
		{"undefined", NULL},
		/* What goes between. */
		{" \t\r\n[ 1 ,\n2 ] ", "[1,2]"},
		{"[1,]", NULL},
		{"[1, \n]", NULL},
		{"[,1]", NULL},
		{"[1,,2]", NULL},
		{"[1 2]", NULL},
		{"[1}", NULL},
		{"{\"a\":1,}", NULL},
		{"{\"a\":1, }", NULL},
		{"{,}", NULL},
		{"{\"a\"}", NULL},
		{"{\"a\" 1}", NULL},
		{"{\"a\":1:2}", NULL},
		{"{a:1}", NULL},
		{"{1:1}", NULL},
		{"{'a':1}", NULL},
		{"'a'", NULL},
		{"1/* one */", NULL},
		{"/* one */1", NULL},
		{"1//\n", NULL},
		{"#\n1", NULL},
		{"[\",]\",\",}\",\"//\",\"'NaN'\"]", "[\",]\",\",}\",\"\\/\\/\",\"'NaN'\"]"},
		/* Of members of one name the last stands, in the first one's place. */
		{"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"},
	};
	static const struct {
		const char *before, *after;
	} places[] = {
		{"{\"timeSeriesDataPoints\":[{\"timestampMs\":1000,\"eventCountMap\":{\"a\":7},\"reportingDevicesMap\":{\"m\":", "}}]}"},
		{"{\"timeSeriesDataPoints\":[{\"unknown\":", ",\"timestampMs\":1000,\"eventCountMap\":{\"a\":7}}]}"},
		{"{\"unknown\":[", "],\"timeSeriesDataPoints\":[{\"timestampMs\":1000,\"eventCountMap\":{\"a\":7}}]}"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		for (size_t place = 0; place < COUNT_OF(places); place++) {
			char body[400], map[200];
			struct points points;
			struct error err = {{0}};
			bool good = rows[row].expected;
			points_init(&points);
			(void)snprintf(body, sizeof(body), "%s%s%s", places[place].before, rows[row].value,
			               places[place].after);
			expect_int(good ? 0 : -EBADMSG, parse(&points, body, NULL, &err), "%s: %s", body, err.text);
			if (good) {
				expect_int(1, points.len, "%s: points", body);
				expect_int(COUNT_ONE, points.list[0].kind, "%s: kind", body);
				expect_int(7, points.list[0].count, "%s: count", body);
				(void)snprintf(map, sizeof(map), "{\"m\":%s}", rows[row].expected);
				expect_text(place == 0 ? map : NULL,
				            points_text(&points, points.list[0].reporting_devices), "%s", body);
			} else {
				expect_int(1, strstr(err.text, "the answer is not JSON: ") == err.text, "%s: \"%s\"", body,
				           err.text);
			}
			points_done(&points);
		}
	}
}

static void json_words_inside_strings_are_no_fault(void **state) {
	(void)state;
	struct points points;
	points_init(&points);
	parse_well(&points, "{\"x\":\"NaN, 'Infinity' \\\" N. I. \xf0\x9f\x98\x80\\\\\","
	                    "\"timeSeriesDataPoints\":[]}");
	points_done(&points);
}

static void a_nul_inside_the_body_ends_nothing(void **state) {
	(void)state;
	static const char body[] = "{\"timeSeriesDataPoints\":[]}\0{";
	struct points points;
	struct error err;
	points_init(&points);
	expect_int(-EBADMSG, parse_points(&points, body, sizeof(body) - 1, NULL, &err), "with a NUL behind");
	static const char inside[] = "{\"timeSeriesDataPoints\":[],\"x\":\"a\0b\"}";
	expect_int(-EBADMSG, parse_points(&points, inside, sizeof(inside) - 1, NULL, &err), "with a NUL inside");
	expect_text("the answer is not JSON: unexpected character at byte 33", err.text, "a NUL inside");
	points_done(&points);
}

/* open, 10,000 deep, inside of what is ignored as well. */
static void deep_nesting_is_refused_without_harm(void **state) {
	(void)state;
	static const struct {
		const char *before, *open, *close, *after;
	} rows[] = {
		{"", "[", "]", ""},
		{"", "{\"a\":", "}", ""},
		{"{\"timeSeriesDataPoints\":", "[", "]", "}"},
		{"{\"timeSeriesDataPoints\":[],\"x\":", "[", "]", "}"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct buf body;
		struct points points;
		struct error err = {{0}};
		buf_init(&body, 1 << 20);
		points_init(&points);
		buf_puts(&body, rows[row].before);
		for (int i = 0; i < 10000; i++) {
			buf_puts(&body, rows[row].open);
		}
		buf_puts(&body, "1");
		for (int i = 0; i < 10000; i++) {
			buf_puts(&body, rows[row].close);
		}
		buf_puts(&body, rows[row].after);
		expect_int(-EBADMSG, parse(&points, buf_text(&body), NULL, &err), "row %zu", row);
		expect_int(1, err.text[0] != '\0', "row %zu: there is a sentence", row);
		points_done(&points);
		buf_done(&body);
	}
}

/* The tree of the smallest objects takes hundreds of times the text. */
static void an_answer_of_too_many_values_is_refused(void **state) {
	(void)state;
	static const struct {
		const char *piece;
		int most; /* of them, that are read */
	} rows[] = {{"{},", 222000}, {"[],", 222000}, {"1,", 1999000}};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		for (int more = 0; more < 2; more++) {
			struct buf body;
			struct points points;
			struct error err = {{0}};
			buf_init(&body, 8 << 20);
			points_init(&points);
			buf_puts(&body, "{\"x\":[");
			for (int i = 0; i < rows[row].most + 2000 * more; i++) {
				buf_puts(&body, rows[row].piece);
			}
			buf_puts(&body, "1],\"timeSeriesDataPoints\":[]}");
			expect_int(more ? -EBADMSG : 0, parse(&points, buf_text(&body), NULL, &err), "row %zu: %s", row,
			           err.text);
			expect_text(more ? "the answer holds too many values" : "", err.text, "row %zu", row);
			points_done(&points);
			buf_done(&body);
		}
	}
}

static void a_large_answer_is_read(void **state) {
	(void)state;
	enum { POINTS = 20000 };
	struct buf body;
	struct points points;
	buf_init(&body, 8 << 20);
	points_init(&points);
	buf_puts(&body, "{\"timeSeriesDataPoints\":[");
	for (int i = 0; i < POINTS; i++) {
		buf_printf(&body, "%s{\"timestampMs\":%d,\"eventCountMap\":{\"PEOPLE\":%d},\"dateUtc\":\"%d\"}",
		           i > 0 ? "," : "", i, i, i);
	}
	buf_puts(&body, "]}");
	parse_well(&points, buf_text(&body));
	expect_int(POINTS, points.len, "points");
	for (int i = 0; i < POINTS; i += 997) {
		char date[16];
		(void)snprintf(date, sizeof(date), "%d", i);
		expect_int(i, points.list[i].count, "count %d", i);
		expect_text(date, points_text(&points, points.list[i].date_utc), "date %d", i);
	}
	points_done(&points);
	buf_done(&body);
}

static void points_are_used_again_without_traces(void **state) {
	(void)state;
	struct points points;
	struct error err;
	points_init(&points);
	parse_well(&points, ANSWER("{\"timestampMs\":1,\"eventCountMap\":{\"a\":1}},null"));
	expect_int(-EBADMSG, parse(&points, "<html>", NULL, &err), "a failure");
	expect_int(0, points.len, "points after a failure");
	parse_well(&points, ANSWER("{\"timestampMs\":2}"));
	expect_int(1, points.len, "points");
	expect_int(0, points.dropped, "dropped");
	expect_int(COUNT_NONE, points.list[0].kind, "kind");
	points_done(&points);
}

static void the_message_of_an_error_reply(void **state) {
	(void)state;
	static const struct {
		const char *body, *expected;
	} rows[] = {
		{"", ""},
		{"Invalid api key", "Invalid api key"},
		{"{\"msg\":\"Access Denied\"}", "Access Denied"},
		/* The first of the fields counts, not the first in the body. */
		{"{\"detail\":\"6\",\"status\":\"5\",\"error\":\"4\",\"msg\":\"3\",\"message\":\"2\",\"errorMsg\":\"1\"}",
		 "1"},
		{"{\"detail\":\"6\",\"status\":\"5\",\"error\":\"4\",\"msg\":\"3\",\"message\":\"2\"}", "2"},
		{"{\"detail\":\"6\",\"status\":\"5\",\"error\":\"4\",\"msg\":\"3\"}", "3"},
		{"{\"detail\":\"6\",\"status\":\"5\",\"error\":\"4\"}", "4"},
		{"{\"detail\":\"6\",\"status\":\"5\",\"error\":true}", "5"},
		{"{\"detail\":\"6\",\"status\":403}", "6"},
		{"{\"errorMsg\":\"\",\"msg\":\"m\"}", "m"},
		{"{\"errorMsg\":null,\"msg\":\"m\"}", "m"},
		/* Nothing of the kind: the raw text. */
		{"{\"authenticationFailed\": true}", "{\"authenticationFailed\": true}"},
		{"[\"msg\"]", "[\"msg\"]"},
		{"{\"msg\":\"cut o", "{\"msg\":\"cut o"},
		{"a\nb\tc\x01\xff", "a b c\\x01\\xff"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char message[MESSAGE_SIZE];
		parse_message(rows[row].body, strlen(rows[row].body), message);
		expect_text(rows[row].expected, message, "row %zu", row);
	}
}

static void a_long_message_is_cut(void **state) {
	(void)state;
	static char body[100000];
	char message[MESSAGE_SIZE];
	memset(body, 'm', sizeof(body));
	parse_message(body, sizeof(body), message);
	expect_int(MESSAGE_SIZE - 1, strlen(message), "length");
	expect_text("mmm...", message + strlen(message) - 6, "the end");
}

static void a_list_is_found_by_its_name(void **state) {
	static const struct {
		const char *body;
		int expected, count; /* or a part of the sentence: */
		const char *text;
	} rows[] = {
		{"{\"cameras\":[1,2],\"errorMsg\":\"a warning\"}", 0, 2, NULL},
		{"\xef\xbb\xbf{\"cameras\":[],\"error\":false,\"errorMsg\":null,\"nextPageToken\":\"\"}", 0, 0, NULL},
		{"{\"cameras\":null}", 0, 0, NULL},
		{"{\"cameras\":[],\"errorMsg\":\"asleep\"}", -EREMOTEIO, 0, "the server says: asleep"},
		{"{\"cameras\":[1],\"error\":true}", -EREMOTEIO, 0, "the server says error:true without a message"},
		{"{\"cameras\":[1],\"nextPageToken\":\"x\"}", -EBADMSG, 0, "nextPageToken says that there is more"},
		{"{\"Cameras\":[]}", -EBADMSG, 0, "the answer has no cameras"},
		{"{\"cameras\":{}}", -EBADMSG, 0, "cameras is not an array"},
		{"[]", -EBADMSG, 0, "the answer is JSON, but not an object"},
		{"<html>", -EBADMSG, 0, "the answer is not JSON"},
		{"", -EBADMSG, 0, "the answer is cut off JSON"},
	};
	(void)state;
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct json_object *root = NULL;
		struct error err = {{0}};
		int r = parse_list(rows[row].body, strlen(rows[row].body), "cameras", &root, &err);
		expect_int(rows[row].expected, r, "row %zu: %s", row, err.text);
		expect_part(rows[row].text ? rows[row].text : "", err.text, "row %zu", row);
		expect_int(rows[row].count, json_count(json_member(root, "cameras")), "row %zu", row);
		json_free(root);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_answer_is_read_whole),
		cmocka_unit_test(a_count_is_chosen_and_never_invented),
		cmocka_unit_test(numbers_come_in_several_shapes),
		cmocka_unit_test(every_field_of_a_point_may_be_null),
		cmocka_unit_test(the_time_is_the_timestamp_or_else_the_utc_date),
		cmocka_unit_test(a_timestamp_that_is_no_number_is_kept_to_be_shown),
		cmocka_unit_test(points_without_a_time_are_told_apart_by_what_they_say),
		cmocka_unit_test(a_token_for_the_next_page_says_that_there_is_more),
		cmocka_unit_test(answers_without_points_are_no_failure),
		cmocka_unit_test(elements_that_are_no_points_are_dropped_and_counted),
		cmocka_unit_test(the_order_of_points_is_kept),
		cmocka_unit_test(maps_and_dates_go_through_untouched),
		cmocka_unit_test(maps_are_written_compactly),
		cmocka_unit_test(what_is_no_map_of_counts_is_a_failure),
		cmocka_unit_test(a_warning_is_kept_bounded_and_escaped),
		cmocka_unit_test(an_error_with_200_is_a_failure_with_its_message),
		cmocka_unit_test(lack_of_memory_is_not_bad_json),
		cmocka_unit_test(a_byte_out_of_its_place_is_named),
		cmocka_unit_test(what_is_no_such_json_is_a_failure),
		cmocka_unit_test(what_is_json_is_decided_here),
		cmocka_unit_test(json_words_inside_strings_are_no_fault),
		cmocka_unit_test(a_nul_inside_the_body_ends_nothing),
		cmocka_unit_test(deep_nesting_is_refused_without_harm),
		cmocka_unit_test(an_answer_of_too_many_values_is_refused),
		cmocka_unit_test(a_large_answer_is_read),
		cmocka_unit_test(points_are_used_again_without_traces),
		cmocka_unit_test(the_message_of_an_error_reply),
		cmocka_unit_test(a_long_message_is_cut),
		cmocka_unit_test(a_list_is_found_by_its_name),
	};
	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
