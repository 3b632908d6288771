// SPDX-License-Identifier: ISC

#include "disk.h"
#include "fixture.h"

#include "base/replace.h"

static void open_flags_are_those_of_the_table(void **state) {
	(void)state;
	static const struct {
		const char *name;
		enum file_access access;
		int want; /* 0: a descriptor */
	} rows[] = {
		{"missing", FILE_READ, -ENOENT},
		{"missing/deeper", FILE_APPEND, -ENOENT},
		{"there", FILE_READ, 0},
		{"there", FILE_APPEND, 0},
		{"there", FILE_CREATE, -EEXIST},
		{"new-by-append", FILE_APPEND, 0},
		{"new-by-create", FILE_CREATE, 0},
		{"link", FILE_READ, -FILE_NOT_REGULAR},
		{"link", FILE_APPEND, -FILE_NOT_REGULAR},
		{"link", FILE_CREATE, -EEXIST},
		{"fifo", FILE_READ, -FILE_NOT_REGULAR},
		{"fifo", FILE_APPEND, -FILE_NOT_REGULAR},
		{"directory", FILE_READ, -FILE_NOT_REGULAR},
		{"directory", FILE_APPEND, -FILE_NOT_REGULAR},
		{"socket", FILE_READ, -FILE_NOT_REGULAR},
	};

	disk_put("there", "x");
	expect_int(0, symlink("there", disk_path("link")));
	expect_int(0, mkfifo(disk_path("fifo"), 0600));
	expect_int(0, mkdir(disk_path("directory"), 0700));
	expect_int(0, mknod(disk_path("socket"), S_IFSOCK | 0600, 0));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int fd = file_open(disk_path(rows[i].name), rows[i].access, 0640);
		if (rows[i].want < 0 ? fd != rows[i].want : fd < 0) {
			fail_msg("%s, access %d: expected %d, got %d", rows[i].name, (int)rows[i].access,
			         rows[i].want, fd);
		}
		if (fd >= 0) {
			expect_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		}
		file_close(fd);
	}
	file_close(-1);
}

static void created_files_have_the_mode(void **state) {
	(void)state;
	struct stat st;
	mode_t mask = umask(027);
	file_close(file_open(disk_path("log"), FILE_APPEND, 0640));
	(void)umask(mask);
	expect_int(0, stat(disk_path("log"), &st));
	expect_int(0640, st.st_mode & 0777);
}

static void append_writes_at_the_end_after_a_truncation(void **state) {
	(void)state;
	disk_put("log", "one\ntwo\n");
	int fd = file_open(disk_path("log"), FILE_APPEND, 0640);
	expect_int(0, file_write(fd, "three\n", 6, NULL));
	expect_text("one\ntwo\nthree\n", disk_get("log"));
	expect_int(0, truncate(disk_path("log"), 4));
	expect_int(0, file_write(fd, "four\n", 5, NULL));
	expect_text("one\nfour\n", disk_get("log"));
	expect_int(0, file_truncate(fd, 4));
	expect_int(0, file_sync(fd));
	expect_int(0, file_sync_all(fd));
	expect_text("one\n", disk_get("log"));
	file_close(fd);
}

static void read_gives_what_is_there_at_the_offset(void **state) {
	(void)state;
	char text[16];
	disk_put("log", "0123456789");
	int fd = file_open(disk_path("log"), FILE_READ, 0);
	expect_int(4, file_read(fd, text, 4, 3));
	expect_bytes("3456", text, 4);
	expect_int(3, file_read(fd, text, 16, 7));
	expect_int(0, file_read(fd, text, 16, 10));
	expect_int(0, file_read(fd, text, 16, 99));
	expect_int(-EBADF, file_read(-1, text, 16, 0));
	file_close(fd);
}

static void full_device_says_so(void **state) {
	(void)state;
	size_t written = 77;
	expect_int(-FILE_NOT_REGULAR, file_open("/dev/full", FILE_APPEND, 0));
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	expect_true(fd >= 0);
	expect_int(-ENOSPC, file_write(fd, "x", 1, &written));
	expect_int(0, written);
	file_close(fd);
}

static void short_write_tells_how_short(void **state) {
	(void)state;
	size_t written = 0;
	char data[1000];

	memset(data, 'x', sizeof(data));
	int fd = file_open(disk_path("log"), FILE_APPEND, 0640);
	disk_limit(300);
	int r = file_write(fd, data, sizeof(data), &written);
	disk_limit(0);
	file_close(fd);
	expect_int(-EFBIG, r);
	expect_int(300, written);
}

static void stat_tells_what_stands_there(void **state) {
	(void)state;
	struct file_info info, open_info;
	struct stat st;
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1700000000, .tv_nsec = 5000}};

	disk_put("log", "12345");
	expect_int(0, utimensat(AT_FDCWD, disk_path("log"), times, 0));
	expect_int(0, file_stat(disk_path("log"), &info));
	expect_int(0, stat(disk_path("log"), &st));
	expect_int(st.st_ino, info.inode);
	expect_int(st.st_dev, info.device);
	expect_int(5, info.size);
	expect_int(1700000000 * USEC_PER_SEC + 5, info.mtime);
	expect_true(info.regular);

	int fd = file_open(disk_path("log"), FILE_READ, 0);
	expect_int(0, file_stat_open(fd, &open_info));
	expect_int(info.inode, open_info.inode);
	expect_int(info.device, open_info.device);
	expect_int(info.size, open_info.size);
	expect_int(info.mtime, open_info.mtime);
	expect_true(open_info.regular);
	file_close(fd);

	expect_int(0, symlink("log", disk_path("link")));
	expect_int(0, file_stat(disk_path("link"), &info));
	expect_false(info.regular);
	expect_int(-ENOENT, file_stat(disk_path("none"), &info));
}

/* 2 GiB and January 2038 are where 32 bits end; the kernel says times in 64 on every machine. */
static void sizes_and_times_go_beyond_32_bits(void **state) {
	(void)state;
	static const int64_t size = (int64_t)5 << 30;
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 4102444800}};
	struct file_info info;
	struct statx kernels;
	char text[8] = "";

	int fd = file_open(disk_path("log"), FILE_APPEND, 0640);
	int r = file_truncate(fd, size);
	if (r == -EFBIG) {
		file_close(fd);
		print_message("no file of 5 GiB can be made here\n");
		skip();
	}
	expect_int(0, r);
	expect_int(0, file_write(fd, "end", 3, NULL));
	expect_int(3, file_read(fd, text, sizeof(text), size));
	expect_text("end", text);
	expect_int(0, futimens(fd, times));
	expect_int(0, file_stat_open(fd, &info));
	expect_int(size + 3, info.size);
	expect_int(0, statx(fd, "", AT_EMPTY_PATH, STATX_MTIME, &kernels));
	expect_true(kernels.stx_mtime.tv_sec > 2000000000);
	expect_int(kernels.stx_mtime.tv_sec * USEC_PER_SEC, info.mtime);

	expect_int(0, file_truncate(fd, size - 1));
	expect_int(0, file_stat(disk_path("log"), &info));
	expect_int(size - 1, info.size);
	file_close(fd);
}

static void rename_replaces_and_rename_new_does_not(void **state) {
	(void)state;
	disk_put("a", "a");
	disk_put("b", "b");
	char a[PATH_MAX], b[PATH_MAX];
	(void)snprintf(a, sizeof(a), "%s", disk_path("a"));
	(void)snprintf(b, sizeof(b), "%s", disk_path("b"));
	expect_int(-EEXIST, file_rename_new(a, b));
	expect_text("b", disk_get("b"));
	expect_int(0, file_rename(a, b));
	expect_text("a", disk_get("b"));
	expect_int(0, file_rename_new(b, a));
	expect_text("a ", disk_list());
	expect_int(-ENOENT, file_rename_new(b, a));
	expect_int(0, file_remove(a));
	expect_int(-ENOENT, file_remove(a));
}

/* As on file systems that know no RENAME_NOREPLACE. */
static void rename_new_does_without_the_kernel(void **state) {
	(void)state;
	char a[PATH_MAX], b[PATH_MAX];
	(void)snprintf(a, sizeof(a), "%s", disk_path("a"));
	(void)snprintf(b, sizeof(b), "%s", disk_path("b"));
	disk_put("a", "a");
	disk_put("b", "b");
	fault_arm(FAULT_ERROR, EINVAL, 1, 1);
	expect_int(-EEXIST, file_rename_new(a, b));
	expect_int(0, file_remove(b));
	fault_arm(FAULT_ERROR, EINVAL, 1, 1);
	expect_int(0, file_rename_new(a, b));
	expect_text("b ", disk_list());
}

static void count_name(const char *name, void *user) {
	(void)name;
	++*(int *)user;
}

static void list_visits_all_but_the_dots(void **state) {
	(void)state;
	int count = 0;
	disk_put("a", "");
	disk_put(".b", "");
	expect_int(0, file_list(disk_directory, count_name, &count));
	expect_int(2, count);
	expect_int(-ENOENT, file_list(disk_path("none"), count_name, &count));
	expect_int(0, file_sync_directory(disk_directory));
	expect_int(-ENOENT, file_sync_directory(disk_path("none")));
	expect_int(-ENOTDIR, file_sync_directory(disk_path("a")));
}

static void lock_excludes_another_descriptor(void **state) {
	(void)state;
	int first = file_open(disk_path("lock"), FILE_APPEND, 0600);
	int second = file_open(disk_path("lock"), FILE_APPEND, 0600);
	expect_int(0, file_lock(first));
	expect_int(-EWOULDBLOCK, file_lock(second));
	file_close(first);
	expect_int(0, file_lock(second));
	file_close(second);
}

/* Interrupted calls are called again. */
static void signals_are_nothing(void **state) {
	(void)state;
	for (int at = 1; at <= 6; at++) {
		char text[4];
		fault_arm(FAULT_ERROR, EINTR, at, 1);
		int fd = file_open(disk_path("log"), FILE_APPEND, 0640);
		expect_true(fd >= 0);
		expect_int(0, file_write(fd, "abcd", 4, NULL));
		expect_int(0, file_sync(fd));
		expect_int(0, file_sync_all(fd));
		expect_int(4, file_read(fd, text, 4, 0));
		expect_bytes("abcd", text, 4);
		expect_int(0, file_truncate(fd, 0));
		file_close(fd);
		expect_int(1, fault.hits);
		fault_disarm();
	}
}

/* Replacing */

static void replace_puts_the_new_file(void **state) {
	(void)state;
	struct stat st;
	expect_int(0, file_replace(disk_directory, "state", "one", 3, 0600));
	expect_text("one", disk_get("state"));
	expect_int(0, file_replace(disk_directory, "state", "", 0, 0600));
	expect_text("", disk_get("state"));
	expect_text("state ", disk_list());
	expect_int(0, stat(disk_path("state"), &st));
	expect_int(0600, st.st_mode & 0777);
	expect_int(-ENOENT, file_replace(disk_path("none"), "state", "", 0, 0600));
}

static void replace_outlives_what_a_crash_left(void **state) {
	(void)state;
	disk_put(".state.tmp", "half of someth");
	expect_int(0, file_replace(disk_directory, "state", "one", 3, 0600));
	expect_text("state ", disk_list());
}

/* The call that fails may be any: the old file or the new one is there, and nothing else. */
static void replace_fails_whole(void **state) {
	(void)state;
	int at = 1;
	for (;; at++) {
		disk_put("state", "old");
		fault_arm(FAULT_ERROR, ENOSPC, at, 1);
		int r = file_replace(disk_directory, "state", "new", 3, 0600);
		int hits = fault.hits;
		fault_disarm();
		if (hits == 0) {
			expect_int(0, r);
			break;
		}
		bool committed = strcmp(disk_get("state"), "new") == 0;
		if (r != -ENOSPC || (!committed && strcmp(disk_get("state"), "old") != 0)) {
			fail_msg("call %d failed: result %d, file: %s", at, r, disk_get("state"));
		}
		expect_text("state ", disk_list());
	}
	/* remove, create, write, sync, rename, open and sync the directory */
	expect_int(8, at);
}

static void replace_crashes_whole(void **state) {
	(void)state;
	int at = 1;
	for (bool killed = true; killed; at++) {
		disk_put("state", "old");
		pid_t child = fork();
		if (child == 0) {
			fault_arm(FAULT_CRASH, 0, at, 1);
			_exit(file_replace(disk_directory, "state", "new", 3, 0600) == 0 ? 0 : 1);
		}
		killed = fault_killed(child);
		const char *text = disk_get("state");
		if (strcmp(text, "new") != 0 && (!killed || strcmp(text, "old") != 0)) {
			fail_msg("crash at call %d left: %s", at, text);
		}
	}
	expect_text("state ", disk_list());
	expect_int(9, at);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, disk_setup, disk_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(open_flags_are_those_of_the_table),
		TEST(created_files_have_the_mode),
		TEST(append_writes_at_the_end_after_a_truncation),
		TEST(read_gives_what_is_there_at_the_offset),
		TEST(full_device_says_so),
		TEST(short_write_tells_how_short),
		TEST(stat_tells_what_stands_there),
		TEST(sizes_and_times_go_beyond_32_bits),
		TEST(rename_replaces_and_rename_new_does_not),
		TEST(rename_new_does_without_the_kernel),
		TEST(list_visits_all_but_the_dots),
		TEST(lock_excludes_another_descriptor),
		TEST(signals_are_nothing),
		TEST(replace_puts_the_new_file),
		TEST(replace_outlives_what_a_crash_left),
		TEST(replace_fails_whole),
		TEST(replace_crashes_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
