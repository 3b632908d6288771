// SPDX-License-Identifier: ISC

/* Where the service gets its credentials from: units, drop-ins, and what lies beside the configuration. */

#include "fixture.h"
#include "temporary.h"

#include "config/credential.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONG = 512 };

#define MAIN "/etc/occupancyd/occupancyd.conf"
#define UNITS "/lib/systemd/system/"
#define ADMIN "/etc/systemd/system/"

/* In the place of the file system. */
static char root[64];

static void clear(const char *what) {
	char command[LONG];
	(void)snprintf(command, sizeof(command), "rm -rf '%s'%s", root, what);
	expect_int(0, system(command), "%s", command);
}

static int set_up(void **state) {
	(void)state;
	(void)snprintf(root, sizeof(root), "%.40s/test-credential-XXXXXX", temporary());
	return mkdtemp(root) ? unsetenv("CREDENTIALS_DIRECTORY") : -1;
}

static int tear_down(void **state) {
	(void)state;
	clear("");
	return 0;
}

/* With all directories above it. */
static void put(const char *path, const char *text) {
	char full[LONG], command[2 * LONG];
	(void)snprintf(command, sizeof(command), "mkdir -p \"$(dirname '%s%s')\"", root, path);
	expect_int(0, system(command), "%s", command);
	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	FILE *file = fopen(full, "w");
	expect_not_null(file);
	expect_true(fputs(text, file) >= 0);
	expect_int(0, fclose(file));
}

/* A NULL for a file that is in no place. */
static void expect_found(const char *expected, const char *main_file, const char *name) {
	char full[LONG], wanted[LONG], found[PATH_MAX] = "";
	struct error err = {{0}};
	(void)snprintf(full, sizeof(full), "%s%s", root, main_file);
	(void)snprintf(wanted, sizeof(wanted), "%s%s", root, expected ? expected : "");
	int r = credential_find(root, full, name, found, &err);
	expect_int(expected ? 0 : -ENXIO, r, "%s of %s: %s", name, main_file, err.text);
	expect_text(expected ? wanted : "", found, "%s of %s", name, main_file);
}

static void paths_and_given_credentials_stay_as_they_are(void **state) {
	char found[PATH_MAX];
	(void)state;
	expect_int(0, credential_find(root, MAIN, "/some/key", found, NULL));
	expect_text("/some/key", found);
	expect_int(0, setenv("CREDENTIALS_DIRECTORY", "/run/secrets", 1));
	expect_int(0, credential_find(root, MAIN, "api-key", found, NULL));
	expect_text("api-key", found);
	expect_int(0, unsetenv("CREDENTIALS_DIRECTORY"));
}

static void without_a_unit_it_lies_beside_the_configuration(void **state) {
	struct error err;
	char found[PATH_MAX], full[LONG];
	(void)state;
	expect_found(NULL, MAIN, "api-key");
	put("/etc/occupancyd/api-key", "k");
	expect_found("/etc/occupancyd/api-key", MAIN, "api-key");
	expect_found(NULL, MAIN, "other");
	put("/srv/test/api-key", "k");
	expect_found("/srv/test/api-key", "/srv/test/my.conf", "api-key");
	/* The message says where it was looked for. */
	(void)snprintf(full, sizeof(full), "%s/srv/test/my.conf", root);
	expect_int(-ENXIO, credential_find(root, full, "other", found, &err));
	expect_part("other is a credential of the service, and ", err.text);
	expect_part("/srv/test/other, where it comes from, does not exist", err.text);
}

static void the_unit_says_where_it_is(void **state) {
	(void)state;
	put("/etc/occupancyd/api-key", "k");
	put("/secure/one", "k");
	put("/secure/two", "k");
	put("/secure/three", "k");
	put(UNITS "occupancyd.service", "[Service]\n  LoadCredential=api-key:/secure/one\r\nLoadCredential=other:/secure/two\n");
	expect_found("/secure/one", MAIN, "api-key");
	expect_found("/secure/two", MAIN, "other");
	/* A unit of the administrator's replaces it as a whole. */
	put(ADMIN "occupancyd.service", "# LoadCredential=api-key:/secure/one\nLoadCredential=api-key:/secure/two");
	expect_found("/secure/two", MAIN, "api-key");
	expect_found(NULL, MAIN, "other");
	/* The later drop-in counts, by its name, wherever it lies; what has the same name is masked. */
	put(ADMIN "occupancyd.service.d/10-key.conf", "[Service]\nLoadCredential=api-key:/secure/three\n");
	put("/usr/lib/systemd/system/occupancyd.service.d/20-key.conf", "[Service]\nLoadCredential=api-key:/secure/one\n");
	expect_found("/secure/one", MAIN, "api-key");
	put(ADMIN "occupancyd.service.d/20-key.conf", "[Service]\n");
	expect_found("/secure/three", MAIN, "api-key");
	/* Of an empty one nothing remains, and then it is beside the configuration. */
	put(ADMIN "occupancyd.service.d/30-key.conf", "[Service]\nLoadCredential=\n");
	expect_found("/etc/occupancyd/api-key", MAIN, "api-key");
	/* What is not a drop-in, and names that only begin alike. */
	put(ADMIN "occupancyd.service.d/40-key.conf~", "[Service]\nLoadCredential=api-key:/secure/one\n");
	put(ADMIN "occupancyd.service.d/50-key.conf", "LoadCredential=api-key2:/secure/one\nLoadCredential=api:/secure/one\n"
	    "LoadCredential=api-key:relative\nLoadCredential=api-key\nLoadCredentialEncrypted=api-key:/secure/one\n");
	expect_found("/etc/occupancyd/api-key", MAIN, "api-key");
	/* The unit is that of the package's configuration alone. */
	put("/srv/test/api-key", "k");
	expect_found("/srv/test/api-key", "/srv/test/my.conf", "api-key");
	expect_found(NULL, "/home/somebody/occupancyd/occupancyd.conf", "api-key");
	expect_found(NULL, "/home/etc/occupancyd/occupancyd.conf", "api-key");
}

static void instances_have_units_of_their_own(void **state) {
	(void)state;
	clear("/*");
	put("/etc/occupancyd/north/api-key", "k");
	put("/etc/occupancyd/south/api-key", "k");
	put("/secure/south%", "k");
	expect_found("/etc/occupancyd/north/api-key", "/etc/occupancyd/north/occupancyd.conf", "api-key");
	put(UNITS "occupancyd@.service", "LoadCredential=api-key:/etc/occupancyd/%i/api-key\n");
	put(UNITS "occupancyd.service", "LoadCredential=api-key:/nowhere\n");
	put(ADMIN "occupancyd@south.service.d/key.conf", "LoadCredential=api-key:/secure/%i%%\n");
	expect_found("/etc/occupancyd/north/api-key", "/etc/occupancyd/north/occupancyd.conf", "api-key");
	expect_found("/secure/south%", "/etc/occupancyd/south/occupancyd.conf", "api-key");
	put(ADMIN "occupancyd@.service.d/z.conf", "LoadCredential=api-key:/etc/occupancyd/north/api-key\n");
	expect_found("/etc/occupancyd/north/api-key", "/etc/occupancyd/south/occupancyd.conf", "api-key");
	/* Other specifiers are not known. */
	put(ADMIN "occupancyd@.service.d/zz.conf", "LoadCredential=api-key:%h/key\n");
	expect_found("/etc/occupancyd/north/api-key", "/etc/occupancyd/south/occupancyd.conf", "api-key");
}

static void what_the_service_was_given_is_next(void **state) {
	(void)state;
	clear("/*");
	put(UNITS "occupancyd.service", "LoadCredential=api-key:/etc/occupancyd/api-key\n");
	expect_found(NULL, MAIN, "api-key");
	put("/run/credentials/occupancyd.service/api-key", "k");
	expect_found("/run/credentials/occupancyd.service/api-key", MAIN, "api-key");
	expect_found(NULL, "/etc/occupancyd/north/occupancyd.conf", "api-key");
	expect_found(NULL, "/srv/test/my.conf", "api-key");
	put("/etc/occupancyd/api-key", "k");
	expect_found("/etc/occupancyd/api-key", MAIN, "api-key");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_and_given_credentials_stay_as_they_are),
		cmocka_unit_test(without_a_unit_it_lies_beside_the_configuration),
		cmocka_unit_test(the_unit_says_where_it_is),
		cmocka_unit_test(instances_have_units_of_their_own),
		cmocka_unit_test(what_the_service_was_given_is_next),
	};
	return cmocka_run_group_tests_name("credential", tests, set_up, tear_down);
}
