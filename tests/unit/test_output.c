// SPDX-License-Identifier: ISC

/* tool/output.h: files that are there whole or not at all. */

#include "fixture.h"
#include "temporary.h"

#include "base/file.h"
#include "tool/output.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[TEMPORARY_MAX + 32], path[TEMPORARY_MAX + 64];

static int make_folder(void **state) {
	(void)state;
	(void)snprintf(folder, sizeof(folder), "%s/output-XXXXXX", temporary());
	(void)snprintf(path, sizeof(path), "%s/out", mkdtemp(folder) ? folder : "");
	return 0;
}

static int remove_folder(void **state) {
	(void)state;
	(void)unlink(path);
	return rmdir(folder); /* which fails if anything else is left in it */
}

/* What the file holds, "" if there is none. */
static const char *content(void) {
	static char text[64];
	int fd = file_open(path, FILE_READ, 0);
	int64_t len = fd < 0 ? 0 : file_read(fd, text, sizeof(text) - 1, 0);
	file_close(fd);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void write_file(const char *text, bool keep) {
	struct output output;
	struct error err = {{0}};
	expect_int(0, output_open(&output, path, &err), "open");
	output_puts(&output, text);
	expect_int(0, output_close(&output, keep, &err), "close");
}

static void a_file_takes_the_place_of_another_when_it_is_whole(void **state) {
	struct output output;
	struct error err = {{0}};
	(void)state;
	write_file("first", true);
	expect_text("first", content(), "a new one");
	expect_int(0, output_open(&output, path, &err), "open");
	char *room = output_room(&output, 6);
	memcpy(room, "second", 6);
	output_took(&output, room + 6);
	expect_text("first", content(), "while another is written");
	expect_int(0, output_close(&output, true, &err), "close");
	expect_text("second", content(), "afterwards");
	write_file("third", false);
	expect_text("second", content(), "what is not to be kept");
}

static void what_is_larger_than_the_buffer_is_whole(void **state) {
	enum { LEN = 1000000 };
	char *data = malloc(LEN), *got = malloc(LEN + 1);
	struct output output;
	struct error err = {{0}};
	(void)state;
	expect_true(data && got);
	for (int i = 0; i < LEN; i++) {
		data[i] = (char)('a' + i % 23);
	}
	expect_int(0, output_open(&output, path, &err), "open");
	output_put(&output, data, 10);
	output_put(&output, data + 10, LEN - 10);
	expect_int(0, output_close(&output, true, &err), "close");
	int fd = file_open(path, FILE_READ, 0);
	expect_int(LEN, file_read(fd, got, LEN + 1, 0), "length");
	file_close(fd);
	expect_int(0, memcmp(data, got, LEN), "content");
	free(data);
	free(got);
}

static void a_link_is_followed_and_stays(void **state) {
	char name[TEMPORARY_MAX + 80];
	struct output output;
	struct error err = {{0}};
	struct stat st;
	(void)state;
	write_file("first", true);
	(void)snprintf(name, sizeof(name), "%s/link", folder);
	expect_int(0, symlink("out", name));
	expect_int(0, output_open(&output, name, &err), "open");
	output_puts(&output, "second");
	expect_int(0, output_close(&output, true, &err), "close");
	expect_text("second", content(), "what it leads to");
	expect_int(0, lstat(name, &st));
	expect_true(S_ISLNK(st.st_mode), "the link");
	(void)unlink(name);
}

static void a_device_is_written_to_and_its_error_is_said(void **state) {
	struct output output;
	struct error err = {{0}};
	(void)state;
	expect_int(0, output_open(&output, "/dev/null", &err), "open");
	output_puts(&output, "nothing");
	expect_int(0, output_close(&output, true, &err), "close");
	expect_int(0, output_open(&output, "/dev/full", &err), "open");
	output_puts(&output, "something");
	expect_int(-ENOSPC, output_close(&output, true, &err), "close");
	expect_part("/dev/full cannot be written: No space left on device", err.text, "what is said");
	expect_int(-ENOENT, output_open(&output, "/nonexistent/file", &err), "no folder");
	expect_part("/nonexistent/file cannot be written: No such file or directory", err.text, "what is said");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_takes_the_place_of_another_when_it_is_whole, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_is_larger_than_the_buffer_is_whole, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_link_is_followed_and_stays, make_folder, remove_folder),
		cmocka_unit_test(a_device_is_written_to_and_its_error_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
