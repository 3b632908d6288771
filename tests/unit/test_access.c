// SPDX-License-Identifier: ISC

/* daemon/access.h: an account's key, when it is read, and what a reload keeps. */

#include "rig.h"

#include "daemon/access.h"

static char key_file[PATH_MAX];
static struct http http;

static struct account account_of(void) {
	(void)snprintf(key_file, sizeof(key_file), "%s", rig_path("key"));
	return (struct account){
		.name = "acme",
		.base_url = "http://127.0.0.1:1",
		.path = "/p",
		.key_file = key_file,
		.rate.gap = USEC_PER_SEC,
		.burst = 10,
		.max_in_flight = 4,
		.main_file = "/etc/occupancyd/occupancyd.conf",
	};
}

static void a_key_makes_an_endpoint(void **state) {
	(void)state;
	struct account account = account_of();
	struct access access;
	struct error err = {{0}};
	expect_int(0, access_init(&access, &account, &err), "%s", err.text);
	expect_text("the-first-key", access.key.text, "key");
	expect_int(1, access.generation, "generation");
	expect_int(1, rig.endpoints, "endpoints");
	expect_int(LANE_OPEN, access.lane.state, "lane");
	expect_int(USEC_INFINITY, access_next(&access), "when to look at the files");
	expect_int(false, access_changed(&access, rig.now), "a look while all is well");
	access_done(&access, NULL);
	access_done(NULL, NULL);
	expect_int(0, rig.endpoints, "endpoints afterwards");
	expect_int(0, access_init_patient(&access, &account, rig.now, &err), "%s", err.text);
	expect_int(1, access.generation, "generation");
	expect_int(LANE_OPEN, access.lane.state, "lane");
	expect_text("", access.reason, "reason");
	access_done(&access, NULL);
}

/* What is wrong with a key, and which of it a running daemon waits for. */
static void a_key_that_cannot_be_used_is_named(void **state) {
	(void)state;
	static const struct {
		const char *name, *text; /* text NULL: there is no file */
		bool credentials;
		int r, patient;
		const char *said;
	} rows[] = {
		{"/key", NULL, false, -ENOENT, 1, "*/key cannot be opened: No such file or directory"},
		{"/key", "", false, -EINVAL, 1, "*/key*"},
		{"/key", "two\nlines\n", false, -EINVAL, 1, "*/key*"},
		{"key", NULL, false, -ENXIO, -ENXIO, "*"},
		{"key", NULL, true, -ENOENT, 1, "the credential key is missing: * (as installed: /etc/occupancyd/key)"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct account account = account_of();
		char credentials[PATH_MAX];
		struct access access;
		if (rows[row].name[0] != '/') {
			account.key_file = rows[row].name;
		}
		(void)remove(rig_path("key"));
		if (rows[row].text) {
			rig_put("key", rows[row].text);
		}
		(void)snprintf(credentials, sizeof(credentials), "%s", rig_path("occupancyd.service"));
		if (rows[row].credentials) {
			expect_int(0, mkdir(credentials, 0700));
			expect_int(0, setenv("CREDENTIALS_DIRECTORY", credentials, 1));
		} else {
			(void)unsetenv("CREDENTIALS_DIRECTORY");
		}

		struct error err = {{0}};
		expect_int(rows[row].r, access_init(&access, &account, &err), "row %zu: %s", row, err.text);
		char pattern[256];
		(void)snprintf(pattern, sizeof(pattern), "account acme: %s", rows[row].said);
		expect_int(0, fnmatch(pattern, err.text, 0), "row %zu: %s", row, err.text);
		expect_int(0, rig.endpoints, "row %zu: endpoints", row);

		err.text[0] = '\0';
		int r = access_init_patient(&access, &account, rig.now, &err);
		expect_int(rows[row].patient, r, "row %zu: patient: %s", row, err.text);
		if (r < 0) {
			expect_int(0, fnmatch(pattern, err.text, 0), "row %zu: %s", row, err.text);
			continue;
		}
		/* It waits for its file, and for nothing else. */
		expect_int(0, fnmatch(rows[row].said, err.text, 0), "row %zu: %s", row, err.text);
		(void)snprintf(pattern, sizeof(pattern), "no usable key: %s", rows[row].said);
		expect_int(0, fnmatch(pattern, access.reason, 0), "row %zu: %s", row, access.reason);
		expect_int(LANE_REFUSED, access.lane.state, "row %zu: lane", row);
		expect_int(USEC_INFINITY, access.lane.until, "row %zu: until", row);
		expect_int(0, access_next(&access), "row %zu: when to look", row);
		expect_int(false, access_changed(&access, rig.now), "row %zu: changed", row);
		if (rows[row].name[0] == '/') {
			rig_put("key", "another");
			expect_int(rig.now + 2 * USEC_PER_SEC, access_next(&access), "row %zu: when to look", row);
			expect_int(false, access_changed(&access, rig.now + 2 * USEC_PER_SEC - 1), "row %zu: too early", row);
			expect_int(true, access_changed(&access, rig.now + 2 * USEC_PER_SEC), "row %zu: changed", row);
		}
		access_done(&access, NULL);
	}
	(void)unsetenv("CREDENTIALS_DIRECTORY");
}

/* Each of the files of TLS counts as the key does. */
static void another_file_is_a_reason_to_try_again(void **state) {
	(void)state;
	static const char *const names[] = {"key", "cert", "cert-key", "ca", "crl"};
	static const char pem[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	char paths[COUNT_OF(names)][PATH_MAX];
	struct account account = account_of();
	struct access access;
	struct error err = {{0}};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		(void)snprintf(paths[i], sizeof(paths[i]), "%s", rig_path(names[i]));
		rig_put(names[i], i == 0 ? "the-first-key" : pem);
	}
	account.client_cert = paths[1];
	account.client_key = paths[2];
	account.ca_file = paths[3];
	account.crl_file = paths[4];
	expect_int(0, access_init(&access, &account, &err), "%s", err.text);
	expect_int(0, access_reread(&access, &http, &err), "nothing is new");
	expect_int(1, access.generation, "generation");

	usec_t now = USEC_PER_DAY;
	for (size_t i = 0; i < COUNT_OF(names); i++, now += USEC_PER_MIN) {
		access.trouble = i % 2 == 0;
		access.shut_out = !access.trouble;
		access.accepted = true;
		expect_int(false, access_changed(&access, now), "%s: nothing has changed", names[i]);
		rig_put(names[i], i == 0 ? "the-second-key" : "-----BEGIN CERTIFICATE-----\nBBBBCCCC\n-----END CERTIFICATE-----\n");
		expect_int(true, access_changed(&access, now + USEC_PER_SEC * 2), "%s: it has changed", names[i]);
		expect_int(1, access_reread(&access, &http, &err), "%s: read again: %s", names[i], err.text);
		expect_int(i + 2, access.generation, "%s: generation", names[i]);
		expect_int(false, access.accepted, "%s: nobody has accepted it yet", names[i]);
		expect_int(false, access.shut_out, "%s: it may let everybody in", names[i]);
		expect_int(0, access_reread(&access, &http, &err), "%s: and again", names[i]);
		expect_int(1, rig.endpoints, "%s: endpoints", names[i]);
	}
	expect_text("the-second-key", access.key.text, "key");

	/* One that cannot be read leaves the old one in use, and is not looked at until it changes. */
	access.trouble = true;
	for (size_t i = 0; i < COUNT_OF(names); i++, now += USEC_PER_MIN) {
		expect_int(0, remove(paths[i]));
		expect_int(true, access_changed(&access, now), "%s: it is gone", names[i]);
		expect_int(-ENOENT, access_reread(&access, &http, &err), "%s: %s", names[i], err.text);
		expect_text("the-second-key", access.key.text, "%s: key", names[i]);
		expect_int(1, rig.endpoints, "%s: endpoints", names[i]);
		expect_int(false, access_changed(&access, now + USEC_PER_SEC * 4), "%s: it is still gone", names[i]);
		rig_put(names[i], i == 0 ? "the-second-key" : pem);
		expect_int(true, access_changed(&access, now + USEC_PER_SEC * 8), "%s: it is back", names[i]);
		expect_int(1, access_reread(&access, &http, &err), "%s: back", names[i]);
	}
	expect_int(2 * COUNT_OF(names) + 1, access.generation, "generation");
	access_done(&access, NULL);
}

/* However long the path of the configuration is. */
static void a_sentence_ends_where_its_room_does(void **state) {
	(void)state;
	struct account account = account_of();
	struct access access;
	struct error err = {{0}};
	char main_file[PATH_MAX], credentials[PATH_MAX];
	memset(main_file, 'x', sizeof(main_file));
	main_file[0] = main_file[2000] = '/';
	(void)snprintf(main_file + 2001, sizeof(main_file) - 2001, "occupancyd.conf");
	account.main_file = main_file;
	account.key_file = "key";
	(void)snprintf(credentials, sizeof(credentials), "%s", rig_path("occupancyd.service"));
	expect_int(0, mkdir(credentials, 0700));
	expect_int(0, setenv("CREDENTIALS_DIRECTORY", credentials, 1));
	expect_int(-ENOENT, access_init(&access, &account, &err), "%s", err.text);
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	expect_int(0, fnmatch("account acme: the credential key is missing: * (as installed: /xxx*xxx", err.text, 0), "%s", err.text);
	expect_int(sizeof(err.text) - 1, strlen(err.text), "length");
}

static void both_keys_are_masked_wherever_they_stand(void **state) {
	(void)state;
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{"", ""},
		{"the-first-ke", "the-first-ke"},
		{"the-first-key", "*************"},
		{"the-first-keythe-first-key", "**************************"},
		{"a the-second-key, the-first-key.", "a **************, *************."},
	};
	struct account account = account_of();
	struct access access;
	struct error err = {{0}};
	expect_int(0, access_init(&access, &account, &err), "%s", err.text);
	access.lane.in_flight = 1;
	rig_put("key", "the-second-key");
	expect_int(1, access_reread(&access, &http, &err), "%s", err.text);
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char text[64];
		(void)snprintf(text, sizeof(text), "%s", rows[row].text);
		access_mask(&access, text, strlen(text));
		expect_text(rows[row].expected, text, "row %zu", row);
	}
	/* Not behind the end that is given. */
	char text[] = "the-first-key the-first-key";
	access_mask(&access, text, strlen("the-first-key the-first-ke"));
	expect_text("************* the-first-key", text, "the end");
	access_done(&access, NULL);

	/* A key of one letter is a key. */
	rig_put("key", "k");
	expect_int(0, access_init(&access, &account, &err), "%s", err.text);
	char letters[] = "kick";
	access_mask(&access, letters, strlen(letters));
	expect_text("*ic*", letters, "letters");
	access_done(&access, NULL);
}

static void an_old_key_is_kept_until_its_last_reply(void **state) {
	(void)state;
	struct account account = account_of();
	struct access access;
	struct error err = {{0}};
	expect_int(0, access_init(&access, &account, &err), "%s", err.text);
	access.lane.in_flight = 2;
	rig_put("key", "the-second-key");
	expect_int(1, access_reread(&access, &http, &err), "%s", err.text);
	access_landed(&access, false);
	access_landed(&access, true);
	expect_text("the-first-key", access.old_key.text, "while a reply is on its way");
	access_landed(&access, true);
	expect_text(NULL, access.old_key.text, "after the last one");
	access_landed(&access, true);

	/* Of several, the last one counts for all that are older. */
	access.lane.in_flight = 1;
	rig_put("key", "the-third-key");
	expect_int(1, access_reread(&access, &http, &err), "%s", err.text);
	expect_text("the-second-key", access.old_key.text, "old key");
	access.lane.in_flight = 0;
	rig_put("key", "the-fourth-key");
	expect_int(1, access_reread(&access, &http, &err), "%s", err.text);
	expect_text(NULL, access.old_key.text, "when nothing is on its way");
	expect_text("the-fourth-key", access.key.text, "key");
	access_done(&access, NULL);
}

static void a_reload_keeps_what_the_same_server_said(void **state) {
	(void)state;
	static const struct {
		const char *url;
		enum lane_state state;
		bool keyless;
		enum lane_state after;
		usec_t until; /* relative to now */
		bool kept;
	} rows[] = {
		{"http://127.0.0.1:1", LANE_THROTTLED, false, LANE_THROTTLED, 50, true},
		{"http://127.0.0.1:1", LANE_DOWN, false, LANE_DOWN, 50, true},
		{"http://127.0.0.1:1", LANE_REFUSED, false, LANE_REFUSED, -(usec_t)USEC_PER_HOUR, true},
		{"http://127.0.0.1:2", LANE_THROTTLED, false, LANE_OPEN, -(usec_t)USEC_PER_HOUR, false},
		{"http://127.0.0.1:1", LANE_OPEN, true, LANE_REFUSED, USEC_INFINITY, true},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct account account = account_of(), other = account;
		struct access before, after;
		struct error err = {{0}};
		expect_int(0, access_init(&before, &account, &err), "row %zu: %s", row, err.text);
		other.base_url = rows[row].url;
		if (rows[row].keyless) {
			expect_int(0, remove(rig_path("key")));
		}
		expect_int(rows[row].keyless, access_init_patient(&after, &other, rig.now, &err), "row %zu: %s", row, err.text);

		for (int i = 0; i < 10; i++) {
			rate_take(&before.lane.rate, rig.now);
		}
		before.lane.state = rows[row].state;
		before.lane.since = rig.now - 7;
		before.lane.until = rig.now + 50;
		before.lane.not_before = rig.now + 40;
		before.clock.told = CLOCK_AHEAD;
		(void)snprintf(before.reason, sizeof(before.reason), "what it said");
		access_take_over(&after, &before, rig.now);

		expect_int(rows[row].after, after.lane.state, "row %zu: state", row);
		expect_int(rows[row].until == USEC_INFINITY ? USEC_INFINITY : rig.now + rows[row].until, after.lane.until,
		           "row %zu: until", row);
		expect_int(rows[row].kept ? CLOCK_AHEAD : CLOCK_WELL, after.clock.told, "row %zu: what is known of the clock", row);
		expect_int(rows[row].kept ? rig.now + USEC_PER_SEC : INT64_MIN, rate_ready_at(&after.lane.rate),
		           "row %zu: tokens", row);
		if (rows[row].kept && !rows[row].keyless) {
			expect_int(rig.now - 7, after.lane.since, "row %zu: since", row);
			expect_int(rig.now + 40, after.lane.not_before, "row %zu: not before", row);
			expect_text("what it said", after.reason, "row %zu: reason", row);
		} else {
			expect_int(rows[row].keyless, strncmp(after.reason, "no usable key", 13) == 0, "row %zu: %s", row, after.reason);
		}
		access_done(&before, NULL);
		access_done(&after, NULL);
		rig_put("key", "the-first-key\n");
	}
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_key_makes_an_endpoint),
		TEST(a_key_that_cannot_be_used_is_named),
		TEST(another_file_is_a_reason_to_try_again),
		TEST(a_sentence_ends_where_its_room_does),
		TEST(both_keys_are_masked_wherever_they_stand),
		TEST(an_old_key_is_kept_until_its_last_reply),
		TEST(a_reload_keeps_what_the_same_server_said),
	};
	return cmocka_run_group_tests_name("access", tests, NULL, zones_done);
}
