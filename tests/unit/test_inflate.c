// SPDX-License-Identifier: ISC

/* tool/inflate.h: compressed files give the same lines, at once or by zlib, whatever is wrong with them. */

#include "disk.h"
#include "fixture.h"

#include "base/buf.h"
#include "tool/inflate.h"

#include <zlib.h>

static struct lines *fast, *slow;
static struct inflater *inflater;
static struct buf file;

/* One of gzip's members, behind what is in the file. */
static void put_member(const char *data, size_t len, int level, gz_header *header) {
	z_stream stream = {.zalloc = NULL};
	size_t most = len + len / 100 + 65536;
	unsigned char *out = malloc(most);

	expect_not_null(out);
	expect_int(Z_OK, deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY));
	if (header) {
		expect_int(Z_OK, deflateSetHeader(&stream, header));
	}
	stream.next_in = (Bytef *)(uintptr_t)data;
	stream.avail_in = (unsigned)len;
	stream.next_out = out;
	stream.avail_out = (unsigned)most;
	expect_int(Z_STREAM_END, deflate(&stream, Z_FINISH));
	buf_append(&file, out, most - stream.avail_out);
	expect_int(Z_OK, deflateEnd(&stream));
	free(out);
}

static void put_lines(size_t count, int level) {
	struct buf text;
	buf_init(&text, BUF_ANY);
	for (size_t i = 0; i < count; i++) {
		buf_printf(&text, "line %zu of %zu, as long as %.*s\n", i, count, (int)(i % 50), "lines are when they are as long as others, or a bit");
	}
	put_member(buf_text(&text), text.len, level, NULL);
	buf_done(&text);
}

static void write_file(const void *data, size_t len) {
	FILE *out = fopen(disk_path("a.ndjson.gz"), "w");
	expect_not_null(out);
	expect_int(len, fwrite(data, 1, len, out));
	expect_int(0, fclose(out));
}

/* All lines, with their places, and how it ended. */
static uint64_t read_file(struct lines *lines, size_t *ret_count, int *ret_end) {
	struct line line;
	uint64_t sum = 0;
	int r = lines_open(lines, disk_path("a.ndjson.gz"));

	*ret_count = 0;
	while (r >= 0 && (r = lines_next(lines, &line)) > 0) {
		uint64_t parts[] = {sum, line.text ? rng_hash(line.text, line.len) : 1, line.len, (uint64_t)line.at, line.whole};
		sum = rng_hash(parts, sizeof(parts));
		++*ret_count;
	}
	*ret_end = r;
	return sum;
}

/* Returns how it ended; *ret_count lines of it. */
static int expect_same_lines(const void *data, size_t len, size_t *ret_count, const char *what) {
	size_t by_zlib, at_once;
	int slow_end, fast_end;

	write_file(data, len);
	uint64_t sum = read_file(slow, &by_zlib, &slow_end);
	uint64_t fast_sum = read_file(fast, &at_once, &fast_end);
	expect_int(slow_end, fast_end, "%s: how it ends", what);
	expect_int(by_zlib, at_once, "%s: lines", what);
	expect_true(sum == fast_sum, "%s: the same lines", what);
	*ret_count = at_once;
	return fast_end;
}

static void expect_lines(int end, size_t lines, const char *what) {
	size_t count;
	expect_int(0, buf_error(&file));
	expect_int(end, expect_same_lines(file.data, file.len, &count, what), "%s", what);
	expect_int(lines, count, "%s", what);
	buf_clear(&file);
}

static void members_follow_one_another(void **state) {
	(void)state;
	for (int level = 0; level <= 9; level += 3) {
		put_lines(3000, level);
		expect_lines(0, 3000, "one");
	}
	put_lines(2, 6);
	put_lines(5000, 6);
	put_lines(1, 6);
	expect_lines(0, 5003, "three");
	put_lines(2, 6);
	put_member("", 0, 6, NULL);
	put_member("", 0, 6, NULL);
	put_lines(3, 6);
	expect_lines(0, 5, "with empty ones");
	put_member("", 0, 6, NULL);
	expect_lines(0, 0, "an empty one");
	put_lines(2, 6);
	buf_append(&file, "\0\0\0\0\0", 5);
	put_lines(2, 6);
	buf_append(&file, "\0\0\0", 3);
	expect_lines(0, 4, "with zeros behind them");
	put_lines(2, 6);
	buf_puts(&file, "what is this?");
	expect_lines(-EBADMSG, 2, "with something else behind it");
	put_lines(2, 6);
	buf_putc(&file, 0x1f);
	expect_lines(-EBADMSG, 2, "with a beginning behind it");
	buf_append(&file, "\0\0\0", 3);
	expect_lines(-EBADMSG, 0, "zeros alone");
	size_t count;
	expect_int(-EBADMSG, expect_same_lines("", 0, &count, "nothing"));
}

static void lines_go_on_over_the_ends_of_members(void **state) {
	(void)state;
	put_member("a\nb", 3, 6, NULL);
	put_member("c", 1, 6, NULL);
	put_member("", 0, 6, NULL);
	put_member("d\ne\nf\ng", 7, 6, NULL);
	put_member("h\n", 2, 6, NULL);
	expect_lines(0, 5, "a bcd e f gh");

	static char long_line[300000];
	memset(long_line, 'x', sizeof(long_line));
	put_member("a\nb", 3, 6, NULL);
	for (int i = 0; i < 4; i++) {
		put_member(long_line, sizeof(long_line), 6, NULL);
	}
	put_member("d\ne", 3, 6, NULL);
	expect_lines(0, 3, "a long one");
}

static void headers_may_have_all_there_is(void **state) {
	(void)state;
	for (unsigned parts = 0; parts < 16; parts++) {
		gz_header header = {.os = 3, .text = 1};
		header.extra = parts & 1 ? (Bytef *)(uintptr_t)"extra" : NULL;
		header.extra_len = 5;
		header.name = parts & 2 ? (Bytef *)(uintptr_t)"name" : NULL;
		header.comment = parts & 4 ? (Bytef *)(uintptr_t)"comment" : NULL;
		header.hcrc = parts & 8 ? 1 : 0;
		put_member("a\nb\n", 4, 6, &header);
		put_member("c\n", 2, 6, &header);
		size_t len = file.len, count;
		for (size_t cut = 0; cut < len; cut++) {
			(void)expect_same_lines(file.data, cut, &count, "cut");
		}
		expect_lines(0, 3, "headers");
	}
}

static void damage_is_where_it_is(void **state) {
	struct rng rng;
	size_t damaged = 0, count;
	(void)state;
	(void)seed_of_run(&rng);

	put_lines(400, 6);
	put_lines(200, 1);
	expect_int(0, buf_error(&file));
	for (size_t cut = 0; cut < file.len; cut += 1 + (size_t)rng_below(&rng, 40)) {
		(void)expect_same_lines(file.data, cut, &count, "cut");
	}
	/* Where data and checksum are: a member that lies about its codes may be given up sooner or later. */
	for (int i = 0; i < 400; i++) {
		size_t at = i < 16 ? file.len - 8 + (size_t)i / 2 : (size_t)rng_below(&rng, (int64_t)file.len);
		char was = file.data[at];
		file.data[at] = (char)(was ^ (1 << rng_below(&rng, 8)));
		write_file(file.data, file.len);
		size_t by_zlib, at_once;
		int slow_end, fast_end;
		(void)read_file(slow, &by_zlib, &slow_end);
		(void)read_file(fast, &at_once, &fast_end);
		expect_int(slow_end, fast_end, "byte %zu", at);
		expect_true(slow_end < 0 ? at_once >= by_zlib : at_once == by_zlib, "byte %zu: %zu, not %zu", at, at_once, by_zlib);
		damaged += fast_end < 0;
		file.data[at] = was;
	}
	expect_between(200, 400, (int64_t)damaged);
	expect_lines(0, 600, "mended");
}

static void what_is_large_is_read_by_blocks(void **state) {
	struct rng rng;
	(void)state;
	rng_init(&rng, 7);

	/* A member that becomes too large, between two that do not. */
	put_lines(3, 6);
	put_lines(INFLATER_MEMBER / 40, 1);
	put_lines(3, 6);
	expect_lines(0, INFLATER_MEMBER / 40 + 6, "a large member");
	/* A file that is too large. */
	size_t len = 2 * INFLATER_FILE;
	char *noise = malloc(len);
	expect_not_null(noise);
	for (size_t i = 0; i < len; i++) {
		noise[i] = (char)rng_below(&rng, 256);
	}
	size_t newlines = 0;
	for (size_t i = 0; i < len; i++) {
		newlines += noise[i] == '\n';
	}
	put_member(noise, len, 1, NULL);
	expect_lines(0, newlines + (noise[len - 1] != '\n'), "a large file");
	free(noise);
	/* A line that is longer than any record. */
	len = LINES_LONGEST + 100;
	char *data = malloc(len);
	expect_not_null(data);
	memset(data, 'x', len);
	data[3] = data[len - 5] = '\n';
	put_member(data, len, 1, NULL);
	expect_lines(0, 3, "a long line");
	free(data);
}

static void what_cannot_be_opened_is_said(void **state) {
	char longest[PATH_MAX + 10];
	(void)state;
	expect_int(-ENOENT, lines_open(fast, disk_path("none.ndjson.gz")));
	memset(longest, 'x', sizeof(longest));
	memcpy(longest + sizeof(longest) - 4, ".gz", 4);
	expect_int(-ENAMETOOLONG, lines_open(fast, longest));
	put_lines(2, 6);
	expect_lines(0, 2, "and the next one is read");
}

static int setup(void **state) {
	fast = lines_new();
	slow = lines_new();
	inflater = inflater_new();
	if (!fast || !slow || !inflater) {
		return -1;
	}
	lines_set_unpacker(fast, &inflater_way, inflater);
	buf_init(&file, BUF_ANY);
	return disk_setup(state);
}

static int teardown(void **state) {
	lines_free(fast);
	lines_free(slow);
	inflater_free(inflater);
	buf_done(&file);
	return disk_teardown(state);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(members_follow_one_another, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_go_on_over_the_ends_of_members, setup, teardown),
		cmocka_unit_test_setup_teardown(headers_may_have_all_there_is, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_where_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_large_is_read_by_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_opened_is_said, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
