// SPDX-License-Identifier: ISC

/* Which key files are read, which are refused, and that no message shows what is in them. */

#include "fixture.h"
#include "temporary.h"

#include "config/secret.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 256 };

static char dir[64];
/* As systemd names the directory of a service's credentials, and as a container's engine does. */
static char of_service[96], of_container[96];

static int set_up(void **state) {
	(void)state;
	(void)snprintf(dir, sizeof(dir), "%.40s/test-secret-XXXXXX", temporary());
	if (!mkdtemp(dir)) {
		return -1;
	}
	(void)snprintf(of_service, sizeof(of_service), "%s/occupancyd.service", dir);
	(void)snprintf(of_container, sizeof(of_container), "%s/secrets", dir);
	if (mkdir(of_service, 0755) < 0 || mkdir(of_container, 0755) < 0) {
		return -1;
	}
	return unsetenv("CREDENTIALS_DIRECTORY");
}

static int tear_down(void **state) {
	char command[PATH_SIZE];
	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static const char *path_of(const char *name) {
	static char path[PATH_SIZE];
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_key(const char *name, const char *text, size_t len, mode_t mode) {
	(void)chmod(path_of(name), 0600); /* whatever an earlier test left */
	FILE *file = fopen(path_of(name), "w");
	expect_not_null(file);
	expect_int(len, fwrite(text, 1, len, file));
	expect_int(0, fclose(file));
	expect_int(0, chmod(path_of(name), mode));
}

static void a_key_is_one_word(void **state) {
	static const struct {
		const char *text;
		int expected;
		const char *key;
	} cases[] = {
		{"hunter2", 0, "hunter2"},
		{"hunter2\n", 0, "hunter2"},
		{" \t\r\nhunter2\r\n\n", 0, "hunter2"},
		{"!~", 0, "!~"},
		{"", -EINVAL, NULL},
		{"\n\n", -EINVAL, NULL},
		{"hunter2\nhunter3\n", -EINVAL, NULL},
		{"hunter2 hunter3", -EINVAL, NULL},
		{"hunter2\x01", -EINVAL, NULL},
		{"hunter2\x7f", -EINVAL, NULL},
		{"hunter2\xc3\xa9", -EINVAL, NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct secret secret = {0};
		struct error err = {0};
		write_key("key", cases[i].text, strlen(cases[i].text), 0600);

		int r = secret_read(path_of("key"), &secret, &err);
		if (r != cases[i].expected) {
			fail_msg("case %zu: expected %d, got %d (%s)", i, cases[i].expected, r, err.text);
		}
		if (r == 0) {
			expect_text(cases[i].key, secret.text);
			expect_int(strlen(cases[i].key), secret.len);
		} else {
			expect_null(secret.text);
			expect_part(path_of("key"), err.text);
			expect_null(strstr(err.text, "hunter"));
		}
		secret_done(&secret);
		expect_null(secret.text);
	}
	secret_done(NULL);
}

static void a_nul_byte_is_no_key(void **state) {
	struct secret secret = {0};
	(void)state;
	write_key("key", "hun\0ter", 7, 0600);
	expect_int(-EINVAL, secret_read(path_of("key"), &secret, NULL));
	expect_null(secret.text);
}

static void the_longest_key_is_read(void **state) {
	static char text[3 * SECRET_MAX];
	struct secret secret = {0};
	struct error err = {0};
	(void)state;

	memset(text, 'x', sizeof(text));
	write_key("key", text, SECRET_MAX, 0600);
	expect_int(0, secret_read(path_of("key"), &secret, &err));
	expect_int(SECRET_MAX, secret.len);
	secret_done(&secret);

	static const size_t too_long[] = {SECRET_MAX + 1, 2 * SECRET_MAX - 1, 2 * SECRET_MAX, 3 * SECRET_MAX};
	for (size_t i = 0; i < COUNT_OF(too_long); i++) {
		write_key("key", text, too_long[i], 0600);
		expect_int(-EINVAL, secret_read(path_of("key"), &secret, &err));
		expect_part("holds more than 4096 bytes", err.text);
	}

	/* White space only, and more of it than anybody reads. */
	memset(text, '\n', sizeof(text));
	write_key("key", text, sizeof(text), 0600);
	expect_int(-EINVAL, secret_read(path_of("key"), &secret, &err));
}

static void a_file_open_to_others_is_refused(void **state) {
	static const struct {
		mode_t mode;
		int expected, as_credential;
	} cases[] = {
		{0600, 0, 0},      {0400, 0, 0},      {0640, -EPERM, 0},      {0440, -EPERM, 0},
		{0604, -EPERM, -EPERM}, {0644, -EPERM, -EPERM}, {0620, -EPERM, 0}, {0602, -EPERM, -EPERM},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct secret secret = {0};
		struct error err = {0};
		write_key("key", "hunter2", 7, cases[i].mode);

		expect_int(cases[i].expected, secret_read(path_of("key"), &secret, &err));
		secret_done(&secret);

		/* By name or by path, in the directory of the credentials the group's bits are systemd's ACL. */
		expect_int(0, setenv("CREDENTIALS_DIRECTORY", dir, 1));
		expect_int(cases[i].as_credential, secret_read("key", &secret, &err));
		secret_done(&secret);
		expect_int(0, unsetenv("CREDENTIALS_DIRECTORY"));
	}

	struct error err = {0};
	char expected[3 * PATH_SIZE];
	write_key("key", "hunter2", 7, 0644);
	struct secret refused = {0};
	expect_int(-EPERM, secret_read(path_of("key"), &refused, &err));
	(void)snprintf(expected, sizeof(expected), "%s is accessible to other users (mode 644): run chmod go= %s",
	               path_of("key"), path_of("key"));
	expect_text(expected, err.text);
}

static void a_pem_file_is_read_whole_and_only_a_key_must_be_private(void **state) {
	static const char pem[] = "text before\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	struct secret secret = {0};
	struct error err = {0};
	(void)state;

	write_key("pem", pem, sizeof(pem) - 1, 0644);
	expect_int(0, secret_read_pem(path_of("pem"), false, &secret, &err));
	expect_int(sizeof(pem) - 1, secret.len);
	expect_text(pem, secret.text);
	secret_done(&secret);
	expect_int(-EPERM, secret_read_pem(path_of("pem"), true, &secret, &err));

	write_key("pem", pem, sizeof(pem) - 1, 0600);
	expect_int(0, secret_read_pem(path_of("pem"), true, &secret, &err));
	secret_done(&secret);

	write_key("der", "0\x82\x01", 3, 0600);
	expect_int(-EINVAL, secret_read_pem(path_of("der"), false, &secret, &err));
	expect_part("is not a PEM file", err.text);
	expect_null(secret.text);
}

static void what_is_no_file_is_refused(void **state) {
	struct secret secret = {0};
	struct error err = {0};
	char expected[2 * PATH_SIZE];
	(void)state;

	expect_int(-ENOENT, secret_read(path_of("gone"), &secret, &err));
	(void)snprintf(expected, sizeof(expected), "%s cannot be opened: No such file or directory", path_of("gone"));
	expect_text(expected, err.text);

	expect_int(-EINVAL, secret_read(dir, &secret, &err));
	expect_part("is not a regular file", err.text);

	/* Must not wait for a writer. */
	expect_int(0, mkfifo(path_of("fifo"), 0600));
	expect_int(-EINVAL, secret_read(path_of("fifo"), &secret, &err));
	expect_int(-EINVAL, secret_read_pem(path_of("fifo"), true, &secret, &err));

	/* A link is as good as what it points to. */
	write_key("key", "hunter2", 7, 0600);
	expect_int(0, symlink("key", path_of("link")));
	expect_int(0, secret_read(path_of("link"), &secret, &err));
	expect_text("hunter2", secret.text);
	secret_done(&secret);
}

static void credentials_come_from_beside_the_configuration(void **state) {
	char path[PATH_MAX];
	(void)state;
	expect_true(secret_source("/etc/occupancyd/occupancyd.conf", "api-key", path));
	expect_text("/etc/occupancyd/api-key", path);
	expect_true(secret_source("mine.conf", "eu-key", path));
	expect_text("eu-key", path);
	expect_false(secret_source("/etc/occupancyd/occupancyd.conf", "/run/key", path));
}

static void names_become_paths(void **state) {
	char path[PATH_MAX];
	char name[PATH_MAX + 1];
	struct error err = {0};
	(void)state;

	expect_int(0, secret_path("/a/b", path, &err));
	expect_text("/a/b", path);
	expect_int(-ENXIO, secret_path("api-key", path, &err));
	expect_text("api-key is a systemd credential: only the service sees it "
	            "(LoadCredential=api-key:FILE)",
	            err.text);
	expect_text("/a/b", path);

	expect_int(0, setenv("CREDENTIALS_DIRECTORY", dir, 1));
	expect_int(0, secret_path("api-key", path, &err));
	expect_text(path_of("api-key"), path);
	static const char *const bad[] = {"", ".", "..", "a/b", "../x", "a b"};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		expect_int(-EINVAL, secret_path(bad[i], path, &err));
	}

	size_t longest = PATH_MAX - 1 - strlen(dir) - 1;
	memset(name, 'a', sizeof(name));
	name[longest] = '\0';
	expect_int(0, secret_path(name, path, &err));
	name[longest] = 'a';
	name[longest + 1] = '\0';
	expect_int(-ENAMETOOLONG, secret_path(name, path, &err));
	name[longest + 1] = 'a';
	name[0] = '/';
	name[PATH_MAX - 1] = '\0';
	expect_int(0, secret_path(name, path, &err));
	name[PATH_MAX - 1] = 'a';
	name[PATH_MAX] = '\0';
	expect_int(-ENAMETOOLONG, secret_path(name, path, &err));

	/* What is no absolute path is no directory of credentials. */
	expect_int(0, setenv("CREDENTIALS_DIRECTORY", "", 1));
	expect_int(-ENXIO, secret_path("api-key", path, &err));
	expect_int(0, unsetenv("CREDENTIALS_DIRECTORY"));
}

/* Root may see everything. */
static void become_nobody(void) {
	enum { NOBODY = 65534 };
	if (geteuid() == 0) {
		expect_int(0, chmod(dir, 0755));
		expect_int(0, setresuid(NOBODY, NOBODY, 0));
	}
}

/* Also behind a test that failed. */
static int become_oneself(void **state) {
	uid_t real, effective, saved;
	(void)state;
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	return getresuid(&real, &effective, &saved) < 0 ? -1 : setresuid(saved, saved, saved);
}

static void what_this_user_may_not_see_is_told_with_advice(void **state) {
	struct secret secret = {0};
	struct error err = {0};
	char expected[3 * PATH_SIZE];
	(void)state;

	write_key("unreadable", "hunter2", 7, 0);
	write_key("occupancyd.service/unreadable", "hunter2", 7, 0);
	write_key("secrets/unreadable", "hunter2", 7, 0);
	expect_int(0, mkdir(path_of("hidden.service"), 0));
	become_nobody();
	expect_int(-EACCES, secret_read(path_of("unreadable"), &secret, &err));
	(void)snprintf(expected, sizeof(expected),
	               "%s cannot be opened: Permission denied: this user may not read it: under systemd use a "
	               "credential (LoadCredential=)", path_of("unreadable"));
	expect_text(expected, err.text);

	expect_int(0, setenv("CREDENTIALS_DIRECTORY", of_service, 1));
	expect_int(-EACCES, secret_read("unreadable", &secret, &err));
	(void)snprintf(expected, sizeof(expected), "%s/unreadable cannot be opened: Permission denied", of_service);
	expect_text(expected, err.text);

	expect_int(0, setenv("CREDENTIALS_DIRECTORY", of_container, 1));
	expect_int(-EACCES, secret_read("unreadable", &secret, &err));
	(void)snprintf(expected, sizeof(expected),
	               "%s/unreadable may not be read by this user: define the secret with group %u and mode 0440 "
	               "(Compose: chgrp %u and chmod 0440 on its file)",
	               of_container, (unsigned)getegid(), (unsigned)getegid());
	expect_text(expected, err.text);

	/* As systemd hides the directory from a reload command. */
	expect_int(0, setenv("CREDENTIALS_DIRECTORY", path_of("hidden.service"), 1));
	expect_int(-ENXIO, secret_read("api-key", &secret, &err));
	expect_text("api-key is a systemd credential, which cannot be seen from here "
	            "(a reload command, or another user)",
	            err.text);
	expect_null(secret.text);

	/* Not there at all is not seen either. */
	expect_int(0, setenv("CREDENTIALS_DIRECTORY", path_of("gone.service"), 1));
	expect_int(-ENXIO, secret_read("api-key", &secret, &err));
	expect_part("which cannot be seen from here", err.text);
}

static void credentials_that_are_not_loaded_are_told_with_advice(void **state) {
	struct secret secret = {0};
	struct error err = {0};
	(void)state;

	expect_int(0, setenv("CREDENTIALS_DIRECTORY", of_service, 1));
	expect_int(-ENOENT, secret_read("not-there", &secret, &err));
	expect_text("the credential not-there is missing: add LoadCredential=not-there:FILE to the "
	            "service (systemctl edit occupancyd) and restart it",
	            err.text);
	expect_int(-ENOENT, secret_read_pem("not-there", true, &secret, &err));
	expect_part("the credential not-there is missing", err.text);

	static const char *const blank[] = {"", " \n\n"};
	for (size_t i = 0; i < COUNT_OF(blank); i++) {
		write_key("occupancyd.service/api-key", blank[i], strlen(blank[i]), 0400);
		expect_int(-EINVAL, secret_read("api-key", &secret, &err));
		expect_text("the credential api-key is empty: write the key into the file that "
		            "LoadCredential= names and restart the service",
		            err.text);
		expect_int(0, unlink(path_of("occupancyd.service/api-key")));
	}
	expect_null(secret.text);
	expect_int(0, unsetenv("CREDENTIALS_DIRECTORY"));
}

static void secrets_of_containers_are_told_with_advice(void **state) {
	struct secret secret = {0};
	struct error err = {0};
	char expected[3 * PATH_SIZE], path[PATH_SIZE];
	(void)state;
	(void)snprintf(path, sizeof(path), "%s/api-key", of_container);
	expect_int(0, setenv("CREDENTIALS_DIRECTORY", of_container, 1));

	/* By name and by path. */
	const char *const names[] = {"api-key", path};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		expect_int(-ENOENT, secret_read(names[i], &secret, &err));
		(void)snprintf(expected, sizeof(expected), "%s is missing: give the container a secret named api-key", path);
		expect_text(expected, err.text);

		write_key("secrets/api-key", "\n", 1, 0440);
		expect_int(-EINVAL, secret_read(names[i], &secret, &err));
		(void)snprintf(expected, sizeof(expected),
		               "%s is empty: put the key into that secret and create the container again", path);
		expect_text(expected, err.text);

		/* As engines mount them when nothing else is said. */
		write_key("secrets/api-key", "hunter2", 7, 0444);
		expect_int(-EPERM, secret_read(names[i], &secret, &err));
		(void)snprintf(expected, sizeof(expected),
		               "%s is accessible to other users (mode 444): define the secret with group %u and mode 0440 "
		               "(Compose: chgrp %u and chmod 0440 on its file)",
		               path, (unsigned)getegid(), (unsigned)getegid());
		expect_text(expected, err.text);

		write_key("secrets/api-key", "hunter2", 7, 0440);
		expect_int(0, secret_read(names[i], &secret, &err));
		expect_text("hunter2", secret.text);
		secret_done(&secret);
		expect_int(0, unlink(path));
	}

	/* No secret at all: then there may be no directory either. */
	expect_int(0, setenv("CREDENTIALS_DIRECTORY", path_of("gone"), 1));
	expect_int(-ENOENT, secret_read("api-key", &secret, &err));
	(void)snprintf(expected, sizeof(expected), "%s/api-key is missing: give the container a secret named api-key",
	               path_of("gone"));
	expect_text(expected, err.text);
	expect_null(secret.text);
	expect_int(0, unsetenv("CREDENTIALS_DIRECTORY"));
}

static void a_secret_is_mounted_where_systemd_made_no_directory(void **state) {
	char path[PATH_MAX];
	(void)state;
	expect_false(secret_is_mounted("api-key"));
	expect_false(secret_is_mounted("/run/secrets/api-key"));

	expect_int(0, setenv("CREDENTIALS_DIRECTORY", "/run/secrets", 1));
	expect_true(secret_is_mounted("api-key"));
	expect_true(secret_is_mounted("/run/secrets/api-key"));
	expect_false(secret_is_mounted("/run/secrets/more/api-key"));
	expect_false(secret_is_mounted("/etc/occupancyd/api-key"));
	expect_false(secret_source("/etc/occupancyd/occupancyd.conf", "api-key", path));

	static const char *const of_units[] = {"/run/credentials/occupancyd.service", "/run/credentials/occupancyd@a.service"};
	for (size_t i = 0; i < COUNT_OF(of_units); i++) {
		expect_int(0, setenv("CREDENTIALS_DIRECTORY", of_units[i], 1));
		expect_false(secret_is_mounted("api-key"));
		expect_true(secret_source("/etc/occupancyd/occupancyd.conf", "api-key", path));
	}
	expect_int(0, unsetenv("CREDENTIALS_DIRECTORY"));
}

static bool same_stamp(struct secret_stamp a, struct secret_stamp b) {
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void stamps_change_with_the_file(void **state) {
	const struct secret_stamp none = {0};
	(void)state;

	write_key("key", "hunter2", 7, 0600);
	struct secret_stamp first = secret_stamp(path_of("key"));
	expect_false(same_stamp(first, none));
	expect_true(same_stamp(first, secret_stamp(path_of("key"))));

	/* Replaced by one of the same size. */
	write_key("new", "hunter3", 7, 0600);
	char from[PATH_SIZE];
	(void)snprintf(from, sizeof(from), "%s", path_of("new"));
	expect_int(0, rename(from, path_of("key")));
	struct secret_stamp second = secret_stamp(path_of("key"));
	expect_false(same_stamp(first, second));

	/* Rewritten in place. */
	write_key("key", "hunter22", 8, 0600);
	expect_false(same_stamp(second, secret_stamp(path_of("key"))));

	expect_int(0, unlink(path_of("key")));
	expect_true(same_stamp(none, secret_stamp(path_of("key"))));
	expect_true(same_stamp(none, secret_stamp("a-credential")));
}

static struct secret read_text(const char *text) {
	struct secret secret = {0};
	write_key("key", text, strlen(text), 0600);
	expect_int(0, secret_read(path_of("key"), &secret, NULL));
	return secret;
}

static void secrets_are_compared(void **state) {
	(void)state;
	struct secret none = {0};
	struct secret a = read_text("hunter2");
	struct secret b = read_text("hunter2");
	struct secret c = read_text("hunter3");
	struct secret d = read_text("hunter");

	expect_true(secret_equal(&a, &b));
	expect_false(secret_equal(&a, &c));
	expect_false(secret_equal(&a, &d));
	expect_false(secret_equal(&a, &none));
	expect_true(secret_equal(&none, &none));
	secret_done(&a);
	secret_done(&a);
	secret_done(&b);
	secret_done(&c);
	secret_done(&d);
}

/* What /proc says of the memory there: whether it is left out of core files. */
static bool is_left_out(const void *memory) {
	FILE *maps = fopen("/proc/self/smaps", "r");
	expect_not_null(maps);

	char line[512];
	bool inside = false;
	bool found = false;
	bool left_out = false;
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start;
		unsigned long end;
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			inside = (uintptr_t)memory >= start && (uintptr_t)memory < end;
		} else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
			found = true;
			left_out = strstr(line, " dd");
		}
	}
	expect_int(0, fclose(maps));
	expect_true(found);
	return left_out;
}

static void a_secret_is_left_out_of_core_files(void **state) {
	(void)state;
	/* Some emulators take the advice and do nothing. */
	void *page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	expect_true(page != MAP_FAILED);
	expect_int(0, madvise(page, 1, MADV_DONTDUMP));
	bool shown = is_left_out(page);
	expect_int(0, munmap(page, 1));
	if (!shown) {
		print_message("no memory can be left out of core files here\n");
		skip();
	}

	struct secret secret = read_text("hunter2");
	expect_true(is_left_out(secret.text));
	secret_done(&secret);
}

static void a_key_is_masked_wherever_it_stands(void **state) {
	char text[] = "hunter2 and hunter2, not hunter";
	char key[] = "hunter2", nothing[] = "";
	(void)state;
	secret_mask(&(struct secret){.text = key, .len = strlen(key)}, text, strlen(text));
	expect_text("******* and *******, not hunter", text);
	secret_mask(&(struct secret){.text = nothing}, text, strlen(text));
	expect_text("******* and *******, not hunter", text);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_one_word),
		cmocka_unit_test(a_nul_byte_is_no_key),
		cmocka_unit_test(the_longest_key_is_read),
		cmocka_unit_test(a_file_open_to_others_is_refused),
		cmocka_unit_test(a_pem_file_is_read_whole_and_only_a_key_must_be_private),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(names_become_paths),
		cmocka_unit_test(credentials_come_from_beside_the_configuration),
		cmocka_unit_test_teardown(what_this_user_may_not_see_is_told_with_advice, become_oneself),
		cmocka_unit_test(credentials_that_are_not_loaded_are_told_with_advice),
		cmocka_unit_test(secrets_of_containers_are_told_with_advice),
		cmocka_unit_test(a_secret_is_mounted_where_systemd_made_no_directory),
		cmocka_unit_test(stamps_change_with_the_file),
		cmocka_unit_test(secrets_are_compared),
		cmocka_unit_test(a_secret_is_left_out_of_core_files),
		cmocka_unit_test(a_key_is_masked_wherever_it_stands),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
