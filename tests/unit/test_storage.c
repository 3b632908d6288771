// SPDX-License-Identifier: ISC

/* daemon/storage.h: one trouble of a disk, one line when it begins and one when it is over. */

#include "disk.h"
#include "fixture.h"

#include "daemon/storage.h"

#include <limits.h>

static const struct error full = {"log: cannot append: No space left on device"};

struct step {
	enum storage_use use;
	int r;
	const char *said; /* a part of the one line, or NULL: none */
};

/* Standard error, while a step is done. */
static const char *said_by(struct storage *storage, const struct step *step, usec_t now) {
	static char text[1024];
	int pipe_of[2], before = dup(STDERR_FILENO);
	expect_true(before >= 0);
	expect_int(0, pipe(pipe_of));
	expect_true(dup2(pipe_of[1], STDERR_FILENO) >= 0);
	storage_note(storage, step->use, step->r, "path", step->r < 0 ? &full : NULL, now);
	expect_true(dup2(before, STDERR_FILENO) >= 0);
	(void)close(before);
	(void)close(pipe_of[1]);
	ssize_t len = read(pipe_of[0], text, sizeof(text) - 1);
	(void)close(pipe_of[0]);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void walk(bool one, const struct step *steps, size_t count) {
	struct storage storage = {.one = one};
	for (size_t i = 0; i < count; i++) {
		const char *said = said_by(&storage, &steps[i], (usec_t)(i + 1) * USEC_PER_MIN);
		size_t lines = 0;
		for (const char *at = said; (at = strchr(at, '\n')); at++) {
			lines++;
		}
		if (lines != (steps[i].said ? 1 : 0) || (steps[i].said && !strstr(said, steps[i].said))) {
			fail_msg("step %zu: expected \"%s\", got \"%s\"", i, steps[i].said ? steps[i].said : "", said);
		}
		expect_int(steps[i].r < 0, storage_fails(&storage, steps[i].use));
	}
}

#define WALK(one, steps) walk(one, steps, sizeof(steps) / sizeof((steps)[0]))

static void the_first_and_the_last_are_told(void **state) {
	(void)state;
	static const struct step steps[] = {
		{STORAGE_LOG, 0, NULL},
		{STORAGE_UPKEEP, -ENOSPC, "No space left on device: tried again"},
		{STORAGE_LOG, -ENOSPC, NULL},
		{STORAGE_LOG, -ENOSPC, NULL},
		{STORAGE_CHECKPOINT, -ENOSPC, NULL},
		{STORAGE_UPKEEP, 0, NULL},
		{STORAGE_LOG, 0, NULL},
		/* Its whole length: since the second step. */
		{STORAGE_CHECKPOINT, 0, "path: written again after 6 min"},
		{STORAGE_CHECKPOINT, 0, NULL},
		{STORAGE_LOG, -ENOSPC, "polling pauses"},
		{STORAGE_LOG, 0, "path: written again after 1 min"},
	};
	WALK(true, steps);
}

static void another_trouble_is_told_too(void **state) {
	(void)state;
	static const struct step steps[] = {
		{STORAGE_UPKEEP, -EACCES, "tried again"},
		{STORAGE_LOG, -ENOSPC, "polling pauses"},
		{STORAGE_LOG, 0, "written again"},
		{STORAGE_UPKEEP, 0, "written again"},
	};
	WALK(true, steps);
}

/* Writing gives EIO, making a file EROFS. */
static void a_broken_file_system_is_one_trouble(void **state) {
	(void)state;
	static const struct step steps[] = {
		{STORAGE_LOG, -EIO, "polling pauses"},
		{STORAGE_CHECKPOINT, -EROFS, NULL},
		{STORAGE_LOG, 0, NULL},
		{STORAGE_CHECKPOINT, 0, "written again after 3 min"},
	};
	WALK(true, steps);
}

static void two_disks_are_two_troubles(void **state) {
	(void)state;
	static const struct step steps[] = {
		{STORAGE_CHECKPOINT, -ENOSPC, "tried again"},
		{STORAGE_LOG, -ENOSPC, "polling pauses"},
		{STORAGE_ROTATION, -ENOSPC, NULL},
		{STORAGE_CHECKPOINT, 0, "written again"},
		{STORAGE_LOG, 0, NULL},
		{STORAGE_ROTATION, 0, "written again"},
	};
	WALK(false, steps);
}

static void directories_of_one_disk_are_known(void **state) {
	(void)state;
	struct storage storage;
	expect_int(0, mkdir(disk_path("state"), 0700));
	storage_init(&storage, disk_directory, disk_path("state"));
	expect_true(storage.one);
	storage_init(&storage, disk_directory, "/proc");
	expect_false(storage.one);
	storage_init(&storage, disk_directory, disk_path("missing"));
	expect_false(storage.one);
	storage_init(&storage, disk_path("missing"), disk_path("missing"));
	expect_false(storage.one);

	/* By where a link leads, not by where it is. */
	expect_int(0, symlink("/proc", disk_path("elsewhere")));
	storage_init(&storage, disk_path("elsewhere"), "/proc");
	expect_true(storage.one);
	storage_init(&storage, disk_path("elsewhere"), disk_directory);
	expect_false(storage.one);
}

/* With the "/." behind it a path may be as long as the system allows, and no longer. */
static void a_path_that_is_too_long_tells_no_disk(void **state) {
	(void)state;
	static char path[PATH_MAX];
	struct storage storage;
	for (size_t len = PATH_MAX - 4; len < PATH_MAX; len++) {
		memset(path, '/', len);
		memcpy(path + len - strlen("proc"), "proc", strlen("proc"));
		path[len] = '\0';
		storage_init(&storage, path, path);
		expect_int(len <= PATH_MAX - 3, storage.one, "%zu bytes", len);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, disk_setup, disk_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(the_first_and_the_last_are_told),
		TEST(another_trouble_is_told_too),
		TEST(a_broken_file_system_is_one_trouble),
		TEST(two_disks_are_two_troubles),
		TEST(directories_of_one_disk_are_known),
		TEST(a_path_that_is_too_long_tells_no_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
