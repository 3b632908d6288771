// SPDX-License-Identifier: ISC

/* journal/journal.h with a double of request/http.h: what is asked, whom, and what follows from the reply. */

#include "fixture.h"

#include "base/base64.h"
#include "base/clock.h"
#include "journal/journal.h"

#include <errno.h>

#define TIMEOUT (6 * USEC_PER_SEC)

/* The module that remembers what was asked, with a heap in which there may be no room. */
static bool memory_is_short;

static void *scarce_calloc(size_t count, size_t size) {
	return memory_is_short ? NULL : calloc(count, size);
}

#define calloc scarce_calloc
#include "../../src/journal/ask.c"
#undef calloc

/* The double of base/clock.h */
static usec_t now;

usec_t clock_boottime(void) {
	return now;
}

/* The double of request/http.h: what was posted waits for a test to answer it. */

enum { POSTS = 64 };

struct http_endpoint {
	char url[64];
};

static struct {
	struct {
		char url[64], path[32];
		char *body;
		usec_t timeout;
		void *user;
		bool answered;
	} posts[POSTS];
	size_t count;
	struct http_reply reply; /* to the one of that number */
	char *reply_body;
	bool replied;
	int renewals, refusal;
} net;

int http_endpoint_new(const struct http_endpoint_options *options, struct http_endpoint **ret_endpoint,
                      struct error *err) {
	struct http_endpoint *endpoint = calloc(1, sizeof(*endpoint));
	(void)err;
	expect_not_null(endpoint);
	expect_not_null(options->owner);
	(void)snprintf(endpoint->url, sizeof(endpoint->url), "%s", options->url);
	*ret_endpoint = endpoint;
	return 0;
}

void http_endpoint_free(struct http *http, struct http_endpoint *endpoint) {
	(void)http;
	free(endpoint);
}

int http_post_to(struct http *http, struct http_endpoint *endpoint, const char *path, const char *body,
                 usec_t timeout, void *user, struct error *err) {
	(void)http;
	(void)err;
	if (net.refusal) {
		return net.refusal;
	}
	expect_true(net.count < POSTS);
	(void)snprintf(net.posts[net.count].url, sizeof(net.posts[0].url), "%s", endpoint->url);
	(void)snprintf(net.posts[net.count].path, sizeof(net.posts[0].path), "%s", path);
	net.posts[net.count].body = strdup(body);
	net.posts[net.count].timeout = timeout;
	net.posts[net.count++].user = user;
	return 0;
}

bool http_next_for(struct http *http, const void *owner, struct http_reply *ret_reply) {
	(void)http;
	expect_not_null(owner);
	if (!net.replied) {
		return false;
	}
	net.replied = false;
	*ret_reply = net.reply;
	return true;
}

void http_cancel_for(struct http *http, const void *owner) {
	(void)http;
	expect_not_null(owner);
}

void http_renew(struct http *http) {
	(void)http;
	net.renewals++;
}

/* The journal under test */

static struct journal *journal;

static int setup(void **state) {
	static const char *const endpoints[] = {"https://a:2379", "https://b:2379/", "https://c:2379", NULL};
	const struct journal_settings settings = {.cluster = "hq", .node = "n", .endpoints = endpoints, .timeout = TIMEOUT};
	(void)state;
	now = 1000 * USEC_PER_SEC;
	/* Nothing of it is used. */
	return journal_new(&settings, (struct http *)&net, &journal, NULL);
}

static int teardown(void **state) {
	(void)state;
	journal_free(journal);
	for (size_t i = 0; i < net.count; i++) {
		free(net.posts[i].body);
	}
	free(net.reply_body);
	memset(&net, 0, sizeof(net));
	memory_is_short = false;
	return 0;
}

/* What base64 stands for is shown in its place; it is what is behind these members. */
static const char *readable(const char *body) {
	static const char *const members[] = {"\"key\":\"", "\"range_end\":\"", "\"value\":\""};
	static struct buf out;
	buf_done(&out);
	buf_init(&out, BUF_ANY);
	while (*body) {
		size_t i = 0;
		while (i < COUNT_OF(members) && strncmp(body, members[i], strlen(members[i])) != 0) {
			i++;
		}
		if (i == COUNT_OF(members)) {
			buf_putc(&out, *body++);
			continue;
		}
		buf_puts(&out, members[i]);
		body += strlen(members[i]);
		size_t len = strcspn(body, "\"");
		expect_int(0, base64_take(body, len, &out), "%s", body);
		body += len;
	}
	return buf_text(&out);
}

static void expect_post(size_t i, const char *url, const char *path, const char *body) {
	expect_true(i < net.count, "post %zu", i);
	expect_text(url, net.posts[i].url, "post %zu", i);
	expect_text(path, net.posts[i].path, "post %zu", i);
	if (body) {
		expect_text(body, readable(net.posts[i].body), "post %zu", i);
	}
}

static void reply_to(size_t i, struct http_reply reply, const char *body) {
	expect_true(i < net.count && !net.posts[i].answered, "post %zu waits", i);
	net.posts[i].answered = true;
	free(net.reply_body);
	net.reply_body = strdup(body);
	reply.user = net.posts[i].user;
	reply.body = net.reply_body;
	reply.body_len = strlen(body);
	net.reply = reply;
	net.replied = true;
}

/* The last one that was posted is answered so. */
static bool answer(long status, const char *body, struct journal_reply *ret) {
	reply_to(net.count - 1, (struct http_reply){.status = status}, body);
	return journal_next(journal, ret);
}

static bool breaks(enum http_result result, bool unsent, struct journal_reply *ret) {
	reply_to(net.count - 1, (struct http_reply){.result = result, .unsent = unsent, .error = "it broke"}, "");
	return journal_next(journal, ret);
}

/* Requests */

#define K "\"key\":\"occupancyd/hq/"
#define IS_OWNER(epoch) "{\"compare\":[{\"target\":\"CREATE\",\"result\":\"EQUAL\"," K "owner/x%2Fy\",\"create_revision\":\"" epoch "\"}"
#define ELSE_OWNER "],\"failure\":[{\"request_range\":{" K "owner/x%2Fy\"}}]}"
#define ALL(folder) "{\"request_range\":{" K folder "/\",\"range_end\":\"occupancyd/hq/" folder "0\",\"limit\":\"20000\"}}"

static void each_verb_is_one_request(void **state) {
	(void)state;
	static const struct {
		const char *path, *body;
	} rows[] = {
		{"/v3/kv/txn", "{\"success\":[" ALL("owner") "," ALL("head") "," ALL("until") "," ALL("node") "]}"},
		{"/v3/kv/txn", "{\"success\":[{\"request_range\":{" K "head/x%2Fy\"}},{\"request_range\":{" K "log/x%2Fy/0000000000000005\","
		               "\"range_end\":\"occupancyd/hq/log/x%2Fy/0000000000000008\",\"limit\":\"3\"}}]}"},
		{"/v3/kv/txn", "{\"success\":[{\"request_range\":{" K "head/x%2Fy\"}},{\"request_range\":{" K "log/x%2Fy/fffffffffffffffe\","
		               "\"range_end\":\"occupancyd/hq/log/x%2Fy0\",\"limit\":\"9\"}}]}"},
		{"/v3/lease/grant", "{\"TTL\":\"31\"}"},
		{"/v3/lease/keepalive", "{\"ID\":\"7290098667046127878\"}"},
		{"/v3/lease/revoke", "{\"ID\":\"7290098667046127878\"}"},
		{"/v3/kv/txn", "{\"success\":[{\"request_put\":{" K "node/n/00000000000000ff\",\"value\":\"{\"well\":true}\",\"lease\":\"255\"}}]}"},
		{"/v3/kv/txn", IS_OWNER("0") "],\"success\":[{\"request_put\":{" K "owner/x%2Fy\",\"value\":\"n\",\"lease\":\"255\"}}" ELSE_OWNER},
		{"/v3/kv/txn", IS_OWNER("17") "],\"success\":[{\"request_delete_range\":{" K "owner/x%2Fy\"}}" ELSE_OWNER},
		{"/v3/kv/txn", IS_OWNER("17") ",{\"target\":\"CREATE\",\"result\":\"EQUAL\"," K "head/x%2Fy\",\"create_revision\":\"0\"}],\"success\":["
		               "{\"request_put\":{" K "log/x%2Fy/0000000000000001\",\"value\":\"data\"}},{\"request_put\":{" K "head/x%2Fy\",\"value\":\"1\"}}"
		               "],\"failure\":[{\"request_range\":{" K "log/x%2Fy/0000000000000001\"}}]}"},
		{"/v3/kv/txn", IS_OWNER("17") ",{\"target\":\"VALUE\",\"result\":\"EQUAL\"," K "head/x%2Fy\",\"value\":\"8811\"}],\"success\":["
		               "{\"request_put\":{" K "log/x%2Fy/000000000000226c\",\"value\":\"data\"}},{\"request_put\":{" K "head/x%2Fy\",\"value\":\"8812\"}}"
		               "],\"failure\":[{\"request_range\":{" K "log/x%2Fy/000000000000226c\"}}]}"},
		{"/v3/kv/txn", IS_OWNER("17") "],\"success\":[{\"request_put\":{" K "until/x%2Fy\",\"value\":\"1795421700000000\"}}" ELSE_OWNER},
		{"/v3/kv/txn", IS_OWNER("17") "],\"success\":[{\"request_delete_range\":{" K "log/x%2Fy/0000000000000001\","
		               "\"range_end\":\"occupancyd/hq/log/x%2Fy/0000000000000020\"}}" ELSE_OWNER},
	};
	journal_look(journal, 0);
	journal_read(journal, 1, "x/y", 5, 7, 3);
	journal_read(journal, 2, "x/y", UINT64_MAX - 1, UINT64_MAX, 9);
	journal_grant(journal, 3, 30 * USEC_PER_SEC + 1);
	journal_renew(journal, 4, 7290098667046127878);
	journal_revoke(journal, 5, 7290098667046127878);
	journal_announce(journal, 6, 255, "{\"well\":true}");
	journal_claim(journal, 7, "x/y", 255);
	journal_release(journal, 8, "x/y", 17);
	journal_commit(journal, 9, "x/y", 17, 1, "data", 4);
	journal_commit(journal, 10, "x/y", 17, 8812, "data", 4);
	journal_defer(journal, 11, "x/y", 17, at("2026-11-23T08:15:00Z"));
	journal_trim(journal, 12, "x/y", 17, 1, 31);
	expect_int(COUNT_OF(rows), net.count);
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		expect_post(row, "https://a:2379", rows[row].path, rows[row].body);
		expect_int(TIMEOUT, net.posts[row].timeout, "row %zu", row);
	}
}

/* Answers */

#define HEADER "\"header\":{\"cluster_id\":\"5\",\"revision\":\"9\"}"
#define YES    "{" HEADER ",\"succeeded\":true}"
#define NONE   "{\"response_range\":{}}"
#define NO(range) "{" HEADER ",\"responses\":[" range "]}"
#define WITH(key, value, more) "{\"response_range\":{\"kvs\":[{\"key\":\"" key "\",\"create_revision\":\"4\",\"value\":\"" value "\"" more "}]}}"

static void ask(enum journal_verb verb, uint64_t tag) {
	switch (verb) {
	case JOURNAL_LOOK: journal_look(journal, tag); break;
	case JOURNAL_READ: journal_read(journal, tag, "x", 5, 7, 3); break;
	case JOURNAL_GRANT: journal_grant(journal, tag, USEC_PER_SEC); break;
	case JOURNAL_RENEW: journal_renew(journal, tag, 255); break;
	case JOURNAL_REVOKE: journal_revoke(journal, tag, 255); break;
	case JOURNAL_ANNOUNCE: journal_announce(journal, tag, 255, "v"); break;
	case JOURNAL_CLAIM: journal_claim(journal, tag, "x", 255); break;
	case JOURNAL_RELEASE: journal_release(journal, tag, "x", 17); break;
	case JOURNAL_COMMIT: journal_commit(journal, tag, "x", 17, 2, "foo", 3); break;
	case JOURNAL_DEFER: journal_defer(journal, tag, "x", 17, 1); break;
	case JOURNAL_TRIM: journal_trim(journal, tag, "x", 17, 1, 2); break;
	}
}

static void an_answer_says_what_became_of_it(void **state) {
	(void)state;
	static const struct {
		enum journal_verb verb;
		const char *body;
		enum journal_result result;
		uint64_t epoch;
		int64_t lease;
	} rows[] = {
		{JOURNAL_GRANT, "{" HEADER ",\"ID\":\"77\",\"TTL\":\"30\"}", JOURNAL_DONE, 0, 77},
		{JOURNAL_GRANT, "{" HEADER "}", JOURNAL_UNKNOWN, 0, 0},
		{JOURNAL_GRANT, "{" HEADER ",\"ID\":\"77\"}", JOURNAL_UNKNOWN, 0, 77},
		{JOURNAL_RENEW, "{\"result\":{" HEADER ",\"ID\":\"255\",\"TTL\":\"30\"}}", JOURNAL_DONE, 0, 0},
		{JOURNAL_RENEW, "{\"result\":{" HEADER ",\"ID\":\"255\"}}", JOURNAL_REFUSED, 0, 0},
		{JOURNAL_RENEW, "{\"result\":{" HEADER ",\"ID\":\"254\",\"TTL\":\"30\"}}", JOURNAL_UNKNOWN, 0, 0},
		{JOURNAL_RENEW, "{" HEADER "}", JOURNAL_UNKNOWN, 0, 0},
		{JOURNAL_REVOKE, "{" HEADER "}", JOURNAL_DONE, 0, 0},
		{JOURNAL_ANNOUNCE, YES, JOURNAL_DONE, 0, 0},
		{JOURNAL_ANNOUNCE, "{" HEADER "}", JOURNAL_UNKNOWN, 0, 0},
		{JOURNAL_CLAIM, YES, JOURNAL_DONE, 9, 0},
		{JOURNAL_CLAIM, NO(NONE), JOURNAL_REFUSED, 9, 0},
		{JOURNAL_CLAIM, NO(WITH("eA==", "bg==", ",\"lease\":\"255\"")), JOURNAL_DONE, 4, 0},
		{JOURNAL_CLAIM, NO(WITH("eA==", "bg==", ",\"lease\":\"254\"")), JOURNAL_REFUSED, 4, 0},
		{JOURNAL_CLAIM, NO(WITH("eA==", "bQ==", ",\"lease\":\"255\"")), JOURNAL_REFUSED, 4, 0},
		{JOURNAL_CLAIM, "{" HEADER "}", JOURNAL_UNKNOWN, 9, 0},
		{JOURNAL_CLAIM, "{\"header\":{\"cluster_id\":\"5\"},\"succeeded\":true}", JOURNAL_UNKNOWN, 0, 0},
		{JOURNAL_RELEASE, YES, JOURNAL_DONE, 0, 0},
		{JOURNAL_RELEASE, NO(NONE), JOURNAL_REFUSED, 0, 0},
		{JOURNAL_RELEASE, "{" HEADER "}", JOURNAL_UNKNOWN, 0, 0},
		{JOURNAL_RELEASE, NO(NONE "," NONE), JOURNAL_UNKNOWN, 0, 0},
		{JOURNAL_COMMIT, YES, JOURNAL_DONE, 0, 0},
		{JOURNAL_COMMIT, NO(NONE), JOURNAL_REFUSED, 0, 0},
		{JOURNAL_COMMIT, NO(WITH("eA==", "Zm9v", "")), JOURNAL_DONE, 0, 0},
		{JOURNAL_COMMIT, NO(WITH("eA==", "Zm8=", "")), JOURNAL_REFUSED, 0, 0},
		{JOURNAL_COMMIT, NO(WITH("eA==", "Zm9w", "")), JOURNAL_REFUSED, 0, 0},
		{JOURNAL_COMMIT, "{" HEADER "}", JOURNAL_UNKNOWN, 0, 0},
		{JOURNAL_DEFER, YES, JOURNAL_DONE, 0, 0},
		{JOURNAL_DEFER, NO(NONE), JOURNAL_REFUSED, 0, 0},
		{JOURNAL_TRIM, YES, JOURNAL_DONE, 0, 0},
		{JOURNAL_TRIM, NO(NONE), JOURNAL_REFUSED, 0, 0},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct journal_reply reply;
		ask(rows[row].verb, 1000 + row);
		expect_true(answer(200, rows[row].body, &reply), "row %zu", row);
		expect_int(rows[row].verb, reply.verb, "row %zu: verb", row);
		expect_int(1000 + row, reply.tag, "row %zu: tag", row);
		expect_int(rows[row].result, reply.result, "row %zu: %s", row, reply.error ? reply.error : "");
		expect_int(rows[row].epoch, reply.epoch, "row %zu: epoch", row);
		expect_int(rows[row].lease, reply.lease, "row %zu: lease", row);
		expect_int(rows[row].result == JOURNAL_UNKNOWN, reply.error != NULL, "row %zu: a sentence", row);
		expect_false(journal_next(journal, &reply), "row %zu: another reply", row);
		free(net.posts[--net.count].body);
		net.posts[net.count].answered = false;
	}
}

static void put_pair(struct buf *out, const char *key, const char *value, const char *more) {
	buf_puts(out, "{\"key\":\"");
	base64_put(out, key, strlen(key));
	buf_puts(out, "\",\"value\":\"");
	base64_put(out, value, strlen(value));
	buf_printf(out, "\",\"create_revision\":\"4\"%s}", more);
}

static void a_view_is_of_accounts_and_nodes(void **state) {
	(void)state;
	struct journal_reply reply;
	struct buf body;
	buf_init(&body, BUF_ANY);
	buf_puts(&body, "{" HEADER ",\"succeeded\":true,\"responses\":[{\"response_range\":{\"kvs\":[");
	put_pair(&body, "occupancyd/hq/owner/%20", "b", ",\"lease\":\"255\"");
	buf_puts(&body, ",");
	put_pair(&body, "occupancyd/hq/owner/z", "a", ",\"lease\":\"256\"");
	buf_puts(&body, "]}},{\"response_range\":{\"kvs\":[");
	put_pair(&body, "occupancyd/hq/head/%7B", "18446744073709551614", "");
	buf_puts(&body, ",");
	put_pair(&body, "occupancyd/hq/head/z", "8812", "");
	buf_puts(&body, "]}},{\"response_range\":{\"kvs\":[");
	put_pair(&body, "occupancyd/hq/until/a", "1795421700000000", "");
	buf_puts(&body, "]}},{\"response_range\":{\"kvs\":[");
	put_pair(&body, "occupancyd/hq/node/%7B/0000000000000100", "second", ",\"lease\":\"256\"");
	buf_puts(&body, ",");
	put_pair(&body, "occupancyd/hq/node/a/0000000000000101", "later", ",\"lease\":\"257\"");
	buf_puts(&body, ",");
	put_pair(&body, "occupancyd/hq/node/a/00000000000000ff", "", ",\"lease\":\"255\"");
	buf_puts(&body, "]}}]}");
	journal_look(journal, 3);
	expect_true(answer(200, buf_text(&body), &reply));
	buf_done(&body);
	expect_int(JOURNAL_DONE, reply.result, "%s", reply.error ? reply.error : "");

	static const struct journal_chain chains[] = {
		{.account = " ", .owner = "b", .epoch = 4, .lease = 255},
		{.account = "a", .until = 1795421700000000},
		{.account = "z", .owner = "a", .epoch = 4, .lease = 256, .head = 8812},
		{.account = "{", .head = UINT64_MAX - 1},
	};
	expect_int(COUNT_OF(chains), reply.view.chain_count);
	for (size_t i = 0; i < COUNT_OF(chains); i++) {
		const struct journal_chain *chain = &reply.view.chains[i];
		expect_text(chains[i].account, chain->account, "chain %zu", i);
		expect_text(chains[i].owner, chain->owner, "chain %zu", i);
		expect_int(chains[i].epoch, chain->epoch, "chain %zu: epoch", i);
		expect_int(chains[i].lease, chain->lease, "chain %zu: lease", i);
		expect_int(chains[i].head, chain->head, "chain %zu: head", i);
		expect_time(chains[i].until, chain->until, "chain %zu: until", i);
	}
	static const struct journal_node nodes[] = {{"a", 255, ""}, {"a", 257, "later"}, {"{", 256, "second"}};
	expect_int(COUNT_OF(nodes), reply.view.node_count);
	for (size_t i = 0; i < COUNT_OF(nodes); i++) {
		expect_text(nodes[i].name, reply.view.nodes[i].name, "node %zu", i);
		expect_int(nodes[i].lease, reply.view.nodes[i].lease, "node %zu", i);
		expect_text(nodes[i].value, reply.view.nodes[i].value, "node %zu", i);
	}
	expect_int(5, reply.view.cluster);
}

/* Entries */

/* An answer with the head and entries of so many bytes, all of account x. */
static const char *entries(uint64_t head, uint64_t first, size_t count, size_t size) {
	static struct buf body;
	buf_done(&body);
	buf_init(&body, BUF_ANY);
	buf_puts(&body, "{" HEADER ",\"succeeded\":true,\"responses\":[{\"response_range\":{");
	if (head > 0) {
		char text[32];
		(void)snprintf(text, sizeof(text), "%" PRIu64, head);
		buf_puts(&body, "\"kvs\":[");
		put_pair(&body, "occupancyd/hq/head/x", text, "");
		buf_puts(&body, "]");
	}
	buf_puts(&body, "}},{\"response_range\":{\"kvs\":[");
	char *text = calloc(1, size + 1);
	expect_not_null(text);
	memset(text, 'e', size);
	for (size_t i = 0; i < count; i++) {
		char key[64];
		(void)snprintf(key, sizeof(key), "occupancyd/hq/log/x/%016" PRIx64, first + i);
		buf_puts(&body, i > 0 ? "," : "");
		put_pair(&body, key, text, "");
	}
	free(text);
	buf_puts(&body, "]}}]}");
	return buf_text(&body);
}

#define RANGE(from, end, limit) K "log/x/" from "\",\"range_end\":\"occupancyd/hq/log/x/" end "\",\"limit\":\"" limit "\""

static void entries_come_with_whether_there_are_more(void **state) {
	(void)state;
	static const struct {
		uint64_t head, first;
		size_t count;
		bool more;
	} rows[] = {{7, 5, 3, false}, {8, 5, 3, false}, {6, 5, 2, false}, {8, 5, 2, true}, {4, 0, 0, false}, {0, 0, 0, false},
	            {9, 7, 1, false}, {9, 6, 1, true}};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct journal_reply reply;
		ask(JOURNAL_READ, row);
		expect_true(answer(200, entries(rows[row].head, rows[row].first, rows[row].count, row), &reply), "row %zu", row);
		expect_int(JOURNAL_DONE, reply.result, "row %zu: %s", row, reply.error ? reply.error : "");
		expect_int(rows[row].count, reply.entry_count, "row %zu", row);
		expect_int(rows[row].more, reply.more, "row %zu: more", row);
		for (size_t i = 0; i < reply.entry_count; i++) {
			expect_int(rows[row].first + i, reply.entries[i].position, "row %zu", row);
			expect_int(row, reply.entries[i].len, "row %zu", row);
		}
	}
}

static void entries_that_were_not_asked_for_are_refused(void **state) {
	(void)state;
	static const char hole[] = "{" HEADER ",\"succeeded\":true,\"responses\":[" NONE ",{\"response_range\":{\"kvs\":["
	                           "{\"key\":\"b2NjdXBhbmN5ZC9ocS9sb2cveC8wMDAwMDAwMDAwMDAwMDA1\",\"create_revision\":\"1\"},"
	                           "{\"key\":\"b2NjdXBhbmN5ZC9ocS9sb2cveC8wMDAwMDAwMDAwMDAwMDA3\",\"create_revision\":\"1\"}]}}]}";
	static const char other[] = "{" HEADER ",\"succeeded\":true,\"responses\":[" NONE ",{\"response_range\":{\"kvs\":["
	                            "{\"key\":\"b2NjdXBhbmN5ZC9ocS9sb2cveS8wMDAwMDAwMDAwMDAwMDA1\",\"create_revision\":\"1\"}]}}]}";
	const char *bodies[] = {hole, other, entries(9, 4, 3, 1), NULL, YES, NO(NONE "," NONE)};
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct journal_reply reply;
		ask(JOURNAL_READ, i);
		expect_true(answer(200, i == 3 ? entries(9, 6, 3, 1) : bodies[i], &reply), "body %zu", i);
		expect_int(JOURNAL_UNKNOWN, reply.result, "body %zu", i);
		expect_int(0, reply.entry_count, "body %zu", i);
	}
}

static void what_was_trimmed_is_looked_for_behind_it(void **state) {
	(void)state;
	struct journal_reply reply;
	journal_read(journal, 1, "x", 5, 900, 100);
	expect_part(RANGE("0000000000000005", "0000000000000015", "16"), readable(net.posts[0].body), "explicit ends");
	expect_false(answer(200, entries(300, 0, 0, 0), &reply), "a reply");
	expect_int(2, net.count);
	expect_part(RANGE("0000000000000005", "0000000000000385", "16"), readable(net.posts[1].body), "to the end");
	expect_true(answer(200, entries(300, 200, 16, 10), &reply));
	expect_int(200, reply.entries[0].position);
	expect_true(reply.more);

	/* Nothing is there at all. */
	journal_read(journal, 2, "x", 5, 900, 100);
	expect_false(answer(200, entries(300, 0, 0, 0), &reply), "a reply");
	expect_true(answer(200, entries(300, 0, 0, 0), &reply));
	expect_int(JOURNAL_DONE, reply.result);
	expect_false(reply.more, "more");
}

static void as_many_are_asked_for_as_fit(void **state) {
	(void)state;
	struct journal_reply reply;
	/* Small ones: twice as many each time. */
	static const char *const limits[] = {"\"limit\":\"16\"", "\"limit\":\"32\"", "\"limit\":\"64\""};
	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		journal_read(journal, i, "x", 1, 100000, 100000);
		expect_part(limits[i], net.posts[i].body);
		expect_true(answer(200, entries(100000, 1, 16, 10), &reply));
	}
	/* Too large: five of the largest fit. */
	journal_read(journal, 9, "x", 1, 100000, 100000);
	expect_part("\"limit\":\"128\"", net.posts[3].body);
	expect_false(breaks(HTTP_TOO_LARGE, false, &reply), "a reply");
	expect_part("\"limit\":\"5\"", net.posts[4].body);
	expect_text("https://a:2379", net.posts[4].url, "it is no fault of the member");
	expect_true(answer(200, entries(100000, 1, 2, 500000), &reply));
	expect_int(JOURNAL_DONE, reply.result);
	/* And of those about a megabyte. */
	journal_read(journal, 10, "x", 1, 100000, 100000);
	expect_part("\"limit\":\"1\"", net.posts[5].body);
	/* One entry is never too large: whoever says so is not to be asked. */
	expect_false(breaks(HTTP_TOO_LARGE, false, &reply), "a reply");
	expect_text("https://b:2379", net.posts[6].url);
	expect_true(answer(200, entries(100000, 1, 1, 10), &reply));
	/* Never more than are wanted. */
	journal_read(journal, 11, "x", 1, 100000, 1);
	expect_part("\"limit\":\"1\"", net.posts[7].body);
}

/* Members */

static void one_member_is_asked_until_it_fails(void **state) {
	(void)state;
	static const struct {
		long status;
		const char *body, *next;
	} rows[] = {
		{200, YES, "https://a:2379"},
		{404, "{\"error\":\"etcdserver: requested lease not found\",\"code\":5}", "https://a:2379"},
		{429, "{\"error\":\"etcdserver: mvcc: database space exceeded\",\"code\":8}", "https://a:2379"},
		{503, "{\"error\":\"etcdserver: leader changed\",\"code\":14}", "https://b:2379"},
		{200, "<html>", "https://c:2379"},
		{307, "", "https://a:2379"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct journal_reply reply;
		ask(JOURNAL_ANNOUNCE, row);
		expect_true(answer(rows[row].status, rows[row].body, &reply), "row %zu", row);
		ask(JOURNAL_ANNOUNCE, row);
		expect_text(rows[row].next, net.posts[net.count - 1].url, "row %zu", row);
		expect_true(answer(200, YES, &reply), "row %zu", row);
	}
	expect_int(0, net.renewals);
}

/* Two were on their way to it: only the first that fails makes it another one. */
static void a_member_is_left_once(void **state) {
	(void)state;
	struct journal_reply reply;
	ask(JOURNAL_ANNOUNCE, 1);
	ask(JOURNAL_ANNOUNCE, 2);
	for (size_t i = 0; i < 2; i++) {
		reply_to(i, (struct http_reply){.result = HTTP_SLOW, .error = "it broke"}, "");
		expect_true(journal_next(journal, &reply), "reply %zu", i);
		expect_text("etcd at https://a:2379: it broke", reply.error, "reply %zu", i);
	}
	ask(JOURNAL_ANNOUNCE, 3);
	expect_text("https://b:2379", net.posts[2].url);
	expect_int(2, net.renewals, "connections that are not to be trusted");
}

static void what_was_not_sent_goes_to_each_member_once(void **state) {
	(void)state;
	for (enum journal_verb verb = JOURNAL_LOOK; verb <= JOURNAL_TRIM; verb++) {
		struct journal_reply reply;
		size_t first = net.count;
		ask(verb, 7);
		now += USEC_PER_SEC;
		expect_false(breaks(HTTP_UNREACHABLE, true, &reply), "verb %d: a reply", (int)verb);
		expect_int(TIMEOUT - USEC_PER_SEC, net.posts[first + 1].timeout, "verb %d: what is left of the time", (int)verb);
		expect_false(breaks(HTTP_UNREACHABLE, true, &reply), "verb %d: a reply", (int)verb);
		expect_true(breaks(HTTP_UNREACHABLE, true, &reply), "verb %d: a reply", (int)verb);
		expect_int(JOURNAL_FAILED, reply.result, "verb %d", (int)verb);
		expect_text("etcd at https://c:2379: it broke", reply.error, "verb %d", (int)verb);
		expect_int(first + 3, net.count, "verb %d: requests", (int)verb);
		expect_text(net.posts[first].body, net.posts[first + 2].body, "verb %d", (int)verb);
	}
}

static void what_may_have_been_sent_is_sent_again_only_if_that_changes_nothing(void **state) {
	(void)state;
	for (enum journal_verb verb = JOURNAL_LOOK; verb <= JOURNAL_TRIM; verb++) {
		struct journal_reply reply;
		size_t first = net.count;
		bool harmless = verb == JOURNAL_LOOK || verb == JOURNAL_READ || verb == JOURNAL_RENEW;
		ask(verb, 7);
		bool replied = breaks(HTTP_UNREACHABLE, false, &reply);
		expect_int(!harmless, replied, "verb %d: a reply", (int)verb);
		expect_int(first + 1 + harmless, net.count, "verb %d: requests", (int)verb);
		if (harmless) {
			now += TIMEOUT;
			expect_true(breaks(HTTP_SLOW, false, &reply), "verb %d: when the time is over", (int)verb);
		}
		expect_int(JOURNAL_UNKNOWN, reply.result, "verb %d", (int)verb);
		expect_int(7, reply.tag, "verb %d", (int)verb);
	}
}

static void another_etcd_is_believed_by_a_look_alone(void **state) {
	(void)state;
#define OTHER "{\"header\":{\"cluster_id\":\"6\",\"revision\":\"9\"},\"succeeded\":true"
	static const char look[] = "{" HEADER ",\"succeeded\":true,\"responses\":[" NONE "," NONE "," NONE "," NONE "]}";
	static const char other_look[] = OTHER ",\"responses\":[" NONE "," NONE "," NONE "," NONE "]}";
	struct journal_reply reply;
	ask(JOURNAL_LOOK, 1);
	expect_true(answer(200, look, &reply));
	expect_int(5, reply.view.cluster);
	ask(JOURNAL_CLAIM, 2);
	expect_true(answer(200, OTHER "}", &reply));
	expect_int(JOURNAL_UNKNOWN, reply.result);
	expect_part("another etcd than the one that was looked at", reply.error);
	ask(JOURNAL_LOOK, 3);
	expect_text("https://b:2379", net.posts[2].url);
	expect_true(answer(200, other_look, &reply));
	expect_int(JOURNAL_DONE, reply.result);
	expect_int(6, reply.view.cluster);
	ask(JOURNAL_CLAIM, 4);
	expect_true(answer(200, OTHER "}", &reply));
	expect_int(JOURNAL_DONE, reply.result);
}

/* What could not even be asked */

static void without_memory_it_has_failed(void **state) {
	(void)state;
	struct journal_reply reply;
	memory_is_short = true;
	ask(JOURNAL_COMMIT, 1);
	ask(JOURNAL_LOOK, 2);
	memory_is_short = false;
	net.refusal = -ENOMEM;
	ask(JOURNAL_CLAIM, 3);
	net.refusal = 0;
	bool seen[4] = {0};
	for (int i = 0; i < 3; i++) {
		expect_true(journal_next(journal, &reply), "reply %d", i);
		expect_int(JOURNAL_FAILED, reply.result, "reply %d", i);
		expect_text("out of memory", reply.error, "reply %d", i);
		expect_between(1, 3, reply.tag);
		expect_false(seen[reply.tag], "twice");
		seen[reply.tag] = true;
		expect_int(reply.tag == 1 ? JOURNAL_COMMIT : reply.tag == 2 ? JOURNAL_LOOK : JOURNAL_CLAIM, reply.verb, "verb");
	}
	expect_false(journal_next(journal, &reply), "one more");
	expect_int(0, net.count, "requests");
}

static void an_entry_that_is_too_large_has_failed(void **state) {
	(void)state;
	struct journal_reply reply;
	char *data = calloc(1, JOURNAL_ENTRY_MAX + 1);
	expect_not_null(data);
	journal_commit(journal, 1, "x", 17, 2, data, JOURNAL_ENTRY_MAX);
	expect_int(1, net.count, "the largest is sent");
	journal_commit(journal, 2, "x", 17, 2, data, JOURNAL_ENTRY_MAX + 1);
	free(data);
	expect_int(1, net.count, "a larger one is not");
	expect_true(journal_next(journal, &reply));
	expect_int(2, reply.tag);
	expect_int(JOURNAL_FAILED, reply.result);
	expect_text("it is too large for etcd", reply.error);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		CASE(each_verb_is_one_request),
		CASE(an_answer_says_what_became_of_it),
		CASE(a_view_is_of_accounts_and_nodes),
		CASE(entries_come_with_whether_there_are_more),
		CASE(entries_that_were_not_asked_for_are_refused),
		CASE(what_was_trimmed_is_looked_for_behind_it),
		CASE(as_many_are_asked_for_as_fit),
		CASE(one_member_is_asked_until_it_fails),
		CASE(a_member_is_left_once),
		CASE(what_was_not_sent_goes_to_each_member_once),
		CASE(what_may_have_been_sent_is_sent_again_only_if_that_changes_nothing),
		CASE(another_etcd_is_believed_by_a_look_alone),
		CASE(without_memory_it_has_failed),
		CASE(an_entry_that_is_too_large_has_failed),
	};
	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
