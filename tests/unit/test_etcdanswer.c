// SPDX-License-Identifier: ISC

/* journal/etcdanswer.h and etcdverdict.h: answers of etcd 3.4.23 as they came, and what is like them. */

#include "fixture.h"

#include "journal/etcdanswer.h"
#include "journal/etcdverdict.h"

#include <errno.h>

#define HEADER "\"header\":{\"cluster_id\":\"14638414961193490491\",\"member_id\":\"15583854736364266795\"," \
               "\"revision\":\"7\",\"raft_term\":\"2\"}"
#define PAIR   "{\"key\":\"b3duZXI=\",\"create_revision\":\"2\",\"mod_revision\":\"3\",\"version\":\"1\",\"value\":\"YQ==\"}"

static struct etcdanswer answer;

static int read_answer(const char *text, struct error *err) {
	etcdanswer_done(&answer);
	return etcdanswer_read(text, strlen(text), &answer, err);
}

static int done(void **state) {
	(void)state;
	etcdanswer_done(&answer);
	return 0;
}

static void what_is_left_out_is_false_or_nothing(void **state) {
	(void)state;
	static const struct {
		const char *text;
		bool succeeded;
		size_t ranges, pairs;
		int64_t lease, ttl_s;
	} rows[] = {
		{"{" HEADER "}", false, 0, 0, 0, 0},
		{"{" HEADER ",\"succeeded\":true}", true, 0, 0, 0, 0},
		{"{" HEADER ",\"succeeded\":true,\"responses\":[{\"response_put\":{\"header\":{\"revision\":\"7\"}}}]}", true, 0, 0, 0, 0},
		{"{" HEADER ",\"responses\":[{\"response_range\":{\"header\":{\"revision\":\"7\"}}}]}", false, 1, 0, 0, 0},
		{"{" HEADER ",\"responses\":[{\"response_range\":{\"header\":{\"revision\":\"7\"},\"kvs\":[" PAIR "],\"count\":\"1\"}}]}",
		 false, 1, 1, 0, 0},
		{"{" HEADER ",\"succeeded\":true,\"responses\":[{\"response_range\":{\"kvs\":[" PAIR "," PAIR "],\"more\":true}},"
		 "{\"response_delete_range\":{\"deleted\":\"1\"}},{\"response_range\":{}},{\"response_range\":{\"kvs\":[" PAIR "]}}]}",
		 true, 3, 3, 0, 0},
		{"{" HEADER ",\"ID\":\"7290098667046127878\",\"TTL\":\"30\"}", false, 0, 0, 7290098667046127878, 30},
		{"{\"result\":{" HEADER ",\"ID\":\"7290098667046127878\",\"TTL\":\"30\"}}", false, 0, 0, 7290098667046127878, 30},
		{"{\"result\":{" HEADER ",\"ID\":\"1234\"}}\n", false, 0, 0, 1234, 0},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct error err = {{0}};
		expect_int(0, read_answer(rows[row].text, &err), "row %zu: %s", row, err.text);
		expect_true(answer.cluster == 14638414961193490491u, "row %zu: cluster", row);
		expect_int(7, answer.revision, "row %zu: revision", row);
		expect_int(rows[row].succeeded, answer.succeeded, "row %zu: succeeded", row);
		expect_int(rows[row].ranges, answer.range_count, "row %zu: ranges", row);
		expect_int(rows[row].pairs, answer.pair_count, "row %zu: pairs", row);
		expect_int(rows[row].lease, answer.lease, "row %zu: lease", row);
		expect_int(rows[row].ttl_s, answer.ttl_s, "row %zu: ttl", row);
	}
}

static void pairs_are_in_their_ranges(void **state) {
	(void)state;
	struct error err = {{0}};
	expect_int(0, read_answer("{" HEADER ",\"responses\":["
	                          "{\"response_range\":{\"kvs\":[{\"key\":\"YQ==\",\"create_revision\":\"1\",\"value\":\"AAEA\"},"
	                          "{\"key\":\"Yg==\",\"create_revision\":\"18446744073709551615\",\"lease\":\"9223372036854775807\"}],"
	                          "\"more\":true}},{\"response_range\":{}},{\"response_range\":{\"kvs\":[" PAIR "]}}]}", &err));
	const struct etcdanswer_pair *pairs = answer.ranges[0].pairs;
	expect_int(2, answer.ranges[0].count);
	expect_true(answer.ranges[0].more);
	expect_text("a", pairs[0].key);
	expect_int(1, pairs[0].key_len);
	expect_int(3, pairs[0].value_len);
	expect_bytes("\0\1\0\0", pairs[0].value, 4, "with a NUL behind it");
	expect_text("b", pairs[1].key);
	expect_text("", pairs[1].value);
	expect_true(pairs[1].created == UINT64_MAX);
	expect_int(INT64_MAX, pairs[1].lease);
	expect_int(0, answer.ranges[1].count);
	expect_false(answer.ranges[1].more);
	expect_int(1, answer.ranges[2].count);
	expect_text("owner", answer.ranges[2].pairs[0].key);
	expect_text("a", answer.ranges[2].pairs[0].value);
}

static void what_etcd_would_not_say_is_refused(void **state) {
	(void)state;
#define RANGE(kvs) "{" HEADER ",\"responses\":[{\"response_range\":{\"kvs\":" kvs "}}]}"
	static const char *const texts[] = {
		"", "null", "7", "\"x\"", "[]", "{}", "{\"header\":{}}", "{\"header\":7}", "{\"header\":{\"cluster_id\":\"0\"}}",
		"{\"header\":{\"cluster_id\":\"07\"}}", "{\"header\":{\"cluster_id\":\"7 \"}}", "{\"header\":{\"cluster_id\":\"-7\"}}",
		"{\"header\":{\"cluster_id\":-7}}", "{\"header\":{\"cluster_id\":7.5}}", "{\"header\":{\"cluster_id\":[7]}}",
		"{\"header\":{\"cluster_id\":\"18446744073709551616\"}}", "{\"header\":{\"cluster_id\":\"7\",\"revision\":\"x\"}}",
		"{" HEADER ",\"succeeded\":1}", "{" HEADER ",\"succeeded\":\"true\"}", "{" HEADER ",\"ID\":\"9223372036854775808\"}",
		"{" HEADER ",\"TTL\":\"-1\"}", "{" HEADER ",\"responses\":{}}", "{" HEADER ",\"responses\":[{\"response_range\":7}]}",
		"{" HEADER ",\"responses\":[{\"response_range\":null}]}", RANGE("{}"), RANGE("[7]"), RANGE("[{}]"), RANGE("[null]"),
		RANGE("[{\"key\":\"YQ==\"}]"), RANGE("[{\"key\":\"YQ=\",\"create_revision\":\"1\"}]"),
		RANGE("[{\"key\":7,\"create_revision\":\"1\"}]"), RANGE("[{\"key\":\"YQ==\",\"create_revision\":\"0\"}]"),
		RANGE("[{\"key\":\"YQ==\",\"create_revision\":\"1\",\"value\":\"?\"}]"),
		RANGE("[{\"key\":\"YQ==\",\"create_revision\":\"1\",\"value\":[]}]"),
		RANGE("[{\"key\":\"YQ==\",\"create_revision\":\"1\",\"lease\":\"-1\"}]"),
		"{" HEADER ",\"responses\":[{\"response_range\":{\"more\":\"no\"}}]}",
		"{" HEADER ",\"responses\":[{\"response_range\":{}},{\"response_range\":{}},{\"response_range\":{}},"
		"{\"response_range\":{}},{\"response_range\":{}}]}",
		"{" HEADER, "{" HEADER "}}", "<html>",
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct error err = {{0}};
		expect_int(-EBADMSG, read_answer(texts[i], &err), "%s", texts[i]);
		expect_true(err.text[0] != '\0', "%s: a sentence", texts[i]);
	}
}

/* Verdicts */

static struct etcdverdict judge(struct http_reply reply, struct error *err) {
	static char body[4096];
	(void)snprintf(body, sizeof(body), "%s", reply.body ? reply.body : "");
	reply.body = body;
	reply.body_len = strlen(body);
	etcdanswer_done(&answer);
	err->text[0] = '\0';
	return etcdverdict_of(&reply, &answer, err);
}

static void what_etcd_refuses_is_failed_only_if_that_is_certain(void **state) {
	(void)state;
#define SAYS(text, code) "{\"error\":\"" text "\",\"message\":\"" text "\",\"code\":" code "}"
	static const struct {
		long status;
		const char *body;
		enum journal_result result;
		bool elsewhere;
		const char *part;
	} rows[] = {
		{200, "{" HEADER "}", JOURNAL_DONE, false, ""},
		{404, SAYS("etcdserver: requested lease not found", "5"), JOURNAL_REFUSED, false, ""},
		{404, "{\"code\":5,\"message\":\"etcdserver: requested lease not found\",\"details\":[]}", JOURNAL_REFUSED, false, ""},
		{400, SAYS("etcdserver: request is too large", "3"), JOURNAL_FAILED, false, "--max-request-bytes"},
		{400, SAYS("etcdserver: key is not provided", "3"), JOURNAL_FAILED, false, "key is not provided"},
		{400, SAYS("etcdserver: user name is empty", "3"), JOURNAL_FAILED, false, "etcdctl auth disable"},
		{403, SAYS("etcdserver: permission denied", "7"), JOURNAL_FAILED, false, "etcdctl auth disable"},
		{429, SAYS("etcdserver: too many requests", "8"), JOURNAL_FAILED, true, "too slow"},
		{429, SAYS("etcdserver: mvcc: database space exceeded", "8"), JOURNAL_UNKNOWN, false, "etcdctl alarm disarm"},
		{503, SAYS("etcdserver: request timed out", "14"), JOURNAL_UNKNOWN, true, "do most of its members run"},
		{503, SAYS("etcdserver: request timed out, possibly due to previous leader failure", "14"), JOURNAL_UNKNOWN, true,
		 "previous leader failure: do most"},
		{503, SAYS("etcdserver: leader changed", "14"), JOURNAL_UNKNOWN, true, "leader changed"},
		{500, SAYS("context deadline exceeded", "2"), JOURNAL_UNKNOWN, true, "do most of its members run"},
		{503, SAYS("etcdserver: server stopped", "14"), JOURNAL_UNKNOWN, true, "server stopped (HTTP 503)"},
		{503, "{\"error\":{\"grpc_code\":14,\"http_code\":503,\"message\":\"etcdserver: no leader\",\"http_status\":"
		 "\"Service Unavailable\"}}", JOURNAL_UNKNOWN, true, "no leader: do most"},
		{200, "{\"error\":{\"grpc_code\":14,\"http_code\":503,\"message\":\"etcdserver: no leader\"}}", JOURNAL_UNKNOWN, true,
		 "no leader: do most"},
		{404, SAYS("etcdserver: user not found", "5"), JOURNAL_UNKNOWN, true, "HTTP 404"},
		{404, "Not Found\n", JOURNAL_UNKNOWN, true, "JSON gateway is off"},
		{400, "<html>", JOURNAL_UNKNOWN, true, "HTTP 400"},
		{400, "{\"error\":\"no\"}", JOURNAL_UNKNOWN, true, "HTTP 400"},
		{200, "<html>", JOURNAL_UNKNOWN, true, "its answer is not JSON"},
		{200, "{}", JOURNAL_UNKNOWN, true, "not an answer of etcd"},
		{204, "", JOURNAL_UNKNOWN, true, "HTTP 204"},
		{301, "", JOURNAL_UNKNOWN, true, "leads elsewhere"},
		{500, "", JOURNAL_UNKNOWN, true, "HTTP 500"},
		{500, SAYS("a\\u0000b\\u001b[31m\\n", "2"), JOURNAL_UNKNOWN, true, "a\\x00b\\x1b[31m"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct error err;
		struct etcdverdict verdict =
			judge((struct http_reply){.status = rows[row].status, .body = (char *)rows[row].body}, &err);
		expect_int(rows[row].result, verdict.result, "row %zu: %s", row, err.text);
		expect_int(rows[row].elsewhere, verdict.elsewhere, "row %zu: elsewhere", row);
		expect_part(rows[row].part, err.text, "row %zu", row);
	}
}

static void what_broke_on_the_way_is_failed_only_if_it_was_not_sent(void **state) {
	(void)state;
	static const struct {
		enum http_result result;
		bool unsent;
		const char *error;
		enum journal_result expected;
		bool elsewhere;
		const char *part;
	} rows[] = {
		{HTTP_UNREACHABLE, true, "Failed to connect", JOURNAL_FAILED, true, "Failed to connect"},
		{HTTP_UNREACHABLE, false, "Empty reply from server", JOURNAL_UNKNOWN, true, "Empty reply"},
		{HTTP_UNREACHABLE, true, "SSL certificate problem: certificate has expired", JOURNAL_FAILED, true,
		 "has expired: see ca_file, client_cert and client_key"},
		{HTTP_UNREACHABLE, false, "OpenSSL SSL_read: tlsv13 alert certificate required", JOURNAL_UNKNOWN, true, "required: see ca_file"},
		{HTTP_UNREACHABLE, false, "Send failure: Connection reset by peer", JOURNAL_UNKNOWN, true, "peer: with https, see ca_file"},
		{HTTP_UNREACHABLE, false, "Send failure: Broken pipe", JOURNAL_UNKNOWN, true, "pipe: with https, see ca_file"},
		{HTTP_SLOW, false, "Operation timed out", JOURNAL_UNKNOWN, true, "timed out"},
		{HTTP_CUT_OFF, false, "transfer closed", JOURNAL_UNKNOWN, true, "closed"},
		{HTTP_TOO_LARGE, false, "the answer is too large", JOURNAL_UNKNOWN, true, "too large"},
		{HTTP_NO_MEMORY, false, "out of memory", JOURNAL_UNKNOWN, false, "out of memory"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct error err;
		struct etcdverdict verdict = judge((struct http_reply){.result = rows[row].result, .unsent = rows[row].unsent,
		                                                       .status = rows[row].result == HTTP_UNREACHABLE ? 0 : 200,
		                                                       .body = "{" HEADER "}", .error = rows[row].error}, &err);
		expect_int(rows[row].expected, verdict.result, "row %zu: %s", row, err.text);
		expect_int(rows[row].elsewhere, verdict.elsewhere, "row %zu: elsewhere", row);
		expect_part(rows[row].part, err.text, "row %zu", row);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_out_is_false_or_nothing),
		cmocka_unit_test(pairs_are_in_their_ranges),
		cmocka_unit_test(what_etcd_would_not_say_is_refused),
		cmocka_unit_test(what_etcd_refuses_is_failed_only_if_that_is_certain),
		cmocka_unit_test(what_broke_on_the_way_is_failed_only_if_it_was_not_sent),
	};
	return cmocka_run_group_tests_name("etcdanswer", tests, NULL, done);
}
