// SPDX-License-Identifier: ISC

/* request/request.h: the JSON that asks, and endpoints that cannot be made. */

#include "fixture.h"
#include "temporary.h"

#include "request/request.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static void the_body_asks_for_the_span_in_milliseconds(void **state) {
	(void)state;
	static const struct {
		enum interval interval;
		const char *uuid, *start, *end, *expected;
	} rows[] = {
		{INTERVAL_MINUTELY, UUID_A, "2026-11-23T08:00:00Z", "2026-11-23T08:05:00Z",
		 "{\"deviceUuid\":\"" UUID_A "\",\"startTimeMs\":1795420800000,\"endTimeMs\":1795421100000,"
		 "\"interval\":\"MINUTELY\"}"},
		{INTERVAL_QUARTERHOURLY, "BBBBBBBBBBBBBBBBBBBBBA", "2026-11-23T08:00:00Z", "2026-11-23T08:15:00Z",
		 "{\"deviceUuid\":\"BBBBBBBBBBBBBBBBBBBBBA\",\"startTimeMs\":1795420800000,"
		 "\"endTimeMs\":1795421700000,\"interval\":\"QUARTERHOURLY\"}"},
		{INTERVAL_HOURLY, "a-_9AAAAAAAAAAAAAAAAAA.a51", "1970-01-01T00:00:00Z", "1970-01-01T01:00:00Z",
		 "{\"deviceUuid\":\"a-_9AAAAAAAAAAAAAAAAAA.a51\",\"startTimeMs\":0,\"endTimeMs\":3600000,"
		 "\"interval\":\"HOURLY\"}"},
		{INTERVAL_DAILY, UUID_A, "2026-11-01T06:00:00Z", "2026-11-02T07:00:00Z",
		 "{\"deviceUuid\":\"" UUID_A "\",\"startTimeMs\":1793512800000,\"endTimeMs\":1793602800000,"
		 "\"interval\":\"DAILY\"}"},
		{INTERVAL_WEEKLY, UUID_A, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z",
		 "{\"deviceUuid\":\"" UUID_A "\",\"startTimeMs\":1794787200000,\"endTimeMs\":1795392000000,"
		 "\"interval\":\"WEEKLY\"}"},
		{INTERVAL_MONTHLY, UUID_A, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z",
		 "{\"deviceUuid\":\"" UUID_A "\",\"startTimeMs\":1790812800000,\"endTimeMs\":1793491200000,"
		 "\"interval\":\"MONTHLY\"}"},
		/* A single count: no interval at all. */
		{INTERVAL_NONE, UUID_A, "2026-11-23T08:00:00Z", "2026-11-23T10:00:00Z",
		 "{\"deviceUuid\":\"" UUID_A "\",\"startTimeMs\":1795420800000,\"endTimeMs\":1795428000000}"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char body[REQUEST_BODY_SIZE];
		struct settings settings = settings_of(rows[row].interval, "UTC", 2 * USEC_PER_HOUR);
		struct device device = device_of(&settings);
		struct span span = {.start = at(rows[row].start), .end = at(rows[row].end), .buckets = 1};
		device.uuid = rows[row].uuid;
		span.fresh = span.start;
		request_body(body, &device, &span);
		expect_text(rows[row].expected, body, "row %zu", row);
	}
}

/* The look-back is asked for as well. */
static void the_body_begins_at_the_lookback(void **state) {
	(void)state;
	char body[REQUEST_BODY_SIZE];
	struct settings settings = settings_of(INTERVAL_MINUTELY, "UTC", 5 * USEC_PER_MIN);
	struct device device = device_of(&settings);
	struct span span = {.start = 1000000, .fresh = 2000000, .end = 3000000};
	request_body(body, &device, &span);
	expect_int(1, strstr(body, "\"startTimeMs\":1000,\"endTimeMs\":3000,") != NULL, "%s", body);
}

static void the_longest_body_fits(void **state) {
	(void)state;
	char body[REQUEST_BODY_SIZE];
	struct settings settings = settings_of(INTERVAL_QUARTERHOURLY, "UTC", 15 * USEC_PER_MIN);
	struct device device = device_of(&settings);
	struct span span = {.start = INT64_MIN, .end = INT64_MIN};
	device.uuid = "AAAAAAAAAAAAAAAAAAAAAA.v51";
	request_body(body, &device, &span);
	expect_text("\"QUARTERHOURLY\"}", body + strlen(body) - strlen("\"QUARTERHOURLY\"}"), "the end");
}

static struct account account_of(void) {
	return (struct account){
		.name = "acme",
		.base_url = "https://api2.rhombussystems.com",
		.path = "/api/report/getOccupancyCountsV2",
		.scheme = SCHEME_API_TOKEN,
		.connect_timeout = USEC_PER_SEC,
	};
}

static void an_endpoint_is_made(void **state) {
	(void)state;
	char text[] = "KEY";
	struct secret key = {.text = text, .len = 3};
	struct account account = account_of();
	struct http_endpoint *endpoint = NULL;
	struct error err = {{0}};
	expect_int(0, request_endpoint(&account, &key, &endpoint, &err), "%s", err.text);
	http_endpoint_free(NULL, endpoint);
}

static void an_endpoint_with_a_bad_file_is_refused_by_name(void **state) {
	(void)state;
	char text[] = "KEY", open_file[96];
	(void)snprintf(open_file, sizeof(open_file), "%.40s/occupancyd-test-XXXXXX", temporary());
	struct secret key = {.text = text, .len = 3};
	int fd = mkstemp(open_file);
	expect_true(fd >= 0 && fchmod(fd, 0644) == 0);
	expect_true(write(fd, "-----BEGIN X-----\n", 18) == 18);
	(void)close(fd);
	(void)unsetenv("CREDENTIALS_DIRECTORY");

	const struct {
		const char *cert, *key, *ca, *crl;
		int expected;
		const char *named;
	} rows[] = {
		{"/nonexistent/cert", open_file, NULL, NULL, -ENOENT, "/nonexistent/cert"},
		{open_file, "/nonexistent/key", NULL, NULL, -ENOENT, "/nonexistent/key"},
		{NULL, NULL, "/nonexistent/ca", NULL, -ENOENT, "/nonexistent/ca"},
		{NULL, NULL, NULL, "/nonexistent/crl", -ENOENT, "/nonexistent/crl"},
		{open_file, open_file, NULL, NULL, -EPERM, open_file},
		{"credential", open_file, NULL, NULL, -ENXIO, "credential"},
		{NULL, NULL, "credential", NULL, -ENXIO, "credential"},
		{NULL, NULL, NULL, "credential", -ENXIO, "credential"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct account account = account_of();
		struct http_endpoint *endpoint = NULL;
		struct error err = {{0}};
		account.scheme = rows[row].cert ? SCHEME_API : SCHEME_API_TOKEN;
		account.client_cert = rows[row].cert;
		account.client_key = rows[row].key;
		account.ca_file = rows[row].ca;
		account.crl_file = rows[row].crl;
		expect_int(rows[row].expected, request_endpoint(&account, &key, &endpoint, &err), "row %zu: %s", row,
		           err.text);
		expect_int(1, endpoint == NULL, "row %zu: the output is untouched", row);
		expect_int(1, strstr(err.text, rows[row].named) != NULL, "row %zu: \"%s\" is named in \"%s\"", row,
		           rows[row].named, err.text);
		expect_int(1, strstr(err.text, "KEY") == NULL, "row %zu: the key is not shown", row);
	}
	(void)unlink(open_file);
}

static void a_url_that_does_not_fit_is_refused(void **state) {
	(void)state;
	static char path[4096];
	char text[] = "KEY";
	struct secret key = {.text = text, .len = 3};
	struct account account = account_of();
	struct http_endpoint *endpoint = NULL;
	struct error err = {{0}};
	memset(path, 'p', sizeof(path) - 1);
	path[0] = '/';
	account.path = path;
	expect_int(-ENAMETOOLONG, request_endpoint(&account, &key, &endpoint, &err), "%s", err.text);
	expect_int(1, endpoint == NULL, "the output is untouched");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_body_asks_for_the_span_in_milliseconds),
		cmocka_unit_test(the_body_begins_at_the_lookback),
		cmocka_unit_test(the_longest_body_fits),
		cmocka_unit_test(an_endpoint_is_made),
		cmocka_unit_test(an_endpoint_with_a_bad_file_is_refused_by_name),
		cmocka_unit_test(a_url_that_does_not_fit_is_refused),
	};
	return cmocka_run_group_tests_name("request", tests, NULL, zones_done);
}
