// SPDX-License-Identifier: ISC

/* What a configuration costs, and what is said of it. */

#include "config/read.h"
#include "schedule/cost.h"

#include "fixture.h"
#include "temporary.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { OUT_MAX = 16 * 1024 * 1024 };

static struct settings settings_with(enum interval interval, usec_t window, usec_t lookback, int max_points) {
	struct settings settings = settings_of(interval, "UTC", window);
	settings.lookback = lookback;
	settings.max_points = max_points;
	return settings;
}

#define SECONDS(n) ((n) * USEC_PER_SEC)
#define MINUTES(n) ((n) * USEC_PER_MIN)
#define HOURS(n) ((n) * USEC_PER_HOUR)
#define DAYS(n) ((n) * USEC_PER_DAY)

static const struct {
	enum interval interval;
	usec_t window, lookback;
	int max_points;
	double requests; /* in a day */
	bool looks_back;
} costs[] = {
	{INTERVAL_MINUTELY, MINUTES(1), MINUTES(10), 1440, 1440, true},
	{INTERVAL_MINUTELY, MINUTES(5), 0, 1440, 288, true},
	/* The look-back takes room, but never a request of its own. */
	{INTERVAL_MINUTELY, HOURS(1), HOURS(1), 61, 24, true},
	{INTERVAL_MINUTELY, HOURS(1), HOURS(1), 60, 24, false},
	{INTERVAL_MINUTELY, HOURS(1), 0, 60, 24, true},
	/* Of the 60, 59 and 1; the second has room. */
	{INTERVAL_MINUTELY, HOURS(1), HOURS(1), 59, 48, true},
	{INTERVAL_MINUTELY, HOURS(1), HOURS(1), 30, 48, false},
	{INTERVAL_MINUTELY, HOURS(1), HOURS(1), 7, 9 * 24, true},
	{INTERVAL_MINUTELY, HOURS(1), MINUTES(10), 1, 60 * 24, false},
	/* However many requests a window takes, whole windows are counted. */
	{INTERVAL_MINUTELY, HOURS(2), MINUTES(10), 1, 60 * 24, false},
	{INTERVAL_MINUTELY, HOURS(4), MINUTES(10), 1, 60 * 24, false},
	{INTERVAL_MINUTELY, HOURS(6), MINUTES(10), 1, 60 * 24, false},
	{INTERVAL_MINUTELY, HOURS(4), MINUTES(10), 11, 22 * 6, true},
	{INTERVAL_MINUTELY, DAYS(1), MINUTES(10), 1440, 1, false},
	{INTERVAL_QUARTERHOURLY, MINUTES(15), MINUTES(10), 1440, 96, true},
	{INTERVAL_HOURLY, HOURS(6), HOURS(1), 4, 8, true},
	{INTERVAL_HOURLY, HOURS(6), HOURS(1), 3, 8, false},
	{INTERVAL_DAILY, DAYS(1), MINUTES(10), 1440, 1, true},
	{INTERVAL_DAILY, DAYS(1), MINUTES(10), 1, 1, false},
	{INTERVAL_WEEKLY, DAYS(7), MINUTES(10), 1440, 1 / 7.0, true},
	{INTERVAL_NONE, HOURS(1), MINUTES(10), 1, 24, true},
};

static void each_window_is_counted(void **state) {
	static const usec_t settles[] = {0, SECONDS(90), DAYS(3)};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(costs); i++) {
		for (size_t s = 0; s < COUNT_OF(settles); s++) {
			struct settings settings = settings_with(costs[i].interval, costs[i].window,
			                                         costs[i].lookback, costs[i].max_points);
			settings.settle = settles[s];
			struct cost cost = cost_of(&settings);
			double requests = cost.per_second * 86400;
			if (requests < costs[i].requests - 1e-6 || requests > costs[i].requests + 1e-6 ||
			    cost.looks_back != costs[i].looks_back) {
				fail_msg("row %zu: %g requests a day, look-back %d; expected %g, %d", i, requests,
				         cost.looks_back, costs[i].requests, costs[i].looks_back);
			}
		}
	}
}

/* A month is watched for four of them, which are 122 days long. */
static void months_are_as_long_as_they_are(void **state) {
	(void)state;
	struct settings settings = settings_with(INTERVAL_MONTHLY, DAYS(30), 0, 1440);
	double days = 1 / (cost_of(&settings).per_second * 86400);
	expect_true(days > 30.49 && days < 30.51);
}

/* What is told */

static char dir[64];

static int set_up(void **state) {
	(void)state;
	(void)snprintf(dir, sizeof(dir), "%.40s/test-cost-XXXXXX", temporary());
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state) {
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/main.conf", dir);
	(void)unlink(path);
	return rmdir(dir) | zones_done(state);
}

static struct config *read_text(const char *text) {
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/main.conf", dir);
	FILE *file = fopen(path, "w");
	expect_not_null(file);
	expect_true(fputs(text, file) >= 0);
	expect_int(0, fclose(file));

	struct config *config = NULL;
	struct config_problems problems;
	config_problems_init(&problems);
	if (config_load(path, &config, &problems) < 0) {
		fail_msg("refused:\n%s", buf_text(&problems.text));
	}
	config_problems_done(&problems);
	return config;
}

static void add_devices(struct buf *text, int from, int count, const char *settings) {
	for (int i = from; i < from + count; i++) {
		buf_printf(text, "%s{ uuid = \"%022d\"; name = \"room %d\"; %s }", i > 0 ? ",\n" : "", i, i, settings);
	}
}

static void expect_cost(const char *accounts, const char *defaults, int count, const char *settings, int more,
                        const char *more_settings, int expected, const char *said) {
	struct buf text;
	struct buf out, warnings;
	buf_init(&text, OUT_MAX);
	buf_init(&out, 64 * 1024);
	buf_init(&warnings, 64 * 1024);
	buf_printf(&text, "%s\ndefaults = { %s };\ndevices = (\n", accounts, defaults);
	add_devices(&text, 0, count, settings);
	add_devices(&text, count, more, more_settings);
	buf_puts(&text, "\n);\n");

	struct config *config = read_text(buf_text(&text));
	int r = cost_tell(config, &out, &warnings);
	expect_text(said, buf_text(&out));
	expect_int(expected, r);
	config_free(config);
	buf_done(&out);
	buf_done(&warnings);
	buf_done(&text);
}

static void cost_is_told(void **state) {
	(void)state;
	const char *acme = "accounts = ( { name = \"acme\"; key_file = \"k\"; } );";
	expect_cost(acme, "interval = \"MINUTELY\"; window = \"5m\";", 200, "", 0, "", 0,
	            "acme: 200 devices need 40 requests/m of 60/m allowed (67 %)\n");
	expect_cost(acme, "interval = \"MINUTELY\";", 60, "", 0, "", 0,
	            "acme: 60 devices need 1 request/s of 1/s allowed (100 %)\n");
	expect_cost(acme, "interval = \"MINUTELY\";", 61, "", 0, "", -ERANGE,
	            "acme: 61 devices need 1.02 requests/s of 1/s allowed (102 %): exceeds its rate; a window of "
	            "\"2m\" would fit\n");
	expect_cost(acme, "interval = \"MINUTELY\";", 300, "", 0, "", -ERANGE,
	            "acme: 300 devices need 5 requests/s of 1/s allowed (500 %): exceeds its rate; a window of "
	            "\"5m\" would fit\n");
	/* What fits must suit every device whose window is shorter. */
	expect_cost(acme, "", 900, "interval = \"QUARTERHOURLY\";", 60, "interval = \"MINUTELY\";", -ERANGE,
	            "acme: 960 devices need 2 requests/s of 1/s allowed (200 %): exceeds its rate; a window of "
	            "\"30m\" would fit\n");
	expect_cost("accounts = ( { name = \"acme\"; key_file = \"k\"; rate = \"60/h\"; } );", "", 1,
	            "interval = \"HOURLY\";", 1, "interval = \"DAILY\";", 0,
	            "acme: 2 devices need 1.04 requests/h of 60/h allowed (2 %)\n");
	expect_cost("accounts = ( { name = \"acme\"; key_file = \"k\"; rate = \"2/h\"; } );", "", 50,
	            "interval = \"DAILY\";", 0, "", -ERANGE,
	            "acme: 50 devices need 2.08 requests/h of 2/h allowed (104 %): exceeds its rate; no window "
	            "would fit: poll fewer devices or raise the rate\n");
	/* A window is a day at most. */
	expect_cost("accounts = ( { name = \"acme\"; key_file = \"k\"; rate = \"1/h\"; } );", "", 24,
	            "interval = \"HOURLY\";", 0, "", -ERANGE,
	            "acme: 24 devices need 24 requests/h of 1/h allowed (2400 %): exceeds its rate; a window of "
	            "\"1d\" would fit\n");
	/* A window of more buckets than a request may have takes several; the look-back takes what room is left. */
	const char *slow = "accounts = ( { name = \"acme\"; key_file = \"k\"; rate = \"2/h\"; } );";
	expect_cost(slow, "interval = \"MINUTELY\"; window = \"1d\";", 1, "max_points = 100;", 0, "", 0,
	            "acme: 1 device needs 15 requests/d of 48/d allowed (31 %)\n");
	expect_cost("accounts = ( { name = \"acme\"; key_file = \"k\"; rate = \"1/h\"; } );",
	            "interval = \"MINUTELY\"; window = \"1h\"; lookback = \"1h\"; max_points = 60; settle = \"0s\";", 1,
	            "", 0, "", 0, "acme: 1 device needs 1 request/h of 1/h allowed (100 %)\n");
	expect_cost(slow, "interval = \"MINUTELY\"; window = \"1d\"; lookback = \"0\";", 12, "", 0, "", 0,
	            "acme: 12 devices need 12 requests/d of 48/d allowed (25 %)\n");
	expect_cost("accounts = ( { name = \"a\"; key_file = \"k\"; }, { name = \"idle\"; key_file = \"k\"; } );",
	            "account = \"a\";", 1, "", 0, "", 0,
	            "a: 1 device needs 4 requests/h of 3600/h allowed (less than 1 %)\n"
	            "idle: 0 devices need 0 requests/s of 1/s allowed (0 %)\n");
	/* What another account needs is nobody else's. */
	expect_cost("accounts = ( { name = \"few\"; key_file = \"k\"; }, { name = \"many\"; key_file = \"l\"; rate = \"100/s\"; } );",
	            "interval = \"MINUTELY\";", 90, "account = \"few\";", 4500, "account = \"many\";", -ERANGE,
	            "few: 90 devices need 1.5 requests/s of 1/s allowed (150 %): exceeds its rate; a window of \"2m\" would fit\n"
	            "many: 4500 devices need 75 requests/s of 100/s allowed (75 %)\n");
	/* The rate is what was configured, not what whole microseconds between requests come to. */
	const char *quick = "accounts = ( { name = \"acme\"; key_file = \"k\"; rate = \"90/s\"; } );";
	expect_cost(quick, "interval = \"MINUTELY\";", 5340, "", 0, "", 0,
	            "acme: 5340 devices need 89 requests/s of 90/s allowed (99 %)\n");
	expect_cost(quick, "", 9, "interval = \"HOURLY\";", 0, "", 0,
	            "acme: 9 devices need 9 requests/h of 324000/h allowed (less than 1 %)\n");
	/* No figure rounds to nothing as long as there is a unit. */
	expect_cost(acme, "", 3, "interval = \"QUARTERHOURLY\";", 0, "", 0,
	            "acme: 3 devices need 12 requests/h of 3600/h allowed (less than 1 %)\n");
	expect_cost(acme, "", 36, "interval = \"HOURLY\";", 0, "", 0,
	            "acme: 36 devices need 36 requests/h of 3600/h allowed (1 %)\n");
	expect_cost(acme, "", 1, "interval = \"DAILY\";", 0, "", 0,
	            "acme: 1 device needs 1 request/d of 86400/d allowed (less than 1 %)\n");
	expect_cost(acme, "", 1, "interval = \"MONTHLY\";", 0, "", 0,
	            "acme: 1 device needs 0.03 requests/d of 86400/d allowed (less than 1 %)\n");
}

static void expect_warnings(const char *settings, const char *others, int expected, const char *said) {
	struct buf text;
	struct buf out, warnings;
	buf_init(&text, OUT_MAX);
	buf_init(&out, 64 * 1024);
	buf_init(&warnings, 64 * 1024);
	buf_puts(&text, "accounts = ( { name = \"acme\"; key_file = \"k\"; }, { name = \"idle\"; key_file = \"k\"; } );\n"
	                "defaults = { account = \"acme\"; interval = \"MINUTELY\"; window = \"1h\"; };\ndevices = (\n");
	add_devices(&text, 0, 3, settings);
	add_devices(&text, 3, 1, others);
	buf_puts(&text, "\n);\n");
	struct config *config = read_text(buf_text(&text));
	expect_int(expected, cost_tell(config, &out, &warnings));
	expect_text(said, buf_text(&warnings));
	config_free(config);
	buf_done(&warnings);
	buf_done(&out);
	buf_done(&text);
}

static void a_look_back_that_has_no_room_is_told(void **state) {
	(void)state;
	expect_warnings("", "", 0, "");
	expect_warnings("max_points = 61;", "", 0, "");
	expect_warnings("max_points = 60;", "", 0,
	                "acme: room 0 and 2 more never look back, because a window fills its request: "
	                "raise max_points, shorten window, or set lookback = \"0s\"\n");
	expect_warnings("", "max_points = 60;", 0,
	                "acme: room 3 never looks back, because a window fills its request: "
	                "raise max_points, shorten window, or set lookback = \"0s\"\n");
	expect_warnings("max_points = 60; lookback = \"0s\";", "", 0, "");
	expect_warnings("max_points = 60; lookback = \"2h\";", "max_points = 30; lookback = \"1s\";", 0,
	                "acme: room 0 and 3 more never look back, because a window fills its request: "
	                "raise max_points, shorten window, or set lookback = \"0s\"\n");
	expect_warnings("interval = \"NONE\"; max_points = 1;", "", 0, "");
}

/* Ten thousand devices whose rate is exceeded, so that windows are tried.  Returns the seconds of processor time. */
static double time_of_many(bool alike) {
	struct buf text;
	struct buf out, warnings;
	buf_init(&text, OUT_MAX);
	buf_init(&out, 64 * 1024);
	buf_init(&warnings, 64 * 1024);
	buf_puts(&text, "accounts = ( { name = \"acme\"; key_file = \"k\"; rate = \"10/s\"; } );\n"
	                "defaults = { interval = \"MINUTELY\"; timezone = \"America/Denver\"; };\ndevices = (\n");
	for (int i = 0; i < 10000; i++) {
		char settle[64];
		(void)snprintf(settle, sizeof(settle), "settle = \"%ds\";", alike ? 10 : 10 + i);
		add_devices(&text, i, 1, settle);
	}
	buf_puts(&text, "\n);\n");
	struct config *config = read_text(buf_text(&text));
	clock_t start = clock();
	expect_int(-ERANGE, cost_tell(config, &out, &warnings));
	double took = (double)(clock() - start) / CLOCKS_PER_SEC;
	print_message("10,000 devices counted in %.2f s of processor time\n", took);
	expect_text("acme: 10000 devices need 166.67 requests/s of 10/s allowed (1667 %): exceeds "
	            "its rate; a window of \"18m\" would fit\n", buf_text(&out));
	config_free(config);
	buf_done(&warnings);
	buf_done(&out);
	buf_done(&text);
	return took;
}

static void ten_thousand_devices_are_counted_in_a_moment(void **state) {
	(void)state;
	/* Gone through second by second it would take hours. */
	double each = time_of_many(false), alike = time_of_many(true);
	expect_true(each < 60);
	/* Those that share their settings are counted once. */
	expect_true(alike < each / 4);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_window_is_counted),
		cmocka_unit_test(months_are_as_long_as_they_are),
		cmocka_unit_test(cost_is_told),
		cmocka_unit_test(a_look_back_that_has_no_room_is_told),
		cmocka_unit_test(ten_thousand_devices_are_counted_in_a_moment),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
