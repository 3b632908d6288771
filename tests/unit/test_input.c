// SPDX-License-Identifier: ISC

/* base/input.h: files of others are opened without waiting, and read as far as they go. */

#include "fixture.h"

#include "base/input.h"
#include "temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* In the place of the C library's: the next calls end with these errors, or read so many bytes at most. */
static struct {
	int error;
	size_t most;
} reads[8];
static size_t read_calls;

ssize_t pread(int fd, void *data, size_t len, off_t offset) {
	if (read_calls < COUNT_OF(reads) && reads[read_calls].error) {
		errno = reads[read_calls++].error;
		return -1;
	}
	size_t most = read_calls < COUNT_OF(reads) && reads[read_calls].most ? reads[read_calls].most : len;
	read_calls++;
	struct iovec piece = {.iov_base = data, .iov_len = len < most ? len : most};
	return preadv(fd, &piece, 1, offset);
}

static int no_troubles(void **state) {
	(void)state;
	memset(reads, 0, sizeof(reads));
	read_calls = 0;
	return 0;
}

/* Holds "people". */
static char directory[100], file[150], other[200];

static int make_files(void **state) {
	(void)state;
	(void)snprintf(directory, sizeof(directory), "%s/input-XXXXXX", temporary());
	if (!mkdtemp(directory)) {
		return -1;
	}
	(void)snprintf(file, sizeof(file), "%s/file", directory);
	(void)snprintf(other, sizeof(other), "%s/other", directory);
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	bool written = fd >= 0 && write(fd, "people", 6) == 6;
	return fd >= 0 && close(fd) == 0 && written ? 0 : -1;
}

static int remove_files(void **state) {
	(void)state;
	(void)unlink(other);
	return unlink(file) == 0 ? rmdir(directory) : -1;
}

static void what_is_there_is_opened(void **state) {
	(void)state;
	char text[10] = "";
	expect_int(0, symlink("file", other), "symlink");
	int fd = input_open(other);
	expect_int(1, fd >= 0, "a symbolic link to a file: %d", fd);
	expect_int(FD_CLOEXEC, fcntl(fd, F_GETFD), "not for programs that are started");
	expect_int(6, input_read(fd, text, sizeof(text), 0), "what it leads to");
	expect_text("people", text, "content");
	(void)close(fd);
	(void)unlink(other);
	expect_int(-ENOENT, input_open(other), "nothing there");
	(void)snprintf(other, sizeof(other), "%s/other", file);
	expect_int(-ENOTDIR, input_open(other), "below a file");
	(void)snprintf(other, sizeof(other), "%s/other", directory);
}

static void a_fifo_keeps_nobody_waiting(void **state) {
	(void)state;
	char text[10];
	expect_int(0, mkfifo(other, 0600), "mkfifo");
	/* If it waits, the alarm ends the test. */
	alarm(60);
	int fd = input_open(other);
	expect_int(1, fd >= 0, "opened: %d", fd);
	expect_int(-ESPIPE, input_read(fd, text, sizeof(text), 0), "it has no offsets");
	alarm(0);
	(void)close(fd);
	(void)unlink(other);
}

static void all_is_read_in_as_many_pieces_as_it_takes(void **state) {
	(void)state;
	static const size_t lengths[] = {0, 1, 5, 6, 7, 20};
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		char text[21] = "....................";
		no_troubles(NULL);
		reads[0].error = EINTR;
		reads[1].most = 1;
		reads[2].most = 3;
		reads[3].error = EINTR;
		int fd = input_open(file);
		size_t expected = lengths[i] < 6 ? lengths[i] : 6;
		expect_int(expected, input_read(fd, text, lengths[i], 0), "%zu bytes wanted", lengths[i]);
		expect_int(0, memcmp(text, "people", expected), "%zu bytes wanted: content", lengths[i]);
		expect_int('.', text[expected], "%zu bytes wanted: what is behind", lengths[i]);
		(void)close(fd);
	}
	char text[3] = "";
	no_troubles(NULL);
	reads[0].most = 1;
	int fd = input_open(file);
	expect_int(2, input_read(fd, text, sizeof(text), 4), "from the middle on");
	expect_text("le", text, "content");
	(void)close(fd);
}

static void a_failure_is_told(void **state) {
	(void)state;
	char text[10];
	reads[0].most = 2;
	reads[1].error = EIO;
	int fd = input_open(file);
	expect_int(-EIO, input_read(fd, text, sizeof(text), 0), "after a piece");
	(void)close(fd);
	expect_int(-EBADF, input_read(-1, text, sizeof(text), 0), "no descriptor");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_there_is_opened, no_troubles),
		cmocka_unit_test_setup(a_fifo_keeps_nobody_waiting, no_troubles),
		cmocka_unit_test_setup(all_is_read_in_as_many_pieces_as_it_takes, no_troubles),
		cmocka_unit_test_setup(a_failure_is_told, no_troubles),
	};
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
