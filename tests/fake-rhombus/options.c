// SPDX-License-Identifier: ISC

#include "options.h"

#include "calendar.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char options_help[] =
	"Usage: fake-rhombus [OPTION]...\n"
	"A stand-in for Rhombus's occupancy service, for tests and demonstrations.\n"
	"\n"
	"  --port N             port to listen on; 0, the default: the kernel picks one\n"
	"  --listen ADDRESS     loopback address to listen on (127.0.0.1)\n"
	"  --port-file FILE     write the port there, once it is open\n"
	"  --die-with-parent    end when the parent process ends\n"
	"\n"
	"  --key KEY[,org=ORG][,scheme=S][,id=NAME]\n"
	"                       a key that is let in; again for more (org1, api-token, key1...)\n"
	"  --keys FILE          more keys, as a JSON array of {key, org, scheme, id}\n"
	"  --trust-proxy        believe x-fake-client-verify and x-fake-http from a proxy\n"
	"  --rate R             token bucket per organisation: R requests per second (unlimited)\n"
	"  --burst B            and B at once (ten times R, at least 1)\n"
	"\n"
	"  --zone ZONE          time zone of devices without one (UTC)\n"
	"  --devices FILE       devices, a JSON array of {uuid, name, zone, location, occupancy}\n"
	"  --strict-devices     refuse all other devices with 400\n"
	"  --settle SECONDS     how long after its end a bucket shows half its count (0)\n"
	"  --now TIME           the server's time at start, such as 2026-11-23T08:15:00Z\n"
	"  --clock-offset-ms N  or how far its clock is ahead of the machine's (0)\n"
	"\n"
	"  --faults FILE        fault rules, a JSON array\n"
	"  --no-gzip            never compress\n"
	"  --journal FILE       write one JSON line for each request\n"
	"  --help               show this\n"
	"\n"
	"It prints one line, \"listening on http://127.0.0.1:PORT\", and ends on SIGTERM or "
	"SIGINT.\n"
	"At run time: GET and POST /_fake/faults, POST /_fake/keys, GET /_fake/journal?since=SEQ,\n"
	"GET /_fake/stats.\n"
	"\n"
	"The count of the bucket of device UUID that starts at START_MS, in integers:\n"
	"  h(s)     = FNV-1a, 64 bits, of the bytes of s\n"
	"  capacity = 4 + h(UUID) % 37, UUID as requested, with its facet\n"
	"  shape    = percent by minute of the UTC day, straight lines through (0,0) (360,0)\n"
	"             (570,100) (750,60) (870,95) (1200,0) (1440,0), cut to whole percents;\n"
	"             a tenth of it on Saturdays and Sundays (UTC)\n"
	"  jitter   = 75 + h(\"UUID:START_MS\") % 26\n"
	"  count    = capacity * shape * jitter / 10000\n"
	"Half of it (cut) while the bucket is open, and until --settle seconds after its end.\n";

/* How an option's word becomes a value. */
struct option_kind {
	const char *name;
	int has_arg;
	bool (*read)(char *word, void *member);
	size_t at;
	const char *wants;
};

static bool read_text(char *word, void *member) {
	*(const char **)member = word;
	return word[0] != '\0';
}

static bool read_flag(char *word, void *member) {
	(void)word;
	*(bool *)member = true;
	return true;
}

static bool read_int(char *word, void *member) {
	char *end;

	errno = 0;
	*(int64_t *)member = strtoll(word, &end, 10);
	return errno == 0 && end != word && *end == '\0';
}

static bool read_number(char *word, void *member) {
	char *end;

	*(double *)member = strtod(word, &end);
	return end != word && *end == '\0' && *(double *)member > 0;
}

static bool read_time(char *word, void *member) {
	struct tm tm = {0};
	const char *end = strptime(word, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!end || strcmp(end, "Z") != 0) {
		return false;
	}
	*(int64_t *)member = (int64_t)timegm(&tm) * 1000;
	return *(int64_t *)member >= 0;
}

static bool read_zone(char *word, void *member) {
	*(const char **)member = word;
	return zone_exists(word);
}

static bool read_key(char *word, void *member) {
	struct options *options = member;

	options->keys = memory_resize(options->keys, options->key_count + 1, sizeof(char *));
	options->keys[options->key_count++] = string_copy(word);
	memset(word, 'x', strlen(word));
	return true;
}

#define AT(member) offsetof(struct options, member)

static const struct option_kind kinds[] = {
	{"port", required_argument, read_int, AT(port), "a number"},
	{"listen", required_argument, read_text, AT(listen), "an address"},
	{"port-file", required_argument, read_text, AT(port_file), "a file"},
	{"die-with-parent", no_argument, read_flag, AT(die_with_parent), ""},
	{"key", required_argument, read_key, 0, "a key"},
	{"keys", required_argument, read_text, AT(keys_file), "a file"},
	{"trust-proxy", no_argument, read_flag, AT(trust_proxy), ""},
	{"rate", required_argument, read_number, AT(rate), "a number above 0"},
	{"burst", required_argument, read_number, AT(burst), "a number above 0"},
	{"zone", required_argument, read_zone, AT(zone), "a time zone of the tz database"},
	{"devices", required_argument, read_text, AT(devices_file), "a file"},
	{"strict-devices", no_argument, read_flag, AT(strict_devices), ""},
	{"settle", required_argument, read_int, AT(settle_s), "a number of seconds"},
	{"now", required_argument, read_time, AT(now_ms), "a time like 2026-11-23T08:15:00Z"},
	{"clock-offset-ms", required_argument, read_int, AT(clock_offset_ms),
         "a number of milliseconds"},
	{"faults", required_argument, read_text, AT(faults_file), "a file"},
	{"no-gzip", no_argument, read_flag, AT(no_gzip), ""},
	{"journal", required_argument, read_text, AT(journal_file), "a file"},
	{"help", no_argument, read_flag, AT(help), ""},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static int option_next(int argc, char **argv, int *ret_kind) {
	struct option table[KINDS + 1] = {0};

	for (size_t i = 0; i < KINDS; i++) {
		table[i] = (struct option){.name = kinds[i].name, .has_arg = kinds[i].has_arg};
	}
	return getopt_long(argc, argv, "", table, ret_kind);
}

static int options_check(const struct options *options, struct why *why) {
	if (options->port < 0 || options->port > 65535) {
		return why_set(why, "--port wants a number from 0 to 65535");
	}
	if (options->settle_s < 0 || options->settle_s > 366 * DAY_S) {
		return why_set(why, "--settle wants a number of seconds up to a year");
	}
	if (llabs(options->clock_offset_ms) > 366LL * 1000 * DAY_S * 1000) {
		return why_set(why, "--clock-offset-ms wants less than a thousand years");
	}
	return 0;
}

int options_read(struct options *options, int argc, char **argv, struct why *why) {
	int kind = 0;
	int r;

	*options = (struct options){.listen = "127.0.0.1", .zone = "UTC", .now_ms = -1};
	while ((r = option_next(argc, argv, &kind)) == 0) {
		if (!kinds[kind].read(optarg, (char *)options + kinds[kind].at)) {
			return why_set(why, "--%s wants %s", kinds[kind].name, kinds[kind].wants);
		}
	}
	if (r != -1 || optind < argc) {
		return why_set(why, "see fake-rhombus --help");
	}
	return options_check(options, why);
}

void options_done(struct options *options) {
	for (size_t i = 0; i < options->key_count; i++) {
		free(options->keys[i]);
	}
	free(options->keys);
}
