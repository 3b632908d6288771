// SPDX-License-Identifier: ISC

/*
 * The table of settings: everything that is known about each key, once.
 *
 * Reading, defaults, ranges, messages, --print-config, and the check of the
 * manual and the sample against the program all go by it.  A new key is a line
 * here and a member of the struct that its group is read into; HACKING.md has the
 * other places.
 */

#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include "config/config.h"

/** The groups of the file.  What `defaults` has, each device may have too. */
enum key_group {
	GROUP_ACCOUNTS,
	GROUP_DEFAULTS,
	GROUP_DEVICES,
	GROUP_RETRY,
	GROUP_LOG,
	GROUP_STATE,
	GROUP_CLUSTER,
	GROUP_COUNT,
};

enum key_type {
	TYPE_STRING,   /* const char *; at most max bytes */
	TYPE_ASCII,    /* the same, fit for an HTTP header */
	TYPE_NAME,     /* the same, of letters, digits, ".", "_", "-" */
	TYPE_UUID,     /* const char * */
	TYPE_FILE,     /* const char *; a credential's name or an absolute path */
	TYPE_PATH,     /* const char *; absolute */
	TYPE_URL,      /* const char *; scheme, host and port */
	TYPE_PROXY,    /* const char * */
	TYPE_URL_PATH, /* const char * */
	TYPE_INT,      /* int */
	TYPE_BOOL,     /* bool */
	TYPE_DURATION, /* usec_t */
	TYPE_DISTANCES, /* struct rechecks, ascending */
	TYPE_SIZE,     /* int64_t, bytes */
	TYPE_RATE,     /* usec_t, the gap between two */
	TYPE_ENUM,     /* int, the index of a choice */
	TYPE_TIMEZONE, /* const struct zone * */
	TYPE_SINCE,    /* struct since */
	TYPE_LABELS,   /* const char *, JSON */
	TYPE_NAMES,    /* const char *const *, each as TYPE_NAME; NULL-terminated, without doubles */
	TYPE_ENDPOINTS, /* the same, each scheme, host and port */
	TYPE_COUNT,
};

enum key_id {
	KEY_ACCOUNT_NAME,
	KEY_REGION,
	KEY_BASE_URL,
	KEY_URL_PATH,
	KEY_SCHEME,
	KEY_KEY_FILE,
	KEY_ORG,
	KEY_CLIENT_CERT,
	KEY_CLIENT_KEY,
	KEY_CA_FILE,
	KEY_CRL_FILE,
	KEY_PROXY,
	KEY_RATE,
	KEY_BURST,
	KEY_MAX_IN_FLIGHT,
	KEY_CONNECT_TIMEOUT,

	KEY_ACCOUNT,
	KEY_INTERVAL,
	KEY_WINDOW,
	KEY_TIMEZONE,
	KEY_WEEK_START,
	KEY_SETTLE,
	KEY_LOOKBACK,
	KEY_RECHECK,
	KEY_BACKFILL,
	KEY_BACKFILL_FROM,
	KEY_TIMEOUT,
	KEY_MAX_POINTS,
	KEY_COUNT_KEY,
	KEY_STAMP,
	KEY_LABELS,

	KEY_UUID,
	KEY_DEVICE_NAME,
	KEY_SITE,
	KEY_CAPACITY,

	KEY_RETRY_BASE,
	KEY_RETRY_CAP,

	KEY_LOG_DIRECTORY,
	KEY_LOG_FORMAT,
	KEY_ROTATE_SIZE,
	KEY_ROTATE_EVERY,
	KEY_KEEP,
	KEY_KEEP_BYTES,
	KEY_KEEP_AGE,
	KEY_COMPRESS,
	KEY_DELAYCOMPRESS,

	KEY_STATE_DIRECTORY,
	KEY_RUNTIME_DIRECTORY,

	KEY_CLUSTER_NAME,
	KEY_CLUSTER_NODE,
	KEY_CLUSTER_ENDPOINTS,
	KEY_CLUSTER_CA_FILE,
	KEY_CLUSTER_CLIENT_CERT,
	KEY_CLUSTER_CLIENT_KEY,
	KEY_CLUSTER_LEASE,
	KEY_CLUSTER_RETENTION,
	KEY_CLUSTER_RETENTION_BYTES,
	KEY_CLUSTER_PREFER,

	KEY_COUNT,
};

struct key {
	enum key_group group;
	enum key_type type;
	const char *name;
	size_t offset, size;        /* of its value in the group's struct; the value has no padding */
	const char *fallback;       /* the default, as it would be written but for quotes; NULL: none */
	const char *environment;    /* where systemd may say another default; NULL: nowhere */
	int64_t min, max;           /* TYPE_INT, TYPE_DURATION, TYPE_SIZE; max: longest TYPE_STRING, or member of a list */
	const char *const *choices; /* TYPE_ENUM: names, the last one followed by NULL */
	bool unlimited;             /* TYPE_SIZE: it may be "0", which is no limit */
	bool required;
	bool restart;               /* a reload does not apply it; not of a list or of defaults */
	const char *note;           /* of a required key: what to do when it is missing */
};

struct group {
	const char *name;
	bool list;     /* ( { ... }, ... ), else { ... } */
	bool fragment; /* may stand in conf.d too */
	const char *word; /* a text that may stand in place of the group; NULL: none */
};

/** What `accounts` members are read into. */
struct account_draft {
	struct account account;
	int region; /* index into region_names; account.base_url is NULL where it counts */
};

/** What `defaults` and `devices` members are read into. */
struct device_draft {
	const char *uuid, *name, *site;
	const char *account;
	const char *labels;
	int capacity;
	struct settings settings; /* window 0: one bucket */
};

/** What `state` is read into. */
struct state_draft {
	const char *directory, *runtime_directory;
};

extern const struct key key_table[KEY_COUNT];
extern const struct group group_table[GROUP_COUNT];

extern const char *const region_names[];
extern const char *const region_urls[];

/** The key of that name in the group; KEY_COUNT if there is none. */
__attribute__((nonnull))
enum key_id key_find(enum key_group group, const char *name);

/** The name nearest to a misspelt one in the group; NULL if none is near. */
__attribute__((nonnull))
const char *key_suggest(enum key_group group, const char *name);

/** Of the choices the nearest to a misspelt one; NULL if none is near. */
__attribute__((nonnull))
const char *choice_suggest(const char *const *choices, const char *name);

#endif
