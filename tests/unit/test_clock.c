// SPDX-License-Identifier: ISC

/* base/clock.h: the clocks, one of which goes on in suspend. */

#include "fixture.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static usec_t kernels(clockid_t id) {
	struct timespec now;
	expect_int(0, clock_gettime(id, &now));
	return (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

static void the_wall_clock_is_the_kernels(void **state) {
	(void)state;
	usec_t before = kernels(CLOCK_REALTIME);
	usec_t ours = clock_realtime();
	expect_between(before, kernels(CLOCK_REALTIME), ours, "the wall clock");
}

/* In a time namespace, as if the machine had been suspended for ten hours. */
static int child(void) {
	static const char offset[] = "boottime 36000 0\n";
	int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, offset, sizeof(offset) - 1) != sizeof(offset) - 1) {
		return 77;
	}
	pid_t pid = fork();
	if (pid == 0) {
		usec_t slept = clock_boottime() - kernels(CLOCK_MONOTONIC);
		usec_t before = kernels(CLOCK_BOOTTIME);
		usec_t ours = clock_boottime();
		_exit(slept > 9 * USEC_PER_HOUR && ours >= before && ours <= kernels(CLOCK_BOOTTIME) ? 0 : 1);
	}
	int status;
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void the_monotonic_clock_goes_on_in_suspend(void **state) {
	(void)state;
	pid_t pid = fork();
	expect_true(pid >= 0);
	if (pid == 0) {
		_exit(unshare(CLONE_NEWTIME) < 0 ? 77 : child());
	}
	int status;
	expect_int(pid, waitpid(pid, &status, 0));
	expect_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("# a time namespace cannot be made here\n");
		skip();
	}
	expect_int(0, WEXITSTATUS(status), "the clock with ten hours of suspend");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wall_clock_is_the_kernels),
		cmocka_unit_test(the_monotonic_clock_goes_on_in_suspend),
	};
	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
