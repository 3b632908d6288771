// SPDX-License-Identifier: ISC

/* daemon/signals.h: what each signal asks for. */

#include "fixture.h"

#include "daemon/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static void each_signal_asks_for_its_own_thing(void **state) {
	(void)state;
	static const struct {
		int signals[3]; /* 0: none */
		bool stop, reload, rotate;
	} rows[] = {
		{{0}, false, false, false},
		{{SIGTERM}, true, false, false},
		{{SIGINT}, true, false, false},
		{{SIGHUP}, false, true, false},
		{{SIGUSR1}, false, false, true},
		{{SIGHUP, SIGHUP}, false, true, false},
		{{SIGUSR1, SIGTERM, SIGHUP}, true, true, true},
		{{0}, false, false, false},
	};
	struct error err = {{0}};
	int fd = signals_open(&err);
	expect_int(true, fd >= 0, "%s", err.text);
	expect_int(FD_CLOEXEC, fcntl(fd, F_GETFD), "descriptor flags");

	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		for (size_t i = 0; i < 3 && rows[row].signals[i]; i++) {
			expect_int(0, kill(getpid(), rows[row].signals[i]), "row %zu: kill", row);
		}
		/* Whatever was there before is overwritten. */
		struct signals signals = {true, true, true};
		signals_read(fd, &signals);
		expect_int(rows[row].stop, signals.stop, "row %zu: stop", row);
		expect_int(rows[row].reload, signals.reload, "row %zu: reload", row);
		expect_int(rows[row].rotate, signals.rotate, "row %zu: rotate", row);
	}
	signals_close(fd);
	expect_int(-1, fcntl(fd, F_GETFD), "closed");
	signals_close(-1);
}

static void number_0_is_a_descriptor_too(void **state) {
	(void)state;
	struct error err = {{0}};
	int kept = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 100);
	expect_int(0, close(STDIN_FILENO), "close");
	int fd = signals_open(&err);
	signals_close(fd);
	bool closed = fcntl(STDIN_FILENO, F_GETFD) < 0;
	expect_int(STDIN_FILENO, dup2(kept, STDIN_FILENO), "dup2");
	expect_int(0, close(kept), "close");
	expect_int(0, fd, "%s", err.text);
	expect_int(true, closed, "closed");
}

/* They would end the process in the middle of a write. */
static void a_closed_pipe_is_an_error_of_the_write(void **state) {
	(void)state;
	struct error err = {{0}};
	int fd = signals_open(&err), ends[2];
	expect_int(true, fd >= 0, "%s", err.text);
	expect_int(0, pipe(ends), "pipe");
	(void)close(ends[0]);
	expect_int(-1, write(ends[1], "x", 1), "write");
	expect_int(EPIPE, errno, "errno");
	(void)close(ends[1]);
	expect_int(0, kill(getpid(), SIGXFSZ), "a file too large");
	signals_close(fd);
}

/* Where standard input is closed, its number is given to the next. */
static void any_number_is_a_descriptor(void **state) {
	(void)state;
	struct error err = {{0}};
	int input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
	(void)close(STDIN_FILENO);
	int fd = signals_open(&err);
	signals_close(fd);
	int closed = fcntl(STDIN_FILENO, F_GETFD);
	if (input >= 0) {
		(void)dup2(input, STDIN_FILENO);
		(void)close(input);
	}
	expect_int(0, fd, "%s", err.text);
	expect_int(-1, closed, "closed");
}

static void no_descriptor_is_an_error_with_a_sentence(void **state) {
	(void)state;
	struct rlimit limit, none = {0};
	struct error err = {{0}};
	expect_int(0, getrlimit(RLIMIT_NOFILE, &limit), "limit");
	none.rlim_max = limit.rlim_max;
	expect_int(0, setrlimit(RLIMIT_NOFILE, &none), "limit");
	int fd = signals_open(&err);
	expect_int(0, setrlimit(RLIMIT_NOFILE, &limit), "limit");
	expect_int(-EMFILE, fd, "signals_open");
	expect_text("signals cannot be read: Too many open files", err.text, "sentence");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_signal_asks_for_its_own_thing),
		cmocka_unit_test(number_0_is_a_descriptor_too),
		cmocka_unit_test(a_closed_pipe_is_an_error_of_the_write),
		cmocka_unit_test(any_number_is_a_descriptor),
		cmocka_unit_test(no_descriptor_is_an_error_with_a_sentence),
	};
	return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
