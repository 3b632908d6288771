// SPDX-License-Identifier: ISC

#include "disk.h"
#include "fixture.h"

#include "state/lock.h"
#include "tool/holder.h"

#include <signal.h>

static void holder_is_seen_without_the_lock(void **state) {
	(void)state;
	char other[64];
	expect_int(0, holder_of(disk_directory), "no file");
	expect_int(0, holder_of(disk_path("missing")), "no directory");
	int lock = lock_take(disk_directory, NULL);
	expect_true(lock >= 0);
	expect_int(getpid(), holder_of(disk_directory), "held");
	/* The number of a process that holds something else, if anything. */
	(void)snprintf(other, sizeof(other), "%d\n", (int)getppid());
	lock_release(lock);
	expect_int(0, holder_of(disk_directory), "released");
	disk_put("lock", other);
	expect_int(0, holder_of(disk_directory), "another process");
	disk_put("lock", "what is this?\n");
	expect_int(0, holder_of(disk_directory), "no number");

	char path[PATH_MAX + 1];
	memset(path, 'x', PATH_MAX);
	path[PATH_MAX] = '\0';
	expect_int(-ENAMETOOLONG, holder_of(path), "too long");
}

/* A daemon that starts while somebody asks has to get it. */
static void asking_for_the_holder_is_in_nobodys_way(void **state) {
	(void)state;
	int ready[2], status, failed = 0;
	struct error err = {{0}};
	char c = 0;
	expect_int(0, pipe(ready));
	lock_release(lock_take(disk_directory, NULL)); /* the file is there */
	pid_t child = fork();
	expect_true(child >= 0);
	if (child == 0) {
		while (getppid() != 1) {
			bool asked = holder_of(disk_directory) >= 0;
			if (!asked || (c == 0 && write(ready[1], "x", 1) != 1)) {
				_exit(1);
			}
			c = 1;
		}
		_exit(1);
	}
	expect_int(1, read(ready[0], &c, 1));
	for (int i = 0; i < 2000; i++) {
		int lock = lock_take(disk_directory, &err);
		failed += lock < 0;
		lock_release(lock);
	}
	expect_int(0, kill(child, SIGKILL));
	expect_int(child, waitpid(child, &status, 0));
	expect_true(WIFSIGNALED(status), "it asked to the end");
	expect_int(0, failed, "%s", err.text);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, disk_setup, disk_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(holder_is_seen_without_the_lock),
		TEST(asking_for_the_holder_is_in_nobodys_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
