// SPDX-License-Identifier: ISC

#include "disk.h"
#include "fixture.h"

#include "state/lock.h"

#include <pwd.h>
#include <signal.h>

static void lock_is_taken_and_names_its_holder(void **state) {
	(void)state;
	char pid[32];
	struct error err = {{0}};
	int lock = lock_take(disk_directory, &err);
	expect_true(lock >= 0);
	(void)snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	expect_text(pid, disk_get("lock"));

	/* flock(2) goes by descriptors: the one that the child has inherited holds it as well. */
	(void)snprintf(pid, sizeof(pid), "in use by process %d ", (int)getpid());
	int status;
	pid_t child = fork();
	expect_true(child >= 0);
	if (child == 0) {
		bool right = lock_take(disk_directory, &err) == -EBUSY && strstr(err.text, pid) &&
		             strstr(err.text, disk_directory);
		_exit(right ? 0 : 1);
	}
	expect_int(child, waitpid(child, &status, 0));
	expect_int(0, status);
	lock_release(lock);
}

/* In two containers both are process 1: there is no such other process to look for. */
static void holder_with_the_same_number_is_another_process(void **state) {
	(void)state;
	struct error err = {{0}};
	int lock = lock_take(disk_directory, &err);
	expect_true(lock >= 0);
	expect_int(-EBUSY, lock_take(disk_directory, &err));
	expect_part("in use by another process", err.text);
	lock_release(lock);
}

static void number_0_is_a_descriptor_too(void **state) {
	(void)state;
	struct error err = {{0}};
	int log_lock = -1;
	disk_close_stdin();
	int lock = lock_take(disk_directory, &err);
	lock_release(lock);
	int r = lock_take_log(disk_directory, &log_lock, &err);
	lock_release(log_lock);
	disk_reopen_stdin();
	expect_int(0, lock);
	expect_int(0, r);
	expect_int(0, log_lock);
}

static void released_lock_can_be_taken_again(void **state) {
	(void)state;
	disk_put("lock", "an id that is longer than any of ours\n");
	for (int i = 0; i < 2; i++) {
		int lock = lock_take(disk_directory, NULL);
		expect_true(lock >= 0);
		expect_between(2, 12, strlen(disk_get("lock")));
		lock_release(lock);
	}
	lock_release(-1);
}

static void lock_ends_with_its_process(void **state) {
	(void)state;
	int status;
	pid_t child = fork();
	expect_true(child >= 0);
	if (child == 0) {
		_exit(lock_take(disk_directory, NULL) >= 0 ? 0 : 1);
	}
	expect_int(child, waitpid(child, &status, 0));
	expect_int(0, status);
	int lock = lock_take(disk_directory, NULL);
	expect_true(lock >= 0);
	lock_release(lock);
}

static void holder_without_an_id_is_another_process(void **state) {
	(void)state;
	struct error err = {{0}};
	int lock = lock_take(disk_directory, &err);
	expect_true(lock >= 0);
	expect_int(0, truncate(disk_path("lock"), 0));
	expect_int(-EBUSY, lock_take(disk_directory, &err));
	expect_part("in use by another process", err.text);
	lock_release(lock);
}

static void full_disk_does_not_keep_the_lock_away(void **state) {
	(void)state;
	/* open, truncate, write */
	fault_arm(FAULT_ERROR, ENOSPC, 3, 1);
	int lock = lock_take(disk_directory, NULL);
	fault_disarm();
	expect_true(lock >= 0);
	expect_text("", disk_get("lock"));
	expect_int(-EBUSY, lock_take(disk_directory, NULL));
	lock_release(lock);
}

/* A lock file that could not be emptied would name its last holder as well. */
static void number_is_not_added_to_another(void **state) {
	(void)state;
	disk_put("lock", "1\n");
	/* open, truncate */
	fault_arm(FAULT_ERROR, EIO, 2, 1);
	int lock = lock_take(disk_directory, NULL);
	fault_disarm();
	expect_true(lock >= 0);
	expect_int(1, fault.hits);
	expect_text("", disk_get("lock"));
	lock_release(lock);
}

static void missing_directory_says_what_to_do(void **state) {
	(void)state;
	struct error err = {{0}};
	expect_int(-ENOENT, lock_take(disk_path("none"), &err));
	expect_part("/none: no such directory: create it", err.text);
}

static void root_leaves_another_users_directory_alone(void **state) {
	(void)state;
	enum { SOMEBODY = 65534, UNNAMED = 3999999999 };
	struct error err = {{0}};
	char expected[2 * PATH_MAX];
	if (geteuid() != 0) {
		print_message("not root: cannot give a directory away\n");
		skip();
	}

	const struct passwd *user = getpwuid(SOMEBODY);
	expect_int(0, chown(disk_directory, SOMEBODY, (gid_t)-1));
	expect_int(-EPERM, lock_take(disk_directory, &err));
	(void)snprintf(expected, sizeof(expected), "%s belongs to user %s: run this as that user", disk_directory,
	               user ? user->pw_name : "65534");
	expect_text(expected, err.text);

	expect_int(0, chown(disk_directory, (uid_t)UNNAMED, (gid_t)-1));
	expect_int(-EPERM, lock_take(disk_directory, &err));
	(void)snprintf(expected, sizeof(expected), "%s belongs to user 3999999999: run this as that user", disk_directory);
	expect_text(expected, err.text);
	expect_text("", disk_list());

	expect_int(0, chown(disk_directory, 0, (gid_t)-1));
	int lock = lock_take(disk_directory, &err);
	expect_true(lock >= 0);
	lock_release(lock);
}

static void one_daemon_writes_to_a_log(void **state) {
	(void)state;
	struct error err = {{0}};
	char expected[PATH_MAX + 128];
	int first = -1, second = -1;
	expect_int(0, lock_take_log(disk_directory, &first, &err));
	expect_true(first >= 0);
	expect_int(-EBUSY, lock_take_log(disk_directory, &second, &err));
	expect_int(-1, second);
	(void)snprintf(expected, sizeof(expected),
	               "%s: another occupancyd writes its log there: give each one a log.directory of its own",
	               disk_directory);
	expect_text(expected, err.text);
	expect_text("", disk_list());
	lock_release(first);
	expect_int(0, lock_take_log(disk_directory, &second, &err));
	expect_true(second >= 0);
	lock_release(second);

	/* What is wrong with it otherwise is told where the log is opened. */
	expect_int(0, lock_take_log(disk_path("missing"), &first, &err));
	expect_int(-1, first);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, disk_setup, disk_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(one_daemon_writes_to_a_log),
		TEST(lock_is_taken_and_names_its_holder),
		TEST(number_0_is_a_descriptor_too),
		TEST(released_lock_can_be_taken_again),
		TEST(lock_ends_with_its_process),
		TEST(holder_with_the_same_number_is_another_process),
		TEST(holder_without_an_id_is_another_process),
		TEST(full_disk_does_not_keep_the_lock_away),
		TEST(number_is_not_added_to_another),
		TEST(missing_directory_says_what_to_do),
		TEST(root_leaves_another_users_directory_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
