// SPDX-License-Identifier: ISC

#include "disk.h"

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
	assert_int_equal(file->stray, 0);
}

static void open_creates_and_append_appends(void **state) {
	(void)state;
	struct stat st;
	struct logfile file = opened("");
	assert_int_equal(file.size, 0);
	append(&file, "one\n");
	append(&file, "two\nthree\n");
	assert_string_equal(disk_get(name), "one\ntwo\nthree\n");
	assert_int_equal(file.size, 14);
	assert_int_equal(file.written, 1000);
	assert_int_equal(stat(disk_path(name), &st), 0);
	assert_int_equal(file.inode, st.st_ino);
	assert_int_equal(st.st_mode & 0137, 0);
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
	assert_int_equal(fd, 0);
	assert_true(closed);
	assert_string_equal(disk_get(name), "h\none\n");
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
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		disk_put(name, rows[i].before);
		struct logfile file = opened("");
		assert_string_equal(disk_get(name), rows[i].after);
		assert_int_equal(file.size, strlen(rows[i].after));
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
		assert_int_equal(file.size, 4);
		assert_string_equal(disk_get(name), "xxx\n");
		logfile_close(&file);
	}
}

static void time_of_the_last_line_survives_the_cut(void **state) {
	(void)state;
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1700000000}};
	disk_put(name, "one\ntorn");
	assert_int_equal(utimensat(AT_FDCWD, disk_path(name), times, 0), 0);
	struct logfile file = opened("");
	assert_int_equal(file.written, 1700000000 * USEC_PER_SEC);
	assert_int_equal(file.size, 4);
	logfile_close(&file);
}

static void header_stands_in_front_of_every_file(void **state) {
	(void)state;
	struct logfile file = opened("h\r\n");
	assert_string_equal(disk_get(name), "h\r\n");
	assert_true(logfile_is_empty(&file));
	append(&file, "1\r\n");
	append(&file, "2\r\n");
	assert_string_equal(disk_get(name), "h\r\n1\r\n2\r\n");
	assert_int_equal(file.size, 9);
	assert_false(logfile_is_empty(&file));

	/* Emptied, moved away and cut. */
	assert_int_equal(truncate(disk_path(name), 0), 0);
	assert_int_equal(logfile_follow(&file, NULL), 0);
	assert_string_equal(disk_get(name), "h\r\n");
	assert_true(logfile_is_empty(&file));
	append(&file, "3\r\n");
	assert_string_equal(disk_get(name), "h\r\n3\r\n");
	assert_int_equal(rename(disk_path(name), disk_path("moved")), 0);
	assert_int_equal(logfile_follow(&file, NULL), 0);
	assert_string_equal(disk_get(name), "h\r\n");
	append(&file, "4\r\n");
	assert_int_equal(logfile_cut(&file, 0, NULL), 0);
	assert_string_equal(disk_get(name), "h\r\n");
	assert_true(logfile_is_empty(&file));
	append(&file, "5\r\n");
	assert_string_equal(disk_get(name), "h\r\n5\r\n");
	logfile_close(&file);

	/* Taken up again, it is not written twice. */
	file = opened("h\r\n");
	append(&file, "6\r\n");
	assert_string_equal(disk_get(name), "h\r\n5\r\n6\r\n");
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
			assert_true(logfile_is_empty(&file));
			assert_int_equal(file.size, len);
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
	assert_int_equal(r, -EFBIG);
	assert_string_equal(disk_get(name), "");
	append(&file, "2\r\n");
	assert_string_equal(disk_get(name), "h\r\n2\r\n");
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
	assert_string_equal(disk_get(name), "first\n");
	int again = logfile_append(&file, lines, sizeof(lines), 2000, NULL);
	disk_limit(0);
	assert_int_equal(r, -EFBIG);
	assert_int_equal(again, -EFBIG);
	assert_non_null(strstr(err.text, "/occupancy.ndjson: cannot append 600 bytes: "));
	assert_int_equal(file.size, 6);
	assert_int_equal(file.written, 1000);
	append(&file, "second\n");
	assert_string_equal(disk_get(name), "first\nsecond\n");
	logfile_close(&file);
}

static int64_t bytes_on_disk(const char *of) {
	struct stat st;
	assert_int_equal(stat(disk_path(of), &st), 0);
	return st.st_blocks * 512;
}

/* Not every file system that tests may run on sets room aside. */
static void skip_where_nothing_is_reserved(void) {
	disk_put("probe", "");
	int fd = open(disk_path("probe"), O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	bool can = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4096) == 0;
	assert_int_equal(close(fd), 0);
	assert_int_equal(remove(disk_path("probe")), 0);
	if (!can) {
		skip();
	}
}

static void room_is_set_aside_and_given_back(void **state) {
	(void)state;
	skip_where_nothing_is_reserved();
	struct logfile file = opened("");
	append(&file, "one\n");
	assert_string_equal(disk_get(name), "one\n");
	assert_in_range(bytes_on_disk(name), 256 * 1024, 512 * 1024);
	int64_t reserved = file.reserved;
	append(&file, "two\n");
	assert_int_equal(file.reserved, reserved); /* once for many */

	assert_int_equal(rename(disk_path(name), disk_path("moved")), 0);
	append(&file, "three\n");
	assert_true(bytes_on_disk("moved") < 64 * 1024);
	assert_string_equal(disk_get("moved"), "one\ntwo\n");

	/* Before what is set aside ends, more is. */
	char line[1024];
	memset(line, 'x', sizeof(line) - 2);
	memcpy(line + sizeof(line) - 2, "\n", 2);
	while (file.size < reserved) {
		append(&file, line);
		assert_true(file.reserved >= file.size);
	}
	assert_true(bytes_on_disk(name) >= file.reserved);
	logfile_close(&file);
	assert_true(bytes_on_disk(name) < reserved + 64 * 1024);
}

/* Of a process that was killed; the file's time, by which it is rotated, is not touched. */
static void room_set_aside_by_another_process_is_given_back(void **state) {
	(void)state;
	const struct timespec old[] = {{.tv_sec = 1000}, {.tv_sec = 2000, .tv_nsec = 5000}};
	struct stat st;
	skip_where_nothing_is_reserved();
	disk_put(name, "one\n");
	int fd = open(disk_path(name), O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fallocate(fd, FALLOC_FL_KEEP_SIZE, 4, 1 << 20), 0);
	assert_int_equal(futimens(fd, old), 0);
	assert_int_equal(close(fd), 0);

	struct logfile file = opened("");
	logfile_close(&file);
	assert_true(bytes_on_disk(name) < 64 * 1024);
	assert_int_equal(stat(disk_path(name), &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(st.st_mtim.tv_sec, 2000);
	assert_int_equal(st.st_mtim.tv_nsec, 5000);
}

static void disk_without_room_is_full_before_anything_is_written(void **state) {
	(void)state;
	static const int errors[] = {ENOSPC, EDQUOT, EIO};
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct logfile file = opened("");
		struct error err = {{0}};
		disk_cannot_reserve = errors[i];
		fault_arm(FAULT_ERROR, EBADF, 1000, 1); /* which counts */
		assert_int_equal(logfile_append(&file, "one\n", 4, 0, &err), -errors[i]);
		assert_non_null(strstr(err.text, "/occupancy.ndjson: cannot append 4 bytes: "));
		assert_int_equal(fault.calls, 0); /* no write, nothing taken back */
		fault_disarm();
		disk_cannot_reserve = 0;
		append(&file, "one\n");
		logfile_close(&file);
		assert_string_equal(disk_get(name), "one\n");
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
	assert_non_null(large);
	memset(large, 'x', len - 1);
	large[len - 1] = '\n';

	disk_cannot_reserve = ENOSPC;
	fault_arm(FAULT_ERROR, EBADF, 1000, 1); /* which counts */
	assert_int_equal(logfile_append(&file, large, len, 0, NULL), -ENOSPC);
	assert_true(bytes_on_disk(name) < 64 * 1024);
	int calls = fault.calls;
	assert_int_equal(logfile_append(&file, "two\n", 4, 0, NULL), -ENOSPC);
	assert_int_equal(fault.calls, calls);
	fault_disarm();
	disk_cannot_reserve = 0;
	append(&file, "two\n");
	logfile_close(&file);
	assert_string_equal(disk_get(name), "one\ntwo\n");
	free(large);
}

static void file_system_that_cannot_reserve_is_written_all_the_same(void **state) {
	(void)state;
	static const int errors[] = {EOPNOTSUPP, ENOSYS, EINVAL, ENODEV, EPERM};
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct logfile file = opened("");
		disk_cannot_reserve = errors[i];
		append(&file, "one\n");
		disk_cannot_reserve = EIO; /* it is not asked again for this file */
		append(&file, "two\n");
		disk_cannot_reserve = 0;
		assert_int_equal(rename(disk_path(name), disk_path("moved")), 0);
		append(&file, "three\n");
		logfile_close(&file);
		assert_string_equal(disk_get("moved"), "one\ntwo\n");
		disk_empty();
	}
}

static void moved_file_is_left_and_a_new_one_begun(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	assert_int_equal(rename(disk_path(name), disk_path("moved")), 0);
	append(&file, "two\n");
	append(&file, "three\n");
	assert_string_equal(disk_get("moved"), "one\n");
	assert_string_equal(disk_get(name), "two\nthree\n");
	logfile_close(&file);
}

static void removed_file_is_begun_anew(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	assert_int_equal(unlink(disk_path(name)), 0);
	append(&file, "two\n");
	assert_string_equal(disk_get(name), "two\n");
	logfile_close(&file);
}

static void file_put_in_the_place_is_continued(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	disk_put("other", "zero\ntorn");
	assert_int_equal(rename(disk_path("other"), disk_path(name)), 0);
	append(&file, "two\n");
	assert_string_equal(disk_get(name), "zero\ntwo\n");
	logfile_close(&file);
}

static void truncation_leaves_no_hole(void **state) {
	(void)state;
	static const struct {
		off_t size;
		const char *after;
	} rows[] = {{0, "new\n"}, {4, "one\nnew\n"}, {6, "one\nnew\n"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		disk_empty();
		struct logfile file = opened("");
		append(&file, "one\ntwo\n");
		assert_int_equal(truncate(disk_path(name), rows[i].size), 0);
		append(&file, "new\n");
		assert_string_equal(disk_get(name), rows[i].after);
		assert_int_equal(file.size, strlen(rows[i].after));
		logfile_close(&file);
	}
}

static void others_torn_line_does_not_swallow_ours(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	FILE *other = fopen(disk_path(name), "a");
	assert_non_null(other);
	(void)fputs("theirs\nno newline", other);
	(void)fclose(other);
	append(&file, "two\n");
	assert_string_equal(disk_get(name), "one\ntheirs\ntwo\n");
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
		assert_int_equal(r, hits > 0 ? -EIO : 0);
		assert_int_equal(file.size, hits > 0 ? 8 : 4);
		logfile_close(&file);
	}
	assert_int_equal(at, 4); /* both have failed, and then neither */
}

static void vanished_directory_comes_back(void **state) {
	(void)state;
	char away[PATH_MAX];
	struct logfile file = opened("");
	append(&file, "one\n");
	(void)snprintf(away, sizeof(away), "%s-away", disk_directory);
	assert_int_equal(rename(disk_directory, away), 0);
	assert_int_equal(logfile_append(&file, "two\n", 4, 0, NULL), -ENOENT);
	assert_int_equal(logfile_append(&file, "two\n", 4, 0, NULL), -ENOENT);
	assert_int_equal(rename(away, disk_directory), 0);
	append(&file, "two\n");
	assert_string_equal(disk_get(name), "one\ntwo\n");
	logfile_close(&file);
}

static void only_a_regular_file_will_do(void **state) {
	(void)state;
	struct logfile file;
	struct error err = {{0}};
	disk_put("elsewhere", "");
	assert_int_equal(symlink("elsewhere", disk_path(name)), 0);
	assert_int_equal(logfile_open(&file, disk_directory, name, "", &err), -FILE_NOT_REGULAR);
	assert_int_equal(unlink(disk_path(name)), 0);
	assert_int_equal(mkfifo(disk_path(name), 0600), 0);
	assert_int_equal(logfile_open(&file, disk_directory, name, "", &err), -FILE_NOT_REGULAR);
	assert_int_equal(file.fd, -1);
	assert_non_null(strstr(err.text, "/occupancy.ndjson: cannot be opened: it is not a regular file: remove it"));
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
	assert_string_equal(disk_get("moved"), "one\n");
	assert_string_equal(disk_get(name), "two\n");
	disk_meanwhile = remove_it;
	append(&file, "three\n");
	assert_string_equal(disk_get(name), "three\n");
	logfile_close(&file);
}

static void file_cut_while_written_is_adjusted_to(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	disk_meanwhile = cut_it;
	append(&file, "two\n");
	append(&file, "three\n");
	assert_string_equal(disk_get(name), "three\n");
	assert_int_equal(file.size, 6);
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
	assert_int_equal(logfile_open(&file, disk_directory, "log", "", NULL), 0);
	assert_int_equal(logfile_append(&file, "1\n", 2, 0, NULL), 0);
	int calls;
	fault_arm(FAULT_ERROR, EIO, 1000, 1);
	assert_int_equal(logfile_follow(&file, NULL), 0);
	calls = fault.calls;
	fault_disarm();
	assert_false(file.cut_unsynced);

	/* The sync of the append fails, and so does the sync of the cut. */
	fault_arm(FAULT_ERROR, EIO, calls + 2, 100);
	assert_true(logfile_append(&file, "2\n", 2, 0, NULL) < 0);
	fault_disarm();
	assert_true(file.stray > 0 || file.cut_unsynced);
	fault_arm(FAULT_ERROR, EIO, 1, 100);
	assert_int_equal(logfile_follow(&file, NULL), -EIO);
	fault_disarm();
	assert_int_equal(logfile_follow(&file, NULL), 0);
	assert_false(file.cut_unsynced);
	assert_int_equal(file.stray, 0);
	assert_string_equal(disk_get("log"), "1\n");
	logfile_close(&file);
}

static void failed_append_is_undone_whatever_came_behind_it(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	disk_meanwhile = add_theirs;
	fault_arm(FAULT_ERROR, EIO, 2, 1);
	assert_int_equal(logfile_append(&file, "two\n", 4, 0, NULL), -EIO);
	fault_disarm();
	append(&file, "two\n");
	assert_string_equal(disk_get(name), "one\ntwo\n");
	logfile_close(&file);
}

static void file_cut_under_a_failing_append_gets_no_hole(void **state) {
	(void)state;
	struct logfile file = opened("");
	append(&file, "one\n");
	disk_meanwhile = cut_it;
	/* write, then fdatasync */
	fault_arm(FAULT_ERROR, EIO, 2, 1);
	assert_int_equal(logfile_append(&file, "two\n", 4, 0, NULL), -EIO);
	fault_disarm();
	assert_string_equal(disk_get(name), "");
	append(&file, "three\n");
	assert_string_equal(disk_get(name), "three\n");
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
				assert_true(is_appended(disk_get(name)));
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
	assert_true(swept >= 4 * 3);
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
		assert_int_equal(r, hits > 0 ? -EIO : 0);
		logfile_close(&file);
		file = opened("");
		assert_string_equal(disk_get(name), "one\n");
		logfile_close(&file);
	}
	/* open, read, truncate, sync, open and sync the directory */
	assert_int_equal(at, 8);
}

static void failed_reopening_can_be_repeated(void **state) {
	(void)state;
	for (int at = 1, hits = 1; hits > 0; at++) {
		disk_empty();
		struct logfile file = opened("");
		append(&file, "one\n");
		assert_int_equal(rename(disk_path(name), disk_path("moved")), 0);
		fault_arm(FAULT_ERROR, EMFILE, at, 1);
		int r = logfile_append(&file, "two\n", 4, 0, NULL);
		hits = fault.hits;
		fault_disarm();
		if (r < 0) {
			append(&file, "two\n");
		}
		assert_string_equal(disk_get("moved"), "one\n");
		assert_string_equal(disk_get(name), "two\n");
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
