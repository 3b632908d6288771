// SPDX-License-Identifier: ISC

/* What --check says of a cluster, and of a number of members that buys nothing. */

#include "fixture.h"

#include "config/quorum.h"

static void expect_told(size_t endpoints, const char *const *prefer, const char *told, const char *noted) {
	const struct cluster_settings cluster = {
		.name = "hq", .node = "a", .endpoint_count = endpoints, .prefer = prefer};
	struct buf out, notes;
	buf_init(&out, 1024);
	buf_init(&notes, 1024);
	quorum_tell(&cluster, &out, &notes);
	expect_text(told, buf_text(&out));
	expect_text(noted, buf_text(&notes));
	buf_done(&out);
	buf_done(&notes);
}

static const char *const nothing[] = {NULL};

static void odd_numbers_are_told_without_a_note(void **state) {
	(void)state;
	expect_told(3, nothing, "cluster hq: node a, 3 endpoints of etcd, of which 1 may fail\n", "");
	expect_told(5, nothing, "cluster hq: node a, 5 endpoints of etcd, of which 2 may fail\n", "");
}

static void a_single_endpoint_is_noted(void **state) {
	(void)state;
	expect_told(1, nothing, "cluster hq: node a, 1 endpoint of etcd, of which none may fail\n",
	            "cluster hq: 1 endpoint: this node stops when it fails: name all members of etcd\n");
}

static void even_numbers_are_noted_with_better_ones(void **state) {
	(void)state;
	expect_told(2, nothing, "cluster hq: node a, 2 endpoints of etcd, of which none may fail\n",
	            "cluster hq: 2 endpoints: a cluster of 2 members stops when either fails: use 3\n");
	expect_told(4, nothing, "cluster hq: node a, 4 endpoints of etcd, of which 1 may fail\n",
	            "cluster hq: 4 endpoints: a cluster of 4 members stops when 2 fail, as one of 3 does: use 3 or 5\n");
	expect_told(6, nothing, "cluster hq: node a, 6 endpoints of etcd, of which 2 may fail\n",
	            "cluster hq: 6 endpoints: a cluster of 6 members stops when 3 fail, as one of 5 does: use 5 or 7\n");
}

static void preferred_accounts_are_told(void **state) {
	static const char *const one[] = {"acme", NULL}, *const two[] = {"acme", "eu", NULL};
	(void)state;
	expect_told(3, one, "cluster hq: node a, 3 endpoints of etcd, of which 1 may fail; prefers acme\n", "");
	expect_told(3, two, "cluster hq: node a, 3 endpoints of etcd, of which 1 may fail; prefers acme, eu\n", "");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_numbers_are_told_without_a_note),
		cmocka_unit_test(a_single_endpoint_is_noted),
		cmocka_unit_test(even_numbers_are_noted_with_better_ones),
		cmocka_unit_test(preferred_accounts_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
