// SPDX-License-Identifier: ISC

/* What config_load() takes, what it refuses and in which words, and config_print(). */

#include "fixture.h"
#include "temporary.h"

#include "config/check.h"
#include "config/keys.h"
#include "config/print.h"
#include "config/read.h"
#include "config/value.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A fifth of the longest host. */
#define H51 "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"
#define UUID_B "BBBBBBBBBBBBBBBBBBBBBA"
#define UUID_C "CCCCCCCCCCCCCCCCCCCCCA.a51"

#define ACCOUNTS "accounts = ( { name = \"a\"; key_file = \"k\"; } );\n"
#define DEVICES "devices = ( { uuid = \"" UUID_A "\"; name = \"d\"; } );\n"

enum { PATH_SIZE = 512, OUT_MAX = 256 * 1024 * 1024 };

static char dir[64];

static int set_up(void **state) {
	(void)state;
	(void)snprintf(dir, sizeof(dir), "%.40s/test-config-XXXXXX", temporary());
	return mkdtemp(dir) ? 0 : -1;
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

static void write_bytes(const char *name, const char *text, size_t len) {
	FILE *file = fopen(path_of(name), "w");
	expect_not_null(file);
	expect_int(len, fwrite(text, 1, len, file));
	expect_int(0, fclose(file));
}

static void write_file(const char *name, const char *text) {
	write_bytes(name, text, strlen(text));
}

static void make_directory(const char *name) {
	if (mkdir(path_of(name), 0700) < 0) {
		struct stat st;
		expect_int(0, stat(path_of(name), &st));
	}
}

static void remove_file(const char *name) {
	expect_int(0, unlink(path_of(name)));
}

/* Takes the directory's name out, so that messages can be compared. */
static void strip_dir(char *text) {
	char prefix[PATH_SIZE];
	size_t len = (size_t)snprintf(prefix, sizeof(prefix), "%s/", dir);
	for (char *at = text; (at = strstr(at, prefix));) {
		memmove(at, at + len, strlen(at + len) + 1);
	}
}

/* Reads main.conf.  Returns the configuration, or NULL with the problems in *ret_said (to be freed). */
static struct config *read_main(char **ret_said) {
	struct config *config = NULL;
	struct config_problems problems;
	config_problems_init(&problems);

	int r = config_load(path_of("main.conf"), &config, &problems);
	*ret_said = strdup(buf_text(&problems.text));
	expect_not_null(*ret_said);
	strip_dir(*ret_said);
	if (r < 0) {
		expect_int(-EINVAL, r);
		expect_true(problems.count > 0);
		expect_null(config);
	} else {
		expect_int(0, problems.count);
		expect_not_null(config);
	}
	config_problems_done(&problems);
	return config;
}

static struct config *read_text(const char *text, char **ret_said) {
	write_file("main.conf", text);
	return read_main(ret_said);
}

/* A configuration that must be good. */
static struct config *read_good(const char *text) {
	char *said;
	struct config *config = read_text(text, &said);
	if (!config) {
		fail_msg("refused:\n%s\n%s", text, said);
	}
	free(said);
	return config;
}

static void expect_problems(const char *text, const char *expected) {
	char *said;
	struct config *config = read_text(text, &said);
	if (config) {
		config_free(config);
		fail_msg("taken:\n%s\nexpected:\n%s", text, expected);
	}
	if (strcmp(said, expected) != 0) {
		fail_msg("%s\nexpected:\n%s\nsaid:\n%s", text, expected, said);
	}
	free(said);
}

static char *print(const struct config *config) {
	struct buf out;
	buf_init(&out, OUT_MAX);
	config_print(config, &out);
	expect_int(0, buf_error(&out));
	char *text = strdup(buf_text(&out));
	expect_not_null(text);
	buf_done(&out);
	return text;
}

/* The table of keys, case by case */

struct key_case {
	enum key_group group;
	const char *setting; /* "key = value" and what else it needs */
	const char *printed; /* good: what --print-config says then */
	const char *problem; /* bad: what follows "main.conf:LINE: " */
};

/* One setting in an otherwise good file, always on the same line. */
static void write_case(const struct key_case *what) {
	static const char *const frames[GROUP_COUNT] = {
		[GROUP_ACCOUNTS] = "accounts = ( { name = \"a\"; key_file = \"k\";\n%s;\n} );\n" DEVICES,
		[GROUP_DEFAULTS] = "defaults = {\n%s;\n};\n" ACCOUNTS DEVICES,
		[GROUP_DEVICES] = "devices = ( { uuid = \"" UUID_A "\"; name = \"d\";\n%s;\n} );\n" ACCOUNTS,
		[GROUP_RETRY] = "retry = {\n%s;\n};\n" ACCOUNTS DEVICES,
		[GROUP_LOG] = "log = {\n%s;\n};\n" ACCOUNTS DEVICES,
		[GROUP_STATE] = "state = {\n%s;\n};\n" ACCOUNTS DEVICES,
		[GROUP_CLUSTER] = "cluster = { name = \"c\"; node = \"n\"; endpoints = ( \"https://h\" );\n%s;\n};\n" ACCOUNTS DEVICES,
	};
	/* Required keys stand in the frame already. */
	static const struct {
		enum key_group group;
		const char *key, *frame;
	} own_frames[] = {
		{GROUP_ACCOUNTS, "name = ", "accounts = ( { key_file = \"k\";\n%s;\n} );\n" DEVICES},
		{GROUP_ACCOUNTS, "key_file = ", "accounts = ( { name = \"a\";\n%s;\n} );\n" DEVICES},
		{GROUP_DEVICES, "uuid = ", "devices = ( { name = \"d\";\n%s;\n} );\n" ACCOUNTS},
		{GROUP_DEVICES, "name = ", "devices = ( { uuid = \"" UUID_A "\";\n%s;\n} );\n" ACCOUNTS},
		{GROUP_CLUSTER, "name = ", "cluster = { node = \"n\"; endpoints = ( \"https://h\" );\n%s;\n};\n" ACCOUNTS DEVICES},
		{GROUP_CLUSTER, "node = ", "cluster = { name = \"c\"; endpoints = ( \"https://h\" );\n%s;\n};\n" ACCOUNTS DEVICES},
		{GROUP_CLUSTER, "endpoints = ", "cluster = { name = \"c\"; node = \"n\";\n%s;\n};\n" ACCOUNTS DEVICES},
	};
	const char *frame = frames[what->group];
	for (size_t i = 0; i < COUNT_OF(own_frames); i++) {
		if (own_frames[i].group == what->group &&
		    strncmp(what->setting, own_frames[i].key, strlen(own_frames[i].key)) == 0) {
			frame = own_frames[i].frame;
		}
	}

	struct buf text;
	buf_init(&text, 64 * 1024);
	for (; *frame; frame++) {
		if (strncmp(frame, "%s", 2) == 0) {
			buf_puts(&text, what->setting);
			frame++;
		} else {
			buf_putc(&text, *frame);
		}
	}
	write_file("main.conf", buf_text(&text));
	buf_done(&text);
}

static const char repeat_65[] = "name = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"";

static const struct key_case key_cases[] = {
	{GROUP_ACCOUNTS, "name = \"Acme_1.x-y\"", "name = \"Acme_1.x-y\";", NULL},
	{GROUP_ACCOUNTS, "name = \"ac me\"", NULL,
	 "accounts[0].name: ac me: \"ac me\" may hold only letters, digits, \".\", \"_\" and \"-\""},
	{GROUP_ACCOUNTS, "name = \"\"", NULL, "accounts[0].name: must not be empty"},
	{GROUP_ACCOUNTS, "name = 5", NULL, "accounts[0].name: must be a name in quotes, not a number"},
	{GROUP_ACCOUNTS, repeat_65, NULL,
	 "accounts[0].name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: is 65 bytes long: "
	 "at most 64 are allowed"},
	{GROUP_ACCOUNTS, "region = \"us\"", "region = \"us\";", NULL},
	{GROUP_ACCOUNTS, "region = \"eu\"", "region = \"eu\";", NULL},
	{GROUP_ACCOUNTS, "region = \"uk\"", NULL,
	 "accounts[0].region: a: \"uk\" is not one of us, eu: did you mean \"us\"?"},
	{GROUP_ACCOUNTS, "region = \"asia\"", NULL, "accounts[0].region: a: \"asia\" is not one of us, eu"},
	{GROUP_ACCOUNTS, "base_url = \"https://proxy.example.com:8443/\"",
	 "base_url = \"https://proxy.example.com:8443\";", NULL},
	{GROUP_ACCOUNTS, "base_url = \"http://127.3.2.1:80\"", "base_url = \"http://127.3.2.1:80\";", NULL},
	{GROUP_ACCOUNTS, "base_url = \"http://[::1]:8080\"", "base_url = \"http://[::1]:8080\";", NULL},
	{GROUP_ACCOUNTS, "base_url = \"http://localhost\"", "base_url = \"http://localhost\";", NULL},
	{GROUP_ACCOUNTS, "base_url = \"https://[2001:db8::1]\"", "base_url = \"https://[2001:db8::1]\";", NULL},
	{GROUP_ACCOUNTS, "base_url = \"http://example.com\"", NULL,
	 "accounts[0].base_url: a: would send the key in clear text: http:// is only for 127.0.0.0/8, [::1] and "
	 "localhost; use https://"},
	{GROUP_ACCOUNTS, "base_url = \"http://127.0.0.1.example.com\"", NULL, "*would send the key in clear text"},
	{GROUP_ACCOUNTS, "base_url = \"http://localhost.example.com\"", NULL, "*would send the key in clear text"},
	{GROUP_ACCOUNTS, "base_url = \"http://[::2]\"", NULL, "*would send the key in clear text"},
	{GROUP_ACCOUNTS, "base_url = \"http://128.0.0.1\"", NULL, "*would send the key in clear text"},
	{GROUP_ACCOUNTS, "base_url = \"http://127.1\"", "base_url = \"http://127.1\";", NULL}, /* 127.0.0.1 to libcurl */
	{GROUP_ACCOUNTS, "base_url = \"https://user:hunter2@example.com\"", NULL,
	 "accounts[0].base_url: a: holds a user name or password, which must not be in a configuration"},
	{GROUP_ACCOUNTS, "base_url = \"http://127.0.0.1@example.com\"", NULL, "*holds a user name or password"},
	{GROUP_ACCOUNTS, "base_url = \"https://example.com/api\"", NULL,
	 "accounts[0].base_url: a: holds more than scheme://host:port"},
	{GROUP_ACCOUNTS, "base_url = \"https://example.com?x=1\"", NULL, "*holds more than scheme://host:port"},
	{GROUP_ACCOUNTS, "base_url = \"https://example.com#x\"", NULL, "*holds more than scheme://host:port"},
	{GROUP_ACCOUNTS, "base_url = \"https://example.com\\\\evil\"", NULL, "*has no valid host after ://"},
	{GROUP_ACCOUNTS, "base_url = \"https://\"", NULL, "*has no valid host after ://"},
	{GROUP_ACCOUNTS, "base_url = \"https://[::g]\"", NULL, "*holds no valid IPv6 address"},
	{GROUP_ACCOUNTS, "base_url = \"https://[1:2]\"", NULL, "*holds no valid IPv6 address"},
	{GROUP_ACCOUNTS, "base_url = \"https://h:0\"", NULL, "*has no valid port"},
	{GROUP_ACCOUNTS, "base_url = \"https://h:65536\"", NULL, "*has no valid port"},
	{GROUP_ACCOUNTS, "base_url = \"https://h:x\"", NULL, "*has no valid port"},
	{GROUP_ACCOUNTS, "base_url = \"https://h:\"", "base_url = \"https://h:\";", NULL}, /* none, to libcurl */
	{GROUP_ACCOUNTS, "base_url = \"HTTPS://example.com\"", "base_url = \"HTTPS://example.com\";", NULL},
	{GROUP_ACCOUNTS, "base_url = \"HTTP://example.com\"", NULL, "*would send the key in clear text"},
	{GROUP_ACCOUNTS, "base_url = \"https://" H51 H51 H51 H51 H51 "\"", "base_url = \"https://" H51 H51 H51 H51 H51 "\";", NULL},
	{GROUP_ACCOUNTS, "base_url = \"https://" H51 H51 H51 H51 H51 "h\"", NULL, "*has no valid host after ://"},
	{GROUP_ACCOUNTS, "base_url = \"ftp://example.com\"", NULL,
	 "accounts[0].base_url: a: does not begin with https://"},
	{GROUP_ACCOUNTS, "base_url = \"https://example.com\"; region = \"us\"", NULL,
	 "accounts[0].base_url: a: cannot be set together with region: remove one of them"},
	{GROUP_ACCOUNTS, "path = \"/api/report/getOccupancyCounts\"",
	 "path = \"/api/report/getOccupancyCounts\";", NULL},
	{GROUP_ACCOUNTS, "path = \"api\"", NULL, "accounts[0].path: a: does not begin with a slash"},
	{GROUP_ACCOUNTS, "path = \"/a b\"", NULL, "*holds a character that a URL's path cannot"},
	{GROUP_ACCOUNTS, "path = \"/a?b\"", NULL, "*holds a character that a URL's path cannot"},
	{GROUP_ACCOUNTS, "org = \"An Org\"; scheme = \"partner-api-token\"", "org = \"An Org\";", NULL},
	{GROUP_ACCOUNTS, "scheme = \"api\"; client_cert = \"c\"; client_key = \"/etc/k\"",
	 "client_key = \"/etc/k\";", NULL},
	{GROUP_ACCOUNTS, "scheme = \"partner-api\"; client_cert = \"c\"; client_key = \"k\"; org = \"o\"",
	 "scheme = \"partner-api\";", NULL},
	{GROUP_ACCOUNTS, "scheme = \"token\"", NULL,
	 "accounts[0].scheme: a: \"token\" is not one of api-token, partner-api-token, api, partner-api"},
	{GROUP_ACCOUNTS, "scheme = \"partner-api-token\"", NULL,
	 "accounts[0].scheme: a: \"partner-api-token\" needs org, the client organisation"},
	{GROUP_ACCOUNTS, "scheme = \"api\"", NULL,
	 "accounts[0].scheme: a: \"api\" needs client_cert and client_key"},
	{GROUP_ACCOUNTS, "scheme = \"api\"; client_key = \"k\"", NULL,
	 "accounts[0].scheme: a: \"api\" needs client_cert"},
	{GROUP_ACCOUNTS, "key_file = \"api-key\"", "key_file = \"api-key\";", NULL},
	{GROUP_ACCOUNTS, "key_file = \"/etc/occupancyd/a b.key\"", "key_file = \"/etc/occupancyd/a b.key\";", NULL},
	{GROUP_ACCOUNTS, "key_file = \"keys/a\"", NULL,
	 "accounts[0].key_file: a: \"keys/a\" is neither the name of a systemd credential (letters, digits, "
	 "\".\", \"_\", \"-\") nor an absolute path"},
	{GROUP_ACCOUNTS, "key_file = \"..\"", NULL, "*is neither the name of a systemd credential"},
	{GROUP_ACCOUNTS, "org = \"o\"", NULL,
	 "accounts[0].org: a: is only for the schemes partner-api-token and partner-api; this one is api-token"},
	{GROUP_ACCOUNTS, "org = \"a\\r\\nx-evil: 1\"; scheme = \"partner-api-token\"", NULL,
	 "accounts[0].org: a: \"a x-evil: 1\" must be printable ASCII, because it is sent in a header"},
	{GROUP_ACCOUNTS, "org = \"\xc3\xa9\"; scheme = \"partner-api-token\"", NULL, "*must be printable ASCII"},
	{GROUP_ACCOUNTS, "org = \" o\"; scheme = \"partner-api-token\"", NULL, "*begins or ends with a blank"},
	{GROUP_ACCOUNTS, "org = \"\"; scheme = \"partner-api-token\"", NULL, "accounts[0].org: a: must not be empty"},
	{GROUP_ACCOUNTS, "client_cert = \"c\"; client_key = \"k\"; scheme = \"api\"", "client_cert = \"c\";", NULL},
	{GROUP_ACCOUNTS, "client_cert = \"c\"", NULL,
	 "accounts[0].client_cert: a: is only for the schemes api and partner-api; this one is api-token"},
	{GROUP_ACCOUNTS, "client_key = \"k\"; client_cert = \"c\"; scheme = \"api\"", "client_key = \"k\";", NULL},
	{GROUP_ACCOUNTS, "client_key = \"k\"", NULL,
	 "accounts[0].client_key: a: is only for the schemes api and partner-api; this one is api-token"},
	{GROUP_ACCOUNTS, "ca_file = \"/etc/ssl/ca.pem\"", "ca_file = \"/etc/ssl/ca.pem\";", NULL},
	{GROUP_ACCOUNTS, "crl_file = \"/etc/ssl/crl.pem\"", "crl_file = \"/etc/ssl/crl.pem\";", NULL},
	{GROUP_ACCOUNTS, "crl_file = \"\"", NULL, "accounts[0].crl_file: a: must not be empty"},
	{GROUP_ACCOUNTS, "ca_file = true", NULL,
	 "accounts[0].ca_file: a: must be the name of a systemd credential or an absolute path, in quotes, not "
	 "true or false"},
	{GROUP_ACCOUNTS, "proxy = \"socks5h://proxy:1080\"", "proxy = \"socks5h://proxy:1080\";", NULL},
	{GROUP_ACCOUNTS, "proxy = \"http://proxy:3128\"", "proxy = \"http://proxy:3128\";", NULL},
	{GROUP_ACCOUNTS, "proxy = \"http://u:hunter2@proxy:3128\"", NULL,
	 "accounts[0].proxy: a: holds a user name or password, which must not be in a configuration"},
	{GROUP_ACCOUNTS, "proxy = \"proxy:3128\"", NULL,
	 "accounts[0].proxy: a: does not begin with http://, https://, socks5:// or socks5h://"},
	{GROUP_ACCOUNTS, "proxy = \"http://proxy\"; base_url = \"http://127.0.0.1\"", NULL,
	 "accounts[0].proxy: a: would see the key in clear text, because base_url begins with http://: leave it out"},
	{GROUP_ACCOUNTS, "rate = \"1000/s\"", "rate = \"1000/s\";", NULL},
	{GROUP_ACCOUNTS, "rate = \"7/s\"", "rate = \"7/s\";", NULL},
	{GROUP_ACCOUNTS, "rate = \"70/m\"", "rate = \"70/m\";", NULL},
	{GROUP_ACCOUNTS, "rate = \"60/m\"", "rate = \"60/m\";", NULL},
	{GROUP_ACCOUNTS, "rate = \"90/s\"", "rate = \"90/s\";", NULL},
	{GROUP_ACCOUNTS, "rate = \"323990/h\"", "rate = \"323990/h\";", NULL},
	{GROUP_ACCOUNTS, "rate = \"1000/h\"", "rate = \"1000/h\";", NULL},
	{GROUP_ACCOUNTS, "rate = \"1/h\"", "rate = \"1/h\";", NULL},
	{GROUP_ACCOUNTS, "rate = \"0/h\"", NULL, "accounts[0].rate: a: \"0/h\" is out of range: from 1/h to 1000/s"},
	{GROUP_ACCOUNTS, "rate = \"1001/s\"", NULL, "*is out of range: from 1/h to 1000/s"},
	{GROUP_ACCOUNTS, "rate = \"60001/m\"", NULL, "*is out of range: from 1/h to 1000/s"},
	{GROUP_ACCOUNTS, "rate = \"99999999999999999999999/h\"", NULL, "*is out of range: from 1/h to 1000/s"},
	{GROUP_ACCOUNTS, "rate = \"1\"", NULL,
	 "accounts[0].rate: a: \"1\" is not a rate: write a number per second, minute or hour, such as \"1/s\", "
	 "\"30/m\" or \"1000/h\""},
	{GROUP_ACCOUNTS, "rate = \"1/d\"", NULL, "*is not a rate"},
	{GROUP_ACCOUNTS, "rate = \"-1/s\"", NULL, "*is not a rate"},
	{GROUP_ACCOUNTS, "burst = 1", "burst = 1;", NULL},
	{GROUP_ACCOUNTS, "burst = 10000", "burst = 10000;", NULL},
	{GROUP_ACCOUNTS, "burst = 0x10", "burst = 16;", NULL},
	{GROUP_ACCOUNTS, "burst = 0", NULL, "accounts[0].burst: a: 0 is out of range: from 1 to 10000"},
	{GROUP_ACCOUNTS, "burst = 10001", NULL, "accounts[0].burst: a: 10001 is out of range: from 1 to 10000"},
	{GROUP_ACCOUNTS, "burst = 4294967306", NULL,
	 "accounts[0].burst: a: 4294967306 is out of range: from 1 to 10000"},
	{GROUP_ACCOUNTS, "burst = 0x10000000A", NULL, "*0x10000000A is out of range"},
	{GROUP_ACCOUNTS, "burst = 4294967306L", NULL, "*4294967306L is out of range"},
	{GROUP_ACCOUNTS, "burst = 18446744073709551626", NULL, "*18446744073709551626 is out of range"},
	{GROUP_ACCOUNTS, "burst = 1e3", NULL, "accounts[0].burst: a: must be a whole number, not 1e3"},
	{GROUP_ACCOUNTS, "burst = \"10\"", NULL,
	 "accounts[0].burst: a: must be a whole number, not a text in quotes"},
	{GROUP_ACCOUNTS, "max_in_flight = 64", "max_in_flight = 64;", NULL},
	{GROUP_ACCOUNTS, "max_in_flight = 65", NULL,
	 "accounts[0].max_in_flight: a: 65 is out of range: from 1 to 64"},
	{GROUP_ACCOUNTS, "connect_timeout = \"5s\"", "connect_timeout = \"5s\";", NULL},
	{GROUP_ACCOUNTS, "connect_timeout = \"0\"", NULL,
	 "accounts[0].connect_timeout: a: \"0\" is out of range: from 1s to 5m"},
	{GROUP_ACCOUNTS, "api_key = \"hunter2\"", NULL,
	 "accounts[0].api_key: a: there is no such setting: a key must not be in a configuration; put it "
	 "into a file and name the file with key_file"},

	{GROUP_DEFAULTS, "account = \"a\"", "account = \"a\";", NULL},
	{GROUP_DEFAULTS, "account = \"b\"", NULL, "defaults.account: there is no account of the name \"b\""},
	{GROUP_DEFAULTS, "interval = \"HOURLY\"", "interval = \"HOURLY\";", NULL},
	{GROUP_DEFAULTS, "interval = \"NONE\"", "interval = \"NONE\";", NULL},
	{GROUP_DEFAULTS, "interval = \"hourly\"", NULL,
	 "defaults.interval: \"hourly\" is not one of NONE, MINUTELY, QUARTERHOURLY, HOURLY, DAILY, WEEKLY, "
	 "MONTHLY: did you mean \"HOURLY\"?"},
	{GROUP_DEFAULTS, "interval = \"YEARLY\"", NULL, "*is not one of NONE, MINUTELY"},
	{GROUP_DEFAULTS, "window = \"1h\"", "window = \"1h\";", NULL},
	{GROUP_DEFAULTS, "window = \"20m\"", NULL,
	 "defaults.window: window \"20m\" does not suit QUARTERHOURLY: it must be whole buckets and divide a "
	 "day, such as \"15m\" or \"30m\""},
	{GROUP_DEFAULTS, "timezone = \"Europe/Berlin\"", "timezone = \"Europe/Berlin\";", NULL},
	{GROUP_DEFAULTS, "timezone = \"Europe/Berlim\"", NULL,
	 "defaults.timezone: \"Europe/Berlim\" is not in this machine's time zone database: did you mean "
	 "\"Europe/Berlin\"?"},
	{GROUP_DEFAULTS, "timezone = \"../../etc/passwd\"", NULL, "*is not in this machine's time zone database"},
	{GROUP_DEFAULTS, "week_start = \"sunday\"", "week_start = \"sunday\";", NULL},
	{GROUP_DEFAULTS, "week_start = 0", NULL, "defaults.week_start: must be a word in quotes, not a number"},
	{GROUP_DEFAULTS, "settle = \"0\"", "settle = \"0s\";", NULL},
	{GROUP_DEFAULTS, "settle = \"8d\"", NULL, "defaults.settle: \"8d\" is out of range: from 0s to 7d"},
	{GROUP_DEFAULTS, "settle = 90", NULL,
	 "defaults.settle: must be a duration in quotes, such as \"90s\", not a number"},
	{GROUP_DEFAULTS, "settle = \"ninety\"", NULL, "*defaults.settle: \"ninety\""},
	{GROUP_DEFAULTS, "settle = \"99999999999999999999d\"", NULL, "*is out of range: from 0s to 7d"},
	{GROUP_DEFAULTS, "lookback = \"7d\"", "lookback = \"7d\";", NULL},
	{GROUP_DEFAULTS, "recheck = ( \"2h\", \"90m1s\", \"3d\" )", NULL,
	 "defaults.recheck: \"90m1s\" is not longer than the one before it: each must be"},
	{GROUP_DEFAULTS, "recheck = ( \"2h\", \"731d\" )", "recheck = ( \"2h\", \"731d\" );", NULL},
	{GROUP_DEFAULTS, "recheck = ( \"1h\", \"6h\", \"1d\" )", "recheck = ( \"1h\", \"6h\", \"1d\" );", NULL},
	{GROUP_DEFAULTS, "recheck = [ \"1s\" ]", "recheck = ( \"1s\" );", NULL},
	{GROUP_DEFAULTS, "recheck = ( )", "recheck = ( );", NULL},
	{GROUP_DEFAULTS, "recheck = [ \"1s\", \"2s\", \"3s\", \"4s\", \"5s\", \"6s\", \"7s\", \"8s\", \"9s\" ]", NULL,
	 "defaults.recheck: holds too many durations: at most 8 are allowed"},
	{GROUP_DEFAULTS, "recheck = ( \"0s\" )", NULL, "defaults.recheck: \"0s\" is out of range: from 1s to 731d"},
	{GROUP_DEFAULTS, "recheck = ( \"731d1s\" )", NULL,
	 "defaults.recheck: \"731d1s\" is out of range: from 1s to 731d"},
	{GROUP_DEFAULTS, "recheck = ( \"1h\", 6 )", NULL,
	 "defaults.recheck: member 2 of the list must be a text in quotes, such as \"1h\""},
	{GROUP_DEFAULTS, "recheck = ( \"1h,2h\" )", NULL,
	 "defaults.recheck: member 1 of the list must be a text in quotes, such as \"1h\""},
	{GROUP_DEFAULTS, "recheck = ( \"\" )", NULL,
	 "defaults.recheck: member 1 of the list must be a text in quotes, such as \"1h\""},
	{GROUP_DEFAULTS, "recheck = \"1h\"", NULL,
	 "defaults.recheck: must be a list of durations in quotes, such as ( \"1h\", \"1d\" ), not a text in quotes"},
	{GROUP_DEFAULTS, "lookback = \"7d1s\"", NULL, "defaults.lookback: \"7d1s\" is out of range: from 0s to 7d"},
	{GROUP_DEFAULTS, "backfill = \"731d\"", "backfill = \"731d\";", NULL},
	{GROUP_DEFAULTS, "backfill = \"732d\"", NULL, "defaults.backfill: \"732d\" is out of range: from 1h to 731d"},
	{GROUP_DEFAULTS, "backfill = \"59m\"", NULL, "*is out of range: from 1h to 731d"},
	{GROUP_DEFAULTS, "backfill = \"1h\"; window = \"2h\"", NULL,
	 "defaults.backfill: backfill \"1h\" is too short for QUARTERHOURLY: it must be at least window + settle "
	 "+ 10m: write \"2h12m\" or more"},
	{GROUP_DEFAULTS, "settle = \"0\"; window = \"1d\"; backfill = \"24h10m\"", "backfill = \"1d10m\";", NULL},
	{GROUP_DEFAULTS, "settle = \"0\"; window = \"1d\"; backfill = \"24h9m59s\"", NULL, "*write \"1d10m\" or more"},
	{GROUP_DEFAULTS, "backfill_from = \"6h\"", "backfill_from = \"6h\";", NULL},
	{GROUP_DEFAULTS, "backfill_from = \"2026-11-23T08:00:00+01:00\"",
	 "backfill_from = \"2026-11-23T07:00:00Z\";", NULL},
	{GROUP_DEFAULTS, "backfill_from = \"yesterday\"", NULL,
	 "defaults.backfill_from: \"yesterday\" is neither a time such as \"2026-11-23T08:00:00Z\" nor a duration "
	 "such as \"6h\""},
	{GROUP_DEFAULTS, "backfill_from = \"2026-11-23T08:00:00\"", NULL, "*is neither a time such as"},
	{GROUP_DEFAULTS, "timeout = \"10m\"", "timeout = \"10m\";", NULL},
	{GROUP_DEFAULTS, "timeout = \"11m\"", NULL, "defaults.timeout: \"11m\" is out of range: from 1s to 10m"},
	{GROUP_DEFAULTS, "max_points = 10000", "max_points = 10000;", NULL},
	{GROUP_DEFAULTS, "max_points = 0", NULL, "defaults.max_points: 0 is out of range: from 1 to 10000"},
	{GROUP_DEFAULTS, "count_key = \"people \\\"in\\\"\"", "count_key = \"people \\\"in\\\"\";", NULL},
	{GROUP_DEFAULTS, "count_key = [ \"a\" ]", NULL,
	 "defaults.count_key: must be a text in quotes, not an array [ ... ]"},
	{GROUP_DEFAULTS, "stamp = \"end\"", "stamp = \"end\";", NULL},
	{GROUP_DEFAULTS, "stamp = \"middle\"", NULL, "defaults.stamp: \"middle\" is not one of start, end"},
	{GROUP_DEFAULTS, "labels = { floor = 1; b = false; f = 1.50; z = 007; big = 99999999999; }",
	 "labels = { floor = \"1\"; b = \"false\"; f = \"1.50\"; z = \"007\"; big = \"99999999999\"; };", NULL},
	{GROUP_DEFAULTS, "labels = { q = \"a\\\"b\\\\c\"; u = \"\xc3\xa9\"; e = \"\"; }",
	 "labels = { q = \"a\\\"b\\\\c\"; u = \"\xc3\xa9\"; e = \"\"; };", NULL},
	{GROUP_DEFAULTS, "labels = { }", "max_points = 1440;", NULL},
	{GROUP_DEFAULTS, "labels = \"floor\"", NULL,
	 "defaults.labels: must be a group of texts, such as { floor = \"1\"; }, not a text in quotes"},
	{GROUP_DEFAULTS, "labels = { floor = { a = 1; }; }", NULL, "defaults.labels.floor: must be a text in quotes"},
	{GROUP_DEFAULTS, "labels = { a*b = \"x\"; }", NULL,
	 "defaults.labels.a*b: a label's name is at most 64 letters, digits, \"_\" and \"-\""},
	{GROUP_DEFAULTS, "labels = { a = \"x\\ny\"; }", NULL,
	 "defaults.labels.a: holds control characters or is not UTF-8"},
	{GROUP_DEFAULTS, "labels = { a = \"\xff\"; }", NULL,
	 "defaults.labels.a: holds control characters or is not UTF-8"},

	{GROUP_DEVICES, "uuid = \"" UUID_C "\"", "uuid = \"" UUID_C "\";", NULL},
	{GROUP_DEVICES, "uuid = \"" UUID_B "\"", "uuid = \"" UUID_B "\";", NULL},
	{GROUP_DEVICES, "uuid = \"" UUID_B ".v123\"", NULL,
	 "devices[0].uuid: d: \"" UUID_B ".v123\" is not a device: write its 22 letters, digits, \"_\" or \"-\", and "
	 "a facet like \".v0\" if it has one"},
	{GROUP_DEVICES, "uuid = \"" UUID_B "A\"", NULL, "*is not a device"},
	{GROUP_DEVICES, "uuid = \"" UUID_B ".\"", NULL, "*is not a device"},
	{GROUP_DEVICES, "uuid = \"" UUID_B ".v\"", NULL, "*is not a device"},
	{GROUP_DEVICES, "uuid = \"" UUID_B ".b1\"", NULL, "*is not a device"},
	{GROUP_DEVICES, "uuid = \"BBBBBBBBBBBBBBBBBBBBB+\"", NULL, "*is not a device"},
	{GROUP_DEVICES, "uuid = \"\"", NULL, "*is not a device"},
	{GROUP_DEVICES, "name = \"Caf\xc3\xa9, 2nd floor\"", "name = \"Caf\xc3\xa9, 2nd floor\";", NULL},
	{GROUP_DEVICES, "name = \"two  blanks\"", "name = \"two  blanks\";", NULL},
	{GROUP_DEVICES, "name = \"a\\tb\"", NULL,
	 "devices[0].name: a b: \"a b\" holds control characters or is not UTF-8"},
	{GROUP_DEVICES, "name = \" a\"", NULL, "*begins or ends with a blank"},
	{GROUP_DEVICES, "site = \"hq\"", "site = \"hq\";", NULL},
	{GROUP_DEVICES, "site = \"\"", NULL, "devices[0].site: d: must not be empty"},
	{GROUP_DEVICES, "capacity = 44", "capacity = 44;", NULL},
	{GROUP_DEVICES, "capacity = 0", NULL, "devices[0].capacity: d: 0 is out of range: from 1 to 1000000"},
	{GROUP_DEVICES, "capacity = 2.5", NULL, "devices[0].capacity: d: must be a whole number, not 2.5"},
	{GROUP_DEVICES, "capacity = \"44\"", NULL, "devices[0].capacity: d: must be a whole number, not a text in quotes"},
	{GROUP_DEVICES, "account = \"a\"", "account = \"a\";", NULL},
	{GROUP_DEVICES, "account = \"b\"", NULL, "devices[0].account: d: there is no account of the name \"b\""},
	{GROUP_DEVICES, "interval = \"NONE\"; window = \"7m\"", NULL,
	 "devices[0].window: d: window \"7m\" does not suit NONE: it must be whole minutes and divide a day, such "
	 "as \"6m\" or \"8m\""},
	{GROUP_DEVICES, "settel = \"1s\"", NULL,
	 "devices[0].settel: d: there is no such setting: did you mean settle?"},
	{GROUP_DEVICES, "burst = 1", NULL,
	 "devices[0].burst: d: there is no such setting here: it belongs to accounts"},
	{GROUP_DEVICES, "frobnicate = 1", NULL,
	 "devices[0].frobnicate: d: there is no such setting: occupancyd.conf(5) lists those of devices"},

	{GROUP_RETRY, "base = \"100ms\"", "base = \"100ms\";", NULL},
	{GROUP_RETRY, "base = \"99ms\"", NULL, "retry.base: \"99ms\" is out of range: from 100ms to 10m"},
	{GROUP_RETRY, "cap = \"1h\"", "cap = \"1h\";", NULL},
	{GROUP_RETRY, "cap = \"1s\"", "cap = \"1s\";", NULL},
	{GROUP_RETRY, "cap = \"61m\"", NULL, "retry.cap: \"61m\" is out of range: from 1s to 1h"},
	{GROUP_RETRY, "cap = \"999ms\"", NULL, "retry.cap: \"999ms\" is out of range: from 1s to 1h"},
	{GROUP_RETRY, "cap = \"2s\"; base = \"3s\"", NULL, "retry.cap: cap \"2s\" is less than base \"3s\": raise it"},
	{GROUP_RETRY, "base = \"2m\"", NULL, "retry.base: cap \"1m\" is less than base \"2m\": raise it"},

	{GROUP_LOG, "directory = \"/srv/log\"", "directory = \"/srv/log\";", NULL},
	{GROUP_LOG, "directory = \"log\"", NULL,
	 "log.directory: \"log\" is not an absolute path: begin it with a slash"},
	{GROUP_LOG, "format = \"csv\"", "format = \"csv\";", NULL},
	{GROUP_LOG, "format = \"json\"", NULL, "*is not one of ndjson, csv: did you mean \"ndjson\"?"},
	{GROUP_LOG, "rotate_size = \"0\"", "rotate_size = \"0\";", NULL},
	{GROUP_LOG, "rotate_size = \"64KiB\"", "rotate_size = \"64KiB\";", NULL},
	{GROUP_LOG, "rotate_size = \"1TiB\"", "rotate_size = \"1TiB\";", NULL},
	{GROUP_LOG, "rotate_size = \"63KiB\"", NULL,
	 "log.rotate_size: \"63KiB\" is out of range: \"0\", or from 64KiB to 1TiB"},
	{GROUP_LOG, "rotate_size = 1048576", NULL,
	 "log.rotate_size: must be a size in quotes, such as \"64MiB\", not a number"},
	{GROUP_LOG, "rotate_size = 8589934592", NULL,
	 "log.rotate_size: must be a size in quotes, such as \"64MiB\", not a number"},
	{GROUP_LOG, "rotate_size = \"64MB\"", NULL, "*log.rotate_size: \"64MB\" has no known unit"},
	{GROUP_LOG, "rotate_every = \"hour\"", "rotate_every = \"hour\";", NULL},
	{GROUP_LOG, "rotate_every = \"week\"", NULL, "log.rotate_every: \"week\" is not one of never, hour, day"},
	{GROUP_LOG, "keep = 0", "keep = 0;", NULL},
	{GROUP_LOG, "keep = -1", NULL, "log.keep: -1 is out of range: from 0 to 1000000"},
	{GROUP_LOG, "keep = 4294967296", NULL, "log.keep: 4294967296 is out of range: from 0 to 1000000"},
	{GROUP_LOG, "keep_bytes = \"0\"", "keep_bytes = \"0\";", NULL},
	{GROUP_LOG, "keep_bytes = \"1B\"", NULL, "*is out of range: \"0\", or from 64KiB to 1024TiB"},
	{GROUP_LOG, "keep_age = \"400d\"", "keep_age = \"400d\";", NULL},
	{GROUP_LOG, "keep_age = \"forever\"", NULL, "*log.keep_age: \"forever\""},
	{GROUP_LOG, "compress = false", "compress = false;", NULL},
	{GROUP_LOG, "delaycompress = true", "delaycompress = true;", NULL},
	{GROUP_LOG, "delaycompress = 1", NULL, "*log.delaycompress: "},
	{GROUP_LOG, "compress = \"yes\"", NULL, "log.compress: must be true or false, not a text in quotes"},
	{GROUP_LOG, "compres = true", NULL, "log.compres: there is no such setting: did you mean compress?"},

	{GROUP_STATE, "directory = \"/srv/state\"", "directory = \"/srv/state\";", NULL},
	{GROUP_STATE, "directory = \"\"", NULL, "state.directory: must not be empty"},
	{GROUP_STATE, "runtime_directory = \"/run/x\"", "runtime_directory = \"/run/x\";", NULL},
	{GROUP_STATE, "runtime_directory = \"run\"", NULL, "*state.runtime_directory: "},

	{GROUP_CLUSTER, "name = \"hq.example-1\"", "name = \"hq.example-1\";", NULL},
	{GROUP_CLUSTER, "name = \"\"", NULL, "cluster.name: must not be empty"},
	{GROUP_CLUSTER, "name = \"h/q\"", NULL,
	 "cluster.name: \"h/q\" may hold only letters, digits, \".\", \"_\" and \"-\""},
	{GROUP_CLUSTER, repeat_65, NULL, "cluster.name: is 65 bytes long: at most 64 are allowed"},
	{GROUP_CLUSTER, "node = \"server-a.example.com\"", "node = \"server-a.example.com\";", NULL},
	{GROUP_CLUSTER, "node = \"\"", NULL, "cluster.node: must not be empty"},
	{GROUP_CLUSTER, "node = \"a\\tb\"", NULL, "*cluster.node: \"a b\" may hold only letters"},
	{GROUP_CLUSTER, "node = 1", NULL, "cluster.node: must be a name in quotes, not a number"},
	{GROUP_CLUSTER, "endpoints = ( \"https://10.0.0.1:2379/\", \"https://[2001:db8::1]:2379\" )",
	 "endpoints = ( \"https://10.0.0.1:2379\", \"https://[2001:db8::1]:2379\" );", NULL},
	{GROUP_CLUSTER, "endpoints = [ \"http://127.0.0.1:2379\" ]", "endpoints = ( \"http://127.0.0.1:2379\" );", NULL},
	{GROUP_CLUSTER, "endpoints = ( \"http://127.0.0.1:1\", \"http://127.0.0.1:2\" )",
	 "endpoints = ( \"http://127.0.0.1:1\", \"http://127.0.0.1:2\" );", NULL},
	{GROUP_CLUSTER, "endpoints = ( )", NULL, "cluster.endpoints: must not be empty"},
	{GROUP_CLUSTER, "endpoints = \"https://10.0.0.1:2379\"", NULL,
	 "cluster.endpoints: must be a list of URLs in quotes, such as ( \"https://10.0.0.1:2379\" ), not a text in quotes"},
	{GROUP_CLUSTER, "endpoints = ( \"https://a\", \"https://b,https://c\" )", NULL,
	 "cluster.endpoints: member 2 of the list must be one URL in quotes, such as \"https://10.0.0.1:2379\""},
	{GROUP_CLUSTER, "endpoints = ( \"\" )", NULL, "*cluster.endpoints: member 1 of the list must be one URL"},
	{GROUP_CLUSTER, "endpoints = ( 2379 )", NULL, "*cluster.endpoints: member 1 of the list must be one URL"},
	{GROUP_CLUSTER, "endpoints = ( \"https://a\", \"http://10.0.0.1:2379\" )", NULL,
	 "cluster.endpoints: member 2: would send records in clear text: http:// is only for 127.0.0.0/8, [::1] and "
	 "localhost; use https://"},
	{GROUP_CLUSTER, "endpoints = ( \"10.0.0.1:2379\" )", NULL,
	 "cluster.endpoints: member 1: does not begin with https://"},
	{GROUP_CLUSTER, "endpoints = ( \"https://a:2379/v3\" )", NULL,
	 "cluster.endpoints: member 1: holds more than scheme://host:port"},
	{GROUP_CLUSTER, "endpoints = ( \"https://a:2379?x=1\" )", NULL, "*member 1: holds more than scheme://host:port"},
	{GROUP_CLUSTER, "endpoints = ( \"https://root:hunter2@a:2379\" )", NULL,
	 "cluster.endpoints: member 1: holds a user name or password, which must not be in a configuration"},
	{GROUP_CLUSTER, "endpoints = ( \"https://a:2379\", \"https://b:2379\", \"https://A:2379/\" )", NULL,
	 "cluster.endpoints: member 3: \"https://A:2379/\" is there twice: remove one"},
	{GROUP_CLUSTER, "ca_file = \"cluster-ca\"", "ca_file = \"cluster-ca\";", NULL},
	{GROUP_CLUSTER, "ca_file = \"ca/cluster\"", NULL, "*cluster.ca_file: \"ca/cluster\" is neither the name of a systemd"},
	{GROUP_CLUSTER, "client_cert = \"/c.pem\"; client_key = \"k\"", "client_cert = \"/c.pem\";", NULL},
	{GROUP_CLUSTER, "client_cert = \"c\"", NULL, "cluster.client_cert: needs client_key, its private key"},
	{GROUP_CLUSTER, "client_cert = \"..\"", NULL, "*cluster.client_cert: \"..\" is neither the name of a systemd"},
	{GROUP_CLUSTER, "client_key = \"k\"; client_cert = \"c\"", "client_key = \"k\";", NULL},
	{GROUP_CLUSTER, "client_key = \"k\"", NULL, "cluster.client_key: needs client_cert, its certificate"},
	{GROUP_CLUSTER, "endpoints = ( \"https://a\", \"http://[::1]\" ); client_cert = \"c\"; client_key = \"k\"", NULL,
	 "cluster.client_cert: is never shown to http://[::1]: write https:// in all endpoints, or leave client_cert and "
	 "client_key out"},
	{GROUP_CLUSTER, "lease = \"5s\"", "lease = \"5s\";", NULL},
	{GROUP_CLUSTER, "lease = \"10m\"", "lease = \"10m\";", NULL},
	{GROUP_CLUSTER, "lease = \"4999ms\"", NULL, "cluster.lease: \"4999ms\" is out of range: from 5s to 10m"},
	{GROUP_CLUSTER, "lease = \"601s\"", NULL, "cluster.lease: \"601s\" is out of range: from 5s to 10m"},
	{GROUP_CLUSTER, "retention = \"1h\"", "retention = \"1h\";", NULL},
	{GROUP_CLUSTER, "retention = \"90d\"", "retention = \"90d\";", NULL},
	{GROUP_CLUSTER, "retention = \"91d\"", NULL, "cluster.retention: \"91d\" is out of range: from 1h to 90d"},
	{GROUP_CLUSTER, "retention = \"0\"", NULL, "cluster.retention: \"0\" is out of range: from 1h to 90d"},
	{GROUP_CLUSTER, "retention_bytes = \"16MiB\"", "retention_bytes = \"16MiB\";", NULL},
	{GROUP_CLUSTER, "retention_bytes = \"3GiB\"", "retention_bytes = \"3GiB\";", NULL},
	{GROUP_CLUSTER, "retention_bytes = \"15MiB\"", NULL,
	 "cluster.retention_bytes: \"15MiB\" is out of range: from 16MiB to 3GiB"},
	{GROUP_CLUSTER, "retention_bytes = \"4GiB\"", NULL, "*retention_bytes: \"4GiB\" is out of range: from 16MiB to 3GiB"},
	{GROUP_CLUSTER, "retention_bytes = \"0\"", NULL,
	 "cluster.retention_bytes: \"0\" is out of range: from 16MiB to 3GiB"},
	{GROUP_CLUSTER, "prefer = ( \"a\" )", "prefer = ( \"a\" );", NULL},
	{GROUP_CLUSTER, "prefer = ( )", "retention = \"7d\";", NULL},
	{GROUP_CLUSTER, "prefer = ( \"a\", \"b\" )", NULL, "cluster.prefer: there is no account of the name \"b\""},
	{GROUP_CLUSTER, "prefer = ( \"a\", \"a\" )", NULL, "cluster.prefer: member 2: \"a\" is there twice: remove one"},
	{GROUP_CLUSTER, "prefer = ( \"a\", \"a b\" )", NULL, "*cluster.prefer: member 2: \"a b\" may hold only letters"},
	{GROUP_CLUSTER, "prefer = ( \"a,a\" )", NULL,
	 "cluster.prefer: member 1 of the list must be a name in quotes, such as \"north\""},
	{GROUP_CLUSTER, "prefer = \"a\"", NULL,
	 "cluster.prefer: must be a list of names in quotes, such as ( \"north\", \"south\" ), not a text in quotes"},
	{GROUP_CLUSTER, "preffer = ( \"a\" )", NULL, "cluster.preffer: there is no such setting: did you mean prefer?"},
	{GROUP_CLUSTER, "keep_age = \"1d\"", NULL, "cluster.keep_age: there is no such setting here: it belongs to log"},
};

/* The problem's line is 2 but for what is told of the group.  "*" begins a part of the sentence. */
static void check_bad(const struct key_case *what, const char *said) {
	if (what->problem[0] == '*') {
		if (!strstr(said, what->problem + 1)) {
			fail_msg("%s: expected ...%s...\nsaid %s", what->setting, what->problem + 1, said);
		}
		return;
	}
	char expected[1024];
	(void)snprintf(expected, sizeof(expected), "main.conf:2: %s\n", what->problem);
	if (strcmp(said, expected) != 0) {
		fail_msg("%s:\nexpected %ssaid     %s", what->setting, expected, said);
	}
}

static void each_key_takes_and_refuses(void **state) {
	(void)state;
	for (size_t i = 0; i < COUNT_OF(key_cases); i++) {
		const struct key_case *what = &key_cases[i];
		char *said;
		write_case(what);
		struct config *config = read_main(&said);

		if (what->printed) {
			if (!config) {
				fail_msg("%s: refused: %s", what->setting, said);
			}
			char *text = print(config);
			if (!strstr(text, what->printed)) {
				fail_msg("%s: expected %s in\n%s\nA key of a device or of state is handed on in "
				         "config/devices.c or config/read.c, and in config/print.c",
				         what->setting, what->printed, text);
			}
			free(text);
		} else {
			if (config) {
				fail_msg("%s: taken", what->setting);
			}
			check_bad(what, said);
			/* A password that stands where it should not is not told to anybody. */
			expect_null(strstr(said, "hunter2"));
		}
		config_free(config);
		free(said);
	}
}

static void each_key_has_a_case(void **state) {
	(void)state;
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		const struct key *key = &key_table[id];
		bool good = false;
		bool bad = false;
		for (size_t i = 0; i < COUNT_OF(key_cases); i++) {
			char setting[64];
			(void)snprintf(setting, sizeof(setting), "%s = ", key->name);
			if (key_cases[i].group == key->group &&
			    strncmp(key_cases[i].setting, setting, strlen(setting)) == 0) {
				good |= key_cases[i].printed != NULL;
				bad |= key_cases[i].problem != NULL;
			}
		}
		if (!good || !bad) {
			fail_msg("%s.%s: no %s case", group_table[key->group].name, key->name, good ? "bad" : "good");
		}
	}
}

/* Of the member that a value of this type is read into. */
static size_t size_of_type(enum key_type type) {
	switch (type) {
	case TYPE_INT:
	case TYPE_ENUM:
		return sizeof(int);
	case TYPE_DISTANCES:
		return sizeof(struct rechecks);
	case TYPE_BOOL:
		return sizeof(bool);
	case TYPE_DURATION:
		return sizeof(usec_t);
	case TYPE_RATE:
		return sizeof(struct request_rate);
	case TYPE_SIZE:
		return sizeof(int64_t);
	case TYPE_SINCE:
		return sizeof(struct since);
	default:
		return sizeof(const char *);
	}
}

/* What a daemon watches are the files that the table has: each at its place, and no other. */
static void files_are_those_of_the_table(void **state) {
	(void)state;
	size_t count = 0;
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		if (key_table[id].group != GROUP_ACCOUNTS || key_table[id].type != TYPE_FILE) {
			continue;
		}
		static const char text[] = "/file";
		const char *value = text;
		struct account_draft draft = {0};
		const char *files[ACCOUNT_FILES];
		memcpy((char *)&draft + key_table[id].offset, &value, sizeof(value));
		account_files(&draft.account, files);
		size_t seen = 0;
		for (size_t i = 0; i < ACCOUNT_FILES; i++) {
			seen += files[i] == value;
			expect_true(files[i] == value || !files[i]);
		}
		if (seen != 1) {
			fail_msg("%s is not among the files of an account", key_table[id].name);
		}
		count++;
	}
	expect_int(ACCOUNT_FILES, count);
}

static void table_agrees_with_itself(void **state) {
	(void)state;
	for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
		expect_text(interval_name(i), key_table[KEY_INTERVAL].choices[i]);
	}
	expect_null(key_table[KEY_INTERVAL].choices[INTERVAL_COUNT]);
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		if (!key_table[id].name) {
			fail_msg("enum key_id has a key that config/keys.c has no line for, behind %s",
			         id > 0 ? key_table[id - 1].name : "nothing");
		}
		if (!key_table[id].fallback && !value_can_be_unset(key_table[id].type)) {
			fail_msg("%s: a key of the type %s needs a default, or config/value.c must tell that it is not set",
			         key_table[id].name, value_type_name(key_table[id].type));
		}
		expect_int(id, key_find(key_table[id].group, key_table[id].name));
		expect_true(!key_table[id].required || key_table[id].note);
		expect_not_null(value_type_name(key_table[id].type));
		expect_int(size_of_type(key_table[id].type), key_table[id].size);
		/* What a list holds cannot be compared with what it held. */
		enum key_group group = key_table[id].group;
		expect_true(!key_table[id].restart || (group != GROUP_DEFAULTS && !group_table[group].list));
	}
	expect_int(KEY_INTERVAL, key_find(GROUP_DEVICES, "interval"));
	expect_int(KEY_COUNT, key_find(GROUP_DEFAULTS, "uuid"));
	expect_text("partner-api", scheme_name(SCHEME_PARTNER_API));
	expect_true(scheme_wants_cert(SCHEME_API) && scheme_wants_cert(SCHEME_PARTNER_API));
	expect_false(scheme_wants_cert(SCHEME_API_TOKEN) || scheme_wants_cert(SCHEME_PARTNER_API_TOKEN));
	expect_true(scheme_wants_org(SCHEME_PARTNER_API_TOKEN) && scheme_wants_org(SCHEME_PARTNER_API));
	expect_false(scheme_wants_org(SCHEME_API_TOKEN) || scheme_wants_org(SCHEME_API));
}

static void defaults_are_those_of_the_design(void **state) {
	(void)state;
	struct config *config = read_good(ACCOUNTS DEVICES);
	const struct account *account = &config->accounts[0];
	const struct device *device = &config->devices[0];
	const struct settings *settings = device->settings;

	expect_int(1, config->account_count);
	expect_int(1, config->device_count);
	expect_text("https://api2.rhombussystems.com", account->base_url);
	expect_text("/api/report/getOccupancyCountsV2", account->path);
	expect_int(SCHEME_API_TOKEN, account->scheme);
	expect_int(1, account->rate.count);
	expect_int(USEC_PER_SEC, account->rate.per);
	expect_int(USEC_PER_SEC, account->rate.gap);
	expect_int(10, account->burst);
	expect_int(4, account->max_in_flight);
	expect_int(10 * USEC_PER_SEC, account->connect_timeout);
	expect_null(account->org);
	expect_null(account->proxy);
	expect_same(account, device->account);
	expect_text(UUID_A, device->uuid);
	expect_text("d", device->name);
	expect_null(device->site);
	expect_null(device->labels);
	expect_int(0, device->capacity);
	expect_int(2, device->place.line);
	expect_int(INTERVAL_QUARTERHOURLY, settings->bucket.interval);
	expect_int(1, settings->bucket.week_start);
	expect_int(0, settings->bucket.length);
	expect_int(15 * USEC_PER_MIN, settings->window);
	expect_int(90 * USEC_PER_SEC, settings->settle);
	expect_int(10 * USEC_PER_MIN, settings->lookback);
	expect_int(USEC_PER_HOUR, settings->recheck.after[0]);
	expect_int(3 * USEC_PER_DAY, settings->recheck.after[3]);
	expect_int(0, settings->recheck.after[4]);
	expect_int(7 * USEC_PER_DAY, settings->backfill);
	expect_true(settings->since.from == INT64_MIN);
	expect_int(-1, settings->since.ago);
	expect_int(30 * USEC_PER_SEC, settings->timeout);
	expect_int(1440, settings->max_points);
	expect_null(settings->count_key);
	expect_int(USEC_PER_SEC, config->retry.base);
	expect_int(60 * USEC_PER_SEC, config->retry.cap);
	expect_text("/var/log/occupancyd", config->log.directory);
	expect_int(LOG_FORMAT_NDJSON, config->log.format);
	expect_int(64 * 1024 * 1024, config->log.rotate_size);
	expect_int(ROTATE_DAY, config->log.rotate_every);
	expect_int(90, config->log.keep);
	expect_int((int64_t)2 << 30, config->log.keep_bytes);
	expect_int(0, config->log.keep_age);
	expect_true(config->log.compress);
	expect_text("/var/lib/occupancyd", config->state_directory);

	char name[128];
	expect_text(zone_system_name(name, sizeof(name)), zone_name(settings->bucket.zone));
	expect_same(settings->bucket.zone, config->log.zone);
	config_free(config);
}

/* Mistakes, all at once */

static void ten_mistakes_give_ten_lines(void **state) {
	(void)state;
	expect_problems("# ten mistakes\n"
	                "accounts = (\n"
	                "  { name = \"a\"; key_file = \"k\"; burst = 0; },\n"
	                "  { name = \"b\"; rate = \"x\"; key_file = \"k\"; }\n"
	                ");\n"
	                "defaults = {\n"
	                "  settle = 90;\n"
	                "  timezone = \"Mars/Olympus\";\n"
	                "};\n"
	                "devices = (\n"
	                "  { uuid = \"short\"; name = \"one\"; account = \"a\"; },\n"
	                "  { uuid = \"" UUID_A "\"; account = \"a\"; },\n"
	                "  { uuid = \"" UUID_B "\"; name = \"three\"; account = \"c\"; },\n"
	                "  { uuid = \"" UUID_C "\"; name = \"four\"; account = \"a\";\n"
	                "    interval = \"DAYLY\"; }\n"
	                ");\n"
	                "log = { keep = 9999999999; };\n"
	                "stat = { };\n",
	                "main.conf:3: accounts[0].burst: a: 0 is out of range: from 1 to 10000\n"
	                "main.conf:4: accounts[1].rate: b: \"x\" is not a rate: write a number per second, minute or "
	                "hour, such as \"1/s\", \"30/m\" or \"1000/h\"\n"
	                "main.conf:7: defaults.settle: must be a duration in quotes, such as \"90s\", not a number\n"
	                "main.conf:8: defaults.timezone: \"Mars/Olympus\" is not in this machine's time zone "
	                "database: write an IANA name such as \"America/Denver\" or \"UTC\"\n"
	                "main.conf:11: devices[0].uuid: one: \"short\" is not a device: write its 22 letters, digits, "
	                "\"_\" or \"-\", and a facet like \".v0\" if it has one\n"
	                "main.conf:12: devices[1].name: is missing: messages and records need a name for this "
	                "device\n"
	                "main.conf:13: devices[2].account: three: there is no account of the name \"c\"\n"
	                "main.conf:15: devices[3].interval: four: \"DAYLY\" is not one of NONE, MINUTELY, "
	                "QUARTERHOURLY, HOURLY, DAILY, WEEKLY, MONTHLY: did you mean \"DAILY\"?\n"
	                "main.conf:17: log.keep: 9999999999 is out of range: from 0 to 1000000\n"
	                "main.conf:18: stat: there is no such setting: did you mean state?\n");
}

static void what_is_missing_is_told(void **state) {
	(void)state;
	expect_problems("\n\n",
	                "main.conf:1: accounts: there is none: add accounts = ( { name = \"...\"; key_file = "
	                "\"...\"; } );\n"
	                "main.conf:1: devices: there is none: add devices = ( { uuid = \"...\"; name = \"...\"; } ); "
	                "here or in conf.d\n");
	expect_problems("accounts = ( { } );\ndevices = ( { } );\n",
	                "main.conf:1: accounts[0].name: is missing: devices, messages and records need a name for "
	                "this account\n"
	                "main.conf:1: accounts[0].key_file: is missing: name the file or systemd credential that "
	                "holds the API key\n"
	                "main.conf:2: devices[0].uuid: is missing: say which device this is, as Rhombus names it\n"
	                "main.conf:2: devices[0].name: is missing: messages and records need a name for this "
	                "device\n");
	expect_problems("accounts = ( { name = \"a\"; key_file = \"k\"; }, { name = \"b\"; key_file = \"k\"; } );\n" DEVICES,
	                "main.conf:2: devices[0].account: d: is missing: there are 2 accounts, so name one here or "
	                "in defaults\n");
}

static void without_devices_it_is_whole(void **state) {
	char *said;
	struct error err;
	(void)state;
	write_file("main.conf", ACCOUNTS);
	struct config *config = read_main(&said);
	expect_text("", said);
	expect_not_null(config);
	expect_int(-EINVAL, config_check_devices(config, "main.conf", &err));
	expect_text("main.conf:1: devices: there is none: add devices = ( { uuid = \"...\"; "
	            "name = \"...\"; } ); here or in conf.d",
	            err.text);
	free(said);
	config_free(config);

	write_file("main.conf", ACCOUNTS DEVICES);
	config = read_main(&said);
	expect_not_null(config);
	expect_int(0, config_check_devices(config, "main.conf", &err));
	free(said);
	config_free(config);
}

static void expect_directories(const char *log, const char *state, const char *text) {
	char *said;
	write_file("main.conf", text);
	struct config *config = read_main(&said);
	expect_not_null(config);
	expect_text(log, config->log.directory);
	expect_text(state, config->state_directory);
	free(said);
	config_free(config);
}

static void directories_are_where_systemd_says(void **state) {
	(void)state;
	expect_int(0, setenv("LOGS_DIRECTORY", "/var/log/occupancyd/north:/var/log/more", 1));
	expect_int(0, setenv("STATE_DIRECTORY", "/var/lib/occupancyd/north", 1));
	expect_directories("/var/log/occupancyd/north", "/var/lib/occupancyd/north", ACCOUNTS DEVICES);
	/* What is written counts for more. */
	expect_directories("/srv/log", "/srv/state",
	                   ACCOUNTS DEVICES "log = { directory = \"/srv/log\"; };\n"
	                                    "state = { directory = \"/srv/state\"; };\n");
	expect_int(0, setenv("LOGS_DIRECTORY", "", 1));
	expect_int(0, setenv("STATE_DIRECTORY", "relative", 1));
	expect_directories("/var/log/occupancyd", "/var/lib/occupancyd", ACCOUNTS DEVICES);
	expect_int(0, unsetenv("LOGS_DIRECTORY"));
	expect_int(0, unsetenv("STATE_DIRECTORY"));
}

static void expect_runtime_directory(const char *directory, const char *text) {
	char *said;
	write_file("main.conf", text);
	struct config *config = read_main(&said);
	expect_not_null(config);
	expect_text(directory ? directory : "none", config->runtime_directory ? config->runtime_directory : "none");
	free(said);
	config_free(config);
}

static void a_socket_is_only_where_somebody_says(void **state) {
	(void)state;
	expect_int(0, unsetenv("RUNTIME_DIRECTORY"));
	expect_runtime_directory(NULL, ACCOUNTS DEVICES);
	expect_runtime_directory("/run/mine", ACCOUNTS DEVICES "state = { runtime_directory = \"/run/mine\"; };\n");
	expect_int(0, setenv("RUNTIME_DIRECTORY", "/run/occupancyd/north:/run/more", 1));
	expect_runtime_directory("/run/occupancyd/north", ACCOUNTS DEVICES);
	expect_runtime_directory("/run/mine", ACCOUNTS DEVICES "state = { runtime_directory = \"/run/mine\"; };\n");
	expect_int(0, unsetenv("RUNTIME_DIRECTORY"));
}

static void shapes_are_checked(void **state) {
	(void)state;
	expect_problems("accounts = { name = \"a\"; };\n" DEVICES,
	                "main.conf:1: accounts: must be a list of groups: ( { ... }, { ... } )\n");
	expect_problems("accounts = ( \"a\" );\n" DEVICES, "main.conf:1: accounts[0]: must be a group: { ... }\n");
	expect_problems(ACCOUNTS DEVICES "log = ( );\n", "main.conf:3: log: must be a group: { ... }\n");
	expect_problems(ACCOUNTS DEVICES "log = 5;\n", "main.conf:3: log: must be a group: { ... }\n");
	expect_problems(ACCOUNTS DEVICES "interval = \"DAILY\";\n",
	                "main.conf:3: interval: there is no such setting here: it belongs to defaults\n");
	expect_problems(ACCOUNTS DEVICES "devicse = ( );\n",
	                "main.conf:3: devicse: there is no such setting: did you mean devices?\n");
	expect_problems(ACCOUNTS DEVICES "x = 1;\n",
	                "main.conf:3: x: there is no such setting: there are accounts, defaults, devices, retry, log, "
	                "state and cluster\n");
}

static void doubles_are_refused(void **state) {
	(void)state;
	expect_problems("accounts = ( { name = \"a\"; key_file = \"k\"; },\n { name = \"a\"; key_file = \"l\"; } );\n" DEVICES,
	                "main.conf:2: accounts[1].name: a: is already the name of another account, at main.conf:1: "
	                "give each its own\n");
	expect_problems(ACCOUNTS "devices = ( { uuid = \"" UUID_A "\"; name = \"x\"; },\n"
	                "{ uuid = \"" UUID_A "\"; name = \"y\"; },\n"
	                "{ uuid = \"" UUID_A "\"; name = \"x\"; interval = \"DAILY\"; },\n"
	                "{ uuid = \"" UUID_B "\"; name = \"x\"; } );\n",
	                "main.conf:3: devices[1].uuid: y: is already polled with interval QUARTERHOURLY, as \"x\" at "
	                "main.conf:2\n"
	                "main.conf:5: devices[3].name: x: is already the name of another device with interval "
	                "QUARTERHOURLY, at main.conf:2\n");
	expect_problems(ACCOUNTS DEVICES "log = { keep = 1;\nkeep = 2; };\n",
	                "main.conf:4: duplicate setting: this group already has one of that name\n");
}

/* Rules between settings */

static void windows_suit_intervals(void **state) {
	static const struct {
		const char *interval, *window;
		usec_t expected; /* 0: refused */
		usec_t length;
	} cases[] = {
		{"MINUTELY", NULL, USEC_PER_MIN, 0},
		{"MINUTELY", "5m", 5 * USEC_PER_MIN, 0},
		{"MINUTELY", "7m", 0, 0},
		{"MINUTELY", "90s", 0, 0},
		{"MINUTELY", "1d", USEC_PER_DAY, 0},
		{"MINUTELY", "2d", 0, 0},
		{"QUARTERHOURLY", NULL, 15 * USEC_PER_MIN, 0},
		{"QUARTERHOURLY", "45m", 45 * USEC_PER_MIN, 0},
		{"QUARTERHOURLY", "75m", 0, 0},
		{"QUARTERHOURLY", "5m", 0, 0},
		{"HOURLY", NULL, USEC_PER_HOUR, 0},
		{"HOURLY", "90m", 0, 0},
		{"HOURLY", "8h", 8 * USEC_PER_HOUR, 0},
		{"HOURLY", "5h", 0, 0},
		{"NONE", NULL, 15 * USEC_PER_MIN, 15 * USEC_PER_MIN},
		{"NONE", "1m", USEC_PER_MIN, USEC_PER_MIN},
		{"NONE", "1d", USEC_PER_DAY, USEC_PER_DAY},
		{"NONE", "90s", 0, 0},
		{"NONE", "7m", 0, 0},
		{"DAILY", NULL, USEC_PER_DAY, 0},
		{"DAILY", "1d", USEC_PER_DAY, 0},
		{"DAILY", "24h", USEC_PER_DAY, 0},
		{"DAILY", "7d", 0, 0},
		{"WEEKLY", NULL, 7 * USEC_PER_DAY, 0},
		{"WEEKLY", "7d", 7 * USEC_PER_DAY, 0},
		{"WEEKLY", "1d", 0, 0},
		{"MONTHLY", NULL, 30 * USEC_PER_DAY, 0},
		{"MONTHLY", "7d", 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[512];
		char *said;
		(void)snprintf(text, sizeof(text),
		               ACCOUNTS "devices = ( { uuid = \"" UUID_A "\"; name = \"d\"; interval = \"%s\";\n%s%s%s } );\n",
		               cases[i].interval, cases[i].window ? "window = \"" : "",
		               cases[i].window ? cases[i].window : "", cases[i].window ? "\";" : "");
		struct config *config = read_text(text, &said);
		if (!config != (cases[i].expected == 0)) {
			fail_msg("%s %s: %s", cases[i].interval, cases[i].window, config ? "taken" : said);
		}
		if (config) {
			expect_int(cases[i].expected, config->devices[0].settings->window);
			expect_int(cases[i].length, config->devices[0].settings->bucket.length);
		} else {
			expect_part("main.conf:3: devices[0].window: d: window \"", said);
		}
		config_free(config);
		free(said);
	}
}

static void inherited_windows_are_told_once_where_they_stand(void **state) {
	(void)state;
	/* No device uses this pair: nothing is wrong. */
	config_free(read_good("defaults = { window = \"5m\"; };\n" ACCOUNTS
	                      "devices = ( { uuid = \"" UUID_A "\"; name = \"d\"; interval = \"MINUTELY\"; } );\n"));
	/* Two devices use it: one line. */
	expect_problems("defaults = {\nwindow = \"5m\"; };\n" ACCOUNTS
	                "devices = ( { uuid = \"" UUID_A "\"; name = \"x\"; }, { uuid = \"" UUID_B "\"; name = \"y\"; } );\n",
	                "main.conf:2: defaults.window: window \"5m\" does not suit QUARTERHOURLY: it must be whole "
	                "buckets and divide a day, such as \"15m\"\n");
	/* The device chose the interval that does not suit it. */
	expect_problems("defaults = { interval = \"MINUTELY\"; window = \"5m\"; };\n" ACCOUNTS
	                "devices = ( { uuid = \"" UUID_A "\"; name = \"x\"; interval = \"HOURLY\"; } );\n",
	                "main.conf:3: devices[0].interval: x: window \"5m\" does not suit HOURLY: it must be whole "
	                "buckets and divide a day, such as \"1h\"\n");
	/* A day, week or month is its own window, whatever the others have. */
	struct config *config = read_good(
		"defaults = { interval = \"MINUTELY\"; window = \"5m\"; };\n" ACCOUNTS
		"devices = ( { uuid = \"" UUID_A "\"; name = \"x\"; interval = \"DAILY\"; },\n"
		"{ uuid = \"" UUID_B "\"; name = \"x\"; interval = \"MONTHLY\"; } );\n");
	expect_int(USEC_PER_DAY, config->devices[0].settings->window);
	expect_int(30 * USEC_PER_DAY, config->devices[1].settings->window);
	config_free(config);
}

static void backfill_reaches_over_a_window_and_its_settling(void **state) {
	static const struct {
		const char *settings;
		int days;
	} unset[] = {
		{"interval = \"NONE\"; window = \"1d\";", 7},
		{"interval = \"MINUTELY\"; window = \"1d\";", 7},
		{"interval = \"QUARTERHOURLY\";", 7},
		{"interval = \"HOURLY\"; settle = \"6d\";", 7},
		{"interval = \"HOURLY\"; settle = \"7d\";", 8},
		{"interval = \"DAILY\";", 7},
		{"interval = \"DAILY\"; settle = \"7d\";", 9},
		{"interval = \"WEEKLY\";", 8},
		{"interval = \"WEEKLY\"; settle = \"7d\";", 15},
		{"interval = \"MONTHLY\";", 32},
		{"interval = \"MONTHLY\"; settle = \"7d\";", 39},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(unset); i++) {
		char text[PATH_SIZE];
		(void)snprintf(text, sizeof(text), ACCOUNTS "devices = ( { uuid = \"" UUID_A "\"; name = \"x\"; %s } );\n",
		               unset[i].settings);
		struct config *config = read_good(text);
		if (config->devices[0].settings->backfill != unset[i].days * USEC_PER_DAY) {
			fail_msg("%s expected %d d, got %lld us", unset[i].settings, unset[i].days,
			         (long long)config->devices[0].settings->backfill);
		}
		config_free(config);
	}

	/* Whoever made it too short is told: the device's own settings first. */
	expect_problems("defaults = { backfill = \"7d\"; };\n" ACCOUNTS
	                "devices = ( { uuid = \"" UUID_A "\"; name = \"x\"; interval = \"MONTHLY\"; },\n"
	                "{ uuid = \"" UUID_A "\"; name = \"x\"; settle = \"7d\"; },\n"
	                "{ uuid = \"" UUID_A "\"; name = \"x\"; interval = \"DAILY\"; backfill = \"1d\"; } );\n",
	                "main.conf:3: devices[0].interval: x: backfill \"7d\" is too short for MONTHLY: it must be at "
	                "least window + settle + 10m: write \"31d12m\" or more\n"
	                "main.conf:4: devices[1].settle: x: backfill \"7d\" is too short for QUARTERHOURLY: it must be "
	                "at least window + settle + 10m: write \"7d25m\" or more\n"
	                "main.conf:5: devices[2].backfill: x: backfill \"1d\" is too short for DAILY: it must be at "
	                "least window + settle + 10m: write \"1d12m\" or more\n");
}

static void devices_inherit_and_override(void **state) {
	(void)state;
	struct config *config = read_good(
		"accounts = ( { name = \"a\"; key_file = \"k\"; }, { name = \"b\"; key_file = \"k\"; } );\n"
		"defaults = { account = \"b\"; timezone = \"Europe/Berlin\"; settle = \"5s\"; count_key = \"in\";\n"
		"  backfill_from = \"6h\"; labels = { floor = \"1\"; wing = \"w\"; }; };\n"
		"devices = (\n"
		"  { uuid = \"" UUID_A "\"; name = \"x\"; },\n"
		"  { uuid = \"" UUID_B "\"; name = \"y\"; account = \"a\"; settle = \"6s\"; timezone = \"Asia/Kathmandu\";\n"
		"    labels = { wing = \"e\"; room = 12; }; backfill_from = \"2026-11-23T08:00:00Z\"; },\n"
		"  { uuid = \"" UUID_C "\"; name = \"z\"; timezone = \"Europe/Berlin\"; labels = { }; }\n"
		");\n");
	const struct device *d = config->devices;

	expect_text("b", d[0].account->name);
	expect_text("a", d[1].account->name);
	expect_text("{\"floor\":\"1\",\"wing\":\"w\"}", d[0].labels);
	expect_text("{\"floor\":\"1\",\"wing\":\"e\",\"room\":\"12\"}", d[1].labels);
	expect_text(d[0].labels, d[2].labels);
	expect_int(6 * USEC_PER_SEC, d[1].settings->settle);
	expect_text("in", d[1].settings->count_key);
	expect_int(6 * USEC_PER_HOUR, d[0].settings->since.ago);
	expect_int(-1, d[1].settings->since.ago);
	expect_int((usec_t)1795420800 * USEC_PER_SEC, d[1].settings->since.from);
	/* What is equal is shared. */
	expect_same(d[2].settings, d[0].settings);
	expect_true(d[0].settings != d[1].settings);
	expect_same(d[2].labels, d[0].labels);
	expect_same(d[2].settings->bucket.zone, config->log.zone);
	expect_text("Asia/Kathmandu", zone_name(d[1].settings->bucket.zone));
	config_free(config);
}

/* Too many labels, in both ways of having them */
static void labels_are_counted(void **state) {
	(void)state;
	struct buf text;
	buf_init(&text, 64 * 1024);
	buf_puts(&text, "defaults = { labels = {");
	for (int i = 0; i < 32; i++) {
		buf_printf(&text, " l%d = \"x\";", i);
	}
	buf_puts(&text, " }; };\n" ACCOUNTS "devices = ( { uuid = \"" UUID_A "\"; name = \"d\"; labels = { l3 = \"y\"; } } );\n");
	config_free(read_good(buf_text(&text)));

	buf_truncate(&text, text.len - strlen("} } );\n"));
	buf_puts(&text, "\nl32 = \"y\"; } } );\n");
	expect_problems(buf_text(&text),
	                "main.conf:4: devices[0].labels.l32: d: is one label too many: at most 32 are allowed\n");
	buf_done(&text);
}

/* Files */

static void fragments_add_accounts_and_devices(void **state) {
	char *said;
	(void)state;
	make_directory("conf.d");
	write_file("conf.d/20-b.conf", "devices = ( { uuid = \"" UUID_B "\"; name = \"b\"; account = \"x\"; } );\n");
	write_file("conf.d/10-a.conf", "accounts = ( { name = \"x\"; key_file = \"k\"; } );\n"
	                               "devices = ( { uuid = \"" UUID_A "\"; name = \"a\"; account = \"m\"; } );\n");
	write_file("conf.d/.hidden.conf", "nonsense");
	write_file("conf.d/backup.conf~", "nonsense");
	write_file("main.conf", "accounts = ( { name = \"m\"; key_file = \"k\"; } );\ndefaults = { settle = \"1s\"; };\n");
	struct config *config = read_main(&said);
	expect_text("", said);
	expect_not_null(config);
	expect_int(2, config->account_count);
	expect_int(2, config->device_count);
	expect_text("a", config->devices[0].name);
	expect_text("b", config->devices[1].name);
	expect_text("x", config->devices[1].account->name);
	expect_int(USEC_PER_SEC, config->devices[1].settings->settle);
	expect_text("/20-b.conf", strrchr(config->devices[1].place.file, '/'));
	config_free(config);
	free(said);

	/* A fragment holds nothing else; indexes count within a file; a broken file does not hide the others. */
	write_file("conf.d/20-b.conf", "\nlog = { keep = 1; };\n"
	                               "devices = ( { uuid = \"" UUID_A "\"; name = \"b\"; account = \"x\"; } );\n");
	write_file("conf.d/30-c.conf", "devices = (\n{ uuid = \"x\" name = ; } );\n");
	write_file("conf.d/40-d.conf", "devices = (\n{ uuid = \"x\"; name = \"y\"; account = \"nobody\"; } );\n");
	write_file("main.conf", "accounts = ( { name = \"m\"; key_file = \"k\"; } );\nlog = { keeep = 1; };\n");
	config = read_main(&said);
	expect_null(config);
	expect_text("main.conf:2: log.keeep: there is no such setting: did you mean keep?\n"
	            "conf.d/20-b.conf:2: log: is allowed only in main.conf: files in conf.d hold accounts and devices\n"
	            "conf.d/20-b.conf:3: devices[0].uuid: b: is already polled with interval QUARTERHOURLY, as \"a\" at "
	            "conf.d/10-a.conf:2\n"
	            "conf.d/30-c.conf:2: syntax error: something is missing or too much, here or just before\n"
	            "conf.d/40-d.conf:2: devices[0].uuid: y: \"x\" is not a device: write its 22 letters, digits, \"_\" or "
	            "\"-\", and a facet like \".v0\" if it has one\n",
	            said);
	free(said);

	remove_file("conf.d/10-a.conf");
	remove_file("conf.d/20-b.conf");
	remove_file("conf.d/30-c.conf");
	remove_file("conf.d/40-d.conf");
	remove_file("conf.d/.hidden.conf");
	remove_file("conf.d/backup.conf~");
	expect_int(0, rmdir(path_of("conf.d")));
}

/* What a broken main file would have said is not held against the devices of the fragments. */
static void a_broken_main_file_hides_nothing(void **state) {
	char *said;
	(void)state;
	make_directory("conf.d");
	write_file("conf.d/a.conf", "devices = ( { uuid = \"" UUID_B "\"; name = \"b\"; account = \"x\"; window = \"5m\"; },\n"
	                            "{ uuid = \"" UUID_C "\"; name = \"c\"; burst = 1; } );\n");
	write_file("main.conf", "accounts = ( ;\n");
	expect_null(read_main(&said));
	expect_text("main.conf:1: syntax error: something is missing or too much, here or just before\n"
	            "conf.d/a.conf:2: devices[1].burst: c: there is no such setting here: it belongs "
	            "to accounts\n",
	            said);
	free(said);
	remove_file("conf.d/a.conf");
	expect_int(0, rmdir(path_of("conf.d")));
}

static void includes_are_found_and_counted(void **state) {
	char *said;
	(void)state;
	make_directory("sub");
	write_file("sub/accounts.inc", "# comment\naccounts = (\n  @include \"one.inc\"\n);\n");
	write_file("sub/one.inc", "{ name = \"a\"; key_file = \"k\"; }");
	write_file("defaults.inc", "interval = \"HOURLY\"; # no newline behind this");
	struct config *config = read_good("@include \"sub/accounts.inc\"\n"
	                                  "defaults = {\n  @include \"defaults.inc\"\n};\n" DEVICES);
	expect_int(INTERVAL_HOURLY, config->devices[0].settings->bucket.interval);
	expect_int(5, config->devices[0].place.line);
	config_free(config);

	write_file("sub/one.inc", "\n{ name = \"a\";\nkey_file = 5; }");
	write_file("defaults.inc", "interval = \"HOURLY\";\n\nsettle = 1;");
	expect_problems("@include \"sub/accounts.inc\"\n"
	                "defaults = {\n  @include \"defaults.inc\"\n};\nx = 1;\n" DEVICES,
	                "sub/one.inc:3: accounts[0].key_file: a: must be the name of a systemd credential or an "
	                "absolute path, in quotes, not a number\n"
	                "defaults.inc:3: defaults.settle: must be a duration in quotes, such as \"90s\", not a "
	                "number\n"
	                "main.conf:5: x: there is no such setting: there are accounts, defaults, devices, retry, "
	                "log, state and cluster\n");

	/* An absolute path stays one. */
	char text[PATH_SIZE];
	write_file("sub/one.inc", "{ name = \"a\"; key_file = \"k\"; }");
	(void)snprintf(text, sizeof(text), "@include \"%s/sub/accounts.inc\"\n" DEVICES, dir);
	config = read_text(text, &said);
	expect_not_null(config);
	config_free(config);
	free(said);
}

#define INCLUDES_2(name) "@include \"" name "\"\n@include \"" name "\"\n"
#define INCLUDES_8(name) INCLUDES_2(name) INCLUDES_2(name) INCLUDES_2(name) INCLUDES_2(name)

static void includes_that_cannot_be_are_told(void **state) {
	(void)state;
	expect_problems(ACCOUNTS "\n@include \"gone.inc\"\n" DEVICES,
	                "main.conf:3: @include: gone.inc cannot be opened: No such file or directory\n");
	write_file("loop.inc", "@include \"loop.inc\"\n");
	expect_problems("@include \"loop.inc\"\n" ACCOUNTS DEVICES,
	                "loop.inc:1: @include \"loop.inc\": nested more than 10 deep\n");
	/* Told once, and not 8 to the power of 10 times. */
	write_file("loops.inc", INCLUDES_8("loops.inc"));
	expect_problems("@include \"loops.inc\"\n" ACCOUNTS DEVICES,
	                "loops.inc:1: @include \"loops.inc\": nested more than 10 deep\n");
	write_file("leaf.inc", "\n");
	write_file("sixteen.inc", INCLUDES_8("leaf.inc") INCLUDES_8("leaf.inc"));
	write_file("many.inc", INCLUDES_8("sixteen.inc") INCLUDES_8("sixteen.inc"));
	expect_problems(INCLUDES_8("many.inc") ACCOUNTS DEVICES,
	                "sixteen.inc:10: @include \"leaf.inc\": more than 1000 files are included\n");
	expect_problems(ACCOUNTS " x = 1; @include \"loop.inc\"\n" DEVICES,
	                "main.conf:2: an @ outside a string must begin a line of the form @include \"FILE\"\n");
	expect_problems(ACCOUNTS "@include loop.inc\n" DEVICES,
	                "main.conf:2: an @ outside a string must begin a line of the form @include \"FILE\"\n");
	/* In a string or a comment it is nothing of the kind. */
	config_free(read_good(ACCOUNTS "/*\n@include \"loop.inc\"\n*/ # @include \"x\"\n"
	                      "devices = ( { uuid = \"" UUID_A "\"; name = \"@include\"; } );\n"));
}

static void text_is_read_as_libconfig_reads_it(void **state) {
	static const char *const good[] = {
		ACCOUNTS DEVICES "# a comment without a newline",
		ACCOUNTS DEVICES "// another",
		ACCOUNTS DEVICES "/* 99999999999 \" */",
		"\xef\xbb\xbf" ACCOUNTS DEVICES,
		"accounts : ( { name : \"a\", key_file : \"k\" } )\r\n" DEVICES,
		"accounts = ( { name = \"a\"; key_file = \"/k//99999999999/*#\"; } );" DEVICES,
		"accounts = ( { name = \"a\"; key_file = \"/k\\\"99999999999\"; } );" DEVICES,
		/* Later libconfigs take a comma behind the last member, so people write it. */
		"accounts = ( { name = \"a\"; key_file = \"k\"; }, /* last */\n );\n" DEVICES,
		"accounts = ( { name = \"a\"; key_file = \"/a\" /* and */ \"/b\"; } );\n" DEVICES,
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		config_free(read_good(good[i]));
	}

	expect_problems(ACCOUNTS "/* no end\n" DEVICES,
	                "main.conf:2: a comment that begins here does not end: close it with */\n");
	expect_problems(ACCOUNTS DEVICES "x = \"no end;\n\n",
	                "main.conf:3: a string that begins here does not end: close it with \"\n");
	expect_problems("accounts = ( { name = \"a\"; key_file = \"k\\x00l\"; } );" DEVICES,
	                "main.conf:1: a string holds \\x00: a text cannot contain it\n");
	expect_problems("accounts = ( { name = \"a\", , key_file = \"k\"; } );" DEVICES,
	                "main.conf:1: syntax error: something is missing or too much, here or just before\n");
	expect_problems("log = { keep = 1111111111111111111111111111111111111111111111111111111111111111111111; };",
	                "main.conf:1: a number of 70 characters is too long\n");
	expect_problems("log = { keep = 12ab; };\n",
	                "main.conf:1: syntax error: something is missing or too much, here or just before\n");
	/* A text must not pass for a number, nor be glued to one. */
	expect_problems("log = { keep = \"\\x0199999999999\\x01\"; };\n" ACCOUNTS DEVICES,
	                "main.conf:1: log.keep: 99999999999 is out of range: from 0 to 1000000\n");
	expect_problems(ACCOUNTS "devices = ( { uuid = \"" UUID_A "\"; name = \"d\"; labels = { a = 1.5 \"x\"; }; } );\n",
	                "main.conf:2: devices[0].labels.a: d: holds control characters or is not UTF-8\n");
}

static void what_is_missing_at_the_end_is_told_at_the_last_line(void **state) {
	static const struct {
		const char *text;
		int line;
	} cases[] = {
		{"defaults = {\n  settle = \"1s\";\n", 2},
		{"defaults = {\n  settle = \"1s\";", 2},
		{"defaults = {\n  settle = \"1s\"; # and\n// so\n/* on\n */\n \t\r\n\n", 2},
		{"defaults = {", 1},
		{"defaults = {\n}; };\n\n\n", 2},
		{"\n\n= 1;\n", 3},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char expected[PATH_SIZE];
		(void)snprintf(expected, sizeof(expected),
		               "main.conf:%d: syntax error: something is missing or too much, here or just before\n",
		               cases[i].line);
		expect_problems(cases[i].text, expected);
	}
	/* Also when the last line is that of an included file. */
	write_file("open.inc", "defaults = {\n  settle = \"1s\";\n");
	expect_problems(ACCOUNTS DEVICES "@include \"open.inc\"\n\n",
	                "open.inc:2: syntax error: something is missing or too much, here or just before\n");
}

static void files_that_are_none_are_refused(void **state) {
	char *said;
	char text[] = ACCOUNTS DEVICES "#\0x";
	(void)state;

	write_bytes("main.conf", text, sizeof(text) - 1);
	expect_null(read_main(&said));
	expect_text("main.conf:3: holds a NUL byte: this is not a text file\n", said);
	free(said);

	remove_file("main.conf");
	expect_null(read_main(&said));
	expect_text("main.conf: cannot be opened: No such file or directory\n", said);
	free(said);

	expect_int(0, mkfifo(path_of("main.conf"), 0600));
	expect_null(read_main(&said));
	expect_text("main.conf: is not a regular file\n", said);
	free(said);
	remove_file("main.conf");

	make_directory("main.conf");
	expect_null(read_main(&said));
	expect_text("main.conf: is not a regular file\n", said);
	free(said);
	expect_int(0, rmdir(path_of("main.conf")));

	write_file("main.conf", "");
	expect_int(0, truncate(path_of("main.conf"), 64 * 1024 * 1024 + 1));
	expect_null(read_main(&said));
	expect_text("main.conf: is larger than 64 MiB\n", said);
	free(said);

	write_file("conf.d", "");
	write_file("main.conf", ACCOUNTS DEVICES);
	expect_null(read_main(&said));
	expect_text("main.conf: conf.d: cannot be listed: Not a directory\n", said);
	free(said);
	remove_file("conf.d");

	if (geteuid() != 0) {
		expect_int(0, chmod(path_of("main.conf"), 0));
		expect_null(read_main(&said));
		expect_text("main.conf: cannot be opened: Permission denied\n", said);
		free(said);
		remove_file("main.conf");
	}
}

static void very_many_problems_are_counted(void **state) {
	struct buf text;
	struct config *config;
	struct config_problems problems;
	(void)state;
	buf_init(&text, OUT_MAX);
	buf_puts(&text, ACCOUNTS "devices = (\n");
	for (int i = 0; i < 20000; i++) {
		buf_printf(&text, "%s{ uuid = \"%d\"; name = \"room %d\"; }\n", i ? "," : "", i, i);
	}
	buf_puts(&text, ");\n");
	write_file("main.conf", buf_text(&text));
	buf_done(&text);

	config_problems_init(&problems);
	expect_int(-EINVAL, config_load(path_of("main.conf"), &config, &problems));
	expect_int(20000, problems.count);
	expect_int(0, buf_error(&problems.text));
	expect_true(problems.text.len < 1100 * 1024);
	const char *last = strstr(buf_text(&problems.text), "\n... and ");
	expect_not_null(last);
	expect_text(" more\n", strchr(strchr(last, 'd') + 2, ' '));
	config_problems_done(&problems);
	config_problems_done(&problems);
	config_problems_done(NULL);
}

/* Printing */

static const char rich[] =
	"accounts = (\n"
	"  { name = \"a\"; key_file = \"k\"; region = \"eu\"; rate = \"1000/h\"; },\n"
	"  { name = \"b\"; key_file = \"/k\"; base_url = \"https://h:1/\"; scheme = \"partner-api\"; org = \"Q \\\"\\\\\";\n"
	"    client_cert = \"c\"; client_key = \"/x/y\"; ca_file = \"ca\"; crl_file = \"/crl\"; proxy = \"socks5://p:1\"; path = \"/v1\";\n"
	"    burst = 3; max_in_flight = 1; connect_timeout = \"1m30s\"; }\n"
	");\n"
	"defaults = { account = \"a\"; timezone = \"Asia/Kathmandu\"; interval = \"MINUTELY\"; window = \"5m\";\n"
	"  count_key = \"in\"; backfill_from = \"6h\"; labels = { a = \"1\"; b = \"q\\\"\\\\q\"; }; };\n"
	"devices = (\n"
	"  { uuid = \"" UUID_A "\"; name = \"x\"; site = \"s\"; },\n"
	"  { uuid = \"" UUID_A "\"; name = \"x\"; interval = \"DAILY\"; },\n"
	"  { uuid = \"" UUID_A "\"; name = \"x\"; interval = \"WEEKLY\"; week_start = \"sunday\"; window = \"7d\"; },\n"
	"  { uuid = \"" UUID_A "\"; name = \"x\"; interval = \"MONTHLY\"; backfill = \"60d\"; },\n"
	"  { uuid = \"" UUID_B "\"; name = \"Caf\xc3\xa9\"; account = \"b\"; interval = \"NONE\"; window = \"1d\";\n"
	"    timezone = \"UTC\"; settle = \"1h1s\"; lookback = \"0\"; timeout = \"1s\"; max_points = 7;\n"
	"    count_key = \"out\"; backfill_from = \"2026-11-23T08:00:00.25Z\"; labels = { b = \"2\"; c = \"\"; }; }\n"
	");\n"
	"retry = { base = \"250ms\"; cap = \"59m\"; };\n"
	"log = { directory = \"/l o g\"; format = \"csv\"; rotate_size = \"0\"; rotate_every = \"never\"; keep = 0;\n"
	"  keep_bytes = \"1000000B\"; keep_age = \"400d\"; compress = false; };\n"
	"state = { directory = \"/s\"; };\n";

static void expect_same_text(const char *a, const char *b) {
	expect_int(!b, !a);
	if (a) {
		expect_text(b, a);
	}
}

/* Whether the key is read into struct settings. */
static bool is_of_settings(enum key_id id) {
	const struct key *key = &key_table[id];
	return key->group == GROUP_DEFAULTS && key->offset >= offsetof(struct device_draft, settings);
}

static void expect_same_value(enum key_id id, const struct settings *a, const struct settings *b) {
	const struct device_draft drafts[] = {{.settings = *a}, {.settings = *b}};
	struct buf written[2];
	for (int i = 0; i < 2; i++) {
		buf_init(&written[i], 1024);
		if (value_is_set(id, &drafts[i])) {
			value_write(id, &drafts[i], &written[i]);
		}
	}
	expect_text(buf_text(&written[1]), buf_text(&written[0]));
	buf_done(&written[0]);
	buf_done(&written[1]);
}

static void expect_same_device(const struct device *a, const struct device *b) {
	const struct settings *s = a->settings;
	const struct settings *t = b->settings;
	expect_text(b->uuid, a->uuid);
	expect_text(b->name, a->name);
	expect_same_text(a->site, b->site);
	expect_same_text(a->labels, b->labels);
	expect_int(b->capacity, a->capacity);
	expect_text(b->account->name, a->account->name);
	expect_int(t->bucket.length, s->bucket.length);
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		if (is_of_settings(id)) {
			expect_same_value(id, s, t);
		}
	}
}

static void expect_same_account(const struct account *a, const struct account *b) {
	expect_text(b->name, a->name);
	expect_text(b->base_url, a->base_url);
	expect_text(b->path, a->path);
	expect_int(b->scheme, a->scheme);
	expect_text(b->key_file, a->key_file);
	expect_same_text(a->org, b->org);
	expect_same_text(a->client_cert, b->client_cert);
	expect_same_text(a->client_key, b->client_key);
	expect_same_text(a->ca_file, b->ca_file);
	expect_same_text(a->crl_file, b->crl_file);
	expect_same_text(a->proxy, b->proxy);
	expect_int(b->rate.count, a->rate.count);
	expect_int(b->rate.per, a->rate.per);
	expect_int(b->rate.gap, a->rate.gap);
	expect_int(b->burst, a->burst);
	expect_int(b->max_in_flight, a->max_in_flight);
	expect_int(b->connect_timeout, a->connect_timeout);
}

static void what_is_printed_reads_the_same(void **state) {
	static const char *const texts[] = {rich, ACCOUNTS DEVICES};
	(void)state;
	for (size_t t = 0; t < COUNT_OF(texts); t++) {
		struct config *config = read_good(texts[t]);
		char *printed = print(config);
		struct config *again = read_good(printed);
		char *printed_again = print(again);

		expect_text(printed_again, printed);
		expect_int(again->account_count, config->account_count);
		for (size_t i = 0; i < config->account_count; i++) {
			expect_same_account(&config->accounts[i], &again->accounts[i]);
		}
		expect_int(again->device_count, config->device_count);
		for (size_t i = 0; i < config->device_count; i++) {
			expect_same_device(&config->devices[i], &again->devices[i]);
		}
		expect_int(again->retry.base, config->retry.base);
		expect_int(again->retry.cap, config->retry.cap);
		expect_text(again->log.directory, config->log.directory);
		expect_int(again->log.keep_bytes, config->log.keep_bytes);
		expect_int(again->log.keep_age, config->log.keep_age);
		expect_text(zone_name(again->log.zone), zone_name(config->log.zone));
		expect_text(again->state_directory, config->state_directory);
		free(printed);
		free(printed_again);
		config_free(config);
		config_free(again);
	}
}

/* A device shows what tells it from the defaults, and which account it uses. */
static void devices_are_printed_briefly(void **state) {
	(void)state;
	struct config *config = read_good("defaults = { timezone = \"UTC\"; };\n" ACCOUNTS DEVICES);
	char *text = print(config);
	expect_text("devices = (\n"
	            "  {\n"
	            "    uuid = \"" UUID_A "\";\n"
	            "    name = \"d\";\n"
	            "    account = \"a\";\n"
	            "    window = \"15m\";\n"
	            "  }\n"
	            ");\n"
	            "\n"
	            "retry = {\n"
	            "  base = \"1s\";\n"
	            "  cap = \"1m\";\n"
	            "};\n"
	            "\n"
	            "log = {\n"
	            "  directory = \"/var/log/occupancyd\";\n"
	            "  format = \"ndjson\";\n"
	            "  rotate_size = \"64MiB\";\n"
	            "  rotate_every = \"day\";\n"
	            "  keep = 90;\n"
	            "  keep_bytes = \"2GiB\";\n"
	            "  keep_age = \"0s\";\n"
	            "  compress = true;\n"
	            "  delaycompress = false;\n"
	            "};\n"
	            "\n"
	            "state = {\n"
	            "  directory = \"/var/lib/occupancyd\";\n"
	            "};\n",
	            strstr(text, "devices = "));
	free(text);
	config_free(config);
}

/* One device as the defaults have it, and one with a setting of its own. */
static struct config *read_two(const char *setting) {
	struct buf text;
	buf_init(&text, 64 * 1024);
	buf_printf(&text,
	           "accounts = ( { name = \"a\"; key_file = \"k\"; }, { name = \"b\"; key_file = \"k\"; } );\n"
	           "defaults = { account = \"b\"; };\n"
	           "devices = ( { uuid = \"" UUID_A "\"; name = \"d\"; },\n"
	           "            { uuid = \"" UUID_B "\"; name = \"e\"; %s; } );\n",
	           setting);
	struct config *config = read_good(buf_text(&text));
	buf_done(&text);
	expect_int(2, config->device_count);
	return config;
}

/* Whether the second device has another value than the first and the defaults; then it must be printed. */
static bool tells_apart(const struct config *config, const char *printed) {
	char *text = print(config);
	char *second = strstr(text, "name = \"e\"");
	bool has = strstr(second, printed) != NULL;
	*second = '\0';
	bool other = !strstr(text, printed);
	if (other && !has) {
		fail_msg("%s is not the second device's value", printed);
	}
	free(text);
	return other;
}

/*
 * Devices share their settings if those are equal.  A key that is forgotten in the
 * comparison gives one device the other's value.
 */
static void each_key_tells_devices_apart(void **state) {
	(void)state;
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		bool seen = key_table[id].group != GROUP_DEFAULTS;
		for (size_t i = 0; i < COUNT_OF(key_cases); i++) {
			const struct key_case *what = &key_cases[i];
			size_t len = strlen(key_table[id].name);
			if (what->group != GROUP_DEFAULTS || !what->printed ||
			    strncmp(what->setting, key_table[id].name, len) != 0 || what->setting[len] != ' ' ||
			    (key_table[id].type != TYPE_LABELS && strchr(what->setting, ';'))) {
				continue;
			}
			struct config *config = read_two(what->setting);
			const struct device *d = config->devices;
			bool apart = tells_apart(config, what->printed);
			seen = seen || apart;
			bool shared = d[0].settings == d[1].settings;
			config_free(config);
			if (apart && shared == is_of_settings(id)) {
				fail_msg("%s: settings are %s", what->setting, shared ? "shared" : "not shared");
			}
		}
		if (!seen) {
			fail_msg("%s: no case gives one device a value that the other has not", key_table[id].name);
		}
	}
}

/* A file in which a setting that needs a restart has one of two values. */
static struct config *read_restart(enum key_id id, int i) {
	static const char *const leases[] = {"10s", "20s"};
	const struct key *key = &key_table[id];
	char value[16], text[1024];
	(void)snprintf(value, sizeof(value), key->type == TYPE_PATH ? "/%d" : "%d", i);

	struct key_case what = {key->group, text, NULL, NULL};
	(void)snprintf(text, sizeof(text), "%s = \"%s\"", key->name, key->type == TYPE_DURATION ? leases[i] : value);
	char *said;
	write_case(&what);
	struct config *config = read_main(&said);
	if (!config) {
		fail_msg("%s: refused: %s", text, said);
	}
	free(said);
	return config;
}

static void expect_restarts(const struct config *before, const struct config *after, const char *expected) {
	struct buf out;
	buf_init(&out, 4096);
	config_restarts(before, after, &out);
	expect_text(expected, buf_text(&out));
	buf_done(&out);
}

static void what_only_a_restart_applies_is_named(void **state) {
	(void)state;
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		const struct key *key = &key_table[id];
		if (!key->restart) {
			continue;
		}
		char expected[1024];
		const char *was = key->type == TYPE_PATH ? "/0" : key->type == TYPE_DURATION ? "10s" : "0";
		const char *is = key->type == TYPE_PATH ? "/1" : key->type == TYPE_DURATION ? "20s" : "1";
		(void)snprintf(expected, sizeof(expected),
		               "%s.%s has changed from \"%s\" to \"%s\": that needs a restart, and until then "
		               "\"%s\" is used\n",
		               group_table[key->group].name, key->name, was, is, was);
		struct config *before = read_restart(id, 0);
		struct config *after = read_restart(id, 1);
		expect_restarts(before, after, expected);
		expect_restarts(after, after, "");
		config_free(before);
		config_free(after);
	}
}

/* The cluster block */

#define BLOCK \
	"cluster = { name = \"hq\"; node = \"a\"; endpoints = ( \"https://10.0.0.1:2379\", \"https://10.0.0.2:2379\" );\n" \
	"ca_file = \"ca\"; client_cert = \"cert\"; client_key = \"/key\"; lease = \"45s\"; retention = \"2d\";\n" \
	"retention_bytes = \"1GiB\"; prefer = ( \"a\" ); };\n"

static void a_cluster_is_read(void **state) {
	(void)state;
	struct config *config = read_good(ACCOUNTS DEVICES BLOCK);
	const struct cluster_settings *cluster = &config->cluster;
	expect_text("hq", cluster->name);
	expect_text("a", cluster->node);
	expect_int(2, cluster->endpoint_count);
	expect_text("https://10.0.0.1:2379", cluster->endpoints[0]);
	expect_text("https://10.0.0.2:2379", cluster->endpoints[1]);
	expect_null(cluster->endpoints[2]);
	expect_text("ca", cluster->ca_file);
	expect_text("cert", cluster->client_cert);
	expect_text("/key", cluster->client_key);
	expect_int(45 * USEC_PER_SEC, cluster->lease);
	expect_int(2 * USEC_PER_DAY, cluster->retention);
	expect_int(1 << 30, cluster->retention_bytes);
	expect_text("a", cluster->prefer[0]);
	expect_null(cluster->prefer[1]);
	expect_false(cluster->left);
	expect_true(config->log.entries);
	config_free(config);
}

static void a_cluster_has_defaults(void **state) {
	(void)state;
	struct config *config =
		read_good("cluster = { name = \"hq\"; node = \"a\"; endpoints = [ \"http://localhost\" ]; };\n" ACCOUNTS DEVICES);
	expect_int(30 * USEC_PER_SEC, config->cluster.lease);
	expect_int(7 * USEC_PER_DAY, config->cluster.retention);
	expect_int(512 << 20, config->cluster.retention_bytes);
	expect_null(config->cluster.prefer[0]);
	expect_null(config->cluster.ca_file);
	expect_null(config->cluster.client_cert);
	expect_null(config->cluster.client_key);
	config_free(config);
}

/* Neither in a cluster: with the word, its state directory was in one. */
static void without_a_block_a_node_is_alone(void **state) {
	(void)state;
	for (int left = 0; left < 2; left++) {
		struct config *config = read_good(left ? ACCOUNTS DEVICES "cluster = \"left\";\n" : ACCOUNTS DEVICES);
		expect_null(config->cluster.name);
		expect_int(0, config->cluster.endpoint_count);
		expect_null(config->cluster.endpoints[0]);
		expect_null(config->cluster.prefer[0]);
		expect_int(left, config->cluster.left);
		expect_false(config->log.entries);
		char *text = print(config);
		expect_int(left, strstr(text, "cluster") != NULL);
		expect_int(left, strstr(text, "\ncluster = \"left\";\n") != NULL);
		free(text);
		config_free(config);
	}
}

static void mistakes_of_a_cluster_are_told(void **state) {
	(void)state;
	expect_problems(ACCOUNTS DEVICES "cluster = { };\n",
	                "main.conf:3: cluster.name: is missing: say which cluster this is; all its nodes have the same\n"
	                "main.conf:3: cluster.node: is missing: say which node this is; each has its own\n"
	                "main.conf:3: cluster.endpoints: is missing: name the members of etcd, such as ( "
	                "\"https://10.0.0.1:2379\" )\n");
	expect_problems(ACCOUNTS DEVICES "cluster = \"lfet\";\n",
	                "main.conf:3: cluster: must be a group: { ... }, or \"left\"\n");
	expect_problems(ACCOUNTS DEVICES "cluster = ( { name = \"hq\"; } );\n",
	                "main.conf:3: cluster: must be a group: { ... }, or \"left\"\n");
	expect_problems(ACCOUNTS DEVICES "cluster = false;\n",
	                "main.conf:3: cluster: must be a group: { ... }, or \"left\"\n");
	/* The word is of no other group. */
	expect_problems(ACCOUNTS DEVICES "state = \"left\";\n", "main.conf:3: state: must be a group: { ... }\n");
	expect_problems(ACCOUNTS DEVICES "prefer = ( \"a\" );\n",
	                "main.conf:3: prefer: there is no such setting here: it belongs to cluster\n");
	expect_problems(ACCOUNTS DEVICES "cluster = {\n"
	                                 "  name = \"h q\";\n"
	                                 "  endpoints = ( \"https://a\", \"https://a\" );\n"
	                                 "  client_cert = \"c\";\n"
	                                 "  leas = \"30s\";\n"
	                                 "  retention = \"1m\";\n"
	                                 "  prefer = ( \"a\", \"b\", \"c\" );\n"
	                                 "};\n",
	                "main.conf:3: cluster.node: is missing: say which node this is; each has its own\n"
	                "main.conf:4: cluster.name: \"h q\" may hold only letters, digits, \".\", \"_\" and \"-\"\n"
	                "main.conf:5: cluster.endpoints: member 2: \"https://a\" is there twice: remove one\n"
	                "main.conf:6: cluster.client_cert: needs client_key, its private key\n"
	                "main.conf:7: cluster.leas: there is no such setting: did you mean lease?\n"
	                "main.conf:8: cluster.retention: \"1m\" is out of range: from 1h to 90d\n"
	                "main.conf:9: cluster.prefer: there is no account of the name \"b\"\n"
	                "main.conf:9: cluster.prefer: there is no account of the name \"c\"\n");
	/* Of the certificate and its key, one is written, but wrong: that it is not there would be no truth. */
	expect_problems(ACCOUNTS DEVICES "cluster = { name = \"c\"; node = \"n\"; endpoints = ( \"https://a\" );\n"
	                                 "client_cert = \"c/\"; client_key = \"k\"; };\n",
	                "main.conf:4: cluster.client_cert: \"c/\" is neither the name of a systemd credential (letters, "
	                "digits, \".\", \"_\", \"-\") nor an absolute path\n");
}

static void whether_there_is_a_cluster_needs_a_restart(void **state) {
	(void)state;
	struct config *alone = read_good(ACCOUNTS DEVICES);
	struct config *left = read_good(ACCOUNTS DEVICES "cluster = \"left\";\n");
	struct config *member = read_good(ACCOUNTS DEVICES BLOCK);
	expect_restarts(alone, member,
	                "cluster has changed from none to \"hq\": that needs a restart, and until then none is used\n");
	expect_restarts(member, alone,
	                "cluster has changed from \"hq\" to none: that needs a restart, and until then \"hq\" is used\n");
	expect_restarts(member, left,
	                "cluster has changed from \"hq\" to none: that needs a restart, and until then \"hq\" is used\n");
	expect_restarts(alone, left, "");
	config_free(alone);
	config_free(left);

	/* What a reload applies is not named. */
	struct config *other =
		read_good("cluster = { name = \"hq\"; node = \"a\"; endpoints = ( \"https://x\" ); lease = \"45s\"; };\n" ACCOUNTS DEVICES);
	expect_restarts(member, other, "");
	config_free(member);
	config_free(other);
}

/* Size */

static bool under_valgrind(void) {
	const char *preload = getenv("LD_PRELOAD");
	return preload && strstr(preload, "vgpreload");
}

static void a_hundred_thousand_devices_are_read(void **state) {
	static const char *const zones[] = {"Europe/Berlin", "America/Denver", "Asia/Kathmandu"};
	int count = under_valgrind() ? 2000 : 100000;
	struct buf text;
	char *said;
	(void)state;

	buf_init(&text, OUT_MAX);
	buf_puts(&text, ACCOUNTS "devices = (\n");
	for (int i = 0; i < count; i++) {
		buf_printf(&text,
		           "%s{ uuid = \"%022d.v0\"; name = \"room %d\"; site = \"s%d\"; interval = \"%s\";"
		           " timezone = \"%s\"; labels = { floor = \"%d\"; wing = \"b\"; }; }",
		           i > 0 ? ",\n" : "", i, i, i % 100, i % 2 ? "HOURLY" : "MINUTELY", zones[i % 3], i % 40);
	}
	buf_puts(&text, "\n);\n");
	write_file("main.conf", buf_text(&text));
	buf_done(&text);

	clock_t start = clock();
	struct config *config = read_main(&said);
	double took = (double)(clock() - start) / CLOCKS_PER_SEC;
	print_message("%d devices read in %.2f s of processor time\n", count, took);

	expect_text("", said);
	expect_not_null(config);
	expect_int(count, config->device_count);
	expect_text("{\"floor\":\"39\",\"wing\":\"b\"}", config->devices[count - 1].labels);
	expect_same(config->devices[6].settings, config->devices[0].settings);
	/* Something quadratic would take minutes. */
	expect_true(took < 60);
	free(said);
	config_free(config);
	config_free(NULL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_agrees_with_itself),
		cmocka_unit_test(each_key_takes_and_refuses),
		cmocka_unit_test(each_key_has_a_case),
		cmocka_unit_test(files_are_those_of_the_table),
		cmocka_unit_test(defaults_are_those_of_the_design),
		cmocka_unit_test(ten_mistakes_give_ten_lines),
		cmocka_unit_test(a_cluster_is_read),
		cmocka_unit_test(a_cluster_has_defaults),
		cmocka_unit_test(without_a_block_a_node_is_alone),
		cmocka_unit_test(mistakes_of_a_cluster_are_told),
		cmocka_unit_test(whether_there_is_a_cluster_needs_a_restart),
		cmocka_unit_test(what_is_missing_is_told),
		cmocka_unit_test(without_devices_it_is_whole),
		cmocka_unit_test(directories_are_where_systemd_says),
		cmocka_unit_test(a_socket_is_only_where_somebody_says),
		cmocka_unit_test(shapes_are_checked),
		cmocka_unit_test(doubles_are_refused),
		cmocka_unit_test(windows_suit_intervals),
		cmocka_unit_test(inherited_windows_are_told_once_where_they_stand),
		cmocka_unit_test(backfill_reaches_over_a_window_and_its_settling),
		cmocka_unit_test(devices_inherit_and_override),
		cmocka_unit_test(labels_are_counted),
		cmocka_unit_test(fragments_add_accounts_and_devices),
		cmocka_unit_test(a_broken_main_file_hides_nothing),
		cmocka_unit_test(includes_are_found_and_counted),
		cmocka_unit_test(includes_that_cannot_be_are_told),
		cmocka_unit_test(text_is_read_as_libconfig_reads_it),
		cmocka_unit_test(what_is_missing_at_the_end_is_told_at_the_last_line),
		cmocka_unit_test(files_that_are_none_are_refused),
		cmocka_unit_test(very_many_problems_are_counted),
		cmocka_unit_test(what_is_printed_reads_the_same),
		cmocka_unit_test(devices_are_printed_briefly),
		cmocka_unit_test(each_key_tells_devices_apart),
		cmocka_unit_test(what_only_a_restart_applies_is_named),
		cmocka_unit_test(a_hundred_thousand_devices_are_read),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
