// SPDX-License-Identifier: ISC

/* sink/gzip.h: compressed and read back, in slices, whole or with a hole in it. */

#include "disk.h"

#include "fixture.h"

#include "sink/gzip.h"

/* Text that does not compress to nothing. */
static char *text_of(size_t len, uint64_t seed) {
	struct rng rng;
	char *text = malloc(len + 1);
	expect_not_null(text);
	rng_init(&rng, seed);
	for (size_t i = 0; i < len; i++) {
		text[i] = (char)(i % 80 == 79 ? '\n' : 'a' + rng_below(&rng, 20));
	}
	text[len] = '\0';
	return text;
}

static void put_bytes(const char *name, const void *data, size_t len) {
	FILE *file = fopen(disk_path(name), "w");
	expect_not_null(file);
	expect_int(len, fwrite(data, 1, len, file));
	expect_int(0, fclose(file));
}

/* Compresses log into log.gz.  Returns the steps, or -errno. */
static int compress_log(void) {
	struct gzip *gzip;
	int steps = 0;
	int r = gzip_new(disk_path("log"), disk_path("log.gz"), &gzip);
	if (r < 0) {
		return r;
	}
	do {
		r = gzip_step(gzip);
		steps++;
	} while (r > 0);
	gzip_free(gzip);
	return r < 0 ? r : steps;
}

/* Reads log.gz in pieces of that size, and compares.  Returns the bytes, or -errno. */
static int64_t read_log(const char *text, size_t piece) {
	struct gunzip *gunzip;
	int64_t total = 0, got;
	int r = gunzip_new(disk_path("log.gz"), &gunzip);
	if (r < 0) {
		return r;
	}
	char *data = malloc(piece);
	expect_not_null(data);
	while ((got = gunzip_read(gunzip, data, piece)) > 0) {
		expect_bytes(text + total, data, (size_t)got);
		total += got;
	}
	free(data);
	gunzip_free(gunzip);
	return got < 0 ? got : total;
}

static void what_is_compressed_reads_back_whole(void **state) {
	(void)state;
	static const struct {
		size_t len;
		int steps;
	} rows[] = {
		{0, 1}, {1, 1}, {100, 1}, {256 * 1024 - 1, 1}, {256 * 1024, 2}, {256 * 1024 + 1, 2}, {5 * 256 * 1024 + 77, 6},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char *text = text_of(rows[row].len, row + 1);
		disk_put("log", text);
		expect_int(rows[row].steps, compress_log(), "row %zu: steps", row);
		expect_int(rows[row].len, read_log(text, 4096), "row %zu: bytes, read in pieces", row);
		expect_int(rows[row].len, read_log(text, 2 * 1024 * 1024), "row %zu: bytes, read at once", row);
		expect_int(1, gzip_matches(disk_path("log.gz"), (int64_t)rows[row].len), "row %zu: its size", row);
		expect_int(0, gzip_matches(disk_path("log.gz"), (int64_t)rows[row].len + 1), "row %zu: another size", row);
		free(text);
		disk_empty();
	}
	gzip_free(NULL);
	gunzip_free(NULL);
}

/* Output is synced as it grows, so that the end does not hold up the loop. */
static void a_large_file_is_synced_under_way(void **state) {
	(void)state;
	char *text = text_of(5 * 256 * 1024, 3);
	disk_put("log", text);
	expect_int(6, compress_log(), "steps");
	disk_empty();

	/* Each call may fail: it is told with the step that it is made in. */
	int failures = 0;
	disk_put("log", text);
	for (int at = 1; at < 200; at++) {
		fault_arm(FAULT_ERROR, EIO, at, 1);
		int r = compress_log();
		int hits = fault.hits;
		fault_disarm();
		(void)remove(disk_path("log.gz"));
		if (hits == 0) {
			break;
		}
		expect_int(-EIO, r, "call %d fails", at);
		failures++;
	}
	/* Two files opened, 6 slices read, their output written, synced each half mebibyte, and in the end. */
	expect_between(22, 28, failures, "calls");
	free(text);
}

static void the_size_is_that_of_the_last_four_bytes(void **state) {
	(void)state;
	static const unsigned char bytes[] = {9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0x01, 0x02, 0x83, 0xf4};
	put_bytes("log.gz", bytes, sizeof(bytes));
	static const struct {
		int64_t size;
		int matches;
	} rows[] = {
		{INT64_C(0xf4830201), 1},
		{INT64_C(0x1f4830201), 1}, /* modulo 2^32 */
		{INT64_C(0xf4830200), 0},
		{INT64_C(0xf4830101), 0},
		{INT64_C(0xf4020201), 0},
		{INT64_C(0x83830201), 0},
		{INT64_C(0x74830201), 0},
		{0, 0},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		expect_int(rows[row].matches, gzip_matches(disk_path("log.gz"), rows[row].size), "row %zu", row);
	}
	put_bytes("short", bytes + 9, 7);
	expect_int(0, gzip_matches(disk_path("short"), INT64_C(0xf4830201)), "too short for a trailer");
	put_bytes("trailer", bytes + 8, 8);
	expect_int(1, gzip_matches(disk_path("trailer"), INT64_C(0xf4830201)), "a trailer alone");
	expect_int(-ENOENT, gzip_matches(disk_path("none"), 0), "no file");
	fault_arm(FAULT_ERROR, EIO, 2, 1);
	expect_int(-EIO, gzip_matches(disk_path("log.gz"), 0), "a file that cannot be read");
	fault_disarm();
	disk_cannot_tell = EIO;
	expect_int(-EIO, gzip_matches(disk_path("log.gz"), 0), "a file whose size cannot be had");
}

/* What came out before the damage is good, and the next call meets it. */
static void damage_is_met_where_it_is(void **state) {
	(void)state;
	enum { LEN = 300 * 1024 };
	char *text = text_of(LEN, 5), *data = malloc(LEN);
	expect_not_null(data);
	disk_put("log", text);
	expect_int(2, compress_log(), "steps");
	struct stat st;
	expect_int(0, lstat(disk_path("log.gz"), &st));

	expect_int(0, truncate(disk_path("log.gz"), st.st_size / 2));
	struct gunzip *gunzip;
	expect_int(0, gunzip_new(disk_path("log.gz"), &gunzip), "new");
	int64_t got = gunzip_read(gunzip, data, LEN);
	expect_between(LEN / 4, LEN * 3 / 4, got, "bytes before the end");
	expect_bytes(text, data, (size_t)got);
	expect_int(-EBADMSG, gunzip_read(gunzip, data, LEN), "the end");
	expect_int(-EBADMSG, gunzip_read(gunzip, data, LEN), "and again");
	gunzip_free(gunzip);

	disk_put("log.gz", "this is not gzip");
	expect_int(-EBADMSG, read_log(text, 4096), "another file");
	disk_put("log.gz", "");
	expect_int(-EBADMSG, read_log(text, 4096), "an empty file");
	expect_int(0, remove(disk_path("log.gz")), "remove");
	expect_int(-ENOENT, read_log(text, 4096), "no file");
	free(data);
	free(text);
}

static void append_bytes(const char *name, const void *data, size_t len) {
	FILE *file = fopen(disk_path(name), "a");
	expect_not_null(file);
	expect_int(len, fwrite(data, 1, len, file));
	expect_int(0, fclose(file));
}

/* Appends log.gz. */
static void append_log(const char *name) {
	char bytes[4096];
	size_t got;
	FILE *file = fopen(disk_path("log.gz"), "r");
	expect_not_null(file);
	while ((got = fread(bytes, 1, sizeof(bytes), file)) > 0) {
		append_bytes(name, bytes, got);
	}
	expect_int(0, fclose(file));
}

/* As `cat one.gz two.gz` and pigz make it, and as a tape's blocks leave it. */
static void members_are_read_one_behind_the_other(void **state) {
	(void)state;
	enum { LEN = 300 * 1024, FIRST = 100 * 1024 };
	char *text = text_of(LEN, 7);
	char end = text[FIRST];
	text[FIRST] = '\0';
	disk_put("log", text);
	text[FIRST] = end;
	expect_int(1, compress_log(), "steps of the first");
	expect_int(0, rename(disk_path("log.gz"), disk_path("first")));
	disk_put("log", text + FIRST);
	expect_int(1, compress_log(), "steps of the second");
	append_log("first");
	expect_int(0, rename(disk_path("first"), disk_path("log.gz")));

	static const char zeros[20000] = {0};
	expect_int(LEN, read_log(text, 4096), "two members");
	expect_int(LEN, read_log(text, 1024 * 1024), "two members, at once");
	append_bytes("log.gz", zeros, sizeof(zeros));
	expect_int(LEN, read_log(text, 4096), "zeros behind them");
	append_bytes("log.gz", "else", 4);
	expect_int(-EBADMSG, read_log(text, 4096), "something else behind them");
	free(text);
}

/* A disk that cannot be read is no damage of the file. */
static void a_read_that_fails_is_told_as_that(void **state) {
	(void)state;
	char *text = text_of(300 * 1024, 6);
	disk_put("log", text);
	expect_int(2, compress_log(), "steps");
	int failures = 0;
	for (int at = 1; at < 100; at++) {
		fault_arm(FAULT_ERROR, EIO, at, 1);
		int64_t r = read_log(text, 1024 * 1024);
		int hits = fault.hits;
		fault_disarm();
		if (hits == 0) {
			expect_int(300 * 1024, r, "bytes");
			break;
		}
		expect_int(-EIO, r, "call %d fails", at);
		failures++;
	}
	expect_between(3, 10, failures, "calls");
	free(text);
}

/* A line that stood 32000 bytes before is packed as a reference to it. */
static void what_repeats_from_far_back_is_packed_as_that(void **state) {
	(void)state;
	enum { APART = 32000 };
	char *text = text_of(2 * APART, 7);
	struct stat st;
	memcpy(text + APART, text, APART);
	put_bytes("log", text, 2 * APART);
	expect_int(true, compress_log() > 0, "compressed");
	expect_int(0, stat(disk_path("log.gz"), &st));
	expect_between(1, APART, st.st_size, "the second half costs hardly anything");
	expect_int(2 * APART, read_log(text, 1000), "read back");
	free(text);
}

static void number_0_is_a_descriptor_too(void **state) {
	(void)state;
	disk_put("log", "text");
	disk_close_stdin();
	int steps = compress_log();
	int64_t len = read_log("text", 100);
	int matches = gzip_matches(disk_path("log.gz"), 4);
	disk_reopen_stdin();
	expect_int(1, steps, "steps");
	expect_int(4, len, "bytes");
	expect_int(1, matches, "its size");
}

static void what_is_there_already_is_not_overwritten(void **state) {
	(void)state;
	disk_put("log", "text");
	disk_put("log.gz", "another's");
	expect_int(-EEXIST, compress_log(), "compress");
	expect_text("another's", disk_get("log.gz"), "the file");
	expect_int(0, remove(disk_path("log")), "remove");
	expect_int(-ENOENT, compress_log(), "nothing to compress");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, disk_setup, disk_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_compressed_reads_back_whole),
		TEST(a_large_file_is_synced_under_way),
		TEST(the_size_is_that_of_the_last_four_bytes),
		TEST(damage_is_met_where_it_is),
		TEST(members_are_read_one_behind_the_other),
		TEST(a_read_that_fails_is_told_as_that),
		TEST(what_repeats_from_far_back_is_packed_as_that),
		TEST(number_0_is_a_descriptor_too),
		TEST(what_is_there_already_is_not_overwritten),
	};
	return cmocka_run_group_tests_name("gzip", tests, NULL, NULL);
}
