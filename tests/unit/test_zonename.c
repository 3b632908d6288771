// SPDX-License-Identifier: ISC

/*
 * A database of a few names, some of them installed and some only listed, as on
 * a Debian without tzdata-legacy.
 */

#include "fixture.h"
#include "temporary.h"

#include "calendar/zonename.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#define LACKS    " is not in this machine's time zone database: "
#define LOOKS    "write an IANA name such as \"America/Denver\" or \"UTC\""
#define OLD      " is an old name that is not in this machine's time zone database: write "
#define PACKAGE  ", or install the package tzdata-legacy"

static char directory[64];

/* The form of the real one, with what a damaged one might have. */
static const char list[] =
	"# version 2026f\n"
	"R u 1967 2006 - O lastSu 2 0 S\n"
	"Z America/Denver -6:59:56 - LMT 1883 N 18 19u\n"
	"-7 u M%sT\n"
	"Z America/Los_Angeles -7:52:58 - LMT 1883 N 18 20u\n"
	"Z America/Panama -5:18:8 - LMT 1890\n"
	"Z Europe/Kyiv 2:2:4 - LMT 1880\n"
	"Z Europe/Berlin 0:53:28 - LMT 1893 Ap\n"
	"Z Asia/Kolkata 5:53:28 - LMT 1854 Jun 28\n"
	"Z Etc/GMT 0 - GMT\n"
	"Z Etc/GMT+1 -1 - %z\n"
	"Z Etc/Elsewhere2 -2 - %z\n"
	"Z Pacific/Listed_Only 1 - %z\n"
	"L Etc/GMT GMT+0\n"
	"L Etc/GMT GMT\n"
	"L America/Panama EST\n"
	"L America/Denver MST7MDT\n"
	"L America/Los_Angeles US/Pacific\n"
	"L Europe/Kyiv Europe/Kiev\n"
	"L Asia/Kolkata Asia/Calcutta\n"
	"L Europe/Nowhere Europe/Gone\n"
	"L ../etc/passwd Europe/Escaped\n"
	"L aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa Europe/Longest\n"
	"L\n"
	"L Europe/Alone\n"
	"Z\n"
	"Z ";

static const char *const installed[] = {
	"America/Denver", "America/Los_Angeles", "America/Panama", "Europe/Kyiv", "Europe/Berlin",
	"Asia/Kolkata", "Asia/Calcutta", "Etc/GMT", "Etc/GMT+1", "Etc/Elsewhere2", "GMT", "passwd",
};

static void put(const char *name, const char *text) {
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	for (char *slash = path + strlen(directory) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		expect_true(mkdir(path, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
	FILE *file = fopen(path, "w");
	expect_not_null(file);
	expect_true(fputs(text, file) >= 0);
	expect_int(0, fclose(file));
}

static int make_database(void **state) {
	(void)state;
	(void)snprintf(directory, sizeof(directory), "%.40s/zones.XXXXXX", temporary());
	if (!mkdtemp(directory)) {
		return -1;
	}
	for (size_t i = 0; i < COUNT_OF(installed); i++) {
		put(installed[i], "TZif");
	}
	put("tzdata.zi", list);
	return 0;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *where) {
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static int remove_database(void **state) {
	(void)state;
	return nftw(directory, drop, 16, FTW_DEPTH | FTW_PHYS);
}

static void expect_sentence(const char *name, const char *expected) {
	struct error err = {""};
	int r = zonename_refuse(directory, name, &err);
	if (r != -ENOENT || strcmp(err.text, expected) != 0) {
		fail_msg("%s: expected %d: %s\ngot %d: %s", name, -ENOENT, expected, r, err.text);
	}
}

static void names_that_could_leave_the_directory_are_none(void **state) {
	static const char *const bad[] = {
		"", "/etc/passwd", "/UTC", "../UTC", "Europe/../UTC", "..", ".", "UTC/", "Europe Berlin", "UTC\n",
		"caf\xc3\xa9", "%s", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	static const char *const good[] = {
		"UTC", "GMT+0", "Etc/GMT-14", "America/Port-au-Prince", "America/North_Dakota/New_Salem",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (zonename_is_valid(bad[i])) {
			fail_msg("\"%s\": expected to be refused", bad[i]);
		}
	}
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		if (!zonename_is_valid(good[i])) {
			fail_msg("\"%s\": expected to be a name", good[i]);
		}
	}
}

static void old_name_is_told_with_the_one_in_use_and_the_package(void **state) {
	(void)state;
	expect_sentence("US/Pacific", "\"US/Pacific\"" OLD "\"America/Los_Angeles\"" PACKAGE);
	expect_sentence("EST", "\"EST\"" OLD "\"America/Panama\"" PACKAGE);
	expect_sentence("MST7MDT", "\"MST7MDT\"" OLD "\"America/Denver\"" PACKAGE);
	expect_sentence("GMT+0", "\"GMT+0\"" OLD "\"Etc/GMT\"" PACKAGE);
	expect_sentence("Europe/Kiev", "\"Europe/Kiev\"" OLD "\"Europe/Kyiv\"" PACKAGE);
}

static void slip_is_told_with_a_name_that_is_installed(void **state) {
	(void)state;
	expect_sentence("Europe/Berln", "\"Europe/Berln\"" LACKS "did you mean \"Europe/Berlin\"?");
	expect_sentence("europe/berlin", "\"europe/berlin\"" LACKS "did you mean \"Europe/Berlin\"?");
	expect_sentence("America/Los Angeles", "\"America/Los Angeles\"" LACKS "did you mean \"America/Los_Angeles\"?");
	expect_sentence("Berlin", "\"Berlin\"" LACKS "did you mean \"Europe/Berlin\"?");
	/* Near an old name: that one where it is installed, else what it stands for. */
	expect_sentence("Asia/Calcuta", "\"Asia/Calcuta\"" LACKS "did you mean \"Asia/Calcutta\"?");
	expect_sentence("us/pacific", "\"us/pacific\"" LACKS "did you mean \"America/Los_Angeles\"?");
}

static void nothing_is_guessed_where_a_letter_makes_another_zone(void **state) {
	static const char *const names[] = {
		"CST", "est", "HST", "GMT+1", "GMT-0", "UTC", "Etc/GMT+15", "Etc/GMT++2", "MST6MDT", "EST5EDT",
		"EST5EDT,M3.2.0,M11.1.0", "Mars/Olympus", "Denver1", "Etc/Elsewhere", "",
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char expected[256];
		(void)snprintf(expected, sizeof(expected), "\"%s\"" LACKS LOOKS, names[i]);
		expect_sentence(names[i], expected);
	}
}

static void what_is_listed_and_not_installed_is_not_offered(void **state) {
	(void)state;
	expect_sentence("Pacific/Listed_Only", "\"Pacific/Listed_Only\"" LACKS LOOKS);
	expect_sentence("Pacific/Listed_Onli", "\"Pacific/Listed_Onli\"" LACKS LOOKS);
	expect_sentence("Europe/Gone", "\"Europe/Gone\"" LACKS LOOKS);
	expect_sentence("Europe/Escaped", "\"Europe/Escaped\"" LACKS LOOKS);
	expect_sentence("Europe/Longest", "\"Europe/Longest\"" LACKS LOOKS);
	expect_sentence("Europe/Alone", "\"Europe/Alone\"" LACKS LOOKS);
}

static void name_is_shown_without_its_control_characters(void **state) {
	(void)state;
	expect_sentence("UTC\033[2J", "\"UTC\\x1b[2J\"" LACKS LOOKS);
	expect_int(-ENOENT, zonename_refuse(directory, "Europe/Berln", NULL));
}

static void without_a_list_or_a_database_the_message_still_helps(void **state) {
	(void)state;
	char list_path[128], nowhere[128], expected[256];
	struct error err = {""};

	(void)snprintf(list_path, sizeof(list_path), "%s/tzdata.zi", directory);
	expect_int(0, unlink(list_path));
	expect_sentence("US/Pacific", "\"US/Pacific\"" LACKS LOOKS);
	expect_int(0, mkfifo(list_path, 0600));
	expect_sentence("US/Pacific", "\"US/Pacific\"" LACKS LOOKS);
	expect_int(0, unlink(list_path));
	expect_int(0, mkdir(list_path, 0700));
	expect_sentence("US/Pacific", "\"US/Pacific\"" LACKS LOOKS);

	(void)snprintf(nowhere, sizeof(nowhere), "%s/nowhere", directory);
	(void)snprintf(expected, sizeof(expected), "\"UTC\" cannot be looked up: this machine has no time zone database in "
	               "%s: install the package tzdata", nowhere);
	expect_int(-ENOENT, zonename_refuse(nowhere, "UTC", &err));
	expect_text(expected, err.text);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_could_leave_the_directory_are_none),
		cmocka_unit_test_setup_teardown(old_name_is_told_with_the_one_in_use_and_the_package, make_database,
		                                remove_database),
		cmocka_unit_test_setup_teardown(slip_is_told_with_a_name_that_is_installed, make_database, remove_database),
		cmocka_unit_test_setup_teardown(nothing_is_guessed_where_a_letter_makes_another_zone, make_database,
		                                remove_database),
		cmocka_unit_test_setup_teardown(what_is_listed_and_not_installed_is_not_offered, make_database,
		                                remove_database),
		cmocka_unit_test_setup_teardown(name_is_shown_without_its_control_characters, make_database,
		                                remove_database),
		cmocka_unit_test_setup_teardown(without_a_list_or_a_database_the_message_still_helps, make_database,
		                                remove_database),
	};
	return cmocka_run_group_tests_name("zonename", tests, NULL, NULL);
}
