// SPDX-License-Identifier: ISC

/* The certificates and the key of a node: read as a whole or not at all, and seen to change. */

#include "fixture.h"
#include "temporary.h"

#include "config/clusterfiles.h"
#include "config/keys.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 128 };

static char dir[64];
static char ca[PATH_SIZE], cert[PATH_SIZE], key[PATH_SIZE];

static int set_up(void **state) {
	(void)state;
	(void)snprintf(dir, sizeof(dir), "%.30s/test-clusterfiles-XXXXXX", temporary());
	if (!mkdtemp(dir)) {
		return -1;
	}
	(void)snprintf(ca, sizeof(ca), "%s/ca", dir);
	(void)snprintf(cert, sizeof(cert), "%s/cert", dir);
	(void)snprintf(key, sizeof(key), "%s/key", dir);
	return unsetenv("CREDENTIALS_DIRECTORY");
}

static int tear_down(void **state) {
	char command[PATH_SIZE];
	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static void write_file(const char *path, const char *text, mode_t mode) {
	FILE *file = fopen(path, "w");
	expect_not_null(file);
	expect_true(fputs(text, file) >= 0);
	expect_int(0, fclose(file));
	expect_int(0, chmod(path, mode));
}

/* Each says which it is. */
static void write_all(void) {
	write_file(ca, "-----BEGIN CERTIFICATE-----\nca\n", 0644);
	write_file(cert, "-----BEGIN CERTIFICATE-----\ncert\n", 0644);
	write_file(key, "-----BEGIN PRIVATE KEY-----\nkey\n", 0600);
}

static struct cluster_settings all_files(void) {
	return (struct cluster_settings){.name = "hq", .ca_file = ca, .client_cert = cert, .client_key = key};
}

static void each_file_is_read_into_its_place(void **state) {
	const struct cluster_settings cluster = all_files();
	struct cluster_credentials credentials = {0};
	struct error err = {0};
	(void)state;
	write_all();
	expect_int(0, cluster_credentials_read(&cluster, &credentials, &err));
	expect_text("-----BEGIN CERTIFICATE-----\nca\n", credentials.ca.text);
	expect_text("-----BEGIN CERTIFICATE-----\ncert\n", credentials.client_cert.text);
	expect_text("-----BEGIN PRIVATE KEY-----\nkey\n", credentials.client_key.text);
	expect_int(strlen(credentials.ca.text), credentials.ca.len);
	cluster_credentials_done(&credentials);
	expect_null(credentials.ca.text);
	expect_null(credentials.client_cert.text);
	expect_null(credentials.client_key.text);
	cluster_credentials_done(&credentials);
	cluster_credentials_done(NULL);
}

static void what_is_not_set_is_not_read(void **state) {
	const struct cluster_settings none = {.name = "hq"};
	const struct cluster_settings cas = {.name = "hq", .ca_file = ca};
	struct cluster_credentials credentials = {0};
	struct error err = {0};
	(void)state;
	write_all();
	expect_int(0, cluster_credentials_read(&none, &credentials, &err));
	expect_null(credentials.ca.text);
	expect_false(cluster_credentials_changed(&none, &credentials));
	cluster_credentials_done(&credentials);

	expect_int(0, cluster_credentials_read(&cas, &credentials, &err));
	expect_not_null(credentials.ca.text);
	expect_null(credentials.client_cert.text);
	expect_null(credentials.client_key.text);
	cluster_credentials_done(&credentials);
}

/* Whatever is wrong with one file, nothing is left of the others, and the sentence says which it is. */
static void one_bad_file_is_none_at_all(void **state) {
	const struct {
		const char *path, *text;
		mode_t mode;
		int expected;
		const char *said; /* PATH stands for the path */
	} cases[] = {
		{ca, NULL, 0, -ENOENT, "cluster.ca_file: PATH cannot be opened: No such file or directory"},
		{cert, NULL, 0, -ENOENT, "cluster.client_cert: PATH cannot be opened: No such file or directory"},
		{key, NULL, 0, -ENOENT, "cluster.client_key: PATH cannot be opened: No such file or directory"},
		{ca, "0", 0600, -EINVAL, "cluster.ca_file: PATH is not a PEM file: it must hold a line \"-----BEGIN ...\""},
		{key, "-----BEGIN PRIVATE KEY-----\n", 0644, -EPERM,
		 "cluster.client_key: PATH is accessible to other users (mode 644): run chmod go= PATH"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct cluster_settings cluster = all_files();
		struct cluster_credentials credentials = {0};
		struct error err = {0};
		char said[1024] = "", *out = said;
		write_all();
		if (cases[i].text) {
			write_file(cases[i].path, cases[i].text, cases[i].mode);
		} else {
			expect_int(0, unlink(cases[i].path));
		}
		for (const char *at = cases[i].said; *at;) {
			bool path = strncmp(at, "PATH", 4) == 0;
			out += snprintf(out, (size_t)(said + sizeof(said) - out), "%.*s", path ? PATH_SIZE : 1,
			                path ? cases[i].path : at);
			at += path ? 4 : 1;
		}
		expect_int(cases[i].expected, cluster_credentials_read(&cluster, &credentials, &err), "%s", cases[i].said);
		expect_text(said, err.text);
		expect_null(credentials.ca.text);
		expect_null(credentials.client_cert.text);
		expect_null(credentials.client_key.text);
		/* It is worth while to try again once there is another file. */
		expect_false(cluster_credentials_changed(&cluster, &credentials));
		expect_int(0, rename(cases[i].path == ca ? cert : ca, cases[i].path));
		expect_true(cluster_credentials_changed(&cluster, &credentials));
		cluster_credentials_done(&credentials);
	}
}

static void another_file_is_noticed(void **state) {
	char *const files[] = {ca, cert, key};
	const struct cluster_settings cluster = all_files();
	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct cluster_credentials credentials = {0};
		char other[PATH_SIZE];
		write_all();
		expect_int(0, cluster_credentials_read(&cluster, &credentials, NULL));
		expect_false(cluster_credentials_changed(&cluster, &credentials));

		/* Replaced by one of the same size. */
		(void)snprintf(other, sizeof(other), "%s/other", dir);
		write_file(other, "-----BEGIN CERTIFICATE-----\nca\n", 0600);
		expect_int(0, rename(other, files[i]));
		expect_true(cluster_credentials_changed(&cluster, &credentials), "%s", files[i]);
		cluster_credentials_done(&credentials);
		expect_true(cluster_credentials_changed(&cluster, &credentials), "%s", files[i]);
	}
}

static void a_credential_that_is_not_loaded_is_told(void **state) {
	const struct cluster_settings cluster = {.name = "hq", .client_cert = cert, .client_key = "cluster-key"};
	struct cluster_credentials credentials = {0};
	struct error err = {0};
	(void)state;
	write_all();
	expect_int(-ENXIO, cluster_credentials_read(&cluster, &credentials, &err));
	expect_part("cluster.client_key: cluster-key is a systemd credential", err.text);
	expect_null(credentials.client_cert.text);
	cluster_credentials_done(&credentials);
}

/* Which files there are, the table of settings says. */
static void files_are_those_of_the_table(void **state) {
	size_t count = 0;
	(void)state;
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		if (key_table[id].group != GROUP_CLUSTER || key_table[id].type != TYPE_FILE) {
			continue;
		}
		struct cluster_settings cluster = {.name = "hq"};
		struct cluster_credentials credentials = {0};
		struct error err = {0};
		char said[PATH_SIZE];
		static const char missing[] = "/there/is/no/such/file";
		const char *value = missing;
		memcpy((char *)&cluster + key_table[id].offset, &value, sizeof(value));
		(void)snprintf(said, sizeof(said), "cluster.%s: %s", key_table[id].name, missing);
		expect_int(-ENOENT, cluster_credentials_read(&cluster, &credentials, &err), "%s", key_table[id].name);
		expect_part(said, err.text);
		count++;
	}
	expect_int(CLUSTER_FILES, count);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_is_read_into_its_place),
		cmocka_unit_test(what_is_not_set_is_not_read),
		cmocka_unit_test(one_bad_file_is_none_at_all),
		cmocka_unit_test(another_file_is_noticed),
		cmocka_unit_test(a_credential_that_is_not_loaded_is_told),
		cmocka_unit_test(files_are_those_of_the_table),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
