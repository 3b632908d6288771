// SPDX-License-Identifier: ISC

/* daemon/zonewatch.h: an update of the time zone database, told once, and not before the hour. */

#include "rig.h"

#include "daemon/zonewatch.h"

#define HOUR USEC_PER_HOUR

static const char database[] = "/usr/share/zoneinfo/";

/* A zone's file is that of the test's directory, if there is one of its name, or "gone". */
static const char *redirect(const char *path) {
	static char other[PATH_MAX];
	if (strncmp(path, database, strlen(database)) != 0) {
		return path;
	}
	char name[128];
	(void)snprintf(name, sizeof(name), "zones/%s", path + strlen(database));
	for (char *slash = strchr(name + 6, '/'); slash; slash = strchr(slash, '/')) {
		*slash = '-';
	}
	(void)snprintf(other, sizeof(other), "%s", rig_path(name));
	struct stat st;
	return fstatat(AT_FDCWD, other, &st, AT_SYMLINK_NOFOLLOW) == 0 ? other : path;
}

int stat(const char *path, struct stat *st) {
	return fstatat(AT_FDCWD, disk_redirect ? disk_redirect(path) : path, st, 0);
}

/* From now on a zone has the rules of another. */
static void replace(const char *zone, const char *with) {
	char path[PATH_MAX], name[128];
	(void)snprintf(path, sizeof(path), "%s%s", database, with);
	(void)snprintf(name, sizeof(name), "zones/%s", zone);
	(void)remove(rig_path(name));
	expect_int(0, symlink(path, rig_path(name)));
}

static void take_away(const char *zone) {
	replace(zone, "no/such/zone");
}

static void put_back(const char *zone) {
	char name[128];
	(void)snprintf(name, sizeof(name), "zones/%s", zone);
	(void)remove(rig_path(name));
}

static int set_up(void **state) {
	int r = rig_setup(state);
	disk_redirect = redirect;
	return r < 0 ? r : mkdir(rig_path("zones"), 0700);
}

static int tear_down(void **state) {
	disk_redirect = NULL;
	return rig_teardown(state);
}

/* A device in Denver, one in Berlin; the defaults in UTC. */
static struct config *configure(void) {
	rig_configure(RIG_ACCOUNT, "",
	              "{ uuid = \"" RIG_UUID_A "\"; name = \"a\"; timezone = \"America/Denver\"; }, "
	              "{ uuid = \"" RIG_UUID_B "\"; name = \"b\"; timezone = \"Europe/Berlin\"; }", "");
	return rig_config();
}

#define CHANGED "has time zones with new rules: reload"
#define GONE    "names a time zone that is gone: see the journal"

static void what_has_changed_is_told_once_in_an_hour(void **state) {
	(void)state;
	struct config *config = configure();
	struct zonewatch watch = {0};
	usec_t wall = at("2026-11-23T08:00:00Z");

	expect_int(false, zonewatch_turn(&watch, config, wall), "nothing has changed");
	expect_text(NULL, zonewatch_trouble(&watch), "trouble");
	rig_expect_said("");

	replace("America-Denver", "Asia/Kolkata");
	expect_int(false, zonewatch_turn(&watch, config, wall + HOUR - 1), "a look within the hour");
	rig_expect_said("");
	expect_int(true, zonewatch_turn(&watch, config, wall + HOUR), "a look in the next");
	rig_expect_said("<4>the time zone database has new rules for America/Denver: reload to use them\n");
	expect_text(CHANGED, zonewatch_trouble(&watch), "trouble");
	expect_int(false, zonewatch_turn(&watch, config, wall + 2 * HOUR), "no news");
	rig_expect_said("");

	replace("Europe-Berlin", "Asia/Tokyo");
	expect_int(true, zonewatch_turn(&watch, config, wall + 3 * HOUR), "another one");
	rig_expect_said("<4>the time zone database has new rules for 2 zones, */* among them: reload to use them\n");
	expect_text(CHANGED, zonewatch_trouble(&watch), "trouble");

	put_back("America-Denver");
	expect_int(true, zonewatch_turn(&watch, config, wall + 4 * HOUR), "one is back");
	rig_expect_said("<4>the time zone database has new rules for Europe/Berlin: reload to use them\n");
	put_back("Europe-Berlin");
	expect_int(true, zonewatch_turn(&watch, config, wall + 5 * HOUR), "both are");
	rig_expect_said("<5>the time zone database agrees with the zones in use again\n");
	expect_text(NULL, zonewatch_trouble(&watch), "trouble");
	expect_int(false, zonewatch_turn(&watch, config, wall + 6 * HOUR), "no news");
	rig_expect_said("");
	config_free(config);
}

static void what_is_gone_is_told_with_its_reason(void **state) {
	(void)state;
	struct config *config = configure();
	struct zonewatch watch = {0};
	usec_t wall = at("2026-11-23T08:00:00Z");

	take_away("America-Denver");
	expect_int(true, zonewatch_turn(&watch, config, wall), "one is gone");
	rig_expect_said("<4>the time zone database has lost 1 zone in use: *America/Denver*: what was read before stays in use, "
	                "but the next start will fail\n");
	expect_text(GONE, zonewatch_trouble(&watch), "trouble");

	/* What is worse is told of both. */
	replace("Europe-Berlin", "Asia/Tokyo");
	expect_int(true, zonewatch_turn(&watch, config, wall + HOUR), "the other has changed");
	rig_expect_said("<4>the time zone database has new rules for Europe/Berlin: reload to use them\n");
	expect_text(GONE, zonewatch_trouble(&watch), "trouble");
	take_away("Europe-Berlin");
	expect_int(true, zonewatch_turn(&watch, config, wall + 2 * HOUR), "both are gone");
	rig_expect_said("<4>the time zone database has lost 2 zones in use: *: what was read before stays in use, *\n");

	put_back("America-Denver");
	replace("Europe-Berlin", "Asia/Tokyo");
	expect_int(true, zonewatch_turn(&watch, config, wall + 3 * HOUR), "none is gone");
	rig_expect_said("<4>the time zone database has new rules for Europe/Berlin: reload to use them\n");
	expect_text(CHANGED, zonewatch_trouble(&watch), "trouble");
	put_back("Europe-Berlin");
	expect_int(true, zonewatch_turn(&watch, config, wall + 4 * HOUR), "all is well");
	rig_expect_said("<5>the time zone database agrees with the zones in use again\n");
	config_free(config);
}

/* The same rules in another file, as most updates bring. */
/* Berlin and Zurich showed the same from 1970 on, until Berlin had summer time in April 1980. */
static void rules_of_the_next_ten_years_count(void **state) {
	(void)state;
	static const struct {
		const char *wall;
		bool told;
	} rows[] = {{"1970-03-01T00:00:00Z", false}, {"1970-05-01T00:00:00Z", true}, {"1979-05-01T00:00:00Z", true}};
	struct config *config = configure();
	replace("Europe-Berlin", "Europe/Zurich");
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct zonewatch watch = {0};
		expect_int(rows[row].told, zonewatch_turn(&watch, config, at(rows[row].wall)), "in %s", rows[row].wall);
		rig_expect_said(rows[row].told ? "<4>the time zone database has new rules for Europe/Berlin: *" : "");
	}
	config_free(config);
}

/* Whatever the place of a zone among those in use. */
static void each_zone_is_looked_at(void **state) {
	(void)state;
	static const struct {
		const char *zone, *file;
	} rows[] = {{"UTC", "UTC"}, {"America/Denver", "America-Denver"}, {"Europe/Berlin", "Europe-Berlin"}};
	struct config *config = configure();
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct zonewatch watch = {0};
		char said[128];
		(void)snprintf(said, sizeof(said), "<4>the time zone database has new rules for %s: *", rows[row].zone);
		replace(rows[row].file, "Asia/Tokyo");
		expect_true(zonewatch_turn(&watch, config, at("2026-11-23T08:00:00Z")), "%s", rows[row].zone);
		rig_expect_said(said);
		put_back(rows[row].file);
	}
	config_free(config);
}

static void what_is_as_it_was_is_not_told(void **state) {
	(void)state;
	struct config *config = configure();
	struct zonewatch watch = {0};
	replace("America-Denver", "America/Denver");
	replace("Europe-Berlin", "Europe/Berlin");
	expect_int(false, zonewatch_turn(&watch, config, at("2026-11-23T08:00:00Z")), "the same rules");
	rig_expect_said("");
	expect_text(NULL, zonewatch_trouble(&watch), "trouble");
	config_free(config);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_has_changed_is_told_once_in_an_hour),
		TEST(what_is_gone_is_told_with_its_reason),
		TEST(rules_of_the_next_ten_years_count),
		TEST(each_zone_is_looked_at),
		TEST(what_is_as_it_was_is_not_told),
	};
	return cmocka_run_group_tests_name("zonewatch", tests, NULL, zones_done);
}
