// SPDX-License-Identifier: ISC

#include "disk.h"
#include "fixture.h"

#include "sink/logfile.h"

static const char name[] = "occupancy.ndjson";

static struct logfile opened(const char *header) {
	struct logfile file;
	struct error err = {{0}};
	if (logfile_open(&file, disk_directory, name, header, &err) < 0) {
		fail_msg("%s", err.text);
	}
	return file;
}

static void append(struct logfile *file, const char *text) {
	struct error err = {{0}};
	if (logfile_append(file, text, strlen(text), 1000, &err) < 0) {
		fail_msg("%s", err.text);
	}
	expect_int(0, file->stray);
}

static void open_creates_and_append_appends(void **state) {
	(void)state;
	struct stat st;
	struct logfile file = opened("");
	expect_int(0, file.size);
	append(&file, "one\n");
	append(&file, "two\nthree\n");
	expect_text("one\ntwo\nthree\n", disk_get(name));
	expect_int(14, file.size);
	expect_int(1000, file.written);
	expect_int(0, stat(disk_path(name), &st));
	expect_int(st.st_ino, file.inode);
	expect_int(0, st.st_mode & 0137);
	logfile_close(&file);
	logfile_close(&file);
}

static void number_0_is_a_descriptor_too(void **state) {
	(void)state;
	disk_close_stdin();
	struct logfile file = opened("h\n");
	append(&file, "one\n");
	int fd = file.fd;
	logfile_close(&file);
	bool closed = fcntl(STDIN_FILENO, F_GETFD) < 0;
	disk_reopen_stdin();
	expect_int(0, fd);
	expect_true(closed);
	expect_text("h\none\n", disk_get(name));
}

static void torn_line_is_cut_at_open(void **state) {
	(void)state;
	static const struct {
		const char *before, *after;
	} rows[] = {
		{"", ""},
		{"one\n", "one\n"},
		{"\n", "\n"},
		{"one\ntw", "one\n"},
		{"one\r\ntwo\r", "one\r\n"},
		{"on", ""},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		disk_put(name, rows[i].before);
		struct logfile file = opened("");
		expect_text(rows[i].after, disk_get(name));
		expect_int(strlen(rows[i].after), file.size);
		append(&file, "new\n");
		logfile_close(&file);
	}
}

/* The newline may stand anywhere in relation to the blocks that are read. */
static void long_torn_lines_are_cut_too(void **state) {
	(void)state;
	enum { BLOCK = 16384 };
	static char text[3 * BLOCK + 8];

	for (size_t torn = BLOCK - 2; torn < 3 * BLOCK; torn += torn % BLOCK == 2 ? BLOCK - 4 : 1) {
		memset(text, 'x', sizeof(text));
		text[3] = '\n';
		text[4 + torn] = '\0';
		disk_put(name, text);
		struct logfile file = opened("");
		expect_int(4, file.size);
		expect_text("xxx\n", disk_get(name));
		logfile_close(&file);
	}
}

static void time_of_the_last_line_survives_the_cut(void **state) {
	(void)state;
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1700000000}};
	disk_put(name, "one\ntorn");
	expect_int(0, utimensat(AT_FDCWD, disk_path(name), times, 0));
	struct logfile file = opened("");
	expect_int(1700000000 * USEC_PER_SEC, file.written);
	expect_int(4, file.size);
	logfile_close(&file);
}

static void header_stands_in_front_of_every_file(void **state) {
	(void)state;
	struct logfile file = opened("h\r\n");
	expect_text("h\r\n", disk_get(name));
	expect_true(logfile_is_empty(&file));
	append(&file, "1\r\n");
	append(&file, "2\r\n");
	expect_text("h\r\n1\r\n2\r\n", disk_get(name));
	expect_int(9, file.size);
	expect_false(logfile_is_empty(&file));

	/* Emptied, moved away and cut. */
	expect_int(0, truncate(disk_path(name), 0));
	expect_int(0, logfile_follow(&file, NULL));
	expect_text("h\r\n", disk_get(name));
	expect_true(logfile_is_empty(&file));
	append(&file, "3\r\n");
	expect_text("h\r\n3\r\n", disk_get(name));
	expect_int(0, rename(disk_path(name), disk_path("moved")));
	expect_int(0, logfile_follow(&file, NULL));
	expect_text("h\r\n", disk_get(name));
	append(&file, "4\r\n");
	expect_int(0, logfile_cut(&file, 0, NULL));
	expect_text("h\r\n", disk_get(name));
	expect_true(logfile_is_empty(&file));
	append(&file, "5\r\n");
	expect_text("h\r\n5\r\n", disk_get(name));
	logfile_close(&file);

	/* Taken up again, it is not written twice. */
	file = opened("h\r\n");
	append(&file, "6\r\n");
	expect_text("h\r\n5\r\n6\r\n", disk_get(name));
	logfile_close(&file);
}

/* It is known again whatever its length is. */
static void long_header_is_known_again(void **state) {
	(void)state;
	enum { MOST = 16384 };
	static char header[MOST + 1];
	for (size_t len = MOST - 1; len <= MOST; len++) {
		memset(header, 'h', len - 1);
		header[len - 1] = '\n';
		header[len] = '\0';
		for (int i = 0; i < 2; i++) {
			struct logfile file = opened(header);
			expect_true(logfile_is_empty(&file));
			expect_int(len, file.size);
			logfile_close(&file);
		}
		disk_empty();
	}
}

/* A disk that is full keeps nothing from being opened; the first record brings the header then. */
static void header_comes_with_the_first_line_if_there_was_no_room(void **state) {
	(void)state;
	disk_limit(1);
	struct logfile file = opened("h\r\n");
	int r = logfile_append(&file, "1\r\n", 3, 1000, NULL);
	disk_limit(0);
	expect_int(-EFBIG, r);
	expect_text("", disk_get(name));
	append(&file, "2\r\n");
	expect_text("h\r\n2\r\n", disk_get(name));
	logfile_close(&file);
}

static void short_write_is_undone(void **state) {
	(void)state;
	char lines[600];
	struct error err = {{0}};
	struct logfile file = opened("");

	memset(lines, 'x', sizeof(lines));
	for (size_t i = 49; i < sizeof(lines); i += 50) {
		lines[i] = '\n';
	}
	append(&file, "first\n");
	disk_limit(500);
	int r = logfile_append(&file, lines, sizeof(lines), 2000, &err);
	expect_text("first\n", disk_get(name));
	int again = logfile_append(&file, lines, sizeof(lines), 2000, NULL);
	disk_limit(0);
	expect_int(-EFBIG, r);
	expect_int(-EFBIG, again);
	expect_part("/occupancy.ndjson: cannot append 600 bytes: ", err.text);
	expect_int(6, file.size);
	expect_int(1000, file.written);
	append(&file, "second\n");
	expect_text("first\nsecond\n", disk_get(name));
	logfile_close(&file);
}

static int64_t bytes_on_disk(const char *of) {
	struct stat st;
	expect_int(0, stat(disk_path(of), &st));
	return st.st_blocks * 512;
}

/* Not every file system that tests may run on sets room aside. */
static void skip_where_nothing_is_reserved(void) {
	disk_put("probe", "");
	int fd = open(disk_path("probe"), O_WRONLY | O_CLOEXEC);
	expect_true(fd >= 0);
	bool can = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4096) == 0;
	expect_int(0, close(fd));
	expect_int(0, remove(disk_path("probe")));
	if (!can) {
		skip();
	}
}

static void room_is_set_aside_and_given_back(void **state) {
	(void)state;
	skip_where_nothing_is_reserved();
	struct logfile file = opened("");
	append(&file, "one\n");
	expect_text("one\n", disk_get(name));
	expect_between(256 * 1024, 512 * 1024, bytes_on_disk(name));
	int64_t reserved = file.reserved;
	append(&file, "two\n");
	expect_int(reserved, file.reserved); /* once for many */

	expect_int(0, rename(disk_path(name), disk_path("moved")));
	append(&file, "three\n");
	expect_true(bytes_on_disk("moved") < 64 * 1024);
	expect_text("one\ntwo\n", disk_get("moved"));

	/* Before what is set aside ends, more is. */
	char line[1024];
	memset(line, 'x', sizeof(line) - 2);
	memcpy(line + sizeof(line) - 2, "\n", 2);
	while (file.size < reserved) {
		append(&file, line);
		expect_true(file.reserved >= file.size);
	}
	expect_true(bytes_on_disk(name) >= file.reserved);
	logfile_close(&file);
	expect_true(bytes_on_disk(name) < reserved + 64 * 1024);
}

/* Of a process that was killed; the file's time, by which it is rotated, is not touched. */
static void room_set_aside_by_another_process_is_given_back(void **state) {
	(void)state;
	const struct timespec old[] = {{.tv_sec = 1000}, {.tv_sec = 2000, .tv_nsec = 5000}};
	struct stat st;
	skip_where_nothing_is_reserved();
	disk_put(name, "one\n");
	int fd = open(disk_path(name), O_WRONLY | O_CLOEXEC);
	expect_true(fd >= 0);
	expect_int(0, fallocate(fd, FALLOC_FL_KEEP_SIZE, 4, 1 << 20));
	expect_int(0, futimens(fd, old));
	expect_int(0, close(fd));

	struct logfile file = opened("");
	logfile_close(&file);
	expect_true(bytes_on_disk(name) < 64 * 1024);
	expect_int(0, stat(disk_path(name), &st));
	expect_int(4, st.st_size);
	expect_int(2000, st.st_mtim.tv_sec);
	expect_int(5000, st.st_mtim.tv_nsec);
}

static void disk_without_room_is_full_before_anything_is_written(void **state) {
	(void)state;
	static const int errors[] = {ENOSPC, EDQUOT, EIO};
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		struct logfile file = opened("");
		struct error err = {{0}};
		disk_cannot_reserve = errors[i];
		fault_arm(FAULT_ERROR, EBADF, 1000, 1); /* which counts */
		expect_int(-errors[i], logfile_append(&file, "one\n", 4, 0, &err));
		expect_part("/occupancy.ndjson: cannot append 4 bytes: ", err.text);
		expect_int(0, fault.calls); /* no write, nothing taken back */
		fault_disarm();
		disk_cannot_reserve = 0;
		append(&file, "one\n");
		logfile_close(&file);
		expect_text("one\n", disk_get(name));
		disk_empty();
	}
}

/* A large append finds the disk full, and a small one after it does, too, before it writes. */
static void room_that_was_given_back_is_not_relied_on(void **state) {
	(void)state;
	skip_where_nothing_is_reserved();
	struct logfile file = opened("");
	append(&file, "one\n");
	size_t len = 512 * 1024;
	char *large = malloc(len);
	expect_not_null(large);
	memset(large, 'x', len - 1);
	large[len - 1] = '\n';

	disk_cannot_reserve = ENOSPC;
	fault_arm(FAULT_ERROR, EBADF, 1000, 1); /* which counts */
	expect_int(-ENOSPC, logfile_append(&file, large, len, 0, NULL));
	expect_true(bytes_on_disk(name) < 64 * 1024);
	int calls = fault.calls;
	expect_int(-ENOSPC, logfile_append(&file, "two\n", 4, 0, NULL));
	expect_int(calls, fault.calls);
	fault_disarm();
	disk_cannot_reserve = 0;
	append(&file, "two\n");
	logfile_close(&file);
	expect_text("one\ntwo\n", disk_get(name));
	free(large);
}

static void file_system_that_cannot_reserve_is_written_all_the_same(void **state) {
	(void)state;
	static const int errors[] = {EOPNOTSUPP, ENOSYS, EINVAL, ENODEV, EPERM};
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		struct logfile file = opened("");
		disk_cannot_reserve = errors[i];
		append(&file, "one\n");
		disk_cannot_reserve = EIO; /* it is not asked again for this file */
		append(&file, "two\n");
		disk_cannot_reserve = 0;
		expect_int(0, rename(disk_path(name), disk_path("moved")));
		append(&file, "three\n");
		logfile_close(&file);
		expect_text("one\ntwo\n", disk_get("moved"));
		disk_empty();
	}
}

static void moved_file_is_left_and_a_new_one_begun(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	expect_int(0, rename(disk_path(name), disk_path("moved")));
	append(&file, "two\n");
	append(&file, "three\n");
	expect_text("one\n", disk_get("moved"));
	expect_text("two\nthree\n", disk_get(name));
	logfile_close(&file);
}

static void removed_file_is_begun_anew(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	expect_int(0, unlink(disk_path(name)));
	append(&file, "two\n");
	expect_text("two\n", disk_get(name));
	logfile_close(&file);
}

static void file_put_in_the_place_is_continued(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	disk_put("other", "zero\ntorn");
	expect_int(0, rename(disk_path("other"), disk_path(name)));
	append(&file, "two\n");
	expect_text("zero\ntwo\n", disk_get(name));
	logfile_close(&file);
}

static void truncation_leaves_no_hole(void **state) {
	(void)state;
	static const struct {
		off_t size;
		const char *after;
	} rows[] = {{0, "new\n"}, {4, "one\nnew\n"}, {6, "one\nnew\n"}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		disk_empty();
		struct logfile file = opened("");
		append(&file, "one\ntwo\n");
		expect_int(0, truncate(disk_path(name), rows[i].size));
		append(&file, "new\n");
		expect_text(rows[i].after, disk_get(name));
		expect_int(strlen(rows[i].after), file.size);
		logfile_close(&file);
	}
}

static void others_torn_line_does_not_swallow_ours(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	FILE *other = fopen(disk_path(name), "a");
	expect_not_null(other);
	(void)fputs("theirs\nno newline", other);
	(void)fclose(other);
	append(&file, "two\n");
	expect_text("one\ntheirs\ntwo\n", disk_get(name));
	logfile_close(&file);
}

/* Truncated, and on the disk, before anything else is done. */
static void each_call_of_a_cut_may_fail(void **state) {
	(void)state;
	int at = 1;
	for (int hits = 1; hits > 0; at++) {
		disk_empty();
		struct logfile file = opened("");
		append(&file, "one\ntwo\n");
		fault_arm(FAULT_ERROR, EIO, at, 1);
		int r = logfile_cut(&file, 4, NULL);
		hits = fault.hits;
		fault_disarm();
		expect_int(hits > 0 ? -EIO : 0, r);
		expect_int(hits > 0 ? 8 : 4, file.size);
		logfile_close(&file);
	}
	expect_int(4, at); /* both have failed, and then neither */
}

static void vanished_directory_comes_back(void **state) {
	(void)state;
	char away[PATH_MAX];
	struct logfile file = opened("");
	append(&file, "one\n");
	(void)snprintf(away, sizeof(away), "%s-away", disk_directory);
	expect_int(0, rename(disk_directory, away));
	expect_int(-ENOENT, logfile_append(&file, "two\n", 4, 0, NULL));
	expect_int(-ENOENT, logfile_append(&file, "two\n", 4, 0, NULL));
	expect_int(0, rename(away, disk_directory));
	append(&file, "two\n");
	expect_text("one\ntwo\n", disk_get(name));
	logfile_close(&file);
}

static void only_a_regular_file_will_do(void **state) {
	(void)state;
	struct logfile file;
	struct error err = {{0}};
	disk_put("elsewhere", "");
	expect_int(0, symlink("elsewhere", disk_path(name)));
	expect_int(-FILE_NOT_REGULAR, logfile_open(&file, disk_directory, name, "", &err));
	expect_int(0, unlink(disk_path(name)));
	expect_int(0, mkfifo(disk_path(name), 0600));
	expect_int(-FILE_NOT_REGULAR, logfile_open(&file, disk_directory, name, "", &err));
	expect_int(-1, file.fd);
	expect_part("/occupancy.ndjson: cannot be opened: it is not a regular file: remove it", err.text);
}

/* While we write */

static void move_away(void) {
	(void)rename(disk_path(name), disk_path("moved"));
}

static void remove_it(void) {
	(void)unlink(disk_path(name));
}

static void cut_it(void) {
	(void)truncate(disk_path(name), 0);
}

static void file_moved_while_written_does_not_keep_the_line(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	disk_meanwhile = move_away;
	append(&file, "two\n");
	expect_text("one\n", disk_get("moved"));
	expect_text("two\n", disk_get(name));
	disk_meanwhile = remove_it;
	append(&file, "three\n");
	expect_text("three\n", disk_get(name));
	logfile_close(&file);
}

static void file_cut_while_written_is_adjusted_to(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	disk_meanwhile = cut_it;
	append(&file, "two\n");
	append(&file, "three\n");
	expect_text("three\n", disk_get(name));
	expect_int(6, file.size);
	logfile_close(&file);
}

static void add_theirs(void) {
	FILE *other = fopen(disk_path(name), "a");
	(void)fputs("theirs\n", other);
	(void)fclose(other);
}

/* What else came meanwhile goes too: our own promise is the one to keep. */
/*
 * A crash could bring back what was taken back, beside what has been written to the next
 * file: so the next file waits until the cut is synced.
 */
static void what_was_taken_back_is_synced_before_another_file(void **state) {
	(void)state;
	struct logfile file;
	expect_int(0, logfile_open(&file, disk_directory, "log", "", NULL));
	expect_int(0, logfile_append(&file, "1\n", 2, 0, NULL));
	int calls;
	fault_arm(FAULT_ERROR, EIO, 1000, 1);
	expect_int(0, logfile_follow(&file, NULL));
	calls = fault.calls;
	fault_disarm();
	expect_false(file.cut_unsynced);

	/* The sync of the append fails, and so does the sync of the cut. */
	fault_arm(FAULT_ERROR, EIO, calls + 2, 100);
	expect_true(logfile_append(&file, "2\n", 2, 0, NULL) < 0);
	fault_disarm();
	expect_true(file.stray > 0 || file.cut_unsynced);
	fault_arm(FAULT_ERROR, EIO, 1, 100);
	expect_int(-EIO, logfile_follow(&file, NULL));
	fault_disarm();
	expect_int(0, logfile_follow(&file, NULL));
	expect_false(file.cut_unsynced);
	expect_int(0, file.stray);
	expect_text("1\n", disk_get("log"));
	logfile_close(&file);
}

static void failed_append_is_undone_whatever_came_behind_it(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	disk_meanwhile = add_theirs;
	fault_arm(FAULT_ERROR, EIO, 2, 1);
	expect_int(-EIO, logfile_append(&file, "two\n", 4, 0, NULL));
	fault_disarm();
	append(&file, "two\n");
	expect_text("one\ntwo\n", disk_get(name));
	logfile_close(&file);
}

static void file_cut_under_a_failing_append_gets_no_hole(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	disk_meanwhile = cut_it;
	/* write, then fdatasync */
	fault_arm(FAULT_ERROR, EIO, 2, 1);
	expect_int(-EIO, logfile_append(&file, "two\n", 4, 0, NULL));
	fault_disarm();
	expect_text("", disk_get(name));
	append(&file, "three\n");
	expect_text("three\n", disk_get(name));
	logfile_close(&file);
}

/* Faults: whatever call fails, and however often, a line is in the file once or not at all. */

static bool is_appended(const char *text) {
	static const char before[] = "h\nbefore\n";
	bool kept = strncmp(text, before, sizeof(before) - 1) == 0;
	if (!kept) {
		fail_msg("lost what was there: %s", text);
	}
	return strcmp(text + sizeof(before) - 1, "line\n") == 0;
}

static void failed_append_can_be_repeated(void **state) {
	(void)state;
	static const int errors[] = {ENOSPC, EIO, EDQUOT};
	int swept = 0;

	for (int count = 1; count <= 4; count++) {
		for (int at = 1, hits = 1; hits > 0; at++, swept++) {
			disk_empty();
			struct logfile file = opened("h\n");
			append(&file, "before\n");
			fault_arm(FAULT_ERROR, errors[at % 3], at, count);
			int r = logfile_append(&file, "line\n", 5, 0, NULL);
			hits = fault.hits;
			fault_disarm();
			if (r == 0) {
				expect_true(is_appended(disk_get(name)));
			} else if (logfile_follow(&file, NULL) < 0 || is_appended(disk_get(name))) {
				fail_msg("calls %d to %d failed: not undone", at, at + count - 1);
			}
			if (r < 0) {
				append(&file, "line\n");
			}
			if (!is_appended(disk_get(name))) {
				fail_msg("calls %d to %d failed: %s", at, at + count - 1, disk_get(name));
			}
			logfile_close(&file);
		}
	}
	expect_true(swept >= 4 * 3);
}

static void failed_open_can_be_repeated(void **state) {
	(void)state;
	int at = 1;
	for (int hits = 1; hits > 0; at++) {
		struct logfile file;
		disk_put(name, "one\ntorn");
		fault_arm(FAULT_ERROR, EIO, at, 1);
		int r = logfile_open(&file, disk_directory, name, "", NULL);
		hits = fault.hits;
		fault_disarm();
		expect_int(hits > 0 ? -EIO : 0, r);
		logfile_close(&file);
		file = opened("");
		expect_text("one\n", disk_get(name));
		logfile_close(&file);
	}
	/* open, read, truncate, sync, open and sync the directory */
	expect_int(8, at);
}

static void failed_reopening_can_be_repeated(void **state) {
	(void)state;
	for (int at = 1, hits = 1; hits > 0; at++) {
		disk_empty();
		struct logfile file = opened("");
		append(&file, "one\n");
		expect_int(0, rename(disk_path(name), disk_path("moved")));
		fault_arm(FAULT_ERROR, EMFILE, at, 1);
		int r = logfile_append(&file, "two\n", 4, 0, NULL);
		hits = fault.hits;
		fault_disarm();
		if (r < 0) {
			append(&file, "two\n");
		}
		expect_text("one\n", disk_get("moved"));
		expect_text("two\n", disk_get(name));
		logfile_close(&file);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, disk_setup, disk_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(open_creates_and_append_appends),
		TEST(number_0_is_a_descriptor_too),
		TEST(torn_line_is_cut_at_open),
		TEST(long_torn_lines_are_cut_too),
		TEST(time_of_the_last_line_survives_the_cut),
		TEST(header_stands_in_front_of_every_file),
		TEST(long_header_is_known_again),
		TEST(header_comes_with_the_first_line_if_there_was_no_room),
		TEST(short_write_is_undone),
		TEST(room_is_set_aside_and_given_back),
		TEST(room_set_aside_by_another_process_is_given_back),
		TEST(disk_without_room_is_full_before_anything_is_written),
		TEST(room_that_was_given_back_is_not_relied_on),
		TEST(file_system_that_cannot_reserve_is_written_all_the_same),
		TEST(moved_file_is_left_and_a_new_one_begun),
		TEST(removed_file_is_begun_anew),
		TEST(file_put_in_the_place_is_continued),
		TEST(truncation_leaves_no_hole),
		TEST(others_torn_line_does_not_swallow_ours),
		TEST(each_call_of_a_cut_may_fail),
		TEST(vanished_directory_comes_back),
		TEST(only_a_regular_file_will_do),
		TEST(file_moved_while_written_does_not_keep_the_line),
		TEST(file_cut_while_written_is_adjusted_to),
		TEST(file_cut_under_a_failing_append_gets_no_hole),
		TEST(what_was_taken_back_is_synced_before_another_file),
		TEST(failed_append_is_undone_whatever_came_behind_it),
		TEST(failed_append_can_be_repeated),
		TEST(failed_open_can_be_repeated),
		TEST(failed_reopening_can_be_repeated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
