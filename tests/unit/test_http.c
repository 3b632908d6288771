// SPDX-License-Identifier: ISC

/* request/http.h: libcurl against a server of our own on a loopback port. */

#include "server.h"

#include "base/clock.h"
#include "config/url.h"
#include "request/http.h"

#include <zlib.h>

#define KEY   "x-auth-apikey: SECRET-KEY"
#define BODY  "{\"deviceUuid\":\"x\"}"
#define OK_OF(length, more) "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n" more "\r\n"
#define HELLO OK_OF("5", "Content-Type: application/json\r\n") "hello"

#define MANY_SECONDS (20 * USEC_PER_SEC)
#define A_MOMENT     (300 * USEC_PER_MSEC)

/* The module itself, with a heap in which there may be no room for what is large. */
static bool memory_is_short;

static void *scarce_realloc(void *old, size_t size) {
	return memory_is_short && size > (1 << 20) ? NULL : realloc(old, size);
}

#define realloc scarce_realloc
#include "../../src/base/buf.c"
#undef realloc

static struct server server, other;

/* The double of base/clock.h: it runs as clocks do, from as far ahead as a test wants. */
static usec_t ahead;

usec_t clock_boottime(void) {
	struct timespec now;
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000 + ahead;
}

/* A reply that outlives the next call. */
struct copy {
	enum http_result result;
	long status;
	char body[64], retry_after[256], date[256], age[256], error[256];
	size_t body_len;
	bool has_retry_after, unsent;
	void *user;
	usec_t took;
};

static const char *url_of(int port, const char *format) {
	static char url[256];
	char number[16];
	const char *place = strstr(format, "PORT");
	(void)snprintf(number, sizeof(number), "%d", port);
	(void)snprintf(url, sizeof(url), "%.*s%s%s", (int)(place - format), format, number, place + 4);
	return url;
}

static struct http_endpoint *endpoint_for(const void *owner, const char *url, const char *proxy, usec_t connect_timeout) {
	static const char *const headers[] = {"Content-Type: application/json", "Expect:", KEY, NULL};
	struct http_endpoint_options options = {
		.url = url,
		.headers = headers,
		.proxy = proxy,
		.connect_timeout = connect_timeout,
		.owner = owner,
	};
	struct http_endpoint *endpoint;
	expect_int(0, http_endpoint_new(&options, &endpoint, NULL));
	return endpoint;
}

static struct http_endpoint *endpoint_of(const char *url, const char *proxy, usec_t connect_timeout) {
	return endpoint_for(NULL, url, proxy, connect_timeout);
}

static struct http *http_of(void) {
	struct http *http;
	expect_int(0, http_new(&http, NULL));
	return http;
}

/* False if none came in time. */
static bool next_for(struct http *http, const void *owner, usec_t patience, struct copy *ret) {
	struct http_reply reply;
	usec_t start = clock_boottime();
	while (!http_next_for(http, owner, &reply)) {
		usec_t left = start + patience - clock_boottime();
		if (left <= 0) {
			return false;
		}
		expect_int(0, http_wait(http, -1, left, NULL));
	}
	*ret = (struct copy){
		.result = reply.result,
		.status = reply.status,
		.body_len = reply.body_len,
		.has_retry_after = reply.retry_after != NULL,
		.unsent = reply.unsent,
		.user = reply.user,
		.took = clock_boottime() - start,
	};
	(void)snprintf(ret->body, sizeof(ret->body), "%.63s", reply.body);
	(void)snprintf(ret->retry_after, sizeof(ret->retry_after), "%.255s",
	               reply.retry_after ? reply.retry_after : "");
	(void)snprintf(ret->date, sizeof(ret->date), "%.255s", reply.date ? reply.date : "none");
	(void)snprintf(ret->age, sizeof(ret->age), "%.255s", reply.age ? reply.age : "none");
	(void)snprintf(ret->error, sizeof(ret->error), "%.255s", reply.error);
	expect_int(0, reply.body[reply.body_len], "the body ends with a NUL");
	return true;
}

static bool next(struct http *http, usec_t patience, struct copy *ret) {
	return next_for(http, NULL, patience, ret);
}

/* One request to that URL and its reply. */
static struct copy exchange(const char *url, const char *proxy, usec_t timeout) {
	struct http *http = http_of();
	struct http_endpoint *endpoint = endpoint_of(url, proxy, timeout);
	struct copy copy;
	expect_int(0, http_post(http, endpoint, BODY, timeout, &copy, NULL));
	expect_int(true, next(http, MANY_SECONDS, &copy), "a reply from %s", url);
	http_endpoint_free(http, endpoint);
	http_free(http);
	return copy;
}

/* The same to a server that says that. */
static struct copy exchange_with(const char *reply, size_t reply_len, bool close_after, usec_t timeout) {
	server_start_raw(&server, reply, reply_len, close_after);
	struct copy copy = exchange(url_of(server.port, "http://127.0.0.1:PORT/api"), NULL, timeout);
	server_stop(&server);
	return copy;
}

static int count_of(const char *text, const char *part) {
	int count = 0;
	while ((text = strcasestr(text, part))) {
		count++;
		text += strlen(part);
	}
	return count;
}

static void a_reply_comes_whole(void **state) {
	(void)state;
	struct copy copy = exchange_with(HELLO, strlen(HELLO), false, MANY_SECONDS);
	expect_int(HTTP_REPLIED, copy.result, "result: %s", copy.error);
	expect_int(200, copy.status, "status");
	expect_text("hello", copy.body, "body");
	expect_int(5, copy.body_len, "body_len");
	expect_int(false, copy.has_retry_after, "has_retry_after");
}

static void the_request_is_a_post_with_its_headers_and_body(void **state) {
	(void)state;
	static const char *const parts[] = {
		"POST /api HTTP/1.1\r\n",
		"\r\nHost: 127.0.0.1:",
		"\r\nContent-Type: application/json\r\n",
		"\r\nAccept-Encoding: gzip\r\n",
		"\r\nUser-Agent: occupancyd/" OCCUPANCYD_VERSION "\r\n",
		"\r\n" KEY "\r\n",
		BODY,
	};
	(void)exchange_with(HELLO, strlen(HELLO), false, MANY_SECONDS);
	expect_int(1, server.requests, "requests");
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		expect_int(1, count_of(server.noted, parts[i]), "\"%s\" in \"%s\"", parts[i], server.noted);
	}
	expect_int(0, count_of(server.noted, "\r\nExpect:"), "Expect");
}

static void other_statuses_are_replies_too(void **state) {
	(void)state;
	static const int statuses[] = {201, 400, 401, 403, 404, 429, 500, 502, 503, 504};
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		char reply[128];
		(void)snprintf(reply, sizeof(reply), "HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\nno", statuses[i]);
		struct copy copy = exchange_with(reply, strlen(reply), false, MANY_SECONDS);
		expect_int(HTTP_REPLIED, copy.result, "%d: result: %s", statuses[i], copy.error);
		expect_int(statuses[i], copy.status, "status");
		expect_text("no", copy.body, "%d: body", statuses[i]);
	}
}

/* A gzipped reply of so many equal bytes.  To be freed. */
static char *gzip_reply(size_t size, size_t *ret_len) {
	size_t room = size + 1024;
	char *reply = malloc(room), *plain = malloc(size);
	z_stream stream = {0};
	expect_true(reply && plain);
	memset(plain, 'g', size);
	expect_int(Z_OK, deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY));
	int head = snprintf(reply, room, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
	stream.next_in = (unsigned char *)plain;
	stream.avail_in = (unsigned)size;
	stream.next_out = (unsigned char *)reply + head;
	stream.avail_out = (unsigned)(room - (size_t)head);
	expect_int(Z_STREAM_END, deflate(&stream, Z_FINISH));
	*ret_len = (size_t)head + stream.total_out;
	(void)deflateEnd(&stream);
	free(plain);
	return reply;
}

static void gzip_is_unpacked(void **state) {
	(void)state;
	size_t len;
	char *reply = gzip_reply(3, &len);
	struct copy copy = exchange_with(reply, len, true, MANY_SECONDS);
	free(reply);
	expect_int(HTTP_REPLIED, copy.result, "result: %s", copy.error);
	expect_text("ggg", copy.body, "body");
}

static void gzip_of_several_members_and_padding_is_unpacked(void **state) {
	(void)state;
	static const char padding[100];
	struct buf reply;
	buf_init(&reply, 1 << 20);
	for (int i = 0; i < 3; i++) {
		size_t len;
		char *member = gzip_reply(3, &len);
		size_t head = i == 0 ? 0 : (size_t)(strstr(member, "\r\n\r\n") + 4 - member);
		buf_append(&reply, member + head, len - head);
		free(member);
	}
	buf_append(&reply, padding, sizeof(padding));
	struct copy copy = exchange_with(reply.data, reply.len, true, MANY_SECONDS);
	buf_done(&reply);
	expect_int(HTTP_REPLIED, copy.result, "result: %s", copy.error);
	expect_text("ggggggggg", copy.body, "body");
}

static void gzip_that_ends_early_is_cut_off(void **state) {
	(void)state;
	size_t len;
	char *reply = gzip_reply(3, &len);
	struct copy copy = exchange_with(reply, len - 1, true, MANY_SECONDS);
	free(reply);
	expect_int(HTTP_CUT_OFF, copy.result, "result");
	expect_text("the answer is cut off gzip data", copy.error, "error");
}

static void encodings_that_were_not_asked_for_are_named(void **state) {
	(void)state;
	static const struct {
		const char *reply;
		enum http_result result;
		const char *error;
	} rows[] = {
		{OK_OF("5", "Content-Encoding: identity\r\n") "hello", HTTP_REPLIED, NULL},
		{OK_OF("5", "Content-Encoding: Identity\r\nContent-Encoding: identity\r\n") "hello", HTTP_REPLIED, NULL},
		{OK_OF("5", "Content-Encoding:\r\n") "hello", HTTP_REPLIED, NULL},
		{OK_OF("5", "Content-Encoding: br\r\n") "hello", HTTP_CUT_OFF,
		 "the answer has an encoding that was not asked for: br"},
		{OK_OF("5", "Content-Encoding: gzip, deflate\r\n") "hello", HTTP_CUT_OFF,
		 "the answer has an encoding that was not asked for: gzip, deflate"},
		{OK_OF("5", "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n") "hello", HTTP_CUT_OFF,
		 "the answer has an encoding that was not asked for: gzip, twice"},
		{OK_OF("5", "Content-Encoding: x-gzip\r\n") "hello", HTTP_CUT_OFF, "the answer is damaged gzip data"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct copy copy = exchange_with(rows[row].reply, strlen(rows[row].reply), true, MANY_SECONDS);
		expect_int(rows[row].result, copy.result, "row %zu: result: %s", row, copy.error);
		expect_text(rows[row].error ? rows[row].error : "hello", rows[row].error ? copy.error : copy.body,
		            "row %zu", row);
	}
}

static void a_body_that_is_not_whole_is_cut_off(void **state) {
	(void)state;
	static const char *const replies[] = {
		OK_OF("100", "") "too little",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n",
		OK_OF("20", "Content-Encoding: gzip\r\n") "this is no gzip data",
	};
	for (size_t i = 0; i < COUNT_OF(replies); i++) {
		struct copy copy = exchange_with(replies[i], strlen(replies[i]), true, MANY_SECONDS);
		expect_int(HTTP_CUT_OFF, copy.result, "reply %zu: result: %s", i, copy.error);
		expect_int(200, copy.status, "reply %zu: status", i);
		expect_int(1, copy.error[0] != '\0', "reply %zu: there is a sentence", i);
	}
}

static void what_ends_before_a_status_is_unreachable(void **state) {
	(void)state;
	static const char *const replies[] = {"\r\n", "HTTP", "SSH-2.0-OpenSSH_9.2\r\n"};
	for (size_t i = 0; i < COUNT_OF(replies); i++) {
		struct copy copy = exchange_with(replies[i], strlen(replies[i]), true, MANY_SECONDS);
		expect_int(HTTP_UNREACHABLE, copy.result, "reply %zu: result: %s", i, copy.error);
		expect_int(0, copy.status, "reply %zu: status", i);
		expect_int(1, copy.error[0] != '\0', "reply %zu: there is a sentence", i);
	}
}

static struct copy exchange_body_of(size_t size) {
	char *reply = malloc(size + 128);
	expect_not_null(reply);
	int head = snprintf(reply, 128, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
	memset(reply + head, 'b', size);
	struct copy copy = exchange_with(reply, (size_t)head + size, false, MANY_SECONDS);
	free(reply);
	return copy;
}

static void the_largest_body_is_taken_and_one_byte_more_is_not(void **state) {
	(void)state;
	struct copy copy = exchange_body_of(HTTP_BODY_MAX);
	expect_int(HTTP_REPLIED, copy.result, "result of the largest: %s", copy.error);
	expect_int(HTTP_BODY_MAX, copy.body_len, "body_len");
	copy = exchange_body_of(HTTP_BODY_MAX + 1);
	expect_int(HTTP_TOO_LARGE, copy.result, "result of one byte more: %s", copy.error);
	expect_int(200, copy.status, "status");
}

static void a_body_for_which_there_is_no_memory_is_not_too_large(void **state) {
	(void)state;
	size_t len;
	char *reply = gzip_reply(HTTP_BODY_MAX / 2, &len);
	memory_is_short = true;
	struct copy plain = exchange_body_of(HTTP_BODY_MAX / 2);
	struct copy packed = exchange_with(reply, len, true, MANY_SECONDS);
	memory_is_short = false;
	free(reply);
	expect_int(HTTP_NO_MEMORY, plain.result, "result of a plain body");
	expect_text("out of memory", plain.error, "error");
	expect_int(HTTP_NO_MEMORY, packed.result, "result of a packed one");
	expect_text("out of memory", packed.error, "error");
	expect_int(200, packed.status, "status");
}

static void the_cap_counts_what_was_unpacked(void **state) {
	(void)state;
	size_t len;
	char *reply = gzip_reply(HTTP_BODY_MAX + 1, &len);
	expect_between(0, 100000, len, "the bomb is small on the wire");
	struct copy copy = exchange_with(reply, len, true, MANY_SECONDS);
	free(reply);
	expect_int(HTTP_TOO_LARGE, copy.result, "result: %s", copy.error);
}

static void no_whole_reply_in_time_is_slow(void **state) {
	(void)state;
	static const struct {
		const char *reply;
		usec_t wait; /* what is to come comes within that on a busy machine, too */
		long status;
	} rows[] = {{"", A_MOMENT, 0}, {OK_OF("100", "") "a part", MANY_SECONDS / 8, 200}};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct copy copy = exchange_with(rows[row].reply, strlen(rows[row].reply), false, rows[row].wait);
		expect_int(HTTP_SLOW, copy.result, "row %zu: result: %s", row, copy.error);
		expect_int(rows[row].status, copy.status, "row %zu: status", row);
		expect_between(rows[row].wait * 9 / 10, MANY_SECONDS / 2, copy.took, "row %zu: time in us", row);
	}
}

/* Refused at once; a TLS handshake that gets nonsense, or nothing. */
static void no_connection_or_no_tls_is_unreachable(void **state) {
	(void)state;
	server_start(&server, "", false);
	int port = server.port;
	struct copy copy = exchange(url_of(port, "https://127.0.0.1:PORT/"), NULL, A_MOMENT);
	expect_int(HTTP_UNREACHABLE, copy.result, "handshake without an answer: %s", copy.error);
	server_stop(&server);

	copy = exchange(url_of(port, "http://127.0.0.1:PORT/"), NULL, MANY_SECONDS / 2);
	expect_int(HTTP_UNREACHABLE, copy.result, "closed port: %s", copy.error);
	expect_int(0, copy.status, "status");
	/* It is known at once, and told at once. */
	expect_between(0, MANY_SECONDS / 4, copy.took, "time in us");
}

/* Whether it is certain that the server has not got the request. */
static void what_never_left_is_unsent(void **state) {
	(void)state;
	server_start(&server, "", false);
	int port = server.port;
	struct copy copy = exchange(url_of(port, "https://127.0.0.1:PORT/"), NULL, A_MOMENT);
	expect_true(copy.unsent, "handshake without an answer: %s", copy.error);
	server_stop(&server);
	copy = exchange(url_of(port, "http://127.0.0.1:PORT/"), NULL, MANY_SECONDS / 2);
	expect_true(copy.unsent, "closed port: %s", copy.error);
	copy = exchange("https://rhombus.invalid/", NULL, MANY_SECONDS / 2);
	expect_true(copy.unsent, "unknown name: %s", copy.error);
	copy = exchange(url_of(port, "http://0.0.0.0:PORT/"), NULL, MANY_SECONDS / 2);
	expect_true(copy.unsent, "not to be sent in clear: %s", copy.error);

	static const char *const replies[] = {HELLO, "", "SSH-2.0-OpenSSH_9.2\r\n", OK_OF("100", "") "too little"};
	for (size_t i = 0; i < COUNT_OF(replies); i++) {
		copy = exchange_with(replies[i], strlen(replies[i]), true, A_MOMENT);
		expect_false(copy.unsent, "reply %zu: %s", i, copy.error);
	}
}

/* The server reads a request over a kept connection and dies; libcurl tries another connection, and there is none. */
static void what_was_sent_once_is_not_unsent(void **state) {
	(void)state;
	server_start(&server, HELLO, false);
	server.answers = 1; /* its thread waits for a request */
	struct http *http = http_of();
	struct http_endpoint *endpoint =
		endpoint_of(url_of(server.port, "http://127.0.0.1:PORT/"), NULL, MANY_SECONDS);
	for (int i = 0; i < 2; i++) {
		struct copy copy;
		expect_int(0, http_post(http, endpoint, BODY, MANY_SECONDS, NULL, NULL));
		expect_true(next(http, MANY_SECONDS, &copy), "reply %d", i);
		expect_int(i == 0 ? HTTP_REPLIED : HTTP_UNREACHABLE, copy.result, "reply %d: result: %s", i, copy.error);
		expect_false(copy.unsent, "reply %d: %s", i, copy.error);
	}
	http_endpoint_free(http, endpoint);
	http_free(http);
	server_stop(&server);
	expect_int(2, server.requests, "requests");
}

static void retry_after_is_kept_as_it_came(void **state) {
	(void)state;
	static const struct {
		const char *header, *expected; /* NULL: none */
	} rows[] = {
		{"Retry-After: 7\r\n", "7"},
		{"retry-after:7\r\n", "7"},
		{"RETRY-AFTER: Mon, 23 Nov 2026 08:00:45 GMT\r\n", "Mon, 23 Nov 2026 08:00:45 GMT"},
		{"Retry-After:\r\n", ""},
		{"X-Retry-After: 7\r\n", NULL},
		{"Retry-Afterwards: 7\r\n", NULL},
		{"", NULL},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char reply[256];
		(void)snprintf(reply, sizeof(reply), "HTTP/1.1 429 No\r\nContent-Length: 0\r\n%s\r\n",
		               rows[row].header);
		struct copy copy = exchange_with(reply, strlen(reply), false, MANY_SECONDS);
		expect_int(429, copy.status, "row %zu: status", row);
		expect_int(rows[row].expected != NULL, copy.has_retry_after, "row %zu: has_retry_after", row);
		if (rows[row].expected) {
			/* Some versions of libcurl leave the end of an empty line. */
			copy.retry_after[strcspn(copy.retry_after, "\r\n")] = '\0';
			expect_text(rows[row].expected, copy.retry_after, "row %zu", row);
		}
	}
}

static void the_date_is_kept_too_and_belongs_to_its_reply(void **state) {
	(void)state;
	static const struct {
		const char *header, *expected;
	} rows[] = {
		{"Date: Mon, 23 Nov 2026 08:00:45 GMT\r\nRetry-After: 7\r\n", "Mon, 23 Nov 2026 08:00:45 GMT"},
		{"date:x\r\n", "x"},
		{"Date: x\r\nDate: x\r\n", "x"},
		{"Date: x\r\nDate: y\r\n", "none"},
		{"Last-Date: x\r\n", "none"},
		{"", "none"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char reply[256];
		(void)snprintf(reply, sizeof(reply), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n%s\r\n",
		               rows[row].header);
		struct copy copy = exchange_with(reply, strlen(reply), false, MANY_SECONDS);
		expect_text(rows[row].expected, copy.date, "row %zu", row);
		expect_int(row == 0, copy.has_retry_after, "row %zu: has_retry_after", row);
	}
}

/*
 * An early answer, a trailer, a proxy's reply to CONNECT: none of them is the server's own
 * final answer, and what they say of time is not its word.
 */
static void headers_are_those_of_the_final_answer(void **state) {
	(void)state;
	static const struct {
		const char *reply, *date, *retry_after, *age;
	} rows[] = {
		{"HTTP/1.1 103 Early Hints\r\nDate: early\r\nRetry-After: 9\r\nAge: 9\r\n\r\n" HELLO, "none", "", "none"},
		{"HTTP/1.1 103 Early Hints\r\nDate: early\r\n\r\n" OK_OF("5", "Date: final\r\nRetry-After: 1\r\nAge: 2\r\n") "hello",
		 "final", "1", "2"},
		{"HTTP/1.1 200 OK\r\nDate: final\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
		 "Date: trailer\r\nRetry-After: 9\r\nAge: 9\r\n\r\n", "final", "", "none"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct copy copy = exchange_with(rows[row].reply, strlen(rows[row].reply), false, MANY_SECONDS);
		expect_text("hello", copy.body, "row %zu: %s", row, copy.error);
		expect_text(rows[row].date, copy.date, "row %zu", row);
		expect_text(rows[row].retry_after, copy.retry_after, "row %zu", row);
		expect_text(rows[row].age, copy.age, "row %zu", row);
	}
}

static void what_a_proxy_says_of_time_is_not_the_servers_word(void **state) {
	(void)state;
	static const char tunnel[] = "HTTP/1.1 200 Connected\r\nDate: proxy\r\nRetry-After: 9\r\nAge: 9\r\n\r\n";
	server_start(&server, tunnel, true);
	struct copy copy = exchange("https://rhombus.invalid/", url_of(server.port, "http://127.0.0.1:PORT"),
	                            MANY_SECONDS);
	server_stop(&server);
	expect_int(1, server.requests, "requests to the proxy");
	expect_int(HTTP_UNREACHABLE, copy.result, "result: %s", copy.error);
	expect_text("none", copy.date, "date");
	expect_text("none", copy.age, "age");
	expect_int(false, copy.has_retry_after, "has_retry_after");
}

static void a_redirect_is_not_followed(void **state) {
	(void)state;
	static const int statuses[] = {301, 302, 303, 307, 308};
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		char reply[256];
		server_start(&other, HELLO, false);
		(void)snprintf(reply, sizeof(reply),
		               "HTTP/1.1 %d Moved\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n",
		               statuses[i], other.port);
		struct copy copy = exchange_with(reply, strlen(reply), false, MANY_SECONDS);
		server_stop(&other);
		expect_int(statuses[i], copy.status, "status");
		expect_int(1, server.requests, "%d: requests", statuses[i]);
		expect_int(0, other.connections, "%d: connections to where it points", statuses[i]);
	}
}

static void plain_http_is_for_loopback_addresses_only(void **state) {
	(void)state;
	static const struct {
		const char *url;
		bool exposed;
	} rows[] = {
		{"https://api2.rhombussystems.com/api", false},
		{"https://192.0.2.1", false},
		{"http://127.0.0.1", false},
		{"http://127.0.0.1/", false},
		{"http://127.0.0.1:8080/api", false},
		{"http://127.255.3.4:80", false},
		{"http://localhost", false},
		{"http://LocalHost:8080/x", false},
		{"HTTP://127.0.0.1:80/", false},
		{"http://[::1]", false},
		{"http://[::1]:8080/x", false},
		{"http://[0:0:0:0:0:0:0:1]:8080", false},
		{"http://api2.rhombussystems.com", true},
		{"HTTP://api2.rhombussystems.com", true},
		{"http://192.0.2.1:80/", true},
		{"http://128.0.0.1", true},
		{"http://12.7.0.0", true},
		{"http://0.0.0.0:80", true},
		{"http://1270.0.1", true},
		{"http://127.0.0.1.example.com/", true},
		{"http://127.0.0.1example.com/", true},
		{"http://127.999.0.1/", true},
		{"http://127.0.0.1\\.example.com/", true},
		{"http://localhost.example.com/", true},
		{"http://localhosts/", true},
		{"http://localhost@example.com/", true},
		{"http://127.0.0.1:80@example.com/", true},
		{"http://127.0.0.1@example.com/x", true},
		{"http://example.com/127.0.0.1", true},
		{"http://example.com#@127.0.0.1/", true},
		{"http://[::2]/", true},
		{"http://[::1]example.com/", true},
		{"http://[fe80::1]", true},
		{"http://[::ffff:192.0.2.1]", true},
		{"http://[::1", true},
		{"http://", true},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		expect_int(rows[row].exposed, url_is_exposed(rows[row].url), "%s", rows[row].url);
	}
}

/* 0.0.0.0 reaches the server here, and is no loopback address: nothing may be sent there in clear. */
static void the_key_is_never_sent_in_clear(void **state) {
	(void)state;
	static const char *const formats[] = {
		"http://0.0.0.0:PORT/", "HTTP://0.0.0.0:PORT/", "0.0.0.0:PORT/", "http:/0.0.0.0:PORT/",
		"http:///0.0.0.0:PORT/", "//0.0.0.0:PORT/",
	};
	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		server_start(&server, HELLO, true);
		struct copy copy = exchange(url_of(server.port, formats[i]), NULL, MANY_SECONDS / 2);
		server_stop(&server);
		expect_int(0, server.requests, "%s: requests", formats[i]);
		expect_int(HTTP_UNREACHABLE, copy.result, "%s: result: %s", formats[i], copy.error);
		expect_between(0, MANY_SECONDS / 4, copy.took, "%s: time in us", formats[i]);
	}
}

static void a_connection_is_kept(void **state) {
	(void)state;
	server_start(&server, HELLO, false);
	struct http *http = http_of();
	struct http_endpoint *endpoint =
		endpoint_of(url_of(server.port, "http://127.0.0.1:PORT/"), NULL, MANY_SECONDS);
	for (int i = 0; i < 3; i++) {
		struct copy copy;
		char body[32];
		(void)snprintf(body, sizeof(body), "<request %d>", i);
		expect_int(0, http_post(http, endpoint, body, MANY_SECONDS, &copy, NULL));
		memset(body, 'x', sizeof(body) - 1); /* it was copied */
		expect_int(true, next(http, MANY_SECONDS, &copy), "reply %d", i);
		expect_text("hello", copy.body, "reply %d: body", i);
	}
	http_endpoint_free(http, endpoint);
	http_free(http);
	server_stop(&server);
	expect_int(1, server.connections, "connections");
	expect_int(3, server.requests, "requests");
	/* Each request had its own body, and the key once. */
	expect_int(3, count_of(server.noted, KEY), "the key was sent");
	for (int i = 0; i < 3; i++) {
		char body[32];
		(void)snprintf(body, sizeof(body), "<request %d>", i);
		expect_int(1, count_of(server.noted, body), "%s", body);
	}
}

static void post(struct http *http, struct http_endpoint *endpoint, void *user) {
	expect_int(0, http_post(http, endpoint, BODY, MANY_SECONDS, user, NULL));
}

static void take(struct http *http, const char *what) {
	struct copy copy;
	expect_int(true, next(http, MANY_SECONDS, &copy), "a reply %s", what);
	expect_text("hello", copy.body, "body %s: %s", what, copy.error);
}

/* And a body of another size, to another path, over the same connection. */
static void a_path_is_behind_the_url(void **state) {
	(void)state;
	static const struct {
		const char *path;
		int size;
		const char *expected;
	} rows[] = {
		{"/v3/kv/txn", 7000, "POST /api/v3/kv/txn HTTP"},
		{"", 10, "POST /api HTTP"},
		{"/v3/lease/grant", 20, "POST /api/v3/lease/grant HTTP"},
		{"", 1, "POST /api HTTP"},
	};
	server_start(&server, HELLO, false);
	struct http *http = http_of();
	struct http_endpoint *endpoint =
		endpoint_of(url_of(server.port, "http://127.0.0.1:PORT/api"), NULL, MANY_SECONDS);
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char body[8000];
		struct copy copy;
		(void)snprintf(body, sizeof(body), "%0*d", rows[row].size, 0);
		expect_int(0, http_post_to(http, endpoint, rows[row].path, body, MANY_SECONDS, NULL, NULL));
		expect_true(next(http, MANY_SECONDS, &copy), "row %zu: a reply", row);
		expect_text("hello", copy.body, "row %zu: body: %s", row, copy.error);
	}
	http_endpoint_free(http, endpoint);
	http_free(http);
	server_stop(&server);
	const char *noted = server.noted;
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char body[8000];
		expect_part(rows[row].expected, noted, "row %zu", row);
		noted = strstr(noted, rows[row].expected) + 1;
		(void)snprintf(body, sizeof(body), "\r\n\r\n%0*d\n", rows[row].size, 0);
		expect_part(body, noted, "row %zu: body", row);
	}
	expect_int(1, server.connections, "connections");
}

static void a_body_has_a_largest_size(void **state) {
	(void)state;
	struct http *http = http_of();
	struct http_endpoint *endpoint = endpoint_of("http://127.0.0.1:1/", NULL, MANY_SECONDS);
	char *body = calloc(1, HTTP_REQUEST_MAX + 2);
	expect_not_null(body);
	memset(body, ' ', HTTP_REQUEST_MAX);
	expect_int(0, http_post(http, endpoint, body, MANY_SECONDS, NULL, NULL));
	body[HTTP_REQUEST_MAX] = ' ';
	expect_int(-EFBIG, http_post(http, endpoint, body, MANY_SECONDS, NULL, NULL));
	free(body);
	http_endpoint_free(http, endpoint);
	http_free(http);
}

static void after_a_renewal_another_connection_is_used_and_kept(void **state) {
	(void)state;
	server_start(&server, HELLO, false);
	struct http *http = http_of();
	struct http_endpoint *endpoint =
		endpoint_of(url_of(server.port, "http://127.0.0.1:PORT/"), NULL, MANY_SECONDS);
	http_renew(http); /* there is nothing to renew yet */
	post(http, endpoint, NULL);
	take(http, "before the renewal");
	http_renew(http);
	for (int i = 0; i < 3; i++) {
		post(http, endpoint, NULL);
		take(http, "after the renewal");
	}
	http_endpoint_free(http, endpoint);
	http_free(http);
	server_stop(&server);
	expect_int(4, server.requests, "requests");
	expect_int(2, server.connections, "connections");
	/* The end of the last one it may not have seen. */
	expect_between(1, 2, server.closed, "connections that were closed");
}

/* Two were on their way over the old connections: only the first that fails brings another one. */
static void one_renewal_is_for_all_that_was_on_its_way(void **state) {
	(void)state;
	server_start(&server, HELLO, false);
	struct http *http = http_of();
	struct http_endpoint *endpoint =
		endpoint_of(url_of(server.port, "http://127.0.0.1:PORT/"), NULL, MANY_SECONDS);
	bool old = true;
	post(http, endpoint, &old);
	post(http, endpoint, &old);
	take(http, "of the first");
	http_renew(http);
	post(http, endpoint, NULL);
	for (int i = 0; i < 2; i++) {
		struct copy copy;
		expect_int(true, next(http, MANY_SECONDS, &copy), "a reply of the other two");
		if (copy.user) {
			http_renew(http); /* its connection is not the one that is used now */
		}
	}
	post(http, endpoint, NULL);
	take(http, "of the last");
	http_endpoint_free(http, endpoint);
	http_free(http);
	server_stop(&server);
	expect_int(4, server.requests, "requests");
	expect_int(3, server.connections, "connections");
}

static void a_connection_has_a_largest_age(void **state) {
	(void)state;
	static const struct {
		usec_t pause;
		int connections;
	} rows[] = {{0, 1}, {4 * USEC_PER_MIN, 1}, {5 * USEC_PER_MIN + USEC_PER_SEC, 2}};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		server_start(&server, HELLO, false);
		struct http *http = http_of();
		struct http_endpoint *endpoint =
			endpoint_of(url_of(server.port, "http://127.0.0.1:PORT/"), NULL, MANY_SECONDS);
		post(http, endpoint, NULL);
		take(http, "when it is young");
		ahead += rows[row].pause;
		post(http, endpoint, NULL);
		take(http, "when it is older");
		http_endpoint_free(http, endpoint);
		http_free(http);
		server_stop(&server);
		ahead = 0;
		expect_int(rows[row].connections, server.connections, "row %zu: connections", row);
	}
}

static void endpoints_do_not_share_a_connection(void **state) {
	(void)state;
	struct http_endpoint *endpoints[2];
	server_start(&server, HELLO, false);
	struct http *http = http_of();
	for (int i = 0; i < 2; i++) {
		endpoints[i] = endpoint_of(url_of(server.port, "http://127.0.0.1:PORT/"), NULL, MANY_SECONDS);
		post(http, endpoints[i], NULL);
		take(http, "of one of two");
	}
	for (int i = 0; i < 2; i++) {
		http_endpoint_free(http, endpoints[i]);
	}
	http_free(http);
	server_stop(&server);
	expect_int(2, server.connections, "connections");
}

/* The reply that is being read keeps its transfer, so it is used again two requests later. */
static void a_used_transfer_forgets_the_last_reply(void **state) {
	(void)state;
	static const char throttled[] = "HTTP/1.1 429 No\r\nRetry-After: 9\r\nContent-Length: 4\r\n\r\nwait";
	static const char empty[] = OK_OF("0", "");
	server_start(&server, "", false);
	struct http *http = http_of();
	struct http_endpoint *endpoint =
		endpoint_of(url_of(server.port, "http://127.0.0.1:PORT/"), NULL, MANY_SECONDS);
	for (int i = 0; i < 4; i++) {
		struct copy copy;
		/* The server's thread waits for a request: nothing races. */
		server.reply = i == 0 ? throttled : empty;
		server.reply_len = strlen(server.reply);
		expect_int(0, http_post(http, endpoint, BODY, MANY_SECONDS, &copy, NULL));
		expect_int(true, next(http, MANY_SECONDS, &copy), "reply %d", i);
		expect_int(i == 0, copy.has_retry_after, "reply %d: has_retry_after", i);
		expect_text(i == 0 ? "wait" : "", copy.body, "reply %d: body", i);
	}
	http_endpoint_free(http, endpoint);
	http_free(http);
	server_stop(&server);
}

static void proxies_in_the_environment_are_ignored(void **state) {
	(void)state;
	static const char *const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
	                                    "all_proxy", "ALL_PROXY"};
	server_start(&other, HELLO, false);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		expect_int(0, setenv(names[i], url_of(other.port, "http://127.0.0.1:PORT"), 1));
	}
	struct copy copy = exchange_with(HELLO, strlen(HELLO), false, MANY_SECONDS);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		(void)unsetenv(names[i]);
	}
	server_stop(&other);
	expect_text("hello", copy.body, "body: %s", copy.error);
	expect_int(1, server.requests, "requests to the server");
	expect_int(0, other.connections, "connections to the proxy");
}

static void a_configured_proxy_is_used_whatever_the_environment_says(void **state) {
	(void)state;
	char proxy[64];
	server_start(&server, HELLO, false);
	server_start(&other, HELLO, false);
	(void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", other.port);
	expect_int(0, setenv("no_proxy", "*", 1));
	struct copy copy = exchange(url_of(server.port, "http://127.0.0.1:PORT/"), proxy, MANY_SECONDS);
	(void)unsetenv("no_proxy");
	server_stop(&server);
	server_stop(&other);
	expect_int(HTTP_REPLIED, copy.result, "result: %s", copy.error);
	expect_int(0, server.connections, "connections to the server");
	expect_int(1, other.requests, "requests to the proxy");
}

/* To a proxy goes CONNECT; the key is for inside. */
static void a_proxy_on_the_way_to_https_does_not_see_the_key(void **state) {
	(void)state;
	char proxy[64];
	server_start(&other, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", true);
	(void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", other.port);
	struct copy copy = exchange("https://api.example/", proxy, MANY_SECONDS / 2);
	server_stop(&other);
	expect_int(1, count_of(other.noted, "CONNECT api.example:443"), "CONNECT in \"%s\"", other.noted);
	expect_int(0, count_of(other.noted, "SECRET-KEY"), "the key in \"%s\"", other.noted);
	expect_int(true, copy.result != HTTP_REPLIED, "a proxy's refusal is no reply of the server");
}

static void many_at_once_come_back_with_their_own_user(void **state) {
	(void)state;
	enum { REQUESTS = 8 };
	int seen[REQUESTS] = {0};
	server_start(&server, HELLO, false);
	struct http *http = http_of();
	struct http_endpoint *endpoint =
		endpoint_of(url_of(server.port, "http://127.0.0.1:PORT/"), NULL, MANY_SECONDS);
	for (size_t i = 0; i < REQUESTS; i++) {
		expect_int(0, http_post(http, endpoint, BODY, MANY_SECONDS, &seen[i], NULL));
	}
	for (size_t i = 0; i < REQUESTS; i++) {
		struct copy copy;
		expect_int(true, next(http, MANY_SECONDS, &copy), "reply %zu", i);
		++*(int *)copy.user;
	}
	for (size_t i = 0; i < REQUESTS; i++) {
		expect_int(1, seen[i], "replies to request %zu", i);
	}
	http_endpoint_free(http, endpoint);
	http_free(http);
	server_stop(&server);
	expect_int(REQUESTS, server.requests, "requests");
}

static void a_freed_endpoint_serves_what_is_on_its_way(void **state) {
	(void)state;
	struct copy copy;
	server_start(&server, HELLO, false);
	struct http *http = http_of();
	struct http_endpoint *endpoint =
		endpoint_of(url_of(server.port, "http://127.0.0.1:PORT/"), NULL, MANY_SECONDS);
	expect_int(0, http_post(http, endpoint, BODY, MANY_SECONDS, &copy, NULL));
	http_endpoint_free(http, endpoint);
	expect_int(true, next(http, MANY_SECONDS, &copy), "a reply");
	expect_text("hello", copy.body, "body");
	http_free(http);
	server_stop(&server);
}

/* The endpoint's owner may let go of it last, too. */
static void cancelled_transfers_have_no_reply(void **state) {
	(void)state;
	struct copy copy;
	server_start(&server, "", false);
	struct http *http = http_of();
	struct http_endpoint *endpoint =
		endpoint_of(url_of(server.port, "http://127.0.0.1:PORT/"), NULL, MANY_SECONDS);
	for (int i = 0; i < 3; i++) {
		expect_int(0, http_post(http, endpoint, BODY, A_MOMENT, &copy, NULL));
	}
	http_cancel_all(http);
	expect_int(false, next(http, 2 * A_MOMENT, &copy), "a reply after the cancellation");
	http_free(http);
	http_endpoint_free(NULL, endpoint);
	server_stop(&server);
}

/* Each gets its own, in the order in which they came, whoever asks first. */
static void replies_go_to_the_owner_of_their_endpoint(void **state) {
	(void)state;
	int owner, stranger, users[4];
	struct copy copy;
	server_start(&server, HELLO, false);
	struct http *http = http_of();
	const char *url = url_of(server.port, "http://127.0.0.1:PORT/");
	struct http_endpoint *endpoints[] = {endpoint_of(url, NULL, MANY_SECONDS),
	                                     endpoint_for(&owner, url, NULL, MANY_SECONDS)};
	for (size_t i = 0; i < COUNT_OF(users); i++) {
		post(http, endpoints[i % 2], &users[i]);
		/* The first waits until it is there; the others have time enough for it, or for being late. */
		for (int step = 0; step < 20; step++) {
			expect_int(0, http_wait(http, -1, MANY_SECONDS, NULL));
			(void)poll(NULL, 0, i == 0 ? 0 : 5);
		}
	}
	expect_false(next_for(http, &stranger, 0, &copy), "a reply for a stranger");
	static const size_t order[] = {1, 0, 3, 2};
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		expect_true(next_for(http, order[i] % 2 ? &owner : NULL, MANY_SECONDS, &copy), "reply %zu", i);
		expect_text("hello", copy.body, "reply %zu: body: %s", i, copy.error);
		expect_int(order[i], (int *)copy.user - users, "reply %zu", i);
	}
	expect_false(next_for(http, &owner, 0, &copy), "one more of the owner");
	expect_false(next(http, 0, &copy), "one more");
	for (size_t i = 0; i < COUNT_OF(endpoints); i++) {
		http_endpoint_free(http, endpoints[i]);
	}
	http_free(http);
	server_stop(&server);
	expect_int(4, server.requests, "requests");
}

static void what_is_on_its_way_is_cancelled_for_one_owner_alone(void **state) {
	(void)state;
	int owner;
	for (int round = 0; round < 4; round++) {
		const void *cancelled = round % 2 ? &owner : NULL, *other_one = round % 2 ? NULL : &owner;
		bool finished = round >= 2;
		struct copy copy;
		server_start(&server, HELLO, false);
		struct http *http = http_of();
		const char *url = url_of(server.port, "http://127.0.0.1:PORT/");
		struct http_endpoint *endpoints[] = {endpoint_of(url, NULL, MANY_SECONDS),
		                                     endpoint_for(&owner, url, NULL, MANY_SECONDS)};
		for (int i = 0; i < 4; i++) {
			post(http, endpoints[i % 2], NULL);
		}
		if (finished) {
			expect_true(next_for(http, cancelled, MANY_SECONDS, &copy), "round %d: the first one", round);
			expect_true(next_for(http, other_one, MANY_SECONDS, &copy), "round %d: the first one", round);
		}
		if (cancelled) {
			http_cancel_for(http, cancelled);
		} else {
			http_cancel_all(http);
		}
		for (int i = finished; i < 2; i++) {
			expect_true(next_for(http, other_one, MANY_SECONDS, &copy), "round %d: reply %d", round, i);
			expect_text("hello", copy.body, "round %d: reply %d: %s", round, i, copy.error);
		}
		usec_t start = clock_boottime();
		expect_false(next_for(http, cancelled, A_MOMENT, &copy), "round %d: a reply that was cancelled", round);
		expect_between(A_MOMENT * 9 / 10, MANY_SECONDS, clock_boottime() - start, "round %d: it waits", round);
		/* Both go on being used. */
		for (int i = 0; i < 2; i++) {
			post(http, endpoints[i], NULL);
			expect_true(next_for(http, i ? &owner : NULL, MANY_SECONDS, &copy), "round %d: later", round);
			http_endpoint_free(http, endpoints[i]);
		}
		http_free(http);
		server_stop(&server);
	}
}

static void a_wait_ends_with_the_time_or_with_the_descriptor(void **state) {
	(void)state;
	struct http *http = http_of();
	int fds[2];
	expect_int(0, pipe(fds));
	usec_t start = clock_boottime();
	expect_int(0, http_wait(http, fds[0], A_MOMENT, NULL), "http_wait");
	expect_between(A_MOMENT * 9 / 10, MANY_SECONDS / 2, clock_boottime() - start, "until the time is over");

	expect_int(1, write(fds[1], "x", 1));
	start = clock_boottime();
	expect_int(0, http_wait(http, fds[0], MANY_SECONDS, NULL), "http_wait");
	expect_between(0, MANY_SECONDS / 2, clock_boottime() - start, "until the descriptor is readable");
	start = clock_boottime();
	expect_int(0, http_wait(http, -1, -5, NULL), "http_wait");
	expect_between(0, MANY_SECONDS / 2, clock_boottime() - start, "a time that is over already");
	(void)close(fds[0]);
	(void)close(fds[1]);
	http_free(http);
	http_free(NULL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_comes_whole),
		cmocka_unit_test(the_request_is_a_post_with_its_headers_and_body),
		cmocka_unit_test(other_statuses_are_replies_too),
		cmocka_unit_test(gzip_is_unpacked),
		cmocka_unit_test(gzip_of_several_members_and_padding_is_unpacked),
		cmocka_unit_test(gzip_that_ends_early_is_cut_off),
		cmocka_unit_test(encodings_that_were_not_asked_for_are_named),
		cmocka_unit_test(a_body_that_is_not_whole_is_cut_off),
		cmocka_unit_test(what_ends_before_a_status_is_unreachable),
		cmocka_unit_test(the_largest_body_is_taken_and_one_byte_more_is_not),
		cmocka_unit_test(a_body_for_which_there_is_no_memory_is_not_too_large),
		cmocka_unit_test(the_cap_counts_what_was_unpacked),
		cmocka_unit_test(no_whole_reply_in_time_is_slow),
		cmocka_unit_test(no_connection_or_no_tls_is_unreachable),
		cmocka_unit_test(what_never_left_is_unsent),
		cmocka_unit_test(what_was_sent_once_is_not_unsent),
		cmocka_unit_test(retry_after_is_kept_as_it_came),
		cmocka_unit_test(the_date_is_kept_too_and_belongs_to_its_reply),
		cmocka_unit_test(headers_are_those_of_the_final_answer),
		cmocka_unit_test(what_a_proxy_says_of_time_is_not_the_servers_word),
		cmocka_unit_test(a_redirect_is_not_followed),
		cmocka_unit_test(plain_http_is_for_loopback_addresses_only),
		cmocka_unit_test(the_key_is_never_sent_in_clear),
		cmocka_unit_test(a_connection_is_kept),
		cmocka_unit_test(a_path_is_behind_the_url),
		cmocka_unit_test(a_body_has_a_largest_size),
		cmocka_unit_test(after_a_renewal_another_connection_is_used_and_kept),
		cmocka_unit_test(one_renewal_is_for_all_that_was_on_its_way),
		cmocka_unit_test(a_connection_has_a_largest_age),
		cmocka_unit_test(endpoints_do_not_share_a_connection),
		cmocka_unit_test(a_used_transfer_forgets_the_last_reply),
		cmocka_unit_test(proxies_in_the_environment_are_ignored),
		cmocka_unit_test(a_configured_proxy_is_used_whatever_the_environment_says),
		cmocka_unit_test(a_proxy_on_the_way_to_https_does_not_see_the_key),
		cmocka_unit_test(many_at_once_come_back_with_their_own_user),
		cmocka_unit_test(a_freed_endpoint_serves_what_is_on_its_way),
		cmocka_unit_test(cancelled_transfers_have_no_reply),
		cmocka_unit_test(replies_go_to_the_owner_of_their_endpoint),
		cmocka_unit_test(what_is_on_its_way_is_cancelled_for_one_owner_alone),
		cmocka_unit_test(a_wait_ends_with_the_time_or_with_the_descriptor),
	};
	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
