// SPDX-License-Identifier: ISC

/* sink/lines.h: the lines of a file, wherever a block ends. */

#include "disk.h"
#include "fixture.h"

#include "sink/lines.h"

#include <zlib.h>

enum { BLOCK = 256 * 1024 };

static void put(const char *name, const char *data, size_t len) {
	FILE *file = fopen(disk_path(name), "w");
	expect_not_null(file);
	expect_int(len, fwrite(data, 1, len, file));
	expect_int(0, fclose(file));
}

static void put_gz(const char *name, const char *data, size_t len) {
	gzFile file = gzopen(disk_path(name), "wb1");
	expect_not_null(file);
	expect_int(len, gzwrite(file, data, (unsigned)len));
	expect_int(Z_OK, gzclose(file));
}

/* Reads the file, from an offset that lies at the beginning of a line on, beside what was put there. */
static void expect_lines(struct lines *lines, const char *name, const char *data, size_t len, size_t from) {
	struct line line;
	size_t at = from;

	while (lines_next(lines, &line) > 0) {
		const char *newline = memchr(data + at, '\n', len - at);
		size_t wanted = newline ? (size_t)(newline - data) + 1 - at : len - at;
		expect_int((int64_t)at, line.at, "%s: offset", name);
		expect_int(wanted, line.len, "%s: length of the line at %zu", name, at);
		expect_int(newline != NULL, line.whole, "%s: whole at %zu", name, at);
		expect_bytes(data + at, line.text, wanted);
		at += wanted;
	}
	expect_int(len, at, "%s: all of it", name);
	expect_int(0, lines_next(lines, &line), "%s: after its end", name);
}

/* Lines of all lengths, so that a block ends in any place of one. */
static char *lines_of(struct rng *rng, size_t len) {
	char *data = malloc(len);
	expect_not_null(data);
	for (size_t i = 0; i < len; i++) {
		data[i] = rng_below(rng, 300) == 0 ? '\n' : (char)('a' + rng_below(rng, 26));
	}
	return data;
}

static void lines_are_whole_wherever_a_block_ends(void **state) {
	static const size_t lengths[] = {0, 1, 2, 100, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 12345};
	struct lines *lines = lines_new();
	struct rng rng;
	(void)state;
	(void)seed_of_run(&rng);

	expect_not_null(lines);
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		char *data = lines_of(&rng, lengths[i]);
		put("a.ndjson", data, lengths[i]);
		put_gz("a.ndjson.gz", data, lengths[i]);
		expect_int(0, lines_open(lines, disk_path("a.ndjson")));
		expect_lines(lines, "plain", data, lengths[i], 0);
		expect_int(0, lines_open(lines, disk_path("a.ndjson.gz")));
		expect_lines(lines, "compressed", data, lengths[i], 0);
		free(data);
	}
	lines_free(lines);
}

static void reading_goes_on_from_an_offset_whose_tail_is_known(void **state) {
	enum { LEN = 2 * BLOCK, TAIL = 4096 };
	static const char *const names[] = {"a.ndjson", "a.ndjson.gz"};
	struct lines *lines = lines_new();
	struct rng rng;
	(void)state;
	(void)seed_of_run(&rng);
	char *data = lines_of(&rng, LEN);

	put("a.ndjson", data, LEN);
	put_gz("a.ndjson.gz", data, LEN);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *newline = memrchr(data, '\n', LEN - LEN / 3);
		size_t from = (size_t)(newline - data) + 1;
		uint64_t tail = rng_hash(data + from - TAIL, TAIL);
		expect_int(0, lines_open(lines, disk_path(names[i])));
		expect_int(0, lines_seek(lines, (int64_t)from, TAIL, tail), "%s: seek", names[i]);
		expect_lines(lines, names[i], data, LEN, from);
		expect_int(0, lines_open(lines, disk_path(names[i])));
		expect_int(-ENODATA, lines_seek(lines, (int64_t)from, TAIL, tail + 1), "%s: another tail", names[i]);
		expect_int(0, lines_open(lines, disk_path(names[i])));
		expect_int(-ENODATA, lines_seek(lines, LEN + 1, TAIL, tail), "%s: beyond its end", names[i]);
	}
	free(data);
	lines_free(lines);
}

static void what_is_longer_than_any_record_has_no_text(void **state) {
	size_t len = LINES_LONGEST + 100;
	char *data = malloc(len);
	struct lines *lines = lines_new();
	struct line line;
	(void)state;

	expect_not_null(data);
	memset(data, 'x', len);
	data[3] = data[len - 5] = '\n';
	put("a.ndjson", data, len);
	expect_int(0, lines_open(lines, disk_path("a.ndjson")));
	expect_int(1, lines_next(lines, &line), "the first");
	expect_int(4, line.len, "its length");
	expect_int(1, lines_next(lines, &line), "the long one");
	expect_null(line.text);
	expect_int(4, line.at, "where it begins");
	expect_int(1, lines_next(lines, &line), "what follows");
	expect_int(4, line.len, "its length");
	expect_int(len - 4, line.at, "its offset");
	expect_int(0, line.whole, "it is torn");
	lines_free(lines);
	free(data);
}

/* A whole file may be one line that is torn and too long, and not end in a newline. */
static void a_file_of_one_line_without_an_end_gives_it(void **state) {
	(void)state;
	static const size_t lengths[] = {1, LINES_LONGEST, LINES_LONGEST + 1, 3 * LINES_LONGEST};
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		char *data = malloc(lengths[i]);
		struct lines *lines = lines_new();
		struct line line;
		expect_not_null(data);
		memset(data, 'x', lengths[i]);
		put("a.ndjson", data, lengths[i]);
		expect_int(0, lines_open(lines, disk_path("a.ndjson")));
		expect_int(1, lines_next(lines, &line), "%zu bytes", lengths[i]);
		expect_int(lengths[i] <= LINES_LONGEST, line.text != NULL, "%zu bytes: a text", lengths[i]);
		expect_int(0, line.at, "%zu bytes: where it begins", lengths[i]);
		expect_int(0, line.whole, "%zu bytes: it is torn", lengths[i]);
		expect_int(0, lines_next(lines, &line), "%zu bytes: the end", lengths[i]);
		lines_free(lines);
		free(data);
	}
}

static void a_damaged_file_gives_what_it_has(void **state) {
	struct lines *lines = lines_new();
	struct line line;
	char bytes[4096];
	(void)state;

	put_gz("a.ndjson.gz", "one\ntwo\n", 8);
	FILE *file = fopen(disk_path("a.ndjson.gz"), "r");
	size_t len = fread(bytes, 1, sizeof(bytes), file);
	(void)fclose(file);
	put("a.ndjson.gz", bytes, len - 8); /* without the checksum */
	expect_int(0, lines_open(lines, disk_path("a.ndjson.gz")));
	expect_int(1, lines_next(lines, &line), "the first");
	expect_int(1, lines_next(lines, &line), "the second");
	expect_int(-EBADMSG, lines_next(lines, &line), "the damage");
	expect_int(-ENOENT, lines_open(lines, disk_path("b.ndjson")), "no such file");
	lines_free(lines);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_are_whole_wherever_a_block_ends, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(reading_goes_on_from_an_offset_whose_tail_is_known, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(what_is_longer_than_any_record_has_no_text, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(a_file_of_one_line_without_an_end_gives_it, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(a_damaged_file_gives_what_it_has, disk_setup, disk_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
