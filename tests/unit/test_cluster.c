// SPDX-License-Identifier: ISC

/* tool/cluster.h: how bad it is with a cluster, and what is said of it; and that the document is read for it. */

#include "fixture.h"

#include "tool/cluster.h"

#include <sys/mman.h>
#include <unistd.h>

#define MINUTE USEC_PER_MIN
#define NEVER  USEC_INFINITY

static const char document[] =
	"{\"version\":1,\"program\":\"occupancyd\",\"started\":\"2026-11-23T08:00:00Z\",\"now\":\"2026-11-23T09:00:00Z\","
	"\"cluster\":{\"node\":\"a\",\"name\":\"hq\",\"reached\":%s,\"lease\":\"held\",\"lease_s\":30,\"twin\":%s%s,\"nodes\":["
	"{\"name\":\"a\",\"version\":\"0.9.0\",\"well\":true},{\"name\":\"b\",\"version\":\"0.9.1\",\"well\":false},"
	"{\"name\":\"c\",\"well\":false},{\"version\":\"9\"},7]},\"accounts\":[\n"
	"{\"name\":\"acme\",\"state\":\"open\",\"clock\":{},\"cluster\":{\"state\":\"owner\",\"entry\":8812,\"head\":8812,"
	"\"behind\":0,\"owner\":\"a\"}},\n"
	"{\"name\":\"eu\",\"state\":\"open\",\"clock\":{},\"cluster\":{%s}}],\n"
	"\"devices\":[],\n\"totals\":{\"devices\":0}}\n";

#define FOLLOWS "\"state\":\"following\",\"entry\":500,\"head\":501,\"behind\":1,\"owner\":\"b\""

static struct live live;

/* Whether it is reached and has a twin, and what else the cluster and the second account have. */
static void take(const char *reached, const char *twin, const char *more, const char *eu) {
	char text[4096];
	int len = snprintf(text, sizeof(text), document, reached, twin, more, eu);
	int fd = memfd_create("status", MFD_CLOEXEC);
	expect_true(fd >= 0);
	expect_int(len, write(fd, text, (size_t)len), "write");
	expect_int(0, lseek(fd, 0, SEEK_SET), "lseek");
	live_done(&live);
	expect_int(0, live_parse(fd, &live), "%s", text);
	(void)close(fd);
}

static int teardown(void **state) {
	(void)state;
	live_done(&live);
	return 0;
}

static const char *troubles(void) {
	static char text[2048];
	struct buf out;
	buf_init(&out, sizeof(text) - 1);
	cluster_troubles(&live, &out, "", "; ");
	(void)snprintf(text, sizeof(text), "%s", buf_text(&out));
	buf_done(&out);
	return text;
}

static void expect_shown(bool all, const char *expected) {
	struct buf out;
	buf_init(&out, BUF_ANY);
	cluster_put(&live, all, &out);
	expect_text(expected, buf_text(&out), "all: %d", all);
	buf_done(&out);
}

static void each_account_and_each_node_is_shown(void **state) {
	(void)state;
	take("true", "false", "", FOLLOWS);
	expect_shown(false, "cluster hq, node a, lease held; 3 nodes: a (0.9.0), b (0.9.1, its disk fails), c\n"
	                    "ACCOUNT  STATE      OWNER  ENTRY  BEHIND\n"
	                    "acme     owner      a       8812       0\n"
	                    "eu       following  b        500       1\n");
	expect_text("", troubles());
	expect_int(LEVEL_OK, cluster_level(&live, 0), "level");
}

static void a_daemon_that_is_alone_shows_nothing(void **state) {
	(void)state;
	struct live_account account = {.name = "acme", .state = "open"};
	struct live alone = {.accounts = &account, .account_count = 1, .now = 60 * MINUTE};
	struct buf out;
	buf_init(&out, BUF_ANY);
	cluster_put(&alone, true, &out);
	cluster_troubles(&alone, &out, "-", "-");
	expect_int(0, out.len, "%s", buf_text(&out));
	expect_int(LEVEL_OK, cluster_level(&alone, 0), "level");
	buf_done(&out);
}

static void of_many_accounts_those_in_trouble_are_shown(void **state) {
	(void)state;
	enum { MANY = 12 };
	struct live_account accounts[MANY];
	struct live many = {.cluster = {.node = "a", .name = "hq", .lease = "held", .reached = true}, .accounts = accounts,
	                    .account_count = MANY};
	struct buf out;
	for (size_t i = 0; i < MANY; i++) {
		accounts[i] = (struct live_account){.name = "x", .state = "open",
		                                    .place = {.state = i == 7 ? "halted" : "owner", .owner = "a",
		                                              .unowned_since = INT64_MIN, .behind_since = INT64_MIN}};
	}
	for (int all = 0; all < 2; all++) {
		buf_init(&out, BUF_ANY);
		cluster_put(&many, all, &out);
		size_t lines = 0;
		for (const char *line = buf_text(&out); (line = strchr(line, '\n')); line++) {
			lines++;
		}
		expect_int(all ? 2 + MANY : 3, lines, "%s", buf_text(&out));
		expect_true(strstr(buf_text(&out), "halted"));
		buf_done(&out);
	}
}

static void what_is_wrong_is_said_and_has_a_level(void **state) {
	(void)state;
	static const struct {
		const char *reached, *twin, *more, *eu;
		const char *said;
		usec_t critical_from; /* NEVER: it is a warning; 0: always critical */
	} rows[] = {
		{"false", "false", ",\"since\":\"2026-11-23T08:59:50Z\",\"reason\":\"https://10.0.0.1:2379: Operation timed out\"", FOLLOWS,
		 "the cluster cannot be reached since 2026-11-23T08:59:50Z: https://10.0.0.1:2379: Operation timed out; ",
		 10 * USEC_PER_SEC},
		{"true", "true", "", FOLLOWS, "another node of the cluster has this name, too: a; ", NEVER},
		{"true", "false", ",\"differing\":\"b, c\"", FOLLOWS, "the nodes' devices differ: b, c; ", NEVER},
		{"true", "false", "", "\"state\":\"halted\",\"entry\":7,\"head\":3,\"owner\":null,\"reason\":\"the journal ends at entry 3\"",
		 "account eu is not followed any more: the journal ends at entry 3; ", 0},
		{"true", "false", "", "\"state\":\"following\",\"owner\":null,\"unowned_since\":\"2026-11-23T08:50:00Z\","
		                      "\"reason\":\"nobody asks for it\"",
		 "nobody asks for account eu since 2026-11-23T08:50:00Z; ", 10 * MINUTE},
		{"true", "false", "", "\"state\":\"following\",\"behind\":812,\"owner\":\"b\",\"behind_since\":\"2026-11-23T08:55:00Z\"",
		 "account eu is 812 entries behind since 2026-11-23T08:55:00Z; ", NEVER},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		take(rows[i].reached, rows[i].twin, rows[i].more, rows[i].eu);
		expect_text(rows[i].said, troubles(), "row %zu", i);
		usec_t from = rows[i].critical_from;
		expect_int(from == NEVER ? LEVEL_WARNING : LEVEL_CRITICAL, cluster_level(&live, from == NEVER ? 0 : from), "row %zu", i);
		expect_int(from == 0 ? LEVEL_CRITICAL : LEVEL_WARNING, cluster_level(&live, from + (from < NEVER)), "row %zu", i);
	}
}

static void what_has_just_begun_is_nothing_yet(void **state) {
	(void)state;
	static const struct {
		const char *reached, *more, *eu;
	} rows[] = {
		{"false", ",\"since\":\"2026-11-23T08:59:51Z\",\"reason\":\"x\"", FOLLOWS},
		{"true", "", "\"state\":\"claiming\",\"owner\":null,\"unowned_since\":\"2026-11-23T08:59:30Z\""},
		{"true", "", "\"state\":\"following\",\"behind\":812,\"owner\":\"b\",\"behind_since\":\"2026-11-23T08:55:01Z\""},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		take(rows[i].reached, "false", rows[i].more, rows[i].eu);
		expect_text("", troubles(), "row %zu", i);
		expect_int(LEVEL_OK, cluster_level(&live, 0), "row %zu", i);
	}
}

/* What others have announced is shown as text. */
static void what_is_from_outside_is_inert(void **state) {
	(void)state;
	take("true", "false", ",\"differing\":\"\\u001b[31mred\"", "\"state\":\"\\u001b[1m\",\"owner\":\"\\u001b[2m\\n\"");
	struct buf out;
	buf_init(&out, BUF_ANY);
	cluster_put(&live, true, &out);
	cluster_troubles(&live, &out, "", "\n");
	expect_null(strchr(buf_text(&out), '\x1b'));
	expect_true(strstr(buf_text(&out), "\\x1b[31mred"), "%s", buf_text(&out));
	buf_done(&out);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_account_and_each_node_is_shown),
		cmocka_unit_test(a_daemon_that_is_alone_shows_nothing),
		cmocka_unit_test(of_many_accounts_those_in_trouble_are_shown),
		cmocka_unit_test(what_is_wrong_is_said_and_has_a_level),
		cmocka_unit_test(what_has_just_begun_is_nothing_yet),
		cmocka_unit_test(what_is_from_outside_is_inert),
	};
	return cmocka_run_group_tests_name("cluster", tests, NULL, teardown);
}
