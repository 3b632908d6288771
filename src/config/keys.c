// SPDX-License-Identifier: ISC

#include "config/keys.h"

#include "base/word.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

static const char *const scheme_names[] = {
	[SCHEME_API_TOKEN] = "api-token",
	[SCHEME_PARTNER_API_TOKEN] = "partner-api-token",
	[SCHEME_API] = "api",
	[SCHEME_PARTNER_API] = "partner-api",
	NULL,
};

static const char *const interval_names[] = {
	[INTERVAL_NONE] = "NONE",
	[INTERVAL_MINUTELY] = "MINUTELY",
	[INTERVAL_QUARTERHOURLY] = "QUARTERHOURLY",
	[INTERVAL_HOURLY] = "HOURLY",
	[INTERVAL_DAILY] = "DAILY",
	[INTERVAL_WEEKLY] = "WEEKLY",
	[INTERVAL_MONTHLY] = "MONTHLY",
	NULL,
};

static const char *const weekday_names[] = {
	"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", NULL,
};

static const char *const format_names[] = {
	[LOG_FORMAT_NDJSON] = "ndjson",
	[LOG_FORMAT_CSV] = "csv",
	NULL,
};

static const char *const rotate_names[] = {
	[ROTATE_NEVER] = "never",
	[ROTATE_HOUR] = "hour",
	[ROTATE_DAY] = "day",
	NULL,
};

static const char *const stamp_names[] = {
	[STAMP_START] = "start",
	[STAMP_END] = "end",
	NULL,
};

#define NAMES(array) (sizeof(array) / sizeof((array)[0]) - 1)
static_assert(NAMES(interval_names) == INTERVAL_COUNT, "each interval has its name");
static_assert(NAMES(format_names) == LOG_FORMAT_COUNT, "each format has its name");

const char *const region_names[] = {"us", "eu", NULL};

const char *const region_urls[] = {
	"https://api2.rhombussystems.com",
	"https://api2.eu.rhombussystems.com",
};

const struct group group_table[GROUP_COUNT] = {
	[GROUP_ACCOUNTS] = {"accounts", .list = true, .fragment = true},
	[GROUP_DEFAULTS] = {"defaults", .list = false, .fragment = false},
	[GROUP_DEVICES] = {"devices", .list = true, .fragment = true},
	[GROUP_RETRY] = {"retry", .list = false, .fragment = false},
	[GROUP_LOG] = {"log", .list = false, .fragment = false},
	[GROUP_STATE] = {"state", .list = false, .fragment = false},
	[GROUP_CLUSTER] = {"cluster", .list = false, .fragment = false, .word = "left"},
};

#define MEMBER(of, member) .offset = offsetof(of, member), .size = sizeof(((of *)0)->member)

#define ACCOUNT(type_, name_, member) \
	.group = GROUP_ACCOUNTS, .type = (type_), .name = (name_), \
	MEMBER(struct account_draft, member)
#define DEFAULT(type_, name_, member) \
	.group = GROUP_DEFAULTS, .type = (type_), .name = (name_), \
	MEMBER(struct device_draft, member)
#define DEVICE(type_, name_, member) \
	.group = GROUP_DEVICES, .type = (type_), .name = (name_), \
	MEMBER(struct device_draft, member)
#define RETRY(type_, name_, member) \
	.group = GROUP_RETRY, .type = (type_), .name = (name_), \
	MEMBER(struct retry_settings, member)
#define LOG(type_, name_, member) \
	.group = GROUP_LOG, .type = (type_), .name = (name_), \
	MEMBER(struct log_settings, member)
#define STATE(type_, name_, member) \
	.group = GROUP_STATE, .type = (type_), .name = (name_), \
	MEMBER(struct state_draft, member)
#define CLUSTER(type_, name_, member) \
	.group = GROUP_CLUSTER, .type = (type_), .name = (name_), \
	MEMBER(struct cluster_settings, member)

#define RANGE(min_, max_) .min = (min_), .max = (max_)

#define KIB ((int64_t)1024)
#define MIB (KIB * KIB)
#define TIB (KIB * KIB * KIB * KIB)

const struct key key_table[KEY_COUNT] = {
	[KEY_ACCOUNT_NAME] = {ACCOUNT(TYPE_NAME, "name", account.name), .max = 64, .required = true,
	                      .note = "devices, messages and records need a name for this account"},
	[KEY_REGION] = {ACCOUNT(TYPE_ENUM, "region", region), .choices = region_names, .fallback = "us"},
	[KEY_BASE_URL] = {ACCOUNT(TYPE_URL, "base_url", account.base_url), .max = 512},
	[KEY_URL_PATH] = {ACCOUNT(TYPE_URL_PATH, "path", account.path), .max = 512,
	                  .fallback = "/api/report/getOccupancyCountsV2"},
	[KEY_SCHEME] = {ACCOUNT(TYPE_ENUM, "scheme", account.scheme), .choices = scheme_names,
	                .fallback = "api-token"},
	[KEY_KEY_FILE] = {ACCOUNT(TYPE_FILE, "key_file", account.key_file), .required = true,
	                  .max = PATH_MAX - 1,
	                  .note = "name the file or systemd credential that holds the API key"},
	[KEY_ORG] = {ACCOUNT(TYPE_ASCII, "org", account.org), .max = 256},
	[KEY_CLIENT_CERT] = {ACCOUNT(TYPE_FILE, "client_cert", account.client_cert), .max = PATH_MAX - 1},
	[KEY_CLIENT_KEY] = {ACCOUNT(TYPE_FILE, "client_key", account.client_key), .max = PATH_MAX - 1},
	[KEY_CA_FILE] = {ACCOUNT(TYPE_FILE, "ca_file", account.ca_file), .max = PATH_MAX - 1},
	[KEY_CRL_FILE] = {ACCOUNT(TYPE_FILE, "crl_file", account.crl_file), .max = PATH_MAX - 1},
	[KEY_PROXY] = {ACCOUNT(TYPE_PROXY, "proxy", account.proxy), .max = 512},
	[KEY_RATE] = {ACCOUNT(TYPE_RATE, "rate", account.rate), .fallback = "1/s"},
	[KEY_BURST] = {ACCOUNT(TYPE_INT, "burst", account.burst), RANGE(1, 10000), .fallback = "10"},
	[KEY_MAX_IN_FLIGHT] = {ACCOUNT(TYPE_INT, "max_in_flight", account.max_in_flight), RANGE(1, 64),
	                       .fallback = "4"},
	[KEY_CONNECT_TIMEOUT] = {ACCOUNT(TYPE_DURATION, "connect_timeout", account.connect_timeout),
	                         RANGE(USEC_PER_SEC, 5 * USEC_PER_MIN), .fallback = "10s"},

	[KEY_ACCOUNT] = {DEFAULT(TYPE_NAME, "account", account), .max = 64},
	[KEY_INTERVAL] = {DEFAULT(TYPE_ENUM, "interval", settings.bucket.interval),
	                  .choices = interval_names, .fallback = "QUARTERHOURLY"},
	[KEY_WINDOW] = {DEFAULT(TYPE_DURATION, "window", settings.window),
	                RANGE(USEC_PER_MIN, 7 * USEC_PER_DAY)},
	[KEY_TIMEZONE] = {DEFAULT(TYPE_TIMEZONE, "timezone", settings.bucket.zone), .max = 128},
	[KEY_WEEK_START] = {DEFAULT(TYPE_ENUM, "week_start", settings.bucket.week_start),
	                    .choices = weekday_names, .fallback = "monday"},
	[KEY_SETTLE] = {DEFAULT(TYPE_DURATION, "settle", settings.settle), RANGE(0, 7 * USEC_PER_DAY),
	                .fallback = "90s"},
	[KEY_LOOKBACK] = {DEFAULT(TYPE_DURATION, "lookback", settings.lookback),
	                  RANGE(0, 7 * USEC_PER_DAY), .fallback = "10m"},
	[KEY_RECHECK] = {DEFAULT(TYPE_DISTANCES, "recheck", settings.recheck),
	                 RANGE(USEC_PER_SEC, 731 * USEC_PER_DAY), .fallback = "1h,6h,1d,3d"},
	[KEY_BACKFILL] = {DEFAULT(TYPE_DURATION, "backfill", settings.backfill),
	                  RANGE(USEC_PER_HOUR, 731 * USEC_PER_DAY), .fallback = "7d"},
	[KEY_BACKFILL_FROM] = {DEFAULT(TYPE_SINCE, "backfill_from", settings.since), RANGE(0, 731 * USEC_PER_DAY)},
	[KEY_TIMEOUT] = {DEFAULT(TYPE_DURATION, "timeout", settings.timeout),
	                 RANGE(USEC_PER_SEC, 10 * USEC_PER_MIN), .fallback = "30s"},
	[KEY_MAX_POINTS] = {DEFAULT(TYPE_INT, "max_points", settings.max_points), RANGE(1, 10000),
	                    .fallback = "1440"},
	[KEY_COUNT_KEY] = {DEFAULT(TYPE_STRING, "count_key", settings.count_key), .max = 128},
	[KEY_STAMP] = {DEFAULT(TYPE_ENUM, "stamp", settings.stamp), .choices = stamp_names, .fallback = "start"},
	[KEY_LABELS] = {DEFAULT(TYPE_LABELS, "labels", labels), .max = 256},

	[KEY_UUID] = {DEVICE(TYPE_UUID, "uuid", uuid), .required = true,
	              .note = "say which device this is, as Rhombus names it"},
	[KEY_DEVICE_NAME] = {DEVICE(TYPE_STRING, "name", name), .max = 128, .required = true,
	                     .note = "messages and records need a name for this device"},
	[KEY_SITE] = {DEVICE(TYPE_STRING, "site", site), .max = 128},
	[KEY_CAPACITY] = {DEVICE(TYPE_INT, "capacity", capacity), RANGE(1, 1000000)},

	[KEY_RETRY_BASE] = {RETRY(TYPE_DURATION, "base", base),
	                    RANGE(100 * USEC_PER_MSEC, 10 * USEC_PER_MIN), .fallback = "1s"},
	[KEY_RETRY_CAP] = {RETRY(TYPE_DURATION, "cap", cap),
	                   RANGE(USEC_PER_SEC, USEC_PER_HOUR), .fallback = "60s"},

	[KEY_LOG_DIRECTORY] = {LOG(TYPE_PATH, "directory", directory), .max = PATH_MAX - 256,
	                       .fallback = "/var/log/occupancyd", .environment = "LOGS_DIRECTORY",
	                       .restart = true},
	[KEY_LOG_FORMAT] = {LOG(TYPE_ENUM, "format", format), .choices = format_names,
	                    .fallback = "ndjson"},
	[KEY_ROTATE_SIZE] = {LOG(TYPE_SIZE, "rotate_size", rotate_size), RANGE(64 * KIB, TIB),
	                     .fallback = "64MiB", .unlimited = true},
	[KEY_ROTATE_EVERY] = {LOG(TYPE_ENUM, "rotate_every", rotate_every), .choices = rotate_names,
	                      .fallback = "day"},
	[KEY_KEEP] = {LOG(TYPE_INT, "keep", keep), RANGE(0, 1000000), .fallback = "90"},
	[KEY_KEEP_BYTES] = {LOG(TYPE_SIZE, "keep_bytes", keep_bytes), RANGE(64 * KIB, 1024 * TIB),
	                    .fallback = "2GiB", .unlimited = true},
	[KEY_KEEP_AGE] = {LOG(TYPE_DURATION, "keep_age", keep_age), RANGE(0, 36600 * USEC_PER_DAY),
	                  .fallback = "0"},
	[KEY_COMPRESS] = {LOG(TYPE_BOOL, "compress", compress), .fallback = "true"},
	[KEY_DELAYCOMPRESS] = {LOG(TYPE_BOOL, "delaycompress", delaycompress), .fallback = "false"},

	[KEY_STATE_DIRECTORY] = {STATE(TYPE_PATH, "directory", directory), .max = PATH_MAX - 256,
	                         .fallback = "/var/lib/occupancyd", .environment = "STATE_DIRECTORY",
	                         .restart = true},
	/* With "/status" behind it, it is the address of a socket: unix(7). */
	[KEY_RUNTIME_DIRECTORY] = {STATE(TYPE_PATH, "runtime_directory", runtime_directory), .max = 100,
	                           .environment = "RUNTIME_DIRECTORY", .restart = true},

	[KEY_CLUSTER_NAME] = {CLUSTER(TYPE_NAME, "name", name), .max = 64, .required = true, .restart = true,
	                      .note = "say which cluster this is; all its nodes have the same"},
	[KEY_CLUSTER_NODE] = {CLUSTER(TYPE_NAME, "node", node), .max = 64, .required = true, .restart = true,
	                      .note = "say which node this is; each has its own"},
	[KEY_CLUSTER_ENDPOINTS] = {CLUSTER(TYPE_ENDPOINTS, "endpoints", endpoints), .max = 512, .required = true,
	                           .note = "name the members of etcd, such as ( \"https://10.0.0.1:2379\" )"},
	[KEY_CLUSTER_CA_FILE] = {CLUSTER(TYPE_FILE, "ca_file", ca_file), .max = PATH_MAX - 1},
	[KEY_CLUSTER_CLIENT_CERT] = {CLUSTER(TYPE_FILE, "client_cert", client_cert), .max = PATH_MAX - 1},
	[KEY_CLUSTER_CLIENT_KEY] = {CLUSTER(TYPE_FILE, "client_key", client_key), .max = PATH_MAX - 1},
	[KEY_CLUSTER_LEASE] = {CLUSTER(TYPE_DURATION, "lease", lease), RANGE(5 * USEC_PER_SEC, 10 * USEC_PER_MIN),
	                       .fallback = "30s", .restart = true},
	[KEY_CLUSTER_RETENTION] = {CLUSTER(TYPE_DURATION, "retention", retention),
	                           RANGE(USEC_PER_HOUR, 90 * USEC_PER_DAY), .fallback = "7d"},
	/* The sample of etcd has a quota of 4 GiB, which trimmed entries count for until they are compacted. */
	[KEY_CLUSTER_RETENTION_BYTES] = {CLUSTER(TYPE_SIZE, "retention_bytes", retention_bytes),
	                                 RANGE(16 * MIB, 3 * KIB * MIB), .fallback = "512MiB"},
	[KEY_CLUSTER_PREFER] = {CLUSTER(TYPE_NAMES, "prefer", prefer), .max = 64},
};

/* Whether the key may stand in the group. */
static bool is_in(enum key_id id, enum key_group group) {
	enum key_group own = key_table[id].group;
	return own == group || (group == GROUP_DEVICES && own == GROUP_DEFAULTS);
}

enum key_id key_find(enum key_group group, const char *name) {
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		if (is_in(id, group) && strcmp(key_table[id].name, name) == 0) {
			return id;
		}
	}
	return KEY_COUNT;
}

const char *key_suggest(enum key_group group, const char *name) {
	const char *nearest = NULL;
	unsigned best = WORD_FAR;
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		if (is_in(id, group) && word_is_nearer(name, key_table[id].name, &best)) {
			nearest = key_table[id].name;
		}
	}
	return nearest;
}

const char *choice_suggest(const char *const *choices, const char *name) {
	const char *nearest = NULL;
	unsigned best = WORD_FAR;
	for (; *choices; choices++) {
		if (word_is_nearer(name, *choices, &best)) {
			nearest = *choices;
		}
	}
	return nearest;
}
