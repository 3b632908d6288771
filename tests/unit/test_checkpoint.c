// SPDX-License-Identifier: ISC

#include "disk.h"
#include "fixture.h"

#include "state/checkpoint.h"

#include <time.h>
#include <zlib.h>

static const struct remembered memory[] = {
	{.start = 1795421580000000, .count = 7, .length_s = 60, .revision = 0, .status = RECORD_OK},
	{.start = 1795421640000000, .count = 0, .length_s = 60, .revision = 3, .status = RECORD_NO_DATA},
	{.start = 1795421700000000, .count = -1, .length_s = 5400, .revision = 65535, .status = RECORD_AMBIGUOUS},
	{.start = 1795421760000000, .count = 0, .length_s = UINT32_MAX, .revision = 0, .status = RECORD_GAP},
};

static const struct recheck_run runs[] = {
	{.start = 1795410000000000, .end = 1795413600000000, .recorded = 1795413700000000, .revision = 0, .stage = 1},
	{.start = 1795413600000000, .end = 1795417200000000, .recorded = 1795423000000000, .revision = 2, .gap = true},
	{.start = 1795418000000000, .end = 1795418000000001, .recorded = 0, .revision = 65535, .stage = RECHECKS_MAX - 1},
};

static const struct checkpoint_entry entries[] = {
	{"AAAAAAAAAAAAAAAAAAAAAA.v0", INTERVAL_MINUTELY, 1795421820000000, 1795000000000000, memory, 4, 65535, 1795421760000001, NULL, 0, 0, NULL},
	{"BBBBBBBBBBBBBBBBBBBBB-", INTERVAL_NONE, 0, -1, NULL, 0, 0, 0, NULL, 0, 0, NULL},
	{"BBBBBBBBBBBBBBBBBBBBB_", INTERVAL_MONTHLY, INT64_MIN, INT64_MAX, NULL, 0, 0, INT64_MIN, NULL, 0, 0, NULL},
	{"C", INTERVAL_DAILY, INT64_MAX, INT64_MIN, memory, 1, 0, 1795421580000001, NULL, 0, 0, NULL},
	{"D", INTERVAL_HOURLY, 1795422000000000, 7, memory, 1, 9, 1795422000000000, runs, 3, 0, NULL},
	{"E", INTERVAL_HOURLY, 1795422000000000, 7, NULL, 0, 0, 0, runs, 1, 0, NULL},
	{"F", INTERVAL_HOURLY, 1795422000000000, 7, NULL, 0, 2, 2398377600000000, runs, 1, 3, "acme"},
	{"G", INTERVAL_DAILY, 0, 7, NULL, 0, 0, 0, NULL, 0, 0, "0123456789012345678901234567890123456789012345678901234567890-._"},
};

enum { ENTRY_COUNT = COUNT_OF(entries) };

static const struct sink_position somewhere = {.newest = INT64_MAX, .inode = UINT64_MAX, .size = INT64_MAX, .tail = 1};

static int save(const struct checkpoint_entry *list, size_t count, struct error *err) {
	struct checkpoint_writer *writer;
	expect_int(0, checkpoint_begin(&somewhere, &writer));
	for (size_t i = 0; i < count; i++) {
		checkpoint_add(writer, &list[i]);
	}
	return checkpoint_finish(writer, disk_directory, err);
}

/* What a visitor saw must be the entries, in their order. */
static void visit_expected(const struct checkpoint_entry *entry, void *user) {
	size_t *seen = user;
	expect_true(*seen < ENTRY_COUNT);
	const struct checkpoint_entry *want = &entries[(*seen)++];
	expect_text(want->uuid, entry->uuid);
	expect_int(want->interval, entry->interval);
	expect_int(want->cursor, entry->cursor);
	expect_int(want->since, entry->since);
	expect_int(want->memory_len, entry->memory_len);
	expect_int(want->top, entry->top);
	expect_int(want->taken, entry->taken);
	expect_int(want->again, entry->again);
	expect_text(want->home ? want->home : "none", entry->home ? entry->home : "none");
	expect_int(want->runs_len, entry->runs_len);
	for (size_t i = 0; i < entry->runs_len; i++) {
		expect_int(want->runs[i].start, entry->runs[i].start);
		expect_int(want->runs[i].end, entry->runs[i].end);
		expect_int(want->runs[i].recorded, entry->runs[i].recorded);
		expect_int(want->runs[i].revision, entry->runs[i].revision);
		expect_int(want->runs[i].stage, entry->runs[i].stage);
		expect_int(want->runs[i].gap, entry->runs[i].gap);
	}
	for (size_t i = 0; i < entry->memory_len; i++) {
		expect_int(want->memory[i].start, entry->memory[i].start);
		expect_int(want->memory[i].count, entry->memory[i].count);
		expect_int(want->memory[i].length_s, entry->memory[i].length_s);
		expect_int(want->memory[i].revision, entry->memory[i].revision);
		expect_int(want->memory[i].status, entry->memory[i].status);
	}
}

static void count_visits(const struct checkpoint_entry *entry, void *user) {
	(void)entry;
	++*(size_t *)user;
}

static void what_was_written_is_read(void **state) {
	(void)state;
	size_t seen = 0;
	struct sink_position position = {0};
	struct error err = {{0}};
	expect_int(0, save(entries, ENTRY_COUNT, &err));
	if (checkpoint_read(disk_directory, &(struct checkpoint_visitor){.entry = visit_expected, .user = &seen}, &position, &err) < 0) {
		fail_msg("%s", err.text);
	}
	expect_int(ENTRY_COUNT, seen);
	expect_int(somewhere.newest, position.newest);
	expect_int(somewhere.inode, position.inode);
	expect_int(somewhere.size, position.size);
	expect_int(somewhere.tail, position.tail);
	expect_text("checkpoint ", disk_list());
}

static void number_0_is_a_descriptor_too(void **state) {
	(void)state;
	size_t seen = 0;
	struct sink_position position = {0};
	struct error err = {{0}};
	disk_close_stdin();
	int saved = save(entries, ENTRY_COUNT, &err);
	int r = checkpoint_read(disk_directory, &(struct checkpoint_visitor){.entry = count_visits, .user = &seen}, &position, &err);
	bool closed = fcntl(STDIN_FILENO, F_GETFD) < 0;
	disk_reopen_stdin();
	expect_int(0, saved);
	expect_int(0, r);
	expect_int(ENTRY_COUNT, seen);
	expect_int(true, closed);
}

static void file_is_the_text_that_is_documented(void **state) {
	(void)state;
	static const char body[] =
		"occupancyd-checkpoint 2\n"
		"log 9223372036854775807 18446744073709551615 9223372036854775807 1\n"
		"poll AAAAAAAAAAAAAAAAAAAAAA.v0 MINUTELY 1795421820000000 1795000000000000 "
		"240000000:o:0:7 180000000:n:3:0 120000000:a:65535:-1:5400 60000000:g:0:0:4294967295\n"
		"poll BBBBBBBBBBBBBBBBBBBBB- NONE 0 -1\n"
		"poll D HOURLY 1795422000000000 7 420000000:o:0:7:60 =0:9 "
		"?12000000000:3600000000:n:0:1:-8300000000 ?8400000000:3600000000:g:2:0:1000000000 "
		"?4000000000:1:n:65535:7:-1795422000000000\n"
		"poll E HOURLY 1795422000000000 7 =1795422000000000:0 "
		"?12000000000:3600000000:n:0:1:-8300000000\n"
		"poll F HOURLY 1795422000000000 7 =-602955600000000:2:3 ?12000000000:3600000000:n:0:1:-8300000000 @acme\n";
	char want[sizeof(body) + 16];
	(void)snprintf(want, sizeof(want), "%scrc32 %08lx\n", body,
	               crc32(0, (const Bytef *)body, sizeof(body) - 1));
	const struct checkpoint_entry some[] = {entries[0], entries[1], entries[4], entries[5], entries[6]};
	expect_int(0, save(some, COUNT_OF(some), NULL));
	expect_text(want, disk_get("checkpoint"));
}

static void missing_one_is_no_damage(void **state) {
	(void)state;
	size_t seen = 0;
	struct sink_position position;
	struct error err = {{0}};
	expect_int(-ENOENT, checkpoint_read(disk_directory, &(struct checkpoint_visitor){.entry = count_visits, .user = &seen}, &position, &err));
	expect_part("/checkpoint: ", err.text);
}

static void what_would_not_verify_is_not_written(void **state) {
	(void)state;
	static const struct remembered backwards[] = {{.start = 2}, {.start = 2}};
	static const struct remembered odd[] = {{.start = 2, .status = 4}};
	static const struct remembered far[] = {{.start = INT64_MIN}};
	static const struct recheck_run overlapping[] = {{.start = 1, .end = 3}, {.start = 2, .end = 4}};
	static const struct recheck_run nothing[] = {{.start = 2, .end = 2}};
	static const struct checkpoint_entry bad[] = {
		{"", INTERVAL_DAILY, 0, 0, NULL, 0, 0, 0, NULL, 0, 0, NULL},
		{" blank", INTERVAL_DAILY, 0, 0, NULL, 0, 0, 0, NULL, 0, 0, NULL},
		{"with blank", INTERVAL_DAILY, 0, 0, NULL, 0, 0, 0, NULL, 0, 0, NULL},
		{"with\nline", INTERVAL_DAILY, 0, 0, NULL, 0, 0, 0, NULL, 0, 0, NULL},
		{"0123456789012345678901234567890123456789012345678901234567890123x", INTERVAL_DAILY, 0, 0,
		 NULL, 0, 0, 0, NULL, 0, 0, NULL},
		{"A", INTERVAL_COUNT, 0, 0, NULL, 0, 0, 0, NULL, 0, 0, NULL},
		{"A", INTERVAL_DAILY, 0, 0, backwards, 2, 0, 0, NULL, 0, 0, NULL},
		{"A", INTERVAL_DAILY, 0, 0, odd, 1, 0, 0, NULL, 0, 0, NULL},
		{"A", INTERVAL_DAILY, 1, 0, far, 1, 0, 0, NULL, 0, 0, NULL},
		{"A", INTERVAL_DAILY, 1, 0, NULL, 0, 0, 0, overlapping, 2, 0, NULL},
		{"A", INTERVAL_DAILY, 1, 0, NULL, 0, 0, 0, nothing, 1, 0, NULL},
		{"A", INTERVAL_DAILY, 1, 0, NULL, 0, 0, 0, NULL, 0, 0, ""},
		{"A", INTERVAL_DAILY, 1, 0, NULL, 0, 0, 0, NULL, 0, 0, "a b"},
		{"A", INTERVAL_DAILY, 1, 0, NULL, 0, 0, 0, NULL, 0, 0, "a\n"},
		{"A", INTERVAL_DAILY, 1, 0, NULL, 0, 0, 0, NULL, 0, 0,
		 "0123456789012345678901234567890123456789012345678901234567890123x"},
	};
	disk_put("checkpoint", "the old one");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct error err = {{0}};
		if (save(&bad[i], 1, &err) != -EINVAL || !strstr(err.text, "/checkpoint: not written")) {
			fail_msg("row %zu: %s", i, err.text);
		}
	}
	expect_text("checkpoint ", disk_list());
	expect_text("the old one", disk_get("checkpoint"));
}

/* Accounts */

static const struct checkpoint_account accounts[] = {{"acme", 8812, 0}, {"-a.b_c", UINT64_MAX, 7}, {"0", 0, UINT64_MAX}};

static void visit_account(const struct checkpoint_account *account, void *user) {
	size_t *seen = user;
	expect_true(*seen < COUNT_OF(accounts));
	expect_text(accounts[*seen].name, account->name);
	expect_true(accounts[*seen].entry == account->entry);
	expect_true(accounts[*seen].lines == account->lines);
	++*seen;
}

static struct checkpoint_writer *begun_with_accounts(const struct sink_position *position) {
	struct checkpoint_writer *writer;
	expect_int(0, checkpoint_begin(position, &writer));
	for (size_t i = 0; i < COUNT_OF(accounts); i++) {
		checkpoint_add_account(writer, &accounts[i]);
	}
	checkpoint_add(writer, &entries[1]);
	return writer;
}

static void accounts_that_were_written_are_read(void **state) {
	(void)state;
	static const char want[] = "occupancyd-checkpoint 3\n"
	                           "log 9223372036854775807 18446744073709551615 9223372036854775807 1\n"
	                           "account acme 8812 0\naccount -a.b_c 18446744073709551615 7\naccount 0 0 18446744073709551615\n"
	                           "poll BBBBBBBBBBBBBBBBBBBBB- NONE 0 -1\ncrc32 ";
	size_t seen = 0;
	struct sink_position position;
	struct error err = {{0}};
	expect_int(0, checkpoint_finish(begun_with_accounts(&somewhere), disk_directory, &err));
	expect_bytes(want, disk_get("checkpoint"), sizeof(want) - 1);
	if (checkpoint_read(disk_directory, &(struct checkpoint_visitor){.account = visit_account, .user = &seen}, &position, &err) < 0) {
		fail_msg("%s", err.text);
	}
	expect_int(COUNT_OF(accounts), seen);
	seen = 0;
	expect_int(0, checkpoint_read(disk_directory, &(struct checkpoint_visitor){.entry = count_visits, .user = &seen}, &position, &err));
	expect_int(1, seen);
}

static void accounts_that_would_not_verify_are_not_written(void **state) {
	(void)state;
	static const struct checkpoint_account bad[] = {
		{"", 1, 0}, {"a b", 1, 0}, {"a\n", 1, 0}, {"0123456789012345678901234567890123456789012345678901234567890123x", 1, 0},
	};
	for (size_t i = 0; i <= COUNT_OF(bad); i++) {
		struct checkpoint_writer *writer = begun_with_accounts(&somewhere);
		struct error err = {{0}};
		/* The last time one that is too late. */
		checkpoint_add_account(writer, i < COUNT_OF(bad) ? &bad[i] : &accounts[0]);
		expect_int(-EINVAL, checkpoint_finish(writer, disk_directory, &err), "row %zu", i);
		expect_part("/checkpoint: not written", err.text);
	}
	expect_text("", disk_list());
}

/* What a chain begins with: a checkpoint of no log, in no file. */
static void text_is_read_as_a_file_is(void **state) {
	(void)state;
	const struct sink_position nowhere = {0};
	struct sink_position position = somewhere;
	struct error err = {{0}};
	struct buf text;
	size_t seen = 0;
	buf_init(&text, 1 << 20);
	buf_puts(&text, "before ");
	expect_int(0, checkpoint_text(begun_with_accounts(&nowhere), &text));
	expect_text("", disk_list());
	expect_bytes("before occupancyd-checkpoint 3\nlog 0 0 0 0\naccount ", text.data, 51);
	expect_int(0, checkpoint_parse(text.data + 7, text.len - 7, &(struct checkpoint_visitor){.account = visit_account, .user = &seen},
	                               &position, &err));
	expect_int(COUNT_OF(accounts), seen);
	expect_int(0, position.size);
	buf_done(&text);

	/* On failure nothing is appended. */
	struct checkpoint_writer *writer = begun_with_accounts(&nowhere);
	buf_init(&text, 1 << 20);
	buf_puts(&text, "before");
	checkpoint_add_account(writer, &accounts[0]);
	expect_int(-EINVAL, checkpoint_text(writer, &text));
	expect_text("before", buf_text(&text));
	buf_done(&text);
	buf_init(&text, 40);
	buf_puts(&text, "before");
	expect_int(-EFBIG, checkpoint_text(begun_with_accounts(&nowhere), &text));
	expect_text("before", buf_text(&text));
	expect_int(0, buf_error(&text));
	buf_done(&text);
}

/* Damage */

static int parse(const char *data, size_t len, size_t *seen, struct error *err) {
	struct sink_position position;
	/* A copy of exactly that length, so that the sanitizer sees a byte too far. */
	char *copy = malloc(len ? len : 1);
	expect_not_null(copy);
	memcpy(copy, data, len);
	int r = checkpoint_parse(copy, len, &(struct checkpoint_visitor){.entry = count_visits, .user = seen}, &position, err);
	free(copy);
	return r;
}

static void every_flipped_bit_is_seen(void **state) {
	(void)state;
	char text[2048];
	size_t seen = 0;
	expect_int(0, save(entries, ENTRY_COUNT, NULL));
	(void)snprintf(text, sizeof(text), "%s", disk_get("checkpoint"));
	size_t len = strlen(text);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		if (parse(text, len, &seen, NULL) != -EBADMSG) {
			fail_msg("bit %zu flipped and not noticed", bit);
		}
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
	}
	expect_int(0, parse(text, len, &seen, NULL));
	expect_int(ENTRY_COUNT, seen);
}

static void every_cut_is_seen(void **state) {
	(void)state;
	char text[2048];
	size_t seen = 0;
	expect_int(0, save(entries, ENTRY_COUNT, NULL));
	(void)snprintf(text, sizeof(text), "%s", disk_get("checkpoint"));
	for (size_t len = 0; len < strlen(text); len++) {
		expect_int(-EBADMSG, parse(text, len, &seen, NULL));
	}
	expect_int(-EBADMSG, parse(text, strlen(text) + 1, &seen, NULL));
	expect_int(0, seen);
}

/* With a checksum that agrees: the text alone decides. */
static void only_the_one_way_of_writing_is_read(void **state) {
	(void)state;
#define HEAD "occupancyd-checkpoint 2\nlog 0 1 2 3\n"
#define HEAD3 "occupancyd-checkpoint 3\nlog 0 1 2 3\n"
	static const struct {
		const char *body;
		bool good;
	} rows[] = {
		{HEAD, true},
		{HEAD "poll A DAILY 0 0\n", true},
		{HEAD "poll A DAILY 5 0 5:o:0:0 4:o:0:0 -1:o:0:0\n", true},
		{"", false},
		{"occupancyd-checkpoint 1\nlog 1 2\n", false},
		{"occupancyd-checkpoint 3\nlog 0 1 2 3\n", false},
		{"occupancyd-checkpoint 4\nlog 0 1 2 3\naccount A 1 2\n", false},
		{HEAD "account A 1 2\n", false},
		{HEAD3 "poll A DAILY 0 0\n", false},
		{HEAD3 "account A 1 2\n", true},
		{HEAD3 "account A.b-c_ 18446744073709551615 0\naccount A 0 18446744073709551615\npoll A DAILY 0 0\n", true},
		{HEAD3 "poll A DAILY 0 0\naccount A 1 2\n", false},
		{HEAD3 "account A 1\n", false},
		{HEAD3 "account A 1 2 3\n", false},
		{HEAD3 "account A 01 2\n", false},
		{HEAD3 "account A 1 -2\n", false},
		{HEAD3 "account A 1 18446744073709551616\n", false},
		{HEAD3 "account  1 2\n", false},
		{HEAD3 "account A/B 1 2\n", false},
		{HEAD3 "account 0123456789012345678901234567890123456789012345678901234567890123 1 2\n", true},
		{HEAD3 "account 0123456789012345678901234567890123456789012345678901234567890123x 1 2\n", false},
		{HEAD3 "account A 1 2", false},
		{"occupancyd-checkpoint 2\n", false},
		{"occupancyd-checkpoint 2\nlog 0 1 2\n", false},
		{"occupancyd-checkpoint 2\nlog 0 -1 2 3\n", false},
		{"occupancyd-checkpoint 2\nlog 0 1 -2 3\n", false},
		{"occupancyd-checkpoint 2\nlog 0 1 2 -3\n", false},
		{"occupancyd-checkpoint 2\nlog 0 01 2 3\n", false},
		{"occupancyd-checkpoint 2\nlog 0 18446744073709551616 2 3\n", false},
		{"occupancyd-checkpoint 2\nlog 0 1 9223372036854775808 3\n", false},
		{"occupancyd-checkpoint 2\nlog 9223372036854775808 1 2 3\n", false},
		{HEAD "\n", false},
		{HEAD "poll A DAILY 0 0", false},
		{HEAD "poll A DAILY 0 0 \n", false},
		{HEAD "poll A DAILY 0\n", false},
		{HEAD "poll A DAILY 0  0\n", false},
		{HEAD "poll A YEARLY 0 0\n", false},
		{HEAD "poll A daily 0 0\n", false},
		{HEAD "poll  DAILY 0 0\n", false},
		{HEAD "poll A/B DAILY 0 0\n", false},
		{HEAD "poll A DAILY -0 0\n", false},
		{HEAD "poll A DAILY +1 0\n", false},
		{HEAD "poll A DAILY 0x1 0\n", false},
		{HEAD "poll A DAILY - 0\n", false},
		{HEAD "poll A DAILY 9223372036854775808 0\n", false},
		{HEAD "poll A DAILY -9223372036854775808 0\n", true},
		{HEAD "poll A DAILY -9223372036854775809 0\n", false},
		{HEAD "poll A DAILY -9223372036854775808 0 1:o:0:0\n", false},
		{HEAD "poll A DAILY 5 0 5:o:0:0 5:o:0:0\n", false},
		{HEAD "poll A DAILY 5 0 5:x:0:0\n", false},
		{HEAD "poll A DAILY 5 0 5:o:65536:0\n", false},
		{HEAD "poll A DAILY 5 0 5:o:-1:0\n", false},
		{HEAD "poll A DAILY 5 0 5:o:0\n", false},
		{HEAD "poll A DAILY 5 0 5:o:0:\n", false},
		{HEAD "poll A DAILY 5 0 5:o:0:0:90000\n", true},
		{HEAD "poll A DAILY 5 0 5:o:0:0:0 4:o:0:0:4294967295\n", true},
		{HEAD "poll A DAILY 5 0 5:o:0:0:86400\n", false},
		{HEAD "poll A DAILY 5 0 5:o:0:0:4294967296\n", false},
		{HEAD "poll A DAILY 5 0 5:o:0:0:\n", false},
		{HEAD "poll A DAILY 5 0 5:o:0:0:90000:0\n", false},
		{HEAD "poll A DAILY 0 0 =1:0\n", true},
		{HEAD "poll A DAILY 0 0 =-1:65535\n", true},
		{HEAD "poll A DAILY 5 0 4:o:3:0 =3:3\n", false},
		{HEAD "poll A DAILY 5 0 4:o:3:0 =3:4\n", true},
		{HEAD "poll A DAILY 0 0 =0:0\n", false},
		{HEAD "poll A DAILY 0 0 =1:65536\n", false},
		{HEAD "poll A DAILY 0 0 =1:-1\n", false},
		{HEAD "poll A DAILY 0 0 =1\n", false},
		{HEAD "poll A DAILY 0 0 =1:0:0\n", false},
		{HEAD "poll A DAILY 0 0 =-1:0:1\n", true},
		{HEAD "poll A DAILY 0 0 =0:0:65535\n", true},
		{HEAD "poll A DAILY 0 0 =-1:0:65536\n", false},
		{HEAD "poll A DAILY 0 0 =-1:0:1:0\n", false},
		{HEAD "poll A DAILY 0 0 =1:0 1:o:0:0\n", false},
		{HEAD "poll A DAILY 0 0  =1:0\n", false},
		{HEAD "poll A DAILY 9 0 ?9:1:n:0:0:0 ?8:1:g:0:0:0\n", true},
		{HEAD "poll A DAILY 9 0 8:o:0:0 =1:0 ?9:1:n:0:0:0\n", true},
		{HEAD "poll A DAILY 9 0 ?9:1:n:0:0:0 =1:0\n", false},
		{HEAD "poll A DAILY 9 0 ?9:2:n:0:0:0 ?8:1:g:0:0:0\n", false},
		{HEAD "poll A DAILY 9 0 ?9:0:n:0:0:0\n", false},
		{HEAD "poll A DAILY 9 0 ?9:-1:n:0:0:0\n", false},
		{HEAD "poll A DAILY 9 0 ?9:9223372036854775807:n:0:0:0\n", true},
		{HEAD "poll A DAILY 9 0 ?8:9223372036854775807:n:0:0:0\n", false},
		{HEAD "poll A DAILY 9 0 ?9:1:o:0:0:0\n", false},
		{HEAD "poll A DAILY 9 0 ?9:1:a:0:0:0\n", false},
		{HEAD "poll A DAILY 9 0 ?9:1:n:65536:0:0\n", false},
		{HEAD "poll A DAILY 9 0 ?9:1:n:0:8:0\n", false},
		{HEAD "poll A DAILY 9 0 ?9:1:n:0:0\n", false},
		{HEAD "poll A DAILY 9 0 ?9:1:n:0:0:0:0\n", false},
		{HEAD "poll A DAILY 9 0 ?9:1:n:0:0:9223372036854775807\n", false},
		{HEAD "poll A DAILY -9223372036854775808 0 =1:0\n", false},
		{HEAD "poll A DAILY 0 0\r\n", false},
		{HEAD "poll A DAILY 0 0\nmore\n", false},
		{HEAD "poll A DAILY 0 0\npoll A", false},
		{HEAD "crc32 00000000\n", false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[512];
		size_t seen = 0;
		struct error err = {{0}};
		int len = snprintf(text, sizeof(text), "%scrc32 %08lx\n", rows[i].body,
		                   crc32(0, (const Bytef *)rows[i].body, (uInt)strlen(rows[i].body)));
		int r = parse(text, (size_t)len, &seen, &err);
		if (r != (rows[i].good ? 0 : -EBADMSG) || (r < 0 && seen > 0)) {
			fail_msg("result %d after %zu visits (%s) of:\n%s", r, seen, err.text, rows[i].body);
		}
	}
#undef HEAD
#undef HEAD3
}

static void nobody_sees_a_part(void **state) {
	(void)state;
	static const char body[] = "occupancyd-checkpoint 2\nlog 0 1 2 3\n"
	                           "poll A DAILY 0 0\npoll B DAILY 0 0\npoll C DAILY zero 0\n";
	char text[256];
	size_t seen = 0;
	struct sink_position position = {.inode = 77};
	struct error err = {{0}};
	(void)snprintf(text, sizeof(text), "%scrc32 %08lx\n", body,
	               crc32(0, (const Bytef *)body, sizeof(body) - 1));
	disk_put("checkpoint", text);
	expect_int(-EBADMSG, checkpoint_read(disk_directory, &(struct checkpoint_visitor){.entry = count_visits, .user = &seen}, &position, &err));
	expect_int(0, seen);
	expect_int(77, position.inode);
	expect_part("/checkpoint: byte ", err.text);
}

static void what_is_no_file_is_damage(void **state) {
	(void)state;
	size_t seen = 0;
	struct sink_position position;
	expect_int(0, mkdir(disk_path("checkpoint"), 0700));
	expect_int(-EBADMSG, checkpoint_read(disk_directory, &(struct checkpoint_visitor){.entry = count_visits, .user = &seen}, &position, NULL));
	expect_int(0, rmdir(disk_path("checkpoint")));
	disk_put("checkpoint", "");
	expect_int(0, truncate(disk_path("checkpoint"), ((off_t)1 << 30) + 1));
	struct error err = {{0}};
	expect_int(-EBADMSG, checkpoint_read(disk_directory, &(struct checkpoint_visitor){.entry = count_visits, .user = &seen}, &position, &err));
	expect_part("/checkpoint: larger than the 1024 MiB that a checkpoint can have", err.text);
}

static void damaged_one_is_set_aside(void **state) {
	(void)state;
	struct error err = {{0}};
	const usec_t now = 1795392000 * USEC_PER_SEC + 5;
	disk_put("checkpoint", "one");
	expect_int(0, checkpoint_set_aside(disk_directory, now, &err));
	disk_put("checkpoint", "two");
	expect_int(0, checkpoint_set_aside(disk_directory, now, &err));
	expect_text("checkpoint.damaged-20261123T000000Z checkpoint.damaged-20261123T000001Z ", disk_list());
	expect_text("one", disk_get("checkpoint.damaged-20261123T000000Z"));
	expect_int(-ENOENT, checkpoint_set_aside(disk_directory, now, &err));
	expect_part("/checkpoint: cannot be set aside: ", err.text);

	/* It is set aside once that will outlast a crash. */
	for (int at = 1; at <= 3; at++) {
		disk_empty();
		disk_put("checkpoint", "three");
		fault_arm(FAULT_ERROR, EIO, at, 1);
		int r = checkpoint_set_aside(disk_directory, now, &err);
		fault_disarm();
		expect_int(-EIO, r);
	}
}

/* Faults */

static void failed_write_leaves_the_old_one(void **state) {
	(void)state;
	for (int at = 1, hits = 1; hits > 0; at++) {
		size_t seen = 0;
		struct sink_position position;
		struct error err = {{0}};
		expect_int(0, save(entries, 1, NULL));
		fault_arm(FAULT_ERROR, EIO, at, 1);
		int r = save(entries, ENTRY_COUNT, &err);
		hits = fault.hits;
		fault_disarm();
		expect_int(hits > 0 ? -EIO : 0, r);
		expect_int(0, checkpoint_read(disk_directory, &(struct checkpoint_visitor){.entry = count_visits, .user = &seen}, &position, NULL));
		expect_true(seen == ENTRY_COUNT || (r < 0 && seen == 1));
		expect_text("checkpoint ", disk_list());
	}
}

static void full_disk_leaves_the_old_one(void **state) {
	(void)state;
	size_t seen = 0;
	struct sink_position position;
	struct error err = {{0}};
	expect_int(0, save(entries, 1, NULL));
	disk_limit(200);
	int r = save(entries, ENTRY_COUNT, &err);
	disk_limit(0);
	expect_int(-EFBIG, r);
	expect_part("/checkpoint: cannot be replaced: ", err.text);
	expect_int(0, checkpoint_read(disk_directory, &(struct checkpoint_visitor){.entry = count_visits, .user = &seen}, &position, NULL));
	expect_int(1, seen);
}

/* Size: a hundred thousand devices, ten remembered buckets each. */
static void large_one_is_written_and_read(void **state) {
	(void)state;
	enum { DEVICES = 100000, MEMORY = 10 };
	struct remembered list[MEMORY];
	struct checkpoint_writer *writer;
	struct sink_position position;
	size_t seen = 0;
	clock_t begin = clock();

	for (int i = 0; i < MEMORY; i++) {
		list[i] = (struct remembered){.start = 1795421700000000 + i * USEC_PER_MIN, .count = i, .length_s = 60};
	}
	expect_int(0, checkpoint_begin(&somewhere, &writer));
	for (int i = 0; i < DEVICES; i++) {
		char uuid[32];
		(void)snprintf(uuid, sizeof(uuid), "%022d.v0", i);
		const struct checkpoint_entry entry = {uuid, INTERVAL_MINUTELY, 1795422300000000, 0, list, MEMORY, 0, 0, NULL, 0, 0, NULL};
		checkpoint_add(writer, &entry);
	}
	expect_int(0, checkpoint_finish(writer, disk_directory, NULL));
	clock_t middle = clock();
	expect_int(0, checkpoint_read(disk_directory, &(struct checkpoint_visitor){.entry = count_visits, .user = &seen}, &position, NULL));
	expect_int(DEVICES, seen);
	print_message("written in %.3f s, read in %.3f s of processor time\n",
	              (double)(middle - begin) / CLOCKS_PER_SEC, (double)(clock() - middle) / CLOCKS_PER_SEC);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, disk_setup, disk_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_read),
		TEST(number_0_is_a_descriptor_too),
		TEST(file_is_the_text_that_is_documented),
		TEST(missing_one_is_no_damage),
		TEST(what_would_not_verify_is_not_written),
		TEST(accounts_that_were_written_are_read),
		TEST(accounts_that_would_not_verify_are_not_written),
		TEST(text_is_read_as_a_file_is),
		TEST(every_flipped_bit_is_seen),
		TEST(every_cut_is_seen),
		TEST(only_the_one_way_of_writing_is_read),
		TEST(nobody_sees_a_part),
		TEST(what_is_no_file_is_damage),
		TEST(damaged_one_is_set_aside),
		TEST(failed_write_leaves_the_old_one),
		TEST(full_disk_leaves_the_old_one),
		TEST(large_one_is_written_and_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
