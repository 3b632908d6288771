// SPDX-License-Identifier: ISC

/* journal/etcdkey.h: each name has one key, and no name has another's. */

#include "fixture.h"

#include "journal/etcdkey.h"

static const char *const names[] = {"acme", "a/b", "a", "%2F", "\xc3\xa4", "0", "-._~", "a b", "\x01\x7f", "A", "/", "..", "\xff"};

static void put(struct buf *out, enum etcdkey_folder folder, const char *name, uint64_t number) {
	if (folder >= ETCDKEY_NODE) {
		etcdkey_put_numbered(out, "hq", folder, name, number);
	} else {
		etcdkey_put(out, "hq", folder, name);
	}
}

static void keys_are_as_they_are_documented(void **state) {
	(void)state;
	static const struct {
		const char *cluster, *name, *expected;
		enum etcdkey_folder folder;
	} rows[] = {
		{"hq", "acme", "occupancyd/hq/owner/acme", ETCDKEY_OWNER},
		{"hq", "acme", "occupancyd/hq/head/acme", ETCDKEY_HEAD},
		{"hq", "acme", "occupancyd/hq/until/acme", ETCDKEY_UNTIL},
		{"hq", "acme", "occupancyd/hq/node/acme", ETCDKEY_NODE},
		{"hq", "acme", "occupancyd/hq/log/acme", ETCDKEY_LOG},
		{"h/q", "a/b %\xc3\xa4", "occupancyd/h%2Fq/head/a%2Fb%20%25%C3%A4", ETCDKEY_HEAD},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct buf key;
		buf_init(&key, BUF_ANY);
		etcdkey_put(&key, rows[row].cluster, rows[row].folder, rows[row].name);
		expect_text(rows[row].expected, buf_text(&key), "row %zu", row);
		buf_done(&key);
	}
	struct buf key;
	buf_init(&key, BUF_ANY);
	etcdkey_put_numbered(&key, "hq", ETCDKEY_LOG, "acme", 0x22ab);
	expect_text("occupancyd/hq/log/acme/00000000000022ab", buf_text(&key));
	buf_done(&key);
}

static void what_is_put_is_taken(void **state) {
	(void)state;
	static const uint64_t numbers[] = {0, 1, 0x0123456789abcdef, UINT64_MAX};
	for (enum etcdkey_folder folder = ETCDKEY_OWNER; folder <= ETCDKEY_LOG; folder++) {
		for (size_t i = 0; i < COUNT_OF(names) * COUNT_OF(numbers); i++) {
			const char *name = names[i / COUNT_OF(numbers)];
			uint64_t number = numbers[i % COUNT_OF(numbers)], taken = 77;
			struct buf key, text;
			buf_init(&key, BUF_ANY);
			buf_init(&text, BUF_ANY);
			buf_puts(&text, "before ");
			put(&key, folder, name, number);
			expect_true(etcdkey_take(key.data, key.len, "hq", folder, &text, &taken), "%s", key.data);
			expect_text(name, text.data + 7, "%s", key.data);
			expect_int(7 + strlen(name) + 1, text.len, "%s: with its NUL", key.data);
			expect_int(folder >= ETCDKEY_NODE ? number : 77, taken, "%s", key.data);
			expect_false(etcdkey_take(key.data, key.len, "h", folder, &text, &taken), "another cluster's");
			expect_false(etcdkey_take(key.data, key.len, "hq", (folder + 1) % 3, &text, &taken), "another folder's");
			buf_done(&key);
			buf_done(&text);
		}
	}
}

/* In the order of bytes, as etcd has them. */
static void a_folder_has_all_of_its_keys_and_no_others(void **state) {
	(void)state;
	for (enum etcdkey_folder folder = ETCDKEY_OWNER; folder <= ETCDKEY_LOG; folder++) {
		struct buf from, end;
		buf_init(&from, BUF_ANY);
		buf_init(&end, BUF_ANY);
		etcdkey_put_folder(&from, "hq", folder, false);
		etcdkey_put_folder(&end, "hq", folder, true);
		for (enum etcdkey_folder other = ETCDKEY_OWNER; other <= ETCDKEY_LOG; other++) {
			for (size_t i = 0; i < COUNT_OF(names); i++) {
				struct buf key;
				buf_init(&key, BUF_ANY);
				put(&key, other, names[i], UINT64_MAX);
				bool inside = strcmp(key.data, from.data) >= 0 && strcmp(key.data, end.data) < 0;
				expect_int(folder == other, inside, "%s in %s .. %s", key.data, from.data, end.data);
				buf_done(&key);
			}
		}
		buf_done(&from);
		buf_done(&end);
	}
}

static void positions_ascend_as_their_keys_do(void **state) {
	(void)state;
	static const uint64_t numbers[] = {1, 9, 10, 15, 16, 255, 256, 1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX};
	char before[64] = "";
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		struct buf key;
		buf_init(&key, BUF_ANY);
		etcdkey_put_numbered(&key, "hq", ETCDKEY_LOG, "acme", numbers[i]);
		expect_true(strcmp(before, key.data) < 0, "%s before %s", before, key.data);
		(void)snprintf(before, sizeof(before), "%s", key.data);
		buf_done(&key);
	}
}

static void what_no_name_has_is_refused(void **state) {
	(void)state;
	static const struct {
		enum etcdkey_folder folder;
		const char *key;
	} rows[] = {
		{ETCDKEY_HEAD, ""}, {ETCDKEY_HEAD, "occupancyd/hq/head"}, {ETCDKEY_HEAD, "occupancyd/hq/head/"},
		{ETCDKEY_HEAD, "occupancyd/hq/head/a/b"}, {ETCDKEY_HEAD, "occupancyd/hq/head/a/"},
		{ETCDKEY_HEAD, "occupancyd/hq/head/a b"}, {ETCDKEY_HEAD, "occupancyd/hq/head/%2f"},
		{ETCDKEY_HEAD, "occupancyd/hq/head/%61"}, {ETCDKEY_HEAD, "occupancyd/hq/head/a%2"},
		{ETCDKEY_HEAD, "occupancyd/hq/head/a%"}, {ETCDKEY_HEAD, "occupancyd/hq/head/%00"},
		{ETCDKEY_HEAD, "occupancyd/hq/head/%G0"}, {ETCDKEY_HEAD, "Occupancyd/hq/head/a"},
		{ETCDKEY_HEAD, "occupancyd/hq/heads/a"}, {ETCDKEY_LOG, "occupancyd/hq/log/a"},
		{ETCDKEY_LOG, "occupancyd/hq/log/a/"}, {ETCDKEY_LOG, "occupancyd/hq/log/a/123"},
		{ETCDKEY_LOG, "occupancyd/hq/log/a/000000000000000A"}, {ETCDKEY_LOG, "occupancyd/hq/log/a/00000000000000001"},
		{ETCDKEY_LOG, "occupancyd/hq/log//0000000000000001"}, {ETCDKEY_LOG, "occupancyd/hq/log/a/000000000000000g"},
		{ETCDKEY_LOG, "occupancyd/hq/log/a/b/0000000000000001"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct buf text;
		uint64_t number;
		buf_init(&text, BUF_ANY);
		buf_puts(&text, "before");
		expect_false(etcdkey_take(rows[row].key, strlen(rows[row].key), "hq", rows[row].folder, &text, &number), "%s",
		             rows[row].key);
		expect_text("before", buf_text(&text), "%s", rows[row].key);
		buf_done(&text);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_as_they_are_documented),
		cmocka_unit_test(what_is_put_is_taken),
		cmocka_unit_test(a_folder_has_all_of_its_keys_and_no_others),
		cmocka_unit_test(positions_ascend_as_their_keys_do),
		cmocka_unit_test(what_no_name_has_is_refused),
	};
	return cmocka_run_group_tests_name("etcdkey", tests, NULL, NULL);
}
