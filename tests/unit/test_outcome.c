// SPDX-License-Identifier: ISC

/* response/outcome.h: what a reply means. */

#include "fixture.h"

#include "response/outcome.h"

#include <errno.h>
#include <limits.h>

#define WALL at("2026-11-23T08:00:00Z")

static const char *const outcome_names[] = {
	[OUTCOME_OK] = "ok",
	[OUTCOME_FAILING] = "failing",
	[OUTCOME_THROTTLED] = "throttled",
	[OUTCOME_REFUSED] = "refused",
	[OUTCOME_REJECTED] = "rejected",
	[OUTCOME_SERVER_ERROR] = "server error",
	[OUTCOME_TRANSIENT] = "transient",
	[OUTCOME_TOO_LARGE] = "too large",
	[OUTCOME_NO_MEMORY] = "no memory",
};

static struct verdict judge(enum http_result result, long status, const char *body, const char *retry_after,
                            int parsed, const char *sentence) {
	char *copy = strdup(body);
	expect_not_null(copy);
	struct http_reply reply = {
		.result = result,
		.status = status,
		.body = copy,
		.body_len = strlen(body),
		.retry_after = retry_after,
		.error = result == HTTP_REPLIED ? "No error" : "what libcurl said",
	};
	struct error err = {{0}};
	struct verdict verdict;
	(void)snprintf(err.text, sizeof(err.text), "%s", sentence);
	outcome_judge(&reply, parsed, &err, WALL, &verdict);
	free(copy);
	return verdict;
}

/* The table of the design, row by row. */
static void every_reply_has_its_outcome(void **state) {
	(void)state;
	static const struct {
		enum http_result result;
		long status;
		int parsed;
		enum outcome expected;
		usec_t wait;
		bool slow;
	} rows[] = {
		{HTTP_REPLIED, 200, 0, OUTCOME_OK, 0, false},
		{HTTP_REPLIED, 200, -EREMOTEIO, OUTCOME_FAILING, 0, false},
		{HTTP_REPLIED, 200, -EBADMSG, OUTCOME_FAILING, 0, false},
		{HTTP_REPLIED, 200, -ENOMEM, OUTCOME_NO_MEMORY, 0, false},
		{HTTP_NO_MEMORY, 200, 0, OUTCOME_NO_MEMORY, 0, false},
		{HTTP_NO_MEMORY, 404, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_NO_MEMORY, 429, 0, OUTCOME_THROTTLED, 7 * USEC_PER_SEC, false},
		{HTTP_CUT_OFF, 200, 0, OUTCOME_FAILING, 0, false},
		{HTTP_REPLIED, 429, 0, OUTCOME_THROTTLED, 7 * USEC_PER_SEC, false},
		{HTTP_CUT_OFF, 429, 0, OUTCOME_THROTTLED, 7 * USEC_PER_SEC, false},
		{HTTP_REPLIED, 401, 0, OUTCOME_REFUSED, 0, false},
		{HTTP_REPLIED, 403, 0, OUTCOME_REFUSED, 0, false},
		{HTTP_CUT_OFF, 403, 0, OUTCOME_REFUSED, 0, false},
		{HTTP_REPLIED, 400, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_REPLIED, 402, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_REPLIED, 404, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_REPLIED, 405, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_REPLIED, 418, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_REPLIED, 499, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_CUT_OFF, 404, 0, OUTCOME_REJECTED, 0, false},
		/* The one 4xx that is about the way: a proxy lost patience. */
		{HTTP_REPLIED, 408, 0, OUTCOME_TRANSIENT, 0, true},
		{HTTP_REPLIED, 500, 0, OUTCOME_SERVER_ERROR, 0, false},
		{HTTP_CUT_OFF, 500, 0, OUTCOME_SERVER_ERROR, 0, false},
		{HTTP_REPLIED, 502, 0, OUTCOME_TRANSIENT, 0, false},
		/* Each row has a Retry-After of 7. */
		{HTTP_REPLIED, 503, 0, OUTCOME_THROTTLED, 7 * USEC_PER_SEC, false},
		{HTTP_REPLIED, 504, 0, OUTCOME_TRANSIENT, 0, true},
		{HTTP_CUT_OFF, 503, 0, OUTCOME_THROTTLED, 7 * USEC_PER_SEC, false},
		{HTTP_SLOW, 0, 0, OUTCOME_TRANSIENT, 0, true},
		{HTTP_SLOW, 200, 0, OUTCOME_TRANSIENT, 0, true},
		{HTTP_UNREACHABLE, 0, 0, OUTCOME_TRANSIENT, 0, false},
		{HTTP_TOO_LARGE, 200, 0, OUTCOME_TOO_LARGE, 0, false},
		/* Redirects are never followed, and other kinds of success are not this API's. */
		{HTTP_REPLIED, 301, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_REPLIED, 302, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_REPLIED, 307, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_REPLIED, 308, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_REPLIED, 201, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_REPLIED, 204, 0, OUTCOME_REJECTED, 0, false},
		/* Numbers that are no status at all. */
		{HTTP_REPLIED, 999, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_REPLIED, 1000, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_REPLIED, LONG_MAX, 0, OUTCOME_REJECTED, 0, false},
		{HTTP_REPLIED, -1, 0, OUTCOME_REJECTED, 0, false},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct verdict verdict = judge(rows[row].result, rows[row].status, "", "7", rows[row].parsed,
		                               "the parser's sentence");
		expect_text(outcome_names[rows[row].expected], outcome_names[verdict.outcome],
		            "row %zu: result %d, status %ld", row, (int)rows[row].result, rows[row].status);
		expect_int(rows[row].wait, verdict.wait, "row %zu: wait", row);
		expect_int(rows[row].slow, verdict.slow, "row %zu: slow", row);
		expect_int(rows[row].expected == OUTCOME_OK, verdict.reason[0] == '\0',
		           "row %zu: no reason: \"%s\"", row, verdict.reason);
	}
}

/* Without a Retry-After a 503 is a server that is not there at the moment. */
static void a_503_without_retry_after_is_transient(void **state) {
	(void)state;
	struct verdict verdict = judge(HTTP_REPLIED, 503, "", NULL, 0, "");
	expect_text(outcome_names[OUTCOME_TRANSIENT], outcome_names[verdict.outcome], "outcome");
	expect_int(0, verdict.wait, "wait");
}

/* A body over the cap says nothing about the span when the status is not 200. */
static void an_error_reply_over_the_cap_is_judged_by_its_status(void **state) {
	(void)state;
	static const struct {
		long status;
		enum outcome expected;
	} rows[] = {
		{429, OUTCOME_THROTTLED}, {401, OUTCOME_REFUSED},   {404, OUTCOME_REJECTED},
		{500, OUTCOME_SERVER_ERROR}, {502, OUTCOME_TRANSIENT},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct verdict verdict = judge(HTTP_TOO_LARGE, rows[row].status, "", "7", 0, "");
		expect_text(outcome_names[rows[row].expected], outcome_names[verdict.outcome], "status %ld",
		            rows[row].status);
		expect_int(rows[row].status == 429 ? 7 * USEC_PER_SEC : 0, verdict.wait, "status %ld: wait",
		           rows[row].status);
	}
}

static void the_reason_is_what_was_said(void **state) {
	(void)state;
	static const struct {
		enum http_result result;
		long status;
		const char *body, *expected;
	} rows[] = {
		{HTTP_REPLIED, 403, "Invalid api key", "HTTP 403: Invalid api key"},
		{HTTP_REPLIED, 403, "{\"msg\":\"Access Denied\"}", "HTTP 403: Access Denied"},
		{HTTP_REPLIED, 400, "{\"msg\":\"JSON doesn't match expected object structure\"}",
		 "HTTP 400: JSON doesn't match expected object structure"},
		{HTTP_REPLIED, 401, "{\"authenticationFailed\": true}",
		 "HTTP 401: {\"authenticationFailed\": true}"},
		{HTTP_REPLIED, 429, "Too many api requests. Enhance your calm.",
		 "HTTP 429: Too many api requests. Enhance your calm."},
		{HTTP_REPLIED, 500, "", "HTTP 500"},
		{HTTP_REPLIED, 502, "<html>\r\n\t<b>bad\x1b[31m gateway</b>",
		 "HTTP 502: <html> <b>bad\\x1b[31m gateway</b>"},
		{HTTP_REPLIED, 200, "", "the parser's sentence"},
		{HTTP_UNREACHABLE, 0, "", "what libcurl said"},
		{HTTP_SLOW, 0, "", "what libcurl said"},
		{HTTP_CUT_OFF, 200, "{\"a", "what libcurl said"},
		{HTTP_TOO_LARGE, 200, "", "the answer is larger than 8 MiB"},
		{HTTP_NO_MEMORY, 200, "", "out of memory"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct verdict verdict = judge(rows[row].result, rows[row].status, rows[row].body, NULL,
		                               -EBADMSG, "the parser's sentence");
		expect_text(rows[row].expected, verdict.reason, "row %zu", row);
	}
}

static void a_huge_message_is_cut(void **state) {
	(void)state;
	static char body[100000];
	memset(body, 'x', sizeof(body) - 1);
	struct verdict verdict = judge(HTTP_REPLIED, 500, body, NULL, 0, "");
	size_t len = strlen(verdict.reason);
	expect_between(300, MESSAGE_SIZE + 10, len, "length");
	expect_text("...", verdict.reason + len - 3, "the end");
}

/* It is 08:00:00 on Monday, 23 November 2026. */
static void retry_after_is_seconds_or_a_date_within_bounds(void **state) {
	(void)state;
	static const struct {
		const char *value;
		int seconds;
	} rows[] = {
		{NULL, 60},
		/* Seconds. */
		{"1", 1},
		{"60", 60},
		{"007", 7},
		{"3600", 3600},
		{"0", 1},
		{"3601", 3600},
		{"86400", 3600},
		{"9223372036854775807", 3600},
		{"9223372036854775808", 3600},
		{"99999999999999999999999999999999999", 3600},
		/* As the header comes: with blanks and the end of its line. */
		{" 30", 30},
		{" \t30 \r\n", 30},
		{"30\r\n", 30},
		/* Dates. */
		{"Mon, 23 Nov 2026 08:00:45 GMT", 45},
		{" Mon, 23 Nov 2026 08:10:00 GMT\r\n", 600},
		{"Mon, 23 Nov 2026 09:00:00 GMT", 3600},
		{"Tue, 24 Nov 2026 08:00:00 GMT", 3600},
		{"Fri, 31 Dec 9999 23:59:59 GMT", 3600},
		{"Mon, 23 Nov 2026 08:00:00 GMT", 1},
		{"Mon, 23 Nov 2026 07:59:00 GMT", 1},
		{"Sun, 06 Nov 1994 08:49:37 GMT", 1},
		/* Neither. */
		{"", 60},
		{" \r\n", 60},
		{"-1", 60},
		{"-5", 60},
		{"+5", 60},
		{"1.5", 60},
		{"5s", 60},
		{"5 10", 60},
		{"0x10", 60},
		{"soon", 60},
		{"Infinity", 60},
		{"\xff\xfe", 60},
		{"Mon, 23 Nov 2026 08:00:45", 60},
		{"Mon, 23 Nov 2026 08:00:45 MST", 60},
		{"Mon, 23 Nov 2026 08:00:45 GMT or so", 60},
		{"Mon, 23 Nov 2026 08:00:45 GMTX", 60},
		{"Mon, 23 Foo 2026 08:00:45 GMT", 60},
		{"Mon, 23 ovD 2026 08:00:45 GMT", 60},
		{"Mon, 99 Nov 2026 08:00:45 GMT", 60},
		{"Mon, 00 Nov 2026 08:00:45 GMT", 60},
		{"Mon, 23 Nov 2026 25:00:45 GMT", 60},
		{"Mon, 23 Nov 2026 08:-1:45 GMT", 60},
		{"Mon, 23 Nov 2026 08:00:99 GMT", 60},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		const char *value = rows[row].value;
		expect_int(rows[row].seconds * USEC_PER_SEC, outcome_retry_after(value, WALL, WALL),
		           "row %zu: \"%s\"", row, value ? value : "(absent)");
	}
}

/* A Retry-After that is a date is measured by two clocks, of which one may be wrong. */
static void a_date_is_one_of_the_server(void **state) {
	(void)state;
	static const struct {
		const char *date;
		int64_t seconds;
		const char *age;
	} rows[] = {
		/* Both say what may be: the longer wait. */
		{"Mon, 23 Nov 2026 08:00:15 GMT", 45, NULL},
		{" Mon, 23 Nov 2026 08:00:44 GMT\r\n", 45, NULL},
		{"Mon, 23 Nov 2026 07:59:15 GMT", 90, NULL},
		{"Mon, 23 Nov 2026 07:00:45 GMT", 3600, NULL},
		/* A wait that is over, or is longer than any: the Date is wrong. */
		{"Mon, 23 Nov 2026 08:00:45 GMT", 45, NULL},
		{"Mon, 23 Nov 2026 09:00:00 GMT", 45, NULL},
		{"Mon, 23 Nov 2026 07:00:44 GMT", 45, NULL},
		{"Mon, 23 Nov 2020 08:00:00 GMT", 45, NULL},
		/* A cache has kept the answer since. */
		{"Mon, 23 Nov 2026 05:59:15 GMT", 90, "7200"},
		{"soon", 45, NULL},
		{NULL, 45, NULL},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		const struct error none = {{0}};
		struct verdict verdict;
		struct http_reply reply = {
			.result = HTTP_REPLIED,
			.status = 429,
			.body = (char[]){""},
			.retry_after = "Mon, 23 Nov 2026 08:00:45 GMT",
			.date = rows[row].date,
			.age = rows[row].age,
			.error = "",
		};
		outcome_judge(&reply, 0, &none, WALL, &verdict);
		expect_int(OUTCOME_THROTTLED, verdict.outcome, "row %zu: outcome", row);
		expect_int(rows[row].seconds * USEC_PER_SEC, verdict.wait, "row %zu: wait", row);
	}
	static const char retry[] = "Mon, 23 Nov 2026 08:00:45 GMT";
	const usec_t until = at("2026-11-23T08:00:45Z");
	const usec_t years = 20 * 365 * USEC_PER_DAY;
	expect_int(30 * USEC_PER_SEC, outcome_retry_after(retry, until + years, until - 30 * USEC_PER_SEC),
	           "our clock is ahead by years");
	expect_int(30 * USEC_PER_SEC, outcome_retry_after(retry, until - years, until - 30 * USEC_PER_SEC),
	           "our clock is late by years");
	expect_int(USEC_PER_SEC, outcome_retry_after(retry, until, until), "over by both");
	expect_int(USEC_PER_HOUR, outcome_retry_after(retry, until - years, until - 2 * USEC_PER_HOUR), "long by both");
	expect_int(USEC_PER_HOUR, outcome_retry_after(retry, until - years, until + years), "over by one, long by the other");
	usec_t date = 0;
	expect_int(0, outcome_http_date("Sun, 06 Nov 1994 08:49:37 GMT", &date), "a date");
	expect_int(784111777 * USEC_PER_SEC, date, "of RFC 9110");
	expect_int(-EINVAL, outcome_http_date("Sunday, 06-Nov-94 08:49:37 GMT", &date), "the form of RFC 850");
	expect_int(-EINVAL, outcome_http_date("Sun, 06 Nov 94 08:49:37 GMT", &date), "a year of two digits");
	expect_int(-EINVAL, outcome_http_date("Sun, 06 Nov -199 08:49:37 GMT", &date), "a year before Christ");
}

/* Each number as high and as low as it may be, and one more. */
static void a_date_is_one_of_the_calendar(void **state) {
	(void)state;
	static const struct {
		const char *date, *instant; /* NULL: it is none */
	} rows[] = {
		{"Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"},
		{"Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z"},
		{"Sat, 31 Dec 2016 23:59:60 GMT", "2017-01-01T00:00:00Z"},
		{"Wed, 31 Dec 1969 23:59:59 GMT", NULL},
		{"Sun, 00 Nov 1994 08:49:37 GMT", NULL},
		{"Sun, 32 Dec 1994 08:49:37 GMT", NULL},
		{"Sun, 06 Nov 1994 24:49:37 GMT", NULL},
		{"Sun, 06 Nov 1994 08:60:37 GMT", NULL},
		{"Sun, 06 Nov 1994 08:49:61 GMT", NULL},
		{"Sun, 06 anF 1994 08:49:37 GMT", NULL},
		{"Sun, 06 nov 1994 08:49:37 GMT", NULL},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		usec_t date = -7;
		expect_int(rows[row].instant ? 0 : -EINVAL, outcome_http_date(rows[row].date, &date), "%s", rows[row].date);
		expect_time(rows[row].instant ? at(rows[row].instant) : -7, date, "%s", rows[row].date);
	}
}

static void the_servers_time_is_its_date_and_the_answers_age(void **state) {
	(void)state;
	static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";
	static const struct {
		const char *date, *age;
		int64_t seconds; /* -1: not said */
	} rows[] = {
		{date, NULL, 784111777},     {date, "0", 784111777}, {date, "7200", 784118977},
		{date, "31622400", 815734177}, {date, "31622401", -1}, {date, "99999999999999999999", -1},
		{date, "", -1},              {date, "-1", -1},       {date, "1.5", -1},
		{date, "soon", -1},          {"soon", "7200", -1},   {NULL, "7200", -1},
		{NULL, NULL, -1},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct http_reply reply = {.date = rows[row].date, .age = rows[row].age};
		usec_t server = -1;
		int expected = rows[row].seconds < 0 ? -ENODATA : 0;
		expect_int(expected, outcome_server_time(&reply, &server), "row %zu", row);
		expect_int(expected < 0 ? -1 : rows[row].seconds * USEC_PER_SEC, server, "row %zu: time", row);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reply_has_its_outcome),
		cmocka_unit_test(a_503_without_retry_after_is_transient),
		cmocka_unit_test(an_error_reply_over_the_cap_is_judged_by_its_status),
		cmocka_unit_test(the_reason_is_what_was_said),
		cmocka_unit_test(a_huge_message_is_cut),
		cmocka_unit_test(a_date_is_one_of_the_server),
		cmocka_unit_test(a_date_is_one_of_the_calendar),
		cmocka_unit_test(the_servers_time_is_its_date_and_the_answers_age),
		cmocka_unit_test(retry_after_is_seconds_or_a_date_within_bounds),
	};
	return cmocka_run_group_tests_name("outcome", tests, NULL, NULL);
}
