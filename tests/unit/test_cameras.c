// SPDX-License-Identifier: ISC

/* tool/cameras.h, tool/cameratext.h: from answers to devices, and what differs from those that are configured. */

#include "fixture.h"

#include "base/json.h"
#include "tool/cameras.h"
#include "tool/cameratext.h"

#include <errno.h>

#define CAMERA_A "AAAAAAAAAAAAAAAAAAAAAA"
#define CAMERA_B "BBBBBBBBBBBBBBBBBBBBBA"
#define NOW (1795420800 * USEC_PER_SEC)

static struct cameras cameras;
static const struct account acme = {.name = "acme"}, globex = {.name = "globex"};
static struct settings settings[2];
static struct device devices[4];
static struct config config = {.devices = devices};

static int begin(void **state) {
	(void)state;
	settings[0].bucket.zone = zone_of("America/Denver");
	settings[1].bucket.zone = zone_of("UTC");
	config.device_count = 0;
	return cameras_init(&cameras);
}

static int end(void **state) {
	(void)state;
	cameras_done(&cameras);
	return 0;
}

static void configure(const char *uuid, const char *name, const char *site, size_t zone) {
	devices[config.device_count++] = (struct device){.uuid = uuid, .name = name, .site = site, .account = &acme,
	                                                 .settings = &settings[zone], .place = {"a.conf", 7}};
}

/* Quotes are written as '. */
static struct json_object *json_of(const char *text) {
	struct json_object *value = NULL;
	struct error err = {{0}};
	char *copy = strdup(text);
	for (char *c = copy; *c; c++) {
		*c = *c == '\'' ? '"' : *c;
	}
	expect_int(0, json_read(copy, strlen(copy), &value, &err), "%s: %s", text, err.text);
	free(copy);
	return value;
}

typedef int take(struct cameras *, struct json_object *, const struct account *, struct error *);

static int taken(take *how, const char *text, struct error *err) {
	struct json_object *list = json_of(text);
	int r = how(&cameras, list, &acme, err);
	json_free(list);
	return r;
}

static void enabled(const char *text) {
	expect_int(0, taken(cameras_take_enabled, text, NULL), "%s", text);
}

static void states(const char *text) {
	expect_int(0, taken(cameras_take_states, text, NULL), "%s", text);
}

static void places(const char *text) {
	struct json_object *list = json_of(text);
	expect_int(0, cameras_take_places(&cameras, list, NULL), "%s", text);
	json_free(list);
}

static void compare(void) {
	expect_int(0, cameras_compare(&cameras, &(struct comparison){.config = &config, .now = NOW}));
}

/* "UUID name site zone; ..." of all that are there. */
static void expect_cameras(const char *expected) {
	static char text[4096];
	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < cameras.len; i++) {
		const struct camera *camera = &cameras.list[i];
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s|%s|%s|%s%s", i > 0 ? "; " : "", camera->uuid, camera->name,
		                        camera->site ? camera->site : "-", camera->timezone ? camera->timezone : "-",
		                        camera->no_zone ? "!" : "");
	}
	expect_text(expected, text);
}

/* A letter for each difference: gone, new, zone, site. */
static void expect_differing(const char *expected) {
	char text[64] = "";
	for (size_t i = 0; i < cameras.differing_len && i < sizeof(text) - 1; i++) {
		text[i] = "gnzs"[cameras.differing[i].what];
	}
	expect_text(expected, text);
}

static void expect_printed(void (*print)(const struct cameras *, struct buf *), const char *expected) {
	struct buf out;
	buf_init(&out, BUF_ANY);
	print(&cameras, &out);
	expect_text(expected, buf_text(&out));
	buf_done(&out);
}

static void print_list(const struct cameras *of, struct buf *out) {
	cameras_print(of, false, out);
}

static void print_with_accounts(const struct cameras *of, struct buf *out) {
	cameras_print(of, true, out);
}

static void an_element_is_read_with_what_it_has(void **state) {
	(void)state;
	places("[{'uuid':'L','name':'HQ','tz':'America/Denver'},{'uuid':'M','tz':'Mars/Olympus'},{'uuid':'N'},null,{}]");
	enabled("[null, {}, {'uuid':7}, {'uuid':'short'}, {'uuid':'" CAMERA_A "','deviceUuid':'" CAMERA_A ".v1','name':'Lobby',"
	        "'locationUuid':'L','facetNameMap':{'v0':'West','v1':'East'},'pending':null},"
	        /* Twice, by a name of its own that is empty, without one, deleted. */
	        "{'deviceUuid':'" CAMERA_A ".v1'}, {'uuid':'" CAMERA_A "','name':'Lobby','facetNameMap':{'v0':''},'locationUuid':'M'},"
	        "{'deviceUuid':'no','uuid':'" CAMERA_B "','locationUuid':'N','facetNameMap':[],'name':null},"
	        "{'uuid':'CCCCCCCCCCCCCCCCCCCCCA','deleted':true}, {'uuid':'" CAMERA_A ".v2','locationUuid':'nowhere','name':7}]");
	expect_cameras(CAMERA_A ".v1|East|HQ|America/Denver; " CAMERA_A "|Lobby|-|Mars/Olympus!; " CAMERA_B "|" CAMERA_B "|-|-; "
	               CAMERA_A ".v2|" CAMERA_A ".v2|-|-");
	expect_int(3, cameras.odd);
	expect_int(1, cameras.deleted);
	expect_false(cameras.all);
	expect_part("Mars/Olympus", cameras.list[1].no_zone);
}

static void what_is_no_list_of_objects_is_refused(void **state) {
	struct error err;
	(void)state;
	expect_int(-EBADMSG, taken(cameras_take_enabled, "[{},3]", &err));
	expect_text("an element of cameras is not an object", err.text);
	expect_int(-EBADMSG, taken(cameras_take_states, "['x']", &err));
	expect_text("an element of cameraStates is not an object", err.text);
	struct json_object *list = json_of("[{'uuid':'L','subLocations':[[]]}]");
	expect_int(-EBADMSG, cameras_take_places(&cameras, list, &err));
	expect_text("an element of locations is not an object", err.text);
	json_free(list);
}

static void a_location_within_another_has_what_that_has(void **state) {
	(void)state;
	places("[{'uuid':'L','name':'Campus','tz':'UTC','subLocations':[{'uuid':'a','name':'East'},{'uuid':'b','tz':'EST5EDT?'},"
	       "{'name':'no uuid','subLocations':[{'uuid':'c'}]}]}]");
	enabled("[{'uuid':'" CAMERA_A ".v0','locationUuid':'a'},{'uuid':'" CAMERA_A ".v1','locationUuid':'b'},"
	        "{'uuid':'" CAMERA_A ".v2','locationUuid':'c'}]");
	expect_cameras(CAMERA_A ".v0|" CAMERA_A ".v0|East|UTC; " CAMERA_A ".v1|" CAMERA_A ".v1|Campus|EST5EDT?!; "
	               CAMERA_A ".v2|" CAMERA_A ".v2|no uuid|UTC");
}

static void of_states_each_facet_that_sees_is_one(void **state) {
	(void)state;
	states("[{'uuid':'" CAMERA_A ".v3','name':'Lobby','supportedFacets':['v0','a0','v12','v','v123','vx',7,null,'','v1x']},"
	       "{'uuid':'" CAMERA_B "','name':'Yard','supportedFacets':null,'facetNameMap':{'v0':'Gate'}},"
	       "{'uuid':'CCCCCCCCCCCCCCCCCCCCCA','mummified':true},{'name':'no uuid'}]");
	expect_cameras(CAMERA_A ".v0|Lobby|-|-; " CAMERA_A ".v12|Lobby|-|-; " CAMERA_B "|Gate|-|-");
	expect_true(cameras.all);
	expect_int(1, cameras.odd);
	expect_int(1, cameras.deleted);
	/* None of them is missed. */
	configure(CAMERA_B ".v9", "yard", NULL, 0);
	configure(CAMERA_A ".v1", "lobby", NULL, 0);
	compare();
	expect_differing("g");
	expect_same(&devices[1], cameras.differing[0].device);
	expect_same(&devices[0], cameras.list[2].device);
}

static void names_differ(void **state) {
	(void)state;
	configure(CAMERA_B ".v0", "Lobby", NULL, 0);
	configure(CAMERA_B ".v1", "Hall v1", NULL, 0);
	enabled("[{'uuid':'" CAMERA_A ".v0','name':'Lobby'},{'uuid':'" CAMERA_A ".v1','name':'Hall'},{'uuid':'" CAMERA_A ".v2','name':'Hall'},"
	        "{'uuid':'CCCCCCCCCCCCCCCCCCCCCA','name':'Hall v2'},{'uuid':'" CAMERA_B "','name':'Other'},"
	        "{'uuid':'CCCCCCCCCCCCCCCCCCCCCA.v1','name':'Hall'},{'uuid':'" CAMERA_A ".v3','name':'Lobby v0 CCCCCCCCCCCCCCCCCCCCCB.v0'},"
	        "{'uuid':'CCCCCCCCCCCCCCCCCCCCCB.v0','name':'Lobby v0'}]");
	compare();
	expect_cameras(CAMERA_A ".v0|Lobby v0|-|-; " CAMERA_A ".v1|Hall|-|-; " CAMERA_A ".v2|Hall v2|-|-; CCCCCCCCCCCCCCCCCCCCCA|Hall v2 v0|-|-; "
	               CAMERA_B "|Other|-|-; CCCCCCCCCCCCCCCCCCCCCA.v1|Hall CCCCCCCCCCCCCCCCCCCCCA.v1|-|-; " CAMERA_A
	               ".v3|Lobby v0 CCCCCCCCCCCCCCCCCCCCCB.v0|-|-; CCCCCCCCCCCCCCCCCCCCCB.v0|Lobby v0 v0|-|-");
}

static void long_names_get_room_for_what_makes_them_differ(void **state) {
	char text[1024], letters[201];
	(void)state;
	memset(letters, 'x', sizeof(letters) - 1);
	letters[200] = '\0';
	(void)snprintf(text, sizeof(text), "[{'uuid':'" CAMERA_A ".v0','name':'%s'},{'uuid':'" CAMERA_A ".v1','name':'%s'},"
	               "{'uuid':'" CAMERA_B ".v1','name':'%s'}]", letters, letters, letters);
	enabled(text);
	compare();
	for (size_t i = 0; i < 3; i++) {
		expect_between(100, 128, (int64_t)strlen(cameras.list[i].name), "camera %zu", i);
	}
	expect_part("... v1", cameras.list[1].name);
	expect_part("... " CAMERA_B ".v1", cameras.list[2].name);
}

static void differences_are_found(void **state) {
	(void)state;
	places("[{'uuid':'L','name':'HQ','tz':'America/Denver'},{'uuid':'M','name':'Depot','tz':'Nowhere/At_all'},{'uuid':'N'}]");
	enabled("[{'uuid':'" CAMERA_A ".v0','name':'a0','locationUuid':'L'},{'uuid':'" CAMERA_A ".v1','name':'a1','locationUuid':'M'},"
	        "{'uuid':'" CAMERA_B ".v0','name':'b0','locationUuid':'N'},{'uuid':'" CAMERA_B ".v1','name':'b1','locationUuid':'L'}]");
	configure(CAMERA_A, "same", "HQ", 0);
	configure(CAMERA_A ".v1", "unknown zone", "Depot", 1);
	configure(CAMERA_B ".v0", "no zone", "anywhere", 1);
	configure(CAMERA_A ".v7", "gone", NULL, 0);
	compare();
	expect_differing("zgn");
	expect_same(&devices[1], cameras.differing[0].device);
	expect_same(&devices[3], cameras.differing[1].device);
	expect_text(CAMERA_B ".v1", cameras.differing[2].uuid);
}

static void other_places_and_zones_differ(void **state) {
	(void)state;
	places("[{'uuid':'L','name':'HQ','tz':'America/Denver'},{'uuid':'U','name':'HQ','tz':'Etc/UTC'}]");
	enabled("[{'uuid':'" CAMERA_A ".v0','locationUuid':'L'},{'uuid':'" CAMERA_A ".v1','locationUuid':'U'}]");
	configure(CAMERA_A ".v0", "both", "hq", 1);
	configure(CAMERA_A ".v0", "daily", NULL, 1);
	configure(CAMERA_A ".v1", "alias", NULL, 1);
	compare();
	expect_differing("zsz");
	expect_same(&devices[0], cameras.list[0].device);
}

static void devices_of_another_account_are_left_alone(void **state) {
	(void)state;
	enabled("[{'uuid':'" CAMERA_A ".v0','name':'Lobby'}]");
	configure(CAMERA_A ".v9", "gone", NULL, 0);
	devices[0].account = &globex;
	expect_int(0, cameras_compare(&cameras, &(struct comparison){.config = &config, .account = &acme, .now = NOW}));
	expect_differing("n");
	cameras_done(&cameras);
	expect_int(0, cameras_init(&cameras));
	enabled("[{'uuid':'" CAMERA_A ".v0','name':'Lobby'}]");
	compare();
	expect_differing("gn");
}

static void the_list_is_one_of_the_configuration(void **state) {
	(void)state;
	places("[{'uuid':'L','name':'H\\'Q','tz':'America/Denver'},{'uuid':'M','tz':'Mars/Olympus'}]");
	enabled("[{'uuid':'" CAMERA_A ".v0','name':'a \\'b\\' \\\\ c\\n//d','locationUuid':'L','pending':true},"
	        "{'uuid':'" CAMERA_A ".v1','name':'x'},{'uuid':'" CAMERA_B "','name':'y','locationUuid':'M'}]");
	cameras.list[2].no_zone = "of whatever reason";
	configure(CAMERA_A ".v1", "hall", NULL, 0);
	compare();
	expect_printed(print_list,
	               "// By occupancyctl discover: 3 cameras with occupancy counting, 1 of them configured already.\n"
	               "devices = (\n"
	               "  // Rhombus calls this one pending\n"
	               "  { uuid = \"" CAMERA_A ".v0\"; name = \"a \\\"b\\\" \\\\ c //d\"; site = \"H\\\"Q\"; timezone = \"America/Denver\"; },\n"
	               "  // { uuid = \"" CAMERA_A ".v1\"; name = \"hall\"; }: configured at a.conf:7\n"
	               "  // timezone = \"Mars/Olympus\" cannot be used: of whatever reason\n"
	               "  { uuid = \"" CAMERA_B "\"; name = \"y\"; }\n"
	               ");\n");
}

static void a_list_of_several_accounts_names_them(void **state) {
	(void)state;
	enabled("[{'uuid':'" CAMERA_A ".v1','name':'x'}]");
	compare();
	expect_printed(print_with_accounts,
	               "// By occupancyctl discover: 1 camera with occupancy counting, 0 of them configured already.\n"
	               "devices = (\n"
	               "  // Rhombus gives no time zone: without timezone it is that of the defaults\n"
	               "  { uuid = \"" CAMERA_A ".v1\"; name = \"x\"; account = \"acme\"; }\n"
	               ");\n");
}

static void differences_are_said(void **state) {
	(void)state;
	expect_printed(cameras_print_diff, "Same: 0 cameras with occupancy counting, as configured.\n");
	places("[{'uuid':'L','name':'HQ','tz':'America/Denver'}]");
	enabled("[{'uuid':'" CAMERA_A ".v0','name':'a\\u001b[0m','locationUuid':'L'},{'uuid':'" CAMERA_B ".v1','name':'b'}]");
	configure(CAMERA_A ".v0", "lobby", "hq", 1);
	configure(CAMERA_A ".v2", "attic", NULL, 1);
	compare();
	expect_printed(cameras_print_diff,
	               "lobby  " CAMERA_A ".v0  time zone is \"America/Denver\", configured is \"UTC\"  a.conf:7\n"
	               "lobby  " CAMERA_A ".v0  location is \"HQ\", configured is \"hq\"  a.conf:7\n"
	               "attic  " CAMERA_A ".v2  configured, but there is no such camera with occupancy counting  a.conf:7\n"
	               "b  " CAMERA_B ".v1  not configured\n"
	               "Different: 1 gone, 1 not configured, 1 in another time zone, 1 at another location.\n");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_element_is_read_with_what_it_has, begin, end),
		cmocka_unit_test_setup_teardown(what_is_no_list_of_objects_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(a_location_within_another_has_what_that_has, begin, end),
		cmocka_unit_test_setup_teardown(of_states_each_facet_that_sees_is_one, begin, end),
		cmocka_unit_test_setup_teardown(names_differ, begin, end),
		cmocka_unit_test_setup_teardown(long_names_get_room_for_what_makes_them_differ, begin, end),
		cmocka_unit_test_setup_teardown(differences_are_found, begin, end),
		cmocka_unit_test_setup_teardown(other_places_and_zones_differ, begin, end),
		cmocka_unit_test_setup_teardown(devices_of_another_account_are_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(the_list_is_one_of_the_configuration, begin, end),
		cmocka_unit_test_setup_teardown(a_list_of_several_accounts_names_them, begin, end),
		cmocka_unit_test_setup_teardown(differences_are_said, begin, end),
	};
	return cmocka_run_group_tests_name("cameras", tests, NULL, NULL);
}
