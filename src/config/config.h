// SPDX-License-Identifier: ISC

/*
 * What the administrator asked for: immutable, replaceable as a whole.  config/read.h reads it,
 * config/print.h writes it.
 */

#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/units.h"
#include "calendar/interval.h"
#include "config/cluster.h"

#include <stdbool.h>
#include <stddef.h>

enum scheme {
	SCHEME_API_TOKEN,
	SCHEME_PARTNER_API_TOKEN,
	SCHEME_API,         /* with a client certificate */
	SCHEME_PARTNER_API, /* with a client certificate */
};

/** Where a setting stands, for messages after the reading. */
struct place {
	const char *file;
	int line;
};

/** So many requests in that time. */
struct request_rate {
	int64_t count; /* as configured */
	usec_t per;    /* a second, a minute or an hour */
	usec_t gap;    /* from one request to the next, rounded up: never faster than asked for */
};

/** One Rhombus organisation.  Strings that are not set are NULL. */
struct account {
	const char *name;
	const char *base_url; /* scheme, host, perhaps port; no slash at the end */
	const char *path;     /* begins with a slash */
	enum scheme scheme;
	const char *key_file; /* as written: a credential's name or an absolute path */
	const char *org;
	const char *client_cert, *client_key; /* as written, like key_file */
	const char *ca_file, *crl_file;       /* likewise */
	const char *proxy;
	struct request_rate rate;
	int burst;
	int max_in_flight;
	usec_t connect_timeout;
	struct place place;
	const char *main_file; /* of the configuration */
};

/** When a device's log begins: at an instant, or so long before the first start. */
struct since {
	usec_t from; /* INT64_MIN: not set */
	usec_t ago;  /* -1: not set */
};

/** How long after its recording a bucket without a count is asked for again: ascending, then zeros. */
enum { RECHECKS_MAX = 8 };
struct rechecks {
	usec_t after[RECHECKS_MAX];
};

/** What of a bucket its points bear. */
enum stamp { STAMP_START, STAMP_END };

/**
 * How to poll.  Devices with equal settings share one of these, so that a
 * hundred thousand devices cost little.
 */
struct settings {
	struct grid bucket;    /* interval, zone, week start */
	usec_t window;         /* length of a regular poll; for DAILY and longer it is one bucket */
	usec_t settle;
	usec_t lookback;
	struct rechecks recheck;
	usec_t backfill;       /* older buckets are given up as a gap */
	struct since since;    /* backfill_from */
	usec_t timeout;
	int max_points;        /* most buckets in one request */
	const char *count_key; /* NULL: not set */
	enum stamp stamp;
};

/** One thing to poll.  (uuid, interval) is its identity. */
struct device {
	const char *uuid;
	const char *name;
	const char *site;   /* NULL: not set */
	const char *labels; /* a JSON object as text; NULL: none */
	int capacity;       /* people the room is meant for; 0: not set */
	const struct account *account;
	const struct settings *settings;
	struct place place;
};

enum log_format { LOG_FORMAT_NDJSON, LOG_FORMAT_CSV, LOG_FORMAT_COUNT };
enum rotate_every { ROTATE_NEVER, ROTATE_HOUR, ROTATE_DAY };

struct log_settings {
	const char *directory;
	enum log_format format;
	int64_t rotate_size; /* bytes; 0: not by size */
	enum rotate_every rotate_every;
	int keep;            /* rotated files; 0: all */
	int64_t keep_bytes;  /* 0: any */
	usec_t keep_age;     /* 0: any */
	bool compress;
	bool delaycompress;  /* but not the latest one yet */
	bool entries;        /* lines carry the numbers of a cluster's journal: sink/format.h */
	const struct zone *zone; /* whose days and hours: the defaults' zone */
};

struct retry_settings {
	usec_t base, cap;
};

struct config {
	struct account *accounts;
	size_t account_count;
	struct device *devices;
	size_t device_count;
	struct retry_settings retry;
	struct log_settings log;
	struct cluster_settings cluster;
	const char *state_directory;
	const char *runtime_directory; /* where the status socket is; NULL: there is none */
	const struct device_draft *defaults; /* what `defaults` has; for config_print() */
	struct config_memory *memory; /* owns all that the above point to */
};

/** NULL is ignored. */
void config_free(struct config *config);

/** Each zone that the configuration has read from the database, once, from 0 on; NULL behind the last. */
__attribute__((nonnull))
const struct zone *config_zone(const struct config *config, size_t at);

/** How many settings of an account name a file: key, certificate, its private key, CAs, revocation lists. */
enum { ACCOUNT_FILES = 5 };

/** What they say, as written; NULL where one is not set. */
__attribute__((nonnull))
void account_files(const struct account *account, const char *ret_files[static ACCOUNT_FILES]);

/** "api-token", ...; the value of x-auth-scheme. */
const char *scheme_name(enum scheme scheme);

/** Whether the scheme wants a client certificate; whether it wants an organisation. */
bool scheme_wants_cert(enum scheme scheme);
bool scheme_wants_org(enum scheme scheme);

#endif
